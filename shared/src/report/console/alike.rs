//! Records that say the same.

use crate::verdict::{Outcome, Record};

/// In their order, those together that are unknown for the very same reason.
pub(super) fn alike(records: Vec<&Record>) -> Vec<Vec<&Record>> {
    let mut groups: Vec<Vec<&Record>> = Vec::new();
    for record in records {
        let is_alike = |group: &&mut Vec<&Record>| {
            let of = |record: &Record| match &record.outcome {
                Outcome::Unknown { reason } => record.waived.is_none().then(|| reason.clone()),
                Outcome::Pass { .. } | Outcome::Fail { .. } | Outcome::Skipped { .. } => None,
            };
            of(record).is_some() && group.first().and_then(|first| of(first)) == of(record)
        };
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.push(record),
            None => groups.push(vec![record]),
        }
    }
    groups
}
