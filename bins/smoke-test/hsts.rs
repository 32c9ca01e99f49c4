//! `Strict-Transport-Security`, read as browsers read it.

/// What browsers are told to remember: RFC 6797, section 6.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// For how many seconds.
    pub(crate) max_age: u64,
    /// Whether for the names below as well.
    pub(crate) include_subdomains: bool,
    /// Whether it may be put into the list that browsers come with.
    pub(crate) preload: bool,
}

/// Reads one value of the header. `Err` says why browsers ignore it.
pub(crate) fn read(value: &str) -> Result<Said, String> {
    let mut said = Said::default();
    let mut max_age = None;
    let mut seen: Vec<String> = Vec::new();
    for directive in value.split(';') {
        let (name, argument) = match directive.split_once('=') {
            Some((name, argument)) => (name, Some(argument.trim())),
            None => (directive, None),
        };
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() {
            continue;
        }
        if seen.contains(&name) {
            return Err(format!(
                "it has `{}` twice",
                crate::answer::shown(&name, 40)
            ));
        }
        match name.as_str() {
            "max-age" => max_age = Some(seconds(argument)?),
            "includesubdomains" => said.include_subdomains = true,
            "preload" => said.preload = true,
            _ => {}
        }
        seen.push(name);
    }
    said.max_age = max_age.ok_or("it has no `max-age`")?;
    Ok(said)
}

/// The value may stand in quotes.
fn seconds(argument: Option<&str>) -> Result<u64, String> {
    let text = argument.unwrap_or_default();
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let digits = inner.unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("its `max-age` is no number of seconds".into());
    }
    // Longer than anybody lives is as good as for ever.
    Ok(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_is_read_as_browsers_read_it() {
        let whole = Said {
            max_age: 31_536_000,
            include_subdomains: true,
            preload: true,
        };
        for value in [
            "max-age=31536000; includeSubDomains; preload",
            "MAX-AGE = \"31536000\" ;includesubdomains;preload;",
            "preload; unknown=1; includeSubDomains; max-age=31536000",
        ] {
            assert_eq!(read(value), Ok(whole), "{value}");
        }
        assert_eq!(
            read("max-age=99999999999999999999").map(|said| said.max_age),
            Ok(u64::MAX)
        );
    }

    #[test]
    fn what_browsers_ignore_is_no_header() {
        for (value, why) in [
            ("", "it has no `max-age`"),
            ("includeSubDomains", "it has no `max-age`"),
            ("max-age", "its `max-age` is no number of seconds"),
            ("max-age=1y", "its `max-age` is no number of seconds"),
            ("max-age=1; max-age=2", "it has `max-age` twice"),
        ] {
            assert_eq!(read(value), Err(why.into()), "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "(?s).{0,80}") {
            let _ = read(&value);
        }
    }
}
