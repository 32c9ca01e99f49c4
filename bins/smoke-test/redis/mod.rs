//! The protocol of Redis, as far as a probe speaks it.

pub(crate) mod resp;

pub(crate) use resp::Reply;
