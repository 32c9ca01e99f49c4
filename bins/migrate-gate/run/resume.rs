//! Where a file that broke off goes on, when that can be known.

use super::progress::{self, Progress};
use super::session::Session;
use super::stop::{self, stop_before};
use crate::facts::{Pending, Stop};
use crate::sql::{Repeat, Statement};
use std::collections::BTreeMap;

/// Makes the progress of every pending file certain; the stop says what a person has to find out.
pub(super) async fn make_certain(
    all: &mut BTreeMap<String, Progress>,
    pending: &[Pending],
    session: &Session,
    restart: Option<&str>,
) -> Result<(), Stop> {
    for one in pending {
        let version = &one.file.version;
        if restart == Some(version) {
            all.remove(version);
        }
        let Some(progress) = progress::of_file(all, &one.file).cloned() else {
            continue;
        };
        if progress.digest != one.file.digest.as_str() {
            return Err(stop::unclear(
                one,
                progress.done,
                "the file was changed since",
            ));
        }
        let statement = one.script.statements.get(progress.done);
        if let (true, Some(statement)) = (progress.is_uncertain, statement) {
            let Some(is_done) = is_done(statement, session).await? else {
                let why = "whether it took effect is not known";
                return Err(stop::unclear(one, progress.done, why));
            };
            let done = progress.done + usize::from(is_done);
            let certain = Progress {
                done,
                is_uncertain: false,
                ..progress
            };
            all.insert(version.clone(), certain);
        }
    }
    Ok(())
}

/// Whether the statement need not run again; `None` when only a person can know.
async fn is_done(statement: &Statement, session: &Session) -> Result<Option<bool>, Stop> {
    match &statement.repeat {
        Repeat::Yes => Ok(Some(false)),
        Repeat::No => Ok(None),
        Repeat::Index(name) => {
            let valid = session.index_is_valid(name).await;
            let valid = valid.map_err(|failure| stop_before(failure.message))?;
            Ok(Some(valid.unwrap_or(false)))
        }
    }
}
