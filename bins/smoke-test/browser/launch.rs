//! Starts headless Chromium with a profile of its own, and ends it with everything it started.

use super::protocol::{Command, Connection, Said};
use serde_json::json;
use shared::error::{Error, Result};
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The names under which distributions install it.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
/// Usually it takes half a second; on a busy runner with a cold disk several.
const LONGEST_START: Duration = Duration::from_secs(20);
/// The browser takes commands from its file 3 and answers in its file 4:
/// <https://chromium.googlesource.com/chromium/src/+/main/content/browser/devtools/devtools_pipe_handler.cc>.
/// What it writes elsewhere are its last words.
const WIRING: &str = r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>&2"#;
/// From the end of its pipes to its own.
const LONGEST_END: Duration = Duration::from_secs(2);
/// Its last words; it writes many lines that mean nothing.
const LONGEST_WORDS: usize = 16 << 10;

/// Switches of every start. No value of the configuration is among them: the list of processes is
/// open to everyone on the machine.
const SWITCHES: [&str; 19] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--window-size=1350,940",
    "--no-first-run",
    "--no-default-browser-check",
    // What the browser asks for by itself would be measured with the page.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    // A page that nobody looks at must still be painted and run its timers.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    // Containers have a shared memory of 64 MiB, and machines of CI no graphics.
    "--disable-dev-shm-usage",
    "--disable-gpu",
    // Like every other probe: directly, and over TCP.
    "--no-proxy-server",
    "--disable-quic",
    "--disable-breakpad",
    "--noerrdialogs",
];

/// A running browser; killed with everything that it started when it is dropped.
#[derive(Debug)]
pub(crate) struct Browser {
    /// Its own protocol.
    pub(super) connection: Connection,
    // Fields are dropped in their order: what still runs would write into the folder.
    _group: Group,
    _profile: Profile,
}

/// What a browser is started with.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// A host that must mean this address and no other: the one that was found to be allowed.
    pub(crate) host: Option<(&'a str, IpAddr)>,
    /// The key of a certificate that this machine trusts, as SHA-256 in base64.
    pub(crate) trusted: Option<&'a str>,
}

/// The browser of this machine. `Err` says how to get one.
pub(crate) fn find() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let places = NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";
    let mut places = places.chain([PathBuf::from(mac)]);
    places.find(|place| place.is_file()).ok_or_else(|| {
        Error::unavailable("there is no Chromium on this machine")
            .hint("install it with `apt-get install chromium` or `brew install chromium`")
    })
}

impl Browser {
    /// Starts one and connects to it.
    pub(crate) async fn start(start: &Start<'_>) -> Result<Self> {
        let deadline = Instant::now() + LONGEST_START;
        let profile = Profile::create()?;
        let mut group = Group(spawn(start, &profile.0)?);
        let words = group.0.stderr.take();
        let words = tokio::spawn(last_words(words));
        let pipes = group.0.stdin.take().zip(group.0.stdout.take());
        let (commands, messages) =
            pipes.ok_or_else(|| Error::unavailable("the browser was given no pipes"))?;
        let mut connection = Connection::new(commands, messages);
        let spoken = tokio::time::timeout_at(deadline, answers(&mut connection)).await;
        let why = match spoken {
            Ok(Ok(())) => {
                return Ok(Self {
                    connection,
                    _group: group,
                    _profile: profile,
                });
            }
            Ok(Err(why)) => why,
            Err(_) => {
                let seconds = LONGEST_START.as_secs();
                Error::unavailable(format!("the browser did not start within {seconds} s"))
            }
        };
        // Its pipes close a moment before it has ended.
        match tokio::time::timeout(LONGEST_END, group.0.wait()).await {
            Ok(status) => Err(ended(status.ok(), words).await),
            Err(_) => Err(why),
        }
    }
}

/// What a browser that ended says.
async fn ended(status: Option<ExitStatus>, words: JoinHandle<String>) -> Error {
    let status = status.map(|status| status.to_string()).unwrap_or_default();
    let words = tokio::time::timeout(LONGEST_END, words).await;
    let words = words
        .ok()
        .and_then(std::result::Result::ok)
        .unwrap_or_default();
    let hint = match words.contains("sandbox") {
        true => "; allow user namespaces, or run it as root of a container",
        false => "",
    };
    Error::unavailable(format!(
        "the browser ended at its start ({status}): {words}{hint}"
    ))
}

fn spawn(start: &Start<'_>, folder: &Path) -> Result<tokio::process::Child> {
    let mut command = tokio::process::Command::new("/bin/sh");
    command
        .args(["-c", WIRING])
        .arg(start.program)
        .args(SWITCHES)
        .arg(format!("--user-data-dir={}", folder.display()));
    // The sandbox needs a user that is not root: <https://crbug.com/638180>
    if rustix::process::geteuid().is_root() {
        command.arg("--no-sandbox");
    }
    if let Some((host, ip)) = start.host {
        let ip = match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        command.arg(format!("--host-resolver-rules=MAP {host} {ip}"));
    }
    if let Some(key) = start.trusted {
        command.arg(format!("--ignore-certificate-errors-spki-list={key}"));
    }
    // Secrets of this process are none of its business.
    command.env_clear();
    // On macOS the path of a socket below it would be too long.
    if cfg!(target_os = "linux") {
        command.env("TMPDIR", folder);
    }
    for name in ["PATH", "HOME", "LANG"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .arg("about:blank")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command.spawn().map_err(|error| {
        let program = start.program.display();
        Error::unavailable(format!("could not start `{program}`")).source(error)
    })
}

/// Waits until the browser answers a first command.
async fn answers(connection: &mut Connection) -> Result<()> {
    let command = Command::browser("Browser.getVersion", json!({}));
    let number = connection.send(command).await?;
    loop {
        match connection.next().await? {
            Said::Answer(answered, Ok(_)) if answered == number => return Ok(()),
            Said::Answer(_, Err(why)) => {
                return Err(Error::unavailable(format!(
                    "the browser refuses to talk: {why}"
                )));
            }
            Said::Answer(..) | Said::Event(_) => {}
        }
    }
}

/// The last line that says something, when the browser ends.
async fn last_words(stream: Option<tokio::process::ChildStderr>) -> String {
    let Some(mut stream) = stream else {
        return String::new();
    };
    let mut kept: Vec<u8> = Vec::new();
    let mut chunk = vec![0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..read]);
        let surplus = kept.len().saturating_sub(LONGEST_WORDS);
        kept.drain(..surplus);
    }
    let text = String::from_utf8_lossy(&kept);
    let means_something = |line: &&str| !line.trim().is_empty() && !line.contains("dbus");
    let last = text.lines().rev().find(means_something).unwrap_or_default();
    crate::answer::shown(last, 200)
}

/// A browser and everything that it started.
#[derive(Debug)]
struct Group(tokio::process::Child);

impl Drop for Group {
    fn drop(&mut self) {
        // An id is only there while the child has not been waited for, so it cannot be another's.
        let id = self.0.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }
}

/// A folder that only this user can read, and that goes with the browser.
#[derive(Debug)]
struct Profile(PathBuf);

impl Profile {
    fn create() -> Result<Self> {
        let refuse = |error: std::io::Error| {
            Error::unavailable("could not make a folder for the browser").source(error)
        };
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|error| refuse(std::io::Error::other(error.to_string())))?;
        let name = format!("sluicegate-{:016x}", u64::from_ne_bytes(random));
        let folder = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(refuse)?;
        Ok(Self(folder))
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // What was just killed may still have been writing into it.
        for _ in 0..50 {
            if std::fs::remove_dir_all(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
