//! What the tests of the examples share: a fault that exactly one check notices, and the rows of
//! requirements that an example covers.

use crate::sandbox::Ran;
use shared::config::Config;
use shared::verdict::Outcome;
use std::path::Path;

/// Asserts that the run failed because of these checks alone, and says these words.
#[track_caller]
pub fn only_red(ran: &Ran, checks: &[&str], words: &str) {
    ran.ends(1, &[words]);
    let receipt = ran.receipt.as_ref().expect("a receipt was written");
    let failed = receipt.records.iter();
    let failed = failed.filter(|record| matches!(record.outcome, Outcome::Fail { .. }));
    let failed: Vec<&str> = failed.map(|record| record.check.as_str()).collect();
    assert_eq!(failed, checks, "{}", ran.all());
}

/// Asserts that each probe which covers a requirement is in the example of that name.
#[track_caller]
pub fn are_covered(name: &str, covered: &[(&str, &str)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let file = folder.join(name).join("sluicegate.yml");
    let config = Config::load(&file).expect("the example is valid");
    let smoke = config.document.smoke.as_ref().expect("has a smoke part");
    let probes: Vec<&str> = (smoke.probes.iter())
        .map(|probe| probe.name().value.as_str())
        // What the services' identity brings with it.
        .chain(["ready", "release"])
        .collect();
    for (requirement, probe) in covered {
        assert!(
            probes.contains(probe),
            "{requirement}: `{probe}` is not in {probes:?}"
        );
    }
}
