//! Whether the files on disk are those of the release.

use super::counted;
use crate::facts::{Comparison, Difference, Facts};
use shared::check::Check;
use shared::shell::quoted;
use shared::verdict::{Finding, Outcome, Severity};

pub const CHECK: Check<Facts> = Check {
    id: "release-files",
    title: "the files on disk are those of the release",
    why: "what is applied are the bytes on disk; when they are not those of the commit, the \
          receipt would speak of a release that was never applied",
    fix: "check the release out, commit what is missing, or name the right one with `--release`",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let comparison = match &facts.release_files {
        Ok(comparison) => comparison,
        Err(reason) => return Outcome::unknown(reason.clone()),
    };
    let findings = comparison
        .differences
        .iter()
        .map(|one| finding(one, comparison))
        .collect();
    let evidence = format!(
        "{} of `{}` equal, byte for byte, those of release {}",
        counted(facts.files.len(), "file"),
        facts.directory,
        comparison.release
    );
    Outcome::judge(vec![evidence], findings, vec![])
}

fn finding(difference: &Difference, comparison: &Comparison) -> Finding {
    let (path, what) = match difference {
        Difference::Changed(path) => (path, "has other bytes than in"),
        Difference::OnlyOnDisk(path) => (path, "is on disk, but not in"),
        Difference::OnlyInRelease(path) => (path, "is not on disk, but in"),
    };
    let finding = Finding::new(format!("{path} {what} release {}", comparison.release)).reproduce(
        format!("git diff {} -- {}", comparison.commit, quoted(path)),
    );
    match difference {
        Difference::Changed(_) | Difference::OnlyOnDisk(_) => finding.in_file(path, 1, 1),
        Difference::OnlyInRelease(_) => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::example::settled;

    #[test]
    fn equal_files_pass_with_their_number() {
        let evidence = "2 files of `db` equal, byte for byte, those of release 1.2.0 (01234567)";
        assert_eq!(check(&settled()), Outcome::pass(evidence));
    }

    #[test]
    fn every_difference_is_a_finding() {
        let mut facts = settled();
        facts.release_files = facts.release_files.map(|comparison| Comparison {
            differences: vec![
                Difference::Changed("db/0001_init.sql".into()),
                Difference::OnlyInRelease("db/0003_x.sql".into()),
            ],
            ..comparison
        });
        let diff = format!("git diff {} -- ", "0123456789".repeat(4));
        assert_eq!(
            check(&facts),
            Outcome::Fail {
                findings: vec![
                    Finding::new(
                        "db/0001_init.sql has other bytes than in release 1.2.0 (01234567)"
                    )
                    .in_file("db/0001_init.sql", 1, 1)
                    .reproduce(format!("{diff}db/0001_init.sql")),
                    Finding::new("db/0003_x.sql is not on disk, but in release 1.2.0 (01234567)")
                        .reproduce(format!("{diff}db/0003_x.sql")),
                ]
            }
        );
    }

    #[test]
    fn what_could_not_be_compared_is_unknown() {
        let facts = Facts {
            release_files: Err("git is not there".into()),
            ..settled()
        };
        assert_eq!(check(&facts), Outcome::unknown("git is not there"));
    }
}
