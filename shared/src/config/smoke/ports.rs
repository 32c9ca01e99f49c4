//! Which TCP ports of a host are open, and which are not.

use super::super::{Located, Name, Span, Template};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// Which TCP ports of a host are open, and which are not.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortsProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` has the host; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// Another host: a name or an address, without a port.
    pub host: Option<Template>,
    /// Ports that must accept a connection, at every address of the host. A closed port counts only when one of these answers
    /// on the same address in the same run; without any, the port of the address itself has to.
    #[serde(default)]
    pub open: Vec<Located<u16>>,
    /// Ports that must not accept one.
    #[serde(default)]
    pub closed: Vec<Located<u16>>,
    /// A Compose file: each TCP port that it publishes, on whatever address, and that `open` does
    /// not name must not accept a connection either. `${NAME}` in it reads the
    /// process, and then the `.env` beside the file, as Compose does.
    pub compose: Option<Located<PathBuf>>,
    /// How long one connection may take.
    #[serde(default = "default_within")]
    pub within: Span,
}
