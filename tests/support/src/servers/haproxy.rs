//! An HAProxy in front of some members, with its statistics on a port of their own or on the same.

use crate::ports::free_ports;
use crate::process_manager::ProcessManager;
use crate::protocol::Child;
use crate::{Error, Result, program, request};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

const NAME: &str = "haproxy";
const START_DEADLINE: Duration = Duration::from_secs(10);

/// A running HAProxy; ends when it is dropped.
#[derive(Debug)]
pub struct Haproxy {
    port: u16,
    process_manager: ProcessManager,
}

impl Haproxy {
    /// Starts one whose backend `web` has these members, each checked by `GET` of a path; ready when
    /// as many of them are up as said.
    pub fn start(members: &[SocketAddr], path: &str, up: usize) -> Result<Self> {
        let process_manager = ProcessManager::start_temporary()?;
        let port = free_ports(1)?[0];
        let haproxy = Self {
            port,
            process_manager,
        };
        haproxy.run(&configuration(port, members, path))?;
        haproxy.wait_until_up(up, members.len() - up)?;
        Ok(haproxy)
    }

    /// Starts one with a configuration of the test's own, which may need files in the folder that it
    /// is given; its statistics must be at `/stats` of this port.
    pub fn configured(
        statistics: u16,
        configuration: impl FnOnce(&Path) -> Result<String>,
    ) -> Result<Self> {
        let haproxy = Self {
            port: statistics,
            process_manager: ProcessManager::start_temporary()?,
        };
        let text = configuration(haproxy.process_manager.directory())?;
        haproxy.run(&text)?;
        Ok(haproxy)
    }

    fn run(&self, configuration: &str) -> Result<()> {
        let program = program::find(NAME, &[PathBuf::from("/usr/sbin")])
            .ok_or_else(|| Error::new("HAProxy is not on this machine"))?;
        let file = self.process_manager.directory().join("haproxy.cfg");
        fs::write(&file, configuration)
            .map_err(|why| Error::new(format!("cannot write `{}`: {why}", file.display())))?;
        self.process_manager.start_child(Child {
            name: NAME.into(),
            // In the foreground.
            argv: [
                &program.display().to_string(),
                "-db",
                "-f",
                &file.display().to_string(),
            ]
            .map(str::to_owned)
            .to_vec(),
            ..Child::default()
        })?;
        Ok(())
    }

    /// Waits until so many servers of all backends are up, and so many are down.
    pub fn wait_until_up(&self, up: usize, down: usize) -> Result<()> {
        let statistics = format!("{}/stats;csv", self.url());
        let asked = || {
            let answer = request::get(&statistics).map_err(|why| why.to_string())?;
            let text = answer.body;
            let of_status = |status: &str| {
                let servers = text.lines().map(|line| line.split(','));
                // The second column is the name of the server, or of a sum.
                let servers = servers.filter(|fields| {
                    let name = fields.clone().nth(1).unwrap_or_default();
                    !["FRONTEND", "BACKEND"].contains(&name)
                });
                servers
                    .filter(|fields| fields.clone().nth(17) == Some(status))
                    .count()
            };
            if (of_status("UP"), of_status("DOWN")) == (up, down) {
                Ok(())
            } else {
                Err(text)
            }
        };
        self.process_manager
            .wait_for_child(NAME, START_DEADLINE, asked)
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn configuration(port: u16, members: &[SocketAddr], path: &str) -> String {
    let mut text = format!(
        "defaults\n  mode http\n  timeout connect 2s\n  timeout client 5s\n  timeout server 5s\n\
         frontend front\n  bind 127.0.0.1:{port}\n  stats enable\n  stats uri /stats\n  \
         default_backend web\nbackend web\n  option httpchk GET {path}\n"
    );
    for (index, member) in members.iter().enumerate() {
        let line = format!("  server member{index} {member} check inter 100ms fall 1 rise 1\n");
        text.push_str(&line);
    }
    text
}
