//! What must be judged of a host that speaks TLS: every address, and every chain of certificates.

use super::{Door, Sent, Shown, TlsSeen};
use crate::answer::Break;
use crate::plan::{TlsPlan, TlsVersion};
use crate::reproduce;

/// What one address showed, as sentences call it.
pub(crate) struct DoorView<'a> {
    /// What it is called; between backticks.
    pub(crate) name: String,
    /// The command that asks it by hand.
    pub(crate) reproduce: String,
    /// What it showed.
    pub(crate) door: &'a Door,
}

/// The certificates of one handshake, as sentences call it.
pub(crate) struct ChainView<'a> {
    /// What it is called; between backticks.
    pub(crate) name: String,
    /// The command that makes the handshake by hand.
    pub(crate) reproduce: String,
    /// What the address showed.
    pub(crate) door: &'a Door,
    /// The handshake.
    pub(crate) shown: &'a Shown,
    /// Its certificates.
    pub(crate) sent: &'a Sent,
}

impl TlsSeen {
    /// Every address that must hold. One is named where there are several.
    pub(crate) fn views(&self, plan: &TlsPlan) -> Vec<DoorView<'_>> {
        let views = self.doors.iter().filter(|door| !self.is_passed_over(door));
        let views = views.map(|door| {
            let (name, reproduce) = (plan.name.clone(), plan.reproduce.clone());
            if self.doors.len() < 2 {
                return DoorView {
                    name,
                    reproduce,
                    door,
                };
            }
            let at = std::net::SocketAddr::new(door.ip, plan.offer.at.port);
            DoorView {
                name: format!("{name}` at `{}", door.ip),
                reproduce: reproduce::handshake(&at.to_string(), &plan.offer.name),
                door,
            }
        });
        views.collect()
    }

    /// Addresses at which nobody gets a certificate, and so none that is wrong.
    pub(crate) fn passed_over(&self) -> Vec<&Door> {
        let doors = self.doors.iter();
        doors.filter(|door| self.is_passed_over(door)).collect()
    }

    /// Where another address answers, clients take that one when nothing listens at this one. And
    /// a machine without IPv6 has no way to half of the addresses of most names.
    fn is_passed_over(&self, door: &Door) -> bool {
        let is = |door: &Door, at| {
            let why = door.first.agreed.as_ref().err();
            why.is_some_and(|why| why.no_answer.at == at)
        };
        let same_family = |other: &&Door| other.ip.is_ipv4() == door.ip.is_ipv4();
        let is_elsewhere = self.doors.iter().any(|door| !door.first.chain.is_empty());
        let mut family = self.doors.iter().filter(same_family);
        is_elsewhere
            && (is(door, Break::Refused) || family.all(|door| is(door, Break::Unreachable)))
    }
}

impl<'a> DoorView<'a> {
    /// Every chain that is sent there: clients of TLS 1.2 may get another one.
    pub(crate) fn chains(&self) -> Vec<ChainView<'a>> {
        let door = self.door;
        let first = (!door.first.chain.is_empty()).then(|| ChainView {
            name: self.name.clone(),
            reproduce: self.reproduce.clone(),
            door,
            shown: &door.first,
            sent: &door.sent,
        });
        let second = door.second_sent.as_ref().map(|sent| ChainView {
            name: format!("{}` in `{}", self.name, TlsVersion::Tls12.name()),
            reproduce: format!("{} -tls1_2", self.reproduce),
            door,
            shown: &door.second,
            sent,
        });
        first.into_iter().chain(second).collect()
    }
}

impl Door {
    /// Why the certificates of TLS 1.2 are not known, where it may be spoken; it follows the name.
    pub(crate) fn silence_in_12(&self) -> Option<String> {
        if !self.second.chain.is_empty() || self.first.chain.is_empty() {
            return None;
        }
        let why = self.second.agreed.as_ref().err()?;
        let reason = &why.no_answer.reason;
        match self.speaks(TlsVersion::Tls12) {
            Some(false) => None,
            // The first handshake agreed on it.
            Some(true) if self.speaks(TlsVersion::Tls13) == Some(false) => None,
            Some(true) => Some(format!(
                "speaks TLSv1.2, and did not show its certificates there: {reason}"
            )),
            None => Some(format!(
                "did not show the certificates of TLSv1.2: {reason}"
            )),
        }
    }
}
