//! Commands that show the same by hand, in which every secret is a shell variable.

pub(crate) mod postgres;
pub(crate) mod redis;
mod tls;

pub(crate) use tls::{alpn, authority, certificates, chain, handshake, version};

use crate::address::Url;
use crate::plan::{Protocol, Request};
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
pub(crate) fn request(request: &Request) -> String {
    written(request, " -i")
}

/// The head of its answer alone, for bodies that a terminal cannot show.
pub(crate) fn head(request: &Request) -> String {
    written(request, " -D - -o /dev/null")
}

/// The body of its answer alone, to be read by the next command.
pub(crate) fn body(request: &Request) -> String {
    written(request, "")
}

fn written(request: &Request, shows: &str) -> String {
    let Request {
        method, url, shown, ..
    } = request;
    let mut command = match method.as_str() {
        "HEAD" => "curl -sS -I".to_owned(),
        "GET" => format!("curl -sS{shows}"),
        other => format!("curl -sS{shows} -X {other}"),
    };
    match request.protocol {
        Protocol::Any => {}
        Protocol::Http1 => command.push_str(" --http1.1"),
        Protocol::Http2 if url.endpoint.is_secure => command.push_str(" --http2"),
        Protocol::Http2 => command.push_str(" --http2-prior-knowledge"),
    }
    let seconds = request.within.duration().as_secs_f64();
    command.push_str(&format!(" --max-time {seconds}"));
    if let Some(identified) = &request.identified {
        let (certificate, key) = &identified.files;
        command.push_str(&format!(
            " --cert {} --key {}",
            word(certificate),
            word(key)
        ));
    }
    for Header { name, raw } in shown {
        command.push_str(&format!(" -H {}", word(&format!("{name}: {raw}"))));
    }
    if let Some(body) = &request.shown_body {
        command.push_str(&format!(" --data-binary {}", word(body)));
    }
    format!("{command}{} {}", user(url), word(&url.shown))
}

/// Many requests at once, and how many got which status.
pub(crate) fn burst(asked: &Request, count: u32, together: u32) -> String {
    let format = quoted(r"%{http_code}\n");
    let status_only = format!("curl -sS -o /dev/null -w {format}");
    let one = quoted(&request(asked).replacen("curl -sS -i", &status_only, 1));
    format!("seq {count} | xargs -n 1 -P {together} sh -c {one} | sort | uniq -c")
}

/// A handshake for a WebSocket; the key is the one of RFC 6455, section 1.3.
pub(crate) fn upgrade(asked: &Request) -> String {
    let key = asked
        .clone()
        .with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    request(&key)
}

/// The time of one request of a series.
pub(crate) fn timing(request: &Request) -> String {
    let seconds = request.within.duration().as_secs_f64();
    let format = quoted(r"%{http_code} %{time_total}\n");
    let mut command = format!("curl -sS -o /dev/null -w {format} --max-time {seconds}");
    for Header { name, raw } in &request.shown {
        command.push_str(&format!(" -H {}", word(&format!("{name}: {raw}"))));
    }
    let url = &request.url;
    format!("{command}{} {}", user(url), word(&url.shown))
}

/// How long each part of a request takes.
pub(crate) fn phases(url: &Url) -> String {
    let format = quoted(
        r"dns %{time_namelookup} connect %{time_connect} tls %{time_appconnect} first byte %{time_starttransfer} total %{time_total}\n",
    );
    let command = format!("curl -sS -o /dev/null -w {format}");
    format!("{command}{} {}", user(url), word(&url.shown))
}

/// A page as a browser builds it; what it writes to its console comes on standard error.
pub(crate) fn page(url: &Url, within: Span) -> String {
    let milliseconds = within.duration().as_millis();
    let word = word(&url.shown);
    format!(
        "chromium --headless=new --user-data-dir=\"$(mktemp -d)\" --enable-logging=stderr \
         --timeout={milliseconds} --dump-dom {word}"
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
        Identity::Command { run, .. } => {
            let words = run.iter().map(|part| quoted(part));
            let words: Vec<String> = words.collect();
            format!("SLUICEGATE_URL={word} {}", words.join(" "))
        }
        Identity::Meta { name, .. } => {
            let pattern = quoted(&format!("<meta[^>]*{name}[^>]*>"));
            format!("curl -sS{user} {word} | grep -io {pattern}")
        }
    }
}

fn user(url: &Url) -> &'static str {
    if url.has_credentials() {
        r#" --user "$USER_AND_PASSWORD""#
    } else {
        ""
    }
}

/// A text of the file as a word of a shell that fills in `${NAME}` as we do.
pub(crate) fn word(raw: &str) -> String {
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
    use shared::config::Span;

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
        let mut asked = Request::get(url, Span::milliseconds(1500));
        asked.shown.push(header);
        assert_eq!(
            request(&asked),
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
        let mut asked = Request::get(url, Span::seconds(5));
        asked.method = "HEAD".into();
        assert_eq!(request(&asked), "curl -sS -I --max-time 5 http://h/");
        asked.method = "POST".into();
        asked.shown_body = Some("{}".into());
        assert_eq!(
            request(&asked),
            "curl -sS -i -X POST --max-time 5 --data-binary '{}' http://h/"
        );
        asked.shown.push(Header {
            name: "x-key".into(),
            raw: "${KEY}".into(),
        });
        assert!(timing(&asked).contains("time_total"));
        assert!(timing(&asked).contains("-H \"x-key: ${KEY}\""));
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
