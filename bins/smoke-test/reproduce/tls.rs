//! Commands that show a TLS handshake by hand.

use super::word;
use crate::plan::TlsVersion;
use rustls::pki_types::ServerName;

/// `host:port` of an address as the file has it.
pub(crate) fn authority(shown: &str) -> String {
    let bare = shown.strip_prefix("https://").unwrap_or(shown);
    let end = bare.find(['/', '?', '#']).unwrap_or(bare.len());
    let bare = &bare[..end];
    // A colon inside brackets or `${…}` does not begin a port.
    let tail = bare.rsplit([']', '}']).next().unwrap_or(bare);
    if tail.contains(':') {
        bare.to_owned()
    } else {
        format!("{bare}:443")
    }
}

/// A handshake; further flags go to its end.
pub(crate) fn handshake(authority: &str, name: &ServerName<'_>) -> String {
    let name = match name {
        ServerName::DnsName(name) => format!("-servername {}", name.as_ref()),
        // An address is no name to ask for: RFC 6066, section 3.
        _ => "-noservername".into(),
    };
    format!("openssl s_client -connect {} {name}", word(authority))
}

/// What the certificates say.
pub(crate) fn certificates(handshake: &str) -> String {
    format!("{handshake} -showcerts </dev/null | openssl x509 -noout -text")
}

/// Which certificates are sent.
pub(crate) fn chain(handshake: &str) -> String {
    format!("{handshake} -showcerts </dev/null")
}

/// Whether one version is spoken. OpenSSL itself refuses the old ones at its usual level.
pub(crate) fn version(handshake: &str, version: TlsVersion) -> String {
    let flags = match version {
        TlsVersion::Tls10 => "-tls1 -cipher DEFAULT@SECLEVEL=0",
        TlsVersion::Tls11 => "-tls1_1 -cipher DEFAULT@SECLEVEL=0",
        TlsVersion::Tls12 => "-tls1_2",
        TlsVersion::Tls13 => "-tls1_3",
    };
    format!("{handshake} {flags} </dev/null")
}

/// What is agreed on by ALPN.
pub(crate) fn alpn(handshake: &str, offered: &[String]) -> String {
    let offered = word(&offered.join(","));
    format!("{handshake} -alpn {offered} </dev/null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_added_where_there_is_none() {
        for (shown, wanted) in [
            ("https://a.example/x", "a.example:443"),
            ("https://a.example:8443", "a.example:8443"),
            ("https://[::1]", "[::1]:443"),
            ("https://[::1]:8443", "[::1]:8443"),
            ("https://${HOST}:8443", "${HOST}:8443"),
            ("https://${HOST}", "${HOST}:443"),
        ] {
            assert_eq!(authority(shown), wanted);
        }
    }

    #[test]
    fn every_version_has_its_flag() {
        let name = ServerName::try_from("a.example").expect("is a name");
        let handshake = handshake("${HOST}:443", &name);
        assert_eq!(
            version(&handshake, TlsVersion::Tls11),
            "openssl s_client -connect \"${HOST}:443\" -servername a.example -tls1_1 \
             -cipher DEFAULT@SECLEVEL=0 </dev/null"
        );
        assert!(certificates(&handshake).ends_with("| openssl x509 -noout -text"));
        assert!(chain(&handshake).ends_with("-showcerts </dev/null"));
        assert!(alpn(&handshake, &["h2".into()]).ends_with("-alpn h2 </dev/null"));
    }
}
