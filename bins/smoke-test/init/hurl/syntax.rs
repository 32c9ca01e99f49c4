//! What a Hurl file consists of, as far as it is understood here.
//! <https://hurl.dev/docs/hurl-file.html>

/// A mistake in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// From 1.
    pub(super) line: usize,
    /// From 1.
    pub(super) column: usize,
    /// What is wrong.
    pub(super) message: String,
}

/// Something with the line that it stands on, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lined<T> {
    /// From 1.
    pub(super) line: usize,
    /// What stands there.
    pub(super) value: T,
}

/// A name and its value.
pub(super) type Pair = Lined<(String, String)>;

/// A request and what its answer must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where it begins.
    pub(super) line: usize,
    /// In capitals.
    pub(super) method: String,
    /// As it is written.
    pub(super) url: String,
    /// Request headers.
    pub(super) headers: Vec<Pair>,
    /// `[Query]`
    pub(super) query: Vec<Pair>,
    /// `[Form]`
    pub(super) form: Vec<Pair>,
    /// `[Cookies]`
    pub(super) cookies: Vec<Pair>,
    /// `[Options]`
    pub(super) options: Vec<Pair>,
    /// `[BasicAuth]`: where it stands.
    pub(super) basic: Option<usize>,
    /// `[Multipart]`: where it stands.
    pub(super) multipart: Option<usize>,
    /// What is sent.
    pub(super) body: Option<Lined<Body>>,
    /// What must come back; none when nothing is said of it.
    pub(super) response: Option<Response>,
}

/// What must come back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Response {
    /// Where it begins.
    pub(super) line: usize,
    /// `1.1`, when a version is given.
    pub(super) version: Option<String>,
    /// None for any.
    pub(super) status: Option<u16>,
    /// Headers that must be so.
    pub(super) headers: Vec<Pair>,
    /// `[Captures]`, each as it is written: a name, `:`, and what is captured.
    pub(super) captures: Vec<Lined<String>>,
    /// `[Asserts]`, each as it is written.
    pub(super) asserts: Vec<Lined<String>>,
    /// What the body must be.
    pub(super) body: Option<Lined<Body>>,
}

/// A body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// JSON, as it is written; there may be templates in it.
    Json(String),
    /// A text.
    Text(String),
    /// The content of a file.
    File(String),
    /// Anything else: its kind.
    Other(&'static str),
}

impl Mistake {
    /// At a place, both from 1.
    pub(super) fn at(line: usize, column: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            column,
            message: message.into(),
        }
    }
}
