//! nginx: `split_clients` in a file of its own, and a loopback listener in the same file that
//! says which split the running workers have loaded.
//!
//! <https://nginx.org/en/docs/http/ngx_http_split_clients_module.html>

use super::{Reach, Weight};
use crate::config::NginxRouter;
use crate::error::{Error, Result};
use crate::process::Command;
use crate::shell::quoted;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// So many answers in a row must name the new split, this far apart: for a moment after a reload,
/// old workers still accept connections.
const ANSWERS_IN_A_ROW: u32 = 20;
const BETWEEN_ANSWERS: Duration = Duration::from_millis(5);
/// How long what is loaded may differ from the file before that counts as somebody's change.
const SETTLING: Duration = Duration::from_secs(2);

/// The file for a weight. The canary comes first, so that whoever is on it stays on it when the
/// weight grows: buckets are given out in order.
fn file(router: &NginxRouter, weight: Weight, generation: &str) -> String {
    let NginxRouter {
        variable,
        stable,
        canary,
        key,
        control,
        ..
    } = router;
    let split = match weight {
        Weight::NONE => format!("    * {stable};\n"),
        Weight::ALL => format!("    * {canary};\n"),
        some => {
            let percent = format!("{:.2}", some.fraction() * 100.0);
            format!("    {percent}% {canary};\n    * {stable};\n")
        }
    };
    let hundredths = u32::from(weight);
    format!(
        "# Written by Sluicegate: what part of the traffic goes to {canary}. Changes are lost.\n\
         split_clients \"{key}\" ${variable} {{\n{split}}}\n\
         server {{\n    listen {control};\n    access_log off;\n    default_type text/plain;\n    \
         return 200 \"{variable} {hundredths} {generation}\\n\";\n}}\n"
    )
}

/// What the running workers say: the weight, and who set it.
#[derive(Debug, PartialEq, Eq)]
struct Loaded {
    weight: Weight,
    generation: String,
}

fn parse(router: &NginxRouter, text: &str) -> Option<Loaded> {
    let mut words = text.split_whitespace();
    let is_ours = words.next()? == router.variable;
    let weight = Weight::try_from(words.next()?.parse::<u32>().ok()?).ok()?;
    let generation = words.next()?.to_owned();
    (is_ours && words.next().is_none()).then_some(Loaded { weight, generation })
}

async fn loaded(router: &NginxRouter, reach: Reach<'_>) -> Result<Loaded> {
    let url = format!("http://{}/", router.control);
    let answer = reach
        .http
        .get(&url, Duration::from_secs(2))
        .await
        .map_err(|error| {
            Error::unavailable("nginx does not say which split it has loaded")
                .source(error)
                .hint("load the split file once, as `canary-promote --plan` prints it")
        })?;
    parse(router, &answer.text()).ok_or_else(|| {
        Error::unavailable("something else than Sluicegate's split answers there").at(url)
    })
}

/// See [`super::Router::weight`].
pub(super) async fn weight(router: &NginxRouter, reach: Reach<'_>) -> Result<Weight> {
    let path = reach.root.join(&router.split);
    let end = Instant::now() + SETTLING;
    loop {
        let now = loaded(router, reach).await?;
        let written = std::fs::read_to_string(&path).map_err(|error| {
            Error::unavailable("the split file cannot be read")
                .at(path.display().to_string())
                .source(error)
        })?;
        if written == file(router, now.weight, &now.generation) {
            return Ok(now.weight);
        }
        // A file that differs from what runs would take effect at anybody's next reload.
        if Instant::now() >= end {
            return Err(Error::unavailable(format!(
                "somebody else changed the split file: it is not the one that nginx has loaded ({})",
                now.weight
            ))
            .at(path.display().to_string()));
        }
        tokio::time::sleep(BETWEEN_ANSWERS).await;
    }
}

/// See [`super::Router::set_weight`].
pub(super) async fn set_weight(
    router: &NginxRouter,
    weight: Weight,
    reach: Reach<'_>,
) -> Result<()> {
    let path = reach.root.join(&router.split);
    let before = std::fs::read(&path).ok();
    // The time makes two runs of one weight distinguishable.
    let generation = format!("{}-{}", reach.run, jiff::Timestamp::now().as_microsecond());
    replace(&path, file(router, weight, &generation).as_bytes())?;
    let command = |words: &[String]| {
        Command::new(words.to_vec())
            .directory(reach.root)
            .deadline(router.deadline.duration())
    };
    if let Err(error) = command(&router.test).succeed().await {
        match before {
            Some(before) => replace(&path, &before)?,
            None => drop(std::fs::remove_file(&path)),
        }
        return Err(
            Error::unavailable("nginx refuses the split; the old file is back").source(error),
        );
    }
    command(&router.reload).succeed().await?;
    wait_until_loaded(router, weight, &generation, reach).await
}

async fn wait_until_loaded(
    router: &NginxRouter,
    weight: Weight,
    generation: &str,
    reach: Reach<'_>,
) -> Result<()> {
    let end = Instant::now() + router.deadline.duration();
    let mut in_a_row = 0;
    loop {
        let now = loaded(router, reach).await;
        let is_new = now
            .as_ref()
            .is_ok_and(|now| now.generation == generation && now.weight == weight);
        in_a_row = if is_new { in_a_row + 1 } else { 0 };
        if in_a_row >= ANSWERS_IN_A_ROW {
            return Ok(());
        }
        if Instant::now() >= end {
            let says = match now {
                Ok(now) => format!("it says {}", now.weight),
                Err(error) => error.to_string(),
            };
            return Err(Error::unavailable(format!(
                "nginx did not load the weight {weight} within {}: {says}",
                router.deadline
            )));
        }
        tokio::time::sleep(BETWEEN_ANSWERS).await;
    }
}

fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    // Not `.conf`: an include of `*.conf` must not see it.
    temporary.push(".part");
    let temporary = PathBuf::from(temporary);
    std::fs::write(&temporary, bytes)
        .and_then(|()| std::fs::File::open(&temporary)?.sync_all())
        .and_then(|()| std::fs::rename(&temporary, path))
        .map_err(|error| {
            Error::unavailable("the split file cannot be written")
                .at(path.display().to_string())
                .source(error)
        })
}

/// See [`super::Router::set_call`].
pub(super) fn set_call(router: &NginxRouter, weight: Weight) -> String {
    let line = |words: &[String]| {
        words
            .iter()
            .map(|word| quoted(word))
            .collect::<Vec<_>>()
            .join(" ")
    };
    format!(
        "write {}:\n{}{}\n{}\nread back http://{}/",
        router.split.display(),
        file(router, weight, "<run>"),
        line(&router.test),
        line(&router.reload),
        router.control
    )
}

/// See [`super::Router::reproduce`].
pub(super) fn reproduce(router: &NginxRouter) -> String {
    format!("curl -sS http://{}/", router.control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Span;

    fn router() -> NginxRouter {
        NginxRouter {
            split: "split.conf".into(),
            variable: "sluicegate_web".into(),
            stable: "web_stable".into(),
            canary: "web_canary".into(),
            key: "${request_id}".into(),
            control: "127.0.0.1:7000".into(),
            test: vec!["nginx".into(), "-t".into()],
            reload: vec!["nginx".into(), "-s".into(), "reload".into()],
            deadline: Span::seconds(1),
        }
    }

    fn weight(hundredths: u32) -> Weight {
        Weight::try_from(hundredths).expect("is at most 10,000")
    }

    #[test]
    fn the_canary_comes_first_and_the_ends_have_one_side() {
        assert!(
            file(&router(), weight(1050), "g")
                .contains("{\n    10.50% web_canary;\n    * web_stable;\n}")
        );
        assert!(file(&router(), Weight::NONE, "g").contains("{\n    * web_stable;\n}"));
        assert!(file(&router(), Weight::ALL, "g").contains("{\n    * web_canary;\n}"));
    }

    #[test]
    fn only_the_answer_of_this_split_is_read() {
        let loaded = parse(&router(), "sluicegate_web 1050 run-1\n").expect("is ours");
        assert_eq!(
            loaded,
            Loaded {
                weight: weight(1050),
                generation: "run-1".into()
            }
        );
        for text in [
            "",
            "other 1050 g",
            "sluicegate_web 10001 g",
            "sluicegate_web 1",
            "<html>",
        ] {
            assert_eq!(parse(&router(), text), None, "{text:?}");
        }
    }

    #[test]
    fn every_step_of_a_hundredth_percent_is_exact() {
        for hundredths in 0..=10_000 {
            let share = f64::from(hundredths) / 10_000.0;
            let text = format!("{:.2}%", share * 100.0);
            let back = crate::config::Share::try_from(text).expect("is a share");
            assert_eq!(Weight::from(back), weight(hundredths));
        }
    }
}
