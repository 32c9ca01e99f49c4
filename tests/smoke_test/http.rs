//! What single requests can ask for: predicates, schemas, redirects, phases, bodies, protocols,
//! identities and allowances.

use crate::sandbox::{Ran, Sandbox};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use support::servers::{HttpServer, Reply, Request};

/// An answer as the release 1.1.0.
pub fn reply(status: u16, body: &str) -> Reply {
    let mut reply = Reply::new(body.to_owned().into());
    *reply.status_mut() = status.try_into().expect("is a status");
    reply
        .headers_mut()
        .insert("x-release", "1.1.0".parse().expect("is a value"));
    reply
}

fn redirect(status: u16, location: &str) -> Reply {
    let mut reply = reply(status, "");
    let location = location.parse().expect("is a value");
    reply.headers_mut().insert("location", location);
    reply
}

fn serve(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> HttpServer {
    HttpServer::start(answer).expect("a port is free")
}

fn probes(server: &HttpServer, probes: &str) -> Ran {
    Sandbox::new(&server.url(), &format!("wait: 20s\nprobes:\n{probes}")).run(&[])
}

const DOCUMENT: &str = r#"{"status":"healthy","latency":12.5,"version":"v1.1.0",
    "id":"123e4567-e89b-12d3-a456-426614174000","parts":[{"up":true},{"up":true}]}"#;

#[test]
fn predicates_hold_for_a_healthy_document() {
    let server = serve(|_| reply(200, DOCUMENT));
    let ran = probes(
        &server,
        "  - http:
      name: health
      path: /health
      json:
        $.status: {in: [healthy, degraded]}
        $.latency: {at_least: 0, less_than: 500}
        $.version: {version: '>=1.1, <2', starts_with: v}
        $.id: {is: uuid}
        $.parts: {length: {equals: 2}, is: array}
        $.parts[*].up: true
        $.error: {exists: false}
      text: {not_matches: 'Traceback|SQLSTATE'}
",
    );
    ran.ends(
        0,
        &[
            "json",
            "137 bytes, which must not match `Traceback|SQLSTATE`",
        ],
    );
}

#[test]
fn each_predicate_that_breaks_is_a_finding_with_its_path() {
    let server = serve(|_| reply(200, DOCUMENT));
    let ran = probes(
        &server,
        "  - http: {name: health, path: /, json: {$.latency: {less_than: 5}, \
         $.version: {version: '<1'}, $.state: up, '$.parts[*].up': {equals: false, for: any}}}\n",
    );
    ran.ends(
        1,
        &[
            "has 12.5 at `$['latency']`, which must be less than 5",
            "which must be a version in `<1`",
            "has nothing at `$.state`, which must be \"up\" (`$` has the keys `",
            "has 0 of 2 right values at `$.parts[*].up`, and at least one must be false",
        ],
    );
}

#[test]
fn a_stale_timestamp_is_a_finding_and_a_fresh_one_is_not() {
    let server = serve(|request| {
        let back = if request.uri().path() == "/old" {
            3600
        } else {
            0
        };
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("it is after 1970");
        reply(200, &format!(r#"{{"timestamp":{}}}"#, now.as_secs() - back))
    });
    let fresh = "  - http: {name: fresh, path: /, json: {$.timestamp: {recent: 60s}}}\n";
    probes(&server, fresh).ends(0, &[]);
    let stale = "  - http: {name: stale, path: /old, json: {$.timestamp: {recent: 60s}}}\n";
    probes(&server, stale).ends(1, &["which must be a time within 1m of now"]);
}

#[test]
fn mistakes_in_patterns_are_pointed_at_and_nothing_is_asked() {
    let asked = Arc::new(AtomicU64::new(0));
    let count = asked.clone();
    let server = serve(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        reply(200, "")
    });
    for (settings, words) in [
        (
            "text: {matches: '(a'}",
            "has `(a`, which is no regular expression: unclosed group",
        ),
        ("json: {'$.[': 1}", "has `$.[`, which is no JSONPath"),
        ("json: {$.a: {}}", "names no predicate"),
        (
            "json: {$.a: {is: strnig}}",
            "there is no kind `strnig` here",
        ),
        ("json: {$.a: {at_mots: 1}}", "did you mean `at_most`"),
        (
            "schema: {file: nope.json}",
            "has the schema `nope.json`, which cannot be read",
        ),
        ("schema: {file: sluicegate.yml}", "which is no JSON Schema"),
        (
            "sha256: abc",
            "has a `sha256` that is not 64 hexadecimal digits",
        ),
        (
            "redirects: [https://elsewhere.example/]",
            "which is at no address of `staging`",
        ),
        ("redirects: [/a, /b, /a]", "follows redirects in a loop"),
        ("phases: {samples: 9}", "has `phases` without a limit"),
        (
            "phases: {total: 1s, samples: 1}",
            "needs `phases.samples` from 5 to 100",
        ),
        (
            "capture: {a: {json: $.a}}",
            "only a later step of a journey could use",
        ),
        (
            "at: docs",
            "is at `docs`, which is no address of environment `staging`",
        ),
        ("environments: [prod]", "there is no environment `prod`"),
        (
            "body: {json: '{'}, method: OPTIONS",
            "has a `body` that is no JSON",
        ),
    ] {
        let smoke = format!("probes:\n  - http: {{name: a, path: /, {settings}}}\n");
        let ran = Sandbox::new(&server.url(), &smoke).run(&[]);
        ran.ends(2, &[words]);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.all());
        assert!(ran.stderr.contains("sluicegate.yml:"), "{}", ran.all());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_body_is_judged_against_its_schema_and_its_openapi_document() {
    let server = serve(|request| match request.uri().path() {
        "/bad" => reply(200, r#"{"status":1}"#),
        _ => reply(200, r#"{"status":"ok","note":null}"#),
    });
    let openapi = "openapi: 3.0.3\npaths:\n  /good:\n    get:\n      responses:\n        '200':\n          \
                   content:\n            application/json:\n              schema: {$ref: '#/components/schemas/Health'}\n\
                   components:\n  schemas:\n    Health:\n      type: object\n      required: [status]\n      properties:\n        \
                   status: {type: string}\n        note: {type: string, nullable: true}\n";
    let run = |probe: &str| {
        let sandbox = Sandbox::new(&server.url(), &format!("wait: 20s\nprobes:\n{probe}"));
        sandbox.write("api.yml", openapi);
        sandbox.write(
            "health.json",
            r#"{"properties":{"status":{"type":"string"}}}"#,
        );
        sandbox.run(&[])
    };
    run("  - http: {name: a, path: /good, schema: {open-api: {file: api.yml}}}\n")
        .ends(0, &["27 bytes of JSON satisfy `api.yml GET /good 200`"]);
    run("  - http: {name: a, path: /bad, schema: {open-api: {file: api.yml, path: /good}}}\n")
        .ends(1, &["at `/status`: 1 is not of type \"string\""]);
    run("  - http: {name: a, path: /bad, schema: {file: health.json}}\n")
        .ends(1, &["breaks `health.json` at `/status`"]);
}

#[test]
fn secrets_are_not_taken_along_to_another_host() {
    let heads = Arc::new(std::sync::Mutex::new(String::new()));
    let seen = heads.clone();
    let other = serve(move |request| {
        let mut heads = seen.lock().expect("no test panicked with it");
        heads.push_str(&format!("{:?}", request.headers()));
        reply(200, "")
    });
    let place = format!("{}/there", other.url());
    let there = place.clone();
    let server = serve(move |request| match request.uri().path() {
        "/away" => redirect(302, &there),
        _ => reply(200, ""),
    });
    let smoke = format!(
        "probes:\n  - http: {{name: a, path: /away, redirects: ['{place}'], headers: {{x-api-key: \
         '${{KEY}}', x-tenant: '${{TENANT}}', accept: text/html}}}}\n"
    );
    let environment = format!(
        "addresses: {{other: '{}'}}\n    allow: {{private_addresses: true}}",
        other.url()
    );
    let sandbox = Sandbox::with_environment(&server.url(), &environment, &smoke);
    let ran = sandbox.run_with(
        &[],
        &[("KEY", "planted-key-1234"), ("TENANT", "planted-tenant")],
    );
    ran.ends(0, &["status"]);
    let heads = heads.lock().expect("no test panicked with it");
    assert!(heads.contains("text/html"), "{heads}");
    assert!(!heads.contains("planted"), "{heads}");
}

#[test]
fn what_a_host_names_itself_is_not_below_the_path_of_the_address_nor_without_its_user() {
    let server = serve(|request| {
        let host = request
            .headers()
            .get("host")
            .and_then(|host| host.to_str().ok());
        let health = format!("http://{}/app/health", host.unwrap_or_default());
        match request.uri().path() {
            "/app/old" => redirect(301, &health),
            "/app/page" => {
                let mut page = reply(200, "<script src='/app/main.js'></script>");
                let html = "text/html".parse().expect("is a value");
                page.headers_mut().insert("content-type", html);
                page
            }
            "/app/main.js" => {
                let mut script = reply(200, "1");
                let kind = "text/javascript".parse().expect("is a value");
                script.headers_mut().insert("content-type", kind);
                script
            }
            "/app/health" | "/app/id" => reply(200, "ok"),
            _ => reply(404, ""),
        }
    });
    let address = server.address();
    let smoke = format!(
        "probes:\n  - assets: {{name: page, path: /page}}\n  \
         - http: {{name: a, path: /old, redirects: ['http://{address}/app/health']}}\n  \
         - http: {{name: b, path: /old, redirects: [/health]}}\n"
    );
    let url = format!("http://smoke:${{PASSWORD}}@{address}/app");
    let sandbox = Sandbox::new(&url, &smoke);
    sandbox
        .run_with(&[], &[("PASSWORD", "planted-pass")])
        .ends(0, &["redirect", "assets"]);
}

#[test]
fn what_a_service_has_just_made_is_not_shown() {
    let server = serve(|request| match request.uri().path() {
        "/login" => {
            let mut login = reply(
                200,
                r#"{"access_token":"FRESH-0123456789","refresh_token":"FRESH"}"#,
            );
            let token = "FRESH-header-0123456789".parse().expect("is a value");
            login.headers_mut().insert("x-auth-token", token);
            login
        }
        "/callback" => redirect(302, "https://app.example/cb?code=FRESH&access_token=FRESH"),
        "/echo" => {
            let token = request.headers().get("authorization");
            let token = token
                .and_then(|token| token.to_str().ok())
                .unwrap_or_default();
            reply(200, &format!("{}{token} SQLSTATE 42P01", "pad ".repeat(20)))
        }
        _ => reply(200, ""),
    });
    let smoke = "probes:
  - http: {name: login, path: /login, json: {$.access_token: {exists: true}}, response_headers: {x-auth-token: {exists: true}}}
  - http: {name: wrong, path: /login, status: [201], json: {$.token: {exists: true}}}
  - http: {name: other, path: /login, json: {$.token: {exists: true}}}
  - http: {name: callback, path: /callback}
  - http: {name: location, path: /callback, status: [302], response_headers: {location: {starts_with: 'https://app'}}}
  - http: {name: echo, path: /echo, headers: {authorization: 'Bearer ${TOK}'}, not_contains: [SQLSTATE]}
  - journey: {name: journey, steps: [{name: sign in, path: /login, capture: {t: {json: $.token}}}]}
";
    let token = "good-planted-1234567890abcdefghijklmnopqrstuvw";
    let sandbox = Sandbox::new(&server.url(), smoke);
    let ran = sandbox.run_with(&["-v"], &[("TOK", token)]);
    ran.ends(
        1,
        &[
            "a value of 23 characters",
            "code=***&access_token=***",
            "`SQLSTATE` at byte",
        ],
    );
    for secret in ["FRESH", "planted", "1234567890", "opqrstuvw"] {
        let receipt = format!("{:?}", ran.receipt);
        assert!(
            !ran.all().contains(secret) && !receipt.contains(secret),
            "{secret}: {}",
            ran.all()
        );
    }
}

#[test]
fn redirects_are_followed_where_they_are_declared_and_nowhere_else() {
    let server = serve(|request| match request.uri().path() {
        "/" => redirect(301, "/app"),
        "/app" => redirect(302, "/login"),
        "/old" => redirect(301, "https://old.example/"),
        "/login" => reply(200, "Sign in"),
        _ => reply(200, ""),
    });
    probes(
        &server,
        "  - http: {name: home, path: /, redirects: [/app, /login], contains: [Sign in]}\n",
    )
    .ends(
        0,
        &["301 from http://127.0.0.1:", "/app to http://127.0.0.1:"],
    );
    probes(
        &server,
        "  - http: {name: home, path: /old, redirects: [/new]}\n",
    )
    .ends(1, &["/old redirects to `https://old.example/`"]);
    probes(
        &server,
        "  - http: {name: home, path: /app, redirects: [/login, /more]}\n",
    )
    .ends(1, &["/login answers 200 and redirects nowhere"]);
}

#[test]
fn each_phase_has_a_limit_of_its_own() {
    let server = serve(|_| reply(200, ""));
    probes(
        &server,
        "  - http: {name: home, path: /, phases: {connect: 1s, first_byte: 2s, total: 3s}}\n",
    )
    .ends(0, &["connect", "median of 5, limit 1000 ms (+2 more)"]);
    probes(
        &server,
        "  - http: {name: home, path: /, phases: {tls: 1s}}\n",
    )
    .ends(3, &["had tls in 0 of 5 exchanges"]);
    let slow = serve(|request| {
        if request.uri().path() == "/slow" {
            std::thread::sleep(std::time::Duration::from_millis(60));
        }
        reply(200, "")
    });
    probes(
        &slow,
        "  - http: {name: home, path: /slow, phases: {first_byte: 50ms}}\n",
    )
    .ends(
        1,
        &["first byte takes", "and 50 ms are allowed (median of 5)"],
    );
}

#[test]
fn http_2_is_spoken_with_prior_knowledge_only_when_asked() {
    let server = serve(|_| reply(200, ""));
    probes(
        &server,
        "  - http: {name: home, path: /, protocol: http/1.1}\n",
    )
    .ends(0, &[]);
    let ran = probes(
        &server,
        "  - http: {name: home, path: /, protocol: http/2}\n",
    );
    assert_ne!(ran.code, 0, "{}", ran.all());
}

#[test]
fn a_body_and_its_type_are_sent_where_the_environment_allows_it() {
    let server = serve(|request| {
        let has = |name: &str, value: &str| {
            request
                .headers()
                .get(name)
                .is_some_and(|found| found == value)
        };
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let is_right = match request.uri().path() {
            "/json" => has("content-type", "application/json") && body == r#"{"a":"geheim-123"}"#,
            "/form" => {
                has("content-type", "application/x-www-form-urlencoded")
                    && body == "a=b+c&p=geheim-123"
            }
            "/text" => has("content-type", "text/csv") && body == "a;b",
            _ => true,
        };
        reply(if is_right { 201 } else { 400 }, &body)
    });
    let smoke = "probes:
  - http: {name: json, path: /json, method: POST, status: [201], body: {json: '{\"a\":\"${SECRET}\"}'}}
  - http: {name: form, path: /form, method: POST, status: [201], body: {form: {a: b c, p: '${SECRET}'}}}
  - http: {name: text, path: /text, method: PUT, status: [201], headers: {content-type: text/csv}, body: {text: a;b}}
  - http: {name: wrong, path: /json, method: POST, status: [201], body: {json: '{\"b\":\"${SECRET}\"}'}}
";
    let variables = [("SECRET", "geheim-123")];
    let refused = Sandbox::new(&server.url(), smoke).run_with(&[], &variables);
    refused.ends(2, &["sends `POST`, which `staging` does not allow"]);
    let allowed = Sandbox::with_allow(&server.url(), "methods: [POST, PUT]", smoke);
    let ran = allowed.run_with(&[], &variables);
    ran.ends(1, &["`wrong` answered 400, not 201", "--data-binary"]);
    assert!(!ran.all().contains("geheim"), "{}", ran.all());
    assert_eq!(
        ran.all().matches("answered 400").count(),
        2,
        "{}",
        ran.all()
    );
}

#[test]
fn a_post_is_never_repeated() {
    let asked = Arc::new(AtomicU64::new(0));
    let count = asked.clone();
    let server = serve(move |request| {
        if request.method() == "POST" {
            count.fetch_add(1, Ordering::SeqCst);
            return reply(502, "");
        }
        reply(200, "")
    });
    let smoke = "probes:\n  - http: {name: order, path: /order, method: POST}\n";
    let ran = Sandbox::with_allow(&server.url(), "methods: [POST]", smoke).run(&[]);
    ran.ends(1, &["`order` answered 502, not 200 (1 attempt)"]);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn private_addresses_and_requests_are_granted_by_the_environment() {
    let server = serve(|_| reply(200, ""));
    let smoke = "wait: 200ms\nprobes:\n  - http: {name: a, path: /}\n";
    let private = Sandbox::with_environment(&server.url(), "allow: {}", smoke).run(&[]);
    private.ends(3, &["address not allowed"]);
    let many = "probes:\n  - load: {name: a, path: /, p95: 500ms}\n";
    let ran = Sandbox::with_allow(&server.url(), "requests: 100", many).run(&[]);
    ran.ends(
        2,
        &["send 321 requests to `staging`, and `allow.requests` grants 100"],
    );
}

#[test]
fn another_address_of_the_environment_is_asked_by_its_name() {
    let server = serve(|_| reply(200, "api"));
    let docs = serve(|_| reply(200, "docs"));
    let environment = format!(
        "addresses: {{docs: '{}'}}\n    allow: {{private_addresses: true}}",
        docs.url()
    );
    let smoke = "probes:\n  - http: {name: api, path: /, contains: [api]}\n  \
                 - http: {name: docs, at: docs, path: /, contains: [docs]}\n";
    Sandbox::with_environment(&server.url(), &environment, smoke)
        .run(&[])
        .ends(0, &["2 probes hold"]);
}

#[test]
fn a_page_tells_its_release_by_a_meta_tag() {
    let server = serve(|request| {
        let mut page = reply(200, "<head><meta name=\"commit\" content=\"1.1.0\"></head>");
        page.headers_mut().remove("x-release");
        if request.uri().path() != "/" {
            *page.body_mut() = "ok".into();
        }
        page
    });
    let smoke = "wait: 5s\nprobes:\n  - http: {name: a, path: /a}\n";
    Sandbox::with_identity(&server.url(), "meta: {name: commit}", smoke)
        .run(&[])
        .ends(
            0,
            &["5 of 5 fresh connections to `web` were answered by 1.1.0"],
        );
    Sandbox::with_identity(
        &server.url(),
        "meta: {name: version}",
        &smoke.replace("5s", "200ms"),
    )
    .run(&[])
    .ends(1, &["did not answer as 1.1.0"]);
}

#[test]
fn a_command_tells_the_release_of_a_service_that_does_not() {
    let server = serve(|_| {
        let mut silent = reply(200, "");
        silent.headers_mut().remove("x-release");
        silent
    });
    let run = |command: &str, wait: &str| {
        let identity = format!("command: {{run: {command}}}");
        let smoke = format!("wait: {wait}\nprobes:\n  - http: {{name: a, path: /a}}\n");
        Sandbox::with_identity(&server.url(), &identity, &smoke).run(&[])
    };
    run(
        "[sh, -c, 'test -n \"$SLUICEGATE_URL\" && echo 1.1.0']",
        "5s",
    )
    .ends(
        0,
        &["1 of 1 runs of its command for `web` were answered by 1.1.0"],
    );
    run("[echo, 1.0.0]", "200ms").ends(1, &["1.0.0 by its command"]);
    run("[sh, -c, 'echo broken >&2; exit 3']", "200ms").ends(3, &["never answered"]);
    run("[]", "200ms").ends(2, &["`services.web.identity` has an empty command"]);
}

#[test]
fn a_probe_for_another_environment_is_not_asked() {
    let server = serve(|request| match request.uri().path() {
        "/only-production" => reply(500, ""),
        _ => reply(200, ""),
    });
    let environment =
        "allow: {private_addresses: true}\n  production:\n    url: http://127.0.0.1:1";
    let smoke = "probes:\n  - http: {name: a, path: /}\n  \
                 - http: {name: b, path: /only-production, environments: [production]}\n";
    let text = Sandbox::with_environment_last(&server.url(), environment, smoke);
    text.run(&["--environment", "staging"])
        .ends(0, &["1 probe holds"]);
}

#[test]
fn waiting_for_its_own_allowance_is_no_slow_server() {
    let server = serve(|request| {
        let mut reply = reply(200, "data: tick\n\n");
        if request.uri().path() == "/events" {
            let kind = "text/event-stream".parse().expect("is a value");
            reply.headers_mut().insert("content-type", kind);
        }
        reply
    });
    let mut probes: String = (0..20)
        .map(|number| format!("  - http: {{name: a{number}, path: /, within: 300ms}}\n"))
        .collect();
    probes += "  - sse: {name: events, path: /events, within: 300ms}\n";
    let smoke = format!("wait: 20s\nconnections: 1\nattempts: 1\nprobes:\n{probes}");
    Sandbox::with_allow(&server.url(), "per_second: 20", &smoke)
        .run(&[])
        .ends(0, &["21 probes hold"]);
}

/// Sends a body as if it were packed this way, whoever asks for what.
fn packed(coding: &str, body: Vec<u8>) -> Reply {
    let mut reply = reply(200, "");
    *reply.body_mut() = bytes::Bytes::from(body).into();
    let coding = coding.parse().expect("is a value");
    reply.headers_mut().insert("content-encoding", coding);
    reply
}

fn gzip(plain: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder
        .write_all(plain.as_bytes())
        .expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

#[test]
fn a_compressed_body_is_unpacked_before_it_is_judged() {
    let server = serve(|request| match request.uri().path() {
        "/json" => packed("gzip", gzip(DOCUMENT)),
        "/trace" => packed("gzip", gzip("Traceback (most recent call last)")),
        "/brotli" => packed("br", b"Traceback".to_vec()),
        _ => reply(200, ""),
    });
    let json = "  - http: {name: a, path: /json, json: {$.status: healthy}, contains: [healthy]}\n";
    probes(&server, json).ends(0, &["contains `healthy`"]);
    let trace = "  - http: {name: a, path: /trace, not_contains: [Traceback]}\n";
    probes(&server, trace).ends(1, &["has a body with `Traceback` at byte 0"]);
    let brotli = "  - http: {name: a, path: /brotli, not_contains: [Traceback]}\n";
    probes(&server, brotli).ends(3, &["has a body in `br` that cannot be unpacked here"]);
}

#[test]
fn a_page_that_answers_once_and_then_breaks_is_not_fast() {
    let asked = AtomicU64::new(0);
    let server = serve(move |request| match request.uri().path() {
        "/page" if asked.fetch_add(1, Ordering::SeqCst) > 0 => reply(500, "boom"),
        _ => reply(200, ""),
    });
    let page = "  - http: {name: a, path: /page, phases: {total: 1s}}\n";
    let ran = probes(&server, page);
    ran.ends(1, &["answered 500, not 200, as sample 2 of its phases"]);
}

#[test]
fn the_phases_of_a_redirect_are_those_of_the_page_that_it_leads_to() {
    let server = serve(|request| match request.uri().path() {
        "/old" => redirect(302, "/new"),
        "/new" => {
            std::thread::sleep(std::time::Duration::from_millis(120));
            reply(200, "")
        }
        _ => reply(200, ""),
    });
    let page = "  - http: {name: a, path: /old, redirects: [/new], phases: {total: 100ms}}\n";
    probes(&server, page).ends(1, &["total takes 1", "/new"]);
}
