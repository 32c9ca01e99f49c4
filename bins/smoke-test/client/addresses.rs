//! The addresses of a name, for what must hold at each of them.

use super::Client;
use crate::answer::{Break, NoAnswer};
use std::net::IpAddr;
use std::time::Duration;

/// Content networks give a name a dozen addresses; what has more than this is not one service.
const MOST: usize = 32;

/// The addresses of a name.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    /// Those that are asked.
    pub(crate) asked: Vec<IpAddr>,
    /// Why some of them, or all, are not.
    pub(crate) left_out: Option<NoAnswer>,
}

impl Client {
    /// Every address of a host that may be asked; `shown` is how the host may be named.
    pub(crate) async fn addresses(&self, host: &str, shown: &str, within: Duration) -> Addresses {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let resolving = tokio::net::lookup_host((bare, 0));
        let unknown = |why: String| Addresses {
            asked: Vec::new(),
            left_out: Some(NoAnswer::new(Break::Name, format!("`{shown}`: {why}"))),
        };
        match tokio::time::timeout(within, resolving).await {
            Ok(Ok(found)) => {
                let found = found.map(|address| address.ip());
                sorted(shown, found, |ip| self.may_reach(ip))
            }
            Ok(Err(error)) => unknown(error.to_string()),
            Err(_) => unknown("no answer".into()),
        }
    }
}

fn sorted(
    shown: &str,
    found: impl Iterator<Item = IpAddr>,
    may_reach: impl Fn(IpAddr) -> Result<(), NoAnswer>,
) -> Addresses {
    let mut addresses = Addresses::default();
    for ip in found {
        match may_reach(ip) {
            Ok(()) if !addresses.asked.contains(&ip) => addresses.asked.push(ip),
            Ok(()) => {}
            Err(why) => addresses.left_out = Some(why),
        }
    }
    let count = addresses.asked.len();
    if count > MOST {
        addresses.asked.truncate(MOST);
        let reason = format!("`{shown}` has {count} addresses, and {MOST} were looked at");
        addresses.left_out = Some(NoAnswer::new(Break::Other, reason));
    } else if count == 0 && addresses.left_out.is_none() {
        let reason = format!("`{shown}` has no address");
        addresses.left_out = Some(NoAnswer::new(Break::Name, reason));
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(count: u8, may_reach: impl Fn(IpAddr) -> Result<(), NoAnswer>) -> (usize, String) {
        let found = (0..count).map(|last| IpAddr::from([192, 0, 2, last]));
        let twice = found.clone().chain(found);
        let addresses = sorted("h", twice, may_reach);
        let left_out = addresses.left_out.map(|why| why.reason);
        (addresses.asked.len(), left_out.unwrap_or_default())
    }

    #[test]
    fn every_address_is_asked_once() {
        assert_eq!(all(12, |_| Ok(())), (12, String::new()));
    }

    #[test]
    fn an_address_that_is_not_asked_is_told() {
        let most = all(40, |_| Ok(()));
        assert_eq!(
            most,
            (32, "`h` has 40 addresses, and 32 were looked at".into())
        );
        let private = |ip: IpAddr| match ip == IpAddr::from([192, 0, 2, 1]) {
            true => Err(NoAnswer::new(Break::Private, "192.0.2.1 is not public")),
            false => Ok(()),
        };
        assert_eq!(all(2, private), (1, "192.0.2.1 is not public".into()));
        assert_eq!(all(0, |_| Ok(())), (0, "`h` has no address".into()));
    }
}
