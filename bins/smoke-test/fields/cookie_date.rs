//! The date of `Expires`, as browsers read it: RFC 6265, section 5.1.1.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// The moment, when it is one.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for word in text.split(is_delimiter).filter(|word| !word.is_empty()) {
        if time.is_none()
            && let Some(found) = time_of(word)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(word, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(word)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = number(word, 2, 4)
        {
            year = Some(match found {
                70..=99 => found + 1900,
                0..=69 => found + 2000,
                _ => found,
            });
        }
    }
    let ((hour, minute, second), year) = (time?, year.filter(|year| *year >= 1601)?);
    let small = |number: i16| i8::try_from(number).ok();
    let day = small(day?)?;
    let date = DateTime::new(year, month?, day, hour, minute, second, 0).ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn is_delimiter(character: char) -> bool {
    matches!(character, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~')
}

/// The number at the start of a word, if it has from so many to so many digits.
fn number(word: &str, least: usize, most: usize) -> Option<i16> {
    let end = word
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(word.len());
    (least..=most)
        .contains(&end)
        .then(|| word[..end].parse().ok())?
}

fn time_of(word: &str) -> Option<(i8, i8, i8)> {
    let mut parts = word.split(':');
    let mut next = || {
        let part = number(parts.next()?, 1, 2)?;
        i8::try_from(part).ok()
    };
    Some((next()?, next()?, next()?))
}

fn month_of(word: &str) -> Option<i8> {
    let start = word.get(..3)?.to_ascii_lowercase();
    let index = MONTHS.iter().position(|month| *month == start)?;
    i8::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_usual_way_to_write_a_date_is_read() {
        let moment: Timestamp = "2030-06-09T10:18:14Z".parse().expect("is a moment");
        for text in [
            "Sun, 09 Jun 2030 10:18:14 GMT",
            "Sunday, 09-Jun-30 10:18:14 GMT",
            "Sun Jun  9 10:18:14 2030",
            "9 june 2030 10:18:14",
        ] {
            assert_eq!(parse(text), Some(moment), "{text}");
        }
        for text in [
            "",
            "0",
            "soon",
            "31 Feb 2030 10:00:00",
            "9 Jun 2030",
            "9 Jun 2030 25:00:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        let epoch = parse("Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(epoch, Some(Timestamp::UNIX_EPOCH));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn near_misses_do_not_panic_either(text in "[0-9: janfeb]{0,40}") {
            let _ = parse(&text);
        }
    }
}
