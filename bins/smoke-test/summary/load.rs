//! The tables of series and comparisons.

use crate::contrast::Contrast;
use crate::facts::{Calibration, Compared, Facts, Measured, Pace};
use crate::figures::{Figures, milliseconds, ms, percent, whole_percent};
use crate::plan::{ComparePlan, LoadPlan, Of};
use crate::spread::{Percentile, Spread};
use shared::receipt::Table;

const FIGURES: [&str; 10] = [
    "ok",
    "errors",
    "429",
    "p50",
    "p95 (interval)",
    "p99",
    "max",
    "service p95",
    "rate",
    "lateness p95",
];

/// `p95 12 ms (limit 500 ms)`: of all limits the one that comes closest.
pub(super) fn closest(facts: &Facts) -> Option<String> {
    let mut all = Vec::new();
    for fact in &facts.probes.load {
        let Ok(measured) = &fact.seen else { continue };
        let figures = Figures::of(measured, &fact.plan);
        for limit in &fact.plan.limits {
            let value = match limit.of {
                Of::Response(share) => figures.response.value(share),
                Of::Service(share) => figures.service.value(share),
                Of::Slowest => figures.response.largest(),
            };
            all.push((limit.word(), value, milliseconds(limit.under)));
        }
    }
    let mut all = all.into_iter();
    let first = all.next()?;
    let (word, value, limit) = all.fold(first, |one, other| {
        if other.1 / other.2 > one.1 / one.2 {
            other
        } else {
            one
        }
    });
    Some(format!("{word} {} (limit {})", ms(value), ms(limit)))
}

/// One line for each series.
pub(super) fn series(facts: &Facts) -> Table {
    let columns = [&["load", "sent"][..], &FIGURES, &["limits"]].concat();
    let mut table = Table::new("Load", &columns);
    for (plan, measured) in asked(facts) {
        let figures = Figures::of(measured, plan);
        let (sent, warm_up) = (measured.samples.len(), measured.warm_up);
        let limits = plan.limits.iter();
        let limits = limits.map(|limit| format!("{} {}", limit.word(), limit.under));
        let mut row = vec![plan.name.clone(), format!("{sent} + {warm_up} to warm up")];
        row.extend(figures_of(plan, &figures, &measured.pace));
        row.push(limits.collect::<Vec<_>>().join(", "));
        table.row(row);
    }
    table
}

/// One line for each stage, where a series has several.
pub(super) fn stages(facts: &Facts) -> Table {
    let columns = [&["load", "stage", "sent"][..], &FIGURES].concat();
    let mut table = Table::new("Load by stage", &columns);
    for (plan, measured) in asked(facts) {
        if measured.stages.len() < 2 {
            continue;
        }
        for (stage, pace) in measured.stages.iter().enumerate() {
            let figures = Figures::of_stage(measured, plan, stage);
            let sent = figures.judged + figures.turned_away;
            let mut row = vec![plan.name.clone(), plan.stage(stage), sent.to_string()];
            row.extend(figures_of(plan, &figures, pace));
            table.row(row);
        }
    }
    table
}

fn asked(facts: &Facts) -> impl Iterator<Item = (&LoadPlan, &Measured)> {
    let series = facts.probes.load.iter();
    series.filter_map(|fact| Some((&fact.plan, fact.seen.as_ref().ok()?)))
}

fn figures_of(plan: &LoadPlan, figures: &Figures, pace: &Pace) -> [String; 10] {
    let errors = match figures.failed() {
        0 => "0".to_owned(),
        failed => {
            let share = percent(failed as f64 / figures.judged as f64);
            format!("{failed} ({share}): {}", figures.listed_failures())
        }
    };
    let rate = if plan.has_rate() {
        format!("{:.1}/s of {:.1}/s", pace.achieved(), pace.planned())
    } else {
        format!("{:.1}/s", pace.achieved())
    };
    let response = &figures.response;
    [
        figures.well.to_string(),
        errors,
        figures.turned_away.to_string(),
        ms(response.value(0.5)),
        with_interval(response.percentile(0.95, figures.confidence), ms),
        ms(response.value(0.99)),
        ms(figures.slowest()),
        ms(figures.service.value(0.95)),
        rate,
        ms(figures.lateness),
    ]
}

fn with_interval(found: Percentile, shown: impl Fn(f64) -> String) -> String {
    let bound = |bound: Option<f64>| bound.map_or_else(|| "?".to_owned(), &shown);
    let (lower, upper) = (bound(found.lower), bound(found.upper));
    format!("{} ({lower} to {upper})", shown(found.value))
}

/// One line for each comparison.
pub(super) fn comparisons(facts: &Facts) -> Table {
    let columns = [
        "compared",
        "pairs",
        "only new failed",
        "only current failed",
        "p50 new / current",
        "median difference (interval)",
        "p95 difference (interval)",
        "limits",
    ];
    let mut table = Table::new("Compared", &columns);
    for fact in &facts.probes.compare {
        if let Ok(compared) = &fact.seen {
            table.row(comparison(&fact.plan, compared));
        }
    }
    table
}

fn comparison(plan: &ComparePlan, compared: &Compared) -> [String; 8] {
    let contrast = Contrast::of(compared, plan);
    let sure = contrast.confidence();
    let difference = |share| with_interval(contrast.by_time.percentile(share, sure), signed);
    let limits = plan.limits.iter();
    let limits = limits.map(|limit| format!("{} {}", limit.word(), limit.under));
    let median = |spread: &Spread| ms(spread.value(0.5));
    [
        plan.name.clone(),
        contrast.pairs.to_string(),
        contrast.only_new_failed.to_string(),
        contrast.only_current_failed.to_string(),
        format!("{} / {}", median(&contrast.new), median(&contrast.current)),
        difference(0.5),
        difference(0.95),
        limits.collect::<Vec<_>>().join(", "),
    ]
}

fn signed(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "+" };
    format!("{sign}{}", ms(value.abs()))
}

/// How good the instrument was each time.
pub(super) fn instrument(facts: &Facts) -> Table {
    let columns = [
        "instrument for",
        "timer late p99",
        "local echo p50",
        "local echo p99",
        "of its core",
        "most open",
        "reopened",
    ];
    let mut table = Table::new("Instrument", &columns);
    for (plan, measured) in asked(facts) {
        let [timer, echo, slowest] = calibration(measured.instrument.calibration);
        table.row([
            plan.name.clone(),
            timer,
            echo,
            slowest,
            whole_percent(measured.instrument.processor),
            measured.most_open.to_string(),
            measured.reopened.to_string(),
        ]);
    }
    for fact in &facts.probes.compare {
        let Ok(compared) = &fact.seen else { continue };
        let [timer, echo, slowest] = calibration(compared.calibration);
        let none = || "-".to_owned();
        let name = fact.plan.name.clone();
        table.row([name, timer, echo, slowest, none(), "1".into(), none()]);
    }
    table
}

fn calibration(found: Option<Calibration>) -> [String; 3] {
    match found {
        Some(found) => [found.timer, found.echo, found.slowest_echo].map(|time| {
            // Far below a millisecond, and that is what there is to see.
            format!("{time:.3} ms")
        }),
        None => ["-", "-", "-"].map(str::to_owned),
    }
}
