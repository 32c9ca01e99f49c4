//! A TCP connection: the name resolved, the address allowed, each step timed.

use super::milliseconds;
use crate::answer::{Break, NoAnswer, Phases};
use base64::Engine as _;
use sha2::{Digest as _, Sha256};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

/// One of several addresses of a name is given no longer than this before the next is tried.
const LONGEST_TRY: Duration = Duration::from_secs(3);

/// An open TCP connection.
#[derive(Debug)]
pub(crate) struct Tcp {
    /// The connection.
    pub(crate) stream: TcpStream,
    /// Where it leads.
    pub(crate) peer: SocketAddr,
    /// How long the name and the connection took.
    pub(crate) phases: Phases,
}

/// A connection that requests can be sent over.
#[derive(Debug)]
pub(crate) struct Connected {
    /// The connection.
    pub(crate) stream: Stream,
    /// Where it leads.
    pub(crate) peer: SocketAddr,
    /// How long it took so far.
    pub(crate) phases: Phases,
    /// The protocol that was agreed on by ALPN, if any.
    pub(crate) protocol: Option<String>,
}

/// Plain or with TLS.
#[derive(Debug)]
pub(crate) enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// Inside TLS.
    Secure(Box<TlsStream<TcpStream>>),
}

impl Connected {
    /// `TLSv1.3`, where TLS was agreed on.
    pub(crate) fn tls_version(&self) -> Option<String> {
        match &self.stream {
            Stream::Plain(_) => None,
            Stream::Secure(stream) => {
                let version = stream.get_ref().1.protocol_version()?;
                Some(format!("{version:?}").replacen("_", ".", 1))
            }
        }
    }
}

impl Tcp {
    /// Without TLS.
    pub(crate) fn plain(self) -> Connected {
        Connected {
            stream: Stream::Plain(self.stream),
            peer: self.peer,
            phases: self.phases,
            protocol: None,
        }
    }
}

impl Connected {
    /// SHA-256 of the public key of the server's certificate, in base64; none without TLS.
    pub(crate) fn key_digest(&self) -> Option<String> {
        let Stream::Secure(stream) = &self.stream else {
            return None;
        };
        let certificate = stream.get_ref().1.peer_certificates()?.first()?;
        let parsed = Certificate::from_der(certificate).ok()?;
        let key = parsed
            .tbs_certificate
            .subject_public_key_info
            .to_der()
            .ok()?;
        Some(base64::engine::general_purpose::STANDARD.encode(Sha256::digest(key)))
    }
}

/// Tries every address of a name in turn.
pub(super) async fn tcp(host: &str, port: u16, is_private_allowed: bool) -> Result<Tcp, NoAnswer> {
    let mut phases = Phases::default();
    let addresses = resolve(host, port, &mut phases).await?;
    let allowed: Vec<SocketAddr> = addresses
        .iter()
        .copied()
        .filter(|address| is_private_allowed || !is_private(address.ip()))
        .collect();
    if allowed.is_empty() {
        let ip = addresses.first().map(SocketAddr::ip);
        let ip = ip.map(|ip| ip.to_string()).unwrap_or_default();
        return Err(NoAnswer::new(
            Break::Private,
            format!("`{host}` is {ip}, which is no public address (`allow.private_addresses`)"),
        ));
    }
    let start = Instant::now();
    let last = allowed.len() - 1;
    let mut failure = None;
    for (index, address) in allowed.into_iter().enumerate() {
        let opening = TcpStream::connect(address);
        // The last one has as long as the caller gives.
        let opened = if index < last {
            match tokio::time::timeout(LONGEST_TRY, opening).await {
                Ok(opened) => opened,
                Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
            }
        } else {
            opening.await
        };
        match opened {
            Ok(stream) => {
                phases.connect = Some(milliseconds(start.elapsed()));
                // A request is one packet; without it a small one may wait for an acknowledgement.
                let _ = stream.set_nodelay(true);
                return Ok(Tcp {
                    stream,
                    peer: address,
                    phases,
                });
            }
            Err(error) => failure = Some(NoAnswer::of_io(&error)),
        }
    }
    Err(failure.unwrap_or_else(|| NoAnswer::new(Break::Name, format!("`{host}` has no address"))))
}

async fn resolve(host: &str, port: u16, phases: &mut Phases) -> Result<Vec<SocketAddr>, NoAnswer> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let start = Instant::now();
    let found = tokio::net::lookup_host((bare, port)).await;
    phases.dns = Some(milliseconds(start.elapsed()));
    match found {
        Ok(found) => Ok(found.collect()),
        Err(error) => Err(NoAnswer::new(Break::Name, format!("`{host}`: {error}"))),
    }
}

/// Everything but the public internet: RFC 6890 and its registries, by what a service may listen
/// on. <https://www.iana.org/assignments/iana-ipv4-special-registry>
pub(crate) fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_documentation()
                || ip.is_multicast()
                || first == 0
                || (first == 100 && (64..128).contains(&second))
                || (first == 198 && (18..20).contains(&second))
                || first >= 240
        }
        IpAddr::V6(ip) => match carried(ip) {
            Some(mapped) => is_private(mapped.into()),
            None => {
                let [first, second, third, ..] = ip.segments();
                ip.is_loopback()
                    || ip.is_unspecified()
                    || ip.is_unique_local()
                    || ip.is_unicast_link_local()
                    || ip.is_multicast()
                    // What site-local ones were (RFC 3879), those to translate to at home (RFC 8215),
                    // and those for documentation.
                    || first & 0xffc0 == 0xfec0
                    || (first, second, third) == (0x64, 0xff9b, 1)
                    || (first, second) == (0x2001, 0xdb8)
            }
        },
    }
}

/// The IPv4 address that an IPv6 address leads to: mapped, as it once was written (RFC 4291, section
/// 2.5.5), by the translation of RFC 6052, or by 6to4 (RFC 3056).
fn carried(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(of(high, low))
        }
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "255.255.255.255",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "::",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1.1.1.1",
            "fec0::1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(is_private(ip.parse().expect("is an address")), "{ip}");
        }
        for ip in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            // What an IPv6-only network makes of a public address.
            "64:ff9b::1.1.1.1",
        ] {
            assert!(!is_private(ip.parse().expect("is an address")), "{ip}");
        }
    }
}
