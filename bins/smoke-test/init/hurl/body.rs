//! Reads the body of a request or an answer in a Hurl file, which may have many lines.

use super::parse::{Reader, is_status_line, request, section, without_comment};
use super::syntax::{Body, Mistake};

impl Reader<'_> {
    /// Reads a body from the next line on.
    pub(super) fn body(&mut self, column: usize) -> Result<Body, Mistake> {
        let (first, line) = (self.lines[self.next].trim(), self.next + 1);
        let unclosed = |what| Mistake::at(line, column, format!("{what} is not closed"));
        if let Some(tag) = first.strip_prefix("```") {
            return self.fenced(tag.trim()).ok_or_else(|| unclosed("the text"));
        }
        if let Some(rest) = first.strip_prefix('`') {
            self.next += 1;
            let text = rest.strip_suffix('`').ok_or_else(|| unclosed("the text"))?;
            return Ok(Body::Text(text.to_owned()));
        }
        if let Some(file) = first.strip_prefix("file,") {
            self.next += 1;
            let file = without_comment(file).trim_end_matches(';');
            return Ok(Body::File(file.to_owned()));
        }
        if first.starts_with("base64,") || first.starts_with("hex,") {
            self.next += 1;
            return Ok(Body::Other("bytes in base64 or hexadecimal digits"));
        }
        if first.starts_with('<') {
            return Ok(Body::Text(self.markup()));
        }
        self.json().ok_or_else(|| unclosed("the JSON"))
    }

    fn fenced(&mut self, tag: &str) -> Option<Body> {
        let start = self.next + 1;
        // All of it may stand on one line.
        if let Some(text) = tag.strip_suffix("```") {
            self.next += 1;
            return Some(Body::Text(text.to_owned()));
        }
        let length = self.lines[start..]
            .iter()
            .position(|line| line.trim_end().ends_with("```"))?;
        let mut text = self.lines[start..start + length].join("\n");
        text.push('\n');
        text.push_str(
            self.lines[start + length]
                .trim_end()
                .trim_end_matches("```"),
        );
        self.next = start + length + 1;
        Some(match tag {
            "" | "raw" | "xml" => Body::Text(text),
            "json" => Body::Json(text),
            _ => Body::Other("a text of a kind of its own"),
        })
    }

    /// XML and HTML end where something else begins.
    fn markup(&mut self) -> String {
        let start = self.next;
        let is_end = |line: &str| {
            let line = line.trim();
            is_status_line(line) || request(line).is_some() || section(line).is_some()
        };
        let length = self.lines[start..].iter().position(|line| is_end(line));
        self.next = length.map_or(self.lines.len(), |length| start + length);
        self.lines[start..self.next]
            .join("\n")
            .trim_end()
            .to_owned()
    }

    /// JSON ends where its last bracket closes.
    fn json(&mut self) -> Option<Body> {
        let start = self.next;
        let (mut depth, mut is_text, mut is_escaped) = (0_i64, false, false);
        while let Some(line) = self.lines.get(self.next) {
            self.next += 1;
            for character in line.chars() {
                match character {
                    _ if is_escaped => is_escaped = false,
                    '\\' if is_text => is_escaped = true,
                    '"' => is_text = !is_text,
                    '{' | '[' if !is_text => depth += 1,
                    '}' | ']' if !is_text => depth -= 1,
                    _ => {}
                }
            }
            if depth <= 0 && !is_text {
                let text = self.lines[start..self.next].join("\n");
                return Some(Body::Json(text.trim().to_owned()));
            }
        }
        None
    }
}
