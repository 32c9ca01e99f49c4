//! Every check is green against servers that keep it and red against servers that break it.

use super::{Base, Case, Quality, Verdicts, cases, catalogue, run};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Checks that need no server of their own: receipts are proven by their own tests.
const ELSEWHERE: [&str; 1] = ["receipts"];

/// Says which checks were proven, or what was not.
pub fn proven(binary: &Path) -> Result<String> {
    let cases = cases();
    let good = run(binary, &cases, Quality::Good, Base::Release)?;
    let bad = run(binary, &cases, Quality::Bad, Base::Release)?;
    let mut wrong = Vec::new();
    let mut table = BTreeMap::new();
    for check in cases.iter().flat_map(|case| case.checks) {
        expect(&good, check, "pass", &mut wrong);
        expect(&bad, check, "fail", &mut wrong);
        table.insert(*check, 2);
    }
    base("ready", Base::Before, &good, binary, &mut wrong)?;
    base("release", Base::Mixed, &good, binary, &mut wrong)?;
    table.extend([("ready", 2), ("release", 2)]);
    for id in catalogue(binary)? {
        if !table.contains_key(id.as_str()) && !ELSEWHERE.contains(&id.as_str()) {
            wrong.push(format!("`{id}` has no server that breaks it"));
        }
    }
    if wrong.is_empty() {
        let names: Vec<&str> = table.keys().copied().collect();
        return Ok(format!(
            "{} checks, each green against a good server and red against a bad one: {}",
            names.len(),
            names.join(", ")
        ));
    }
    let count = wrong.len();
    Err(Error::new(format!(
        "{count} not proven:\n  {}",
        wrong.join("\n  ")
    )))
}

fn base(
    check: &str,
    base: Base,
    good: &Verdicts,
    binary: &Path,
    wrong: &mut Vec<String>,
) -> Result<()> {
    let none: [Case; 0] = [];
    let bad = run(binary, &none, Quality::Good, base)?;
    expect(good, check, "pass", wrong);
    expect(&bad, check, "fail", wrong);
    Ok(())
}

fn expect(verdicts: &Verdicts, check: &str, wanted: &str, wrong: &mut Vec<String>) {
    match verdicts.get(check) {
        Some((result, _)) if result == wanted => {}
        Some((result, words)) => {
            wrong.push(format!("`{check}` is {result}, not {wanted}: {words}"))
        }
        None => wrong.push(format!("`{check}` was not judged")),
    }
}
