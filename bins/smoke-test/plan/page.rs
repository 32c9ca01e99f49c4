//! A page that a browser opens several times, and what must be seen each time.

mod figure;

use super::Planned;
use super::keys::Keystroke;
use super::request::{Protocol, Request, SAFE};
use super::request_header::is_header_name;
use super::scope::{Asks, Scope};
use crate::address::Endpoint;
use crate::reproduce;
pub(crate) use figure::{Figure, FigureLimit};
use shared::config::{KeyRule, PageProbe, Span};
use shared::error::Result;
use shared::gate::Step;
use shared::secret::Secret;

/// Fewer runs than this have no median worth the name: a first one is often cold.
const FEWEST_RUNS: u32 = 5;
/// More would keep a gate waiting for nothing.
const MOST_RUNS: u32 = 25;

/// A page that a browser opens several times.
#[derive(Clone, Debug)]
pub(crate) struct PagePlan {
    /// What it is called.
    pub(crate) name: String,
    /// The page, and the headers that are sent to its address.
    pub(crate) request: Request,
    /// Where a browser may be sent on to: the environment's addresses.
    pub(crate) declared: Vec<Endpoint>,
    /// Which methods its requests may have, besides those that only read.
    pub(crate) methods: Vec<String>,
    /// The visitor's cookies.
    pub(crate) cookies: Vec<(String, Secret)>,
    /// How often it is opened.
    pub(crate) runs: u32,
    /// What the median of each figure may be at most.
    pub(crate) limits: Vec<FigureLimit>,
    /// How many errors may be on the console of each run.
    pub(crate) console_errors: u32,
    /// How many requests of each run may fail.
    pub(crate) failed_requests: u32,
    /// What must be there.
    pub(crate) marks: Marks,
    /// Which shortcuts must show what.
    pub(crate) keys: Vec<KeyPlan>,
    /// How long one run may take.
    pub(crate) within: Span,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

/// What must be on a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// Texts that it shows.
    pub(crate) texts: Vec<String>,
    /// A CSS selector of an element.
    pub(crate) selector: Option<String>,
}

/// A shortcut and what it must show.
#[derive(Clone, Debug)]
pub(crate) struct KeyPlan {
    /// What is pressed.
    pub(crate) stroke: Keystroke,
    /// A CSS selector of what is visible then.
    pub(crate) selector: String,
}

impl Planned for PagePlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["page"]
    }

    fn steps(&self) -> Vec<Step> {
        let (name, runs, within) = (&self.name, self.runs, self.within);
        let mut call = self.request.call();
        for (cookie, _) in &self.cookies {
            call.push_str(&format!("\nCookie: {cookie}=…"));
        }
        let purpose = format!(
            "page `{name}`: open it {runs} times in headless Chromium, each within {within}, with \
             everything that it loads"
        );
        vec![Step::reads(purpose, call)]
    }

    fn requests(&self) -> u64 {
        u64::from(self.runs)
    }
}

impl PagePlan {
    /// Whether its requests may have this method.
    pub(crate) fn allows(&self, method: &str) -> bool {
        SAFE.contains(&method) || self.methods.iter().any(|allowed| allowed == method)
    }

    /// Whether this figure is judged.
    pub(crate) fn judges(&self, figure: Figure) -> bool {
        self.most(figure).is_some()
    }

    /// What this figure may be at most.
    pub(crate) fn most(&self, figure: Figure) -> Option<f64> {
        let limit = self.limits.iter().find(|limit| limit.figure == figure)?;
        Some(limit.most)
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &PageProbe) -> Result<PagePlan> {
    let asks = Asks {
        at: probe.at.as_ref(),
        method: "GET",
        path: &probe.path,
        headers: &probe.headers,
        body: None,
        within: probe.within,
    };
    let mut request = scope.request(&asks, Protocol::Any)?;
    if let Some(why) = impossible(probe) {
        return Err(scope.refuse(why));
    }
    if let Some(credentials) = &request.url.credentials {
        let header = ("authorization".to_owned(), credentials.clone());
        request.headers.push(header);
    }
    let further = scope.addresses.values();
    let mut declared: Vec<Endpoint> = further.map(|one| one.endpoint().clone()).collect();
    declared.push(scope.address.endpoint().clone());
    Ok(PagePlan {
        name: probe.name.value.clone(),
        reproduce: reproduce::page(&request.url, probe.within),
        methods: scope.allow().methods.clone(),
        cookies: cookies(scope, probe)?,
        keys: keys(scope, &probe.keys)?,
        declared,
        request,
        runs: probe.runs,
        limits: limits(probe),
        console_errors: probe.console_errors,
        failed_requests: probe.failed_requests,
        marks: Marks {
            texts: probe.contains.clone(),
            selector: probe.selector.clone(),
        },
        within: probe.within,
    })
}

fn limits(probe: &PageProbe) -> Vec<FigureLimit> {
    let time = |span: Option<Span>| span.map(|span| span.duration().as_secs_f64() * 1000.0);
    let all = [
        (
            Figure::FirstContentfulPaint,
            time(probe.first_contentful_paint),
        ),
        (
            Figure::LargestContentfulPaint,
            time(probe.largest_contentful_paint),
        ),
        (Figure::CumulativeLayoutShift, probe.cumulative_layout_shift),
        (Figure::TimeToInteractive, time(probe.time_to_interactive)),
        (Figure::Bytes, probe.bytes.map(|size| size.bytes() as f64)),
    ];
    let given = all.into_iter();
    given
        .filter_map(|(figure, most)| most.map(|most| FigureLimit { figure, most }))
        .collect()
}

fn cookies(scope: &Scope<'_>, probe: &PageProbe) -> Result<Vec<(String, Secret)>> {
    let read = probe.cookies.iter().map(|(name, template)| {
        let value = scope.resolve(template)?;
        // RFC 6265, section 4.1.1; spaces and commas are taken by every browser.
        let is_odd = |c: char| c.is_control() || c == ';';
        if !is_header_name(name) || value.expose().chars().any(is_odd) {
            let shown = crate::answer::shown(name, 60);
            return Err(scope.refuse(format!(
                "has the cookie `{shown}`, whose name or value no cookie can have"
            )));
        }
        // A session is a secret wherever it came from.
        Ok((name.clone(), Secret::new(value.expose())))
    });
    read.collect()
}

fn keys(scope: &Scope<'_>, rules: &[KeyRule]) -> Result<Vec<KeyPlan>> {
    let read = rules.iter().map(|rule| {
        if rule.selector.trim().is_empty() {
            return Err(scope.refuse_at(&rule.press, "has a key with an empty `selector`"));
        }
        let stroke = Keystroke::parse(&rule.press.value);
        Ok(KeyPlan {
            stroke: stroke.map_err(|why| scope.refuse_at(&rule.press, why))?,
            selector: rule.selector.clone(),
        })
    });
    read.collect()
}

/// Why no page could ever do, or why what is asked would mean nothing.
fn impossible(probe: &PageProbe) -> Option<String> {
    let limits = limits(probe);
    if let Some(limit) = (limits.iter()).find(|limit| !limit.most.is_finite() || limit.most < 0.0) {
        return Some(format!(
            "has a limit for {} that is no number",
            limit.figure.word()
        ));
    }
    let is_shift = |limit: &FigureLimit| limit.figure == Figure::CumulativeLayoutShift;
    if let Some(limit) = (limits.iter()).find(|limit| limit.most == 0.0 && !is_shift(limit)) {
        let word = limit.figure.word();
        return Some(format!("has a {word} of 0, which no page can keep"));
    }
    let fewest = if limits.is_empty() { 1 } else { FEWEST_RUNS };
    if !(fewest..=MOST_RUNS).contains(&probe.runs) {
        let why = match limits.is_empty() {
            true => "",
            false => ", so that a median means something",
        };
        return Some(format!("needs `runs` from {fewest} to {MOST_RUNS}{why}"));
    }
    if probe.keys.len() > probe.runs as usize {
        let (keys, runs) = (probe.keys.len(), probe.runs);
        return Some(format!(
            "has {keys} `keys` and {runs} `runs`, and each key needs a run of its own"
        ));
    }
    if probe.contains.iter().any(|text| text.trim().is_empty()) {
        return Some("looks for an empty text, which every page shows".into());
    }
    if probe
        .selector
        .as_ref()
        .is_some_and(|text| text.trim().is_empty())
    {
        return Some("has an empty `selector`".into());
    }
    // A browser writes these itself and refuses others for them.
    const OWN: [&str; 4] = ["cookie", "host", "connection", "content-length"];
    let is_own = |name: &&String| OWN.contains(&name.to_ascii_lowercase().as_str());
    let own = probe.headers.keys().find(is_own)?;
    let hint = if own.eq_ignore_ascii_case("cookie") {
        "; use `cookies`"
    } else {
        ""
    };
    Some(format!(
        "sends the header `{own}`, which only the browser itself writes{hint}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(yaml: &str) -> PageProbe {
        let yaml = format!("{{name: home, path: /, {yaml}}}");
        serde_saphyr::from_str(&yaml).expect("is a probe")
    }

    #[test]
    fn a_page_that_can_hold_and_can_fail_is_taken() {
        for yaml in [
            "within: 30s",
            "runs: 1, contains: [Welcome]",
            "largest_contentful_paint: 2.5s, cumulative_layout_shift: 0",
            "bytes: 2MiB, runs: 25",
        ] {
            assert_eq!(impossible(&probe(yaml)), None, "{yaml}");
        }
        assert_eq!(
            limits(&probe("first_contentful_paint: 1.5s"))[0].most,
            1500.0
        );
        assert_eq!(limits(&probe("bytes: 2KiB"))[0].most, 2048.0);
    }

    #[test]
    fn a_page_that_no_visit_or_every_visit_satisfies_is_refused() {
        for (yaml, why) in [
            (
                "runs: 4, first_contentful_paint: 1s",
                "needs `runs` from 5 to 25, so that a median means something",
            ),
            ("runs: 0", "needs `runs` from 1 to 25"),
            ("runs: 26", "needs `runs` from 1 to 25"),
            (
                "time_to_interactive: 0s",
                "has a time to interactive of 0, which no page can keep",
            ),
            (
                "bytes: 0B",
                "has a transfer size of 0, which no page can keep",
            ),
            (
                "cumulative_layout_shift: -0.1",
                "has a limit for cumulative layout shift that is no number",
            ),
            (
                "contains: ['']",
                "looks for an empty text, which every page shows",
            ),
            ("selector: ' '", "has an empty `selector`"),
            (
                "headers: {Cookie: a=b}",
                "sends the header `Cookie`, which only the browser itself writes; use `cookies`",
            ),
            (
                "runs: 1, keys: [{press: a, selector: b}, {press: c, selector: d}]",
                "has 2 `keys` and 1 `runs`, and each key needs a run of its own",
            ),
        ] {
            assert_eq!(impossible(&probe(yaml)).as_deref(), Some(why), "{yaml}");
        }
    }
}
