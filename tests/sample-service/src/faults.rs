//! Faults that can be switched on at run time, spread evenly and never at random.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

const WHOLE: u64 = 1_000_000;
const LONGEST_DELAY_MILLISECONDS: u64 = 60_000;

/// The faults as they are set and shown; a key that is left out is zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FaultSettings {
    /// The share of requests that is answered with 500.
    pub(crate) error_share: f64,
    /// How long each request waits before it is answered.
    pub(crate) delay_milliseconds: u64,
}

impl FaultSettings {
    /// Refuses a share outside 0 to 1 and a delay beyond a minute.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.error_share) {
            return Err("`error_share` must be between 0 and 1".into());
        }
        if self.delay_milliseconds > LONGEST_DELAY_MILLISECONDS {
            return Err(format!(
                "`delay_milliseconds` must be at most {LONGEST_DELAY_MILLISECONDS}"
            ));
        }
        Ok(())
    }
}

/// What one request has to suffer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fault {
    /// The request is answered with 500.
    pub(crate) is_error: bool,
    /// The request waits this long first.
    pub(crate) delay: Duration,
}

/// The faults in force.
#[derive(Debug)]
pub(crate) struct Faults {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    settings: FaultSettings,
    // Counted in millionths, so that twenty times 5 % is exactly one request.
    accumulated: u64,
}

impl Faults {
    /// Faults as the artifact sets them.
    pub(crate) fn new(settings: FaultSettings) -> Self {
        Self {
            state: Mutex::new(State {
                settings,
                accumulated: 0,
            }),
        }
    }

    /// Replaces the faults and begins counting anew.
    pub(crate) fn set(&self, settings: FaultSettings) -> Result<(), String> {
        settings.check()?;
        *self.state() = State {
            settings,
            accumulated: 0,
        };
        Ok(())
    }

    /// The faults in force.
    pub(crate) fn settings(&self) -> FaultSettings {
        self.state().settings
    }

    /// What the next request has to suffer.
    pub(crate) fn next(&self) -> Fault {
        let mut state = self.state();
        state.accumulated += millionths(state.settings.error_share);
        let is_error = state.accumulated >= WHOLE;
        if is_error {
            state.accumulated -= WHOLE;
        }
        Fault {
            is_error,
            delay: Duration::from_millis(state.settings.delay_milliseconds),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "`check` admits only shares between 0 and 1"
)]
fn millionths(share: f64) -> u64 {
    (share * WHOLE as f64).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed_requests(error_share: f64, requests: usize) -> Vec<usize> {
        let faults = Faults::new(FaultSettings {
            error_share,
            delay_milliseconds: 0,
        });
        (1..=requests).filter(|_| faults.next().is_error).collect()
    }

    #[test]
    fn five_percent_is_exactly_each_twentieth_request() {
        assert_eq!(failed_requests(0.05, 100), [20, 40, 60, 80, 100]);
    }

    #[test]
    fn no_share_fails_nothing() {
        assert_eq!(failed_requests(0.0, 1000), [0; 0]);
    }

    #[test]
    fn the_whole_share_fails_everything() {
        assert_eq!(failed_requests(1.0, 3), [1, 2, 3]);
    }

    #[test]
    fn thirty_percent_is_three_of_ten_evenly_spread() {
        assert_eq!(failed_requests(0.3, 10), [4, 7, 10]);
    }

    #[test]
    fn setting_begins_counting_anew() {
        let faults = Faults::new(FaultSettings {
            error_share: 0.5,
            delay_milliseconds: 0,
        });
        assert!(!faults.next().is_error);
        assert_eq!(
            faults.set(FaultSettings {
                error_share: 0.5,
                delay_milliseconds: 7
            }),
            Ok(())
        );
        assert_eq!(
            faults.next(),
            Fault {
                is_error: false,
                delay: Duration::from_millis(7)
            }
        );
        assert!(faults.next().is_error);
    }

    #[test]
    fn a_refused_setting_changes_nothing() {
        let faults = Faults::new(FaultSettings::default());
        assert!(
            faults
                .set(FaultSettings {
                    error_share: f64::NAN,
                    delay_milliseconds: 0
                })
                .is_err()
        );
        assert_eq!(faults.settings(), FaultSettings::default());
    }
}
