//! Certificates, chains, versions of TLS, HTTPS only, and certificates of clients.

use crate::sandbox::{Ran, Sandbox};
use crate::server::{Reply as Plain, Server, answer, with_headers};
use crate::{finding, outcome, reason, release, whole};
use shared::verdict::Outcome;
use std::time::{Duration, Instant};
use support::servers::{
    Authority, ByteServer, HttpServer, Leaf, Reply, Request, Served, Site, Sites, Then,
};

/// What a site must have to be one of the release's own: it says its release.
const OWN: &str = "add_header x-release 1.1.0 always;";
const TO_HTTPS: &str = "return 301 https://localhost:{port}$request_uri;";

fn authority() -> Authority {
    Authority::new().expect("certificates can be made")
}

/// Runs these probes, trusting an authority, against an environment without TLS.
fn run(authority: &Authority, probes: &str) -> Ran {
    let server = release(|_| whole(200, ""));
    run_at(authority, &server.url(), probes)
}

/// The same against an environment of its own.
fn run_at(authority: &Authority, url: &str, probes: &str) -> Ran {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let roots = authority.trusted_in(folder.path()).expect("it is writable");
    let smoke = format!("wait: 20s\nprobes:\n{probes}");
    let roots = roots.display().to_string();
    Sandbox::new(url, &smoke).run_with(&[], &[("SSL_CERT_FILE", &roots)])
}

/// A probe of a port.
fn probe(name: &str, port: u16, settings: &str) -> String {
    format!("  - tls: {{ name: {name}, address: 'localhost:{port}', {settings} }}\n")
}

/// Asserts that a run passes and that these words are in its evidence.
#[track_caller]
fn holds(ran: &Ran, words: &[&str]) {
    ran.ends(0, &[]);
    let records = &ran.receipt.as_ref().expect("a receipt was written").records;
    let evidence: Vec<&String> = records
        .iter()
        .flat_map(|record| match &record.outcome {
            Outcome::Pass { evidence } => evidence.iter(),
            _ => [].iter(),
        })
        .collect();
    for word in words {
        assert!(
            evidence.iter().any(|one| one.contains(word)),
            "`{word}`: {evidence:#?}"
        );
    }
}

/// What a check found at one probe.
fn found(ran: &Ran, check: &str, name: &str) -> Vec<String> {
    let Outcome::Fail { findings } = outcome(ran, check) else {
        return Vec::new();
    };
    let start = format!("`{name}` ");
    let messages = findings.iter().map(|finding| &finding.message);
    messages
        .filter(|message| message.starts_with(&start))
        .cloned()
        .collect()
}

/// Asserts that a check found exactly one thing at a probe, with these words in it.
#[track_caller]
fn finds(ran: &Ran, check: &str, name: &str, words: &str) {
    let found = found(ran, check, name);
    assert!(
        found.len() == 1 && found[0].contains(words),
        "`{check}` should find `{words}` at `{name}` and nothing else: {found:#?}\n{}",
        ran.all()
    );
}

#[track_caller]
fn finds_nothing(ran: &Ran, check: &str, name: &str) {
    let found = found(ran, check, name);
    assert!(found.is_empty(), "`{check}` at `{name}`: {found:#?}");
}

/// Something that speaks HTTP over TLS and says its release.
fn secure(served: &Served, headers: &'static [(&'static str, &'static str)]) -> HttpServer {
    let tls = served
        .server(&["h2", "http/1.1"])
        .expect("it can be served");
    HttpServer::start_secure(tls, move |request: &Request| {
        // Over HTTP/2 the server leaves it to us to send no body after `HEAD`.
        let body = if request.method() == "HEAD" { "" } else { "ok" };
        let mut reply = Reply::new(body.into());
        for (name, value) in [("x-release", "1.1.0")].iter().chain(headers) {
            let value = value.parse().expect("is a value");
            reply.headers_mut().insert(*name, value);
        }
        reply
    })
    .expect("a port is free")
}

// --- what holds ------------------------------------------------------------------------------

#[test]
fn nginx_as_it_should_be_passes_with_everything_it_shows() {
    let authority = authority();
    let site = Site::new(authority.localhost().expect("is made")).with(
        "http2; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets off; add_header x-release 1.1.0;",
    );
    let sites = Sites::nginx(&[site], TO_HTTPS).expect("nginx starts");
    let clear = sites.clear_port();
    let ran = run_at(
        &authority,
        &sites.url(),
        &format!(
            "  - tls: {{ name: site, names: [127.0.0.1], alpn: [h2], tickets: false, \
             issuer: {{ contains: Test intermediate }}, \
             versions: {{ require: [TLSv1.2, TLSv1.3] }} }}\n  \
             - https: {{ name: only, port: {clear} }}\n"
        ),
    );
    holds(
        &ran,
        &[
            "`site`: trusted by this machine",
            "`site`: is for `localhost`",
            "`site`: is for `127.0.0.1`",
            "certificate 1 of 2: `CN=localhost` for localhost, 127.0.0.1, issued by `CN=Test \
             intermediate`, valid until 20",
            "(90 days left), P-256, ecdsa-with-SHA256, SHA-256 fingerprint ",
            "`site`: the server has the key",
            "2 certificates are sent, and the path is whole: `CN=localhost`, `CN=Test intermediate`",
            "agrees on TLSv1.3 with TLS13_",
            "ALPN `h2`",
            "`site`: speaks TLSv1.2",
            "`site`: refuses TLSv1: alert ",
            "`site`: refuses TLSv1.1: alert ",
            "`site`: gives no session ticket in TLSv1.2",
            "→ 301 to https://localhost:",
            "→ 200",
        ],
    );
    let detail = &ran.receipt.as_ref().expect("a receipt was written").detail["tls"][0];
    assert_eq!(detail["version"], "TLSv1.3");
    let fingerprint = detail["certificates"][0]["sha256"].as_str();
    assert_eq!(fingerprint.map(str::len), Some(64));
    assert_eq!(detail["certificates"][0]["days_left"], 90);
}

#[test]
fn caddy_with_the_same_certificate_passes() {
    let authority = authority();
    let site = Site::new(authority.localhost().expect("is made")).with("header x-release 1.1.0");
    let sites = Sites::caddy(&[site]).expect("caddy starts");
    let probes = "  - tls: { name: site, alpn: [h2], versions: { require: [TLSv1.2, TLSv1.3] } }\n";
    let ran = run_at(&authority, &sites.url(), probes);
    holds(
        &ran,
        &[
            "`site`: agrees on TLSv1.3",
            "`site`: refuses TLSv1.1: alert 70",
        ],
    );
}

#[test]
fn names_with_a_wildcard_and_addresses_are_covered() {
    let authority = authority();
    let leaf = Leaf::server(&["*.shop.example", "shop.example", "10.1.2.3"]);
    let server = secure(&authority.issue(&leaf).expect("is made"), &[]);
    let port = server.address().port();
    let ran = run(
        &authority,
        &[
            probe(
                "all",
                port,
                "server_name: www.shop.example, names: [shop.example, 10.1.2.3]",
            ),
            probe("deep", port, "server_name: a.b.shop.example"),
            probe("other", port, "server_name: 10.1.2.4"),
        ]
        .concat(),
    );
    ran.ends(1, &[]);
    finds_nothing(&ran, "certificate", "all");
    finds(
        &ran,
        "certificate",
        "deep",
        "not for `a.b.shop.example` (its names: *.shop.example, ",
    );
    finds(&ran, "certificate", "other", "not for `10.1.2.4`");
}

#[test]
fn a_root_that_is_sent_besides_is_no_fault() {
    let authority = authority();
    let server = secure(&authority.with_root().expect("is made"), &[]);
    let ran = run(&authority, &probe("site", server.address().port(), ""));
    holds(&ran, &["3 certificates are sent"]);
}

// --- faults of certificates ------------------------------------------------------------------

#[test]
fn every_faulty_certificate_of_a_real_server_is_found_and_nothing_else() {
    let authority = authority();
    let weak = "ssl_ciphers DEFAULT@SECLEVEL=0; ssl_protocols TLSv1.2 TLSv1.3;";
    let made = |served: support::Result<Served>| Site::new(served.expect("is made"));
    let soon = Leaf::server(&["localhost"]).days_left(5);
    let variants = [
        ("expired", made(authority.expired())),
        ("early", made(authority.not_yet_valid())),
        ("name", made(authority.wrong_name())),
        ("purpose", made(authority.wrong_purpose())),
        ("soon", made(authority.issue(&soon))),
        ("lone", made(authority.missing_intermediate())),
        ("own", made(Authority::self_signed())),
        ("middle", made(authority.expired_intermediate())),
        ("extra", made(authority.extra())),
        ("order", made(authority.wrong_order())),
        ("short", made(authority.weak_key()).with(weak)),
        ("sha1", made(authority.weak_signature()).with(weak)),
        ("v1", made(authority.version_one()).with(weak)),
        ("stranger", made(self::authority().localhost())),
    ];
    let sites: Vec<Site> = variants.iter().map(|(_, site)| site.clone()).collect();
    let sites = Sites::nginx(&sites, "").expect("nginx starts");
    let probes = variants.iter().enumerate();
    let probes = probes.map(|(number, (name, _))| probe(name, sites.port(number), ""));
    let ran = run(&authority, &probes.collect::<String>());
    ran.ends(1, &["openssl s_client -connect localhost:"]);

    finds(
        &ran,
        "certificate",
        "expired",
        "certificate 1 of 2 (`CN=localhost`), which expired on 20",
    );
    finds(&ran, "certificate", "early", "which is not valid before 20");
    finds(
        &ran,
        "certificate",
        "name",
        "not for `localhost` (its names: other.example)",
    );
    finds(&ran, "certificate", "purpose", "may not be used by servers");
    finds(&ran, "certificate", "soon", "has 5 days left, until 20");
    finds(
        &ran,
        "certificate",
        "lone",
        "is not trusted by this machine",
    );
    finds(&ran, "certificate", "own", "is not trusted by this machine");
    finds(
        &ran,
        "certificate",
        "middle",
        "certificate 2 of 2 (`CN=Test intermediate`), which expired",
    );
    finds(
        &ran,
        "certificate",
        "short",
        "which has a weak key (RSA 1024)",
    );
    finds(
        &ran,
        "certificate",
        "sha1",
        "is signed with ecdsa-with-SHA1, which can be forged",
    );
    finds(
        &ran,
        "certificate",
        "stranger",
        "is not trusted by this machine",
    );
    let old = found(&ran, "certificate", "v1");
    assert_eq!(old.len(), 2, "{old:#?}");
    assert!(
        old[0].contains("not for `localhost` (its names: none)"),
        "{old:#?}"
    );
    assert!(old[1].contains("is of X.509 version 1"), "{old:#?}");
    for name in ["extra", "order"] {
        finds_nothing(&ran, "certificate", name);
    }

    finds(
        &ran,
        "chain",
        "lone",
        "`CN=Test intermediate`, which signed `CN=localhost`, was not sent",
    );
    finds(&ran, "chain", "own", "`CN=localhost` is signed by itself");
    finds(
        &ran,
        "chain",
        "middle",
        "certificate 2 of 2 (`CN=Test intermediate`), which expired on",
    );
    finds(
        &ran,
        "chain",
        "extra",
        "certificate 3 of 3 (`CN=Other intermediate`), which has nothing",
    );
    finds(
        &ran,
        "chain",
        "order",
        "certificate 2 of 3 (`CN=Test root`), which stands before",
    );
    finds(
        &ran,
        "chain",
        "stranger",
        "`CN=Test root`, which signed `CN=Test intermediate`, was not",
    );
    for name in ["expired", "early", "name", "purpose", "soon", "short"] {
        finds_nothing(&ran, "chain", name);
    }
    // Only old clients would mind, and none of these sites serves them.
    assert_eq!(
        outcome(&ran, "tls-versions").word(),
        "pass",
        "{}",
        ran.all()
    );
}

#[test]
fn all_faults_of_one_certificate_are_found_at_once() {
    let authority = authority();
    let leaf = Leaf {
        from: -60,
        until: -3,
        ..Leaf::client("other.example")
    };
    let mut served = authority.issue(&leaf).expect("is made");
    served.chain.truncate(1);
    let server = secure(&served, &[]);
    let probes = probe("site", server.address().port(), "issuer: 'CN=Somebody'");
    let ran = run(&authority, &probes);
    ran.ends(1, &[]);
    let found = found(&ran, "certificate", "site");
    for words in [
        "not trusted",
        "not for `localhost`",
        "expired on",
        "used by servers",
        "issuer must",
    ] {
        assert!(
            found.iter().any(|one| one.contains(words)),
            "`{words}`: {found:#?}"
        );
    }
    assert_eq!(found.len(), 5, "{found:#?}");
    finds(&ran, "chain", "site", "was not sent");
}

#[test]
fn what_is_no_certificate_and_what_belongs_to_another_is_found() {
    let authority = authority();
    let stolen = secure(&authority.stolen().expect("is made"), &[]);
    let unreadable = secure(&authority.unreadable().expect("is made"), &[]);
    let ran = run(
        &authority,
        &[
            probe("stolen", stolen.address().port(), ""),
            probe("odd", unreadable.address().port(), ""),
        ]
        .concat(),
    );
    ran.ends(1, &[]);
    finds(
        &ran,
        "certificate",
        "stolen",
        "did not prove that it has the key",
    );
    let odd = found(&ran, "certificate", "odd");
    assert!(
        odd.iter()
            .any(|one| one.contains("1 of 2, which cannot be read")),
        "{odd:#?}"
    );
    assert!(!found(&ran, "chain", "odd").is_empty());
}

#[test]
fn a_machine_that_trusts_nobody_cannot_judge() {
    let authority = authority();
    let server = secure(&authority.localhost().expect("is made"), &[]);
    let own = release(|_| whole(200, ""));
    let probes = probe("site", server.address().port(), "");
    let smoke = format!("wait: 20s\nprobes:\n{probes}");
    let ran = Sandbox::new(&own.url(), &smoke).run_with(&[], &[("SSL_CERT_FILE", "/dev/null")]);
    ran.ends(3, &["this machine has no trusted certificates"]);
}

#[test]
fn a_clock_that_is_wrong_somewhere_is_said_or_makes_it_unknown() {
    let authority = authority();
    let served = authority.localhost().expect("is made");
    let far = secure(&served, &[("date", "Fri, 01 Jan 2100 00:00:00 GMT")]);
    let ran = run_at(&authority, &far.url(), "  - tls: { name: site }\n");
    ran.ends(
        3,
        &[
            "by the server's clock only: the server's clock is",
            "s ahead of this machine's",
        ],
    );
    let long = Leaf::server(&["localhost"]).days_left(3000);
    let old = secure(
        &authority.issue(&long).expect("is made"),
        &[("date", "Fri, 02 Jan 2026 00:00:00 GMT")],
    );
    let ran = run_at(&authority, &old.url(), "  - tls: { name: site }\n");
    assert!(
        reason(&ran, "certificate").contains("s behind this machine's"),
        "{}",
        ran.all()
    );
}

// --- versions --------------------------------------------------------------------------------

#[test]
fn a_real_server_that_still_speaks_the_old_versions_fails() {
    let authority = authority();
    let old = Site::new(authority.localhost().expect("is made"))
        .with("ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT@SECLEVEL=0;");
    let only = Site::new(authority.localhost().expect("is made"))
        .with("ssl_protocols TLSv1; ssl_ciphers DEFAULT@SECLEVEL=0;");
    let new = Site::new(authority.localhost().expect("is made")).with("ssl_protocols TLSv1.3;");
    let sites = Sites::nginx(&[old, only, new], "").expect("nginx starts");
    let ran = run(
        &authority,
        &[
            probe(
                "old",
                sites.port(0),
                "versions: { refuse: [TLSv1, TLSv1.1], require: [TLSv1.3] }",
            ),
            probe("only", sites.port(1), ""),
            probe(
                "tickets",
                sites.port(0),
                "tickets: false, versions: { refuse: [] }",
            ),
            probe("h2", sites.port(0), "alpn: [h2], versions: { refuse: [] }"),
            probe(
                "new",
                sites.port(2),
                "versions: { refuse: [TLSv1.2] }, tickets: false",
            ),
        ]
        .concat(),
    );
    ran.ends(1, &["-tls1 -cipher DEFAULT@SECLEVEL=0 </dev/null"]);
    let old = found(&ran, "tls-versions", "old");
    assert_eq!(
        old,
        [
            "`old` does not speak TLSv1.3",
            "`old` still speaks TLSv1",
            "`old` still speaks TLSv1.1"
        ]
    );
    let only = found(&ran, "tls-versions", "only");
    assert_eq!(
        only,
        [
            "`only` speaks neither TLSv1.2 nor TLSv1.3",
            "`only` still speaks TLSv1",
            "`only` answers an offer of TLSv1.1 with an even older version"
        ]
    );
    finds(
        &ran,
        "tls-versions",
        "tickets",
        "gives a session ticket in TLSv1.2",
    );
    finds(&ran, "tls-versions", "h2", "by ALPN, not on h2");
    finds_nothing(&ran, "tls-versions", "new");
}

#[test]
fn what_is_spoken_with_uncommon_suites_alone_is_no_refusal() {
    let authority = authority();
    // No library of today offers CBC in 1.2, and no client at all anonymous suites.
    let cbc = Site::new(authority.localhost().expect("is made"))
        .with("ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0;");
    let anonymous = Site::new(authority.localhost().expect("is made")).with(
        "ssl_protocols TLSv1 TLSv1.2; \
         ssl_ciphers AECDH-AES128-SHA:ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0;",
    );
    let sites = Sites::nginx(&[cbc, anonymous], "").expect("nginx starts");
    let ran = run(
        &authority,
        &[
            probe("refuse", sites.port(0), "versions: { refuse: [TLSv1.2] }"),
            probe("require", sites.port(0), "versions: { require: [TLSv1.2] }"),
            probe("odd", sites.port(1), ""),
        ]
        .concat(),
    );
    ran.ends(1, &[]);
    finds(&ran, "tls-versions", "refuse", "speaks TLSv1.2");
    finds_nothing(&ran, "tls-versions", "require");
    let odd = found(&ran, "tls-versions", "odd");
    assert!(
        odd.iter().any(|one| one == "`odd` still speaks TLSv1"),
        "{odd:#?}"
    );
}

#[test]
fn the_certificates_of_older_clients_are_judged_as_well() {
    let authority = authority();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let other = authority.weak_key().expect("is made");
    let (certificate, key) = other.write(folder.path(), "other").expect("is writable");
    let directives = format!(
        "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0; \
         ssl_certificate {}; ssl_certificate_key {};",
        certificate.display(),
        key.display()
    );
    let site = Site::new(authority.localhost().expect("is made")).with(&directives);
    let sites = Sites::nginx(&[site], "").expect("nginx starts");
    let ran = run(&authority, &probe("site", sites.port(0), ""));
    ran.ends(1, &["-tls1_2 -showcerts"]);
    let message = finding(&ran, "certificate");
    assert!(
        message.starts_with("`site` in `TLSv1.2` sends certificate 1 of 2")
            && message.ends_with("which has a weak key (RSA 1024)"),
        "{message}"
    );
}

// --- bad input -------------------------------------------------------------------------------

#[test]
fn what_speaks_no_tls_is_unknown_in_time() {
    let authority = authority();
    let plain = release(|_| whole(200, ""));
    let garbage = ByteServer::start(&[0xa5; 4096], Then::Hold).expect("a port is free");
    let silent = ByteServer::start(b"", Then::Hold).expect("a port is free");
    let closing = ByteServer::start(b"", Then::Close).expect("a port is free");
    // The start of a ServerHello that never goes on.
    let half = ByteServer::start(&[22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3], Then::Close);
    let half = half.expect("a port is free");
    let nobody = support::ports::free_ports(1).expect("a port is free")[0];
    let start = Instant::now();
    for port in [
        plain.address().port(),
        garbage.address().port(),
        silent.address().port(),
        closing.address().port(),
        half.address().port(),
        nobody,
    ] {
        let ran = run(
            &authority,
            &probe("site", port, "within: 400ms, tickets: false, alpn: [h2]"),
        );
        ran.ends(
            3,
            &["`site` showed no certificate", "`site` agreed on no TLS"],
        );
        for check in ["certificate", "chain", "tls-versions"] {
            assert_eq!(
                outcome(&ran, check).word(),
                "unknown",
                "{check} {}",
                ran.all()
            );
        }
    }
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_plain_server_is_named_for_what_it_answers() {
    let authority = authority();
    let plain = ByteServer::start(b"HTTP/1.1 400 Bad Request\r\n\r\n", Then::Close);
    let plain = plain.expect("a port is free");
    let ran = run(&authority, &probe("site", plain.address().port(), ""));
    ran.ends(3, &["with `HTTP/1.1 400 Bad Request`, which is no TLS"]);
}

#[test]
fn a_server_that_demands_a_certificate_is_judged_all_the_same() {
    let authority = authority();
    let served = authority.localhost().expect("is made");
    let tls = served
        .server_demanding(&authority.trusted(), &[])
        .expect("it can be served");
    let server = HttpServer::start_secure(tls, |_: &Request| Reply::new("ok".into()));
    let server = server.expect("a port is free");
    let ran = run(&authority, &probe("site", server.address().port(), ""));
    holds(&ran, &["`site`: the server has the key"]);
}

// --- HTTPS only ------------------------------------------------------------------------------

#[test]
fn a_closed_port_and_hsts_are_evidence() {
    let authority = authority();
    let served = authority.localhost().expect("is made");
    let headers = &[(
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    )];
    let server = secure(&served, headers);
    let port = support::ports::free_ports(1).expect("a port is free")[0];
    let probe = format!(
        "  - https: {{ name: only, port: {port}, hsts: {{ max_age: 31536000, include_subdomains: true }} }}\n"
    );
    let ran = run_at(&authority, &server.url(), &probe);
    holds(
        &ran,
        &[
            "is closed, and HTTPS answers at the same host",
            "`Strict-Transport-Security` is `max-age=31536000; includeSubDomains`",
        ],
    );
}

#[test]
fn plain_http_that_answers_or_leads_elsewhere_fails() {
    let authority = authority();
    let site = Site::new(authority.localhost().expect("is made")).with(OWN);
    for (clear, words) in [
        ("return 200 ok;", "with 200 over plain HTTP"),
        (
            "return 302 https://localhost:{port}/;",
            "on with 302, not with 301 or 308",
        ),
        (
            "return 301 https://other.example/;",
            "which is another host; it was not followed",
        ),
        ("return 301 http://localhost:{port}/;", "which is not HTTPS"),
    ] {
        let sites = Sites::nginx(std::slice::from_ref(&site), clear).expect("nginx starts");
        let probe = format!(
            "  - https: {{ name: only, port: {}, hsts: {{}} }}\n",
            sites.clear_port()
        );
        let ran = run_at(&authority, &sites.url(), &probe);
        ran.ends(
            1,
            &[words, "sends no `Strict-Transport-Security` over HTTPS"],
        );
    }
}

#[test]
fn a_door_without_an_answer_is_unknown() {
    let authority = authority();
    let server = secure(&authority.localhost().expect("is made"), &[]);
    for silent in [
        ByteServer::start(b"", Then::Hold),
        ByteServer::start(&[0xa5; 64], Then::Hold),
        ByteServer::start(b"", Then::Close),
    ] {
        let port = silent.as_ref().expect("a port is free").address().port();
        let probe = format!("  - https: {{ name: only, port: {port}, within: 300ms }}\n");
        let ran = run_at(&authority, &server.url(), &probe);
        ran.ends(3, &["`only` has an open port at http://localhost:"]);
    }
}

#[test]
fn waiting_for_its_own_allowance_is_no_closed_port() {
    let authority = authority();
    let server = secure(&authority.localhost().expect("is made"), &[]);
    let clear = HttpServer::start(|_| Reply::new("hello".into())).expect("a port is free");
    let mut probes: String = (0..20)
        .map(|number| format!("  - http: {{ name: a{number}, path: / }}\n"))
        .collect();
    let port = clear.address().port();
    probes += &format!("  - https: {{ name: only, port: {port}, within: 300ms }}\n");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let roots = authority.trusted_in(folder.path()).expect("it is writable");
    let smoke = format!("wait: 20s\nconnections: 1\nprobes:\n{probes}");
    let ran = Sandbox::with_allow(&server.url(), "per_second: 20", &smoke)
        .run_with(&[], &[("SSL_CERT_FILE", &roots.display().to_string())]);
    finds(&ran, "https-only", "only", "with 200 over plain HTTP");
}

// --- certificates of clients -----------------------------------------------------------------

/// Writes a client's certificate and runs an http probe that shows it.
fn shows(authority: &Authority, client: &Served, url: &str) -> Ran {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (certificate, key) = client
        .write(folder.path(), "client")
        .expect("it is writable");
    run_at(
        authority,
        url,
        &format!(
            "  - http: {{ name: own, path: /, client_certificate: {{ certificate: {}, key: {} }} }}\n",
            certificate.display(),
            key.display()
        ),
    )
}

#[test]
fn a_client_shows_its_certificate_to_nginx() {
    let authority = authority();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let roots = authority.trusted_in(folder.path()).expect("it is writable");
    let demand = format!(
        "{OWN} ssl_client_certificate {}; ssl_verify_client optional; ssl_verify_depth 3; \
         location = / {{ if ($ssl_client_verify != SUCCESS) {{ return 403 $ssl_client_verify; }} \
         return 200 $ssl_client_s_dn; }}",
        roots.display()
    );
    let site = Site::new(authority.localhost().expect("is made")).with(&demand);
    let sites = Sites::nginx(&[site], "").expect("nginx starts");
    let client = authority.client("deployer").expect("is made");
    shows(&authority, &client, &sites.url()).ends(0, &[]);
    let without = run_at(
        &authority,
        &sites.url(),
        "  - http: { name: own, path: / }\n",
    );
    without.ends(1, &["`own` answered 403, not 200", "curl -sS -i"]);
    let stranger = self::authority().client("deployer").expect("is made");
    let refused = shows(&authority, &stranger, &sites.url());
    refused.ends(1, &["--cert ", "--key "]);
    assert!(
        finding(&refused, "status").contains("answered 4"),
        "{}",
        refused.all()
    );
}

#[test]
fn a_server_that_takes_nobody_without_a_certificate_is_unknown_without_one() {
    let authority = authority();
    let served = authority.localhost().expect("is made");
    let tls = served.server_demanding(&authority.trusted(), &["http/1.1"]);
    let server = HttpServer::start_secure(tls.expect("it can be served"), |_: &Request| {
        Reply::new("ok".into())
    });
    let server = server.expect("a port is free");
    let own = Server::start(|_| Plain::Send(with_headers(200, &[("x-release", "1.1.0")], "")));
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let client = authority.client("deployer").expect("is made");
    let (certificate, key) = client
        .write(folder.path(), "client")
        .expect("it is writable");
    let roots = authority.trusted_in(folder.path()).expect("it is writable");
    let text = |shown: &str| {
        format!(
            "version: 1\nproject: cal\nenvironments:\n  staging:\n    url: {}\n    addresses: \
             {{ inner: '{}' }}\n    allow: {{ private_addresses: true }}\n    services:\n      web:\n        \
             target: {{ command: {{ deploy: [deploy], stop: [stop], stable: [\"127.0.0.1:1\"], \
             canary: [] }} }}\nservices:\n  web:\n    identity: {{ header: {{ name: x-release, path: /id }} }}\n\
             smoke:\n  wait: 20s\n  probes:\n    - http: {{ name: inner, at: inner, path: /, {shown} }}\n",
            own.url(),
            server.url()
        )
    };
    let roots = roots.display().to_string();
    let trusted = [("SSL_CERT_FILE", roots.as_str())];
    let shown = format!(
        "client_certificate: {{ certificate: {}, key: {} }}",
        certificate.display(),
        key.display()
    );
    Sandbox::with_file(&text(&shown))
        .run_with(&[], &trusted)
        .ends(0, &[]);
    Sandbox::with_file(&text(""))
        .run_with(&[], &trusted)
        .ends(3, &["`inner` had no answer"]);
}

// --- both halves -----------------------------------------------------------------------------

#[test]
fn every_check_passes_against_the_good_site_and_fails_against_the_bad_one() {
    use support::prove::{Quality, cases};
    let own = release(|_| whole(200, ""));
    let mut cases = cases().into_iter();
    let case = cases.find(|case| case.checks.contains(&"certificate"));
    let case = case.expect("there is a case for TLS");
    for (quality, word) in [(Quality::Good, "pass"), (Quality::Bad, "fail")] {
        let started = (case.start)(quality).expect("nginx starts");
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let roots = folder.path().join("roots.pem");
        std::fs::write(&roots, started.trusted.concat()).expect("it is writable");
        let probes = started.probes.iter();
        let probes: String = probes.map(|probe| format!("  - {probe}\n")).collect();
        let (key, addresses) = &started.environment[0];
        let roots = roots.display().to_string();
        let ran = Sandbox::with_file(&format!(
            "version: 1\nproject: cal\nenvironments:\n  staging:\n    url: {}\n    {key}: {addresses}\n    \
             allow: {{ private_addresses: true }}\n    services:\n      web:\n        target: {{ command: \
             {{ deploy: [deploy], stop: [stop], stable: [\"127.0.0.1:1\"], canary: [] }} }}\nservices:\n  \
             web:\n    identity: {{ header: {{ name: x-release, path: /id }} }}\nsmoke:\n  wait: 20s\n  \
             probes:\n{}",
            own.url(),
            probes.replace("  - ", "    - ")
        ))
        .run_with(&[], &[("SSL_CERT_FILE", &roots)]);
        for check in case.checks {
            assert_eq!(outcome(&ran, check).word(), word, "{check}: {}", ran.all());
        }
    }
}

// --- mistakes in the file --------------------------------------------------------------------

#[test]
fn what_could_never_hold_or_never_fail_is_refused() {
    let authority = authority();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let client = authority.client("deployer").expect("is made");
    let other = authority.client("deployer").expect("is made");
    client
        .write(folder.path(), "client")
        .expect("it is writable");
    other.write(folder.path(), "other").expect("it is writable");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let shows = |certificate: &str, key: &str| {
        format!(
            "http: {{ name: a, path: /, client_certificate: {{ certificate: {}, key: {} }} }}",
            path(certificate),
            path(key)
        )
    };
    let https = "https://a.example";
    for (url, probe, words) in [
        (
            "http://a.example",
            "tls: { name: a }".to_owned(),
            "does not start with `https://`",
        ),
        (
            https,
            "tls: { name: a, address: 'https://b' }".into(),
            "is `host:port` and nothing else",
        ),
        (
            https,
            "tls: { name: a, address: 'b:99999' }".into(),
            "invalid port",
        ),
        (
            https,
            "tls: { name: a, names: ['*.b'] }".into(),
            "`*.b` in `names`",
        ),
        (
            https,
            "tls: { name: a, names: [b, b] }".into(),
            "the name `b` twice",
        ),
        (
            https,
            "tls: { name: a, server_name: '' }".into(),
            "cannot be a host's name",
        ),
        (
            https,
            "tls: { name: a, min_days: 99999 }".into(),
            "no certificate lasts so long",
        ),
        (
            https,
            "tls: { name: a, within: 0s }".into(),
            "`within` of 0",
        ),
        (
            https,
            "tls: { name: a, issuer: {} }".into(),
            "names no predicate",
        ),
        (
            https,
            "tls: { name: a, issuer: { exists: false } }".into(),
            "every certificate has one",
        ),
        (
            https,
            "tls: { name: a, alpn: [''] }".into(),
            "no or too many letters",
        ),
        (
            https,
            "tls: { name: a, versions: { refuse: [TLSv1.2, TLSv1.3] } }".into(),
            "nothing would be left",
        ),
        (
            https,
            "tls: { name: a, versions: { refuse: [TLSv1.2], require: [TLSv1.2] } }".into(),
            "both requires and refuses TLSv1.2",
        ),
        (
            https,
            "tls: { name: a, versions: { require: [TLSv1.1], refuse: [] } }".into(),
            "RFC 8996 forbids",
        ),
        (
            https,
            "tls: { name: a, versions: { refuse: [SSLv3] } }".into(),
            "SSLv3",
        ),
        (
            "http://a.example",
            "https: { name: a }".into(),
            "does not start with `https://`",
        ),
        (
            https,
            "https: { name: a, redirect: [] }".into(),
            "has no status in `redirect`",
        ),
        (
            https,
            "https: { name: a, redirect: [200] }".into(),
            "has 200 in `redirect`",
        ),
        (
            https,
            "https: { name: a, port: 443 }".into(),
            "the `port` 443",
        ),
        (
            https,
            shows("none.pem", "client.key"),
            "which cannot be read",
        ),
        (
            https,
            shows("client.key", "client.key"),
            "has no certificate (PEM) in it",
        ),
        (
            https,
            shows("client.pem", "client.pem"),
            "has no key (PEM, not encrypted) in it",
        ),
        (
            https,
            shows("client.pem", "other.key"),
            "cannot be used with",
        ),
        (
            "http://a.example",
            shows("client.pem", "client.key"),
            "an address without TLS",
        ),
    ] {
        let smoke = format!("probes:\n  - {probe}\n");
        let ran = Sandbox::new(url, &smoke).run(&[]);
        ran.ends(2, &[words, "sluicegate.yml:"]);
    }
}

#[test]
fn the_plan_names_every_handshake() {
    let smoke = "probes:\n  - tls: { name: site }\n  - https: { name: only }\n";
    let ran = Sandbox::new("https://a.example", smoke).run(&["--plan"]);
    ran.ends(
        0,
        &[
            "TLS handshakes with a.example:443",
            "TLSv1 and TLSv1.1 must be refused",
            "GET http://a.example/",
        ],
    );
}

#[test]
fn an_old_server_is_asked_for_its_certificates_as_well() {
    let server = Server::start(|_| Plain::Send(answer(200, "1.0.0", "")));
    let smoke = "wait: 300ms\nprobes:\n  - tls: { name: site, address: 'localhost:1' }\n";
    let ran = Sandbox::new(&server.url(), smoke).run(&[]);
    ran.ends(1, &["never answered as 1.1.0"]);
    assert!(
        reason(&ran, "chain").starts_with("`site` showed no certificate"),
        "{}",
        ran.all()
    );
}
