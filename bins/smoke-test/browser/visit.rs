//! One run: a page opened by a visitor whom nobody knows, watched until it is at rest.

use super::figures::{self, QUIET};
use super::launch::Browser;
use super::protocol::{Command, text};
use super::script::{self, Looked};
use super::session::deadline;
use super::watch::{Rules, Watch};
use crate::client::Allowance;
use crate::facts::{PageEnd as End, Visit};
use crate::plan::{Figure, KeyPlan, PagePlan};
use serde_json::{Value, json};
use shared::error::{Error, Result};
use shared::secret::Secret;
use std::time::Duration;
use tokio::time::Instant;

/// A page without requests for so long is at rest when nobody asks when it can react.
const SHORT_QUIET: Duration = Duration::from_millis(500);
/// What is not there yet is looked for so often.
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What one run is to do.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    /// The page, and what must be seen.
    pub(crate) plan: &'a PagePlan,
    /// What the environment still grants.
    pub(crate) allowance: &'a Allowance,
    /// Headers for requests to the page's own address.
    pub(crate) headers: Vec<(String, Secret)>,
    /// What is sent as `User-Agent` after the browser's own name.
    pub(crate) agent: &'a str,
    /// Which shortcut is pressed at the end.
    pub(crate) key: Option<&'a KeyPlan>,
    /// Whether to wait for what is not there yet.
    pub(crate) is_patient: bool,
}

/// What came of one run.
#[derive(Debug)]
pub(crate) struct Visited {
    /// What was seen.
    pub(crate) visit: Visit,
    /// The headers and the source of the page itself.
    pub(crate) headers: Vec<(String, String)>,
    /// See above.
    pub(crate) source: String,
}

impl Browser {
    /// The browser's name and version, and how it calls itself to servers.
    pub(crate) async fn name(&mut self) -> Result<(String, String)> {
        let command = Command::browser("Browser.getVersion", json!({}));
        let version = self.call(command, None, deadline()).await?;
        let name = crate::answer::shown(text(&version, "/product"), 60);
        Ok((name, text(&version, "/userAgent").to_owned()))
    }

    /// Opens the page once. `Err` when the browser itself does not work.
    pub(crate) async fn visit(&mut self, order: &Order<'_>) -> Result<Visited> {
        let command = Command::browser("Target.createBrowserContext", json!({}));
        let context = self.call(command, None, deadline()).await?;
        let context = text(&context, "/browserContextId").to_owned();
        let visited = self.visit_in(&context, order).await;
        let command = json!({ "browserContextId": context });
        let command = Command::browser("Target.disposeBrowserContext", command);
        self.call(command, None, deadline()).await?;
        visited
    }

    async fn visit_in(&mut self, context: &str, order: &Order<'_>) -> Result<Visited> {
        let (target, session) = self.open_tab(context).await?;
        let plan = order.plan;
        let rules = Rules {
            // The frame of a page has the name of its target.
            frame: target,
            plan,
            headers: &order.headers,
            allowance: order.allowance,
        };
        let mut watch = Watch::new(rules, Instant::now());
        self.prepare(context, &session, order, &mut watch).await?;
        let end = Instant::now() + plan.within.duration();
        let url = format!("{}{}", origin(order), plan.request.url.target.expose());
        let navigate = Command::session(&session, "Page.navigate", json!({ "url": url }));
        let navigation = self.connection.send(navigate).await?;
        let looked = self
            .follow(&session, order, &mut watch, navigation, end)
            .await?;
        if let Some((looked, is_at_rest)) = looked {
            figures::write(&looked, is_at_rest, &mut watch.visit);
            watch.visit.led_to = led_to(&url, &looked.place);
            if let Some(key) = order.key {
                let pressed = self.press(&session, key, &mut watch).await?;
                watch.visit.pressed = Some(pressed);
            }
        }
        if let Some(why) = &watch.used_up {
            return Err(Error::unavailable(why.clone()));
        }
        let (id, headers) = watch.document.take().unwrap_or_default();
        let source = match watch.visit.end {
            End::Loaded => self.source(&session, &id, &mut watch).await?,
            End::Late | End::Nothing(_) | End::Elsewhere(_) | End::Crashed => String::new(),
        };
        Ok(Visited {
            visit: watch.visit,
            headers,
            source,
        })
    }

    async fn open_tab(&mut self, context: &str) -> Result<(String, String)> {
        let parameters = json!({ "url": "about:blank", "browserContextId": context });
        let command = Command::browser("Target.createTarget", parameters);
        let target = self.call(command, None, deadline()).await?;
        let target = text(&target, "/targetId").to_owned();
        let parameters = json!({ "targetId": target, "flatten": true });
        let command = Command::browser("Target.attachToTarget", parameters);
        let attached = self.call(command, None, deadline()).await?;
        Ok((target, text(&attached, "/sessionId").to_owned()))
    }

    /// Everything that must be set before the page is opened. Cookies and headers go this way, and
    /// never into the arguments of the program.
    async fn prepare(
        &mut self,
        context: &str,
        session: &str,
        order: &Order<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<()> {
        let origin = origin(order);
        let cookies = order.plan.cookies.iter();
        let cookies: Vec<Value> = cookies
            .map(|(name, value)| {
                json!({ "name": name, "value": value.expose(), "url": format!("{origin}/") })
            })
            .collect();
        let of_page = |method, parameters| Command::session(session, method, parameters);
        let mut commands = vec![
            of_page("Page.enable", json!({})),
            of_page("Runtime.enable", json!({})),
            of_page("Log.enable", json!({})),
            of_page("Network.enable", json!({})),
            of_page(
                "Network.setUserAgentOverride",
                json!({ "userAgent": order.agent }),
            ),
            // Of the browser, not of the page: a service worker asks by itself.
            Command::browser(
                "Fetch.enable",
                json!({ "patterns": [{ "urlPattern": "*" }] }),
            ),
            of_page(
                "Target.setAutoAttach",
                json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true }),
            ),
        ];
        if !cookies.is_empty() {
            let parameters = json!({ "browserContextId": context, "cookies": cookies });
            commands.push(Command::browser("Storage.setCookies", parameters));
        }
        for command in commands {
            self.call(command, Some(watch), deadline()).await?;
        }
        Ok(())
    }

    /// Watches the page until it is at rest and complete, or until the end of its time. Gives back
    /// what it then said of itself and whether it was at rest; none when there is nothing to ask.
    async fn follow(
        &mut self,
        session: &str,
        order: &Order<'_>,
        watch: &mut Watch<'_>,
        navigation: u64,
        end: Instant,
    ) -> Result<Option<(Looked, bool)>> {
        let needs_rest = order.plan.judges(Figure::TimeToInteractive);
        let quiet = if needs_rest {
            Duration::from_secs_f64(QUIET / 1000.0)
        } else {
            SHORT_QUIET
        };
        let mut earliest = Instant::now();
        loop {
            if watch.is_over {
                return Ok(None);
            }
            let rests = watch.rests(quiet).map(|rests| rests.max(earliest));
            let wake = rests.unwrap_or(end).min(end);
            match self.hear(Some(watch), wake).await? {
                Some(said) => self.take(said, watch, Some(navigation)).await?,
                None if !watch.is_loaded() => {
                    watch.end(End::Late);
                    return Ok(None);
                }
                None => {
                    let is_last = wake >= end;
                    let Some(looked) = self.look(session, order, watch, end).await? else {
                        watch.end(End::Late);
                        return Ok(None);
                    };
                    let left = QUIET - figures::rest(&looked).unwrap_or(QUIET);
                    let now = Instant::now();
                    watch.visit.is_flowing = is_last && watch.is_flowing(now);
                    let asks_nothing = watch.asks_nothing(quiet).is_some_and(|then| then <= now);
                    let is_quiet = asks_nothing && (!is_last || watch.visit.is_flowing);
                    let is_at_rest = is_quiet && (left <= 0.0 || !needs_rest);
                    let is_complete = looked.is_complete() || !order.is_patient || watch.is_error();
                    if is_last || is_at_rest && is_complete {
                        return Ok(Some((looked, is_at_rest)));
                    }
                    let wait = Duration::from_secs_f64(left.clamp(0.0, QUIET) / 1000.0);
                    earliest = Instant::now() + wait.max(BETWEEN_LOOKS);
                }
            }
        }
    }

    /// Asks the page; none when it is too busy to answer.
    async fn look(
        &mut self,
        session: &str,
        order: &Order<'_>,
        watch: &mut Watch<'_>,
        end: Instant,
    ) -> Result<Option<Looked>> {
        let call = script::look(&order.plan.marks);
        let Some(answer) = self.evaluate(session, &call, watch, end).await? else {
            return Ok(None);
        };
        if let Some(mistake) = script::mistake(&answer) {
            return Err(Error::unavailable(format!(
                "the page cannot be asked: {mistake}"
            )));
        }
        Ok(Looked::read(&answer))
    }
}

/// Where the page is, when that is not where it was asked for.
fn led_to(asked: &str, place: &str) -> Option<String> {
    let mut asked = reqwest::Url::parse(asked).ok()?;
    asked.set_query(None);
    asked.set_fragment(None);
    (asked.as_str() != place).then(|| crate::answer::shown(place, 200))
}

/// The address of the page without its path and without credentials.
fn origin(order: &Order<'_>) -> String {
    let endpoint = &order.plan.request.url.endpoint;
    let scheme = if endpoint.is_secure { "https" } else { "http" };
    format!("{scheme}://{}", endpoint.authority())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_elsewhere_whatever_its_query() {
        let asked = "http://h.example:80/a b?token=x#y";
        assert_eq!(led_to(asked, "http://h.example/a%20b"), None);
        assert_eq!(
            led_to(asked, "http://h.example/login").as_deref(),
            Some("http://h.example/login")
        );
    }
}
