//! Whether every pending file can run the way its first line says.

use super::{Place, pending_changes};
use crate::facts::Facts;
use crate::sql::Transaction;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "transaction",
    title: "every pending file runs whole in one transaction, or says that it does not",
    why: "a file that ends its own transaction can stop half-way, and what PostgreSQL refuses \
          inside a transaction fails only in the moment of the apply",
    fix: "take `begin` and `commit` out; put what cannot be in a transaction into a file of its \
          own whose first line is `-- sluicegate: no-transaction`",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let judged = match pending_changes(facts) {
        Ok(judged) => judged,
        Err(outcome) => return outcome,
    };
    let findings = judged.places.iter().filter_map(finding).collect();
    let outside = facts
        .pending
        .iter()
        .flatten()
        .filter(|one| !one.file.is_transactional)
        .count();
    let evidence = format!(
        "{}, {outside} of them outside a transaction",
        judged.evidence
    );
    Outcome::judge(vec![evidence], findings, judged.unread)
}

fn finding(place: &Place<'_>) -> Option<Finding> {
    let deed = &place.change.deed;
    let is_inside = place.pending.file.is_transactional;
    match place.change.transaction {
        Transaction::Outside if is_inside => Some(
            place
                .finding(format!(
                    "{deed}, which PostgreSQL refuses inside a transaction; put it into a file \
                     that starts with `-- sluicegate: no-transaction`"
                ))
                .compared("inside a transaction", "outside"),
        ),
        Transaction::Controls => Some(
            place
                .finding(format!(
                    "{deed}, which begins or ends a transaction by itself; a file is one, or has none"
                ))
                .compared("transaction control", "none"),
        ),
        Transaction::Outside | Transaction::Any => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::example::{settled, unreachable, with_pending};

    #[test]
    fn a_concurrent_index_in_a_transaction_fails_with_its_place() {
        let facts = with_pending("select 1;\n  create index concurrently i on entries (note);");
        let finding = Finding::new(
            "creates index `i` on `entries` (1 MiB), which PostgreSQL refuses inside a transaction; \
             put it into a file that starts with `-- sluicegate: no-transaction`",
        )
        .in_file("db/0003_next.sql", 2, 3)
        .compared("inside a transaction", "outside")
        .reproduce("sed -n 2p db/0003_next.sql");
        assert_eq!(check(&facts), Outcome::fail(finding));
    }

    #[test]
    fn a_concurrent_index_outside_a_transaction_passes() {
        let facts = with_pending(
            "-- sluicegate: no-transaction\ncreate index concurrently i on entries (note);",
        );
        let evidence = "1 statement in 1 pending file, 1 of them outside a transaction";
        assert_eq!(check(&facts), Outcome::pass(evidence));
    }

    #[test]
    fn a_commit_fails_in_both_kinds_of_files() {
        for text in [
            "select 1; commit",
            "-- sluicegate: no-transaction\nbegin; select 1; commit",
        ] {
            assert_eq!(check(&with_pending(text)).word(), "fail", "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_unknown_and_nothing_pending_is_skipped() {
        assert_eq!(
            check(&with_pending("{{ a }}")),
            Outcome::unknown("db/0003_next.sql does not parse")
        );
        assert_eq!(check(&unreachable()).word(), "unknown");
        assert_eq!(check(&settled()), Outcome::skipped("nothing is pending"));
    }
}
