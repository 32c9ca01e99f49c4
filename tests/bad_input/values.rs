//! Values that parse and make no sense.

use crate::case::{Case, Edit};

const NAMES: &[Edit] = &[
    (
        "control characters in a name",
        "project: cal",
        "project: \"c\\u0007al\\u001b[31m\"",
        &["sluicegate.yml:2:10: ", "cannot be a name"],
    ),
    (
        "line end in a name",
        "project: cal",
        "project: \"cal\\nerror: x\"",
        &["sluicegate.yml:2:10: ", "cannot be a name"],
    ),
    (
        "path in a name",
        "project: cal",
        "project: ../../etc",
        &["sluicegate.yml:2:10: `../../etc` cannot be a name"],
    ),
    (
        "dash before a name",
        "project: cal",
        "project: '-x'",
        &["sluicegate.yml:2:10: `-x` cannot be a name"],
    ),
    (
        "path as an environment",
        "  staging:",
        "  ../staging:",
        &["sluicegate.yml:4:3: ", "cannot be a name"],
    ),
    (
        "path as a service",
        "      web:",
        "      a/b:",
        &["sluicegate.yml:14:7: ", "cannot be a name"],
    ),
    (
        "version 2",
        "version: 1",
        "version: 2",
        &["sluicegate.yml:1:10: version 2 is not known"],
    ),
    (
        "version as a word",
        "version: 1",
        "version: one",
        &["sluicegate.yml:1:10: "],
    ),
    (
        "version below zero",
        "version: 1",
        "version: -1",
        &["sluicegate.yml:1:10: "],
    ),
];

const QUANTITIES: &[Edit] = &[
    (
        "duration without a unit",
        "expire: 1h",
        "expire: 30",
        &["`30` is not a duration", "`30s`"],
    ),
    (
        "duration below zero",
        "expire: 1h",
        "expire: -5m",
        &["is not a duration"],
    ),
    (
        "duration without a number",
        "expire: 1h",
        "expire: soon",
        &["is not a duration"],
    ),
    (
        "endless duration",
        "expire: 1h",
        "expire: 99999999999999999999h",
        &["longer than a year"],
    ),
    (
        "duration in an exponent",
        "expire: 1h",
        "expire: 1e300h",
        &["is not a duration"],
    ),
    (
        "steps that do not rise",
        "[10%, 50%]",
        "[50%, 10%]",
        &["`steps` that rise"],
    ),
    (
        "steps that stand still",
        "[10%, 50%]",
        "[10%, 10%]",
        &["`steps` that rise"],
    ),
    ("no steps", "[10%, 50%]", "[]", &["`steps` that rise"]),
    (
        "a first step of nothing",
        "[10%, 50%]",
        "[0%, 10%]",
        &["`steps` that rise"],
    ),
    (
        "a step over everything",
        "[10%, 50%]",
        "[101%]",
        &["is more than 100%"],
    ),
    (
        "a step without a unit",
        "[10%, 50%]",
        "[10]",
        &["is not a share"],
    ),
    (
        "a step too fine",
        "[10%, 50%]",
        "[0.001%]",
        &["finer than 0.01%"],
    ),
    (
        "an interval of nothing",
        "interval: 100ms",
        "interval: 0s",
        &["at least 100ms"],
    ),
    (
        "a deadline before its time",
        "deadline: 1s\n  metrics",
        "deadline: 150ms\n  metrics",
        &["`deadline` that ends before"],
    ),
    (
        "alpha of one",
        "warm_up: 100ms",
        "alpha: 1",
        &["`alpha` between 0 and 0.5"],
    ),
    (
        "alpha that is no number",
        "warm_up: 100ms",
        "alpha: .nan",
        &["not a finite number"],
    ),
    (
        "endless ratio",
        "warm_up: 100ms",
        "abort: {ratio: .inf, excess: 1%}",
        &["not a finite number"],
    ),
    (
        "margins the wrong way round",
        "warm_up: 100ms",
        "abort: {ratio: 3, excess: 1%}",
        &["one release could be both"],
    ),
    (
        "an unknown policy",
        "warm_up: 100ms",
        "inconclusive: promote",
        &["there is no kind `promote`", "`abort`"],
    ),
    (
        "endless size",
        "free: 1MiB",
        "free: 99999999999999999999TiB",
        &["more than 1024 PiB"],
    ),
    (
        "size without a unit",
        "free: 1MiB",
        "free: lots",
        &["is not a size"],
    ),
    (
        "no version range",
        "git, version: '>=2'",
        "git, version: newest",
        &["newest"],
    ),
    (
        "no requests to prove it",
        "requests: 2}",
        "requests: 0}",
        &["`rollback.requests` is 0"],
    ),
    (
        "requests below zero",
        "requests: 2}",
        "requests: -2}",
        &["-2"],
    ),
    (
        "a day that is none",
        "'2199-01-01'",
        "'2026-02-30'",
        &["2026-02-30"],
    ),
];

/// What is wrong with a value.
pub fn cases() -> Vec<Case> {
    [NAMES, QUANTITIES]
        .into_iter()
        .flat_map(Case::edits)
        .map(|case| case.saying("sluicegate.yml"))
        .collect()
}
