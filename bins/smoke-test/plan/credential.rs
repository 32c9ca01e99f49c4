//! A token, how it is sent, and what is sent in its place to see that others are refused.

use super::request::Request;
use super::request_header::is_header_name;
use super::scope::Scope;
use crate::reproduce;
use base64::Engine as _;
use shared::config::{SentAs, Template};
use shared::error::Result;
use shared::secret::Secret;

/// A token, and how it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    place: Place,
    token: Secret,
    /// As the file has it, for commands.
    raw: String,
}

/// Where a token stands in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Bearer,
    Basic,
    Header(String),
    Cookie(String),
}

impl Credential {
    /// Checks a token of the file; `variable` stands for it in commands when the file has it in
    /// plain sight.
    pub(super) fn of(
        scope: &Scope<'_>,
        sent_as: &SentAs,
        token: &Template,
        variable: &str,
    ) -> Result<Self> {
        let refuse = |message: &str| token.refuse(scope.file(), format!("the token {message}"));
        let place = place(scope, sent_as)?;
        let secret = scope.resolve(token)?;
        let text = secret.expose();
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(refuse("is empty, or has a line end in it"));
        }
        if place == Place::Basic && !text.contains(':') {
            return Err(refuse("is sent as `basic` and is not `user:password`"));
        }
        if matches!(place, Place::Cookie(_)) && text.contains([';', ',', ' ', '"', '\\']) {
            return Err(refuse(
                "is sent as a cookie, and no cookie may have that value",
            ));
        }
        let is_bare = token.names().is_empty();
        let raw = if is_bare {
            format!("${{{variable}}}")
        } else {
            token.raw().to_owned()
        };
        Ok(Self::new(place, text, raw))
    }

    fn new(place: Place, token: &str, raw: String) -> Self {
        if let (Place::Basic, Some((_, password))) = (&place, token.split_once(':')) {
            Secret::new(password);
        }
        let token = Secret::new(token);
        Self { place, token, raw }
    }

    /// User and password, sent as `Authorization: Basic`.
    pub(super) fn basic(user: &str, password: &str, raw: &str) -> Self {
        Self {
            place: Place::Basic,
            token: Secret::plain(format!("{user}:{password}")),
            raw: raw.to_owned(),
        }
    }

    /// The header that it is sent in, in lower case.
    pub(super) fn header(&self) -> String {
        match &self.place {
            Place::Bearer | Place::Basic => "authorization".into(),
            Place::Header(name) => name.to_ascii_lowercase(),
            Place::Cookie(_) => "cookie".into(),
        }
    }

    /// Whether both say the same in the same place.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.place == other.place && self.token == other.token
    }

    /// The request with it.
    pub(super) fn on(&self, request: Request) -> Request {
        let (token, raw) = (self.token.expose(), &self.raw);
        let bearing = |name: &str, value: String, raw: String| {
            request
                .clone()
                .with_secret(name, Secret::plain(value), &raw)
        };
        match &self.place {
            Place::Bearer => bearing(
                "authorization",
                format!("Bearer {token}"),
                format!("Bearer {raw}"),
            ),
            Place::Header(name) => bearing(name, token.to_owned(), raw.clone()),
            Place::Cookie(name) => {
                bearing("cookie", format!("{name}={token}"), format!("{name}={raw}"))
            }
            Place::Basic => {
                let encoded = base64::engine::general_purpose::STANDARD.encode(token);
                let value = Secret::plain(format!("Basic {encoded}"));
                let mut request = request;
                // Shown as `--user`, which encodes it.
                request.headers.push(("authorization".into(), value));
                request
            }
        }
    }

    /// The command that shows by hand what is answered to a request with it.
    pub(super) fn reproduce(&self, request: &Request) -> String {
        let command = reproduce::request(request);
        match self.place {
            Place::Basic => format!("{command} --user {}", reproduce::word(&self.raw)),
            Place::Bearer | Place::Header(_) | Place::Cookie(_) => command,
        }
    }

    /// Something of the same shape in which nothing is right; none when there is nothing to change.
    pub(super) fn garbage(&self) -> Option<Self> {
        let garbage: String = self.token.expose().chars().map(another).collect();
        let raw = match self.place {
            Place::Basic => "${GARBAGE}:${GARBAGE}",
            Place::Bearer | Place::Header(_) | Place::Cookie(_) => "${GARBAGE}",
        };
        self.instead(garbage, raw)
    }

    /// The same with one character changed where a signature stands.
    pub(super) fn altered(&self) -> Option<Self> {
        let token = self.token.expose();
        let start = match self.place {
            Place::Basic => token.find(':').map_or(0, |at| at + 1),
            Place::Bearer | Place::Header(_) | Place::Cookie(_) => signature(token),
        };
        // Not the last one: in base64 it may have bits that mean nothing, and a changed one then
        // means the same (RFC 4648, section 3.5).
        let changeable: Vec<(usize, char)> = (token[start..].char_indices())
            .filter(|(_, c)| another(*c) != *c)
            .collect();
        let (offset, old) = *changeable.get(changeable.len() / 2)?;
        let at = start + offset;
        let (before, after) = (&token[..at], &token[at + old.len_utf8()..]);
        self.instead(
            format!("{before}{}{after}", another(old)),
            "${ALTERED_TOKEN}",
        )
    }

    fn instead(&self, token: String, raw: &str) -> Option<Self> {
        let is_other = token != self.token.expose();
        is_other.then(|| Self::new(self.place.clone(), &token, raw.to_owned()))
    }
}

fn place(scope: &Scope<'_>, sent_as: &SentAs) -> Result<Place> {
    let (name, place) = match sent_as {
        SentAs::Bearer => return Ok(Place::Bearer),
        SentAs::Basic => return Ok(Place::Basic),
        SentAs::Header(name) => (name, Place::Header as fn(String) -> Place),
        SentAs::Cookie(name) => (name, Place::Cookie as fn(String) -> Place),
    };
    // The name of a cookie is a token as that of a header is: RFC 6265, section 4.1.1.
    if !is_header_name(&name.value) {
        let message = format!(
            "sends its token as `{}`, which cannot be a name",
            name.value
        );
        return Err(scope.refuse_at(name, message));
    }
    Ok(place(name.value.clone()))
}

/// Where the signature of a JSON Web Token begins (RFC 7515, section 3.1); any other token is
/// taken whole.
fn signature(token: &str) -> usize {
    match token.matches('.').count() {
        2 => token.rfind('.').map_or(0, |at| at + 1),
        _ => 0,
    }
}

/// Another character of the same kind; what is neither letter nor digit stays, so that the shape
/// does.
fn another(character: char) -> char {
    match character {
        'z' => 'a',
        'Z' => 'A',
        '9' => '0',
        'a'..='y' | 'A'..='Y' | '0'..='8' => {
            char::from_u32(u32::from(character) + 1).unwrap_or(character)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::request;
    use proptest::prelude::*;

    fn credential(place: Place, token: &str) -> Credential {
        Credential::new(place, token, "${TOKEN}".into())
    }

    fn sent(credential: &Credential) -> (String, String) {
        let request = credential.on(request("/x"));
        let (name, value) = request.headers.last().expect("a header was added");
        (name.clone(), value.expose().to_owned())
    }

    #[test]
    fn a_token_is_sent_where_the_file_says_and_shown_as_a_variable() {
        for (place, name, value, shown) in [
            (
                Place::Bearer,
                "authorization",
                "Bearer a:secret",
                "authorization: Bearer ${TOKEN}",
            ),
            (
                Place::Header("x-key".into()),
                "x-key",
                "a:secret",
                "x-key: ${TOKEN}",
            ),
            (
                Place::Cookie("sid".into()),
                "cookie",
                "sid=a:secret",
                "cookie: sid=${TOKEN}",
            ),
            (
                Place::Basic,
                "authorization",
                "Basic YTpzZWNyZXQ=",
                "--user \"${TOKEN}\"",
            ),
        ] {
            let credential = credential(place, "a:secret");
            assert_eq!(sent(&credential), (name.into(), value.into()));
            let command = credential.reproduce(&credential.on(request("/x")));
            assert!(command.contains(shown), "{command}");
            assert!(!command.contains("secret"), "{command}");
        }
    }

    #[test]
    fn one_character_in_the_middle_of_the_signature_is_changed() {
        let altered = |place, token: &str| {
            let altered = credential(place, token).altered();
            altered.map(|altered| altered.token.expose().to_owned())
        };
        assert_eq!(
            altered(Place::Bearer, "aa.bb.ccccc").as_deref(),
            Some("aa.bb.ccdcc")
        );
        assert_eq!(
            altered(Place::Bearer, "sk_live_1").as_deref(),
            Some("sk_live_1".replace("iv", "jv").as_str())
        );
        assert_eq!(altered(Place::Basic, "user:pw").as_deref(), Some("user:px"));
        assert_eq!(altered(Place::Bearer, "--"), None);
    }

    #[test]
    fn garbage_has_the_shape_and_nothing_else() {
        let garbage = credential(Place::Bearer, "eyJh.Zz9.a-b").garbage();
        assert_eq!(
            garbage.expect("can be corrupted").token.expose(),
            "fzKi.Aa0.b-c"
        );
    }

    proptest! {
        #[test]
        fn no_token_makes_it_panic_and_what_is_sent_instead_always_differs(token in ".{0,40}") {
            let credential = credential(Place::Bearer, &token);
            for other in [credential.garbage(), credential.altered()].into_iter().flatten() {
                prop_assert!(!other.is(&credential));
                prop_assert_eq!(other.token.expose().chars().count(), token.chars().count());
            }
        }
    }
}
