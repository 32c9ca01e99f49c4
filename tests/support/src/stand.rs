//! Two environments as the CAL guide has them, on loopback ports, in one temporary directory.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::binaries::binary;
use crate::nginx::{Nginx, NginxOptions};
use crate::ports::free_ports;
use crate::postgres::{Postgres, random_password};
use crate::process_manager::ProcessManager;
use crate::protocol::Child;
use crate::{Error, Result, request};

const INSTANCES: usize = 3;
const INSTANCE_DEADLINE: Duration = Duration::from_secs(10);

/// What a stand is put up with.
#[derive(Debug, Clone)]
pub struct StandOptions {
    /// The names of the environments.
    pub environments: Vec<String>,
    /// Writes the first split file of an environment, given its control port.
    pub split: fn(u16) -> String,
    /// How many stable instances each environment has, and as many for the canary.
    pub instances: usize,
}

/// Staging and production, with all traffic on stable.
impl Default for StandOptions {
    fn default() -> Self {
        Self {
            environments: vec!["staging".into(), "production".into()],
            split: all_to_stable,
            instances: INSTANCES,
        }
    }
}

/// The servers of all environments; everything ends and is removed with it.
#[derive(Debug)]
pub struct Stand {
    /// The environments by name.
    pub environments: BTreeMap<String, EnvironmentStand>,
    postgres: Postgres,
    process_manager: ProcessManager,
}

/// The servers of one environment.
#[derive(Debug, Clone)]
pub struct EnvironmentStand {
    /// Where clients find it.
    pub front_url: String,
    /// The port of `front_url`.
    pub front_port: u16,
    /// The port that is kept for what the split file serves.
    pub control_port: u16,
    /// The ports of the stable instances.
    pub stable_ports: Vec<u16>,
    /// The ports of the canary instances.
    pub canary_ports: Vec<u16>,
    /// The address of its database for the role that owns it.
    pub database_url: String,
    /// The router in front of the instances.
    pub nginx: Nginx,
}

impl Stand {
    /// Puts up the databases and the routers; no instance runs yet.
    pub fn start(options: &StandOptions) -> Result<Self> {
        let process_manager = ProcessManager::start_temporary()?;
        let postgres = Postgres::start(&process_manager)?;
        let mut environments = BTreeMap::new();
        for name in &options.environments {
            let environment = start_environment(&process_manager, &postgres, name, options)?;
            environments.insert(name.clone(), environment);
        }
        Ok(Self {
            environments,
            postgres,
            process_manager,
        })
    }

    /// The environment with this name.
    pub fn environment(&self, name: &str) -> Result<&EnvironmentStand> {
        self.environments
            .get(name)
            .ok_or_else(|| Error::new(format!("the stand has no environment `{name}`")))
    }

    /// Starts the sample service with this artifact as `web-PORT`, and waits until it is healthy.
    pub fn start_instance(&self, environment: &str, port: u16, build_file: &Path) -> Result<()> {
        let environment = self.environment(environment)?;
        let program = binary("sample-service")?.display().to_string();
        let build_file = build_file.display().to_string();
        let name = format!("web-{port}");
        self.process_manager.start_child(Child {
            name: name.clone(),
            argv: vec![
                program,
                "--build".into(),
                build_file,
                "--port".into(),
                port.to_string(),
            ],
            environment: BTreeMap::from([(
                "DATABASE_URL".into(),
                environment.database_url.clone(),
            )]),
            working_directory: std::env::current_dir().ok(),
            ..Child::default()
        })?;
        let url = format!("http://127.0.0.1:{port}/api/health");
        self.process_manager
            .wait_for_child(&name, INSTANCE_DEADLINE, || match request::get(&url) {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(answer.body),
                Err(error) => Err(error.to_string()),
            })
    }

    /// The directory with everything in it.
    pub fn directory(&self) -> &Path {
        self.process_manager.directory()
    }

    /// The one database server of all environments.
    pub fn postgres(&self) -> &Postgres {
        &self.postgres
    }

    /// The process manager of all servers.
    pub fn process_manager(&self) -> &ProcessManager {
        &self.process_manager
    }
}

/// A split file that sends every request to stable.
pub fn all_to_stable(_control_port: u16) -> String {
    "split_clients \"$request_id\" $sluicegate_web {\n    * web_stable;\n}\n".into()
}

fn start_environment(
    process_manager: &ProcessManager,
    postgres: &Postgres,
    name: &str,
    options: &StandOptions,
) -> Result<EnvironmentStand> {
    let mut ports = free_ports(2 + 2 * options.instances)?;
    let canary_ports = ports.split_off(2 + options.instances);
    let stable_ports = ports.split_off(2);
    let (front_port, control_port) = (ports[0], ports[1]);
    let nginx = NginxOptions {
        name: format!("nginx-{name}"),
        front_port,
        control_port,
        stable: stable_ports.clone(),
        canary: canary_ports.clone(),
        split: (options.split)(control_port),
    };
    Ok(EnvironmentStand {
        front_url: format!("http://127.0.0.1:{front_port}"),
        front_port,
        control_port,
        database_url: postgres.create_database(name, name, &random_password())?,
        nginx: Nginx::start(process_manager, &nginx)?,
        stable_ports,
        canary_ports,
    })
}
