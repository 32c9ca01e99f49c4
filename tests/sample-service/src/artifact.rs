//! The release artifact: a JSON file that says which release this is and how it behaves.

use std::path::Path;

use serde::Deserialize;

use crate::faults::FaultSettings;

/// What one release is: its identity, the columns its queries name, the faults it was built with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Artifact {
    /// The version that every response carries.
    pub(crate) version: String,
    /// The commit it was built from, when known.
    #[serde(default)]
    pub(crate) commit: Option<String>,
    /// The columns of `entries` that this release selects by name.
    pub(crate) columns: Vec<String>,
    /// The faults it starts with.
    #[serde(default)]
    pub(crate) faults: FaultSettings,
    /// The only value of `NODE_ENV` under which it starts with them; any when left out.
    #[serde(default)]
    pub(crate) faults_in: Option<String>,
}

impl Artifact {
    /// Reads and checks the artifact; the error is one line.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|why| format!("cannot read `{}`: {why}", path.display()))?;
        Self::parse(&text).map_err(|why| format!("`{}` is no artifact: {why}", path.display()))
    }

    /// The faults to start with in the environment that `NODE_ENV` names.
    pub(crate) fn faults_in_force(&self, node_env: Option<&str>) -> FaultSettings {
        match &self.faults_in {
            Some(only) if node_env != Some(only) => FaultSettings::default(),
            Some(_) | None => self.faults,
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let artifact: Self = serde_json::from_str(text).map_err(|why| why.to_string())?;
        if artifact.version.is_empty()
            || !artifact.version.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err("`version` must be printable ASCII without spaces".into());
        }
        if let Some(commit) = &artifact.commit
            && (commit.is_empty() || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return Err("`commit` must be hexadecimal".into());
        }
        if artifact.columns.is_empty() {
            return Err("`columns` must name at least one column".into());
        }
        if let Some(column) = artifact
            .columns
            .iter()
            .find(|column| !is_identifier(column))
        {
            return Err(format!("column `{column}` is no lower case identifier"));
        }
        artifact.faults.check()?;
        Ok(artifact)
    }
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        Artifact::parse(text).err().unwrap_or_default()
    }

    #[test]
    fn the_whole_artifact_is_read() {
        let text = r#"{"version":"1.1.0","commit":"ab12","columns":["id","body"],
            "faults":{"error_share":0.25,"delay_milliseconds":50}}"#;
        let faults = FaultSettings {
            error_share: 0.25,
            delay_milliseconds: 50,
        };
        let expected = Artifact {
            version: "1.1.0".into(),
            commit: Some("ab12".into()),
            columns: vec!["id".into(), "body".into()],
            faults,
            faults_in: None,
        };
        assert_eq!(Artifact::parse(text), Ok(expected));
    }

    #[test]
    fn faults_and_commit_may_be_left_out() {
        let artifact = Artifact::parse(r#"{"version":"1.0.0","columns":["id"]}"#);
        assert_eq!(
            artifact.map(|artifact| artifact.faults),
            Ok(FaultSettings::default())
        );
    }

    #[test]
    fn an_unknown_key_is_refused_in_one_line() {
        let error = error_of(r#"{"version":"1.0.0","columns":["id"],"colour":"red"}"#);
        assert!(error.starts_with("unknown field `colour`"), "{error}");
        assert_eq!(error.lines().count(), 1);
    }

    #[test]
    fn an_unknown_fault_is_refused() {
        let error = error_of(r#"{"version":"1","columns":["id"],"faults":{"panic":true}}"#);
        assert!(error.starts_with("unknown field `panic`"), "{error}");
    }

    #[test]
    fn a_column_that_is_no_identifier_is_refused() {
        let error = error_of(r#"{"version":"1","columns":["id\"; drop"]}"#);
        assert_eq!(error, "column `id\"; drop` is no lower case identifier");
    }

    #[test]
    fn no_column_at_all_is_refused() {
        assert_eq!(
            error_of(r#"{"version":"1","columns":[]}"#),
            "`columns` must name at least one column"
        );
    }

    #[test]
    fn a_share_above_one_is_refused() {
        let error = error_of(r#"{"version":"1","columns":["id"],"faults":{"error_share":5}}"#);
        assert_eq!(error, "`error_share` must be between 0 and 1");
    }

    #[test]
    fn a_version_with_a_line_break_is_refused() {
        let error = error_of(r#"{"version":"1\n","columns":["id"]}"#);
        assert_eq!(error, "`version` must be printable ASCII without spaces");
    }
}
