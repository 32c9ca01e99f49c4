//! Every member behind the load balancer answers, as the release.

use crate::answer::{Answer, Asked, Break, NoAnswer};
use crate::expectations::{Found, excerpt, haproxy, json, status};
use crate::facts::{Facts, MemberSeen, MembersSeen};
use crate::judged::{self, Judged, attempts};
use crate::plan::{Expectations, MemberPlan, MembersPlan, Request};
use crate::reproduce;
use shared::check::Check;
use shared::release::Release;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "members",
    title: "every member behind the load balancer answers, as the release",
    why: "a front hides a dead member and one of the old build until the others are gone, or until \
          a user is sent there",
    fix: "look at the member of the finding on its own address: start it, or deploy the release to \
          it; then look why the load balancer did not say so",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.members, "members", |plan, seen, judged| {
        judge(&facts.release, plan, seen, judged);
    })
}

fn judge(release: &Release, plan: &MembersPlan, seen: &MembersSeen, judged: &mut Judged) {
    let has_answer = |asked: &Asked| asked.answer.is_ok();
    let is_reachable = seen.front.as_ref().is_some_and(has_answer)
        || seen.members.iter().any(|member| has_answer(&member.asked));
    for (member, seen) in plan.members.iter().zip(&seen.members) {
        self::member(release, plan, member, seen, is_reachable, judged);
    }
    if let (Some(request), Some(asked)) = (&plan.front, &seen.front) {
        front(plan, request, asked, judged);
    }
    if let (Some(haproxy), Some(asked)) = (&plan.haproxy, &seen.haproxy) {
        statistics(plan, haproxy, asked, judged);
    }
}

fn member(
    release: &Release,
    plan: &MembersPlan,
    member: &MemberPlan,
    seen: &MemberSeen,
    is_reachable: bool,
    judged: &mut Judged,
) {
    let name = format!("{} at {}", plan.name, member.address);
    let part = Part {
        name: &name,
        request: &member.request,
        reproduce: &member.reproduce,
    };
    let answer = match &seen.asked.answer {
        Ok(answer) => answer,
        Err(no_answer) if is_reachable && is_of_the_member(no_answer) => {
            let (reason, count) = (&no_answer.reason, attempts(seen.asked.attempts));
            let message = format!("`{name}` does not answer ({count}): {reason}");
            let finding = Finding::new(message)
                .on(&member.request.url.shown)
                .compared(reason, "an answer")
                .reproduce(&member.reproduce);
            return judged.wrong(finding);
        }
        Err(no_answer) => return judged.silent(&name, seen.asked.attempts, no_answer),
    };
    expected(&part, &plan.expectations, &seen.asked, answer, judged);
    match &seen.release {
        Ok(said) if release.is_named_by(said) => {
            judged.holds(format!("`{name}`: is release {said}"));
        }
        Ok(said) => {
            let version = &release.version;
            let message = format!("`{name}` is release {said}, not {version}");
            let finding = Finding::new(message)
                .on(&member.source.url.shown)
                .compared(said, version.to_string())
                .reproduce(&member.source.reproduce);
            judged.wrong(finding);
        }
        Err(why) => judged.open(format!("`{name}` does not say its release: {why}")),
    }
}

/// What is left out is of this machine and of what it may do.
fn is_of_the_member(no_answer: &NoAnswer) -> bool {
    match no_answer.at {
        Break::Refused
        | Break::Unreachable
        | Break::Closed
        | Break::Timeout
        | Break::Name
        | Break::Tls
        | Break::Protocol
        | Break::Other => true,
        Break::Machine | Break::Private | Break::Allowance => false,
    }
}

/// Whom an answer came from.
struct Part<'a> {
    name: &'a str,
    request: &'a Request,
    reproduce: &'a str,
}

fn expected(
    part: &Part<'_>,
    expectations: &Expectations,
    asked: &Asked,
    answer: &Answer,
    judged: &mut Judged,
) {
    let Part {
        name,
        request,
        reproduce,
    } = part;
    let mut found = status::judge(expectations, answer);
    let is_right = found.wrong.is_empty();
    // How often it was asked is part of the answer.
    let count = attempts(asked.attempts);
    for evidence in &mut found.evidence {
        evidence.push_str(&format!(" ({count})"));
    }
    for wrong in &mut found.wrong {
        wrong.message.push_str(&format!(" ({count})"));
    }
    judged.add(name, request, reproduce, found);
    if is_right && !expectations.json.is_empty() {
        judged.add(name, request, reproduce, json::judge(expectations, answer));
    }
}

fn front(plan: &MembersPlan, request: &Request, asked: &Asked, judged: &mut Judged) {
    let name = format!("{} through the front", plan.name);
    let part = Part {
        name: &name,
        request,
        reproduce: &reproduce::request(request),
    };
    match &asked.answer {
        Ok(answer) => expected(&part, &plan.expectations, asked, answer, judged),
        Err(no_answer) => {
            judged.late_or_silent(&name, request, part.reproduce, asked.attempts, no_answer);
        }
    }
}

fn statistics(
    plan: &MembersPlan,
    haproxy: &crate::plan::HaproxyPlan,
    asked: &Asked,
    judged: &mut Judged,
) {
    let (name, request) = (&plan.name, &haproxy.request);
    let command = reproduce::request(request);
    let mut found = Found::default();
    match &asked.answer {
        Ok(answer) if answer.status == 200 => {
            judged.in_time(name, request, &command, answer);
            haproxy::judge(answer, &haproxy.backend, plan.members.len(), &mut found);
        }
        Ok(answer) => {
            let code = answer.status;
            let message = format!("was answered {code} when it asked for HAProxy's statistics");
            found.wrong(message, format!("{code} with {}", excerpt(answer)), "200");
        }
        Err(no_answer) => {
            let count = asked.attempts;
            return judged.late_or_silent(name, request, &command, count, no_answer);
        }
    }
    judged.add(name, request, &command, found);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;
    use crate::plan::{HaproxyPlan, Source};
    use crate::sample;
    use shared::config::Identity;

    fn plan(members: usize) -> MembersPlan {
        let request = sample::request("/health");
        let member = |index: usize| MemberPlan {
            address: format!("10.0.0.{index}:80"),
            request: request.clone(),
            source: Source {
                service: "web".into(),
                identity: Identity::Header {
                    name: "x-release".into(),
                    path: "/".into(),
                },
                url: request.url.clone(),
                reproduce: "curl identity".into(),
            },
            reproduce: "curl member".into(),
        };
        MembersPlan {
            name: "web".into(),
            members: (1..=members).map(member).collect(),
            front: Some(request.clone()),
            expectations: sample::expectations(),
            haproxy: None,
        }
    }

    fn asked(status: u16) -> Asked {
        Asked {
            attempts: 1,
            answer: Ok(sample::answer(status, "{}")),
        }
    }

    fn silent(at: Break) -> Asked {
        Asked {
            attempts: 3,
            answer: Err(NoAnswer::new(at, "connection refused")),
        }
    }

    fn up() -> MemberSeen {
        MemberSeen {
            asked: asked(200),
            release: Ok("1.1.0".into()),
        }
    }

    fn dead() -> MemberSeen {
        MemberSeen {
            asked: silent(Break::Refused),
            release: Err("nothing".into()),
        }
    }

    fn seen(members: Vec<MemberSeen>) -> MembersSeen {
        MembersSeen {
            members,
            front: Some(asked(200)),
            haproxy: None,
        }
    }

    fn outcome(plan: MembersPlan, seen: MembersSeen) -> Outcome {
        let mut facts = sample::facts();
        let seen = Ok(seen);
        facts.probes.members.push(Fact { plan, seen });
        check(&facts)
    }

    #[track_caller]
    fn fails(plan: MembersPlan, seen: MembersSeen, message: &str) {
        let Outcome::Fail { findings } = outcome(plan, seen) else {
            panic!("should fail: {message}");
        };
        assert_eq!(
            findings
                .iter()
                .map(|f| f.message.as_str())
                .collect::<Vec<_>>(),
            [message]
        );
        assert!(
            findings[0]
                .reproduce
                .as_ref()
                .is_some_and(|command| command.starts_with("curl"))
        );
    }

    #[test]
    fn members_that_answer_as_the_release_pass() {
        let Outcome::Pass { evidence } = outcome(plan(2), seen(vec![up(), up()])) else {
            panic!("both are up");
        };
        assert_eq!(
            evidence,
            [
                "`web at 10.0.0.1:80`: answered 200 in 3.0 ms (1 attempt)",
                "`web at 10.0.0.1:80`: is release 1.1.0",
                "`web at 10.0.0.2:80`: answered 200 in 3.0 ms (1 attempt)",
                "`web at 10.0.0.2:80`: is release 1.1.0",
                "`web through the front`: answered 200 in 3.0 ms (1 attempt)",
            ]
        );
    }

    #[test]
    fn a_member_that_does_not_answer_fails_because_the_front_does() {
        fails(
            plan(2),
            seen(vec![up(), dead()]),
            "`web at 10.0.0.2:80` does not answer (3 attempts): connection refused",
        );
        fails(
            plan(1),
            seen(vec![dead()]),
            "`web at 10.0.0.1:80` does not answer (3 attempts): connection refused",
        );
    }

    #[test]
    fn a_member_of_another_release_or_with_another_status_fails() {
        let old = MemberSeen {
            release: Ok("1.0.0".into()),
            ..up()
        };
        let message = "`web at 10.0.0.2:80` is release 1.0.0, not 1.1.0";
        fails(plan(2), seen(vec![up(), old]), message);
        let sick = MemberSeen {
            asked: asked(503),
            ..up()
        };
        let message = "`web at 10.0.0.1:80` answered 503, not 200 (1 attempt)";
        fails(plan(1), seen(vec![sick]), message);
        let mut slow = up();
        if let Ok(answer) = &mut slow.asked.answer {
            answer.phases.total = 6000.0;
        }
        let message = "`web at 10.0.0.1:80` took 6000 ms, and 5000 ms are allowed (1 attempt)";
        fails(plan(1), seen(vec![slow]), message);
    }

    #[test]
    fn a_value_that_is_not_as_expected_fails() {
        let mut plan = plan(1);
        plan.expectations
            .json
            .push(sample::selected("$.status", "ok"));
        let Outcome::Fail { findings } = outcome(plan, seen(vec![up()])) else {
            panic!("there is no status");
        };
        // The member and the front.
        assert_eq!(findings.len(), 2);
        assert!(
            findings[0]
                .message
                .starts_with("`web at 10.0.0.1:80` has nothing at `$.status`")
        );
    }

    #[test]
    fn a_server_that_haproxy_calls_down_fails() {
        let mut plan = plan(1);
        plan.haproxy = Some(HaproxyPlan {
            request: sample::request("/stats;csv"),
            backend: "web".into(),
        });
        let csv = "# pxname,svname,status,\nweb,a,DOWN,\n";
        let mut seen = seen(vec![up()]);
        seen.haproxy = Some(Asked {
            attempts: 1,
            answer: Ok(sample::answer(200, csv)),
        });
        fails(
            plan.clone(),
            seen,
            "`web` has HAProxy's server `web/a` at `DOWN`, not UP",
        );
        let mut seen = super::tests::seen(vec![up()]);
        seen.haproxy = Some(asked(401));
        let message = "`web` was answered 401 when it asked for HAProxy's statistics";
        fails(plan, seen, message);
    }

    #[test]
    fn nothing_that_answers_and_no_release_said_are_unknown() {
        let mut nothing = seen(vec![dead(), dead()]);
        nothing.front = Some(silent(Break::Refused));
        assert!(matches!(outcome(plan(2), nothing), Outcome::Unknown { .. }));
        let mute = MemberSeen {
            release: Err("no header `x-release`".into()),
            ..up()
        };
        assert_eq!(
            outcome(plan(1), seen(vec![mute])),
            Outcome::unknown(
                "`web at 10.0.0.1:80` does not say its release: no header `x-release`"
            )
        );
        let private = MemberSeen {
            asked: silent(Break::Private),
            ..dead()
        };
        assert!(matches!(
            outcome(plan(1), seen(vec![private])),
            Outcome::Unknown { .. }
        ));
    }

    #[test]
    fn no_probe_is_skipped() {
        let skipped = Outcome::skipped("no probe of the kind `members` is configured");
        assert_eq!(check(&sample::facts()), skipped);
    }
}
