//! Ports that must be open or closed, each closed one with an open one that proves the way to it.

use super::Planned;
use super::host::{self, Host};
use super::scope::Scope;
use crate::compose::{self, Environment, Published};
use shared::config::{Located, PortsProbe, Span};
use shared::error::Result;
use shared::gate::Step;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// More ports than this are a scan, which an intrusion detection answers with a blockade.
const MOST_PORTS: usize = 1000;
/// Larger Compose files are not written by people.
const LARGEST_FILE: u64 = 1 << 20;

/// Ports that must be open or closed.
#[derive(Clone, Debug)]
pub(crate) struct PortsPlan {
    /// What it is called.
    pub(crate) name: String,
    /// Where the ports are.
    pub(crate) host: Host,
    /// Ports that must be open.
    pub(crate) open: Vec<u16>,
    /// Ports of which one must be open, or a closed one counts for nothing.
    pub(crate) controls: Vec<u16>,
    /// Ports that must not be open.
    pub(crate) closed: Vec<Closed>,
    /// How long one connection may take.
    pub(crate) within: Span,
}

/// A port that must not be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    /// The port.
    pub(crate) port: u16,
    /// Who publishes it by a Compose file: `` `db` on 127.0.0.1 ``.
    pub(crate) publisher: Option<String>,
}

impl PortsPlan {
    /// The command that tries a port by hand.
    pub(crate) fn reproduce(&self, port: u16) -> String {
        let seconds = self.within.duration().as_secs_f64().ceil();
        let host = crate::reproduce::word(&self.host.shown);
        format!("nc -vz -w {seconds} {host} {port}")
    }
}

impl Planned for PortsPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["port-open", "port-closed"]
    }

    fn steps(&self) -> Vec<Step> {
        let Self {
            name, host, within, ..
        } = self;
        let closed: Vec<u16> = self.closed.iter().map(|closed| closed.port).collect();
        let mut steps = Vec::new();
        for (ports, wanted) in [(&self.open, "open"), (&closed, "closed")] {
            if !ports.is_empty() {
                let count = ports.len();
                steps.push(Step::reads(
                    format!("probe `{name}`: {count} {wanted}, {within} for each connection"),
                    format!("connect to {}, ports {}", host.shown, listed(ports)),
                ));
            }
        }
        steps
    }

    fn requests(&self) -> u64 {
        // The control is tried again when all others have been.
        let again = usize::from(!self.closed.is_empty());
        (self.controls.len() + self.closed.len() + again) as u64
    }
}

/// `22, 80, 7890-7892`.
pub(crate) fn listed(ports: &[u16]) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    let sorted: BTreeSet<u16> = ports.iter().copied().collect();
    for port in sorted {
        match runs.last_mut() {
            Some((_, last)) if port - *last == 1 => *last = port,
            Some(_) | None => runs.push((port, port)),
        }
    }
    let written = runs.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}-{last}"),
    });
    written.collect::<Vec<_>>().join(", ")
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &PortsProbe) -> Result<PortsPlan> {
    let (host, own) = host::of(scope, probe.at.as_ref(), probe.host.as_ref())?;
    let open = named(scope, &probe.open)?;
    let mut closed: BTreeMap<u16, Option<String>> = BTreeMap::new();
    for port in named(scope, &probe.closed)? {
        closed.insert(port, None);
    }
    if let Some(both) = probe.closed.iter().find(|port| open.contains(&port.value)) {
        let message = format!("wants port {} both open and closed", both.value);
        return Err(scope.refuse_at(both, message));
    }
    if let Some(file) = &probe.compose {
        for (port, publisher) in published(scope, file, &open)? {
            closed.entry(port).or_insert(Some(publisher));
        }
    }
    if open.is_empty() && closed.is_empty() {
        return Err(scope.refuse("names no port, so nothing would be examined"));
    }
    if open.len() + closed.len() > MOST_PORTS {
        let count = open.len() + closed.len();
        return Err(scope.refuse(format!("has {count} ports, and {MOST_PORTS} are the most")));
    }
    if probe.within.duration().is_zero() {
        return Err(scope.refuse("has a `within` of 0"));
    }
    if let Some(own) = own.filter(|own| closed.contains_key(own)) {
        let message = format!("wants port {own} closed, at which the address itself is");
        return Err(scope.refuse(message).hint("name it in `open`"));
    }
    let controls = match own {
        _ if !open.is_empty() => open.clone(),
        Some(own) => vec![own],
        None => {
            let message = "has no `open`, so nothing would show that its host can be reached";
            return Err(scope.refuse(message));
        }
    };
    let closed = closed.into_iter();
    let closed = closed.map(|(port, publisher)| Closed { port, publisher });
    Ok(PortsPlan {
        name: probe.name.value.clone(),
        host,
        open,
        controls,
        closed: closed.collect(),
        within: probe.within,
    })
}

fn named(scope: &Scope<'_>, ports: &[Located<u16>]) -> Result<Vec<u16>> {
    if let Some(zero) = ports.iter().find(|port| port.value == 0) {
        return Err(scope.refuse_at(zero, "has the port 0, which nothing listens on"));
    }
    let distinct: BTreeSet<u16> = ports.iter().map(|port| port.value).collect();
    Ok(distinct.into_iter().collect())
}

/// The TCP ports that a Compose file publishes and that need not be open, and who does.
fn published(
    scope: &Scope<'_>,
    file: &Located<PathBuf>,
    open: &[u16],
) -> Result<BTreeMap<u16, String>> {
    let shown = file.value.display();
    let refuse =
        |why: String| scope.refuse_at(file, format!("has `compose: {shown}`, which {why}"));
    let path = scope.context.config.path(&file.value);
    let text = shared::file::read_text(&path, LARGEST_FILE)
        .map_err(|error| refuse("cannot be read".into()).source(error))?;
    let document = shared::config::yaml_value(&text, &path.display().to_string())?;
    let environment = Environment::beside(&path).map_err(|error| {
        refuse("has a `.env` beside it that cannot be read".into()).source(error)
    })?;
    let process = |name: &str| scope.context.config.variable(name);
    let lookup = |name: &str| environment.value(name, &process);
    let services = compose::services(&document, &lookup).map_err(refuse)?;
    let mut ports = BTreeMap::new();
    let mut is_any = false;
    for service in &services {
        for published in service
            .published
            .iter()
            .filter(|published| published.is_tcp)
        {
            is_any = true;
            let Published { host_ip, .. } = published;
            let on = host_ip.as_ref().map(|ip| format!(" on {ip}"));
            let publisher = format!("`{}`{}", service.name, on.unwrap_or_default());
            for port in published.ports.clone().filter(|port| !open.contains(port)) {
                ports.entry(port).or_insert_with(|| publisher.clone());
            }
        }
    }
    match (is_any, ports.is_empty()) {
        (false, _) => Err(refuse("publishes no TCP port".into())),
        (true, true) => Err(refuse(
            "publishes no TCP port besides those in `open`, so none would be closed".into(),
        )),
        (true, false) => Ok(ports),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_listed_in_order_and_runs_as_ranges() {
        for (ports, text) in [
            (vec![80], "80"),
            (vec![443, 22, 80], "22, 80, 443"),
            (vec![7892, 7890, 7891, 22], "22, 7890-7892"),
            (vec![1, 2, 65535, 65534], "1, 2, 65534, 65535"),
            (vec![], ""),
        ] {
            assert_eq!(listed(&ports), text);
        }
    }
}
