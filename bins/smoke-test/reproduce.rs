//! Commands that show the same by hand, in which every secret is a shell variable.

use crate::address::Url;
use shared::config::{Identity, Span};
use shared::shell::quoted;

/// A request header as it may be shown.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// Its name.
    pub(crate) name: String,
    /// Its value as the file has it, with `${NAME}` for what is secret.
    pub(crate) raw: String,
}

/// A single request.
pub(crate) fn request(method: &str, url: &Url, headers: &[Header], within: Span) -> String {
    let mut command = format!("curl -sS {}", if method == "HEAD" { "-I" } else { "-i" });
    command.push_str(&format!(" --max-time {}", within.duration().as_secs_f64()));
    for Header { name, raw } in headers {
        command.push_str(&format!(" -H {}", word(&format!("{name}: {raw}"))));
    }
    format!("{command}{} {}", user(url), word(&url.shown))
}

/// The time of one request of a series.
pub(crate) fn timing(url: &Url, within: Span) -> String {
    let seconds = within.duration().as_secs_f64();
    let format = quoted(r"%{http_code} %{time_total}\n");
    format!(
        "curl -sS -o /dev/null -w {format} --max-time {seconds}{} {}",
        user(url),
        word(&url.shown)
    )
}

/// The release that an answer names.
pub(crate) fn identity(url: &Url, identity: &Identity) -> String {
    let (user, word) = (user(url), word(&url.shown));
    match identity {
        Identity::Header { name, .. } => {
            let pattern = quoted(&format!("^{name}:"));
            format!("curl -sSi{user} {word} | grep -i {pattern}")
        }
        Identity::Json { .. } => format!("curl -sS{user} {word}"),
    }
}

fn user(url: &Url) -> &'static str {
    if url.has_credentials {
        r#" --user "$USER_AND_PASSWORD""#
    } else {
        ""
    }
}

/// A text of the file as a word of a shell that fills in `${NAME}` as we do.
fn word(raw: &str) -> String {
    let mut text = String::new();
    let mut plain = String::new();
    let mut has_names = false;
    let mut rest = raw;
    while let Some(next) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("$${") {
            text.push_str("\\${");
            plain.push_str("${");
            rest = after;
        } else if let Some(length) = name_length(rest) {
            let (name, after) = rest.split_at(length);
            text.push_str(name);
            has_names = true;
            rest = after;
        } else {
            if matches!(next, '"' | '\\' | '$' | '`') {
                text.push('\\');
            }
            text.push(next);
            plain.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    if has_names {
        format!("\"{text}\"")
    } else {
        quoted(&plain)
    }
}

/// The length of `${NAME}` at the start of a text.
fn name_length(text: &str) -> Option<usize> {
    let (name, _) = text.strip_prefix("${")?.split_once('}')?;
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (is_name && !name.is_empty()).then_some(name.len() + 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use proptest::prelude::*;

    fn url(real: &str, raw: &str, path: &str) -> Url {
        let address = Address::parse(real, raw).expect("is an address");
        address.at(path).expect("is a path")
    }

    #[test]
    fn secrets_become_variables_of_the_shell() {
        let url = url("http://u:hunter2222@h", "http://u:${PW}@h", "/api?x=1");
        let header = Header {
            name: "Authorization".into(),
            raw: "Bearer ${TOKEN}".into(),
        };
        assert_eq!(
            request("GET", &url, &[header], Span::milliseconds(1500)),
            "curl -sS -i --max-time 1.5 -H \"Authorization: Bearer ${TOKEN}\" \
             --user \"$USER_AND_PASSWORD\" 'http://h/api?x=1'"
        );
    }

    #[test]
    fn a_text_without_names_is_quoted_as_it_is() {
        assert_eq!(word("http://h/a"), "http://h/a");
        assert_eq!(word("it's $5"), quoted("it's $5"));
        assert_eq!(word("$${X}"), quoted("${X}"));
        assert_eq!(word("a\"`$x ${Y}"), "\"a\\\"\\`\\$x ${Y}\"");
    }

    #[test]
    fn head_and_timing_have_their_own_flags() {
        let url = url("http://h", "http://h", "/");
        assert_eq!(
            request("HEAD", &url, &[], Span::seconds(5)),
            "curl -sS -I --max-time 5 http://h/"
        );
        assert!(timing(&url, Span::seconds(5)).contains("time_total"));
    }

    proptest! {
        #[test]
        fn what_stands_in_double_quotes_never_ends_them(raw in ".{0,40}") {
            let word = word(&format!("{raw} ${{NAME}}"));
            let Some(inner) = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
                return Err(TestCaseError::fail(word));
            };
            let mut is_escaped = false;
            for character in inner.chars() {
                prop_assert!(is_escaped || !matches!(character, '"' | '`'), "{word}");
                is_escaped = !is_escaped && character == '\\';
            }
            prop_assert!(!is_escaped, "{word}");
        }
    }
}
