//! Each part of an exchange is fast enough, as the median of several fresh connections.

use crate::answer::{Asked, Phases};
use crate::expectations::status;
use crate::facts::{Facts, HttpSeen};
use crate::figures::{milliseconds, ms};
use crate::judged::Judged;
use crate::plan::HttpPlan;
use shared::check::Check;
use shared::config::{PhaseLimits, Span};
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "phases",
    title: "name, connection, TLS and first byte are each fast enough",
    why: "a slow page may be a slow resolver or a far proxy: each part has a cause of its own",
    fix: "dns is the resolver, connect the network, tls the certificate chain and its round trips, \
          first byte the service",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let mut judged = Judged::default();
    let mut count = 0;
    for fact in &facts.probes.http {
        let Some(limits) = &fact.plan.expectations.phases else {
            continue;
        };
        count += 1;
        match &fact.seen {
            Ok(seen) => judge(&fact.plan, limits, seen, &mut judged),
            Err(why) => judged.unasked(&fact.plan.name, why),
        }
    }
    if count == 0 {
        return Outcome::skipped("no probe limits the phases of an exchange");
    }
    judged.outcome()
}

fn judge(plan: &HttpPlan, limits: &PhaseLimits, seen: &HttpSeen, judged: &mut Judged) {
    let (name, count) = (&plan.name, seen.samples.len());
    if let Some(asked) = &seen.spoilt {
        return spoilt(plan, count, asked, judged);
    }
    if count < limits.samples as usize {
        let wanted = limits.samples;
        return judged.open(format!(
            "`{name}` had {count} of {wanted} answers to measure"
        ));
    }
    for (word, limit, of) in parts(limits) {
        let times: Vec<f64> = seen.samples.iter().filter_map(of).collect();
        if times.len() < count {
            let has = times.len();
            judged.open(format!("`{name}` had {word} in {has} of {count} exchanges"));
            continue;
        }
        let (time, limit) = (median(times), milliseconds(limit));
        let (shown, allowed) = (ms(time), ms(limit));
        if time < limit {
            judged.holds(format!(
                "`{name}`: {word} {shown}, median of {count}, limit {allowed}"
            ));
        } else {
            let message = format!("`{name}`: {word} takes {shown}, and {allowed} are allowed");
            let finding = Finding::new(format!("{message} (median of {count})"))
                .on(&plan.target().shown)
                .compared(shown, format!("under {allowed}"))
                .reproduce(crate::reproduce::phases(plan.target()));
            judged.wrong(finding);
        }
    }
}

/// What came instead of one more sample. A service that answers once and then breaks is not fast.
fn spoilt(plan: &HttpPlan, before: usize, asked: &Asked, judged: &mut Judged) {
    let (name, url, number) = (&plan.name, plan.target(), before + 1);
    match &asked.answer {
        Err(no_answer) => {
            let command = crate::reproduce::phases(url);
            judged.late_or_silent(name, &plan.request, &command, asked.attempts, no_answer);
        }
        Ok(answer) if answer.status == 429 => judged.open(format!(
            "`{name}` was turned away by a rate limit (429) as sample {number}"
        )),
        Ok(answer) => {
            let (status, wanted) = (answer.status, status::wanted(&plan.expectations));
            let message = format!(
                "`{name}` answered {status}, not {wanted}, as sample {number} of its phases"
            );
            let finding = Finding::new(message)
                .on(&url.shown)
                .compared(status.to_string(), wanted)
                .reproduce(&plan.reproduce);
            judged.wrong(finding);
        }
    }
}

type Of = fn(&Phases) -> Option<f64>;
type Part = (&'static str, Span, Of);

fn parts(limits: &PhaseLimits) -> Vec<Part> {
    let all: [(&'static str, Option<Span>, Of); 5] = [
        ("dns", limits.dns, |phases| phases.dns),
        ("connect", limits.connect, |phases| phases.connect),
        ("tls", limits.tls, |phases| phases.tls),
        ("first byte", limits.first_byte, |phases| phases.first_byte),
        ("total", limits.total, |phases| Some(phases.total)),
    ];
    let limited = all.into_iter();
    let limited = limited.filter_map(|(word, limit, of)| Some((word, limit?, of)));
    limited.collect()
}

/// The middle one; of an even number the later of the two in the middle.
fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Answer, Break, NoAnswer};
    use crate::sample::{answer, facts, http_fact};

    fn outcome(first_bytes: &[f64], tls: Option<Span>) -> Outcome {
        let mut fact = http_fact(200, "");
        fact.plan.expectations.phases = Some(PhaseLimits {
            dns: None,
            connect: None,
            tls,
            first_byte: Some(Span::milliseconds(100)),
            total: None,
            samples: 5,
        });
        if let Ok(seen) = &mut fact.seen {
            let samples = first_bytes.iter().map(|time| Phases {
                first_byte: Some(*time),
                ..Phases::default()
            });
            seen.samples = samples.collect();
        }
        let mut facts = facts();
        facts.probes.http.push(fact);
        check(&facts)
    }

    #[test]
    fn the_median_under_its_limit_passes() {
        assert_eq!(
            outcome(&[10.0, 500.0, 20.0, 30.0, 400.0], None),
            Outcome::pass("`health`: first byte 30 ms, median of 5, limit 100 ms")
        );
    }

    #[test]
    fn the_median_over_its_limit_fails() {
        let Outcome::Fail { findings } = outcome(&[150.0, 500.0, 20.0, 30.0, 400.0], None) else {
            panic!("the median is 150 ms");
        };
        assert_eq!(
            findings[0].message,
            "`health`: first byte takes 150 ms, and 100 ms are allowed (median of 5)"
        );
    }

    #[test]
    fn too_few_answers_and_a_part_that_did_not_happen_are_unknown() {
        assert_eq!(
            outcome(&[10.0], None),
            Outcome::unknown("`health` had 1 of 5 answers to measure")
        );
        assert_eq!(
            outcome(&[10.0; 5], Some(Span::milliseconds(50))),
            Outcome::unknown("`health` had tls in 0 of 5 exchanges")
        );
    }

    fn spoilt_by(answer: Result<Answer, NoAnswer>) -> Outcome {
        let mut fact = http_fact(200, "");
        fact.plan.expectations.phases = Some(PhaseLimits {
            dns: None,
            connect: None,
            tls: None,
            first_byte: Some(Span::milliseconds(100)),
            total: None,
            samples: 5,
        });
        if let Ok(seen) = &mut fact.seen {
            seen.samples = vec![Phases::default()];
            let attempts = 1;
            seen.spoilt = Some(Asked { attempts, answer });
        }
        let mut facts = facts();
        facts.probes.http.push(fact);
        check(&facts)
    }

    #[test]
    fn a_sample_with_another_status_or_too_late_fails_and_silence_is_unknown() {
        let Outcome::Fail { findings } = spoilt_by(Ok(answer(500, "boom"))) else {
            panic!("it broke");
        };
        assert_eq!(
            findings[0].message,
            "`health` answered 500, not 200, as sample 2 of its phases"
        );
        let late = spoilt_by(Err(NoAnswer::new(Break::Timeout, "no answer within 10 s")));
        assert_eq!(late.word(), "fail");
        let closed = spoilt_by(Err(NoAnswer::new(Break::Closed, "reset")));
        assert_eq!(
            closed,
            Outcome::unknown("`health` had no answer (1 attempt): reset")
        );
        assert_eq!(
            spoilt_by(Ok(answer(429, ""))),
            Outcome::unknown("`health` was turned away by a rate limit (429) as sample 2")
        );
    }

    #[test]
    fn no_limit_is_skipped() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe limits the phases of an exchange")
        );
    }
}
