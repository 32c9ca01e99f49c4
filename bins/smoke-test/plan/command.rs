//! A suite of the project's own.

use super::Planned;
use super::expectations::predicate;
use super::scope::Scope;
use crate::predicate::Predicate;
use shared::config::{CommandProbe, Span};
use shared::error::Result;
use shared::gate::Step;
use shared::secret::Secret;
use shared::shell::quoted;

/// A suite of the project's own.
#[derive(Clone, Debug)]
pub(crate) struct CommandPlan {
    /// What it is called.
    pub(crate) name: String,
    /// The program and its arguments.
    pub(crate) run: Vec<String>,
    /// Where it runs.
    pub(crate) directory: std::path::PathBuf,
    /// What it sees besides the variables of this process.
    pub(crate) variables: Vec<(String, Secret)>,
    /// What must hold for its standard output.
    pub(crate) output: Option<Predicate>,
    /// How long it may take.
    pub(crate) within: Span,
}

impl CommandPlan {
    /// The command as a person would type it.
    pub(crate) fn line(&self) -> String {
        let words: Vec<String> = self.run.iter().map(|word| quoted(word)).collect();
        words.join(" ")
    }
}

impl Planned for CommandPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["command"]
    }

    fn steps(&self) -> Vec<Step> {
        // What a program of the project does is its own affair.
        let purpose = format!("command `{}` within {}", self.name, self.within);
        vec![Step::changes(purpose, self.line())]
    }

    fn requests(&self) -> u64 {
        0
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &CommandProbe) -> Result<CommandPlan> {
    if probe.run.first().is_none_or(String::is_empty) {
        return Err(scope.refuse("has an empty command"));
    }
    if probe.within.duration().is_zero() {
        return Err(scope.refuse("has a `within` of 0"));
    }
    let release = scope.context.release()?.version.to_string();
    let mut variables = vec![
        (
            "SLUICEGATE_URL".to_owned(),
            Secret::plain(scope.context.url()?),
        ),
        ("SLUICEGATE_RELEASE".to_owned(), Secret::plain(release)),
    ];
    for (name, value) in &probe.variables {
        variables.push((name.clone(), scope.resolve(value)?));
    }
    let output = probe.output.as_ref();
    Ok(CommandPlan {
        name: probe.name.value.clone(),
        run: probe.run.clone(),
        directory: scope.context.config.root.clone(),
        variables,
        output: output.map(|output| predicate(scope, output)).transpose()?,
        within: probe.within,
    })
}
