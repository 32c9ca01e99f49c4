//! Ports as they may be seen, for the tests of both checks.

use crate::answer::{Break, NoAnswer};
use crate::facts::Fact;
use crate::facts::ports::{AddressSeen, PortSeen, PortState, PortsSeen};
use crate::plan::PortsPlan;
use crate::plan::host::Host;
use crate::plan::ports::Closed;
use shared::config::Span;
use shared::secret::Secret;

/// A probe of the host `h`; the service `db` publishes 5432.
pub(crate) fn fact(
    open: &[u16],
    closed: &[u16],
    seen: Result<Vec<AddressSeen>, NoAnswer>,
) -> Fact<PortsPlan, PortsSeen> {
    let closed = closed.iter().map(|port| Closed {
        port: *port,
        publisher: (*port == 5432).then(|| "`db` on 0.0.0.0".into()),
    });
    Fact {
        plan: PortsPlan {
            name: "outside".into(),
            host: Host {
                real: Secret::plain("h"),
                shown: "h".into(),
            },
            open: open.to_vec(),
            controls: open.to_vec(),
            closed: closed.collect(),
            within: Span::seconds(5),
        },
        seen: Ok(PortsSeen {
            left_out: seen.as_ref().err().cloned(),
            addresses: seen.unwrap_or_default(),
        }),
    }
}

/// The first control is in the end as it was in the beginning.
pub(crate) fn address(ip: &str, controls: &[PortSeen], closed: &[PortSeen]) -> AddressSeen {
    AddressSeen {
        address: ip.into(),
        controls: controls.to_vec(),
        closed: closed.to_vec(),
        again: controls.first().cloned(),
    }
}

pub(crate) fn seen(port: u16, word: &str) -> PortSeen {
    PortSeen {
        port,
        state: state(word),
        milliseconds: 1.5,
    }
}

pub(crate) fn state(word: &str) -> PortState {
    match word {
        "open" => PortState::Open(String::new()),
        "refused" => PortState::Refused,
        "filtered" => PortState::Filtered,
        "no route" => PortState::NoRoute,
        other => PortState::Untried(NoAnswer::new(Break::Other, other)),
    }
}
