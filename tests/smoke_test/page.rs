//! Pages in a real browser: fast and slow ones, broken ones, and browsers that do not work.

use crate::sandbox::{Ran, Sandbox};
use shared::verdict::Outcome;
use std::time::{Duration, Instant};
use support::servers::{HttpServer, Page, PageServer};

const GOOD: &str = "<main id=app><h1>Welcome</h1><p>Everything is fine.</p></main>";

/// A server with one page.
fn server(page: Page) -> PageServer {
    let answer = move |path: &str, _: &str| match path {
        "/page" => page.clone(),
        "/hero.svg" => Page::picture(600, 400).late(Duration::from_millis(900)),
        "/id" | "/away" => Page::html("elsewhere"),
        _ => Page::html("there is nothing").status(404),
    };
    PageServer::start(answer).expect("a port is free")
}

fn sandbox(server: &PageServer, settings: &str) -> Sandbox {
    let smoke =
        format!("wait: 20s\nprobes:\n  - page: {{ name: home, path: /page, {settings} }}\n");
    Sandbox::new(&server.url(), &smoke)
}

fn open(page: Page, settings: &str) -> Ran {
    let server = server(page);
    sandbox(&server, settings).run(&["-v"])
}

fn html(body: &str) -> Page {
    Page::html(body)
}

fn findings(ran: &Ran) -> Vec<String> {
    let receipt = ran.receipt.as_ref().expect("a receipt was written");
    let record = receipt.records.iter().find(|record| record.check == "page");
    match &record.expect("it was judged").outcome {
        Outcome::Fail { findings } => findings.iter().map(|one| one.message.clone()).collect(),
        other => panic!("it should fail, not {other:?}\n{}", ran.all()),
    }
}

#[test]
fn a_fast_page_passes_with_the_median_of_five_runs() {
    let settings = "first_contentful_paint: 5s, largest_contentful_paint: 5s, \
                    cumulative_layout_shift: 0.1, time_to_interactive: 10s, bytes: 1MiB, \
                    contains: [Welcome], selector: '#app h1'";
    // The task takes longer than what counts as short.
    let script = "<script>setTimeout(() => { const end = performance.now() + 150; \
                  while (performance.now() < end); }, 300)</script>";
    let ran = open(html(&format!("{GOOD}{script}")), settings);
    ran.ends(
        0,
        &[
            "`home` was opened 5 times in Chrome/",
            "without throttling",
            "largest contentful paint is",
            "time to interactive is",
            "`home` shows `Welcome`",
            "`home` has an element `#app h1`",
            "answers to probes were answered by 1.1.0",
        ],
    );
    let detail = &ran.receipt.as_ref().expect("a receipt was written").detail["page"][0];
    assert_eq!(detail["runs"].as_array().map(Vec::len), Some(5));
    assert!(detail["runs"][0]["first_contentful_paint"].as_f64() > Some(0.0));
    assert!(
        detail["runs"][0]["time_to_interactive"].as_f64() > Some(450.0),
        "{detail}"
    );
}

#[test]
fn a_late_picture_makes_the_largest_paint_late_and_is_named() {
    let page = html("<h1>Welcome</h1><img id=hero class=wide src=/hero.svg width=600 height=400>");
    let ran = open(page, "largest_contentful_paint: 500ms");
    ran.ends(
        1,
        &[
            "`home` is too slow: largest contentful paint is",
            "of `img#hero.wide http://",
        ],
    );
    let detail = &ran.receipt.as_ref().expect("a receipt was written").detail["page"][0];
    assert!(
        detail["runs"][0]["largest_contentful_paint"].as_f64() > Some(900.0),
        "{detail}"
    );
    assert!(
        detail["runs"][0]["first_contentful_paint"].as_f64() < Some(900.0),
        "{detail}"
    );
}

#[test]
fn what_jumps_is_measured() {
    let script = "<script>setTimeout(() => document.body.insertAdjacentHTML('afterbegin', \
                  '<div style=height:300px>advertisement</div>'), 200)</script>";
    let ran = open(
        html(&format!("{GOOD}{script}")),
        "cumulative_layout_shift: 0.01",
    );
    ran.ends(1, &["`home` jumps too far: cumulative layout shift is 0."]);
}

#[test]
fn a_heavy_page_and_a_blank_one_fail() {
    let heavy = html(&format!("{GOOD}<!-- {} -->", "x".repeat(50_000)));
    open(heavy, "bytes: 20KiB").ends(1, &["`home` is too heavy: transfer size is 49"]);
    let blank = open(html(""), "first_contentful_paint: 5s");
    blank.ends(1, &["`home` is blank: it paints nothing"]);
}

#[test]
fn every_error_of_a_page_is_found_at_once() {
    let page = html(&format!(
        "{GOOD}<script>console.error('boom', {{ code: 7 }}); console.warn('not this')</script>\
         <script>setTimeout(() => {{ throw new TypeError('nobody caught it') }}, 20)</script>\
         <img src=/missing.png alt=''><script src=http://127.0.0.1:1/x.js></script>"
    ));
    let ran = open(
        page.clone(),
        "runs: 2, contains: [Goodbye], selector: '#nope', within: 2s",
    );
    ran.ends(1, &["boom", "/missing.png answered 404", "net::ERR_"]);
    let found = findings(&ran);
    for words in [
        "`home` has 1 errors that nothing caught in 2 of 2 runs (limit 0): `TypeError: nobody",
        "`home` has 1 errors on the console in 2 of 2 runs (limit 0): `boom Object`",
        "`home` has 2 failed requests in 2 of 2 runs (limit 0): `GET http://127.0.0.1:",
        "`home` does not show `Goodbye` in 2 of 2 runs",
        "`home` has no element `#nope` in 2 of 2 runs",
    ] {
        assert!(
            found.iter().any(|one| one.starts_with(words)),
            "{words}\n{found:?}"
        );
    }
    let ran = open(page, "runs: 1, console_errors: 1, failed_requests: 2");
    assert_eq!(
        findings(&ran).len(),
        1,
        "only what nothing caught: {}",
        ran.all()
    );
}

#[test]
fn an_error_page_fails_with_its_status() {
    open(html("oops").status(500), "runs: 2").ends(1, &["`home` answered 500 in 2 of 2 runs"]);
    let empty = Page::other("text/html", "").status(503);
    open(empty, "runs: 1").ends(1, &["`home` answered 503 in 1 of 1 runs"]);
}

#[test]
fn a_page_that_never_ends_or_never_comes_fails_in_time() {
    for page in [
        html(GOOD).endless(),
        html(GOOD).late(Duration::from_secs(60)),
    ] {
        let begun = Instant::now();
        let ran = open(page, "runs: 5, within: 2s");
        ran.ends(1, &["`home` was not loaded within 2s"]);
        assert!(
            begun.elapsed() < Duration::from_secs(12),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn a_page_that_holds_its_browser_does_not_hold_us() {
    let alert = html(&format!("<script>alert('stop')</script>{GOOD}"));
    open(alert, "runs: 1, contains: [Welcome]").ends(0, &["shows `Welcome`"]);
    let endless = html(&format!("{GOOD}<script>for (;;);</script>"));
    open(endless, "runs: 1, within: 2s").ends(1, &["was not loaded within 2s"]);
    let later = html(&format!(
        "{GOOD}<script>setTimeout(() => {{ for (;;); }}, 400)</script>"
    ));
    open(later, "runs: 1, within: 2s").ends(1, &["was not loaded within 2s"]);
}

#[test]
fn what_comes_a_little_later_is_waited_for() {
    let script = "<script>setTimeout(() => document.body.insertAdjacentHTML('beforeend', \
                  '<p id=late>at last</p>'), 1500)</script>";
    let page = html(&format!("{GOOD}{script}"));
    open(page, "runs: 1, contains: [at last], selector: '#late'").ends(0, &["shows `at last`"]);
}

#[test]
fn a_page_leads_to_declared_addresses_only() {
    let other = PageServer::start(|_, _| panic!("nothing may be asked of it")).expect("starts");
    let away = html("")
        .status(302)
        .header("location", format!("{}/away", other.url()));
    let words = format!(
        "`home` leads to `{}/away`, which is no address",
        other.url()
    );
    open(away, "runs: 5").ends(1, &[&words]);
    let script = html(&format!(
        "<script>location = '{}/away'</script>",
        other.url()
    ));
    open(script, "runs: 5").ends(1, &[&words]);
    // To another page of the same address it may lead.
    let near = html("").status(302).header("location", "/away");
    open(near, "runs: 1, contains: [elsewhere]").ends(0, &["shows `elsewhere`"]);
}

#[test]
fn a_visitor_is_signed_in_by_cookie_and_header_and_neither_is_seen() {
    const COOKIE: &str = "c00kie-planted-by-the-test";
    const TOKEN: &str = "t0ken-planted-by-the-test";
    let third = PageServer::start(|_, head| {
        let is_told = head.contains(TOKEN) || head.contains(COOKIE);
        Page::other("text/javascript", "").status(if is_told { 500 } else { 200 })
    });
    let third = third.expect("starts");
    // Cookies are of a host, whatever its port.
    let source = format!("{}/third.js", third.url().replace("127.0.0.1", "localhost"));
    let server = PageServer::start(move |path, head| {
        let head = head.to_lowercase();
        let is_known = head.contains(&format!("session={COOKIE}"))
            && head.contains(&format!("authorization: bearer {TOKEN}"))
            && head.contains("sluicegate-smoke-test/")
            && head.contains("x-sluicegate-run: ");
        match path {
            "/id" => Page::html(""),
            "/page" if is_known => Page::html(&format!(
                "<p id=out></p><script src='{source}'></script><script>fetch('/data')\
                 .then((one) => one.text()).then((text) => out.textContent = text)</script>"
            )),
            "/data" if is_known => Page::other("text/plain", "private matters"),
            _ => Page::html(&head).status(401),
        }
    });
    let server = server.expect("starts");
    let settings = "runs: 1, contains: [private matters], cookies: { session: '${COOKIE}' }, \
                    headers: { Authorization: 'Bearer ${TOKEN}' }";
    let sandbox = sandbox(&server, settings);
    let ran = sandbox.run_with(&["-vv"], &[("COOKIE", COOKIE), ("TOKEN", TOKEN)]);
    ran.ends(0, &["shows `private matters`"]);
    let wrong = sandbox.run_with(&["-vv"], &[("COOKIE", "another"), ("TOKEN", TOKEN)]);
    wrong.ends(1, &["answered 401"]);
    let plan = sandbox.run_with(&["--plan"], &[("COOKIE", COOKIE), ("TOKEN", TOKEN)]);
    plan.ends(0, &["in headless Chromium", "Cookie: session=…"]);
    for ran in [ran, wrong, plan] {
        let inner = serde_json::to_string(&ran.receipt).expect("is JSON");
        for sink in [&ran.stdout, &ran.stderr, &inner] {
            assert!(!sink.contains(COOKIE) && !sink.contains(TOKEN), "{sink}");
        }
    }
}

#[test]
fn a_page_with_tls_must_not_load_anything_without() -> support::Result<()> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("can be made");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            let chain = vec![made.cert.der().clone()];
            builder
                .with_no_client_auth()
                .with_single_cert(chain, key.into())
        })
        .expect("the certificate is ours");
    let server = HttpServer::start_secure(config.into(), |request| {
        let body = match request.uri().path() {
            "/mixed" => "<h1>Welcome</h1><script src=http://mixed.invalid/x.js></script>",
            _ => "<link rel=icon href='data:,'><h1>Welcome</h1>",
        };
        let reply = hyper::Response::builder();
        let reply = reply
            .header("content-type", "text/html")
            .header("x-release", "1.1.0");
        reply
            .body(hyper::body::Bytes::from(body).into())
            .expect("the headers are literals")
    })?;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, made.cert.pem()).expect("the folder is new");
    let trusted = trusted.to_str().expect("is UTF-8");
    let open = |path: &str| {
        let page = format!("page: {{ name: home, path: {path}, runs: 1, contains: [Welcome] }}");
        let smoke = format!("wait: 20s\nprobes:\n  - {page}\n");
        Sandbox::new(&server.url(), &smoke).run_with(&["-v"], &[("SSL_CERT_FILE", trusted)])
    };
    open("/").ends(0, &["shows `Welcome`"]);
    open("/mixed").ends(1, &["requests without TLS on a page with it"]);
    Ok(())
}

#[test]
fn a_shortcut_shows_what_it_must() {
    let page = html(&format!(
        "{GOOD}<dialog id=new>new task</dialog><p id=always>here</p><script>\
         addEventListener('keydown', (e) => {{ if (e.metaKey && e.code === 'KeyN') \
         document.getElementById('new').showModal() }})</script>"
    ));
    let keys = "runs: 1, keys: [{ press: Meta+N, selector: '#new' }]";
    open(page.clone(), keys).ends(0, &["`home`: `Meta+N` shows `#new`"]);
    let keys = "runs: 1, keys: [{ press: Meta+E, selector: '#new' }]";
    open(page.clone(), keys).ends(1, &["`home` shows no `#new` when `Meta+E` is pressed"]);
    let keys = "runs: 1, keys: [{ press: Meta+N, selector: '#always' }]";
    open(page, keys).ends(3, &["`#always` is visible before `Meta+N` is pressed"]);
}

/// A page whose requests are written down, and the list of them.
fn recorded(body: &str) -> (PageServer, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    let requests = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
    let (list, page) = (requests.clone(), html(body));
    let server = PageServer::start(move |path, head| {
        let method = head.split_whitespace().next().unwrap_or_default();
        let mut list = list.lock().expect("no test panics while it has it");
        list.push(format!("{method} {path}"));
        match path {
            "/page" => page.clone(),
            "/worker.js" => {
                Page::other("text/javascript", "fetch('/by-worker', { method: 'PUT' })")
            }
            _ => Page::html(""),
        }
    });
    (server.expect("a port is free"), requests)
}

/// What a page may send is what the environment allows, whoever in it sends it.
#[test]
fn a_page_sends_nothing_that_the_environment_does_not_allow() {
    let (server, requests) = recorded(&format!(
        "{GOOD}<dialog id=gone>gone</dialog><script>\
         fetch('/by-script?token=x', {{ method: 'POST' }}).catch(() => 0);\
         navigator.sendBeacon('/by-beacon', 'x');\
         navigator.serviceWorker.register('/worker.js'); new SharedWorker('/worker.js');\
         addEventListener('keydown', (e) => {{ fetch('/orders/7', {{ method: 'DELETE' }});\
         document.getElementById('gone').showModal() }})</script>"
    ));
    let settings = "runs: 1, keys: [{ press: Delete, selector: '#gone' }]";
    let ran = sandbox(&server, settings).run(&["-v"]);
    let words = format!("`home` sends `POST {}/by-script` and ", server.url());
    ran.ends(
        3,
        &[
            &words,
            "which `allow.methods` does not grant: it was held back",
        ],
    );
    let sent = |requests: &std::sync::Mutex<Vec<String>>| {
        let list = requests.lock().expect("no test panics while it has it");
        let writes = list.iter().filter(|line| !line.starts_with("GET "));
        writes.cloned().collect::<Vec<_>>()
    };
    assert_eq!(sent(&requests), Vec::<String>::new());
    let smoke = "wait: 20s\nprobes:\n  - page: { name: home, path: /page, runs: 1 }\n";
    let allow = "methods: [POST, PUT], per_second: 100000";
    Sandbox::with_allow(&server.url(), allow, smoke)
        .run(&["-v"])
        .ends(0, &[]);
    assert!(sent(&requests).contains(&"POST /by-script?token=x".to_owned()));
}

#[test]
fn a_beacon_is_held_back_and_the_page_is_judged() {
    let (server, requests) = recorded(&format!(
        "{GOOD}<script>navigator.sendBeacon('/seen', 'x')</script>"
    ));
    let ran = sandbox(&server, "runs: 1, contains: [Welcome]").run(&["-v"]);
    ran.ends(
        0,
        &["/seen` was held back, because `allow.methods` does not grant it"],
    );
    let list = requests.lock().expect("no test panics while it has it");
    assert!(!list.iter().any(|line| line.ends_with("/seen")), "{list:?}");
}

#[test]
fn a_page_asks_for_no_more_and_no_faster_than_the_environment_allows() {
    let pictures: String = (0..60)
        .map(|number| format!("<img src=/{number}.png alt=''>"))
        .collect();
    let (server, requests) = recorded(&format!("{GOOD}{pictures}"));
    let smoke = |settings: &str| {
        format!("wait: 20s\nprobes:\n  - page: {{ name: home, path: /page, {settings} }}\n")
    };
    let allow = "requests: 20, per_second: 100000";
    let sandbox = Sandbox::with_allow(&server.url(), allow, &smoke("runs: 1"));
    let why = "the 20 requests that `allow.requests` grants are used up";
    sandbox.run(&["-v"]).ends(3, &[why]);
    let count = |requests: &std::sync::Mutex<Vec<String>>| {
        requests
            .lock()
            .expect("no test panics while it has it")
            .len()
    };
    assert!(count(&requests) <= 20, "{}", count(&requests));
    let begun = Instant::now();
    let allow = "requests: 1000, per_second: 20";
    let sandbox = Sandbox::with_allow(&server.url(), allow, &smoke("runs: 1, within: 20s"));
    sandbox.run(&["-v"]).ends(0, &["`home` was opened once"]);
    assert!(
        begun.elapsed() > Duration::from_millis(2900),
        "{:?}",
        begun.elapsed()
    );
    let settings = "runs: 1, within: 1s, contains: [Welcome]";
    let sandbox = Sandbox::with_allow(&server.url(), allow, &smoke(settings));
    sandbox.run(&["-v"]).ends(
        3,
        &["its requests waited up to", "ms for `allow.per_second`"],
    );
}

#[test]
fn a_web_socket_that_does_not_open_fails() {
    let page = format!(
        "{GOOD}<script>new WebSocket('ws://' + location.host + '/live').onerror = () => 0</script>"
    );
    open(html(&page), "runs: 1").ends(1, &["has 1 failed requests", "WebSocket ws://127.0.0.1:"]);
}

#[test]
fn what_a_page_still_downloads_is_counted() {
    let script = "<script>fetch('/heavy').then((one) => one.text())</script>";
    let page = html(&format!("{GOOD}{script}"));
    let server = PageServer::start(move |path, _| match path {
        "/page" => page.clone(),
        "/heavy" => Page::other("text/plain", &"x".repeat(60_000)).endless(),
        _ => Page::html(""),
    });
    let server = server.expect("a port is free");
    let heavy = sandbox(&server, "bytes: 50KiB, within: 20s").run(&["-v"]);
    heavy.ends(1, &["`home` is too heavy: transfer size is "]);
}

#[test]
fn where_a_page_leads_is_told() {
    let away = html("").status(302).header("location", "/away");
    let ran = open(away, "runs: 1");
    ran.ends(
        0,
        &[
            "without throttling, and led to `http://127.0.0.1:",
            "/away`",
        ],
    );
}

#[test]
fn a_text_that_is_shown_in_capitals_is_there() {
    let page = html(
        "<h1 style='text-transform: uppercase'>Book <b>a</b>\n meeting</h1><p hidden>secret</p>\
         <p>on</p><p>ly</p>",
    );
    open(
        page.clone(),
        "runs: 1, contains: [Book a meeting, BOOK A MEETING]",
    )
    .ends(0, &[]);
    for hidden in ["secret", "only"] {
        let settings = format!("runs: 1, contains: [{hidden}], within: 2s");
        let words = format!("does not show `{hidden}`");
        open(page.clone(), &settings).ends(1, &[&words]);
    }
}

#[test]
fn a_selector_that_is_none_is_unknown() {
    open(html(GOOD), "runs: 1, selector: '[['").ends(3, &["the page cannot be asked: SyntaxError"]);
}

#[test]
fn mistakes_in_the_file_are_found_before_a_browser_is_started() {
    let server = server(html(GOOD));
    for (settings, words) in [
        (
            "runs: 3, first_contentful_paint: 1s",
            "needs `runs` from 5 to 25",
        ),
        (
            "keys: [{ press: Hyper+N, selector: a }]",
            "has `Hyper` before the last key",
        ),
        ("cookies: { 'a b': c }", "has the cookie `a b`"),
        ("headers: { Host: a }", "sends the header `Host`"),
        ("contents: [a]", "there is no key `contents` here"),
    ] {
        let ran = sandbox(&server, settings).run(&[]);
        ran.ends(2, &[words]);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.all());
    }
}

// --- browsers that do not work ---------------------------------------------------------------

/// A folder with git and, where it is given, a program that calls itself Chromium.
fn path(browser: Option<&str>) -> tempfile::TempDir {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for name in ["git", "sh", "sleep", "cat"] {
        let real = support::program::find(name, &[]).expect("every machine has it");
        symlink(real, folder.path().join(name)).expect("the folder is new");
    }
    if let Some(script) = browser {
        let program = folder.path().join("chromium");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("is writable");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&program, executable).expect("is ours");
    }
    folder
}

fn open_with(browser: Option<&str>) -> Ran {
    let server = server(html(GOOD));
    let folder = path(browser);
    let path = folder.path().to_str().expect("is UTF-8").to_owned();
    sandbox(&server, "runs: 1").run_with(&["-v"], &[("PATH", &path)])
}

#[test]
fn a_machine_without_a_browser_says_how_to_get_one() {
    open_with(None).ends(
        3,
        &[
            "`home` could not be opened: there is no Chromium on this machine; install it with \
             `apt-get install chromium`",
        ],
    );
}

#[test]
fn a_browser_that_ends_at_once_says_why() {
    open_with(Some("echo 'no usable sandbox' >&2; exit 7")).ends(
        3,
        &["the browser ended at its start (exit status: 7): no usable sandbox; allow user"],
    );
}

#[test]
fn a_browser_that_speaks_another_protocol_is_unknown() {
    let refusal = r#"printf '{"id":1,"error":{"message":"not here"}}\0' >&4"#;
    let noise = r"printf 'SSH-2.0-OpenSSH_9.2\r\n\0\377{\0' >&4; exec 4>&-";
    for (says, words) in [
        (refusal, "the browser refuses to talk: not here"),
        (noise, "the browser has ended"),
    ] {
        open_with(Some(&format!("{says}; exec sleep 60"))).ends(3, &[words]);
    }
}

/// A port would be open to every user of the machine, and whoever asks there gets the cookies.
#[test]
fn a_browser_does_not_listen() {
    let temporary = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = temporary.path().to_string_lossy().into_owned();
    let (seen, sees) = std::sync::mpsc::channel();
    let server = PageServer::start(move |path, _| {
        if path == "/page" {
            let _ = seen.send((is_running(&folder), is_listening(&folder)));
        }
        Page::html(GOOD)
    });
    let server = server.expect("a port is free");
    let sandbox = sandbox(&server, "runs: 1");
    let mut command = sandbox.command(&[]);
    command.env("TMPDIR", temporary.path());
    sandbox
        .ended(command.spawn().expect("the binary was built"))
        .ends(0, &[]);
    assert_eq!(sees.recv(), Ok((true, false)));
}

#[test]
fn a_run_that_is_stopped_leaves_no_browser_and_no_folder() {
    let server = server(html(GOOD).late(Duration::from_secs(60)));
    let sandbox = sandbox(&server, "runs: 5, within: 60s");
    let temporary = tempfile::tempdir().expect("a temporary folder can be made");
    let mut command = sandbox.command(&[]);
    command.env("TMPDIR", temporary.path());
    let child = command.spawn().expect("the binary was built");
    let profile = || std::fs::read_dir(temporary.path()).ok()?.flatten().next();
    let end = Instant::now() + Duration::from_secs(30);
    while !profile().is_some_and(|one| one.path().join("Default").exists()) {
        assert!(Instant::now() < end, "the browser never started");
        std::thread::yield_now();
    }
    let name = profile().map(|one| one.file_name().to_string_lossy().into_owned());
    let name = name.expect("it is there");
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.expect("has an id"), rustix::process::Signal::TERM)
        .expect("it runs");
    let ran = sandbox.ended(child);
    ran.ends(3, &["asked to stop"]);
    assert!(profile().is_none(), "the folder is left");
    let end = Instant::now() + Duration::from_secs(10);
    while is_running(&name) {
        assert!(Instant::now() < end, "the browser is left");
        std::thread::yield_now();
    }
}

/// Whether any process has this word among its arguments.
fn is_running(word: &str) -> bool {
    !processes(word).is_empty()
}

/// The folders of the processes that do.
fn processes(word: &str) -> Vec<std::path::PathBuf> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let has_word = |folder: &std::path::PathBuf| {
        let line = std::fs::read(folder.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(word)
    };
    all.map(|one| one.path()).filter(has_word).collect()
}

/// Whether any of them takes connections over TCP.
fn is_listening(word: &str) -> bool {
    const LISTEN: &str = "0A";
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    let tables = tables.map(std::result::Result::unwrap_or_default).concat();
    let rows = tables
        .lines()
        .map(|row| row.split_whitespace().collect::<Vec<_>>());
    let listening = rows.filter(|row| row.get(3) == Some(&LISTEN));
    let sockets = listening.filter_map(|row| Some(format!("socket:[{}]", row.get(9)?)));
    let sockets: Vec<String> = sockets.collect();
    assert!(!sockets.is_empty(), "the test's own server listens");
    let files = processes(word)
        .into_iter()
        .map(|folder| std::fs::read_dir(folder.join("fd")));
    let mut files = files.flatten().flatten().flatten();
    files.any(|file| {
        let link = std::fs::read_link(file.path()).unwrap_or_default();
        sockets
            .iter()
            .any(|socket| link.as_os_str() == socket.as_str())
    })
}
