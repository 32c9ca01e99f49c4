//! The saved shape, and every reason to refuse a receipt.

use super::*;
use crate::verdict::{Outcome, Severity};

/// A receipt of a passed gate, for the tests of everything that reads receipts.
pub(crate) fn passed() -> Receipt {
    let release = Release {
        version: "1.1.0".to_owned().try_into().expect("is a version"),
        commit: "a".repeat(40).try_into().expect("is a commit id"),
        artifacts: [("web".to_owned(), Digest::of(b"web"))].into(),
    };
    Receipt {
        schema: 1,
        gate: Gate::SmokeTest,
        command: String::new(),
        project: "cal".into(),
        environment: "staging".into(),
        services: vec!["api".into(), "web".into()],
        release: Some(release),
        started: "2026-11-21T10:00:00Z".into(),
        finished: "2026-11-21T10:00:02Z".into(),
        seconds: 2.0,
        expires: "2026-11-22T10:00:02Z".into(),
        run: Run {
            id: "0123".into(),
            actor: "ada".into(),
            url: None,
            tool: "0.1.0".into(),
        },
        config: ConfigIdentity {
            file: "sluicegate.yml".into(),
            digest: Digest::of(b"config"),
        },
        relied_on: vec![],
        records: vec![Record {
            check: "http".into(),
            title: "every probe is answered as declared".into(),
            severity: Severity::Error,
            outcome: Outcome::pass("health: 200 in 3 ms"),
            fix: "look at the service's log".into(),
            waived: None,
        }],
        verdict: Verdict::Pass,
        exit: Exit::Pass,
        advisory: false,
        partial: false,
        settled: true,
        effects: vec![],
        summary: Summary {
            headline: "staging answers as 1.1.0".into(),
            ..Summary::default()
        },
        detail: serde_json::Value::Null,
    }
}

fn required(path: &Path) -> Required {
    Required {
        path: path.to_owned(),
        gate: Some(Gate::SmokeTest),
        environment: Some("staging".into()),
    }
}

fn refusal(change: impl FnOnce(&mut Receipt)) -> String {
    refusal_for(&["api", "web"], change)
}

fn refusal_for(wanted: &[&str], change: impl FnOnce(&mut Receipt)) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("receipt.json");
    let expected = passed();
    let mut receipt = passed();
    change(&mut receipt);
    receipt.write(&path).expect("the folder is writable");
    let release = expected.release.expect("it has one");
    let now = "2026-11-21T12:00:00Z".parse().expect("is a time");
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let reader = Reader {
        project: "cal",
        release: &release,
        config: &expected.config.digest,
        services: names(wanted),
        placed: [("staging".to_owned(), names(&["api", "web"]))].into(),
        now,
    };
    match verify(&required(&path), &reader) {
        Ok(_) => "accepted".into(),
        Err(why) => why,
    }
}

#[test]
fn a_receipt_written_is_read_back_the_same() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("receipt.json");
    let digest = passed().write(&path).expect("the folder is writable");
    let (back, digest_back) = Receipt::read(&path).expect("was just written");
    assert_eq!(back, passed());
    assert_eq!(digest, digest_back);
}

#[test]
fn a_good_receipt_is_accepted() {
    assert_eq!(refusal(|_| {}), "accepted");
}

#[test]
fn a_receipt_of_one_service_stands_for_no_other() {
    let of_api = |receipt: &mut Receipt| receipt.services = vec!["api".into()];
    for wanted in [&["api", "web"][..], &["web"], &["elsewhere"]] {
        let why = refusal_for(wanted, of_api);
        assert!(why.contains("it says nothing about `web`"), "{why}");
    }
    assert_eq!(refusal_for(&["api"], of_api), "accepted");
    // Here it runs, there it does not: the receipt of the whole environment is all there can be.
    for wanted in [&["web", "elsewhere"][..], &["elsewhere"], &[]] {
        assert_eq!(refusal_for(wanted, |_| {}), "accepted");
    }
}

#[test]
fn every_difference_is_refused() {
    type Change = fn(&mut Receipt);
    let cases: [(&str, Change); 12] = [
        ("it is a receipt of migrate-gate", |r| {
            r.gate = Gate::MigrateGate
        }),
        ("it is a receipt of `smoke-test check`", |r| {
            r.command = "check".into()
        }),
        ("it is about `production`", |r| {
            r.environment = "production".into()
        }),
        ("it is about the project `other`", |r| {
            r.project = "other".into()
        }),
        ("it is about no release", |r| r.release = None),
        ("another artifact", |r| {
            if let Some(release) = &mut r.release {
                release.artifacts.clear();
            }
        }),
        ("it was made under another configuration", |r| {
            r.config.digest = Digest::of(b"x")
        }),
        ("neither finished nor undone", |r| r.settled = false),
        ("left out", |r| r.partial = true),
        ("its verdict is unknown", |r| r.verdict = Verdict::Unknown),
        ("it expired", |r| r.expires = "2026-11-21T11:59:59Z".into()),
        ("in the future", |r| {
            r.finished = "2026-11-21T13:00:00Z".into()
        }),
    ];
    for (expected, change) in cases {
        let why = refusal(change);
        assert!(why.contains(expected), "{why:?} should say {expected:?}");
    }
}

#[test]
fn a_missing_receipt_and_a_forged_summary_are_refused() {
    assert!(Receipt::read(Path::new("/nowhere/receipt.json")).is_err());
    let mut failed = passed();
    failed.verdict = Verdict::Fail;
    let statement = serde_json::to_string(&Statement::of(&failed).expect("encodes"))
        .expect("encodes")
        .replace("\"FAILED\"", "\"PASSED\"");
    let forged: Statement = serde_json::from_str(&statement).expect("is still a statement");
    let error = forged.receipt().expect_err("the detail says fail");
    assert!(error.to_string().contains("contradicts"), "{error}");
}

#[test]
fn secrets_are_cleaned_out_of_every_string() {
    let secret = crate::secret::Secret::new("tr0ub4dor");
    let mut receipt = passed();
    receipt.summary.headline = format!("password {}", secret.expose());
    receipt.detail = serde_json::json!({"a": [secret.expose()]});
    let clean = without_secrets(&receipt).expect("encodes");
    assert!(
        !serde_json::to_string(&clean)
            .expect("encodes")
            .contains("tr0ub4dor")
    );
}

#[test]
fn an_unwritable_place_is_refused_before_anything_happens() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    assert!(assert_writable(folder.path()).is_err());
    let file = folder.path().join("file");
    std::fs::write(&file, "x").expect("the folder is writable");
    assert!(assert_writable(&file.join("receipt.json")).is_err());
    assert!(assert_writable(&folder.path().join("new/receipt.json")).is_ok());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = Receipt::parse(&text);
    }
}
