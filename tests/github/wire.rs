//! HTTP/1.1 as far as the stand-in needs it: one request after the other on a connection.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How a client starts that wants TLS, which is not spoken here.
const TLS_GREETING: [u8; 2] = [0x16, 0x03];

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Option<Value>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Reads the next one; `None` when the client has closed the connection, or wants TLS.
    pub async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            let is_over = stream.read_buf(&mut bytes).await.ok()? == 0;
            if is_over || bytes.starts_with(&TLS_GREETING) {
                return None;
            }
        };
        let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let mut lines = text.lines();
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?);
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0);
        let mut body = bytes.split_off(head + 4);
        while body.len() < length {
            if stream.read_buf(&mut body).await.ok()? == 0 {
                return None;
            }
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let query = pairs
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect();
        let body =
            (!body.is_empty()).then(|| serde_json::from_slice(&body).expect("a body is JSON"));
        Some(Self {
            method,
            path: path.to_owned(),
            query,
            headers,
            body,
        })
    }
}

/// What is sent back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Value,
}

impl Answer {
    pub fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }

    /// A refusal as GitHub words it.
    pub fn refusal(status: u16, message: &str) -> Self {
        let documentation = "https://docs.github.com/rest/deployments/deployments";
        Self::new(
            status,
            serde_json::json!({
                "message": message, "documentation_url": documentation, "status": status.to_string()
            }),
        )
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Writes the first part of the answer; all of it when `share` is 1.
    pub async fn write(&self, stream: &mut TcpStream, share: f64) -> Option<()> {
        let body = self.body.to_string();
        let mut text = format!(
            "HTTP/1.1 {} Status\r\ncontent-length: {}\r\n",
            self.status,
            body.len()
        );
        text.push_str("content-type: application/json; charset=utf-8\r\n");
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a length"
        )]
        let sent = (body.len() as f64 * share) as usize;
        text.push_str(&body[..sent]);
        stream.write_all(text.as_bytes()).await.ok()
    }
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits =
                    [rest.next(), rest.next()].map(|digit| char::from(digit.unwrap_or(b'?')));
                let digits: String = digits.iter().collect();
                u8::from_str_radix(&digits, 16).expect("a percent sign stands before two digits")
            }
            other => other,
        });
    }
    String::from_utf8(bytes).expect("a query is UTF-8")
}
