//! What a server shows, as files for real servers and as a configuration for our own.

use super::{unfit, write};
use crate::Result;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a server shows, and its key.
#[derive(Clone, Debug)]
pub struct Served {
    /// The certificates (PEM) in the order in which they are sent.
    pub chain: Vec<String>,
    /// The key (PEM, PKCS #8).
    pub key: String,
}

impl Served {
    /// Certificates and nothing else, as servers read them from one file.
    pub fn pem(&self) -> String {
        self.chain.concat()
    }

    /// Both files, as nginx and Caddy want them: the certificates and the key.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(PathBuf, PathBuf)> {
        let certificate = write(&folder.join(format!("{name}.pem")), &self.pem())?;
        Ok((
            certificate,
            write(&folder.join(format!("{name}.key")), &self.key)?,
        ))
    }

    /// A server with it that agrees on one of these protocols by ALPN.
    pub fn server(&self, protocols: &[&str]) -> Result<Arc<rustls::ServerConfig>> {
        let builder = builder()?.with_no_client_auth();
        self.finished(builder, protocols)
    }

    /// The same, for clients only that show a certificate below this root (PEM).
    pub fn server_demanding(
        &self,
        root: &str,
        protocols: &[&str],
    ) -> Result<Arc<rustls::ServerConfig>> {
        let mut roots = rustls::RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(root.as_bytes()).map_err(unfit)?;
        roots.add(root).map_err(unfit)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider());
        let verifier = verifier.build().map_err(unfit)?;
        self.finished(builder()?.with_client_cert_verifier(verifier), protocols)
    }

    fn finished(
        &self,
        builder: rustls::ConfigBuilder<rustls::ServerConfig, rustls::server::WantsServerCert>,
        protocols: &[&str],
    ) -> Result<Arc<rustls::ServerConfig>> {
        let pem = self.pem();
        let chain = CertificateDer::pem_slice_iter(pem.as_bytes());
        let chain: std::result::Result<Vec<_>, _> = chain.collect();
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(unfit)?;
        let key = provider()
            .key_provider
            .load_private_key(key)
            .map_err(unfit)?;
        // Not `with_single_cert`, which would look at them: the faulty ones are to be sent as well.
        let certified = CertifiedKey::new(chain.map_err(unfit)?, key);
        let resolver = SingleCertAndKey::from(certified);
        let mut config = builder.with_cert_resolver(Arc::new(resolver));
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().into())
            .collect();
        Ok(Arc::new(config))
    }
}

fn builder() -> Result<rustls::ConfigBuilder<rustls::ServerConfig, rustls::WantsVerifier>> {
    let builder = rustls::ServerConfig::builder_with_provider(provider());
    builder.with_safe_default_protocol_versions().map_err(unfit)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
