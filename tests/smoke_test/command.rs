//! Suites of the project's own: what they say is judged whole or not at all, and nothing of them is
//! left running.

use crate::sandbox::{Ran, Sandbox};
use crate::server::{Reply, answer};
use std::time::{Duration, Instant};

/// A run with a suite that is this script.
fn suite(script: &str, settings: &str) -> (Sandbox, Ran) {
    let server = crate::release(|_| Reply::Send(answer(200, "1.1.0", "")));
    let smoke = format!(
        "wait: 20s\nprobes:\n  - command: {{ name: suite, run: [sh, -c, '{script}'], {settings} }}\n"
    );
    let sandbox = Sandbox::new(&server.url(), &smoke);
    let ran = sandbox.run(&["-v"]);
    (sandbox, ran)
}

#[test]
fn the_end_of_a_long_output_is_judged_as_well() {
    let settings = "output: { not_contains: FAILED }";
    let (_, ran) = suite("yes verbose | head -n 200000; echo 3 FAILED", settings);
    ran.ends(
        1,
        &["an output that must not contain \"FAILED\"", "3 FAILED"],
    );
    let (_, ran) = suite("yes verbose | head -n 2000000; echo 3 FAILED", settings);
    ran.ends(3, &["bytes of its output were not kept"]);
    let (_, ran) = suite("yes verbose | head -n 2000000; echo done", "within: 1m");
    ran.ends(0, &["`suite`: exit 0 after", "`done`"]);
}

#[test]
fn what_is_still_written_when_the_suite_has_ended_is_not_known() {
    let script = "(sleep 5; echo 3 FAILED) & echo started";
    let (_, ran) = suite(script, "output: { not_contains: FAILED }");
    ran.ends(3, &["what it left running still has its output open"]);
    let (_, ran) = suite(script, "within: 1m");
    ran.ends(0, &["`suite`: exit 0 after", "`started`"]);
}

#[test]
fn nothing_that_a_suite_started_outlives_it() {
    let script = "sleep 98765 > /dev/null 2>&1 & echo $! > pid; echo ok";
    let (sandbox, ran) = suite(script, "output: { contains: ok }");
    ran.ends(0, &["`suite`: exit 0 after"]);
    let pid = std::fs::read_to_string(sandbox.path().join("pid")).expect("the suite wrote it");
    let line = std::path::Path::new("/proc")
        .join(pid.trim())
        .join("cmdline");
    let end = Instant::now() + Duration::from_secs(10);
    // What has ended has no words left.
    while std::fs::read_to_string(&line).is_ok_and(|words| words.contains("98765")) {
        assert!(Instant::now() < end, "it still runs");
        std::thread::yield_now();
    }
}
