//! A certificate for `localhost` that signs itself.

use crate::{Error, Result};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use std::sync::Arc;

/// A certificate and its key, as PEM.
pub struct SelfSigned {
    /// The certificate, which clients must trust.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl SelfSigned {
    /// A new one for `localhost`.
    pub fn localhost() -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]);
        let made = made.map_err(|why| Error::new(format!("cannot make a certificate: {why}")))?;
        Ok(Self {
            certificate: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
        })
    }

    /// What a server serves it with.
    pub fn server(&self) -> Result<Arc<rustls::ServerConfig>> {
        let unfit = |why: String| Error::new(format!("cannot use a certificate: {why}"));
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes())
            .map_err(|why| unfit(why.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())
            .map_err(|why| unfit(why.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|why| unfit(why.to_string()))?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .map_err(|why| unfit(why.to_string()))?;
        Ok(Arc::new(config))
    }
}
