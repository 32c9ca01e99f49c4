//! `sluicegate.yml`: read, checked whole, and refused with the place and the nearest known key.

mod canary;
mod environment;
mod migrations;
mod name;
mod preflight;
mod problem;
mod receipts;
mod rollback;
mod smoke;
mod text;
mod units;
mod validate;

pub use canary::{Canary, Inconclusive, Margin, Metric, ProbeMetric, ScrapeMetric};
pub use environment::{
    Allow, Artifact, CommandTarget, Database, Environment, Identity, Ledger, NginxRouter,
    Placement, Router, Service, Target, VariableSource,
};
pub use migrations::{Backup, Migrations, Tool};
pub use name::Name;
pub use preflight::{DatabaseRule, DiskRule, GitRule, Preflight, ToolRule, VariableRule};
pub use problem::nearest_hint;
pub use receipts::{Gate, Receipts, Requirement, Waiver};
pub use rollback::Rollback;
pub use smoke::*;
pub use text::{Located, Template};
pub use units::{Share, Size, Span};

use crate::error::{Error, Result};
use crate::release::Digest;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The whole file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "sluicegate.yml")]
pub struct Document {
    /// The format of this file: 1.
    #[schemars(extend("const" = 1))]
    pub version: Located<u64>,
    /// What the project is called.
    pub project: Name,
    /// Where releases are put.
    pub environments: BTreeMap<Name, Environment>,
    /// What a release consists of.
    #[serde(default)]
    pub services: BTreeMap<Name, Service>,
    /// What must hold before a start.
    #[serde(default)]
    pub preflight: Preflight,
    /// How the database schema changes.
    pub migrations: Option<Migrations>,
    /// What a deployed release must answer.
    pub smoke: Option<Smoke>,
    /// How a release is put on an environment step by step.
    #[serde(default)]
    pub canary: Canary,
    /// How a rollback proves that it worked.
    #[serde(default)]
    pub rollback: Rollback,
    /// Which receipts each gate requires.
    #[serde(default)]
    pub receipts: Receipts,
    /// Which checks may say no for a while.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
}

/// The file together with where it was found and what it digests to.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its content.
    pub document: Document,
    /// The name to print in front of lines and columns.
    pub file: String,
    /// The folder that relative paths start from: the one that holds the file.
    pub root: PathBuf,
    /// SHA-256 of the canonical JSON (RFC 8785) of the file, with `${NAME}` not replaced: the
    /// same on every machine, and without secrets.
    pub digest: Digest,
}

/// Larger files are refused before they are parsed.
const LARGEST_FILE: u64 = 1 << 20;

impl Config {
    /// Reads and checks the file. No other I/O.
    pub fn load(path: &Path) -> Result<Self> {
        let file = path.display().to_string();
        let text = read(path, &file)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let root = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        Self::parse(&text, &file, root)
    }

    /// Checks a text as if it had been read from `file` in the folder `root`.
    pub fn parse(text: &str, file: &str, root: &Path) -> Result<Self> {
        if text.trim().is_empty() {
            return Err(Error::config("the file is empty")
                .at(file)
                .hint("the README has a complete minimal one"));
        }
        let options = || serde_saphyr::options! { with_snippet: false };
        let document: Document = serde_saphyr::from_str_with_options(text, options())
            .map_err(|error| problem::explain(&error, text, file))?;
        let value: serde_json::Value = serde_saphyr::from_str_with_options(text, options())
            .map_err(|error| problem::explain(&error, text, file))?;
        let canonical = serde_json_canonicalizer::to_vec(&value).map_err(|error| {
            Error::config("the file has no canonical form")
                .at(file)
                .source(error)
        })?;
        validate::document(&document, file)?;
        Ok(Self {
            document,
            file: file.to_owned(),
            root: root.to_owned(),
            digest: Digest::of(&canonical),
        })
    }

    /// The environment of that name.
    pub fn environment(&self, name: &str) -> Result<(&Name, &Environment)> {
        let found = self
            .document
            .environments
            .iter()
            .find(|(key, _)| key.as_str() == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = self
                .document
                .environments
                .keys()
                .map(Name::as_str)
                .collect();
            Error::config(format!("there is no environment `{name}`"))
                .at(&self.file)
                .hint(nearest_hint(name, &names))
        })
    }

    /// Replaces `${NAME}` from the process.
    pub fn resolve(&self, template: &Template) -> Result<crate::secret::Secret> {
        template.resolve(&self.file, &|name| std::env::var(name).ok())
    }

    /// A variable of the process, for files besides this one that name some.
    pub fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// A path of the file, relative to the folder that holds it.
    pub fn path(&self, path: &Path) -> PathBuf {
        if self.root == Path::new(".") {
            path.to_owned()
        } else {
            self.root.join(path)
        }
    }
}

fn read(path: &Path, file: &str) -> Result<String> {
    let unreadable = |error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::FileTooLarge {
            return Error::config("the file is larger than 1 MiB").at(file);
        }
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "name it with `--config`",
            std::io::ErrorKind::IsADirectory => "name the file in it with `--config`",
            _ => "check its permissions",
        };
        Error::config("could not read the configuration")
            .at(file)
            .source(error)
            .hint(hint)
    };
    let bytes = crate::file::read(path, LARGEST_FILE).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before
            .iter()
            .rev()
            .take_while(|byte| **byte != b'\n')
            .count()
            + 1;
        Error::config("the file is not UTF-8").at(format!("{file}:{line}:{column}"))
    })
}

/// A YAML document of somebody else, as a value; `file` is for the error, which has the line.
pub fn yaml_value(text: &str, file: &str) -> Result<serde_json::Value> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| problem::explain(&error, text, file))
}

/// The JSON Schema of the file, as it is checked in for editors.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(Document);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
