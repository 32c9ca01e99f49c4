//! Opens a page several times in one browser, one run after the other.

use super::Ask;
use crate::answer::{Answer, Break, NoAnswer};
use crate::browser::{Browser, Order, Start, Visited, find};
use crate::client::Client;
use crate::facts::{PageEnd as End, Visits};
use crate::plan::PagePlan;
use shared::error::{Error, Result, one_line};
use shared::progress::Progress;
use shared::secret::Secret;
use std::net::SocketAddr;

/// The browser trusts its own list of authorities, we that of the machine.
const UNKNOWN_AUTHORITY: &str = "net::ERR_CERT_AUTHORITY_INVALID";

impl Ask for PagePlan {
    type Seen = Visits;

    async fn ask(&self, client: &Client) -> Visits {
        let mut visits = Visits::default();
        if let Err(why) = open(self, client, &mut visits).await {
            visits.broken = Some(one_line(&why.to_string()));
        }
        visits
    }
}

async fn open(plan: &PagePlan, client: &Client, visits: &mut Visits) -> Result<()> {
    let program = find()?;
    let found = look(plan, client).await;
    let (peer, key) = found.map_err(|no_answer| Error::unavailable(no_answer.reason))?;
    let host = &plan.request.url.endpoint.host;
    let mut start = Start {
        program: &program,
        host: Some((host.as_str(), peer.ip())),
        trusted: None,
    };
    runs(plan, client, &start, visits).await?;
    let is_distrusted = |end: &End| matches!(end, End::Nothing(why) if why == UNKNOWN_AUTHORITY);
    if visits.runs.iter().all(|visit| is_distrusted(&visit.end)) && key.is_some() {
        // Our own connection was verified against the machine's authorities, so the browser may
        // trust that very key.
        start.trusted = key.as_deref();
        visits.runs.clear();
        runs(plan, client, &start, visits).await?;
    }
    Ok(())
}

/// Opens a connection as every other probe does: the same addresses are allowed, the same
/// certificates trusted. Gives back where it led, and the key of the certificate.
async fn look(
    plan: &PagePlan,
    client: &Client,
) -> std::result::Result<(SocketAddr, Option<String>), NoAnswer> {
    client.allow().await?;
    let opening = client.connect(&plan.request.url.endpoint, &plan.request);
    let opened = tokio::time::timeout(plan.within.duration(), opening).await;
    let late = |_| {
        NoAnswer::new(
            Break::Timeout,
            format!("no connection within {}", plan.within),
        )
    };
    let connected = opened.map_err(late)??;
    let key = connected.key_digest();
    Ok((connected.peer, key))
}

async fn runs(
    plan: &PagePlan,
    client: &Client,
    start: &Start<'_>,
    visits: &mut Visits,
) -> Result<()> {
    let mut browser = Browser::start(start).await?;
    let (name, own_agent) = browser.name().await?;
    visits.browser = format!("{name} without throttling");
    let agent = format!("{own_agent} {}", client.agent());
    let mut progress = Progress::start(format!("page `{}`", plan.name));
    for number in 0..plan.runs {
        progress.tell(&format!("run {} of {}", number + 1, plan.runs));
        let mut headers = plan.request.headers.clone();
        headers.push(("x-sluicegate-run".into(), Secret::plain(client.run())));
        let order = Order {
            plan,
            allowance: client.allowance(),
            headers,
            agent: &agent,
            key: plan.keys.get(number as usize % plan.keys.len().max(1)),
            // What one run has waited for in vain, the others need not.
            is_patient: visits
                .runs
                .iter()
                .all(|visit| visit.missing.is_empty() && visit.has_element != Some(false)),
        };
        let Visited {
            visit,
            headers,
            source,
        } = browser.visit(&order).await?;
        let is_over = matches!(visit.end, End::Nothing(_) | End::Elsewhere(_) | End::Late);
        if let Some(status) = visit.status {
            let answer = Answer {
                status,
                headers,
                body: source.into_bytes(),
                ..Answer::default()
            };
            client.heard(&plan.request, &answer);
        }
        visits.runs.push(visit);
        if is_over {
            // The other runs would wait as long for the same.
            break;
        }
    }
    Ok(())
}
