//! Prometheus' text format, as far as counters go.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::collections::BTreeMap;

/// One series of a family: its labels and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names and values.
    pub labels: BTreeMap<String, String>,
    /// May be NaN or infinite.
    pub value: f64,
}

/// The samples of one family.
///
/// # Errors
/// The number of a line that belongs to the family and does not parse.
pub fn samples(text: &str, family: &str) -> Result<Vec<Sample>, String> {
    let mut samples = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some(rest) = line.trim_start().strip_prefix(family) else {
            continue;
        };
        // A longer name that begins alike is another family.
        if !rest.starts_with(['{', ' ', '\t']) {
            continue;
        }
        let sample = sample(rest.trim_start());
        samples
            .push(sample.ok_or_else(|| format!("line {} of the exposition is broken", index + 1))?);
    }
    Ok(samples)
}

fn sample(rest: &str) -> Option<Sample> {
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    let value = rest.split_whitespace().next()?;
    Some(Sample {
        labels,
        value: number(value)?,
    })
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        other => other.parse().ok(),
    }
}

fn labels(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start().strip_prefix('"')?)?;
        labels.insert(name.trim().to_owned(), value);
        rest = after;
    }
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    loop {
        match characters.next()? {
            (end, '"') => return Some((value, &text[end + 1..])),
            (_, '\\') => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            (_, other) => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        fn no_text_makes_the_reader_panic(text in "(?s).{0,80}") {
            let _ = samples(&text, "r");
            let _ = samples(&format!("r{text}"), "r");
        }
    }
}
