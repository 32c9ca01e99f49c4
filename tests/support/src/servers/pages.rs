//! Pages for a browser: each answer as a function of path and head, and as late as it says.

use crate::{Error, Result};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

/// One answer.
#[derive(Clone, Debug)]
pub struct Page {
    status: u16,
    kind: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
    delay: Duration,
    is_endless: bool,
}

impl Page {
    /// A document with this body, under a title and with an icon of its own.
    pub fn html(body: &str) -> Self {
        let head = "<!doctype html><html lang=en><head><title>page</title>\
                    <link rel=icon href='data:,'></head>";
        Self::other(
            "text/html; charset=utf-8",
            &format!("{head}<body>{body}</body></html>"),
        )
    }

    /// A picture of this size. A browser takes one with less than 0.05 bits for each pixel for a
    /// mere background: <https://chromium-review.googlesource.com/c/chromium/src/+/4095797>
    pub fn picture(width: u32, height: u32) -> Self {
        let filling = "0123456789abcdef".repeat((width * height / 1600) as usize);
        let text = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'>\
             <rect width='100%' height='100%' fill='teal'/><text y='50' font-size='40'>hero</text>\
             <!-- {filling} --></svg>"
        );
        Self::other("image/svg+xml", &text)
    }

    /// Any text of this type.
    pub fn other(kind: &'static str, body: &str) -> Self {
        Self {
            status: 200,
            kind,
            headers: Vec::new(),
            body: body.to_owned(),
            delay: Duration::ZERO,
            is_endless: false,
        }
    }

    /// With another status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sent so much later.
    #[must_use]
    pub fn late(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// With a body that never ends.
    #[must_use]
    pub fn endless(mut self) -> Self {
        self.is_endless = true;
        self
    }

    fn head(&self) -> String {
        let mut head = format!(
            "HTTP/1.1 {} x\r\ncontent-type: {}\r\nconnection: close\r\n",
            self.status, self.kind
        );
        if !self.is_endless {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head
    }
}

/// A running server of release 1.1.0, which every answer says; ends when it is dropped.
pub struct PageServer {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

type Answer = dyn Fn(&str, &str) -> Page + Send + Sync;

impl PageServer {
    /// Serves on a free port; the function gets the path and the head of each request.
    pub fn start(answer: impl Fn(&str, &str) -> Page + Send + Sync + 'static) -> Result<Self> {
        let cannot = |why: std::io::Error| Error::new(format!("cannot serve pages: {why}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(cannot)?;
        let server = Self {
            address: listener.local_addr().map_err(cannot)?,
            is_over: Arc::default(),
        };
        let (answer, is_over): (Arc<Answer>, _) = (Arc::new(answer), server.is_over.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let (answer, is_over) = (answer.clone(), is_over.clone());
                if let Ok(stream) = stream {
                    // A connection that breaks off is the browser's affair.
                    std::thread::spawn(move || serve(stream, &*answer, &is_over));
                }
            }
        });
        Ok(server)
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for PageServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: TcpStream, answer: &Answer, is_over: &AtomicBool) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let path = head
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let page = answer(&path, &head);
    // Nobody ever sends, so it is the time that ends the wait.
    let (_alive, pause) = channel::<()>();
    let _ = pause.recv_timeout(page.delay);
    let page = page.header("x-release", "1.1.0");
    out.write_all(page.head().as_bytes())?;
    out.write_all(page.body.as_bytes())?;
    while page.is_endless && !is_over.load(Ordering::SeqCst) {
        out.write_all(b"<!-- -->")?;
        let _ = pause.recv_timeout(Duration::from_millis(50));
    }
    Ok(())
}
