//! Time, processor time and memory of commands that are run.

use crate::Result;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A command that says nothing.
pub fn command(program: &Path, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Medians in milliseconds of two commands that are run in turn.
pub fn interleaved(
    runs: usize,
    ours: &dyn Fn() -> Command,
    theirs: &dyn Fn() -> Command,
) -> Result<(f64, f64)> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        first.push(timed(&mut ours())?);
        second.push(timed(&mut theirs())?);
    }
    Ok((median(&mut first), median(&mut second)))
}

/// How long a command takes, in milliseconds.
pub fn timed(command: &mut Command) -> Result<f64> {
    let start = Instant::now();
    let status = command.status()?;
    let elapsed = start.elapsed();
    if status.success() {
        return Ok(elapsed.as_secs_f64() * 1000.0);
    }
    Err(format!("{command:?} ended with {status}").into())
}

/// The middle one.
pub fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// The processor time of a command in seconds, user and system, and what it wrote. The shell's
/// `times` has it on its last line: POSIX.1-2017, XCU 2.14.
pub fn processor(program: &Path, folder: &Path, arguments: &[&str]) -> Result<(f64, String)> {
    let output = Command::new("sh")
        .args(["-c", r#""$@"; code=$?; times; exit $code"#, "sh"])
        .arg(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let program = program.display();
        return Err(format!("{program} ended with {}: {text}", output.status).into());
    }
    let last = text.lines().next_back().unwrap_or_default();
    let seconds: Option<Vec<f64>> = last.split_whitespace().map(seconds).collect();
    let seconds = seconds.ok_or_else(|| format!("`{last}` is no line of `times`"))?;
    Ok((seconds.iter().sum(), text))
}

/// `0m1.25s`.
fn seconds(text: &str) -> Option<f64> {
    let (minutes, seconds) = text.strip_suffix('s')?.split_once('m')?;
    Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
}

/// The most memory that a command had resident, in MB. The kernel's high-water mark only grows, so
/// the last look at it before the end is as good as all of them.
pub fn memory(mut command: Command) -> Result<f64> {
    let mut child = command.spawn()?;
    let mut most = 0.0_f64;
    loop {
        most = most.max(resident(&child).unwrap_or_default());
        if let Some(status) = child.try_wait()? {
            return match status.success() {
                true => Ok(most),
                false => Err(format!("{command:?} ended with {status}").into()),
            };
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn resident(child: &Child) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}
