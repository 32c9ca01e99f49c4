//! The variables that rules speak of, from the environment's files and from the process.

use shared::config::{VariableRule, VariableSource};
use shared::error::Result;
use shared::gate::Context;
use shared::variables::Variable;

/// All rules with what they found.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// The files that were read, as the report names them.
    pub files: Vec<String>,
    /// Whether the process was read, too.
    pub has_process: bool,
    /// One for each rule.
    pub looked: Vec<Looked>,
}

/// One rule with what it found.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The rule.
    pub rule: VariableRule,
    /// The variable, when there is one of that name.
    pub found: Option<Variable>,
}

impl Variables {
    /// Reads the environment's sources once; nothing is read when no rule needs it.
    pub fn read(context: &Context, rules: &[VariableRule]) -> Result<Self> {
        let mut variables = Self::default();
        if rules.is_empty() {
            return Ok(variables);
        }
        for source in &context.place().variables {
            match source {
                VariableSource::File(path) => {
                    let path = context.config.path(path).display().to_string();
                    variables.files.push(plain(&path));
                }
                VariableSource::Process => variables.has_process = true,
            }
        }
        let all = context.variables()?;
        variables.looked = rules
            .iter()
            .map(|rule| Looked {
                rule: rule.clone(),
                found: all.get(&rule.name).cloned().map(|variable| Variable {
                    source: plain(&variable.source),
                    ..variable
                }),
            })
            .collect();
        Ok(variables)
    }
}

/// Without the `./` that a file beside the configuration gets.
fn plain(path: &str) -> String {
    path.strip_prefix("./").unwrap_or(path).to_owned()
}
