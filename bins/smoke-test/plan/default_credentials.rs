//! A login, and the pairs of user and password that it must not know.

use super::Planned;
use super::arm::{Arm, anonymous, disjoint, statuses};
use super::credential::Credential;
use super::request::{Protocol, Request};
use super::scope::{Asks, Scope};
use crate::reproduce;
use shared::config::{DefaultCredentialsProbe, Login, RequestBody, Template};
use shared::error::Result;
use shared::gate::Step;
use shared::secret::Secret;

/// Each pair is a failed login at a real service: more of them are an attack.
const MOST_PAIRS: usize = 20;

/// What the documentation and the images of widespread software begin with.
const WELL_KNOWN: [[&str; 2]; 12] = [
    ["admin", "admin"],
    ["admin", "password"],
    ["admin", "changeme"],
    ["root", "root"],
    ["postgres", "postgres"],
    ["guest", "guest"],
    ["test", "test"],
    ["user", "password"],
    ["minioadmin", "minioadmin"],
    ["elastic", "changeme"],
    [
        "supabase",
        "this_password_is_insecure_and_should_be_updated",
    ],
    ["admin@example.com", "admin"],
];

/// A login, and the pairs that it must not know.
#[derive(Clone, Debug)]
pub(crate) struct DefaultCredentialsPlan {
    /// What it is called.
    pub(crate) name: String,
    /// The real credentials, which must be let in.
    pub(crate) accepted: Arm,
    /// The pairs in their order, which must be refused; each with its user.
    pub(crate) pairs: Vec<(String, Arm)>,
}

impl Planned for DefaultCredentialsPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["default-credentials"]
    }

    fn steps(&self) -> Vec<Step> {
        let arms = self.pairs.iter().map(|(_, arm)| arm);
        let control = [&self.accepted];
        (control.into_iter().chain(arms).chain(control))
            .map(|arm| arm.step(&self.name))
            .collect()
    }

    fn requests(&self) -> u64 {
        self.pairs.len() as u64 + 2
    }
}

/// Checks a probe of the file.
pub(super) fn of(
    scope: &Scope<'_>,
    probe: &DefaultCredentialsProbe,
) -> Result<DefaultCredentialsPlan> {
    statuses(scope, "refused", &probe.refused)?;
    statuses(scope, "accepted.status", &probe.accepted.status)?;
    let accepted = ("accepted.status", &*probe.accepted.status);
    disjoint(scope, accepted, ("refused", &probe.refused))?;
    let pairs = pairs(scope, probe)?;
    let form = Sent::of(scope, probe)?;
    let (user, password) = real(scope, probe)?;
    let raw = [&probe.accepted.user, &probe.accepted.password].map(shown);
    let control = Pair {
        user: user.expose(),
        password: password.expose(),
        raw: [&raw[0], &raw[1]],
    };
    let arms = pairs.iter().enumerate().map(|(index, [user, password])| {
        let pair = Pair {
            user,
            password,
            raw: [user, "${DEFAULT_PASSWORD}"],
        };
        let who = format!(
            "as `{}`, pair {} of {}",
            named(user),
            index + 1,
            pairs.len()
        );
        (user.clone(), form.arm(&who, &pair, &probe.refused))
    });
    Ok(DefaultCredentialsPlan {
        name: probe.name.value.clone(),
        accepted: form.arm(
            "with the real credentials",
            &control,
            &probe.accepted.status,
        ),
        pairs: arms.collect(),
    })
}

/// A user and a password as they are sent, and as a command shows them.
struct Pair<'a> {
    user: &'a str,
    password: &'a str,
    raw: [&'a str; 2],
}

/// What is sent, with places for the user and the password.
enum Sent {
    Basic(Request),
    /// Its type, and its text as it is sent and as it may be shown.
    Json(Request, Secret, String),
    /// Fields and their values.
    Fields(Request, Vec<(String, Secret, String)>),
}

impl Sent {
    fn of(scope: &Scope<'_>, probe: &DefaultCredentialsProbe) -> Result<Self> {
        let method = match (&probe.method, &probe.sent_as) {
            (Some(method), _) => method.as_str(),
            (None, Login::Basic) => "GET",
            (None, Login::Form(_) | Login::Json(_)) => "POST",
        };
        let body = match &probe.sent_as {
            Login::Basic => None,
            Login::Form(fields) => Some(RequestBody::Form(fields.clone())),
            Login::Json(text) => Some(RequestBody::Json(text.clone())),
        };
        let asks = Asks {
            at: probe.at.as_ref(),
            method,
            path: &probe.path,
            headers: &probe.headers,
            body: body.as_ref(),
            within: probe.within,
        };
        let request = scope.request(&asks, Protocol::Any)?;
        let resolved = |template: &Template| Ok((scope.resolve(template)?, template.raw().into()));
        let form = match &probe.sent_as {
            Login::Basic => {
                anonymous(scope, &request, &[&Credential::basic("", "", "")])?;
                return Ok(Self::Basic(request));
            }
            Login::Json(text) => {
                let (text, raw) = resolved(text)?;
                Self::Json(request, text, raw)
            }
            Login::Form(fields) => {
                let fields = fields.iter().map(|(name, value)| {
                    let (value, raw) = resolved(value)?;
                    Ok((name.clone(), value, raw))
                });
                Self::Fields(request, fields.collect::<Result<_>>()?)
            }
        };
        let whole = form.text();
        if !(whole.contains("{user}") && whole.contains("{password}")) {
            return Err(scope.refuse(
                "sends no `{user}` or no `{password}`, so every pair would be the same login",
            ));
        }
        Ok(form)
    }

    fn text(&self) -> String {
        match self {
            Self::Basic(_) => String::new(),
            Self::Json(_, text, _) => text.expose().to_owned(),
            Self::Fields(_, fields) => fields.iter().map(|(_, value, _)| value.expose()).collect(),
        }
    }

    fn arm(&self, who: &str, pair: &Pair<'_>, status: &[u16]) -> Arm {
        let [user, password] = pair.raw;
        match self {
            Self::Basic(request) => {
                let raw = format!("{user}:{password}");
                let credential = Credential::basic(pair.user, pair.password, &raw);
                Arm::of(who, request, Some(&credential), status)
            }
            Self::Json(request, text, raw) => {
                let body = filled(text.expose(), &escaped(pair.user), &escaped(pair.password));
                let shown = filled(raw, user, password);
                with_body(who, request, body, shown, status)
            }
            Self::Fields(request, fields) => {
                let mut sent = reqwest::Url::parse("http://form/").expect("the literal is a URL");
                let mut shown = Vec::new();
                for (name, value, raw) in fields {
                    let value = filled(value.expose(), pair.user, pair.password);
                    sent.query_pairs_mut().append_pair(name, &value);
                    shown.push(format!("{name}={}", filled(raw, user, password)));
                }
                let body = sent.query().unwrap_or_default().to_owned();
                with_body(who, request, body, shown.join("&"), status)
            }
        }
    }
}

fn with_body(who: &str, request: &Request, body: String, shown: String, status: &[u16]) -> Arm {
    let mut request = request.clone();
    request.body = body.into();
    request.shown_body = Some(shown);
    Arm {
        who: who.into(),
        reproduce: reproduce::request(&request),
        request,
        status: status.to_vec(),
    }
}

/// A text with both places filled; what is filled in is not looked into again.
fn filled(text: &str, user: &str, password: &str) -> String {
    let parts = text
        .split("{user}")
        .map(|part| part.replace("{password}", password));
    parts.collect::<Vec<_>>().join(user)
}

/// A text as it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn named(user: &str) -> String {
    crate::answer::shown(user, 60)
}

/// A part of the real credentials as a command may show it.
fn shown(template: &Template) -> String {
    if template.names().is_empty() {
        "${REAL_CREDENTIAL}".into()
    } else {
        template.raw().to_owned()
    }
}

fn pairs(scope: &Scope<'_>, probe: &DefaultCredentialsProbe) -> Result<Vec<[String; 2]>> {
    if probe.pairs.is_empty() {
        return Ok(WELL_KNOWN.map(|pair| pair.map(str::to_owned)).to_vec());
    }
    if probe.pairs.len() > MOST_PAIRS {
        return Err(scope.refuse(format!("has more than {MOST_PAIRS} `pairs`")));
    }
    if probe
        .pairs
        .iter()
        .flatten()
        .any(|text| text.chars().any(char::is_control))
    {
        return Err(scope.refuse("has a line end in one of its `pairs`"));
    }
    Ok(probe.pairs.clone())
}

fn real(scope: &Scope<'_>, probe: &DefaultCredentialsProbe) -> Result<(Secret, Secret)> {
    let user = scope.resolve(&probe.accepted.user)?;
    let password = Secret::new(scope.resolve(&probe.accepted.password)?.expose());
    if user.expose().is_empty() || password.expose().is_empty() {
        return Err(scope.refuse("has empty `accepted` credentials"));
    }
    Secret::new(format!("{}:{}", user.expose(), password.expose()));
    Ok((user, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_not_looked_into_again() {
        assert_eq!(
            filled("{user}:{password}", "a{password}", "{user}"),
            "a{password}:{user}"
        );
        assert_eq!(escaped("a\"\\b"), "a\\\"\\\\b");
    }

    #[test]
    fn the_well_known_pairs_fit_into_a_probe() {
        assert!(WELL_KNOWN.len() <= MOST_PAIRS);
    }
}
