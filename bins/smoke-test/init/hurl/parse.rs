//! Reads a Hurl file line by line.

use super::syntax::{Body, Entry, Lined, Mistake, Pair, Response};

/// Sections that are known, old names included.
const SECTIONS: [(&str, Section); 11] = [
    ("Query", Section::Query),
    ("QueryStringParams", Section::Query),
    ("Form", Section::Form),
    ("FormParams", Section::Form),
    ("Multipart", Section::Multipart),
    ("MultipartFormData", Section::Multipart),
    ("Cookies", Section::Cookies),
    ("BasicAuth", Section::BasicAuth),
    ("Options", Section::Options),
    ("Captures", Section::Captures),
    ("Asserts", Section::Asserts),
];

/// A part of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Headers,
    Query,
    Form,
    Multipart,
    Cookies,
    BasicAuth,
    Options,
    Captures,
    Asserts,
}

impl Section {
    fn is_of_answer(self) -> bool {
        matches!(self, Self::Captures | Self::Asserts)
    }
}

/// The entries of a file.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, Mistake> {
    let mut reader = Reader {
        lines: text.lines().collect(),
        next: 0,
        section: Section::Headers,
        entries: Vec::new(),
    };
    while reader.next < reader.lines.len() {
        reader.line()?;
    }
    if reader.entries.is_empty() {
        return Err(Mistake::at(1, 1, "there is no request in it"));
    }
    Ok(reader.entries)
}

/// Where in the file the reading is.
pub(super) struct Reader<'a> {
    /// The whole file.
    pub(super) lines: Vec<&'a str>,
    /// The index of the next line.
    pub(super) next: usize,
    section: Section,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    fn line(&mut self) -> Result<(), Mistake> {
        let (raw, number) = (self.lines[self.next], self.next + 1);
        let column = raw.len() - raw.trim_start().len() + 1;
        let text = raw.trim();
        if text.is_empty() || text.starts_with('#') {
            self.next += 1;
            return Ok(());
        }
        if let Some(section) = section(text) {
            self.next += 1;
            return self.enter(section, number, column, text);
        }
        if let Some((method, url)) = request(text) {
            self.next += 1;
            self.section = Section::Headers;
            self.entries.push(Entry {
                line: number,
                method: method.to_owned(),
                url: without_comment(url).to_owned(),
                ..Entry::default()
            });
            return Ok(());
        }
        let Some(entry) = self.entries.last_mut() else {
            let message = "here a request is expected, such as `GET https://host/path`";
            return Err(Mistake::at(number, column, message));
        };
        if is_status_line(text) {
            let response = status_line(text, number, column)?;
            if entry.response.replace(response).is_some() {
                return Err(Mistake::at(
                    number,
                    column,
                    "this is a second answer to one request",
                ));
            }
            self.section = Section::Headers;
            self.next += 1;
            return Ok(());
        }
        if is_body(text) {
            let body = self.body(column)?;
            return self.keep_body(
                Lined {
                    line: number,
                    value: body,
                },
                column,
            );
        }
        self.next += 1;
        self.item(raw, number, column)
    }

    fn enter(
        &mut self,
        section: Section,
        line: usize,
        column: usize,
        text: &str,
    ) -> Result<(), Mistake> {
        let shown = crate::answer::shown(text, 40);
        let Some(entry) = self.entries.last_mut() else {
            return Err(Mistake::at(
                line,
                column,
                format!("`{shown}` stands before any request"),
            ));
        };
        if section.is_of_answer() != entry.response.is_some() {
            let message = match section.is_of_answer() {
                true => format!("`{shown}` stands before `HTTP` and a status"),
                false => format!("`{shown}` is of a request, and stands after `HTTP`"),
            };
            return Err(Mistake::at(line, column, message));
        }
        match section {
            Section::BasicAuth => entry.basic = Some(line),
            Section::Multipart => entry.multipart = Some(line),
            Section::Headers
            | Section::Query
            | Section::Form
            | Section::Cookies
            | Section::Options
            | Section::Captures
            | Section::Asserts => {}
        }
        self.section = section;
        Ok(())
    }

    /// One line of a section.
    fn item(&mut self, raw: &str, line: usize, column: usize) -> Result<(), Mistake> {
        let section = self.section;
        let Some(entry) = self.entries.last_mut() else {
            return Ok(());
        };
        let (text, value) = (raw.trim(), raw.to_owned());
        match (section, &mut entry.response) {
            (Section::Asserts, Some(response)) => response.asserts.push(Lined { line, value }),
            (Section::Captures, Some(response)) => {
                pair(text, line, column)?;
                response.captures.push(Lined { line, value });
            }
            (Section::Headers, Some(response)) => {
                response.headers.push(pair(text, line, column)?);
            }
            (Section::Headers, None) => entry.headers.push(pair(text, line, column)?),
            (Section::Query, _) => entry.query.push(pair(text, line, column)?),
            (Section::Form, _) => entry.form.push(pair(text, line, column)?),
            (Section::Cookies, _) => entry.cookies.push(pair(text, line, column)?),
            (Section::Options, _) => entry.options.push(pair(text, line, column)?),
            // Neither is carried over.
            (Section::BasicAuth | Section::Multipart, _) => {
                pair(text, line, column)?;
            }
            // `enter` lets nobody in.
            (Section::Asserts | Section::Captures, None) => {}
        }
        Ok(())
    }

    fn keep_body(&mut self, body: Lined<Body>, column: usize) -> Result<(), Mistake> {
        let Some(entry) = self.entries.last_mut() else {
            return Ok(());
        };
        let line = body.line;
        let place = match &mut entry.response {
            Some(response) => &mut response.body,
            None => &mut entry.body,
        };
        if place.replace(body).is_some() {
            return Err(Mistake::at(line, column, "this is a second body"));
        }
        Ok(())
    }
}

/// The section that a line begins.
pub(super) fn section(text: &str) -> Option<Section> {
    let (name, rest) = text.strip_prefix('[')?.split_once(']')?;
    let is_alone = rest.trim().is_empty() || rest.trim().starts_with('#');
    let known = SECTIONS.iter().find(|(known, _)| *known == name);
    known.filter(|_| is_alone).map(|(_, section)| *section)
}

/// The method and the URL of a line that begins a request.
pub(super) fn request(text: &str) -> Option<(&str, &str)> {
    let (method, url) = text.split_once(char::is_whitespace)?;
    let is_method =
        (3..=10).contains(&method.len()) && method.bytes().all(|b| b.is_ascii_uppercase());
    (is_method && method != "HTTP").then_some((method, url.trim()))
}

/// Whether a line begins an answer.
pub(super) fn is_status_line(text: &str) -> bool {
    let rest = text.strip_prefix("HTTP");
    rest.is_some_and(|rest| rest.starts_with([' ', '/', '\t']))
}

fn status_line(text: &str, line: usize, column: usize) -> Result<Response, Mistake> {
    let mut words = without_comment(text).split_whitespace();
    let version = words.next().and_then(|word| word.strip_prefix("HTTP/"));
    let status = words.next().unwrap_or_default();
    let number = status
        .parse::<u16>()
        .ok()
        .filter(|number| (100..=599).contains(number));
    if number.is_none() && status != "*" || words.next().is_some() {
        let message = "here `HTTP` and a status from 100 to 599 or `*` is expected";
        return Err(Mistake::at(line, column, message));
    }
    Ok(Response {
        line,
        version: version.map(str::to_owned),
        status: number,
        ..Response::default()
    })
}

fn is_body(text: &str) -> bool {
    let words = ["file,", "base64,", "hex,"];
    text.starts_with(['{', '[', '`', '<', '"']) || words.iter().any(|word| text.starts_with(word))
}

fn pair(text: &str, line: usize, column: usize) -> Result<Pair, Mistake> {
    let Some((name, value)) = without_comment(text).split_once(':') else {
        let shown = crate::answer::shown(text, 60);
        let message = format!("`{shown}` is not understood; here `name: value` is expected");
        return Err(Mistake::at(line, column, message));
    };
    let value = (plain(name.trim()), plain(value.trim()));
    Ok(Lined { line, value })
}

/// What stands before a comment. A `#` that belongs to the text has a `\` before it.
pub(super) fn without_comment(text: &str) -> &str {
    let mut comments = text.match_indices('#');
    let comment = comments.find(|(at, _)| text[..*at].ends_with([' ', '\t']));
    comment.map_or(text, |(at, _)| &text[..at]).trim()
}

/// With `\#` and `\:` as what they stand for.
fn plain(text: &str) -> String {
    text.replace("\\#", "#").replace("\\:", ":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> (usize, usize, String) {
        let Mistake {
            line,
            column,
            message,
        } = entries(text).expect_err(text);
        (line, column, message)
    }

    fn pairs(pairs: &[Pair]) -> Vec<(&str, &str)> {
        let pairs = pairs.iter();
        pairs
            .map(|pair| (pair.value.0.as_str(), pair.value.1.as_str()))
            .collect()
    }

    #[test]
    fn requests_and_answers_are_read_with_their_lines() {
        let text = "# comment\nPOST http://h/a # why\nX-A: b # c\n[Query]\nq: a \\# b\n\
                    [Options]\nretry: 1\n{\n  \"a\": [\"}\", {{x}}]\n}\n\nHTTP/1.1 201\nX-B: c\n\
                    [Captures]\nid: jsonpath \"$.id\"\n[Asserts]\n  status == 201\n[1, 2]\nGET http://h/b\n";
        let entries = entries(text).expect("is a file");
        assert_eq!(entries.len(), 2);
        let first = &entries[0];
        assert_eq!((first.line, first.url.as_str()), (2, "http://h/a"));
        assert_eq!(pairs(&first.headers), [("X-A", "b")]);
        assert_eq!(pairs(&first.query), [("q", "a # b")]);
        let body = first.body.as_ref().expect("has one");
        assert_eq!(body.line, 8);
        assert_eq!(
            body.value,
            Body::Json("{\n  \"a\": [\"}\", {{x}}]\n}".into())
        );
        let response = first.response.as_ref().expect("has one");
        assert_eq!((response.line, response.status), (12, Some(201)));
        assert_eq!(response.version.as_deref(), Some("1.1"));
        assert_eq!(response.asserts[0].value, "  status == 201");
        assert_eq!(response.captures[0].value, "id: jsonpath \"$.id\"");
        assert_eq!(response.body.as_ref().map(|body| body.line), Some(18));
        assert_eq!(entries[1].response, None);
    }

    #[test]
    fn bodies_of_every_kind_are_read() {
        for (body, wanted) in [
            ("```\na\nb\n```", Body::Text("a\nb\n".into())),
            ("```json\n{}\n```", Body::Json("{}\n".into())),
            (
                "```graphql\n{}\n```",
                Body::Other("a text of a kind of its own"),
            ),
            ("`one line`", Body::Text("one line".into())),
            ("file,data.bin;", Body::File("data.bin".into())),
            (
                "base64,AAAA;",
                Body::Other("bytes in base64 or hexadecimal digits"),
            ),
            ("<a>\n<b/>\n</a>", Body::Text("<a>\n<b/>\n</a>".into())),
            ("\"text\"", Body::Json("\"text\"".into())),
        ] {
            let entries = entries(&format!("POST http://h\n{body}\nHTTP 200\n")).expect(body);
            assert_eq!(
                entries[0].body.as_ref().map(|body| &body.value),
                Some(&wanted),
                "{body}"
            );
            assert!(entries[0].response.is_some(), "{body}");
        }
    }

    #[test]
    fn a_mistake_has_its_place() {
        for (text, line, column, why) in [
            ("", 1, 1, "there is no request"),
            ("  hello\n", 1, 3, "a request is expected"),
            (
                "GET http://h\nnonsense\n",
                2,
                1,
                "`name: value` is expected",
            ),
            (
                "GET http://h\nHTTP 2000\n",
                2,
                1,
                "a status from 100 to 599",
            ),
            (
                "GET http://h\nHTTP 200\nHTTP 200\n",
                3,
                1,
                "a second answer",
            ),
            (
                "GET http://h\n[Asserts]\n",
                2,
                1,
                "`[Asserts]` stands before `HTTP`",
            ),
            (
                "GET http://h\nHTTP 200\n [Query]\n",
                3,
                2,
                "is of a request",
            ),
            ("POST http://h\n{\"a\": 1\n", 2, 1, "the JSON is not closed"),
            ("POST http://h\n```\na\n", 2, 1, "the text is not closed"),
            ("POST http://h\n{}\n{}\n", 3, 1, "a second body"),
        ] {
            let (at, column_at, message) = refused(text);
            assert_eq!((at, column_at), (line, column), "{text:?}: {message}");
            assert!(message.contains(why), "{text:?}: {message}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            text in "(?s).{0,80}",
            parts in prop::collection::vec(prop::sample::select(vec![
                "GET http://h/{{a}}", "POST {{b}}/x", "HTTP 200", "HTTP *", "[Asserts]", "[Query]",
                "[Captures]", "[Options]", "a: b", "{", "}", "```", "`x`", "<a>", "file,x;", "[1]",
                "x: jsonpath \"$.x\"", "status == 200", "jsonpath \"$.x\" count == 0", "#", "",
                "location: true", "[Form]", "[BasicAuth]", "[Multipart]", "body contains \"x\"",
                "header \"a\" not exists", "header \"a\" exists", "duration < 5", "variable: a=b",
            ]), 0..25),
        ) {
            for text in [text, parts.join("\n")] {
                let _ = entries(&text);
                if let Ok(draft) = super::super::draft(&text, "a.hurl", None) {
                    let yaml = draft.written();
                    let read = shared::config::yaml_value(&yaml, "draft.yml");
                    prop_assert!(read.is_ok(), "{}\n{:?}", yaml, read);
                }
            }
        }
    }
}
