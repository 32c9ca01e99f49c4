//! TLS for clients: the machine's certificates, loaded only when they are needed.

use crate::error::{Error, Result};
use rustls::client::WantsClientCert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

/// A client configuration. Without `is_secure` it trusts nobody, for clients that only ever
/// speak plain HTTP.
pub fn client(is_secure: bool) -> Result<rustls::ClientConfig> {
    let roots = if is_secure {
        roots()?
    } else {
        rustls::RootCertStore::empty()
    };
    Ok(builder(roots)?.with_no_client_auth())
}

/// A client configuration that shows a certificate, for servers that ask for one.
pub fn client_with_certificate(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<rustls::ClientConfig> {
    builder(roots()?)?
        .with_client_auth_cert(chain, key)
        .map_err(|error| Error::config("the client certificate cannot be used").source(error))
}

/// The certificates that this machine trusts.
pub fn roots() -> Result<rustls::RootCertStore> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(
            Error::unavailable("this machine has no trusted certificates")
                .hint("install `ca-certificates`, or set `SSL_CERT_FILE`"),
        );
    }
    Ok(roots)
}

/// The cryptography that all connections use.
pub fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn builder(
    roots: rustls::RootCertStore,
) -> Result<rustls::ConfigBuilder<rustls::ClientConfig, WantsClientCert>> {
    let builder = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::unavailable("could not set up TLS").source(error))?;
    Ok(builder.with_root_certificates(roots))
}
