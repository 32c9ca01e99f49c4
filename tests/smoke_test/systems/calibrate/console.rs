//! The console: a sign-in, pages behind it, and the files that they load.

use super::Fault;
use crate::systems::replies::{as_html, body, header, html, json, page, redirect, reply, with};
use std::io::Write as _;
use std::time::Duration;
use support::servers::{Reply, Request};

pub const EMAIL: &str = "smoke@calibrate.example";
pub const PASSWORD: &str = "password-of-the-test-account";
const CSRF: &str = "8f14e45fceea167a5a36dedd4bea2543f6c9e2a1";
const SESSION: &str = "__Secure-authjs.session-token=session-of-the-test";
const SCRIPT: &str = "/_next/static/chunks/main-3f2a1b9c4d5e6f70.js";

/// What the console answers.
pub fn answer(fault: Fault, request: &Request) -> Reply {
    let is_in = header(request, "cookie").contains(SESSION);
    let reply = match request.uri().path() {
        "/" if fault == Fault::StrayRedirect => redirect(307, "/maintenance"),
        "/maintenance" => html("", "Back soon"),
        "/" => redirect(307, "/login"),
        "/login" => login(fault, request),
        SCRIPT => script(fault, request),
        "/api/auth/csrf" => csrf(fault),
        "/api/auth/callback/credentials" => credentials(fault, &body(request)),
        "/dashboard" if is_in && fault == Fault::DashboardBroken => reply(
            500,
            "Application error: a server-side exception has occurred",
        ),
        "/dashboard" if is_in => html("", r#"<main data-page="dashboard">Hello</main>"#),
        "/p/demo" if is_in => html("", r#"<main data-project="demo">Demo</main>"#),
        "/dashboard" | "/p/demo" if !is_in => redirect(307, "/login?callbackUrl=%2F"),
        _ => reply(404, "This page could not be found."),
    };
    with(reply, "strict-transport-security", "max-age=63072000")
}

fn login(fault: Fault, request: &Request) -> Reply {
    if fault == Fault::SlowLogin && header(request, "user-agent").contains("Mozilla") {
        std::thread::sleep(Duration::from_millis(1700));
    }
    let broken = match fault {
        Fault::LoginThrows => "<script>nothing.like.this()</script>",
        _ => "",
    };
    let head = format!(
        "<title>Sign in</title><meta name=release content=1.1.0><script src={SCRIPT} defer></script>"
    );
    let filling = "<p>Prices that calibrate themselves.</p>".repeat(40);
    let form = "<form><input type=email><input type=password><button>Sign in</button></form>";
    let text = page(&head, &format!("{form}{filling}{broken}"));
    as_html(match fault {
        Fault::Uncompressed => reply(200, text),
        _ => packed(request, text),
    })
}

fn script(fault: Fault, request: &Request) -> Reply {
    if fault == Fault::LostChunk {
        return html("", "This page could not be found.");
    }
    let text = "self.answer = 42; // a line that is repeated\n".repeat(60);
    let kind = "application/javascript; charset=UTF-8";
    let cached = "public, max-age=31536000, immutable";
    let reply = with(packed(request, text), "content-type", kind);
    with(reply, "cache-control", cached)
}

/// Compressed for those who take it so.
fn packed(request: &Request, text: String) -> Reply {
    if !header(request, "accept-encoding").contains("gzip") {
        return with(reply(200, text), "vary", "Accept-Encoding");
    }
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let written = packer.write_all(text.as_bytes());
    let packed = written.and_then(|()| packer.finish());
    let packed = reply(200, packed.expect("memory takes it"));
    with(
        with(packed, "content-encoding", "gzip"),
        "vary",
        "Accept-Encoding",
    )
}

fn csrf(fault: Fault) -> Reply {
    let answer = json(200, &format!(r#"{{"csrfToken":"{CSRF}"}}"#));
    let flags = match fault {
        Fault::LooseForm => "Path=/; Secure; SameSite=Lax",
        _ => "Path=/; HttpOnly; Secure; SameSite=Lax",
    };
    let cookie = format!("__Host-authjs.csrf-token={CSRF}%7Chash; {flags}");
    with(answer, "set-cookie", &cookie)
}

fn credentials(fault: Fault, form: &str) -> Reply {
    let has_form = form.contains(&format!("csrfToken={CSRF}"));
    let has_password = form.contains(&format!("password={PASSWORD}"));
    if !has_form {
        return redirect(302, "/login?csrf=true");
    }
    if !has_password && fault != Fault::AnyPassword {
        return redirect(302, "/login?error=CredentialsSignin&code=credentials");
    }
    let flags = match fault {
        Fault::ReadableSession => "Path=/; Secure; SameSite=Lax; Max-Age=86400",
        Fault::LongSession => "Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=2592000",
        _ => "Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=86400",
    };
    with(
        redirect(302, "/dashboard"),
        "set-cookie",
        &format!("{SESSION}; {flags}"),
    )
}
