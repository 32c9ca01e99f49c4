//! Installing what the stand needs with the package manager of the machine.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::account::is_root;
use crate::prerequisites::{Prerequisite, missing};
use crate::{Error, Result, program};

/// How packages get onto this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manager {
    AptAsRoot,
    AptWithSudo,
    AptWithoutRights,
    Homebrew,
    None,
}

/// Installs what is missing, after saying on stderr what it runs; checks afterwards that it is there.
pub fn install(wanted: &[Prerequisite]) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let commands = commands(manager(), wanted)?;
    for wanted in wanted {
        eprintln!(
            "`{}` is missing, needed for {}",
            wanted.program, wanted.purpose
        );
    }
    if Path::new("/run/systemd/system").is_dir() {
        eprintln!(
            "the packages start services of their own, which the stand does not use; \
             to be rid of them: systemctl disable --now postgresql nginx"
        );
    }
    for command in &commands {
        eprintln!("running: {}", command.join(" "));
        // Failure is judged by what is there afterwards: a package whose own service could not start,
        // because its port is in use, has brought its programs all the same.
        if let Err(error) = run(command) {
            eprintln!("{error}");
        }
    }
    match missing(wanted).first() {
        None => Ok(()),
        Some(absent) => {
            let tried = commands
                .last()
                .map(|command| command.join(" "))
                .unwrap_or_default();
            Err(Error::new(format!(
                "`{}` is still missing after: {tried}",
                absent.program
            )))
        }
    }
}

fn manager() -> Manager {
    let has = |name: &str| program::find(name, &[]).is_some();
    let can_become_root = || run(&["sudo", "-n", "true"].map(String::from)).is_ok();
    if has("apt-get") && is_root() {
        Manager::AptAsRoot
    } else if has("apt-get") && has("sudo") && can_become_root() {
        Manager::AptWithSudo
    } else if has("brew") {
        Manager::Homebrew
    } else if has("apt-get") {
        Manager::AptWithoutRights
    } else {
        Manager::None
    }
}

fn commands(manager: Manager, wanted: &[Prerequisite]) -> Result<Vec<Vec<String>>> {
    let apt = packages(wanted, |one| one.apt);
    let brew = packages(wanted, |one| one.brew);
    let install = "apt-get install -y --no-install-recommends";
    let texts = match manager {
        Manager::AptAsRoot => vec![
            "apt-get update".to_owned(),
            format!("env DEBIAN_FRONTEND=noninteractive {install} {apt}"),
        ],
        Manager::AptWithSudo => vec![
            "sudo -n apt-get update".to_owned(),
            format!("sudo -n env DEBIAN_FRONTEND=noninteractive {install} {apt}"),
        ],
        Manager::AptWithoutRights => {
            let command = format!("sudo apt-get update && sudo {install} {apt}");
            return Err(Error::new(format!(
                "this needs the rights of root; run: {command}"
            )));
        }
        Manager::Homebrew => vec![format!("brew install {brew}")],
        Manager::None => {
            return Err(Error::new(format!(
                "neither apt-get nor brew is here; install by hand: {apt}"
            )));
        }
    };
    Ok(texts
        .iter()
        .map(|text| text.split(' ').map(String::from).collect())
        .collect())
}

fn packages(wanted: &[Prerequisite], package: fn(&Prerequisite) -> &'static str) -> String {
    let distinct: BTreeSet<&str> = wanted.iter().map(package).collect();
    distinct.into_iter().collect::<Vec<_>>().join(" ")
}

fn run(command: &[String]) -> Result<()> {
    let status = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Error::new(format!(
            "`{}` ended with {status}",
            command.join(" ")
        ))),
        Err(why) => Err(Error::new(format!("`{}` cannot be run: {why}", command[0]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prerequisites::PREREQUISITES;

    fn lines(manager: Manager) -> Vec<String> {
        match commands(manager, &PREREQUISITES[..3]) {
            Ok(commands) => commands.iter().map(|command| command.join(" ")).collect(),
            Err(error) => vec![error.to_string()],
        }
    }

    #[test]
    fn root_updates_and_installs_without_questions() {
        let install = "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
            nginx-light postgresql postgresql-client";
        assert_eq!(lines(Manager::AptAsRoot), ["apt-get update", install]);
    }

    #[test]
    fn without_rights_the_error_is_the_command_to_run() {
        let expected = "this needs the rights of root; run: sudo apt-get update && sudo apt-get install -y \
            --no-install-recommends nginx-light postgresql postgresql-client";
        assert_eq!(lines(Manager::AptWithoutRights), [expected]);
    }

    #[test]
    fn homebrew_names_each_formula_once() {
        assert_eq!(
            lines(Manager::Homebrew),
            ["brew install nginx postgresql@17"]
        );
    }

    #[test]
    fn nothing_missing_runs_nothing() {
        assert_eq!(install(&[]), Ok(()));
    }
}
