//! Whether the figures of a page keep their limits: the median of its runs decides.

use super::Page;
use crate::judged::Judged;
use crate::plan::{Figure, FigureLimit};
use crate::scatter::Scatter;

/// Runs whose middle half spans more than this part of their median say little about a limit that
/// lies between them.
const WIDE: f64 = 0.5;

impl Page<'_> {
    /// Judges the median of a figure.
    pub(super) fn figure(&self, limit: FigureLimit, judged: &mut Judged) {
        let (name, figure, runs) = (&self.plan.name, limit.figure, &self.visits.runs);
        let values: Vec<f64> = runs
            .iter()
            .filter_map(|visit| visit.figure(figure))
            .collect();
        let word = figure.word();
        if figure == Figure::FirstContentfulPaint && values.is_empty() {
            let expected = "a text or a picture";
            judged.wrong(self.finding("is blank: it paints nothing", "nothing", expected));
            return;
        }
        let measured = values.len();
        let spread = Scatter::of(values).filter(|_| measured == runs.len());
        let Some(spread) = spread else {
            let all = runs.len();
            judged.open(format!(
                "`{name}`: only {measured} of {all} runs have a {word}"
            ));
            return;
        };
        let listed: Vec<String> = spread
            .sorted()
            .iter()
            .map(|one| figure.shown(*one))
            .collect();
        let (median, most) = (spread.median(), figure.shown(limit.most));
        let element = self.element(figure);
        let seen = format!(
            "{word} is {} (median of {}; limit {most}){element}",
            figure.shown(median),
            listed.join(", ")
        );
        if spread.relative() > WIDE && spread.straddles(limit.most) {
            judged.open(format!(
                "`{name}`: {seen}; half of the runs differ by more than half of it, which decides \
                 nothing about a limit between them"
            ));
        } else if median > limit.most {
            let what = match figure {
                Figure::CumulativeLayoutShift => "jumps too far",
                Figure::Bytes => "is too heavy",
                Figure::FirstContentfulPaint
                | Figure::LargestContentfulPaint
                | Figure::TimeToInteractive => "is too slow",
            };
            let message = format!("{what}: {seen}");
            let expected = format!("at most {most}");
            let finding = self.finding(&message, figure.shown(median), &expected);
            match figure {
                Figure::Bytes => judged.wrong(finding),
                Figure::FirstContentfulPaint
                | Figure::LargestContentfulPaint
                | Figure::CumulativeLayoutShift
                | Figure::TimeToInteractive => self.late(finding, judged),
            }
        } else if figure == Figure::Bytes && runs.iter().any(|visit| visit.is_flowing) {
            judged.open(format!(
                "`{name}`: {seen}, and more was coming when the time was over"
            ));
        } else {
            judged.holds(format!("`{name}`: {seen}"));
        }
    }

    /// Which element the largest paint was, where that is what is judged.
    fn element(&self, figure: Figure) -> String {
        let last = self
            .visits
            .runs
            .last()
            .filter(|_| figure == Figure::LargestContentfulPaint);
        match last.map(|visit| visit.largest_element.as_str()) {
            None | Some("") => String::new(),
            Some(element) => format!(", of `{element}`"),
        }
    }
}
