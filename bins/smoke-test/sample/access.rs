//! Facts for the tests of the checks of doors, logins, tenants, limits and streams.

use super::{answer, expectations, predicate, request};
use crate::answer::Asked;
use crate::expectations::text::Text;
use crate::plan::{
    Arm, Asker, AuthPlan, DefaultCredentialsPlan, Holder, IsolationPlan, RateLimitPlan, SsePlan,
    WebsocketPlan,
};
use shared::config::Span;

/// An answer to one attempt, with these headers.
pub(crate) fn answered(status: u16, headers: &[(&str, &str)]) -> Asked {
    let mut answer = answer(status, "");
    let headers = headers.iter();
    answer.headers = headers
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    Asked {
        attempts: 1,
        answer: Ok(answer),
    }
}

/// An answer to one attempt, with this body.
pub(crate) fn answered_with(status: u16, body: &str) -> Asked {
    Asked {
        attempts: 1,
        answer: Ok(answer(status, body)),
    }
}

fn arm(who: &str, path: &str, status: &[u16]) -> Arm {
    Arm {
        who: who.into(),
        request: request(path),
        status: status.to_vec(),
        reproduce: format!("curl -sS {who}"),
    }
}

/// A door that is asked with the token, without, with two wrong ones, and as `user`.
pub(crate) fn auth_plan() -> AuthPlan {
    let arms = [
        (Holder::Token, "with the token", 200),
        (Holder::Nobody, "without a token", 401),
        (Holder::Forged, "with garbage", 401),
        (
            Holder::Forged,
            "with one character of the token changed",
            401,
        ),
        (Holder::Role, "as `user`", 403),
    ];
    AuthPlan {
        name: "users".into(),
        arms: arms
            .map(|(holder, who, status)| (holder, arm(who, "/api/users", &[status])))
            .to_vec(),
        challenge: true,
    }
}

/// An invoice that only its owner may see.
pub(crate) fn isolation_plan() -> IsolationPlan {
    let arms = [
        (Asker::Owner, "as the owner", "/invoices/1", vec![200]),
        (
            Asker::StrangerAtHome,
            "as the stranger at its own path",
            "/invoices/2",
            vec![200],
        ),
        (
            Asker::Stranger,
            "as the stranger",
            "/invoices/1",
            vec![403, 404],
        ),
        (
            Asker::Nobody,
            "without a token",
            "/invoices/1",
            vec![401, 403, 404],
        ),
    ];
    IsolationPlan {
        name: "invoice".into(),
        arms: arms
            .map(|(asker, who, path, status)| (asker, arm(who, path, &status)))
            .to_vec(),
        rows: serde_json_path::JsonPath::parse("$[*]").ok(),
        empty: vec![200],
    }
}

/// A login and two pairs.
pub(crate) fn default_credentials_plan() -> DefaultCredentialsPlan {
    let pair = |number: u32| {
        let who = format!("as `admin`, pair {number} of 2");
        ("admin".to_owned(), arm(&who, "/login", &[401, 403]))
    };
    DefaultCredentialsPlan {
        name: "grafana".into(),
        accepted: arm("with the real credentials", "/login", &[200]),
        pairs: vec![pair(1), pair(2)],
    }
}

/// 100 requests a minute, and 10 more or fewer.
pub(crate) fn rate_limit_plan() -> RateLimitPlan {
    RateLimitPlan {
        name: "api".into(),
        request: request("/api"),
        limit: 100,
        window: Span::seconds(60),
        tolerance: 10,
        together: 20,
        is_shared: false,
        status: vec![200],
        is_told: true,
        refusal: expectations(),
        recovery: None,
        spoof: true,
        reproduce: "seq 110 | xargs curl".into(),
    }
}

/// A WebSocket on which `ok` must come, and which pages of others must not open.
pub(crate) fn websocket_plan() -> WebsocketPlan {
    WebsocketPlan {
        name: "events".into(),
        request: request("/ws"),
        foreign: Some(("https://evil.example".into(), request("/ws"))),
        send: None,
        expect: Some(text("ok")),
        ping: true,
        reproduce: "curl -sS http://h/ws".into(),
        reproduce_foreign: "curl -sS -H origin http://h/ws".into(),
    }
}

/// Two events `tick` with `ok`.
pub(crate) fn sse_plan() -> SsePlan {
    SsePlan {
        name: "ticks".into(),
        request: request("/events"),
        events: 2,
        event: Some("tick".into()),
        data: Some(text("ok")),
        reproduce: "curl -sS -N http://h/events".into(),
    }
}

fn text(yaml: &str) -> Text {
    Text {
        text: Some(predicate(yaml)),
        json: expectations(),
    }
}
