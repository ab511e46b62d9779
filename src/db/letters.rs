//! Dead letters: items given up on, with their story.

use std::time::Duration;

use serde::Serialize;

use super::Want;
use crate::catalog::Pool;
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
    /// `count` (please count), of a pool or of any.
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

/// Nobody has counted who types so soon after a letter asked for it: that number was on its way, or a look was stale.
const COUNT_TAKES: Duration = Duration::from_secs(60);

/// Letters that are void once the stock-take of a pool was read at this time: what they are about, and when they came at the
/// latest.
pub(super) fn void_by_count(pool: &Pool, read: Time) -> ([String; 2], Time) {
    ([please_count(None), please_count(Some(pool))], read - COUNT_TAKES)
}

/// What a letter is about that asks for a count; `None` where nobody knows of which pool.
fn please_count(pool: Option<&Pool>) -> String {
    pool.map_or_else(|| "count".to_owned(), |pool| format!("count {pool}"))
}

/// What the audit says of a letter that a stock-take settles.
pub(super) fn settled_by_count(reason: &str) -> String {
    format!("counted, which settles this: {reason}")
}

impl DeadLetter {
    /// The letter of an item whose fate evidence could not decide. Where the stock core doubts once more, only its time is renewed.
    pub fn doubt(endpoint: &str, sku: &str, pool: Option<&Pool>, reason: &str, at: Time) -> Self {
        Self {
            id: 0,
            endpoint: endpoint.to_owned(),
            sku: sku.to_owned(),
            what: please_count(pool),
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
