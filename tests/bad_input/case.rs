//! One thing that is wrong, and what must be said of it.

use crate::sandbox::Sandbox;
use shared::config::Gate;
use std::ffi::OsString;

/// What it is, the text that is replaced and what by, and what must be said of it.
pub type Edit = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// One thing that is wrong.
pub struct Case {
    /// What it is.
    pub name: String,
    /// The gates to which it matters.
    pub gates: Vec<Gate>,
    /// What it does to the folder.
    pub change: Box<dyn Fn(&Sandbox) + Send + Sync>,
    /// Arguments behind the gate's command.
    pub arguments: Vec<OsString>,
    /// Words of the line, the place among them.
    pub says: Vec<String>,
    /// Told by the command line's own reader, in its own lines.
    pub is_usage: bool,
    /// Variables that are taken away.
    pub unset: Vec<&'static str>,
}

impl Case {
    /// Arguments that are wrong, for every gate; staging is meant.
    pub fn arguments(name: &str, arguments: &[&str], says: &[&str]) -> Self {
        let mut case = Self::bare(name, arguments, says);
        case.arguments
            .extend(["--environment".into(), "staging".into()]);
        case
    }

    /// Exactly these arguments.
    pub fn bare(name: &str, arguments: &[&str], says: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            gates: Gate::ALL.to_vec(),
            change: Box::new(|_| {}),
            arguments: arguments.iter().map(OsString::from).collect(),
            says: says.iter().map(|words| (*words).to_owned()).collect(),
            is_usage: false,
            unset: Vec::new(),
        }
    }

    /// The whole configuration is this.
    pub fn file(name: &str, content: impl Into<Vec<u8>>, says: &[&str]) -> Self {
        let content = content.into();
        let change = move |sandbox: &Sandbox| sandbox.write("sluicegate.yml", &content);
        Self::arguments(name, &[], says).changing(change)
    }

    /// The complete configuration with one text replaced.
    fn edit(name: &str, from: &'static str, to: &str, says: &[&str]) -> Self {
        let to = to.to_owned();
        let change = move |sandbox: &Sandbox| {
            let config = sandbox.config();
            assert!(
                config.contains(from),
                "the complete configuration has no `{from}`"
            );
            sandbox.write("sluicegate.yml", config.replacen(from, &to, 1).as_bytes());
        };
        Self::arguments(name, &[], says).changing(change)
    }

    /// The complete configuration with the first line that starts so replaced whole.
    pub fn line(name: &str, start: &'static str, to: &str, says: &[&str]) -> Self {
        let to = to.to_owned();
        let change = move |sandbox: &Sandbox| {
            let config = sandbox.config();
            let mut lines: Vec<&str> = config.lines().collect();
            let line = lines.iter_mut().find(|line| line.starts_with(start));
            *line.expect("the complete configuration has such a line") = &to;
            sandbox.write("sluicegate.yml", lines.join("\n").as_bytes());
        };
        Self::arguments(name, &[], says).changing(change)
    }

    /// A case for each of them.
    pub fn edits(table: &[Edit]) -> Vec<Self> {
        table
            .iter()
            .map(|(name, from, to, says)| Self::edit(name, from, to, says))
            .collect()
    }

    /// With this change to the folder.
    pub fn changing(mut self, change: impl Fn(&Sandbox) + Send + Sync + 'static) -> Self {
        self.change = Box::new(change);
        self
    }

    /// It matters only to these gates.
    pub fn only(mut self, gates: &[Gate]) -> Self {
        self.gates = gates.to_vec();
        self
    }

    /// This too must be said of it.
    pub fn saying(mut self, words: &str) -> Self {
        self.says.push(words.to_owned());
        self
    }

    /// The command line's own reader tells it.
    pub fn usage(mut self) -> Self {
        self.is_usage = true;
        self
    }

    /// Without that variable.
    pub fn without(mut self, variable: &'static str) -> Self {
        self.unset.push(variable);
        self
    }
}
