//! `smoke-test init`: drafts the section `smoke` from a document that describes the service.

mod compose;
mod draft;
mod hurl;
mod openapi;
mod yaml;

use draft::{Draft, endpoint};
use serde_json::Value;
use shared::error::{Error, Result};
use std::path::{Path, PathBuf};

/// Larger documents are not written by people; the largest known ones have 12 MiB.
const LARGEST: u64 = 32 << 20;

/// Write the section `smoke` of a configuration from a document, on standard output
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    document: Document,
    /// Where the service is, when the document does not say so: `https://host`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Document {
    /// An OpenAPI 3.0 or 3.1 document, JSON or YAML
    #[arg(long, value_name = "FILE")]
    from_openapi: Option<PathBuf>,
    /// A Compose file
    #[arg(long, value_name = "FILE")]
    from_compose: Option<PathBuf>,
    /// A Hurl file
    #[arg(long, value_name = "FILE")]
    from_hurl: Option<PathBuf>,
}

/// The section as YAML.
pub(crate) fn written(arguments: &Arguments) -> Result<String> {
    let url = arguments.url.as_deref();
    if let Some(url) = url.filter(|url| endpoint(url).is_none()) {
        let shown = crate::answer::shown(url, 100);
        return Err(Error::config(format!("`--url {shown}` is no address"))
            .hint("write it as `https://host`"));
    }
    let Document {
        from_openapi,
        from_compose,
        from_hurl,
    } = &arguments.document;
    let (path, draft) = match (from_openapi, from_compose, from_hurl) {
        (Some(path), ..) => (path, of_openapi(path, url)?),
        (None, Some(path), _) => (path, of_compose(path, url)?),
        (None, None, Some(path)) => (path, of_hurl(path, url)?),
        (None, None, None) => return Err(Error::config("no document is named")),
    };
    if draft.probes.is_empty() {
        let count = draft.left_out.len();
        let why = draft.left_out.first().cloned().unwrap_or_default();
        return Err(Error::config(format!(
            "nothing in it can be asked; {count} left out, the first: {why}"
        ))
        .at(path.display().to_string()));
    }
    Ok(draft.written())
}

fn of_openapi(path: &Path, url: Option<&str>) -> Result<Draft> {
    let file = path.display().to_string();
    let value = value(&text(path)?, &file)?;
    let draft = openapi::draft(&value, &file, url);
    draft.map_err(|why| Error::config(format!("the document {why}")).at(&file))
}

fn of_compose(path: &Path, url: Option<&str>) -> Result<Draft> {
    let file = path.display().to_string();
    let value = value(&text(path)?, &file)?;
    let environment = crate::compose::Environment::beside(path).map_err(|error| {
        Error::config("the `.env` beside the document cannot be read")
            .at(&file)
            .source(error)
    })?;
    let lookup = |name: &str| environment.value(name, &|name| std::env::var(name).ok());
    let draft = compose::draft(&value, &file, url, &lookup);
    draft.map_err(|why| Error::config(format!("the document {why}")).at(&file))
}

fn of_hurl(path: &Path, url: Option<&str>) -> Result<Draft> {
    let file = path.display().to_string();
    let draft = hurl::draft(&text(path)?, &file, url);
    draft.map_err(|(place, why)| Error::config(why).at(place))
}

/// What the fuzzer tries: any text as each kind of document; a draft can be read back.
#[cfg(fuzzing)]
pub(crate) fn try_all(text: &str) {
    let value = value(text, "fuzz").ok();
    let of_openapi = value
        .as_ref()
        .map(|value| openapi::draft(value, "fuzz", None));
    let of_compose = value
        .as_ref()
        .map(|value| compose::draft(value, "fuzz", None, &|_| Ok(None)));
    let drafts = [
        of_openapi.and_then(Result::ok),
        of_compose.and_then(Result::ok),
        hurl::draft(text, "fuzz", None).ok(),
    ];
    for draft in drafts.into_iter().flatten() {
        let is_empty = draft.probes.is_empty();
        assert!(is_empty || shared::config::yaml_value(&draft.written(), "draft").is_ok());
    }
}

fn text(path: &Path) -> Result<String> {
    shared::file::read_text(path, LARGEST).map_err(|error| {
        Error::config("the document cannot be read")
            .at(path.display().to_string())
            .source(error)
    })
}

/// JSON or YAML; YAML holds all JSON, but is slower to read.
fn value(text: &str, file: &str) -> Result<Value> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(error) if file.ends_with(".json") => {
            let (line, column) = (error.line(), error.column());
            let text = error.to_string();
            // The place is already in front.
            let why = text.split(" at line ").next().unwrap_or_default();
            Err(Error::config(format!("the document is no JSON: {why}"))
                .at(format!("{file}:{line}:{column}")))
        }
        Err(_) => shared::config::yaml_value(text, file),
    }
}
