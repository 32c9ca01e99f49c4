//! Suites of the project's own.

use super::Ask;
use crate::client::{Client, milliseconds};
use crate::facts::{CommandSeen, Ended};
use crate::plan::CommandPlan;
use shared::error::one_line;
use shared::process::Command;
use std::time::Instant;

impl Ask for CommandPlan {
    type Seen = CommandSeen;

    async fn ask(&self, _client: &Client) -> CommandSeen {
        let mut command = Command::new(self.run.clone())
            .directory(&self.directory)
            .deadline(self.within.duration())
            .ended_whole();
        for (name, value) in &self.variables {
            command = command.variable(name, value.clone());
        }
        let start = Instant::now();
        let ended = command.run().await;
        CommandSeen {
            milliseconds: milliseconds(start.elapsed()),
            ended: match ended {
                Ok(output) => Ok(Ended {
                    is_success: output.is_success,
                    status: output.status,
                    stdout: output.stdout,
                    stderr: output.stderr,
                    cut: output.cut,
                }),
                Err(error) => Err(one_line(&error.to_string())),
            },
        }
    }
}
