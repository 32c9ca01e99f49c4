//! Every flag of the binaries can be given through `action.yml`, and every input is passed on.

use crate::repository::{printed, read};
use shared::config::Gate;
use std::collections::BTreeSet;

/// Flags that are no input, and why.
const NO_INPUT: [(&str, &str); 12] = [
    (
        "list-checks",
        "prints and stops; nobody waits for it in a workflow",
    ),
    (
        "explain",
        "prints and stops; nobody waits for it in a workflow",
    ),
    (
        "color",
        "a runner's log has one appearance; `arguments` can still pass it",
    ),
    (
        "verbose",
        "RUNNER_DEBUG, set by `Enable debug logging`, does the same",
    ),
    (
        "quiet",
        "a log that says less helps nobody; `arguments` can still pass it",
    ),
    (
        "from-openapi",
        "drafts a section; a person reads it before a workflow runs it",
    ),
    (
        "from-compose",
        "drafts a section; a person reads it before a workflow runs it",
    ),
    (
        "from-hurl",
        "drafts a section; a person reads it before a workflow runs it",
    ),
    (
        "url",
        "belongs to `smoke-test init`, which drafts a section",
    ),
    ("help", "prints and stops"),
    ("version", "prints and stops"),
    (
        "restart",
        "only migrate-gate has it, after a person's own repair; `arguments` passes it",
    ),
];

/// Inputs that are no flag, and why.
const NO_FLAG: [(&str, &str); 6] = [
    ("step", "picks the binary"),
    ("command", "is the first argument"),
    ("arguments", "are whole arguments"),
    ("token", "travels in the environment"),
    ("bin-dir", "says where the binaries are"),
    ("working-directory", "says where to run"),
];

/// The names below `inputs:` or `outputs:` of `action.yml`.
pub fn names(section: &str) -> BTreeSet<String> {
    let text = read("action.yml");
    let inside = text
        .lines()
        .skip_while(|line| *line != format!("{section}:"))
        .skip(1);
    let inside = inside.take_while(|line| line.is_empty() || line.starts_with(' '));
    let name = |line: &str| {
        let name = line.strip_prefix("  ")?.strip_suffix(':')?;
        (!name.starts_with(' ')).then(|| name.to_owned())
    };
    inside.filter_map(name).collect()
}

/// The long flags of a help page.
fn flags(help: &str) -> BTreeSet<String> {
    let flag = |line: &str| {
        let line = line.trim_start();
        let rest = match line.split_once(", --") {
            Some((short, rest)) if short.len() == 2 => rest,
            _ => line.strip_prefix("--")?,
        };
        let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '-'));
        Some(rest[..end.unwrap_or(rest.len())].to_owned())
    };
    help.lines().filter_map(flag).collect()
}

fn commands(help: &str) -> Vec<String> {
    let inside = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let inside = inside.take_while(|line| !line.is_empty());
    let words = inside.filter_map(|line| line.split_whitespace().next());
    words
        .filter(|word| *word != "help")
        .map(str::to_owned)
        .collect()
}

fn all_flags(gate: Gate) -> BTreeSet<String> {
    let help = printed(gate, &["--help"]);
    let mut all = flags(&help);
    for command in commands(&help) {
        all.extend(flags(&printed(gate, &[&command, "--help"])));
    }
    all
}

#[test]
fn every_flag_is_an_input_or_says_why_not() {
    let inputs = names("inputs");
    let mut all = BTreeSet::new();
    for gate in Gate::ALL {
        let flags = all_flags(gate);
        assert!(
            flags.contains("environment") && flags.contains("plan"),
            "{gate}: {flags:?}"
        );
        all.extend(flags);
    }
    for flag in &all {
        let is_excused = NO_INPUT.iter().any(|(name, _)| name == flag);
        assert!(
            inputs.contains(flag) != is_excused,
            "`--{flag}` must be an input of action.yml or be excused here, not both"
        );
    }
    for (flag, why) in NO_INPUT {
        assert!(all.contains(flag), "no binary has `--{flag}` ({why})");
    }
    for input in &inputs {
        let is_excused = NO_FLAG.iter().any(|(name, _)| name == input);
        assert!(
            all.contains(input) != is_excused,
            "input `{input}` must be a flag or be excused here, not both"
        );
    }
}

#[test]
fn every_input_reaches_the_script() {
    let (action, script) = (read("action.yml"), read("action/run.sh"));
    for input in names("inputs") {
        let variable = format!("INPUT_{}", input.to_uppercase().replace('-', "_"));
        let passed = format!("{variable}: ${{{{ inputs.{input} }}}}");
        assert!(
            action.contains(&passed),
            "action.yml does not say `{passed}`"
        );
        assert!(
            script.contains(&format!("{variable}:-")),
            "action/run.sh does not read {variable}"
        );
    }
}

#[test]
fn a_help_page_is_read() {
    let help = "Commands:\n  check  Judge\n  help   Print\n\nOptions:\n      --config <FILE>\n  -e, --environment <NAME>\n          no --flag here\n";
    assert_eq!(commands(help), ["check"]);
    assert_eq!(
        flags(help),
        BTreeSet::from(["config".to_owned(), "environment".to_owned()])
    );
}
