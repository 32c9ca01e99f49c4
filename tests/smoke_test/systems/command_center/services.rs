//! What stands behind Caddy: the frontend, the sign-in, the storage and the dashboards.

use super::Fault;
use crate::systems::replies::{as_html, body, header, html, json, page, reply, with};
use std::time::Duration;
use support::servers::{Reply, Request};

pub const EMAIL: &str = "smoke@command-center.example";
pub const PASSWORD: &str = "password-of-the-test-account";
pub const OWNER: &str = "eyJhbGciOiJIUzI1NiJ9.token-of-the-owner.c2lnbmF0dXJl";
pub const STRANGER: &str = "eyJhbGciOiJIUzI1NiJ9.token-of-a-stranger.b3RoZXIgb25l";
pub const SERVICE_KEY: &str = "eyJhbGciOiJIUzI1NiJ9.key-of-the-service.c2VydmljZSBrZXk";
pub const GRAFANA: &str = "password-of-grafana-which-nobody-guesses";
/// `smoke:password-of-prometheus`
pub const PROMETHEUS: &str = "c21va2U6cGFzc3dvcmQtb2YtcHJvbWV0aGV1cw==";
pub const SESSION: &str = "session-of-the-test-account";
const SCRIPT: &str = "/_app/immutable/entry/start.3f2a1b9c.js";

/// SvelteKit.
pub fn frontend(fault: Fault, request: &Request) -> Reply {
    if fault == Fault::Slow && request.uri().path() == "/" {
        std::thread::sleep(Duration::from_millis(150));
    }
    let is_in = header(request, "cookie").contains(SESSION);
    match request.uri().path() {
        "/" => home(fault),
        "/_app/version.json" => {
            let cached = match fault {
                Fault::CachedRelease => "public, max-age=600",
                _ => "no-cache",
            };
            let version = json(200, r#"{"version":"1.1.0"}"#);
            let version = with(version, "etag", "\"1.1.0\"");
            if header(request, "if-none-match") == "\"1.1.0\"" {
                return with(
                    with(reply(304, ""), "etag", "\"1.1.0\""),
                    "cache-control",
                    cached,
                );
            }
            with(version, "cache-control", cached)
        }
        SCRIPT => {
            let text = "self.answer = 42; // a line that is repeated\n".repeat(60);
            let cached = match fault {
                Fault::MutableFiles => "no-cache",
                _ => "public,max-age=31536000,immutable",
            };
            let script = with(reply(200, text), "content-type", "text/javascript");
            with(script, "cache-control", cached)
        }
        "/@vite/client" => with(reply(200, ""), "content-type", "text/javascript"),
        "/hub" if is_in => hub(fault),
        _ => as_html(reply(404, page("", "Not found"))),
    }
}

fn home(fault: Fault) -> Reply {
    let client = match fault {
        Fault::DevelopmentServer => "<script type=module src=/@vite/client></script>",
        _ => "",
    };
    let head = format!("<title>Command Center</title>{client}<script src={SCRIPT} defer></script>");
    let filling = "<p>Everything in one place.</p>".repeat(60);
    html(
        &head,
        &format!("<div data-sveltekit-preload-data>{filling}</div>"),
    )
}

fn hub(fault: Fault) -> Reply {
    let task = match fault {
        Fault::NoShortcut => "",
        _ => "n: () => show('dialog', 'task'),",
    };
    let body = format!(
        "<main data-view=month><h1>Tasks</h1><h1>Calendar</h1></main><script>
        const show = (role, kind) => document.body.insertAdjacentHTML('beforeend',
            `<div role=${{role}} data-kind=${{kind}}>New ${{kind}}</div>`);
        const keys = {{ {task} e: () => show('dialog', 'event'),
            d: () => document.querySelector('main').dataset.view = 'day' }};
        addEventListener('keydown', event => event.metaKey && keys[event.key.toLowerCase()]?.());
        </script>"
    );
    html("<title>Hub</title>", &body)
}

/// GoTrue.
pub fn sign_in(fault: Fault, request: &Request) -> Reply {
    match request.uri().path() {
        "/health" => json(200, r#"{"name":"GoTrue","version":"v2.151.0"}"#),
        "/token" => {
            let text = body(request);
            if !text.contains(PASSWORD) && fault != Fault::AnyPassword {
                return json(400, r#"{"error":"invalid_grant"}"#);
            }
            let role = match fault {
                Fault::WrongRole => "anon",
                _ => "authenticated",
            };
            let text = format!(r#"{{"access_token":"{OWNER}","user":{{"role":"{role}"}}}}"#);
            json(200, &text)
        }
        "/admin/users" => match header(request, "authorization").strip_prefix("Bearer ") {
            Some(SERVICE_KEY) => json(200, r#"{"users":[]}"#),
            Some(OWNER) if fault == Fault::OpenAdmin => json(200, r#"{"users":[]}"#),
            Some(OWNER) => json(403, r#"{"msg":"User not allowed"}"#),
            _ => json(401, r#"{"msg":"This endpoint requires a Bearer token"}"#),
        },
        _ => json(404, "{}"),
    }
}

/// SeaweedFS.
pub fn storage(_: &Request) -> Reply {
    let text = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
    with(reply(403, text), "content-type", "application/xml")
}

/// Grafana and Prometheus.
pub fn dashboards(fault: Fault, request: &Request) -> Reply {
    match request.uri().path() {
        "/grafana/login" => {
            let text = body(request);
            let is_default = text.contains(r#""admin""#) && text.matches("admin").count() == 2;
            if text.contains(GRAFANA) || is_default && fault == Fault::DefaultPassword {
                return json(200, r#"{"message":"Logged in"}"#);
            }
            json(401, r#"{"message":"Invalid username or password"}"#)
        }
        "/grafana/api/org" if fault == Fault::AnonymousGrafana => json(200, r#"{"id":1}"#),
        "/grafana/api/org" => json(401, r#"{"message":"Unauthorized"}"#),
        "/prometheus/federate" => {
            let is_in = header(request, "authorization") == format!("Basic {PROMETHEUS}");
            if !is_in && fault != Fault::OpenPrometheus {
                return with(reply(401, "Unauthorized"), "www-authenticate", "Basic");
            }
            let down = if fault == Fault::TargetDown { 0 } else { 1 };
            let text = format!(
                "# TYPE up untyped\nup{{job=\"postgres\",instance=\"postgres:9187\"}} {down}\n\
                 up{{job=\"caddy\",instance=\"caddy:2019\"}} 1\n"
            );
            with(
                reply(200, text),
                "content-type",
                "text/plain; version=0.0.4",
            )
        }
        _ => reply(404, ""),
    }
}
