//! RESP, the protocol of Redis: commands are written, and replies are read within limits.
//!
//! <https://redis.io/docs/latest/develop/reference/protocol-spec/>

/// Longer lines than this are no answer to what is asked here.
const LONGEST_LINE: usize = 64 << 10;
/// Longer texts neither: `INFO` has about 8 KiB.
const LARGEST_TEXT: usize = 4 << 20;
/// Nor lists with more members: `SCAN` is asked for about 1000 keys at a time.
const MOST_MEMBERS: usize = 65_536;
/// Nor lists within lists beyond this depth.
const DEEPEST: usize = 8;

/// What a server answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// `+OK`.
    Simple(String),
    /// `-ERR …`, without the minus.
    Error(String),
    /// `:1000`.
    Integer(i64),
    /// A text of any bytes.
    Text(Vec<u8>),
    /// Nothing.
    Null,
    /// A list; a map is a list of its keys and values in turn.
    Array(Vec<Reply>),
}

impl Reply {
    /// As it may stand in a sentence.
    pub(crate) fn shown(&self) -> String {
        let text = match self {
            Self::Simple(text) => format!("+{text}"),
            Self::Error(text) => format!("-{text}"),
            Self::Integer(number) => format!(":{number}"),
            Self::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Null => "nothing".into(),
            Self::Array(members) => format!("a list of {} members", members.len()),
        };
        crate::answer::shown(&text, 120)
    }

    /// A text or a number as text.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Simple(text) => Some(text.clone()),
            Self::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Error(_) | Self::Null | Self::Array(_) => None,
        }
    }
}

/// A command as it is sent.
pub(crate) fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// The first reply in some bytes and how many of them it takes; none when it is not yet whole.
///
/// # Errors
/// Why the bytes can be no reply, or none that is taken.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Reply, usize)>, String> {
    value(bytes, 0)
}

fn value(bytes: &[u8], depth: usize) -> Result<Option<(Reply, usize)>, String> {
    if depth > DEEPEST {
        return Err(format!("lists within lists more than {DEEPEST} deep"));
    }
    let Some(kind) = bytes.first() else {
        return Ok(None);
    };
    if !b"+-:$*_#,(!=%~>|".contains(kind) {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
        let start = crate::answer::shown(&start, 60);
        return Err(format!("`{start}`, which is not the protocol of Redis"));
    }
    let Some((line, head)) = line(bytes)? else {
        return Ok(None);
    };
    let simple = |reply: Reply| Ok(Some((reply, head)));
    match kind {
        b'+' | b',' | b'(' => simple(Reply::Simple(line.to_owned())),
        b'-' => simple(Reply::Error(line.to_owned())),
        b':' => simple(Reply::Integer(number(line)?)),
        b'#' => simple(Reply::Integer(i64::from(line == "t"))),
        b'_' => simple(Reply::Null),
        b'$' | b'!' | b'=' => text(*kind, line, bytes, head),
        _ => list(*kind, line, bytes, head, depth),
    }
}

/// The rest of the first line, and how many bytes it takes with its end.
fn line(bytes: &[u8]) -> Result<Option<(&str, usize)>, String> {
    let end = bytes
        .windows(2)
        .take(LONGEST_LINE)
        .position(|pair| pair == b"\r\n");
    let Some(end) = end else {
        if bytes.len() > LONGEST_LINE {
            return Err(format!("a line of more than {LONGEST_LINE} bytes"));
        }
        return Ok(None);
    };
    let line = std::str::from_utf8(&bytes[1..end]).map_err(|_| "a line that is not UTF-8")?;
    Ok(Some((line, end + 2)))
}

fn text(kind: u8, line: &str, bytes: &[u8], head: usize) -> Result<Option<(Reply, usize)>, String> {
    let Some(length) = length(line, LARGEST_TEXT)? else {
        return Ok(Some((Reply::Null, head)));
    };
    let (end, whole) = (head + length, head + length + 2);
    if bytes.len() < whole {
        return Ok(None);
    }
    if &bytes[end..whole] != b"\r\n" {
        return Err("a text that is longer than it says".into());
    }
    let content = &bytes[head..end];
    let reply = match kind {
        b'!' => Reply::Error(String::from_utf8_lossy(content).into_owned()),
        // `txt:` or `mkd:` stands in front of a text that says its format.
        b'=' => Reply::Text(content.get(4..).unwrap_or_default().to_vec()),
        _ => Reply::Text(content.to_vec()),
    };
    Ok(Some((reply, whole)))
}

fn list(
    kind: u8,
    line: &str,
    bytes: &[u8],
    head: usize,
    depth: usize,
) -> Result<Option<(Reply, usize)>, String> {
    let Some(length) = length(line, MOST_MEMBERS)? else {
        return Ok(Some((Reply::Null, head)));
    };
    let count = if matches!(kind, b'%' | b'|') {
        length * 2
    } else {
        length
    };
    let (mut members, mut at) = (Vec::new(), head);
    for _ in 0..count {
        let Some((member, taken)) = value(&bytes[at..], depth + 1)? else {
            return Ok(None);
        };
        members.push(member);
        at += taken;
    }
    // What the server says besides, unasked or about the reply that follows, is left out.
    if matches!(kind, b'>' | b'|') {
        let next = value(&bytes[at..], depth + 1)?;
        return Ok(next.map(|(reply, taken)| (reply, at + taken)));
    }
    Ok(Some((Reply::Array(members), at)))
}

/// None for the length of nothing, `-1`.
fn length(line: &str, most: usize) -> Result<Option<usize>, String> {
    let length = number(line)?;
    if length == -1 {
        return Ok(None);
    }
    match usize::try_from(length) {
        Ok(length) if length <= most => Ok(Some(length)),
        Ok(length) => Err(format!(
            "a length of {length}, and {most} is the most that is read"
        )),
        Err(_) => Err(format!("a length of {length}")),
    }
}

fn number(line: &str) -> Result<i64, String> {
    let shown = || crate::answer::shown(line, 40);
    line.parse()
        .map_err(|_| format!("`{}`, which is no number", shown()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(bytes: &[u8]) -> Reply {
        let (reply, taken) = parse(bytes).expect("is RESP").expect("is whole");
        assert_eq!(taken, bytes.len());
        reply
    }

    #[test]
    fn a_command_is_a_list_of_texts() {
        assert_eq!(
            command(&[b"AUTH", b"a\r\nb"]),
            b"*2\r\n$4\r\nAUTH\r\n$4\r\na\r\nb\r\n"
        );
    }

    #[test]
    fn every_kind_of_reply_is_read() {
        let text = |text: &str| Reply::Text(text.into());
        for (bytes, reply) in [
            (&b"+PONG\r\n"[..], Reply::Simple("PONG".into())),
            (b"-NOAUTH no\r\n", Reply::Error("NOAUTH no".into())),
            (b":-2\r\n", Reply::Integer(-2)),
            (b"$5\r\na\r\nbc\r\n", text("a\r\nbc")),
            (b"$-1\r\n", Reply::Null),
            (b"_\r\n", Reply::Null),
            (b"#t\r\n", Reply::Integer(1)),
            (b",1.5\r\n", Reply::Simple("1.5".into())),
            (b"!5\r\nERR x\r\n", Reply::Error("ERR x".into())),
            (b"=7\r\ntxt:abc\r\n", text("abc")),
            (
                b"*2\r\n$1\r\na\r\n:1\r\n",
                Reply::Array(vec![text("a"), Reply::Integer(1)]),
            ),
            (
                b"%1\r\n+a\r\n:1\r\n",
                Reply::Array(vec![Reply::Simple("a".into()), Reply::Integer(1)]),
            ),
            (b">1\r\n+a\r\n+OK\r\n", Reply::Simple("OK".into())),
        ] {
            assert_eq!(whole(bytes), reply);
            for cut in 0..bytes.len() {
                assert_eq!(parse(&bytes[..cut]), Ok(None), "{cut} bytes of {reply:?}");
            }
        }
    }

    #[test]
    fn what_is_no_reply_or_too_large_is_refused() {
        for (bytes, why) in [
            (
                &b"HTTP/1.1 400 Bad Request\r\n"[..],
                "`HTTP/1.1 400 Bad Request`, which is not",
            ),
            (b":x\r\n", "`x`, which is no number"),
            (b"$-7\r\n", "a length of -7"),
            (b"$99999999999\r\n", "a length of 99999999999"),
            (b"*99999999\r\n", "a length of 99999999"),
            (b"$1\r\nabc", "longer than it says"),
            (b"+\xff\r\n", "not UTF-8"),
            (&b"*1\r\n".repeat(20), "more than 8 deep"),
            (
                &[&b"+"[..], &vec![b'a'; 70_000]].concat(),
                "a line of more than",
            ),
        ] {
            let refused = parse(bytes).expect_err(why);
            assert!(refused.contains(why), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            text in "[+:$*%>|!=0-9a\r\n-]{0,80}",
        ) {
            for bytes in [&bytes[..], text.as_bytes()] {
                if let Ok(Some((_, taken))) = parse(bytes) {
                    prop_assert!(taken <= bytes.len());
                }
            }
        }
    }
}
