//! An nginx as the CAL guide sets it up, with one group of servers for stable and one for canary.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process_manager::ProcessManager;
use crate::protocol::Child;
use crate::{Error, Result, program};

const TEMPLATE: &str = include_str!("nginx.conf");
const START_DEADLINE: Duration = Duration::from_secs(10);

/// What an nginx is started with.
#[derive(Debug, Clone)]
pub struct NginxOptions {
    /// The name of the child and of its directory.
    pub name: String,
    /// The port that clients use.
    pub front_port: u16,
    /// The port that is kept for what `split` serves.
    pub control_port: u16,
    /// The ports of the stable instances.
    pub stable: Vec<u16>,
    /// The ports of the canary instances.
    pub canary: Vec<u16>,
    /// The first content of `conf.d/split.conf`, which sets `$sluicegate_web`.
    pub split: String,
}

/// A running nginx.
#[derive(Debug, Clone)]
pub struct Nginx {
    program: PathBuf,
    prefix: PathBuf,
    control_port: u16,
}

impl Nginx {
    /// Writes the configuration and starts nginx; ready when the front port accepts.
    pub fn start(process_manager: &ProcessManager, options: &NginxOptions) -> Result<Self> {
        let program = program::find("nginx", &program::nginx_directories())
            .ok_or_else(|| Error::new("nginx is not on this machine"))?;
        let prefix = process_manager.directory().join(&options.name);
        let nginx = Self {
            program,
            prefix,
            control_port: options.control_port,
        };
        nginx.write_files(options).map_err(|why| {
            Error::new(format!(
                "cannot write the configuration of nginx in `{}`: {why}",
                nginx.prefix.display()
            ))
        })?;
        let [program, arguments @ ..] = nginx.arguments();
        let argv = [vec![program], arguments.to_vec()].concat();
        process_manager.start_child(Child {
            name: options.name.clone(),
            argv,
            ..Child::default()
        })?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.front_port));
        process_manager.wait_for_child(&options.name, START_DEADLINE, || {
            TcpStream::connect_timeout(&address, START_DEADLINE).map_err(|why| why.to_string())
        })?;
        Ok(nginx)
    }

    /// The directory with everything that belongs to it.
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// The main configuration file.
    pub fn configuration(&self) -> PathBuf {
        self.prefix.join("nginx.conf")
    }

    /// The file that belongs to Sluicegate.
    pub fn split_file(&self) -> PathBuf {
        self.prefix.join("conf.d").join("split.conf")
    }

    /// The access log: one JSON object per request, with the server that answered it.
    pub fn access_log(&self) -> PathBuf {
        self.prefix.join("log").join("access.log")
    }

    /// The port that is kept for what the split file serves.
    pub fn control_port(&self) -> u16 {
        self.control_port
    }

    /// The command that makes it read its configuration again.
    pub fn reload_command(&self) -> Vec<String> {
        [
            self.arguments().to_vec(),
            vec!["-s".into(), "reload".into()],
        ]
        .concat()
    }

    /// The command that says whether the configuration is valid.
    pub fn test_command(&self) -> Vec<String> {
        [self.arguments().to_vec(), vec!["-t".into()]].concat()
    }

    fn arguments(&self) -> [String; 5] {
        let shown = |path: &Path| path.display().to_string();
        [
            shown(&self.program),
            "-p".into(),
            shown(&self.prefix),
            "-c".into(),
            shown(&self.configuration()),
        ]
    }

    fn write_files(&self, options: &NginxOptions) -> std::io::Result<()> {
        for directory in ["conf.d", "log", "temporary"] {
            fs::create_dir_all(self.prefix.join(directory))?;
        }
        fs::write(self.configuration(), configuration(options))?;
        fs::write(self.split_file(), &options.split)
    }
}

fn configuration(options: &NginxOptions) -> String {
    TEMPLATE
        .replace("{{stable}}", &servers(&options.stable))
        .replace("{{canary}}", &servers(&options.canary))
        .replace("{{front_port}}", &options.front_port.to_string())
}

// `max_fails=0` because nginx must never hide a sick instance from the one who judges it.
fn servers(ports: &[u16]) -> String {
    let line = |port: &u16| format!("        server 127.0.0.1:{port} max_fails=0;");
    ports.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_the_template_is_filled() {
        let options = NginxOptions {
            name: "nginx".into(),
            front_port: 8080,
            control_port: 8081,
            stable: vec![7890, 7891],
            canary: vec![7990],
            split: String::new(),
        };
        let text = configuration(&options);
        assert!(!text.contains("{{"), "{text}");
        assert!(text.contains(
            "server 127.0.0.1:7890 max_fails=0;\n        server 127.0.0.1:7891 max_fails=0;"
        ));
        assert!(text.contains("listen 127.0.0.1:8080;"));
    }
}
