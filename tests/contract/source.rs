//! Which paths and methods a Rust file names, without comments, texts and its tests.

/// Something that a file names, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// `std::fs::read`, or the name of a method that is called.
    pub name: String,
    /// From 1.
    pub line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Word(String),
    Colons,
    Mark(char),
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    line: usize,
}

/// The file up to its tests.
pub fn without_tests(text: &str) -> &str {
    let mut start = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let opens_module = |next: &&str| next.starts_with("mod ") && next.trim_end().ends_with('{');
        if line.trim_end() == "#[cfg(test)]" && lines.peek().is_some_and(opens_module) {
            return &text[..start];
        }
        start += line.len();
    }
    text
}

/// Every path of more than one segment, imports taken apart.
pub fn paths(text: &str) -> Vec<Named> {
    let tokens = tokens(without_tests(text));
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(Token { kind, line }) = tokens.get(at) {
        at += 1;
        let Kind::Word(word) = kind else { continue };
        if word == "use" {
            let mut names = Vec::new();
            import(&tokens, &mut at, "", &mut names);
            found.extend(names.into_iter().map(|name| Named { name, line: *line }));
            continue;
        }
        let mut name = word.clone();
        while let [Kind::Colons, Kind::Word(next)] = &kinds(&tokens, at)[..] {
            name = format!("{name}::{next}");
            at += 2;
        }
        if name.contains("::") {
            found.push(Named { name, line: *line });
        }
    }
    found
}

/// The names behind a dot that do something: methods and `await`, but not fields.
pub fn methods(text: &str) -> Vec<Named> {
    let tokens = tokens(without_tests(text));
    let pairs = tokens.windows(2).enumerate();
    pairs
        .filter_map(|(at, pair)| match (&pair[0].kind, &pair[1].kind) {
            (Kind::Mark('.'), Kind::Word(word)) => {
                let next = tokens.get(at + 2).map(|token| &token.kind);
                let is_called = matches!(next, Some(Kind::Mark('(') | Kind::Colons));
                (is_called || word == "await").then(|| Named {
                    name: word.clone(),
                    line: pair[1].line,
                })
            }
            _ => None,
        })
        .collect()
}

fn kinds(tokens: &[Token], at: usize) -> Vec<Kind> {
    tokens
        .iter()
        .skip(at)
        .take(2)
        .map(|token| token.kind.clone())
        .collect()
}

fn import(tokens: &[Token], at: &mut usize, prefix: &str, names: &mut Vec<String>) {
    let mut name = prefix.to_owned();
    while let Some(token) = tokens.get(*at) {
        match &token.kind {
            Kind::Word(word) if word == "as" => *at += 1,
            Kind::Word(word) if word == "self" && !name.is_empty() => {}
            Kind::Word(word) => name = joined(&name, word),
            Kind::Mark('*') => name = joined(&name, "*"),
            Kind::Colons => {}
            Kind::Mark('{') => {
                *at += 1;
                return group(tokens, at, &name, names);
            }
            Kind::Mark(_) => break,
        }
        *at += 1;
    }
    names.push(name);
}

fn group(tokens: &[Token], at: &mut usize, name: &str, names: &mut Vec<String>) {
    while let Some(token) = tokens.get(*at) {
        match token.kind {
            Kind::Mark('}') => {
                *at += 1;
                return;
            }
            Kind::Mark(_) => *at += 1,
            Kind::Word(_) | Kind::Colons => import(tokens, at, name, names),
        }
    }
}

fn joined(path: &str, segment: &str) -> String {
    if path.is_empty() {
        segment.to_owned()
    } else {
        format!("{path}::{segment}")
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let length = match length_of_skipped(rest) {
            Some(length) => length,
            None if first.is_alphabetic() || first == '_' => {
                let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
                let length = length.unwrap_or(rest.len());
                tokens.push(Token {
                    kind: Kind::Word(rest[..length].to_owned()),
                    line,
                });
                length
            }
            None if rest.starts_with("::") => {
                tokens.push(Token {
                    kind: Kind::Colons,
                    line,
                });
                2
            }
            None => {
                tokens.push(Token {
                    kind: Kind::Mark(first),
                    line,
                });
                first.len_utf8()
            }
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// How much of the text's beginning is space, a comment, a text or a lifetime.
fn length_of_skipped(text: &str) -> Option<usize> {
    let upto = |end: &str, from: usize| {
        text[from..]
            .find(end)
            .map_or(text.len(), |at| from + at + end.len())
    };
    let first = text.chars().next()?;
    if first.is_whitespace() {
        return Some(first.len_utf8());
    }
    if text.starts_with("//") {
        return Some(upto("\n", 0));
    }
    if text.starts_with("/*") {
        return Some(upto("*/", 2));
    }
    let prefix = text.find(|c: char| !matches!(c, 'b' | 'r' | 'c'))?;
    let hashes = text[prefix..]
        .bytes()
        .take_while(|byte| *byte == b'#')
        .count();
    if text[..prefix].contains('r') && text[prefix + hashes..].starts_with('"') {
        return Some(upto(
            &format!("\"{}", "#".repeat(hashes)),
            prefix + hashes + 1,
        ));
    }
    if prefix <= 1 && text[prefix..].starts_with('"') {
        return Some(quoted_length(text, prefix, '"'));
    }
    if first == '\'' {
        let mut inside = text[1..].chars();
        let (one, two) = (inside.next(), inside.next());
        let is_character = one == Some('\\') || two == Some('\'');
        return Some(if is_character {
            quoted_length(text, 0, '\'')
        } else {
            1
        });
    }
    None
}

fn quoted_length(text: &str, start: usize, quote: char) -> usize {
    let mut is_escaped = false;
    for (index, character) in text.char_indices().skip_while(|(index, _)| *index <= start) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if character == quote => return index + quote.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[test]
fn imports_are_taken_apart_and_texts_are_not_code() {
    let text = "use std::{fs, io::{self, Read as _}, path::*};\n\
                fn f<'a>() -> char { // std::env\n    let _ = \"std::net \\\" x\"; let _ = r#\"tokio::spawn\"#;\n    \
                crate::a::b(shared::http::get('\"', ':'));\n    '\\''\n}\n\
                #[cfg(test)]\nmod tests {\n    use std::thread;\n}\n";
    let names: Vec<(String, usize)> = paths(text)
        .into_iter()
        .map(|named| (named.name, named.line))
        .collect();
    let expected = [
        ("std::fs", 1),
        ("std::io", 1),
        ("std::io::Read", 1),
        ("std::path::*", 1),
        ("crate::a::b", 4),
        ("shared::http::get", 4),
    ];
    assert_eq!(names, expected.map(|(name, line)| (name.to_owned(), line)));
    assert_eq!(
        methods("a.b().await"),
        ["b", "await"].map(|name| Named {
            name: name.into(),
            line: 1
        })
    );
}
