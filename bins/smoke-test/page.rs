//! What a page loads: scripts, styles, images and icons, found as a browser would.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};
use reqwest::Url;
use std::collections::BTreeSet;

/// Things that a page names beyond so many are not looked at: a page of 4 MiB could name 100,000.
const MOST_REFERENCES: usize = 5000;
/// The fewest letters and digits that make a hash: bundlers write eight and more.
const SHORTEST_HASH: usize = 8;

/// What a page loads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct References {
    /// From its own origin, once each, in the order of the page: what, and path with query.
    pub(crate) own: Vec<(Kind, String)>,
    /// How many from elsewhere.
    pub(crate) foreign: usize,
    /// Over plain HTTP although the page came over TLS.
    pub(crate) mixed: Vec<String>,
}

/// What a thing should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A script or a module.
    Script,
    /// A style sheet.
    Style,
    /// An image or an icon.
    Image,
    /// A font.
    Font,
}

impl Kind {
    /// `script`, `style`, `image` or `font`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Style => "style",
            Self::Image => "image",
            Self::Font => "font",
        }
    }
}

/// Finds what a page at this address loads.
pub(crate) fn references(page: &[u8], address: &str) -> References {
    let mut found = References::default();
    let Ok(address) = Url::parse(address) else {
        return found;
    };
    let text = String::from_utf8_lossy(page);
    // What stands in a script or a style is no tag.
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut base = None;
    let mut seen = BTreeSet::new();
    for token in Tokenizer::new_with_emitter(text.as_ref(), emitter).flatten() {
        let Token::StartTag(tag) = token else {
            continue;
        };
        if tag.name.as_slice() == b"base" && base.is_none() {
            base = attribute(&tag, "href").and_then(|href| address.join(&href).ok());
        }
        let Some((kind, reference)) = reference(&tag) else {
            continue;
        };
        let from = base.as_ref().unwrap_or(&address);
        // What is no address loads nothing; `data:` is here already.
        let Ok(url) = from.join(reference.trim()) else {
            continue;
        };
        if seen.len() < MOST_REFERENCES && seen.insert(without_fragment(&url)) {
            found.add(kind, &url, &address);
        }
    }
    found
}

impl References {
    fn add(&mut self, kind: Kind, url: &Url, page: &Url) {
        if !matches!(url.scheme(), "http" | "https") {
            return;
        }
        if page.scheme() == "https" && url.scheme() == "http" {
            self.mixed
                .push(crate::answer::shown(&without_fragment(url), 200));
        }
        if url.origin() == page.origin() {
            let query = url.query().map(|query| format!("?{query}"));
            let target = format!("{}{}", url.path(), query.unwrap_or_default());
            self.own.push((kind, target));
        } else {
            self.foreign += 1;
        }
    }
}

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}

/// What a tag loads, if anything.
fn reference(tag: &StartTag<()>) -> Option<(Kind, String)> {
    match tag.name.as_slice() {
        b"script" => {
            let kind = attribute(tag, "type")
                .unwrap_or_default()
                .to_ascii_lowercase();
            let is_script =
                kind.is_empty() || kind == "module" || crate::fields::media_type::is_script(&kind);
            let source = attribute(tag, "src").filter(|_| is_script)?;
            Some((Kind::Script, source))
        }
        b"img" => Some((Kind::Image, attribute(tag, "src")?)),
        b"link" => {
            let relation = attribute(tag, "rel")?.to_ascii_lowercase();
            let destination = attribute(tag, "as")
                .unwrap_or_default()
                .to_ascii_lowercase();
            let mut relations = relation.split_ascii_whitespace();
            let kind = relations.find_map(|relation| linked(relation, &destination))?;
            Some((kind, attribute(tag, "href")?))
        }
        _ => None,
    }
}

fn linked(relation: &str, destination: &str) -> Option<Kind> {
    match (relation, destination) {
        ("stylesheet", _) | ("preload", "style") => Some(Kind::Style),
        ("modulepreload", "" | "script") | ("preload", "script") => Some(Kind::Script),
        ("icon" | "apple-touch-icon", _) | ("preload", "image") => Some(Kind::Image),
        ("preload", "font") => Some(Kind::Font),
        _ => None,
    }
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    let value = String::from_utf8_lossy(value).trim().to_owned();
    (!value.is_empty()).then_some(value)
}

/// Whether a file has a hash of its content in its name, so that it never changes: the last part
/// of the name looks random, as in `app.3f2a1b9c.js`, `index-DfX3k9aB.js` or a name that is a hash.
pub(crate) fn is_hashed(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    let Some((stem, _)) = file.rsplit_once('.') else {
        return false;
    };
    let mut parts: Vec<&str> = stem.split(['.', '-', '_', '~']).collect();
    while let Some("min" | "chunk" | "bundle" | "module" | "esm" | "umd" | "legacy") =
        parts.last().copied()
    {
        parts.pop();
    }
    let Some(last) = parts.pop() else {
        return false;
    };
    // The last part of a UUID names an upload, not a content.
    let is_uuid = last.len() == 12 && parts.iter().rev().take(3).all(|part| part.len() == 4);
    // A word with a number, such as `bootstrap4`, is no hash; neither is one word alone.
    let shortest = if parts.is_empty() {
        2 * SHORTEST_HASH
    } else {
        SHORTEST_HASH
    };
    last.len() >= shortest && !(is_uuid && parts.len() >= 4) && is_random(last)
}

fn is_random(text: &str) -> bool {
    let is_hexadecimal = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let has_both = text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    // Letters and digits change more often than in `version2` or `2024report`.
    let digits = text.as_bytes().windows(2);
    let changes = digits.filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit());
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_word && has_both && (is_hexadecimal || changes.count() >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn own(page: &str) -> Vec<(Kind, String)> {
        references(page.as_bytes(), "https://h/app/").own
    }

    #[test]
    fn everything_that_a_page_loads_is_found_once() {
        let page = r##"<!doctype html><html><head>
            <link rel="stylesheet" href="app.css"><LINK REL="shortcut icon" HREF=/favicon.ico>
            <link rel=modulepreload href=/m.js><link rel=preload as=font href=f.woff2>
            <link rel=canonical href=/page><link rel=preload as=fetch href=/api>
            <script type=module src="/m.js#x"></script><script>let x = "<img src=/no.png>"</script>
            <script type="application/json" src=/data.json></script><!-- <img src=/not.png> -->
            <img src="data:image/gif;base64,AA"><img src='i.png?v=1&amp;w=2'><img>"##;
        let target = |kind, target: &str| (kind, target.to_owned());
        assert_eq!(
            own(page),
            [
                target(Kind::Style, "/app/app.css"),
                target(Kind::Image, "/favicon.ico"),
                target(Kind::Script, "/m.js"),
                target(Kind::Font, "/app/f.woff2"),
                target(Kind::Image, "/app/i.png?v=1&w=2"),
            ]
        );
    }

    #[test]
    fn only_the_own_origin_is_asked_and_plain_http_is_told() {
        let page = "<base href='https://h/static/'><base href='https://evil.example/'>
            <script src=a.js></script><script src=https://cdn.example/b.js></script>
            <script src=//h:8443/c.js></script><img src=http://h/d.png>";
        let found = references(page.as_bytes(), "https://h/");
        assert_eq!(found.own, [(Kind::Script, "/static/a.js".to_owned())]);
        assert_eq!(found.foreign, 3);
        assert_eq!(found.mixed, ["http://h/d.png"]);
        assert!(references(page.as_bytes(), "http://h/").mixed.is_empty());
    }

    #[test]
    fn a_hash_is_told_from_a_word() {
        for name in [
            "/assets/app.3f2a1b9c.js",
            "/assets/index-DfX3k9aB.js",
            "/_next/static/chunks/main-0a1b2c3d4e5f6789.js",
            "/static/js/main.8e1b2c3d.chunk.js",
            "/media/3f2a1b9c8d7e6f5a.png",
            "/app-7JHWZQ2L.js?x=1",
        ] {
            assert!(is_hashed(name), "{name}");
        }
        for name in [
            "/app.js",
            "/jquery-3.6.0.min.js",
            "/fontawesome5.css",
            "/app-version2.js",
            "/report-20240101.css",
            "/bootstrap.min.css",
            "/img/550e8400-e29b-41d4-a716-446655abcdef.png",
            "/deadbeef",
            "/",
            "",
        ] {
            assert!(!is_hashed(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_page_makes_it_panic(page in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = references(&page, "https://h/");
        }

        #[test]
        fn no_tag_makes_it_panic(page in "(<(script|img|link|base)( (src|href|rel)=[^>]{0,12})*>){0,4}") {
            for (_, target) in references(page.as_bytes(), "https://h/").own {
                prop_assert!(target.starts_with('/'));
            }
        }

        #[test]
        fn no_name_makes_it_panic(name in ".{0,40}") {
            let _ = is_hashed(&name);
        }
    }
}
