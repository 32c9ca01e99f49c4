//! A mail server that must greet, and agree on TLS.

use super::Planned;
use super::host::{self, Host};
use super::scope::Scope;
use shared::config::{SmtpProbe, Span};
use shared::error::Result;
use shared::gate::Step;

/// A mail server that must greet, and agree on TLS.
#[derive(Clone, Debug)]
pub(crate) struct SmtpPlan {
    /// What it is called.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) host: Host,
    /// Its port.
    pub(crate) port: u16,
    /// Whether it must agree on TLS.
    pub(crate) has_starttls: bool,
    /// How long the whole conversation may take.
    pub(crate) within: Span,
    /// The command that shows the same by hand.
    pub(crate) reproduce: String,
}

impl SmtpPlan {
    /// `mail.example:25`.
    pub(crate) fn address(&self) -> String {
        let (host, port) = (&self.host.shown, self.port);
        if host.contains(':') && !host.contains('{') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }
}

impl Planned for SmtpPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["smtp"]
    }

    fn steps(&self) -> Vec<Step> {
        let (name, within) = (&self.name, self.within);
        let (wanted, commands) = if self.has_starttls {
            ("a greeting and TLS", "EHLO, STARTTLS, EHLO, QUIT")
        } else {
            ("a greeting", "EHLO, QUIT")
        };
        vec![Step::reads(
            format!("probe `{name}`: {wanted} within {within}"),
            format!("connect to {}: {commands}", self.address()),
        )]
    }

    fn requests(&self) -> u64 {
        1
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &SmtpProbe) -> Result<SmtpPlan> {
    let (host, _) = host::of(scope, probe.at.as_ref(), probe.host.as_ref())?;
    if probe.within.duration().is_zero() {
        return Err(scope.refuse("has a `within` of 0"));
    }
    if probe.port == 0 {
        return Err(scope.refuse("has the port 0, which nothing listens on"));
    }
    let mut plan = SmtpPlan {
        name: probe.name.value.clone(),
        host,
        port: probe.port,
        has_starttls: probe.starttls,
        within: probe.within,
        reproduce: String::new(),
    };
    plan.reproduce = reproduce(&plan);
    Ok(plan)
}

fn reproduce(plan: &SmtpPlan) -> String {
    let word = crate::reproduce::word;
    let (host, port) = (&plan.host.shown, plan.port);
    if plan.has_starttls {
        let (address, host) = (word(&plan.address()), word(host));
        return format!(
            "openssl s_client -starttls smtp -connect {address} -servername {host} \
             -verify_hostname {host} -verify_return_error"
        );
    }
    let seconds = plan.within.duration().as_secs_f64().ceil();
    let host = word(host);
    format!(r"printf 'EHLO localhost\r\nQUIT\r\n' | nc -w {seconds} {host} {port}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::secret::Secret;

    #[test]
    fn the_command_shows_the_same_conversation() {
        let mut plan = SmtpPlan {
            name: "mail".into(),
            host: Host {
                real: Secret::plain("::1"),
                shown: "::1".into(),
            },
            port: 2525,
            has_starttls: true,
            within: Span::milliseconds(1500),
            reproduce: String::new(),
        };
        let command = reproduce(&plan);
        assert!(
            command.contains("-connect '[::1]:2525' -servername ::1 "),
            "{command}"
        );
        plan.has_starttls = false;
        plan.host.shown = "${MAIL}".into();
        assert_eq!(
            reproduce(&plan),
            r#"printf 'EHLO localhost\r\nQUIT\r\n' | nc -w 2 "${MAIL}" 2525"#
        );
    }
}
