//! `variables`: what a release reads at its start is there and is no placeholder.

use crate::facts::{Facts, Looked, Variables};
use crate::{placeholder, url};
use shared::check::Check;
use shared::shell::quoted;
use shared::verdict::{Finding, Outcome, Severity};

/// See the module.
pub const CHECK: Check<Facts> = Check {
    id: "variables",
    title: "every variable of the environment is set, and to a real value",
    why: "a release with a missing secret fails when it starts, or later; one with a secret out \
          of a guide runs and is open to everybody. Values are judged and never shown: name, \
          place and length are. A value that equals its rule's `equals` is accepted even if it \
          looks like a placeholder",
    fix: "set the variables named above where the environment reads them",
    severity: Severity::Error,
    run: check,
};

/// What is wrong with a value, in words that do not quote it.
struct Problem {
    message: String,
    observed: String,
    expected: String,
}

fn check(facts: &Facts) -> Outcome {
    let variables = &facts.variables;
    if variables.looked.is_empty() {
        return Outcome::skipped("no rule of `preflight.variables` applies to this environment");
    }
    let (mut evidence, mut findings, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    let mut absent = Vec::new();
    for looked in &variables.looked {
        let name = &looked.rule.name;
        let Some(value) = value(looked) else {
            if looked.rule.optional {
                absent.push(format!("`{name}`"));
            } else {
                findings.push(missing(looked, variables));
            }
            continue;
        };
        if looked.rule.equals.is_none() && placeholder::has_reference(value) {
            unknown.push(referring(looked));
            continue;
        }
        let problems = problems(looked, value);
        if problems.is_empty() {
            evidence.push(holding(looked, value));
        }
        findings.extend(problems.into_iter().map(|problem| finding(looked, problem)));
    }
    if evidence.is_empty() && findings.is_empty() && unknown.is_empty() {
        return Outcome::skipped(format!(
            "all are optional, and none is set: {}",
            absent.join(", ")
        ));
    }
    if !absent.is_empty() {
        evidence.push(format!("optional and not set: {}", absent.join(", ")));
    }
    Outcome::judge(evidence, findings, unknown)
}

fn referring(looked: &Looked) -> String {
    format!(
        "`{}` ({}) refers to another variable by `${{…}}`, which is not replaced in a file: load \
         the file into the process, and name `process` as its source",
        looked.rule.name,
        place(looked)
    )
}

/// The value, unless there is none or only blanks.
fn value(looked: &Looked) -> Option<&str> {
    let value = looked.found.as_ref()?.value.expose();
    (!value.trim().is_empty()).then_some(value)
}

fn problems(looked: &Looked, value: &str) -> Vec<Problem> {
    let rule = &looked.rule;
    let identity = match &rule.equals {
        Some(equals) => difference(equals, value),
        None => stand_in(value),
    };
    let problems = [
        identity,
        refused(&rule.not, value),
        rule.at_least.and_then(|fewest| too_short(fewest, value)),
        address(&rule.schemes, value),
    ];
    problems.into_iter().flatten().collect()
}

fn difference(equals: &str, value: &str) -> Option<Problem> {
    (equals != value).then(|| Problem {
        message: "is not the value that its rule asks for".into(),
        observed: characters(value),
        expected: format!("the value of `equals` ({})", characters(equals)),
    })
}

fn stand_in(value: &str) -> Option<Problem> {
    placeholder::reason(value).map(|reason| Problem {
        message: format!("is a placeholder: {reason}"),
        observed: "a placeholder".into(),
        expected: "a real value".into(),
    })
}

fn refused(not: &[String], value: &str) -> Option<Problem> {
    let is_refused = not
        .iter()
        .any(|not| not.trim().eq_ignore_ascii_case(value.trim()));
    is_refused.then(|| Problem {
        message: "is a value that its rule refuses".into(),
        observed: "a value in `not`".into(),
        expected: "a value that `not` does not name".into(),
    })
}

fn too_short(fewest: u32, value: &str) -> Option<Problem> {
    (value.chars().count() < fewest as usize).then(|| Problem {
        message: format!("has {}, at least {fewest} are asked", characters(value)),
        observed: characters(value),
        expected: format!("at least {fewest} characters"),
    })
}

fn address(accepted: &[String], value: &str) -> Option<Problem> {
    if accepted.is_empty() {
        return None;
    }
    let expected = schemes(accepted);
    let (message, observed) = match url::parse(value) {
        Err(why) => (format!("is no URL: {why}"), "no URL"),
        Ok(url)
            if accepted
                .iter()
                .any(|one| one.eq_ignore_ascii_case(&url.scheme)) =>
        {
            return None;
        }
        Ok(_) => (format!("is a URL, but not {expected}"), "another scheme"),
    };
    Some(Problem {
        message,
        observed: observed.into(),
        expected,
    })
}

fn characters(value: &str) -> String {
    format!("{} characters", value.chars().count())
}

fn schemes(schemes: &[String]) -> String {
    let schemes: Vec<String> = schemes
        .iter()
        .map(|scheme| format!("`{scheme}://`"))
        .collect();
    format!("one that starts with {}", schemes.join(" or "))
}

fn holding(looked: &Looked, value: &str) -> String {
    let rule = &looked.rule;
    let (length, place) = (value.chars().count(), place(looked));
    let mut line = format!("`{}` has {length} characters ({place})", rule.name);
    if rule.equals.is_some() {
        line.push_str(", the value asked for");
    }
    if let Some(fewest) = rule.at_least {
        line.push_str(&format!(", at least {fewest} asked"));
    }
    if !rule.schemes.is_empty() {
        line.push_str(&format!(", a URL, {} asked", schemes(&rule.schemes)));
    }
    line
}

fn place(looked: &Looked) -> &str {
    looked
        .found
        .as_ref()
        .map_or("nowhere", |found| &found.source)
}

/// File and line of a variable that a file has.
fn file_and_line(looked: &Looked) -> Option<(&str, u64)> {
    let (file, line) = looked.found.as_ref()?.source.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}

fn finding(looked: &Looked, problem: Problem) -> Finding {
    let name = &looked.rule.name;
    let finding = Finding::new(format!("`{name}` {} ({})", problem.message, place(looked)))
        .compared(problem.observed, problem.expected);
    match file_and_line(looked) {
        Some((file, line)) => finding
            .reproduce(format!(
                "{} | cut -d= -f1",
                grep("-nE", name, &[file.to_owned()])
            ))
            .in_file(file, line, 1),
        None => finding.reproduce(printenv(name)),
    }
}

fn missing(looked: &Looked, variables: &Variables) -> Finding {
    let name = &looked.rule.name;
    if let Some(found) = &looked.found {
        let problem = Problem {
            message: "is empty".into(),
            observed: format!(
                "{} characters, all blank",
                found.value.expose().chars().count()
            ),
            expected: "a value".into(),
        };
        return finding(looked, problem);
    }
    let mut sources: Vec<String> = variables
        .files
        .iter()
        .map(|file| format!("`{file}`"))
        .collect();
    let mut commands = Vec::new();
    if !variables.files.is_empty() {
        commands.push(grep("-cE", name, &variables.files));
    }
    if variables.has_process {
        sources.push("the process".into());
        commands.push(printenv(name));
    }
    Finding::new(format!("`{name}` is not set in {}", sources.join(" or ")))
        .compared("not set", "a value")
        .reproduce(commands.join("; "))
}

fn grep(flag: &str, name: &str, files: &[String]) -> String {
    let files: Vec<String> = files.iter().map(|file| quoted(file)).collect();
    format!("grep {flag} '^ *(export +)?{name} *=' {}", files.join(" "))
}

fn printenv(name: &str) -> String {
    format!("printenv {name} | tr -d '\\n' | wc -m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::config::VariableRule;
    use shared::secret::Secret;
    use shared::variables::Variable;

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

    fn outcome(looked: Vec<(VariableRule, Option<&str>)>) -> Outcome {
        let looked = looked.into_iter().map(|(rule, value)| Looked {
            rule,
            found: value.map(|value| Variable {
                value: Secret::plain(value),
                source: ".env:3".into(),
            }),
        });
        let variables = Variables {
            files: vec![".env".into()],
            has_process: true,
            looked: looked.collect(),
        };
        check(&Facts {
            variables,
            ..Facts::default()
        })
    }

    fn one(change: impl FnOnce(&mut VariableRule), value: &str) -> Outcome {
        let mut rule = rule("NAME");
        change(&mut rule);
        outcome(vec![(rule, Some(value))])
    }

    fn message(outcome: Outcome) -> String {
        match outcome {
            Outcome::Fail { findings } => {
                let messages: Vec<String> = findings.into_iter().map(|one| one.message).collect();
                messages.join(" / ")
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_set_variable_passes_with_its_place_and_length_and_without_its_value() {
        assert_eq!(
            one(|rule| rule.at_least = Some(8), "k3Jv-9qLwz"),
            Outcome::pass("`NAME` has 10 characters (.env:3), at least 8 asked")
        );
        assert_eq!(
            one(
                |rule| rule.schemes = vec!["redis".into(), "rediss".into()],
                "rediss://h:1"
            ),
            Outcome::pass(
                "`NAME` has 12 characters (.env:3), a URL, one that starts with `redis://` or \
                 `rediss://` asked"
            )
        );
        assert_eq!(
            one(|rule| rule.equals = Some("password".into()), "password"),
            Outcome::pass("`NAME` has 8 characters (.env:3), the value asked for")
        );
    }

    #[test]
    fn a_variable_that_is_not_set_fails_and_says_where_it_was_looked_for() {
        assert_eq!(
            outcome(vec![(rule("JWT_SECRET"), None)]),
            Outcome::fail(
                Finding::new("`JWT_SECRET` is not set in `.env` or the process")
                    .compared("not set", "a value")
                    .reproduce(
                        "grep -cE '^ *(export +)?JWT_SECRET *=' .env; \
                         printenv JWT_SECRET | tr -d '\\n' | wc -m"
                    )
            )
        );
    }

    #[test]
    fn a_blank_value_fails_where_it_stands() {
        assert_eq!(
            one(|_| {}, "  "),
            Outcome::fail(
                Finding::new("`NAME` is empty (.env:3)")
                    .compared("2 characters, all blank", "a value")
                    .reproduce("grep -nE '^ *(export +)?NAME *=' .env | cut -d= -f1")
                    .in_file(".env", 3, 1)
            )
        );
    }

    #[test]
    fn every_rule_has_its_finding_and_none_quotes_the_value() {
        for (outcome, expected) in [
            (
                one(|rule| rule.equals = Some("production".into()), "vAlue-1"),
                "`NAME` is not the value that its rule asks for (.env:3)",
            ),
            (
                one(|rule| rule.at_least = Some(32), "vAlue-1"),
                "`NAME` has 7 characters, at least 32 are asked (.env:3)",
            ),
            (
                one(|rule| rule.not = vec!["value-1".into()], "vAlue-1"),
                "`NAME` is a value that its rule refuses (.env:3)",
            ),
            (
                one(|rule| rule.schemes = vec!["https".into()], "vAlue-1"),
                "`NAME` is no URL: it has no `://` (.env:3)",
            ),
            (
                one(|rule| rule.schemes = vec!["https".into()], "http://vAlue-1"),
                "`NAME` is a URL, but not one that starts with `https://` (.env:3)",
            ),
            (
                one(|_| {}, "postgres://vAlue-1:password@h/d"),
                "`NAME` is a placeholder: a URL whose password is a placeholder or repeats the \
                 user's name (.env:3)",
            ),
            (
                one(|rule| rule.at_least = Some(32), "your-secret-key"),
                "`NAME` is a placeholder: a word that documentation puts in place of a real \
                 value (.env:3) / `NAME` has 15 characters, at least 32 are asked (.env:3)",
            ),
        ] {
            assert!(!format!("{outcome:?}").contains("vAlue-1"), "{outcome:?}");
            assert_eq!(message(outcome), expected);
        }
    }

    #[test]
    fn what_an_optional_variable_has_must_still_hold() {
        let optional = |name: &str| VariableRule {
            optional: true,
            ..rule(name)
        };
        assert_eq!(
            outcome(vec![(optional("A"), None), (rule("B"), Some("7890"))]),
            Outcome::Pass {
                evidence: vec![
                    "`B` has 4 characters (.env:3)".into(),
                    "optional and not set: `A`".into()
                ]
            }
        );
        assert!(message(outcome(vec![(optional("A"), Some("changeme"))])).contains("placeholder"));
    }

    #[test]
    fn nothing_examined_is_skipped_not_passed() {
        let optional = VariableRule {
            optional: true,
            ..rule("A")
        };
        assert_eq!(
            outcome(vec![(optional, None)]),
            Outcome::skipped("all are optional, and none is set: `A`")
        );
        assert_eq!(
            outcome(vec![]),
            Outcome::skipped("no rule of `preflight.variables` applies to this environment")
        );
    }

    #[test]
    fn a_reference_that_nobody_has_replaced_is_unknown() {
        assert_eq!(
            one(|_| {}, "postgres://u:${DB_PASSWORD}@h/d"),
            Outcome::unknown(
                "`NAME` (.env:3) refers to another variable by `${…}`, which is not replaced in a \
                 file: load the file into the process, and name `process` as its source"
            )
        );
    }
}
