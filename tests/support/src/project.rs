//! A project like the CAL guide's in a git repository: releases, migrations, configuration, and
//! the commands that put a release on an instance.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binaries::binary;
use crate::stand::{EnvironmentStand, Stand};
use crate::{Error, Result};

const PREFLIGHT_AND_SMOKE: &str = include_str!("project/checks.yml");
const DEPLOY: &str = include_str!("project/deploy.sh");
const STOP: &str = include_str!("project/stop.sh");

/// A release of the project.
#[derive(Debug, Clone, Copy)]
pub struct ReleasePlan {
    /// `1.1.0`; its tag has a `v` in front.
    pub version: &'static str,
    /// The tag that it is built on; empty for the first.
    pub based_on: &'static str,
    /// Files that it adds below `migrations/`: name and content.
    pub migrations: &'static [(&'static str, &'static str)],
    /// The columns of `entries` that it reads.
    pub columns: &'static [&'static str],
    /// The share of requests that it answers with 500 in production, 0 to 1.
    pub error_share: f64,
}

/// The releases of the demo.
pub const RELEASES: [ReleasePlan; 5] = [
    ReleasePlan {
        version: "1.0.0",
        based_on: "",
        migrations: &[(
            "0001_entries.sql",
            "create table entries (\n    id bigint generated always as identity primary key,\n    \
             body text not null,\n    created_at timestamptz not null default now()\n);\n",
        )],
        columns: &["id", "body"],
        error_share: 0.0,
    },
    ReleasePlan {
        version: "1.1.0",
        based_on: "v1.0.0",
        migrations: &[(
            "0002_note.sql",
            "alter table entries add column note text;\n",
        )],
        columns: &["id", "body", "note"],
        error_share: 0.0,
    },
    ReleasePlan {
        version: "1.2.0",
        based_on: "v1.1.0",
        migrations: &[(
            "0003_drop_note.sql",
            "alter table entries drop column note;\n",
        )],
        columns: &["id", "body"],
        error_share: 0.0,
    },
    ReleasePlan {
        version: "1.3.0",
        based_on: "v1.1.0",
        migrations: &[],
        columns: &["id", "body", "note"],
        error_share: 0.05,
    },
    ReleasePlan {
        version: "1.4.0",
        based_on: "v1.1.0",
        migrations: &[(
            "0003_author.sql",
            "alter table entries add column author text;\n",
        )],
        columns: &["id", "body", "note", "author"],
        error_share: 0.0,
    },
];

/// The repository on a stand.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    variables: Vec<(String, String)>,
}

impl Project {
    /// Writes the repository with these releases below the stand's directory.
    pub fn create(stand: &Stand, releases: &[ReleasePlan]) -> Result<Self> {
        Self::create_with(stand, releases, PREFLIGHT_AND_SMOKE)
    }

    /// The same with another end of the configuration: everything behind `environments`.
    pub fn create_with(stand: &Stand, releases: &[ReleasePlan], rest: &str) -> Result<Self> {
        let root = stand.directory().join("project");
        let mut variables = vec![
            ("PM".into(), binary("pm")?.display().to_string()),
            (
                "PM_DIRECTORY".into(),
                stand.directory().display().to_string(),
            ),
            (
                "SAMPLE_SERVICE".into(),
                binary("sample-service")?.display().to_string(),
            ),
        ];
        for (name, environment) in &stand.environments {
            let name = format!("{}_DATABASE_URL", name.to_uppercase());
            variables.push((name, environment.database_url.clone()));
        }
        let project = Self { root, variables };
        project.write(
            ".gitignore",
            "/.sluicegate/\n/artifacts/\n/backups/\n/ledger.jsonl\n/.env.*\n",
        )?;
        project.write("sluicegate.yml", &configuration(stand, rest))?;
        project.write("deploy/deploy", DEPLOY)?;
        project.write("deploy/stop", STOP)?;
        for (name, environment) in &stand.environments {
            project.write(&format!(".env.{name}"), &variables_file(name, environment))?;
        }
        project.shell("chmod +x deploy/deploy deploy/stop && git init -q -b main .")?;
        for release in releases {
            project.release(release)?;
        }
        Ok(project)
    }

    /// Commits and tags one release, and builds its artifact.
    fn release(&self, release: &ReleasePlan) -> Result<()> {
        let version = release.version;
        if !release.based_on.is_empty() {
            self.check_out(release.based_on)?;
        }
        for (name, content) in release.migrations {
            self.write(&format!("migrations/{name}"), content)?;
        }
        self.write("VERSION", &format!("{version}\n"))?;
        self.shell(&format!(
            "git add -A && git commit -qm 'release {version}' && git tag v{version}"
        ))?;
        let artifact = serde_json::json!({
            "version": version,
            "columns": release.columns,
            "faults": {"error_share": release.error_share},
            "faults_in": "production",
        });
        self.write(
            &format!("artifacts/web-{version}.json"),
            &artifact.to_string(),
        )
    }

    /// Checks a release out, as a CI job does.
    pub fn check_out(&self, reference: &str) -> Result<()> {
        self.shell(&format!("git checkout -q {reference}"))
    }

    /// The folder of the repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A gate's binary, ready to be given arguments: in the repository, with nothing of this
    /// process's environment but what the project needs.
    pub fn gate(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env_clear();
        for name in ["PATH", "HOME", "USER"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Writes a file of the repository.
    pub fn write(&self, path: &str, content: &str) -> Result<()> {
        let path = self.root.join(path);
        let folder = path.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, content))
            .map_err(|error| Error::new(format!("could not write `{}`: {error}", path.display())))
    }

    fn shell(&self, script: &str) -> Result<()> {
        let output = Command::new("sh")
            .args(["-c", script])
            .current_dir(&self.root)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([
                ("GIT_AUTHOR_NAME", "Ada"),
                ("GIT_AUTHOR_EMAIL", "ada@cal.example"),
            ])
            .envs([
                ("GIT_COMMITTER_NAME", "Ada"),
                ("GIT_COMMITTER_EMAIL", "ada@cal.example"),
            ])
            .output()
            .map_err(|error| Error::new(format!("could not start sh: {error}")))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(format!("`{script}` failed: {}", said.trim())))
    }
}

fn variables_file(name: &str, environment: &EnvironmentStand) -> String {
    // Not a placeholder, and different in each environment.
    let secret: String = format!("{name}{}", environment.database_url)
        .bytes()
        .map(|byte| format!("{:02x}", byte.wrapping_mul(31).wrapping_add(7)))
        .collect();
    format!(
        "NODE_ENV={name}\nDATABASE_URL={}\nJWT_SECRET={}\n",
        environment.database_url,
        &secret[..48]
    )
}

fn configuration(stand: &Stand, rest: &str) -> String {
    let mut text = String::from("version: 1\nproject: cal\n\nenvironments:\n");
    for (name, environment) in &stand.environments {
        text.push_str(&environment_section(name, environment));
    }
    text.push_str(rest);
    text
}

fn environment_section(name: &str, environment: &EnvironmentStand) -> String {
    let addresses = |ports: &[u16]| {
        let addresses: Vec<String> = ports
            .iter()
            .map(|port| format!("'127.0.0.1:{port}'"))
            .collect();
        addresses.join(", ")
    };
    let words = |words: Vec<String>| words.join(", ");
    format!(
        "  {name}:
    url: {url}
    allow: {{private_addresses: true}}
    variables:
      - file: .env.{name}
    databases:
      main: {{url: '${{{upper}_DATABASE_URL}}'}}
    ledger:
      file: ledger.jsonl
    services:
      web:
        target:
          command:
            deploy: [deploy/deploy, '{{port}}', '{{version}}']
            stop: [deploy/stop, '{{port}}']
            stable: [{stable}]
            canary: [{canary}]
            health: /api/health
            deadline: 20s
        router:
          nginx:
            split: {split}
            variable: sluicegate_web
            stable: web_stable
            canary: web_canary
            key: $request_id
            control: 127.0.0.1:{control}
            test: [{test}]
            reload: [{reload}]
",
        url = environment.front_url,
        upper = name.to_uppercase(),
        stable = addresses(&environment.stable_ports),
        canary = addresses(&environment.canary_ports),
        split = environment.nginx.split_file().display(),
        control = environment.control_port,
        test = words(environment.nginx.test_command()),
        reload = words(environment.nginx.reload_command()),
    )
}

/// The split file with which an environment begins: everything goes to stable.
pub fn first_split(control_port: u16) -> String {
    format!(
        "# Written by Sluicegate: what part of the traffic goes to web_canary. Changes are lost.\n\
         split_clients \"$request_id\" $sluicegate_web {{\n    * web_stable;\n}}\n\
         server {{\n    listen 127.0.0.1:{control_port};\n    access_log off;\n    \
         default_type text/plain;\n    return 200 \"sluicegate_web 0 first\\n\";\n}}\n"
    )
}
