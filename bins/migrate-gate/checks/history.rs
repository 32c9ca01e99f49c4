//! Whether the applied migrations are those on disk, and the pending ones come behind them.

use super::counted;
use crate::facts::{Facts, compare, newest};
use shared::check::Check;
use shared::shell::quoted;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "history",
    title: "every applied migration is on disk unchanged, and every pending one is newer",
    why: "a file that was edited, deleted or slipped in before the newest one makes a database \
          that no other environment has, and that nobody tried",
    fix: "put the file back as it was applied, and write what you want as a new file with the \
          next number",
    severity: Severity::Error,
    run: check,
};

const REPRODUCE: &str = "psql \"$DATABASE_URL\" -c 'select version, name, digest from sluicegate_migrations order by 1'";

fn check(facts: &Facts) -> Outcome {
    let rows = match facts.rows() {
        Ok(rows) => rows,
        Err(reason) => return Outcome::unknown(reason),
    };
    let mut findings = Vec::new();
    for row in rows {
        let file = facts.files.iter().find(|file| file.version == row.version);
        match file {
            None => findings.push(
                Finding::new(format!(
                    "{} {} was applied on {} by {}, and its file is gone from `{}`",
                    row.version, row.name, row.applied_at, row.applied_by, facts.directory
                ))
                .compared(
                    "no file",
                    format!("{}/{}_{}.sql", facts.directory, row.version, row.name),
                )
                .reproduce(REPRODUCE),
            ),
            Some(file) if file.digest.as_str() != row.digest => findings.push(
                Finding::new(format!(
                    "{} was edited after it was applied on {} for release {}",
                    file.path, row.applied_at, row.release
                ))
                .in_file(&file.path, 1, 1)
                .compared(file.digest.as_str(), &row.digest)
                .reproduce(format!("sha256sum {}", quoted(&file.path))),
            ),
            Some(_) => {}
        }
    }
    findings.extend(out_of_order(facts));
    let pending = facts.files.len().saturating_sub(rows.len());
    let newest = newest(rows).map_or("none".into(), |row| format!("{} {}", row.version, row.name));
    let evidence = format!(
        "{} applied, {pending} pending; newest applied: {newest}",
        counted(rows.len(), "migration")
    );
    Outcome::judge(vec![evidence], findings, vec![])
}

/// Pending files whose number is below the newest applied one.
fn out_of_order(facts: &Facts) -> Vec<Finding> {
    let rows = facts.rows().unwrap_or_default();
    let Some(newest) = newest(rows) else {
        return Vec::new();
    };
    let is_late = |version: &str| {
        !rows.iter().any(|row| row.version == version) && compare(version, &newest.version).is_lt()
    };
    let late = facts.files.iter().filter(|file| is_late(&file.version));
    late.map(|file| {
        Finding::new(format!(
            "{} is pending, and the newer {} {} is applied already",
            file.path, newest.version, newest.name
        ))
        .in_file(&file.path, 1, 1)
        .compared(&file.version, format!("a number above {}", newest.version))
        .reproduce(REPRODUCE)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::example::{file, settled, unreachable, with_files, with_pending};

    #[test]
    fn equal_files_and_rows_pass_with_their_numbers() {
        assert_eq!(
            check(&settled()),
            Outcome::pass("2 migrations applied, 0 pending; newest applied: 0002 more")
        );
        assert_eq!(
            check(&with_pending("select 1")),
            Outcome::pass("2 migrations applied, 1 pending; newest applied: 0002 more")
        );
    }

    #[test]
    fn a_database_without_a_history_passes_with_everything_pending() {
        let mut facts = with_files(&settled().files, &[]);
        facts.database = facts.database.map(|seen| crate::facts::Seen {
            history: None,
            ..seen
        });
        assert_eq!(
            check(&facts),
            Outcome::pass("0 migrations applied, 2 pending; newest applied: none")
        );
    }

    #[test]
    fn a_file_that_is_gone_fails() {
        let files = settled().files;
        let facts = with_files(&files[..1], &files);
        let finding = Finding::new(
            "0002 more was applied on 2026-11-20T10:00:00.000000Z by ada, and its file is gone from `db`",
        )
        .compared("no file", "db/0002_more.sql")
        .reproduce(REPRODUCE);
        assert_eq!(check(&facts), Outcome::fail(finding));
    }

    #[test]
    fn a_file_that_was_edited_fails_with_both_digests() {
        let applied = settled().files;
        let mut files = applied.clone();
        files[1] = file("0002", "more", "create table others (id bigint) -- edited");
        let facts = with_files(&files, &applied);
        let finding = Finding::new(
            "db/0002_more.sql was edited after it was applied on 2026-11-20T10:00:00.000000Z for release 1.0.0",
        )
        .in_file("db/0002_more.sql", 1, 1)
        .compared(files[1].digest.as_str(), applied[1].digest.as_str())
        .reproduce("sha256sum db/0002_more.sql");
        assert_eq!(check(&facts), Outcome::fail(finding));
    }

    #[test]
    fn a_pending_file_below_the_newest_applied_one_fails() {
        let files = settled().files;
        let facts = with_files(&files, &files[1..]);
        let finding =
            Finding::new("db/0001_init.sql is pending, and the newer 0002 more is applied already")
                .in_file("db/0001_init.sql", 1, 1)
                .compared("0001", "a number above 0002")
                .reproduce(REPRODUCE);
        assert_eq!(check(&facts), Outcome::fail(finding));
    }

    #[test]
    fn an_unreadable_database_is_unknown() {
        assert_eq!(
            check(&unreachable()),
            Outcome::unknown("could not connect to PostgreSQL")
        );
    }
}
