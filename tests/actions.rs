//! Runs the tests of `action.yml` and the workflows, which are written in JavaScript, and their linters.
//!
//! Everything is installed below the target directory, so the source tree stays as it is.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

#[test]
fn action_and_workflows_keep_their_promises() {
    let folder = workplace("actions-tests");
    for tool in ["node", "npm", "bash", "curl", "openssl", "tar"] {
        if !is_installed(tool) {
            return not_run(
                "tests/actions",
                &format!("apt-get install {}", package_of(tool)),
            );
        }
    }
    copy_sources(&folder);
    let install = "npm ci --ignore-scripts --no-audit --no-fund";
    if let Err(output) = install_once(&folder, "package-lock.json", "node_modules", install) {
        return not_run(
            "tests/actions",
            &format!("npm ci (in tests/actions), which said:\n{output}"),
        );
    }
    let scratch = folder.join("scratch");
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch).expect("the target directory can be written");
    succeeds(
        Command::new("node")
            .args(["--test", "--test-timeout=120000"])
            .current_dir(&folder)
            .env("SLUICEGATE_ROOT", root())
            .env("TMPDIR", &scratch),
    );
}

#[test]
fn scripts_of_the_action_are_clean() {
    let Some(bin) = linters() else { return };
    succeeds(
        Command::new(bin.join("shellcheck"))
            .arg("--external-sources")
            .args(files("action", "sh"))
            .current_dir(root()),
    );
}

#[test]
fn action_and_workflows_are_secure() {
    let Some(bin) = linters() else { return };
    succeeds(
        Command::new(bin.join("zizmor"))
            .args([
                "--offline",
                "--no-progress",
                "--persona=pedantic",
                "--config=.github/zizmor.yml",
            ])
            .args(["action.yml", ".github/dependabot.yml"])
            .args(files("workflows", "yml"))
            .args(files(".github/workflows", "yml"))
            .current_dir(root()),
    );
}

/// Folder with the linters' programs, or nothing where they cannot be had.
fn linters() -> Option<PathBuf> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        let folder = workplace("actions-linters");
        if !is_installed("python3") {
            return Err("apt-get install python3 python3-venv".into());
        }
        let wanted = root().join("tests/actions/requirements.txt");
        fs::copy(&wanted, folder.join("requirements.txt"))
            .expect("the target directory can be written");
        let install =
            "python3 -m venv --clear venv && venv/bin/pip install --quiet -r requirements.txt";
        install_once(&folder, "requirements.txt", "venv", install).map_err(|output| {
            format!("pip install -r tests/actions/requirements.txt, which said:\n{output}")
        })?;
        Ok(folder.join("venv/bin"))
    });
    installed
        .as_ref()
        .map_err(|command| not_run("shellcheck and zizmor", command))
        .ok()
        .cloned()
}

/// Says that something was not tested and what would make it so; in CI that is a failure.
fn not_run(what: &str, command: &str) {
    let line = format!("NOT RUN: {what}; to get what is missing: {command}\n");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line}");
    // Not `eprintln!`: the test harness hides what a passing test prints. `cargo xtask test` says
    // it once more at its end.
    std::io::stderr()
        .write_all(line.as_bytes())
        .expect("standard error is open");
    let list = Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-run");
    fs::File::options()
        .create(true)
        .append(true)
        .open(list)
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("the target directory can be written");
}

/// Runs `install` unless it has already run for this content of `list`; the error is its output.
fn install_once(folder: &Path, list: &str, result: &str, install: &str) -> Result<(), String> {
    let wanted = fs::read(folder.join(list)).expect("it was copied there");
    let stamp = folder.join(format!("{list}.installed"));
    if folder.join(result).exists() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut shell = Command::new("sh");
    let output = shell
        .args(["-c", install])
        .current_dir(folder)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    fs::write(stamp, wanted).map_err(|error| error.to_string())
}

/// Replaces the copies of earlier runs by what is in the source tree now.
fn copy_sources(folder: &Path) {
    for old in fs::read_dir(folder)
        .expect("it was just made")
        .flatten()
        .map(|entry| entry.path())
    {
        if old.extension() == Some(OsStr::new("mjs")) {
            fs::remove_file(old).expect("the target directory can be written");
        }
    }
    for source in fs::read_dir(root().join("tests/actions"))
        .expect("it is part of the source")
        .flatten()
    {
        if source.path().is_file() {
            fs::copy(source.path(), folder.join(source.file_name()))
                .expect("the target directory can be written");
        }
    }
}

/// Fails the test with everything that the command printed, unless it succeeds.
fn succeeds(command: &mut Command) {
    let output = command.output().expect("it was just installed");
    let printed = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&printed)
    );
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join(folder))
        .expect("it is part of the source")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension() == Some(OsStr::new(extension)))
        .collect();
    files.sort();
    assert!(
        !files.is_empty(),
        "{folder} has no {extension} files to check"
    );
    files
}

fn is_installed(tool: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {tool}")])
        .output()
        .is_ok_and(|output| output.status.success())
}

fn package_of(tool: &str) -> &str {
    if tool == "node" { "nodejs" } else { tool }
}

fn workplace(name: &str) -> PathBuf {
    let folder = Path::new(option_env!("CARGO_TARGET_TMPDIR").unwrap_or("target/tmp")).join(name);
    fs::create_dir_all(&folder).expect("the target directory can be written");
    folder.canonicalize().expect("it was just made")
}

fn root() -> PathBuf {
    let root = Path::new(option_env!("CARGO_MANIFEST_DIR").unwrap_or("."));
    root.canonicalize().expect("it is where this was built")
}
