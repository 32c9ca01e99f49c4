//! The version that a program tells in its output, however it words it.

use semver::{Prerelease, Version, VersionReq};

/// A version as it was told, and as it compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its numbers as told (`15.18`), and `-rc.1` behind them for a pre-release.
    pub text: String,
    /// Padded to three numbers; distribution suffixes left out.
    pub version: Version,
}

/// Words that mark a line as talk about other versions than the program's own.
const TALK: [&str; 10] = [
    "warning",
    "warn:",
    "error:",
    "notice",
    "deprecated",
    "update available",
    "new version",
    "new release",
    "upgrade",
    "require",
];

/// Suffixes that come before the release they name. All others (`-ce`, `-0ubuntu1`, `+dfsg`,
/// `p1`, `-1.pgdg`) are of the distribution and come with or after it.
const BEFORE_RELEASE: [&str; 14] = [
    "alpha",
    "beta",
    "rc",
    "pre",
    "preview",
    "prerelease",
    "milestone",
    "dev",
    "devel",
    "nightly",
    "snapshot",
    "canary",
    "next",
    "ea",
];

/// The version in what a program printed: standard output counts before standard error.
pub fn told(program: &str, stdout: &str, stderr: &str) -> Option<Told> {
    [stdout, stderr].into_iter().find_map(|text| {
        let text = without_escapes(text);
        let lines: Vec<&str> = text.lines().filter(|line| !is_talk(line)).collect();
        let dotted = lines.iter().find_map(|line| dotted(line));
        dotted.or_else(|| lines.iter().find_map(|line| whole(line, program)))
    })
}

/// Why a version does not do, or nothing when it does.
pub fn refusal(version: &Version, asked: &VersionReq) -> Option<&'static str> {
    let mut release = version.clone();
    release.pre = Prerelease::EMPTY;
    if asked.matches(version) {
        None
    } else if asked.matches(&release) {
        Some("is a pre-release, which a range of releases leaves out:")
    } else {
        Some("is outside the range")
    }
}

fn is_talk(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    TALK.iter().any(|word| line.contains(word))
}

/// Without terminal colours and other `ESC [ … letter` sequences.
fn without_escapes(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            clean.push(character);
        } else if characters.next() == Some('[') {
            let _last = characters.find(char::is_ascii_alphabetic);
        }
    }
    clean
}

/// The first number with a dot, or the first whole number with a pre-release word, in a line.
fn dotted(line: &str) -> Option<Told> {
    line.split_whitespace()
        .filter(|word| !word.starts_with('/') && !word.contains("://"))
        .find_map(|word| starts(word).find_map(|start| at(&word[start..])))
}

/// Where a number may start in a word: at a digit that no digit or dot precedes.
fn starts(word: &str) -> impl Iterator<Item = usize> {
    let bytes = word.as_bytes();
    (0..bytes.len()).filter(move |index| {
        let before = index.checked_sub(1).map(|before| bytes[before]);
        bytes[*index].is_ascii_digit()
            && !before.is_some_and(|before| before.is_ascii_digit() || before == b'.')
    })
}

/// The version at the very start of a text.
fn at(text: &str) -> Option<Told> {
    let mut rest = text;
    let mut numbers = Vec::new();
    loop {
        let (digits, after) = split_digits(rest);
        digits.parse::<u64>().ok()?;
        numbers.push(digits);
        rest = after;
        match after.strip_prefix('.') {
            Some(more) if more.starts_with(|c: char| c.is_ascii_digit()) => rest = more,
            _ => break,
        }
    }
    let before_release = before_release(rest);
    if numbers.len() == 1 && before_release.is_none() {
        return None;
    }
    build(&numbers, before_release)
}

fn split_digits(text: &str) -> (&str, &str) {
    let is_other = |c: char| !c.is_ascii_digit();
    text.split_at(text.find(is_other).unwrap_or(text.len()))
}

/// A whole number that can be nothing but the version: alone on its line, or behind the word
/// `version` or the program's name (`systemd 252`, `less 590`, `v22`).
fn whole(line: &str, program: &str) -> Option<Told> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut before = None;
    for word in &words {
        let word = word.trim_matches([',', ';', '"', '(', ')']);
        let plain = word.strip_prefix('v').unwrap_or(word);
        let is_number = (1..=6).contains(&plain.len()) && plain.bytes().all(|b| b.is_ascii_digit());
        let is_named = before.is_some_and(|before: &str| {
            let before = before.trim_matches([':', ',', '=']);
            before.eq_ignore_ascii_case("version") || before.eq_ignore_ascii_case(program)
        });
        if is_number && (is_named || words.len() == 1) {
            return build(&[plain], None);
        }
        before = Some(word);
    }
    None
}

/// The pre-release that a suffix names, as semver writes it.
fn before_release(suffix: &str) -> Option<Prerelease> {
    let end = suffix
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-._~".contains(c)))
        .unwrap_or(suffix.len());
    let is_attached = suffix.starts_with(|c: char| c.is_ascii_alphabetic());
    let parts: Vec<&str> = suffix[..end]
        .split(['-', '.', '_', '~'])
        .filter(|part| !part.is_empty())
        .collect();
    parts.iter().enumerate().find_map(|(index, part)| {
        let letters = part
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(part.len());
        let (word, after) = part.split_at(letters);
        let lower = word.to_ascii_lowercase();
        let digits = split_digits(after).0;
        // Python writes 3.13.0a1 and 3.13.0b2; OpenSSL's 1.1.1a, without a digit, is a release.
        let is_short = is_attached && index == 0 && matches!(word, "a" | "b") && digits == after;
        let is_milestone = word == "M" && digits == after;
        let is_short = (is_short || is_milestone) && !digits.is_empty();
        if !is_short && !BEFORE_RELEASE.contains(&lower.as_str()) {
            return None;
        }
        let next = parts.get(index + 1).map_or("", |next| split_digits(next).0);
        let number = if after.is_empty() { next } else { digits };
        let text = match number.parse::<u64>() {
            Ok(number) => format!("{lower}.{number}"),
            Err(_) => lower,
        };
        Prerelease::new(&text).ok()
    })
}

fn build(numbers: &[&str], before_release: Option<Prerelease>) -> Option<Told> {
    let mut parsed = [0; 3];
    for (place, digits) in parsed.iter_mut().zip(numbers) {
        *place = digits.parse().ok()?;
    }
    let mut version = Version::new(parsed[0], parsed[1], parsed[2]);
    let mut text = numbers.join(".");
    if let Some(pre) = before_release {
        text.push_str(&format!("-{pre}"));
        version.pre = pre;
    }
    Some(Told { text, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(stdout: &str) -> Option<String> {
        told("tool", stdout, "").map(|told| told.text)
    }

    #[test]
    fn messy_output_tells_its_version() {
        for (output, expected) in [
            ("20.10", "20.10"),
            ("v20.11.1", "20.11.1"),
            ("Docker version 24.0.7-ce, build afdd53b", "24.0.7"),
            ("16.4 (Debian 16.4-1.pgdg)", "16.4"),
            ("psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "15.18"),
            ("nginx version: nginx/1.22.1", "1.22.1"),
            ("git version 2.39.5 (Apple Git-154)", "2.39.5"),
            ("docker-compose version 1.29.2, build 5becea4c", "1.29.2"),
            ("openjdk version \"17.0.9\" 2023-10-17", "17.0.9"),
            ("go version go1.21.5 linux/amd64", "1.21.5"),
            (
                "OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.11 19 Sep 2023",
                "9.2",
            ),
            ("OpenSSL 1.1.1w  11 Sep 2023", "1.1.1"),
            (
                "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)",
                "5.2.15",
            ),
            ("Redis server v=7.0.15 sha=00000000:0 bits=64", "7.0.15"),
            (
                "HAProxy version 2.6.12-1+deb12u1 2023/12/16 - https://haproxy.org/",
                "2.6.12",
            ),
            (
                "curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1 OpenSSL/3.0.11",
                "7.88.1",
            ),
            (
                "mysql  Ver 8.0.34-0ubuntu0.22.04.1 for Linux on x86_64",
                "8.0.34",
            ),
            ("jq-1.6", "1.6"),
            ("Google Chrome 120.0.6099.109", "120.0.6099.109"),
            ("Ubuntu 22.04.3 LTS", "22.04.3"),
            (
                "\u{1b}[1mnode\u{1b}[0m \u{1b}[32m20.11.1\u{1b}[0m",
                "20.11.1",
            ),
            ("WARNING: needs node 18.0.0\nfoo 3.2.1", "3.2.1"),
            (
                "New version of npm available! 8.1.0 -> 9.2.0\n10.2.4",
                "10.2.4",
            ),
            (
                "see https://example.com/v9.9 or /usr/lib/python3.11\nfoo 3.2.1",
                "3.2.1",
            ),
            (
                "Client: Docker\n Version:           24.0.7\n API version: 1.43",
                "24.0.7",
            ),
            ("systemd 252 (252.30-1~deb12u2)", "252.30"),
            ("tool 590 (GNU regular expressions)", "590"),
            ("v22", "22"),
            ("some program, version 8", "8"),
        ] {
            assert_eq!(text(output).as_deref(), Some(expected), "{output:?}");
        }
    }

    #[test]
    fn suffixes_before_a_release_are_kept_and_those_of_distributions_are_not() {
        for (output, expected) in [
            ("24.0.0-rc.1", "24.0.0-rc.1"),
            (
                "rustc 1.77.0-beta.5 (f2048098a 2024-02-09)",
                "1.77.0-beta.5",
            ),
            ("rustc 1.96.0-nightly (abc 2026-01-01)", "1.96.0-nightly"),
            ("Python 3.13.0rc2", "3.13.0-rc.2"),
            ("Python 3.13.0a1", "3.13.0-a.1"),
            ("psql (PostgreSQL) 17beta1", "17-beta.1"),
            ("psql (PostgreSQL) 18devel", "18-devel"),
            ("go version go1.22rc1 linux/amd64", "1.22-rc.1"),
            ("openjdk 22-ea 2024-03-19", "22-ea"),
            ("Apache Maven 3.9.5-SNAPSHOT", "3.9.5-snapshot"),
            ("8.5-rc-1", "8.5-rc.1"),
            ("Apache Tomcat 10.0.0-M5", "10.0.0-m.5"),
            ("1.0~rc1-1", "1.0-rc.1"),
            ("8.0.100-preview.7.23376.3", "8.0.100-preview.7"),
            ("git version 2.45.0.rc1", "2.45.0-rc.1"),
            ("git version 2.45.0.windows.1", "2.45.0"),
            ("20.10.24+dfsg1", "20.10.24"),
            ("24.0.7-0ubuntu1", "24.0.7"),
            ("3.4.0-ee", "3.4.0"),
            ("6.1.0-18-amd64", "6.1.0"),
            ("1.2.3+rc.1", "1.2.3"),
        ] {
            assert_eq!(text(output).as_deref(), Some(expected), "{output:?}");
        }
    }

    #[test]
    fn output_without_a_version_tells_none() {
        for output in [
            "",
            "no version here",
            "Copyright (C) 2020 somebody",
            "error: this needs 1.2.3",
            "12 of 14 things",
            "99999999999999999999999999.1",
            "built on 2024-01-02",
        ] {
            assert_eq!(text(output), None, "{output:?}");
        }
    }

    #[test]
    fn standard_error_is_read_when_standard_output_tells_nothing() {
        let told = told("nginx", "\n", "nginx version: nginx/1.22.1\n");
        assert_eq!(told.map(|told| told.text).as_deref(), Some("1.22.1"));
    }

    #[test]
    fn two_part_versions_are_padded_and_pre_releases_refused_by_a_range_of_releases() {
        let asked = VersionReq::parse(">=20.10").expect("is a range");
        let refused = |output| {
            let told = told("tool", output, "").expect("tells a version");
            refusal(&told.version, &asked)
        };
        assert_eq!(refused("20.10"), None);
        assert_eq!(refused("Docker version 24.0.7-ce, build x"), None);
        assert_eq!(refused("20.9"), Some("is outside the range"));
        let reason = refused("24.0.0-rc.1").expect("is refused");
        assert!(reason.starts_with("is a pre-release"), "{reason}");
    }

    proptest::proptest! {
        #[test]
        fn no_output_makes_it_panic(output in "(?s).{0,80}") {
            let _ = text(&output);
        }

        #[test]
        fn any_three_numbers_come_back(a in 0u64..9999, b in 0u64..9999, c in 0u64..9999) {
            let output = format!("thing version v{a}.{b}.{c}-ce, build 1");
            proptest::prop_assert_eq!(text(&output), Some(format!("{a}.{b}.{c}")));
        }
    }
}
