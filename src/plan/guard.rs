//! Rules that stop a run before it does harm.

/// Why a run was stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The sheet shows no rows at all where there were some.
    #[error(
        "the sheet is empty, though {known} rows were in it; nothing is written anywhere until rows are back \
         (to start over on purpose, use a new data_dir)"
    )]
    EmptySheet {
        /// Rows that the ledger knows.
        known: usize,
    },
    /// The sheet has never held a row.
    #[error("the sheet has no rows with a key yet; nothing to do")]
    NothingYet,
}

/// Judge a complete read of the sheet: `read` rows with a usable key, `known` rows in the ledger.
///
/// # Errors
/// [`Stop`] when the run must not go on.
pub fn guard_sheet(read: usize, known: usize) -> Result<(), Stop> {
    match (read, known) {
        (0, 0) => Err(Stop::NothingYet),
        (0, known) => Err(Stop::EmptySheet { known }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_sheet_stops_everything() {
        assert_eq!(guard_sheet(0, 12), Err(Stop::EmptySheet { known: 12 }));
        assert_eq!(guard_sheet(0, 0), Err(Stop::NothingYet));
        assert_eq!(guard_sheet(1, 12), Ok(()));
    }
}
