//! No port that must be closed accepts connections, as seen beside one that does.

use crate::facts::Facts;
use crate::facts::ports::{AddressSeen, PortSeen, PortState};
use crate::figures::ms;
use crate::judged::{self, Judged};
use crate::plan::{PortsPlan, listed_ports};
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "port-closed",
    title: "no port that must be closed accepts connections",
    why: "a database that Compose publishes is open to the world even behind ufw, which does not \
          see the rules of Docker; and a port counts as closed only where another one answers",
    fix: "bind it to 127.0.0.1 or publish it not at all; for an unknown, name an open port of the \
          same host in `open`, and see whether this machine reaches it",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let none = "no probe names a port that must be closed";
    let is_asked = |plan: &PortsPlan| !plan.closed.is_empty();
    judged::those(&facts.probes.ports, none, is_asked, |plan, seen, judged| {
        let addresses = judged.ways(plan, seen);
        for address in addresses {
            at(plan, address, judged);
        }
    })
}

fn at(plan: &PortsPlan, address: &AddressSeen, judged: &mut Judged) {
    let (name, ip) = (&plan.name, &address.address);
    for seen in address.closed.iter().filter(|seen| seen.state.is_open()) {
        judged.wrong(open(plan, ip, seen));
    }
    let Some(control) = address.control() else {
        let controls = address.controls.iter();
        let controls = controls.map(|seen| format!("{} {}", seen.port, seen.state));
        let controls = controls.collect::<Vec<_>>().join(", ");
        return judged.open(format!(
            "`{name}`: no open port answers at {ip} ({controls}), so that a closed one means nothing"
        ));
    };
    let port = control.port;
    if !address
        .again
        .as_ref()
        .is_some_and(|again| again.state.is_open())
    {
        judged.open(format!(
            "`{name}`: port {port} of {ip} was open before the closed ports were tried and not \
             after, so that this machine may have been shut out in between"
        ));
        return;
    }
    closed(plan, address, port, judged);
}

fn closed(plan: &PortsPlan, address: &AddressSeen, control: u16, judged: &mut Judged) {
    let (name, ip) = (&plan.name, &address.address);
    let mut said = Vec::new();
    for (state, word) in [
        (PortState::Refused, "refused"),
        (PortState::Filtered, "did not answer on"),
        (PortState::NoRoute, "was shielded by a firewall on"),
    ] {
        let ports = address.closed.iter().filter(|seen| seen.state == state);
        let (ports, times): (Vec<u16>, Vec<f64>) =
            ports.map(|seen| (seen.port, seen.milliseconds)).unzip();
        let slowest = times.into_iter().fold(0.0, f64::max);
        if !ports.is_empty() {
            let (listed, time) = (listed_ports(&ports), ms(slowest));
            said.push(format!("{word} {listed} (within {time})"));
        }
    }
    if !said.is_empty() {
        let said = said.join(" and ");
        judged.holds(format!("`{name}`: {ip} {said}, and port {control} is open"));
    }
    for seen in &address.closed {
        let port = seen.port;
        match &seen.state {
            PortState::Open(_) | PortState::Refused | PortState::Filtered | PortState::NoRoute => {}
            PortState::Untried(why) => {
                judged.open(format!("`{name}`: port {port} of {ip}: {}", why.reason));
            }
        }
    }
}

fn open(plan: &PortsPlan, ip: &str, seen: &PortSeen) -> Finding {
    let (name, port, time) = (&plan.name, seen.port, ms(seen.milliseconds));
    let mut planned = plan.closed.iter();
    let publisher = planned.find(|closed| closed.port == port);
    let publisher = publisher.and_then(|closed| closed.publisher.as_ref());
    let publisher = publisher.map(|service| format!(", which Compose publishes for {service}"));
    let observed = match &seen.state {
        PortState::Open(greeting) if !greeting.is_empty() => {
            format!("open after {time}, greets with `{greeting}`")
        }
        state => format!("{state} after {time}"),
    };
    Finding::new(format!(
        "`{name}`: port {port} of {ip} is open{}",
        publisher.unwrap_or_default()
    ))
    .on(format!("tcp://{}:{port}", plan.host.shown))
    .compared(observed, "refused or filtered")
    .reproduce(plan.reproduce(port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::sample::facts;
    use crate::sample::ports::{address, fact, seen};

    fn outcome(seen: Result<Vec<AddressSeen>, NoAnswer>) -> Outcome {
        let mut facts = facts();
        facts.probes.ports = vec![fact(&[443], &[5432, 6379], seen)];
        check(&facts)
    }

    fn reason(outcome: Outcome) -> String {
        match outcome {
            Outcome::Unknown { reason } => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn closed_ports_pass_beside_an_open_one() {
        let closed = [seen(5432, "refused"), seen(6379, "filtered")];
        assert_eq!(
            outcome(Ok(vec![address(
                "192.0.2.1",
                &[seen(443, "open")],
                &closed
            )])),
            Outcome::pass(
                "`outside`: 192.0.2.1 refused 5432 (within 1.5 ms) and did not answer on 6379 \
                 (within 1.5 ms), and port 443 is open"
            )
        );
    }

    #[test]
    fn an_open_port_fails_with_its_greeting_whatever_the_control_says() {
        let mut redis = seen(6379, "open");
        redis.state = PortState::Open("-NOAUTH".into());
        for control in ["open", "refused"] {
            let closed = [seen(5432, "open"), redis.clone()];
            assert_eq!(
                outcome(Ok(vec![address(
                    "192.0.2.1",
                    &[seen(443, control)],
                    &closed
                )])),
                Outcome::Fail {
                    findings: vec![
                        Finding::new(
                            "`outside`: port 5432 of 192.0.2.1 is open, which Compose publishes \
                             for `db` on 0.0.0.0"
                        )
                        .on("tcp://h:5432")
                        .compared("open after 1.5 ms", "refused or filtered")
                        .reproduce("nc -vz -w 5 h 5432"),
                        Finding::new("`outside`: port 6379 of 192.0.2.1 is open")
                            .on("tcp://h:6379")
                            .compared(
                                "open after 1.5 ms, greets with `-NOAUTH`",
                                "refused or filtered"
                            )
                            .reproduce("nc -vz -w 5 h 6379"),
                    ]
                }
            );
        }
    }

    #[test]
    fn closed_ports_without_an_open_one_mean_nothing() {
        let closed = [seen(5432, "filtered"), seen(6379, "filtered")];
        assert_eq!(
            reason(outcome(Ok(vec![address(
                "192.0.2.1",
                &[seen(443, "filtered")],
                &closed
            )]))),
            "`outside`: no open port answers at 192.0.2.1 (443 filtered), so that a closed one \
             means nothing"
        );
    }

    #[test]
    fn a_machine_that_was_shut_out_in_between_knows_nothing() {
        let closed = [seen(5432, "filtered"), seen(6379, "filtered")];
        let mut shut = address("192.0.2.1", &[seen(443, "open")], &closed);
        shut.again = Some(seen(443, "filtered"));
        assert!(reason(outcome(Ok(vec![shut]))).contains("shut out in between"));
    }

    #[test]
    fn what_a_firewall_rejects_beside_an_open_port_is_closed() {
        let closed = [seen(5432, "refused"), seen(6379, "no route")];
        assert_eq!(
            outcome(Ok(vec![address(
                "192.0.2.1",
                &[seen(443, "open")],
                &closed
            )])),
            Outcome::pass(
                "`outside`: 192.0.2.1 refused 5432 (within 1.5 ms) and was shielded by a firewall \
                 on 6379 (within 1.5 ms), and port 443 is open"
            )
        );
    }

    #[test]
    fn no_way_is_unknown_unless_no_address_of_its_kind_has_one() {
        let far = [seen(5432, "no route"), seen(6379, "no route")];
        let far = || address("2001:db8::1", &[seen(443, "no route")], &far);
        assert!(reason(outcome(Ok(vec![far()]))).contains("443 no route"));
        // Beside an address that can be reached, one that cannot does not count.
        let closed = [seen(5432, "refused"), seen(6379, "refused")];
        let near = address("192.0.2.1", &[seen(443, "open")], &closed);
        assert!(matches!(
            outcome(Ok(vec![far(), near.clone()])),
            Outcome::Pass { .. }
        ));
        let mut same = far();
        same.address = "192.0.2.2".into();
        assert!(reason(outcome(Ok(vec![same, near]))).contains("443 no route"));
    }

    #[test]
    fn a_name_that_means_nothing_is_unknown() {
        let nowhere = NoAnswer::new(Break::Name, "`h`: unknown");
        assert_eq!(
            outcome(Err(nowhere)),
            Outcome::unknown("`outside`: `h`: unknown")
        );
    }

    #[test]
    fn a_probe_without_closed_ports_is_skipped() {
        let mut facts = facts();
        facts.probes.ports = vec![fact(&[443], &[], Ok(Vec::new()))];
        assert_eq!(
            check(&facts),
            Outcome::skipped("no probe names a port that must be closed")
        );
    }
}
