//! What people ask afterwards: runs, movements, audit, status.

use sqlx::Row as _;

use super::{SqliteLedger, Tx};
use crate::clock::Time;
use crate::db::{AuditLine, EndpointStatus, MovementLine, Result, RunRecord, SHEET, millis, time};

impl SqliteLedger {
    pub(super) async fn record_run(&self, run: &RunRecord) -> Result<()> {
        let mut tx = self.begin().await?;
        let sql = "INSERT INTO runs (endpoint, cause, started_at, ended_at, looked_at, moved, written, refused, outcome) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        sqlx::query(sql)
            .bind(&run.endpoint)
            .bind(&run.cause)
            .bind(millis(run.started))
            .bind(millis(run.ended))
            .bind(run.looked_at)
            .bind(run.moved)
            .bind(run.written)
            .bind(run.refused)
            .bind(&run.outcome)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn prune_runs(&self, before: Time) -> Result<u64> {
        let mut tx = self.begin().await?;
        let sql = "DELETE FROM runs WHERE ended_at < ?";
        let gone = sqlx::query(sql).bind(millis(before)).execute(&mut *tx).await?.rows_affected();
        tx.commit().await?;
        Ok(gone)
    }

    pub(super) async fn movements(&self, after: i64, limit: u32) -> Result<Vec<MovementLine>> {
        let sql = "SELECT * FROM movements WHERE id > ? ORDER BY id LIMIT ?";
        let rows = sqlx::query(sql).bind(after).bind(limit).fetch_all(&self.readers).await?;
        let read = |row: sqlx::sqlite::SqliteRow| -> Result<MovementLine> {
            Ok(MovementLine {
                id: row.try_get("id")?,
                sku: row.try_get("sku")?,
                pool: row.try_get("pool")?,
                endpoint: row.try_get("endpoint")?,
                units: row.try_get("units")?,
                cause: row.try_get("cause")?,
                pool_after: row.try_get("pool_after")?,
                at: time(row.try_get("at")?),
            })
        };
        rows.into_iter().map(read).collect()
    }

    pub(super) async fn audit_lines(&self, sku: Option<&str>, limit: u32) -> Result<Vec<AuditLine>> {
        let sql = "SELECT * FROM audit WHERE ?1 IS NULL OR sku = ?1 ORDER BY id DESC LIMIT ?2";
        let rows = sqlx::query(sql).bind(sku).bind(limit).fetch_all(&self.readers).await?;
        let read = |row: sqlx::sqlite::SqliteRow| -> Result<AuditLine> {
            Ok(AuditLine {
                at: time(row.try_get("at")?),
                endpoint: row.try_get("endpoint")?,
                sku: row.try_get("sku")?,
                field: row.try_get("field")?,
                before: row.try_get("before")?,
                after: row.try_get("after")?,
                reason: row.try_get("reason")?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    pub(super) async fn endpoint_status(&self, endpoint: &str) -> Result<EndpointStatus> {
        let count = async |sql: &'static str| -> Result<i64> {
            Ok(sqlx::query_scalar(sql).bind(endpoint).fetch_one(&self.readers).await?)
        };
        let skus = if endpoint == SHEET {
            sqlx::query_scalar("SELECT count(*) FROM rows WHERE missing = 0").fetch_one(&self.readers).await?
        } else {
            count("SELECT count(*) FROM listings WHERE endpoint = ?").await?
        };
        let sql = "SELECT * FROM runs WHERE endpoint = ? ORDER BY id DESC LIMIT 1";
        let last = sqlx::query(sql).bind(endpoint).fetch_optional(&self.readers).await?;
        Ok(EndpointStatus {
            endpoint: endpoint.to_owned(),
            skus,
            waiting: count("SELECT count(*) FROM hints WHERE endpoint = ?").await?,
            open_intents: count("SELECT count(*) FROM intents WHERE endpoint = ? AND settled_at IS NULL").await?,
            dead: count("SELECT count(*) FROM dead_letters WHERE endpoint = ?").await?,
            deliveries: count("SELECT count(*) FROM inbox WHERE shop = ?").await?,
            last_run: last.as_ref().map(run).transpose()?,
        })
    }
}

fn run(row: &sqlx::sqlite::SqliteRow) -> Result<RunRecord> {
    Ok(RunRecord {
        endpoint: row.try_get("endpoint")?,
        cause: row.try_get("cause")?,
        started: time(row.try_get("started_at")?),
        ended: time(row.try_get("ended_at")?),
        looked_at: row.try_get("looked_at")?,
        moved: row.try_get("moved")?,
        written: row.try_get("written")?,
        refused: row.try_get("refused")?,
        outcome: row.try_get("outcome")?,
    })
}

#[expect(clippy::too_many_arguments, reason = "the columns of one audit line")]
pub(super) async fn audit(
    tx: &mut Tx<'_>,
    at: Time,
    endpoint: &str,
    sku: &str,
    field: &str,
    before: Option<&str>,
    after: Option<&str>,
    reason: &str,
) -> Result<()> {
    let sql = "INSERT INTO audit (at, endpoint, sku, field, before, after, reason) VALUES (?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(millis(at))
        .bind(endpoint)
        .bind(sku)
        .bind(field)
        .bind(before)
        .bind(after)
        .bind(reason)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
