//! Hints: "look at this SKU at this endpoint".

use std::time::Duration;

use sqlx::Row as _;

use super::{Ledger, Result, Tx, millis};
use crate::clock::Time;

/// What a hint asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Want {
    /// The value there may have changed: read it.
    pub look: bool,
    /// Its target may have changed: plan stock.
    pub stock: bool,
    /// Its sheet row may have changed: plan content.
    pub content: bool,
}

impl Want {
    /// Read the value there.
    pub const LOOK: Self = Self { look: true, stock: false, content: false };
    /// Plan stock.
    pub const STOCK: Self = Self { look: false, stock: true, content: false };
    /// Plan content.
    pub const CONTENT: Self = Self { look: false, stock: false, content: true };
}

/// One hint taken for a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// SKU as text; `*` for everything.
    pub sku: String,
    /// What it asks for.
    pub want: Want,
    /// Failed tries so far.
    pub attempts: u32,
    /// Must be unchanged when the hint is finished.
    pub seq: i64,
}

/// How a pass left a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HintDone {
    /// Done with.
    Cleared,
    /// Again later; `failed` counts an attempt.
    Again {
        /// In how long.
        after: Duration,
        /// Whether a try failed.
        failed: bool,
        /// What is still wanted.
        want: Want,
    },
}

impl Ledger {
    /// Hint at SKUs of one endpoint (`*`: everything), all in one transaction.
    pub async fn hint(&self, endpoint: &str, hints: &[(String, Want, Time)]) -> Result<()> {
        if hints.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (sku, want, due) in hints {
            hint(&mut tx, endpoint, sku, *want, *due).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Hint at everything an endpoint holds.
    pub async fn hint_everything(&self, endpoint: &str, due: Time) -> Result<()> {
        self.hint(endpoint, &[("*".to_owned(), Want::LOOK, due)]).await
    }

    /// Hints that are due, oldest first. They stay until finished.
    pub async fn due_hints(&self, endpoint: &str, now: Time, limit: u32) -> Result<Vec<Hint>> {
        let sql = "SELECT sku, look, stock, content, attempts, seq FROM hints WHERE endpoint = ? AND due_at <= ? \
                   ORDER BY sku != '*', stock + look = 0, due_at, sku LIMIT ?";
        let rows = sqlx::query(sql).bind(endpoint).bind(millis(now)).bind(limit).fetch_all(&self.readers).await?;
        let read = |row: sqlx::sqlite::SqliteRow| -> Result<Hint> {
            let want =
                Want { look: row.try_get("look")?, stock: row.try_get("stock")?, content: row.try_get("content")? };
            Ok(Hint { sku: row.try_get("sku")?, want, attempts: row.try_get("attempts")?, seq: row.try_get("seq")? })
        };
        rows.into_iter().map(read).collect()
    }

    /// When the next hint of an endpoint is due; `None` when there is none.
    pub async fn next_due(&self, endpoint: &str) -> Result<Option<Time>> {
        let sql = "SELECT min(due_at) FROM hints WHERE endpoint = ?";
        let due: Option<i64> = sqlx::query_scalar(sql).bind(endpoint).fetch_one(&self.readers).await?;
        Ok(due.map(super::time))
    }

    /// Is there stock of an endpoint to be planned?
    pub async fn stock_is_due(&self, endpoint: &str, now: Time) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM hints WHERE endpoint = ? AND stock AND due_at <= ?)";
        Ok(sqlx::query_scalar(sql).bind(endpoint).bind(millis(now)).fetch_one(&self.readers).await?)
    }

    /// Leave hints after a pass. One that was given again meanwhile stays.
    pub async fn finish_hints(&self, endpoint: &str, done: &[(Hint, HintDone)], now: Time) -> Result<()> {
        if done.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (hint, done) in done {
            match done {
                HintDone::Cleared => {
                    let sql = "DELETE FROM hints WHERE endpoint = ? AND sku = ? AND seq = ?";
                    sqlx::query(sql).bind(endpoint).bind(&hint.sku).bind(hint.seq).execute(&mut *tx).await?;
                }
                HintDone::Again { after, failed, want } => {
                    let due = now + *after;
                    let sql = "UPDATE hints SET due_at = ?, attempts = attempts + ?, look = ?, stock = ?, content = ? \
                               WHERE endpoint = ? AND sku = ? AND seq = ?";
                    sqlx::query(sql)
                        .bind(millis(due))
                        .bind(i64::from(*failed))
                        .bind(want.look)
                        .bind(want.stock)
                        .bind(want.content)
                        .bind(endpoint)
                        .bind(&hint.sku)
                        .bind(hint.seq)
                        .execute(&mut *tx)
                        .await?;
                }
            }
        }
        Ok(tx.commit().await?)
    }
}

/// Hint inside a transaction. A repeated hint becomes due at the earlier of both times and starts its attempts anew.
pub(super) async fn hint(tx: &mut Tx<'_>, endpoint: &str, sku: &str, want: Want, due: Time) -> Result<()> {
    let sql = "INSERT INTO hints (endpoint, sku, look, stock, content, due_at) VALUES (?, ?, ?, ?, ?, ?) \
               ON CONFLICT (endpoint, sku) DO UPDATE SET look = max(look, excluded.look), \
               stock = max(stock, excluded.stock), content = max(content, excluded.content), \
               due_at = min(due_at, excluded.due_at), attempts = 0, seq = seq + 1";
    sqlx::query(sql)
        .bind(endpoint)
        .bind(sku)
        .bind(want.look)
        .bind(want.stock)
        .bind(want.content)
        .bind(millis(due))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
