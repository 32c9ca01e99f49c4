//! Plain HTTP and HTTPS at the same host.

use super::Ask;
use crate::answer::{Break, NoAnswer};
use crate::client::Client;
use crate::facts::{Clear, HttpsSeen};
use crate::plan::HttpsPlan;

/// Any answer over HTTPS is one: it only has to be there.
const ANY: [u16; 0] = [];

impl Ask for HttpsPlan {
    type Seen = HttpsSeen;

    async fn ask(&self, client: &Client) -> HttpsSeen {
        let (secure, clear) = tokio::join!(client.ask(&self.secure, &ANY), clear(self, client));
        HttpsSeen { secure, clear }
    }
}

async fn clear(plan: &HttpsPlan, client: &Client) -> Clear {
    let door = plan.door();
    // Waiting for our own allowance is no sign of a closed port.
    if let Err(no_answer) = client.allow().await {
        return Clear::Shut(no_answer);
    }
    let opened = client.tcp(&door.host, door.port);
    let within = plan.clear.within.duration();
    match tokio::time::timeout(within, opened).await {
        // The port is open: this connection is closed, and the answer comes over one of its own.
        Ok(Ok(_)) => Clear::Open(Box::new(client.ask(&plan.clear, &plan.statuses).await)),
        Ok(Err(no_answer)) => Clear::Shut(no_answer),
        Err(_) => {
            let seconds = within.as_secs_f64();
            Clear::Shut(NoAnswer::new(
                Break::Timeout,
                format!("no answer within {seconds} s"),
            ))
        }
    }
}
