//! A server in recovery is not further behind than declared.

use super::finding;
use crate::facts::{DatabaseSaid, Lag, Refusal};
use crate::judged::Judged;
use crate::plan::PostgresPlan;
use shared::config::{Size, Span};

const BYTES: &str = "SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())";
const TIME: &str = "SELECT now() - pg_last_xact_replay_timestamp()";

/// Judges it where it was asked for and there is something to be behind of.
pub(super) fn judge(plan: &PostgresPlan, said: &DatabaseSaid, judged: &mut Judged) {
    let name = &plan.name;
    match &said.lag {
        None => {}
        Some(Err(Refusal { code, message })) => {
            judged.open(format!(
                "`{name}` does not say how far it is behind: {message} [{code}]"
            ));
        }
        Some(Ok(lag)) => {
            if let Some(limit) = plan.unreplayed_at_most {
                bytes(plan, limit, lag, judged);
            }
            if let Some(limit) = plan.lag_at_most {
                time(plan, limit, lag, judged);
            }
        }
    }
}

fn bytes(plan: &PostgresPlan, limit: Size, lag: &Lag, judged: &mut Judged) {
    let name = &plan.name;
    let Some(bytes) = lag.bytes.map(Size::of_bytes) else {
        return judged.open(format!("`{name}` has not yet received anything to replay"));
    };
    if bytes <= limit {
        judged.holds(format!(
            "`{name}`: {bytes} are not yet replayed, at most {limit} allowed"
        ));
    } else {
        let message = format!("`{name}` has not yet replayed {bytes}, and {limit} are allowed");
        let limit = format!("at most {limit}");
        judged.wrong(finding(plan, message, bytes.to_string(), limit, BYTES));
    }
}

/// The time of the newest replayed transaction says how far a server is behind only while there is
/// something left to replay: on a quiet primary it grows without end.
fn time(plan: &PostgresPlan, limit: Span, lag: &Lag, judged: &mut Judged) {
    let name = &plan.name;
    let has_all = lag.bytes.is_none_or(|bytes| bytes == 0);
    if has_all && lag.is_receiving {
        return judged.holds(format!(
            "`{name}`: is connected to the server that it follows, and has replayed all of it"
        ));
    }
    let Some(seconds) = lag.seconds else {
        return judged.open(format!("`{name}` has not yet replayed any transaction"));
    };
    if seconds <= limit.duration().as_secs_f64() {
        judged.holds(format!(
            "`{name}`: is {seconds:.1} s behind, at most {limit} allowed"
        ));
    } else if has_all {
        judged.open(format!(
            "`{name}` is not connected to the server that it follows; the last transaction that it \
             replayed is {seconds:.0} s old, and whether there are newer ones cannot be told here"
        ));
    } else {
        let message = format!("`{name}` is {seconds:.1} s behind, and {limit} are allowed");
        let limit = format!("at most {limit}");
        judged.wrong(finding(
            plan,
            message,
            format!("{seconds:.1} s"),
            limit,
            TIME,
        ));
    }
}
