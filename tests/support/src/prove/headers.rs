//! Servers that keep, and that break, what headers promise: caching, compression, CORS, security
//! headers, cookies, error pages and assets.

use super::{Case, Quality, Started};
use crate::Result;
use crate::servers::{HttpServer, Reply, Request, SelfSigned};
use bytes::Bytes;
use http_body_util::Full;
use std::io::Write as _;

const CONSOLE: &str = "https://console.example";

/// One server for all of them: a page is seldom wrong in one way only.
pub(super) const CASE: Case = Case {
    checks: &[
        "cookies",
        "cache",
        "compression",
        "cors",
        "security-headers",
        "error-page",
        "assets",
    ],
    start,
};

fn start(quality: Quality) -> Result<Started> {
    let signed = SelfSigned::localhost()?;
    let server = HttpServer::start_secure(signed.server()?, move |request| match quality {
        Quality::Good => good(request),
        Quality::Bad => bad(request),
    })?;
    let probes = [
        "security-headers: {name: secure pages, at: headers, path: /, error_path: /nothing, \
         profile: {hsts: {include_subdomains: true}, frame: deny}}",
        "cache: {name: immutable bundle, at: headers, path: /app.3f2a1b9c.js, class: immutable, \
         age_required: true}",
        "cache: {name: private page, at: headers, path: /mine, class: private}",
        "compression: {name: packed bundle, at: headers, path: /app.3f2a1b9c.js, \
         encodings: [gzip, deflate]}",
        "cors: {name: cross-origin, at: headers, path: /api, method: PUT, \
         origin: 'https://console.example', headers: [authorization], credentials: true}",
        "http: {name: sign-in cookie, at: headers, path: /sign-in, \
         cookies: {session: {same_site: strict, max_age_at_most: 24h}}}",
        "error-page: {name: no such page, at: headers}",
        "assets: {name: front page, at: headers, path: /, compressed: true}",
    ];
    Ok(Started {
        environment: vec![("addresses", format!("headers: '{}'", server.url()))],
        probes: probes.map(str::to_owned).into(),
        variables: Vec::new(),
        files: Vec::new(),
        trusted: vec![signed.certificate],
        running: Box::new(server),
    })
}

fn page() -> Vec<u8> {
    b"<script src=/app.3f2a1b9c.js></script><link rel=icon href=/icon.png>".to_vec()
}

fn script() -> Vec<u8> {
    b"let answer = 42; // a line that is repeated\n".repeat(60)
}

fn good(request: &Request) -> Reply {
    let reply = match request.uri().path() {
        "/" => answer(200, &[("content-type", "text/html")], page()),
        "/app.3f2a1b9c.js" => bundle(request),
        "/icon.png" => answer(200, &[("content-type", "image/png")], b"\x89PNG".to_vec()),
        "/mine" => answer(
            200,
            &[("cache-control", "private, no-cache")],
            b"mine".to_vec(),
        ),
        "/sign-in" => {
            let cookie = "session=value; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=3600";
            answer(200, &[("set-cookie", cookie)], Vec::new())
        }
        "/api" if header(request, "origin") == CONSOLE => answer(
            204,
            &[
                ("access-control-allow-origin", CONSOLE),
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-methods", "GET, PUT"),
                ("access-control-allow-headers", "authorization"),
                ("vary", "Origin"),
            ],
            Vec::new(),
        ),
        "/api" => answer(204, &[("vary", "Origin")], Vec::new()),
        _ => answer(404, &[], b"not found".to_vec()),
    };
    with(
        reply,
        &[
            (
                "strict-transport-security",
                "max-age=31536000; includeSubDomains",
            ),
            (
                "content-security-policy",
                "default-src 'self'; frame-ancestors 'none'",
            ),
            ("referrer-policy", "no-referrer"),
            ("permissions-policy", "camera=()"),
            ("x-content-type-options", "nosniff"),
            ("server", "proven"),
        ],
    )
}

fn bundle(request: &Request) -> Reply {
    const TAG: &str = "W/\"3f2a1b9c\"";
    let headers = [
        ("cache-control", "public, max-age=31536000, immutable"),
        ("content-type", "text/javascript"),
        ("vary", "Accept-Encoding"),
        ("etag", TAG),
        ("age", "7"),
    ];
    if header(request, "if-none-match") == TAG {
        return answer(304, &headers, Vec::new());
    }
    let encoding = header(request, "accept-encoding");
    match packed(encoding, &script()) {
        Some(body) => with(
            answer(200, &headers, body),
            &[("content-encoding", encoding)],
        ),
        None => answer(200, &headers, script()),
    }
}

fn packed(encoding: &str, plain: &[u8]) -> Option<Vec<u8>> {
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    let level = Compression::default();
    match encoding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(plain).ok()?;
            encoder.finish().ok()
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(plain).ok()?;
            encoder.finish().ok()
        }
        _ => None,
    }
}

/// Every page says 200, allows everybody, tells its version, and shows its inside.
fn bad(request: &Request) -> Reply {
    let origin = header(request, "origin");
    let reply = match request.uri().path() {
        "/" => answer(200, &[("content-type", "text/html")], page()),
        "/app.3f2a1b9c.js" => answer(
            200,
            &[("content-type", "text/html"), ("cache-control", "no-store")],
            script(),
        ),
        "/mine" => answer(
            200,
            &[("cache-control", "public, max-age=3600"), ("age", "60")],
            b"mine".to_vec(),
        ),
        "/sign-in" => answer(
            200,
            &[("set-cookie", "session=value; SameSite=None")],
            Vec::new(),
        ),
        "/api" => answer(
            200,
            &[
                ("access-control-allow-origin", origin),
                ("access-control-allow-credentials", "true"),
            ],
            Vec::new(),
        ),
        _ => answer(200, &[], b"Traceback (most recent call last)".to_vec()),
    };
    with(
        reply,
        &[("server", "proven/1.0"), ("x-powered-by", "PHP/5.4")],
    )
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let value = request.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn answer(status: u16, headers: &[(&'static str, &str)], body: Vec<u8>) -> Reply {
    let mut reply = Reply::new(Full::new(Bytes::from(body)));
    if let Ok(status) = hyper::StatusCode::from_u16(status) {
        *reply.status_mut() = status;
    }
    with(reply, headers)
}

fn with(mut reply: Reply, headers: &[(&'static str, &str)]) -> Reply {
    for (name, value) in headers {
        if let Ok(value) = hyper::header::HeaderValue::from_str(value) {
            reply.headers_mut().insert(*name, value);
        }
    }
    reply
}
