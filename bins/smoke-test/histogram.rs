//! How times are spread, in so few numbers that a receipt can hold them.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Each power of two is cut into so many buckets, so none is wider than an eighth of its lower end.
const PARTS: u32 = 8;

/// How many times fall into each bucket, as `[from, below, count]` in milliseconds; empty ones are
/// left out. Below 8 µs a bucket is 1 µs wide, above at most 12.5 % of its lower end.
pub(crate) fn of(times: impl Iterator<Item = f64>) -> Value {
    let mut buckets: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for time in times {
        let (from, below) = bucket((time * 1000.0).max(0.0) as u64);
        buckets.entry(from).or_insert((below, 0)).1 += 1;
    }
    let milliseconds = |microseconds: u64| microseconds as f64 / 1000.0;
    let buckets = buckets.into_iter();
    let listed = buckets
        .map(|(from, (below, count))| json!([milliseconds(from), milliseconds(below), count]));
    Value::Array(listed.collect())
}

/// The bucket that a number of microseconds falls into: from the first, below the second.
fn bucket(time: u64) -> (u64, u64) {
    let power = time.max(1).ilog2();
    let width = 1 << power.saturating_sub(PARTS.ilog2());
    let from = time / width * width;
    (from, from.saturating_add(width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_times_share_a_bucket_and_empty_ones_are_left_out() {
        let times = [0.0, 0.0071, 12.0, 12.1, 500.0];
        assert_eq!(
            of(times.into_iter()),
            json!([
                [0.0, 0.001, 1],
                [0.007, 0.008, 1],
                [11.264, 12.288, 2],
                [491.52, 524.288, 1]
            ])
        );
        assert_eq!(of(std::iter::empty()), json!([]));
    }

    proptest! {
        #[test]
        fn every_time_is_in_its_bucket_which_is_narrow(time in 0u64..1 << 50) {
            let (from, below) = bucket(time);
            prop_assert!(from <= time && time < below);
            prop_assert!(below - from == 1 || (below - from) * 8 <= from);
            prop_assert_eq!(bucket(from), (from, below));
            prop_assert!(bucket(below).0 == below);
        }
    }
}
