//! Everything a run knows before it looks at the world.

use super::arguments::Common;
use super::choice;
use super::interrupt::Interrupt;
use crate::config::{Artifact, Config, Environment, Gate, Name};
use crate::error::{Error, Result};
use crate::git::Repository;
use crate::http::Http;
use crate::journal::{Journal, Unsettled};
use crate::ledger::Ledger;
use crate::receipt::{Required, Run, default_path};
use crate::release::{Digest, Release};
use crate::report::actions::Actions;
use std::collections::BTreeMap;
use std::path::Path;

/// Everything a run knows before it looks at the world, and the journal for what it changes.
#[derive(Debug)]
pub struct Context {
    /// Which binary this is.
    pub gate: Gate,
    /// The flags that all binaries have.
    pub common: Common,
    /// The file.
    pub config: Config,
    /// The environment's name.
    pub environment: Name,
    /// The services to work on, in the order of their names.
    pub services: Vec<Name>,
    /// Who runs it, and where.
    pub run: Run,
    /// Whether and how this runs on GitHub Actions.
    pub actions: Option<Actions>,
    /// Whether the run was asked to stop.
    pub interrupt: Interrupt,
    release: Option<Release>,
    journal: Option<Journal>,
}

impl Context {
    /// Reads the configuration and resolves what the flags name.
    pub async fn new(gate: Gate, common: Common, needs_release: bool) -> Result<Self> {
        let config = Config::load(&common.config)?;
        let environment = choice::environment(&config, common.environment.as_deref())?;
        let services = choice::services(&config, &environment, &common.service)?;
        let actions = Actions::from_environment(&|name| std::env::var(name).ok());
        let run = choice::run(actions.as_ref())?;
        let mut context = Self {
            gate,
            config,
            environment,
            services,
            run,
            actions,
            interrupt: Interrupt::listen()?,
            release: None,
            journal: None,
            common,
        };
        let asked = context.common.release.clone();
        if let Some(reference) = asked.or(needs_release.then(|| "HEAD".to_owned())) {
            context.release = Some(context.resolve_release(&reference).await?);
        }
        Ok(context)
    }

    /// The environment's part of the file.
    pub fn place(&self) -> &Environment {
        // The name was taken from this very map.
        &self.config.document.environments[&self.environment]
    }

    /// The release of this run.
    pub fn release(&self) -> Result<&Release> {
        self.release
            .as_ref()
            .ok_or_else(|| Error::config("no release is named").hint("use `--release`"))
    }

    /// The release of this run, when there is one.
    pub fn release_if_any(&self) -> Option<&Release> {
        self.release.as_ref()
    }

    /// Sets the release that a gate found out by itself.
    pub fn set_release(&mut self, release: Release) {
        self.release = Some(release);
    }

    /// The repository that holds the file.
    pub fn repository(&self) -> Repository {
        Repository::at(&self.config.root)
    }

    /// What a reference means, with the digests of the artifacts of this run's services.
    pub async fn resolve_release(&self, reference: &str) -> Result<Release> {
        let (commit, version) = self.repository().resolve(reference).await?;
        let mut release = Release {
            version,
            commit,
            artifacts: BTreeMap::new(),
        };
        for service in &self.services {
            let declared = self.config.document.services.get(service);
            if let Some(artifact) = declared.and_then(|service| service.artifact.as_ref()) {
                let digest = self.artifact(artifact, &release)?;
                release.artifacts.insert(service.to_string(), digest);
            }
        }
        Ok(release)
    }

    fn artifact(&self, artifact: &Artifact, release: &Release) -> Result<Digest> {
        let Artifact::File(pattern) = artifact;
        let path = pattern
            .replace("{version}", release.version.as_str())
            .replace("{commit}", release.commit.as_str());
        let path = self.config.path(Path::new(&path));
        crate::file::digest(&path).map_err(|error| {
            Error::config(format!(
                "the artifact of release {} cannot be read",
                release.version
            ))
            .at(path.display().to_string())
            .source(error)
            .hint("build or download it first")
        })
    }

    /// The URL of the environment, without a slash at its end.
    pub fn url(&self) -> Result<String> {
        let Some(url) = &self.place().url else {
            return Err(
                Error::config(format!("environment `{}` has no `url`", self.environment))
                    .at(&self.config.file),
            );
        };
        let resolved = self.config.resolve(url)?;
        let text = resolved.expose().trim_end_matches('/').to_owned();
        if text.starts_with("http://") || text.starts_with("https://") {
            mask_password(&text);
            let checked = reqwest::Url::parse(&text).map_err(|why| {
                url.refuse(
                    &self.config.file,
                    format!("the `url` cannot be asked: {why}"),
                )
            });
            return checked.map(|_| text);
        }
        Err(url.refuse(
            &self.config.file,
            "the `url` must start with `http://` or `https://`",
        ))
    }

    /// The address of a database of the environment.
    pub fn database(&self, name: &Name) -> Result<crate::postgres::Address> {
        let Some(database) = self.place().databases.get(name) else {
            let environment = &self.environment;
            return Err(Error::config(format!(
                "environment `{environment}` has no database `{name}`"
            ))
            .at(&self.config.file));
        };
        crate::postgres::Address::parse(&self.config.resolve(&database.url)?)
    }

    /// The environment's ledger.
    pub fn ledger(&self) -> Result<Ledger> {
        Ledger::of(self)
    }

    /// A client whose requests name this run.
    pub fn http(&self) -> Http {
        Http::new(self.gate.name(), &self.run.id)
    }

    /// The receipts that must hold before this gate may start.
    pub fn required(&self) -> Vec<Required> {
        let named = self.common.require.iter().map(|path| Required {
            path: path.clone(),
            gate: None,
            environment: None,
        });
        let gates = self.config.document.receipts.require.get(&self.environment);
        let configured = gates
            .and_then(|gates| gates.get(&self.gate))
            .into_iter()
            .flatten();
        let configured = configured.map(|requirement| {
            let requirement = &requirement.value;
            let environment = requirement
                .environment
                .as_ref()
                .unwrap_or(&self.environment);
            Required {
                path: default_path(
                    &self.config.root,
                    environment.as_str(),
                    requirement.gate,
                    requirement.gate.main_command(),
                ),
                gate: Some(requirement.gate),
                environment: Some(environment.to_string()),
            }
        });
        configured.chain(named).collect()
    }

    /// The journal; opened and locked at the first call, which also returns what an earlier run
    /// left unsettled.
    pub fn open_journal(&mut self) -> Result<Option<Unsettled>> {
        let path = Journal::path(&self.config.root, self.environment.as_str());
        let (journal, unsettled) = Journal::open(&path, &self.run.id, self.gate.name())?;
        self.journal = Some(journal);
        Ok(unsettled)
    }

    /// What an earlier run left unsettled, without opening or locking the journal.
    pub fn left_unsettled(&self) -> Result<Option<Unsettled>> {
        Journal::left_unsettled(&Journal::path(&self.config.root, self.environment.as_str()))
    }

    /// The opened journal.
    pub fn journal(&mut self) -> Result<&mut Journal> {
        if self.journal.is_none() {
            self.open_journal()?;
        }
        self.journal
            .as_mut()
            .ok_or_else(|| Error::unavailable("the journal is not open"))
    }

    /// Whether this run has started any change.
    pub fn has_changed_anything(&self) -> bool {
        self.journal
            .as_ref()
            .is_some_and(|journal| !journal.effects().is_empty())
    }

    /// The variables of the environment, from its files and from this process.
    pub fn variables(&self) -> Result<crate::variables::Variables> {
        crate::variables::Variables::load(&self.config, self.place())
    }

    /// The journal, when this run has opened it.
    pub fn journal_if_open(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }
}

/// A password in front of a host is a secret wherever the URL came from.
fn mask_password(url: &str) {
    let Ok(url) = reqwest::Url::parse(url) else {
        return;
    };
    if let Some(password) = url.password() {
        let _masked = crate::secret::Secret::new(password);
    }
}
