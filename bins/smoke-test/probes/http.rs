//! Single requests: the redirects that are expected, followed; the phases that are judged, measured
//! over several connections.

use super::Ask;
use crate::answer::Answer;
use crate::client::Client;
use crate::facts::{Hop, HttpSeen};
use crate::plan::{HttpPlan, Request};
use crate::sensitive::is_sensitive;

impl Ask for HttpPlan {
    type Seen = HttpSeen;

    async fn ask(&self, client: &Client) -> HttpSeen {
        let mut request = self.request.clone();
        let mut asked = client.ask(&request, &self.expectations.status).await;
        let mut hops = Vec::new();
        for expected in &self.expectations.redirects {
            let Some(hop) = asked
                .answer
                .as_ref()
                .ok()
                .and_then(|answer| hop(&request, answer))
            else {
                break;
            };
            let leads_there = hop.location == Some(expected.place());
            hops.push(hop);
            if !leads_there {
                break;
            }
            request = follow(&request, expected);
            asked = client.ask(&request, &self.expectations.status).await;
        }
        let mut seen = HttpSeen {
            asked,
            hops,
            samples: Vec::new(),
            spoilt: None,
        };
        if let Some(limits) = self.expectations.phases {
            self.measure(client, &request, limits.samples, &mut seen)
                .await;
        }
        seen
    }
}

impl HttpPlan {
    /// Asks what is judged again and again, as long as it is answered as expected: how fast an
    /// error comes says nothing of the page.
    async fn measure(&self, client: &Client, request: &Request, count: u32, seen: &mut HttpSeen) {
        let right = &self.expectations.status;
        let is_right = |answer: &Answer| right.contains(&answer.status);
        let is_there = seen.hops.len() == self.expectations.redirects.len()
            && request.url.real.expose() == self.target().real.expose();
        match &seen.asked.answer {
            Ok(answer) if is_there && is_right(answer) => seen.samples.push(answer.phases),
            Ok(_) | Err(_) => return,
        }
        for _ in 1..count {
            let asked = client.ask(request, right).await;
            match &asked.answer {
                Ok(answer) if is_right(answer) => seen.samples.push(answer.phases),
                Ok(_) | Err(_) => {
                    seen.spoilt = Some(asked);
                    return;
                }
            }
        }
    }
}

/// The redirect that an answer is: RFC 9110, section 15.4.
fn hop(request: &Request, answer: &Answer) -> Option<Hop> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let base = reqwest::Url::parse(request.url.real.expose()).ok()?;
    let location = answer.header("location");
    let location = location.and_then(|location| base.join(&location).ok());
    Some(Hop {
        url: request.url.shown.clone(),
        status: answer.status,
        location: location.map(crate::address::without_user),
    })
}

/// The next request. What proves who asks is for the first host only: secrets by their names, whatever
/// came from a variable, and the certificate. So is the name that the first host was called by.
fn follow(request: &Request, url: &crate::address::Url) -> Request {
    let mut next = request.clone();
    next.url = url.clone();
    if url.endpoint != request.url.endpoint {
        let of_variables = request.shown.iter();
        let of_variables = of_variables.filter(|header| header.raw.contains("${"));
        let private: Vec<&str> = of_variables.map(|header| header.name.as_str()).collect();
        let is_for_all = |name: &str| {
            !is_sensitive(name) && !private.contains(&name) && !name.eq_ignore_ascii_case("host")
        };
        next.headers.retain(|(name, _)| is_for_all(name));
        next.shown.retain(|header| is_for_all(&header.name));
        next.identified = None;
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{answer, request};
    use shared::secret::Secret;

    #[test]
    fn only_a_redirect_is_a_hop_and_its_place_is_absolute() {
        let mut redirect = answer(302, "");
        redirect
            .headers
            .push(("Location".into(), "../login?a=1".into()));
        let hop = hop(&request("/app/x/"), &redirect).expect("is a redirect");
        assert_eq!(hop.location.as_deref(), Some("http://h/app/login?a=1"));
        assert!(super::hop(&request("/"), &answer(304, "")).is_none());
        assert!(super::hop(&request("/"), &answer(200, "")).is_none());
    }

    #[test]
    fn a_redirect_is_where_it_leads_whoever_asks() {
        let mut asked = request("/old");
        asked.url.real = Secret::plain("http://u:p@h/old");
        let mut redirect = answer(302, "");
        redirect.headers.push(("location".into(), "/new".into()));
        let hop = hop(&asked, &redirect).expect("is a redirect");
        assert_eq!(hop.location.as_deref(), Some("http://h/new"));
        let address = crate::address::Address::parse("http://u:p@h", "http://u:p@h");
        let expected = address
            .expect("is an address")
            .at("/new")
            .expect("is a path");
        assert_eq!(hop.location, Some(expected.place()));
    }

    #[test]
    fn a_token_is_not_taken_along_to_another_host() {
        let asked = request("/").with_secret("Authorization", Secret::plain("x"), "${T}");
        let asked = asked.with("accept", "text/html").with("x-api-key", "k");
        let asked = asked.with_secret("x-tenant", Secret::plain("t"), "${TENANT}");
        let same = follow(&asked, &request("/login").url);
        assert_eq!(same.headers.len(), 4);
        let mut elsewhere = request("/login").url;
        elsewhere.endpoint.host = "other".into();
        let other = follow(&asked, &elsewhere);
        assert_eq!(other.headers.len(), 1);
        assert_eq!(other.shown[0].name, "accept");
    }
}
