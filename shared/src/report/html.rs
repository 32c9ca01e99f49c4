//! One page that can be kept or sent: no script, nothing loaded, all foreign text escaped.

use super::plain::plain;
use super::reading::{
    Standing, caveats, counts, duration, findings, identity, is_link, reasons, standing_at, state,
    subject, word,
};
use crate::receipt::{Receipt, Table};
use crate::verdict::{Finding, Record};

/// The styles are ours alone, so `unsafe-inline` lets nothing else in: no foreign text stands in a
/// tag or in an attribute but `href`.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "
:root { color-scheme: light dark; --line: #c8c8c8; --soft: #f3f3f3; --ink: #1b1b1b; --page: #fff;
  --pass: #116329; --fail: #a40e26; --unknown: #6e40c9; --warn: #7d4e00; }
@media (prefers-color-scheme: dark) { :root { --line: #444; --soft: #222; --ink: #e6e6e6;
  --page: #141414; --pass: #56d364; --fail: #ff7b72; --unknown: #d2a8ff; --warn: #e3b341; } }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: var(--ink);
  background: var(--page); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
header { border: 2px solid; border-radius: 6px; padding: .8rem 1rem; }
article { border-left: 4px solid; padding: .1rem 0 .1rem .8rem; margin: 1rem 0; }
article > *, header > * { color: var(--ink); } article h3, header h1 { color: inherit; }
h3 { font-size: 1rem; margin: 0; } p { margin: .4rem 0; }
.headline { font-size: 1.1rem; font-weight: 600; }
.pass { color: var(--pass); } .fail, .unsettled { color: var(--fail); }
.unknown { color: var(--unknown); } .warn { color: var(--warn); }
.waived, .skip { color: inherit; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .2rem .6rem; text-align: left;
  vertical-align: top; white-space: pre-wrap; }
th { background: var(--soft); }
pre { background: var(--soft); padding: .5rem; margin: .4rem 0; overflow-x: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin: .4rem 0; }
dd { margin: 0; white-space: pre-wrap; font-family: ui-monospace, monospace; }
summary { cursor: pointer; margin: .6rem 0; }
";

/// The whole page.
pub(super) fn render(receipt: &Receipt) -> String {
    let title = escape(&format!("{}: {}", word(receipt), subject(receipt)));
    let mut page =
        String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str(&format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n"
    ));
    page.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    page.push_str(&format!(
        "<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    ));
    page.push_str(&banner(receipt));
    page.push_str(&next(receipt));
    for standing in [
        Standing::Fail,
        Standing::Unknown,
        Standing::Warning,
        Standing::Waived,
    ] {
        for one in standing_at(receipt, standing) {
            page.push_str(&record(standing, one));
        }
    }
    for figures in &receipt.summary.tables {
        page.push_str(&format!(
            "<h2>{}</h2>\n{}",
            escape(&figures.title),
            table(figures)
        ));
    }
    page.push_str(&changes(receipt));
    page.push_str(&folded(receipt, Standing::Pass, "passed"));
    page.push_str(&folded(receipt, Standing::Skipped, "skipped"));
    page.push_str(&receipt_identity(receipt));
    page.push_str("</body>\n</html>\n");
    page
}

fn banner(receipt: &Receipt) -> String {
    let word = word(receipt);
    let mut text = format!("<header class=\"{}\">\n", word.to_lowercase());
    text.push_str(&format!("<h1>{word}: {}</h1>\n", escape(&subject(receipt))));
    text.push_str(&format!(
        "<p class=\"headline\">{}</p>\n",
        escape(&receipt.summary.headline)
    ));
    for caveat in caveats(receipt) {
        text.push_str(&format!("<p>{}</p>\n", escape(&caveat)));
    }
    let exit = receipt.exit;
    let time = duration(receipt.seconds);
    let end = format!(
        "{}; exit {} ({}), {time}",
        counts(receipt),
        exit.code(),
        exit.word()
    );
    text.push_str(&format!("<p>{end}</p>\n</header>\n"));
    text
}

fn next(receipt: &Receipt) -> String {
    let steps: String = receipt
        .summary
        .next
        .iter()
        .map(|step| format!("<li>{}</li>\n", escape(step)))
        .collect();
    if steps.is_empty() {
        steps
    } else {
        format!("<h2>Next</h2>\n<ul>\n{steps}</ul>\n")
    }
}

fn record(standing: Standing, record: &Record) -> String {
    let word = standing.word();
    let mut text = format!("<article class=\"{}\">\n", word.to_lowercase());
    text.push_str(&format!("<h3>{word}: {}</h3>\n", escape(&record.check)));
    text.push_str(&format!("<p>{}</p>\n", escape(&record.title)));
    for found in findings(record) {
        text.push_str(&finding(found));
    }
    for reason in reasons(record) {
        text.push_str(&format!("<p><strong>{}</strong></p>\n", escape(reason)));
    }
    if let Some(waived) = &record.waived {
        let until = format!(
            "waived until {} by {}: {}",
            waived.until, waived.owner, waived.reason
        );
        text.push_str(&format!("<p>{}</p>\n", escape(&until)));
    }
    if !record.fix.is_empty() {
        text.push_str(&format!("<p>Fix: {}</p>\n", escape(&record.fix)));
    }
    text.push_str("</article>\n");
    text
}

fn finding(finding: &Finding) -> String {
    let mut text = format!("<p><strong>{}</strong></p>\n", escape(&finding.message));
    let place = finding.place.as_ref().map(ToString::to_string);
    let parts = [
        ("at", &place),
        ("observed", &finding.observed),
        ("expected", &finding.expected),
    ];
    let rows: Vec<(&str, String)> = parts
        .iter()
        .filter_map(|(label, part)| Some((*label, escape(part.as_deref()?))))
        .collect();
    text.push_str(&list(&rows));
    if let Some(command) = &finding.reproduce {
        text.push_str(&format!(
            "<p>Reproduce:</p>\n<pre>{}</pre>\n",
            escape(command)
        ));
    }
    text
}

fn table(figures: &Table) -> String {
    let cells = |tag: &str, cells: &[String]| -> String {
        cells
            .iter()
            .map(|text| format!("<{tag}>{}</{tag}>", escape(text)))
            .collect()
    };
    let mut text = format!("<table>\n<tr>{}</tr>\n", cells("th", &figures.columns));
    for row in &figures.rows {
        text.push_str(&format!("<tr>{}</tr>\n", cells("td", row)));
    }
    text.push_str("</table>\n");
    text
}

fn changes(receipt: &Receipt) -> String {
    if receipt.effects.is_empty() {
        return String::new();
    }
    let mut figures = Table::new("", &["at", "change", "on", "state", "took", "why"]);
    for record in &receipt.effects {
        let ((state, meaning), change) = (state(record), &record.effect);
        let took = duration(record.seconds);
        let (at, name, subject) = (&record.at, &change.name, &change.subject);
        figures.row([
            at.clone(),
            name.clone(),
            subject.clone(),
            state.into(),
            took,
            meaning,
        ]);
    }
    format!("<h2>Changes</h2>\n{}", table(&figures))
}

fn folded(receipt: &Receipt, standing: Standing, kind: &str) -> String {
    let records = standing_at(receipt, standing);
    if records.is_empty() {
        return String::new();
    }
    let mut figures = Table::new("", &["check", "what must hold", "why it stands so"]);
    for record in &records {
        figures.row([
            record.check.clone(),
            record.title.clone(),
            reasons(record).join("\n"),
        ]);
    }
    let table = table(&figures);
    format!(
        "<details><summary>{} {kind}</summary>\n{table}</details>\n",
        records.len()
    )
}

fn receipt_identity(receipt: &Receipt) -> String {
    let mut rows: Vec<(&str, String)> = identity(receipt)
        .into_iter()
        .map(|(label, value)| (label, escape(&value)))
        .collect();
    if let Some(url) = &receipt.run.url {
        let shown = escape(url);
        let link = format!("<a href=\"{shown}\" rel=\"noreferrer\">{shown}</a>");
        rows.push(("run page", if is_link(url) { link } else { shown }));
    }
    format!(
        "<details><summary>receipt</summary>\n{}</details>\n",
        list(&rows)
    )
}

/// Labels with text that is already escaped.
fn list(rows: &[(&str, String)]) -> String {
    let rows: String = rows
        .iter()
        .map(|(label, text)| format!("<dt>{label}</dt><dd>{text}</dd>\n"))
        .collect();
    if rows.is_empty() {
        rows
    } else {
        format!("<dl>\n{rows}</dl>\n")
    }
}

/// The one place through which foreign text comes into the page.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{runner, sample};
    use proptest::prelude::*;

    /// The tags of the page, attributes included.
    fn tags(page: &str) -> Vec<&str> {
        page.split('<')
            .skip(1)
            .filter_map(|rest| rest.split_once('>'))
            .map(|(tag, _)| tag)
            .collect()
    }

    #[test]
    fn nothing_is_loaded_and_nothing_runs() {
        let page = render(&sample::failed_canary());
        assert!(page.contains("content=\"default-src 'none';"));
        for tag in tags(&page) {
            let name = tag.split(' ').next().unwrap_or_default();
            assert!(
                !["script", "link", "img", "iframe", "form", "base"].contains(&name),
                "{tag}"
            );
            assert!(!tag.contains("src=") && !tag.contains(" on"), "{tag}");
        }
        assert!(page.contains("<a href=\"https://github.com/acme/cal/actions/runs/77\""));
    }

    #[test]
    fn a_script_is_shown_as_text() {
        let page = render(&sample::hostile(
            "<script>alert('x')</script>\" onclick=\"y",
        ));
        assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(&#39;x&#39;)"));
        assert!(!page.contains("\" onclick"));
    }

    proptest! {
        #[test]
        fn foreign_text_adds_no_tag(text in runner::foreign_text()) {
            // An empty part has no tags.
            prop_assume!(!text.is_empty());
            let (page, calm) = (render(&sample::hostile(&text)), render(&sample::hostile("calm")));
            prop_assert_eq!(tags(&page), tags(&calm));
        }
    }
}
