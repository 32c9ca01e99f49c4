//! Servers that answer rightly or wrongly as they are told, each on a loopback port of its own.

mod bytes;
mod certificates;
pub mod dns;
pub mod doors;
mod events;
mod garbage;
mod grpc;
mod haproxy;
mod http;
mod limits;
mod pages;
mod phoenix;
mod proxy;
mod raw;
mod redis;
pub mod rest;
mod self_signed;
pub mod site;
mod sites;
mod smtp;
mod stopper;
mod websocket;

pub use bytes::{ByteServer, Then};
pub use certificates::{Authority, Leaf, Served};
pub use dns::DnsServer;
pub use events::{EventServer, EventsManner};
pub use garbage::{Garbage, GarbageServer};
pub use grpc::{GrpcCall, GrpcReply, GrpcServer};
pub use haproxy::Haproxy;
pub use http::{HttpServer, Reply, Request};
pub use limits::{LimitManner, limited};
pub use pages::{Page, PageServer};
pub use phoenix::PhoenixServer;
pub use proxy::Proxy;
pub use raw::RawServer;
pub use redis::{RedisOptions, RedisServer};
pub use self_signed::SelfSigned;
pub use sites::{Site, Sites};
pub use smtp::{Says, SmtpScript, SmtpServer};
pub use websocket::{ORIGIN, PROTOCOL, WebsocketManner, WebsocketServer};

use stopper::Stopper;
