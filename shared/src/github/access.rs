//! Which repository, behind which API, and the token to ask with.

use crate::error::{Error, Result};
use crate::secret::Secret;
use reqwest::Url;

const PUBLIC_API: &str = "https://api.github.com";

/// One repository behind the API, and who asks.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) api: Url,
    pub(super) repository: String,
    pub(super) token: Secret,
    pub(super) run_url: Option<String>,
}

impl Access {
    /// What a GitHub Actions job names in its environment.
    pub(super) fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let get = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let need = |name: &str, hint: &str| {
            get(name).ok_or_else(|| Error::config(format!("`{name}` is not set")).hint(hint))
        };
        let api = get("GITHUB_API_URL").unwrap_or_else(|| PUBLIC_API.to_owned());
        let repository = need("GITHUB_REPOSITORY", "set it to `owner/name`")?;
        let hint = "GitHub Actions does not set it: `env: GITHUB_TOKEN: ${{ github.token }}`";
        let token = need("GITHUB_TOKEN", hint)?;
        let mut access = Self::new(&api, &repository, Secret::new(token.trim()))?;
        access.run_url = get("GITHUB_SERVER_URL")
            .zip(get("GITHUB_RUN_ID"))
            .map(|(server, run)| {
                format!(
                    "{}/{repository}/actions/runs/{run}",
                    server.trim_end_matches('/')
                )
            });
        Ok(access)
    }

    /// A repository, named `owner/name`, behind an API.
    pub(super) fn new(api: &str, repository: &str, token: Secret) -> Result<Self> {
        let is_printable = token.expose().bytes().all(|byte| byte.is_ascii_graphic());
        if token.expose().is_empty() || !is_printable {
            // octocrab panics on what cannot stand in a header.
            return Err(Error::config(
                "the token for GitHub holds a blank, a line end or nothing at all",
            ));
        }
        Ok(Self {
            api: parse_api(api)?,
            repository: parse_repository(repository)?,
            token,
            run_url: None,
        })
    }

    /// The address of a path below the repository.
    pub(super) fn address(&self, path: &str) -> Url {
        let mut url = self.api.clone();
        let base = self.api.path().trim_end_matches('/');
        url.set_path(&format!("{base}/repos/{}/{path}", self.repository));
        url
    }
}

fn parse_api(text: &str) -> Result<Url> {
    let wrong = |why: &str| {
        Error::config(format!("`GITHUB_API_URL` is no address of an API: {why}"))
            .hint("the public one is `https://api.github.com`")
    };
    let url = Url::parse(text.trim()).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("it must start with `https://` and name a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it must not hold a user or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it must end with its path"));
    }
    Ok(url)
}

fn parse_repository(text: &str) -> Result<String> {
    let is_word = |word: &str| {
        !matches!(word, "" | "." | "..")
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    match text.trim().split_once('/') {
        Some((owner, name)) if is_word(owner) && is_word(name) => Ok(format!("{owner}/{name}")),
        _ => Err(Error::config(format!("`{text}` names no repository")).hint("use `owner/name`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Access> {
        let find = |name: &str| pairs.iter().find(|(key, _)| *key == name);
        Access::from_lookup(&|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_job_names_repository_api_token_and_run() {
        let access = from(&[
            ("GITHUB_API_URL", "https://ghe.example.com/api/v3/"),
            ("GITHUB_REPOSITORY", "ada/cal"),
            ("GITHUB_TOKEN", "ghs_abcdefgh\n"),
            ("GITHUB_SERVER_URL", "https://ghe.example.com"),
            ("GITHUB_RUN_ID", "7"),
        ])
        .expect("is complete");
        let address = access.address("deployments");
        assert_eq!(
            address.as_str(),
            "https://ghe.example.com/api/v3/repos/ada/cal/deployments"
        );
        assert_eq!(
            access.run_url.as_deref(),
            Some("https://ghe.example.com/ada/cal/actions/runs/7")
        );
        assert!(!format!("{access:?}").contains("ghs_"));
    }

    #[test]
    fn what_is_missing_or_empty_is_named() {
        let all = [
            ("GITHUB_REPOSITORY", "ada/cal"),
            ("GITHUB_TOKEN", "ghs_abcdefgh"),
        ];
        let address = from(&all).expect("is complete").address("x");
        assert_eq!(address.as_str(), "https://api.github.com/repos/ada/cal/x");
        let error = from(&all[..1]).expect_err("has no token");
        assert_eq!(error.message(), "`GITHUB_TOKEN` is not set");
        let error = from(&[("GITHUB_REPOSITORY", ""), all[1]]).expect_err("has no repository");
        assert_eq!(error.message(), "`GITHUB_REPOSITORY` is not set");
    }

    #[test]
    fn an_address_or_name_that_could_lead_elsewhere_is_refused() {
        for api in [
            "ftp://a",
            "a",
            "https://user:pass@a",
            "https://a?b=c",
            "https://a#b",
        ] {
            assert!(
                Access::new(api, "ada/cal", Secret::plain("token")).is_err(),
                "{api}"
            );
        }
        for name in [
            "",
            "ada",
            "ada/",
            "/cal",
            "ada/..",
            "../cal",
            "ada/cal/x",
            "ada/c?l",
            "a da/cal",
        ] {
            assert!(
                Access::new(PUBLIC_API, name, Secret::plain("token")).is_err(),
                "{name}"
            );
        }
        for token in ["", "a b", "a\nb", "a\u{e4}"] {
            assert!(
                Access::new(PUBLIC_API, "ada/cal", Secret::plain(token)).is_err(),
                "{token}"
            );
        }
    }
}
