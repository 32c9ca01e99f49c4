//! Answers may be cached as they should be, and are revalidated.

use crate::caching;
use crate::expectations::Found;
use crate::facts::{CacheSeen, Facts};
use crate::judged::{self, Judged};
use crate::plan::CachePlan;
use crate::reproduce;
use shared::check::Check;
use shared::config::CacheClass;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "cache",
    title: "answers may be cached as they should be, and are revalidated",
    why: "a private page in a shared cache is given to strangers, and a release that caches never \
          ask for again is not seen by anybody",
    fix: "compare `Cache-Control`, `ETag` and `Vary` of the finding with what the service, the \
          proxy and the content delivery network set; the last one of them wins",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.cache, "cache", one)
}

fn one(plan: &CachePlan, seen: &CacheSeen, judged: &mut Judged) {
    let Some(answer) = judged.answered(&plan.name, &plan.request, &seen.first, &[200]) else {
        return;
    };
    let mut found = Found::default();
    caching::first(plan.rule, answer, &mut found);
    if plan.rule.class != CacheClass::NoStore {
        caching::validators(plan.rule, answer, &mut found);
    }
    if plan.age_required {
        let further = seen.conditional.iter();
        let further = further.filter_map(|condition| condition.asked.answer.as_ref().ok());
        let answers: Vec<_> = std::iter::once(answer).chain(further).collect();
        caching::mark(&answers, &mut found);
    }
    judged.add(
        &plan.name,
        &plan.request,
        &reproduce::head(&plan.request),
        found,
    );
    for condition in &seen.conditional {
        let request = &condition.request;
        match &condition.asked.answer {
            Err(no_answer) => judged.silent(&plan.name, condition.asked.attempts, no_answer),
            Ok(again) => {
                let command = reproduce::head(request);
                judged.in_time(&plan.name, request, &command, again);
                let mut found = Found::default();
                caching::conditional(answer, condition, again, &mut found);
                judged.add(&plan.name, request, &command, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Asked, Break, NoAnswer};
    use crate::facts::{Conditional, Fact, Validator};
    use crate::sample::{self, facts, request};
    use shared::verdict::Finding;

    fn asked(status: u16, headers: &[(&str, &str)]) -> Asked {
        let mut answer = sample::answer(status, "");
        let headers = headers.iter();
        answer.headers = headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Asked {
            attempts: 1,
            answer: Ok(answer),
        }
    }

    fn outcome(plan: impl Fn(&mut CachePlan), first: Asked, again: Option<Asked>) -> Outcome {
        let mut asked = CachePlan {
            name: "page".into(),
            request: request("/page"),
            foreign_tag: "\"x\"".into(),
            rule: crate::plan::CacheRule {
                class: CacheClass::Revalidate,
                least: None,
                most: None,
            },
            age_required: false,
        };
        plan(&mut asked);
        let conditional = again.into_iter().map(|asked| Conditional {
            validator: Validator::Tag("\"a\"".into()),
            request: request("/page").with("if-none-match", "\"a\""),
            asked,
        });
        let seen = CacheSeen {
            first,
            conditional: conditional.collect(),
        };
        let mut facts = facts();
        facts.probes.cache.push(Fact {
            plan: asked,
            seen: Ok(seen),
        });
        check(&facts)
    }

    const TAGGED: [(&str, &str); 2] = [("cache-control", "no-cache"), ("etag", "\"a\"")];

    #[test]
    fn the_directives_and_both_answers_are_evidence() {
        assert_eq!(
            outcome(|_| {}, asked(200, &TAGGED), Some(asked(304, &[]))),
            Outcome::Pass {
                evidence: vec![
                    "`page`: is `revalidate`: `no-cache`".into(),
                    "`page`: 200, then 304 to `If-None-Match: \"a\"`".into(),
                ]
            }
        );
    }

    #[test]
    fn a_page_that_is_sent_whole_again_fails_and_says_how_to_see_it() {
        assert_eq!(
            outcome(|_| {}, asked(200, &TAGGED), Some(asked(200, &TAGGED))),
            Outcome::fail(
                Finding::new("`page` answered 200 to `If-None-Match: \"a\"`, not 304")
                    .on("http://h/page")
                    .compared("200", "304")
                    .reproduce(
                        "curl -sS -D - -o /dev/null --max-time 5 -H 'if-none-match: \"a\"' \
                         http://h/page"
                    )
            )
        );
    }

    #[test]
    fn a_missing_mark_of_a_cache_fails() {
        let require = |plan: &mut CachePlan| plan.age_required = true;
        let outcome = outcome(require, asked(200, &TAGGED), Some(asked(304, &[])));
        assert_eq!(outcome.word(), "fail");
    }

    #[test]
    fn what_was_not_answered_is_unknown() {
        let closed = || Asked {
            attempts: 3,
            answer: Err(NoAnswer::new(Break::Closed, "reset")),
        };
        assert_eq!(
            outcome(|_| {}, closed(), None),
            Outcome::unknown("`page` had no answer (3 attempts): reset")
        );
        assert_eq!(
            outcome(|_| {}, asked(404, &[]), None),
            Outcome::unknown("`page`: GET http://h/page answered 404, not 200")
        );
        assert_eq!(
            outcome(|_| {}, asked(200, &TAGGED), Some(closed())),
            Outcome::unknown("`page` had no answer (3 attempts): reset")
        );
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `cache` is configured")
        );
    }
}
