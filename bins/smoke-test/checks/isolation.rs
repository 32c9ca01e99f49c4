//! What belongs to one tenant is not seen by another.

use crate::answer::{Answer, Asked, shown};
use crate::expectations::json::beginnings;
use crate::facts::Facts;
use crate::judged::{self, Judged, attempts};
use crate::plan::{Arm, Asker, IsolationPlan};
use crate::sensitive::discreet_url;
use serde_json::Value;
use serde_json_path::JsonPath;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "isolation",
    title: "what belongs to one tenant is seen by its owner and by nobody else",
    why: "a query without its tenant answers correctly to everybody: no other check notices, and \
          the first to see it is a customer",
    fix: "run the command of the finding; compare the row-level security or the tenant filter of \
          that path with one that holds",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.isolation, "isolation", judge)
}

/// What an answer shows.
enum Shown {
    /// It is answered, with that many rows where rows are counted.
    Rows(u16, Option<usize>),
    /// It is answered with a document in which the list of rows is not.
    NoList(u16),
    /// It is refused with one of the statuses that will do.
    Refused(u16),
    /// Neither; the words follow `answered`.
    Other(String),
    /// A rate limit stands in between.
    TurnedAway,
}

fn judge(plan: &IsolationPlan, seen: &Vec<Asked>, judged: &mut Judged) {
    let name = &plan.name;
    let (mut held, mut controls) = (Vec::new(), 0);
    for ((asker, arm), asked) in plan.arms.iter().zip(seen) {
        let answer = match &asked.answer {
            Ok(answer) => answer,
            Err(no_answer) => {
                judged.open(format!(
                    "`{name}` had no answer {} ({}): {}",
                    arm.who,
                    attempts(asked.attempts),
                    no_answer.reason
                ));
                continue;
            }
        };
        judged.in_time(name, &arm.request, &arm.reproduce, answer);
        let is_shown = plan.arms[0].1.status.contains(&answer.status);
        if let Some(why) = answer.sealed().filter(|_| is_shown && plan.rows.is_some()) {
            judged.open(format!("`{name}` {why} {}", arm.who));
            continue;
        }
        let shown = shown_by(plan, arm, answer);
        if let Shown::TurnedAway = shown {
            judged.open(format!(
                "`{name}` was turned away by a rate limit (429) {}",
                arm.who
            ));
            continue;
        }
        let one = One { plan, arm, asked };
        match asker {
            Asker::Owner | Asker::StrangerAtHome => {
                if let Some(line) = one.control(*asker, &shown, judged) {
                    controls += 1;
                    held.push(line);
                }
            }
            Asker::Stranger | Asker::Nobody => held.extend(one.hidden(*asker, &shown, judged)),
        }
    }
    let listed = held.join(", ");
    if controls == 2 {
        let url = &plan.arms[0].1.request.url.shown;
        judged.holds(format!("`{name}`: {url} answered {listed}"));
    } else if !held.is_empty() {
        judged.open(format!(
            "`{name}` answered {listed}, which says nothing as long as the owner and the stranger \
             do not both see what is theirs"
        ));
    }
}

fn shown_by(plan: &IsolationPlan, arm: &Arm, answer: &Answer) -> Shown {
    let status = answer.status;
    if status == 429 {
        return Shown::TurnedAway;
    }
    let seen = &plan.arms[0].1.status;
    if !seen.contains(&status) {
        return if arm.status.contains(&status) {
            Shown::Refused(status)
        } else if matches!(status, 300..=399) {
            let to = answer.header("location").unwrap_or_default();
            Shown::Other(format!("{status} to `{}`", shown(&discreet_url(&to), 100)))
        } else {
            Shown::Other(status.to_string())
        };
    }
    let Some(path) = &plan.rows else {
        return Shown::Rows(status, None);
    };
    match answer.json() {
        Ok(document) if !answer.is_cut => match path.query(&document).len() {
            0 if !is_empty_list(path, &document) => Shown::NoList(status),
            rows => Shown::Rows(status, Some(rows)),
        },
        // Its text is not shown: it may be the very thing that must not be seen.
        Ok(_) | Err(_) => {
            let size = answer.body.len();
            Shown::Other(format!(
                "{status} with {size} bytes that are no JSON document"
            ))
        }
    }
}

/// Whether the list that a path leads into is there: an answer that has its rows under another key
/// hides nothing. Some write an empty list as `null`.
fn is_empty_list(path: &JsonPath, document: &Value) -> bool {
    let beginnings = beginnings(path).into_iter();
    let mut found = beginnings.map(|path| path.query(document).all());
    let nodes = found.find(|nodes| !nodes.is_empty()).unwrap_or_default();
    !nodes.is_empty() && nodes.iter().all(|node| node.is_array() || node.is_null())
}

/// One who asked, and what came of it.
struct One<'a> {
    plan: &'a IsolationPlan,
    arm: &'a Arm,
    asked: &'a Asked,
}

impl One<'_> {
    /// What a control shows; none when it does not show what it must. That the owner does not see
    /// what is its own is a finding, that the stranger sees nothing at all only proves nothing.
    fn control(&self, asker: Asker, shown: &Shown, judged: &mut Judged) -> Option<String> {
        let (arm, wanted) = (self.arm, self.arm.wanted());
        let message = match shown {
            Shown::Rows(status, Some(0)) | Shown::NoList(status) => {
                format!("{}, and there must be some", seen_as(*status, Some(0), arm))
            }
            Shown::Rows(status, rows) => return Some(seen_as(*status, *rows, arm)),
            Shown::Refused(status) => format!("{status} {}, not {wanted}", arm.who),
            Shown::Other(what) => format!("{what} {}, not {wanted}", arm.who),
            Shown::TurnedAway => return None,
        };
        if asker == Asker::Owner {
            judged.wrong(self.finding(&format!("answered {message}: it is hidden from all")));
        } else {
            let name = &self.plan.name;
            judged.open(format!(
                "`{name}` answered {message}: its token may open nothing at all"
            ));
        }
        None
    }

    /// How it is hidden; none when it is not.
    fn hidden(&self, asker: Asker, shown: &Shown, judged: &mut Judged) -> Option<String> {
        let arm = self.arm;
        let message = match shown {
            Shown::Refused(status) => return Some(format!("{status} {}", arm.who)),
            Shown::Rows(status, Some(0)) if self.plan.empty.contains(status) => {
                return Some(seen_as(*status, Some(0), arm));
            }
            Shown::Rows(status, rows) => {
                format!(
                    "answered {}: it is not hidden",
                    seen_as(*status, *rows, arm)
                )
            }
            Shown::NoList(status) => {
                let name = &self.plan.name;
                judged.open(format!(
                    "`{name}` answered {status} {} with a document in which the list of `rows` is \
                     not, so whether it shows something cannot be told",
                    arm.who
                ));
                return None;
            }
            Shown::Other(what) if asker == Asker::Stranger && what == "401" => {
                let name = &self.plan.name;
                judged.open(format!(
                    "`{name}` answered 401 {}: its token is not known",
                    arm.who
                ));
                return None;
            }
            Shown::Other(what) => {
                format!("answered {what} {}, which neither shows nor hides", arm.who)
            }
            Shown::TurnedAway => return None,
        };
        judged.wrong(self.finding(&message));
        None
    }

    fn finding(&self, message: &str) -> Finding {
        let Self { plan, arm, asked } = self;
        let status = asked.answer.as_ref().map_or(0, |answer| answer.status);
        let may_be_empty = !plan.empty.is_empty() && arm.status != plan.arms[0].1.status;
        let or = if may_be_empty { ", or no rows" } else { "" };
        let message = format!("`{}` {message} ({})", plan.name, attempts(asked.attempts));
        Finding::new(message)
            .on(&arm.request.url.shown)
            .compared(status.to_string(), format!("{}{or}", arm.wanted()))
            .reproduce(&arm.reproduce)
    }
}

/// `200 with 3 rows as the owner`.
fn seen_as(status: u16, rows: Option<usize>, arm: &Arm) -> String {
    let rows = match rows {
        None => String::new(),
        Some(1) => " with 1 row".into(),
        Some(count) => format!(" with {count} rows"),
    };
    format!("{status}{rows} {}", arm.who)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;
    use crate::sample::{self, answered_with, facts};

    const ROW: &str = r#"[{"id":1}]"#;

    /// What the owner, the stranger at its own path, the stranger and nobody are answered.
    fn outcome(answers: [(u16, &str); 4]) -> Outcome {
        let mut facts = facts();
        facts.probes.isolation.push(Fact {
            plan: sample::isolation_plan(),
            seen: Ok(answers
                .map(|(status, body)| answered_with(status, body))
                .to_vec()),
        });
        check(&facts)
    }

    fn message(outcome: Outcome) -> String {
        match outcome {
            Outcome::Fail { findings } => findings[0].message.clone(),
            other => panic!("should fail, not {other:?}"),
        }
    }

    fn reason(outcome: Outcome) -> String {
        match outcome {
            Outcome::Unknown { reason } => reason,
            other => panic!("should be unknown, not {other:?}"),
        }
    }

    #[test]
    fn a_refusal_and_an_answer_without_rows_both_hide() {
        for (stranger, words) in [
            ((403, "no"), "403 as the stranger"),
            ((200, "[]"), "200 with 0 rows as the stranger"),
        ] {
            let Outcome::Pass { evidence } = outcome([(200, ROW), (200, ROW), stranger, (401, "")])
            else {
                panic!("it is hidden");
            };
            assert!(
                evidence[0].contains("200 with 1 row as the owner"),
                "{evidence:?}"
            );
            assert!(evidence[0].contains(words), "{evidence:?}");
        }
    }

    #[test]
    fn rows_are_hidden_only_where_their_list_is() {
        let path = |text: &str| JsonPath::parse(text).expect("is a path");
        for (rows, document, is_hidden) in [
            ("$[*]", serde_json::json!([]), true),
            ("$.rows[*]", serde_json::json!({"rows": []}), true),
            ("$.rows[*].id", serde_json::json!({"rows": []}), true),
            ("$.rows[*]", serde_json::json!({"rows": null}), true),
            (
                "$.rows[?@.own]",
                serde_json::json!({"rows": [{"a": 1}]}),
                true,
            ),
            (
                "$.rows[*]",
                serde_json::json!({"results": [{"id": 1}]}),
                false,
            ),
            (
                "$.rows[*].id",
                serde_json::json!({"rows": [{"key": 1}]}),
                false,
            ),
            ("$[*]", serde_json::json!("all of it"), false),
        ] {
            assert_eq!(
                is_empty_list(&path(rows), &document),
                is_hidden,
                "{rows} {document}"
            );
        }
        let elsewhere = (200, r#""SECRET""#);
        let reason = reason(outcome([(200, ROW), (200, ROW), elsewhere, (401, "")]));
        assert!(reason.contains("the list of `rows` is not"), "{reason}");
        assert!(!reason.contains("SECRET"), "{reason}");
    }

    #[test]
    fn a_row_of_another_tenant_fails() {
        assert_eq!(
            outcome([(200, ROW), (200, ROW), (200, ROW), (401, "")]),
            Outcome::fail(
                Finding::new(
                    "`invoice` answered 200 with 1 row as the stranger: it is not hidden \
                     (1 attempt)"
                )
                .on("http://h/invoices/1")
                .compared("200", "403 or 404, or no rows")
                .reproduce("curl -sS as the stranger")
            )
        );
        let open = message(outcome([(200, ROW), (200, ROW), (404, ""), (200, ROW)]));
        assert!(open.contains("200 with 1 row without a token"), "{open}");
    }

    #[test]
    fn an_answer_that_neither_shows_nor_hides_fails() {
        for (answer, words) in [
            ((500, ""), "answered 500 as the stranger"),
            ((302, ""), "302 to `` as the stranger"),
            ((200, "<html>"), "6 bytes that are no JSON document"),
        ] {
            let message = message(outcome([(200, ROW), (200, ROW), answer, (401, "")]));
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn an_owner_that_sees_nothing_is_the_finding() {
        let none = message(outcome([(200, "[]"), (200, ROW), (403, ""), (401, "")]));
        assert!(
            none.contains("200 with 0 rows as the owner, and there must be some"),
            "{none}"
        );
        let message = message(outcome([(403, ""), (200, ROW), (403, ""), (401, "")]));
        assert_eq!(
            message,
            "`invoice` answered 403 as the owner, not 200: it is hidden from all (1 attempt)"
        );
    }

    #[test]
    fn a_control_without_rows_or_with_a_dead_token_is_unknown() {
        let nothing = reason(outcome([(200, ROW), (200, "[]"), (403, ""), (401, "")]));
        assert!(
            nothing.contains("200 with 0 rows as the stranger at its own path"),
            "{nothing}"
        );
        let dead = reason(outcome([(200, ROW), (401, ""), (403, ""), (401, "")]));
        assert!(dead.contains("its token may open nothing at all"), "{dead}");
        let unknown = reason(outcome([(200, ROW), (200, ROW), (401, ""), (401, "")]));
        assert!(unknown.contains("its token is not known"), "{unknown}");
        let limited = reason(outcome([(200, ROW), (200, ROW), (429, ""), (401, "")]));
        assert!(limited.contains("turned away by a rate limit"), "{limited}");
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `isolation` is configured")
        );
    }
}
