//! Probes from a Hurl file: its requests, or one journey where they build on each other. What
//! cannot be carried over is named with its line.

mod answer;
mod assertion;
mod body;
mod expectation;
mod parse;
mod request;
mod statuses;
mod syntax;
mod template;

use super::draft::Draft;
use super::yaml::Node;
use crate::sensitive::discreet_url;
use answer::Answer;
use request::Asked;
use std::collections::BTreeSet;
use syntax::{Entry, Mistake};
use template::Names;

/// Drafts a section from a file. `Err` says what is wrong with it: `file:line:column`, and why.
pub(super) fn draft(text: &str, file: &str, url: Option<&str>) -> Result<Draft, (String, String)> {
    let place = |mistake: Mistake| {
        let Mistake {
            line,
            column,
            message,
        } = mistake;
        (format!("{file}:{line}:{column}"), message)
    };
    let entries = parse::entries(text).map_err(place)?;
    let mut draft = Draft::of(file, url);
    let is_journey = entries.len() > 1 && entries.iter().any(builds_on_others);
    let mut names = Names::default();
    let mut steps = Vec::new();
    for entry in &entries {
        match probe(entry, &mut names, &mut draft).map_err(place)? {
            Ok(probe) if is_journey => steps.push(Node::Map(probe)),
            Ok(probe) => {
                let said = format!("{file}:{}", entry.line);
                draft.probe(said, "http", Node::Map(probe));
            }
            Err(why) => {
                // Those after it may need what it would have captured.
                names.lose(captured(entry));
                let (line, method) = (entry.line, &entry.method);
                draft.leave_out(format!(
                    "{file}:{line}: {method} {}: {why}",
                    discreet_url(&entry.url)
                ));
            }
        }
    }
    if !steps.is_empty() {
        let file_name = file.rsplit('/').next().unwrap_or(file);
        let name = draft.name(file_name.trim_end_matches(".hurl"));
        let journey = [("name", Node::text(name)), ("steps", Node::List(steps))];
        draft.probe(
            format!("{file}: its requests in their order"),
            "journey",
            Node::map(journey),
        );
    }
    names.tell(&mut draft);
    Ok(draft)
}

/// Whether what comes after it may depend on it.
fn builds_on_others(entry: &Entry) -> bool {
    let is_safe = matches!(entry.method.as_str(), "GET" | "HEAD" | "OPTIONS");
    !is_safe
        || entry
            .response
            .as_ref()
            .is_some_and(|response| !response.captures.is_empty())
}

fn captured(entry: &Entry) -> BTreeSet<String> {
    let captures = entry
        .response
        .iter()
        .flat_map(|response| &response.captures);
    let names = captures.filter_map(|capture| capture.value.split(':').next());
    names.map(|name| name.trim().to_owned()).collect()
}

/// What a probe or a step says. The inner `Err` says why there is none.
fn probe(
    entry: &Entry,
    names: &mut Names,
    draft: &mut Draft,
) -> Result<Result<Vec<(String, Node)>, String>, Mistake> {
    let mut asked = match Asked::of(entry, names, draft) {
        Ok(asked) => asked,
        Err(why) => return Ok(Err(why)),
    };
    let answer = match Answer::of(entry, names)? {
        Ok(answer) => answer,
        Err(why) => return Ok(Err(why)),
    };
    if answer.has_limit() {
        asked = asked.without_limit();
    }
    if entry.method != "GET" && entry.method != "HEAD" && entry.method != "OPTIONS" {
        draft.methods.insert(entry.method.clone());
    }
    names.add(answer.captures());
    names.lose(answer.lost.iter().cloned());
    for (line, what) in asked.left_out.iter().chain(&answer.left_out) {
        draft.leave_out(format!("{}:{line}: {what}", draft.file));
    }
    let path = asked.path.split('?').next().unwrap_or_default();
    let name = draft.name(&format!("{} {path}", entry.method));
    let mut probe = vec![("name".to_owned(), Node::text(name))];
    probe.extend(asked.written());
    probe.extend(answer.written());
    Ok(Ok(probe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn probes(text: &str) -> (Value, Vec<String>) {
        let draft = draft(text, "api.hurl", None).expect("is a file");
        let yaml = draft.written();
        let mut read = shared::config::yaml_value(&yaml, "draft.yml")
            .unwrap_or_else(|why| panic!("{why}\n{yaml}"));
        (read["smoke"]["probes"].take(), draft.left_out)
    }

    #[test]
    fn requests_that_stand_alone_become_probes() {
        let (probes, left_out) = probes(
            "GET http://h:1/health?a=b\nAccept: text/plain\nHTTP 200\nX-Frame-Options: DENY\n\
             [Asserts]\njsonpath \"$.status\" == \"ok\"\njsonpath \"$.parts\" count > 2\n\
             jsonpath \"$.parts[*].name\" contains \"db\"\njsonpath \"$.a\" not exists\n\
             header \"x-count\" matches /^\\d+$/\nbody contains \"fine\"\nbody not contains \"trace\"\n\
             duration < 1500\n\nGET http://other:2/\nHTTP *\n[Asserts]\nstatus >= 500\nstatus < 502\n",
        );
        assert_eq!(left_out, Vec::<String>::new());
        assert_eq!(
            probes,
            json!([
                {"http": {
                    "name": "GET /health", "path": "/health?a=b", "headers": {"Accept": "text/plain"},
                    "status": [200],
                    "response_headers": {"x-frame-options": "DENY", "x-count": {"matches": "^\\d+$"}},
                    "json": {
                        "$.status": "ok", "$.parts": {"length": {"at_least": 3}},
                        "$.parts[*].name": {"equals": "db", "for": "any"}, "$.a": {"exists": false},
                    },
                    "contains": ["fine"], "not_contains": ["trace"], "within": "1500ms",
                }},
                {"http": {"name": "GET /", "at": "address-2", "path": "/", "status": [500, 501]}},
            ])
        );
    }

    #[test]
    fn no_secret_of_the_file_stands_in_the_draft() {
        let text = "POST http://h/login\nAuthorization: Bearer eyJ.SECRET.sig\nX-Api-Key: SECRET-k\n\
                    [Options]\nuser: bob:SECRET-u\n[Cookies]\nsession: SECRET-c\n\
                    [FormParams]\npassword: SECRET-f\nHTTP 200\n\n\
                    POST http://h/json\n{\"password\": \"SECRET-j\"}\nHTTP 200\n\n\
                    GET http://h/x?token=SECRET-q\nHTTP 200\n\n\
                    GET http://h/y\n[QueryStringParams]\napi_key: SECRET-p\nHTTP 200\n";
        let draft = draft(text, "api.hurl", None).expect("is a file");
        let written = draft.written();
        assert!(!written.contains("SECRET"), "{written}");
        for words in [
            "Bearer ${HURL_AUTHORIZATION}",
            "session=${HURL_COOKIE_SESSION}",
            "${HURL_PASSWORD_2}",
            "the secret `token` in its address",
        ] {
            assert!(written.contains(words), "{words}: {written}");
        }
    }

    #[test]
    fn requests_that_build_on_each_other_become_a_journey() {
        let (probes, left_out) = probes(
            "POST {{base}}/login\n[Form]\nuser: a\npassword: {{password}}\nHTTP 302\n[Captures]\n\
             token: jsonpath \"$.token\"\nwhere: header \"Location\"\nid: regex \"id=(\\\\d+)\"\n\
             who: cookie \"who\"\nodd: xpath \"//a\"\n\n\
             GET {{base}}/me/{{id}}\nAuthorization: Bearer {{token}}\nHTTP 200\n\n\
             GET {{base}}/{{odd}}\nHTTP 200\n",
        );
        assert_eq!(
            probes,
            json!([{"journey": {"name": "api", "steps": [
                {
                    "name": "POST /login", "method": "POST", "path": "/login",
                    "body": {"form": {"user": "a", "password": "${HURL_PASSWORD}"}}, "status": [302],
                    "capture": {"token": {"json": "$.token"}, "where": {"header": "Location"},
                        "id": {"matches": "id=(\\d+)"}, "who": {"cookie": "who"}},
                },
                {
                    "name": "GET /me/{{id}}", "path": "/me/{{id}}",
                    "headers": {"Authorization": "Bearer {{token}}"}, "status": [200],
                },
            ]}}])
        );
        assert_eq!(
            left_out,
            [
                "api.hurl:11: the capture `odd: xpath \"//a\"`",
                "api.hurl:17: GET {{base}}/{{odd}}: nothing captures `odd` any more",
            ]
        );
    }

    #[test]
    fn what_no_probe_has_is_named_with_its_line() {
        for (text, left_out) in [
            (
                "GET http://h\n[Options]\nlocation: true\nHTTP 200",
                ":1: GET http://h: it has the option `location`",
            ),
            (
                "GET http://h\nA: 1\na: 2\nHTTP 200",
                ":1: GET http://h: it sends the header `a` twice",
            ),
            (
                "GET http://h\n[Options]\nretry: 3\nHTTP 200",
                ":3: the option `retry: 3`",
            ),
            (
                "GET http://h\nHTTP 200\n[Asserts]\nxpath \"//a\" exists",
                ":4: `xpath \"//a\" exists`",
            ),
            (
                "GET http://h\nHTTP 200\n[Asserts]\njsonpath \"$.a\" nth 1 == 2",
                ":4: `jsonpath",
            ),
            (
                "GET http://h\nHTTP 200\n[Asserts]\nbytes count > 2",
                ":4: `bytes count > 2`",
            ),
            ("GET http://h\nHTTP 200\n```\nx\n```", ":3: the whole body"),
            ("GET http://h\nHTTP/2 200", ":2: the version HTTP/2"),
            ("GET http://h", ":1: nothing is said of the answer"),
            (
                "GET http://h\nHTTP *",
                ":1: GET http://h: it takes any status",
            ),
            (
                "GET http://h\n[BasicAuth]\na: b\nHTTP 200",
                ":2: `[BasicAuth]`",
            ),
            (
                "POST http://h\n[Multipart]\na: b\nHTTP 200",
                ":1: POST http://h: it sends `[Multipart]`",
            ),
            (
                "GET http://h/{{newUuid}}\nHTTP 200",
                "which only Hurl can make",
            ),
            ("PURGE http://h\nHTTP 200", "no probe sends `PURGE`"),
            (
                "GET http://h\nHTTP 200\n[Asserts]\njsonpath \"$.a\" contains 1\njsonpath \"$.a\" contains 2",
                ":5: `jsonpath \"$.a\" contains 2`",
            ),
        ] {
            let draft = draft(text, "api.hurl", None).expect(text);
            assert_eq!(draft.left_out.len(), 1, "{text}: {:?}", draft.left_out);
            assert!(
                draft.left_out[0].contains(left_out),
                "{text}: {:?}",
                draft.left_out
            );
        }
    }

    #[test]
    fn a_given_address_stands_for_the_first_one() {
        let text = "GET http://localhost:1/a\nHTTP 200\n\nGET http://localhost:2/b\nHTTP 200\n";
        let draft = draft(text, "a.hurl", Some("https://s.example.com/")).expect("is a file");
        assert_eq!(draft.url.as_deref(), Some("https://s.example.com"));
        let addresses: Vec<_> = draft.addresses.into_iter().collect();
        assert_eq!(
            addresses,
            [("address-2".to_owned(), "http://localhost:2".to_owned())]
        );
    }

    #[test]
    fn a_mistake_within_a_line_has_its_column() {
        for (text, place) in [
            (
                "GET http://h\nHTTP 200\n[Asserts]\n  jsonpath $.a == 1\n",
                "a:4:3",
            ),
            (
                "GET http://h\nHTTP 200\n[Captures]\n id: header \"x\n",
                "a:4:13",
            ),
        ] {
            let (at, _) = draft(text, "a", None).expect_err(text);
            assert_eq!(at, place, "{text}");
        }
    }
}
