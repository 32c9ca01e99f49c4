//! The new release against the current one, request by request.

use super::super::{Error, Located, Name, Result, Share, Span, Template};
use super::default_within;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Pairs of requests, one to each of two addresses right after the other in an order that is drawn
/// for each pair; judged on the difference within the pairs, so that what slows down both cancels.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareProbe {
    /// What it is called in the report.
    pub name: Located<String>,
    /// Where it is asked; everywhere when it names none.
    #[serde(default)]
    pub environments: Vec<Located<Name>>,
    /// Which of the environment's `addresses` has the new release; its `url` when not given.
    pub at: Option<Located<Name>>,
    /// Which of the environment's `addresses` has the current one. Where the new one answers there as
    /// well, there is nothing to compare with.
    pub against: Located<Name>,
    /// The path below both; asked with `GET`.
    pub path: String,
    /// Request headers, sent to both.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// How many pairs are judged.
    #[serde(default = "default_pairs")]
    pub pairs: u32,
    /// How many pairs may be asked in all while a limit lies inside its interval.
    pub budget: Option<CompareBudget>,
    /// How much slower the new one may be in half of the pairs: a time, or a share of the other's.
    pub max_delta: Delta,
    /// How much slower the new one may be in 95 % of the pairs.
    pub max_delta_p95: Option<Delta>,
    /// The largest share of pairs in which only the new one may fail.
    #[serde(default = "default_errors")]
    pub errors: Share,
    /// After this long a request has failed.
    #[serde(default = "default_within")]
    pub within: Span,
}

/// How much may be asked in all.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareBudget {
    /// So many pairs.
    pub pairs: u32,
}

/// How much slower one answer may be than another.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = r"^[0-9]+(\.[0-9]+)?(ms|s|%)$"))]
pub enum Delta {
    /// By this time.
    Time(Span),
    /// By this part of the other.
    Part(Share),
}

impl TryFrom<String> for Delta {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        if text.ends_with('%') {
            Share::try_from(text).map(Self::Part)
        } else {
            Span::try_from(text).map(Self::Time)
        }
    }
}

impl std::fmt::Display for Delta {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Time(time) => time.fmt(out),
            Self::Part(part) => part.fmt(out),
        }
    }
}

fn default_pairs() -> u32 {
    100
}

fn default_errors() -> Share {
    Share::percent(5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_is_a_time_or_a_share() {
        let delta = |text: &str| Delta::try_from(text.to_owned());
        assert_eq!(
            delta("20ms").expect("is one"),
            Delta::Time(Span::milliseconds(20))
        );
        assert_eq!(
            delta("10%").expect("is one"),
            Delta::Part(Share::percent(10.0))
        );
        assert!(delta("20").is_err() && delta("%").is_err() && delta("").is_err());
        assert_eq!(delta("2.5%").expect("is one").to_string(), "2.5%");
    }
}
