//! Whether a pending statement destroys rows or values.

use super::pending_changes;
use crate::facts::Facts;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "data-loss",
    title: "no pending statement destroys rows or values",
    why: "no rollback of the application brings data back",
    fix: "keep the data until no release needs it; then drop it in a release of its own, with a \
          backup and a waiver that names who answers for it",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let mut judged = match pending_changes(facts) {
        Ok(judged) => judged,
        Err(outcome) => return outcome,
    };
    let mut findings = Vec::new();
    for place in &judged.places {
        if let Some(what) = &place.change.loses {
            findings.push(place.finding(format!("{}: {what}", place.change.deed)));
        }
        judged
            .unread
            .extend(place.change.unread.as_deref().map(|why| place.unread(why)));
    }
    let evidence = format!("{}, none drops, empties or overwrites", judged.evidence);
    Outcome::judge(vec![evidence], findings, judged.unread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::example::{settled, unreachable, with_pending};
    use shared::verdict::Finding;

    #[test]
    fn a_column_that_is_added_passes() {
        let facts = with_pending("alter table entries add column x int");
        let evidence = "1 statement in 1 pending file, none drops, empties or overwrites";
        assert_eq!(check(&facts), Outcome::pass(evidence));
    }

    #[test]
    fn a_dropped_column_fails_with_its_place() {
        let facts = with_pending("-- gone\nselect 1;\nalter table entries drop column note;");
        let finding = Finding::new("drops column `note` of `entries`: its values are gone")
            .in_file("db/0003_next.sql", 3, 1)
            .reproduce("sed -n 3p db/0003_next.sql");
        assert_eq!(check(&facts), Outcome::fail(finding));
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        let facts = with_pending("call tidy_up()");
        let reason =
            "db/0003_next.sql:1:1 runs `call tidy_up()`: what the procedure does is not read";
        assert_eq!(check(&facts), Outcome::unknown(reason));
        assert_eq!(check(&unreachable()).word(), "unknown");
        assert_eq!(check(&settled()), Outcome::skipped("nothing is pending"));
    }
}
