use super::*;
use crate::facts::{End, Timed};
use crate::sample::{compare_plan, compared};
use proptest::prelude::*;
use shared::config::{Share, Span};

fn contrast(pairs: &[(usize, f64, u16, f64, u16)]) -> (Contrast, ComparePlan) {
    let plan = compare_plan();
    (Contrast::of(&compared(pairs), &plan), plan)
}

#[test]
fn equal_answers_keep_every_limit() {
    let (contrast, plan) = contrast(&[(100, 12.0, 200, 12.0, 200)]);
    assert_eq!(contrast.times(&plan.limits[0]), Decided::Kept);
    assert_eq!(contrast.errors(&plan), Decided::Kept);
    assert_eq!((contrast.unfit(), contrast.chance()), (None, 1.0));
    assert!(!contrast.is_open(&plan));
}

#[test]
fn a_slower_release_breaks_the_limit_however_much_both_vary() {
    // Each pair is slow or fast as a whole, by far more than the limit of 20 ms.
    let (contrast, plan) = contrast(&[(50, 340.0, 200, 310.0, 200), (50, 45.0, 200, 15.0, 200)]);
    assert_eq!(contrast.times(&plan.limits[0]), Decided::Broken);
    assert_eq!(contrast.found(&plan.limits[0]).value, 30.0);
    let part = DeltaLimit {
        share: 0.5,
        under: Delta::Part(Share::percent(10.0)),
    };
    assert!(matches!(contrast.times(&part), Decided::Open(_)));
}

#[test]
fn a_part_is_of_what_the_current_one_took() {
    let (contrast, _) = contrast(&[(100, 109.0, 200, 100.0, 200)]);
    let limit = |percent| DeltaLimit {
        share: 0.95,
        under: Delta::Part(Share::percent(percent)),
    };
    assert_eq!(contrast.times(&limit(10.0)), Decided::Kept);
    assert_eq!(contrast.times(&limit(8.0)), Decided::Broken);
}

#[test]
fn what_lies_around_the_limit_is_open() {
    let (contrast, plan) = contrast(&[(52, 12.0, 200, 12.0, 200), (48, 42.0, 200, 12.0, 200)]);
    assert!(matches!(
        contrast.times(&plan.limits[0]),
        Decided::Open(Some(_))
    ));
    assert!(contrast.is_open(&plan));
}

#[test]
fn failures_of_the_new_one_alone_are_worse_by_more_than_chance() {
    // 8 to 1: 10 / 512. That is no chance, and yet no proof of more than the limit.
    let (worse, plan) = contrast(&[
        (91, 12.0, 200, 12.0, 200),
        (8, 1.0, 500, 12.0, 200),
        (1, 12.0, 200, 1.0, 500),
    ]);
    assert!((worse.chance() - 10.0 / 512.0).abs() < 1e-12);
    assert!((0.04..0.05).contains(&worse.least_failures(0)));
    assert!(matches!(worse.errors(&plan), Decided::Open(_)));
    let (bad, plan) = contrast(&[(88, 12.0, 200, 12.0, 200), (12, 1.0, 500, 12.0, 200)]);
    assert_eq!(bad.errors(&plan), Decided::Broken);
    let (even, plan) = contrast(&[
        (90, 12.0, 200, 12.0, 200),
        (5, 1.0, 500, 12.0, 200),
        (5, 12.0, 200, 1.0, 500),
    ]);
    assert!(matches!(even.errors(&plan), Decided::Open(_)));
    let (both, plan) = contrast(&[(95, 12.0, 200, 12.0, 200), (5, 1.0, 500, 1.0, 500)]);
    assert_eq!(both.errors(&plan), Decided::Kept);
}

#[test]
fn a_current_release_that_fails_is_nothing_to_compare_with() {
    let (broken, _) = contrast(&[(80, 12.0, 200, 12.0, 200), (20, 12.0, 200, 1.0, 503)]);
    let why = broken.unfit().expect("a fifth failed");
    assert!(
        why.starts_with("the current release failed in 20 of 100 pairs"),
        "{why}"
    );
    assert_eq!(broken.compared(), 80);
}

#[test]
fn nothing_asked_decides_nothing() {
    let (none, plan) = contrast(&[]);
    assert_eq!(none.times(&plan.limits[0]), Decided::Open(None));
    assert_eq!(none.errors(&plan), Decided::Open(None));
}

/// Numbers that look random and are the same in every run: G. Marsaglia, "Xorshift RNGs", Journal of
/// Statistical Software 8 (2003), with the triple 13, 7, 17.
struct Numbers(u64);

impl Numbers {
    /// Evenly between 0 and 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A time with a long tail, as answers have: the median is 20 ms.
    fn time(&mut self) -> f64 {
        let even = self.next().clamp(1e-9, 1.0 - 1e-9);
        20.0 * (even / (1.0 - even)).powf(0.5)
    }
}

/// How often pairs of a release that is slower by so much are judged in each way.
fn judged(slower: f64, seed: u64, rounds: u32) -> (u32, u32) {
    let mut numbers = Numbers(seed);
    let plan = compare_plan();
    let (mut kept, mut broken) = (0, 0);
    for _ in 0..rounds {
        let pairs = (0..100).map(|_| {
            // What both share is larger than the limit; what is left of it is not.
            let shared = numbers.time() * 5.0;
            let timed = |time| Timed {
                time,
                end: End::Status(200),
            };
            Pair {
                new: timed(shared + numbers.time() + slower),
                current: timed(shared + numbers.time()),
                is_new_first: true,
            }
        });
        let compared = Compared {
            pairs: pairs.collect(),
            ..Compared::default()
        };
        match Contrast::of(&compared, &plan).times(&plan.limits[0]) {
            Decided::Kept => kept += 1,
            Decided::Broken => broken += 1,
            Decided::Open(_) => {}
        }
    }
    (kept, broken)
}

// The limit is 20 ms. Exactly on it each of both errors may happen in 2.5 % of all cases: 50 of
// 2000, with a standard deviation of 7.
#[test]
fn on_the_limit_each_side_is_wrong_in_at_most_one_case_of_forty() {
    for seed in [0x9e37_79b9_7f4a_7c15, 0x2545_f491_4f6c_dd1d] {
        let (kept, broken) = judged(20.0, seed, 2000);
        assert!(kept <= 71 && broken <= 71, "{kept} kept, {broken} broken");
        assert!(
            kept + broken >= 20,
            "the interval is wider than it must be: {kept} {broken}"
        );
    }
}

#[test]
fn equal_releases_pass_and_much_slower_ones_fail() {
    let (kept, broken) = judged(0.0, 7, 500);
    assert!(kept >= 490 && broken == 0, "{kept} kept, {broken} broken");
    let (kept, broken) = judged(40.0, 11, 500);
    assert!(broken >= 490 && kept == 0, "{kept} kept, {broken} broken");
}

proptest! {
    #[test]
    fn swapping_both_sides_swaps_the_failures(
        new in 0usize..30, current in 0usize..30, both in 0usize..10, well in 1usize..60
    ) {
        let pairs = |new, current| [
            (well, 10.0, 200, 10.0, 200),
            (new, 1.0, 500, 10.0, 200),
            (current, 10.0, 200, 1.0, 500),
            (both, 1.0, 500, 1.0, 500),
        ];
        let (one, _) = contrast(&pairs(new, current));
        let (other, _) = contrast(&pairs(current, new));
        prop_assert_eq!(one.only_new_failed, other.only_current_failed);
        // The two chances overlap in the one case that both count.
        prop_assert!(one.chance() + other.chance() >= 1.0 - 1e-9);
        prop_assert!(one.chance() <= 0.5 || new <= current + 1);
        prop_assert!(one.most_failures() >= new as f64 / one.pairs as f64);
    }

    #[test]
    fn being_slower_never_helps(
        times in prop::collection::vec((1.0f64..500.0, 1.0f64..500.0), 100), more in 0.0f64..100.0
    ) {
        let rank = |decided: Decided| match decided {
            Decided::Kept => 0,
            Decided::Open(_) => 1,
            Decided::Broken => 2,
        };
        let pairs = |more: f64| -> Vec<_> {
            times.iter().map(|(new, current)| (1, new + more, 200, *current, 200)).collect()
        };
        let (before, plan) = contrast(&pairs(0.0));
        let (after, _) = contrast(&pairs(more));
        for under in [Delta::Time(Span::milliseconds(20)), Delta::Part(Share::percent(10.0))] {
            let limit = DeltaLimit { under, ..plan.limits[0] };
            prop_assert!(rank(before.times(&limit)) <= rank(after.times(&limit)));
        }
    }
}
