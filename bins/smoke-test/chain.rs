//! How the certificates that a server sends hang together, as far as their names tell.

use crate::certificate::Certificate;

/// The places of those that lead from the first to the last issuer that was sent. Several may have
/// signed the same one, under different issuers of their own.
pub(crate) fn related(chain: &[Certificate]) -> Vec<usize> {
    let mut related: Vec<usize> = Vec::new();
    let mut next = if chain.is_empty() { vec![] } else { vec![0] };
    while let Some(place) = next.pop() {
        related.push(place);
        for (other, certificate) in chain.iter().enumerate() {
            let is_new = !related.contains(&other) && !next.contains(&other);
            if is_new && certificate.subject == chain[place].issuer {
                next.push(other);
            }
        }
    }
    related.sort_unstable();
    related
}

/// The last one that names lead to from the first: the one whose issuer was not sent, or the one
/// that is its own.
pub(crate) fn last(chain: &[Certificate]) -> Option<&Certificate> {
    let related = related(chain);
    let mut related = related
        .into_iter()
        .filter_map(|place| chain.get(place))
        .rev();
    let is_open = |one: &&Certificate| {
        one.is_own_issuer() || !chain.iter().any(|other| other.subject == one.issuer)
    };
    related.find(is_open)
}

/// What is wrong with what was sent besides the first, and with its order.
pub(crate) fn faults(chain: &[Certificate]) -> Vec<(usize, Fault)> {
    let related = related(chain);
    let mut faults = Vec::new();
    for (place, certificate) in chain.iter().enumerate().skip(1) {
        let before = &chain[..place];
        if before.contains(certificate) {
            faults.push((place, Fault::Twice));
        } else if !related.contains(&place) {
            faults.push((place, Fault::Unrelated));
        } else if !before.iter().any(|one| one.issuer == certificate.subject) {
            faults.push((place, Fault::Misplaced));
        }
    }
    faults
}

/// What is wrong with one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It was sent before.
    Twice,
    /// Nothing that was sent is signed by it.
    Unrelated,
    /// It comes before what it signed; TLS 1.2 wants the opposite: RFC 5246, section 7.4.2.
    Misplaced,
}
