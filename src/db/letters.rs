//! Dead letters: items given up on, with their story.

use std::time::Duration;

use serde::Serialize;

use super::Want;
use crate::clock::Time;

/// An item given up on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Id, for `dead show`.
    pub id: i64,
    /// Endpoint that would not take it.
    pub endpoint: String,
    /// SKU.
    pub sku: String,
    /// What was to be written: `create`, `content`, `listing` (which one is meant?), `stock`, `tracking` (the shop does not count it),
    /// `count` (please count).
    pub what: String,
    /// Stable code.
    pub code: String,
    /// The story, for people.
    pub reason: String,
    /// Hash of the sheet row that was refused; a changed row is tried anew by itself.
    pub row_hash: String,
    /// Tries made.
    pub attempts: i64,
    /// When it was given up on.
    pub at: Time,
}

/// Letters that are void once a shop has agreed with a row.
pub(super) const VOID_BY_AGREEMENT: [&str; 3] = ["create", "content", "listing"];

/// Letters that are void once a shop shows the one listing that belongs to a row.
pub(super) const VOID_BY_SIGHT: [&str; 3] = ["create", "listing", "tracking"];

/// Letters that are void once a stock write was done.
pub(super) const VOID_BY_STOCK: &str = "stock";

/// Letters that are void once somebody has counted, and typed the stock.
pub(super) const VOID_BY_COUNT: &str = "count";

/// Nobody has counted who types so soon after a letter asked for it: that number was on its way, or a look was stale.
const COUNT_TAKES: Duration = Duration::from_secs(60);

/// Letters that ask for a count are void when the stock is typed, if they came before this.
pub(super) fn counted_since(typed: Time) -> Time {
    typed - COUNT_TAKES
}

/// What the audit says of a letter that a typed number settles.
pub(super) fn settled_by_count(reason: &str) -> String {
    format!("stock was typed, which settles this: {reason}")
}

impl DeadLetter {
    /// The letter of an item whose fate evidence could not decide. Where the stock core doubts once more, only its time is renewed.
    pub fn doubt(endpoint: &str, sku: &str, reason: &str, at: Time) -> Self {
        Self {
            id: 0,
            endpoint: endpoint.to_owned(),
            sku: sku.to_owned(),
            what: VOID_BY_COUNT.to_owned(),
            code: "doubt".to_owned(),
            reason: reason.to_owned(),
            row_hash: String::new(),
            attempts: 0,
            at,
        }
    }

    /// Does it keep a row's title, price or creation from being written?
    pub fn is_about_content(&self) -> bool {
        matches!(self.what.as_str(), "create" | "content" | "listing")
    }

    /// What to hint at when the item is to be tried again.
    pub(super) fn wanted(&self) -> Want {
        if self.is_about_content() { Want::CONTENT } else { Want { look: true, ..Want::STOCK } }
    }
}
