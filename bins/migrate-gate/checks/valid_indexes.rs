//! Whether PostgreSQL uses every index that is there.

use crate::facts::Facts;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "valid-indexes",
    title: "no index of the database is INVALID",
    why: "`create index concurrently` that broke off leaves an index that costs writes and serves \
          nobody, and with `if not exists` the next try calls it a success",
    fix: "`drop index concurrently` the index, then build it again",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let seen = match &facts.database {
        Ok(seen) => seen,
        Err(reason) => return Outcome::unknown(reason.clone()),
    };
    let findings = seen.invalid_indexes.iter().map(|index| {
        Finding::new(format!("index `{index}` of {} is INVALID and is not being built", facts.environment))
            .reproduce("psql \"$DATABASE_URL\" -c 'select indexrelid::regclass from pg_index where not indisvalid'")
    });
    let evidence = format!("{} indexes, 0 INVALID", seen.catalogue.indexes.len());
    Outcome::judge(vec![evidence], findings.collect(), vec![])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::example::{settled, unreachable};

    #[test]
    fn no_invalid_index_passes() {
        assert_eq!(check(&settled()), Outcome::pass("0 indexes, 0 INVALID"));
    }

    #[test]
    fn an_invalid_index_fails_by_its_name() {
        let mut facts = settled();
        facts.database = facts.database.map(|mut seen| {
            seen.invalid_indexes = vec!["entries_note".into()];
            seen
        });
        let finding = Finding::new("index `entries_note` of production is INVALID and is not being built")
            .reproduce("psql \"$DATABASE_URL\" -c 'select indexrelid::regclass from pg_index where not indisvalid'");
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
