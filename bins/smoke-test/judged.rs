//! What a check says of many probes: what holds, what does not, and what cannot be told.

use crate::answer::{Answer, Asked, Break, NoAnswer};
use crate::expectations::{Found, status};
use crate::facts::ports::{AddressSeen, PortsSeen};
use crate::facts::{Fact, HttpSeen};
use crate::figures::{milliseconds, ms};
use crate::plan::{Expectations, HttpPlan, Planned, PortsPlan, Request};
use shared::verdict::{Finding, Outcome};

/// What a check says of many probes.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    evidence: Vec<String>,
    findings: Vec<Finding>,
    unknown: Vec<String>,
    /// Probes that were not asked, and why.
    unasked: Vec<(String, String)>,
}

impl Judged {
    /// Something holds.
    pub(crate) fn holds(&mut self, evidence: impl Into<String>) {
        self.evidence.push(evidence.into());
    }

    /// Something does not hold.
    pub(crate) fn wrong(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Something cannot be told.
    pub(crate) fn open(&mut self, reason: impl Into<String>) {
        self.unknown.push(reason.into());
    }

    /// A probe was not asked.
    pub(crate) fn unasked(&mut self, name: &str, why: &str) {
        self.unasked.push((name.to_owned(), why.to_owned()));
    }

    /// Whether anything was found.
    pub(crate) fn has_findings(&self) -> bool {
        !self.findings.is_empty()
    }

    /// How many findings there are until now.
    pub(crate) fn findings(&self) -> usize {
        self.findings.len()
    }

    /// The worst of it.
    pub(crate) fn outcome(mut self) -> Outcome {
        let is_bare = self.evidence.is_empty() && self.findings.is_empty();
        match self.unasked.first() {
            // Where nothing at all was asked, and for one reason, that is all there is to say.
            Some((_, why))
                if is_bare
                    && self.unknown.is_empty()
                    && self.unasked.iter().all(|(_, other)| other == why) =>
            {
                return Outcome::unknown(why.clone());
            }
            Some(_) | None => {}
        }
        let unasked = self.unasked.iter();
        self.unknown
            .extend(unasked.map(|(name, why)| format!("`{name}` was {why}")));
        Outcome::judge(self.evidence, self.findings, self.unknown)
    }
}

/// Judges every probe of a kind. None is skipped, and one that was not asked is unknown.
pub(crate) fn each<P: Planned, S>(
    facts: &[Fact<P, S>],
    kind: &str,
    judge: impl Fn(&P, &S, &mut Judged),
) -> Outcome {
    let none = format!("no probe of the kind `{kind}` is configured");
    those(facts, &none, |_| true, judge)
}

/// The same for those probes alone that ask for something.
pub(crate) fn those<P: Planned, S>(
    facts: &[Fact<P, S>],
    none: &str,
    is_asked: impl Fn(&P) -> bool,
    judge: impl Fn(&P, &S, &mut Judged),
) -> Outcome {
    if !facts.iter().any(|fact| is_asked(&fact.plan)) {
        return Outcome::skipped(none);
    }
    let mut judged = Judged::default();
    for fact in facts.iter().filter(|fact| is_asked(&fact.plan)) {
        match &fact.seen {
            Ok(seen) => judge(&fact.plan, seen, &mut judged),
            Err(why) => judged.unasked(fact.plan.name(), why),
        }
    }
    judged.outcome()
}

/// `1 attempt`, `3 attempts`.
pub(crate) fn attempts(count: impl Into<u64>) -> String {
    match count.into() {
        1 => "1 attempt".into(),
        count => format!("{count} attempts"),
    }
}

/// What would decide, when too little was seen.
pub(crate) fn enough(needed: Option<u64>, what: &str) -> String {
    match needed {
        Some(needed) => format!("about {needed} {what} would decide"),
        None => format!("it is so close to the limit that no number of {what} would decide"),
    }
}

/// Judges one part of the answers that single requests got. An answer with the wrong status is
/// not judged any further: an error page is wrong in every way.
pub(crate) fn part(
    facts: &[Fact<HttpPlan, HttpSeen>],
    what: &str,
    is_expected: impl Fn(&Expectations) -> bool,
    judge: impl Fn(&Expectations, &Answer) -> Found,
) -> Outcome {
    let mut judged = Judged::default();
    let mut count = 0;
    for fact in facts {
        let (name, expectations) = (&fact.plan.name, &fact.plan.expectations);
        if !is_expected(expectations) {
            continue;
        }
        count += 1;
        match &fact.seen {
            Err(why) => judged.unasked(name, why),
            Ok(seen) => match &seen.asked.answer {
                Err(no_answer) => judged.silent(name, seen.asked.attempts, no_answer),
                Ok(answer) if !expectations.status.contains(&answer.status) => {
                    let (status, wanted) = (answer.status, status::wanted(expectations));
                    judged.open(format!("`{name}` answered {status}, not {wanted}"));
                }
                Ok(answer) => {
                    let found = judge(expectations, answer);
                    judged.add(
                        &fact.plan.name,
                        &fact.plan.request,
                        &fact.plan.reproduce,
                        found,
                    );
                }
            },
        }
    }
    if count == 0 {
        return Outcome::skipped(format!("no probe expects {what}"));
    }
    judged.outcome()
}

impl Judged {
    /// There was no answer, and that decides nothing by itself.
    pub(crate) fn silent(&mut self, name: &str, count: u32, no_answer: &NoAnswer) {
        let (attempts, reason) = (attempts(count), &no_answer.reason);
        self.open(format!("`{name}` had no answer ({attempts}): {reason}"));
    }

    /// A request went unanswered: in time is part of what is expected, everything else may as well
    /// be the network of this machine.
    pub(crate) fn late_or_silent(
        &mut self,
        name: &str,
        request: &Request,
        reproduce: &str,
        count: u32,
        no_answer: &NoAnswer,
    ) {
        if no_answer.at != Break::Timeout {
            return self.silent(name, count, no_answer);
        }
        let within = request.within;
        let message = format!(
            "`{name}` had no whole answer in time, and {within} are allowed ({})",
            attempts(count)
        );
        let finding = Finding::new(message)
            .on(&request.url.shown)
            .compared(&no_answer.reason, format!("an answer within {within}"))
            .reproduce(reproduce);
        self.wrong(finding);
    }

    /// The addresses of a host to which a way leads; what is said of the others.
    pub(crate) fn ways<'a>(
        &mut self,
        plan: &PortsPlan,
        seen: &'a PortsSeen,
    ) -> Vec<&'a AddressSeen> {
        let name = &plan.name;
        if let Some(why) = &seen.left_out {
            self.open(format!("`{name}`: {}", why.reason));
        }
        let all = seen.addresses.iter();
        let (away, ways): (Vec<_>, Vec<_>) = all.partition(|one| seen.is_out_of_the_way(one));
        for address in away {
            let ip = &address.address;
            self.holds(format!("`{name}`: no way leads to {ip} from here"));
        }
        ways
    }

    /// An answer that took longer than allowed is a finding, whatever else it is. A little more is
    /// waited for than allowed, so one that comes is not in time for that alone.
    pub(crate) fn in_time(
        &mut self,
        name: &str,
        request: &Request,
        reproduce: &str,
        answer: &Answer,
    ) {
        let (time, limit) = (answer.phases.total, milliseconds(request.within));
        if time <= limit {
            return;
        }
        let (time, limit) = (ms(time), ms(limit));
        let (method, url) = (&request.method, &request.url.shown);
        let message = format!("`{name}`: {method} {url} took {time}, and {limit} are allowed");
        let finding = Finding::new(message)
            .on(url)
            .compared(time, format!("at most {limit}"))
            .reproduce(reproduce);
        self.wrong(finding);
    }

    /// The answer when it can be judged: there is one, with a status that will do.
    pub(crate) fn answered<'a>(
        &mut self,
        name: &str,
        request: &Request,
        asked: &'a Asked,
        statuses: &[u16],
    ) -> Option<&'a Answer> {
        match &asked.answer {
            Err(no_answer) => {
                let reproduce = crate::reproduce::head(request);
                self.late_or_silent(name, request, &reproduce, asked.attempts, no_answer);
                None
            }
            Ok(answer) if statuses.contains(&answer.status) => {
                self.in_time(name, request, &crate::reproduce::head(request), answer);
                Some(answer)
            }
            Ok(answer) => {
                let wanted: Vec<String> = statuses.iter().map(u16::to_string).collect();
                let (method, target) = (&request.method, &request.url.shown);
                self.open(format!(
                    "`{name}`: {method} {target} answered {}, not {}",
                    answer.status,
                    wanted.join(" or ")
                ));
                None
            }
        }
    }

    /// Adds what was found about one answer.
    pub(crate) fn add(&mut self, name: &str, request: &Request, reproduce: &str, found: Found) {
        self.say(name, &request.url.shown, reproduce, found);
    }

    /// Adds what was found about a target.
    pub(crate) fn say(&mut self, name: &str, target: &str, reproduce: &str, found: Found) {
        for evidence in found.evidence {
            self.holds(format!("`{name}`: {evidence}"));
        }
        for reason in found.unknown {
            self.open(format!("`{name}` {reason}"));
        }
        for wrong in found.wrong {
            let finding = Finding::new(format!("`{name}` {}", wrong.message))
                .on(target)
                .compared(wrong.observed, wrong.expected)
                .reproduce(reproduce);
            self.wrong(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_that_were_not_asked_are_named_where_others_were() {
        let judged = |names: &[(&str, &str)]| {
            let mut judged = Judged::default();
            for (name, why) in names {
                judged.unasked(name, why);
            }
            judged
        };
        let rain = "not asked, because it rained";
        let all = judged(&[("a", rain), ("b", rain)]);
        assert_eq!(all.outcome(), Outcome::unknown(rain));
        let two = judged(&[("a", rain), ("b", "not asked")]).outcome();
        let words = "`a` was not asked, because it rained; `b` was not asked";
        assert_eq!(two, Outcome::unknown(words));
        let mut some = judged(&[("a", rain)]);
        some.holds("`b` is well");
        let words = "`a` was not asked, because it rained";
        assert_eq!(some.outcome(), Outcome::unknown(words));
    }
}
