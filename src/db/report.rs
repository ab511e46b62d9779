//! What people ask afterwards: runs, movements, audit, status.

use serde::Serialize;

use crate::clock::Time;

/// One pass over one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunRecord {
    /// Endpoint.
    pub endpoint: String,
    /// What started it: `hints`, `sweep`, `by hand`, …
    pub cause: String,
    /// Start.
    pub started: Time,
    /// End.
    pub ended: Time,
    /// SKUs looked at.
    pub looked_at: i64,
    /// Movements found.
    pub moved: i64,
    /// Items written.
    pub written: i64,
    /// Items refused.
    pub refused: i64,
    /// `ok`, or what went wrong.
    pub outcome: String,
}

/// One movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovementLine {
    /// Id; grows.
    pub id: i64,
    /// SKU.
    pub sku: String,
    /// Pool.
    pub pool: String,
    /// Where it was seen.
    pub endpoint: String,
    /// Units.
    pub units: i64,
    /// `founded`, `orders`, `counted`, `observed`.
    pub cause: String,
    /// The pool after it.
    pub pool_after: i64,
    /// When it was folded.
    pub at: Time,
}

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditLine {
    /// When.
    pub at: Time,
    /// Endpoint written to (or judged).
    pub endpoint: String,
    /// SKU.
    pub sku: String,
    /// Field.
    pub field: String,
    /// Value before.
    pub before: Option<String>,
    /// Value after.
    pub after: Option<String>,
    /// Why.
    pub reason: String,
}

/// One endpoint in `shelfd status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointStatus {
    /// Endpoint.
    pub endpoint: String,
    /// SKUs that it holds (sheet rows, listings).
    pub skus: i64,
    /// Hints waiting.
    pub waiting: i64,
    /// Stock writes recorded and not settled.
    pub open_intents: i64,
    /// Dead letters.
    pub dead: i64,
    /// Webhooks stored.
    pub deliveries: i64,
    /// Its last run.
    pub last_run: Option<RunRecord>,
}
