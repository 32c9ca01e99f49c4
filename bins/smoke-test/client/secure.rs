//! TLS for requests: verified against this machine's certificates, loaded once and only when needed.

use super::connect::{Connected, Stream, Tcp};
use super::milliseconds;
use crate::answer::{Break, NoAnswer};
use crate::plan::Identified;
use crate::plan::Protocol;
use rustls::pki_types::ServerName;
use std::cell::OnceCell;
use std::sync::Arc;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// What requests agree on TLS with.
#[derive(Default)]
pub(super) struct Configurations {
    base: OnceCell<rustls::ClientConfig>,
    roots: OnceCell<Arc<rustls::RootCertStore>>,
}

impl Configurations {
    /// The certificates that this machine trusts.
    pub(super) fn roots(&self) -> Result<Arc<rustls::RootCertStore>, NoAnswer> {
        if let Some(roots) = self.roots.get() {
            return Ok(roots.clone());
        }
        let loaded = shared::tls::roots()
            .map_err(|error| NoAnswer::new(Break::Machine, error.to_string()))?;
        Ok(self.roots.get_or_init(|| Arc::new(loaded)).clone())
    }

    /// For requests of one kind.
    pub(super) fn of(
        &self,
        protocol: Protocol,
        identified: Option<&Identified>,
    ) -> Result<Arc<rustls::ClientConfig>, NoAnswer> {
        let unfit = |reason: String| NoAnswer::new(Break::Machine, reason);
        let mut config = match identified {
            None => self.plain()?,
            Some(identified) => shared::tls::client_with_certificate(
                identified.chain.clone(),
                identified.key.clone_key(),
            )
            .map_err(|error| unfit(error.to_string()))?,
        };
        config.alpn_protocols = match protocol {
            Protocol::Any => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            Protocol::Http1 => vec![b"http/1.1".to_vec()],
            Protocol::Http2 => vec![b"h2".to_vec()],
        };
        Ok(Arc::new(config))
    }

    /// Without any protocol to agree on.
    pub(super) fn plain(&self) -> Result<rustls::ClientConfig, NoAnswer> {
        if let Some(base) = self.base.get() {
            return Ok(base.clone());
        }
        let loaded = shared::tls::client(true)
            .map_err(|error| NoAnswer::new(Break::Machine, error.to_string()))?;
        Ok(self.base.get_or_init(|| loaded).clone())
    }
}

/// Agrees on TLS over an open connection.
pub(super) async fn handshake(
    tcp: Tcp,
    host: &str,
    config: Arc<rustls::ClientConfig>,
) -> Result<Connected, NoAnswer> {
    let name = server_name(host)?;
    let start = Instant::now();
    let stream = TlsConnector::from(config)
        .connect(name, tcp.stream)
        .await
        .map_err(|error| refused(&error))?;
    let mut phases = tcp.phases;
    phases.tls = Some(milliseconds(start.elapsed()));
    let agreed = stream.get_ref().1.alpn_protocol();
    let protocol = agreed.map(|name| String::from_utf8_lossy(name).into_owned());
    Ok(Connected {
        stream: Stream::Secure(Box::new(stream)),
        peer: tcp.peer,
        phases,
        protocol,
    })
}

/// A server that hangs up on a greeting does not speak TLS here; a reset may pass.
fn refused(error: &std::io::Error) -> NoAnswer {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        return NoAnswer::new(Break::Tls, "the server hung up during the TLS handshake");
    }
    NoAnswer::of_io(error)
}

/// The name that a certificate must have.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, NoAnswer> {
    crate::address::server_name(host)
        .map_err(|error| NoAnswer::new(Break::Name, format!("`{host}`: {error}")))
}
