//! Every port that must be open accepts connections.

use crate::facts::Facts;
use crate::facts::ports::{AddressSeen, PortSeen, PortState};
use crate::figures::ms;
use crate::judged::{self, Judged};
use crate::plan::PortsPlan;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "port-open",
    title: "every port that must be open accepts connections",
    why: "a service that listens on the wrong port or address, or behind a firewall that was not \
          opened for it, runs and serves nobody",
    fix: "refused means that nothing listens there, or only on another address; filtered that a \
          firewall or a security group drops the packets",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let none = "no probe names a port that must be open";
    let is_asked = |plan: &PortsPlan| !plan.open.is_empty();
    judged::those(&facts.probes.ports, none, is_asked, |plan, seen, judged| {
        let addresses = judged.ways(plan, seen);
        for address in addresses {
            at(plan, address, judged);
        }
    })
}

fn at(plan: &PortsPlan, address: &AddressSeen, judged: &mut Judged) {
    let mut open = Vec::new();
    for seen in address
        .controls
        .iter()
        .filter(|seen| plan.open.contains(&seen.port))
    {
        let (port, name, ip) = (seen.port, &plan.name, &address.address);
        match &seen.state {
            PortState::Open(_) => open.push(format!("{port} in {}", ms(seen.milliseconds))),
            PortState::Refused | PortState::Filtered => judged.wrong(closed(plan, ip, seen)),
            PortState::NoRoute if address.control().is_some() => {
                judged.wrong(closed(plan, ip, seen));
            }
            PortState::NoRoute => {
                judged.open(format!(
                    "`{name}`: no way leads to port {port} of {ip} from here"
                ));
            }
            PortState::Untried(why) => {
                judged.open(format!("`{name}`: port {port} of {ip}: {}", why.reason));
            }
        }
    }
    if !open.is_empty() {
        let (name, ip) = (&plan.name, &address.address);
        judged.holds(format!(
            "`{name}`: {ip} accepted a connection on {}",
            open.join(", ")
        ));
    }
}

fn closed(plan: &PortsPlan, ip: &str, seen: &PortSeen) -> Finding {
    let PortSeen {
        port,
        state,
        milliseconds,
    } = seen;
    let (name, within) = (&plan.name, plan.within);
    let message = match state {
        PortState::Filtered => {
            format!("`{name}`: port {port} of {ip} accepted no connection within {within}")
        }
        PortState::NoRoute => {
            format!("`{name}`: a connection to port {port} of {ip} was rejected on the way")
        }
        PortState::Open(_) | PortState::Refused | PortState::Untried(_) => {
            format!("`{name}`: port {port} of {ip} refused a connection")
        }
    };
    Finding::new(message)
        .on(format!("tcp://{}:{port}", plan.host.shown))
        .compared(
            format!("{state} after {}", ms(*milliseconds)),
            format!("open within {within}"),
        )
        .reproduce(plan.reproduce(*port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::sample::facts;
    use crate::sample::ports::{address, fact, seen, state};

    fn outcome(addresses: Vec<AddressSeen>) -> Outcome {
        let mut facts = facts();
        facts.probes.ports = vec![fact(&[443, 22], &[], Ok(addresses))];
        check(&facts)
    }

    fn reason(outcome: Outcome) -> String {
        match outcome {
            Outcome::Unknown { reason } => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ports_that_accept_connections_pass_with_their_times() {
        assert_eq!(
            outcome(vec![address(
                "192.0.2.1",
                &[seen(22, "open"), seen(443, "open")],
                &[]
            )]),
            Outcome::pass(
                "`outside`: 192.0.2.1 accepted a connection on 22 in 1.5 ms, 443 in 1.5 ms"
            )
        );
    }

    #[test]
    fn a_refused_and_a_filtered_port_fail_and_are_told_apart() {
        let ports = [seen(22, "refused"), seen(443, "filtered")];
        assert_eq!(
            outcome(vec![address("192.0.2.1", &ports, &[])]),
            Outcome::Fail {
                findings: vec![
                    Finding::new("`outside`: port 22 of 192.0.2.1 refused a connection")
                        .on("tcp://h:22")
                        .compared("refused after 1.5 ms", "open within 5s")
                        .reproduce("nc -vz -w 5 h 22"),
                    Finding::new(
                        "`outside`: port 443 of 192.0.2.1 accepted no connection within 5s"
                    )
                    .on("tcp://h:443")
                    .compared("filtered after 1.5 ms", "open within 5s")
                    .reproduce("nc -vz -w 5 h 443"),
                ]
            }
        );
    }

    #[test]
    fn no_route_is_unknown_unless_another_address_answers() {
        let away = || {
            address(
                "2001:db8::1",
                &[seen(22, "no route"), seen(443, "no route")],
                &[],
            )
        };
        let there = address("192.0.2.1", &[seen(22, "open"), seen(443, "open")], &[]);
        assert_eq!(
            reason(outcome(vec![away()])),
            "`outside`: no way leads to port 22 of 2001:db8::1 from here; `outside`: no way leads \
             to port 443 of 2001:db8::1 from here"
        );
        assert!(matches!(outcome(vec![away(), there]), Outcome::Pass { .. }));
    }

    #[test]
    fn one_address_of_several_that_rejects_is_not_passed_over() {
        let there = || address("192.0.2.1", &[seen(22, "open"), seen(443, "open")], &[]);
        let rejects = address(
            "192.0.2.2",
            &[seen(22, "no route"), seen(443, "no route")],
            &[],
        );
        assert_eq!(
            reason(outcome(vec![there(), rejects])),
            "`outside`: no way leads to port 22 of 192.0.2.2 from here; `outside`: no way leads \
             to port 443 of 192.0.2.2 from here"
        );
        let beside = address("192.0.2.2", &[seen(22, "open"), seen(443, "no route")], &[]);
        let Outcome::Fail { findings } = outcome(vec![there(), beside]) else {
            panic!("a firewall rejects it");
        };
        assert_eq!(
            findings[0].message,
            "`outside`: a connection to port 443 of 192.0.2.2 was rejected on the way"
        );
    }

    #[test]
    fn an_address_that_was_not_looked_at_is_unknown() {
        let mut facts = facts();
        let there = address("192.0.2.1", &[seen(443, "open")], &[]);
        let mut fact = fact(&[443], &[], Ok(vec![there]));
        if let Ok(seen) = &mut fact.seen {
            seen.left_out = Some(NoAnswer::new(Break::Other, "`h` has 40 addresses"));
        }
        facts.probes.ports = vec![fact];
        assert_eq!(
            check(&facts),
            Outcome::unknown("`outside`: `h` has 40 addresses")
        );
    }

    #[test]
    fn a_name_that_means_nothing_and_an_attempt_that_was_not_made_are_unknown() {
        let mut facts = facts();
        let nowhere = NoAnswer::new(Break::Name, "`h`: unknown");
        facts.probes.ports = vec![fact(&[443], &[], Err(nowhere))];
        assert_eq!(check(&facts), Outcome::unknown("`outside`: `h`: unknown"));
        let mut port = seen(443, "open");
        port.state = PortState::Untried(NoAnswer::new(Break::Machine, "too many open files"));
        assert_eq!(
            reason(outcome(vec![address("192.0.2.1", &[port], &[])])),
            "`outside`: port 443 of 192.0.2.1: too many open files"
        );
        assert_eq!(state("refused"), PortState::Refused);
    }

    #[test]
    fn a_probe_without_open_ports_is_skipped() {
        let mut facts = facts();
        facts.probes.ports = vec![fact(&[], &[5432], Ok(Vec::new()))];
        assert_eq!(
            check(&facts),
            Outcome::skipped("no probe names a port that must be open")
        );
    }
}
