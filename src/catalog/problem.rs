//! What is wrong with a cell or a row, said to a merchant.

use serde::Serialize;

/// One thing in the sheet that cannot be synced, with its place and the words for the status column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Tab title.
    pub tab: String,
    /// Sheet row, counted from 1 as people see it.
    pub row: u32,
    /// Column header as it stands in the sheet; empty when the whole row is meant.
    pub column: String,
    /// A clause without subject: `price "12,5O" is not a number`.
    pub words: String,
    /// True when nothing of the row may be synced (duplicate or blank key), stock included.
    pub whole_row: bool,
}
