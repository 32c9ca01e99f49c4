//! Instances that a command of the project starts and stops.

use super::Instance;
use crate::config::CommandTarget;
use crate::error::Result;
use crate::process::Command;
use crate::release::Release;
use crate::secret::Secret;
use std::path::Path;

pub(super) fn deploy(target: &CommandTarget, instance: Instance<'_>, release: &Release) -> Command {
    Command::new(target.deploy.iter().map(|word| {
        filled(word, instance)
            .replace("{version}", release.version.as_str())
            .replace("{commit}", release.commit.as_str())
    }))
}

pub(super) fn stop(target: &CommandTarget, instance: Instance<'_>) -> Command {
    Command::new(target.stop.iter().map(|word| filled(word, instance)))
}

pub(super) async fn run(
    target: &CommandTarget,
    mut call: Command,
    variables: &[(String, Secret)],
    directory: &Path,
) -> Result<()> {
    call = call
        .directory(directory)
        .deadline(target.deadline.duration());
    for (name, value) in variables {
        call = call.variable(name, value.clone());
    }
    call.succeed().await.map(drop)
}

fn filled(word: &str, instance: Instance<'_>) -> String {
    let (host, port) = instance
        .address
        .rsplit_once(':')
        .unwrap_or((instance.address, ""));
    word.replace("{service}", instance.service)
        .replace("{environment}", instance.environment)
        .replace("{group}", instance.group.name())
        .replace("{address}", instance.address)
        .replace("{host}", host)
        .replace("{port}", port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Span;
    use crate::target::Group;

    fn target() -> CommandTarget {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        CommandTarget {
            deploy: words(
                "deploy {service}-{group} {host} {port} {version} {commit} {environment}",
            ),
            stop: words("stop {address}"),
            stable: vec!["127.0.0.1:7890".into()],
            canary: vec![],
            health: "/".into(),
            deadline: Span::seconds(1),
        }
    }

    #[test]
    fn placeholders_become_single_words() {
        let release = Release {
            version: "1.1.0".to_owned().try_into().expect("is a version"),
            commit: "a".repeat(40).try_into().expect("is a commit id"),
            artifacts: Default::default(),
        };
        let instance = Instance {
            service: "web",
            environment: "production",
            group: Group::Stable,
            address: "127.0.0.1:7890",
        };
        let commit = "a".repeat(40);
        assert_eq!(
            deploy(&target(), instance, &release).line(),
            format!("deploy web-stable 127.0.0.1 7890 1.1.0 {commit} production")
        );
        assert_eq!(stop(&target(), instance).line(), "stop 127.0.0.1:7890");
    }
}
