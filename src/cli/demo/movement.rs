//! One thing that somebody did, and when the other places showed it.

use serde::Serialize;

use crate::clock::Time;

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A shopper bought.
    Sold,
    /// An order was cancelled.
    GivenBack,
    /// Stock was typed into the sheet.
    Stock,
    /// A price was typed into the sheet.
    Price,
    /// A title was typed into the sheet.
    Title,
    /// The sheet's rows were sorted.
    Sorted,
}

/// One place that has to show a movement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Arrival {
    /// `sheet` or a shop's name.
    pub place: &'static str,
    /// Seconds from the movement until it was seen there.
    pub secs: Option<f64>,
}

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Movement {
    /// Counted from 1.
    pub id: u64,
    /// When it was seen.
    pub at: Time,
    /// What.
    pub what: What,
    /// Where: `sheet` or a shop's name.
    pub place: &'static str,
    /// Which SKU; blank for a sort.
    pub sku: String,
    /// Title of the product, with its variant.
    pub title: String,
    /// Units added (negative: taken).
    pub units: i64,
    /// What was typed, or the header that was sorted by.
    pub text: String,
    /// Where it has to arrive.
    pub arrivals: Vec<Arrival>,
    /// Revision of its last change.
    #[serde(skip)]
    pub changed: u64,
}
