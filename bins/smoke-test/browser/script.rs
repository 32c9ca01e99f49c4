//! What is asked of a page itself, in a world of its own that no script of the page can touch.

use crate::plan::Marks;
use serde::Deserialize;
use serde_json::{Value, json};

/// Reads the buffered entries of the performance timeline, and looks for what must be there.
/// Entries that are older than the observer are delivered in a task of their own, which is why two
/// turns are waited: <https://w3c.github.io/performance-timeline/#observe-method>
///
/// A text is there as it is shown or, since a style may show it in capitals, as it is written where
/// it is visible; not from one block into the next.
const LOOK: &str = r"(async (marks) => {
  const turn = () => new Promise((done) => setTimeout(done, 0));
  const entries = async (type) => {
    const found = [];
    const observer = new PerformanceObserver((list) => found.push(...list.getEntries()));
    try {
      observer.observe({ type, buffered: true });
    } catch {
      return null;
    }
    await turn();
    await turn();
    found.push(...observer.takeRecords());
    observer.disconnect();
    return found;
  };
  const described = (entry) => {
    const element = entry.element;
    let text = '';
    if (element) {
      text = element.localName;
      if (element.id) text += '#' + element.id;
      for (const name of Array.from(element.classList).slice(0, 3)) text += '.' + name;
    }
    return (text + ' ' + (entry.url || '').slice(0, 200)).trim().slice(0, 300);
  };
  const plain = (text) => text.replace(/\s+/g, ' ');
  const block = (element) => {
    while (element && /^(inline|contents)/.test(getComputedStyle(element).display)) {
      element = element.parentElement;
    }
    return element;
  };
  const written = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let [text, last] = ['', null];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.parentElement.checkVisibility({ visibilityProperty: true })) continue;
      const parent = block(node.parentElement);
      if (parent !== last) text += '\n';
      text += plain(node.data);
      last = parent;
    }
    return text.replace(/ +/g, ' ');
  };
  const paints = await entries('paint') || [];
  const largest = (await entries('largest-contentful-paint') || []).pop();
  const shifts = await entries('layout-shift');
  const tasks = await entries('longtask');
  const first = paints.find((entry) => entry.name === 'first-contentful-paint');
  const navigation = performance.getEntriesByType('navigation')[0];
  const shown = document.body ? document.body.innerText : '';
  const missing = marks.texts.filter((text) => !shown.includes(text));
  const source = missing.length && document.body ? written() : '';
  return {
    now: performance.now(),
    first_paint: first ? first.startTime : null,
    largest_paint: largest ? largest.startTime : null,
    largest_element: largest ? described(largest) : '',
    parsed: navigation ? navigation.domContentLoadedEventEnd : 0,
    shifts: shifts && shifts.filter((entry) => !entry.hadRecentInput)
      .map((entry) => [entry.startTime, entry.value]),
    tasks: tasks && tasks.map((entry) => [entry.startTime, entry.duration]),
    place: location.origin + location.pathname,
    missing: missing.filter((text) => !source.includes(plain(text))),
    has_element: marks.selector === null ? null : !!document.querySelector(marks.selector),
  };
})";

/// Whether an element is visible.
const VISIBLE: &str = r"((selector) => {
  const element = document.querySelector(selector);
  return !!element && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
})";

/// What a page says of itself; times in milliseconds since its navigation began.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Looked {
    /// When it was asked.
    pub(super) now: f64,
    /// When the first text or picture was painted.
    pub(super) first_paint: Option<f64>,
    /// When the largest one was.
    pub(super) largest_paint: Option<f64>,
    /// Which element that is.
    pub(super) largest_element: String,
    /// When its document was whole and its scripts had run.
    pub(super) parsed: f64,
    /// When something jumped, and how far; none when the browser does not tell.
    pub(super) shifts: Option<Vec<(f64, f64)>>,
    /// When tasks of more than 50 ms began, and how long they took; none when it does not tell.
    pub(super) tasks: Option<Vec<(f64, f64)>>,
    /// Where it is then, without the query.
    pub(super) place: String,
    /// Which texts are not shown.
    pub(super) missing: Vec<String>,
    /// Whether the element is there.
    pub(super) has_element: Option<bool>,
}

impl Looked {
    /// What came back from the page; none when it is not what the script gives.
    pub(super) fn read(answer: &Value) -> Option<Self> {
        Self::deserialize(answer.get("result")?.get("value")?).ok()
    }

    /// Whether everything is there that must be.
    pub(super) fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.has_element != Some(false)
    }
}

/// The call that looks.
pub(super) fn look(marks: &Marks) -> String {
    let marks = json!({ "texts": marks.texts, "selector": marks.selector });
    format!("{LOOK}({marks})")
}

/// The call that tells whether an element is visible.
pub(super) fn visible(selector: &str) -> String {
    format!("{VISIBLE}({})", json!(selector))
}

/// Why a script broke off, when it did.
pub(super) fn mistake(answer: &Value) -> Option<String> {
    let details = answer.get("exceptionDetails")?;
    let words = details.pointer("/exception/description");
    let words = words
        .or_else(|| details.get("text"))
        .and_then(Value::as_str);
    let first = words.unwrap_or_default().lines().next().unwrap_or_default();
    Some(crate::answer::shown(first, 200))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_configuration_are_no_code() {
        let marks = Marks {
            texts: vec!["\"]); alert(1); //".into(), "</script>\u{2028}".into()],
            selector: None,
        };
        let call = look(&marks);
        assert!(call.ends_with(&format!(
            "({{\"selector\":null,\"texts\":[{},{}]}})",
            r#""\"]); alert(1); //""#, "\"</script>\u{2028}\""
        )));
    }

    #[test]
    fn what_a_page_says_is_read_or_refused_whole() {
        let value = json!({"now": 9.0, "first_paint": 1.5, "largest_paint": null,
            "largest_element": "h1#a", "parsed": 2.0, "shifts": [[1.0, 0.25]], "tasks": null,
            "place": "https://h.example/", "missing": [], "has_element": true});
        let looked = Looked::read(&json!({"result": {"value": value}})).expect("is whole");
        assert_eq!(looked.shifts, Some(vec![(1.0, 0.25)]));
        assert!(looked.is_complete());
        for answer in [
            json!(null),
            json!({"result": {}}),
            json!({"result": {"value": {"now": 1}}}),
        ] {
            assert_eq!(Looked::read(&answer), None, "{answer}");
        }
    }

    #[test]
    fn a_script_that_breaks_off_says_why() {
        let answer = json!({"exceptionDetails": {"text": "Uncaught", "exception":
            {"description": "SyntaxError: '[[' is not a valid selector.\n  at x"}}});
        assert_eq!(
            mistake(&answer).as_deref(),
            Some("SyntaxError: '[[' is not a valid selector.")
        );
        assert_eq!(mistake(&json!({"result": {}})), None);
    }
}
