//! Dead letters: items given up on, with their story.

use serde::Serialize;
use sqlx::Row as _;

use super::{Ledger, Result, Tx, Want, hints, millis, time};
use crate::clock::Time;

/// An item given up on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Id, for `dead show`.
    pub id: i64,
    /// Endpoint that would not take it.
    pub endpoint: String,
    /// SKU.
    pub sku: String,
    /// What was to be written: `create`, `content`, `stock`.
    pub what: String,
    /// Stable code.
    pub code: String,
    /// The story, for people.
    pub reason: String,
    /// Hash of the sheet row that was refused; a changed row is tried anew by itself.
    pub row_hash: String,
    /// Tries made.
    pub attempts: i64,
    /// When it was given up on.
    pub at: Time,
}

fn letter(row: &sqlx::sqlite::SqliteRow) -> Result<DeadLetter> {
    Ok(DeadLetter {
        id: row.try_get("id")?,
        endpoint: row.try_get("endpoint")?,
        sku: row.try_get("sku")?,
        what: row.try_get("what")?,
        code: row.try_get("code")?,
        reason: row.try_get("reason")?,
        row_hash: row.try_get("row_hash")?,
        attempts: row.try_get("attempts")?,
        at: time(row.try_get("at")?),
    })
}

impl Ledger {
    /// Give up on an item. A letter for the same item is replaced. (`id` of the argument is not used.)
    pub async fn bury(&self, letter: &DeadLetter) -> Result<()> {
        let mut tx = self.begin().await?;
        let sql = "INSERT INTO dead_letters (endpoint, sku, what, code, reason, row_hash, attempts, at) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint, sku, what) DO UPDATE SET \
                   code = excluded.code, reason = excluded.reason, row_hash = excluded.row_hash, \
                   attempts = excluded.attempts, at = excluded.at";
        sqlx::query(sql)
            .bind(&letter.endpoint)
            .bind(&letter.sku)
            .bind(&letter.what)
            .bind(&letter.code)
            .bind(&letter.reason)
            .bind(&letter.row_hash)
            .bind(letter.attempts)
            .bind(millis(letter.at))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// All dead letters, oldest first.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        let rows = sqlx::query("SELECT * FROM dead_letters ORDER BY id").fetch_all(&self.readers).await?;
        rows.iter().map(letter).collect()
    }

    /// One dead letter.
    pub async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>> {
        let row = sqlx::query("SELECT * FROM dead_letters WHERE id = ?").bind(id).fetch_optional(&self.readers).await?;
        row.as_ref().map(letter).transpose()
    }

    /// Drop a dead letter, trying its item again when asked to. False when there is none of this id.
    pub async fn close_letter(&self, id: i64, replay: bool, now: Time) -> Result<bool> {
        let mut tx = self.begin().await?;
        let row = sqlx::query("SELECT * FROM dead_letters WHERE id = ?").bind(id).fetch_optional(&mut *tx).await?;
        let Some(letter) = row.as_ref().map(letter).transpose()? else { return Ok(false) };
        sqlx::query("DELETE FROM dead_letters WHERE id = ?").bind(id).execute(&mut *tx).await?;
        if replay {
            let want = if letter.what == "stock" { Want { look: true, ..Want::STOCK } } else { Want::CONTENT };
            hints::hint(&mut tx, &letter.endpoint, &letter.sku, want, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// An item went through after all: its letter is void.
pub(super) async fn void(tx: &mut Tx<'_>, endpoint: &str, sku: &str, what: &str) -> Result<()> {
    let sql = "DELETE FROM dead_letters WHERE endpoint = ? AND sku = ? AND what = ?";
    sqlx::query(sql).bind(endpoint).bind(sku).bind(what).execute(&mut **tx).await?;
    Ok(())
}

/// Mark an item whose fate evidence could not decide.
pub(super) async fn doubt(tx: &mut Tx<'_>, endpoint: &str, sku: &str, reason: &str, now: Time) -> Result<()> {
    let sql = "INSERT INTO dead_letters (endpoint, sku, what, code, reason, row_hash, attempts, at) \
               VALUES (?, ?, 'count', 'doubt', ?, '', 0, ?) ON CONFLICT (endpoint, sku, what) DO UPDATE SET at = excluded.at";
    sqlx::query(sql).bind(endpoint).bind(sku).bind(reason).bind(millis(now)).execute(&mut **tx).await?;
    Ok(())
}
