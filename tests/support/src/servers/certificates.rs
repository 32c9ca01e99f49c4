//! A certificate authority of the tests' own, and certificates with each fault that one can have.

mod served;
mod weak;

pub use served::Served;

use crate::{Error, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long certificates are valid when nothing else is asked for, in days.
const USUAL: i64 = 90;

/// Signs certificates: a root, and an intermediate that it signed.
pub struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
    expired_intermediate: String,
}

/// What a certificate says.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Names and addresses; the first is the subject as well.
    pub names: Vec<String>,
    /// The first day of its validity, counted from now.
    pub from: i64,
    /// The last day of its validity, counted from now.
    pub until: i64,
    /// What it may be used for.
    pub purpose: ExtendedKeyUsagePurpose,
}

impl Leaf {
    /// A valid one for servers with these names.
    pub fn server(names: &[&str]) -> Self {
        Self {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            from: -30,
            until: USUAL,
            purpose: ExtendedKeyUsagePurpose::ServerAuth,
        }
    }

    /// A valid one for a client.
    pub fn client(name: &str) -> Self {
        Self {
            purpose: ExtendedKeyUsagePurpose::ClientAuth,
            ..Self::server(&[name])
        }
    }

    /// The same with so many days left.
    #[must_use]
    pub fn days_left(mut self, days: i64) -> Self {
        self.until = days;
        self
    }
}

impl Authority {
    /// A new one with keys of its own: `CN=Test root` and `CN=Test intermediate`.
    pub fn new() -> Result<Self> {
        Self::named("Test")
    }

    fn named(name: &str) -> Result<Self> {
        let root =
            CertifiedIssuer::self_signed(signer(&format!("{name} root"), -400, 4000), key()?);
        let root = root.map_err(unfit)?;
        let (name, intermediate_key) = (format!("{name} intermediate"), key()?);
        let expired = signer(&name, -300, -2).signed_by(&intermediate_key, &root);
        let expired_intermediate = expired.map_err(unfit)?.pem();
        let valid = signer(&name, -300, 2000);
        let intermediate = CertifiedIssuer::signed_by(valid, intermediate_key, &root);
        Ok(Self {
            intermediate: intermediate.map_err(unfit)?,
            root,
            expired_intermediate,
        })
    }

    /// The root (PEM): what a client must trust.
    pub fn trusted(&self) -> String {
        self.root.pem()
    }

    /// The root in a file, for `SSL_CERT_FILE`.
    pub fn trusted_in(&self, folder: &Path) -> Result<PathBuf> {
        write(&folder.join("root.pem"), &self.trusted())
    }

    /// A certificate, sent with the intermediate that signed it.
    pub fn issue(&self, leaf: &Leaf) -> Result<Served> {
        let key = key()?;
        let signed = parameters(leaf)?.signed_by(&key, &self.intermediate);
        Ok(Served {
            chain: vec![signed.map_err(unfit)?.pem(), self.intermediate.pem()],
            key: key.serialize_pem(),
        })
    }

    /// For `localhost` and 127.0.0.1, without a fault.
    pub fn localhost(&self) -> Result<Served> {
        self.issue(&Leaf::server(&["localhost", "127.0.0.1"]))
    }

    /// For clients, to be shown to a server that demands one.
    pub fn client(&self, name: &str) -> Result<Served> {
        self.issue(&Leaf::client(name))
    }

    /// Expired three days ago.
    pub fn expired(&self) -> Result<Served> {
        self.issue(&Leaf {
            from: -60,
            until: -3,
            ..Leaf::server(&["localhost", "127.0.0.1"])
        })
    }

    /// Valid from the day after tomorrow.
    pub fn not_yet_valid(&self) -> Result<Served> {
        self.issue(&Leaf {
            from: 2,
            ..Leaf::server(&["localhost", "127.0.0.1"])
        })
    }

    /// For another host.
    pub fn wrong_name(&self) -> Result<Served> {
        self.issue(&Leaf::server(&["other.example"]))
    }

    /// For clients only, with the name of the server.
    pub fn wrong_purpose(&self) -> Result<Served> {
        self.issue(&Leaf {
            purpose: ExtendedKeyUsagePurpose::ClientAuth,
            ..Leaf::server(&["localhost", "127.0.0.1"])
        })
    }

    /// Sent without the intermediate that signed it.
    pub fn missing_intermediate(&self) -> Result<Served> {
        let mut served = self.localhost()?;
        served.chain.truncate(1);
        Ok(served)
    }

    /// Sent with an intermediate that expired two days ago.
    pub fn expired_intermediate(&self) -> Result<Served> {
        let mut served = self.localhost()?;
        served.chain[1].clone_from(&self.expired_intermediate);
        Ok(served)
    }

    /// Sent with the certificate of another authority that has nothing to do with it.
    pub fn extra(&self) -> Result<Served> {
        let mut served = self.localhost()?;
        served.chain.push(Self::named("Other")?.intermediate.pem());
        Ok(served)
    }

    /// With the key of another, as if its certificates had been copied.
    pub fn stolen(&self) -> Result<Served> {
        let mut served = self.localhost()?;
        served.key = key()?.serialize_pem();
        Ok(served)
    }

    /// Bytes that are no certificate, in the place of one.
    pub fn unreadable(&self) -> Result<Served> {
        let mut served = self.localhost()?;
        served.chain[0] =
            "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n".into();
        Ok(served)
    }

    /// Sent with the root, which clients have anyway.
    pub fn with_root(&self) -> Result<Served> {
        let mut served = self.localhost()?;
        served.chain.push(self.root.pem());
        Ok(served)
    }

    /// Sent with its intermediates in the wrong order.
    pub fn wrong_order(&self) -> Result<Served> {
        let mut served = self.with_root()?;
        served.chain.swap(1, 2);
        Ok(served)
    }

    /// Signed by itself, for the right host.
    pub fn self_signed() -> Result<Served> {
        let key = key()?;
        let leaf = Leaf::server(&["localhost", "127.0.0.1"]);
        let signed = parameters(&leaf)?.self_signed(&key).map_err(unfit)?;
        Ok(Served {
            chain: vec![signed.pem()],
            key: key.serialize_pem(),
        })
    }

    /// With an RSA key of 1024 bits.
    pub fn weak_key(&self) -> Result<Served> {
        weak::issue(&self.weak(), &weak::Flaw::ShortKey)
    }

    /// Signed with SHA-1.
    pub fn weak_signature(&self) -> Result<Served> {
        weak::issue(&self.weak(), &weak::Flaw::Sha1)
    }

    /// Of X.509 version 1, which has no extensions and so no names.
    pub fn version_one(&self) -> Result<Served> {
        weak::issue(&self.weak(), &weak::Flaw::VersionOne)
    }

    fn weak(&self) -> weak::Issuer {
        weak::Issuer {
            certificate: self.intermediate.pem(),
            key: self.intermediate.key().serialize_pem(),
        }
    }
}

fn key() -> Result<KeyPair> {
    KeyPair::generate().map_err(unfit)
}

fn signer(name: &str, from: i64, until: i64) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    dated(&mut parameters, name, from, until);
    parameters
}

fn parameters(leaf: &Leaf) -> Result<CertificateParams> {
    let mut parameters = CertificateParams::new(leaf.names.clone()).map_err(unfit)?;
    parameters.extended_key_usages = vec![leaf.purpose.clone()];
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.use_authority_key_identifier_extension = true;
    let subject = leaf.names.first().map_or("nobody", String::as_str);
    dated(&mut parameters, subject, leaf.from, leaf.until);
    Ok(parameters)
}

fn dated(parameters: &mut CertificateParams, subject: &str, from: i64, until: i64) {
    parameters.distinguished_name = DistinguishedName::new();
    let name = &mut parameters.distinguished_name;
    name.push(DnType::CommonName, subject);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    parameters.not_before = epoch + since_epoch(from);
    // An hour more, so that a day is whole however long a test takes.
    parameters.not_after = epoch + since_epoch(until) + DAY / 24;
}

/// The instant so many days from now, whole seconds only: certificates have no fractions.
fn since_epoch(days: i64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = Duration::from_secs(now.unwrap_or_default().as_secs());
    let distance = DAY * u32::try_from(days.unsigned_abs()).unwrap_or(u32::MAX);
    if days < 0 {
        now.saturating_sub(distance)
    } else {
        now + distance
    }
}

fn write(path: &Path, text: &str) -> Result<PathBuf> {
    std::fs::write(path, text)
        .map_err(|why| Error::new(format!("cannot write `{}`: {why}", path.display())))?;
    Ok(path.to_owned())
}

fn unfit(why: impl std::fmt::Display) -> Error {
    Error::new(format!("cannot make a certificate: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_certificate_can_be_made_and_served() -> Result<()> {
        let authority = Authority::new()?;
        for (served, certificates) in [
            (authority.localhost()?, 2),
            (authority.client("deployer")?, 2),
            (authority.expired()?, 2),
            (authority.not_yet_valid()?, 2),
            (authority.wrong_name()?, 2),
            (authority.wrong_purpose()?, 2),
            (authority.missing_intermediate()?, 1),
            (authority.expired_intermediate()?, 2),
            (authority.extra()?, 3),
            (authority.with_root()?, 3),
            (authority.wrong_order()?, 3),
            (Authority::self_signed()?, 1),
            (authority.weak_signature()?, 2),
            (authority.stolen()?, 2),
            (authority.unreadable()?, 2),
            (authority.version_one()?, 2),
        ] {
            assert_eq!(served.chain.len(), certificates);
            served.server(&["h2"])?;
            served.server_demanding(&authority.trusted(), &[])?;
        }
        Ok(())
    }

    #[test]
    fn what_rustls_cannot_serve_is_made_for_others() -> Result<()> {
        let served = Authority::new()?.weak_key()?;
        assert_eq!(served.chain.len(), 2);
        assert!(served.key.contains("PRIVATE KEY"), "{}", served.key);
        assert!(served.server(&[]).is_err());
        Ok(())
    }
}
