//! Hints: "look at this SKU at this endpoint".

use sqlx::Row as _;

use super::{SqliteLedger, Tx};
use crate::clock::Time;
use crate::db::hints::KeptHint;
use crate::db::{Hint, HintDone, Result, Want, millis, time};

impl SqliteLedger {
    pub(super) async fn hint(&self, endpoint: &str, hints: &[(String, Want, Time)]) -> Result<()> {
        if hints.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (sku, want, due) in hints {
            hint(&mut tx, endpoint, sku, *want, *due).await?;
        }
        Ok(tx.commit().await?)
    }

    pub(super) async fn due_hints(&self, endpoint: &str, now: Time, limit: u32) -> Result<Vec<Hint>> {
        let sql = "SELECT sku, look, stock, content, attempts, seq FROM hints WHERE endpoint = ? AND due_at <= ? \
                   ORDER BY sku != '*', stock + look = 0, due_at, sku LIMIT ?";
        let rows = sqlx::query(sql).bind(endpoint).bind(millis(now)).bind(limit).fetch_all(&self.readers).await?;
        let read = |row: sqlx::sqlite::SqliteRow| -> Result<Hint> {
            let (sku, want) = (row.try_get("sku")?, want(&row)?);
            Ok(Hint { sku, want, attempts: row.try_get("attempts")?, seq: row.try_get("seq")? })
        };
        rows.into_iter().map(read).collect()
    }

    pub(super) async fn next_due(&self, endpoint: &str) -> Result<Option<Time>> {
        let sql = "SELECT min(due_at) FROM hints WHERE endpoint = ?";
        let due: Option<i64> = sqlx::query_scalar(sql).bind(endpoint).fetch_one(&self.readers).await?;
        Ok(due.map(time))
    }

    pub(super) async fn stock_is_due(&self, endpoint: &str, now: Time) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM hints WHERE endpoint = ? AND stock AND due_at <= ?)";
        Ok(sqlx::query_scalar(sql).bind(endpoint).bind(millis(now)).fetch_one(&self.readers).await?)
    }

    pub(super) async fn finish_hints(&self, endpoint: &str, done: &[(Hint, HintDone)], now: Time) -> Result<()> {
        if done.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (taken, done) in done {
            let Some(kept) = load(&mut tx, endpoint, &taken.sku).await? else { continue };
            match kept.finished(taken, done, now) {
                Some(left) if left == kept => {}
                Some(left) => store(&mut tx, endpoint, &taken.sku, left).await?,
                None => {
                    let sql = "DELETE FROM hints WHERE endpoint = ? AND sku = ?";
                    sqlx::query(sql).bind(endpoint).bind(&taken.sku).execute(&mut *tx).await?;
                }
            }
        }
        Ok(tx.commit().await?)
    }
}

/// Hint inside a transaction.
pub(super) async fn hint(tx: &mut Tx<'_>, endpoint: &str, sku: &str, want: Want, due: Time) -> Result<()> {
    let kept = match load(tx, endpoint, sku).await? {
        Some(kept) => kept.again(want, due),
        None => KeptHint::new(want, due),
    };
    store(tx, endpoint, sku, kept).await
}

async fn load(tx: &mut Tx<'_>, endpoint: &str, sku: &str) -> Result<Option<KeptHint>> {
    let sql = "SELECT look, stock, content, due_at, attempts, seq FROM hints WHERE endpoint = ? AND sku = ?";
    let row = sqlx::query(sql).bind(endpoint).bind(sku).fetch_optional(&mut **tx).await?;
    let Some(row) = row else { return Ok(None) };
    let (due, attempts, seq) = (time(row.try_get("due_at")?), row.try_get("attempts")?, row.try_get("seq")?);
    Ok(Some(KeptHint { want: want(&row)?, due, attempts, seq }))
}

async fn store(tx: &mut Tx<'_>, endpoint: &str, sku: &str, kept: KeptHint) -> Result<()> {
    let sql = "INSERT INTO hints (endpoint, sku, look, stock, content, due_at, attempts, seq) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint, sku) DO UPDATE SET look = excluded.look, \
               stock = excluded.stock, content = excluded.content, due_at = excluded.due_at, \
               attempts = excluded.attempts, seq = excluded.seq";
    sqlx::query(sql)
        .bind(endpoint)
        .bind(sku)
        .bind(kept.want.look)
        .bind(kept.want.stock)
        .bind(kept.want.content)
        .bind(millis(kept.due))
        .bind(kept.attempts)
        .bind(kept.seq)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn want(row: &sqlx::sqlite::SqliteRow) -> Result<Want> {
    Ok(Want { look: row.try_get("look")?, stock: row.try_get("stock")?, content: row.try_get("content")? })
}
