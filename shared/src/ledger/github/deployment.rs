//! A deployment, and the entry of the ledger in its payload.

use super::status::cut;
use crate::error::{Error, Result};
use crate::ledger::Entry;
use crate::secret::redact;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The key of the payload that makes a deployment one of ours.
const KEY: &str = "sluicegate";

/// The task of our deployments. The list can be asked for it, so that the deployments of other tools
/// do not push ours out of reach; and whoever deploys on `deploy` leaves these alone.
pub(super) const TASK: &str = "deploy:sluicegate";

/// The schema of [`Entry`] that this version reads and writes.
const SCHEMA: u64 = 1;

/// What is sent to create a deployment.
#[derive(Debug, Serialize)]
pub(super) struct NewDeployment<'a> {
    #[serde(rename = "ref")]
    reference: &'a str,
    task: &'a str,
    environment: &'a str,
    description: String,
    // Otherwise GitHub may merge the default branch into the ref, or refuse because of statuses that
    // other gates judge: https://docs.github.com/rest/deployments/deployments#create-a-deployment
    auto_merge: bool,
    required_contexts: [&'a str; 0],
    production_environment: bool,
    transient_environment: bool,
    payload: Value,
}

impl<'a> NewDeployment<'a> {
    pub(super) fn of(entry: &'a Entry, environment: &'a str) -> Result<Self> {
        // Whoever may read the repository reads the payload.
        let public = Entry {
            actor: redact(&entry.actor),
            note: redact(&entry.note),
            ..entry.clone()
        };
        let encoded = serde_json::to_value(&public)
            .map_err(|error| Error::unavailable("could not encode a ledger entry").source(error))?;
        Ok(Self {
            reference: entry.release.commit.as_str(),
            task: TASK,
            environment,
            description: cut(&format!(
                "sluicegate puts {} on {environment}",
                entry.release
            )),
            auto_merge: false,
            required_contexts: [],
            production_environment: environment == "production",
            transient_environment: false,
            payload: json!({ KEY: encoded }),
        })
    }
}

/// What is read of a deployment.
#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: u64,
    pub(super) environment: String,
    sha: String,
    #[serde(default, deserialize_with = "decoded")]
    payload: Value,
}

impl Deployment {
    /// Whether it carries an entry of the ledger, readable or not. Those of other tools do not.
    pub(super) fn is_ours(&self) -> bool {
        self.payload.get(KEY).is_some()
    }

    /// The id of the entry, without judging the rest of it.
    pub(super) fn entry_id(&self) -> Option<&str> {
        self.payload.get(KEY)?.get("id")?.as_str()
    }

    /// The entry. One that does not parse, or that was copied to another commit, is an error: an
    /// entry left out could be the one that condemns a release.
    pub(super) fn entry(&self, place: &str) -> Result<Entry> {
        let broken = |why: &str| {
            Error::unavailable(format!("the ledger entry in deployment {} {why}", self.id))
                .at(place)
        };
        let value = self.payload.get(KEY).unwrap_or(&Value::Null);
        let schema = value.get("schema").and_then(Value::as_u64);
        if schema.is_some_and(|schema| schema != SCHEMA) {
            return Err(broken("was written by another version").hint("update Sluicegate"));
        }
        let entry: Entry = Entry::deserialize(value).map_err(|error| {
            broken("does not parse")
                .source(redact(&error.to_string()))
                .hint("delete that deployment")
        })?;
        if entry.release.commit.as_str() != self.sha {
            return Err(broken("is about another commit than the deployment")
                .hint("another tool copied it: delete that deployment"));
        }
        Ok(entry)
    }
}

/// GitHub gives a payload back as it was sent, as an object or as text.
fn decoded<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::State;
    use crate::ledger::tests::entry;

    fn deployment(payload: Value) -> Deployment {
        let sha = entry("1.0.0", State::Good).release.commit;
        let value = json!({"id": 42, "environment": "staging", "sha": sha, "payload": payload});
        serde_json::from_value(value).expect("is a deployment")
    }

    #[test]
    fn an_entry_comes_back_whether_the_payload_is_an_object_or_text() {
        let entry = entry("1.0.0", State::InProgress);
        let payload = json!({ KEY: entry });
        for payload in [payload.clone(), Value::String(payload.to_string())] {
            let deployment = deployment(payload);
            assert!(deployment.is_ours());
            assert_eq!(deployment.entry_id(), Some("run-1.0.0"));
            assert_eq!(deployment.entry("here").expect("parses"), entry);
        }
    }

    #[test]
    fn a_deployment_of_another_tool_is_not_ours() {
        let foreign = [
            Value::Null,
            json!(""),
            json!("{}"),
            json!("text"),
            json!({"task": 1}),
            json!([1]),
        ];
        for payload in foreign {
            assert!(!deployment(payload.clone()).is_ours(), "{payload}");
        }
    }

    #[test]
    fn an_entry_that_does_not_parse_is_an_error_that_names_the_deployment() {
        let mut newer = json!({ KEY: entry("1.0.0", State::Good) });
        newer[KEY]["schema"] = json!(2);
        let copied = json!({ KEY: entry("2.3.4", State::Good) });
        let cases = [
            (json!({ KEY: {"id": 7} }), "does not parse"),
            (json!({ KEY: null }), "does not parse"),
            (newer, "was written by another version; update Sluicegate"),
            (copied, "is about another commit than the deployment"),
        ];
        for (payload, why) in cases {
            let deployment = deployment(payload);
            assert!(deployment.is_ours());
            let error = deployment
                .entry("here")
                .expect_err("does not parse")
                .to_string();
            assert!(
                error.starts_with("here: the ledger entry in deployment 42 "),
                "{error}"
            );
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_secret_in_an_entry_is_not_published() {
        let _token = crate::secret::Secret::new("hunter2-token");
        let mut entry = entry("1.0.0", State::InProgress);
        entry.note = "begun with hunter2-token".into();
        let body = NewDeployment::of(&entry, "production").expect("is encoded");
        let text = serde_json::to_string(&body).expect("is encoded");
        assert!(
            text.contains("begun with ***") && !text.contains("hunter2"),
            "{text}"
        );
    }
}
