//! Certificates that no modern library makes: OpenSSL still does.

use super::Served;
use crate::{Error, Result, program};
use std::path::Path;
use std::process::Command;

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// An RSA key of 1024 bits.
    ShortKey,
    /// A signature with SHA-1.
    Sha1,
    /// Version 1, without extensions.
    VersionOne,
}

/// Who signs.
pub(super) struct Issuer {
    /// The certificate (PEM).
    pub(super) certificate: String,
    /// Its key (PEM).
    pub(super) key: String,
}

const EXTENSIONS: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1\n\
                          extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n";

/// A certificate for `localhost` with one flaw, sent with the one that signed it.
pub(super) fn issue(issuer: &Issuer, flaw: &Flaw) -> Result<Served> {
    let folder = tempfile::tempdir().map_err(|why| cannot(&why))?;
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).map_err(|why| cannot(&why))
    };
    write("issuer.pem", &issuer.certificate)?;
    write("issuer.key", &issuer.key)?;
    write("extensions", EXTENSIONS)?;
    let (key, options): (&str, &[&str]) = match flaw {
        Flaw::ShortKey => ("rsa:1024", &[]),
        Flaw::Sha1 | Flaw::VersionOne => ("ec", &["-pkeyopt", "ec_paramgen_curve:P-256"]),
    };
    let mut request = vec!["req", "-new", "-nodes", "-newkey", key];
    request.extend(options);
    request.extend([
        "-keyout",
        "key",
        "-out",
        "request",
        "-subj",
        "/CN=localhost",
    ]);
    openssl(folder.path(), &request)?;
    let mut sign = vec![
        "x509",
        "-req",
        "-in",
        "request",
        "-out",
        "certificate",
        "-days",
        "90",
    ];
    sign.extend([
        "-CA",
        "issuer.pem",
        "-CAkey",
        "issuer.key",
        "-CAcreateserial",
    ]);
    sign.push(if *flaw == Flaw::Sha1 {
        "-sha1"
    } else {
        "-sha256"
    });
    if *flaw != Flaw::VersionOne {
        sign.extend(["-extfile", "extensions"]);
    }
    openssl(folder.path(), &sign)?;
    let read =
        |name: &str| std::fs::read_to_string(folder.path().join(name)).map_err(|why| cannot(&why));
    Ok(Served {
        chain: vec![read("certificate")?, issuer.certificate.clone()],
        key: read("key")?,
    })
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<()> {
    let program = program::find("openssl", &[])
        .ok_or_else(|| Error::new("openssl is not on this machine"))?;
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("OPENSSL_CONF", "/dev/null")
        .output()
        .map_err(|why| cannot(&why))?;
    if output.status.success() {
        return Ok(());
    }
    Err(cannot(&String::from_utf8_lossy(&output.stderr)))
}

fn cannot(why: &dyn std::fmt::Display) -> Error {
    Error::new(format!("cannot make a certificate with openssl: {why}"))
}
