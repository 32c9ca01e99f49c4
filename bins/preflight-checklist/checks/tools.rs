//! `tools`: the programs that the deployment calls are here, in versions that will do.

use crate::facts::{Facts, Found, Tool};
use crate::version::{Told, refusal};
use shared::check::Check;
use shared::shell::quoted;
use shared::verdict::{Finding, Outcome, Severity};
use std::path::Path;

/// See the module.
pub const CHECK: Check<Facts> = Check {
    id: "tools",
    title: "every program that the deployment needs is here, in a version that will do",
    why: "a program that is missing or too old stops a deployment half way. The version is read \
          out of what the program prints; a version of two numbers counts as `.0`; suffixes of \
          distributions (`-ce`, `-0ubuntu1`, `+dfsg`) are ignored; a pre-release (`-rc.1`, \
          `beta2`) is accepted only by a range that names it",
    fix: "install the version asked for on the machine that runs this, or correct `PATH`",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    if facts.tools.is_empty() {
        return Outcome::skipped("no rule of `preflight.tools` applies to this environment");
    }
    let (mut evidence, mut findings, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for tool in &facts.tools {
        let name = &tool.rule.name;
        match &tool.found {
            Found::Absent { searched } => findings.push(absent(tool, searched)),
            Found::Silent { path, reason } => unknown.push(format!(
                "which version of `{name}` this is could not be found out ({}): {reason}",
                path.display()
            )),
            Found::Version { path, told } => match refusal(&told.version, &tool.rule.version) {
                Some(why) => findings.push(refused(tool, path, told, why)),
                None => evidence.push(format!(
                    "`{name}` is {}, `{}` asked ({})",
                    told.text,
                    tool.rule.version,
                    path.display()
                )),
            },
        }
    }
    Outcome::judge(evidence, findings, unknown)
}

fn absent(tool: &Tool, searched: &str) -> Finding {
    let program = tool.rule.command.first().map_or("", String::as_str);
    let message = format!("`{}` is not on this machine: {searched}", tool.rule.name);
    Finding::new(message)
        .compared("not found", tool.rule.version.to_string())
        .reproduce(format!("command -v {}", quoted(program)))
}

fn refused(tool: &Tool, path: &Path, told: &Told, why: &str) -> Finding {
    let (name, asked) = (&tool.rule.name, &tool.rule.version);
    let path = path.display();
    Finding::new(format!(
        "`{name}` is {}, which {why} `{asked}` ({path})",
        told.text
    ))
    .compared(told.text.clone(), asked.to_string())
    .reproduce(tool.line.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::told;
    use shared::config::ToolRule;

    fn outcome(found: Found) -> Outcome {
        let rule = ToolRule {
            name: "docker".into(),
            environments: vec![],
            command: vec!["docker".into(), "--version".into()],
            version: semver::VersionReq::parse(">=20.10").expect("is a range"),
        };
        let tools = vec![Tool {
            rule,
            line: "docker --version".into(),
            found,
        }];
        check(&Facts {
            tools,
            ..Facts::default()
        })
    }

    fn version(output: &str) -> Found {
        let told = told("docker", output, "").expect("tells a version");
        Found::Version {
            path: "/usr/bin/docker".into(),
            told,
        }
    }

    #[test]
    fn a_version_in_the_range_passes_with_version_and_path() {
        assert_eq!(
            outcome(version("Docker version 24.0.7-ce, build afdd53b")),
            Outcome::pass("`docker` is 24.0.7, `>=20.10` asked (/usr/bin/docker)")
        );
    }

    #[test]
    fn a_version_outside_the_range_fails() {
        assert_eq!(
            outcome(version("Docker version 19.03.15")),
            Outcome::fail(
                Finding::new(
                    "`docker` is 19.03.15, which is outside the range `>=20.10` (/usr/bin/docker)"
                )
                .compared("19.03.15", ">=20.10")
                .reproduce("docker --version")
            )
        );
    }

    #[test]
    fn a_pre_release_fails_and_is_called_one() {
        let Outcome::Fail { findings } = outcome(version("24.0.0-rc.1")) else {
            panic!("a pre-release must fail");
        };
        assert_eq!(
            findings[0].message,
            "`docker` is 24.0.0-rc.1, which is a pre-release, which a range of releases leaves \
             out: `>=20.10` (/usr/bin/docker)"
        );
    }

    #[test]
    fn a_program_that_is_not_there_fails_and_says_how_to_see_it() {
        let searched = "none of the 6 folders of `PATH` has it".into();
        assert_eq!(
            outcome(Found::Absent { searched }),
            Outcome::fail(
                Finding::new(
                    "`docker` is not on this machine: none of the 6 folders of `PATH` has it"
                )
                .compared("not found", ">=20.10")
                .reproduce("command -v docker")
            )
        );
    }

    #[test]
    fn a_program_that_tells_no_version_is_unknown() {
        let reason = "`docker --version` ended with exit 1".into();
        assert_eq!(
            outcome(Found::Silent {
                path: "/usr/bin/docker".into(),
                reason
            }),
            Outcome::unknown(
                "which version of `docker` this is could not be found out (/usr/bin/docker): \
                 `docker --version` ended with exit 1"
            )
        );
    }

    #[test]
    fn without_a_rule_it_is_skipped() {
        assert_eq!(
            check(&Facts::default()),
            Outcome::skipped("no rule of `preflight.tools` applies to this environment")
        );
    }
}
