//! Receipts for the tests of the reports.

use crate::config::Gate;
use crate::journal::{Effect, EffectRecord, State};
use crate::receipt::{Receipt, Relied, Table};
use crate::release::Digest;
use crate::verdict::{Exit, Finding, Outcome, Place, Record, Severity, Verdict, Waived};

pub(crate) use crate::receipt::tests::passed;

fn record(check: &str, title: &str, severity: Severity, outcome: Outcome, fix: &str) -> Record {
    let (check, title, fix) = (check.into(), title.into(), fix.into());
    Record {
        check,
        title,
        severity,
        outcome,
        fix,
        waived: None,
    }
}

fn effect(at: &str, name: &str, seconds: f64, state: State) -> EffectRecord {
    let detail = serde_json::json!({"router": "nginx"});
    let effect = Effect::new(name, "production/web", detail);
    EffectRecord {
        effect,
        state,
        at: format!("2026-11-21T{at}Z"),
        seconds,
    }
}

fn error_share() -> Record {
    let command = "curl -fsSG https://prometheus.example/api/v1/query \\\n  --data-urlencode \
        'query=sum(rate(http_requests_total{release=\"1.1.0\",code=~\"5..\"}[4m]))'";
    let message = "error share of `web` is 2.10 %, stable has 0.12 %, 12,480 requests";
    let finding = Finding::new(message)
        .on("https://prometheus.example/graph?g0.expr=errors")
        .compared(
            "2.10 % (262 of 12,480)",
            "at most 0.17 % (1.25x stable + 0.02 pp)",
        )
        .reproduce(command);
    let title = "the canary fails no more often than stable";
    let fix = "read the log of `web` at 1.1.0, starting 10:04:12 UTC";
    record(
        "error-share",
        title,
        Severity::Error,
        Outcome::fail(finding),
        fix,
    )
}

fn latency() -> Record {
    let reason = "212 of 400 requests were seen before the canary was taken back";
    let fix = "let a step last longer, or send more traffic";
    let outcome = Outcome::unknown(reason);
    record(
        "latency",
        "the canary is no slower than stable",
        Severity::Error,
        outcome,
        fix,
    )
}

fn warnings() -> [Record; 2] {
    let finding = Finding::new("`canary.steps` ends at 50 %, not at 100 %");
    let no = Outcome::fail(finding.in_file("sluicegate.yml", 48, 12));
    let unknown = Outcome::unknown("`node_load1` has no samples");
    let (title, fix) = ("the canary has room left", "check the scrape configuration");
    [
        record("saturation", title, Severity::Warning, unknown, fix),
        record(
            "steps",
            "the last step reaches 100 %",
            Severity::Warning,
            no,
            "end with 100 %",
        ),
    ]
}

fn waived() -> Record {
    let finding = Finding::new("certificate of `cal.example` ends in 9 days, limit 14 days");
    let title = "every certificate is valid for 14 days";
    let fix = "renew the certificate";
    let mut record = record(
        "tls-expiry",
        title,
        Severity::Error,
        Outcome::fail(finding),
        fix,
    );
    record.waived = Some(Waived {
        reason: "the renewal is booked for the 24th".into(),
        owner: "ops".into(),
        until: "2026-11-25".into(),
    });
    record
}

fn passes() -> [Record; 2] {
    let two = vec![
        "web: 12,480 of 12,480 answers named 1.1.0".into(),
        "worker: 3 of 3".into(),
    ];
    let long = "nginx reads back 10 % after 180 ms, and 1,253 of 12,480 requests (10.04 %) went \
        to the canary in the 4 min after that";
    let two = Outcome::Pass { evidence: two };
    let (identity, weight) = (
        "every answer names the release",
        "the router applies the weight that was set",
    );
    [
        record("release-identity", identity, Severity::Error, two, ""),
        record(
            "weight-read-back",
            weight,
            Severity::Error,
            Outcome::pass(long),
            "",
        ),
    ]
}

/// In no order: reports must find the worst themselves. The failure is the fifth.
fn outcomes() -> Vec<Record> {
    let mut records = passes().to_vec();
    records.push(latency());
    let [saturation, steps] = warnings();
    records.extend([saturation, error_share(), steps, waived()]);
    for check in [
        "dns",
        "queue-depth",
        "gpu",
        "cache-hits",
        "region-eu",
        "region-us",
        "cookies",
    ] {
        let outcome = Outcome::skipped("not declared for `production`");
        records.push(record(check, "it applies", Severity::Error, outcome, ""));
    }
    records
}

/// A canary that was judged bad and taken back.
pub(crate) fn failed_canary() -> Receipt {
    let mut receipt = passed();
    receipt.gate = Gate::CanaryPromote;
    receipt.command = "run".into();
    receipt.environment = "production".into();
    receipt.seconds = 724.3;
    receipt.run.url = Some("https://github.com/acme/cal/actions/runs/77".into());
    receipt.relied_on = vec![Relied {
        gate: Gate::SmokeTest,
        environment: "staging".into(),
        path: ".sluicegate/receipts/staging/smoke-test.json".into(),
        digest: Digest::of(b"smoke"),
    }];
    receipt.records = outcomes();
    receipt.verdict = Verdict::Fail;
    receipt.exit = Exit::Fail;
    receipt.summary.headline =
        "canary 1.1.0 failed too often at 10 % and was taken back; stable 1.0.9 serves 100 %, verified".into();
    receipt.summary.next = vec![
        "read the log of `web` at 1.1.0 around 10:04:12 UTC".into(),
        "fix forward and merge again; production runs 1.0.9 and needs nothing".into(),
    ];
    let mut table = Table::new(
        "steps",
        &[
            "step", "weight", "for", "requests", "errors", "stable", "answer",
        ],
    );
    for cells in [
        ["1", "1 %", "4 min", "1,204", "0.08 %", "0.11 %", "go on"],
        ["2", "10 %", "4 min", "12,480", "2.10 %", "0.12 %", "abort"],
    ] {
        table.row(cells.map(str::to_owned));
    }
    receipt.summary.tables = vec![table];
    receipt.effects = vec![
        effect("10:00:01", "deploy", 31.2, State::Finished),
        effect("10:00:33", "set-weight", 0.18, State::Finished),
        effect("10:04:12", "set-weight", 0.2, State::Finished),
    ];
    receipt
}

/// A run that broke off half way.
pub(crate) fn unsettled() -> Receipt {
    let mut receipt = failed_canary();
    receipt.settled = false;
    receipt.exit = Exit::Unsettled;
    receipt.summary.headline = "the router of `web` did not answer when stable was put back".into();
    receipt.summary.next =
        vec!["fetch a person, then run `canary-promote abort --environment production`".into()];
    receipt.effects[2].state = State::Failed {
        reason: "nginx: connection refused".into(),
    };
    receipt
}

/// A run that could not look.
pub(crate) fn unknown() -> Receipt {
    let mut receipt = passed();
    receipt.records = vec![];
    receipt.verdict = Verdict::Unknown;
    receipt.exit = Exit::Unknown;
    receipt.partial = true;
    receipt.release = None;
    receipt.summary.headline = "nothing was checked".into();
    receipt
}

/// That text wherever a receipt can hold foreign text.
pub(crate) fn hostile(text: &str) -> Receipt {
    let mut receipt = failed_canary();
    for part in [
        &mut receipt.command,
        &mut receipt.project,
        &mut receipt.environment,
        &mut receipt.started,
        &mut receipt.finished,
        &mut receipt.expires,
        &mut receipt.run.id,
        &mut receipt.run.actor,
        &mut receipt.run.tool,
        &mut receipt.config.file,
        &mut receipt.summary.headline,
    ] {
        *part = text.into();
    }
    receipt.run.url = Some(text.into());
    receipt.relied_on[0].environment = text.into();
    receipt.relied_on[0].path = text.into();
    receipt.summary.next = vec![text.into()];
    receipt.summary.tables[0].title = text.into();
    receipt.summary.tables[0].columns[1] = text.into();
    receipt.summary.tables[0].rows[1][1] = text.into();
    for record in &mut receipt.effects {
        record.at = text.into();
        record.effect.name = text.into();
        record.effect.subject = text.into();
        record.effect.detail = serde_json::json!({ text: text });
    }
    receipt.effects[1].state = State::Failed {
        reason: text.into(),
    };
    receipt.detail = serde_json::json!({ text: text });
    for record in &mut receipt.records {
        spoil(record, text);
    }
    receipt
}

fn spoil(record: &mut Record, text: &str) {
    record.check = text.into();
    record.title = text.into();
    record.fix = text.into();
    if let Some(waived) = &mut record.waived {
        *waived = Waived {
            reason: text.into(),
            owner: text.into(),
            until: text.into(),
        };
    }
    match &mut record.outcome {
        Outcome::Pass { evidence } => *evidence = vec![text.into(), text.into()],
        Outcome::Unknown { reason } | Outcome::Skipped { reason } => *reason = text.into(),
        Outcome::Fail { findings } => {
            let finding = Finding::new(text).compared(text, text).reproduce(text);
            let mut by_url = finding.clone();
            by_url.place = Some(Place::Url(text.into()));
            *findings = vec![finding.in_file(text, 3, 1), by_url];
        }
    }
}

/// As many failures as that, each with a long text.
pub(crate) fn many_failures(count: usize, text: &str) -> Receipt {
    let mut receipt = failed_canary();
    let failure = receipt.records[4].clone();
    receipt.records = (0..count)
        .map(|number| {
            let mut record = failure.clone();
            record.check = format!("check-{number}");
            record.outcome = Outcome::fail(Finding::new(format!("number {number}: {text}")));
            record
        })
        .collect();
    receipt
}
