//! Whether a path leads from what a server sends to a certificate that this machine trusts.

use crate::answer::NoAnswer;
use crate::facts::Trust;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, RootCertStore};
use std::sync::Arc;

/// Tries the instants at which the certificates may be valid together, each with both purposes.
pub(crate) fn trust(
    roots: Result<Arc<RootCertStore>, NoAnswer>,
    chain: &[CertificateDer<'static>],
    instants: &[UnixTime],
) -> Trust {
    let roots = match roots {
        Ok(roots) => roots,
        Err(no_answer) => return Trust::NoRoots(no_answer),
    };
    let Some((first, others)) = chain.split_first() else {
        return Trust::None("no certificate was sent".into());
    };
    let mut worst = Trust::NeverTogether;
    for instant in instants {
        match path(&roots, first, others, *instant) {
            Ok(()) => return Trust::Path,
            // Whether it is valid today is judged by itself.
            Err(error) if is_of_dates(&error) => {}
            Err(error) if is_of_kind(&error) => worst = Trust::Unfit(error.to_string()),
            Err(error) => {
                if worst == Trust::NeverTogether {
                    worst = Trust::None(error.to_string());
                }
            }
        }
    }
    worst
}

/// Whether the certificate is for this name.
pub(crate) fn covers(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let parsed = ParsedCertificate::try_from(certificate);
    parsed.is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok())
}

fn path(
    roots: &Arc<RootCertStore>,
    first: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    instant: UnixTime,
) -> Result<(), rustls::Error> {
    let provider = shared::tls::provider();
    let algorithms = provider.signature_verification_algorithms.all;
    let parsed = ParsedCertificate::try_from(first)?;
    let found =
        verify_server_cert_signed_by_trust_anchor(&parsed, roots, others, instant, algorithms);
    match found {
        Err(error) if is_of_purpose(&error) => {
            // The purpose is judged by itself; the same path for the other purpose.
            let builder = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider);
            match builder.build() {
                Ok(verifier) => verifier
                    .verify_client_cert(first, others, instant)
                    .map(drop),
                Err(_) => Err(error),
            }
        }
        found => found,
    }
}

fn is_of_dates(error: &rustls::Error) -> bool {
    use CertificateError as Why;
    matches!(
        error,
        rustls::Error::InvalidCertificate(
            Why::Expired
                | Why::ExpiredContext { .. }
                | Why::NotValidYet
                | Why::NotValidYetContext { .. }
        )
    )
}

fn is_of_purpose(error: &rustls::Error) -> bool {
    use CertificateError as Why;
    matches!(
        error,
        rustls::Error::InvalidCertificate(Why::InvalidPurpose | Why::InvalidPurposeContext { .. })
    )
}

/// An issuer that is not known is the answer no; anything else is about the certificates.
fn is_of_kind(error: &rustls::Error) -> bool {
    use CertificateError as Why;
    !matches!(
        error,
        rustls::Error::InvalidCertificate(Why::UnknownIssuer | Why::BadSignature)
    )
}
