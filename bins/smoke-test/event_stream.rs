//! Server-sent events out of bytes, as a browser reads them:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>.

/// A line or the data of one event may not be longer: a stream without line ends must not fill
/// the memory.
pub(crate) const LONGEST: usize = 1 << 20;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name; `message` when the stream gives none.
    pub(crate) name: String,
    /// Its data, lines joined by line feeds.
    pub(crate) data: String,
    /// The last id that the stream gave, which is sent back after a reconnect.
    pub(crate) id: String,
}

/// Reads a stream in pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    is_begun: bool,
    was_return: bool,
    name: String,
    data: String,
    id: String,
}

/// A line, or the data of an event, is longer than [`LONGEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Parser {
    /// The events that are whole with these bytes.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for byte in bytes {
            // A carriage return ends a line by itself; a line feed behind it belongs to it, even
            // when it comes in the next piece.
            let is_second = *byte == b'\n' && std::mem::take(&mut self.was_return);
            self.was_return = *byte == b'\r';
            if is_second {
                continue;
            }
            if matches!(byte, b'\r' | b'\n') {
                let line = std::mem::take(&mut self.line);
                events.extend(self.line(&line)?);
            } else if self.line.len() < LONGEST {
                self.line.push(*byte);
            } else {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<Event>, TooLong> {
        let text = String::from_utf8_lossy(line);
        // A byte order mark may stand at the very beginning.
        let text = if std::mem::replace(&mut self.is_begun, true) {
            &*text
        } else {
            text.strip_prefix('\u{feff}').unwrap_or(&text)
        };
        if text.is_empty() {
            return Ok(self.dispatched());
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.name = value.to_owned(),
            "data" => {
                if self.data.len() + value.len() >= LONGEST {
                    return Err(TooLong);
                }
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => self.id = value.to_owned(),
            // Comments (without a name), `retry`, which is about reconnecting, and unknown fields.
            _ => {}
        }
        Ok(None)
    }

    /// An event without data is none, and its name is forgotten.
    fn dispatched(&mut self) -> Option<Event> {
        let (name, mut data) = (
            std::mem::take(&mut self.name),
            std::mem::take(&mut self.data),
        );
        data.pop()?;
        let name = if name.is_empty() {
            "message".into()
        } else {
            name
        };
        let id = self.id.clone();
        Some(Event { name, data, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String, String)> {
        let events = Parser::default().read(text.as_bytes());
        let events = events.expect("is short").into_iter();
        events
            .map(|event| (event.name, event.data, event.id))
            .collect()
    }

    fn event(name: &str, data: &str, id: &str) -> (String, String, String) {
        (name.into(), data.into(), id.into())
    }

    #[test]
    fn the_examples_of_the_standard_are_read_as_it_says() {
        assert_eq!(
            read("data: YHOO\ndata: +2\ndata: 10\n\n"),
            [event("message", "YHOO\n+2\n10", "")]
        );
        assert_eq!(
            read(
                ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n"
            ),
            [
                event("message", "first event", "1"),
                event("message", "second event", "")
            ]
        );
        assert_eq!(
            read("data\n\ndata\ndata\n\ndata:"),
            [event("message", "", ""), event("message", "\n", "")]
        );
        assert_eq!(
            read("data:test\n\ndata: test\n\n"),
            [event("message", "test", ""), event("message", "test", "")]
        );
    }

    #[test]
    fn all_three_line_ends_a_byte_order_mark_and_names_are_known() {
        assert_eq!(
            read("\u{feff}event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\rdata: 3\n\n"),
            [
                event("a", "1", ""),
                event("b", "2", ""),
                event("message", "3", "")
            ]
        );
    }

    #[test]
    fn an_event_without_data_is_none_and_its_name_does_not_stay() {
        assert_eq!(read("event: a\n\ndata: 1\n\n"), [event("message", "1", "")]);
        assert_eq!(read("id: 7\nretry: 10\nfoo: bar\n\n"), []);
        assert_eq!(read("id: a\0b\ndata: 1\n\n"), [event("message", "1", "")]);
    }

    #[test]
    fn a_line_or_an_event_without_an_end_is_not_kept() {
        let mut parser = Parser::default();
        assert_eq!(parser.read(&vec![b'x'; LONGEST]), Ok(vec![]));
        assert_eq!(parser.read(b"x"), Err(TooLong));
        let mut parser = Parser::default();
        let line = format!("data: {}\n", "x".repeat(1000));
        let ended = (0..2000).find_map(|_| parser.read(line.as_bytes()).err());
        assert_eq!(ended, Some(TooLong));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_pieces_mean_what_the_whole_means(
            bytes in prop::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b' '), Just(b'd'), any::<u8>()],
                0..200,
            ),
            cut in 0usize..200,
        ) {
            let text = [b"data:x\nid:1\nevent:y".as_slice(), &bytes].concat();
            let whole = Parser::default().read(&text);
            let (one, other) = text.split_at(cut.min(text.len()));
            let mut parser = Parser::default();
            let pieces = parser.read(one).and_then(|mut events| {
                events.extend(parser.read(other)?);
                Ok(events)
            });
            prop_assert_eq!(whole, pieces);
        }
    }
}
