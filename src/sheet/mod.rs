//! The sheet endpoint: Google in and out, tabs, cells, checked writes.

mod dates;
#[cfg(feature = "daemon")]
pub mod google;
pub mod reader;
#[cfg(test)]
pub(crate) mod testing;
pub mod writer;

use async_trait::async_trait;

use crate::catalog::Cell;
use crate::retry::Verdict;

/// A rectangle of one tab. Rows and columns count from zero here; `rows` and `columns` are half-open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellRange {
    /// Tab title.
    pub tab: String,
    /// Zero-based rows, half-open. The end may be [`CellRange::OPEN`].
    pub rows: std::ops::Range<u32>,
    /// Zero-based columns, half-open. The end may be [`CellRange::OPEN`].
    pub columns: std::ops::Range<u32>,
}

impl CellRange {
    /// As an end: as far as the tab's grid goes.
    pub const OPEN: u32 = u32::MAX;
}

/// How cells are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Render {
    /// Calculated values (`UNFORMATTED_VALUE`).
    Values,
    /// A formula as its text, which starts with `=`; everything else as under [`Render::Values`] (`FORMULA`).
    Formulas,
    /// Values, but dates and times as the text that they show (`UNFORMATTED_VALUE` with `FORMATTED_STRING`).
    Dates,
}

/// The cells of one range: rows of cells.
pub type Grid = Vec<Vec<Cell>>;

/// One tab's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabShape {
    /// Title.
    pub title: String,
    /// Google's id of the tab, which survives renaming.
    pub sheet_id: i64,
    /// Rows of its grid, empty ones included.
    pub rows: u32,
    /// Columns of its grid.
    pub columns: u32,
}

/// The spreadsheet's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Locale code (`en_US`), which says how typed numbers read.
    pub locale: String,
    /// Tabs in order.
    pub tabs: Vec<TabShape>,
}

/// One cell to write, as RAW: a text stays text, a number is a number, a formula is never written.
#[derive(Debug, Clone, PartialEq)]
pub struct CellWrite {
    /// Tab title.
    pub tab: String,
    /// Zero-based row.
    pub row: u32,
    /// Zero-based column.
    pub column: u32,
    /// New value; [`Cell::Blank`] empties it.
    pub value: Cell,
    /// Write only while the cell still shows this number; `None`: whatever it shows.
    pub only_if: Option<i64>,
}

/// What became of one written cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Written, whatever it showed.
    Plainly,
    /// Written, because it showed the expected number at that very moment.
    Matched,
    /// Not written, because it did not.
    Not,
}

/// One cell as it stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// What it shows.
    pub cell: Cell,
    /// A formula stands here, or fills it from elsewhere.
    pub formula: bool,
}

/// The cells of one range as they stand: rows of cells, ragged like a [`Grid`].
pub type SeenGrid = Vec<Vec<Seen>>;

/// What a write did and left behind, all of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// What became of each cell, in order.
    pub applied: Vec<Applied>,
    /// The ranges asked for, in order, as the write left them: nobody comes between a write and these.
    pub left: Vec<SeenGrid>,
}

/// What went wrong with a call to Google. Texts never hold credentials.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SheetError {
    /// The connection could not be made: nothing was sent.
    #[error("Google cannot be reached: {0}")]
    Connect(String),
    /// The answer was lost, or 5xx: a write may have been applied (a 503 often was).
    #[error("Google's answer was lost: {0}")]
    AnswerLost(String),
    /// 429: the quota of this minute is used up.
    #[error("Google's quota for this minute is used up")]
    Quota,
    /// 401, 403, or no token.
    #[error("Google refuses access: {0}")]
    Access(String),
    /// 404: no such spreadsheet, or it is not shared with this account.
    #[error("the spreadsheet was not found: {0}")]
    NotFound(String),
    /// 400 and the like.
    #[error("Google refused the request: {0}")]
    Refused(String),
    /// An answer that is not what this API gives.
    #[error("unexpected answer from Google: {0}")]
    Unexpected(String),
    /// A recorded write was held up for so long that another program may have taken over meanwhile: nothing was sent.
    #[error("a write was held up for too long and not sent")]
    HeldUp,
    /// People kept moving rows or columns while shelfd looked: nothing was sent.
    #[error("the sheet kept changing while it was read")]
    Unsettled,
    /// Google refused it together with others, too many to find out which of them it is about.
    #[error("Google refused cells that were to be written with this one")]
    RefusedTogether,
}

impl SheetError {
    /// Of several cells, where nobody knows which of them is refused: all are tried again.
    pub fn or_later(self) -> Self {
        if matches!(self, Self::Refused(_)) { Self::RefusedTogether } else { self }
    }

    /// What the error means for the next try.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Connect(_)
            | Self::AnswerLost(_)
            | Self::Unexpected(_)
            | Self::HeldUp
            | Self::Unsettled
            | Self::RefusedTogether => Verdict::Retry,
            // Quotas refill each minute; a quarter of it keeps pace without hammering.
            Self::Quota => Verdict::Wait(std::time::Duration::from_secs(15)),
            Self::Access(_) | Self::NotFound(_) => Verdict::Credentials,
            Self::Refused(_) => Verdict::Refused,
        }
    }

    /// True when a write that failed like this may have been done all the same.
    pub fn maybe_done(&self) -> bool {
        match self {
            Self::AnswerLost(_) | Self::Unexpected(_) => true,
            Self::Connect(_)
            | Self::Quota
            | Self::Access(_)
            | Self::NotFound(_)
            | Self::Refused(_)
            | Self::HeldUp
            | Self::Unsettled
            | Self::RefusedTogether => false,
        }
    }
}

/// A spreadsheet: the few calls shelfd needs, each one API call.
#[async_trait]
pub trait Workbook: Send + Sync {
    /// Drive's file version: grows with every change, our own included. The cheap change probe.
    async fn version(&self) -> Result<i64, SheetError>;

    /// Tabs, sizes, locale.
    async fn shape(&self) -> Result<Shape, SheetError>;

    /// Read ranges in one call (`values:batchGet`). One grid per range, in order; ragged: trailing blank rows and
    /// cells are left out. A range that starts outside the grid, or in a tab that is not there, refuses the whole call.
    async fn read(&self, ranges: &[CellRange], render: Render) -> Result<Vec<Grid>, SheetError>;

    /// Write cells in one call, all or nothing but for cells with a condition: those are passed over when they show
    /// something else. Also tells how the `look` ranges stand right after it, within the same atomic step.
    async fn write(&self, cells: &[CellWrite], look: &[CellRange]) -> Result<Receipt, SheetError>;

    /// Does a cell with a condition surely stay as it is when it shows something else? Nobody has published proof of it for
    /// Google, so the writer also works, less sharply, where this is false.
    fn keeps_conditions(&self) -> bool {
        true
    }
}
