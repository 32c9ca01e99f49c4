//! `Content-Type`: what a body is (RFC 9110, section 8.3.1).

/// `text/html` of `Text/HTML; charset=utf-8`.
pub(crate) fn essence(value: &str) -> String {
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Whether browsers run it as a script: <https://mimesniff.spec.whatwg.org/#javascript-mime-type>.
pub(crate) fn is_script(essence: &str) -> bool {
    matches!(
        essence,
        "text/javascript"
            | "application/javascript"
            | "application/x-javascript"
            | "application/ecmascript"
            | "application/x-ecmascript"
            | "text/ecmascript"
            | "text/x-javascript"
            | "text/x-ecmascript"
            | "text/jscript"
            | "text/livescript"
    )
}

/// Whether it is a font: RFC 8081, and what was usual before it.
pub(crate) fn is_font(essence: &str) -> bool {
    essence.starts_with("font/")
        || essence.starts_with("application/font-")
        || essence.starts_with("application/x-font-")
        || essence == "application/vnd.ms-fontobject"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_and_case_mean_nothing() {
        assert_eq!(essence("Text/HTML ; charset=utf-8"), "text/html");
        assert!(is_script("text/javascript") && !is_script("text/html"));
        assert!(is_font("font/woff2") && !is_font("text/css"));
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "(?s).{0,40}") {
            let _ = essence(&value);
        }
    }
}
