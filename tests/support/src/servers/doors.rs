//! A service with a login, tokens and tenants, whose guards stand or sleep.

use crate::servers::{Reply, Request};
use base64::Engine as _;
use bytes::Bytes;
use http_body_util::Full;

/// A token of an administrator, in the form of a JSON Web Token.
pub const ADMIN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJlLW9mLWFkbWlu";
/// A token of a user.
pub const USER: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJlLW9mLXVzZXI";
/// A token of an administrator that has expired.
pub const EXPIRED: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2lnbmF0dXJlLW9mLWV4cGlyZWQ";
/// A key in the header `x-api-key`.
pub const KEY: &str = "key-5b0e7c1f";
/// The tenants' tokens.
pub const TENANTS: [&str; 2] = ["tenant-a-31f0", "tenant-b-77c2"];
/// The only password that the login knows, of `admin`.
pub const PASSWORD: &str = "correct-horse-9";

/// Whether the guards stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guards {
    /// Everything is guarded.
    Awake,
    /// Nothing is.
    Asleep,
}

/// `/admin` for administrators, `/invoices/1` and `/invoices/2` for a tenant each, `/rows?of=` with
/// the rows of a tenant, `/login` by a form, a JSON document or basic authentication.
pub fn doors(guards: Guards) -> impl Fn(&Request) -> Reply + Send + Sync {
    move |request| {
        let is_awake = guards == Guards::Awake;
        let bearer = header(request, "authorization");
        let bearer = bearer
            .as_deref()
            .and_then(|value| value.strip_prefix("Bearer "));
        match request.uri().path() {
            "/admin" => match (bearer, header(request, "x-api-key").as_deref()) {
                _ if !is_awake => reply(200, "everything"),
                (Some(ADMIN), _) | (_, Some(KEY)) => reply(200, "everything"),
                (Some(USER), _) => reply(403, "you may not"),
                _ => challenge(),
            },
            "/invoices/1" => invoice(is_awake, bearer, 0),
            "/invoices/2" => invoice(is_awake, bearer, 1),
            "/rows" => rows(is_awake, bearer, request.uri().query().unwrap_or_default()),
            "/login" => login(is_awake, request),
            _ => reply(404, "nothing here"),
        }
    }
}

fn invoice(is_awake: bool, bearer: Option<&str>, of: usize) -> Reply {
    let tenant = TENANTS.iter().position(|token| Some(*token) == bearer);
    match tenant {
        _ if !is_awake => reply(200, r#"{"amount":12}"#),
        Some(tenant) if tenant == of => reply(200, r#"{"amount":12}"#),
        Some(_) => reply(404, "no such invoice"),
        None => challenge(),
    }
}

/// As PostgREST does it: whoever is known gets those rows that a policy lets through.
fn rows(is_awake: bool, bearer: Option<&str>, query: &str) -> Reply {
    let tenant = TENANTS.iter().position(|token| Some(*token) == bearer);
    let own = ["of=a", "of=b"].iter().position(|of| *of == query);
    if bearer.is_some() && tenant.is_none() && is_awake {
        return challenge();
    }
    let is_shown = !is_awake || tenant.is_some() && tenant == own;
    reply(
        200,
        if is_shown {
            r#"[{"id":1},{"id":2}]"#
        } else {
            "[]"
        },
    )
}

fn login(is_awake: bool, request: &Request) -> Reply {
    let basic = header(request, "authorization");
    let basic = basic
        .as_deref()
        .and_then(|value| value.strip_prefix("Basic "));
    let decoded =
        basic.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    let body = decoded.unwrap_or_else(|| request.body().to_vec());
    let said = String::from_utf8_lossy(&body).into_owned();
    let forms = |password: &str| {
        [
            format!("admin:{password}"),
            format!("user=admin&password={password}"),
            format!(r#"{{"user":"admin","password":"{password}"}}"#),
        ]
    };
    let is_form = |password: &str| {
        let sorted = format!("password={password}&user=admin");
        forms(password).contains(&said) || said == sorted
    };
    if is_form(PASSWORD) || !is_awake && is_form("admin") {
        reply(200, "welcome")
    } else {
        reply(401, "no")
    }
}

fn header(request: &Request, name: &str) -> Option<String> {
    let value = request.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn challenge() -> Reply {
    let mut reply = reply(401, "who are you");
    let value = hyper::header::HeaderValue::from_static("Bearer");
    reply
        .headers_mut()
        .insert(hyper::header::WWW_AUTHENTICATE, value);
    reply
}

fn reply(status: u16, body: &'static str) -> Reply {
    let mut reply = hyper::Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    if let Ok(status) = hyper::StatusCode::from_u16(status) {
        *reply.status_mut() = status;
    }
    reply
}
