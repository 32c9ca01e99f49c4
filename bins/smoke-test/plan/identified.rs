//! The certificate that a client shows to servers which ask for one, read from its files.

use super::request::Request;
use super::scope::Scope;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use shared::config::{ClientCertificate, Located};
use shared::error::Result;
use std::path::PathBuf;
use std::sync::Arc;

/// A chain of certificates takes a few kilobytes.
const LARGEST_FILE: u64 = 1 << 20;

/// A client's certificate and its key.
#[derive(Clone, Debug)]
pub(crate) struct Identified {
    /// The certificate first, then those that signed it.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// Its key.
    pub(crate) key: Arc<PrivateKeyDer<'static>>,
    /// The files of both, as the configuration has them.
    pub(crate) files: (String, String),
}

/// Reads both files, and makes sure that they belong together.
pub(super) fn identified(
    scope: &Scope<'_>,
    files: &ClientCertificate,
    request: &Request,
) -> Result<Identified> {
    let ClientCertificate { certificate, key } = files;
    if !request.url.endpoint.is_secure {
        let message = "shows a certificate to an address without TLS, which never asks for one";
        return Err(scope.refuse_at(certificate, message));
    }
    let bytes = read(scope, certificate)?;
    let chain: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let chain = chain.unwrap_or_default();
    if chain.is_empty() {
        return Err(refuse(scope, certificate, "has no certificate (PEM) in it"));
    }
    let key_bytes = read(scope, key)?;
    let parsed = PrivateKeyDer::from_pem_slice(&key_bytes)
        .map_err(|_| refuse(scope, key, "has no key (PEM, not encrypted) in it"))?;
    let parsed = Arc::new(parsed);
    CertifiedKey::from_der(chain.clone(), parsed.clone_key(), &shared::tls::provider()).map_err(
        |error| {
            let certificate = certificate.value.display();
            let message = format!("cannot be used with `{certificate}`");
            refuse(scope, key, &message).source(error)
        },
    )?;
    let shown = |file: &Located<PathBuf>| file.value.display().to_string();
    Ok(Identified {
        chain,
        key: parsed,
        files: (shown(certificate), shown(key)),
    })
}

fn read(scope: &Scope<'_>, file: &Located<PathBuf>) -> Result<Vec<u8>> {
    let path = scope.context.config.path(&file.value);
    shared::file::read(&path, LARGEST_FILE)
        .map_err(|error| refuse(scope, file, "cannot be read").source(error))
}

fn refuse(scope: &Scope<'_>, file: &Located<PathBuf>, why: &str) -> shared::error::Error {
    let path = file.value.display();
    scope.refuse_at(file, format!("names `{path}`, which {why}"))
}
