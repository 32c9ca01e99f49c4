//! Answers that are read as they come: streams without an end, and connections that become another
//! protocol.

use super::{Client, exchange};
use crate::answer::{Answer, Break, NoAnswer};
use crate::plan::Request;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;

/// So much is read of the page that comes in place of a stream.
const LONGEST_PAGE: usize = 64 << 10;

/// An answer whose head has come.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The head; its body is empty.
    pub(crate) head: Answer,
    response: hyper::Response<Incoming>,
}

impl Client {
    /// Asks once, over a fresh connection, and waits for the head of the answer only; the caller
    /// takes it from the allowance and sets the deadline, in this order. Whatever the head says of
    /// its release is counted.
    pub(crate) async fn open(&self, request: &Request) -> Result<Opened, NoAnswer> {
        let connected = self.connect(&request.url.endpoint, request).await?;
        let begun = exchange::begin(connected, request, self).await?;
        let head = exchange::head(&begun);
        self.tally.borrow_mut().add(request, &head);
        Ok(Opened {
            head,
            response: begun.response,
        })
    }
}

impl Opened {
    /// What comes next; none at the end.
    pub(crate) async fn chunk(&mut self) -> Option<Result<Bytes, NoAnswer>> {
        loop {
            match self.response.body_mut().frame().await? {
                Err(error) => return Some(Err(super::exchange::silence(&error))),
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        return Some(Ok(data));
                    }
                }
            }
        }
    }

    /// The head, and at most 64 KiB of the body.
    pub(crate) async fn page(mut self) -> Result<Answer, NoAnswer> {
        let read = exchange::read(self.response.body_mut(), LONGEST_PAGE).await?;
        self.head.take_body(read.bytes, read.is_cut);
        Ok(self.head)
    }

    /// The connection itself, once a 101 has made it something else than HTTP.
    pub(crate) async fn upgraded(self) -> Result<TokioIo<Upgraded>, NoAnswer> {
        match hyper::upgrade::on(self.response).await {
            Ok(upgraded) => Ok(TokioIo::new(upgraded)),
            Err(error) => Err(NoAnswer::new(Break::Protocol, error.to_string())),
        }
    }
}
