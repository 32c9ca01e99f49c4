//! What a browser saw of a page.

use crate::plan::Figure;

/// What a browser saw of a page, run by run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visits {
    /// Which browser, and how it was set: `Chrome/156.0.8078.79 without throttling`.
    pub(crate) browser: String,
    /// Each run.
    pub(crate) runs: Vec<Visit>,
    /// Why there are no more of them.
    pub(crate) broken: Option<String>,
}

/// One run; times in milliseconds since the navigation began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visit {
    /// How it ended.
    pub(crate) end: End,
    /// The status of the page itself.
    pub(crate) status: Option<u16>,
    /// When the first text or picture was painted.
    pub(crate) first_paint: Option<f64>,
    /// When the largest one was.
    pub(crate) largest_paint: Option<f64>,
    /// Which element that was.
    pub(crate) largest_element: String,
    /// How far things jumped.
    pub(crate) shift: Option<f64>,
    /// When the page could react; infinite when it never was at rest.
    pub(crate) interactive: Option<f64>,
    /// Where the page was in the end, without the query, when that is not where it was asked for.
    pub(crate) led_to: Option<String>,
    /// How much was transferred.
    pub(crate) bytes: u64,
    /// Whether more was coming when the time was over.
    pub(crate) is_flowing: bool,
    /// How many requests were sent.
    pub(crate) requests: u32,
    /// Errors that nothing caught.
    pub(crate) uncaught: Noted,
    /// Errors on the console.
    pub(crate) console: Noted,
    /// Requests that failed.
    pub(crate) failed: Noted,
    /// What a secure page loaded, or wanted to load, over plain HTTP.
    pub(crate) mixed: Noted,
    /// Requests that were not sent, because the environment does not allow their methods.
    pub(crate) held: Noted,
    /// The same for those whose answers no page sees.
    pub(crate) held_beacons: Noted,
    /// The longest that a request waited for the rate that is allowed, in milliseconds.
    pub(crate) waited: f64,
    /// The texts that were not shown.
    pub(crate) missing: Vec<String>,
    /// Whether the element was there; none when none is asked for.
    pub(crate) has_element: Option<bool>,
    /// What came of the shortcut of this run.
    pub(crate) pressed: Option<Pressed>,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// The page was loaded.
    #[default]
    Loaded,
    /// It was not, in time.
    Late,
    /// There was no page, in the words of the browser.
    Nothing(String),
    /// It was sent on to an address that the environment does not have.
    Elsewhere(String),
    /// The browser's part that shows the page broke down.
    Crashed,
}

/// A shortcut and what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pressed {
    /// As the file has it.
    pub(crate) key: String,
    /// The selector of what must be visible then.
    pub(crate) selector: String,
    /// Whether it was visible before.
    pub(crate) was_there: bool,
    /// Whether it was afterwards.
    pub(crate) is_there: bool,
}

/// Things of one sort: how many, and the first few of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Noted {
    /// How many there were.
    pub(crate) count: u32,
    /// The first few, each on one line.
    pub(crate) first: Vec<String>,
}

impl Noted {
    /// So many are kept; a page can write without end.
    const KEPT: usize = 5;
    const LONGEST: usize = 200;

    /// One more.
    pub(crate) fn add(&mut self, text: &str) {
        self.count = self.count.saturating_add(1);
        let text = crate::answer::shown(text, Self::LONGEST);
        if self.first.len() < Self::KEPT && !self.first.contains(&text) {
            self.first.push(text);
        }
    }
}

impl Visit {
    /// A figure, when there is one.
    pub(crate) fn figure(&self, figure: Figure) -> Option<f64> {
        match figure {
            Figure::FirstContentfulPaint => self.first_paint,
            Figure::LargestContentfulPaint => self.largest_paint,
            Figure::CumulativeLayoutShift => self.shift,
            Figure::TimeToInteractive => self.interactive,
            Figure::Bytes => Some(self.bytes as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_kept_and_all_are_counted() {
        let mut noted = Noted::default();
        for number in 0..100 {
            noted.add(&format!("error {number}\n{}", "x".repeat(1000)));
            noted.add("the same");
        }
        assert_eq!((noted.count, noted.first.len()), (200, Noted::KEPT));
        assert!(
            noted
                .first
                .iter()
                .all(|text| text.len() < 210 && !text.contains('\n'))
        );
    }
}
