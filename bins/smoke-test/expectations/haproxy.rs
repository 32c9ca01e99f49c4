//! HAProxy's statistics as CSV, and what they say of the servers of a backend.
//!
//! <https://docs.haproxy.org/2.6/management.html#9.1>

use super::{Found, excerpt};
use crate::answer::{Answer, shown};
use shared::config::nearest_hint;
use std::collections::BTreeSet;

/// Rows that are no servers.
const SUMS: [&str; 2] = ["FRONTEND", "BACKEND"];

/// Judges the servers of a backend; there must be so many of them.
pub(crate) fn judge(answer: &Answer, backend: &str, members: usize, found: &mut Found) {
    if answer.is_cut {
        let too_long = || "has more statistics than are read".to_owned();
        return found.unknown.push(answer.sealed().unwrap_or_else(too_long));
    }
    let text = String::from_utf8_lossy(&answer.body);
    let Some(table) = Table::of(&text) else {
        let message = "has no statistics of HAProxy as CSV (the path ends in `;csv`)";
        return found.wrong(message, excerpt(answer), "`# pxname,svname,…`");
    };
    let servers: Vec<(&str, &str)> = (table.rows.iter())
        .filter(|row| table.field(row, "pxname") == backend)
        .map(|row| (table.field(row, "svname"), table.field(row, "status")))
        .filter(|(name, _)| !SUMS.contains(name))
        .collect();
    if servers.is_empty() {
        let near = near(&table, backend);
        let message = format!("has no servers in HAProxy's backend `{backend}`{near}");
        return found.wrong(message, "no server", format!("{members} servers"));
    }
    let total = servers.len();
    let mut up = 0;
    for (name, status) in &servers {
        if *status == "UP" {
            up += 1;
            continue;
        }
        let (name, status) = (shown(name, 60), shown(status, 60));
        let message = if status == "no check" {
            format!("has HAProxy's server `{backend}/{name}`, which is not checked")
        } else {
            format!("has HAProxy's server `{backend}/{name}` at `{status}`, not UP")
        };
        found.wrong(message, status, "UP");
    }
    if total < members {
        let message =
            format!("has {total} servers in HAProxy's backend `{backend}` for {members} members");
        found.wrong(message, total.to_string(), format!("at least {members}"));
    }
    if up == total && total >= members {
        let evidence = format!("all {total} servers of HAProxy's backend `{backend}` are UP");
        found.evidence.push(evidence);
    }
}

fn near(table: &Table, backend: &str) -> String {
    let names = table.rows.iter().map(|row| table.field(row, "pxname"));
    let names: BTreeSet<&str> = names.filter(|name| !name.is_empty()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    format!(" ({})", shown(&nearest_hint(backend, &names), 160))
}

/// Rows of fields, found by the name of their column.
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn of(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let columns = fields(lines.next()?.strip_prefix("# ")?);
        let has = |name: &str| columns.iter().any(|column| column == name);
        let is_it = has("pxname") && has("svname") && has("status");
        is_it.then(|| Self {
            rows: lines.map(fields).collect(),
            columns,
        })
    }

    fn field<'a>(&self, row: &'a [String], name: &str) -> &'a str {
        let index = self.columns.iter().position(|column| column == name);
        let field = index.and_then(|index| row.get(index));
        field.map_or("", String::as_str)
    }
}

/// The fields of a line. One in quotes may hold commas, and quotes doubled.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::answer;
    use proptest::prelude::*;

    const HEAD: &str = "# pxname,svname,qcur,status,\n";

    fn found(rows: &str, backend: &str, members: usize) -> Found {
        let mut found = Found::default();
        judge(
            &answer(200, &format!("{HEAD}{rows}")),
            backend,
            members,
            &mut found,
        );
        found
    }

    #[test]
    fn servers_that_are_up_are_evidence() {
        let rows =
            "web,FRONTEND,,OPEN,\nweb,a,0,UP,\nweb,b,0,UP,\nweb,BACKEND,0,UP,\nx,c,0,DOWN,\n";
        let found = found(rows, "web", 2);
        assert_eq!(
            found.evidence,
            ["all 2 servers of HAProxy's backend `web` are UP"]
        );
        assert_eq!(found.wrong, []);
    }

    #[test]
    fn servers_that_are_not_up_unchecked_missing_or_too_few_are_wrong() {
        for (rows, message) in [
            (
                "web,a,0,DOWN,\n",
                "has HAProxy's server `web/a` at `DOWN`, not UP",
            ),
            (
                "web,a,0,UP 1/3,\n",
                "has HAProxy's server `web/a` at `UP 1/3`, not UP",
            ),
            (
                "web,a,0,no check,\n",
                "has HAProxy's server `web/a`, which is not checked",
            ),
            (
                "web,BACKEND,0,UP,\n",
                "has no servers in HAProxy's backend `web` (did you mean `web`?)",
            ),
            (
                "webs,a,0,UP,\n",
                "has no servers in HAProxy's backend `web` (did you mean `webs`?)",
            ),
        ] {
            assert_eq!(found(rows, "web", 1).wrong[0].message, message);
        }
        assert_eq!(
            found("web,a,0,UP,\n", "web", 3).wrong[0].message,
            "has 1 servers in HAProxy's backend `web` for 3 members"
        );
    }

    #[test]
    fn what_are_no_statistics_is_wrong() {
        let mut found = Found::default();
        judge(
            &answer(200, "<html>Statistics Report"),
            "web",
            1,
            &mut found,
        );
        assert!(
            found.wrong[0]
                .message
                .starts_with("has no statistics of HAProxy as CSV")
        );
    }

    #[test]
    fn a_field_in_quotes_may_hold_commas_and_quotes() {
        assert_eq!(fields("a,\"b,\"\"c\"\"\",d"), ["a", "b,\"c\"", "d"]);
        assert_eq!(fields(""), [""]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(?s).{0,80}", rows in "[a,\"\n]{0,60}") {
            let mut found = Found::default();
            judge(&answer(200, &text), "web", 1, &mut found);
            judge(&answer(200, &format!("{HEAD}{rows}")), "a", 1, &mut found);
        }
    }
}
