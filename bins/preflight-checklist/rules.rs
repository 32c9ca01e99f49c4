//! Rules that make no sense are refused before anything is looked at.

use shared::config::{ToolRule, VariableRule};
use shared::error::{Error, Result};

/// Refuses a rule that no value could satisfy, or that names no variable.
pub fn variable(rule: &VariableRule, file: &str) -> Result<()> {
    let name = &rule.name;
    let refuse = |why: &str| {
        Err(Error::config(format!(
            "the rule of variable `{name}` in `preflight.variables` {why}"
        ))
        .at(file))
    };
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let starts_with_digit = name.starts_with(|c: char| c.is_ascii_digit());
    if name.is_empty() || starts_with_digit || !name.bytes().all(is_word) {
        return refuse("does not name a variable");
    }
    if rule
        .schemes
        .iter()
        .any(|scheme| scheme.is_empty() || scheme.contains([':', '/']))
    {
        return refuse("has a scheme that is none; write `https`, not `https://`");
    }
    if let Some(equals) = &rule.equals {
        let length = equals.chars().count();
        if length == 0 {
            return refuse("asks for an empty value, which no variable may have");
        }
        if rule.at_least.is_some_and(|fewest| length < fewest as usize) {
            return refuse("asks by `equals` for fewer characters than by `at_least`");
        }
        if rule.not.contains(equals) {
            return refuse("asks by `equals` for a value that its `not` refuses");
        }
    }
    Ok(())
}

/// Refuses a rule that names no program.
pub fn tool(rule: &ToolRule, file: &str) -> Result<()> {
    if rule.name.trim().is_empty() || rule.command.first().is_none_or(String::is_empty) {
        return Err(Error::config("a rule in `preflight.tools` names no program").at(file));
    }
    Ok(())
}

/// As strict as `git check-ref-format --branch` where it matters: no option, no revision syntax.
pub fn on_branch(branch: &str, file: &str) -> Result<()> {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    let is_branch = !branch.is_empty()
        && !branch.starts_with(['-', '/'])
        && !branch.ends_with(['/', '.'])
        && branch != "HEAD"
        && !["..", "@{", "//"].iter().any(|part| branch.contains(part))
        && !branch.contains(is_odd);
    if is_branch {
        return Ok(());
    }
    Err(Error::config(format!(
        "`preflight.git.on_branch` is `{branch}`, which names no branch"
    ))
    .at(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "sluicegate.yml";

    fn rule(name: &str) -> VariableRule {
        VariableRule {
            name: name.into(),
            environments: vec![],
            optional: false,
            equals: None,
            at_least: None,
            not: vec![],
            schemes: vec![],
        }
    }

    fn equal(value: &str) -> VariableRule {
        VariableRule {
            equals: Some(value.into()),
            ..rule("A")
        }
    }

    #[test]
    fn a_rule_that_no_value_can_satisfy_is_refused() {
        for wrong in [
            rule(""),
            rule("1A"),
            rule("A B"),
            equal(""),
            VariableRule {
                at_least: Some(9),
                ..equal("short")
            },
            VariableRule {
                not: vec!["x".into()],
                ..equal("x")
            },
            VariableRule {
                schemes: vec!["https://".into()],
                ..rule("A")
            },
            VariableRule {
                schemes: vec![String::new()],
                ..rule("A")
            },
        ] {
            let error = variable(&wrong, FILE)
                .expect_err("cannot be satisfied")
                .to_string();
            assert!(
                error.starts_with("sluicegate.yml: the rule of variable"),
                "{error}"
            );
        }
        assert!(
            variable(
                &VariableRule {
                    at_least: Some(5),
                    ..equal("short")
                },
                FILE
            )
            .is_ok()
        );
    }

    #[test]
    fn a_branch_is_a_name_and_no_option_and_no_revision() {
        for name in [
            "",
            "-x",
            "HEAD",
            "main~1",
            "a..b",
            "a b",
            "main^{commit}",
            "@{u}",
            "a:b",
            "/a",
        ] {
            assert!(on_branch(name, FILE).is_err(), "{name}");
        }
        for name in ["main", "release/1.x", "origin/main", "v2"] {
            assert!(on_branch(name, FILE).is_ok(), "{name}");
        }
    }
}
