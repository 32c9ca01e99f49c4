//! The saved shape: a SLSA verification summary in an in-toto statement in a DSSE envelope.

use super::Receipt;
use crate::error::{Error, Result};
use crate::release::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the payload is: <https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md>.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// What the predicate is: <https://slsa.dev/spec/v1.0/verification_summary>.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/verification_summary/v1";
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The extension field of the predicate that holds the whole receipt. The specification wants a
/// URI as its name.
const EXTENSION: &str = "https://sluicegate.dev/receipt/v1";

/// A DSSE envelope: <https://github.com/secure-systems-lab/dsse/blob/master/envelope.md>.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

/// One signature over the pre-authentication encoding of the payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signature {
    /// Which key.
    pub keyid: String,
    /// Base64.
    pub sig: String,
}

impl Envelope {
    /// Wraps a statement without signing it.
    pub fn unsigned(statement: &Statement) -> Result<Self> {
        let payload = serde_json::to_vec(statement)
            .map_err(|error| Error::unavailable("could not encode the receipt").source(error))?;
        Ok(Self {
            payload: BASE64.encode(payload),
            payload_type: PAYLOAD_TYPE.into(),
            signatures: Vec::new(),
        })
    }

    /// Whether anybody vouches for it.
    pub fn is_signed(&self) -> bool {
        !self.signatures.is_empty()
    }

    /// The statement inside.
    pub fn statement(&self) -> Result<Statement> {
        let broken = |why: &str| Error::unavailable(format!("this is no receipt: {why}"));
        if self.payload_type != PAYLOAD_TYPE {
            return Err(broken("its payload is not an in-toto statement"));
        }
        let payload = BASE64
            .decode(&self.payload)
            .map_err(|error| broken("its payload is not base64").source(error))?;
        let statement: Statement = serde_json::from_slice(&payload)
            .map_err(|error| broken("its payload does not parse").source(error))?;
        if statement.kind != STATEMENT_TYPE || statement.predicate_type != PREDICATE_TYPE {
            return Err(broken("it is not a verification summary"));
        }
        Ok(statement)
    }

    /// SHA-256 of the payload's bytes; what the next receipt in the chain names.
    pub fn digest(&self) -> Digest {
        Digest::of(&BASE64.decode(&self.payload).unwrap_or_default())
    }
}

/// An in-toto statement: <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    verifier: Verifier,
    time_verified: String,
    resource_uri: String,
    policy: Resource,
    input_attestations: Vec<Resource>,
    verification_result: String,
    verified_levels: Vec<String>,
    #[serde(rename = "https://sluicegate.dev/receipt/v1")]
    receipt: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Verifier {
    id: String,
    version: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Resource {
    uri: String,
    digest: BTreeMap<String, String>,
}

fn sha256(digest: &Digest) -> BTreeMap<String, String> {
    BTreeMap::from([("sha256".to_owned(), digest.as_str().to_owned())])
}

impl Statement {
    /// The statement that says what the receipt says.
    pub fn of(receipt: &Receipt) -> Result<Self> {
        let encode = |error| Error::unavailable("could not encode the receipt").source(error);
        let passed = if receipt.is_passed() {
            "PASSED"
        } else {
            "FAILED"
        };
        Ok(Self {
            kind: STATEMENT_TYPE.into(),
            subject: subjects(receipt),
            predicate_type: PREDICATE_TYPE.into(),
            predicate: Predicate {
                verifier: Verifier {
                    id: format!("https://sluicegate.dev/gates/{}", receipt.gate),
                    version: BTreeMap::from([("sluicegate".into(), receipt.run.tool.clone())]),
                },
                time_verified: receipt.finished.clone(),
                resource_uri: resource_uri(receipt),
                policy: Resource {
                    uri: receipt.config.file.clone(),
                    digest: sha256(&receipt.config.digest),
                },
                input_attestations: (receipt.relied_on.iter())
                    .map(|relied| Resource {
                        uri: relied.path.clone(),
                        digest: sha256(&relied.digest),
                    })
                    .collect(),
                verification_result: passed.into(),
                verified_levels: Vec::new(),
                receipt: serde_json::to_value(receipt).map_err(encode)?,
            },
        })
    }

    /// The receipt inside; refused when the summary around it says something else.
    pub fn receipt(&self) -> Result<Receipt> {
        let broken = |why: String| Error::unavailable(format!("this is no receipt: {why}"));
        let receipt: Receipt = serde_json::from_value(self.predicate.receipt.clone())
            .map_err(|error| broken(format!("`{EXTENSION}` does not parse")).source(error))?;
        if Self::of(&receipt)? != *self {
            return Err(broken("its summary contradicts its detail".into()));
        }
        Ok(receipt)
    }
}

fn resource_uri(receipt: &Receipt) -> String {
    format!("deploy:{}#{}", receipt.project, receipt.environment)
}

fn subjects(receipt: &Receipt) -> Vec<Subject> {
    let Some(release) = &receipt.release else {
        // A statement needs a subject; without a release it is the configuration.
        return vec![Subject {
            name: receipt.config.file.clone(),
            digest: sha256(&receipt.config.digest),
        }];
    };
    let mut subjects = vec![Subject {
        name: format!("{}@{}", receipt.project, release.version),
        digest: BTreeMap::from([("gitCommit".into(), release.commit.as_str().to_owned())]),
    }];
    subjects.extend(release.artifacts.iter().map(|(service, digest)| Subject {
        name: service.clone(),
        digest: sha256(digest),
    }));
    subjects
}
