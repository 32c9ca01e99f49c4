//! What a further question found is as declared.

use super::finding;
use crate::facts::{DatabaseSaid, Found, Refusal};
use crate::judged::Judged;
use crate::plan::{MOST_ROWS, PostgresPlan, QueryPlan};
use crate::predicate::written;
use serde_json::Value;

/// Judges it where one was asked.
pub(super) fn judge(plan: &PostgresPlan, said: &DatabaseSaid, judged: &mut Judged) {
    let Some(query) = &plan.query else {
        return;
    };
    let name = &plan.name;
    match &said.query {
        None => judged.open(format!("`{name}` was not asked its `query`")),
        Some(Err(Refusal { code, message })) => {
            let observed = format!("{message} [{code}]");
            let message = format!("`{name}` refused its `query`: {observed}");
            judged.wrong(finding(plan, message, observed, "an answer", &query.sql));
        }
        Some(Ok(found)) => {
            rows(plan, query, found, said, judged);
            value(plan, query, found, said, judged);
        }
    }
}

fn rows(
    plan: &PostgresPlan,
    query: &QueryPlan,
    found: &Found,
    said: &DatabaseSaid,
    judged: &mut Judged,
) {
    let Some(predicate) = &query.rows else {
        return;
    };
    let name = &plan.name;
    let count = match found.rows {
        1 => "1 row".to_owned(),
        MOST_ROWS => format!("{MOST_ROWS} rows or more"),
        rows => format!("{rows} rows"),
    };
    match predicate.refuses(&Value::from(found.rows), said.received) {
        None => judged.holds(format!("`{name}`: its `query` found {count}")),
        Some(broken) => {
            let message = format!("`{name}`: its `query` found {count}, which must {broken}");
            judged.wrong(finding(plan, message, count, broken, &query.sql));
        }
    }
}

fn value(
    plan: &PostgresPlan,
    query: &QueryPlan,
    found: &Found,
    said: &DatabaseSaid,
    judged: &mut Judged,
) {
    let Some(predicate) = &query.value else {
        return;
    };
    let (name, wanted) = (&plan.name, predicate.wanted());
    let Some(value) = &found.value else {
        if predicate.is_absence {
            return judged.holds(format!("`{name}`: its `query` found no row"));
        }
        let message =
            format!("`{name}`: its `query` found no row, whose first value must {wanted}");
        return judged.wrong(finding(plan, message, "no row", wanted, &query.sql));
    };
    let observed = written(value);
    let broken = if predicate.is_absence {
        Some(wanted)
    } else {
        predicate.refuses(value, said.received)
    };
    match broken {
        None => judged.holds(format!("`{name}`: its `query` found {observed}")),
        Some(broken) => {
            let message = format!("`{name}`: its `query` found {observed}, which must {broken}");
            judged.wrong(finding(plan, message, observed, broken, &query.sql));
        }
    }
}
