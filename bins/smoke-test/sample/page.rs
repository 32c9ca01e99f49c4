//! Facts for the tests of what judges a page in a browser.

use super::*;

/// A page with a limit for its largest paint and its shifts, a text, an element and a shortcut,
/// opened five times.
pub(crate) fn page_fact() -> Fact<PagePlan, Visits> {
    let limit = |figure, most| FigureLimit { figure, most };
    Fact {
        plan: PagePlan {
            name: "home".into(),
            request: request("/"),
            declared: vec![address().endpoint().clone()],
            methods: Vec::new(),
            cookies: Vec::new(),
            runs: 5,
            limits: vec![
                limit(Figure::LargestContentfulPaint, 2500.0),
                limit(Figure::CumulativeLayoutShift, 0.1),
            ],
            console_errors: 0,
            failed_requests: 0,
            marks: Marks {
                texts: vec!["Welcome".into()],
                selector: Some("#app".into()),
            },
            keys: vec![KeyPlan {
                stroke: Keystroke::parse("Meta+N").expect("is a shortcut"),
                selector: "#new".into(),
            }],
            within: Span::seconds(30),
            reproduce: "chromium http://h/".into(),
        },
        seen: Ok(Visits {
            browser: "Chrome/156 without throttling".into(),
            runs: [900.0, 780.0, 790.0, 810.0, 800.0].map(visit).to_vec(),
            broken: None,
        }),
    }
}

/// A run in which everything is there and the largest paint came then.
pub(crate) fn visit(largest_paint: f64) -> Visit {
    Visit {
        status: Some(200),
        first_paint: Some(300.0),
        largest_paint: Some(largest_paint),
        largest_element: "img.hero".into(),
        shift: Some(0.02),
        interactive: Some(350.0),
        bytes: 20_480,
        requests: 4,
        has_element: Some(true),
        ..Visit::default()
    }
}
