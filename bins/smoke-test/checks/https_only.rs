//! Plain HTTP leads to HTTPS or nowhere, and browsers are told to remember it.

use crate::address::Endpoint;
use crate::answer::{Answer, Asked, Break, NoAnswer, shown};
use crate::expectations::Found;
use crate::facts::{Clear, Facts, HttpsSeen};
use crate::fields::strict_transport::StrictTransport;
use crate::judged::{self, attempts};
use crate::plan::HttpsPlan;
use crate::sensitive::discreet_url;
use shared::check::Check;
use shared::config::Hsts;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "https-only",
    title: "plain HTTP leads to HTTPS at the same host or is closed, with HSTS where it is asked for",
    why: "whoever types the address without `https://` is one request away from anybody on the way",
    fix: "have the server answer plain HTTP with 301 or 308 to `https://` at the same host, and send \
          `Strict-Transport-Security` over HTTPS, on errors as well (nginx: `always`)",
    severity: Severity::Error,
    run: check,
};

const HSTS: &str = "strict-transport-security";
/// So much of a foreign address is shown.
const LONGEST_ADDRESS: usize = 200;

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.https, "https", |plan, seen, judged| {
        let (name, secure, clear) = (&plan.name, &plan.secure.url.shown, &plan.clear.url.shown);
        let asked = match &seen.clear {
            Clear::Open(asked) => Some((&plan.clear, &plan.reproduce_clear, &**asked)),
            Clear::Shut(_) => None,
        };
        let secure_one = (&plan.secure, &plan.reproduce_secure, &seen.secure);
        for (request, reproduce, asked) in asked.into_iter().chain([secure_one]) {
            if let Ok(answer) = &asked.answer {
                judged.in_time(name, request, reproduce, answer);
            }
        }
        judged.say(name, clear, &plan.reproduce_clear, in_clear(plan, seen));
        judged.say(
            name,
            secure,
            &plan.reproduce_secure,
            in_secret(plan, &seen.secure),
        );
    })
}

/// What plain HTTP leads to. A closed port is evidence only where HTTPS answers.
fn in_clear(plan: &HttpsPlan, seen: &HttpsSeen) -> Found {
    let mut found = Found::default();
    let url = &plan.clear.url.shown;
    match &seen.clear {
        Clear::Open(asked) => match &asked.answer {
            Ok(answer) => leads(plan, seen, answer, &mut found),
            Err(why) => {
                let (reason, count) = (&why.reason, attempts(asked.attempts));
                found.unknown.push(format!(
                    "has an open port at {url} without an answer ({count}): {reason}"
                ));
            }
        },
        Clear::Shut(why) => shut(url, why, seen.secure.answer.is_ok(), &mut found),
    }
    found
}

fn shut(url: &str, why: &NoAnswer, has_control: bool, found: &mut Found) {
    let how = match why.at {
        Break::Refused => "is closed",
        // A firewall that drops or forbids what it does not let through.
        Break::Timeout | Break::Unreachable => "cannot be reached",
        Break::Closed
        | Break::Name
        | Break::Tls
        | Break::Protocol
        | Break::Machine
        | Break::Private
        | Break::Allowance
        | Break::Other => {
            let reason = &why.reason;
            return found
                .unknown
                .push(format!("could not be asked at {url}: {reason}"));
        }
    };
    if has_control {
        found
            .evidence
            .push(format!("{url} {how}, and HTTPS answers at the same host"));
    } else {
        found.unknown.push(format!(
            "has a port at {url} that {how}, and HTTPS does not answer either"
        ));
    }
}

/// An answer over plain HTTP must be a redirect to the same host over HTTPS.
fn leads(plan: &HttpsPlan, seen: &HttpsSeen, answer: &Answer, found: &mut Found) {
    let (url, status) = (&plan.clear.url.shown, answer.status);
    let statuses: Vec<String> = plan.statuses.iter().map(u16::to_string).collect();
    let statuses = statuses.join(" or ");
    let wanted = format!("{statuses} to {}", plan.secure.url.shown);
    let location = answer.header("location");
    let observed = match &location {
        Some(to) => format!("{status} to {}", shown(&discreet_url(to), LONGEST_ADDRESS)),
        None => status.to_string(),
    };
    if !(300..400).contains(&status) {
        let message = format!("answers {url} with {status} over plain HTTP");
        return found.wrong(message, observed, wanted);
    }
    let mut faults = Vec::new();
    faults.extend(astray(plan, location.as_deref()).map(|to| format!("leads from {url} to {to}")));
    if !plan.statuses.contains(&status) {
        faults.push(format!(
            "leads from {url} on with {status}, not with {statuses}"
        ));
    }
    if faults.is_empty() {
        let next = match &seen.secure.answer {
            Ok(answer) => answer.status.to_string(),
            Err(why) => why.at.word().to_owned(),
        };
        found.evidence.push(format!("{url} → {observed} → {next}"));
    }
    for fault in faults {
        found.wrong(fault, &observed, &wanted);
    }
}

/// Where a redirect leads if that is not the same host over HTTPS.
fn astray(plan: &HttpsPlan, location: Option<&str>) -> Option<String> {
    let Some(location) = location else {
        return Some("nowhere: it has no `Location`".into());
    };
    let wanted = &plan.secure.url.endpoint;
    let why = match target(plan, location) {
        None => "is no address",
        Some(target) if !target.is_secure => "is not HTTPS",
        Some(target) if target.host != wanted.host => "is another host; it was not followed",
        Some(target) if target.port != wanted.port => "is another port; it was not followed",
        Some(_) => return None,
    };
    let shown = shown(&discreet_url(location), LONGEST_ADDRESS);
    Some(format!("{shown}, which {why}"))
}

/// Where a `Location` leads from the address over plain HTTP.
fn target(plan: &HttpsPlan, location: &str) -> Option<Endpoint> {
    let from = reqwest::Url::parse(plan.clear.url.real.expose()).ok()?;
    let to = from.join(location).ok()?;
    Some(Endpoint {
        host: to.host_str()?.to_owned(),
        port: to.port_or_known_default()?,
        is_secure: to.scheme() == "https",
    })
}

/// What HTTPS says: no way back, and what browsers must remember.
fn in_secret(plan: &HttpsPlan, secure: &Asked) -> Found {
    let mut found = Found::default();
    let url = &plan.secure.url.shown;
    let answer = match &secure.answer {
        Ok(answer) => answer,
        Err(why) => {
            let (count, reason) = (attempts(secure.attempts), &why.reason);
            found
                .unknown
                .push(format!("had no answer from {url} ({count}): {reason}"));
            return found;
        }
    };
    found
        .evidence
        .push(format!("{url} answers {}", answer.status));
    if let Some(location) = answer.header("location") {
        let back = target(plan, &location).is_some_and(|target| !target.is_secure);
        // Resolved against HTTPS, an address without a scheme stays there.
        if back
            && location
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("http:")
        {
            let to = shown(&location, LONGEST_ADDRESS);
            let message = format!("leads from {url} back to plain HTTP, to {to}");
            found.wrong(message, to, "an address with `https://`");
        }
    }
    if let Some(wanted) = &plan.hsts {
        remembered(wanted, answer, &mut found);
    }
    found
}

/// Only the first header counts: RFC 6797, section 8.1.
fn remembered(wanted: &Hsts, answer: &Answer, found: &mut Found) {
    let expected = expected(wanted);
    let Some(value) = answer.values(HSTS).first().copied() else {
        let message = "sends no `Strict-Transport-Security` over HTTPS";
        return found.wrong(message, "no such header", expected);
    };
    let observed = shown(value, LONGEST_ADDRESS);
    let said = match StrictTransport::parse(value) {
        Ok(said) => said,
        Err(why) => {
            let message =
                format!("sends a `Strict-Transport-Security` that browsers ignore: {why}");
            return found.wrong(message, observed, expected);
        }
    };
    let mut faults = Vec::new();
    if said.max_age < wanted.max_age {
        let (days, least) = (said.max_age, wanted.max_age);
        faults.push(format!("a `max-age` of {days} s, and {least} s are needed"));
    }
    if wanted.include_subdomains && !said.includes_subdomains {
        faults.push("no `includeSubDomains`".into());
    }
    if wanted.preload && !said.preload {
        faults.push("no `preload`".into());
    }
    if faults.is_empty() {
        found
            .evidence
            .push(format!("`Strict-Transport-Security` is `{observed}`"));
    }
    for fault in faults {
        let message = format!("sends a `Strict-Transport-Security` with {fault}");
        found.wrong(message, &observed, &expected);
    }
}

fn expected(wanted: &Hsts) -> String {
    let mut text = format!("max-age={} or more", wanted.max_age);
    if wanted.include_subdomains {
        text.push_str("; includeSubDomains");
    }
    if wanted.preload {
        text.push_str("; preload");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::facts;
    use crate::sample::tls::{asked, https_fact};
    use shared::verdict::Finding;

    fn outcome(change: impl FnOnce(&mut HttpsPlan, &mut HttpsSeen)) -> Outcome {
        let mut facts = facts();
        facts.probes.https.push(https_fact(change));
        check(&facts)
    }

    fn findings(change: impl FnOnce(&mut HttpsPlan, &mut HttpsSeen)) -> Vec<String> {
        match outcome(change) {
            Outcome::Fail { findings } => findings.into_iter().map(|found| found.message).collect(),
            other => panic!("it should fail, not {other:?}"),
        }
    }

    fn redirect(status: u16, location: &'static str) -> Vec<String> {
        findings(move |_, seen| {
            seen.clear = Clear::Open(asked(status, &[("location", location)]).into());
        })
    }

    fn silent(at: Break) -> NoAnswer {
        NoAnswer::new(at, "it was said so")
    }

    fn hsts() -> Hsts {
        Hsts {
            max_age: 31_536_000,
            include_subdomains: true,
            preload: false,
        }
    }

    #[test]
    fn a_redirect_to_the_same_host_passes_with_its_hops() {
        assert_eq!(
            outcome(|_, _| {}),
            Outcome::Pass {
                evidence: vec![
                    "`site`: http://a.example/ → 301 to https://a.example/ → 200".into(),
                    "`site`: https://a.example/ answers 200".into(),
                ]
            }
        );
    }

    #[test]
    fn a_token_in_an_address_is_not_shown() {
        let said = redirect(301, "https://b.example/?token=planted-0123456789");
        assert!(said[0].contains("token=***"), "{said:?}");
        assert!(!said[0].contains("planted"), "{said:?}");
    }

    #[test]
    fn a_closed_port_passes_only_where_https_answers() {
        let closed = outcome(|_, seen| seen.clear = Clear::Shut(silent(Break::Refused)));
        assert_eq!(
            closed,
            Outcome::Pass {
                evidence: vec![
                    "`site`: http://a.example/ is closed, and HTTPS answers at the same host"
                        .into(),
                    "`site`: https://a.example/ answers 200".into(),
                ]
            }
        );
        let dropped = outcome(|_, seen| seen.clear = Clear::Shut(silent(Break::Timeout)));
        assert_eq!(dropped.word(), "pass");
        let neither = outcome(|_, seen| {
            seen.clear = Clear::Shut(silent(Break::Refused));
            seen.secure.answer = Err(silent(Break::Refused));
        });
        assert_eq!(neither.word(), "unknown");
        let no_name = outcome(|_, seen| seen.clear = Clear::Shut(silent(Break::Name)));
        assert_eq!(no_name.word(), "unknown");
    }

    #[test]
    fn an_answer_over_plain_http_fails_and_says_how_to_see_it() {
        assert_eq!(
            outcome(|_, seen| seen.clear = Clear::Open(asked(200, &[]).into())),
            Outcome::fail(
                Finding::new("`site` answers http://a.example/ with 200 over plain HTTP")
                    .on("http://a.example/")
                    .compared("200", "301 or 308 to https://a.example/")
                    .reproduce("curl http")
            )
        );
    }

    #[test]
    fn a_redirect_elsewhere_or_with_another_status_fails() {
        assert_eq!(
            redirect(301, "https://b.example/"),
            [
                "`site` leads from http://a.example/ to https://b.example/, which is another host; it \
              was not followed"
            ]
        );
        assert_eq!(
            redirect(301, "https://a.example:8443/"),
            [
                "`site` leads from http://a.example/ to https://a.example:8443/, which is another \
              port; it was not followed"
            ]
        );
        assert_eq!(
            redirect(302, "/login"),
            [
                "`site` leads from http://a.example/ to /login, which is not HTTPS",
                "`site` leads from http://a.example/ on with 302, not with 301 or 308"
            ]
        );
        assert_eq!(
            redirect(301, "https://[")[0],
            "`site` leads from http://a.example/ to https://[, which is no address"
        );
        let nowhere = findings(|_, seen| seen.clear = Clear::Open(asked(301, &[]).into()));
        assert_eq!(
            nowhere,
            ["`site` leads from http://a.example/ to nowhere: it has no `Location`"]
        );
    }

    #[test]
    fn a_way_back_to_plain_http_fails() {
        let found = findings(|_, seen| {
            seen.secure = asked(302, &[("location", "http://a.example/")]);
        });
        assert_eq!(
            found,
            ["`site` leads from https://a.example/ back to plain HTTP, to http://a.example/"]
        );
        let stays = outcome(|_, seen| seen.secure = asked(302, &[("location", "/login")]));
        assert_eq!(stays.word(), "pass");
    }

    #[test]
    fn browsers_must_be_told_to_remember() {
        let short = findings(|plan, seen| {
            plan.hsts = Some(hsts());
            seen.secure = asked(200, &[("Strict-Transport-Security", "max-age=60")]);
        });
        assert_eq!(
            short,
            [
                "`site` sends a `Strict-Transport-Security` with a `max-age` of 60 s, and \
                 31536000 s are needed",
                "`site` sends a `Strict-Transport-Security` with no `includeSubDomains`",
            ]
        );
        let none = findings(|plan, seen| {
            plan.hsts = Some(hsts());
            seen.secure = asked(200, &[]);
        });
        assert_eq!(
            none,
            ["`site` sends no `Strict-Transport-Security` over HTTPS"]
        );
        let ignored = findings(|plan, seen| {
            plan.hsts = Some(hsts());
            seen.secure = asked(200, &[("Strict-Transport-Security", "includeSubDomains")]);
        });
        assert_eq!(
            ignored,
            [
                "`site` sends a `Strict-Transport-Security` that browsers ignore: it has no `max-age`"
            ]
        );
        let well = outcome(|plan, seen| {
            plan.hsts = Some(hsts());
            let value = "max-age=31536000; includeSubDomains";
            seen.secure = asked(200, &[("Strict-Transport-Security", value)]);
        });
        assert_eq!(well.word(), "pass", "{well:?}");
    }

    #[test]
    fn without_an_answer_it_is_unknown_and_without_a_probe_skipped() {
        let silent_door = outcome(|_, seen| {
            seen.clear = Clear::Open(Box::new(Asked {
                attempts: 3,
                answer: Err(silent(Break::Closed)),
            }));
        });
        assert_eq!(
            silent_door,
            Outcome::unknown(
                "`site` has an open port at http://a.example/ without an answer (3 attempts): it \
                 was said so"
            )
        );
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `https` is configured")
        );
    }
}
