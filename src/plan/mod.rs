//! Pure: what must be written where, and why; and the words of the status columns.

mod content;
mod guard;
mod rename;
mod status;

pub use content::{Change, ContentPlan, Draft, Known, content, drafts};
pub use guard::{Stop, guard_sheet};
pub use rename::renames;
pub use status::{RowStatus, StatusInput, row_status};
