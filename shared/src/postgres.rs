//! A connection to PostgreSQL: with a deadline, with TLS when the URL asks for it, and with the
//! password masked everywhere.

use crate::error::{Error, Result};
use crate::secret::Secret;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::MakeTlsConnect;

/// How long connecting may take.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// Where a database is and who connects, taken apart from its URL.
#[derive(Clone, Debug)]
pub struct Address {
    config: tokio_postgres::Config,
    password: Option<Secret>,
    /// The word of the URL, when the driver does not know it.
    mode: Option<&'static str>,
}

/// An open connection. Dropping it closes it.
pub struct Database {
    client: tokio_postgres::Client,
    connection: tokio::task::JoinHandle<()>,
    place: String,
}

impl Address {
    /// Takes a `postgres://` URL or a list of `key=value` apart.
    pub fn parse(url: &Secret) -> Result<Self> {
        let (text, mode) = with_known_mode(url.expose());
        let mut config: tokio_postgres::Config = text.parse().map_err(|_| {
            // The parser's own message may quote the URL, password included.
            Error::config("the database URL does not parse")
                .hint("write `postgres://user:${PASSWORD}@host:port/name`")
        })?;
        if config.get_hosts().is_empty() || config.get_user().is_none() {
            return Err(Error::config("the database URL names no host or no user"));
        }
        config
            .connect_timeout(CONNECT_DEADLINE)
            .application_name("sluicegate");
        let password = config
            .get_password()
            .map(|password| Secret::new(String::from_utf8_lossy(password)));
        Ok(Self {
            config,
            password,
            mode,
        })
    }

    /// `user@host:port/name`, without the password.
    pub fn place(&self) -> String {
        let user = self.config.get_user().unwrap_or_default();
        format!("{user}@{}:{}/{}", self.host(), self.port(), self.name())
    }

    /// The first host, or the folder of its socket.
    pub fn host(&self) -> String {
        match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        }
    }

    /// The first port.
    pub fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(5432)
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        self.config
            .get_dbname()
            .or(self.config.get_user())
            .unwrap_or_default()
    }

    /// What PostgreSQL's own programs read from the environment, so that no password is ever an
    /// argument: <https://www.postgresql.org/docs/current/libpq-envars.html>.
    pub fn variables(&self) -> Vec<(&'static str, Secret)> {
        let sslmode = match self.config.get_ssl_mode() {
            SslMode::Disable => "disable",
            SslMode::Require => self.mode.unwrap_or("require"),
            _ => "prefer",
        };
        let mut variables = vec![
            ("PGHOST", Secret::plain(self.host())),
            ("PGPORT", Secret::plain(self.port().to_string())),
            ("PGDATABASE", Secret::plain(self.name())),
            (
                "PGUSER",
                Secret::plain(self.config.get_user().unwrap_or_default()),
            ),
            ("PGSSLMODE", Secret::plain(sslmode)),
            (
                "PGCONNECT_TIMEOUT",
                Secret::plain(CONNECT_DEADLINE.as_secs().to_string()),
            ),
            ("PGAPPNAME", Secret::plain("sluicegate")),
        ];
        if let Some(password) = &self.password {
            variables.push(("PGPASSWORD", password.clone()));
        }
        variables
    }

    /// Opens a connection.
    pub async fn connect(&self) -> Result<Database> {
        let place = self.place();
        let fail = |error: tokio_postgres::Error| {
            Error::unavailable("could not connect to PostgreSQL")
                .at(&place)
                .source(describe(&error))
        };
        let is_plain = self.is_plain();
        let opening = async {
            if is_plain {
                let (client, connection) = self
                    .config
                    .connect(tokio_postgres::NoTls)
                    .await
                    .map_err(fail)?;
                Ok((client, tokio::spawn(async { drop(connection.await) })))
            } else {
                let tls = self.tls()?;
                let (client, connection) = self.config.connect(tls).await.map_err(fail)?;
                Ok((client, tokio::spawn(async { drop(connection.await) })))
            }
        };
        match tokio::time::timeout(CONNECT_DEADLINE, opening).await {
            Ok(Ok((client, connection))) => Ok(Database {
                client,
                connection,
                place,
            }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::unavailable(format!(
                "PostgreSQL did not answer within {} s",
                CONNECT_DEADLINE.as_secs()
            ))
            .at(place)),
        }
    }

    /// Speaks over a connection that the caller has opened and limits, with TLS as the URL says.
    pub async fn open<S>(
        &self,
        stream: S,
        tls: rustls::ClientConfig,
    ) -> Result<Database, tokio_postgres::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let place = self.place();
        let config = &self.config;
        let (client, connection) = if self.is_plain() {
            let (client, connection) = config.connect_raw(stream, tokio_postgres::NoTls).await?;
            (client, tokio::spawn(async { drop(connection.await) }))
        } else {
            let mut maker = tokio_postgres_rustls::MakeRustlsConnect::new(tls);
            let Ok(tls) = MakeTlsConnect::<S>::make_tls_connect(&mut maker, &self.host());
            let (client, connection) = config.connect_raw(stream, tls).await?;
            (client, tokio::spawn(async { drop(connection.await) }))
        };
        Ok(Database {
            client,
            connection,
            place,
        })
    }

    /// The same with TLS demanded, whatever the URL says; none when the URL rules it out.
    pub fn secured(&self) -> Option<Self> {
        if self.config.get_ssl_mode() == SslMode::Disable {
            return None;
        }
        let mut secured = self.clone();
        secured.config.ssl_mode(SslMode::Require);
        Some(secured)
    }

    /// How many hosts the URL names.
    pub fn hosts(&self) -> usize {
        self.config.get_hosts().len()
    }

    /// Without TLS: when asked for, and on this machine unless TLS is demanded.
    fn is_plain(&self) -> bool {
        let is_here = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost"
                    || name
                        .parse()
                        .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
        };
        match self.config.get_ssl_mode() {
            SslMode::Disable => true,
            SslMode::Require => false,
            _ => self.config.get_hosts().iter().all(is_here),
        }
    }

    fn tls(&self) -> Result<tokio_postgres_rustls::MakeRustlsConnect> {
        // `prefer` must not cost the loading of certificates where the server has no TLS, but it
        // cannot be known before; a machine without certificates then still speaks plainly.
        let config = match crate::tls::client(true) {
            Err(_) if self.config.get_ssl_mode() == SslMode::Prefer => crate::tls::client(false)?,
            other => other?,
        };
        Ok(tokio_postgres_rustls::MakeRustlsConnect::new(config))
    }
}

impl Database {
    /// `user@host:port/name`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The driver's client.
    pub fn client(&self) -> &tokio_postgres::Client {
        &self.client
    }

    /// The driver's client, for transactions.
    pub fn client_mut(&mut self) -> &mut tokio_postgres::Client {
        &mut self.client
    }

    /// Runs statements without parameters, in the simple protocol.
    pub async fn execute(&self, sql: &str) -> Result<()> {
        self.client
            .batch_execute(sql)
            .await
            .map_err(|error| self.failed(&error))
    }

    /// The rows of a query.
    pub async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>> {
        self.client
            .query(sql, parameters)
            .await
            .map_err(|error| self.failed(&error))
    }

    /// The driver's error in our words.
    pub fn failed(&self, error: &tokio_postgres::Error) -> Error {
        Error::unavailable("PostgreSQL refused a statement")
            .at(&self.place)
            .source(describe(error))
    }
}

/// The driver's `require` verifies the certificate and its name, as libpq's `verify-full` does, and
/// knows no other word for it: <https://www.postgresql.org/docs/current/libpq-ssl.html>.
fn with_known_mode(url: &str) -> (String, Option<&'static str>) {
    for mode in ["verify-full", "verify-ca"] {
        let word = format!("sslmode={mode}");
        if url.contains(&word) {
            return (url.replace(&word, "sslmode=require"), Some(mode));
        }
    }
    (url.to_owned(), None)
}

impl Drop for Database {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// The server's message with its SQLSTATE, or the innermost cause.
pub fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(server) = error.as_db_error() {
        let detail = server
            .detail()
            .map(|detail| format!(" ({detail})"))
            .unwrap_or_default();
        return format!("{} [{}]{detail}", server.message(), server.code().code());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_taken_out_and_masked() {
        let url = Secret::plain("postgres://cal:h0rse-b4ttery@db.example:6543/cal?sslmode=require");
        let address = Address::parse(&url).expect("is a URL");
        assert_eq!(address.place(), "cal@db.example:6543/cal");
        assert_eq!(crate::secret::redact("h0rse-b4ttery"), "***");
        assert!(!format!("{address:?}").contains("h0rse"));
        let variables = address.variables();
        assert!(
            variables.iter().any(|(name, value)| {
                *name == "PGPASSWORD" && value.expose() == "h0rse-b4ttery"
            })
        );
    }

    #[test]
    fn the_modes_that_verify_are_known() {
        for mode in ["verify-full", "verify-ca", "require"] {
            let url = Secret::plain(format!("postgres://a@db.example/b?sslmode={mode}"));
            let address = Address::parse(&url).expect(mode);
            assert_eq!(address.config.get_ssl_mode(), SslMode::Require, "{mode}");
        }
        let url = Secret::plain("postgres://a@127.0.0.1/b?sslmode=disable");
        let address = Address::parse(&url).expect("is a URL");
        assert!(address.secured().is_none() && address.is_plain());
        let url = Secret::plain("postgres://a@127.0.0.1/b");
        let address = Address::parse(&url).expect("is a URL");
        assert!(address.is_plain());
        assert!(!address.secured().expect("is not ruled out").is_plain());
    }

    #[test]
    fn a_broken_url_is_refused_without_being_quoted() {
        let url = Secret::plain("postgres://cal:p4ss@@@:::/");
        let error = Address::parse(&url).expect_err("is none").to_string();
        assert!(!error.contains("p4ss"), "{error}");
    }
}
