//! A gate around a ledger's transactions: where a simulation fails them, or crashes.

use async_trait::async_trait;

/// What a gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Go on.
    Go,
    /// The method returns [`DbError::Unavailable`](crate::db::DbError::Unavailable).
    Fail,
}

/// Asked around every transaction and before every reading, with the method's name. A gate that never answers is a crash
/// at that point: the caller's future is dropped, and what was durable stays.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Before a transaction. At a failure nothing of it is applied.
    async fn before(&self, name: &'static str) -> Pass;

    /// After a transaction: it is durable, whatever the answer.
    async fn after(&self, name: &'static str) -> Pass;

    /// Before a reading.
    async fn reading(&self, name: &'static str) -> Pass;
}
