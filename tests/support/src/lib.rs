//! The stand on which the demo and the integration tests run: real servers, thrown away at the end.
#![forbid(unsafe_code)]

pub mod account;
pub mod binaries;
mod blocking;
mod connection;
pub mod deadline;
pub mod error;
pub mod installation;
pub mod nginx;
pub mod ports;
pub mod postgres;
pub mod prerequisites;
pub mod process_manager;
pub mod processes;
pub mod program;
pub mod project;
pub mod protocol;
pub mod prove;
pub mod request;
pub mod servers;
pub mod stand;
pub mod totals;
pub mod traffic;

pub use error::{Error, Result};
