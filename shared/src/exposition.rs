//! Prometheus' text format, and what OpenMetrics adds to it.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>

mod line;

use line::Reading;
use std::collections::BTreeMap;

/// One series of a family: its labels and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The name of the series: that of its family, or with a suffix such as `_count`.
    pub name: String,
    /// Names and values.
    pub labels: BTreeMap<String, String>,
    /// May be NaN or infinite.
    pub value: f64,
}

/// The type that a family declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only goes up, but for restarts.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by bucket.
    Histogram,
    /// Quantiles.
    Summary,
    /// None, or one that only OpenMetrics has.
    Untyped,
}

impl Kind {
    /// As a `# TYPE` line has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Untyped => "untyped",
        }
    }

    fn of(word: &str) -> Option<Self> {
        match word {
            "counter" => Some(Self::Counter),
            "gauge" => Some(Self::Gauge),
            "histogram" | "gaugehistogram" => Some(Self::Histogram),
            "summary" => Some(Self::Summary),
            "untyped" | "unknown" | "info" | "stateset" => Some(Self::Untyped),
            _ => None,
        }
    }

    /// What the names of a family's series may end in.
    fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["_total", "_created"],
            Self::Histogram => &["_bucket", "_sum", "_count", "_created", "_gsum", "_gcount"],
            Self::Summary => &["_sum", "_count", "_created"],
            Self::Gauge => &[],
            Self::Untyped => &["_info"],
        }
    }
}

/// What belongs together under one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Its declared type.
    pub kind: Kind,
    /// In the order of the text; empty when it is only declared.
    pub samples: Vec<Sample>,
    is_typed: bool,
}

/// A whole text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposition {
    families: BTreeMap<String, Family>,
}

/// Where a text is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// From 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

impl Exposition {
    /// Reads a whole text.
    ///
    /// # Errors
    /// The first line that does not parse.
    pub fn parse(text: &str) -> Result<Self, Broken> {
        let mut whole = Self::default();
        let mut end = None;
        for (index, content) in text.lines().enumerate() {
            let broken = |reason: String| Broken {
                line: index + 1,
                reason,
            };
            let reading = line::read(content).map_err(broken)?;
            if let (Some(end), false) = (end, reading == Reading::Nothing) {
                return Err(broken(format!("something follows `# EOF` of line {end}")));
            }
            match reading {
                Reading::Nothing => {}
                Reading::End => end = Some(index + 1),
                Reading::Type(name, word) => whole.declare(name, word).map_err(broken)?,
                Reading::Sample(sample) => whole.add(sample),
            }
        }
        Ok(whole)
    }

    /// The names of all families, in alphabetical order.
    pub fn names(&self) -> Vec<&str> {
        self.families.keys().map(String::as_str).collect()
    }

    /// How many samples there are.
    pub fn samples(&self) -> usize {
        self.families
            .values()
            .map(|family| family.samples.len())
            .sum()
    }

    /// The type and the samples of a family, or of one series of a family.
    pub fn find(&self, name: &str) -> Option<(Kind, Vec<&Sample>)> {
        if let Some(family) = self.families.get(name) {
            return Some((family.kind, family.samples.iter().collect()));
        }
        self.families.iter().find_map(|(base, family)| {
            name.starts_with(base.as_str()).then_some(())?;
            let samples: Vec<&Sample> = (family.samples.iter())
                .filter(|sample| sample.name == name)
                .collect();
            // A series of a histogram only counts; its type is not that of the whole.
            let kind = match family.kind {
                Kind::Histogram | Kind::Summary if !name.ends_with("_sum") => Kind::Counter,
                Kind::Histogram | Kind::Summary => Kind::Untyped,
                Kind::Counter | Kind::Gauge | Kind::Untyped => family.kind,
            };
            (!samples.is_empty()).then_some((kind, samples))
        })
    }

    fn declare(&mut self, name: &str, word: &str) -> Result<(), String> {
        let kind = Kind::of(word).ok_or_else(|| format!("`{word}` is no type"))?;
        let is_new = !self.families.contains_key(name);
        let family = self.families.entry(name.to_owned()).or_insert(Family {
            kind,
            samples: Vec::new(),
            is_typed: true,
        });
        if is_new {
            return Ok(());
        }
        Err(if family.is_typed {
            format!("`{name}` has a second `# TYPE`")
        } else {
            format!("`{name}` has its `# TYPE` after its samples")
        })
    }

    fn add(&mut self, sample: Sample) {
        let name = self.home(&sample.name);
        let family = self.families.entry(name).or_insert_with(|| Family {
            kind: Kind::Untyped,
            samples: Vec::new(),
            is_typed: false,
        });
        family.samples.push(sample);
    }

    /// The family that a series belongs to.
    fn home(&self, series: &str) -> String {
        let is_of = |base: &&str| {
            let suffix = &series[base.len()..];
            (self.families.get(*base))
                .is_some_and(|family| family.kind.suffixes().contains(&suffix))
        };
        if self.families.contains_key(series) {
            return series.to_owned();
        }
        let base = series.rfind('_').map(|end| &series[..end]);
        base.filter(is_of).unwrap_or(series).to_owned()
    }
}

/// The samples of one family, whatever the rest of the text is.
///
/// # Errors
/// The number of a line that belongs to the family and does not parse.
pub fn samples(text: &str, family: &str) -> Result<Vec<Sample>, String> {
    let mut samples = Vec::new();
    for (index, content) in text.lines().enumerate() {
        let Some(rest) = content.trim_start().strip_prefix(family) else {
            continue;
        };
        // A longer name that begins alike is another family.
        if !rest.starts_with(['{', ' ', '\t']) {
            continue;
        }
        match line::read(content) {
            Ok(Reading::Sample(sample)) => samples.push(sample),
            Ok(_) | Err(_) => {
                return Err(format!("line {} of the exposition is broken", index + 1));
            }
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n\
        http_requests_total{status=\"200\"} 12 1700000000000\nhttp_requests_total{status=\"500\"} 3\n\
        # TYPE d histogram\nd_bucket{le=\"0.1\"} 4 # {trace=\"a\"} 0.05 1.7e9\nd_bucket{le=\"+Inf\"} 5\n\
        d_sum 1.5\nd_count 5\n# a comment\n# TYPE empty gauge\nup 1\nlast NaN\n# TYPE jobs counter\n\
        jobs_total 7\njobs_created 1.7e9\n# EOF\n";

    fn broken(text: &str) -> (usize, String) {
        let Broken { line, reason } = Exposition::parse(text).expect_err("is broken");
        (line, reason)
    }

    #[test]
    fn families_hold_their_series_whatever_their_suffix() {
        let read = Exposition::parse(TEXT).expect("parses");
        assert_eq!(
            read.names(),
            ["d", "empty", "http_requests_total", "jobs", "last", "up"]
        );
        assert_eq!(read.samples(), 10);
        let (kind, samples) = read.find("d").expect("is there");
        assert_eq!((kind, samples.len()), (Kind::Histogram, 4));
        let (kind, samples) = read.find("d_count").expect("is there");
        assert_eq!((kind, samples[0].value), (Kind::Counter, 5.0));
        let (kind, samples) = read.find("jobs_total").expect("is there");
        assert_eq!((kind, samples[0].value), (Kind::Counter, 7.0));
        let (kind, samples) = read.find("empty").expect("is declared");
        assert_eq!((kind, samples.len()), (Kind::Gauge, 0));
        assert!(read.find("last").expect("is there").1[0].value.is_nan());
        assert_eq!(read.find("d_nothing"), None);
        assert_eq!(read.find("nothing"), None);
    }

    #[test]
    fn a_line_that_does_not_parse_is_named_with_what_is_wrong() {
        for (text, line, reason) in [
            (
                "up 1\n{\"status\":\"ok\"}",
                2,
                "`status` is followed by neither `=` nor `,`",
            ),
            ("<html>", 1, "`<html>` begins with no name of a metric"),
            ("up", 1, "`up` has no value"),
            ("up x", 1, "`x` is no number"),
            ("up 1 x", 1, "`x` is no time"),
            ("up 1 2 3", 1, "`3` follows the sample"),
            ("up{a=1} 1", 1, "the value of `a` is not in quotes"),
            ("up{a=\"1} 1", 1, "the value of `a` is not closed"),
            ("# TYPE a b", 1, "`b` is no type"),
            ("# TYPE a", 1, "the `# TYPE` has no type"),
            (
                "# TYPE a gauge\n# TYPE a gauge",
                2,
                "`a` has a second `# TYPE`",
            ),
            (
                "a 1\n# TYPE a gauge",
                2,
                "`a` has its `# TYPE` after its samples",
            ),
            ("a 1\n# EOF\na 2", 3, "something follows `# EOF` of line 2"),
        ] {
            assert_eq!(broken(text), (line, reason.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_family_is_read_with_its_labels_and_nothing_else() {
        let text = "# HELP r Requests.\n# TYPE r counter\n\
                    r{status=\"200\",path=\"a\\\"}b\\n\"} 12 1700000000000\n\
                    r{status=\"500\",} 3\nr_created 1\nrx 7\nr 1e3\n";
        let found = samples(text, "r").expect("parses");
        let values: Vec<f64> = found.iter().map(|sample| sample.value).collect();
        assert_eq!(values, [12.0, 3.0, 1000.0]);
        assert_eq!(found[0].labels["path"], "a\"}b\n");
        assert_eq!(found[1].labels["status"], "500");
    }

    #[test]
    fn a_broken_line_of_the_family_is_named() {
        for text in ["r{a=\"b} 1", "r{a} 1", "r x", "r{a=\"b\"}"] {
            let error = samples(&format!("# ok\n{text}\n"), "r").expect_err("is broken");
            assert_eq!(error, "line 2 of the exposition is broken", "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(?s).{0,80}", tail in "[ab_{}\",=\\\\ #0-9\n]{0,60}") {
            let _ = samples(&text, "r");
            let _ = samples(&format!("r{text}"), "r");
            let _ = Exposition::parse(&text);
            let _ = Exposition::parse(&format!("# TYPE a histogram\na_bucket{tail}"));
        }

        #[test]
        fn what_is_written_is_read(value: f64, label in "(?s).{0,20}") {
            let escaped = label.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            // A text has no line end but `\n`: the escapes know no other.
            prop_assume!(!label.contains('\r'));
            let read = Exposition::parse(&format!("a{{b=\"{escaped}\"}} {value}"));
            let read = read.expect("is well written");
            let (_, samples) = read.find("a").expect("is there");
            prop_assert_eq!(&samples[0].labels["b"], &label);
            prop_assert!(samples[0].value == value || value.is_nan());
        }
    }
}
