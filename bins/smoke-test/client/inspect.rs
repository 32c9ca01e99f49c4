//! A TLS handshake that records what the server shows and goes on whatever it is, so that one
//! fault does not hide another.

use super::connect::{Connected, Stream, Tcp};
use super::{Client, milliseconds};
use crate::answer::{Answer, Break, NoAnswer};
use crate::facts::{Agreed, Disagreed, Shown};
use crate::plan::Offer;
use crate::plan::Request;
use crate::probes::pause::Pause;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

impl Client {
    /// Asks a server for what it shows, again where the next attempt may well be answered.
    pub(crate) async fn inspect(&self, offer: &Offer) -> (Shown, Option<Connected>) {
        let mut pause = Pause::new();
        let mut attempts = 1;
        loop {
            let (mut shown, connected) = self.shake(offer).await;
            shown.attempts = attempts;
            let disagreed = shown.agreed.as_ref().err();
            let may_pass = disagreed.is_some_and(|why| why.no_answer.at.may_pass());
            if !may_pass || !shown.chain.is_empty() || attempts >= self.attempts {
                return (shown, connected);
            }
            attempts += 1;
            tokio::time::sleep(pause.next()).await;
        }
    }

    /// Sends a request over a connection that was inspected.
    pub(crate) async fn over(
        &self,
        connected: Connected,
        request: &Request,
    ) -> Result<Answer, NoAnswer> {
        self.allow().await?;
        let sent = super::exchange::send(connected, request, self);
        let answer = match tokio::time::timeout(request.within.duration(), sent).await {
            Ok(answer) => answer?,
            Err(_) => return Err(late(request.within.duration())),
        };
        self.tally.borrow_mut().add(request, &answer);
        Ok(answer)
    }

    /// One handshake, whatever comes of it.
    pub(super) async fn shake(&self, offer: &Offer) -> (Shown, Option<Connected>) {
        let recorder = Arc::new(Recorder::new());
        let allowed = self.allow().await;
        let shaken = async {
            allowed?;
            let tcp = self.tcp(&offer.at.host, offer.at.port).await?;
            Ok::<_, NoAnswer>(handshake(tcp, offer, recorder.clone()).await)
        };
        let shaken = match tokio::time::timeout(offer.within, shaken).await {
            Ok(Ok(shaken)) => shaken,
            Ok(Err(no_answer)) => Err(no_answer.into()),
            Err(_) => Err(late(offer.within).into()),
        };
        let (agreed, connected) = match shaken {
            Ok((agreed, connected)) => (Ok(agreed), Some(connected)),
            Err(disagreed) => (Err(disagreed), None),
        };
        let recorded = recorder.taken();
        let shown = Shown {
            attempts: 1,
            chain: recorded.chain,
            proof: recorded.proof,
            is_stapled: recorded.is_stapled,
            agreed,
        };
        (shown, connected)
    }
}

impl From<NoAnswer> for Disagreed {
    fn from(no_answer: NoAnswer) -> Self {
        Self {
            alert: None,
            no_answer,
        }
    }
}

fn late(within: Duration) -> NoAnswer {
    let seconds = within.as_secs_f64();
    NoAnswer::new(Break::Timeout, format!("no answer within {seconds} s"))
}

async fn handshake(
    tcp: Tcp,
    offer: &Offer,
    recorder: Arc<Recorder>,
) -> Result<(Agreed, Connected), Disagreed> {
    let config = rustls::ClientConfig::builder_with_provider(shared::tls::provider())
        .with_protocol_versions(offer.versions)
        .map_err(|error| NoAnswer::new(Break::Other, error.to_string()))?;
    let mut config = config
        .dangerous()
        .with_custom_certificate_verifier(recorder)
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    let protocols = offer.protocols.iter();
    config.alpn_protocols = protocols.map(|name| name.as_bytes().to_vec()).collect();
    let start = Instant::now();
    let connecting = TlsConnector::from(Arc::new(config)).connect(offer.name.clone(), tcp.stream);
    let stream = connecting.await.map_err(|error| disagreed(&error))?;
    let mut phases = tcp.phases;
    phases.tls = Some(milliseconds(start.elapsed()));
    let connection = stream.get_ref().1;
    let protocol = connection.alpn_protocol();
    let protocol = protocol.map(|name| String::from_utf8_lossy(name).into_owned());
    let version = connection
        .protocol_version()
        .and_then(|version| version.as_str());
    let suite = connection.negotiated_cipher_suite();
    let agreed = Agreed {
        version: version.unwrap_or("TLS").replace("TLSv1_", "TLSv1."),
        suite: suite.map_or_else(String::new, |suite| format!("{:?}", suite.suite())),
        protocol: protocol.clone(),
    };
    let connected = Connected {
        stream: Stream::Secure(Box::new(stream)),
        peer: tcp.peer,
        phases,
        protocol,
    };
    Ok((agreed, connected))
}

fn disagreed(error: &std::io::Error) -> Disagreed {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let alert = match inner {
        Some(rustls::Error::AlertReceived(alert)) => Some(u8::from(*alert)),
        _ => None,
    };
    Disagreed {
        alert,
        no_answer: NoAnswer::of_io(error),
    }
}

/// Takes every certificate, and writes down what came.
#[derive(Debug)]
struct Recorder {
    algorithms: WebPkiSupportedAlgorithms,
    recorded: Mutex<Recorded>,
}

#[derive(Debug, Default)]
struct Recorded {
    chain: Vec<CertificateDer<'static>>,
    proof: Option<Result<(), String>>,
    is_stapled: bool,
}

impl Recorder {
    fn new() -> Self {
        Self {
            algorithms: shared::tls::provider().signature_verification_algorithms,
            recorded: Mutex::default(),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Recorded) -> T) -> T {
        act(&mut self.recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn taken(&self) -> Recorded {
        self.with(std::mem::take)
    }

    fn proved(&self, proof: Result<HandshakeSignatureValid, rustls::Error>) {
        let proof = proof.map(drop).map_err(|error| error.to_string());
        self.with(|recorded| recorded.proof = Some(proof));
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        self.with(|recorded| {
            recorded.chain = chain.map(|one| one.clone().into_owned()).collect();
            recorded.is_stapled = !ocsp_response.is_empty();
        });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.proved(verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.algorithms,
        ));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.proved(verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.algorithms,
        ));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        // Last, so that a server which has nothing better still shows its certificates.
        schemes.push(SignatureScheme::ECDSA_SHA1_Legacy);
        schemes.push(SignatureScheme::RSA_PKCS1_SHA1);
        schemes
    }
}
