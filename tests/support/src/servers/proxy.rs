//! An nginx with a configuration of the test's own, on a loopback port of its own.

use crate::ports::free_ports;
use crate::process_manager::ProcessManager;
use crate::protocol::Child;
use crate::{Error, Result, program};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const START_DEADLINE: Duration = Duration::from_secs(10);

/// A running nginx; ends when it is dropped.
pub struct Proxy {
    port: u16,
    _process_manager: ProcessManager,
}

impl Proxy {
    /// Starts one with these lines in `http`, and these in its only `server`.
    pub fn start(http: &str, server: &str) -> Result<Self> {
        let program = program::find("nginx", &program::nginx_directories())
            .ok_or_else(|| Error::new("nginx is not on this machine"))?;
        let process_manager = ProcessManager::start_temporary()?;
        let port = free_ports(1)?[0];
        let prefix = process_manager.directory().join("proxy");
        let cannot = |why: std::io::Error| Error::new(format!("cannot write a file: {why}"));
        std::fs::create_dir_all(&prefix).map_err(cannot)?;
        let configuration = prefix.join("nginx.conf");
        let text = format!(
            "daemon off;\nworker_processes 1;\npid nginx.pid;\nerror_log error.log;\n\
             events {{ worker_connections 256; }}\n\
             http {{\naccess_log off;\nclient_body_temp_path client;\nproxy_temp_path proxy;\n\
             fastcgi_temp_path fastcgi;\nuwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n{http}\n\
             server {{\nlisten 127.0.0.1:{port};\n{server}\n}}\n}}\n"
        );
        std::fs::write(&configuration, text).map_err(cannot)?;
        let shown = |path: &std::path::Path| path.display().to_string();
        process_manager.start_child(Child {
            name: "proxy".into(),
            argv: vec![
                shown(&program),
                "-p".into(),
                shown(&prefix),
                "-c".into(),
                shown(&configuration),
            ],
            ..Child::default()
        })?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        process_manager.wait_for_child("proxy", START_DEADLINE, || {
            TcpStream::connect_timeout(&address, START_DEADLINE).map_err(|why| why.to_string())
        })?;
        Ok(Self {
            port,
            _process_manager: process_manager,
        })
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
