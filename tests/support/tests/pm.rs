//! `pm` from the outside: its commands, and that it leaves nothing behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::deadline::wait_until;
use support::process_manager::ProcessManager;
use support::processes::is_alive;
use support::{Error, Result, protocol};

fn pm(directory: &Path, arguments: &[&str]) -> Result<Output> {
    let (command, rest) = arguments
        .split_first()
        .ok_or_else(|| Error::new("a command is needed"))?;
    Command::new(env!("CARGO_BIN_EXE_pm"))
        .args([command, "--dir"])
        .arg(directory)
        .args(rest)
        .env("SECRET", "hidden")
        .output()
        .map_err(|why| Error::new(why.to_string()))
}

fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn log_says(process_manager: &ProcessManager, name: &str, expected: &str) -> Result<()> {
    wait_until("reading the log", Duration::from_secs(5), || {
        let text = fs::read_to_string(process_manager.log(name)).unwrap_or_default();
        if text == expected {
            Ok(())
        } else {
            Err(format!("it says `{text}`"))
        }
    })
}

#[test]
fn a_child_gets_its_variables_directory_and_log() -> Result<()> {
    let process_manager = ProcessManager::start_temporary()?;
    let script = "echo $COLOUR; pwd; echo $SECRET";
    let variables = ["--env", "COLOUR=a=b", "--env", "SECRET"];
    let start = [
        &["start", "--name", "one"][..],
        &variables,
        &["--", "sh", "-c", script],
    ]
    .concat();
    let started = pm(process_manager.directory(), &start)?;
    assert!(started.status.success(), "{}", error_of(&started));
    let here = std::env::current_dir().map_err(|why| Error::new(why.to_string()))?;
    log_says(
        &process_manager,
        "one",
        &format!("a=b\n{}\nhidden\n", here.display()),
    )?;
    wait_until("the end of the child", Duration::from_secs(5), || {
        let children = process_manager
            .children()
            .map_err(|error| error.to_string())?;
        if children[0].state == "exited with 0" {
            Ok(())
        } else {
            Err(children[0].state.clone())
        }
    })
}

#[test]
fn starting_again_stops_the_former_child_first() -> Result<()> {
    let process_manager = ProcessManager::start_temporary()?;
    let directory = process_manager.directory();
    let script = "trap 'echo bye; exit' INT; echo hello; while :; do sleep 0.01; done";
    let start = [
        "start",
        "--name",
        "one",
        "--stop-signal",
        "INT",
        "--",
        "sh",
        "-c",
        script,
    ];
    assert!(pm(directory, &start)?.status.success());
    log_says(&process_manager, "one", "hello\n")?;
    let first = process_manager.children()?[0].pid;
    assert!(pm(directory, &start)?.status.success());
    assert!(!is_alive(first));
    log_says(&process_manager, "one", "hello\nbye\nhello\n")?;
    assert!(pm(directory, &["stop", "--name", "one"])?.status.success());
    log_says(&process_manager, "one", "hello\nbye\nhello\nbye\n")
}

#[test]
fn starting_is_fast() -> Result<()> {
    let process_manager = ProcessManager::start_temporary()?;
    let began = Instant::now();
    for _ in 0..10 {
        let started = pm(
            process_manager.directory(),
            &["start", "--name", "one", "--", "sleep", "60"],
        )?;
        assert!(started.status.success(), "{}", error_of(&started));
    }
    let each = began.elapsed() / 10;
    eprintln!("pm start of a child that already runs: {each:?}");
    assert!(each < Duration::from_millis(500), "{each:?}");
    Ok(())
}

#[test]
fn stopping_what_does_not_run_is_fine() -> Result<()> {
    let process_manager = ProcessManager::start_temporary()?;
    let stopped = pm(process_manager.directory(), &["stop", "--name", "nobody"])?;
    assert_eq!(
        (stopped.status.code(), error_of(&stopped).as_str()),
        (Some(0), "")
    );
    Ok(())
}

#[test]
fn an_error_is_one_clear_line() -> Result<()> {
    let process_manager = ProcessManager::start_temporary()?;
    let cases: [(&[&str], &str); 3] = [
        (
            &["start", "--name", "one", "--", "/no/such/program"],
            "pm: cannot start `one`: `/no/such/program`: No such file or directory (os error 2)\n",
        ),
        (
            &[
                "start",
                "--name",
                "one",
                "--user",
                "nobody-at-all",
                "--",
                "true",
            ],
            "pm: cannot start `one`: `/etc/passwd` has no user `nobody-at-all`\n",
        ),
        (
            &["start", "--name", "../one", "--", "true"],
            "pm: `../one` is no name: use letters, digits, `.`, `_`, `-`\n",
        ),
    ];
    for (arguments, expected) in cases {
        let refused = pm(process_manager.directory(), arguments)?;
        assert_eq!(
            (refused.status.code(), error_of(&refused).as_str()),
            (Some(1), expected)
        );
    }
    Ok(())
}

#[test]
fn a_child_that_does_not_listen_is_killed_with_what_it_started() -> Result<()> {
    let process_manager = ProcessManager::start_temporary()?;
    let script = "trap '' TERM; sleep 100 & echo $!; while :; do sleep 1; done";
    let started = pm(
        process_manager.directory(),
        &["start", "--name", "deaf", "--", "sh", "-c", script],
    )?;
    assert!(started.status.success(), "{}", error_of(&started));
    let grandchild = wait_until("the child", Duration::from_secs(5), || {
        let text = fs::read_to_string(process_manager.log("deaf")).unwrap_or_default();
        text.trim().parse::<u32>().map_err(|why| why.to_string())
    })?;
    let began = Instant::now();
    process_manager.stop_child("deaf")?;
    assert!(began.elapsed() >= Duration::from_secs(5));
    wait_until("the end of the grandchild", Duration::from_secs(5), || {
        if is_alive(grandchild) {
            Err("it is alive".into())
        } else {
            Ok(())
        }
    })
}

#[test]
fn a_directory_with_something_in_it_is_never_removed() -> Result<()> {
    let directory = tempfile::tempdir().map_err(|why| Error::new(why.to_string()))?;
    fs::write(directory.path().join("precious"), "").map_err(|why| Error::new(why.to_string()))?;
    let refused = pm(directory.path(), &["run", "--remove"])?;
    let expected = format!(
        "pm: `{}` is not empty, so `--remove` is refused\n",
        directory.path().display()
    );
    assert_eq!(
        (refused.status.code(), error_of(&refused)),
        (Some(1), expected)
    );
    Ok(())
}

#[test]
fn a_signal_ends_it_as_well() -> Result<()> {
    let parent = tempfile::tempdir().map_err(|why| Error::new(why.to_string()))?;
    let directory = parent.path().join("home");
    let mut process = Command::new(env!("CARGO_BIN_EXE_pm"))
        .args(["run", "--remove", "--dir"])
        .arg(&directory)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|why| Error::new(why.to_string()))?;
    wait_until("pm", Duration::from_secs(5), || {
        protocol::send(&directory, &protocol::Order::List).map_err(|error| error.to_string())
    })?;
    let started = pm(&directory, &["start", "--name", "one", "--", "sleep", "60"])?;
    let child: u32 = String::from_utf8_lossy(&started.stdout)
        .trim()
        .parse()
        .unwrap_or_default();
    let terminated = Command::new("kill").arg(process.id().to_string()).status();
    assert!(terminated.is_ok_and(|status| status.success()));
    let status = process.wait().map_err(|why| Error::new(why.to_string()))?;
    assert!(status.success(), "{status}");
    assert!(!is_alive(child));
    assert!(!directory.exists());
    Ok(())
}
