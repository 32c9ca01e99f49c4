//! Ports, names, mail servers and gRPC, each as its probe expects it and otherwise.

use super::{Case, Quality, Started};
use crate::Result;
use crate::ports::free_ports;
use crate::servers::dns::Record;
use crate::servers::{Authority, DnsServer, GrpcReply, GrpcServer, Says, SmtpScript, SmtpServer};
use std::any::Any;
use std::net::TcpListener;

/// All of them.
pub(super) const CASES: [Case; 4] = [
    Case {
        checks: &["port-open", "port-closed"],
        start: ports,
    },
    Case {
        checks: &["dns"],
        start: dns,
    },
    Case {
        checks: &["smtp"],
        start: smtp,
    },
    Case {
        checks: &["grpc-health"],
        start: grpc,
    },
];

fn started(probes: Vec<String>, running: Box<dyn Any>) -> Started {
    Started {
        environment: Vec::new(),
        probes,
        variables: Vec::new(),
        files: Vec::new(),
        trusted: Vec::new(),
        running,
    }
}

/// Of two ports one is open; bad is when it is the wrong one.
fn ports(quality: Quality) -> Result<Started> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .map_err(|why| crate::Error::new(format!("cannot listen: {why}")))?;
    let address = listener.local_addr();
    let address = address.map_err(|why| crate::Error::new(format!("cannot listen: {why}")))?;
    let (used, unused) = (address.port(), free_ports(1)?[0]);
    let (open, closed) = match quality {
        Quality::Good => (used, unused),
        Quality::Bad => (unused, used),
    };
    let probe = format!("ports: {{ name: outside, open: [{open}], closed: [{closed}] }}");
    Ok(started(vec![probe], Box::new(listener)))
}

fn dns(quality: Quality) -> Result<Started> {
    let last = match quality {
        Quality::Good => 7,
        Quality::Bad => 8,
    };
    let server = DnsServer::start(move |query| {
        query.of_zone(&[Record::a("cal.test", [203, 0, 113, last])])
    })?;
    let resolver = server.address();
    let probe = format!(
        "dns: {{ name: apex, host: cal.test, type: A, expected: [203.0.113.7], resolver: \
         '{resolver}' }}"
    );
    Ok(started(vec![probe], Box::new(server)))
}

fn smtp(quality: Quality) -> Result<Started> {
    let authority = Authority::new()?;
    let good = SmtpScript::good(authority.localhost()?.server(&[])?);
    let server = SmtpServer::start(match quality {
        Quality::Good => good,
        Quality::Bad => SmtpScript {
            hello: Says::text("250-mail.test\r\n250 SIZE 1000\r\n"),
            ..good
        },
    })?;
    let port = server.port();
    let probe = format!("smtp: {{ name: mail, host: localhost, port: {port} }}");
    Ok(Started {
        files: Vec::new(),
        trusted: vec![authority.trusted()],
        ..started(vec![probe], Box::new(server))
    })
}

fn grpc(quality: Quality) -> Result<Started> {
    let server = GrpcServer::start(None, move |_| match quality {
        Quality::Good => GrpcReply::health(1),
        Quality::Bad => GrpcReply::health(2),
    })?;
    let url = server.url();
    Ok(Started {
        environment: vec![("addresses", format!("{{rpc: '{url}'}}"))],
        ..started(
            vec!["grpc: { name: rpc, at: rpc }".into()],
            Box::new(server),
        )
    })
}
