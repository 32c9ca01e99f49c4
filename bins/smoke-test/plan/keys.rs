//! Keyboard shortcuts as a browser takes them.

/// One key with those that are held down beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keystroke {
    /// As the file has it.
    pub(crate) shown: String,
    /// `Alt` 1, `Control` 2, `Meta` 4, `Shift` 8, added up: the protocol's own numbers.
    /// <https://chromedevtools.github.io/devtools-protocol/tot/Input/#method-dispatchKeyEvent>
    pub(crate) modifiers: u8,
    /// What a page reads as `event.key`.
    pub(crate) key: String,
    /// What it reads as `event.code`; empty when that depends on the keyboard.
    pub(crate) code: String,
    /// What it reads as `event.keyCode`; 0 when that depends on the keyboard.
    pub(crate) number: u32,
}

/// Keys that have a name: what a page reads as `key` and `code`, and their number.
const NAMED: [(&str, &str, &str, u32); 15] = [
    ("Backspace", "Backspace", "Backspace", 8),
    ("Tab", "Tab", "Tab", 9),
    ("Enter", "Enter", "Enter", 13),
    ("Escape", "Escape", "Escape", 27),
    ("Space", " ", "Space", 32),
    ("PageUp", "PageUp", "PageUp", 33),
    ("PageDown", "PageDown", "PageDown", 34),
    ("End", "End", "End", 35),
    ("Home", "Home", "Home", 36),
    ("ArrowLeft", "ArrowLeft", "ArrowLeft", 37),
    ("ArrowUp", "ArrowUp", "ArrowUp", 38),
    ("ArrowRight", "ArrowRight", "ArrowRight", 39),
    ("ArrowDown", "ArrowDown", "ArrowDown", 40),
    ("Insert", "Insert", "Insert", 45),
    ("Delete", "Delete", "Delete", 46),
];
const SHIFT: u8 = 8;

impl Keystroke {
    /// Reads `Control+Shift+E`. `Err` says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // `Control++` is the key `+`.
        let (held, last) = match text.strip_suffix("++") {
            Some(held) => (held, "+"),
            None if text == "+" => ("", "+"),
            None => text.rsplit_once('+').unwrap_or(("", text)),
        };
        let mut modifiers = 0;
        for word in held.split('+').filter(|_| !held.is_empty()) {
            modifiers |= match word {
                "Alt" => 1,
                "Control" | "Ctrl" => 2,
                "Meta" | "Cmd" => 4,
                "Shift" => SHIFT,
                _ => {
                    return Err(format!(
                        "has `{}` before the last key, where only `Alt`, `Control`, `Meta` and \
                         `Shift` can be",
                        crate::answer::shown(word, 30)
                    ));
                }
            };
        }
        let (key, code, number) = key(last, modifiers & SHIFT != 0)?;
        Ok(Self {
            shown: text.to_owned(),
            modifiers,
            key,
            code,
            number,
        })
    }

    /// What the key writes, when it writes anything.
    pub(crate) fn text(&self) -> Option<&str> {
        let is_text = self.key.chars().count() == 1 && self.modifiers & !SHIFT == 0;
        is_text.then_some(self.key.as_str())
    }
}

fn key(name: &str, is_shifted: bool) -> Result<(String, String, u32), String> {
    let mut characters = name.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        return Ok(character_key(character, is_shifted));
    }
    if let Some((_, key, code, number)) = NAMED.iter().find(|(known, ..)| *known == name) {
        return Ok(((*key).to_owned(), (*code).to_owned(), *number));
    }
    let function = name.strip_prefix('F').and_then(|n| n.parse::<u32>().ok());
    match function {
        Some(number @ 1..=12) => Ok((name.to_owned(), name.to_owned(), 111 + number)),
        _ => Err(format!(
            "presses `{}`, which is no key that is known here",
            crate::answer::shown(name, 30)
        )),
    }
}

fn character_key(character: char, is_shifted: bool) -> (String, String, u32) {
    let upper = character.to_ascii_uppercase();
    if upper.is_ascii_uppercase() {
        let written = if is_shifted {
            upper
        } else {
            character.to_ascii_lowercase()
        };
        return (written.into(), format!("Key{upper}"), u32::from(upper));
    }
    if character.is_ascii_digit() {
        let number = u32::from(character);
        return (character.into(), format!("Digit{character}"), number);
    }
    (character.into(), String::new(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (u8, String, String, u32) {
        let read = Keystroke::parse(text).expect("is a shortcut");
        (read.modifiers, read.key, read.code, read.number)
    }

    #[test]
    fn a_shortcut_is_read_as_a_page_gets_it() {
        for (text, modifiers, key, code, number) in [
            ("Meta+N", 4, "n", "KeyN", 78),
            ("Cmd+n", 4, "n", "KeyN", 78),
            ("Control+Shift+E", 10, "E", "KeyE", 69),
            ("Alt+1", 1, "1", "Digit1", 49),
            ("Escape", 0, "Escape", "Escape", 27),
            ("F5", 0, "F5", "F5", 116),
            ("/", 0, "/", "", 0),
            ("Control++", 2, "+", "", 0),
            ("+", 0, "+", "", 0),
            ("Space", 0, " ", "Space", 32),
        ] {
            assert_eq!(
                read(text),
                (modifiers, key.into(), code.into(), number),
                "{text}"
            );
        }
    }

    #[test]
    fn what_no_keyboard_has_is_refused() {
        for text in ["", "Hyper+N", "Meta+", "F13", "Enterr", "N+Meta"] {
            assert!(Keystroke::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_would_be_written_is_text() {
        let text = |text| {
            Keystroke::parse(text)
                .expect("is a key")
                .text()
                .map(str::to_owned)
        };
        assert_eq!(text("a"), Some("a".into()));
        assert_eq!(text("Shift+a"), Some("A".into()));
        assert_eq!(text("Control+a"), None);
        assert_eq!(text("Enter"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_shortcut_panic(text in ".{0,30}") {
            let _ = Keystroke::parse(&text);
        }
    }
}
