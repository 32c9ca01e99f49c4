//! Quantities with their unit in the text: `30s`, `0.1%`, `8GiB`.

use crate::error::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A span of time: a number and `ms`, `s`, `m` or `h`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$"))]
pub struct Span(std::time::Duration);

impl Span {
    /// A whole number of seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(std::time::Duration::from_secs(seconds))
    }

    /// A whole number of milliseconds.
    pub const fn milliseconds(milliseconds: u64) -> Self {
        Self(std::time::Duration::from_millis(milliseconds))
    }

    /// As the standard library's type.
    pub const fn duration(self) -> std::time::Duration {
        self.0
    }
}

impl TryFrom<String> for Span {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        const YEAR: f64 = 366.0 * 86400.0;
        let (number, unit) = split_unit(&text);
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong(&text, "a duration", "`250ms`, `30s`, `5m` or `2h`")),
        };
        let seconds = number.ok_or_else(|| wrong(&text, "a duration", "`30s`"))? * factor;
        if seconds > YEAR {
            return Err(Error::config(format!("`{text}` is longer than a year")));
        }
        Ok(Self(std::time::Duration::from_secs_f64(seconds)))
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        match milliseconds {
            m if m % 3_600_000 == 0 && m > 0 => write!(out, "{}h", m / 3_600_000),
            m if m % 60_000 == 0 && m > 0 => write!(out, "{}m", m / 60_000),
            m if m % 1000 == 0 => write!(out, "{}s", m / 1000),
            m => write!(out, "{m}ms"),
        }
    }
}

/// A part of a whole, from `0%` to `100%`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^[0-9]+(\.[0-9]+)?%$"))]
pub struct Share(f64);

impl Share {
    /// From percent, for defaults.
    pub const fn percent(percent: f64) -> Self {
        assert!(percent >= 0.0 && percent <= 100.0);
        Self(percent / 100.0)
    }

    /// As a number from 0 to 1.
    pub const fn fraction(self) -> f64 {
        self.0
    }
}

impl TryFrom<String> for Share {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        match split_unit(&text) {
            (Some(number), "%") if number <= 100.0 => Ok(Self(number / 100.0)),
            (Some(_), "%") => Err(Error::config(format!("`{text}` is more than 100%"))),
            _ => Err(wrong(&text, "a share", "`0.1%` or `10%`")),
        }
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Ten digits are beyond what any share means; they hide binary rounding.
        let percent = format!("{:.10}", self.0 * 100.0);
        write!(
            out,
            "{}%",
            percent.trim_end_matches('0').trim_end_matches('.')
        )
    }
}

/// An amount of bytes: a number and `B`, `KB`…`TB` (powers of 1000) or `KiB`…`TiB` (of 1024).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^[0-9]+(\.[0-9]+)?([KMGT]i?)?B$"))]
pub struct Size(u64);

const SIZE_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1000),
    ("B", 1),
];

impl Size {
    /// From bytes.
    pub const fn of_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// In bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl TryFrom<String> for Size {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        const LARGEST: f64 = (1u64 << 60) as f64;
        let (number, unit) = split_unit(&text);
        let factor = SIZE_UNITS.iter().find(|(name, _)| *name == unit);
        match (number, factor) {
            (Some(number), Some((_, factor))) if number * *factor as f64 <= LARGEST => {
                Ok(Self((number * *factor as f64) as u64))
            }
            (Some(_), Some(_)) => Err(Error::config(format!("`{text}` is more than 1024 PiB"))),
            _ => Err(wrong(&text, "a size", "`512MiB`, `8GiB` or `100GB`")),
        }
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = SIZE_UNITS.iter().filter(|(name, _)| name.contains('i'));
        for (name, factor) in binary {
            if self.0 >= *factor {
                return write!(out, "{:.1} {name}", self.0 as f64 / *factor as f64);
            }
        }
        write!(out, "{} B", self.0)
    }
}

fn split_unit(text: &str) -> (Option<f64>, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number = text[..end].parse::<f64>().ok().filter(|n| n.is_finite());
    (number, text[end..].trim_start())
}

fn wrong(text: &str, what: &str, examples: &str) -> Error {
    Error::config(format!("`{text}` is not {what}")).hint(format!("write {examples}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(text: &str) -> Result<Span> {
        Span::try_from(text.to_owned())
    }

    #[test]
    fn durations_are_read_and_written() {
        for (text, milliseconds) in [
            ("250ms", 250),
            ("30s", 30_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
        ] {
            let span = span(text).expect("is a duration");
            assert_eq!(span.duration().as_millis(), milliseconds);
            assert_eq!(span.to_string(), text);
        }
    }

    #[test]
    fn a_number_without_a_unit_is_refused() {
        assert!(span("30").is_err());
        assert!(span("").is_err());
        assert!(span("-5s").is_err());
        assert!(span("999999h").is_err());
        assert!(Share::try_from("0.1".to_owned()).is_err());
        assert!(Share::try_from("101%".to_owned()).is_err());
        assert!(Size::try_from("8".to_owned()).is_err());
    }

    #[test]
    fn sizes_know_both_kinds_of_prefix() {
        assert_eq!(
            Size::try_from("8GiB".to_owned())
                .expect("is a size")
                .bytes(),
            8 << 30
        );
        assert_eq!(
            Size::try_from("100 GB".to_owned())
                .expect("is a size")
                .bytes(),
            100_000_000_000
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_a_unit_panic(text in ".{0,12}") {
            let _ = Span::try_from(text.clone());
            let _ = Share::try_from(text.clone());
            let _ = Size::try_from(text);
        }

        #[test]
        fn a_share_written_is_read_back(percent in 0u32..=100_000) {
            let share = Share(f64::from(percent) / 100_000.0);
            let back = Share::try_from(share.to_string()).expect("was written by us");
            prop_assert!((back.fraction() - share.fraction()).abs() < 1e-12);
        }
    }
}
