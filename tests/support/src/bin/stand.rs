//! Puts up a stand by hand: prints its addresses as one line of JSON and keeps it until stdin ends.
#![forbid(unsafe_code)]

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use support::stand::{EnvironmentStand, Stand, StandOptions};
use support::{Error, Result};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stand: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let stand = Stand::start(&StandOptions::default())?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", shown(&stand))
        .and_then(|()| stdout.flush())
        .map_err(|why| Error::new(format!("cannot print: {why}")))?;
    let mut buffer = [0; 64];
    while std::io::stdin()
        .read(&mut buffer)
        .is_ok_and(|length| length > 0)
    {}
    Ok(())
}

fn shown(stand: &Stand) -> Value {
    let environments: Map<String, Value> = stand
        .environments
        .iter()
        .map(|(name, environment)| (name.clone(), addresses(environment)))
        .collect();
    json!({
        "directory": stand.directory(),
        "pm": stand.process_manager().pid(),
        "environments": environments,
    })
}

fn addresses(environment: &EnvironmentStand) -> Value {
    json!({
        "front_url": environment.front_url,
        "control_port": environment.control_port,
        "stable_ports": environment.stable_ports,
        "canary_ports": environment.canary_ports,
        "database_url": environment.database_url,
        "split_file": environment.nginx.split_file(),
        "reload_command": environment.nginx.reload_command(),
    })
}
