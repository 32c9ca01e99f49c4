//! A complete configuration, damaged at random: never a panic, never two lines.

use crate::ran::run;
use crate::sandbox::{COMPLETE, Sandbox, command_of};
use proptest::prelude::*;
use proptest::test_runner::{Config as Settings, TestRunner};
use shared::config::{Config, Gate};
use shared::error::Kind;
use std::path::Path;

/// One way to damage a text.
#[derive(Clone, Debug)]
enum Damage {
    Remove(usize),
    Repeat(usize),
    Swap(usize, usize),
    Shift(usize, usize),
    Value(usize, String),
    Key(usize, String),
    Insert(usize, String),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let line = 0usize..80;
    let at = 0usize..COMPLETE.len();
    let junk = prop_oneof![
        "(?s).{0,6}",
        "[\\[\\]{}&*!|>'\"%@`#:,?-]{1,4}",
        "-?[0-9]{1,25}[a-zA-Z%]{0,3}",
        Just("${PASSWORD}".to_owned()),
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
    ];
    prop_oneof![
        line.clone().prop_map(Damage::Remove),
        line.clone().prop_map(Damage::Repeat),
        (line.clone(), line.clone()).prop_map(|(one, other)| Damage::Swap(one, other)),
        (line.clone(), 1usize..5).prop_map(|(line, by)| Damage::Shift(line, by)),
        (line.clone(), junk.clone()).prop_map(|(line, junk)| Damage::Value(line, junk)),
        (line, junk.clone()).prop_map(|(line, junk)| Damage::Key(line, junk)),
        (at.clone(), junk).prop_map(|(at, junk)| Damage::Insert(at, junk)),
        at.prop_map(Damage::Cut),
    ]
}

impl Damage {
    fn apply(&self, text: &str) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.is_empty() {
            return String::new();
        }
        let count = lines.len();
        match self {
            Self::Remove(line) => drop(lines.remove(line % count)),
            Self::Repeat(line) => lines.insert(line % count, lines[line % count].clone()),
            Self::Swap(one, other) => lines.swap(one % count, other % count),
            Self::Shift(line, by) => lines[line % count].insert_str(0, &" ".repeat(*by)),
            Self::Value(line, junk) => {
                let line = &mut lines[line % count];
                let key = line.split_once(": ").map_or("", |(key, _)| key);
                *line = format!("{key}: {junk}");
            }
            Self::Key(line, junk) => {
                let line = &mut lines[line % count];
                let value = line.split_once(':').map_or("", |(_, value)| value);
                *line = format!("{junk}:{value}");
            }
            Self::Insert(at, junk) => {
                let mut text = text.to_owned();
                text.insert_str(boundary(&text, *at), junk);
                return text;
            }
            Self::Cut(at) => return text[..boundary(text, *at)].to_owned(),
        }
        lines.join("\n") + "\n"
    }
}

fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

fn damaged(text: &str, damages: &[Damage]) -> String {
    damages
        .iter()
        .fold(text.to_owned(), |text, damage| damage.apply(&text))
}

fn settings(cases: u32) -> Settings {
    // A failure prints its input; nothing is left beside the sources.
    Settings {
        cases,
        failure_persistence: None,
        ..Settings::default()
    }
}

#[test]
fn the_parser_answers_every_damaged_file_in_one_line() {
    let whole = Sandbox::new().config();
    assert!(Config::parse(&whole, "sluicegate.yml", Path::new(".")).is_ok());
    let mut runner = TestRunner::new(settings(250));
    let answered = runner.run(&proptest::collection::vec(damage(), 1..4), |damages| {
        if let Err(error) =
            Config::parse(&damaged(&whole, &damages), "sluicegate.yml", Path::new("."))
        {
            let line = error.to_string();
            prop_assert_eq!(error.kind(), Kind::Config);
            prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
            prop_assert!(line.starts_with("sluicegate.yml"), "{:?}", line);
        }
        Ok(())
    });
    answered.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn the_gates_answer_every_damaged_file_in_one_line() {
    let sandbox = Sandbox::new();
    let whole = sandbox.config();
    let mut runner = TestRunner::new(settings(40));
    let input = (
        proptest::collection::vec(damage(), 1..4),
        0..Gate::ALL.len(),
    );
    let answered = runner.run(&input, |(damages, gate)| {
        let gate = Gate::ALL[gate];
        sandbox.write("sluicegate.yml", damaged(&whole, &damages).as_bytes());
        let mut command = sandbox.command(gate);
        let ran = run(command
            .args(command_of(gate))
            .args(["-e", "staging", "--plan"]));
        prop_assert!(!ran.is_broken(), "{}", ran.stderr);
        match ran.code {
            Some(0) => prop_assert!(ran.errors().is_empty(), "{}", ran.stderr),
            // The ledger can be another file, which knows no release.
            Some(2 | 3) => {
                prop_assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
                prop_assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
            }
            other => prop_assert!(false, "exit {:?}: {}", other, ran.stderr),
        }
        prop_assert_eq!(sandbox.contacts(), 0);
        prop_assert!(!sandbox.path(".sluicegate").exists());
        Ok(())
    });
    answered.unwrap_or_else(|failure| panic!("{failure}"));
}
