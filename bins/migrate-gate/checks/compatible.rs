//! Whether the release that runs now goes on working on the new schema.

use super::pending_changes;
use crate::facts::{Facts, Pending};
use crate::sql::Service;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "compatible",
    title: "the live release works on the schema behind the pending files",
    why: "the schema changes before the code: until the canary is over, and after a rollback, the \
          release that is live now runs on the new schema",
    fix: "expand first and contract one release later; when no live release uses it any more, \
          waive this check with a reason, an owner and an end",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let mut judged = match pending_changes(facts) {
        Ok(judged) => judged,
        Err(outcome) => return outcome,
    };
    let live = facts.live.subject(&facts.environment);
    let mut findings = Vec::new();
    for place in &judged.places {
        if let Service::Contract(hazard) = &place.change.service {
            let deed = &place.change.deed;
            let message = format!("{deed}; {live} {}; {}", hazard.effect, hazard.advice);
            findings.push(
                place
                    .finding(message)
                    .compared(kind(place.pending), "expand"),
            );
        }
        judged
            .unread
            .extend(place.change.unread.as_deref().map(|why| place.unread(why)));
    }
    let pending = facts.pending.iter().flatten();
    let mut evidence: Vec<String> = pending.flat_map(described).collect();
    evidence.push(facts.live.evidence(&facts.environment));
    Outcome::judge(evidence, findings, judged.unread)
}

/// `expand`, `contract` or `mixed`.
fn kind(pending: &Pending) -> &'static str {
    let changes = || {
        pending
            .script
            .statements
            .iter()
            .flat_map(|statement| &statement.changes)
    };
    let contracts = |service: &Service| matches!(service, Service::Contract(_));
    let all = changes().all(|change| contracts(&change.service));
    let any = changes().any(|change| contracts(&change.service));
    match (all, any) {
        (true, true) => "contract",
        (false, true) => "mixed",
        (_, false) => "expand",
    }
}

/// What a file does, and what stays open about it.
fn described(pending: &Pending) -> Vec<String> {
    let changes = || {
        pending
            .script
            .statements
            .iter()
            .flat_map(|statement| &statement.changes)
    };
    let deeds: Vec<&str> = changes().map(|change| change.deed.as_str()).collect();
    let safe = pending.rollback_safe().word();
    let path = &pending.file.path;
    let mut lines = vec![format!(
        "{path}: {}: {} (rollback safe: {safe})",
        kind(pending),
        deeds.join("; ")
    )];
    lines.extend(changes().filter_map(|change| match &change.service {
        Service::Doubt(why) => Some(format!("{path}: {}: {why}", change.deed)),
        Service::Expand | Service::Contract(_) => None,
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Live;
    use crate::facts::example::{settled, unreachable, with_pending};
    use shared::verdict::Finding;

    #[test]
    fn an_additive_file_passes_and_is_named_an_expansion() {
        let facts = with_pending("alter table entries add column x int");
        assert_eq!(check(&facts), Outcome::Pass {
            evidence: vec![
                "db/0003_next.sql: expand: adds column `x` to `entries` (1 MiB) (rollback safe: yes)".into(),
                "1.1.0 is live on production since 2026-11-20T10:00:00Z".into(),
            ]
        });
    }

    #[test]
    fn a_dropped_column_names_the_release_that_may_read_it() {
        let facts = with_pending("\n\nalter table entries drop column note");
        let finding = Finding::new(
            "drops column `note` of `entries`; 1.1.0, live on production since \
             2026-11-20T10:00:00Z, may still read it; drop it one release later",
        )
        .in_file("db/0003_next.sql", 3, 1)
        .compared("contract", "expand")
        .reproduce("sed -n 3p db/0003_next.sql");
        assert_eq!(check(&facts), Outcome::fail(finding));
    }

    #[test]
    fn without_a_ledger_it_is_whatever_runs_now() {
        let facts = Facts {
            live: Live::NoLedger,
            ..with_pending(
                "alter table entries add column x int; alter table entries rename to items",
            )
        };
        let Outcome::Fail { findings } = check(&facts) else {
            panic!("it renames a table")
        };
        assert_eq!(
            findings[0].message,
            "renames `entries`; whatever runs now still uses the old name; create the new table \
             or a view beside it, and drop the old name one release later"
        );
        assert_eq!(findings[0].observed.as_deref(), Some("mixed"));
    }

    #[test]
    fn what_stays_open_is_said() {
        let facts = with_pending("update entries set note = 'x' where id = 1");
        let Outcome::Pass { evidence } = check(&facts) else {
            panic!("it breaks nothing by itself")
        };
        assert_eq!(
            evidence[1],
            "db/0003_next.sql: updates `note` of `entries` (1 MiB): values that an older release \
             may need are overwritten"
        );
        assert!(
            evidence[0].ends_with("(rollback safe: unknown)"),
            "{evidence:?}"
        );
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        assert_eq!(
            check(&with_pending("do $$ begin null; end $$")).word(),
            "unknown"
        );
        assert_eq!(check(&unreachable()).word(), "unknown");
        assert_eq!(check(&settled()), Outcome::skipped("nothing is pending"));
    }
}
