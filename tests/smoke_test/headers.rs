//! Caching, compression, CORS, security headers, cookies, error pages and assets: against nginx
//! and Caddy as the guides set them up, and against servers that lie.

use super::server::Request;
use super::{Ran, Reply, Sandbox, Server, answer, finding, outcome, reason};
use shared::verdict::Outcome;
use std::io::Write as _;
use std::time::Duration;
use support::prove::Quality;
use support::servers::site::{Page, Site};

const ASSET: &str = "assets/app.3f2a1b9c.js";

/// As the guides of the systems set it up, with what they leave out made good.
const NGINX: &str = r#"
        server_tokens off;
        gzip on; gzip_vary on; gzip_min_length 256;
        gzip_types text/css application/javascript;
        add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
        add_header X-Frame-Options DENY always;
        add_header X-Content-Type-Options nosniff always;
        add_header Referrer-Policy "strict-origin-when-cross-origin" always;
        add_header Permissions-Policy "camera=(), geolocation=(self)" always;
        add_header Content-Security-Policy "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'" always;
        location = /id { add_header x-release 1.1.0; return 204; }
        location /assets/ { add_header Cache-Control "public, max-age=31536000, immutable"; }
        location = /private { default_type text/html; add_header Cache-Control "private, max-age=60"; return 200 "mine"; }
        location = /page.html { add_header Cache-Control "no-cache"; }
        location = /sign-in {
            add_header Set-Cookie "__Host-session=geheim; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600";
            return 204;
        }
        location = /api {
            set $allowed "";
            if ($http_origin = "https://console.example") { set $allowed $http_origin; }
            add_header Access-Control-Allow-Origin $allowed always;
            add_header Access-Control-Allow-Methods "GET, PUT" always;
            add_header Access-Control-Allow-Headers "authorization, content-type" always;
            add_header Vary Origin always;
            default_type application/json;
            if ($request_method = OPTIONS) { return 204; }
            return 200 "{}";
        }
"#;

const PROBES: &str = r#"wait: 20s
probes:
  - security-headers:
      name: web
      path: /
      error_path: /nothing
      profile:
        hsts: { max_age: 31536000, include_subdomains: true }
        content_security_policy: { directives: { frame-ancestors: "'none'" } }
        frame: deny
        referrer_policy: [strict-origin-when-cross-origin]
        permissions_policy: { camera: (), geolocation: (self) }
        headers: { x-frame-options: DENY }
  - cache: { name: bundle, path: /assets/app.3f2a1b9c.js, class: immutable }
  - cache: { name: page, path: /page.html, class: revalidate }
  - cache: { name: mine, path: /private, class: private, max_age_at_most: 60 }
  - compression: { name: packed, path: /assets/app.3f2a1b9c.js }
  - cors: { name: api, path: /api, method: PUT, origin: "https://console.example", headers: [authorization], denied: ["https://evil.example", "null"] }
  - http: { name: sign-in, path: /sign-in, status: [204], cookies: { session: { host_prefix: true, same_site: lax, max_age_at_most: 24h } } }
  - error-page: { name: nowhere, profile: { hsts: true } }
  - assets: { name: front, compressed: true }
"#;

const CHECKS: [&str; 7] = [
    "cookies",
    "cache",
    "compression",
    "cors",
    "security-headers",
    "error-page",
    "assets",
];

fn pages() -> (String, String) {
    let page = format!(
        "<!doctype html><link rel=stylesheet href=/assets/app.3f2a1b9d.css>\
         <link rel=icon href=/assets/icon.png><script type=module src=/{ASSET}></script>\
         <script src=https://cdn.example/x.js></script>"
    );
    (
        page,
        "let answer = 42; // a line that is repeated\n".repeat(60),
    )
}

fn site(start: impl Fn(&[Page<'_>]) -> support::Result<Site>) -> Site {
    let (page, script) = pages();
    let files: [Page<'_>; 5] = [
        ("index.html", page.as_bytes()),
        ("page.html", page.as_bytes()),
        (ASSET, script.as_bytes()),
        ("assets/app.3f2a1b9d.css", script.as_bytes()),
        ("assets/icon.png", b"\x89PNG"),
    ];
    start(&files).expect("the server is installed and starts")
}

fn run(site: &Site, probes: &str) -> Ran {
    let sandbox = Sandbox::new(&site.url(), probes);
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), site.certificate()).expect("it can be written");
    let path = file.path().display().to_string();
    sandbox.run_with(&[], &[("SSL_CERT_FILE", &path)])
}

fn evidence(ran: &Ran, check: &str) -> Vec<String> {
    match outcome(ran, check) {
        Outcome::Pass { evidence } => evidence.clone(),
        other => panic!("`{check}` should pass, not {other:?}: {}", ran.all()),
    }
}

fn findings(ran: &Ran, check: &str) -> Vec<String> {
    match outcome(ran, check) {
        Outcome::Fail { findings } => findings.iter().map(|one| one.message.clone()).collect(),
        other => panic!("`{check}` should fail, not {other:?}: {}", ran.all()),
    }
}

// --- real servers ----------------------------------------------------------------------------

#[test]
fn nginx_as_the_guides_set_it_up_holds_everything() {
    let nginx = site(|files| Site::nginx(NGINX, files));
    let ran = run(&nginx, PROBES);
    ran.ends(0, &["staging answers as 1.1.0: 9 probes hold"]);
    let headers = evidence(&ran, "security-headers");
    assert!(
        headers
            .iter()
            .any(|line| line.contains("/nothing (404): `Strict-Transport-Security` holds")),
        "{headers:?}"
    );
    let cache = evidence(&ran, "cache").join("\n");
    assert!(
        cache.contains("is `immutable`: `public, max-age=31536000, immutable`"),
        "{cache}"
    );
    assert!(
        cache.contains("200, then 304 to `If-None-Match: W/\""),
        "{cache}"
    );
    assert!(
        cache.contains("200, then 304 to `If-Modified-Since: "),
        "{cache}"
    );
    assert!(
        cache.contains("200 to `If-None-Match` with a tag that it never gave"),
        "{cache}"
    );
    let packed = evidence(&ran, "compression").join("\n");
    assert!(
        packed.contains("of 2640 bytes in gzip") && packed.contains("byte for byte the same"),
        "{packed}"
    );
    let cookies = evidence(&ran, "cookies").join("\n");
    assert!(
        cookies.contains(
            "sets `__Host-session` with Secure; HttpOnly; SameSite=Lax; Path=/; for 3600 s"
        ),
        "{cookies}"
    );
    assert!(!ran.all().contains("geheim") && !format!("{:?}", ran.receipt).contains("geheim"));
    let assets = evidence(&ran, "assets").join("\n");
    assert!(
        assets.contains("3 files are right (1 image, 1 script, 1 style; 2 with a hash"),
        "{assets}"
    );
    let cors = evidence(&ran, "cors");
    assert_eq!(cors.len(), 8, "{cors:?}");
}

#[test]
fn nginx_as_it_comes_holds_nothing() {
    let lines = r#"location = /id { add_header x-release 1.1.0; return 204; }
        location = /sign-in { add_header Set-Cookie "session=geheim"; return 204; }"#;
    let nginx = site(|files| Site::nginx(lines, files));
    let probes = PROBES
        .replace("path: /private", "path: /index.html")
        .replace("path: /api", "path: /");
    let ran = run(&nginx, &probes);
    for check in CHECKS {
        assert!(!findings(&ran, check).is_empty());
    }
    assert_eq!(ran.code, 1, "{}", ran.all());
    let headers = findings(&ran, "security-headers");
    assert!(
        headers.contains(&"`web` has no `Strict-Transport-Security` (status 404)".to_owned()),
        "{headers:?}"
    );
    assert!(
        headers
            .iter()
            .any(|line| line.contains("tells the version") && line.contains("in `server`")),
        "{headers:?}"
    );
    let nowhere = findings(&ran, "error-page");
    assert!(
        nowhere
            .iter()
            .any(|line| line.contains("has a page with `nginx/")),
        "{nowhere:?}"
    );
    assert!(!ran.all().contains("geheim"));
}

#[test]
fn headers_without_always_are_missing_on_the_error_page_only() {
    let lines = NGINX.replace(" always;", ";");
    let nginx = site(|files| Site::nginx(&lines, files));
    let probe = |path: &str| {
        format!(
            "wait: 20s\nprobes:\n  - security-headers: {{ name: web, path: {path}, \
             error_path: /nothing }}\n"
        )
    };
    let told = findings(&run(&nginx, &probe("/")), "security-headers");
    assert!(
        told.iter().all(|line| line.ends_with("(status 404)")),
        "{told:?}"
    );
    assert_eq!(told.len(), 6, "{told:?}");
    // A location with an `add_header` of its own drops all others.
    let told = findings(&run(&nginx, &probe("/page.html")), "security-headers");
    assert_eq!(told.len(), 12, "{told:?}");
}

/// What Caddy takes off at the end it takes off at no error, and all that stands beside it is
/// missing there, too.
const CADDY: &str = r#"
        header {
            Strict-Transport-Security "max-age=31536000; includeSubDomains; preload"
            Content-Security-Policy "default-src 'self'; frame-ancestors 'self'"
            Referrer-Policy no-referrer
            Permissions-Policy "camera=()"
            X-Content-Type-Options nosniff
            -Server
        }
"#;

#[test]
fn caddy_holds_everything_once_its_errors_have_the_headers_too() {
    let lines = format!(
        "{CADDY}
    encode gzip
    header /assets/* Cache-Control \"public, max-age=31536000, immutable\"
    header /id x-release 1.1.0
    respond /id 204
    file_server
"
    );
    let probes = "wait: 20s\nprobes:
  - security-headers: { name: web, path: /, error_path: /nothing, profile: { hsts: { preload: true } } }
  - cache: { name: bundle, path: /assets/app.3f2a1b9c.js, class: immutable }
  - compression: { name: packed, path: /assets/app.3f2a1b9c.js }
  - error-page: { name: nowhere }
  - assets: { name: front }
";
    let caddy = site(|files| Site::caddy(&lines, files));
    let told = findings(&run(&caddy, probes), "security-headers");
    assert!(
        told.iter().all(|line| line.ends_with("(status 404)")),
        "{told:?}"
    );
    let whole = format!("{lines}    handle_errors {{\n{CADDY}        respond \"gone\"\n    }}\n");
    let caddy = site(|files| Site::caddy(&whole, files));
    let ran = run(&caddy, probes);
    for check in [
        "security-headers",
        "compression",
        "error-page",
        "assets",
        "cache",
    ] {
        assert!(!evidence(&ran, check).is_empty());
    }
    assert_eq!(ran.code, 0, "{}", ran.all());
}

// --- servers that lie ------------------------------------------------------------------------

/// Answers `/id` as the release, and everything else as told.
fn release(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request| match request.path.as_str() {
        "/id" => Reply::Send(answer(200, "1.1.0", "")),
        _ => reply(request),
    })
}

fn one(probe: &str, reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Ran {
    let server = release(reply);
    let smoke = format!("wait: 20s\nattempts: 1\nprobes:\n  - {probe}\n");
    Sandbox::new(&server.url(), &smoke).run(&[])
}

fn bytes(status: u16, headers: &[(&str, &[u8])], body: &[u8]) -> Reply {
    let mut answer =
        format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len()).into_bytes();
    for (name, value) in headers {
        answer.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    answer.extend([b"\r\n", body].concat());
    Reply::Send(answer)
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

const COMPRESSION: &str = "compression: { name: page, path: /page, within: 5s }";

fn packed(answer: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Ran {
    one(COMPRESSION, move |request| {
        if request.head.contains("gzip") {
            let headers: [(&str, &[u8]); 2] =
                [("content-encoding", b"gzip"), ("vary", b"Accept-Encoding")];
            bytes(200, &headers, &answer())
        } else {
            bytes(200, &[], &b"a line of the page\n".repeat(100))
        }
    })
}

#[test]
fn a_bomb_a_cut_stream_and_what_is_no_gzip_are_findings() {
    let bomb = gzip(&vec![0; 40 << 20]);
    assert!(bomb.len() < 64 << 10);
    let ran = packed(move || bomb.clone());
    ran.ends(1, &["to more than 32 MiB, and has 1900 bytes as it is"]);
    let whole = gzip(&b"a line of the page\n".repeat(100));
    let cut = whole[..whole.len() / 2].to_vec();
    let ran = packed(move || cut.clone());
    assert!(
        finding(&ran, "compression").contains("cannot be unpacked"),
        "{}",
        ran.all()
    );
    let ran = packed(|| b"a line of the page\n".repeat(100));
    assert!(
        finding(&ran, "compression").contains("invalid gzip header"),
        "{}",
        ran.all()
    );
    let ran = packed(|| gzip(b"another page"));
    assert!(finding(&ran, "compression").contains("is another page in gzip: 12 bytes, not 1900"));
}

#[test]
fn a_page_that_changes_by_itself_is_judged_by_its_length() {
    let ran = one(COMPRESSION, |request| {
        let page = format!("request {:06}\n", request.number).repeat(100);
        if request.head.contains("gzip") {
            let headers: [(&str, &[u8]); 2] =
                [("content-encoding", b"gzip"), ("vary", b"accept-encoding")];
            bytes(200, &headers, &gzip(page.as_bytes()))
        } else {
            bytes(200, &[], page.as_bytes())
        }
    });
    ran.ends(0, &["only lengths are compared"]);
}

#[test]
fn a_page_too_small_to_compress_is_unknown() {
    let ran = one(COMPRESSION, |_| bytes(200, &[], b"ok"));
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(reason(&ran, "compression").contains("has 2 bytes"));
}

#[test]
fn a_server_that_says_304_to_everything_is_caught() {
    let probe = "cache: { name: page, path: /page, class: revalidate }";
    let ran = one(probe, |request| {
        let headers: [(&str, &[u8]); 2] = [("cache-control", b"no-cache"), ("etag", b"\"a\"")];
        if request.head.contains("if-none-match") {
            bytes(304, &[], b"")
        } else {
            bytes(200, &headers, b"page")
        }
    });
    let told = findings(&ran, "cache");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("a tag that it never gave"), "{told:?}");
}

#[test]
fn an_instance_with_its_own_tags_is_caught() {
    let probe = "cache: { name: page, path: /page, class: revalidate }";
    let ran = one(probe, |request| {
        let tag = format!("\"{}\"", request.number);
        let headers: [(&str, &[u8]); 2] =
            [("cache-control", b"no-cache"), ("etag", tag.as_bytes())];
        bytes(200, &headers, b"page")
    });
    assert!(
        finding(&ran, "cache").contains("from instance to instance"),
        "{}",
        ran.all()
    );
}

#[test]
fn a_cache_in_front_is_required_where_it_must_be() {
    let probe = "cache: { name: page, path: /page, class: public, age_required: true }";
    let reply = |with_age: bool| {
        move |_: &Request| {
            let age: &[(&str, &[u8])] = &[("cache-control", b"max-age=60"), ("age", b"5")];
            bytes(200, if with_age { age } else { &age[..1] }, b"page")
        }
    };
    let told = evidence(&one(probe, reply(true)), "cache").join("\n");
    assert!(told.contains("comes through a cache: `age: 5`"), "{told}");
    let ran = one(probe, reply(false));
    assert!(finding(&ran, "cache").contains("has no header of a cache in front"));
}

#[test]
fn an_origin_that_is_echoed_is_caught_whoever_asks() {
    let probe = "cors: { name: api, path: /api, origin: 'https://console.example', credentials: true, denied: ['https://evil.example'] }";
    let ran = one(probe, |request| {
        let lines = request.head.lines();
        let origin = lines
            .filter_map(|line| line.strip_prefix("origin: "))
            .next();
        let origin = origin.unwrap_or_default().to_owned();
        let headers: [(&str, &[u8]); 3] = [
            ("access-control-allow-origin", origin.as_bytes()),
            ("access-control-allow-credentials", b"true"),
            ("vary", b"Origin"),
        ];
        bytes(200, &headers, b"{}")
    });
    let told = findings(&ran, "cors");
    for origin in [
        "`https://evil.example`",
        "`null`",
        "`https://sluicegate-",
        "`https://console.example.sluicegate-",
        "`https://sluicegate-",
        "`http://console.example`",
        "`https://console.example:",
    ] {
        let is_told = told
            .iter()
            .any(|line| line.contains(&format!("allows the origin {origin}")));
        assert!(is_told, "{origin}: {told:?}");
    }
    // Named, `null`, new, two that look alike and two of the same host; the preflight and the
    // request itself.
    assert_eq!(told.len(), 14, "{told:?}");
}

#[test]
fn an_origin_that_only_ends_or_begins_as_the_allowed_one_is_caught() {
    let cors = |is_allowed: fn(&str) -> bool| {
        let probe =
            "cors: { name: api, path: /api, origin: 'https://console.example', credentials: true }";
        one(probe, move |request| {
            let lines = request.head.lines();
            let mut origins = lines.filter_map(|line| line.strip_prefix("origin: "));
            let origin = origins.next().filter(|origin| is_allowed(origin));
            let origin = origin.unwrap_or_default().to_owned();
            let headers: [(&str, &[u8]); 3] = [
                ("vary", b"Origin"),
                ("access-control-allow-origin", origin.as_bytes()),
                ("access-control-allow-credentials", b"true"),
            ];
            let shown = if origin.is_empty() { 1 } else { 3 };
            bytes(200, &headers[..shown], b"{}")
        })
    };
    cors(|origin| origin == "https://console.example").ends(0, &[]);
    let told = findings(&cors(|origin| origin.ends_with("console.example")), "cors");
    assert!(
        told[0].contains("allows the origin `https://sluicegate-"),
        "{told:?}"
    );
    let told = findings(
        &cors(|origin| origin.contains("://console.example")),
        "cors",
    );
    let near = [
        "`https://console.example.sluicegate-",
        "`http://console.example`",
        "`https://console.example:",
    ];
    for origin in near {
        assert!(
            told.iter().any(|line| line.contains(origin)),
            "{origin}: {told:?}"
        );
    }
}

#[test]
fn a_silent_refusal_without_a_control_is_no_pass() {
    let probe = "cors: { name: api, path: /api, origin: 'https://console.example' }";
    let ran = one(probe, |_| bytes(200, &[], b"{}"));
    assert!(finding(&ran, "cors").contains("does not allow `https://console.example`"));
    let ran = one(probe, |_| bytes(503, &[], b""));
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(reason(&ran, "cors").contains("which says nothing of origins"));
}

#[test]
fn a_cookie_without_its_attributes_is_caught_and_never_shown() {
    let probe =
        "http: { name: sign-in, path: /sign-in, cookies: { session: { same_site: strict } } }";
    let ran = one(probe, |_| {
        bytes(
            200,
            &[("set-cookie", b"session=geheim; SameSite=None")],
            b"",
        )
    });
    let told = findings(&ran, "cookies");
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(!ran.all().contains("geheim") && !format!("{:?}", ran.receipt).contains("geheim"));
    let ran = one(probe, |_| {
        bytes(200, &[("set-cookie", b"\xff\xfe=\x80; \xff")], b"")
    });
    assert!(finding(&ran, "cookies").contains("sets no cookie `session`"));
}

#[test]
fn a_page_of_its_own_for_everything_is_no_script_and_no_error_page() {
    let page = "<script src=/app.js></script><link rel=icon href=/gone.png>";
    let reply = move |request: &Request| match request.path.as_str() {
        "/gone.png" => bytes(404, &[], b""),
        _ => bytes(200, &[("content-type", b"text/html")], page.as_bytes()),
    };
    let ran = one("assets: { name: front }", reply);
    let told = findings(&ran, "assets");
    assert!(
        told[0].contains("/app.js, which is a page (`text/html`)"),
        "{told:?}"
    );
    assert!(
        told[1].contains("/gone.png, which answered 404"),
        "{told:?}"
    );
    let ran = one("error-page: { name: nowhere }", reply);
    assert!(finding(&ran, "error-page").contains("answered 200, not 404"));
}

#[test]
fn a_page_never_leads_to_another_host() {
    let elsewhere = Server::start(|_| Reply::Send(answer(200, "", "")));
    let page = format!(
        "<base href={0}/x/><script src=a.js></script><script src={0}/b.js></script>\
         <img src=//{1}/c.png>",
        elsewhere.url(),
        elsewhere.address()
    );
    let ran = one("assets: { name: front }", move |_| {
        bytes(200, &[("content-type", b"text/html")], page.as_bytes())
    });
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(
        reason(&ran, "assets").contains("loads nothing of its own"),
        "{}",
        ran.all()
    );
    assert_eq!(elsewhere.requests(), 0);
}

#[test]
fn no_more_files_are_asked_than_allowed() {
    let page: String = (0..40)
        .map(|n| format!("<script src=/{n}.js></script>"))
        .collect();
    let server = release(move |request| match request.path.as_str() {
        "/" => bytes(200, &[("content-type", b"text/html")], page.as_bytes()),
        _ => bytes(200, &[("content-type", b"text/javascript")], b"1"),
    });
    let smoke = "wait: 20s\nconnections: 1\nprobes:\n  - assets: { name: front, most: 3 }\n";
    let ran = Sandbox::new(&server.url(), smoke).run(&[]);
    ran.ends(0, &["3 files are right", "37 more not asked (`most`)"]);
    // The wait, the connection, the page and three files.
    assert_eq!(server.requests(), 6);
}

#[test]
fn a_stack_trace_in_an_error_page_is_caught() {
    let ran = one("error-page: { name: nowhere }", |request| {
        assert!(request.path.starts_with("/sluicegate-"), "{}", request.path);
        let body =
            b"Traceback (most recent call last):\n  File \"app.py\"\nsqlalchemy: SQLSTATE 42P01";
        bytes(500, &[("server", b"gunicorn/20.0.4")], body)
    });
    let told = findings(&ran, "error-page").join("\n");
    for word in [
        "answered 500, not 404",
        "`Traceback (most",
        "`SQLSTATE`",
        "tells the version 20.0.4",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
}

// --- the proof -------------------------------------------------------------------------------

/// A configuration for the servers of one case.
fn proven(quality: Quality) -> Ran {
    let cases = support::prove::cases();
    let case = cases
        .iter()
        .find(|case| case.checks.contains(&"security-headers"));
    let started = (case.expect("is in the list").start)(quality).expect("the servers start");
    let release = release(|_| bytes(404, &[], b""));
    let addresses = started
        .environment
        .iter()
        .map(|(_, address)| address.as_str());
    let environment = format!(
        "    url: {}\n    addresses: {{ {} }}\n",
        release.url(),
        addresses.collect::<Vec<_>>().join(", ")
    );
    let probes: String = started
        .probes
        .iter()
        .map(|probe| format!("    - {probe}\n"))
        .collect();
    let file = format!(
        "version: 1\nproject: cal\nenvironments:\n  staging:\n{environment}    allow: {{ \
         private_addresses: true }}\n    services:\n      web:\n        target:\n          \
         command: {{ deploy: [a], stop: [b], stable: [\"127.0.0.1:1\"], canary: [] }}\n\
         services:\n  web:\n    identity: {{ header: {{ name: x-release, path: /id }} }}\n\
         smoke:\n  wait: 20s\n  probes:\n{probes}"
    );
    let trusted = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(trusted.path(), started.trusted.join("\n")).expect("it can be written");
    let path = trusted.path().display().to_string();
    Sandbox::with_file(&file).run_with(&[], &[("SSL_CERT_FILE", &path)])
}

#[test]
fn the_good_server_turns_every_check_green() {
    let ran = proven(Quality::Good);
    for check in CHECKS {
        assert!(!evidence(&ran, check).is_empty());
    }
    assert_eq!(ran.code, 0, "{}", ran.all());
}

#[test]
fn the_bad_server_turns_every_check_red() {
    let ran = proven(Quality::Bad);
    for check in CHECKS {
        assert!(!findings(&ran, check).is_empty());
    }
    assert_eq!(ran.code, 1, "{}", ran.all());
}

// --- bad input -------------------------------------------------------------------------------

/// Every kind, against the same answers.
const EVERY: &str = "wait: 20s\nattempts: 1\nprobes:
  - security-headers: { name: web, path: /x, error_path: /y, within: 1s }
  - cache: { name: page, path: /x, class: revalidate, within: 1s }
  - compression: { name: packed, path: /x, within: 1s }
  - cors: { name: api, path: /x, origin: 'https://console.example', within: 1s }
  - http: { name: sign-in, path: /x, cookies: { session: {} }, within: 1s }
  - error-page: { name: nowhere, within: 1s }
  - assets: { name: front, path: /x, within: 1s }
";

fn every(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Ran {
    let server = release(reply);
    let ran = Sandbox::new(&server.url(), EVERY).run(&[]);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.all());
    for check in CHECKS {
        let word = outcome(&ran, check).word();
        assert!(
            word == "fail" || word == "unknown",
            "`{check}` is {word}: {}",
            ran.all()
        );
    }
    ran
}

#[test]
fn garbage_header_bombs_and_broken_connections_pass_nothing() {
    every(|_| Reply::Send(b"\x00\xff\x80 what is this\r\n\r\n".to_vec()));
    every(|_| {
        let many: String = (0..2000).map(|n| format!("x-{n}: {n}\r\n")).collect();
        Reply::Send(format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n").into_bytes())
    });
    every(|_| {
        let long = "a".repeat(1 << 20);
        Reply::Send(
            format!("HTTP/1.1 200 OK\r\nvary: {long}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
        )
    });
    every(|_| Reply::Reset(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<".to_vec()));
}

#[test]
fn header_values_that_are_no_text_pass_nothing() {
    every(|_| {
        let odd: &[u8] = b"\xff\xfe\x80=;,\"\\";
        let names = [
            "cache-control",
            "vary",
            "etag",
            "last-modified",
            "content-encoding",
            "content-type",
            "set-cookie",
            "access-control-allow-origin",
            "content-security-policy",
            "permissions-policy",
            "referrer-policy",
            "x-frame-options",
            "strict-transport-security",
        ];
        let headers: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, odd)).collect();
        bytes(200, &headers, b"\xff\xfe<script src=\xff>")
    });
}

#[test]
fn a_page_without_an_end_and_one_that_drips_end_in_time() {
    let huge = b"<p>page</p>".repeat(500_000);
    every(move |_| bytes(200, &[("content-type", b"text/html")], &huge));
    let start = std::time::Instant::now();
    every(|_| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".to_vec();
        Reply::Drip(
            [head, vec![b'x'; 100_000]].concat(),
            Duration::from_millis(20),
        )
    });
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn what_could_never_hold_or_never_fail_is_refused_with_its_place() {
    let server = release(|_| bytes(200, &[], b""));
    for (probe, words) in [
        (
            "cache: { name: p, path: /, class: no-store, max_age: 5 }",
            &["sluicegate.yml:", "which `no-store` does not ask for"][..],
        ),
        ("cache: { name: p, path: /, class: forever }", &["forever"]),
        (
            "compression: { name: p, path: /, encodings: [br] }",
            &["br"],
        ),
        (
            "compression: { name: p, path: /, encodings: [] }",
            &["has no `encodings`"],
        ),
        (
            "cors: { name: p, path: /, origin: 'https://a.example/' }",
            &["which must be a scheme and a host"],
        ),
        (
            "cors: { name: p, path: /, origin: 'null' }",
            &["nobody can be meant"],
        ),
        (
            "cors: { name: p, path: /, origin: 'https://a.example', denied: ['https://a.example'] }",
            &["allowed and denied"],
        ),
        (
            "cors: { name: p, path: /, origin: 'https://a.example', method: FETCH }",
            &["`FETCH`, which is not known"],
        ),
        (
            "security-headers: { name: p, path: /, profile: { content_security_policy: { directives: { scriptsrc: x } } } }",
            &["names `scriptsrc`, which is no directive", "script-src"],
        ),
        (
            "security-headers: { name: p, path: /, profile: { content_security_policy: { directives: { script-src: \"'unsafe-inline'\" } } } }",
            &["wants and forbids 'unsafe-inline'"],
        ),
        (
            "security-headers: { name: p, path: /, profile: { referrer_policy: [no-referer] } }",
            &["which is no referrer policy", "no-referrer"],
        ),
        (
            "security-headers: { name: p, path: /, profile: { permissions_policy: { camera: none() } } }",
            &["has an allowlist of `camera`"],
        ),
        (
            "security-headers: { name: p, path: /, profile: { hsts: { max_age: 0 } } }",
            &["`max_age` of 0"],
        ),
        (
            "security-headers: { name: p, path: /, profile: { hsts: true, content_security_policy: false, frame: false, referrer_policy: false, permissions_policy: false, content_type_options: false, hidden: [], without_version: [] } }",
            &["browsers ignore over http"],
        ),
        (
            "security-headers: { name: p, path: /, profile: { hsst: true } }",
            &["hsst", "hsts"],
        ),
        (
            "error-page: { name: p, status: [200] }",
            &["which is no error"],
        ),
        ("assets: { name: p, most: 0 }", &["needs `most` from 1"]),
        (
            "http: { name: p, path: /, cookies: { session: { path: x } } }",
            &["does not begin with `/`"],
        ),
    ] {
        let smoke = format!("probes:\n  - {probe}\n");
        let ran = Sandbox::new(&server.url(), &smoke).run(&[]);
        ran.ends(2, words);
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn the_plan_names_every_call() {
    let server = release(|_| bytes(200, &[], b""));
    let ran = Sandbox::new(&server.url(), EVERY).run(&["--plan"]);
    ran.ends(
        0,
        &[
            "probe `web`: security headers",
            "cached as `revalidate`",
            "the page in gzip",
            "`null` is turned away",
            "-is-not-here",
            "what the page loads from its own origin",
        ],
    );
    assert_eq!(server.requests(), 0);
}
