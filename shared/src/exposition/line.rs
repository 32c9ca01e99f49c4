//! One line of an exposition.

use super::Sample;
use std::collections::BTreeMap;

/// So much of a line goes into a reason.
const LONGEST_SHOWN: usize = 40;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reading<'a> {
    /// It is empty, or a comment.
    Nothing,
    /// `# EOF`.
    End,
    /// The name of a family and its type.
    Type(&'a str, &'a str),
    /// One sample.
    Sample(Sample),
}

/// Reads a line, or says what is wrong with it.
pub(super) fn read(line: &str) -> Result<Reading<'_>, String> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(Reading::Nothing);
    }
    match line.strip_prefix('#') {
        Some(comment) => comment_of(comment),
        None => sample(line).map(Reading::Sample),
    }
}

fn comment_of(comment: &str) -> Result<Reading<'_>, String> {
    if comment == " EOF" {
        return Ok(Reading::End);
    }
    let mut words = comment.split_whitespace();
    if words.next() != Some("TYPE") {
        return Ok(Reading::Nothing);
    }
    let name = words.next().ok_or("the `# TYPE` names nothing")?;
    let name = name.trim_matches('"');
    let word = words.next().ok_or("the `# TYPE` has no type")?;
    Ok(Reading::Type(name, word))
}

fn sample(line: &str) -> Result<Sample, String> {
    let end = name_length(line);
    let (name, rest) = line.split_at(end);
    let is_quoted = line.starts_with('{');
    if name.is_empty() && !is_quoted {
        return Err(format!("`{}` begins with no name of a metric", shown(line)));
    }
    let rest = rest.trim_start();
    let (inside, labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => label_set(rest)?,
        None => (None, BTreeMap::new(), rest),
    };
    let name = inside.unwrap_or_else(|| name.to_owned());
    if name.is_empty() {
        return Err("the sample has no name".into());
    }
    // An exemplar stands behind the value and the time: OpenMetrics, section "Exemplars".
    let (plain, exemplar) = match rest.split_once(" # ") {
        Some((plain, exemplar)) => (plain, Some(exemplar)),
        None => (rest, None),
    };
    let value = numbers(plain, &name)?;
    if let Some(exemplar) = exemplar {
        let inside = exemplar.trim_start().strip_prefix('{');
        let (_, _, rest) = label_set(inside.ok_or("the exemplar has no labels")?)?;
        numbers(rest, "the exemplar")?;
    }
    Ok(Sample {
        name,
        labels,
        value,
    })
}

/// A value, and a time that may follow it.
fn numbers(text: &str, name: &str) -> Result<f64, String> {
    let mut words = text.split_whitespace();
    let value = words
        .next()
        .ok_or_else(|| format!("`{}` has no value", shown(name)))?;
    let number = value
        .parse()
        .map_err(|_| format!("`{}` is no number", shown(value)))?;
    if let Some(time) = words.next()
        && time.parse::<f64>().is_err()
    {
        return Err(format!("`{}` is no time", shown(time)));
    }
    match words.next() {
        None => Ok(number),
        Some(more) => Err(format!("`{}` follows the sample", shown(more))),
    }
}

/// Names of metrics and labels; a colon is for metrics only, and nothing is lost by taking it here.
fn name_length(text: &str) -> usize {
    let is_of_it = |(index, b): (usize, u8)| {
        b.is_ascii_alphabetic() || b == b'_' || b == b':' || (index > 0 && b.is_ascii_digit())
    };
    let mut bytes = text.bytes().enumerate();
    bytes.position(|pair| !is_of_it(pair)).unwrap_or(text.len())
}

type Labels<'a> = (Option<String>, BTreeMap<String, String>, &'a str);

/// Labels up to their closing brace, and what follows. A quoted name without a value is that of the
/// metric: <https://prometheus.io/docs/instrumenting/content_negotiation/#escaping-schemes>.
fn label_set(mut rest: &str) -> Result<Labels<'_>, String> {
    let mut labels = BTreeMap::new();
    let mut metric = None;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Ok((metric, labels, rest));
        }
        let (name, after, is_quoted) = match rest.strip_prefix('"') {
            Some(inside) => {
                let (name, after) = quoted(inside).ok_or("a name is not closed")?;
                (name, after, true)
            }
            None => {
                let (name, after) = rest.split_at(name_length(rest));
                (name.to_owned(), after, false)
            }
        };
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            if is_quoted && metric.is_none() && after.starts_with([',', '}']) {
                metric = Some(name);
                rest = after;
                continue;
            }
            return Err(match (name.is_empty(), is_quoted) {
                (true, _) => "the labels are not closed".into(),
                (false, true) => format!("`{}` is followed by neither `=` nor `,`", shown(&name)),
                (false, false) => format!("the label `{}` has no value", shown(&name)),
            });
        };
        let inside = (value.trim_start().strip_prefix('"'))
            .ok_or_else(|| format!("the value of `{}` is not in quotes", shown(&name)))?;
        let (value, after) = quoted(inside)
            .ok_or_else(|| format!("the value of `{}` is not closed", shown(&name)))?;
        if name.is_empty() {
            return Err("a label has no name".into());
        }
        labels.insert(name, value);
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

fn shown(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(LONGEST_SHOWN).collect();
    if characters.next().is_some() {
        format!("{start}…")
    } else {
        start
    }
}
