//! The contract that every ledger keeps.
