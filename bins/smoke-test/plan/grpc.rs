//! A gRPC server that must say that it serves.

use super::scope::Scope;
use super::{Planned, Protocol, Request};
use crate::grpc;
use shared::config::GrpcProbe;
use shared::error::Result;
use shared::gate::Step;

/// No service has a longer name.
const LONGEST_SERVICE: usize = 500;

/// A gRPC server that must say that it serves.
#[derive(Clone, Debug)]
pub(crate) struct GrpcPlan {
    /// What it is called.
    pub(crate) name: String,
    /// The service; empty for the whole server.
    pub(crate) service: String,
    /// What is sent.
    pub(crate) request: Request,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

impl GrpcPlan {
    /// The service in a sentence.
    pub(crate) fn subject(&self) -> String {
        if self.service.is_empty() {
            "the server".into()
        } else {
            format!("`{}`", self.service)
        }
    }
}

impl Planned for GrpcPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["grpc-health"]
    }

    fn steps(&self) -> Vec<Step> {
        let (name, within) = (&self.name, self.request.within);
        let purpose = format!("probe `{name}`: {} serves, within {within}", self.subject());
        vec![Step::reads(purpose, self.request.call())]
    }

    fn requests(&self) -> u64 {
        1
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &GrpcProbe) -> Result<GrpcPlan> {
    let service = &probe.service;
    if service.len() > LONGEST_SERVICE || service.chars().any(char::is_control) {
        return Err(scope.refuse("has a `service` that cannot be the name of one"));
    }
    // The question is one of those that change nothing, although all of gRPC is sent with `POST`.
    let mut request = scope
        .get(probe.at.as_ref(), grpc::PATH, probe.within)?
        .with("content-type", "application/grpc")
        // Without it some servers leave out the trailers, which have the answer.
        .with("te", "trailers");
    request.method = "POST".into();
    request.protocol = Protocol::Http2;
    request.body = grpc::question(service).into();
    Ok(GrpcPlan {
        name: probe.name.value.clone(),
        service: service.clone(),
        reproduce: reproduce(&request, service),
        request,
    })
}

fn reproduce(request: &Request, service: &str) -> String {
    let shown = &request.url.shown;
    let (scheme, rest) = shown.split_once("://").unwrap_or(("http", shown));
    let authority = rest.split('/').next().unwrap_or_default();
    let is_named = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.contains(['}', ']']));
    let port = if is_named {
        String::new()
    } else {
        format!(":{}", request.url.endpoint.port)
    };
    let plain = if scheme == "https" { "" } else { " -plaintext" };
    let seconds = request.within.duration().as_secs_f64();
    let data = serde_json::json!({ "service": service }).to_string();
    format!(
        "grpcurl{plain} -max-time {seconds} -d {} {} {}",
        shared::shell::quoted(&data),
        crate::reproduce::word(&format!("{authority}{port}")),
        grpc::PATH.trim_start_matches('/')
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use shared::config::Span;

    fn command(url: &str, service: &str) -> String {
        let address = Address::parse(url, url).expect("is an address");
        let url = address.at(grpc::PATH).expect("is a path");
        reproduce(&Request::get(url, Span::seconds(5)), service)
    }

    #[test]
    fn the_command_asks_the_same_question() {
        assert_eq!(
            command("http://h:9000", ""),
            "grpcurl -plaintext -max-time 5 -d '{\"service\":\"\"}' h:9000 \
             grpc.health.v1.Health/Check"
        );
        assert_eq!(
            command("https://h", "it's"),
            "grpcurl -max-time 5 -d '{\"service\":\"it'\\''s\"}' h:443 \
             grpc.health.v1.Health/Check"
        );
    }
}
