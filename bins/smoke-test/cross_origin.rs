//! What an answer allows to a page of another origin: <https://fetch.spec.whatwg.org/#http-cors-protocol>.

use crate::answer::{Answer, shown};
use crate::expectations::{Found, LONGEST_EXCERPT};
use crate::fields::split;
use crate::fields::vary::Vary;

/// Methods that every page may send without being allowed to.
const SAFELISTED: [&str; 3] = ["GET", "HEAD", "POST"];

/// Whom an answer allows to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// Nobody of another origin.
    Nobody,
    /// Everybody.
    Everybody,
    /// The origin that asked.
    This,
    /// Somebody else.
    Other(String),
}

/// Whom the answer to a page of this origin allows.
pub(crate) fn allowed(origin: &str, answer: &Answer) -> Allowed {
    let values = answer.values("access-control-allow-origin");
    let values: Vec<&str> = values.into_iter().map(str::trim).collect();
    match values[..] {
        [] => Allowed::Nobody,
        [one] if one == origin => Allowed::This,
        ["*"] => Allowed::Everybody,
        _ => Allowed::Other(values.join(", ")),
    }
}

/// Whether cookies and other credentials are allowed.
pub(crate) fn has_credentials(answer: &Answer) -> bool {
    let value = answer.header("access-control-allow-credentials");
    value.is_some_and(|value| value.trim() == "true")
}

/// What an origin wants to do.
pub(crate) struct Wish<'a> {
    /// Itself.
    pub(crate) origin: &'a str,
    /// With this method.
    pub(crate) method: &'a str,
    /// And these headers, in lower case.
    pub(crate) headers: &'a [String],
    /// With credentials.
    pub(crate) credentials: bool,
    /// Whether every origin gets the same answer, which then need not vary.
    pub(crate) is_same_for_all: bool,
}

/// Whether the origin may read the answer.
pub(crate) fn readable(wish: &Wish<'_>, answer: &Answer, found: &mut Found) {
    let (origin, credentials) = (wish.origin, has_credentials(answer));
    let observed = access(answer);
    match allowed(origin, answer) {
        Allowed::Nobody => {
            found.wrong(format!("does not allow `{origin}`"), &observed, origin);
        }
        Allowed::Other(other) => {
            let other = shown(&other, LONGEST_EXCERPT);
            found.wrong(
                format!("allows `{other}`, not `{origin}`"),
                &observed,
                origin,
            );
        }
        Allowed::Everybody if credentials || wish.credentials => {
            let message = "allows every origin (`*`) together with credentials, which no browser \
                           takes";
            found.wrong(message, &observed, origin);
        }
        Allowed::Everybody => {}
        Allowed::This => {
            let vary = Vary::parse(&answer.header("vary").unwrap_or_default());
            if !wish.is_same_for_all && !vary.covers("origin") {
                let message = format!(
                    "echoes `{origin}` without `Vary: Origin`, so a cache gives the answer to \
                     other origins as well"
                );
                found.wrong(message, &observed, "`Vary: Origin`");
            }
        }
    }
    if wish.credentials && !credentials {
        let message = format!("does not allow credentials to `{origin}`");
        found.wrong(
            message,
            &observed,
            "`Access-Control-Allow-Credentials: true`",
        );
    }
}

/// Whether the answer before a request lets it be sent.
pub(crate) fn sendable(wish: &Wish<'_>, answer: &Answer, found: &mut Found) {
    if !(200..300).contains(&answer.status) {
        let status = answer.status;
        let message = format!("answered {status} to the preflight of `{}`", wish.origin);
        found.wrong(message, status.to_string(), "a status from 200 to 299");
    }
    readable(wish, answer, found);
    let is_open = |listed: &[String]| !wish.credentials && listed.iter().any(|one| one == "*");
    let methods = list(answer, "access-control-allow-methods");
    let is_listed = methods.iter().any(|method| method == wish.method);
    if !(is_listed || SAFELISTED.contains(&wish.method) || is_open(&methods)) {
        let message = format!("does not allow `{}` to `{}`", wish.method, wish.origin);
        let observed = format!("`Access-Control-Allow-Methods: {}`", joined(&methods));
        found.wrong(message, observed, wish.method);
    }
    let headers = list(answer, "access-control-allow-headers");
    for header in wish.headers {
        let is_listed = headers
            .iter()
            .any(|listed| listed.eq_ignore_ascii_case(header));
        // `*` never stands for `Authorization`.
        if !(is_listed || (is_open(&headers) && header != "authorization")) {
            let message = format!("does not allow the header `{header}` to `{}`", wish.origin);
            let observed = format!("`Access-Control-Allow-Headers: {}`", joined(&headers));
            found.wrong(message, observed, header);
        }
    }
}

fn list(answer: &Answer, name: &str) -> Vec<String> {
    let value = answer.header(name).unwrap_or_default();
    split(&value, ',').into_iter().map(str::to_owned).collect()
}

fn joined(words: &[String]) -> String {
    shown(&words.join(", "), LONGEST_EXCERPT)
}

/// The headers that decide, as they came.
pub(crate) fn access(answer: &Answer) -> String {
    let value = |name: &str| match answer.header(name) {
        Some(value) => format!("`{name}: {}`", shown(&value, 100)),
        None => format!("no `{name}`"),
    };
    let names = [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "vary",
    ];
    names.map(value).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    const ORIGIN: &str = "https://console.example";

    fn answer(headers: &[(&str, &str)]) -> Answer {
        let mut answer = sample::answer(204, "");
        let headers = headers.iter();
        answer.headers = headers
            .map(|(name, value)| (format!("access-control-allow-{name}"), (*value).to_owned()))
            .collect();
        answer.headers.push(("vary".into(), "Origin".into()));
        answer
    }

    fn messages(credentials: bool, answer: &Answer) -> Vec<String> {
        let wish = Wish {
            origin: ORIGIN,
            method: "PUT",
            headers: &["authorization".into(), "x-a".into()],
            credentials,
            is_same_for_all: false,
        };
        let mut found = Found::default();
        sendable(&wish, answer, &mut found);
        found.wrong.into_iter().map(|wrong| wrong.message).collect()
    }

    #[test]
    fn what_is_allowed_by_name_or_without_credentials_by_a_star_holds() {
        let named = [
            ("origin", ORIGIN),
            ("credentials", "true"),
            ("methods", "GET, PUT"),
            ("headers", "X-A,Authorization"),
        ];
        assert_eq!(messages(true, &answer(&named)), Vec::<String>::new());
        let open = [
            ("origin", "*"),
            ("methods", "*"),
            ("headers", "*, authorization"),
        ];
        assert_eq!(messages(false, &answer(&open)), Vec::<String>::new());
    }

    #[test]
    fn everything_that_a_browser_would_refuse_is_told() {
        let mut bare = answer(&[("origin", ORIGIN), ("methods", "*"), ("headers", "*")]);
        bare.headers.retain(|(name, _)| name != "vary");
        bare.status = 405;
        assert_eq!(
            messages(true, &bare),
            [
                "answered 405 to the preflight of `https://console.example`",
                "echoes `https://console.example` without `Vary: Origin`, so a cache gives the \
                 answer to other origins as well",
                "does not allow credentials to `https://console.example`",
                "does not allow `PUT` to `https://console.example`",
                "does not allow the header `authorization` to `https://console.example`",
                "does not allow the header `x-a` to `https://console.example`",
            ]
        );
        let rest = [("methods", "PUT"), ("headers", "x-a")];
        let told = |first: &[(&str, &str)]| {
            let headers = [first, &rest[..]].concat();
            messages(false, &answer(&headers))[0].clone()
        };
        assert_eq!(told(&[]), "does not allow `https://console.example`");
        assert_eq!(
            told(&[("origin", "https://other.example")]),
            "allows `https://other.example`, not `https://console.example`"
        );
        assert_eq!(
            told(&[("origin", "*"), ("credentials", "true")]),
            "allows every origin (`*`) together with credentials, which no browser takes"
        );
    }

    #[test]
    fn two_lines_allow_nobody() {
        let twice = answer(&[("origin", ORIGIN), ("origin", ORIGIN)]);
        let both = format!("{ORIGIN}, {ORIGIN}");
        assert_eq!(allowed(ORIGIN, &twice), Allowed::Other(both));
        assert_eq!(
            allowed("null", &answer(&[("origin", "null")])),
            Allowed::This
        );
        assert!(!has_credentials(&answer(&[("credentials", "TRUE")])));
    }
}
