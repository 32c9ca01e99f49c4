//! The API: health, platforms, its limiter and what it tells browsers.

use super::Fault;
use crate::systems::replies::{body, header, json, reply, with};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::servers::{Reply, Request};

pub const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.api-token-of-the-test.c2lnbmF0dXJl";
pub const EXPIRED: &str = "eyJhbGciOiJIUzI1NiJ9.api-token-of-last-year.b2xkZXIgb25l";

const LIMIT: u32 = 100;
/// Somebody who was turned away is let in again this long after the last time, little by little.
const PAUSE: Duration = Duration::from_secs(1);

/// A running API.
pub struct Api {
    pub fault: Fault,
    /// The origin whose pages may ask.
    pub console: String,
    pub answers: AtomicU64,
    pub counted: Mutex<(u32, Option<Instant>)>,
}

impl Api {
    pub fn new(fault: Fault, console: &str) -> Self {
        Self {
            fault,
            console: console.to_owned(),
            answers: AtomicU64::new(0),
            counted: Mutex::default(),
        }
    }

    pub fn answer(&self, request: &Request) -> Reply {
        let number = self.answers.fetch_add(1, Ordering::SeqCst);
        let reply = match request.uri().path() {
            "/api/healthz" => reply(200, "OK"),
            "/api/health" => self.health(),
            "/api/platforms" => self.platforms(request),
            _ => json(404, r#"{"error":"not found"}"#),
        };
        let is_old = self.fault == Fault::OldInstance && number % 4 == 3;
        let release = if is_old { "1.0.9" } else { "1.1.0" };
        let reply = with(reply, "x-release", release);
        self.allowed(
            request,
            with(reply, "strict-transport-security", "max-age=31536000"),
        )
    }

    fn health(&self) -> Reply {
        if self.fault == Fault::SlowHealth {
            std::thread::sleep(Duration::from_millis(120));
        }
        let now = match self.fault {
            Fault::CachedHealth => "2025-10-27T09:00:00Z".to_owned(),
            _ => jiff::Timestamp::now().to_string(),
        };
        let pick = |fault, wrong, right| if self.fault == fault { wrong } else { right };
        let status = pick(Fault::Degraded, "degraded", "healthy");
        let uptime = pick(Fault::OldProcess, "86411", "42");
        let percentage = pick(Fault::MemoryFull, "96", "10");
        let text = format!(
            r#"{{"status":"{status}","timestamp":"{now}",
                "database":{{"status":"connected","latency":5}},
                "memory":{{"used":50,"total":512,"percentage":{percentage}}},"uptime":{uptime}}}"#
        );
        let cached = pick(Fault::CacheableHealth, "public, max-age=60", "no-store");
        with(json(200, &text), "cache-control", cached)
    }

    fn platforms(&self, request: &Request) -> Reply {
        if request.method() == "OPTIONS" {
            return reply(204, "");
        }
        if self.is_turned_away(request) {
            let refused = json(429, r#"{"error":"Too many requests"}"#);
            return with(refused, "retry-after", "1");
        }
        let token = header(request, "authorization").replace("Bearer ", "");
        let is_known = token == TOKEN
            || token == EXPIRED && self.fault == Fault::ExpiredAccepted
            || self.fault == Fault::OpenPlatforms;
        if !is_known {
            let refused = json(401, r#"{"error":"Unauthorized"}"#);
            return with(refused, "www-authenticate", "Bearer");
        }
        if request.method() == "POST" {
            return self.created(&body(request));
        }
        let platforms = r#"{"platforms":[{"id":"shopify"},{"id":"amazon"}]}"#;
        json(200, platforms)
    }

    fn created(&self, text: &str) -> Reply {
        let is_broken = !text.ends_with('}');
        match self.fault {
            Fault::CrashOnInput if is_broken => json(500, r#"{"error":"Internal Server Error"}"#),
            Fault::StackShown if !is_broken => json(
                400,
                r#"{"error":"PrismaClientValidationError at node_modules/@prisma/client"}"#,
            ),
            _ if is_broken => json(400, r#"{"error":"the body is no JSON"}"#),
            _ => json(422, r#"{"error":"`name` must be a text"}"#),
        }
    }

    fn is_turned_away(&self, request: &Request) -> bool {
        let is_made_up = !header(request, "x-forwarded-for").is_empty();
        if self.fault == Fault::NoLimit || self.fault == Fault::TrustedHeader && is_made_up {
            return false;
        }
        let mut counted = self.counted.lock().expect("nobody panicked");
        if counted.1.is_some_and(|last| last.elapsed() >= PAUSE) {
            // A second gives back what a second of the minute is worth, and not the whole limit.
            *counted = (LIMIT - 2, None);
        }
        counted.0 += 1;
        let is_turned_away = counted.0 > LIMIT;
        if is_turned_away {
            counted.1 = Some(Instant::now());
        }
        is_turned_away
    }

    fn allowed(&self, request: &Request, reply: Reply) -> Reply {
        let origin = header(request, "origin");
        let reply = with(reply, "vary", "Origin");
        let is_ours = origin == self.console || self.fault == Fault::AnyOrigin;
        if origin.is_empty() || !is_ours {
            return reply;
        }
        let reply = with(reply, "access-control-allow-origin", origin);
        let reply = with(reply, "access-control-allow-credentials", "true");
        let reply = with(reply, "access-control-allow-methods", "GET, POST");
        with(reply, "access-control-allow-headers", "authorization")
    }
}
