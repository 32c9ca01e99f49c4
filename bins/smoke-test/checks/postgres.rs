//! PostgreSQL lets the application in, and it and the role are as declared.

mod found;
mod lag;

use crate::answer::{Break, shown};
use crate::facts::{DatabaseRefusal, DatabaseSaid, DatabaseSeen, Facts, Refusal};
use crate::judged::{self, Judged, attempts};
use crate::plan::PostgresPlan;
use crate::reproduce::postgres::statement;
use serde_json::Value;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "postgres",
    title: "PostgreSQL lets the application in, and it and the role are as declared",
    why: "`SELECT 1` also succeeds for a superuser, on a replica that stopped following, on the wrong \
          database and over a connection that is not encrypted",
    fix: "compare the finding with the server's configuration, with the role's attributes (`\\du`), \
          and with the URL under the environment's `databases`",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.postgres, "postgres", judge)
}

fn judge(plan: &PostgresPlan, seen: &DatabaseSeen, judged: &mut Judged) {
    let said = match &seen.said {
        Ok(said) => said,
        Err(refusal) => return refused(plan, seen.attempts, refusal, judged),
    };
    let (name, place) = (&plan.name, plan.place());
    let (database, user) = (&said.database, &said.user);
    let (time, count) = (said.milliseconds, attempts(seen.attempts));
    judged.holds(format!(
        "`{name}`: {place} answered as `{user}` in the database `{database}`, and all in \
         {time:.1} ms ({count})"
    ));
    version(plan, said, judged);
    encrypted(plan, said, judged);
    role(plan, said, judged);
    recovery(plan, said, judged);
    lag::judge(plan, said, judged);
    found::judge(plan, said, judged);
}

fn finding(
    plan: &PostgresPlan,
    message: impl Into<String>,
    observed: impl Into<String>,
    expected: impl Into<String>,
    sql: &str,
) -> Finding {
    Finding::new(message)
        .on(plan.place())
        .compared(observed, expected)
        .reproduce(statement(&plan.psql, sql))
}

fn refused(plan: &PostgresPlan, count: u32, refusal: &DatabaseRefusal, judged: &mut Judged) {
    let name = &plan.name;
    let (message, observed, expected) = match refusal {
        DatabaseRefusal::Silent(no_answer) if no_answer.at == Break::Tls => (
            format!("`{name}` cannot be trusted: {}", no_answer.reason),
            no_answer.reason.clone(),
            "TLS with a certificate that this machine trusts",
        ),
        DatabaseRefusal::Silent(no_answer) if no_answer.at == Break::Timeout => (
            format!(
                "`{name}` had no whole answer in time, and {} are allowed ({})",
                plan.within,
                attempts(count)
            ),
            no_answer.reason.clone(),
            "an answer in time",
        ),
        DatabaseRefusal::Silent(no_answer) => return judged.silent(name, count, no_answer),
        DatabaseRefusal::Plain => (
            format!("`{name}` has no TLS, which is demanded"),
            "no TLS".into(),
            "TLS",
        ),
        DatabaseRefusal::Refused(refusal) if passes(refusal) => {
            let Refusal { code, message } = refusal;
            return judged.open(format!("`{name}` does not answer yet: {message} [{code}]"));
        }
        DatabaseRefusal::Refused(Refusal { code, message }) => (
            format!("`{name}` does not let the application in: {message} [{code}]"),
            format!("{message} [{code}]"),
            "an open connection",
        ),
    };
    judged.wrong(finding(plan, message, observed, expected, "SELECT 1"));
}

/// What passes by itself: a server that starts, stops or recovers (class 57P).
fn passes(refusal: &Refusal) -> bool {
    refusal.code.starts_with("57P")
}

fn version(plan: &PostgresPlan, said: &DatabaseSaid, judged: &mut Judged) {
    let Some(range) = &plan.version else {
        return;
    };
    let (name, version) = (&plan.name, written(said.version));
    match range.refuses(&Value::String(version.clone()), said.received) {
        None => judged.holds(format!("`{name}`: version {version}")),
        Some(broken) => {
            let message = format!("`{name}` has version {version}, which must {broken}");
            judged.wrong(finding(
                plan,
                message,
                version,
                broken,
                "SHOW server_version",
            ));
        }
    }
}

/// `150018` is 15.18; before 10, `90624` was 9.6.24:
/// <https://www.postgresql.org/docs/current/libpq-status.html#LIBPQ-PQSERVERVERSION>.
fn written(number: u32) -> String {
    let (major, rest) = (number / 10_000, number % 10_000);
    if major >= 10 {
        return format!("{major}.{rest}");
    }
    format!("{major}.{}.{}", rest / 100, rest % 100)
}

fn encrypted(plan: &PostgresPlan, said: &DatabaseSaid, judged: &mut Judged) {
    if !plan.is_tls_required {
        return;
    }
    let name = &plan.name;
    match &said.tls {
        Some(tls) => judged.holds(format!("`{name}`: the server's end is encrypted ({tls})")),
        None => {
            // This end is: without TLS there would be no connection. Something stands in between.
            let message =
                format!("`{name}` is encrypted only as far as a pooler: the server's end is not");
            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            judged.wrong(finding(plan, message, "ssl is false", "ssl is true", sql));
        }
    }
}

fn role(plan: &PostgresPlan, said: &DatabaseSaid, judged: &mut Judged) {
    let (name, user) = (&plan.name, &said.user);
    let (wanted, has) = (&plan.role, &said.role);
    if let Some(wanted) = &wanted.name {
        if user == wanted {
            judged.holds(format!("`{name}`: the role is `{user}`"));
        } else {
            let message =
                format!("`{name}` lets the application in as `{user}`, not as `{wanted}`");
            judged.wrong(finding(plan, message, user, wanted, "SELECT current_user"));
        }
    }
    let attributes = [
        (
            Some(wanted.superuser),
            has.superuser,
            "is a superuser",
            "is no superuser",
        ),
        (
            wanted.bypass_rls,
            has.bypass_rls || has.superuser,
            "bypasses row level security",
            "does not bypass row level security",
        ),
        (
            wanted.create_database,
            has.create_database || has.superuser,
            "may create databases",
            "may not create databases",
        ),
        (
            wanted.create_role,
            has.create_role || has.superuser,
            "may create roles",
            "may not create roles",
        ),
        (
            wanted.replication,
            has.replication || has.superuser,
            "may replicate the server",
            "may not replicate the server",
        ),
        (
            wanted.owner,
            has.owner,
            "has the rights of the owner of the database or of a table",
            "has no rights of an owner",
        ),
    ];
    for (wanted, has, yes, no) in attributes {
        let word = |is: bool| if is { yes } else { no };
        match wanted {
            None => {}
            Some(wanted) if wanted == has => {
                judged.holds(format!("`{name}`: `{user}` {}", word(has)));
            }
            Some(wanted) => {
                let of = said.member_of.as_ref().filter(|_| has);
                let of = of.map(|of| format!(", itself or as a member of {}", shown(of, 120)));
                let of = of.unwrap_or_default();
                let message = format!("`{name}`: the role `{user}` {}{of}", word(has));
                let sql = "SELECT * FROM pg_roles WHERE pg_has_role(oid, 'MEMBER')";
                judged.wrong(finding(plan, message, word(has), word(wanted), sql));
            }
        }
    }
}

fn recovery(plan: &PostgresPlan, said: &DatabaseSaid, judged: &mut Judged) {
    let word = |is: bool| if is { "in recovery" } else { "not in recovery" };
    let (name, is) = (&plan.name, word(said.in_recovery));
    match plan.recovery {
        None => {}
        Some(wanted) if wanted == said.in_recovery => {
            judged.holds(format!("`{name}`: the server is {is}"));
        }
        Some(wanted) => {
            let message = if wanted {
                format!("`{name}` takes writes, and must follow another server")
            } else {
                format!("`{name}` is in recovery, and must take writes")
            };
            judged.wrong(finding(
                plan,
                message,
                is,
                word(wanted),
                "SELECT pg_is_in_recovery()",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::NoAnswer;
    use crate::facts::{Fact, Found, Lag, RoleSaid};
    use crate::plan::QueryPlan;
    use crate::sample;
    use serde_json::json;
    use shared::config::{PostgresRole, Size, Span};
    use shared::postgres::Address;
    use shared::secret::Secret;

    fn plan() -> PostgresPlan {
        let url = Secret::plain("postgres://app@h/cal");
        PostgresPlan {
            name: "data".into(),
            address: Address::parse(&url).expect("is a URL"),
            psql: "psql -h h -c".into(),
            version: None,
            is_tls_required: false,
            role: PostgresRole::default(),
            recovery: None,
            lag_at_most: None,
            unreplayed_at_most: None,
            query: None,
            within: Span::seconds(5),
        }
    }

    fn said() -> DatabaseSaid {
        DatabaseSaid {
            version: 150_018,
            database: "cal".into(),
            user: "app".into(),
            milliseconds: 4.0,
            ..DatabaseSaid::default()
        }
    }

    fn outcome(plan: PostgresPlan, said: Result<DatabaseSaid, DatabaseRefusal>) -> Outcome {
        let mut facts = sample::facts();
        let seen = Ok(DatabaseSeen { attempts: 1, said });
        facts.probes.postgres.push(Fact { plan, seen });
        check(&facts)
    }

    #[track_caller]
    fn fails(plan: PostgresPlan, said: Result<DatabaseSaid, DatabaseRefusal>, message: &str) {
        let Outcome::Fail { findings } = outcome(plan, said) else {
            panic!("should fail: {message}");
        };
        assert_eq!(findings[0].message, message);
        assert!(
            findings[0]
                .reproduce
                .as_ref()
                .is_some_and(|c| c.starts_with("psql -h h -c '"))
        );
    }

    #[track_caller]
    fn is_open(plan: PostgresPlan, said: Result<DatabaseSaid, DatabaseRefusal>, reason: &str) {
        assert_eq!(outcome(plan, said), Outcome::unknown(reason));
    }

    fn server_says(code: &str, message: &str) -> Result<DatabaseSaid, DatabaseRefusal> {
        Err(DatabaseRefusal::Refused(Refusal {
            code: code.into(),
            message: message.into(),
        }))
    }

    #[test]
    fn what_is_as_declared_passes_with_its_values() {
        let mut plan = plan();
        plan.version = Some(sample::predicate("{version: '>=13'}"));
        plan.is_tls_required = true;
        plan.recovery = Some(true);
        plan.lag_at_most = Some(Span::seconds(10));
        plan.unreplayed_at_most = Some(Size::of_bytes(1 << 20));
        plan.role.owner = Some(false);
        plan.query = Some(QueryPlan {
            sql: "SELECT 7".into(),
            rows: Some(sample::predicate("1")),
            value: Some(sample::predicate("{at_least: 5}")),
        });
        let mut said = said();
        said.tls = Some("TLSv1.3 TLS_AES_256_GCM_SHA384".into());
        said.in_recovery = true;
        said.lag = Some(Ok(Lag {
            bytes: Some(64),
            seconds: Some(0.5),
            is_receiving: true,
        }));
        said.query = Some(Ok(Found {
            rows: 1,
            value: Some(json!(7)),
        }));
        let Outcome::Pass { evidence } = outcome(plan, Ok(said)) else {
            panic!("all is as declared");
        };
        assert_eq!(
            evidence,
            [
                "`data`: postgres://app@h:5432/cal answered as `app` in the database `cal`, and all \
                 in 4.0 ms (1 attempt)",
                "`data`: version 15.18",
                "`data`: the server's end is encrypted (TLSv1.3 TLS_AES_256_GCM_SHA384)",
                "`data`: `app` is no superuser",
                "`data`: `app` has no rights of an owner",
                "`data`: the server is in recovery",
                "`data`: 64 B are not yet replayed, at most 1.0 MiB allowed",
                "`data`: is 0.5 s behind, at most 10s allowed",
                "`data`: its `query` found 1 row",
                "`data`: its `query` found 7",
            ]
        );
    }

    #[test]
    fn a_server_that_says_no_fails_and_one_that_starts_is_unknown() {
        fails(
            plan(),
            server_says("28P01", "password authentication failed for user \"app\""),
            "`data` does not let the application in: password authentication failed for user \
             \"app\" [28P01]",
        );
        is_open(
            plan(),
            server_says("57P03", "the database system is starting up"),
            "`data` does not answer yet: the database system is starting up [57P03]",
        );
        let silent = NoAnswer::new(Break::Refused, "connection refused");
        is_open(
            plan(),
            Err(DatabaseRefusal::Silent(silent)),
            "`data` had no answer (1 attempt): connection refused",
        );
    }

    #[test]
    fn a_connection_that_is_not_encrypted_or_not_trusted_fails() {
        fails(
            plan(),
            Err(DatabaseRefusal::Plain),
            "`data` has no TLS, which is demanded",
        );
        let untrusted = NoAnswer::new(Break::Tls, "unknown issuer");
        fails(
            plan(),
            Err(DatabaseRefusal::Silent(untrusted)),
            "`data` cannot be trusted: unknown issuer",
        );
        let late = NoAnswer::new(Break::Timeout, "no answer within 5 s");
        fails(
            plan(),
            Err(DatabaseRefusal::Silent(late)),
            "`data` had no whole answer in time, and 5s are allowed (1 attempt)",
        );
        let mut demanded = plan();
        demanded.is_tls_required = true;
        let message = "`data` is encrypted only as far as a pooler: the server's end is not";
        fails(demanded, Ok(said()), message);
    }

    #[test]
    fn each_thing_that_is_not_as_declared_fails() {
        type Change = fn(&mut PostgresPlan, &mut DatabaseSaid);
        let cases: [(Change, &str); 10] = [
            (
                |plan, _| plan.version = Some(sample::predicate("{version: '>=16'}")),
                "`data` has version 15.18, which must be a version in `>=16`",
            ),
            (
                |_, said| said.role.superuser = true,
                "`data`: the role `app` is a superuser",
            ),
            (
                |_, said| {
                    said.role.superuser = true;
                    said.member_of = Some("admin, postgres".into());
                },
                "`data`: the role `app` is a superuser, itself or as a member of admin, postgres",
            ),
            (
                |plan, said| {
                    plan.role.bypass_rls = Some(false);
                    said.role = RoleSaid {
                        bypass_rls: true,
                        ..RoleSaid::default()
                    };
                },
                "`data`: the role `app` bypasses row level security",
            ),
            (
                |plan, said| (plan.role.owner, said.role.owner) = (Some(false), true),
                "`data`: the role `app` has the rights of the owner of the database or of a table",
            ),
            (
                |plan, _| plan.role.create_database = Some(true),
                "`data`: the role `app` may not create databases",
            ),
            (
                |plan, _| plan.role.name = Some("web".into()),
                "`data` lets the application in as `app`, not as `web`",
            ),
            (
                |plan, _| plan.recovery = Some(true),
                "`data` takes writes, and must follow another server",
            ),
            (
                |plan, said| (plan.recovery, said.in_recovery) = (Some(false), true),
                "`data` is in recovery, and must take writes",
            ),
            (
                |plan, said| {
                    plan.unreplayed_at_most = Some(Size::of_bytes(1024));
                    said.lag = Some(Ok(Lag {
                        bytes: Some(2048),
                        ..Lag::default()
                    }));
                },
                "`data` has not yet replayed 2.0 KiB, and 1.0 KiB are allowed",
            ),
        ];
        for (change, message) in cases {
            let (mut plan, mut said) = (plan(), said());
            change(&mut plan, &mut said);
            fails(plan, Ok(said), message);
        }
    }

    #[test]
    fn a_replica_is_behind_only_while_there_is_something_left_to_replay() {
        let with = |bytes, seconds, is_receiving| {
            let mut plan = plan();
            plan.lag_at_most = Some(Span::seconds(10));
            let mut said = said();
            said.lag = Some(Ok(Lag {
                bytes,
                seconds,
                is_receiving,
            }));
            (plan, Ok(said))
        };
        let (old, quiet) = with(Some(0), Some(9000.0), true);
        assert!(matches!(outcome(old, quiet), Outcome::Pass { .. }));
        let (late, said) = with(Some(64), Some(61.0), true);
        fails(late, said, "`data` is 61.0 s behind, and 10s are allowed");
        let (cut, said) = with(Some(0), Some(61.0), false);
        is_open(
            cut,
            said,
            "`data` is not connected to the server that it follows; the last transaction that it \
             replayed is 61 s old, and whether there are newer ones cannot be told here",
        );
        let (fresh, said) = with(None, None, false);
        is_open(fresh, said, "`data` has not yet replayed any transaction");
    }

    #[test]
    fn a_question_that_finds_something_else_or_is_refused_fails() {
        let with = |found| {
            let mut plan = plan();
            plan.query = Some(QueryPlan {
                sql: "SELECT 1".into(),
                rows: Some(sample::predicate("{at_least: 1}")),
                value: Some(sample::predicate("7")),
            });
            let mut said = said();
            said.query = Some(found);
            (plan, Ok(said))
        };
        let (plan, said) = with(Ok(Found {
            rows: 0,
            value: None,
        }));
        let message = "`data`: its `query` found 0 rows, which must be at least 1";
        fails(plan, said, message);
        let (plan, said) = with(Ok(Found {
            rows: 2,
            value: Some(json!(8)),
        }));
        fails(plan, said, "`data`: its `query` found 8, which must be 7");
        let (plan, said) = with(Err(Refusal {
            code: "42501".into(),
            message: "denied".into(),
        }));
        fails(plan, said, "`data` refused its `query`: denied [42501]");
    }

    #[test]
    fn no_probe_is_skipped() {
        let skipped = Outcome::skipped("no probe of the kind `postgres` is configured");
        assert_eq!(check(&sample::facts()), skipped);
    }
}
