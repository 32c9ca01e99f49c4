//! schema: the target can run on the database as it is now.

use crate::facts::Facts;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "schema",
    title: "the release that is put back can run on the schema as it is now",
    why: "putting an old release on a schema that it does not know makes things worse",
    fix: "roll forward with a release that suits the schema, or restore the database first",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let migrations = match &facts.schema {
        None => return Outcome::skipped("the configuration has no migrations"),
        Some(Err(why)) => return Outcome::unknown(why.clone()),
        Some(Ok(migrations)) => migrations,
    };
    let (mut evidence, mut findings, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    if migrations.is_empty() {
        evidence.push("no migration was applied since the target was released".into());
    }
    for migration in migrations {
        let name = format!("{}_{}", migration.version, migration.name);
        match migration.rollback_safe.as_str() {
            "yes" => evidence.push(format!("{name}, applied since, only added")),
            "no" => findings.push(Finding::new(format!(
                "{name}, applied since, took something away that the target may use"
            ))),
            _ => unknown.push(format!(
                "nobody knows whether the target can run after {name}"
            )),
        }
    }
    Outcome::judge(evidence, findings, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::{facts, migration};

    #[test]
    fn additions_pass_and_no_change_passes() {
        let mut facts = facts();
        assert_eq!(
            check(&facts),
            Outcome::pass("0003_note, applied since, only added")
        );
        facts.schema = Some(Ok(vec![]));
        assert_eq!(
            check(&facts),
            Outcome::pass("no migration was applied since the target was released")
        );
    }

    #[test]
    fn a_removal_fails_also_among_additions() {
        let mut facts = facts();
        facts.schema = Some(Ok(vec![migration("yes"), migration("no")]));
        assert_eq!(check(&facts).word(), "fail");
    }

    #[test]
    fn what_nobody_judged_is_unknown() {
        let mut facts = facts();
        facts.schema = Some(Ok(vec![migration("unknown")]));
        assert_eq!(check(&facts).word(), "unknown");
        facts.schema = Some(Err("connection refused".into()));
        assert_eq!(check(&facts), Outcome::unknown("connection refused"));
        facts.schema = None;
        assert_eq!(check(&facts).word(), "skipped");
    }
}
