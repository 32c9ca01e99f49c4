//! Who may show a page in a frame: `frame-ancestors`, or else `X-Frame-Options`.

use crate::answer::{Answer, shown};
use crate::expectations::{Found, LONGEST_EXCERPT};
use crate::fields::content_security::{Policies, normalized};
use shared::config::Frame;

/// Where `frame-ancestors` stands, browsers ignore `X-Frame-Options`:
/// <https://www.w3.org/TR/CSP3/#frame-ancestors-and-frame-options>.
pub(super) fn judge(frame: Frame, policies: &Policies, answer: &Answer, found: &mut Found) {
    let expected = match frame {
        Frame::Deny => "`frame-ancestors 'none'` or `X-Frame-Options: DENY`",
        Frame::Sameorigin => "`frame-ancestors 'self'` or `X-Frame-Options: SAMEORIGIN`",
    };
    let lists = policies.lists("frame-ancestors");
    if let Some(first) = lists.first() {
        let observed = format!(
            "`frame-ancestors {}`",
            shown(&first.join(" "), LONGEST_EXCERPT)
        );
        if lists.iter().any(|list| is_narrow(frame, list)) {
            found
                .evidence
                .push(format!("frames are limited: {observed}"));
        } else {
            let message = format!("may be shown in frames of others: {observed}");
            found.wrong(message, observed, expected);
        }
        return;
    }
    let Some(value) = answer.header("x-frame-options") else {
        let message = "has neither `frame-ancestors` nor `X-Frame-Options`";
        return found.wrong(message, "no such header", expected);
    };
    let observed = format!("`X-Frame-Options: {}`", shown(&value, LONGEST_EXCERPT));
    if is_limiting(frame, &value) {
        found
            .evidence
            .push(format!("frames are limited: {observed}"));
    } else {
        let message = format!("may be shown in frames of others: {observed}");
        found.wrong(message, observed, expected);
    }
}

fn is_narrow(frame: Frame, list: &[String]) -> bool {
    let list = normalized(list.iter().map(String::as_str));
    let is_nobody = list.is_empty() || list == ["'none'"];
    match frame {
        Frame::Deny => is_nobody,
        Frame::Sameorigin => is_nobody || list == ["'self'"],
    }
}

/// Several equal values are one; different ones, and `ALLOW-FROM`, are not relied on:
/// <https://html.spec.whatwg.org/#the-x-frame-options-header>.
fn is_limiting(frame: Frame, value: &str) -> bool {
    let mut words = value
        .split(',')
        .map(|word| word.trim().to_ascii_lowercase());
    words.all(|word| match frame {
        Frame::Deny => word == "deny",
        Frame::Sameorigin => word == "deny" || word == "sameorigin",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::answer;

    fn is_held(frame: Frame, policy: &str, options: Option<&str>) -> bool {
        let mut answer = answer(200, "");
        let options = options.map(|value| ("x-frame-options".to_owned(), value.to_owned()));
        answer.headers = options.into_iter().collect();
        let mut found = Found::default();
        judge(frame, &Policies::parse(&[policy]), &answer, &mut found);
        assert_eq!(found.wrong.len() + found.evidence.len(), 1);
        found.wrong.is_empty()
    }

    #[test]
    fn one_of_both_headers_is_enough_and_the_policy_goes_first() {
        let (deny, same) = (Frame::Deny, Frame::Sameorigin);
        for (frame, policy, options, holds) in [
            (deny, "frame-ancestors 'none'", None, true),
            (deny, "frame-ancestors 'self'", Some("DENY"), false),
            (same, "frame-ancestors 'self'", None, true),
            (
                same,
                "frame-ancestors 'self' https://a.example",
                Some("DENY"),
                false,
            ),
            (same, "default-src 'none'", None, false),
            (deny, "", Some("deny"), true),
            (deny, "", Some("SAMEORIGIN"), false),
            (same, "", Some("SAMEORIGIN, SAMEORIGIN"), true),
            (same, "", Some("ALLOW-FROM https://a.example"), false),
            (same, "", Some("SAMEORIGIN, ALLOWALL"), false),
            (same, "", None, false),
        ] {
            assert_eq!(
                is_held(frame, policy, options),
                holds,
                "{policy} {options:?}"
            );
        }
    }
}
