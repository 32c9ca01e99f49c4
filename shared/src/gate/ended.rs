//! From facts to a receipt: checks, waivers, verdict, exit, words.

use super::{Context, Gate, publish};
use crate::check::judge;
use crate::clock;
use crate::error::{Error, Kind, Result};
use crate::receipt::{Receipt, Relied};
use crate::verdict::{Exit, Record, Severity, Verdict, Waived};

/// What a run comes to besides its facts.
pub(super) struct Ended {
    /// What the check of the required receipts said.
    pub record: Record,
    /// The receipts that hold.
    pub relied_on: Vec<Relied>,
    /// When it started.
    pub started: jiff::Timestamp,
    /// The command that was given.
    pub command: &'static str,
}

impl Ended {
    /// Judges the facts and writes everything down, without secrets.
    pub fn receipt<G: Gate>(
        self,
        context: &Context,
        facts: Option<&Result<G::Facts>>,
    ) -> Result<Receipt> {
        let mut records = vec![self.record];
        match facts {
            None => {}
            Some(Ok(facts)) => {
                records.extend(judge(G::checks(), facts, &context.common.selection()));
            }
            Some(Err(error)) => records.push(broken_off(error)),
        }
        waive(&mut records, context);
        let verdict = Verdict::of(&records);
        let is_unsettled = matches!(facts, Some(Err(error)) if error.kind() == Kind::Unsettled);
        let journal = context.journal_if_open();
        let settled = !is_unsettled && journal.is_none_or(|journal| journal.is_settled());
        let exit = Exit::of(verdict, settled, context.common.advisory);
        let summary = match facts {
            Some(Ok(facts)) => G::summary(context, facts, &records, exit),
            Some(Err(_)) | None => publish::plain_summary(context, &records, settled),
        };
        let finished = jiff::Timestamp::now();
        let lifetime = context.config.document.receipts.expire.duration();
        let receipt = Receipt {
            schema: 1,
            gate: context.gate,
            command: self.command.into(),
            project: context.config.document.project.to_string(),
            environment: context.environment.to_string(),
            services: context.services.iter().map(ToString::to_string).collect(),
            release: context.release_if_any().cloned(),
            started: clock::rounded(self.started),
            finished: clock::rounded(finished),
            seconds: finished.duration_since(self.started).as_secs_f64(),
            expires: clock::rounded(finished + lifetime),
            run: context.run.clone(),
            config: crate::receipt::ConfigIdentity {
                file: context.config.file.clone(),
                digest: context.config.digest.clone(),
            },
            relied_on: self.relied_on,
            records,
            verdict,
            exit,
            advisory: context.common.advisory,
            partial: context.common.selection().is_partial(),
            settled,
            effects: journal
                .map(|journal| journal.effects().to_vec())
                .unwrap_or_default(),
            summary,
            detail: match facts {
                Some(Ok(facts)) => G::detail(facts),
                Some(Err(_)) | None => serde_json::Value::Null,
            },
        };
        crate::receipt::without_secrets(&receipt)
    }
}

/// The record of a run that could not find out or do what it had to.
fn broken_off(error: &Error) -> Record {
    Record {
        check: "run".into(),
        title: "the run came to its end".into(),
        severity: Severity::Error,
        outcome: crate::verdict::Outcome::unknown(error.to_string()),
        fix: "remove the cause, then run it again".into(),
        waived: None,
    }
}

fn waive(records: &mut [Record], context: &Context) {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    for waiver in &context.config.document.waivers {
        let environments = &waiver.environments;
        let is_here = environments.is_empty()
            || environments
                .iter()
                .any(|name| name.value == context.environment);
        let is_no = |record: &Record| matches!(record.outcome.word(), "fail" | "unknown");
        for record in records
            .iter_mut()
            .filter(|record| record.check == waiver.check)
        {
            // A missing receipt and a run that broke off are nothing that a waiver can cover.
            if !is_here || !is_no(record) || matches!(waiver.check.as_str(), "receipts" | "run") {
                continue;
            }
            if today > waiver.until {
                tracing::warn!("the waiver of `{}` ended on {}", waiver.check, waiver.until);
                continue;
            }
            record.waived = Some(Waived {
                reason: waiver.reason.clone(),
                owner: waiver.owner.clone(),
                until: waiver.until.to_string(),
            });
        }
    }
}
