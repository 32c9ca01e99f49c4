//! Limits of requests: a burst, made-up addresses, and the way back.

use super::Ask;
use crate::answer::Answer;
use crate::client::{Client, milliseconds};
use crate::facts::{Again, RateLimited, Recovery, Spoofed};
use crate::plan::{MOST_RETURNS, RateLimitPlan, SPOOFED};
use crate::told::{Return, comes_back};
use futures_util::StreamExt as _;
use shared::progress::Progress;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;
use tokio::time::Instant;

impl Ask for RateLimitPlan {
    type Seen = RateLimited;

    async fn ask(&self, client: &Client) -> RateLimited {
        let mut seen = RateLimited {
            before: client.sent(),
            ..RateLimited::default()
        };
        let start = Instant::now();
        burst(self, client, &mut seen).await;
        let is_clean = seen
            .burst
            .iter()
            .all(|end| matches!(end, Ok(status) if self.status.contains(status)));
        if seen.refused.is_none() && is_clean {
            // A window may have ended in the middle of the first; two of them end in no two bursts.
            burst(self, client, &mut seen).await;
        }
        seen.milliseconds = milliseconds(start.elapsed());
        let is_first = seen.burst.len() <= self.burst() as usize;
        let is_more = seen.counts(&self.status).passed > self.burst() as usize;
        if is_more && let Some(next) = in_one_window(self, client, &seen).await {
            seen = next;
        }
        let Some(refused) = &seen.refused else {
            return seen;
        };
        let mut last = (refused.clone(), Instant::now());
        if self.spoof {
            let mut spoofed = spoof(self, client, &mut last).await;
            if spoofed.is_undecided() && is_reached_again(self, client).await {
                spoofed = spoof(self, client, &mut last).await;
            }
            seen.spoofed = Some(spoofed);
        }
        if let Some(within) = self.recovery {
            seen.recovery = come_back(self, client, &last, within.duration()).await;
        }
        let is_early = start.elapsed() < self.window.duration();
        if is_first && is_early && matches!(seen.recovery, Recovery::After(_)) {
            seen.again = again(self, client, start).await;
        }
        seen
    }
}

/// Two bursts passed more than a limit: a window ended in their middle, or the limit is higher. One
/// more burst tells which, when it begins as soon as the limit has let go. None when that shows no
/// whole limit either.
async fn in_one_window(
    plan: &RateLimitPlan,
    client: &Client,
    seen: &RateLimited,
) -> Option<RateLimited> {
    let refused = (seen.refused.clone()?, Instant::now());
    let within = plan.recovery?.duration();
    let back = come_back(plan, client, &refused, within).await;
    if !matches!(back, Recovery::After(_)) {
        return None;
    }
    let mut next = RateLimited {
        before: 1,
        ..RateLimited::default()
    };
    let start = Instant::now();
    burst(plan, client, &mut next).await;
    next.milliseconds = milliseconds(start.elapsed());
    let passed = next.counts(&plan.status).passed;
    (next.refused.is_some() && passed >= plan.least() as usize).then_some(next)
}

/// Uses up the limit once more: a window that ended among the made-up addresses has just begun anew,
/// and this one lasts for all of them.
async fn is_reached_again(plan: &RateLimitPlan, client: &Client) -> bool {
    let mut seen = RateLimited::default();
    burst(plan, client, &mut seen).await;
    seen.refused.is_some()
}

/// Sends one burst; gives up when nothing passes from the start, or nothing answers any more.
async fn burst(plan: &RateLimitPlan, client: &Client, seen: &mut RateLimited) {
    let together = plan.together as usize;
    let requests = (0..plan.burst()).map(|_| client.send(&plan.request));
    let mut answers = futures_util::stream::iter(requests).buffered(together);
    let mut silent = 0;
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(answer) => {
                seen.burst.push(Ok(answer.status));
                keep(plan, answer, seen);
            }
            Err(no_answer) => {
                silent += 1;
                seen.burst.push(Err(no_answer));
            }
        }
        let is_shut = seen.passed.is_none() && seen.burst.len() >= together;
        if is_shut || silent >= together {
            return;
        }
    }
}

fn keep(plan: &RateLimitPlan, answer: Answer, seen: &mut RateLimited) {
    if answer.status == 429 {
        seen.refused.get_or_insert(answer);
    } else if plan.status.contains(&answer.status) {
        seen.passed.get_or_insert(answer);
    }
}

/// Sends the burst a second time, when the limit has let go; none when not all of it was answered.
async fn again(plan: &RateLimitPlan, client: &Client, start: Instant) -> Option<Again> {
    let mut seen = RateLimited::default();
    burst(plan, client, &mut seen).await;
    let counts = seen.counts(&plan.status);
    let is_clean = counts.broken == 0 && counts.other.is_none() && counts.silent.is_none();
    is_clean.then(|| Again {
        passed: u32::try_from(counts.passed + 1).unwrap_or(u32::MAX),
        seconds: start.elapsed().as_secs_f64(),
        named: seen
            .refused
            .as_ref()
            .and_then(|refused| match comes_back(refused) {
                Return::In(seconds, _) => Some(seconds),
                Return::Unsaid | Return::Meaningless(..) => None,
            }),
    })
}

/// Tries one made-up address after the other, each beside a plain request: a limiter that gives
/// back a little at a time lets some of either through.
async fn spoof(plan: &RateLimitPlan, client: &Client, last: &mut (Answer, Instant)) -> Spoofed {
    let mut spoofed = Spoofed::default();
    let start = RandomState::new().hash_one(0_u8) % 200;
    for number in 0..SPOOFED {
        // Of the addresses for documentation, which nobody has: RFC 5737.
        let address = format!("203.0.113.{}", start + u64::from(number) + 1);
        let made_up = (plan.request.clone())
            .with("x-forwarded-for", &address)
            .with("x-real-ip", &address)
            .with("forwarded", &format!("for={address}"));
        let made_up = client.send(&made_up).await;
        let plain = client.send(&plan.request).await;
        let (Ok(made_up), Ok(plain)) = (made_up, plain) else {
            continue;
        };
        let is_told = |status| status == 429 || plan.status.contains(&status);
        let mut statuses = [made_up.status, plain.status].into_iter();
        if let Some(other) = statuses.find(|status| !is_told(*status)) {
            spoofed.other = Some(other);
            continue;
        }
        spoofed.tried += 1;
        spoofed.passed += u32::from(plan.status.contains(&made_up.status));
        spoofed.plain_passed += u32::from(plan.status.contains(&plain.status));
        if plain.status == 429 {
            *last = (plain, Instant::now());
        }
    }
    spoofed
}

/// Waits as long as the last 429 names, or for a window, and asks until it is answered again.
async fn come_back(
    plan: &RateLimitPlan,
    client: &Client,
    (refused, at): &(Answer, Instant),
    within: Duration,
) -> Recovery {
    let window = plan.window.duration();
    let named = match comes_back(refused) {
        Return::In(seconds, _) => seconds,
        Return::Unsaid | Return::Meaningless(..) => window.as_secs_f64(),
    };
    if named > within.as_secs_f64() {
        return Recovery::TooLong(named);
    }
    let mut progress = Progress::start(format!("rate limit `{}`", plan.name));
    progress.tell(&format!("waiting {named:.0} s until it answers again"));
    let margin = plan.margin();
    let due = *at + Duration::from_secs_f64(named);
    let mut last = Recovery::NotAsked;
    for attempt in 0..MOST_RETURNS {
        tokio::time::sleep_until(due + margin * attempt / (MOST_RETURNS - 1)).await;
        let asked = at.elapsed().as_secs_f64();
        match client.send(&plan.request).await {
            Ok(answer) if plan.status.contains(&answer.status) => return Recovery::After(asked),
            Ok(answer) if answer.status == 429 => {
                let waited = at.elapsed().as_secs_f64();
                last = Recovery::Never { waited, named };
            }
            Ok(answer) => last = Recovery::Other(answer.status),
            Err(no_answer) => last = Recovery::Silent(no_answer),
        }
    }
    last
}
