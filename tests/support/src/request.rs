//! Single requests to loopback servers, for tests and for waiting until something answers.

use std::time::Duration;

use hyper::Method;

use crate::blocking::block_on;
use crate::connection::{Connection, authority, request, uri};
use crate::{Error, Result};

const DEADLINE: Duration = Duration::from_secs(5);

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The value of the header `x-release`.
    pub release: Option<String>,
    /// The body as text.
    pub body: String,
}

/// Gets an address within five seconds.
pub fn get(url: &str) -> Result<Answer> {
    block_on(ask(Method::GET, url, ""))
}

/// Posts JSON to an address within five seconds.
pub fn post(url: &str, json: &str) -> Result<Answer> {
    block_on(ask(Method::POST, url, json))
}

async fn ask(method: Method, url: &str, body: &str) -> Result<Answer> {
    let address = uri(url)?;
    let asked = async {
        let mut connection = Connection::open(authority(&address)?).await?;
        connection.exchange(request(method, &address, body)?).await
    };
    let exchange = tokio::time::timeout(DEADLINE, asked).await.map_err(|_| {
        Error::new(format!(
            "`{url}` did not answer within {} s",
            DEADLINE.as_secs()
        ))
    })??;
    let body = String::from_utf8_lossy(&exchange.body).into_owned();
    Ok(Answer {
        status: exchange.status,
        release: exchange.release,
        body,
    })
}
