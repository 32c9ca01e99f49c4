//! The screen: what happened, what is wrong, how to see it by hand, and what to do next.

mod alike;
mod screen;
mod table;

use super::Appearance;
use super::plain::{plain, plain_line};
use super::reading::{
    Standing, caveats, counts, duration, findings, reasons, standing_at, state, subject, word,
};
use crate::receipt::{Receipt, Summary, Table};
use crate::verdict::{Finding, Record};
use alike::alike;
use screen::{MARGIN, Screen};
use table::widest;

/// So many names of skipped checks are read at a glance.
const MOST_NAMES: usize = 5;

/// The whole report.
pub(super) fn render(receipt: &Receipt, appearance: &Appearance) -> String {
    let mut screen = Screen {
        text: String::new(),
        appearance,
    };
    screen.opening(receipt);
    for standing in [
        Standing::Fail,
        Standing::Unknown,
        Standing::Warning,
        Standing::Waived,
    ] {
        for alike in alike(standing_at(receipt, standing)) {
            screen.gap();
            screen.records(standing, &alike);
        }
    }
    screen.passes(receipt);
    screen.skipped(receipt);
    for table in &receipt.summary.tables {
        screen.table(table);
    }
    screen.effects(receipt);
    screen.closing(receipt);
    screen.text
}

/// A summary alone: for commands that only show something.
pub(super) fn shown(summary: &Summary, appearance: &Appearance) -> String {
    let mut screen = Screen {
        text: String::new(),
        appearance,
    };
    screen.block(0, &summary.headline);
    for table in &summary.tables {
        screen.table(table);
    }
    if !summary.next.is_empty() {
        screen.gap();
    }
    for next in &summary.next {
        screen.block(0, &format!("next: {next}"));
    }
    screen.text
}

impl Screen<'_> {
    fn opening(&mut self, receipt: &Receipt) {
        let rest = format!("{}, {}", subject(receipt), duration(receipt.seconds));
        self.styled(word(receipt), &plain_line(&rest), 2);
        self.gap();
        self.block(0, &receipt.summary.headline);
        for caveat in caveats(receipt) {
            self.block(0, &caveat);
        }
    }

    /// Records with one cause are one block: what to do about each is not what to do about that.
    fn records(&mut self, standing: Standing, alike: &[&Record]) {
        if let [record] = alike {
            return self.record(standing, record);
        }
        let names: Vec<&str> = alike.iter().map(|record| record.check.as_str()).collect();
        self.headed(standing, &plain_line(&names.join(", ")));
        for reason in alike
            .first()
            .map(|record| reasons(record))
            .unwrap_or_default()
        {
            self.block(MARGIN, reason);
        }
    }

    fn record(&mut self, standing: Standing, record: &Record) {
        self.headed(standing, &titled(record));
        let found = findings(record);
        for finding in found {
            self.finding(finding, if found.len() > 1 { "- " } else { "" });
        }
        for reason in reasons(record) {
            self.block(MARGIN, reason);
        }
        if let Some(waived) = &record.waived {
            let until = format!("waived until {} by {}: ", waived.until, waived.owner);
            self.block(MARGIN, &(until + &waived.reason));
        }
        if !record.fix.is_empty() {
            self.block(MARGIN, &format!("fix: {}", record.fix));
        }
    }

    fn finding(&mut self, finding: &Finding, bullet: &str) {
        self.block(MARGIN, &format!("{bullet}{}", finding.message));
        let margin = MARGIN + bullet.len();
        let place = finding.place.as_ref().map(ToString::to_string);
        let parts = [
            ("at", &place),
            ("observed", &finding.observed),
            ("expected", &finding.expected),
        ];
        for (label, part) in parts {
            if let Some(part) = part {
                self.block(
                    margin,
                    &format!("{label:<10}{}", plain(part).replace('\n', "\n          ")),
                );
            }
        }
        if let Some(command) = &finding.reproduce {
            self.block(margin, "reproduce:");
            self.block(margin + 2, command);
        }
    }

    fn passes(&mut self, receipt: &Receipt) {
        let passes = standing_at(receipt, Standing::Pass);
        let names: Vec<String> = passes
            .iter()
            .map(|record| plain_line(&record.check))
            .collect();
        let widest = widest(names.iter().map(String::as_str));
        self.gap();
        for (record, name) in passes.into_iter().zip(names) {
            let evidence = reasons(record);
            if self.appearance.is_verbose {
                self.headed(Standing::Pass, &titled(record));
                for line in evidence {
                    self.block(MARGIN, line);
                }
                continue;
            }
            let more = match evidence.len() {
                0 | 1 => String::new(),
                many => format!(" (+{} more)", many - 1),
            };
            let start = format!("{name:<widest$}  ");
            let seen = plain_line(evidence.first().unwrap_or(&""));
            let room = self.room(MARGIN + start.chars().count() + more.len());
            self.headed(Standing::Pass, &(start + &shortened(&seen, room) + &more));
        }
    }

    fn skipped(&mut self, receipt: &Receipt) {
        let skipped = standing_at(receipt, Standing::Skipped);
        self.gap();
        if self.appearance.is_verbose {
            for record in skipped {
                self.headed(Standing::Skipped, &titled(record));
                for line in reasons(record) {
                    self.block(MARGIN, line);
                }
            }
        } else if !skipped.is_empty() {
            let names: Vec<&str> = skipped
                .iter()
                .take(MOST_NAMES)
                .map(|record| record.check.as_str())
                .collect();
            let more = match skipped.len() - names.len() {
                0 => String::new(),
                many => format!(" and {many} more"),
            };
            let names = plain_line(&names.join(", "));
            self.headed(Standing::Skipped, &format!("{names}{more} (-v says why)"));
        }
    }

    fn table(&mut self, table: &Table) {
        self.gap();
        self.block(0, &format!("{}:", table.title));
        for line in table::lines(table) {
            self.line(&format!("  {line}"));
        }
    }

    fn effects(&mut self, receipt: &Receipt) {
        let names: Vec<String> = (receipt.effects.iter())
            .map(|record| plain_line(&format!("{} {}", record.effect.name, record.effect.subject)))
            .collect();
        let widest = widest(names.iter().map(String::as_str));
        self.gap();
        if !names.is_empty() {
            self.block(0, "changes:");
        }
        for (record, name) in receipt.effects.iter().zip(&names) {
            let (state, meaning) = state(record);
            let time = duration(record.seconds);
            let at = plain_line(&record.at);
            self.line(&format!(
                "  {at}  {state:<8}  {name:<widest$}  {time:>8}  {}",
                plain_line(&meaning)
            ));
            if self.appearance.is_verbose && !record.effect.detail.is_null() {
                self.block(4, &record.effect.detail.to_string());
            }
        }
    }

    fn closing(&mut self, receipt: &Receipt) {
        self.gap();
        for next in &receipt.summary.next {
            self.block(0, &format!("next: {next}"));
        }
        if self.appearance.is_verbose {
            let config = &receipt.config;
            let tool = plain_line(&receipt.run.tool);
            self.block(
                0,
                &format!("sluicegate {tool}, {} {}", config.file, config.digest),
            );
        }
        let exit = receipt.exit;
        self.line(&format!(
            "{}; exit {} ({})",
            counts(receipt),
            exit.code(),
            exit.word()
        ));
    }
}

fn titled(record: &Record) -> String {
    plain_line(&format!("{}: {}", record.check, record.title))
}

fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let start: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::verdict::Outcome;

    fn screen(receipt: &Receipt) -> String {
        render(
            receipt,
            &Appearance {
                width: Some(80),
                ..Appearance::default()
            },
        )
    }

    #[test]
    fn what_is_unknown_for_one_reason_is_said_once() {
        let mut receipt = sample::failed_canary();
        let mut unknown = receipt.records[0].clone();
        unknown.outcome = Outcome::unknown("not asked, because h never answered");
        let named = |name: &str| Record {
            check: name.into(),
            ..unknown.clone()
        };
        let mut other = named("disk");
        other.outcome = Outcome::unknown("there is no `df`");
        receipt.records = vec![named("status"), other, named("json")];
        let text = screen(&receipt);
        let block = "UNKNOWN  status, json\n         not asked, because h never answered\n\n";
        assert!(text.contains(block), "{text}");
        assert!(text.contains("UNKNOWN  disk: "), "{text}");
        assert_eq!(text.matches("never answered").count(), 1, "{text}");
    }

    #[test]
    fn a_failed_canary_is_understood_from_the_top() {
        let text = screen(&sample::failed_canary());
        let start = "\
FAIL  canary-promote run on production, release 1.1.0 (aaaaaaaa), 12 min 4 s

canary 1.1.0 failed too often at 10 % and was taken back; stable 1.0.9 serves 100 %, verified

FAIL     error-share: the canary fails no more often than stable
         error share of `web` is 2.10 %, stable has 0.12 %, 12,480 requests
         at        https://prometheus.example/graph?g0.expr=errors
         observed  2.10 % (262 of 12,480)
         expected  at most 0.17 % (1.25x stable + 0.02 pp)
         reproduce:
           curl -fsSG https://prometheus.example/api/v1/query \\
";
        assert!(text.starts_with(start), "{text}");
        let end = "\
next: read the log of `web` at 1.1.0 around 10:04:12 UTC
next: fix forward and merge again; production runs 1.0.9 and needs nothing
1 failed, 1 unknown, 2 warnings, 1 waived, 2 passed, 7 skipped; exit 1 (fail)
";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn a_pass_is_one_line_and_only_its_evidence_is_cut() {
        let text = screen(&sample::failed_canary());
        let passes: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("PASS"))
            .collect();
        assert_eq!(
            passes,
            [
                "PASS     release-identity  web: 12,480 of 12,480 answers named 1.1.0 (+1 more)",
                "PASS     weight-read-back  nginx reads back 10 % after 180 ms, and 1,253 of 12,…",
            ]
        );
        assert!(passes.iter().all(|line| line.chars().count() <= 80));
        let wide = render(&sample::failed_canary(), &Appearance::default());
        assert!(wide.contains("in the 4 min after that"));
    }

    #[test]
    fn skipped_checks_are_one_line_unless_asked_for() {
        let line =
            "SKIP     dns, queue-depth, gpu, cache-hits, region-eu and 2 more (-v says why)\n";
        assert!(screen(&sample::failed_canary()).contains(line));
        let verbose = Appearance {
            is_verbose: true,
            ..Appearance::default()
        };
        let text = render(&sample::failed_canary(), &verbose);
        assert_eq!(text.matches("SKIP     ").count(), 7);
        assert!(text.contains("         worker: 3 of 3\n"));
        assert!(text.contains("{\"router\":\"nginx\"}"));
    }

    #[test]
    fn figures_stand_under_each_other() {
        let text = screen(&sample::failed_canary());
        assert!(text.contains(
            "  step  weight    for  requests  errors  stable  answer
     1     1 %  4 min     1,204  0.08 %  0.11 %  go on
     2    10 %  4 min    12,480  2.10 %  0.12 %  abort\n"
        ));
    }

    #[test]
    fn what_is_half_changed_is_said_first_and_with_its_reason() {
        let text = screen(&sample::unsettled());
        assert!(text.starts_with("UNSETTLED  canary-promote"));
        assert!(text.contains("neither finished nor undone; the verdict is fail\n"));
        assert!(text.contains("failed    set-weight production/web    200 ms  nginx: connection"));
        assert!(text.ends_with("exit 4 (unsettled)\n"));
    }

    #[test]
    fn an_advisory_no_is_not_taken_for_a_pass() {
        let mut receipt = sample::failed_canary();
        receipt.advisory = true;
        receipt.exit = crate::verdict::Exit::Pass;
        let text = screen(&receipt);
        assert!(text.starts_with("FAIL  "));
        assert!(text.contains("advisory: the answer is fail, and the run exits 0\n"));
    }

    #[test]
    fn a_summary_alone_has_no_verdict() {
        let text = shown(&sample::failed_canary().summary, &Appearance::default());
        assert!(text.starts_with("canary 1.1.0 failed too often"), "{text}");
        assert!(text.contains("\n\nsteps:\n  step  weight"), "{text}");
        assert!(text.contains("abort\n\nnext: read the log"), "{text}");
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        for receipt in [
            sample::failed_canary(),
            sample::unsettled(),
            sample::unknown(),
        ] {
            let plain = screen(&receipt);
            let width = Some(80);
            let coloured = Appearance {
                is_coloured: true,
                width,
                is_verbose: false,
            };
            let coloured = render(&receipt, &coloured);
            assert!(!plain.contains('\u{1b}') && coloured.contains('\u{1b}'));
            assert_eq!(super::super::plain::plain(&coloured), plain);
        }
    }
}
