//! How strong the key and the signature of a certificate are.

use x509_cert::der::asn1::UintRef;
use x509_cert::der::oid::db::DB;
use x509_cert::der::{Reader as _, SliceReader};
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfoOwned};

/// Keys shorter than this can be broken: NIST SP 800-57 part 1, table 2, and the baseline
/// requirements of the CA/Browser Forum, section 6.1.5.
const SHORTEST_RSA: usize = 2048;

/// The key of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// `RSA 2048`, `P-256`, `Ed25519`.
    pub(crate) name: String,
    /// Whether it is long enough.
    pub(crate) is_strong: bool,
}

/// The algorithm of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// `ecdsa-with-SHA256`.
    pub(crate) name: String,
    /// Whether nobody can forge it.
    pub(crate) is_strong: bool,
}

/// The kind of a key, and whether it is long enough.
pub(super) fn key(info: &SubjectPublicKeyInfoOwned) -> Key {
    let named = |name: &str, is_strong| Key {
        name: name.into(),
        is_strong,
    };
    match info.algorithm.oid.to_string().as_str() {
        // rsaEncryption and id-RSASSA-PSS: RFC 4055.
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => {
            let bits = info.subject_public_key.as_bytes().and_then(rsa_bits);
            match bits {
                Some(bits) => named(&format!("RSA {bits}"), bits >= SHORTEST_RSA),
                None => named("RSA of unknown length", false),
            }
        }
        // id-ecPublicKey with a named curve: RFC 5480.
        "1.2.840.10045.2.1" => {
            let parameters = info.algorithm.parameters.as_ref();
            let curve = parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
            match curve.map(|curve| curve.to_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => named("P-256", true),
                Some("1.3.132.0.34") => named("P-384", true),
                Some("1.3.132.0.35") => named("P-521", true),
                Some(other) => named(&format!("elliptic curve {other}"), false),
                None => named("elliptic curve without a name", false),
            }
        }
        "1.3.101.112" => named("Ed25519", true),
        "1.3.101.113" => named("Ed448", true),
        other => named(&format!("algorithm {other}"), false),
    }
}

/// The length of the modulus: RFC 8017, appendix A.1.1.
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(key).ok()?;
    let modulus: UintRef<'_> = reader
        .sequence(|reader| {
            let modulus = reader.decode()?;
            let _exponent: UintRef<'_> = reader.decode()?;
            Ok(modulus)
        })
        .ok()?;
    let bytes = modulus.as_bytes();
    let unused = bytes
        .first()
        .map_or(0, |first| first.leading_zeros() as usize);
    Some((bytes.len() * 8).saturating_sub(unused))
}

/// The name of an algorithm, and whether it can be forged.
pub(super) fn signature(algorithm: ObjectIdentifier) -> Signature {
    // RFC 6151 and RFC 6194.
    const FORGEABLE: [(&str, &str); 7] = [
        ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
        ("1.2.840.113549.1.1.3", "md4WithRSAEncryption"),
        ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
        ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
        ("1.2.840.10040.4.3", "dsa-with-SHA1"),
        ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
        ("1.3.14.3.2.29", "sha1WithRSA"),
    ];
    let number = algorithm.to_string();
    let forgeable = FORGEABLE.iter().find(|(known, _)| *known == number);
    let name = forgeable
        .map(|(_, name)| *name)
        .or_else(|| DB.by_oid(&algorithm));
    Signature {
        is_strong: forgeable.is_none(),
        name: name.map_or(number, str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_modulus_is_counted_in_bits() {
        let key = |modulus: &[u8]| {
            let length = u8::try_from(modulus.len()).expect("is short");
            let inner = [&[2, length], modulus, &[2, 1, 3]].concat();
            [&[0x30, length + 5], inner.as_slice()].concat()
        };
        assert_eq!(rsa_bits(&key(&[1, 0])), Some(9));
        assert_eq!(rsa_bits(&key(&[0, 0x80, 1])), Some(16));
        assert_eq!(rsa_bits(b"x"), None);
    }
}
