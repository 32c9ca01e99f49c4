//! What a number of requests can prove: exact binomial bounds on a share, and order statistics on
//! a percentile.
//!
//! Shares: C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated
//! in the case of the binomial", Biometrika 26 (1934), 404-413. Percentiles: H. A. David and H. N.
//! Nagaraja, "Order Statistics", 3rd edition (2003), section 7.1. Both need only the binomial
//! distribution, so neither assumes anything about how response times are distributed.

/// Ranks (from 1) of the samples between which a percentile lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ranks {
    /// The percentile is smaller than this sample with at most half of the allowed error.
    pub(crate) lower: Option<u64>,
    /// The percentile is larger than this sample with at most half of the allowed error.
    pub(crate) upper: Option<u64>,
}

/// Beyond this many no number of requests is worth naming.
const MOST_REQUESTS: u64 = 10_000_000;

/// The chance that at most `hits` of `count` independent trials succeed, each with this chance.
///
/// It is the regularized incomplete beta function: W. H. Press et al., "Numerical Recipes", 3rd
/// edition (2007), equation 6.14.41.
pub(crate) fn at_most(hits: u64, count: u64, chance: f64) -> f64 {
    if hits >= count || chance <= 0.0 {
        1.0
    } else if chance >= 1.0 {
        0.0
    } else {
        incomplete_beta((count - hits) as f64, hits as f64 + 1.0, 1.0 - chance)
    }
}

/// The largest share that `hits` of `count` still allow, one-sided. 0 of n gives
/// `1 - (1 - confidence)^(1/n)`.
pub(crate) fn upper_bound(hits: u64, count: u64, confidence: f64) -> f64 {
    if hits >= count {
        return 1.0;
    }
    let (mut low, mut high) = (hits as f64 / count as f64, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(hits, count, middle) > 1.0 - confidence {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The smallest share that `hits` of `count` still allow, one-sided.
pub(crate) fn lower_bound(hits: u64, count: u64, confidence: f64) -> f64 {
    if hits == 0 || count == 0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, hits as f64 / count as f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if 1.0 - at_most(hits - 1, count, middle) < 1.0 - confidence {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The ranks of the two samples between which the percentile lies, two-sided.
pub(crate) fn ranks(count: u64, share: f64, confidence: f64) -> Ranks {
    let tail = (1.0 - confidence) / 2.0;
    // Both conditions change once while the rank grows, so each is found by bisection.
    let first = |holds: &dyn Fn(u64) -> bool| {
        let (mut low, mut high) = (1, count + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    };
    let beyond = first(&|rank| at_most(rank - 1, count, share) > tail);
    let upper = first(&|rank| 1.0 - at_most(rank - 1, count, share) <= tail);
    Ranks {
        lower: (beyond > 1).then(|| beyond - 1),
        upper: (upper <= count).then_some(upper),
    }
}

/// The fewest requests that can show a percentile to be under a limit.
pub(crate) fn least_for_percentile(share: f64, confidence: f64) -> u64 {
    first_number(|count| ranks(count, share, confidence).upper.is_some()).unwrap_or(MOST_REQUESTS)
}

/// The fewest requests that can show a share of failures to be at most the limit, namely when
/// none fails; `None` when no number can.
pub(crate) fn least_for_share(limit: f64, confidence: f64) -> Option<u64> {
    first_number(|count| upper_bound(0, count, confidence) <= limit)
}

/// About how many requests would decide on a percentile, if as large a part of them stays under
/// the limit as of those seen.
pub(crate) fn needed_for_percentile(
    under: u64,
    count: u64,
    share: f64,
    confidence: f64,
) -> Option<u64> {
    let seen = part(under, count)?;
    let decides = |count: u64| {
        let under = seen * count as f64;
        let ranks = ranks(count, share, confidence);
        ranks.upper.is_some_and(|rank| under.floor() >= rank as f64)
            || ranks.lower.is_some_and(|rank| under.ceil() < rank as f64)
    };
    first_number(decides).map(rounded)
}

/// About how many requests would decide on a share of failures, if it stays as it was seen.
pub(crate) fn needed_for_share(
    failed: u64,
    count: u64,
    limit: f64,
    confidence: f64,
) -> Option<u64> {
    let seen = part(failed, count)?;
    let decides = |count: u64| {
        let failed = seen * count as f64;
        let (most, least) = (failed.ceil() as u64, failed.floor() as u64);
        upper_bound(most, count, confidence) <= limit
            || lower_bound(least, count, confidence) > limit
    };
    first_number(decides).map(rounded)
}

fn part(hits: u64, count: u64) -> Option<f64> {
    (count > 0).then(|| hits as f64 / count as f64)
}

/// The first number with a property that larger ones have as well, up to [`MOST_REQUESTS`].
fn first_number(has: impl Fn(u64) -> bool) -> Option<u64> {
    let mut high = 1;
    while !has(high) {
        if high >= MOST_REQUESTS {
            return None;
        }
        high = (high * 2).min(MOST_REQUESTS);
    }
    let mut low = high / 2;
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if has(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// Up to two significant digits: more would promise what an estimate cannot keep.
fn rounded(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    number.div_ceil(unit) * unit
}

/// I_x(a, b), by its continued fraction (Numerical Recipes, section 6.4).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    let front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln();
    let value = if x < (a + 1.0) / (a + b + 2.0) {
        front.exp() * continued_fraction(a, b, x) / a
    } else {
        1.0 - front.exp() * continued_fraction(b, a, 1.0 - x) / b
    };
    value.clamp(0.0, 1.0)
}

/// Lentz's method; it takes about the square root of the larger of a and b in steps.
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    const MOST_STEPS: u32 = 50_000;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..=MOST_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for coefficient in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + coefficient * d);
            c = away_from_zero(1.0 + coefficient / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// The logarithm of the gamma function for positive numbers: C. Lanczos, "A precision
/// approximation of the gamma function" (1964), with g = 7 and nine terms.
fn ln_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let mut sum = TERMS[0];
    for (index, term) in (1_u32..).zip(&TERMS[1..]) {
        sum += term / (x + f64::from(index));
    }
    let t = x + G + 0.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_near(value: f64, expected: f64) -> bool {
        (value - expected).abs() <= 1e-9 * expected.abs().max(1e-3)
    }

    /// The sum that defines it, term by term; in logarithms, because the first may be tiny.
    fn summed(hits: u64, count: u64, chance: f64) -> f64 {
        let mut term = (1.0 - chance).ln() * count as f64;
        let mut sum = term.exp();
        for hit in 1..=hits {
            term += ((count - hit + 1) as f64 / hit as f64 * chance / (1.0 - chance)).ln();
            sum += term.exp();
        }
        sum
    }

    #[test]
    fn the_binomial_distribution_is_exact() {
        assert!(is_near(at_most(3, 10, 0.5), 176.0 / 1024.0));
        assert!(is_near(at_most(95, 100, 0.95), 0.564_018_699_314_288));
        assert!(is_near(at_most(0, 300, 0.01), 0.99_f64.powi(300)));
        assert_eq!(at_most(10, 10, 0.3), 1.0);
        assert_eq!((at_most(2, 10, 0.0), at_most(2, 10, 1.0)), (1.0, 0.0));
    }

    // 5 of 100 and 10 of 20, two-sided 95 %: what `binom.test` of R prints; the rest from exact
    // rational arithmetic.
    #[test]
    fn the_bounds_on_a_share_are_those_of_clopper_and_pearson() {
        for (hits, count, confidence, lower, upper) in [
            (5, 100, 0.975, 0.016_431_879, 0.112_834_911),
            (10, 20, 0.975, 0.271_957_850, 0.728_042_150),
            (3, 300, 0.95, 0.002_731_030, 0.025_641_393),
            (15, 300, 0.95, 0.031_069_950, 0.075_948_698),
        ] {
            assert!((lower_bound(hits, count, confidence) - lower).abs() < 1e-8);
            assert!((upper_bound(hits, count, confidence) - upper).abs() < 1e-8);
        }
    }

    #[test]
    fn no_failure_at_all_bounds_the_share_by_the_root_of_five_percent() {
        for count in [1, 59, 299, 300, 100_000] {
            let expected = 1.0 - 0.05_f64.powf(1.0 / count as f64);
            assert!((upper_bound(0, count, 0.95) - expected).abs() < 1e-9 * expected);
        }
        assert_eq!(lower_bound(0, 300, 0.95), 0.0);
        assert_eq!(upper_bound(7, 7, 0.95), 1.0);
    }

    // From exact rational arithmetic; 90 and 100 for 100 samples are also found by hand:
    // 0.95^100 = 0.0059 and P(at least 99) = 0.037.
    #[test]
    fn the_ranks_around_the_95th_percentile_are_exact() {
        for (count, lower, upper) in [
            (1, None, None),
            (2, Some(1), None),
            (71, Some(63), None),
            (72, Some(64), Some(72)),
            (100, Some(90), Some(100)),
            (285, Some(263), Some(278)),
            (300, Some(277), Some(293)),
            (1000, Some(936), Some(964)),
        ] {
            assert_eq!(ranks(count, 0.95, 0.95), Ranks { lower, upper }, "{count}");
        }
    }

    #[test]
    fn the_fewest_requests_are_known_beforehand() {
        assert_eq!(least_for_percentile(0.95, 0.95), 72);
        assert_eq!(least_for_share(0.01, 0.95), Some(299));
        assert_eq!(least_for_share(0.05, 0.95), Some(59));
        assert_eq!(least_for_share(0.001, 0.95), Some(2995));
        assert_eq!(least_for_share(1.0, 0.95), Some(1));
        assert_eq!(least_for_share(0.0, 0.95), None);
    }

    #[test]
    fn the_needed_number_decides_when_the_shares_stay() {
        let needed = needed_for_share(3, 300, 0.02, 0.95).expect("1 % is not 2 %");
        assert!(upper_bound(needed / 100, needed, 0.95) <= 0.02, "{needed}");
        assert!(needed > 300);
        assert_eq!(needed_for_share(3, 300, 0.01, 0.95), None);
        let needed = needed_for_percentile(288, 300, 0.95, 0.95).expect("96 % is not 95 %");
        let rank = ranks(needed, 0.95, 0.95).upper.expect("is large enough");
        assert!(needed * 96 / 100 >= rank, "{needed}");
        assert_eq!(needed_for_percentile(285, 300, 0.95, 0.95), None);
        assert_eq!(needed_for_percentile(0, 0, 0.95, 0.95), None);
    }

    #[test]
    fn estimates_have_two_digits() {
        assert_eq!(
            [7, 99, 100, 101, 1234].map(rounded),
            [7, 99, 100, 110, 1300]
        );
    }

    #[test]
    fn a_million_requests_are_no_trouble() {
        let ranks = ranks(1_000_000, 0.95, 0.95);
        let (lower, upper) = (ranks.lower.expect("exists"), ranks.upper.expect("exists"));
        // The normal approximation: 950 000 -+ 1.96 * sqrt(47 500).
        assert!(lower.abs_diff(949_573) <= 2, "{lower}");
        assert!(upper.abs_diff(950_428) <= 2, "{upper}");
        assert!(is_near(
            upper_bound(0, 1_000_000, 0.95),
            1.0 - 0.05_f64.powf(1e-6)
        ));
    }

    proptest! {
        #[test]
        fn the_distribution_is_the_sum_of_its_terms(
            count in 1u64..400, part in 0.0f64..1.0, chance in 0.001f64..0.999
        ) {
            let hits = (part * count as f64) as u64;
            let expected = summed(hits, count, chance).min(1.0);
            prop_assert!((at_most(hits, count, chance) - expected).abs() < 1e-9);
        }

        #[test]
        fn the_bounds_hold_the_share_that_was_seen(count in 1u64..5000, part in 0.0f64..=1.0) {
            let hits = (part * count as f64) as u64;
            let seen = hits as f64 / count as f64;
            let (lower, upper) = (lower_bound(hits, count, 0.95), upper_bound(hits, count, 0.95));
            prop_assert!((0.0..=1.0).contains(&lower) && (0.0..=1.0).contains(&upper));
            prop_assert!(lower <= seen && seen <= upper);
        }

        #[test]
        fn more_failures_never_lower_a_bound(count in 2u64..2000, part in 0.0f64..1.0) {
            let hits = (part * (count - 1) as f64) as u64;
            prop_assert!(upper_bound(hits, count, 0.95) <= upper_bound(hits + 1, count, 0.95));
            prop_assert!(lower_bound(hits, count, 0.95) <= lower_bound(hits + 1, count, 0.95));
        }

        #[test]
        fn more_requests_without_failure_never_widen_the_bound(count in 1u64..5000) {
            prop_assert!(upper_bound(0, count + 1, 0.95) <= upper_bound(0, count, 0.95));
        }

        // The promise itself, computed and not sampled: whatever the true share is, the chance of
        // seeing so many failures that the lower bound exceeds it is at most 5 %, and the same
        // for the upper bound.
        #[test]
        fn the_bounds_are_wrong_in_at_most_one_case_of_twenty(
            count in 1u64..120, truth in 0.001f64..0.999
        ) {
            let (mut too_high, mut too_low, mut before) = (0.0, 0.0, 0.0);
            for hits in 0..=count {
                let until = at_most(hits, count, truth);
                let chance = until - before;
                before = until;
                if lower_bound(hits, count, 0.95) > truth { too_high += chance; }
                if upper_bound(hits, count, 0.95) < truth { too_low += chance; }
            }
            prop_assert!(too_high <= 0.05 + 1e-9 && too_low <= 0.05 + 1e-9, "{too_high} {too_low}");
        }

        #[test]
        fn the_ranks_lie_around_the_percentile_and_keep_their_promise(
            count in 1u64..3000, share in 0.5f64..0.99
        ) {
            let ranks = ranks(count, share, 0.95);
            if let Some(lower) = ranks.lower {
                prop_assert!(lower >= 1 && lower as f64 <= share * count as f64 + 1.0);
                prop_assert!(at_most(lower - 1, count, share) <= 0.025 + 1e-12);
            }
            if let Some(upper) = ranks.upper {
                prop_assert!(upper <= count && upper as f64 >= share * count as f64);
                prop_assert!(1.0 - at_most(upper - 1, count, share) <= 0.025 + 1e-12);
            }
            if let (Some(lower), Some(upper)) = (ranks.lower, ranks.upper) {
                prop_assert!(lower < upper);
            }
        }
    }
}
