//! Real web servers that serve sites with TLS: nginx and Caddy, on loopback ports.

use super::Served;
use crate::deadline::wait_until;
use crate::{Error, Result, ports, program};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const START_DEADLINE: Duration = Duration::from_secs(10);

/// A site with TLS.
#[derive(Clone, Debug)]
pub struct Site {
    /// What it shows.
    pub served: Served,
    /// Further directives of its server, in the language of the program that serves it.
    pub directives: String,
}

/// A running program that serves sites; ends when it is dropped.
pub struct Sites {
    child: Child,
    ports: Vec<u16>,
    clear: u16,
    _folder: tempfile::TempDir,
}

impl Site {
    /// One that says `ok` and nothing more.
    pub fn new(served: Served) -> Self {
        Self {
            served,
            directives: String::new(),
        }
    }

    /// The same with further directives.
    #[must_use]
    pub fn with(mut self, directives: &str) -> Self {
        self.directives.push_str(directives);
        self
    }
}

impl Sites {
    /// nginx with these sites, and with these directives for a port of plain HTTP, in which
    /// `{port}` is the port of the first site.
    pub fn nginx(sites: &[Site], clear: &str) -> Result<Self> {
        Self::nginx_before("", sites, clear)
    }

    /// The same with these directives in `http`, for groups of servers that it stands before.
    pub fn nginx_before(http: &str, sites: &[Site], clear: &str) -> Result<Self> {
        let program = program::find("nginx", &program::nginx_directories());
        let program = program.ok_or_else(|| Error::new("nginx is not on this machine"))?;
        let (folder, ports, clear_port) = prepared(sites)?;
        let mut text = String::from(
            "daemon off; master_process off; pid nginx.pid; error_log stderr warn;\n\
             events {}\nhttp {\n  access_log off;\n  client_body_temp_path body;\n  \
             proxy_temp_path proxy;\n  fastcgi_temp_path fastcgi;\n  uwsgi_temp_path uwsgi;\n  \
             scgi_temp_path scgi;\n",
        );
        text.push_str(http);
        for (number, site) in sites.iter().enumerate() {
            let (port, directives) = (ports[number], &site.directives);
            // Debian's nginx takes HTTP/2 as a parameter of `listen`.
            let (http2, directives) = match directives.strip_prefix("http2;") {
                Some(rest) => (" http2", rest),
                None => ("", directives.as_str()),
            };
            text.push_str(&format!(
                "  server {{ listen 127.0.0.1:{port} ssl{http2}; ssl_certificate site{number}.pem; \
                 ssl_certificate_key site{number}.key; {directives}\n    \
                 location / {{ return 200 ok; }} }}\n"
            ));
        }
        let first = ports.first().map(u16::to_string).unwrap_or_default();
        let clear = clear.replace("{port}", &first);
        text.push_str(&format!(
            "  server {{ listen 127.0.0.1:{clear_port}; {clear} }}\n}}\n"
        ));
        let file = write(folder.path(), "nginx.conf", &text)?;
        let mut command = Command::new(program);
        command
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(file)
            .args(["-e", "stderr"]);
        Self::started(command, folder, ports, clear_port)
    }

    /// Caddy with these sites, and a port of plain HTTP that says `ok`.
    pub fn caddy(sites: &[Site]) -> Result<Self> {
        Self::caddy_with(sites, "respond ok")
    }

    /// Caddy with these sites, and with these directives for a port of plain HTTP, in which
    /// `{port}` is the port of the first site.
    pub fn caddy_with(sites: &[Site], clear: &str) -> Result<Self> {
        let program = program::find("caddy", &[]);
        let program = program.ok_or_else(|| Error::new("caddy is not on this machine"))?;
        let (folder, ports, clear_port) = prepared(sites)?;
        let mut text = String::from("{\n  admin off\n  auto_https off\n}\n");
        for (number, site) in sites.iter().enumerate() {
            let (port, directives) = (ports[number], &site.directives);
            text.push_str(&format!(
                "https://localhost:{port} {{\n  bind 127.0.0.1\n  tls site{number}.pem \
                 site{number}.key\n  {directives}\n  respond ok\n}}\n"
            ));
        }
        let first = ports.first().map(u16::to_string).unwrap_or_default();
        let clear = clear.replace("{port}", &first);
        text.push_str(&format!(
            "http://localhost:{clear_port} {{\n  bind 127.0.0.1\n  {clear}\n}}\n"
        ));
        let file = write(folder.path(), "Caddyfile", &text)?;
        let mut command = Command::new(program);
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(file);
        Self::started(command, folder, ports, clear_port)
    }

    /// The port of a site.
    pub fn port(&self, number: usize) -> u16 {
        self.ports[number]
    }

    /// The port for plain HTTP.
    pub fn clear_port(&self) -> u16 {
        self.clear
    }

    /// `https://localhost:port` of the first site.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.ports[0])
    }

    fn started(
        mut command: Command,
        folder: tempfile::TempDir,
        ports: Vec<u16>,
        clear: u16,
    ) -> Result<Self> {
        let log = folder.path().join("log");
        let file = std::fs::File::create(&log).map_err(|why| cannot(&why))?;
        command
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .env("XDG_DATA_HOME", folder.path())
            .env("XDG_CONFIG_HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        let child = command.spawn().map_err(|why| cannot(&why))?;
        let mut sites = Self {
            child,
            ports,
            clear,
            _folder: folder,
        };
        for port in sites.ports.clone().into_iter().chain([clear]) {
            wait_until("the web server", START_DEADLINE, || {
                if let Ok(Some(status)) = sites.child.try_wait() {
                    let said = std::fs::read_to_string(&log).unwrap_or_default();
                    return Err(format!("it ended with {status}: {said}"));
                }
                let address = (Ipv4Addr::LOCALHOST, port);
                TcpStream::connect(address).map_err(|why| why.to_string())
            })?;
        }
        Ok(sites)
    }
}

impl Drop for Sites {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with the certificates of every site, and a port for each and one more.
fn prepared(sites: &[Site]) -> Result<(tempfile::TempDir, Vec<u16>, u16)> {
    let folder = tempfile::tempdir().map_err(|why| cannot(&why))?;
    for (number, site) in sites.iter().enumerate() {
        site.served.write(folder.path(), &format!("site{number}"))?;
    }
    let mut ports = ports::free_ports(sites.len() + 1)?;
    let clear = ports.pop().ok_or_else(|| Error::new("no port is free"))?;
    Ok((folder, ports, clear))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<std::path::PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, text).map_err(|why| cannot(&why))?;
    Ok(path)
}

fn cannot(why: &dyn std::fmt::Display) -> Error {
    Error::new(format!("cannot start a web server: {why}"))
}
