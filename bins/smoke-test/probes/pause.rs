//! Pauses between attempts: each twice as long as the one before, and never in step with others.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// The next pause.
#[derive(Debug)]
pub(crate) struct Pause(Duration);

impl Pause {
    /// Starts at 50 ms.
    pub(crate) fn new() -> Self {
        Self(FIRST)
    }

    /// From three to five quarters of the current length, which then doubles up to a second.
    pub(crate) fn next(&mut self) -> Duration {
        let length = self.0;
        self.0 = (length * 2).min(LONGEST);
        // Random keys of the hasher: many runners that wait must not ask at the same instants.
        let random = RandomState::new().hash_one(0_u8) % 1024;
        length.mul_f64(0.75 + 0.5 * (random as f64 / 1024.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_second_with_a_quarter_of_play() {
        let mut pause = Pause::new();
        for middle in [50, 100, 200, 400, 800, 1000, 1000] {
            let length = pause.next();
            let middle = Duration::from_millis(middle);
            assert!(length >= middle.mul_f64(0.74), "{length:?}");
            assert!(length <= middle.mul_f64(1.26), "{length:?}");
        }
    }
}
