//! Doors, logins, tenants, limits, WebSockets and streams of events.

use super::{Case, Quality, Started};
use crate::Result;
use crate::servers::doors::{ADMIN, EXPIRED, Guards, KEY, PASSWORD, TENANTS, USER, doors};
use crate::servers::{
    EventServer, EventsManner, HttpServer, LimitManner, ORIGIN, PROTOCOL, WebsocketManner,
    WebsocketServer, limited,
};
use std::any::Any;
use std::time::Duration;

/// Every case of this family; the limit comes last, as it is asked last.
pub fn cases() -> Vec<Case> {
    vec![
        Case {
            checks: &["auth"],
            start: auth,
        },
        Case {
            checks: &["isolation"],
            start: isolation,
        },
        Case {
            checks: &["default-credentials"],
            start: default_credentials,
        },
        Case {
            checks: &["websocket"],
            start: websocket,
        },
        Case {
            checks: &["sse"],
            start: sse,
        },
        Case {
            checks: &["rate-limit"],
            start: rate_limit,
        },
    ]
}

fn started(name: &str, url: &str, probes: Vec<String>, running: Box<dyn Any>) -> Started {
    Started {
        environment: vec![("addresses", format!("{name}: '{url}'"))],
        probes,
        variables: Vec::new(),
        files: Vec::new(),
        trusted: Vec::new(),
        running,
    }
}

fn guarded(name: &str, quality: Quality, probes: Vec<String>) -> Result<Started> {
    let server = HttpServer::start(doors(match quality {
        Quality::Good => Guards::Awake,
        Quality::Bad => Guards::Asleep,
    }))?;
    let url = server.url();
    Ok(started(name, &url, probes, Box::new(server)))
}

fn auth(quality: Quality) -> Result<Started> {
    let probe = "auth: { name: admin, at: doors, path: /admin, token: '${ADMIN_TOKEN}', \
                 expired: { token: '${EXPIRED_TOKEN}' }, roles: [{ name: user, token: \
                 '${USER_TOKEN}' }, { name: key, token: '${API_KEY}', sent_as: { header: \
                 x-api-key }, status: [200] }] }";
    let mut started = guarded("doors", quality, vec![probe.into()])?;
    started.variables = vec![
        ("ADMIN_TOKEN", ADMIN.into()),
        ("EXPIRED_TOKEN", EXPIRED.into()),
        ("USER_TOKEN", USER.into()),
        ("API_KEY", KEY.into()),
    ];
    Ok(started)
}

fn isolation(quality: Quality) -> Result<Started> {
    let invoice = "isolation: { name: invoice, at: tenants, path: /invoices/1, owner: \
                   '${TENANT_A}', stranger: { token: '${TENANT_B}', own: /invoices/2 } }";
    let rows = "isolation: { name: rows, at: tenants, path: '/rows?of=a', owner: '${TENANT_A}', \
                stranger: { token: '${TENANT_B}', own: '/rows?of=b' }, hidden: [403], rows: \
                '$[*]' }";
    let mut started = guarded("tenants", quality, vec![invoice.into(), rows.into()])?;
    let [one, other] = TENANTS;
    started.variables = vec![("TENANT_A", one.into()), ("TENANT_B", other.into())];
    Ok(started)
}

fn default_credentials(quality: Quality) -> Result<Started> {
    let probe = "default-credentials: { name: console, at: console, path: /login, sent_as: basic, \
                 accepted: { user: admin, password: '${CONSOLE_PASSWORD}' } }";
    let mut started = guarded("console", quality, vec![probe.into()])?;
    started.variables = vec![("CONSOLE_PASSWORD", PASSWORD.into())];
    Ok(started)
}

fn websocket(quality: Quality) -> Result<Started> {
    let server = WebsocketServer::start(match quality {
        Quality::Good => WebsocketManner::Good,
        Quality::Bad => WebsocketManner::WrongAccept,
    })?;
    let probe = format!(
        "websocket: {{ name: live, at: live, path: /ws, protocol: {PROTOCOL}, origin: '{ORIGIN}', \
         bad_origin: 'https://evil.example', send: '{{\"type\":\"echo\"}}', json: {{ $.type: echo }} }}"
    );
    let url = server.url();
    Ok(started("live", &url, vec![probe], Box::new(server)))
}

fn sse(quality: Quality) -> Result<Started> {
    let server = EventServer::start(match quality {
        Quality::Good => EventsManner::Good,
        Quality::Bad => EventsManner::Ends,
    })?;
    let probe = "sse: { name: ticks, at: ticks, path: /events, events: 2, event: tick, json: { \
                 $.n: { is: integer } } }";
    let url = server.url();
    Ok(started("ticks", &url, vec![probe.into()], Box::new(server)))
}

fn rate_limit(quality: Quality) -> Result<Started> {
    let window = Duration::from_secs(2);
    let server = HttpServer::start(match quality {
        Quality::Good => limited(20, window, LimitManner::Good),
        Quality::Bad => limited(20, window, LimitManner::Unlimited),
    })?;
    let probe = "rate-limit: { name: limited, at: limited, path: /api, limit: 20, window: 2s, \
                 tolerance: 5, together: 5, json: { $.retryAfter: { at_most: 2 } } }";
    let url = server.url();
    Ok(started(
        "limited",
        &url,
        vec![probe.into()],
        Box::new(server),
    ))
}
