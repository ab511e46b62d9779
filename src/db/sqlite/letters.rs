//! Dead letters: items given up on, with their story.

use std::collections::BTreeSet;

use sqlx::Row as _;

use super::report::audit;
use super::{SqliteLedger, Tx, hints, json_list};
use crate::catalog::{Pool, Sku};
use crate::clock::Time;
use crate::db::letters::{settled_by_count, void_by_count};
use crate::db::{DeadLetter, Result, SHEET, Want, millis, time};

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

impl SqliteLedger {
    pub(super) async fn bury(&self, letter: &DeadLetter) -> Result<()> {
        let mut tx = self.begin().await?;
        let sql = "INSERT INTO dead_letters (endpoint, sku, what, code, reason, row_hash, attempts, at) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint, sku, what) DO UPDATE SET \
                   code = excluded.code, reason = excluded.reason, row_hash = excluded.row_hash, \
                   attempts = excluded.attempts, at = excluded.at";
        insert(&mut tx, sql, letter).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        let rows = sqlx::query("SELECT * FROM dead_letters ORDER BY id").fetch_all(&self.readers).await?;
        rows.iter().map(letter).collect()
    }

    pub(super) async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>> {
        let row = sqlx::query("SELECT * FROM dead_letters WHERE id = ?").bind(id).fetch_optional(&self.readers).await?;
        row.as_ref().map(letter).transpose()
    }

    pub(super) async fn close_letter(&self, id: i64, replay: bool, now: Time) -> Result<bool> {
        let mut tx = self.begin().await?;
        let row = sqlx::query("SELECT * FROM dead_letters WHERE id = ?").bind(id).fetch_optional(&mut *tx).await?;
        let Some(letter) = row.as_ref().map(letter).transpose()? else { return Ok(false) };
        sqlx::query("DELETE FROM dead_letters WHERE id = ?").bind(id).execute(&mut *tx).await?;
        // Its words stand in the row until that is written anew.
        hints::hint(&mut tx, SHEET, &letter.sku, Want::CONTENT, now).await?;
        if replay {
            hints::hint(&mut tx, &letter.endpoint, &letter.sku, letter.wanted(), now).await?;
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

/// Letters that have become void; the rows that had one are to be told otherwise.
pub(super) async fn void_and_tell(
    tx: &mut Tx<'_>,
    endpoint: &str,
    skus: &[Sku],
    what: &[&str],
    now: Time,
) -> Result<()> {
    let sql = "DELETE FROM dead_letters WHERE endpoint = ? AND sku IN (SELECT value FROM json_each(?)) \
               AND what IN (SELECT value FROM json_each(?)) RETURNING sku";
    let what = serde_json::json!(what).to_string();
    let rows: Vec<String> =
        sqlx::query_scalar(sql).bind(endpoint).bind(json_list(skus)).bind(what).fetch_all(&mut **tx).await?;
    for sku in rows.into_iter().collect::<BTreeSet<_>>() {
        hints::hint(tx, SHEET, &sku, Want::CONTENT, now).await?;
    }
    Ok(())
}

/// A stock-take was read: what asked for it is settled.
pub(super) async fn count(tx: &mut Tx<'_>, (sku, pool): (&Sku, &Pool), read: Time, now: Time) -> Result<()> {
    let sql = "DELETE FROM dead_letters WHERE sku = ? AND what IN (?, ?) AND at <= ? RETURNING endpoint, reason";
    let ([any, own], latest) = void_by_count(pool, read);
    let voided: Vec<(String, String)> =
        sqlx::query_as(sql).bind(sku.as_str()).bind(any).bind(own).bind(millis(latest)).fetch_all(&mut **tx).await?;
    for (endpoint, reason) in &voided {
        audit(tx, now, endpoint, sku.as_str(), "stock", None, None, &settled_by_count(reason)).await?;
        hints::hint(tx, SHEET, sku.as_str(), Want::CONTENT, now).await?;
    }
    Ok(())
}

/// Mark an item whose fate evidence could not decide.
pub(super) async fn doubt(tx: &mut Tx<'_>, letter: &DeadLetter) -> Result<()> {
    let sql = "INSERT INTO dead_letters (endpoint, sku, what, code, reason, row_hash, attempts, at) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint, sku, what) DO UPDATE SET at = excluded.at";
    insert(tx, sql, letter).await
}

async fn insert(tx: &mut Tx<'_>, sql: &'static str, letter: &DeadLetter) -> Result<()> {
    sqlx::query(sql)
        .bind(&letter.endpoint)
        .bind(&letter.sku)
        .bind(&letter.what)
        .bind(&letter.code)
        .bind(&letter.reason)
        .bind(&letter.row_hash)
        .bind(letter.attempts)
        .bind(millis(letter.at))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
