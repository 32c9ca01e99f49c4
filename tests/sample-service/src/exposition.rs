//! The counts in the Prometheus text format 0.0.4: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::fmt::Write as _;
use std::time::Duration;

use crate::metrics::{BOUNDS, Counts};

/// The content type of the format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Renders the counts of one release.
pub(crate) fn render(counts: &Counts, release: &str, started: Duration) -> String {
    let release = escaped(release);
    let mut text = String::new();
    requests(&mut text, counts, &release);
    durations(&mut text, counts, &release);
    let name = "process_start_time_seconds";
    head(
        &mut text,
        name,
        "gauge",
        "When the process started, since the Unix epoch.",
    );
    line(&mut text, format_args!("{name} {}", started.as_secs_f64()));
    text
}

fn requests(text: &mut String, counts: &Counts, release: &str) {
    let name = "http_requests_total";
    head(text, name, "counter", "Requests answered, by exact status.");
    for (status, count) in &counts.requests {
        line(
            text,
            format_args!("{name}{{status=\"{status}\",release=\"{release}\"}} {count}"),
        );
    }
}

fn durations(text: &mut String, counts: &Counts, release: &str) {
    let name = "http_request_duration_seconds";
    head(text, name, "histogram", "How long requests took.");
    let mut cumulated = 0;
    for (place, count) in counts.durations.iter().enumerate() {
        cumulated += count;
        let bound = BOUNDS
            .get(place)
            .map_or_else(|| "+Inf".into(), f64::to_string);
        line(
            text,
            format_args!("{name}_bucket{{release=\"{release}\",le=\"{bound}\"}} {cumulated}"),
        );
    }
    let sum = counts.duration_sum.as_secs_f64();
    line(
        text,
        format_args!("{name}_sum{{release=\"{release}\"}} {sum}"),
    );
    line(
        text,
        format_args!("{name}_count{{release=\"{release}\"}} {cumulated}"),
    );
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    line(text, format_args!("# HELP {name} {help}"));
    line(text, format_args!("# TYPE {name} {kind}"));
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    writeln!(text, "{content}").expect("writing to a string cannot fail");
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_counts_are_rendered_in_full() {
        let mut counts = Counts {
            requests: BTreeMap::from([(200, 3), (500, 1)]),
            duration_sum: Duration::from_millis(2500),
            ..Counts::default()
        };
        counts.durations[0] = 2;
        counts.durations[2] = 1;
        counts.durations[10] = 1;
        let expected = r#"# HELP http_requests_total Requests answered, by exact status.
# TYPE http_requests_total counter
http_requests_total{status="200",release="1.1.0"} 3
http_requests_total{status="500",release="1.1.0"} 1
# HELP http_request_duration_seconds How long requests took.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{release="1.1.0",le="0.005"} 2
http_request_duration_seconds_bucket{release="1.1.0",le="0.01"} 2
http_request_duration_seconds_bucket{release="1.1.0",le="0.025"} 3
http_request_duration_seconds_bucket{release="1.1.0",le="0.05"} 3
http_request_duration_seconds_bucket{release="1.1.0",le="0.1"} 3
http_request_duration_seconds_bucket{release="1.1.0",le="0.25"} 3
http_request_duration_seconds_bucket{release="1.1.0",le="0.5"} 3
http_request_duration_seconds_bucket{release="1.1.0",le="1"} 3
http_request_duration_seconds_bucket{release="1.1.0",le="2.5"} 3
http_request_duration_seconds_bucket{release="1.1.0",le="5"} 3
http_request_duration_seconds_bucket{release="1.1.0",le="+Inf"} 4
http_request_duration_seconds_sum{release="1.1.0"} 2.5
http_request_duration_seconds_count{release="1.1.0"} 4
# HELP process_start_time_seconds When the process started, since the Unix epoch.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1700000000.5
"#;
        assert_eq!(
            render(&counts, "1.1.0", Duration::from_millis(1_700_000_000_500)),
            expected
        );
    }

    #[test]
    fn a_label_value_is_escaped() {
        assert_eq!(escaped("a\"b\\c\nd"), r#"a\"b\\c\nd"#);
    }
}
