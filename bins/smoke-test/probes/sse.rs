//! Streams of events, read until enough have come.

use super::Ask;
use crate::answer::NoAnswer;
use crate::client::{Client, Opened, milliseconds};
use crate::event_stream::{LONGEST, Parser, TooLong};
use crate::facts::{Events, StreamEnd, Streamed};
use crate::plan::SsePlan;
use tokio::time::{Instant, timeout_at};

/// No more of a stream is read, however many events are still missing.
const MOST_BYTES: u64 = 8 << 20;

impl Ask for SsePlan {
    type Seen = Streamed;

    async fn ask(&self, client: &Client) -> Streamed {
        let (attempts, stream) = client.persist(async || once(self, client).await).await;
        Streamed { attempts, stream }
    }
}

/// Only what breaks off before the head of the answer is no stream; everything later is seen.
async fn once(plan: &SsePlan, client: &Client) -> Result<Events, NoAnswer> {
    client.allow().await?;
    let start = Instant::now();
    let deadline = start + plan.request.within.duration();
    let opened = timeout_at(deadline, client.open(&plan.request)).await;
    let opened = opened.map_err(|_| NoAnswer::late(plan.request.within))??;
    if !is_stream(&opened) {
        let head = opened.head.clone();
        // The page says why; when it does not end in time, the head alone has to do.
        let page = timeout_at(deadline, opened.page()).await;
        return Ok(Events {
            answer: page.ok().and_then(Result::ok).unwrap_or(head),
            milliseconds: milliseconds(start.elapsed()),
            ..Events::default()
        });
    }
    let mut events = Events {
        answer: opened.head.clone(),
        ..Events::default()
    };
    let reading = read(plan, opened, &mut events);
    let end = timeout_at(deadline, reading).await;
    events.end = end.unwrap_or(StreamEnd::Late);
    events.milliseconds = milliseconds(start.elapsed());
    Ok(events)
}

/// What the standard has a client check before it reads on.
fn is_stream(opened: &Opened) -> bool {
    opened.head.status == 200 && opened.head.media_type().as_deref() == Some("text/event-stream")
}

async fn read(plan: &SsePlan, mut opened: Opened, seen: &mut Events) -> StreamEnd {
    let mut parser = Parser::default();
    loop {
        let chunk = match opened.chunk().await {
            None => return StreamEnd::Closed,
            Some(Err(no_answer)) => return StreamEnd::Broken(no_answer),
            Some(Ok(chunk)) => chunk,
        };
        seen.bytes += chunk.len() as u64;
        let events = match parser.read(&chunk) {
            Ok(events) => events,
            Err(TooLong) => return StreamEnd::TooLong(LONGEST),
        };
        for event in events {
            if !plan.counts(&event.name) {
                seen.others += 1;
                continue;
            }
            seen.events.push((event, jiff::Timestamp::now()));
            if seen.events.len() >= plan.events {
                return StreamEnd::Enough;
            }
        }
        if seen.bytes > MOST_BYTES {
            return StreamEnd::TooMuch;
        }
    }
}
