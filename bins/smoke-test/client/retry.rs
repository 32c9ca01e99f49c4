//! Asking again, where the next attempt may well be answered: by kind of failure, counted, with
//! pauses.

use super::Client;
use crate::answer::{Asked, Break, NoAnswer};
use crate::plan::Request;
use crate::probes::pause::Pause;
use std::time::Duration;

impl Client {
    /// Asks again, with pauses, where the next attempt may well be answered: only safe methods, and
    /// only what broke off or came from a proxy that found nobody.
    pub(crate) async fn ask(&self, request: &Request, wanted: &[u16]) -> Asked {
        if request.is_safe() {
            return self.ask_harmless(request, wanted).await;
        }
        Asked {
            attempts: 1,
            answer: self.send(request).await,
        }
    }

    /// The same for a request that is known to change nothing, whatever its method.
    pub(crate) async fn ask_harmless(&self, request: &Request, wanted: &[u16]) -> Asked {
        let mut pause = Pause::new();
        let mut attempts = 1;
        loop {
            let answer = self.send(request).await;
            let may_pass = match &answer {
                Ok(answer) => is_of_a_proxy(answer.status, wanted),
                Err(no_answer) => no_answer.at.may_pass(),
            };
            if !may_pass || attempts >= self.attempts {
                return Asked { attempts, answer };
            }
            attempts += 1;
            tokio::time::sleep(pause.next()).await;
        }
    }

    /// Tries what is no HTTP again, where the next attempt may well succeed. Each attempt is one
    /// request of the allowance, and has so long from when it may be sent.
    pub(crate) async fn again<T>(
        &self,
        within: Duration,
        mut once: impl AsyncFnMut() -> Result<T, NoAnswer>,
    ) -> (u32, Result<T, NoAnswer>) {
        let in_time = async || {
            self.allow().await?;
            match tokio::time::timeout(within, once()).await {
                Ok(tried) => tried,
                Err(_) => {
                    let reason = format!("no answer within {} s", within.as_secs_f64());
                    Err(NoAnswer::new(Break::Timeout, reason))
                }
            }
        };
        self.persist(in_time).await
    }

    /// Tries again, with pauses, what broke off; for what does not go through [`Self::send`] and
    /// changes nothing. How often it was tried, and what came of the last time.
    pub(crate) async fn persist<T>(
        &self,
        mut once: impl AsyncFnMut() -> Result<T, NoAnswer>,
    ) -> (u32, Result<T, NoAnswer>) {
        let mut pause = Pause::new();
        let mut attempts = 1;
        loop {
            match once().await {
                Err(no_answer) if no_answer.at.may_pass() && attempts < self.attempts => {}
                ended => return (attempts, ended),
            }
            attempts += 1;
            tokio::time::sleep(pause.next()).await;
        }
    }
}

/// 502, 503 and 504 come from a proxy that found nobody, unless the probe wants them.
fn is_of_a_proxy(status: u16, wanted: &[u16]) -> bool {
    matches!(status, 502..=504) && !wanted.contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_of_a_proxy_are_asked_again() {
        let again: Vec<u16> = (100..600)
            .filter(|status| is_of_a_proxy(*status, &[200]))
            .collect();
        assert_eq!(again, [502, 503, 504]);
        assert!(!is_of_a_proxy(503, &[200, 503]));
    }
}
