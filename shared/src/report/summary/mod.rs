//! The step summary: the run for a reader who was not there, in GitHub's Markdown, within its
//! limit.

mod escape;

pub use escape::{cell, fence, inline};

use super::reading::{
    Standing, caveats, counts, duration, findings, identity, is_link, reasons, standing_at, state,
    subject, word,
};
use crate::receipt::{Receipt, Table};
use crate::verdict::{Finding, Record};
use escape::clipped;

/// The runner drops a step summary that is larger, in bytes:
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits>.
pub const LIMIT: usize = 1_048_576;
/// Room for the sentence that says what was left out: it names each kind at most once.
const LONGEST_NOTE: usize = 512;

/// A part of the page that is shown whole or not at all.
struct Section {
    /// The greatest goes first when there is no room; 0 stays.
    rank: u8,
    /// What is then said to be missing.
    kind: &'static str,
    text: String,
}

/// The summary within the limit of one step.
pub fn markdown(receipt: &Receipt) -> String {
    within(receipt, LIMIT)
}

/// The summary in at most that many bytes, for files that hold more than one; empty when not even
/// its heading fits. What was left out is said at the end.
pub fn within(receipt: &Receipt, budget: usize) -> String {
    let sections = sections(receipt);
    let mut is_kept = vec![true; sections.len()];
    let mut size: usize = sections.iter().map(|section| section.text.len()).sum();
    let mut note = 0;
    let mut order: Vec<usize> = (0..sections.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse((sections[*index].rank, *index)));
    for index in order {
        if size + note <= budget {
            break;
        }
        if sections[index].rank == 0 {
            return String::new();
        }
        is_kept[index] = false;
        size -= sections[index].text.len();
        note = LONGEST_NOTE;
    }
    let kept = sections
        .iter()
        .zip(&is_kept)
        .filter(|(_, is_kept)| **is_kept);
    let text: String = kept.map(|(section, _)| section.text.as_str()).collect();
    text + &left_out(&sections, &is_kept)
}

/// One sentence that names each kind once.
fn left_out(sections: &[Section], is_kept: &[bool]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for (section, _) in sections
        .iter()
        .zip(is_kept)
        .filter(|(_, is_kept)| !**is_kept)
    {
        match kinds.iter_mut().find(|(kind, _)| *kind == section.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((section.kind, 1)),
        }
    }
    if kinds.is_empty() {
        return String::new();
    }
    let parts: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{kind} ({count})"))
        .collect();
    format!(
        "\n**Left out for size:** {}. The receipt has all of it.\n",
        parts.join(", ")
    )
}

fn sections(receipt: &Receipt) -> Vec<Section> {
    let section = |rank, kind, text| Section { rank, kind, text };
    let mut all = vec![section(0, "heading", heading(receipt))];
    let tables = receipt.summary.tables.iter();
    all.extend(tables.map(|figures| section(4, "tables", table(figures))));
    for (standing, rank, kind) in [
        (Standing::Fail, 1, "failures"),
        (Standing::Unknown, 2, "unknown answers"),
        (Standing::Warning, 5, "warnings"),
        (Standing::Waived, 6, "waived checks"),
    ] {
        let records = standing_at(receipt, standing).into_iter();
        all.extend(records.map(|one| section(rank, kind, record(standing, one))));
    }
    all.push(section(2, "next steps", next(receipt)));
    for (standing, rank, kind) in [
        (Standing::Pass, 9, "passed checks"),
        (Standing::Skipped, 8, "skipped checks"),
    ] {
        all.push(section(rank, kind, folded(receipt, standing, kind)));
    }
    all.push(section(7, "changes", changes(receipt)));
    all.push(section(3, "identity", receipt_identity(receipt)));
    all.retain(|section| !section.text.is_empty());
    all
}

fn heading(receipt: &Receipt) -> String {
    let mut text = format!("## {}: {}\n", word(receipt), inline(&subject(receipt)));
    text.push_str(&bold(&inline(&clipped(&receipt.summary.headline))));
    for caveat in caveats(receipt) {
        text.push_str(&format!("\n> {}\n", inline(&caveat)));
    }
    let exit = receipt.exit;
    let time = duration(receipt.seconds);
    let end = format!(
        "{}; exit {} ({}), {time}",
        counts(receipt),
        exit.code(),
        exit.word()
    );
    text.push_str(&format!("\n{end}\n"));
    text
}

fn table(figures: &Table) -> String {
    let mut text = format!("\n### {}\n\n", inline(&figures.title));
    let columns = figures.columns.len();
    text.push_str(&row(&figures.columns));
    text.push_str(&format!("|{}\n", "---|".repeat(columns)));
    for cells in &figures.rows {
        text.push_str(&row(cells));
    }
    text
}

fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn record(standing: Standing, record: &Record) -> String {
    let mut text = format!(
        "\n### {}: {}\n\n{}\n",
        standing.word(),
        inline(&record.check),
        inline(&record.title)
    );
    for found in findings(record) {
        text.push_str(&finding(found));
    }
    for reason in reasons(record) {
        text.push_str(&format!("\n{}\n", cell(&clipped(reason))));
    }
    if let Some(waived) = &record.waived {
        let until = format!(
            "waived until {} by {}: {}",
            waived.until, waived.owner, waived.reason
        );
        text.push_str(&format!("\n{}\n", inline(&clipped(&until))));
    }
    if !record.fix.is_empty() {
        text.push_str(&format!("\nFix: {}\n", inline(&clipped(&record.fix))));
    }
    text
}

fn finding(finding: &Finding) -> String {
    let mut text = bold(&cell(&clipped(&finding.message)));
    let place = finding.place.as_ref().map(ToString::to_string);
    let parts = [
        ("at", &place),
        ("observed", &finding.observed),
        ("expected", &finding.expected),
    ];
    let compared: Vec<String> = parts
        .iter()
        .filter_map(|(label, part)| Some((label, part.as_deref()?)))
        .map(|(label, part)| format!("{label:<10}{}", part.replace('\n', "\n          ")))
        .collect();
    if !compared.is_empty() {
        text.push_str(&fence("text", &compared.join("\n")));
    }
    if let Some(command) = &finding.reproduce {
        text.push_str("\nReproduce:\n");
        text.push_str(&fence("sh", command));
    }
    text
}

fn bold(text: &str) -> String {
    // Four stars alone would be a line across the page.
    if text.is_empty() {
        String::new()
    } else {
        format!("\n**{text}**\n")
    }
}

fn next(receipt: &Receipt) -> String {
    let steps: String = receipt
        .summary
        .next
        .iter()
        .map(|step| format!("- {}\n", inline(step)))
        .collect();
    if steps.is_empty() {
        steps
    } else {
        format!("\n### Next\n\n{steps}")
    }
}

fn folded(receipt: &Receipt, standing: Standing, kind: &str) -> String {
    let records = standing_at(receipt, standing);
    if records.is_empty() {
        return String::new();
    }
    let mut text = format!("\n<details><summary>{} {kind}</summary>\n\n", records.len());
    text.push_str("| check | what must hold | why it stands so |\n|---|---|---|\n");
    for record in records {
        let seen = clipped(&reasons(record).join("\n"));
        text.push_str(&row(&[record.check.clone(), record.title.clone(), seen]));
    }
    text.push_str("\n</details>\n");
    text
}

fn changes(receipt: &Receipt) -> String {
    if receipt.effects.is_empty() {
        return String::new();
    }
    let mut figures = Table::new("Changes", &["at", "change", "on", "state", "took"]);
    for record in &receipt.effects {
        let (state, meaning) = state(record);
        let state = if meaning.is_empty() {
            state.into()
        } else {
            format!("{state}: {meaning}")
        };
        let change = &record.effect;
        figures.row([
            record.at.clone(),
            change.name.clone(),
            change.subject.clone(),
            clipped(&state),
            duration(record.seconds),
        ]);
    }
    table(&figures)
}

fn receipt_identity(receipt: &Receipt) -> String {
    let mut text = "\n<details><summary>receipt</summary>\n\n| | |\n|---|---|\n".to_owned();
    for (label, value) in identity(receipt) {
        text.push_str(&format!("| {label} | {} |\n", cell(&value)));
    }
    if let Some(url) = &receipt.run.url {
        let shown = if is_link(url) {
            format!("<{url}>")
        } else {
            cell(url)
        };
        text.push_str(&format!("| run page | {shown} |\n"));
    }
    text.push_str("\n</details>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{runner, sample};
    use proptest::prelude::*;

    #[test]
    fn the_failing_check_comes_before_what_passed() {
        let text = markdown(&sample::failed_canary());
        let at = |part: &str| {
            text.find(part)
                .unwrap_or_else(|| panic!("{part} is missing"))
        };
        let order = [
            "## FAIL: canary-promote run on production, release 1.1.0",
            "**canary 1.1.0 failed too often",
            "### steps",
            "### FAIL: error-share",
            "expected  at most 0.17 %",
            "```sh\ncurl",
            "### UNKNOWN: latency",
            "### Next",
            "<details><summary>2 passed checks",
            "### Changes",
            "| commit | aaaa",
            "<https://github.com/acme/cal/actions/runs/77>",
        ];
        assert!(order.map(at).is_sorted());
    }

    #[test]
    fn what_does_not_fit_is_left_out_from_the_least_important_end() {
        let receipt = sample::failed_canary();
        let whole = markdown(&receipt);
        assert_eq!(within(&receipt, whole.len()), whole);
        let less = within(&receipt, whole.len() - 1);
        let note = "**Left out for size:** passed checks (1), skipped checks (1). The receipt has";
        assert!(less.contains(note), "{less}");
        assert!(less.contains("### FAIL: error-share"));
        let least = within(&receipt, 900);
        assert!(
            least.len() <= 900 && least.starts_with("## FAIL"),
            "{least}"
        );
        assert_eq!(within(&receipt, 100), "");
    }

    #[test]
    fn a_summary_never_exceeds_the_limit() {
        for text in ["é".repeat(9_000), "😀`@".repeat(3_000)] {
            for count in [1, 40, 90] {
                let text = markdown(&sample::many_failures(count, &text));
                assert!(text.len() <= LIMIT, "{}", text.len());
                assert!(text.starts_with("## FAIL"));
                assert!(text.contains("cut here; the receipt has all of it"));
            }
        }
        let many = markdown(&sample::many_failures(90, &"é".repeat(9_000)));
        assert!(many.contains("failures ("), "{}", &many[many.len() - 300..]);
        assert!(many.contains("number 0:") && !many.contains("number 89:"));
        let headline = sample::hostile(&"😀".repeat(400_000));
        assert!(markdown(&headline).len() <= LIMIT);
    }

    /// Everything outside fences, with escapes and our own tags removed.
    fn unescaped(page: &str) -> String {
        let mut text = String::new();
        let mut open: Option<String> = None;
        for line in page.lines() {
            let ticks: String = line.chars().take_while(|c| *c == '`').collect();
            match &open {
                Some(fence) if line == fence => open = None,
                Some(_) => {}
                None if ticks.len() >= 3 => open = Some(ticks),
                None => text.push_str(&format!("{line}\n")),
            }
        }
        assert_eq!(open, None, "a fence stays open");
        for own in [
            "<br>",
            "<code>",
            "</code>",
            "<details>",
            "</details>",
            "<summary>",
            "</summary>",
            "<https://github.com/acme/cal/actions/runs/77>",
            "\n> ",
        ] {
            text = text.replace(own, " ");
        }
        for c in r"\`*_[]|~$#+-=!.)".chars() {
            text = text.replace(&format!("\\{c}"), "");
        }
        text
    }

    proptest! {
        #[test]
        fn foreign_text_is_inert(text in runner::foreign_text()) {
            let page = unescaped(&markdown(&sample::hostile(&text)));
            prop_assert!(!page.contains(['<', '>', '[', ']', '`', '~', '$']), "{page}");
            prop_assert!(!page.replace("@&#8203;", "").contains('@'), "{page}");
        }

        #[test]
        fn a_budget_is_kept(budget in 0_usize..8000, text in runner::foreign_text()) {
            prop_assert!(within(&sample::hostile(&text), budget).len() <= budget);
            prop_assert!(within(&sample::failed_canary(), budget).len() <= budget);
        }
    }
}
