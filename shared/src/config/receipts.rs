//! Which receipts each gate requires, and which checks may say no for a while.

use super::{Located, Name, Span};
use crate::error::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How receipts are required.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Receipts {
    /// After this long a receipt no longer counts.
    pub expire: Span,
    /// By environment, then by the gate that requires: the receipts it needs.
    pub require: BTreeMap<Name, BTreeMap<Gate, Vec<Located<Requirement>>>>,
}

impl Default for Receipts {
    fn default() -> Self {
        Self {
            expire: Span::seconds(86_400),
            require: BTreeMap::new(),
        }
    }
}

/// One of the five binaries.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// May we start?
    PreflightChecklist,
    /// Is the schema change safe, and is it applied?
    MigrateGate,
    /// Does the environment answer correctly?
    SmokeTest,
    /// Put a release on an environment while the evidence holds.
    CanaryPromote,
    /// Put the last good release back.
    Rollback,
}

impl Gate {
    /// All five, in the order of a promotion.
    pub const ALL: [Self; 5] = [
        Self::PreflightChecklist,
        Self::MigrateGate,
        Self::SmokeTest,
        Self::CanaryPromote,
        Self::Rollback,
    ];

    /// The binary's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreflightChecklist => "preflight-checklist",
            Self::MigrateGate => "migrate-gate",
            Self::SmokeTest => "smoke-test",
            Self::CanaryPromote => "canary-promote",
            Self::Rollback => "rollback",
        }
    }
}

impl Gate {
    /// The command whose receipt stands for the gate; empty for a binary without commands.
    pub fn main_command(self) -> &'static str {
        match self {
            Self::PreflightChecklist | Self::SmokeTest => "",
            Self::MigrateGate => "apply",
            Self::CanaryPromote | Self::Rollback => "run",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A receipt that must hold: `gate`, or `gate@environment` for another environment's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Requirement {
    /// The gate that must have passed.
    pub gate: Gate,
    /// Where; the same environment when absent.
    pub environment: Option<Name>,
}

impl TryFrom<String> for Requirement {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        let (gate, environment) = match text.split_once('@') {
            Some((gate, environment)) => (gate, Some(Name::try_from(environment.to_owned())?)),
            None => (text.as_str(), None),
        };
        let known = Gate::ALL.map(Gate::name);
        match Gate::ALL.into_iter().find(|known| known.name() == gate) {
            Some(gate) => Ok(Self { gate, environment }),
            None => Err(Error::config(format!("there is no gate `{gate}`"))
                .hint(super::nearest_hint(gate, &known))),
        }
    }
}

/// One suppression.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The check's id.
    pub check: String,
    /// The environments in which it holds; empty means all.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Why the check may say no.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds, `YYYY-MM-DD`, UTC.
    #[schemars(with = "String", extend("format" = "date"))]
    pub until: jiff::civil::Date,
}
