//! What the ledger file says, read with SQL of our own: the judge must not share the daemon's ideas.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use shelfd::clock::Time;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Row as _, SqliteConnection};

use crate::load::time;

async fn open(path: &Path) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(Duration::from_secs(10));
    Ok(options.connect().await?)
}

/// Writes whose fate the daemon does not know.
pub async fn open_intents(path: &Path) -> anyhow::Result<i64> {
    let sql = "SELECT count(*) FROM intents WHERE settled_at IS NULL";
    Ok(sqlx::query_scalar(sql).fetch_one(&mut open(path).await?).await?)
}

/// Units by SKU: in the pool, and as the sum of all movements.
pub async fn pools(path: &Path) -> anyhow::Result<BTreeMap<String, (i64, i64)>> {
    let sql = "SELECT sku, units, (SELECT coalesce(sum(units), 0) FROM movements WHERE movements.sku = pools.sku) AS sum \
               FROM pools";
    let rows = sqlx::query(sql).fetch_all(&mut open(path).await?).await?;
    rows.iter().map(|row| Ok((row.try_get("sku")?, (row.try_get("units")?, row.try_get("sum")?)))).collect()
}

/// A dead letter.
#[derive(Debug, Clone, Serialize)]
pub struct Letter {
    /// Its number.
    pub id: i64,
    /// Where.
    pub endpoint: String,
    /// Of what.
    pub sku: String,
    /// `doubt`, or what was refused.
    pub code: String,
    /// In words.
    pub reason: String,
}

/// All dead letters.
pub async fn letters(path: &Path) -> anyhow::Result<Vec<Letter>> {
    let sql = "SELECT id, endpoint, sku, code, reason FROM dead_letters ORDER BY id";
    let rows = sqlx::query(sql).fetch_all(&mut open(path).await?).await?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        Ok(Letter {
            id: row.try_get("id")?,
            endpoint: row.try_get("endpoint")?,
            sku: row.try_get("sku")?,
            code: row.try_get("code")?,
            reason: row.try_get("reason")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Units by SKU that doubts since a moment may have left too low: the deltas of the writes that they were about.
pub async fn doubted(path: &Path, since: Time) -> anyhow::Result<BTreeMap<String, i64>> {
    let sql = "SELECT sku, reason FROM audit WHERE at >= ? AND (reason LIKE 'a write''s answer was lost (%' \
               OR reason LIKE 'the number is the one that a write for another row was to put%')";
    let rows = sqlx::query(sql).bind(since.timestamp_millis()).fetch_all(&mut open(path).await?).await?;
    let mut units: BTreeMap<String, i64> = BTreeMap::new();
    for row in &rows {
        let (sku, reason): (String, String) = (row.try_get("sku")?, row.try_get("reason")?);
        let inside = reason.split(['(', ')']).nth(1).unwrap_or_default();
        let delta: i64 = inside.split(' ').nth(1).and_then(|delta| delta.parse().ok()).unwrap_or(0);
        *units.entry(sku).or_default() += delta.abs();
    }
    for letter in letters(path).await? {
        let told = letter.reason.strip_prefix("rows were sorted under a write whose answer was lost");
        let numbers = told.map(|told| told.split(' ').filter_map(|word| word.parse::<i64>().ok()).collect::<Vec<_>>());
        if let Some([before, written]) = numbers.as_deref() {
            *units.entry(letter.sku).or_default() += (before - written).abs();
        }
    }
    Ok(units)
}

/// A write to the sheet that was taken for done.
#[derive(Debug, Clone, Copy)]
pub struct SheetWrite {
    /// The number that it replaced.
    pub expected: i64,
    /// The number that it put.
    pub wrote: i64,
    /// When it was taken for done, in milliseconds since 1970.
    pub settled: i64,
    /// When the one before it was, or the sheet's last movement was folded.
    pub known: i64,
}

/// Writes to the sheet since a moment that were taken for done; and, the other way round, those that were taken for not done
/// after their fate had been open for a while: over what they wrote somebody may have put the number that they replaced.
pub async fn sheet_writes(path: &Path, sku: &str, since: Time) -> anyhow::Result<Vec<SheetWrite>> {
    let sql = "SELECT iif(state = 'done', expected, expected + delta) AS expected, \
               iif(state = 'done', expected + delta, expected) AS wrote, settled_at, \
               (SELECT coalesce(max(at), 0) FROM movements WHERE sku = intents.sku AND endpoint = 'sheet' \
                AND at <= recorded_at) AS moved, \
               (SELECT coalesce(max(settled_at), 0) FROM intents AS older WHERE older.sku = intents.sku \
                AND older.endpoint = 'sheet' AND older.state = 'done' AND older.id < intents.id) AS before \
               FROM intents WHERE endpoint = 'sheet' AND sku = ? AND settled_at >= ? \
               AND (state = 'done' OR (state = 'not_done' AND settled_at > recorded_at + 5000))";
    let query = sqlx::query(sql).bind(sku).bind(since.timestamp_millis());
    let rows = query.fetch_all(&mut open(path).await?).await?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        let (moved, before): (i64, i64) = (row.try_get("moved")?, row.try_get("before")?);
        Ok(SheetWrite {
            expected: row.try_get("expected")?,
            wrote: row.try_get("wrote")?,
            settled: row.try_get("settled_at")?,
            known: moved.max(before),
        })
    };
    rows.iter().map(read).collect()
}

/// All that the ledger says of a SKU since a moment, as lines that sort by time.
pub async fn story(path: &Path, sku: &str, since: Time) -> anyhow::Result<Vec<String>> {
    let queries = [
        "SELECT at, 'ledger: ' || endpoint || ' moved ' || units || ' (' || cause || '), pool ' || pool_after AS words \
         FROM movements WHERE sku = ? AND at >= ?",
        "SELECT recorded_at AS at, 'ledger: ' || endpoint || ' intent ' || id || ': expects ' || expected || ', adds ' \
         || delta AS words FROM intents WHERE sku = ? AND recorded_at >= ?",
        "SELECT settled_at AS at, 'ledger: ' || endpoint || ' intent ' || id || ' settled: ' || state AS words \
         FROM intents WHERE sku = ? AND settled_at >= ?",
        "SELECT at, 'audit: ' || endpoint || ' ' || field || ' ' || coalesce(before, '') || ' → ' || coalesce(after, '') \
         || ': ' || reason AS words FROM audit WHERE sku = ? AND at >= ?",
    ];
    let mut connection = open(path).await?;
    let mut lines = Vec::new();
    for sql in queries {
        let query = sqlx::query(sql).bind(sku).bind(since.timestamp_millis());
        for row in query.fetch_all(&mut connection).await? {
            let (at, words): (i64, String) = (row.try_get("at")?, row.try_get("words")?);
            let at = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
            lines.push(format!("{} {words}", time(at)));
        }
    }
    Ok(lines)
}
