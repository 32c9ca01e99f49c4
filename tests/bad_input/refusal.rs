//! Every bad input through every gate to which it matters.

use crate::case::Case;
use crate::ran::{Ran, run};
use crate::sandbox::{Sandbox, command_of};
use crate::{contents, flags, keys, references, sections, surroundings, traps, values, variables};
use shared::config::Gate;

#[test]
fn every_bad_input_is_refused_in_one_line_and_nothing_is_touched() {
    let cases: Vec<Case> = [
        contents::cases(),
        keys::cases(),
        traps::cases(),
        values::cases(),
        sections::cases(),
        references::cases(),
        variables::cases(),
        flags::cases(),
        surroundings::cases(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let of_gate = |gate| {
        cases
            .iter()
            .filter(move |case: &&Case| case.gates.contains(&gate))
    };
    let results: Vec<(usize, Vec<String>)> = std::thread::scope(|scope| {
        let threads = Gate::ALL.map(|gate| {
            let cases: Vec<&Case> = of_gate(gate).collect();
            scope.spawn(move || (cases.len(), complaints(gate, &cases)))
        });
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a test thread does not panic"))
            .collect()
    });
    let tried: usize = results.iter().map(|(tried, _)| tried).sum();
    let complaints: Vec<String> = results
        .into_iter()
        .flat_map(|(_, complaints)| complaints)
        .collect();
    let panics = complaints
        .iter()
        .filter(|complaint| complaint.contains("it broke"))
        .count();
    println!("bad inputs tried: {tried}, panics: {panics}");
    assert!(
        complaints.is_empty(),
        "{} of {tried}:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

fn complaints(gate: Gate, cases: &[&Case]) -> Vec<String> {
    let sandbox = Sandbox::new();
    let mut complaints = Vec::new();
    for case in cases {
        sandbox.reset();
        (case.change)(&sandbox);
        let before = sandbox.snapshot();
        let mut command = sandbox.command(gate);
        command.args(command_of(gate)).args(&case.arguments);
        for variable in &case.unset {
            command.env_remove(variable);
        }
        let ran = run(&mut command);
        let mut wrong = wrong_with(case, &ran);
        let contacts = sandbox.contacts();
        if contacts > 0 {
            wrong.push(format!("{contacts} connections were opened"));
        }
        let after = sandbox.snapshot();
        if after != before {
            let is_new = |path: &&std::path::PathBuf| after.get(*path) != before.get(*path);
            let paths: Vec<_> = after.keys().chain(before.keys()).filter(is_new).collect();
            wrong.push(format!("files were changed: {paths:?}"));
        }
        if !wrong.is_empty() {
            let said: String = ran.stderr.chars().take(600).collect();
            complaints.push(format!(
                "{gate}, {}: {}\n    exit {:?}: {said}",
                case.name,
                wrong.join("; "),
                ran.code
            ));
        }
    }
    complaints
}

fn wrong_with(case: &Case, ran: &Ran) -> Vec<String> {
    let mut wrong = Vec::new();
    if ran.is_broken() {
        wrong.push("it broke".to_owned());
    }
    if ran.code != Some(2) {
        wrong.push("the exit code is not 2".to_owned());
    }
    if !ran.stdout.is_empty() {
        wrong.push(format!("standard output has {:?}", ran.stdout));
    }
    let is_one_line = ran.stderr.lines().count() == 1 && ran.stderr.ends_with('\n');
    if !ran.stderr.starts_with("error: ") || !(case.is_usage || is_one_line) {
        wrong.push("it is not one line that starts with `error: `".to_owned());
    }
    if ran
        .stderr
        .trim_end()
        .chars()
        .any(|c| c.is_control() && c != '\n')
    {
        wrong.push("it has control characters".to_owned());
    }
    let unsaid = case
        .says
        .iter()
        .filter(|words| !ran.stderr.contains(words.as_str()));
    wrong.extend(unsaid.map(|words| format!("it does not say {words:?}")));
    wrong
}
