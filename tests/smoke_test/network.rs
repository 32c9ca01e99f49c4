//! Ports, names, mail servers and gRPC, against servers that keep to their protocols and others.

use crate::sandbox::{Ran, Sandbox};
use crate::server::{Reply, Server, answer};
use crate::{finding, outcome, reason};
use shared::verdict::{Outcome, Verdict};
use std::io::Write as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use support::ports::free_ports;
use support::prove::{Quality, Started};
use support::servers::dns::{
    AUTHORITATIVE, Query, REMEMBERED, Record, SERVER_FAILURE, Said, TRUNCATED,
};
use support::servers::{
    Authority, DnsServer, GrpcReply, GrpcServer, Says, Served, SmtpScript, SmtpServer,
};

/// A service that answers as the release.
fn service() -> Server {
    Server::start(|_| Reply::Send(answer(200, "1.1.0", "")))
}

/// A sandbox whose probes are these YAML values.
fn sandbox(service: &Server, probes: &[&str]) -> Sandbox {
    let probes: String = probes
        .iter()
        .map(|probe| format!("  - {probe}\n"))
        .collect();
    Sandbox::new(&service.url(), &format!("wait: 20s\nprobes:\n{probes}"))
}

fn run(probe: &str) -> Ran {
    sandbox(&service(), &[probe]).run(&[])
}

fn evidence(ran: &Ran, check: &str) -> String {
    match crate::outcome(ran, check) {
        Outcome::Pass { evidence } => evidence.join("\n"),
        other => panic!("`{check}` should pass, not {other:?}: {}", ran.all()),
    }
}

fn refused(sandbox: &Sandbox, words: &[&str]) {
    let ran = sandbox.run(&[]);
    ran.ends(2, words);
    assert!(ran.receipt.is_none(), "{}", ran.all());
}

// --- ports -------------------------------------------------------------------------------------

/// A port that accepts connections and greets each with these bytes.
struct Listening {
    port: u16,
}

impl Listening {
    fn greeting(bytes: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming().flatten() {
                let mut greeted = &stream;
                let _ = greeted.write_all(bytes);
                open.push(stream);
            }
        });
        Self { port }
    }
}

fn closed_ports<const N: usize>() -> [u16; N] {
    let ports = free_ports(N).expect("ports are free");
    ports.try_into().expect("as many as were asked for")
}

#[test]
fn open_ports_and_closed_ports_beside_them_pass() {
    let open = Listening::greeting(b"");
    let [first, second] = closed_ports();
    let port = open.port;
    let ran = run(&format!(
        "ports: {{ name: outside, open: [{port}], closed: [{first}, {second}] }}"
    ));
    ran.ends(0, &["1 probe holds"]);
    assert!(evidence(&ran, "port-open").contains(&format!("accepted a connection on {port} in")));
    let closed = evidence(&ran, "port-closed");
    assert!(closed.contains("127.0.0.1 refused"), "{closed}");
    assert!(
        closed.ends_with(&format!("and port {port} is open")),
        "{closed}"
    );
}

#[test]
fn the_port_of_the_address_is_the_control_when_no_other_is_named() {
    let service = service();
    let [closed] = closed_ports();
    let probe = format!("ports: {{ name: outside, closed: [{closed}] }}");
    let ran = sandbox(&service, &[&probe]).run(&[]);
    ran.ends(0, &[]);
    let own = service.address().port();
    assert!(evidence(&ran, "port-closed").contains(&format!("port {own} is open")));
    assert_eq!(
        reason(&ran, "port-open"),
        "no probe names a port that must be open"
    );
}

#[test]
fn an_open_port_that_must_be_closed_fails_with_what_it_greets_with() {
    let redis = Listening::greeting(
        b"-NOAUTH \x1b[31m\xff\r\nsecond line that goes on and on and on and on and on and on",
    );
    let port = redis.port;
    let ran = run(&format!("ports: {{ name: outside, closed: [{port}] }}"));
    ran.ends(
        1,
        &[
            &format!("nc -vz -w 5 127.0.0.1 {port}"),
            "greets with `-NOAUTH [31m",
        ],
    );
    let message = finding(&ran, "port-closed");
    assert_eq!(
        message,
        format!("`outside`: port {port} of 127.0.0.1 is open")
    );
    assert!(!ran.all().contains('\u{1b}'));
}

#[test]
fn a_port_that_must_be_open_and_refuses_fails_and_closed_ones_then_mean_nothing() {
    let [down, closed] = closed_ports();
    let ran = run(&format!(
        "ports: {{ name: outside, open: [{down}], closed: [{closed}] }}"
    ));
    ran.ends(
        1,
        &[&format!("port {down} of 127.0.0.1 refused a connection")],
    );
    let why = reason(&ran, "port-closed");
    assert!(why.contains(&format!("({down} refused)")), "{why}");
}

#[test]
fn a_name_that_means_nothing_is_not_a_host_with_closed_ports() {
    let ran = run("ports: { name: typo, host: nowhere.invalid, open: [443], closed: [5432] }");
    ran.ends(3, &["`nowhere.invalid`"]);
    assert!(reason(&ran, "port-closed").contains("`typo`: `nowhere.invalid`"));
    assert!(reason(&ran, "port-open").contains("`typo`: `nowhere.invalid`"));
}

#[test]
fn an_address_that_is_not_public_is_not_tried_unless_allowed() {
    let service = service();
    let port = service.address().port();
    let file = std::fs::read_to_string(
        sandbox(&service, &["ports: { name: inside, open: [1] }"]).configuration(),
    );
    let file = file.expect("it was written");
    // The service itself is not allowed either, so what is asked never begins.
    let file = file.replace("private_addresses: true", "private_addresses: false");
    let ran = Sandbox::with_file(&file).run(&[]);
    ran.ends(3, &["address not allowed"]);
    assert!(!ran.all().contains(&format!("port {port} is open")));
}

#[test]
fn ports_that_compose_publishes_must_be_closed() {
    let service = service();
    let leaking = Listening::greeting(b"");
    let [redis, search] = closed_ports();
    let (own, port) = (service.address().port(), leaking.port);
    let probe = format!("ports: {{ name: outside, open: [{own}], compose: docker-compose.yml }}");
    let sandbox = sandbox(&service, &[&probe]);
    let compose = |db: u16| {
        format!(
            "services:\n  web:\n    ports: ['{own}:80']\n  db:\n    ports:\n      - \
             '127.0.0.1:{db}:5432'\n  redis:\n    ports:\n      - target: 6379\n        published: \
             ${{REDIS_PORT:-{redis}}}\n  search:\n    ports: ['${{SEARCH_PORT}}:7890/tcp', \
             '5353:53/udp']\n"
        )
    };
    sandbox.write("docker-compose.yml", &compose(port));
    let variables = [("SEARCH_PORT", &*search.to_string())];
    let ran = sandbox.run_with(&[], &variables);
    ran.ends(1, &[]);
    assert_eq!(
        finding(&ran, "port-closed"),
        format!(
            "`outside`: port {port} of 127.0.0.1 is open, which Compose publishes for `db` on \
             127.0.0.1"
        )
    );
    let [other] = closed_ports();
    sandbox.write("docker-compose.yml", &compose(other));
    let ran = sandbox.run_with(&[], &variables);
    ran.ends(0, &[]);
    for port in [redis, search, other] {
        assert!(
            evidence(&ran, "port-closed").contains(&port.to_string()),
            "{port}"
        );
    }
    let plan = sandbox.run_with(&["--plan"], &variables);
    plan.ends(0, &["probe `outside`: 3 closed, 5s for each connection"]);
    // Compose reads the file beside it for what its process has not.
    let beside = format!("# ports\nSEARCH_PORT={port}\nREDIS_PORT=\"{redis}\" # theirs\n");
    sandbox.write(".env", &beside);
    let ran = sandbox.run(&[]);
    ran.ends(1, &[]);
    let found = finding(&ran, "port-closed");
    assert!(
        found.ends_with("is open, which Compose publishes for `search`"),
        "{found}"
    );
    sandbox.run_with(&[], &variables).ends(0, &[]);
    sandbox.write(".env", "REDIS_PORT=${NOBODY_KNOWS}\n");
    sandbox.run_with(&[], &variables).ends(
        2,
        &["needs the variable `REDIS_PORT`, whose value in `.env` cannot be read"],
    );
    sandbox.write(".env", "");
    // Compose would take an empty text; the port would then be one that nobody looked at.
    sandbox
        .run(&[])
        .ends(2, &["needs the variable `SEARCH_PORT`, which is not set"]);
}

#[test]
fn a_probe_of_ports_that_could_not_fail_or_not_hold_is_refused() {
    let service = service();
    let own = service.address().port();
    for (probe, words) in [
        (
            "{ name: p }".to_owned(),
            "names no port, so nothing would be examined",
        ),
        ("{ name: p, open: [0] }".into(), "has the port 0"),
        ("{ name: p, open: [70000] }".into(), "70000"),
        (
            "{ name: p, open: [1], closed: [1] }".into(),
            "wants port 1 both open and closed",
        ),
        (
            "{ name: p, open: [1], within: 0s }".into(),
            "has a `within` of 0",
        ),
        (
            "{ name: p, host: h, closed: [1] }".into(),
            "has no `open`, so nothing would show",
        ),
        (
            "{ name: p, host: 'a b', open: [1] }".into(),
            "neither a name nor an address",
        ),
        (
            "{ name: p, host: h, at: x, open: [1] }".into(),
            "has both `at` and `host`",
        ),
        (
            "{ name: p, at: x, open: [1] }".into(),
            "no address of environment `staging`",
        ),
        (
            format!("{{ name: p, closed: [{own}] }}"),
            "at which the address itself is",
        ),
        (
            "{ name: p, compose: no.yml }".into(),
            "which cannot be read",
        ),
        ("{ name: p, closd: [1] }".into(), "closed"),
    ] {
        refused(
            &sandbox(&service, &[&format!("ports: {probe}")]),
            &[words, "sluicegate.yml:"],
        );
    }
    let probe = format!("ports: {{ name: p, open: [{own}], compose: c.yml }}");
    for (compose, words) in [
        ("services: [".to_owned(), "unclosed bracket"),
        ("a: 1".into(), "has no `services`"),
        (
            "services: { a: { image: b } }".into(),
            "publishes no TCP port",
        ),
        (
            "services: { a: { ports: ['1:1/udp', 80] } }".into(),
            "publishes no TCP port",
        ),
        (
            format!("services: {{ a: {{ ports: ['{own}:1'] }} }}"),
            "besides those in `open`",
        ),
        (
            "services: { a: { ports: ['1-2000:1'] } }".into(),
            "1000 are the most",
        ),
        (
            "include: [x.yml]\nservices: {}".into(),
            "docker compose config",
        ),
    ] {
        let sandbox = sandbox(&service, &[&probe]);
        sandbox.write("c.yml", &compose);
        refused(&sandbox, &[words]);
    }
}

// --- names -------------------------------------------------------------------------------------

fn zone() -> Vec<Record> {
    vec![
        Record::ns("cal.test", "ns1.cal.test"),
        Record::ns("cal.test", "ns2.cal.test"),
        Record::a("ns1.cal.test", [127, 0, 0, 1]),
        Record::a("ns2.cal.test", [127, 0, 0, 1]),
        Record::a("cal.test", [203, 0, 113, 7]),
        Record::a("cal.test", [203, 0, 113, 8]),
        Record::aaaa("cal.test", "2001:db8::7".parse().expect("is an address")),
        Record::cname("www.cal.test", "cal.test").ttl(60),
        Record::mx("cal.test", 10, "mail.cal.test"),
        Record::txt("cal.test", &[b"v=spf1 ", b"-all"]),
        Record::txt("odd.cal.test", &[b"\xff\xfe"]),
        Record::caa("cal.test", 0, "issue", "letsencrypt.org"),
    ]
}

fn names(answer: impl Fn(&Query) -> Said + Send + Sync + 'static) -> DnsServer {
    DnsServer::start(answer).expect("a port is free")
}

fn named(server: &DnsServer, settings: &str) -> Ran {
    let resolver = server.address();
    run(&format!(
        "dns: {{ name: apex, resolver: '{resolver}', {settings} }}"
    ))
}

#[test]
fn records_of_every_type_are_read_from_a_name_server() {
    let server = names(|query| query.of_zone(&zone()));
    for (settings, said) in [
        (
            "host: CAL.test., type: A, expected: [203.0.113.8, 203.0.113.7]",
            "203.0.113.7, 203.0.113.8",
        ),
        (
            "host: cal.test, type: A, contains: [203.0.113.8]",
            "203.0.113.7, 203.0.113.8",
        ),
        (
            "host: cal.test, type: AAAA, expected: ['2001:DB8:0::7']",
            "2001:db8::7",
        ),
        (
            "host: www.cal.test, type: CNAME, expected: [Cal.test.]",
            "cal.test",
        ),
        (
            "host: www.cal.test, type: A, contains: [203.0.113.7]",
            "by way of `cal.test`",
        ),
        (
            "host: cal.test, type: MX, expected: [10 mail.cal.test]",
            "10 mail.cal.test",
        ),
        (
            "host: cal.test, type: TXT, expected: ['v=spf1 -all']",
            "v=spf1 -all",
        ),
        ("host: odd.cal.test, type: TXT", "a text that is not UTF-8"),
        (
            "host: cal.test, type: CAA, expected: [0 issue letsencrypt.org]",
            "0 issue \"letsencrypt.org\"",
        ),
        (
            "host: cal.test, type: NS, expected: [ns2.cal.test, ns1.cal.test]",
            "ns1.cal.test, ns2.cal.test",
        ),
        ("host: cal.test, type: A, ttl_at_most: 5m", "TTL 300 s"),
        ("host: old.cal.test, type: A, absent: true", "no such name"),
        ("host: cal.test, type: SRV, absent: true", "no such record"),
    ] {
        let ran = named(&server, settings);
        ran.ends(0, &[]);
        let said_so = evidence(&ran, "dns");
        assert!(said_so.contains(said), "{settings}: {said_so}");
        assert!(
            said_so.contains(&format!("by {}", server.address())),
            "{said_so}"
        );
    }
}

#[test]
fn an_address_is_asked_for_its_name() {
    let server = names(|query| {
        assert_eq!(query.name, "7.113.0.203.in-addr.arpa");
        query.answer(AUTHORITATIVE, &[])
    });
    let ran = named(&server, "host: 203.0.113.7, type: PTR");
    ran.ends(1, &["-x 203.0.113.7"]);
    assert!(finding(&ran, "dns").contains("PTR of 203.0.113.7 is no such record"));
}

#[test]
fn other_records_than_wanted_fail() {
    let server = names(|query| query.of_zone(&zone()));
    let resolver = server.address();
    for (settings, message) in [
        (
            "host: cal.test, type: A, expected: [203.0.113.7]",
            "`apex`: A of cal.test is 203.0.113.7, 203.0.113.8, by",
        ),
        (
            "host: cal.test, type: A, contains: [203.0.113.9]",
            "`apex`: A of cal.test is 203.0.113.7, 203.0.113.8, by",
        ),
        (
            "host: none.cal.test, type: A",
            "`apex`: A of none.cal.test is no such name, by",
        ),
        (
            "host: cal.test, type: SRV",
            "`apex`: SRV of cal.test is no such record, by",
        ),
        (
            "host: cal.test, type: A, absent: true",
            "`apex`: A of cal.test is 203.0.113.7, 203.0.113.8, by",
        ),
        (
            "host: cal.test, type: A, ttl_at_most: 1m",
            "`apex`: A of cal.test may be kept for 300 s, by",
        ),
    ] {
        let ran = named(&server, settings);
        ran.ends(1, &[&format!("dig @127.0.0.1 -p {}", resolver.port())]);
        let found = finding(&ran, "dns");
        assert!(found.starts_with(message), "{found}");
    }
}

#[test]
fn a_server_that_would_not_know_of_a_record_does_not_show_that_there_is_none() {
    // It knows the zone above alone, and leads to that below.
    let server = names(|query| match query.name.as_str() {
        "app.cal.test" => query.answer(0x8100, &[]),
        _ => query.of_zone(&zone()),
    });
    let ran = named(&server, "host: app.cal.test, type: A, absent: true");
    ran.ends(3, &["does not speak for the zone and asks nobody"]);
}

#[test]
fn a_ttl_that_somebody_counts_down_decides_nothing() {
    let server =
        names(|query| query.answer(REMEMBERED, &[Record::a("cal.test", [1, 2, 3, 4]).ttl(3)]));
    let ran = named(&server, "host: cal.test, type: A, ttl_at_most: 5m");
    ran.ends(3, &["from its memory"]);
}

#[test]
fn a_cut_answer_is_asked_for_over_tcp() {
    let many: Vec<Record> = (0..80)
        .map(|last| Record::a("cal.test", [203, 0, 113, last]))
        .collect();
    let server = names(move |query| match query.is_tcp {
        false => query.answer(AUTHORITATIVE | TRUNCATED, &many[..20]),
        true => query.answer(AUTHORITATIVE, &many),
    });
    let ran = named(&server, "host: cal.test, type: A, contains: [203.0.113.79]");
    ran.ends(0, &["203.0.113.79"]);
    let broken = names(|query| match query.is_tcp {
        false => query.answer(AUTHORITATIVE | TRUNCATED, &[]),
        true => Said::Bytes(b"HTTP/1.1 400 Bad Request".to_vec()),
    });
    named(&broken, "host: cal.test, type: A").ends(3, &["over TCP: what came is no answer"]);
    let short = names(|query| match query.is_tcp {
        false => query.answer(AUTHORITATIVE | TRUNCATED, &[]),
        true => Said::Nothing,
    });
    named(&short, "host: cal.test, type: A, within: 300ms")
        .ends(3, &["over TCP: no answer in time"]);
}

#[test]
fn a_forged_answer_is_not_taken_and_the_true_one_behind_it_is() {
    let server = names(|query| {
        let forged = [Record::a("cal.test", [6, 6, 6, 6])];
        let mut other_id = query.message(AUTHORITATIVE, &forged);
        other_id[0] ^= 0xff;
        let mut other_name = query.message(AUTHORITATIVE, &forged);
        other_name[13] = b'x';
        Said::Each(vec![
            other_id,
            other_name,
            b"\0".to_vec(),
            Vec::new(),
            query.message(AUTHORITATIVE, &[Record::a("cal.test", [203, 0, 113, 7])]),
        ])
    });
    let ran = named(&server, "host: cal.test, type: A, expected: [203.0.113.7]");
    ran.ends(0, &["1 attempt"]);
}

#[test]
fn a_server_that_fails_or_says_nonsense_or_nothing_is_unknown() {
    type Answer = fn(&Query) -> Said;
    let answers: [(Answer, &str); 5] = [
        (
            |query| query.answer(0x8180 | SERVER_FAILURE, &[]),
            "answered SERVFAIL (3 attempts)",
        ),
        (
            |query| query.answer(0x8185, &[]),
            "answered REFUSED (3 attempts)",
        ),
        (
            |_| Said::Bytes(vec![0xff; 900]),
            "none of them an answer to the question",
        ),
        (
            |query| Said::Bytes(query.message(AUTHORITATIVE, &zone())[..60].to_vec()),
            "none of them an answer",
        ),
        (
            |_| Said::Nothing,
            "gave no answer (3 attempts): no answer in time",
        ),
    ];
    for (answer, words) in answers {
        let server = names(answer);
        let began = Instant::now();
        let ran = named(&server, "host: cal.test, type: A, within: 600ms");
        ran.ends(3, &[words]);
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{:?}",
            began.elapsed()
        );
        // Nothing is no proof that there is nothing.
        let absent = named(
            &server,
            "host: cal.test, type: A, absent: true, within: 600ms",
        );
        absent.ends(3, &[]);
    }
    let [nobody] = closed_ports();
    let ran = run(&format!(
        "dns: {{ name: apex, resolver: '127.0.0.1:{nobody}', host: cal.test, type: A }}"
    ));
    ran.ends(3, &["refused"]);
}

#[test]
fn a_failure_that_passes_is_asked_again() {
    let server = names(|query| match query.number {
        1 => query.answer(0x8180 | SERVER_FAILURE, &[]),
        2 => Said::Nothing,
        _ => query.of_zone(&zone()),
    });
    let ran = named(&server, "host: cal.test, type: MX, within: 3s");
    ran.ends(0, &["3 attempts"]);
    assert_eq!(server.queries(), 3);
}

#[test]
fn every_name_server_of_the_zone_is_asked_and_must_say_the_same() {
    let settings = |port| {
        format!("host: www.cal.test, type: A, authoritative: true, port: {port}, ttl_at_most: 5m")
    };
    let good = names(|query| query.of_zone(&zone()));
    let ran = named(&good, &settings(good.address().port()));
    ran.ends(0, &[]);
    let said = evidence(&ran, "dns");
    assert!(said.contains("by ns1.cal.test (127.0.0.1:"), "{said}");
    assert!(said.contains("by ns2.cal.test (127.0.0.1:"), "{said}");

    // The one behind both names says something else each time.
    let apart = names(|query| match query.is_recursive {
        true => query.of_zone(&zone()),
        false => query.answer(
            AUTHORITATIVE,
            &[Record::a("www.cal.test", [203, 0, 113, query.number as u8])],
        ),
    });
    let ran = named(&apart, &settings(apart.address().port()));
    ran.ends(1, &[]);
    let found = finding(&ran, "dns");
    assert_eq!(
        found,
        "`apex`: the name servers do not agree on A of www.cal.test"
    );

    let lame = names(|query| match query.is_recursive {
        true => query.of_zone(&zone()),
        false => query.answer(REMEMBERED, &[Record::a("www.cal.test", [203, 0, 113, 7])]),
    });
    named(&lame, &settings(lame.address().port())).ends(3, &["does not speak for it"]);

    let no_zone = names(|query| query.answer(AUTHORITATIVE | 3, &[]));
    let ran = named(&no_zone, &settings(no_zone.address().port()));
    ran.ends(3, &["no part of `www.cal.test` has name servers"]);
    // And a server that says "no such name" to everything proves no absence.
    let absent = named(&no_zone, "host: cal.test, type: A, absent: true");
    absent.ends(3, &["nothing shows that whoever was asked knows the zone"]);
}

#[test]
fn a_probe_of_names_that_could_not_fail_or_not_hold_is_refused() {
    let service = service();
    for (settings, words) in [
        (
            "host: cal.test, type: A, expected: []",
            "which no answer could equal",
        ),
        (
            "host: cal.test, type: A, expected: [cal.test]",
            "which is no record of it",
        ),
        (
            "host: cal.test, type: MX, contains: [mail.cal.test]",
            "`10 mail.example.com`",
        ),
        (
            "host: cal.test, type: A, expected: [1.2.3.4], contains: [1.2.3.4]",
            "both `expected` and `contains`",
        ),
        (
            "host: cal.test, type: A, expected: [1.2.3.4], absent: true",
            "has `absent` and says",
        ),
        (
            "host: cal.test, type: A, ttl_at_most: 1m, absent: true",
            "has `absent` and says",
        ),
        ("host: 'cal test', type: A", "no name that can be asked for"),
        ("host: müller.test, type: A", "`xn--…`"),
        ("host: 203.0.113.7, type: A", "which is an address"),
        (
            "host: cal.test, type: A, resolver: ns1.test",
            "which is no address",
        ),
        (
            "host: cal.test, type: A, resolver: '1.2.3.4:0'",
            "which is no address",
        ),
        ("host: cal.test, type: A, within: 0s", "has a `within` of 0"),
        (
            "host: cal.test, type: A, port: 5353",
            "only asked with `authoritative: true`",
        ),
        (
            "host: cal.test, type: A, authoritative: true, port: 0",
            "has the port 0",
        ),
        ("host: cal.test, type: a", "A"),
        (
            "host: '${NO_SUCH_VARIABLE}', type: A",
            "`NO_SUCH_VARIABLE` is not set",
        ),
    ] {
        let probe = format!("dns: {{ name: apex, {settings} }}");
        refused(&sandbox(&service, &[&probe]), &[words, "sluicegate.yml:"]);
    }
}

#[test]
fn a_real_name_server_is_understood() {
    let [port] = closed_ports();
    let mut server = std::process::Command::new(dnsmasq());
    server.args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--pid-file=",
        "--no-resolv",
    ]);
    server.args([
        "--no-hosts",
        "--bind-interfaces",
        "--listen-address=127.0.0.1",
        "--user=",
    ]);
    server.arg(format!("--port={port}"));
    server.args([
        "--local=/cal.test/",
        "--host-record=web.cal.test,203.0.113.7,2001:db8::7",
    ]);
    server.args([
        "--cname=www.cal.test,web.cal.test",
        "--mx-host=cal.test,mail.cal.test,10",
    ]);
    server.args([
        "--txt-record=cal.test,v=spf1 -all",
        "--srv-host=_x._tcp.cal.test,web.cal.test,443,0,5",
    ]);
    server.args(["--caa-record=cal.test,0,issue,letsencrypt.org"]);
    let _child = Child(server.spawn().expect("dnsmasq starts"));
    let resolver = format!("resolver: '127.0.0.1:{port}'");
    let probes: Vec<String> = [
        "host: web.cal.test, type: A, expected: [203.0.113.7]",
        "host: web.cal.test, type: AAAA, expected: ['2001:db8::7']",
        "host: www.cal.test, type: CNAME, expected: [web.cal.test]",
        "host: www.cal.test, type: A, expected: [203.0.113.7]",
        "host: cal.test, type: MX, expected: [10 mail.cal.test]",
        "host: cal.test, type: TXT, expected: ['v=spf1 -all']",
        "host: _x._tcp.cal.test, type: SRV, expected: [0 5 443 web.cal.test]",
        "host: cal.test, type: CAA, expected: ['0 issue \"letsencrypt.org\"']",
        "host: 203.0.113.7, type: PTR, expected: [web.cal.test]",
    ]
    .iter()
    .enumerate()
    .map(|(number, settings)| format!("dns: {{ name: n{number}, {resolver}, {settings} }}"))
    .collect();
    let service = service();
    let probes: Vec<&str> = probes.iter().map(String::as_str).collect();
    let sandbox = sandbox(&service, &probes);
    let end = Instant::now() + Duration::from_secs(20);
    // Until it listens there is nobody to ask.
    let ran = loop {
        let ran = sandbox.run(&[]);
        if ran.code != 3 || Instant::now() > end {
            break ran;
        }
    };
    ran.ends(0, &["9 probes hold"]);
}

fn dnsmasq() -> std::path::PathBuf {
    let directories = support::program::system_directories();
    support::program::find("dnsmasq", &directories).expect("dnsmasq is installed")
}

/// Ends with the test.
struct Child(std::process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

// --- mail --------------------------------------------------------------------------------------

struct Trusted {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Trusted {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let authority = Authority::new().expect("keys can be made");
        authority
            .trusted_in(folder.path())
            .expect("the folder is new");
        Self { folder, authority }
    }

    fn run(&self, probe: &str) -> Ran {
        let root = self.folder.path().join("root.pem");
        let root = root.to_str().expect("is text");
        sandbox(&service(), &[probe]).run_with(&[], &[("SSL_CERT_FILE", root)])
    }
}

fn mail(script: SmtpScript) -> SmtpServer {
    SmtpServer::start(script).expect("a port is free")
}

fn script(served: &Served) -> SmtpScript {
    SmtpScript::good(served.server(&[]).expect("is a certificate"))
}

fn post(trusted: &Trusted, script: SmtpScript, settings: &str) -> Ran {
    let server = mail(script);
    let port = server.port();
    trusted.run(&format!(
        "smtp: {{ name: mail, host: localhost, port: {port}, {settings} }}"
    ))
}

#[test]
fn a_mail_server_that_greets_and_agrees_on_tls_passes() {
    let trusted = Trusted::new();
    let good = script(&trusted.authority.localhost().expect("is issued"));
    let ran = post(&trusted, good.clone(), "within: 5s");
    ran.ends(
        0,
        &[
            "greeted with `220 mail.test ESMTP`",
            "agreed on TLSv1.3 after STARTTLS",
        ],
    );
    let plain = SmtpScript {
        hello: Says::text("250 mail.test\r\n"),
        ..good
    };
    post(&trusted, plain, "starttls: false").ends(0, &["answered EHLO with 0 extensions"]);
}

#[test]
fn a_mail_server_that_says_something_else_fails_with_its_words() {
    let trusted = Trusted::new();
    let good = script(&trusted.authority.localhost().expect("is issued"));
    let said = |text: &str| Says::text(text);
    for (script, words) in [
        (
            SmtpScript {
                greeting: said("554 go away\r\n"),
                ..good.clone()
            },
            "sent `554 go away` instead of a greeting with 220",
        ),
        (
            SmtpScript {
                greeting: said("SSH-2.0-OpenSSH_9.2\r\n"),
                ..good.clone()
            },
            "sent `SSH-2.0-OpenSSH_9.2` instead of a reply of SMTP",
        ),
        (
            SmtpScript {
                greeting: Says::Bytes(vec![0xff; 4000]),
                ..good.clone()
            },
            "instead of a reply of SMTP",
        ),
        (
            SmtpScript {
                greeting: Says::Endless(b"220-a\r\n".to_vec()),
                ..good.clone()
            },
            "instead of a reply of SMTP",
        ),
        (
            SmtpScript {
                hello: said("502 no\r\n"),
                ..good.clone()
            },
            "sent `502 no` instead of 250 to EHLO",
        ),
        (
            SmtpScript {
                hello: said("250-mail\r\n250 SIZE\r\n"),
                ..good.clone()
            },
            "instead of STARTTLS among its extensions",
        ),
        (
            SmtpScript {
                starttls: said("454 not now\r\n"),
                ..good.clone()
            },
            "sent `454 not now` instead of 220 to STARTTLS",
        ),
        (
            SmtpScript {
                starttls: said("220 go\r\n250 injected\r\n"),
                ..good.clone()
            },
            "sent more text without TLS",
        ),
        (
            SmtpScript {
                tls: None,
                ..good.clone()
            },
            "is not trusted after STARTTLS",
        ),
    ] {
        let ran = post(&trusted, script, "within: 3s");
        ran.ends(
            1,
            &[words, "openssl s_client -starttls smtp -connect localhost:"],
        );
    }
}

#[test]
fn a_mail_server_with_a_certificate_that_nobody_trusts_fails() {
    let trusted = Trusted::new();
    let authority = &trusted.authority;
    for (served, words) in [
        (authority.expired(), "expired"),
        (authority.wrong_name(), "not valid for name"),
        (Authority::self_signed(), "UnknownIssuer"),
        (authority.missing_intermediate(), "UnknownIssuer"),
    ] {
        let served = served.expect("is issued");
        let ran = post(&trusted, script(&served), "within: 5s");
        ran.ends(1, &["is not trusted after STARTTLS", words]);
    }
}

#[test]
fn a_mail_server_that_is_silent_fails_in_time_and_one_that_hangs_up_is_unknown() {
    let trusted = Trusted::new();
    let good = script(&trusted.authority.localhost().expect("is issued"));
    for (script, words) in [
        (
            SmtpScript {
                greeting: Says::Nothing,
                ..good.clone()
            },
            "did not send a greeting in time",
        ),
        (
            SmtpScript {
                greeting: Says::text("220 hal"),
                ..good.clone()
            },
            "did not send a greeting in time",
        ),
        (
            SmtpScript {
                hello: Says::Nothing,
                ..good.clone()
            },
            "did not send an answer to EHLO in time",
        ),
        (
            SmtpScript {
                starttls: Says::Nothing,
                ..good.clone()
            },
            "an answer to STARTTLS in time",
        ),
    ] {
        let began = Instant::now();
        post(&trusted, script, "within: 400ms").ends(1, &[words]);
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{:?}",
            began.elapsed()
        );
    }
    let hung = SmtpScript {
        greeting: Says::HangsUp,
        ..good.clone()
    };
    post(&trusted, hung, "within: 5s").ends(3, &["said nothing and broke off"]);
    let hung = SmtpScript {
        starttls: Says::HangsUp,
        ..good
    };
    post(&trusted, hung, "within: 5s").ends(3, &["and then broke off"]);
    let [nobody] = closed_ports();
    let ran = run(&format!("smtp: {{ name: mail, port: {nobody} }}"));
    ran.ends(3, &["has no connection to 127.0.0.1:"]);
    let ran = run("smtp: { name: mail, host: nowhere.invalid }");
    ran.ends(3, &["has no connection to nowhere.invalid:25"]);
}

#[test]
fn a_probe_of_mail_that_could_not_hold_is_refused() {
    let service = service();
    for (settings, words) in [
        ("port: 0", "has the port 0"),
        ("within: 0s", "has a `within` of 0"),
        ("host: 'mail.test:25'", "neither a name nor an address"),
        ("tls: true", "starttls"),
    ] {
        let probe = format!("smtp: {{ name: mail, {settings} }}");
        refused(&sandbox(&service, &[&probe]), &[words, "sluicegate.yml:"]);
    }
}

// --- gRPC --------------------------------------------------------------------------------------

/// Runs a probe of gRPC against a server at an address of its own.
fn call(url: &str, settings: &str, variables: &[(&str, &str)]) -> Ran {
    let service = service();
    let sandbox = sandbox(
        &service,
        &[&format!("grpc: {{ name: health, at: rpc, {settings} }}")],
    );
    let file = std::fs::read_to_string(sandbox.configuration()).expect("it was written");
    let addresses = format!("    addresses: {{ rpc: '{url}' }}\n    allow:");
    Sandbox::with_file(&file.replace("    allow:", &addresses)).run_with(&[], variables)
}

#[test]
fn a_service_that_serves_passes_without_and_with_tls() {
    let answer = |call: &support::servers::GrpcCall| {
        assert_eq!(
            (&*call.path, &*call.te),
            ("/grpc.health.v1.Health/Check", "trailers")
        );
        let named = [&[0, 0, 0, 0, 12, 10, 10][..], b"cal.Search"].concat();
        match call.body.to_vec() == named || call.body.to_vec() == [0; 5] {
            true => GrpcReply::health(1),
            false => GrpcReply::failure(5, "unknown service"),
        }
    };
    let server = GrpcServer::start(None, answer).expect("a port is free");
    call(&server.url(), "service: cal.Search", &[]).ends(0, &["`cal.Search` is SERVING, in"]);
    call(&server.url(), "within: 5s", &[]).ends(0, &["the server is SERVING, in"]);
    call(&server.url(), "service: other", &[]).ends(
        1,
        &[
            "`other` answered NOT_FOUND: `unknown service`",
            "grpcurl -plaintext",
        ],
    );

    let trusted = Trusted::new();
    let served = trusted.authority.localhost().expect("is issued");
    let tls = served.server(&["h2"]).expect("is a certificate");
    let server = GrpcServer::start(Some(tls), answer).expect("a port is free");
    let root = trusted.folder.path().join("root.pem");
    let variables = [("SSL_CERT_FILE", root.to_str().expect("is text"))];
    call(&server.url(), "within: 5s", &variables).ends(0, &["the server is SERVING, in"]);
    // Nobody trusts it without the root.
    call(&server.url(), "within: 5s", &[]).ends(3, &["`health` had no answer"]);
}

#[test]
fn every_other_answer_than_serving_fails_or_is_unknown() {
    let html = GrpcReply {
        headers: vec![("content-type", "text/html".into())],
        body: b"<html>".to_vec(),
        trailers: Vec::new(),
        ..GrpcReply::health(1)
    };
    let cut = GrpcReply {
        trailers: Vec::new(),
        ..GrpcReply::health(1)
    };
    let garbage = GrpcReply {
        body: vec![0, 255, 255, 255, 255, 8],
        ..GrpcReply::health(1)
    };
    let huge = GrpcReply {
        body: vec![0; 6 << 20],
        ..GrpcReply::health(1)
    };
    for (reply, code, words) in [
        (GrpcReply::health(2), 1, "is NOT_SERVING (1 attempt)"),
        (GrpcReply::health(0), 1, "is UNKNOWN"),
        (GrpcReply::health(3), 1, "is SERVICE_UNKNOWN"),
        (GrpcReply::health(9), 1, "is the unknown status 9"),
        (
            GrpcReply::failure(12, "no%20health"),
            1,
            "answered UNIMPLEMENTED: `no health`",
        ),
        (GrpcReply::failure(14, ""), 1, "answered UNAVAILABLE"),
        (
            GrpcReply::failure(16, "who"),
            3,
            "answered UNAUTHENTICATED: `who`",
        ),
        (
            GrpcReply {
                status: 503,
                ..html.clone()
            },
            1,
            "answered 503 over HTTP as `text/html` (3 attempts)",
        ),
        (
            GrpcReply {
                status: 404,
                ..html.clone()
            },
            1,
            "answered 404 over HTTP as `text/html` (1 attempt)",
        ),
        (html, 1, "answered 200 over HTTP as `text/html`"),
        (cut, 3, "ends without a `grpc-status`"),
        (garbage, 3, "has a message of another length than it says"),
        (huge, 3, "ends without a `grpc-status`"),
    ] {
        let server = GrpcServer::start(None, move |_| reply.clone()).expect("a port is free");
        call(&server.url(), "within: 5s", &[]).ends(code, &[words]);
    }
}

#[test]
fn what_does_not_speak_http2_is_unknown_and_what_says_nothing_fails_in_time() {
    let http1 = service();
    call(&http1.url(), "within: 3s", &[]).ends(3, &["`health` had no answer"]);
    let other = Listening::greeting(b"SSH-2.0-OpenSSH_9.2\r\n");
    let url = format!("http://127.0.0.1:{}", other.port);
    call(&url, "within: 2s", &[]).ends(3, &["`health` had no answer"]);
    let silent = Listening::greeting(b"");
    let url = format!("http://127.0.0.1:{}", silent.port);
    let began = Instant::now();
    call(&url, "within: 200ms", &[]).ends(1, &["had no whole answer in time"]);
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    let [nobody] = closed_ports();
    let url = format!("http://127.0.0.1:{nobody}");
    call(&url, "within: 2s", &[]).ends(3, &["`health` had no answer (3 attempts)"]);
}

#[test]
fn a_probe_of_grpc_that_could_not_hold_is_refused() {
    let service = service();
    let long = "a".repeat(600);
    for (settings, words) in [
        ("at: nowhere", "no address of environment"),
        ("within: 0s", "has a `within` of 0"),
        (&format!("service: {long}"), "cannot be the name of one"),
        ("service: \"a\\nb\"", "cannot be the name of one"),
    ] {
        let probe = format!("grpc: {{ name: health, {settings} }}");
        refused(&sandbox(&service, &[&probe]), &[words, "sluicegate.yml:"]);
    }
}

// --- all of them -------------------------------------------------------------------------------

#[test]
fn an_old_release_is_asked_for_its_names_and_ports_and_nothing_else() {
    let old = Server::start(|_| Reply::Send(answer(200, "1.0.0", "")));
    let names = names(|query| query.of_zone(&zone()));
    let resolver = names.address();
    let dns = format!("dns: {{ name: apex, resolver: '{resolver}', host: cal.test, type: A }}");
    let probes: String = [
        "ports: { name: p, closed: [1] }",
        "smtp: { name: m }",
        "grpc: { name: g }",
        &dns,
    ]
    .iter()
    .map(|probe| format!("  - {probe}\n"))
    .collect();
    let ran = Sandbox::new(&old.url(), &format!("wait: 200ms\nprobes:\n{probes}")).run(&[]);
    ran.ends(1, &["never answered as 1.1.0"]);
    // Which release answers changes neither the names nor the doors of the environment.
    for check in ["port-closed", "dns"] {
        let outcome = outcome(&ran, check);
        assert!(matches!(outcome, Outcome::Pass { .. }), "{}", ran.all());
    }
    for check in ["smtp", "grpc-health"] {
        assert!(reason(&ran, check).contains("not asked"), "{}", ran.all());
    }
    assert!(names.queries() > 0);
    assert_eq!(
        ran.receipt.map(|receipt| receipt.verdict),
        Some(Verdict::Fail)
    );
}

#[test]
fn every_check_of_the_network_passes_against_good_servers_and_fails_against_bad_ones() {
    const CHECKS: [&str; 5] = ["port-open", "port-closed", "dns", "smtp", "grpc-health"];
    let cases = support::prove::cases().into_iter();
    let cases: Vec<_> = cases
        .filter(|case| CHECKS.contains(&case.checks[0]))
        .collect();
    assert_eq!(
        cases.iter().map(|case| case.checks.len()).sum::<usize>(),
        CHECKS.len()
    );
    for (quality, code) in [(Quality::Good, 0), (Quality::Bad, 1)] {
        for case in &cases {
            let ran = proven(&(case.start)(quality).expect("the servers start"));
            ran.ends(code, &[]);
            for check in case.checks {
                let outcome = crate::outcome(&ran, check);
                let is_right = match quality {
                    Quality::Good => matches!(outcome, Outcome::Pass { .. }),
                    Quality::Bad => matches!(outcome, Outcome::Fail { .. }),
                };
                assert!(is_right, "{check}: {outcome:?}");
            }
        }
    }
}

fn proven(started: &Started) -> Ran {
    let service = service();
    let probes: Vec<&str> = started.probes.iter().map(String::as_str).collect();
    let sandbox = sandbox(&service, &probes);
    let file = std::fs::read_to_string(sandbox.configuration()).expect("it was written");
    let own = started.environment.iter();
    let own: String = own
        .map(|(key, value)| format!("    {key}: {value}\n"))
        .collect();
    let sandbox = Sandbox::with_file(&file.replace("    allow:", &format!("{own}    allow:")));
    let root = started.trusted.concat();
    if root.is_empty() {
        return sandbox.run(&[]);
    }
    sandbox.write("root.pem", &root);
    sandbox.run_with(&[], &[("SSL_CERT_FILE", "root.pem")])
}
