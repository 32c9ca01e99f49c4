//! Names have the records that they must have, everywhere the same.

use crate::dns::{Code, Reply, word};
use crate::facts::Facts;
use crate::facts::dns::{DnsSeen, ServerSeen};
use crate::figures::ms;
use crate::judged::{self, Judged, attempts};
use crate::plan::{DnsPlan, Wanted, listed_records};
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};
use std::collections::BTreeSet;

pub(crate) const CHECK: Check<Facts> = Check {
    id: "dns",
    title: "names have the records that they must have",
    why: "what answers at an address helps nobody whose name still leads to the old one; and name \
          servers that disagree send every other user elsewhere",
    fix: "ask with the command of the finding, once with `+norecurse` at a name server of the \
          zone: what it says is what others will say when their memory has run out",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.dns, "dns", judge)
}

fn judge(plan: &DnsPlan, seen: &DnsSeen, judged: &mut Judged) {
    let name = &plan.name;
    if let Some(Err(why)) = &seen.zone {
        let what = if plan.wanted == Wanted::None {
            "nothing shows that whoever was asked knows the zone"
        } else {
            "who is to be asked is not known"
        };
        judged.open(format!("`{name}`: {what}: {}", why.reason));
    }
    let mut known = Vec::new();
    for server in &seen.servers {
        match told(plan, server) {
            Ok(reply) => {
                one(plan, server, reply, judged);
                known.push((server, reply));
            }
            Err(why) => judged.open(format!("`{name}`: {why}")),
        }
    }
    disagreement(plan, &known, judged);
}

/// What a server says, or why it says nothing.
fn told<'a>(plan: &DnsPlan, server: &'a ServerSeen) -> Result<&'a Reply, String> {
    let ServerSeen {
        server: who,
        attempts: count,
        ..
    } = server;
    let count = attempts(*count);
    let reply = server.reply.as_ref();
    let reply = reply.map_err(|why| format!("{who} gave no answer ({count}): {}", why.reason))?;
    if let Code::Failed(code) = reply.code {
        return Err(format!("{who} answered {code} ({count})"));
    }
    if plan.authoritative.is_some() && !reply.is_authoritative {
        return Err(format!(
            "{who} is named for the zone and does not speak for it"
        ));
    }
    if !reply.records.is_empty() {
        return Ok(reply);
    }
    // Who asks nobody knows its own zones alone.
    let is_alone = plan.authoritative.is_some() || !reply.is_recursive;
    match reply.chain.last() {
        Some(target) if is_alone => Err(format!(
            "{who} answered that it stands for `{}`, whose records are in another zone",
            crate::answer::shown(target, 120)
        )),
        None if is_alone && !reply.is_authoritative => Err(format!(
            "{who} does not speak for the zone and asks nobody, so that no record from it means \
             nothing"
        )),
        Some(_) | None => Ok(reply),
    }
}

/// What a server says, as people read it.
fn said(reply: &Reply) -> String {
    match (&reply.code, reply.records.is_empty()) {
        (Code::NoSuchName, _) => "no such name".into(),
        (Code::Failed(code), _) => (*code).into(),
        (Code::Known, true) => "no such record".into(),
        (Code::Known, false) => listed_records(&reply.records),
    }
}

fn one(plan: &DnsPlan, server: &ServerSeen, reply: &Reply, judged: &mut Judged) {
    let (name, what) = (&plan.name, format!("{} of {}", word(plan.kind), plan.shown));
    let said = said(reply);
    let who = &server.server;
    let records: BTreeSet<String> = reply.records.iter().cloned().collect();
    let is_there = reply.code == Code::Known && !records.is_empty();
    let is_right = match &plan.wanted {
        Wanted::None => records.is_empty(),
        Wanted::Some(some) => is_there && some.is_subset(&records),
        Wanted::Exactly(all) => is_there && *all == records,
    };
    if !is_right {
        let message = format!("`{name}`: {what} is {said}, by {who}");
        let finding = Finding::new(message).compared(said, plan.wanted.to_string());
        judged.wrong(finding.on(plan.url()).reproduce(&plan.reproduce));
        return;
    }
    let ttl = reply.ttl.filter(|_| !records.is_empty());
    let ttl = ttl.map(|ttl| format!("TTL {ttl} s, ")).unwrap_or_default();
    let chain = reply.chain.last();
    let chain = chain.map(|end| format!(" by way of `{}`", crate::answer::shown(end, 120)));
    judged.holds(format!(
        "`{name}`: {what} is {said}{} ({ttl}by {who}, {}, {})",
        chain.unwrap_or_default(),
        ms(server.milliseconds),
        attempts(server.attempts)
    ));
    kept(plan, server, reply, judged);
}

/// How long others may keep the records.
fn kept(plan: &DnsPlan, server: &ServerSeen, reply: &Reply, judged: &mut Judged) {
    let (Some(most), Some(ttl)) = (plan.ttl_at_most, reply.ttl) else {
        return;
    };
    let (name, who, shown) = (&plan.name, &server.server, &plan.shown);
    if u64::from(ttl) > most.duration().as_secs() {
        let message = format!(
            "`{name}`: {} of {shown} may be kept for {ttl} s, by {who}, and {most} is the most",
            word(plan.kind)
        );
        let finding = Finding::new(message).compared(format!("TTL {ttl} s"), format!("TTL {most}"));
        judged.wrong(finding.on(plan.url()).reproduce(&plan.reproduce));
    } else if !reply.is_authoritative {
        judged.open(format!(
            "`{name}`: {who} says a TTL of {ttl} s from its memory, where it has been counting \
             down (`authoritative: true` asks those who know)"
        ));
    }
}

/// Name servers of one zone must say the same.
fn disagreement(plan: &DnsPlan, known: &[(&ServerSeen, &Reply)], judged: &mut Judged) {
    let is_other = |pair: &[(&ServerSeen, &Reply)]| match pair {
        [(_, one), (_, other)] => {
            (&one.code, &one.records, &one.chain) != (&other.code, &other.records, &other.chain)
        }
        _ => false,
    };
    if !known.windows(2).any(is_other) {
        return;
    }
    let each: Vec<String> = (known.iter())
        .map(|(server, reply)| format!("{}: {}", server.server, said(reply)))
        .collect();
    let name = &plan.name;
    let message = format!(
        "`{name}`: the name servers do not agree on {} of {}",
        word(plan.kind),
        plan.shown
    );
    let finding = Finding::new(message).compared(each.join("; "), "one answer of all");
    judged.wrong(finding.on(plan.url()).reproduce(&plan.reproduce));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::facts::Fact;
    use crate::sample::facts;
    use shared::config::{RecordType, Span};

    fn plan(wanted: Wanted) -> DnsPlan {
        DnsPlan {
            name: "apex".into(),
            host: "cal.test".into(),
            shown: "cal.test".into(),
            kind: RecordType::A,
            wanted,
            ttl_at_most: None,
            resolver: None,
            authoritative: None,
            within: Span::seconds(5),
            reproduce: "dig cal.test A".into(),
        }
    }

    fn set(records: &[&str]) -> BTreeSet<String> {
        records.iter().map(|record| (*record).to_owned()).collect()
    }

    fn exactly() -> DnsPlan {
        plan(Wanted::Exactly(set(&["192.0.2.1"])))
    }

    fn reply(records: &[&str]) -> Reply {
        Reply {
            code: Code::Known,
            is_authoritative: true,
            is_recursive: true,
            chain: Vec::new(),
            records: records.iter().map(|record| (*record).to_owned()).collect(),
            ttl: (!records.is_empty()).then_some(300),
        }
    }

    fn by(server: &str, reply: Result<Reply, NoAnswer>) -> ServerSeen {
        ServerSeen {
            server: server.into(),
            reply,
            milliseconds: 1.5,
            attempts: 1,
        }
    }

    fn outcome(plan: DnsPlan, servers: Vec<ServerSeen>) -> Outcome {
        let is_proven = plan.wanted == Wanted::None || plan.authoritative.is_some();
        let mut facts = facts();
        let seen = Ok(DnsSeen {
            zone: is_proven.then(|| Ok("cal.test".into())),
            servers,
        });
        facts.probes.dns = vec![Fact { plan, seen }];
        check(&facts)
    }

    fn fails(message: &str, observed: &str, expected: &str) -> Outcome {
        Outcome::fail(
            Finding::new(message)
                .on("dns:cal.test?type=A")
                .compared(observed, expected)
                .reproduce("dig cal.test A"),
        )
    }

    #[test]
    fn the_records_that_are_wanted_pass_with_their_ttl_and_who_said_so() {
        assert_eq!(
            outcome(exactly(), vec![by("r:53", Ok(reply(&["192.0.2.1"])))]),
            Outcome::pass(
                "`apex`: A of cal.test is 192.0.2.1 (TTL 300 s, by r:53, 1.5 ms, 1 attempt)"
            )
        );
        let mut aliased = reply(&["192.0.2.1", "192.0.2.2"]);
        aliased.chain = vec!["lb.test".into()];
        assert_eq!(
            outcome(
                plan(Wanted::Some(set(&["192.0.2.2"]))),
                vec![by("r:53", Ok(aliased))]
            ),
            Outcome::pass(
                "`apex`: A of cal.test is 192.0.2.1, 192.0.2.2 by way of `lb.test` (TTL 300 s, by \
                 r:53, 1.5 ms, 1 attempt)"
            )
        );
    }

    #[test]
    fn other_records_and_too_many_and_none_fail() {
        for records in [&["192.0.2.9"][..], &["192.0.2.1", "192.0.2.9"]] {
            let said = records.join(", ");
            assert_eq!(
                outcome(exactly(), vec![by("r:53", Ok(reply(records)))]),
                fails(
                    &format!("`apex`: A of cal.test is {said}, by r:53"),
                    &said,
                    "192.0.2.1"
                )
            );
        }
        assert_eq!(
            outcome(
                plan(Wanted::Some(set(&[]))),
                vec![by("r:53", Ok(reply(&[])))]
            ),
            fails(
                "`apex`: A of cal.test is no such record, by r:53",
                "no such record",
                "at least one record"
            )
        );
        let mut nothing = reply(&[]);
        nothing.code = Code::NoSuchName;
        assert_eq!(
            outcome(exactly(), vec![by("r:53", Ok(nothing))]),
            fails(
                "`apex`: A of cal.test is no such name, by r:53",
                "no such name",
                "192.0.2.1"
            )
        );
    }

    #[test]
    fn a_record_that_must_not_be_there_fails_and_none_needs_a_proof_that_the_zone_is_known() {
        assert_eq!(
            outcome(
                plan(Wanted::None),
                vec![by("r:53", Ok(reply(&["192.0.2.1"])))]
            ),
            fails(
                "`apex`: A of cal.test is 192.0.2.1, by r:53",
                "192.0.2.1",
                "no record"
            )
        );
        assert_eq!(
            outcome(plan(Wanted::None), vec![by("r:53", Ok(reply(&[])))]),
            Outcome::pass("`apex`: A of cal.test is no such record (by r:53, 1.5 ms, 1 attempt)")
        );
        let mut facts = facts();
        facts.probes.dns = vec![Fact {
            plan: plan(Wanted::None),
            seen: Ok(DnsSeen {
                zone: Some(Err(NoAnswer::new(Break::Name, "no part has name servers"))),
                servers: vec![by("r:53", Ok(reply(&[])))],
            }),
        }];
        assert_eq!(
            check(&facts),
            Outcome::unknown(
                "`apex`: nothing shows that whoever was asked knows the zone: no part has name \
                 servers"
            )
        );
    }

    #[test]
    fn no_record_from_who_would_not_know_of_one_is_unknown() {
        let lone = || Reply {
            is_authoritative: false,
            is_recursive: false,
            ..reply(&[])
        };
        let referral = "`apex`: r:53 does not speak for the zone and asks nobody, so that no \
                        record from it means nothing";
        for wanted in [Wanted::None, Wanted::Exactly(set(&["192.0.2.1"]))] {
            assert_eq!(
                outcome(plan(wanted), vec![by("r:53", Ok(lone()))]),
                Outcome::unknown(referral)
            );
        }
        let mut alias = lone();
        alias.is_authoritative = true;
        alias.chain = vec!["lb.other".into()];
        assert_eq!(
            outcome(plan(Wanted::None), vec![by("r:53", Ok(alias.clone()))]),
            Outcome::unknown(
                "`apex`: r:53 answered that it stands for `lb.other`, whose records are in another \
                 zone"
            )
        );
        // Who asks others has followed it.
        alias.is_recursive = true;
        let followed = outcome(plan(Wanted::None), vec![by("r:53", Ok(alias))]);
        assert_eq!(followed.word(), "pass", "{followed:?}");
        let own = Reply {
            is_authoritative: true,
            ..lone()
        };
        let known = outcome(plan(Wanted::None), vec![by("r:53", Ok(own))]);
        assert_eq!(known.word(), "pass", "{known:?}");
    }

    #[test]
    fn no_such_name_is_never_the_record_that_is_wanted() {
        let mut odd = reply(&["192.0.2.1"]);
        odd.code = Code::NoSuchName;
        let fails = outcome(exactly(), vec![by("r:53", Ok(odd))]);
        assert_eq!(fails.word(), "fail", "{fails:?}");
    }

    #[test]
    fn a_ttl_above_the_limit_fails_and_one_from_memory_is_unknown() {
        let limited = |seconds| DnsPlan {
            ttl_at_most: Some(Span::seconds(seconds)),
            ..exactly()
        };
        let answer = || vec![by("r:53", Ok(reply(&["192.0.2.1"])))];
        assert!(matches!(
            outcome(limited(300), answer()),
            Outcome::Pass { .. }
        ));
        assert_eq!(
            outcome(limited(60), answer()),
            fails(
                "`apex`: A of cal.test may be kept for 300 s, by r:53, and 1m is the most",
                "TTL 300 s",
                "TTL 1m"
            )
        );
        let mut remembered = reply(&["192.0.2.1"]);
        remembered.is_authoritative = false;
        let Outcome::Unknown { reason } =
            outcome(limited(300), vec![by("r:53", Ok(remembered.clone()))])
        else {
            panic!("a TTL from memory decides nothing");
        };
        assert!(reason.contains("from its memory"), "{reason}");
        let too_long = outcome(limited(60), vec![by("r:53", Ok(remembered))]);
        assert!(matches!(too_long, Outcome::Fail { .. }));
    }

    #[test]
    fn name_servers_that_do_not_agree_fail() {
        let zone = DnsPlan {
            authoritative: Some(53),
            ..plan(Wanted::Some(set(&[])))
        };
        let servers = || {
            vec![
                by("ns1 (a)", Ok(reply(&["192.0.2.1"]))),
                by("ns2 (b)", Ok(reply(&["192.0.2.2"]))),
            ]
        };
        assert_eq!(
            outcome(zone.clone(), servers()),
            fails(
                "`apex`: the name servers do not agree on A of cal.test",
                "ns1 (a): 192.0.2.1; ns2 (b): 192.0.2.2",
                "one answer of all"
            )
        );
        let mut same = servers();
        same[1] = by("ns2 (b)", Ok(reply(&["192.0.2.1"])));
        assert!(matches!(outcome(zone, same), Outcome::Pass { .. }));
    }

    #[test]
    fn who_fails_or_does_not_speak_for_the_zone_makes_it_unknown() {
        let zone = DnsPlan {
            authoritative: Some(53),
            ..exactly()
        };
        let mut lame = reply(&["192.0.2.1"]);
        lame.is_authoritative = false;
        let mut failed = reply(&[]);
        failed.code = Code::Failed("SERVFAIL");
        let mut elsewhere = reply(&[]);
        elsewhere.chain = vec!["lb.other".into()];
        let silent = NoAnswer::new(Break::Timeout, "no answer in time");
        for (reply, reason) in [
            (
                Ok(lame),
                "ns2 is named for the zone and does not speak for it",
            ),
            (Ok(failed), "ns2 answered SERVFAIL (1 attempt)"),
            (
                Err(silent),
                "ns2 gave no answer (1 attempt): no answer in time",
            ),
            (
                Ok(elsewhere),
                "ns2 answered that it stands for `lb.other`, whose records are in another zone",
            ),
        ] {
            let good = by("ns1", Ok(super::tests::reply(&["192.0.2.1"])));
            assert_eq!(
                outcome(zone.clone(), vec![good, by("ns2", reply)]),
                Outcome::unknown(format!("`apex`: {reason}"))
            );
        }
    }

    #[test]
    fn no_probe_is_skipped_and_a_zone_that_is_not_found_is_unknown() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `dns` is configured")
        );
        let mut facts = facts();
        facts.probes.dns = vec![Fact {
            plan: exactly(),
            seen: Ok(DnsSeen {
                zone: Some(Err(NoAnswer::new(Break::Machine, "no name server"))),
                servers: Vec::new(),
            }),
        }];
        assert_eq!(
            check(&facts),
            Outcome::unknown("`apex`: who is to be asked is not known: no name server")
        );
    }
}
