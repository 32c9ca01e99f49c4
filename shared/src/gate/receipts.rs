//! The first check of every gate: the receipts that it needs are there and hold.

use super::Context;
use crate::check::Entry;
use crate::config::Name;
use crate::receipt::{Reader, Relied, verify};
use crate::release::Release;
use crate::verdict::{Outcome, Record, Severity};

/// The check as the catalogue lists it.
pub(super) const ENTRY: Entry = Entry {
    id: "receipts",
    title: "every required receipt is there and holds",
    why: "a gate that can be skipped is no gate: the receipt is bound to commit, artifact, \
          environment and configuration, and missing is no",
    fix: "run the gate whose receipt is missing for this very release, and hand its receipt on",
    severity: Severity::Error,
};

fn reader<'a>(context: &'a Context, release: &'a Release) -> Reader<'a> {
    let document = &context.config.document;
    let environments = document.environments.iter();
    let placed = environments.map(|(name, environment)| {
        let services = environment.services.keys();
        (name.to_string(), services.map(Name::to_string).collect())
    });
    Reader {
        project: document.project.as_str(),
        release,
        config: &context.config.digest,
        services: context.services.iter().map(Name::to_string).collect(),
        placed: placed.collect(),
        now: jiff::Timestamp::now(),
    }
}

/// Verifies what is required; the receipts relied on, and the record.
pub(super) fn gather(context: &Context, is_needed: bool) -> (Record, Vec<Relied>) {
    let required = if is_needed {
        context.required()
    } else {
        Vec::new()
    };
    let (mut relied_on, mut reasons) = (Vec::new(), Vec::new());
    for one in &required {
        let verified = match context.release() {
            Ok(release) => verify(one, &reader(context, release)),
            Err(error) => Err(error.to_string()),
        };
        match verified {
            Ok(relied) => relied_on.push(relied),
            Err(why) => reasons.push(why),
        }
    }
    let outcome = if required.is_empty() {
        Outcome::skipped("none is required here")
    } else {
        let evidence = |relied: &Relied| {
            format!(
                "{} of {} passed ({})",
                relied.gate,
                relied.environment,
                relied.digest.short()
            )
        };
        Outcome::judge(relied_on.iter().map(evidence).collect(), vec![], reasons)
    };
    let record = Record {
        check: ENTRY.id.into(),
        title: ENTRY.title.into(),
        severity: ENTRY.severity,
        outcome,
        fix: ENTRY.fix.into(),
        waived: None,
    };
    (record, relied_on)
}
