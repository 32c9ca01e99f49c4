//! Request headers as they are sent, and as they may be shown.

use super::scope::Scope;
use crate::reproduce::Header;
use crate::sensitive::is_sensitive;
use shared::config::Template;
use shared::error::Result;
use shared::secret::Secret;
use std::collections::BTreeMap;

/// Names and values as they go out.
pub(crate) type SentHeaders = Vec<(String, Secret)>;

impl Scope<'_> {
    /// Headers as they are sent, and as they may be shown.
    pub(crate) fn headers(
        &self,
        headers: &BTreeMap<String, Template>,
    ) -> Result<(SentHeaders, Vec<Header>)> {
        let (mut sent, mut shown) = (Vec::new(), Vec::new());
        for (name, template) in headers {
            let value = self.header(name, template)?;
            let is_bare = template.names().is_empty() && !template.raw().contains("{{");
            shown.push(Header {
                name: name.clone(),
                raw: if is_sensitive(name) && is_bare {
                    format!("${{{}}}", variable(name))
                } else {
                    template.raw().to_owned()
                },
            });
            sent.push((name.clone(), value));
        }
        Ok((sent, shown))
    }

    fn header(&self, name: &str, template: &Template) -> Result<Secret> {
        if !is_header_name(name) {
            return Err(self.refuse(format!("sends `{name}`, which cannot be a header's name")));
        }
        let value = self.resolve(template)?;
        // A tab is the one control character that a value may have: RFC 9110, section 5.5.
        if value.expose().chars().any(|c| c.is_control() && c != '\t') {
            return Err(self.refuse(format!("sends the header `{name}` with a line end in it")));
        }
        if is_sensitive(name) {
            // The whole, and what stands behind a scheme such as `Bearer`.
            Secret::new(value.expose());
            let last = value.expose().split_whitespace().next_back();
            Secret::new(last.unwrap_or_default());
        }
        Ok(value)
    }
}

fn variable(header: &str) -> String {
    let upper = header.to_ascii_uppercase();
    upper
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

/// RFC 9110, section 5.6.2.
pub(crate) fn is_header_name(name: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(is_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_a_variable_of_its_name() {
        assert_eq!(variable("X-Api-Key"), "X_API_KEY");
        assert!(is_header_name("x-release") && !is_header_name("") && !is_header_name("a:b"));
    }
}
