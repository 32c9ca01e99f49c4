//! What must hold before a start.

use super::{Located, Name, Size};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// What preflight-checklist looks at.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preflight {
    /// Variables of the environment.
    #[serde(default)]
    pub variables: Vec<VariableRule>,
    /// Programs on this machine.
    #[serde(default)]
    pub tools: Vec<ToolRule>,
    /// Databases of the environment.
    #[serde(default)]
    pub databases: Vec<DatabaseRule>,
    /// Filesystems of this machine.
    #[serde(default)]
    pub disk: Vec<DiskRule>,
    /// The repository.
    pub git: Option<GitRule>,
}

/// One variable.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariableRule {
    /// Its name.
    pub name: String,
    /// The environments in which it is asked for; empty means all.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// It may be absent; what is there must still hold.
    #[serde(default)]
    pub optional: bool,
    /// The exact value.
    pub equals: Option<String>,
    /// The fewest characters.
    pub at_least: Option<u32>,
    /// Values that must not be left in, besides the usual placeholders.
    #[serde(default)]
    pub not: Vec<String>,
    /// It must parse as a URL with one of these schemes.
    #[serde(default)]
    pub schemes: Vec<String>,
}

/// One program.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolRule {
    /// What it is called in the report.
    pub name: String,
    /// The environments in which it is asked for; empty means all.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// The command that prints its version; `[name, --version]` when absent.
    #[serde(default)]
    pub command: Vec<String>,
    /// The versions that will do, for example `>=18, <23`.
    #[schemars(with = "String")]
    pub version: semver::VersionReq,
}

/// One database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseRule {
    /// Its name in the environment.
    pub name: Located<Name>,
    /// The environments in which it is asked for; empty means all.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// The server versions that will do, for example `>=13`.
    #[schemars(with = "String")]
    pub version: semver::VersionReq,
}

/// One filesystem.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiskRule {
    /// A path on it.
    pub path: PathBuf,
    /// The environments in which it is asked for; empty means all.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// The fewest bytes that must be free.
    pub free: Size,
}

/// The repository.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitRule {
    /// No tracked file differs from the commit.
    #[serde(default)]
    pub clean: bool,
    /// The release's commit is an ancestor of, or equal to, this branch.
    pub on_branch: Option<String>,
}
