//! Every check of this gate, in the order in which it is judged.

mod assets;
mod auth;
mod body;
mod cache;
mod certificate;
mod chain;
mod command;
mod compare;
mod compression;
mod cookies;
mod cors;
mod default_credentials;
mod dns;
mod error_page;
mod grpc_health;
mod header;
mod https_only;
mod isolation;
mod journey;
mod json;
mod load;
mod members;
mod metrics;
mod page;
mod phases;
mod port_closed;
mod port_open;
mod postgres;
mod rate_limit;
mod ready;
mod redirect;
mod redis;
mod release;
mod schema;
mod security_headers;
mod smtp;
mod sse;
mod status;
mod tls_versions;
mod websocket;

use crate::facts::Facts;
use shared::check::Check;

/// The table.
pub(crate) static CHECKS: [Check<Facts>; 40] = [
    ready::CHECK,
    release::CHECK,
    status::CHECK,
    redirect::CHECK,
    header::CHECK,
    cookies::CHECK,
    json::CHECK,
    schema::CHECK,
    body::CHECK,
    phases::CHECK,
    cache::CHECK,
    compression::CHECK,
    cors::CHECK,
    security_headers::CHECK,
    error_page::CHECK,
    assets::CHECK,
    journey::CHECK,
    auth::CHECK,
    default_credentials::CHECK,
    isolation::CHECK,
    certificate::CHECK,
    chain::CHECK,
    tls_versions::CHECK,
    https_only::CHECK,
    port_open::CHECK,
    port_closed::CHECK,
    dns::CHECK,
    websocket::CHECK,
    sse::CHECK,
    metrics::CHECK,
    members::CHECK,
    redis::CHECK,
    postgres::CHECK,
    grpc_health::CHECK,
    smtp::CHECK,
    page::CHECK,
    command::CHECK,
    load::CHECK,
    compare::CHECK,
    rate_limit::CHECK,
];
