//! Prices.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A price in the shop's currency, major units, zero or more. Canonical: `12.5`, `12.50` and `12,50 €` are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(#[serde(with = "rust_decimal::serde::str")] Decimal);

impl Money {
    /// `None` when negative.
    pub fn new(amount: Decimal) -> Option<Self> {
        (!amount.is_sign_negative() || amount.is_zero()).then(|| Self(amount.normalize()))
    }

    /// A price as a store writes it: plain digits with a dot (`"12.50"`). `None` for anything else.
    pub fn from_store(text: &str) -> Option<Self> {
        text.trim().parse().ok().and_then(Self::new)
    }

    /// Plain digits, dot, at least two decimals: the form Shopify and WooCommerce both take and give.
    pub fn to_store(self) -> String {
        let mut amount = self.0;
        if amount.scale() < 2 {
            amount.rescale(2);
        }
        amount.to_string()
    }

    /// The amount.
    pub fn amount(self) -> Decimal {
        self.0
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_store())
    }
}
