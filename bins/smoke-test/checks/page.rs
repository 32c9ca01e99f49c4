//! Every page is there, without errors, and fast enough.

mod figures;
mod hindered;

use crate::facts::{Facts, Noted, PageEnd, Visit, Visits};
use crate::judged::{self, Judged};
use crate::plan::PagePlan;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "page",
    title: "every page is shown without errors, and fast enough",
    why: "a document that is answered with 200 can still be a blank page: only a browser runs its \
          scripts, and only several runs tell how fast it is",
    fix: "open the page with the developer tools of a browser: the finding names what to look for; \
          when runs differ too much, measure on a machine that does nothing else",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.page, "page", judge)
}

fn judge(plan: &PagePlan, visits: &Visits, judged: &mut Judged) {
    let name = &plan.name;
    if let Some(why) = &visits.broken {
        let runs = match visits.runs.len() {
            0 => String::new(),
            runs => format!(" after {runs} of {} runs", plan.runs),
        };
        judged.open(format!("`{name}` could not be opened{runs}: {why}"));
    }
    let page = Page { plan, visits };
    page.arrival(judged);
    if page.is_held(judged) {
        return;
    }
    page.errors(judged);
    let is_shown = |visit: &Visit| visit.end == PageEnd::Loaded && is_success(visit);
    if !visits.runs.iter().all(is_shown) || visits.runs.len() < plan.runs as usize {
        // An error page is wrong in every way, and a page that is not there has no figures.
        return;
    }
    page.marks(judged);
    page.keys(judged);
    for limit in &plan.limits {
        page.figure(*limit, judged);
    }
}

fn is_success(visit: &Visit) -> bool {
    visit
        .status
        .is_some_and(|status| (200..300).contains(&status))
}

/// One page and everything that was seen of it.
struct Page<'a> {
    plan: &'a PagePlan,
    visits: &'a Visits,
}

impl Page<'_> {
    fn finding(&self, message: &str, observed: impl Into<String>, expected: &str) -> Finding {
        Finding::new(format!("`{}` {message}", self.plan.name))
            .on(&self.plan.request.url.shown)
            .compared(observed, expected)
            .reproduce(&self.plan.reproduce)
    }

    /// `in 2 of 5 runs`.
    fn share(&self, is_meant: impl Fn(&Visit) -> bool) -> Option<String> {
        let runs = &self.visits.runs;
        let count = runs.iter().filter(|visit| is_meant(visit)).count();
        (count > 0).then(|| format!("in {count} of {} runs", runs.len()))
    }

    /// Whether the page came at all.
    fn arrival(&self, judged: &mut Judged) {
        let (name, within) = (&self.plan.name, self.plan.within);
        for visit in &self.visits.runs {
            match &visit.end {
                PageEnd::Loaded => {}
                // What was held back is said below.
                PageEnd::Late if visit.held.count > 0 => {}
                PageEnd::Late => {
                    let message = format!("was not loaded within {within}");
                    let expected = format!("loaded within {within}");
                    self.late(self.finding(&message, "not loaded", &expected), judged);
                }
                // The status says it already.
                PageEnd::Nothing(_) if visit.status.is_some_and(|status| status >= 400) => {}
                PageEnd::Nothing(why) => judged.open(format!("`{name}` was not there: {why}")),
                PageEnd::Elsewhere(url) => judged.wrong(self.finding(
                    &format!("leads to `{url}`, which is no address of the environment"),
                    url,
                    "one of the environment's `url` and `addresses`",
                )),
                PageEnd::Crashed => {
                    judged.open(format!("`{name}` brought down the browser that showed it"));
                }
            }
        }
        let wrong = |visit: &Visit| visit.status.is_some() && !is_success(visit);
        let first = self.visits.runs.iter().find(|visit| wrong(visit));
        if let (Some(status), Some(share)) =
            (first.and_then(|visit| visit.status), self.share(wrong))
        {
            let message = format!("answered {status} {share}");
            judged.wrong(self.finding(&message, status.to_string(), "200"));
        } else if self.share(is_success).is_some() {
            let (runs, browser) = (self.visits.runs.len(), &self.visits.browser);
            let led_to = self
                .visits
                .runs
                .iter()
                .find_map(|visit| visit.led_to.as_ref());
            let led_to = led_to.map(|place| format!(", and led to `{place}`"));
            let (opened, led_to) = (times(runs), led_to.unwrap_or_default());
            judged.holds(format!("`{name}` was opened {opened} in {browser}{led_to}"));
        }
    }

    /// Errors that nothing caught, those on the console, requests that failed, mixed content.
    fn errors(&self, judged: &mut Judged) {
        let plan = self.plan;
        type Of = fn(&Visit) -> &Noted;
        let sorts: [(&str, u32, Of); 4] = [
            ("errors that nothing caught", 0, |visit| &visit.uncaught),
            ("errors on the console", plan.console_errors, |visit| {
                &visit.console
            }),
            ("failed requests", plan.failed_requests, |visit| {
                &visit.failed
            }),
            ("requests without TLS on a page with it", 0, |visit| {
                &visit.mixed
            }),
        ];
        for (what, limit, of) in sorts {
            self.noted(what, limit, of, judged);
        }
    }

    /// An error in one run of five is an error: here the worst run decides, not the median.
    fn noted(&self, what: &str, limit: u32, of: fn(&Visit) -> &Noted, judged: &mut Judged) {
        let worst = self
            .visits
            .runs
            .iter()
            .map(of)
            .max_by_key(|noted| noted.count);
        let Some(worst) = worst else {
            return;
        };
        let count = worst.count;
        match self.share(|visit| of(visit).count > limit) {
            None => judged.holds(format!(
                "`{}` has at most {count} {what} (limit {limit})",
                self.plan.name
            )),
            Some(share) => {
                let first = worst.first.first().map(String::as_str).unwrap_or_default();
                let first = crate::answer::shown(first, 120);
                let message = format!("has {count} {what} {share} (limit {limit}): `{first}`");
                let observed = worst.first.join(" | ");
                judged.wrong(self.finding(&message, observed, &format!("at most {limit}")));
            }
        }
    }

    /// What the page must show.
    fn marks(&self, judged: &mut Judged) {
        let name = &self.plan.name;
        for text in &self.plan.marks.texts {
            match self.share(|visit| visit.missing.contains(text)) {
                None => judged.holds(format!("`{name}` shows `{text}`")),
                Some(share) => {
                    let message = format!("does not show `{text}` {share}");
                    self.late(
                        self.finding(&message, "not shown", &format!("`{text}`")),
                        judged,
                    );
                }
            }
        }
        if let Some(selector) = &self.plan.marks.selector {
            match self.share(|visit| visit.has_element != Some(true)) {
                None => judged.holds(format!("`{name}` has an element `{selector}`")),
                Some(share) => {
                    let message = format!("has no element `{selector}` {share}");
                    let expected = format!("an element `{selector}`");
                    self.late(self.finding(&message, "no element", &expected), judged);
                }
            }
        }
    }

    fn keys(&self, judged: &mut Judged) {
        let name = &self.plan.name;
        for key in &self.plan.keys {
            let (shown, selector) = (&key.stroke.shown, &key.selector);
            let pressed = self
                .visits
                .runs
                .iter()
                .filter_map(|visit| visit.pressed.as_ref());
            let pressed: Vec<_> = pressed.filter(|one| one.key == *shown).collect();
            if pressed.is_empty() {
                judged.open(format!("`{name}`: `{shown}` was never pressed"));
            } else if pressed.iter().any(|one| one.was_there) {
                judged.open(format!(
                    "`{name}`: `{selector}` is visible before `{shown}` is pressed, so the key \
                     shows nothing"
                ));
            } else if pressed.iter().any(|one| !one.is_there) {
                judged.wrong(self.finding(
                    &format!("shows no `{selector}` when `{shown}` is pressed"),
                    "nothing visible",
                    &format!("`{selector}` is visible"),
                ));
            } else {
                judged.holds(format!("`{name}`: `{shown}` shows `{selector}`"));
            }
        }
    }
}

fn times(count: usize) -> String {
    match count {
        1 => "once".into(),
        count => format!("{count} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Pressed;
    use crate::plan::Figure;
    use crate::sample::{facts, page_fact, visit};

    fn outcome(change: impl Fn(&mut PagePlan, &mut Visits)) -> Outcome {
        let mut fact = page_fact();
        if let Ok(visits) = &mut fact.seen {
            change(&mut fact.plan, visits);
        }
        let mut facts = facts();
        facts.probes.page = vec![fact];
        check(&facts)
    }

    fn finding(change: impl Fn(&mut PagePlan, &mut Visits)) -> String {
        match outcome(change) {
            Outcome::Fail { findings } => findings[0].message.clone(),
            other => panic!("it should fail: {other:?}"),
        }
    }

    fn reason(change: impl Fn(&mut PagePlan, &mut Visits)) -> String {
        match outcome(change) {
            Outcome::Unknown { reason } => reason,
            other => panic!("it should be unknown: {other:?}"),
        }
    }

    fn noted(count: u32, text: &str) -> Noted {
        let first = vec![text.to_owned()];
        Noted { count, first }
    }

    fn key(was_there: bool, is_there: bool) -> Option<Pressed> {
        Some(Pressed {
            key: "Meta+N".into(),
            selector: "#new".into(),
            was_there,
            is_there,
        })
    }

    #[test]
    fn a_good_page_passes_with_every_figure() {
        assert_eq!(
            outcome(|_, visits| visits.runs[4].pressed = key(false, true)),
            Outcome::Pass {
                evidence: vec![
                    "`home` was opened 5 times in Chrome/156 without throttling".into(),
                    "`home` has at most 0 errors that nothing caught (limit 0)".into(),
                    "`home` has at most 0 errors on the console (limit 0)".into(),
                    "`home` has at most 0 failed requests (limit 0)".into(),
                    "`home` has at most 0 requests without TLS on a page with it (limit 0)".into(),
                    "`home` shows `Welcome`".into(),
                    "`home` has an element `#app`".into(),
                    "`home`: `Meta+N` shows `#new`".into(),
                    "`home`: largest contentful paint is 800 ms (median of 780 ms, 790 ms, \
                     800 ms, 810 ms, 900 ms; limit 2500 ms), of `img.hero`"
                        .into(),
                    "`home`: cumulative layout shift is 0.02 (median of 0.02, 0.02, 0.02, 0.02, \
                     0.02; limit 0.1)"
                        .into(),
                ]
            }
        );
    }

    #[test]
    fn what_is_still_coming_is_not_light_and_where_a_page_led_is_told() {
        let flowing = |limit: f64| {
            move |plan: &mut PagePlan, visits: &mut Visits| {
                plan.limits[0].figure = Figure::Bytes;
                plan.limits[0].most = limit;
                visits.runs[2].is_flowing = true;
                visits.runs[4].pressed = key(false, true);
            }
        };
        let words = "and more was coming when the time was over";
        assert!(reason(flowing(30_000.0)).ends_with(words));
        assert!(finding(flowing(10_000.0)).starts_with("`home` is too heavy"));
        let elsewhere = outcome(|_, visits| {
            visits.runs[0].led_to = Some("http://h/login".into());
            visits.runs[4].pressed = key(false, true);
        });
        let said = "`home` was opened 5 times in Chrome/156 without throttling, and led to \
                    `http://h/login`";
        match elsewhere {
            Outcome::Pass { evidence } => assert_eq!(evidence[0], said),
            other => panic!("it should pass: {other:?}"),
        }
    }

    #[test]
    fn a_page_without_what_was_held_back_says_nothing() {
        let held = |_: &mut PagePlan, visits: &mut Visits| {
            visits.runs[1].held = noted(3, "POST http://h/track");
            visits.runs[1].uncaught = noted(1, "Failed to fetch");
            visits.runs[1].end = PageEnd::Late;
        };
        assert_eq!(
            reason(held),
            "`home` sends `POST http://h/track` and 2 more, which `allow.methods` does not grant: \
             it was held back, and the page without it says nothing; allow the method if the page \
             may send it here"
        );
        let beacon = outcome(|_, visits| {
            visits.runs[1].held_beacons = noted(1, "POST http://h/seen");
            visits.runs[4].pressed = key(false, true);
        });
        let said = "`home`: `POST http://h/seen` was held back, because `allow.methods` does not \
                    grant it; pages do not see the answer";
        match beacon {
            Outcome::Pass { evidence } => assert!(evidence.iter().any(|one| one == said)),
            other => panic!("it should pass: {other:?}"),
        }
    }

    #[test]
    fn a_page_that_we_kept_waiting_is_not_called_slow() {
        let waited = "but its requests waited up to 900 ms for `allow.per_second`";
        let slow = |_: &mut PagePlan, visits: &mut Visits| {
            for visit in &mut visits.runs {
                visit.largest_paint = Some(2700.0);
                visit.waited = 900.0;
            }
        };
        assert!(reason(slow).contains(waited), "{}", reason(slow));
        let late = |_: &mut PagePlan, visits: &mut Visits| {
            visits.runs[0].end = PageEnd::Late;
            visits.runs[0].waited = 900.0;
        };
        assert!(reason(late).contains(waited), "{}", reason(late));
        let blank = |_: &mut PagePlan, visits: &mut Visits| {
            visits.runs[0].missing = vec!["Welcome".into()];
            visits.runs[0].waited = 900.0;
        };
        assert!(reason(blank).contains(waited), "{}", reason(blank));
    }

    #[test]
    fn the_median_decides_and_not_the_best_run() {
        let slow = |_: &mut PagePlan, visits: &mut Visits| {
            for (visit, time) in visits
                .runs
                .iter_mut()
                .zip([900.0, 2600.0, 2700.0, 2800.0, 950.0])
            {
                visit.largest_paint = Some(time);
                visit.pressed = key(false, true);
            }
        };
        assert!(
            reason(slow).contains("differ by more than half"),
            "{}",
            reason(slow)
        );
        let slower = |_: &mut PagePlan, visits: &mut Visits| {
            for (visit, time) in visits
                .runs
                .iter_mut()
                .zip([900.0, 2600.0, 2700.0, 2800.0, 2700.0])
            {
                visit.largest_paint = Some(time);
            }
        };
        assert!(
            finding(slower).starts_with("`home` is too slow: largest contentful paint is 2700 ms"),
            "{}",
            finding(slower)
        );
    }

    #[test]
    fn a_wide_spread_far_from_the_limit_still_decides() {
        let wide = |_: &mut PagePlan, visits: &mut Visits| {
            for (visit, time) in visits
                .runs
                .iter_mut()
                .zip([100.0, 400.0, 700.0, 900.0, 1000.0])
            {
                visit.largest_paint = Some(time);
                visit.pressed = key(false, true);
            }
        };
        assert!(matches!(outcome(wide), Outcome::Pass { .. }));
    }

    #[test]
    fn each_sort_of_error_is_a_finding_even_in_one_run() {
        type Change = fn(&mut Visit);
        let change: [(Change, &str); 4] = [
            (
                |visit| visit.uncaught = noted(1, "TypeError"),
                "`home` has 1 errors that nothing caught in 1 of 5 runs (limit 0): `TypeError`",
            ),
            (
                |visit| visit.console = noted(3, "boom"),
                "`home` has 3 errors on the console in 1 of 5 runs (limit 0): `boom`",
            ),
            (
                |visit| visit.failed = noted(1, "GET http://h/a.js answered 404"),
                "`home` has 1 failed requests in 1 of 5 runs (limit 0): \
                 `GET http://h/a.js answered 404`",
            ),
            (
                |visit| visit.mixed = noted(1, "http://h/a.js"),
                "`home` has 1 requests without TLS on a page with it in 1 of 5 runs (limit 0): \
                 `http://h/a.js`",
            ),
        ];
        for (change, message) in change {
            assert_eq!(finding(|_, visits| change(&mut visits.runs[2])), message);
        }
        let allowed = outcome(|plan, visits| {
            plan.console_errors = 3;
            visits.runs[2].console = noted(3, "boom");
            visits.runs[2].pressed = key(false, true);
        });
        assert!(matches!(allowed, Outcome::Pass { .. }));
    }

    #[test]
    fn what_is_not_shown_is_a_finding() {
        assert_eq!(
            finding(|_, visits| visits.runs[0].missing.push("Welcome".into())),
            "`home` does not show `Welcome` in 1 of 5 runs"
        );
        assert_eq!(
            finding(|_, visits| visits.runs[0].has_element = Some(false)),
            "`home` has no element `#app` in 1 of 5 runs"
        );
        assert_eq!(
            finding(|_, visits| visits.runs[0].pressed = key(false, false)),
            "`home` shows no `#new` when `Meta+N` is pressed"
        );
        assert!(reason(|_, visits| visits.runs[0].pressed = key(true, true)).contains("before"));
        assert!(reason(|_, _| {}).contains("never pressed"));
    }

    #[test]
    fn a_page_that_does_not_come_is_judged_by_how() {
        let end = |end: PageEnd| {
            move |_: &mut PagePlan, visits: &mut Visits| {
                visits.runs = vec![Visit {
                    end: end.clone(),
                    status: None,
                    ..visit(800.0)
                }];
            }
        };
        assert_eq!(
            finding(end(PageEnd::Late)),
            "`home` was not loaded within 30s"
        );
        assert_eq!(
            finding(end(PageEnd::Elsewhere("http://evil/".into()))),
            "`home` leads to `http://evil/`, which is no address of the environment"
        );
        assert_eq!(
            reason(end(PageEnd::Nothing("net::ERR_CONNECTION_RESET".into()))),
            "`home` was not there: net::ERR_CONNECTION_RESET"
        );
        assert!(reason(end(PageEnd::Crashed)).contains("brought down the browser"));
    }

    #[test]
    fn an_error_page_is_not_judged_any_further() {
        let wrong = outcome(|_, visits| {
            for visit in &mut visits.runs {
                visit.status = Some(503);
                visit.missing.push("Welcome".into());
            }
        });
        let Outcome::Fail { findings } = wrong else {
            panic!("503 is no page");
        };
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, "`home` answered 503 in 5 of 5 runs");
    }

    #[test]
    fn a_blank_page_fails_and_a_figure_that_is_not_there_is_unknown() {
        assert!(reason(|_, visits| visits.runs[1].largest_paint = None).contains("only 4 of 5"));
        let blank = |plan: &mut PagePlan, visits: &mut Visits| {
            plan.limits[0].figure = Figure::FirstContentfulPaint;
            visits
                .runs
                .iter_mut()
                .for_each(|visit| visit.first_paint = None);
        };
        assert_eq!(finding(blank), "`home` is blank: it paints nothing");
    }

    #[test]
    fn without_a_browser_it_is_unknown() {
        let none = |_: &mut PagePlan, visits: &mut Visits| {
            visits.runs.clear();
            visits.broken = Some("there is no Chromium on this machine".into());
        };
        assert_eq!(
            outcome(none),
            Outcome::unknown("`home` could not be opened: there is no Chromium on this machine")
        );
        let broke = |_: &mut PagePlan, visits: &mut Visits| {
            visits.runs.truncate(2);
            visits.broken = Some("the browser has ended".into());
        };
        assert_eq!(
            reason(broke),
            "`home` could not be opened after 2 of 5 runs: the browser has ended"
        );
    }

    #[test]
    fn no_page_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `page` is configured")
        );
    }
}
