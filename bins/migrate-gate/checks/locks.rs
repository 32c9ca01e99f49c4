//! Whether a pending statement would keep readers or writers waiting for long.

use super::pending_changes;
use crate::facts::Facts;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "locks",
    title: "no pending statement blocks reads or writes of a table in use for long",
    why: "a lock that is held while a table is scanned, rewritten or indexed stops every request \
          that needs the table, and every one that waits behind it",
    fix: "use the form that the finding names; a table that the same files create is exempt",
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
        if let Some(hazard) = &place.change.blocks {
            let deed = &place.change.deed;
            findings.push(place.finding(format!("{deed}, {}; {}", hazard.effect, hazard.advice)));
        }
        judged
            .unread
            .extend(place.change.unread.as_deref().map(|why| place.unread(why)));
    }
    let evidence = format!(
        "{}, none keeps a strong lock while it scans or writes rows",
        judged.evidence
    );
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
        let evidence =
            "1 statement in 1 pending file, none keeps a strong lock while it scans or writes rows";
        assert_eq!(check(&facts), Outcome::pass(evidence));
    }

    #[test]
    fn an_index_that_blocks_writes_fails_with_the_better_form() {
        let facts = with_pending("create index i on entries (note)");
        let finding = Finding::new(
            "creates index `i` on `entries` (1 MiB), which blocks writes to `entries` while it is \
             built; use `create index concurrently` in a file that starts with `-- sluicegate: \
             no-transaction`",
        )
        .in_file("db/0003_next.sql", 1, 1)
        .reproduce("sed -n 1p db/0003_next.sql");
        assert_eq!(check(&facts), Outcome::fail(finding));
    }

    #[test]
    fn a_block_that_cannot_be_read_is_unknown() {
        let facts = with_pending("do $$ begin execute 'drop table users'; end $$");
        let reason =
            "db/0003_next.sql:1:1 runs a `do` block: what it runs is known only when it runs";
        assert_eq!(check(&facts), Outcome::unknown(reason));
        assert_eq!(check(&unreachable()).word(), "unknown");
        assert_eq!(check(&settled()), Outcome::skipped("nothing is pending"));
    }
}
