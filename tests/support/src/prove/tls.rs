//! TLS: certificates, their chain, the versions, and plain HTTP that leads to it.

use super::{Case, Quality, Started};
use crate::Result;
use crate::servers::{Authority, Site, Sites};

/// One site with TLS, and its port for plain HTTP.
pub(super) fn case() -> Case {
    Case {
        checks: &["https-only", "certificate", "chain", "tls-versions"],
        start,
    }
}

fn start(quality: Quality) -> Result<Started> {
    let authority = Authority::new()?;
    let (served, directives, clear) = match quality {
        Quality::Good => (
            authority.localhost()?,
            "ssl_protocols TLSv1.2 TLSv1.3; \
             add_header Strict-Transport-Security max-age=31536000 always;",
            "return 301 https://localhost:{port}$request_uri;",
        ),
        Quality::Bad => {
            let mut served = authority.expired()?;
            served.chain.truncate(1);
            let old = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT@SECLEVEL=0;";
            (served, old, "return 200 ok;")
        }
    };
    let sites = Sites::nginx(&[Site::new(served).with(directives)], clear)?;
    Ok(Started {
        environment: vec![("addresses", format!("{{secure: '{}'}}", sites.url()))],
        probes: vec![
            "tls: {name: secure, at: secure}".into(),
            format!(
                "https: {{name: secure only, at: secure, port: {}, hsts: {{max_age: 31536000}}}}",
                sites.clear_port()
            ),
        ],
        variables: Vec::new(),
        files: Vec::new(),
        trusted: vec![authority.trusted()],
        running: Box::new(sites),
    })
}
