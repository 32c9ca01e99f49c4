//! nginx as the server beneath the load.

use crate::Result;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::program;

/// Ends when dropped.
pub struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        // It is gone already, or it is gone now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Answers every request with 200, without a log.
pub fn start(folder: &Path, port: u16) -> Result<Nginx> {
    let program = program::find("nginx", &program::nginx_directories());
    let program = program.ok_or("nginx is not on this machine")?;
    let text = format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      default_type application/json; add_header x-release 1.0.0; return 200 '{{\"status\":\"ok\"}}';
    }}
  }}
}}
"
    );
    let path = folder.join("nginx.conf");
    std::fs::write(&path, text)?;
    let child = Command::new(program)
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(&path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let nginx = Nginx(child);
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > deadline {
            return Err("nginx does not listen".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(nginx)
}
