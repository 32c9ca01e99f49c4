//! Texts that would fill the memory or the stack.

use crate::case::Case;
use crate::sandbox::COMPLETE;

const PROBE: &str = "    - http: {name: health, path: /health, headers: {accept: text/plain}, \
                     json: {$.status: ok}}\n";

/// What would fill the memory or the stack.
pub fn cases() -> Vec<Case> {
    let file = |name, text: String, says: &[&str]| {
        Case::file(name, text, &[&["sluicegate.yml:"], says].concat())
    };
    let depth = 20_000;
    let lists = format!("{{$.a: {}1{}}}", "[".repeat(depth), "]".repeat(depth));
    let blocks = (0..1000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    let anchors = (0..depth)
        .map(|number| format!("a{number}: &a{number} 1\n"))
        .collect();
    let long = format!("version: 1\nproject: {}\n", "x".repeat(500_000));
    vec![
        file("billion laughs", laughs(), &["too large or too complex"]),
        file("an alias of itself", json("&x {$.a: *x}"), &["ecursive"]),
        file("an alias of nothing", json("{$.a: *nothing}"), &["unknown"]),
        file("deep lists", json(&lists), &["recursion"]),
        file("deep from the start", "[".repeat(200_000), &["1:"]),
        file("deep maps", "{a: ".repeat(depth), &["1:"]),
        file("deep dashes", "- ".repeat(100_000), &["1:"]),
        file("deep blocks", blocks, &["1:1: there is no key `a`"]),
        file("many anchors", anchors, &["1:1"]),
        file("a long line", long, &["2:10: "]),
    ]
}

fn complete() -> String {
    (0..6).fold(COMPLETE.to_owned(), |text, index| {
        text.replace(&format!("<{index}>"), &format!("127.0.0.1:{}", index + 1))
    })
}

fn json(value: &str) -> String {
    complete().replace("{$.status: ok}", value)
}

/// Ten times ten times ten ... of what a probe may hold.
fn laughs() -> String {
    let mut laughs = String::from("          $.a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (name, before) in ('b'..='j').zip('a'..) {
        let nine = format!("*{before}, ").repeat(9);
        laughs.push_str(&format!("          $.{name}: &{name} [{nine}*{before}]\n"));
    }
    let probe = format!(
        "    - http:\n        name: health\n        path: /health\n        json:\n{laughs}"
    );
    let text = complete();
    assert!(
        text.contains(PROBE),
        "the complete configuration has no such probe"
    );
    text.replace(PROBE, &probe)
}
