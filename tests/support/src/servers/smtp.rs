//! A mail server that keeps to a script, or breaks off where it says so.

use super::Stopper;
use crate::{Error, Result};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What is said at one point.
#[derive(Clone, Debug)]
pub enum Says {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Nothing, and waits.
    Nothing,
    /// These bytes again and again.
    Endless(Vec<u8>),
    /// Nothing, and hangs up.
    HangsUp,
}

impl Says {
    /// This text.
    pub fn text(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }
}

/// What the server says.
#[derive(Clone, Debug)]
pub struct SmtpScript {
    /// When somebody connects.
    pub greeting: Says,
    /// To EHLO without TLS.
    pub hello: Says,
    /// To STARTTLS.
    pub starttls: Says,
    /// With what it then agrees on TLS; when none, it answers the client's first message in plain
    /// text.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl SmtpScript {
    /// A good server.
    pub fn good(tls: Arc<rustls::ServerConfig>) -> Self {
        Self {
            greeting: Says::text("220 mail.test ESMTP\r\n"),
            hello: Says::text("250-mail.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"),
            starttls: Says::text("220 go on\r\n"),
            tls: Some(tls),
        }
    }
}

/// A running mail server; ends when it is dropped.
pub struct SmtpServer {
    address: SocketAddr,
    _stopper: Stopper,
}

impl SmtpServer {
    /// Serves on a port of its own.
    pub fn start(script: SmtpScript) -> Result<Self> {
        let cannot = |why: std::io::Error| Error::new(format!("cannot serve mail: {why}"));
        let listener = TcpListener::bind("127.0.0.1:0").map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let stopper = Stopper::new(address);
        let is_over = stopper.flag();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let script = script.clone();
                // Whoever hangs up in the middle may do so.
                std::thread::spawn(move || stream.and_then(|stream| serve(stream, &script)));
            }
        });
        Ok(Self {
            address,
            _stopper: stopper,
        })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

fn serve(stream: TcpStream, script: &SmtpScript) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    let mut plain = BufReader::new(stream);
    say(plain.get_mut(), &script.greeting)?;
    loop {
        let command = command(&mut plain)?;
        match command.split(' ').next().unwrap_or_default() {
            "EHLO" => say(plain.get_mut(), &script.hello)?,
            "STARTTLS" => {
                say(plain.get_mut(), &script.starttls)?;
                let Some(tls) = &script.tls else {
                    plain.fill_buf()?;
                    return say(plain.get_mut(), &Says::text("500 what\r\n"));
                };
                return secure(plain.into_inner(), tls);
            }
            "QUIT" => return say(plain.get_mut(), &Says::text("221 bye\r\n")),
            _ => say(plain.get_mut(), &Says::text("500 what\r\n"))?,
        }
    }
}

fn secure(stream: TcpStream, tls: &Arc<rustls::ServerConfig>) -> std::io::Result<()> {
    let connection = rustls::ServerConnection::new(tls.clone()).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(rustls::StreamOwned::new(connection, stream));
    loop {
        match command(&mut stream)?.split(' ').next().unwrap_or_default() {
            "EHLO" => say(
                stream.get_mut(),
                &Says::text("250-mail.test\r\n250 SIZE 1000\r\n"),
            )?,
            "QUIT" => return say(stream.get_mut(), &Says::text("221 bye\r\n")),
            _ => say(stream.get_mut(), &Says::text("500 what\r\n"))?,
        }
    }
}

fn command(stream: &mut BufReader<impl Read>) -> std::io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

fn say(stream: &mut (impl Read + Write), says: &Says) -> std::io::Result<()> {
    match says {
        Says::Bytes(bytes) => {
            stream.write_all(bytes)?;
            stream.flush()
        }
        Says::Nothing => {
            // Until the client has had enough.
            let mut byte = [0];
            while stream.read(&mut byte)? > 0 {}
            Err(std::io::ErrorKind::UnexpectedEof.into())
        }
        Says::Endless(bytes) => loop {
            stream.write_all(bytes)?;
        },
        Says::HangsUp => Err(std::io::ErrorKind::ConnectionAborted.into()),
    }
}
