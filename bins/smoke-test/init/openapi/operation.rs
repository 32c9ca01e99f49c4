//! One operation that reads: its request, and what the document says of the answer.

use super::super::draft::Draft;
use super::super::yaml::Node;
use super::parameter::{self, Request};
use super::reference::Document;
use super::{schema, security};
use serde_json::{Value, json};

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Operation<'a> {
    /// The whole document.
    pub(super) document: Document<'a>,
    /// `GET /pets`.
    pub(super) title: String,
    /// With what stands before all paths.
    pub(super) path: String,
    /// What the document says of it.
    pub(super) value: &'a Value,
    /// Parameters of every operation on the path.
    pub(super) shared: Option<&'a Value>,
}

impl Operation<'_> {
    /// Adds a probe for it. The inner `Err` says why there is none, the outer one what is wrong
    /// with the document.
    pub(super) fn probe(&self, draft: &mut Draft) -> Result<Result<(), String>, String> {
        let statuses = match self.statuses()? {
            Ok(statuses) => statuses,
            Err(why) => return Ok(Err(why)),
        };
        let lists = [self.shared, self.value.get("parameters")];
        let request = match parameter::request(self.document, &self.path, lists)? {
            Ok(request) => request,
            Err(why) => return Ok(Err(why)),
        };
        let name = draft.name(&self.title);
        let said = self.said();
        let mut probe = vec![
            ("name", Node::text(name)),
            ("path", Node::text(&request.path)),
        ];
        match security::of(self.document, self.value)? {
            security::Door::Open => {
                if statuses != [200] {
                    probe.push(("status", Node::Value(json!(statuses))));
                }
                headers(&request, &mut probe);
                let json = self.json(&statuses)?;
                if !json.is_empty() {
                    probe.push(("json", Node::map(json)));
                }
                draft.probe(said, "http", Node::map(probe));
            }
            security::Door::Token(token) => {
                headers(&request, &mut probe);
                probe.extend(self.door(&token, &statuses, draft)?);
                draft.probe(said, "auth", Node::map(probe));
            }
            security::Door::Unknown(why) => return Ok(Err(why)),
        }
        Ok(Ok(()))
    }

    /// What an `auth` probe says besides.
    fn door(
        &self,
        token: &security::Token,
        statuses: &[u16],
        draft: &mut Draft,
    ) -> Result<Vec<(&'static str, Node)>, String> {
        draft
            .variables
            .insert(token.variable.clone(), token.what.clone());
        let mut probe = vec![("token", Node::text(format!("${{{}}}", token.variable)))];
        if let Some(sent_as) = &token.sent_as {
            probe.push(("sent_as", Node::Value(sent_as.clone())));
        }
        if statuses != [200] {
            probe.push(("with", Node::Value(json!(statuses))));
        }
        let responses = self.value.get("responses");
        let refusal = responses.and_then(|responses| responses.get("401"));
        let has_403 = responses.is_some_and(|responses| responses.get("403").is_some());
        if refusal.is_none() && has_403 {
            probe.push(("without", Node::Value(json!([403]))));
            probe.push(("garbage", Node::Value(json!([403]))));
        }
        let refusal = refusal
            .map(|refusal| self.document.resolved(refusal))
            .transpose()?;
        let headers = refusal
            .and_then(|refusal| refusal.get("headers"))
            .and_then(Value::as_object);
        let challenges = |name: &String| name.eq_ignore_ascii_case("www-authenticate");
        if !headers.is_some_and(|headers| headers.keys().any(challenges)) {
            // RFC 9110 wants it, and the document does not promise it.
            probe.push(("challenge", Node::Value(json!(false))));
        }
        Ok(probe)
    }

    /// Every status of success that the document names.
    fn statuses(&self) -> Result<Result<Vec<u16>, String>, String> {
        let responses = self.value.get("responses").and_then(Value::as_object);
        let Some(responses) = responses else {
            return Ok(Err("no `responses` are described".into()));
        };
        let mut statuses: Vec<u16> = responses
            .keys()
            .filter_map(|status| status.parse().ok())
            .filter(|status| (200..400).contains(status))
            .collect();
        statuses.sort_unstable();
        statuses.dedup();
        if statuses.iter().any(|status| *status < 300) {
            statuses.retain(|status| *status < 300);
        }
        let is_general = |key: &String| key.eq_ignore_ascii_case("2xx") || key == "default";
        Ok(
            match (statuses.is_empty(), responses.keys().any(is_general)) {
                (false, _) => Ok(statuses),
                (true, true) => Ok(vec![200]),
                (true, false) => Err("no answer of success is described".into()),
            },
        )
    }

    /// What the schema of the answer says of its values.
    fn json(&self, statuses: &[u16]) -> Result<Vec<(String, Node)>, String> {
        // With several statuses the body may be of either.
        let [status] = statuses else {
            return Ok(Vec::new());
        };
        let responses = self.value.get("responses");
        let keys = [
            status.to_string(),
            "2XX".into(),
            "2xx".into(),
            "default".into(),
        ];
        let response = keys.iter().find_map(|key| responses?.get(key));
        let Some(response) = response else {
            return Ok(Vec::new());
        };
        let response = self.document.resolved(response)?;
        let content = response.get("content").and_then(Value::as_object);
        // Where the server may answer with something else, it is not asked for JSON.
        let mut kinds = content.into_iter().flatten();
        let (Some((kind, media)), None) = (kinds.next(), kinds.next()) else {
            return Ok(Vec::new());
        };
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind != "application/json" && !kind.ends_with("+json") {
            return Ok(Vec::new());
        }
        match media.get("schema") {
            Some(schema) => schema::expectations(self.document, schema),
            None => Ok(Vec::new()),
        }
    }

    fn said(&self) -> String {
        let text = |key| self.value.get(key).and_then(Value::as_str);
        let said = text("summary").or_else(|| text("operationId"));
        let said = said.map_or_else(
            || self.title.clone(),
            |said| format!("{}: {said}", self.title),
        );
        crate::answer::shown(&said, 150)
    }
}

fn headers(request: &Request, probe: &mut Vec<(&'static str, Node)>) {
    if !request.headers.is_empty() {
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), Node::text(value)));
        probe.push(("headers", Node::map(headers)));
    }
}
