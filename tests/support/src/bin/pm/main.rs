//! A tiny process manager: keeps children, and leaves nothing behind when the one who holds its stdin is gone.
#![forbid(unsafe_code)]

mod child;
mod home;
mod keeper;
mod listener;

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use clap::{Args, Parser, Subcommand};
use support::protocol::{self, Child, Order, Reply, StopSignal};
use support::{Error, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::home::Home;
use crate::keeper::Keeper;

/// Keeps processes for as long as somebody holds its stdin.
#[derive(Debug, Parser)]
#[command(name = "pm", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a directory until stdin ends or a signal comes, then stop all children
    Run(Run),
    /// Start a child; one that already runs under the name is stopped first
    Start(Box<Start>),
    /// Stop a child; one that does not run is fine
    Stop(Stop),
    /// Print name, process id and state of every child
    List(List),
}

#[derive(Debug, Args)]
struct Run {
    /// The directory to serve; made if it does not exist
    #[arg(long, value_name = "D")]
    dir: PathBuf,
    /// Remove the directory at the end; it must be new or empty at the start
    #[arg(long)]
    remove: bool,
}

#[derive(Debug, Args)]
struct Start {
    /// The directory that pm serves
    #[arg(long, value_name = "D")]
    dir: PathBuf,
    /// The name of the child
    #[arg(long)]
    name: String,
    /// A variable of the child; without a value it is passed on from here, which keeps a secret out of argv
    #[arg(long, value_name = "K[=V]", value_parser = variable)]
    env: Vec<(String, String)>,
    /// The account the child runs as
    #[arg(long)]
    user: Option<String>,
    /// The signal that asks the child to end
    #[arg(long, value_enum, default_value_t, ignore_case = true)]
    stop_signal: StopSignal,
    /// Where its output goes, when not to D/log/NAME.log
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    argv: Vec<String>,
}

#[derive(Debug, Args)]
struct Stop {
    /// The directory that pm serves
    #[arg(long, value_name = "D")]
    dir: PathBuf,
    /// The name of the child
    #[arg(long)]
    name: String,
}

#[derive(Debug, Args)]
struct List {
    /// The directory that pm serves
    #[arg(long, value_name = "D")]
    dir: PathBuf,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run(run) => serve(&run),
        Command::Start(start) => order_start(*start),
        Command::Stop(stop) => protocol::send(&stop.dir, &Order::Stop(stop.name)).map(print),
        Command::List(list) => protocol::send(&list.dir, &Order::List).map(print),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever read stderr may be gone by now, and that must not spoil the exit code.
            let _ = writeln!(std::io::stderr(), "pm: {error}");
            ExitCode::FAILURE
        }
    }
}

fn order_start(start: Start) -> Result<()> {
    let directory = std::env::current_dir()
        .map_err(|why| Error::new(format!("cannot tell the working directory: {why}")))?;
    let child = Child {
        name: start.name,
        argv: start.argv,
        environment: start.env.into_iter().collect(),
        user: start.user,
        stop_signal: start.stop_signal,
        log: start.log.map(|log| directory.join(log)),
        working_directory: Some(directory),
    };
    protocol::send(&start.dir, &Order::Start(child)).map(print)
}

fn print(reply: Reply) {
    let text = match reply {
        Reply::Started(pid) => format!("{pid}\n"),
        Reply::Stopped | Reply::Refused(_) => String::new(),
        Reply::Children(children) => children
            .iter()
            .map(|child| format!("{}\t{}\t{}\n", child.name, child.pid, child.state))
            .collect(),
    };
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn serve(run: &Run) -> Result<()> {
    let home = if run.remove {
        Home::throwaway(&run.dir)
    } else {
        Home::lasting(&run.dir)
    }?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Error::new(format!("cannot start the runtime: {why}")))?;
    let served = tokio::task::LocalSet::new().block_on(&runtime, keep_children(&home));
    home.leave().and(served)
}

async fn keep_children(home: &Home) -> Result<()> {
    let mut end =
        end_of_work().map_err(|why| Error::new(format!("cannot listen for signals: {why}")))?;
    let listener = home.listener()?;
    let keeper = Rc::new(Keeper::new(home.directory().to_owned()));
    tokio::select! {
        () = listener::serve(listener, &keeper) => {}
        _ = end.recv() => {}
    }
    keeper.stop_all().await
}

/// Says something once the stdin has ended or a signal has come.
fn end_of_work() -> std::io::Result<mpsc::Receiver<()>> {
    let (ended, end) = mpsc::channel(1);
    for kind in [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ] {
        let mut signal = signal(kind)?;
        let ended = ended.clone();
        tokio::task::spawn_local(async move {
            signal.recv().await;
            let _ = ended.try_send(());
        });
    }
    // A thread of its own: the end of the process does not wait for it, unlike for tokio's stdin.
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        while std::io::stdin()
            .read(&mut buffer)
            .is_ok_and(|length| length > 0)
        {}
        let _ = ended.try_send(());
    });
    Ok(end)
}

fn variable(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some(("", _)) => Err("expected NAME=VALUE or NAME".into()),
        Some((name, value)) => Ok((name.into(), value.into())),
        None => match std::env::var(text) {
            Ok(value) => Ok((text.into(), value)),
            Err(why) => Err(why.to_string()),
        },
    }
}
