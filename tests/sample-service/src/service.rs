//! The routes: which request gets which answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::artifact::Artifact;
use crate::database::{Database, DatabaseError};
use crate::faults::{FaultSettings, Faults};
use crate::metrics::Metrics;
use crate::{entry, exposition};

const HEALTH_DEADLINE: Duration = Duration::from_secs(1);
const LARGEST_BODY: usize = 64 * 1024;

type Answer = (StatusCode, Value);

/// One instance of the service.
#[derive(Debug)]
pub(crate) struct Service {
    artifact: Artifact,
    release: HeaderValue,
    database: Database,
    port: u16,
    faults: Faults,
    metrics: Metrics,
    started: Instant,
}

impl Service {
    /// A service for one release on one port.
    pub(crate) fn new(
        artifact: Artifact,
        database: Database,
        port: u16,
    ) -> Result<Arc<Self>, String> {
        let release = HeaderValue::from_str(&artifact.version)
            .map_err(|why| format!("`version` is no header value: {why}"))?;
        Ok(Arc::new(Self {
            release,
            database,
            port,
            faults: Faults::new(
                artifact.faults_in_force(std::env::var("NODE_ENV").ok().as_deref()),
            ),
            metrics: Metrics::new(),
            started: Instant::now(),
            artifact,
        }))
    }

    /// Answers one request and counts it, unless it is a probe.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let began = Instant::now();
        let is_probe = matches!(request.uri().path(), "/metrics" | "/api/health" | "/faults");
        let mut response = if request.uri().path() == "/metrics" && request.method() == Method::GET
        {
            self.exposition()
        } else {
            rendered(self.route(request).await)
        };
        if !is_probe {
            self.metrics
                .record(response.status().as_u16(), began.elapsed());
        }
        response
            .headers_mut()
            .insert("x-release", self.release.clone());
        response
    }

    async fn route(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().to_owned();
        match (request.method().as_str(), path.as_str()) {
            ("GET", "/api/health") => self.health().await,
            ("GET", "/api/status") => match self.suffer().await {
                Some(fault) => fault,
                None => self.status().await,
            },
            ("GET" | "POST", "/api/entries") => match self.suffer().await {
                Some(fault) => fault,
                None if request.method() == Method::GET => self.entries().await,
                None => self.new_entry(request).await,
            },
            ("GET", "/faults") => self.shown_faults(),
            ("POST", "/faults") => self.set_faults(request).await,
            (_, "/metrics" | "/api/health" | "/api/status" | "/api/entries" | "/faults") => {
                refusal(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "this path does not know that method",
                )
            }
            _ => refusal(StatusCode::NOT_FOUND, "there is nothing at this path"),
        }
    }

    async fn suffer(&self) -> Option<Answer> {
        let fault = self.faults.next();
        if !fault.delay.is_zero() {
            tokio::time::sleep(fault.delay).await;
        }
        fault
            .is_error
            .then(|| refusal(StatusCode::INTERNAL_SERVER_ERROR, "a fault is switched on"))
    }

    async fn health(&self) -> Answer {
        let asked = timeout(HEALTH_DEADLINE, self.database.query("SELECT 1", &[])).await;
        let reason = match asked {
            Ok(Ok(_)) => {
                return (
                    StatusCode::OK,
                    json!({ "status": "ok", "version": self.artifact.version }),
                );
            }
            Ok(Err(error)) => error.reason,
            Err(_) => format!(
                "the database did not answer within {} s",
                HEALTH_DEADLINE.as_secs()
            ),
        };
        (
            StatusCode::SERVICE_UNAVAILABLE,
            json!({ "status": "down", "reason": reason }),
        )
    }

    async fn status(&self) -> Answer {
        match entry::count(&self.database).await {
            Ok(entries) => (
                StatusCode::OK,
                json!({
                    "version": self.artifact.version,
                    "commit": self.artifact.commit,
                    "port": self.port,
                    "uptime_seconds": self.started.elapsed().as_secs(),
                    "entries": entries,
                }),
            ),
            Err(error) => database_failure(error),
        }
    }

    async fn entries(&self) -> Answer {
        match entry::newest(&self.database, &self.artifact.columns).await {
            Ok(entries) => (StatusCode::OK, json!({ "entries": entries })),
            Err(error) => database_failure(error),
        }
    }

    async fn new_entry(&self, request: Request<Incoming>) -> Answer {
        match body(request).await {
            Ok(entry) => match entry::insert(&self.database, &entry).await {
                Ok(id) => (StatusCode::CREATED, json!({ "id": id })),
                Err(error) => database_failure(error),
            },
            Err(reason) => refusal(StatusCode::BAD_REQUEST, &reason),
        }
    }

    fn shown_faults(&self) -> Answer {
        (StatusCode::OK, json!(self.faults.settings()))
    }

    async fn set_faults(&self, request: Request<Incoming>) -> Answer {
        let set = body::<FaultSettings>(request)
            .await
            .and_then(|settings| self.faults.set(settings));
        match set {
            Ok(()) => self.shown_faults(),
            Err(reason) => refusal(StatusCode::BAD_REQUEST, &reason),
        }
    }

    fn exposition(&self) -> Response<Full<Bytes>> {
        let counts = self.metrics.counts();
        let text = exposition::render(&counts, &self.artifact.version, self.metrics.started());
        let mut response = Response::new(Full::new(Bytes::from(text)));
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static(exposition::CONTENT_TYPE),
        );
        response
    }
}

async fn body<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, String> {
    let collected = Limited::new(request.into_body(), LARGEST_BODY)
        .collect()
        .await;
    let bytes = collected
        .map_err(|why| format!("cannot read the body: {why}"))?
        .to_bytes();
    serde_json::from_slice(&bytes).map_err(|why| format!("the body is not as expected: {why}"))
}

fn refusal(status: StatusCode, reason: &str) -> Answer {
    (status, json!({ "status": "error", "reason": reason }))
}

fn database_failure(error: DatabaseError) -> Answer {
    let DatabaseError { sqlstate, reason } = error;
    let content = json!({ "status": "error", "sqlstate": sqlstate, "reason": reason });
    (StatusCode::INTERNAL_SERVER_ERROR, content)
}

fn rendered((status, content): Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(content.to_string())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
