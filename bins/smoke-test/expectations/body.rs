//! Texts that a body must or must not contain.

use super::{Found, excerpt};
use crate::answer::{Answer, shown};
use crate::plan::Expectations;
use sha2::{Digest as _, Sha256};
use shared::secret::known;

/// So many bytes around a forbidden text are shown on each side.
const AROUND: usize = 40;

/// What was not read cannot hold a text, nor be free of it.
pub(crate) fn judge(expectations: &Expectations, answer: &Answer) -> Found {
    let mut found = Found::default();
    for text in &expectations.body.contains {
        match (position(&answer.body, text), answer.is_cut) {
            (Some(at), _) => {
                found
                    .evidence
                    .push(format!("contains `{}` (byte {at})", shown(text, 60)));
            }
            (None, true) => found.unknown.push(unread(answer, text)),
            (None, false) => {
                let expected = format!("`{}`", shown(text, 60));
                let message = format!("has a body without {expected}");
                found.wrong(message, excerpt(answer), expected);
            }
        }
    }
    for text in &expectations.body.not_contains {
        match (position(&answer.body, text), answer.is_cut) {
            (Some(at), _) => {
                let text = shown(text, 60);
                let message = format!("has a body with `{text}` at byte {at}");
                found.wrong(message, around(&answer.body, at), format!("no `{text}`"));
            }
            (None, true) => found.unknown.push(unread(answer, text)),
            (None, false) => {
                let bytes = answer.body.len();
                found
                    .evidence
                    .push(format!("no `{}` in {bytes} bytes", shown(text, 60)));
            }
        }
    }
    text(expectations, answer, &mut found);
    sha256(expectations, answer, &mut found);
    found
}

fn text(expectations: &Expectations, answer: &Answer, found: &mut Found) {
    let Some(predicate) = &expectations.body.text else {
        return;
    };
    if answer.is_cut {
        found.unknown.push(too_long(answer));
        return;
    }
    let text = serde_json::Value::String(String::from_utf8_lossy(&answer.body).into_owned());
    match predicate.refuses(&text, answer.received) {
        None => found.evidence.push(format!(
            "{} bytes, which must {}",
            answer.body.len(),
            predicate.wanted()
        )),
        Some(broken) => {
            let message = format!("has a body that must {broken}");
            found.wrong(message, excerpt(answer), broken);
        }
    }
}

fn sha256(expectations: &Expectations, answer: &Answer, found: &mut Found) {
    let Some(wanted) = &expectations.body.sha256 else {
        return;
    };
    // As it was sent: `curl | sha256sum` says the same.
    let (sent, is_cut) = answer.sent();
    if is_cut {
        let bytes = sent.len();
        found.unknown.push(format!(
            "has a body of more than {bytes} bytes, and the rest was not read"
        ));
        return;
    }
    let digest = Sha256::digest(sent);
    let seen: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    if seen == *wanted {
        found.evidence.push(format!("SHA-256 {seen}"));
    } else {
        let bytes = sent.len();
        let message = format!("has a body of {bytes} bytes with another SHA-256");
        found.wrong(message, seen, wanted);
    }
}

fn too_long(answer: &Answer) -> String {
    let bytes = answer.body.len();
    let too_long = || format!("has a body of more than {bytes} bytes, and the rest was not read");
    answer.sealed().unwrap_or_else(too_long)
}

fn unread(answer: &Answer, text: &str) -> String {
    let (bytes, text) = (answer.body.len(), shown(text, 60));
    if let Some(why) = answer.sealed() {
        return format!("{why}, so `{text}` cannot be looked for");
    }
    format!("has no `{text}` in the first {bytes} bytes of its body, and the rest was not read")
}

/// The first byte of a text in a body; searched without a copy of it.
pub(crate) fn position(body: &[u8], text: &str) -> Option<usize> {
    let wanted = text.as_bytes();
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let rest = body.get(from..)?;
        let at = from + rest.iter().position(|byte| *byte == first)?;
        if body[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// The text around a byte of a body.
pub(crate) fn around(body: &[u8], at: usize) -> String {
    let start = widened(body, at.saturating_sub(AROUND), Side::Start);
    let end = widened(body, (at + AROUND * 2).min(body.len()), Side::End);
    format!(
        "`{}`",
        shown(&String::from_utf8_lossy(&body[start..end]), AROUND * 3)
    )
}

#[derive(Clone, Copy)]
enum Side {
    Start,
    End,
}

/// The same place, or the end of the known secret that it would cut: a part of one would not be
/// recognised any more.
fn widened(body: &[u8], place: usize, side: Side) -> usize {
    let mut place = place;
    let secrets = known();
    loop {
        let cut = secrets.iter().find_map(|secret| {
            let secret = secret.expose();
            let reach = secret.len().saturating_sub(1);
            let from = place.saturating_sub(reach);
            let near = body.get(from..(place + reach).min(body.len()))?;
            let start = from + position(near, secret)?;
            Some(match side {
                Side::Start => start,
                Side::End => start + secret.len(),
            })
        });
        match cut {
            Some(better) if better != place => place = better,
            Some(_) | None => return place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{answer, expectations};
    use proptest::prelude::*;

    fn found(contains: &[&str], not_contains: &[&str], body: &str, is_cut: bool) -> Found {
        let mut expectations = expectations();
        expectations.body.contains = contains.iter().map(|text| (*text).to_owned()).collect();
        expectations.body.not_contains =
            not_contains.iter().map(|text| (*text).to_owned()).collect();
        let mut answer = answer(200, body);
        answer.is_cut = is_cut;
        judge(&expectations, &answer)
    }

    #[test]
    fn texts_are_found_with_their_place() {
        let found = found(&["come"], &["Traceback"], "Welcome", false);
        assert_eq!(
            found.evidence,
            ["contains `come` (byte 3)", "no `Traceback` in 7 bytes"]
        );
    }

    #[test]
    fn a_missing_and_a_forbidden_text_are_findings() {
        let found = found(&["Welcome"], &["Trace"], "a Traceback (most recent", false);
        assert_eq!(found.wrong[0].message, "has a body without `Welcome`");
        assert_eq!(found.wrong[1].message, "has a body with `Trace` at byte 2");
        assert_eq!(found.wrong[1].observed, "`a Traceback (most recent`");
    }

    #[test]
    fn what_was_not_read_proves_nothing_either_way() {
        let cut = found(&["Welcome"], &["Trace"], "abc", true);
        assert_eq!(cut.unknown.len(), 2);
        assert_eq!((cut.evidence, cut.wrong), (vec![], vec![]));
        let found = found(&["a"], &["b"], "abc", true);
        assert_eq!((found.evidence.len(), found.wrong.len()), (1, 1));
    }

    #[test]
    fn what_cannot_be_unpacked_is_unknown_and_its_digest_is_of_what_was_sent() {
        let mut expectations = expectations();
        expectations.body.not_contains = vec!["Traceback".into()];
        expectations.body.text = Some(crate::sample::predicate("{not_matches: SQLSTATE}"));
        let digest = Sha256::digest(b"packed");
        expectations.body.sha256 = Some(digest.iter().map(|b| format!("{b:02x}")).collect());
        let mut answer = answer(200, "");
        answer
            .headers
            .push(("content-encoding".into(), "br".into()));
        answer.take_body(b"packed".to_vec(), false);
        let found = judge(&expectations, &answer);
        assert_eq!(
            found.unknown,
            [
                "has a body in `br` that cannot be unpacked here, so `Traceback` cannot be looked for",
                "has a body in `br` that cannot be unpacked here",
            ]
        );
        assert_eq!((found.evidence.len(), found.wrong), (1, vec![]));
    }

    #[test]
    fn a_secret_near_a_text_is_masked_whole() {
        let token = "planted-token-0123456789-abcdefghijklmnopqrstuvwxyz";
        let _secret = shared::secret::Secret::new(token);
        let pad = "x".repeat(60);
        for gap in [1, 20, 39, 45, 75] {
            let space = " ".repeat(gap);
            let body = format!("{pad} {token}{space}SQLSTATE{space}{token} {pad}");
            let at = body.find("SQLSTATE").expect("is there");
            let shown = around(body.as_bytes(), at);
            for part in ["planted", "0123456789", "abcdef", "uvwxyz"] {
                assert!(!shown.contains(part), "{gap}: {shown}");
            }
            assert!(shown.contains("SQLSTATE"), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_found_where_the_standard_library_finds_it(
            body in "[ab]{0,30}", text in "[ab]{1,4}"
        ) {
            prop_assert_eq!(position(body.as_bytes(), &text), body.find(&text));
        }
    }
}
