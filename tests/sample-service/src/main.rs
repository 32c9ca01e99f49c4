//! The sample service of the demo: a small web server on a database, like the one of the CAL guide.
#![forbid(unsafe_code)]

mod artifact;
mod database;
mod entry;
mod exposition;
mod failure;
mod faults;
mod metrics;
mod server;
mod service;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tokio::net::TcpListener;

use crate::artifact::Artifact;
use crate::database::Database;
use crate::failure::Failure;
use crate::service::Service;

/// Serves one release of the sample service.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The release artifact (JSON)
    #[arg(long, value_name = "FILE")]
    build: PathBuf,
    /// The port to listen on
    #[arg(long)]
    port: u16,
    /// The address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sample-service: {}", failure.message());
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let artifact = Artifact::read(&arguments.build).map_err(Failure::Input)?;
    let database = std::env::var("DATABASE_URL")
        .map_err(|why| Failure::Input(format!("cannot read `DATABASE_URL`: {why}")))
        .and_then(|url| Database::parse(&url).map_err(Failure::Input))?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::Machine(format!("cannot start the runtime: {why}")))?
        .block_on(listen(arguments, artifact, database))
}

async fn listen(
    arguments: &Arguments,
    artifact: Artifact,
    database: Database,
) -> Result<(), Failure> {
    let address = SocketAddr::new(arguments.listen, arguments.port);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|why| Failure::Machine(format!("cannot listen on {address}: {why}")))?;
    let address = listener.local_addr().unwrap_or(address);
    let version = artifact.version.clone();
    let service = Service::new(artifact, database, address.port()).map_err(Failure::Input)?;
    let stop = server::stop_signal()
        .map_err(|why| Failure::Machine(format!("cannot listen for signals: {why}")))?;
    eprintln!("listening on {address} as {version}");
    server::serve(listener, service, stop).await;
    Ok(())
}
