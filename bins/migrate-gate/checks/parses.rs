//! Whether every pending file can be read as SQL.

use super::counted;
use crate::facts::{Facts, Pending};
use shared::check::Check;
use shared::verdict::{Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "parses",
    title: "every pending file is SQL that can be read",
    why: "what cannot be read cannot be judged: behind one error the rest of a file may mean \
          anything",
    fix: "write plain SQL that PostgreSQL's grammar knows: no templates, no psql commands",
    severity: Severity::Error,
    run: check,
};

/// More would not help.
const MOST_PROBLEMS: usize = 3;

fn check(facts: &Facts) -> Outcome {
    let pending = match &facts.pending {
        Ok(pending) => pending,
        Err(reason) => return Outcome::unknown(reason.clone()),
    };
    if pending.is_empty() {
        return Outcome::skipped("nothing is pending");
    }
    let unknown: Vec<String> = pending.iter().flat_map(problems).collect();
    let statements: usize = pending.iter().map(|one| one.script.statements.len()).sum();
    let evidence = format!(
        "{} with {} parse without an error",
        counted(pending.len(), "pending file"),
        counted(statements, "statement")
    );
    Outcome::judge(vec![evidence], vec![], unknown)
}

fn problems(pending: &Pending) -> Vec<String> {
    let path = &pending.file.path;
    let problems = &pending.script.problems;
    if problems.is_empty() && pending.script.statements.is_empty() {
        return vec![format!("{path}:1:1 has no statement")];
    }
    let shown = problems.iter().take(MOST_PROBLEMS);
    let mut lines: Vec<String> = shown
        .map(|problem| {
            format!(
                "{path}:{}:{} does not parse: {}",
                problem.line, problem.column, problem.message
            )
        })
        .collect();
    if problems.len() > MOST_PROBLEMS {
        lines.push(format!(
            "{path} has {} more problems",
            problems.len() - MOST_PROBLEMS
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::example::{settled, unreachable, with_pending};

    #[test]
    fn sql_passes_with_the_number_of_its_statements() {
        let facts = with_pending("select 1; select 2;");
        assert_eq!(
            check(&facts),
            Outcome::pass("1 pending file with 2 statements parse without an error")
        );
    }

    #[test]
    fn what_does_not_parse_is_unknown_with_its_place() {
        let outcome = check(&with_pending("select 1;\n{{ table }}"));
        let Outcome::Unknown { reason } = outcome else {
            panic!("{outcome:?}")
        };
        assert!(
            reason.starts_with("db/0003_next.sql:2:1 does not parse: "),
            "{reason}"
        );
    }

    #[test]
    fn a_file_without_a_statement_is_unknown() {
        let facts = with_pending("-- nothing");
        assert_eq!(
            check(&facts),
            Outcome::unknown("db/0003_next.sql:1:1 has no statement")
        );
    }

    #[test]
    fn nothing_pending_is_skipped_and_an_unknown_set_is_unknown() {
        assert_eq!(check(&settled()), Outcome::skipped("nothing is pending"));
        let reason = "which files are pending is not known: could not connect to PostgreSQL";
        assert_eq!(check(&unreachable()), Outcome::unknown(reason));
    }
}
