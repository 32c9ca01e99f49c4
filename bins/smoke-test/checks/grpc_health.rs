//! Every gRPC service says that it serves.

use crate::answer::{Answer, Asked};
use crate::facts::Facts;
use crate::figures::ms;
use crate::grpc::{self, Health};
use crate::judged::{self, Judged, attempts};
use crate::plan::GrpcPlan;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "grpc-health",
    title: "every gRPC service says that it serves, in time",
    why: "a gRPC server answers 200 over HTTP whatever is wrong with it: what counts stands behind \
          the body, and whether it serves is a question of its own",
    fix: "ask with the command of the finding; UNIMPLEMENTED means that the server has no health \
          service, NOT_FOUND that it does not know the service by that name",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.grpc, "grpc", judge)
}

fn judge(plan: &GrpcPlan, asked: &Asked, judged: &mut Judged) {
    let (name, subject, count) = (&plan.name, plan.subject(), asked.attempts);
    let answer = match &asked.answer {
        Ok(answer) => answer,
        Err(why) => {
            let (request, reproduce) = (&plan.request, &plan.reproduce);
            return judged.late_or_silent(name, request, reproduce, count, why);
        }
    };
    let mut wrong = |observed: String, expected: &str| {
        let message = format!("`{name}`: {subject} {observed} ({})", attempts(count));
        let finding = Finding::new(message).on(&plan.request.url.shown);
        judged.wrong(
            finding
                .compared(observed, expected)
                .reproduce(&plan.reproduce),
        );
    };
    if let Some(observed) = foreign(answer) {
        return wrong(observed, "200 as application/grpc");
    }
    match grpc::status(answer) {
        None => judged.open(format!(
            "`{name}` has an answer that ends without a `grpc-status`"
        )),
        Some(status) if status.code != 0 => {
            let mut said = format!("answered {}", status.word());
            if !status.message.is_empty() {
                said.push_str(&format!(": `{}`", status.message));
            }
            if status.is_about_the_caller() {
                judged.open(format!("`{name}`: {subject} {said}"));
            } else {
                wrong(said, "SERVING");
            }
        }
        Some(_) => match grpc::health(&answer.body) {
            Err(why) => judged.open(format!("`{name}` has an answer that {why}")),
            Ok(Health::Serving) => {
                let late = answer.phases.total > plan.request.within.duration().as_secs_f64() * 1e3;
                let time = ms(answer.phases.total);
                if late {
                    let within = plan.request.within;
                    return wrong(
                        format!("took {time}"),
                        &format!("an answer within {within}"),
                    );
                }
                let attempts = attempts(count);
                judged.holds(format!(
                    "`{name}`: {subject} is SERVING, in {time} ({attempts})"
                ));
            }
            Ok(
                health @ (Health::Unknown
                | Health::NotServing
                | Health::NoSuchService
                | Health::Other(_)),
            ) => wrong(format!("is {health}"), "SERVING"),
        },
    }
}

/// What came when it is no answer of gRPC at all.
fn foreign(answer: &Answer) -> Option<String> {
    let kind = answer.header("content-type").unwrap_or_default();
    let is_grpc = kind.starts_with("application/grpc");
    if answer.status == 200 && is_grpc {
        return None;
    }
    let status = answer.status;
    if is_grpc || kind.is_empty() {
        return Some(format!("answered {status} over HTTP"));
    }
    let kind = crate::answer::shown(&kind, 60);
    Some(format!("answered {status} over HTTP as `{kind}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Break, NoAnswer};
    use crate::facts::Fact;
    use crate::sample::{self, facts};

    fn outcome(answer: Result<Answer, NoAnswer>) -> Outcome {
        let mut facts = facts();
        facts.probes.grpc = vec![Fact {
            plan: GrpcPlan {
                name: "health".into(),
                service: "cal.Search".into(),
                request: sample::request(grpc::PATH),
                reproduce: "grpcurl".into(),
            },
            seen: Ok(Asked {
                attempts: 1,
                answer,
            }),
        }];
        check(&facts)
    }

    fn answer(body: &[u8], code: &str, message: &str) -> Answer {
        Answer {
            headers: vec![("content-type".into(), "application/grpc".into())],
            trailers: vec![
                ("grpc-status".into(), code.into()),
                ("grpc-message".into(), message.into()),
            ],
            body: body.to_vec(),
            ..sample::answer(200, "")
        }
    }

    fn fails(observed: &str, expected: &str) -> Outcome {
        Outcome::fail(
            Finding::new(format!("`health`: `cal.Search` {observed} (1 attempt)"))
                .on("http://h/grpc.health.v1.Health/Check")
                .compared(observed, expected)
                .reproduce("grpcurl"),
        )
    }

    #[test]
    fn a_service_that_serves_passes() {
        assert_eq!(
            outcome(Ok(answer(&[0, 0, 0, 0, 2, 8, 1], "0", ""))),
            Outcome::pass("`health`: `cal.Search` is SERVING, in 3.0 ms (1 attempt)")
        );
    }

    #[test]
    fn every_other_state_fails_with_its_word() {
        for (number, word) in [(0, "UNKNOWN"), (2, "NOT_SERVING"), (3, "SERVICE_UNKNOWN")] {
            assert_eq!(
                outcome(Ok(answer(&[0, 0, 0, 0, 2, 8, number], "0", ""))),
                fails(&format!("is {word}"), "SERVING")
            );
        }
    }

    #[test]
    fn a_call_that_fails_fails_with_the_words_of_the_server() {
        assert_eq!(
            outcome(Ok(answer(&[], "12", "unknown%20service"))),
            fails("answered UNIMPLEMENTED: `unknown service`", "SERVING")
        );
        assert_eq!(
            outcome(Ok(answer(&[], "5", ""))),
            fails("answered NOT_FOUND", "SERVING")
        );
    }

    #[test]
    fn a_caller_who_may_not_know_learns_nothing() {
        for (code, word) in [("7", "PERMISSION_DENIED"), ("16", "UNAUTHENTICATED")] {
            assert_eq!(
                outcome(Ok(answer(&[], code, "no"))),
                Outcome::unknown(format!("`health`: `cal.Search` answered {word}: `no`"))
            );
        }
    }

    #[test]
    fn an_answer_that_is_not_whole_is_unknown() {
        let mut cut = answer(&[0, 0, 0, 0, 2, 8, 1], "0", "");
        cut.trailers.clear();
        assert_eq!(
            outcome(Ok(cut)),
            Outcome::unknown("`health` has an answer that ends without a `grpc-status`")
        );
        assert_eq!(
            outcome(Ok(answer(&[0, 0], "0", ""))),
            Outcome::unknown("`health` has an answer that ends in the middle")
        );
    }

    #[test]
    fn what_is_no_grpc_fails() {
        let mut page = sample::answer(200, "<html>");
        page.headers = vec![("content-type".into(), "text/html".into())];
        assert_eq!(
            outcome(Ok(page)),
            fails(
                "answered 200 over HTTP as `text/html`",
                "200 as application/grpc"
            )
        );
        assert_eq!(
            outcome(Ok(sample::answer(404, ""))),
            fails("answered 404 over HTTP", "200 as application/grpc")
        );
    }

    #[test]
    fn an_answer_that_comes_too_late_fails_and_none_is_unknown() {
        let mut late = answer(&[0, 0, 0, 0, 2, 8, 1], "0", "");
        late.phases.total = 5100.0;
        assert_eq!(
            outcome(Ok(late)),
            fails("took 5100 ms", "an answer within 5s")
        );
        let never = NoAnswer::new(Break::Timeout, "no answer within 7 s");
        assert!(matches!(outcome(Err(never)), Outcome::Fail { .. }));
        let reset = NoAnswer::new(Break::Closed, "reset");
        assert_eq!(
            outcome(Err(reset)),
            Outcome::unknown("`health` had no answer (1 attempt): reset")
        );
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `grpc` is configured")
        );
    }
}
