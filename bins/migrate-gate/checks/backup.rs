//! Whether there is a way back for the data before anything is applied.

use super::counted;
use crate::facts::{Dumped, Facts, Pending};
use crate::sql::RollbackSafe;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "backup",
    title: "the database is dumped, and the dump read back whole, before anything is applied",
    why: "a dump that was never read is a hope: a truncated one lists its content and restores \
          nothing",
    fix: "set `migrations.backup.directory`, and install the `pg_dump` of the server's version",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let pending = match &facts.pending {
        Ok(pending) => pending,
        Err(reason) => return Outcome::unknown(reason.clone()),
    };
    match &facts.backup {
        Dumped::NotNeeded => Outcome::skipped("nothing is pending"),
        Dumped::Unconfigured => unconfigured(pending),
        Dumped::Ready(Ok(tool)) => Outcome::pass(format!(
            "{} ({}) can dump {}; `apply` dumps and reads back before the first of {}",
            tool.dump.display(),
            tool.version,
            facts.address,
            counted(pending.len(), "pending file")
        )),
        Dumped::Ready(Err(reason)) => {
            Outcome::fail(Finding::new(reason.clone()).reproduce("pg_dump --version"))
        }
        Dumped::Made(Ok(dump)) => Outcome::pass(format!(
            "{} has {} bytes, {}, made by pg_dump {} and read back whole by pg_restore",
            dump.path.display(),
            dump.size,
            dump.digest,
            dump.tool
        )),
        Dumped::Made(Err(reason)) => Outcome::unknown(reason.clone()),
    }
}

fn unconfigured(pending: &[Pending]) -> Outcome {
    let needing = pending
        .iter()
        .filter(|one| one.rollback_safe() != RollbackSafe::Yes);
    let findings: Vec<Finding> = needing
        .map(|one| {
            let path = &one.file.path;
            let message = format!(
                "{path} is not known to be safe to roll back, and `migrations.backup` is not set"
            );
            Finding::new(message)
                .in_file(path, 1, 1)
                .compared(
                    format!("rollback safe: {}", one.rollback_safe().word()),
                    "yes, or a backup",
                )
                .reproduce("migrate-gate check --only compatible -v")
        })
        .collect();
    if findings.is_empty() {
        return Outcome::skipped(
            "`migrations.backup` is not set, and every pending file only adds",
        );
    }
    Outcome::Fail { findings }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::example::{settled, unreachable, with_pending};
    use crate::facts::{Dump, Tool};
    use shared::release::Digest;

    fn with(text: &str, backup: Dumped) -> Facts {
        Facts {
            backup,
            ..with_pending(text)
        }
    }

    const ADDS: &str = "alter table entries add column x int";

    #[test]
    fn a_dump_that_was_read_back_passes_with_size_and_digest() {
        let dump = Dump {
            path: "backups/a.dump".into(),
            size: 5120,
            digest: Digest::of(b"dump"),
            tool: "15.18".into(),
        };
        let evidence = format!(
            "backups/a.dump has 5120 bytes, {}, made by pg_dump 15.18 and read back whole by pg_restore",
            Digest::of(b"dump")
        );
        assert_eq!(
            check(&with(ADDS, Dumped::Made(Ok(dump)))),
            Outcome::pass(evidence)
        );
    }

    #[test]
    fn a_fitting_program_passes_before_the_apply() {
        let tool = Tool {
            dump: "/usr/bin/pg_dump".into(),
            restore: "/usr/bin/pg_restore".into(),
            version: "15.18".into(),
            major: 15,
        };
        let evidence = "/usr/bin/pg_dump (15.18) can dump cal@db:5432/cal; `apply` dumps and reads \
                        back before the first of 1 pending file";
        assert_eq!(
            check(&with(ADDS, Dumped::Ready(Ok(tool)))),
            Outcome::pass(evidence)
        );
    }

    #[test]
    fn no_fitting_program_fails_and_a_failed_dump_is_unknown() {
        let missing = Dumped::Ready(Err("no `pg_dump` here can dump PostgreSQL 17".into()));
        assert_eq!(check(&with(ADDS, missing)).word(), "fail");
        let broken = Dumped::Made(Err("the disk is full".into()));
        assert_eq!(
            check(&with(ADDS, broken)),
            Outcome::unknown("the disk is full")
        );
        assert_eq!(check(&unreachable()).word(), "unknown");
    }

    #[test]
    fn without_a_place_for_it_only_what_adds_may_go_on() {
        let skipped = "`migrations.backup` is not set, and every pending file only adds";
        assert_eq!(
            check(&with(ADDS, Dumped::Unconfigured)),
            Outcome::skipped(skipped)
        );
        for text in [
            "drop table entries",
            "do $$ begin null; end $$",
            "update entries set note = '' where id = 1",
        ] {
            assert_eq!(
                check(&with(text, Dumped::Unconfigured)).word(),
                "fail",
                "{text}"
            );
        }
    }

    #[test]
    fn nothing_pending_needs_no_backup() {
        assert_eq!(check(&settled()), Outcome::skipped("nothing is pending"));
    }
}
