//! Which statuses an answer may have, by its first line and by what is asserted of it.

use super::assertion::Assertion;
use serde_json::Value;

/// Statuses that anybody sends:
/// <https://www.iana.org/assignments/http-status-codes/http-status-codes.xhtml>
const REGISTERED: [std::ops::RangeInclusive<u16>; 9] = [
    100..=104,
    200..=208,
    226..=226,
    300..=308,
    400..=418,
    421..=426,
    428..=431,
    451..=451,
    500..=511,
];

/// The statuses that satisfy the first line and every assertion about it.
pub(super) fn of<'a>(
    status: Option<u16>,
    asserts: impl Iterator<Item = &'a Assertion> + Clone,
) -> Vec<u16> {
    let candidates: Vec<u16> = match status {
        Some(status) => vec![status],
        None => REGISTERED.into_iter().flatten().collect(),
    };
    let holds = |candidate: u16, assertion: &Assertion| {
        let value = assertion.value.as_ref().and_then(Value::as_u64);
        let (candidate, value) = (u64::from(candidate), value.unwrap_or_default());
        let holds = match assertion.predicate.as_str() {
            "==" => candidate == value,
            "!=" => candidate != value,
            ">" => candidate > value,
            ">=" => candidate >= value,
            "<" => candidate < value,
            "<=" => candidate <= value,
            // Whatever else is said of a number holds for every status.
            _ => return true,
        };
        holds != assertion.is_negated
    };
    let asserts = asserts.filter(|assertion| assertion.query.name == "status");
    let kept = candidates.into_iter().filter(|candidate| {
        asserts
            .clone()
            .all(|assertion| holds(*candidate, assertion))
    });
    kept.collect()
}

/// Whether these are all that there are.
pub(super) fn is_any(statuses: &[u16]) -> bool {
    statuses.len() == REGISTERED.into_iter().flatten().count()
}
