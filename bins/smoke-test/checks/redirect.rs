//! Every redirect leads where its probe says.

use crate::facts::{Facts, Hop, HttpSeen};
use crate::judged::Judged;
use crate::plan::HttpPlan;
use crate::sensitive::discreet_url;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "redirect",
    title: "every redirect leads where its probe says",
    why: "a redirect to the old host, to plain HTTP or in a circle is a status 30x like any other",
    fix: "compare the hops of the finding with the rules of the proxy and of the service",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    let redirected = facts.probes.http.iter();
    let redirected: Vec<_> = redirected
        .filter(|fact| !fact.plan.expectations.redirects.is_empty())
        .collect();
    if redirected.is_empty() {
        return Outcome::skipped("no probe expects redirects");
    }
    let mut judged = Judged::default();
    for fact in redirected {
        match &fact.seen {
            Ok(seen) => judge(&fact.plan, seen, &mut judged),
            Err(why) => judged.unasked(&fact.plan.name, why),
        }
    }
    judged.outcome()
}

fn judge(plan: &HttpPlan, seen: &HttpSeen, judged: &mut Judged) {
    let name = &plan.name;
    let wanted = &plan.expectations.redirects;
    for (hop, wanted) in seen.hops.iter().zip(wanted) {
        if hop.location != Some(wanted.place()) {
            let there = place(hop);
            let message = format!("`{name}`: {} redirects to {there}", hop.url);
            judged.wrong(finding(
                plan,
                message,
                format!("{} to {there}", hop.status),
                &wanted.shown,
            ));
            return;
        }
    }
    if seen.hops.len() == wanted.len() {
        let last = wanted
            .last()
            .map(|url| url.shown.as_str())
            .unwrap_or_default();
        return judged.holds(format!("`{name}`: {} to {last}", listed(&seen.hops)));
    }
    let missing = &wanted[seen.hops.len()].shown;
    match &seen.asked.answer {
        Err(no_answer) => judged.silent(name, seen.asked.attempts, no_answer),
        Ok(answer) => {
            let from = match seen.hops.len() {
                0 => &plan.request.url.shown,
                hops => &wanted[hops - 1].shown,
            };
            let status = answer.status;
            let message = format!("`{name}`: {from} answers {status} and redirects nowhere");
            judged.wrong(finding(plan, message, status.to_string(), missing));
        }
    }
}

fn finding(plan: &HttpPlan, message: String, observed: String, wanted: &str) -> Finding {
    Finding::new(message)
        .on(&plan.request.url.shown)
        .compared(observed, format!("a redirect to {wanted}"))
        .reproduce(&plan.reproduce)
}

fn place(hop: &Hop) -> String {
    match &hop.location {
        Some(location) => format!("`{}`", crate::answer::shown(&discreet_url(location), 200)),
        None => "nowhere (it has no `location`)".into(),
    }
}

/// `301 from http://h/, 302 from https://h/`.
fn listed(hops: &[Hop]) -> String {
    let hops = hops
        .iter()
        .map(|hop| format!("{} from {}", hop.status, hop.url));
    hops.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::sample::{facts, http_fact, request};

    fn outcome(status: u16, locations: &[Option<&str>]) -> Outcome {
        let mut fact = http_fact(status, "");
        fact.plan.expectations.redirects = vec![request("/b").url, request("/c").url];
        if let Ok(seen) = &mut fact.seen {
            let urls = ["http://h/api/health", "http://h/b"];
            let hops = locations.iter().zip(urls).map(|(location, url)| Hop {
                url: url.into(),
                status: 302,
                location: location.map(str::to_owned),
            });
            seen.hops = hops.collect();
        }
        let mut facts = facts();
        facts.probes.http.push(fact);
        check(&facts)
    }

    fn message(outcome: Outcome) -> String {
        match outcome {
            Outcome::Fail { findings } => findings[0].message.clone(),
            other => panic!("should fail, not {other:?}"),
        }
    }

    #[test]
    fn hops_as_declared_pass_with_each_of_them() {
        assert_eq!(
            outcome(200, &[Some("http://h/b"), Some("http://h/c")]),
            Outcome::pass(
                "`health`: 302 from http://h/api/health, 302 from http://h/b to http://h/c"
            )
        );
    }

    #[test]
    fn another_place_no_place_and_no_redirect_are_told_apart() {
        assert_eq!(
            message(outcome(200, &[Some("http://old/b")])),
            "`health`: http://h/api/health redirects to `http://old/b`"
        );
        assert_eq!(
            message(outcome(200, &[None])),
            "`health`: http://h/api/health redirects to nowhere (it has no `location`)"
        );
        assert_eq!(
            message(outcome(200, &[Some("http://h/b")])),
            "`health`: http://h/b answers 200 and redirects nowhere"
        );
        assert_eq!(
            message(outcome(404, &[])),
            "`health`: http://h/api/health answers 404 and redirects nowhere"
        );
    }

    #[test]
    fn no_answer_on_the_way_is_unknown_and_no_redirect_is_skipped() {
        let mut fact = http_fact(200, "");
        fact.plan.expectations.redirects = vec![request("/b").url];
        if let Ok(seen) = &mut fact.seen {
            seen.asked.answer = Err(NoAnswer::new(Break::Refused, "connection refused"));
        }
        let mut silent = facts();
        silent.probes.http.push(fact);
        assert_eq!(
            check(&silent),
            Outcome::unknown("`health` had no answer (1 attempt): connection refused")
        );
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe expects redirects")
        );
    }
}
