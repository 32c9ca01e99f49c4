//! canary-promote and rollback through their binaries, against real servers.

mod canary_promote;
mod rig;
mod rollback;
