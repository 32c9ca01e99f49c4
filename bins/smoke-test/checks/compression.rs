//! Pages come compressed to those who take them so, and are the same then.

use crate::answer::{Answer, Asked, shown};
use crate::expectations::{Found, LONGEST_EXCERPT};
use crate::facts::{CompressionSeen, Facts};
use crate::fields::encoding::{self, LARGEST, Undecoded};
use crate::fields::vary::Vary;
use crate::figures::percent;
use crate::judged::{self, Judged};
use crate::plan::{CompressionPlan, Request};
use crate::reproduce;
use shared::check::Check;
use shared::config::ContentEncoding;
use shared::verdict::{Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "compression",
    title: "pages come compressed to those who take them so, and are the same then",
    why: "an uncompressed page takes several times as long on a slow line, and one that was \
          compressed wrongly cannot be read at all",
    fix: "switch on compression for the type of the page where all answers pass (`gzip on`, \
          `gzip_types` and `gzip_vary on` in nginx, `encode gzip` in Caddy)",
    severity: Severity::Error,
    run: check,
};

/// How much longer or shorter one answer of a page that changes by itself may be than another.
const SAME_LENGTH: f64 = 0.2;

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.compression, "compression", one)
}

fn one(plan: &CompressionPlan, seen: &CompressionSeen, judged: &mut Judged) {
    let (name, plain) = (&plan.name, &plan.plain);
    let Some(whole) = judged.answered(name, plain, &seen.plain, &[200]) else {
        return;
    };
    if let Some(encoding) = whole.coding() {
        let encoding = shown(&encoding, 60);
        let mut found = Found::default();
        let message = format!("sends `{encoding}` to a client that takes only `identity`");
        found.wrong(message, format!("`{encoding}`"), "an answer as it is");
        return judged.add(name, plain, &reproduce::head(plain), found);
    }
    let bytes = whole.body.len();
    if whole.is_cut {
        return judged.open(format!(
            "`{name}` is larger than {bytes} bytes, and no more is read"
        ));
    }
    if (bytes as u64) < plan.least {
        return judged.open(format!(
            "`{name}` has {bytes} bytes, and from {} there would be something to compress",
            plan.least
        ));
    }
    let again = judged.answered(name, plain, &seen.again, &[200]);
    let page = Page {
        whole,
        is_steady: again.is_some_and(|again| again.body == whole.body),
    };
    for (encoding, request, asked) in &seen.packed {
        packed(name, (*encoding, request, asked), &page, judged);
    }
}

/// The page as it is.
struct Page<'a> {
    whole: &'a Answer,
    /// Whether it was the same, byte for byte, when it was asked again.
    is_steady: bool,
}

fn packed(
    name: &str,
    (encoding, request, asked): (ContentEncoding, &Request, &Asked),
    page: &Page<'_>,
    judged: &mut Judged,
) {
    let Some(answer) = judged.answered(name, request, asked, &[200]) else {
        return;
    };
    let mut found = Found::default();
    let word = encoding::word(encoding);
    let has_it = match answer.coding() {
        None => {
            let bytes = answer.body.len();
            let message = format!("does not compress: {bytes} bytes without `Content-Encoding`");
            found.wrong(message, "no such header", word);
            false
        }
        Some(said) if encoding::of_word(&said) == Some(encoding) => true,
        Some(said) => {
            let said = format!("`{}`", shown(&said, 60));
            found.wrong(
                format!("sends {said} to a client that takes `{word}`"),
                said,
                word,
            );
            false
        }
    };
    if has_it {
        varies(answer, &mut found);
        unpacked(encoding, answer, page, &mut found);
    }
    let mut command = reproduce::head(request);
    if has_it && encoding == ContentEncoding::Gzip {
        command = format!("{} | gunzip | wc -c", reproduce::body(request));
    }
    judged.add(name, request, &command, found);
}

fn varies(answer: &Answer, found: &mut Found) {
    let value = answer.header("vary").unwrap_or_default();
    if Vary::parse(&value).covers("accept-encoding") {
        return;
    }
    let message = "is compressed without `Vary: Accept-Encoding`, so a cache gives it to those \
                   who cannot read it";
    let observed = format!("`Vary: {}`", shown(&value, LONGEST_EXCERPT));
    found.wrong(message, observed, "`Vary: Accept-Encoding`");
}

fn unpacked(encoding: ContentEncoding, answer: &Answer, page: &Page<'_>, found: &mut Found) {
    let (sent, is_cut) = answer.sent();
    let (bytes, whole) = (sent.len(), page.whole.body.len());
    let word = encoding::word(encoding);
    if is_cut {
        let message = format!("has more than {bytes} bytes in {word}, and {whole} as it is");
        return found.wrong(message, format!("more than {bytes} bytes"), "fewer bytes");
    }
    let plain = match encoding::decoded(encoding, sent) {
        Ok(plain) => plain,
        Err(Undecoded::Larger) => {
            let most = LARGEST >> 20;
            let message = format!(
                "unpacks from {bytes} bytes to more than {most} MiB, and has {whole} bytes as it is"
            );
            return found.wrong(
                message,
                format!("more than {most} MiB"),
                format!("{whole} bytes"),
            );
        }
        Err(Undecoded::Broken(why)) => {
            let message = format!("cannot be unpacked: {why}");
            return found.wrong(message, format!("{bytes} bytes that are no {word}"), word);
        }
    };
    let length = plain.len();
    if !is_same(&plain, page) {
        let message = format!("is another page in {word}: {length} bytes, not {whole}");
        return found.wrong(message, format!("{length} bytes"), format!("{whole} bytes"));
    }
    if bytes >= whole {
        let message = format!("is no smaller in {word}: {bytes} bytes, and {whole} as it is");
        return found.wrong(message, format!("{bytes} bytes"), "fewer bytes");
    }
    let ratio = percent(bytes as f64 / whole as f64);
    let how = if page.is_steady {
        "byte for byte the same".to_owned()
    } else {
        format!("it changes from answer to answer, so only lengths are compared: {length} bytes")
    };
    found.evidence.push(format!(
        "{bytes} of {whole} bytes in {word} ({ratio}), {how}"
    ));
}

fn is_same(plain: &[u8], page: &Page<'_>) -> bool {
    let (length, whole) = (plain.len() as f64, page.whole.body.len() as f64);
    if page.is_steady {
        plain == page.whole.body
    } else {
        (length - whole).abs() <= whole * SAME_LENGTH
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;
    use crate::sample::{self, facts, request};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    const PAGE: &str = "a line of a page that is repeated\n";
    const VARY: (&str, &str) = ("vary", "Accept-Encoding");
    const GZIP: (&str, &str) = ("content-encoding", "gzip");

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).expect("memory can be written");
        encoder.finish().expect("memory can be written")
    }

    fn page() -> Vec<u8> {
        PAGE.repeat(40).into_bytes()
    }

    fn asked(body: Vec<u8>, headers: &[(&str, &str)]) -> Asked {
        let mut answer = sample::answer(200, "");
        answer.body = body;
        let headers = headers.iter();
        answer.headers = headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Asked {
            attempts: 1,
            answer: Ok(answer),
        }
    }

    fn judged(plain: Asked, packed: Asked, again: Asked) -> Outcome {
        let taking = |word: &str| request("/page").with("accept-encoding", word);
        let plan = CompressionPlan {
            name: "page".into(),
            plain: taking("identity"),
            packed: vec![(ContentEncoding::Gzip, taking("gzip"))],
            least: 1024,
        };
        let seen = Ok(CompressionSeen {
            plain,
            packed: vec![(ContentEncoding::Gzip, taking("gzip"), packed)],
            again,
        });
        let mut facts = facts();
        facts.probes.compression.push(Fact { plan, seen });
        check(&facts)
    }

    fn outcome(packed: Asked) -> Outcome {
        judged(asked(page(), &[]), packed, asked(page(), &[]))
    }

    fn messages(outcome: Outcome) -> Vec<String> {
        match outcome {
            Outcome::Fail { findings } => findings
                .into_iter()
                .map(|finding| finding.message)
                .collect(),
            other => panic!("should fail: {other:?}"),
        }
    }

    #[test]
    fn a_page_that_is_the_same_passes_with_its_ratio() {
        let packed = gzip(&page());
        let (bytes, whole) = (packed.len(), page().len());
        let ratio = percent(bytes as f64 / whole as f64);
        assert_eq!(
            outcome(asked(packed, &[GZIP, VARY])),
            Outcome::pass(format!(
                "`page`: {bytes} of {whole} bytes in gzip ({ratio}), byte for byte the same"
            ))
        );
    }

    #[test]
    fn a_page_that_changes_is_compared_by_its_length() {
        let other = PAGE.repeat(41).into_bytes();
        let packed = || asked(gzip(&other), &[GZIP, VARY]);
        let passed = judged(asked(page(), &[]), packed(), asked(other.clone(), &[]));
        let Outcome::Pass { evidence } = passed else {
            panic!("should pass: {passed:?}");
        };
        assert!(
            evidence[0].contains("so only lengths are compared: 1394 bytes"),
            "{evidence:?}"
        );
        assert_eq!(
            messages(outcome(packed())),
            ["`page` is another page in gzip: 1394 bytes, not 1360"]
        );
    }

    #[test]
    fn every_way_to_do_it_wrong_is_told() {
        let whole = gzip(&page());
        for (packed, message) in [
            (
                asked(page(), &[]),
                "`page` does not compress: 1360 bytes without `Content-Encoding`",
            ),
            (
                asked(page(), &[("content-encoding", "br"), VARY]),
                "`page` sends `br` to a client that takes `gzip`",
            ),
            (
                asked(whole.clone(), &[GZIP]),
                "`page` is compressed without `Vary: Accept-Encoding`, so a cache gives it to \
                 those who cannot read it",
            ),
            (
                asked(page(), &[GZIP, VARY]),
                "`page` cannot be unpacked: invalid gzip header",
            ),
            (
                asked(whole[..whole.len() - 10].to_vec(), &[GZIP, VARY]),
                "`page` cannot be unpacked: incomplete deflate stream",
            ),
        ] {
            assert_eq!(messages(outcome(packed)), [message]);
        }
    }

    #[test]
    fn a_bomb_is_a_finding() {
        let bomb = gzip(&vec![0; LARGEST + 1]);
        let told = messages(outcome(asked(bomb, &[GZIP, VARY])));
        assert!(
            told[0].ends_with("to more than 32 MiB, and has 1360 bytes as it is"),
            "{told:?}"
        );
    }

    #[test]
    fn a_page_that_does_not_shrink_and_one_packed_unasked_are_findings() {
        // Without any repetition nothing can be saved.
        let noise: Vec<u8> = (0u32..2048)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8)
            .collect();
        let stored = {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
            encoder.write_all(&noise).expect("memory can be written");
            encoder.finish().expect("memory can be written")
        };
        let plain = || asked(noise.clone(), &[]);
        let told = messages(judged(plain(), asked(stored, &[GZIP, VARY]), plain()));
        assert!(
            told[0].starts_with("`page` is no smaller in gzip"),
            "{told:?}"
        );
        let unasked = asked(gzip(&page()), &[GZIP]);
        assert_eq!(
            messages(judged(unasked, asked(page(), &[]), asked(page(), &[]))),
            ["`page` sends `gzip` to a client that takes only `identity`"]
        );
    }

    #[test]
    fn too_little_to_compress_is_unknown_not_pass() {
        let small = || asked(b"ok".to_vec(), &[]);
        assert_eq!(
            judged(small(), asked(gzip(b"ok"), &[GZIP, VARY]), small()),
            Outcome::unknown(
                "`page` has 2 bytes, and from 1024 there would be something to compress"
            )
        );
        let mut huge = asked(page(), &[]);
        if let Ok(answer) = &mut huge.answer {
            answer.is_cut = true;
        }
        let outcome = judged(huge, asked(page(), &[]), asked(page(), &[]));
        assert_eq!(outcome.word(), "unknown");
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `compression` is configured")
        );
    }
}
