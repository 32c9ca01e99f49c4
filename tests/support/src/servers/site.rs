//! A folder served by a real nginx or Caddy, configured as a guide would.

use crate::process_manager::ProcessManager;
use crate::protocol::Child;
use crate::servers::SelfSigned;
use crate::{Error, Result, ports, program};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

const START_DEADLINE: Duration = Duration::from_secs(20);

const NGINX: &str = "\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
{{user}}
events { worker_connections 128; }
http {
    access_log off;
    client_body_temp_path temporary/client;
    proxy_temp_path temporary/proxy;
    fastcgi_temp_path temporary/fastcgi;
    uwsgi_temp_path temporary/uwsgi;
    scgi_temp_path temporary/scgi;
    types { text/html html; text/css css; application/javascript js; image/png png; }
    default_type application/octet-stream;
    server {
        listen 127.0.0.1:{{port}} ssl;
        server_name localhost;
        ssl_certificate certificate.pem;
        ssl_certificate_key key.pem;
        root www;
{{lines}}
    }
}
";

const CADDY: &str = "\
{
    admin off
    auto_https off
    storage file_system storage
}
https://localhost:{{port}} {
    bind 127.0.0.1
    tls certificate.pem key.pem
    root * www
{{lines}}
}
";

/// A running server over TLS; ends when it is dropped.
pub struct Site {
    port: u16,
    certificate: String,
    _processes: ProcessManager,
}

/// A file below the served folder: its path and its content.
pub type Page<'a> = (&'a str, &'a [u8]);

impl Site {
    /// nginx with these lines in its `server`.
    pub fn nginx(lines: &str, pages: &[Page<'_>]) -> Result<Self> {
        let program = program::find("nginx", &program::nginx_directories());
        let program = program.ok_or_else(|| Error::new("nginx is not on this machine"))?;
        Self::start(NGINX, lines, pages, |folder| {
            let (program, folder) = (program.display().to_string(), folder.display().to_string());
            let words = ["-c", "configuration", "-e", "stderr"].map(str::to_owned);
            [program, "-p".into(), folder]
                .into_iter()
                .chain(words)
                .collect()
        })
    }

    /// Caddy with these lines in its site.
    pub fn caddy(lines: &str, pages: &[Page<'_>]) -> Result<Self> {
        let program = program::find("caddy", &[]);
        let program = program.ok_or_else(|| Error::new("caddy is not on this machine"))?;
        Self::start(CADDY, lines, pages, |_| {
            let words = ["run", "--adapter", "caddyfile", "--config", "configuration"];
            let program = program.display().to_string();
            std::iter::once(program)
                .chain(words.map(str::to_owned))
                .collect()
        })
    }

    /// `https://localhost:port`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// What a client must trust, as PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    fn start(
        template: &str,
        lines: &str,
        pages: &[Page<'_>],
        argv: impl Fn(&Path) -> Vec<String>,
    ) -> Result<Self> {
        let processes = ProcessManager::start_temporary()?;
        let folder = processes.directory().join("site");
        let signed = SelfSigned::localhost()?;
        let [port] = ports::free_ports(1)?[..] else {
            return Err(Error::new("one port was asked for"));
        };
        let text = template
            .replace("{{user}}", &user())
            .replace("{{port}}", &port.to_string())
            .replace("{{lines}}", lines);
        write(&folder, &text, &signed, pages).map_err(|why| {
            Error::new(format!(
                "cannot write the site in `{}`: {why}",
                folder.display()
            ))
        })?;
        processes.start_child(Child {
            name: "site".into(),
            argv: argv(&folder),
            // What it keeps besides goes away with it.
            environment: [("HOME".to_owned(), folder.display().to_string())].into(),
            working_directory: Some(folder),
            ..Child::default()
        })?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        processes.wait_for_child("site", START_DEADLINE, || {
            TcpStream::connect_timeout(&address, START_DEADLINE).map_err(|why| why.to_string())
        })?;
        Ok(Self {
            port,
            certificate: signed.certificate,
            _processes: processes,
        })
    }
}

/// Workers of an nginx that root started would not be let into the folder.
fn user() -> String {
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        "user root root;".into()
    } else {
        String::new()
    }
}

fn write(
    folder: &Path,
    configuration: &str,
    signed: &SelfSigned,
    pages: &[Page<'_>],
) -> std::io::Result<()> {
    for below in ["www", "temporary", "storage"] {
        std::fs::create_dir_all(folder.join(below))?;
    }
    std::fs::write(folder.join("configuration"), configuration)?;
    std::fs::write(folder.join("certificate.pem"), &signed.certificate)?;
    std::fs::write(folder.join("key.pem"), &signed.key)?;
    for (path, content) in pages {
        let path = folder.join("www").join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_the_templates_is_known() {
        for template in [NGINX, CADDY] {
            let filled = ["{{user}}", "{{port}}", "{{lines}}"]
                .iter()
                .fold(template.to_owned(), |text, place| text.replace(place, ""));
            assert!(!filled.contains("{{"), "{filled}");
        }
    }
}
