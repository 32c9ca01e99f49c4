//! Requests that build on each other, and the clean-up that follows them in any case.

use super::Ask;
use crate::answer::Answer;
use crate::client::Client;
use crate::facts::{JourneySeen, StepSeen};
use crate::plan::{Captured, Encoding, JourneyPlan, RUN, Request, StepPlan};
use crate::reproduce::Header;
use crate::template::{Values, filled, filled_json};
use bytes::Bytes;
use shared::secret::Secret;
use std::collections::BTreeMap;

/// Shorter captured values, such as the number of a row, are no secrets: masking them would hide
/// half of every report.
const SHORTEST_SECRET: usize = 8;

/// What a journey carries from step to step.
struct Luggage {
    values: Values,
    cookies: BTreeMap<(String, String), String>,
}

impl Ask for JourneyPlan {
    type Seen = JourneySeen;

    async fn ask(&self, client: &Client) -> JourneySeen {
        let _open = client.begin_journey();
        let mut luggage = Luggage {
            values: Values::from([(RUN.to_owned(), client.run().to_owned())]),
            cookies: BTreeMap::new(),
        };
        let mut seen = JourneySeen::default();
        let mut obstacle = None;
        for step in &self.steps {
            let name = &step.http.name;
            if let Some(why) = &obstacle {
                seen.steps.push(StepSeen::NotReached(String::clone(why)));
                continue;
            }
            let came = tokio::select! {
                came = luggage.go(client, step) => came,
                () = client.interrupted() => {
                    StepSeen::NotReached("the run was asked to stop".into())
                }
            };
            if !is_passable(step, &came) {
                obstacle = Some(format!("`{name}` did not succeed"));
            }
            seen.steps.push(came);
        }
        for step in &self.cleanup {
            seen.cleanup.push(luggage.go(client, step).await);
        }
        seen
    }
}

/// Whether the next step may follow: the answer has the right status, and what it must give was
/// there. What else is expected of it is judged later and ends nothing.
fn is_passable(step: &StepPlan, came: &StepSeen) -> bool {
    match came {
        StepSeen::Asked { asked, missing } => {
            let right = &step.http.expectations.status;
            let has_right = |answer: &Answer| right.contains(&answer.status);
            missing.is_empty() && asked.answer.as_ref().is_ok_and(has_right)
        }
        StepSeen::NotReached(_) => false,
    }
}

impl Luggage {
    /// Asks one step, and takes along what its answer gives.
    async fn go(&mut self, client: &Client, step: &StepPlan) -> StepSeen {
        let request = match self.request(step) {
            Ok(request) => request,
            Err(why) => return StepSeen::NotReached(why),
        };
        let asked = client.ask(&request, &step.http.expectations.status).await;
        let missing = match &asked.answer {
            Ok(answer) => {
                self.keep_cookies(&request, answer);
                self.capture(step, answer)
            }
            Err(_) => Vec::new(),
        };
        let asked = Box::new(asked);
        StepSeen::Asked { asked, missing }
    }

    /// The step's request with every value in its place.
    fn request(&self, step: &StepPlan) -> Result<Request, String> {
        let unknown = |filled: Result<String, String>| {
            filled.map_err(|name| format!("`{name}` was never captured"))
        };
        let fill = |text: &str| unknown(filled(text, &self.values));
        let mut request = step.http.request.clone();
        let path = fill(&step.path)?;
        let real = step.address.at(&path);
        let real = real.map_err(|why| format!("its path would have {why}"))?;
        // What is shown keeps the names of the values.
        request.url = crate::address::Url {
            shown: step.http.request.url.shown.clone(),
            ..real
        };
        for (name, value) in &mut request.headers {
            let text = fill(value.expose())?;
            if text.chars().any(|c| c.is_control() && c != '\t') {
                return Err(format!("the header `{name}` would have a line end in it"));
            }
            *value = Secret::plain(text);
        }
        if let Ok(body) = std::str::from_utf8(&request.body) {
            request.body = match step.encoding {
                Encoding::Plain => fill(body)?.into(),
                Encoding::Json => unknown(filled_json(body, &self.values))?.into(),
                Encoding::Form => filled_form(body, fill)?,
            };
        }
        self.add_cookies(&mut request);
        Ok(request)
    }

    fn add_cookies(&self, request: &mut Request) {
        let host = &request.url.endpoint.host;
        let own = self.cookies.iter().filter(|((at, _), _)| at == host);
        let pairs: Vec<String> = own
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let has_own = |(name, _): &(String, Secret)| name.eq_ignore_ascii_case("cookie");
        if pairs.is_empty() || request.headers.iter().any(has_own) {
            return;
        }
        request
            .headers
            .push(("cookie".into(), Secret::plain(pairs.join("; "))));
        request.shown.push(Header {
            name: "cookie".into(),
            raw: "${COOKIE}".into(),
        });
    }

    /// Cookies go back to the host that set them; which of its paths they are for does not matter
    /// to a journey. <https://www.rfc-editor.org/rfc/rfc6265#section-5.3>
    fn keep_cookies(&mut self, request: &Request, answer: &Answer) {
        for line in answer.values("set-cookie") {
            let Some((name, value)) = cookie(line) else {
                continue;
            };
            let key = (request.url.endpoint.host.clone(), name.to_owned());
            let is_over = line.split(';').skip(1).any(|attribute| {
                let attribute = attribute.trim().to_ascii_lowercase();
                attribute
                    .strip_prefix("max-age=")
                    .is_some_and(|age| age.parse::<i64>().is_ok_and(|seconds| seconds <= 0))
            });
            if is_over || value.is_empty() {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, guarded(value));
            }
        }
    }

    /// Takes the values of a step; those that are not there are named.
    fn capture(&mut self, step: &StepPlan, answer: &Answer) -> Vec<String> {
        let mut missing = Vec::new();
        for (name, place) in &step.captures {
            match found(place, answer) {
                Ok(value) => {
                    self.values.insert(name.clone(), guarded(&value));
                }
                Err(why) => missing.push(format!("`{name}` could not be captured: {why}")),
            }
        }
        missing
    }
}

/// A form with every value in its place: its braces are encoded, and so must the values be.
fn filled_form(body: &str, fill: impl Fn(&str) -> Result<String, String>) -> Result<Bytes, String> {
    let mut form = reqwest::Url::parse("http://form/").expect("the literal is a URL");
    form.set_query(Some(body));
    let fields: Vec<(String, String)> = form.query_pairs().into_owned().collect();
    form.set_query(None);
    for (name, value) in fields {
        form.query_pairs_mut().append_pair(&name, &fill(&value)?);
    }
    Ok(form.query().unwrap_or_default().to_owned().into())
}

/// A captured value, masked from now on when it may be a secret.
fn guarded(value: &str) -> String {
    if value.len() >= SHORTEST_SECRET {
        Secret::new(value);
    }
    value.to_owned()
}

fn cookie(line: &str) -> Option<(&str, &str)> {
    let pair = line.split(';').next()?;
    let (name, value) = pair.split_once('=')?;
    Some((name.trim(), value.trim()))
}

fn found(place: &Captured, answer: &Answer) -> Result<String, String> {
    match place {
        Captured::Header(name) => answer
            .header(name)
            .ok_or_else(|| format!("the answer has no header `{name}`")),
        Captured::Cookie(name) => {
            let lines = answer.values("set-cookie");
            let mut cookies = lines.iter().filter_map(|line| cookie(line));
            let found = cookies.find(|(key, _)| key == name);
            let value = found.map(|(_, value)| value.to_owned());
            value.ok_or_else(|| format!("the answer sets no cookie `{name}`"))
        }
        Captured::Matches(_) | Captured::Json(_) if answer.sealed().is_some() => {
            let why = answer.sealed().unwrap_or_default();
            Err(format!("the answer {why}"))
        }
        Captured::Matches(pattern) => {
            let body = String::from_utf8_lossy(&answer.body);
            let found = pattern.captures(&body).and_then(|groups| groups.get(1));
            let value = found.map(|group| group.as_str().to_owned());
            value.ok_or_else(|| format!("`{pattern}` finds nothing in the body"))
        }
        Captured::Json(path) => {
            let document =
                (answer.json()).map_err(|error| format!("the body is no JSON ({error})"))?;
            match path.query(&document).all().as_slice() {
                [serde_json::Value::String(text)] => Ok(text.clone()),
                [value] if value.is_number() || value.is_boolean() => Ok(value.to_string()),
                [_] => Err(format!("`{path}` selects no text, number or boolean")),
                [] => Err(format!("`{path}` selects nothing")),
                all => Err(format!("`{path}` selects {} values", all.len())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Asked, Break, NoAnswer};
    use crate::sample::answer;

    fn luggage() -> Luggage {
        Luggage {
            values: Values::new(),
            cookies: BTreeMap::new(),
        }
    }

    #[test]
    fn cookies_come_back_to_their_host_until_they_are_over() {
        let mut luggage = luggage();
        let mut request = crate::sample::request("/");
        let mut first = answer(200, "");
        let set = |value: &str| ("set-cookie".to_owned(), value.to_owned());
        first.headers = vec![set("a=1; Path=/; HttpOnly"), set("b=2")];
        luggage.keep_cookies(&request, &first);
        luggage.add_cookies(&mut request);
        assert_eq!(request.headers[0].1.expose(), "a=1; b=2");
        let mut last = answer(200, "");
        last.headers = vec![set("a=; Max-Age=0"), set("b=3")];
        luggage.keep_cookies(&crate::sample::request("/"), &last);
        let mut request = crate::sample::request("/");
        luggage.add_cookies(&mut request);
        assert_eq!(request.headers[0].1.expose(), "b=3");
        let mut elsewhere = crate::sample::request("/");
        elsewhere.url.endpoint.host = "other".into();
        luggage.add_cookies(&mut elsewhere);
        assert!(elsewhere.headers.is_empty());
    }

    #[test]
    fn values_in_a_form_are_filled_in_and_encoded() {
        let values = Values::from([("csrf".to_owned(), "a b&c=d+é".to_owned())]);
        let fill = |text: &str| filled(text, &values);
        let form = "csrfToken=%7B%7Bcsrf%7D%7D&email=a%40b.example&plain=1+%2B+1";
        let body = filled_form(form, fill).expect("it was captured");
        let expected = "csrfToken=a+b%26c%3Dd%2B%C3%A9&email=a%40b.example&plain=1+%2B+1";
        assert_eq!(body, expected);
        assert!(filled_form("id=%7B%7Bother%7D%7D", fill).is_err());
        assert_eq!(filled_form("", fill).expect("is empty"), "");
    }

    #[test]
    fn values_are_found_where_they_are_and_named_where_they_are_not() {
        let mut given = answer(200, r#"{"token":"abc","n":7,"list":[1,2],"o":{}}"#);
        given.headers.push(("X-Id".into(), "9".into()));
        let json = |path: &str| {
            let path = serde_json_path::JsonPath::parse(path).expect("is a path");
            found(&Captured::Json(path), &given)
        };
        assert_eq!(json("$.token").as_deref(), Ok("abc"));
        assert_eq!(json("$.n").as_deref(), Ok("7"));
        assert_eq!(
            json("$.list[*]"),
            Err("`$.list[*]` selects 2 values".into())
        );
        assert!(json("$.o").is_err() && json("$.x").is_err());
        assert_eq!(
            found(&Captured::Header("x-id".into()), &given).as_deref(),
            Ok("9")
        );
        assert!(found(&Captured::Cookie("s".into()), &given).is_err());
        let pattern = regex::Regex::new(r#""token":"(\w+)""#).expect("is a pattern");
        assert_eq!(
            found(&Captured::Matches(pattern), &given).as_deref(),
            Ok("abc")
        );
    }

    #[test]
    fn a_step_without_an_answer_ends_the_journey() {
        let asked = Asked {
            attempts: 1,
            answer: Err(NoAnswer::new(Break::Refused, "refused")),
        };
        let asked = Box::new(asked);
        let step = crate::sample::step("login", &[200]);
        let came = StepSeen::Asked {
            asked,
            missing: vec![],
        };
        assert!(!is_passable(&step, &came));
        let asked = Asked {
            attempts: 1,
            answer: Ok(answer(200, "")),
        };
        let asked = Box::new(asked);
        let came = StepSeen::Asked {
            asked: asked.clone(),
            missing: vec![],
        };
        assert!(is_passable(&step, &came));
        let missing = vec!["`id` could not be captured".into()];
        assert!(!is_passable(&step, &StepSeen::Asked { asked, missing }));
    }
}
