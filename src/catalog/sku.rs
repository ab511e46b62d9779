//! The identity of a row.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What identifies one sellable thing in the sheet, the ledger and every store. Text, always: `00123` keeps its zeros.
///
/// Taken from the key column, or joined from several with `/` (`chain-bracelet/Blue`) where a catalog has no SKUs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sku(String);

impl Sku {
    /// A SKU from one text; `None` when nothing but white space is in it.
    ///
    /// Inner runs of white space become one blank, because stores do the same when they save
    /// (WordPress `sanitize_text_field`), and the SKU must be found again.
    pub fn new(text: &str) -> Option<Self> {
        let clean = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!clean.is_empty()).then_some(Self(clean))
    }

    /// A SKU joined from several key columns. Blank parts at the end are left out (a product without a second
    /// option); the first part must not be blank. Commas become `-`: WooCommerce reads a comma in a SKU filter as "or".
    pub fn join(parts: &[String]) -> Option<Self> {
        let clean: Vec<String> =
            parts.iter().map(|part| part.split_whitespace().collect::<Vec<_>>().join(" ").replace(',', "-")).collect();
        if clean.first().is_none_or(String::is_empty) {
            return None;
        }
        let used = clean.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
        Self::new(&clean[..used].join("/"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_keys() {
        let join = |parts: &[&str]| {
            Sku::join(&parts.iter().map(ToString::to_string).collect::<Vec<_>>()).map(|sku| sku.to_string())
        };
        assert_eq!(join(&["chain-bracelet", "Blue", ""]).as_deref(), Some("chain-bracelet/Blue"));
        assert_eq!(join(&["shirt", "", ""]).as_deref(), Some("shirt"));
        assert_eq!(join(&["shirt", "", "L"]).as_deref(), Some("shirt//L"));
        assert_eq!(join(&["", "Blue"]), None);
        assert_eq!(join(&["  "]), None);
        assert_eq!(Sku::new(" 00123 ").map(|sku| sku.to_string()).as_deref(), Some("00123"));
    }
}
