//! Pure: cells to typed rows. SKUs, money, quantities, header mapping, row hashes, and problems that name the cell.

mod cell;
mod header;
mod money;
mod problem;
mod row;
mod sku;

pub use cell::{Cell, Locale};
pub use header::{Columns, HeaderProblem, OptionColumns, TabMapping, locate};
pub use money::Money;
pub use problem::Problem;
pub use row::{OptionValue, RawRow, Row, RowHash, Tab, key_of, parse_tab};
pub use sku::Sku;

/// The name of one stock column, and of what it counts ("main", "berlin"). Several shops may sell from one pool.
pub type Pool = String;
