//! What was seen of ports.

use crate::answer::{Break, NoAnswer};

/// What was seen of the ports of a host.
#[derive(Clone, Debug, Default)]
pub(crate) struct PortsSeen {
    /// At each of its addresses.
    pub(crate) addresses: Vec<AddressSeen>,
    /// Why some of its addresses, or all, were not looked at.
    pub(crate) left_out: Option<NoAnswer>,
}

impl PortsSeen {
    /// A machine without IPv6 has no way to half of the addresses of most names: where no port of
    /// any of that kind can be reached, and another kind of address is, they do not count.
    pub(crate) fn is_out_of_the_way(&self, address: &AddressSeen) -> bool {
        let same_kind = |other: &&AddressSeen| other.is_ipv6() == address.is_ipv6();
        self.addresses.iter().any(|other| other.control().is_some())
            && (self.addresses.iter().filter(same_kind)).all(AddressSeen::has_no_way)
    }
}

/// What was seen at one address.
#[derive(Clone, Debug)]
pub(crate) struct AddressSeen {
    /// The address.
    pub(crate) address: String,
    /// The ports of which one must be open, tried before the others.
    pub(crate) controls: Vec<PortSeen>,
    /// The ports that must not be open.
    pub(crate) closed: Vec<PortSeen>,
    /// A port that was open before the others were tried, tried again after them.
    pub(crate) again: Option<PortSeen>,
}

impl AddressSeen {
    /// The port that proves the way to this address.
    pub(crate) fn control(&self) -> Option<&PortSeen> {
        self.controls.iter().find(|seen| seen.state.is_open())
    }

    fn is_ipv6(&self) -> bool {
        self.address.contains(':')
    }

    fn has_no_way(&self) -> bool {
        let mut tried = self.controls.iter().chain(&self.closed);
        tried.all(|seen| seen.state == PortState::NoRoute)
    }
}

/// One attempt to connect.
#[derive(Clone, Debug)]
pub(crate) struct PortSeen {
    /// The port.
    pub(crate) port: u16,
    /// What came of it.
    pub(crate) state: PortState,
    /// How long it took, in milliseconds.
    pub(crate) milliseconds: f64,
}

/// What an attempt to connect tells of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortState {
    /// It accepts connections, and greets so when it greets at once.
    Open(String),
    /// Something said at once that nobody listens.
    Refused,
    /// Nothing came back at all.
    Filtered,
    /// No way leads there, or something on the way says so: beside an open port of the same
    /// address it is a firewall that rejects.
    NoRoute,
    /// It could not be tried.
    Untried(NoAnswer),
}

impl PortState {
    /// What a connection that did not come about tells.
    pub(crate) fn of(no_answer: NoAnswer) -> Self {
        match no_answer.at {
            Break::Refused => Self::Refused,
            Break::Timeout => Self::Filtered,
            Break::Unreachable => Self::NoRoute,
            Break::Closed
            | Break::Name
            | Break::Tls
            | Break::Protocol
            | Break::Machine
            | Break::Private
            | Break::Allowance
            | Break::Other => Self::Untried(no_answer),
        }
    }

    /// Whether it accepts connections.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }
}

impl std::fmt::Display for PortState {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open(_) => out.write_str("open"),
            Self::Refused => out.write_str("refused"),
            Self::Filtered => out.write_str("filtered"),
            Self::NoRoute => out.write_str("no route"),
            Self::Untried(why) => out.write_str(why.at.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A port behind a real filter cannot be had without rules of a firewall, so what the system
    // says of one is given here.
    #[test]
    fn the_error_of_the_system_tells_refused_filtered_and_no_route_apart() {
        let of_code = |code| {
            let error = std::io::Error::from_raw_os_error(code);
            PortState::of(NoAnswer::of_io(&error))
        };
        assert_eq!(of_code(111), PortState::Refused);
        assert_eq!(of_code(110), PortState::Filtered);
        assert_eq!(of_code(113), PortState::NoRoute);
        assert_eq!(of_code(101), PortState::NoRoute);
        assert!(matches!(of_code(24), PortState::Untried(_)));
        assert!(matches!(of_code(104), PortState::Untried(_)));
    }
}
