//! What a page loads is there, is what it should be, and is cached as its name promises.

use crate::answer::{Answer, shown};
use crate::caching;
use crate::expectations::Found;
use crate::facts::{Asset, AssetsSeen, Facts};
use crate::fields::cache_control::CacheControl;
use crate::fields::media_type::{essence, is_font, is_script};
use crate::judged::{self, Judged};
use crate::page::{Kind, is_hashed};
use crate::plan::{AssetsPlan, CacheRule};
use crate::reproduce;
use crate::sensitive::discreet_url;
use shared::check::Check;
use shared::verdict::{Outcome, Severity};
use std::collections::BTreeMap;

pub(crate) const CHECK: Check<Facts> = Check {
    id: "assets",
    title: "what a page loads is there, is what it should be, and is cached as its name promises",
    why: "a page answers 200 and stays white when one of its scripts is missing, or is the page \
          itself again",
    fix: "look whether the build has the file of the finding and the server its path; give files \
          with a hash in their names `Cache-Control: public, max-age=31536000, immutable`",
    severity: Severity::Error,
    run: check,
};

/// Smaller files are not worth compressing.
const SMALLEST: usize = 1024;

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.assets, "assets", one)
}

fn one(plan: &AssetsPlan, seen: &AssetsSeen, judged: &mut Judged) {
    let Some(page) = judged.answered(&plan.name, &plan.page, &seen.page, &[200]) else {
        return;
    };
    let mut found = Found::default();
    for url in &seen.mixed {
        let message = format!("loads `{url}` over plain http, which browsers refuse or warn of");
        found.wrong(message, format!("`{url}`"), "https");
    }
    judged.add(&plan.name, &plan.page, &reproduce::body(&plan.page), found);
    if seen.assets.is_empty() {
        let kind = page.header("content-type").unwrap_or_default();
        let (bytes, kind) = (page.body.len(), shown(&kind, 60));
        if let Some(why) = page.sealed() {
            return judged.open(format!("`{}` {why}", plan.name));
        }
        return judged.open(format!(
            "`{}` loads nothing of its own: {bytes} bytes of `{kind}`, {} from elsewhere",
            plan.name, seen.foreign
        ));
    }
    if page.is_cut {
        let (name, bytes) = (&plan.name, page.body.len());
        let too_long = || format!("is larger than {bytes} bytes, and the rest was not read");
        let why = page.sealed().unwrap_or_else(too_long);
        judged.open(format!("`{name}` {why}"));
    }
    let before = judged.findings();
    for asset in &seen.assets {
        one_asset(plan, seen, asset, judged);
    }
    if judged.findings() == before {
        judged.holds(format!("`{}`: {}", plan.name, summed(seen)));
    }
}

fn one_asset(plan: &AssetsPlan, seen: &AssetsSeen, asset: &Asset, judged: &mut Judged) {
    let (name, request) = (&plan.name, &asset.request);
    let reproduce = reproduce::head(request);
    let answer = match &asset.asked.answer {
        Ok(answer) => answer,
        Err(no_answer) => {
            let count = asset.asked.attempts;
            return judged.late_or_silent(name, request, &reproduce, count, no_answer);
        }
    };
    judged.in_time(name, request, &reproduce, answer);
    let mut found = Found::default();
    let what = format!("{} {}", asset.kind.word(), request.url.shown);
    if answer.status == 200 {
        kind(&what, asset, answer, &mut found);
        if is_hollow(seen, asset) {
            let message = format!("loads the {what}, which is empty");
            found.wrong(message, "0 bytes", format!("a {}", asset.kind.word()));
        }
        if plan.immutable_hashed && is_hashed(request.url.target.expose()) {
            cached(&what, answer, &mut found);
        }
        if plan.compressed {
            compressed(&what, asset, answer, &mut found);
        }
    } else {
        let status = answer.status;
        let location = answer.header("location");
        let location = location.map(|to| format!(" to `{}`", shown(&discreet_url(&to), 100)));
        let observed = format!("{status}{}", location.unwrap_or_default());
        found.wrong(
            format!("loads the {what}, which answered {status}"),
            observed,
            "200",
        );
    }
    judged.add(name, request, &reproduce, found);
}

/// Some pages load a place for rules of one's own, in which nothing stands yet. What a build wrote
/// has something in it, and so has at least one file of each kind.
fn is_hollow(seen: &AssetsSeen, asset: &Asset) -> bool {
    let mut same = seen.assets.iter().filter(|other| other.kind == asset.kind);
    let is_built = is_hashed(asset.request.url.target.expose());
    asset.is_empty && (is_built || same.all(|other| other.is_empty))
}

fn kind(what: &str, asset: &Asset, answer: &Answer, found: &mut Found) {
    let Some(value) = answer.header("content-type") else {
        let message = format!("loads the {what}, which has no `Content-Type`");
        return found.wrong(message, "no such header", asset.kind.word());
    };
    let said = essence(&value);
    let is_right = match asset.kind {
        Kind::Script => is_script(&said),
        Kind::Style => said == "text/css",
        Kind::Image => said.starts_with("image/"),
        Kind::Font => is_font(&said) || said == "application/octet-stream",
    };
    if is_right {
        return;
    }
    let observed = format!("`{}`", shown(&said, 60));
    // What answers everything with its page hides that a file is gone.
    let message = if said == "text/html" {
        format!("loads the {what}, which is a page ({observed})")
    } else {
        format!("loads the {what}, which is {observed}")
    };
    found.wrong(message, observed, format!("a {}", asset.kind.word()));
}

fn cached(what: &str, answer: &Answer, found: &mut Found) {
    let rule = CacheRule::immutable();
    let expected = "`max-age=31536000, immutable`";
    let Some(value) = answer.header("cache-control") else {
        let message = format!("loads the {what}, which has a hash and no `Cache-Control`");
        return found.wrong(message, "no such header", expected);
    };
    let faults = caching::faults(rule, &CacheControl::parse(&value));
    if !faults.is_empty() {
        let faults = faults.join(" and ");
        let message = format!("loads the {what}, which has a hash and a `Cache-Control` {faults}");
        found.wrong(message, format!("`{}`", shown(&value, 100)), expected);
    }
}

fn compressed(what: &str, asset: &Asset, answer: &Answer, found: &mut Found) {
    let is_text = matches!(asset.kind, Kind::Script | Kind::Style);
    let is_packed = answer.header("content-encoding").is_some();
    if is_text && !is_packed && asset.bytes >= SMALLEST {
        let bytes = asset.bytes;
        let message = format!("loads the {what}, whose {bytes} bytes are not compressed");
        found.wrong(message, "no `Content-Encoding`", "gzip");
    }
}

/// `3 scripts, 1 style (2 with a hash, 48211 bytes) …`.
fn summed(seen: &AssetsSeen) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for asset in &seen.assets {
        *kinds.entry(asset.kind.word()).or_default() += 1;
    }
    let kinds: Vec<String> = kinds
        .into_iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let targets = seen
        .assets
        .iter()
        .map(|asset| asset.request.url.target.expose());
    let hashed = targets.filter(|target| is_hashed(target)).count();
    let bytes: usize = seen.assets.iter().map(|asset| asset.bytes).sum();
    let (all, left_out, foreign) = (seen.assets.len(), seen.left_out, seen.foreign);
    let kinds = kinds.join(", ");
    let empty = match seen.assets.iter().filter(|asset| asset.is_empty).count() {
        0 => String::new(),
        empty => format!("; {empty} empty"),
    };
    let left_out = match left_out {
        0 => String::new(),
        left_out => format!(", {left_out} more not asked (`most`)"),
    };
    format!(
        "{all} files are right ({kinds}; {hashed} with a hash; {bytes} bytes{empty}){left_out}, \
         {foreign} from elsewhere not asked"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::answer::{Asked, Break, NoAnswer};
    use crate::facts::Fact;
    use crate::sample::{self, facts, request};
    use shared::verdict::Finding;

    const IMMUTABLE: (&str, &str) = ("cache-control", "public, max-age=31536000, immutable");

    fn asked(status: u16, headers: &[(&str, &str)]) -> Asked {
        let mut answer = sample::answer(status, "");
        let headers = headers.iter();
        answer.headers = headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Asked {
            attempts: 1,
            answer: Ok(answer),
        }
    }

    fn asset(kind: Kind, path: &str, asked: Asked) -> Asset {
        Asset {
            kind,
            request: request(path),
            asked,
            bytes: 2000,
            is_empty: false,
        }
    }

    #[test]
    fn a_file_without_a_byte_is_wrong_unless_it_is_one_of_several_for_later() {
        let style = |path: &str, is_empty| {
            let headers = &[("content-type", "text/css"), IMMUTABLE];
            let mut style = asset(Kind::Style, path, asked(200, headers));
            style.is_empty = is_empty;
            style
        };
        for (assets, path) in [
            (vec![style("/a.css", true)], "/a.css"),
            (
                vec![style("/b.3f2a1b9c.css", true), style("/a.css", false)],
                "/b.3f2a1b9c.css",
            ),
        ] {
            let Outcome::Fail { findings } = outcome(assets, &[], false) else {
                panic!("{path} is empty");
            };
            let message = format!("`front` loads the style http://h{path}, which is empty");
            assert_eq!((findings.len(), &findings[0].message), (1, &message));
        }
        let some = vec![style("/own.css", true), style("/a.css", false)];
        let Outcome::Pass { evidence } = outcome(some, &[], false) else {
            panic!("one may be empty");
        };
        assert!(evidence[0].contains("; 1 empty)"), "{evidence:?}");
    }

    fn outcome(assets: Vec<Asset>, mixed: &[&str], compressed: bool) -> Outcome {
        let plan = AssetsPlan {
            name: "front".into(),
            address: Address::parse("http://h", "http://h").expect("is an address"),
            page: request("/"),
            most: 50,
            immutable_hashed: true,
            compressed,
        };
        let seen = Ok(AssetsSeen {
            page: asked(200, &[("content-type", "text/html")]),
            assets,
            left_out: 0,
            foreign: 1,
            mixed: mixed.iter().map(|url| (*url).to_owned()).collect(),
        });
        let mut facts = facts();
        facts.probes.assets.push(Fact { plan, seen });
        check(&facts)
    }

    fn message(outcome: Outcome) -> String {
        match outcome {
            Outcome::Fail { findings } => findings[0].message.clone(),
            other => panic!("should fail: {other:?}"),
        }
    }

    #[test]
    fn files_that_are_right_pass_with_their_counts() {
        let script = [("content-type", "text/javascript"), IMMUTABLE];
        let assets = vec![
            asset(Kind::Script, "/app.3f2a1b9c.js", asked(200, &script)),
            asset(
                Kind::Image,
                "/i.png",
                asked(200, &[("content-type", "image/png")]),
            ),
        ];
        assert_eq!(
            outcome(assets, &[], false),
            Outcome::pass(
                "`front`: 2 files are right (1 image, 1 script; 1 with a hash; 4000 bytes), 1 \
                 from elsewhere not asked"
            )
        );
    }

    #[test]
    fn a_missing_script_fails_and_says_how_to_see_it() {
        assert_eq!(
            outcome(
                vec![asset(Kind::Script, "/app.js", asked(404, &[]))],
                &[],
                false
            ),
            Outcome::fail(
                Finding::new("`front` loads the script http://h/app.js, which answered 404")
                    .on("http://h/app.js")
                    .compared("404", "200")
                    .reproduce("curl -sS -D - -o /dev/null --max-time 5 http://h/app.js")
            )
        );
    }

    #[test]
    fn every_other_fault_is_told() {
        let style = [("content-type", "text/css")];
        let hashed = "/app.3f2a1b9c.css";
        for (asset, mixed, told) in [
            (
                asset(
                    Kind::Script,
                    "/a.js",
                    asked(200, &[("content-type", "text/html")]),
                ),
                &[][..],
                "`front` loads the script http://h/a.js, which is a page (`text/html`)",
            ),
            (
                asset(
                    Kind::Style,
                    "/a.css",
                    asked(200, &[("content-type", "text/plain")]),
                ),
                &[],
                "`front` loads the style http://h/a.css, which is `text/plain`",
            ),
            (
                asset(Kind::Font, "/a.woff2", asked(200, &[])),
                &[],
                "`front` loads the font http://h/a.woff2, which has no `Content-Type`",
            ),
            (
                asset(Kind::Style, hashed, asked(200, &style)),
                &[],
                "`front` loads the style http://h/app.3f2a1b9c.css, which has a hash and no \
                 `Cache-Control`",
            ),
            (
                asset(
                    Kind::Style,
                    hashed,
                    asked(200, &[style[0], ("cache-control", "max-age=60")]),
                ),
                &[],
                "`front` loads the style http://h/app.3f2a1b9c.css, which has a hash and a \
                 `Cache-Control` without `immutable` and with a `max-age` of 60 s, and at least \
                 31536000 s are wanted",
            ),
            (
                asset(Kind::Style, "/a.css", asked(200, &style)),
                &["http://h/x.png"],
                "`front` loads `http://h/x.png` over plain http, which browsers refuse or warn of",
            ),
        ] {
            assert_eq!(message(outcome(vec![asset], mixed, false)), told);
        }
        let plain = vec![asset(Kind::Style, "/a.css", asked(200, &style))];
        assert_eq!(
            message(outcome(plain, &[], true)),
            "`front` loads the style http://h/a.css, whose 2000 bytes are not compressed"
        );
    }

    #[test]
    fn a_page_without_anything_is_unknown_not_pass() {
        assert_eq!(
            outcome(Vec::new(), &[], false),
            Outcome::unknown(
                "`front` loads nothing of its own: 0 bytes of `text/html`, 1 from elsewhere"
            )
        );
        let silent = Asked {
            attempts: 3,
            answer: Err(NoAnswer::new(Break::Closed, "reset")),
        };
        assert_eq!(
            outcome(vec![asset(Kind::Script, "/a.js", silent)], &[], false).word(),
            "unknown"
        );
    }

    #[test]
    fn no_probe_is_skipped_not_passed() {
        assert_eq!(
            check(&facts()),
            Outcome::skipped("no probe of the kind `assets` is configured")
        );
    }
}
