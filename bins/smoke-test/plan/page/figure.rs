//! What is measured of a page, and what it may be at most.

/// What a figure may be at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FigureLimit {
    /// Which.
    pub(crate) figure: Figure,
    /// In milliseconds, bytes, or as it is.
    pub(crate) most: f64,
}

/// What is measured of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// When the first text or picture was painted.
    FirstContentfulPaint,
    /// When the largest one was.
    LargestContentfulPaint,
    /// How far things jumped.
    CumulativeLayoutShift,
    /// When it could react.
    TimeToInteractive,
    /// How much was transferred.
    Bytes,
}

impl Figure {
    /// As in a sentence.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::FirstContentfulPaint => "first contentful paint",
            Self::LargestContentfulPaint => "largest contentful paint",
            Self::CumulativeLayoutShift => "cumulative layout shift",
            Self::TimeToInteractive => "time to interactive",
            Self::Bytes => "transfer size",
        }
    }

    /// A value with its unit.
    pub(crate) fn shown(self, value: f64) -> String {
        match self {
            _ if !value.is_finite() => "never".into(),
            Self::CumulativeLayoutShift => {
                let text = format!("{value:.3}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Self::Bytes => format!("{:.1} KiB", value / 1024.0),
            Self::FirstContentfulPaint | Self::LargestContentfulPaint | Self::TimeToInteractive => {
                format!("{value:.0} ms")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_with_their_unit() {
        assert_eq!(Figure::LargestContentfulPaint.shown(812.4), "812 ms");
        assert_eq!(Figure::CumulativeLayoutShift.shown(0.1), "0.1");
        assert_eq!(Figure::CumulativeLayoutShift.shown(0.0), "0");
        assert_eq!(Figure::Bytes.shown(2048.0), "2.0 KiB");
        assert_eq!(Figure::TimeToInteractive.shown(f64::INFINITY), "never");
    }
}
