//! The receipt itself, as other programs read it.

use crate::error::{Error, Result};
use crate::receipt::Receipt;

/// The receipt, indented.
pub(super) fn render(receipt: &Receipt) -> Result<String> {
    let text = serde_json::to_string_pretty(receipt)
        .map_err(|error| Error::unavailable("could not encode the report").source(error))?;
    Ok(text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Appearance, Format, sample};

    #[test]
    fn the_receipt_is_read_back_the_same_whatever_stands_in_it() {
        for receipt in [
            sample::failed_canary(),
            sample::hostile("::x::\n##[error]\u{1b}[0m"),
        ] {
            let text = crate::report::render(Format::Json, &receipt, &Appearance::default())
                .expect("a receipt can be encoded");
            assert!(!text.contains("##["));
            let back: Receipt = serde_json::from_str(&text).expect("is JSON");
            assert_eq!(back, receipt);
        }
    }
}
