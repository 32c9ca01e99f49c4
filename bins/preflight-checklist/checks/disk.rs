//! `disk`: there is room for what a deployment writes.

use crate::facts::{Disk, Facts, Space};
use shared::check::Check;
use shared::config::Size;
use shared::shell::quoted;
use shared::verdict::{Finding, Outcome, Severity};

/// See the module.
pub const CHECK: Check<Facts> = Check {
    id: "disk",
    title: "every filesystem has the free space asked for, and room for 1000 more files",
    why: "a full disk breaks builds, backups and databases half way; a filesystem without free \
          inodes is as full as one without bytes. What counts is what an unprivileged user may \
          still write",
    fix: "remove old releases, images and logs, or enlarge the filesystem",
    severity: Severity::Error,
    run: check,
};

/// An unpacked release easily has as many files.
const FEWEST_FILES: u64 = 1000;

fn check(facts: &Facts) -> Outcome {
    if facts.disks.is_empty() {
        return Outcome::skipped("no rule of `preflight.disk` applies to this environment");
    }
    let (mut evidence, mut findings, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for disk in &facts.disks {
        match &disk.looked {
            Err(reason) => unknown.push(reason.clone()),
            Ok(space) => {
                let problems = problems(disk, space);
                if problems.is_empty() {
                    evidence.push(holding(disk, space));
                }
                findings.extend(problems);
            }
        }
    }
    Outcome::judge(evidence, findings, unknown)
}

fn problems(disk: &Disk, space: &Space) -> Vec<Finding> {
    let path = disk.path.display().to_string();
    let (free, asked) = (Size::of_bytes(space.free), disk.rule.free);
    let mut findings = Vec::new();
    if free < asked {
        let message = format!("`{path}` has {free} free, {asked} are asked");
        let exact = |size: Size| format!("{} bytes", size.bytes());
        let finding = Finding::new(message).compared(exact(free), exact(asked));
        findings.push(finding.reproduce(format!("df -Pk {}", quoted(&path))));
    }
    if let Some(files) = space.files.filter(|files| *files < FEWEST_FILES) {
        let message = format!("`{path}` has room for {files} more files, {FEWEST_FILES} are asked");
        let expected = format!("at least {FEWEST_FILES} inodes");
        let finding = Finding::new(message).compared(format!("{files} inodes"), expected);
        findings.push(finding.reproduce(format!("df -Pi {}", quoted(&path))));
    }
    findings
}

fn holding(disk: &Disk, space: &Space) -> String {
    let files = match space.files {
        Some(files) => format!("room for {files} more files"),
        None => "no limit of files".into(),
    };
    format!(
        "`{}` has {} free of {}, {} asked; {files}",
        disk.path.display(),
        Size::of_bytes(space.free),
        Size::of_bytes(space.size),
        disk.rule.free
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::config::DiskRule;

    fn outcome(looked: Result<Space, String>) -> Outcome {
        let rule = DiskRule {
            path: "/".into(),
            environments: vec![],
            free: Size::of_bytes(10 << 30),
        };
        let disks = vec![Disk {
            rule,
            path: "/".into(),
            looked,
        }];
        check(&Facts {
            disks,
            ..Facts::default()
        })
    }

    fn space(free: u64, files: Option<u64>) -> Result<Space, String> {
        Ok(Space {
            free,
            size: 100 << 30,
            files,
        })
    }

    #[test]
    fn enough_room_passes_with_the_numbers() {
        assert_eq!(
            outcome(space(50 << 30, Some(5_000_000))),
            Outcome::pass(
                "`/` has 50.0 GiB free of 100.0 GiB, 10.0 GiB asked; room for 5000000 more files"
            )
        );
        assert_eq!(
            outcome(space(10 << 30, None)),
            Outcome::pass("`/` has 10.0 GiB free of 100.0 GiB, 10.0 GiB asked; no limit of files")
        );
    }

    #[test]
    fn too_few_bytes_fail_with_the_exact_number() {
        assert_eq!(
            outcome(space((10 << 30) - 1, None)),
            Outcome::fail(
                Finding::new("`/` has 10.0 GiB free, 10.0 GiB are asked")
                    .compared("10737418239 bytes", "10737418240 bytes")
                    .reproduce("df -Pk /")
            )
        );
    }

    #[test]
    fn too_few_inodes_fail_although_there_are_bytes() {
        assert_eq!(
            outcome(space(50 << 30, Some(12))),
            Outcome::fail(
                Finding::new("`/` has room for 12 more files, 1000 are asked")
                    .compared("12 inodes", "at least 1000 inodes")
                    .reproduce("df -Pi /")
            )
        );
    }

    #[test]
    fn a_path_that_cannot_be_looked_at_is_unknown() {
        assert_eq!(
            outcome(Err("`/x` cannot be".into())),
            Outcome::unknown("`/x` cannot be")
        );
    }

    #[test]
    fn without_a_rule_it_is_skipped() {
        assert_eq!(
            check(&Facts::default()),
            Outcome::skipped("no rule of `preflight.disk` applies to this environment")
        );
    }
}
