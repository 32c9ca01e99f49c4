//! Requests that build on each other, and the clean-up that follows them in any case.

mod jar;

use super::{Ask, STOPPED};
use crate::answer::Answer;
use crate::client::Client;
use crate::facts::{JourneySeen, StepSeen};
use crate::plan::{Captured, Encoding, JourneyPlan, RUN, Request, StepPlan};
use crate::template::{Values, filled, filled_json, filled_path};
use bytes::Bytes;
use jar::Jar;
use shared::secret::Secret;

/// Shorter captured values, such as the number of a row, are no secrets: masking them would hide
/// half of every report.
const SHORTEST_SECRET: usize = 8;

/// What a journey carries from step to step.
struct Luggage {
    values: Values,
    cookies: Jar,
}

impl Ask for JourneyPlan {
    type Seen = JourneySeen;

    const CLEANS_UP: bool = true;

    async fn ask(&self, client: &Client) -> JourneySeen {
        client.begin_journey();
        let mut luggage = Luggage {
            values: Values::from([(RUN.to_owned(), client.run().to_owned())]),
            cookies: Jar::default(),
        };
        let mut seen = JourneySeen::default();
        let mut obstacle = None;
        for step in &self.steps {
            let name = &step.http.name;
            if let Some(why) = &obstacle {
                seen.steps.push(StepSeen::NotReached(String::clone(why)));
                continue;
            }
            let came = luggage.go_or_stop(client, step).await;
            if !is_passable(step, &came) {
                obstacle = Some(format!("`{name}` did not succeed"));
            }
            seen.steps.push(came);
        }
        for step in &self.cleanup {
            client.release();
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
    /// Asks one step, unless the run is asked to stop. What changes something is not broken off:
    /// without its answer nobody could remove what it made.
    async fn go_or_stop(&mut self, client: &Client, step: &StepPlan) -> StepSeen {
        let stopped = || StepSeen::NotReached(STOPPED.into());
        if client.is_stopping() {
            return stopped();
        }
        if !step.http.request.is_safe() {
            return self.go(client, step).await;
        }
        tokio::select! {
            came = self.go(client, step) => came,
            () = client.interrupted() => stopped(),
        }
    }

    /// Asks one step, and takes along what its answer gives.
    async fn go(&mut self, client: &Client, step: &StepPlan) -> StepSeen {
        let request = match self.request(step) {
            Ok(request) => request,
            Err(why) => return StepSeen::NotReached(why),
        };
        let asked = client.ask(&request, &step.http.expectations.status).await;
        let missing = match &asked.answer {
            Ok(answer) => {
                self.cookies.keep(&request, answer);
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
        let path = unknown(filled_path(&step.path, &self.values))?;
        // Such a segment would be resolved, and another place asked: RFC 3986, section 5.2.4.
        if has_dots(&path) && !has_dots(&step.path) {
            return Err("its path would have a segment of dots in it".into());
        }
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
        self.cookies.add(&mut request);
        Ok(request)
    }

    /// Takes the values of a step; those that are not there are named.
    fn capture(&mut self, step: &StepPlan, answer: &Answer) -> Vec<String> {
        let mut missing = Vec::new();
        for (name, place) in &step.captures {
            match found(place, answer) {
                // With nothing in the place of a name, `/items/{{id}}` would be all of them.
                Ok(value) if value.trim().is_empty() => {
                    missing.push(format!("`{name}` could not be captured: it is empty"));
                }
                Ok(value) => {
                    self.values.insert(name.clone(), guarded(&value));
                }
                Err(why) => missing.push(format!("`{name}` could not be captured: {why}")),
            }
        }
        missing
    }
}

fn has_dots(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/').any(|segment| matches!(segment, "." | ".."))
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
    fn a_value_changes_nothing_of_a_path_but_its_place() {
        let asked = |path: &str, value: &str| -> Result<String, String> {
            let mut luggage = Luggage {
                values: Values::new(),
                cookies: Jar::default(),
            };
            let mut step = crate::sample::step("remove", &[204]);
            step.path = path.into();
            let pattern = regex::Regex::new("(?s)^(.*)$").expect("is a pattern");
            step.captures = vec![("id".into(), Captured::Matches(pattern))];
            assert_eq!(luggage.capture(&step, &answer(200, value)), [""; 0]);
            let request = luggage.request(&step)?;
            Ok(request.url.target.expose().to_owned())
        };
        let items = |value| asked("/items/{{id}}", value);
        assert_eq!(items("7"), Ok("/items/7".into()));
        assert_eq!(items("x?y"), Ok("/items/x%3Fy".into()));
        assert_eq!(items("a#1/é"), Ok("/items/a%231%2F%C3%A9".into()));
        assert_eq!(
            asked("/items?after={{id}}", "a&b=c"),
            Ok("/items?after=a%26b%3Dc".into())
        );
        assert_eq!(asked("{{id}}", "/items/7?x=1"), Ok("/items/7?x=1".into()));
        let dots = Err("its path would have a segment of dots in it".into());
        assert_eq!(items(".."), dots);
        assert_eq!(asked("/items/{{id}}/x", "."), dots);
    }

    #[test]
    fn an_empty_value_is_missing() {
        let mut luggage = Luggage {
            values: Values::new(),
            cookies: Jar::default(),
        };
        let mut step = crate::sample::step("make", &[201]);
        step.captures = vec![("id".into(), Captured::Header("x-id".into()))];
        let mut given = answer(201, "");
        given.headers.push(("x-id".into(), " ".into()));
        assert_eq!(
            luggage.capture(&step, &given),
            ["`id` could not be captured: it is empty"]
        );
        assert!(luggage.values.is_empty());
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
