//! Waiting for something to become true, and never longer than a deadline.

use std::time::{Duration, Instant};

use crate::{Error, Result};

const PAUSE: Duration = Duration::from_millis(5);

/// Tries until it succeeds; after the deadline the error names `what` and the last reason.
pub fn wait_until<T>(
    what: &str,
    deadline: Duration,
    mut attempt: impl FnMut() -> std::result::Result<T, String>,
) -> Result<T> {
    let began = Instant::now();
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(reason) if began.elapsed() >= deadline => {
                let seconds = deadline.as_secs_f64();
                return Err(Error::new(format!(
                    "{what}: not within {seconds} s: {reason}"
                )));
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tries_again_until_it_succeeds() {
        let mut attempts = 0;
        let answer = wait_until("counting", Duration::from_secs(5), || {
            attempts += 1;
            if attempts == 3 {
                Ok(attempts)
            } else {
                Err("too few".into())
            }
        });
        assert_eq!(answer, Ok(3));
    }

    #[test]
    fn the_error_names_the_last_reason() {
        let answer: Result<()> = wait_until("counting", Duration::ZERO, || Err("too few".into()));
        assert_eq!(answer, Err(Error::new("counting: not within 0 s: too few")));
    }
}
