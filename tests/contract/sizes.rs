//! A file has at most 300 lines before its tests, a function outside tests at most 80. Tests may
//! tell a scenario in one piece.

use crate::repository::{read, rust_files};
use crate::source::without_tests;

const LONGEST_FILE: usize = 300;
const LONGEST_FUNCTION: usize = 80;
const FOLDERS: [&str; 3] = ["bins/", "shared/", "tests/"];

#[test]
fn no_file_is_too_long() {
    let lengths = rust_files(&FOLDERS)
        .into_iter()
        .filter(|file| !is_tests(file));
    let long: Vec<String> = lengths
        .map(|file| (without_tests(&read(&file)).lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, file)| format!("{file}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "split by noun:\n{}", long.join("\n"));
}

/// Integration tests, and `mod tests;` in a file of its own, which is what `mod tests { … }` is at
/// the end of a file. The crates below `tests/` are code like any other.
fn is_tests(file: &str) -> bool {
    match file.strip_prefix("tests/") {
        Some(below) => !below.contains("/src/"),
        None => file.ends_with("/tests.rs"),
    }
}

#[test]
fn no_function_is_too_long() {
    let mut long = Vec::new();
    for file in rust_files(&FOLDERS)
        .into_iter()
        .filter(|file| !is_tests(file))
    {
        for (name, line, lines) in functions(without_tests(&read(&file))) {
            if lines > LONGEST_FUNCTION {
                long.push(format!("{file}:{line}: `{name}` has {lines} lines"));
            }
        }
    }
    assert!(long.is_empty(), "split:\n{}", long.join("\n"));
}

/// Name, first line and number of lines of every function. The brace that closes one stands
/// below its first word, as rustfmt puts it.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut functions = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let is_end = |candidate: &str| {
            let own = candidate.len() - candidate.trim_start().len();
            own == indent
                && (candidate.trim_start().starts_with('}') || candidate.ends_with([';', '}']))
        };
        let lines = lines[index..]
            .iter()
            .position(|candidate| is_end(candidate));
        functions.push((
            name.to_owned(),
            index + 1,
            lines.map_or(usize::MAX, |lines| lines + 1),
        ));
    }
    functions
}

fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_modifier = |word: &str| {
        matches!(word, "const" | "async" | "unsafe" | "extern") || word.starts_with("pub")
    };
    let is_declaration = before.split_whitespace().all(is_modifier) && !before.ends_with('(');
    let name = after.split(['(', '<']).next()?;
    (is_declaration && !name.is_empty()).then_some(name)
}

#[test]
fn functions_are_measured_from_their_first_word_to_their_last_brace() {
    let text = "impl A {\n    pub(crate) async fn long(\n        a: u8,\n    ) -> u8 {\n        {\n        }\n    }\n\n    \
                fn declared(&self);\n    const fn one() {}\n}\nfn last<T>()\nwhere\n    T: Copy,\n{\n    let x = |fn_: fn (u8)| 1;\n}\n";
    let expected = [
        ("long", 2, 6),
        ("declared", 9, 1),
        ("one", 10, 1),
        ("last", 12, 6),
    ];
    let measured = functions(text);
    let measured: Vec<(&str, usize, usize)> = measured
        .iter()
        .map(|(name, line, lines)| (name.as_str(), *line, *lines))
        .collect();
    assert_eq!(measured, expected);
}
