//! What a gate would do: printed by `--plan`, carried out otherwise.

use serde::Serialize;

/// One call that would be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What for, in a few words.
    pub purpose: String,
    /// The call itself: a request, a query, a command, a file.
    pub call: String,
    /// Whether it changes the world.
    pub changes: bool,
}

impl Step {
    /// A call that only looks.
    pub fn reads(purpose: impl Into<String>, call: impl Into<String>) -> Self {
        Self {
            purpose: purpose.into(),
            call: call.into(),
            changes: false,
        }
    }

    /// A call that changes something.
    pub fn changes(purpose: impl Into<String>, call: impl Into<String>) -> Self {
        Self {
            purpose: purpose.into(),
            call: call.into(),
            changes: true,
        }
    }
}

/// The plan as a person reads it.
pub(super) fn text(gate: &str, environment: &str, steps: &[Step]) -> String {
    let changing = steps.iter().filter(|step| step.changes).count();
    let mut text = format!(
        "{gate} would make {} calls on {environment}, {changing} of which change something:\n",
        steps.len()
    );
    for (index, step) in steps.iter().enumerate() {
        let mark = if step.changes { "change" } else { "read" };
        text.push_str(&format!("{:>3}  {mark:<6}  {}\n", index + 1, step.purpose));
        for line in step.call.lines() {
            text.push_str(&format!("             {line}\n"));
        }
    }
    text.push_str("nothing was changed\n");
    text
}
