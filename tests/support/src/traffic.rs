//! Steady traffic in the background, which goes on whether or not the answers come: an open model.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hyper::{Method, Uri};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::connection::{Connection, Exchange, authority, request, uri};
use crate::totals::Totals;
use crate::{Error, Result};

const DEADLINE: Duration = Duration::from_secs(5);
// A server may close an idle connection just as a request is sent on it: RFC 9112, section 9.3.1. A failure
// later than this is no such coincidence but a request that was lost.
const KEEP_ALIVE_RACE: Duration = Duration::from_millis(100);
const IDLE_CONNECTIONS: usize = 8;
const REQUESTS_PER_POST: u64 = 20;

/// A client that sends requests at a steady rate until it is stopped or dropped.
#[derive(Debug)]
pub struct Traffic {
    totals: Arc<Mutex<Totals>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Traffic {
    /// Starts to send requests to `http://host:port`: status and entries in turn, each twentieth a new entry.
    pub fn start(url: &str, requests_per_second: u32) -> Result<Self> {
        let base = uri(url)?;
        authority(&base)?;
        let pause = Duration::from_secs(1)
            .checked_div(requests_per_second)
            .ok_or_else(|| Error::new("traffic needs at least one request per second"))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|why| Error::new(format!("cannot start a runtime: {why}")))?;
        let totals = Arc::new(Mutex::new(Totals::default()));
        let client = Arc::new(Client {
            base,
            idle: Mutex::default(),
            totals: Arc::clone(&totals),
        });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || runtime.block_on(drive(client, pause, stopped)));
        Ok(Self {
            totals,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The counts up to now.
    pub fn totals(&self) -> Totals {
        self.totals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sends no more, waits for the answers that are due, and gives the final counts.
    pub fn stop(mut self) -> Totals {
        self.finish();
        self.totals()
    }

    fn finish(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It can only have panicked, and then the counts show too few requests.
            let _ = thread.join();
        }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.finish();
    }
}

#[derive(Debug)]
struct Client {
    base: Uri,
    idle: Mutex<Vec<Connection>>,
    totals: Arc<Mutex<Totals>>,
}

async fn drive(client: Arc<Client>, pause: Duration, mut stopped: oneshot::Receiver<()>) {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut open = JoinSet::new();
    for number in 1_u64.. {
        tokio::select! {
            _ = &mut stopped => break,
            _ = ticks.tick() => {}
        }
        open.spawn(ask_and_count(Arc::clone(&client), number));
        while open.try_join_next().is_some() {}
    }
    while open.join_next().await.is_some() {}
}

async fn ask_and_count(client: Arc<Client>, number: u64) {
    let answered = timeout(DEADLINE, client.ask(number)).await;
    let mut totals = client.totals.lock().unwrap_or_else(PoisonError::into_inner);
    match answered {
        Ok(Ok(exchange)) => totals.record(exchange.release.as_deref(), exchange.status >= 500),
        Ok(Err(_)) | Err(_) => totals.record(None, true),
    }
}

impl Client {
    async fn ask(&self, number: u64) -> Result<Exchange> {
        let is_post = number.is_multiple_of(REQUESTS_PER_POST);
        // An entry is sent on a fresh connection only, because it could not be sent again in doubt.
        if !is_post && let Some(mut connection) = self.idle_connection().await {
            let began = Instant::now();
            let answered = self.ask_on(&mut connection, number).await;
            if answered.is_ok() || began.elapsed() > KEEP_ALIVE_RACE {
                self.keep(connection);
                return answered;
            }
        }
        let mut connection = Connection::open(authority(&self.base)?).await?;
        let answered = self.ask_on(&mut connection, number).await;
        self.keep(connection);
        answered
    }

    async fn ask_on(&self, connection: &mut Connection, number: u64) -> Result<Exchange> {
        let base = self.base.to_string();
        let base = base.trim_end_matches('/');
        let (method, path, body) = if number.is_multiple_of(REQUESTS_PER_POST) {
            (
                Method::POST,
                "/api/entries",
                format!("{{\"body\":\"entry of request {number}\"}}"),
            )
        } else if number.is_multiple_of(2) {
            (Method::GET, "/api/entries", String::new())
        } else {
            (Method::GET, "/api/status", String::new())
        };
        connection
            .exchange(request(method, &uri(&format!("{base}{path}"))?, &body)?)
            .await
    }

    async fn idle_connection(&self) -> Option<Connection> {
        loop {
            let mut connection = self
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop()?;
            if connection.is_open().await {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS {
            idle.push(connection);
        }
    }
}
