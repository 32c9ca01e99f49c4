//! TLS for clients: the machine's certificates, loaded only when they are needed.

use crate::error::{Error, Result};
use std::sync::Arc;

/// A client configuration. Without `is_secure` it trusts nobody, for clients that only ever
/// speak plain HTTP.
pub fn client(is_secure: bool) -> Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    if is_secure {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(
                Error::unavailable("this machine has no trusted certificates")
                    .hint("install `ca-certificates`, or set `SSL_CERT_FILE`"),
            );
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::unavailable("could not set up TLS").source(error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
