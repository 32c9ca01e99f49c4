//! The time as every saved document writes it.

/// Now, RFC 3339 in UTC, to the millisecond.
pub fn now() -> String {
    rounded(jiff::Timestamp::now())
}

/// A moment, RFC 3339 in UTC, to the millisecond.
pub fn rounded(moment: jiff::Timestamp) -> String {
    // Rounding fails only beyond the year 9999.
    moment
        .round(jiff::Unit::Millisecond)
        .unwrap_or(moment)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_to_read_nanoseconds() {
        let moment = "2026-11-21T08:37:23.534865944Z".parse().expect("is a time");
        assert_eq!(rounded(moment), "2026-11-21T08:37:23.535Z");
    }
}
