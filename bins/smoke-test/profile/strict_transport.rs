//! `Strict-Transport-Security`.

use crate::answer::{Answer, shown};
use crate::expectations::{Found, LONGEST_EXCERPT};
use crate::fields::strict_transport::StrictTransport;
use crate::plan::Profile;
use shared::config::Hsts;

/// Browsers take the first of several lines: RFC 6797, section 8.1.
pub(super) fn judge(profile: &Profile, answer: &Answer, found: &mut Found) {
    let Some(hsts) = profile.hsts else { return };
    if !profile.is_secure {
        let why = "`Strict-Transport-Security` is not judged: browsers ignore it over http";
        found.evidence.push(why.into());
        return;
    }
    let expected = wanted(hsts);
    let values = answer.values("strict-transport-security");
    let Some(first) = values.first() else {
        let message = "has no `Strict-Transport-Security`";
        return found.wrong(message, "no such header", expected);
    };
    let observed = format!("`{}`", shown(first, LONGEST_EXCERPT));
    let said = match StrictTransport::parse(first) {
        Ok(said) => said,
        Err(why) => {
            let message = format!("has a `Strict-Transport-Security` that browsers ignore: {why}");
            return found.wrong(message, observed, expected);
        }
    };
    let faults = faults(hsts, said);
    for fault in &faults {
        let message = format!("has a `Strict-Transport-Security` {fault}");
        found.wrong(message, &observed, &expected);
    }
    if faults.is_empty() {
        let (age, least) = (said.max_age, hsts.max_age);
        found.evidence.push(format!(
            "`Strict-Transport-Security` holds: `max-age` {age} s (at least {least} s)"
        ));
    }
}

fn faults(hsts: Hsts, said: StrictTransport) -> Vec<String> {
    let mut faults = Vec::new();
    if said.max_age < hsts.max_age {
        let (age, least) = (said.max_age, hsts.max_age);
        faults.push(format!(
            "with a `max-age` of {age} s, and at least {least} s are wanted"
        ));
    }
    if hsts.include_subdomains && !said.includes_subdomains {
        faults.push("without `includeSubDomains`".into());
    }
    if hsts.preload && !said.preload {
        faults.push("without `preload`".into());
    }
    faults
}

fn wanted(hsts: Hsts) -> String {
    let mut wanted = format!("max-age of at least {}", hsts.max_age);
    if hsts.include_subdomains {
        wanted.push_str("; includeSubDomains");
    }
    if hsts.preload {
        wanted.push_str("; preload");
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::answer;

    fn found(hsts: Hsts, is_secure: bool, values: &[&str]) -> Found {
        let profile = Profile {
            hsts: Some(hsts),
            is_secure,
            ..Profile::default()
        };
        let mut answer = answer(200, "");
        answer.headers = values
            .iter()
            .map(|value| ("strict-transport-security".to_owned(), (*value).to_owned()))
            .collect();
        let mut found = Found::default();
        judge(&profile, &answer, &mut found);
        found
    }

    #[test]
    fn a_long_enough_age_holds() {
        let found = found(Hsts::default(), true, &["max-age=31536000"]);
        assert_eq!(
            found.evidence,
            ["`Strict-Transport-Security` holds: `max-age` 31536000 s (at least 15552000 s)"]
        );
        assert!(found.wrong.is_empty());
    }

    #[test]
    fn over_http_it_is_not_judged_and_says_so() {
        let found = found(Hsts::default(), false, &[]);
        assert_eq!(
            found.evidence,
            ["`Strict-Transport-Security` is not judged: browsers ignore it over http"]
        );
        assert!(found.wrong.is_empty());
    }

    #[test]
    fn every_fault_is_told() {
        let all = Hsts {
            include_subdomains: true,
            preload: true,
            ..Hsts::default()
        };
        for (values, messages) in [
            (&[][..], &["has no `Strict-Transport-Security`"][..]),
            (
                &["max-age=60", "max-age=31536000; includeSubDomains; preload"],
                &[
                    "has a `Strict-Transport-Security` with a `max-age` of 60 s, and at least \
                     15552000 s are wanted",
                    "has a `Strict-Transport-Security` without `includeSubDomains`",
                    "has a `Strict-Transport-Security` without `preload`",
                ],
            ),
            (
                &["31536000"],
                &["has a `Strict-Transport-Security` that browsers ignore: it has no `max-age`"],
            ),
        ] {
            let wrong = found(all, true, values).wrong;
            let told: Vec<&str> = wrong.iter().map(|wrong| wrong.message.as_str()).collect();
            assert_eq!(told, messages);
        }
    }
}
