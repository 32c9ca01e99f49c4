//! `databases`: the environment's databases answer and are new enough.

use crate::facts::{Database, Facts, Server};
use crate::version::refusal;
use shared::check::Check;
use shared::config::Size;
use shared::verdict::{Finding, Outcome, Severity};

/// See the module.
pub const CHECK: Check<Facts> = Check {
    id: "databases",
    title: "every database answers, and its server's version will do",
    why: "a release that cannot reach its database is down, and one on a server that is too old \
          fails at the first statement that the server does not know",
    fix: "correct the URL, open the way to the server, or upgrade it",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    if facts.databases.is_empty() {
        return Outcome::skipped("no rule of `preflight.databases` applies to this environment");
    }
    let (mut evidence, mut findings, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for database in &facts.databases {
        let name = &database.rule.name.value;
        match &database.looked {
            Err(reason) => unknown.push(format!("`{name}` could not be asked: {reason}")),
            Ok(server) => match refusal(&server.told.version, &database.rule.version) {
                Some(_) => findings.push(refused(database, server)),
                None => evidence.push(format!(
                    "`{name}` at {} is PostgreSQL {}, `{}` asked; {}, {}",
                    database.place,
                    server.told.text,
                    database.rule.version,
                    role(server),
                    Size::of_bytes(server.bytes)
                )),
            },
        }
    }
    Outcome::judge(evidence, findings, unknown)
}

// What a server is to the servers beside it.
fn role(server: &Server) -> &'static str {
    if server.is_standby {
        "a standby"
    } else {
        "a primary"
    }
}

fn refused(database: &Database, server: &Server) -> Finding {
    let (name, asked) = (&database.rule.name.value, &database.rule.version);
    let version = &server.told.text;
    let place = &database.place;
    Finding::new(format!(
        "`{name}` is PostgreSQL {version}, `{asked}` is asked ({place})"
    ))
    .compared(version.clone(), asked.to_string())
    .reproduce("psql \"$DATABASE_URL\" -c 'show server_version_num'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::told;
    use shared::config::{DatabaseRule, Located, Name};

    fn outcome(looked: Result<Server, String>) -> Outcome {
        let name = Name::try_from("main".to_owned()).expect("is a name");
        let rule = DatabaseRule {
            name: Located {
                value: name,
                line: 1,
                column: 1,
            },
            environments: vec![],
            version: semver::VersionReq::parse(">=13").expect("is a range"),
        };
        let databases = vec![Database {
            rule,
            place: "cal@db:5432/cal".into(),
            looked,
        }];
        check(&Facts {
            databases,
            ..Facts::default()
        })
    }

    fn server(version: &str) -> Server {
        let told = told("postgres", version, "").expect("tells a version");
        Server {
            told,
            is_standby: false,
            bytes: 8 << 20,
        }
    }

    #[test]
    fn a_server_that_is_new_enough_passes_with_version_role_and_size() {
        assert_eq!(
            outcome(Ok(server("15.18"))),
            Outcome::pass(
                "`main` at cal@db:5432/cal is PostgreSQL 15.18, `>=13` asked; a primary, 8.0 MiB"
            )
        );
    }

    #[test]
    fn a_server_that_is_too_old_fails() {
        assert_eq!(
            outcome(Ok(server("12.22"))),
            Outcome::fail(
                Finding::new("`main` is PostgreSQL 12.22, `>=13` is asked (cal@db:5432/cal)")
                    .compared("12.22", ">=13")
                    .reproduce("psql \"$DATABASE_URL\" -c 'show server_version_num'")
            )
        );
    }

    #[test]
    fn a_server_that_does_not_answer_is_unknown_not_failed() {
        assert_eq!(
            outcome(Err("cal@db:5432/cal: could not connect".into())),
            Outcome::unknown("`main` could not be asked: cal@db:5432/cal: could not connect")
        );
    }

    #[test]
    fn without_a_rule_it_is_skipped() {
        assert_eq!(
            check(&Facts::default()),
            Outcome::skipped("no rule of `preflight.databases` applies to this environment")
        );
    }
}
