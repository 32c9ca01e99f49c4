//! A page that must come compressed, and be the same then.

use super::scope::Scope;
use super::{Planned, Request};
use crate::fields::encoding::word;
use shared::config::{CompressionProbe, ContentEncoding};
use shared::error::Result;
use shared::gate::Step;

/// What is read of an answer; a larger page could never be compared.
const LARGEST: u64 = 4 << 20;

/// A page that must come compressed, and be the same then.
#[derive(Clone, Debug)]
pub(crate) struct CompressionPlan {
    /// What it is called.
    pub(crate) name: String,
    /// The page as it is.
    pub(crate) plain: Request,
    /// The page in each encoding.
    pub(crate) packed: Vec<(ContentEncoding, Request)>,
    /// A smaller page says nothing; in bytes.
    pub(crate) least: u64,
}

impl Planned for CompressionPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["compression"]
    }

    fn steps(&self) -> Vec<Step> {
        let name = &self.name;
        let mut steps = vec![Step::reads(
            format!("probe `{name}`: the page as it is, before and after the others"),
            self.plain.call(),
        )];
        steps.extend(self.packed.iter().map(|(encoding, request)| {
            let purpose = format!("probe `{name}`: the page in {}", word(*encoding));
            Step::reads(purpose, request.call())
        }));
        steps
    }

    fn requests(&self) -> u64 {
        self.packed.len() as u64 + 2
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &CompressionProbe) -> Result<CompressionPlan> {
    if let Some(why) = impossible(probe) {
        return Err(scope.refuse(why));
    }
    let page = scope.get(probe.at.as_ref(), &probe.path, probe.within)?;
    let taking = |word: &str| page.clone().with("accept-encoding", word);
    let encodings = probe.encodings.iter();
    Ok(CompressionPlan {
        name: probe.name.value.clone(),
        plain: taking("identity"),
        packed: encodings
            .map(|encoding| (*encoding, taking(word(*encoding))))
            .collect(),
        least: probe.min_bytes.bytes(),
    })
}

fn impossible(probe: &CompressionProbe) -> Option<String> {
    if probe.encodings.is_empty() {
        return Some("has no `encodings`, so nothing would be asked".into());
    }
    let mut encodings = probe.encodings.iter().enumerate();
    let twice = encodings.find(|(at, encoding)| probe.encodings[..*at].contains(encoding));
    if let Some((_, encoding)) = twice {
        return Some(format!("names `{}` twice", word(*encoding)));
    }
    (probe.min_bytes.bytes() > LARGEST)
        .then(|| "has a `min_bytes` of more than 4MiB, and no more is read of a page".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_that_asks_nothing_is_refused() {
        let why = |yaml: &str| {
            let yaml = format!("{{name: page, path: /{yaml}}}");
            let probe: CompressionProbe = serde_saphyr::from_str(&yaml).expect("is a probe");
            impossible(&probe)
        };
        assert_eq!(why(""), None);
        assert_eq!(why(", encodings: [gzip, deflate], min_bytes: 2KiB"), None);
        assert!(why(", encodings: []").is_some());
        assert_eq!(
            why(", encodings: [gzip, gzip]").as_deref(),
            Some("names `gzip` twice")
        );
        assert!(why(", min_bytes: 1GiB").is_some());
        let brotli = "{name: page, path: /, encodings: [br]}";
        assert!(serde_saphyr::from_str::<CompressionProbe>(brotli).is_err());
    }
}
