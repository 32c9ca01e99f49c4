//! A Redis server in a directory of its own.

use super::certificates::Served;
use crate::ports::free_ports;
use crate::process_manager::ProcessManager;
use crate::protocol::Child;
use crate::{Error, Result, program};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const NAME: &str = "redis-server";
const START_DEADLINE: Duration = Duration::from_secs(10);

/// What a server is started with.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// The password of the default user; none for a server that lets everybody in.
    pub password: Option<String>,
    /// What it shows where it speaks TLS; none for plain connections.
    pub certificate: Option<Served>,
    /// Further lines of its configuration.
    pub settings: Vec<String>,
}

/// A running server; ends when it is dropped.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    password: Option<String>,
    is_secure: bool,
    process_manager: ProcessManager,
}

impl RedisServer {
    /// Starts one on a free port; ready when it accepts.
    pub fn start(options: &RedisOptions) -> Result<Self> {
        let program = program::find(NAME, &[])
            .ok_or_else(|| Error::new("Redis is not on this machine: no `redis-server`"))?;
        let process_manager = ProcessManager::start_temporary()?;
        let server = Self {
            port: free_ports(1)?[0],
            password: options.password.clone(),
            is_secure: options.certificate.is_some(),
            process_manager,
        };
        let folder = server.process_manager.directory();
        let file = folder.join("redis.conf");
        // In a file, so that the password is in no list of processes.
        fs::write(&file, server.configuration(options)?)
            .map_err(|why| Error::new(format!("cannot write `{}`: {why}", file.display())))?;
        server.process_manager.start_child(Child {
            name: NAME.into(),
            argv: vec![program.display().to_string(), file.display().to_string()],
            ..Child::default()
        })?;
        let address = server.address();
        server
            .process_manager
            .wait_for_child(NAME, START_DEADLINE, || {
                TcpStream::connect_timeout(&address, START_DEADLINE).map_err(|why| why.to_string())
            })?;
        Ok(server)
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// `redis://:${VARIABLE}@127.0.0.1:port/0`, with the password as the variable; `rediss://` and
    /// `localhost` with TLS.
    pub fn url(&self, variable: &str) -> String {
        let (scheme, host) = if self.is_secure {
            ("rediss", "localhost")
        } else {
            ("redis", "127.0.0.1")
        };
        let credentials = match &self.password {
            Some(_) => format!(":${{{variable}}}@"),
            None => String::new(),
        };
        format!("{scheme}://{credentials}{host}:{}/0", self.port)
    }

    /// Sends commands, one a line, to a server without TLS; the whole of what came back.
    pub fn send(&self, commands: &[&str]) -> Result<String> {
        let failed = |why: std::io::Error| Error::new(format!("cannot ask Redis: {why}"));
        let mut stream = TcpStream::connect(self.address()).map_err(failed)?;
        stream
            .set_read_timeout(Some(START_DEADLINE))
            .map_err(failed)?;
        let mut text = String::new();
        if let Some(password) = &self.password {
            text.push_str(&format!("AUTH {password}\r\n"));
        }
        for command in commands {
            text.push_str(&format!("{command}\r\n"));
        }
        text.push_str("QUIT\r\n");
        stream.write_all(text.as_bytes()).map_err(failed)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(failed)?;
        if answer.contains("\r\n-") || answer.starts_with('-') {
            return Err(Error::new(format!("Redis refused a command: {answer}")));
        }
        Ok(answer)
    }

    fn configuration(&self, options: &RedisOptions) -> Result<String> {
        let folder = self.process_manager.directory();
        let mut lines = vec![
            "bind 127.0.0.1".to_owned(),
            format!("dir {}", folder.display()),
            "daemonize no".into(),
        ];
        match &options.certificate {
            None => lines.push(format!("port {}", self.port)),
            Some(served) => {
                let (certificate, key) = served.write(folder, "redis")?;
                lines.extend([
                    "port 0".into(),
                    format!("tls-port {}", self.port),
                    format!("tls-cert-file {}", certificate.display()),
                    format!("tls-key-file {}", key.display()),
                    // It demands one, and asks no client for a certificate below it.
                    format!("tls-ca-cert-file {}", certificate.display()),
                    "tls-auth-clients no".into(),
                ]);
            }
        }
        if let Some(password) = &options.password {
            lines.push(format!("requirepass {password}"));
        }
        lines.extend(options.settings.clone());
        Ok(lines.join("\n") + "\n")
    }
}
