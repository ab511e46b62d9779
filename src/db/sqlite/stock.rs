//! Books on disk: load, step, store, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row as _;

use super::letters::{count, doubt, void_and_tell};
use super::orders::remember;
use super::report::audit;
use super::{SqliteLedger, Tx, hints, json_list, sku_of};
use crate::catalog::{Pool, Sku};
use crate::clock::Time;
use crate::db::letters::VOID_BY_STOCK;
use crate::db::stock::{Write, recent_to_text, settled_name, step_side};
use crate::db::{
    DbError, DeadLetter, OpenIntent, Peers, Result, SHEET, Standing, StockChange, StockFold, StockRequest, Want,
    millis, time,
};
use crate::stock::{Book, Effect, Input, Intent, Recent, Rule, Settled, Side, Window};

impl SqliteLedger {
    pub(super) async fn stock(
        &self,
        endpoint: &str,
        requests: Vec<StockRequest>,
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>> {
        let mut tx = self.begin().await?;
        let changes = step_books(&mut tx, endpoint, requests, peers, now).await?;
        tx.commit().await?;
        Ok(changes)
    }

    pub(super) async fn fold_store(
        &self,
        endpoint: &str,
        pool: &Pool,
        fold: StockFold,
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>> {
        let mut tx = self.begin().await?;
        let seen = match &fold.orders {
            Some(look) => remember(&mut tx, endpoint, look).await?,
            None => BTreeMap::default(),
        };
        let changes = step_books(&mut tx, endpoint, fold.requests(pool, seen), peers, now).await?;
        tx.commit().await?;
        Ok(changes)
    }

    pub(super) async fn open_intents(&self, endpoint: &str) -> Result<Vec<OpenIntent>> {
        let sql = "SELECT sku, pool, expected, delta, key, state, recorded_at FROM intents \
                   WHERE endpoint = ? AND settled_at IS NULL ORDER BY id";
        let rows = sqlx::query(sql).bind(endpoint).fetch_all(&self.readers).await?;
        let read = |row: sqlx::sqlite::SqliteRow| -> Result<OpenIntent> {
            let unknown = row.try_get::<String, _>("state")? == "unknown";
            let sku = sku_of(row.try_get("sku")?)?;
            Ok(OpenIntent { sku, pool: row.try_get("pool")?, intent: intent(&row)?, unknown })
        };
        rows.into_iter().map(read).collect()
    }

    pub(super) async fn mark_unknown(
        &self,
        endpoint: &str,
        pool: &Pool,
        skus: &[Sku],
        lost: Option<Time>,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE intents SET state = 'unknown', recorded_at = coalesce(?, recorded_at) WHERE endpoint = ? AND pool = ? AND settled_at IS NULL \
                   AND sku IN (SELECT value FROM json_each(?))";
        let query = sqlx::query(sql).bind(lost.map(millis)).bind(endpoint).bind(pool);
        query.bind(json_list(skus)).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn stock_due(&self, endpoint: &str, pool: &Pool, rule: Rule) -> Result<BTreeSet<Sku>> {
        let standings = self.standings_in(endpoint, Some(pool)).await?;
        Ok(standings.into_iter().filter(|(_, standing)| standing.is_due(rule)).map(|((sku, _), _)| sku).collect())
    }

    pub(super) async fn standings(&self, endpoint: &str) -> Result<BTreeMap<(Sku, Pool), Standing>> {
        self.standings_in(endpoint, None).await
    }

    async fn standings_in(&self, endpoint: &str, pool: Option<&Pool>) -> Result<BTreeMap<(Sku, Pool), Standing>> {
        let sql = "SELECT sides.sku AS sku, sides.pool AS pool, accounted, units, EXISTS (SELECT 1 FROM intents \
                   WHERE settled_at IS NULL AND intents.endpoint = sides.endpoint AND intents.sku = sides.sku \
                   AND intents.pool = sides.pool) AS open \
                   FROM sides LEFT JOIN pools ON pools.sku = sides.sku AND pools.pool = sides.pool \
                   WHERE sides.endpoint = ?1 AND (?2 IS NULL OR sides.pool = ?2)";
        let rows = sqlx::query(sql).bind(endpoint).bind(pool).fetch_all(&self.readers).await?;
        let read = |row: sqlx::sqlite::SqliteRow| {
            let accounted = row.try_get("accounted")?;
            let standing = Standing { accounted, open: row.try_get("open")?, pool: row.try_get("units")? };
            Ok(((sku_of(row.try_get("sku")?)?, row.try_get("pool")?), standing))
        };
        rows.into_iter().map(read).collect()
    }

    pub(super) async fn book(&self, sku: &Sku, pool: &Pool) -> Result<Book> {
        let mut tx = self.readers.begin().await?;
        let units: Option<i64> = sqlx::query_scalar("SELECT units FROM pools WHERE sku = ? AND pool = ?")
            .bind(sku.as_str())
            .bind(pool)
            .fetch_optional(&mut *tx)
            .await?;
        let sql = "SELECT endpoint FROM sides WHERE sku = ? AND pool = ?";
        let endpoints: Vec<String> = sqlx::query_scalar(sql).bind(sku.as_str()).bind(pool).fetch_all(&mut *tx).await?;
        let mut book = Book { pool: units, ..Book::default() };
        for endpoint in endpoints {
            let side = load_side(&mut tx, &endpoint, sku, pool).await?;
            book.sides.insert(endpoint, side);
        }
        Ok(book)
    }
}

/// Step books of one endpoint, one after the other.
pub(super) async fn step_books(
    tx: &mut Tx<'_>,
    endpoint: &str,
    requests: Vec<StockRequest>,
    peers: Peers<'_>,
    now: Time,
) -> Result<Vec<StockChange>> {
    let mut changes = Vec::with_capacity(requests.len());
    for StockRequest { sku, pool, input } in requests {
        let place = Place { endpoint, sku: &sku, pool: &pool };
        let effects = step_book(tx, place, input, peers, now).await?;
        changes.push(StockChange { sku, pool, effects });
    }
    Ok(changes)
}

/// Which side of which book.
#[derive(Clone, Copy)]
struct Place<'a> {
    endpoint: &'a str,
    sku: &'a Sku,
    pool: &'a Pool,
}

/// Load a book as far as one endpoint is concerned, step it, store what changed and what it asks for.
async fn step_book(
    tx: &mut Tx<'_>,
    place: Place<'_>,
    input: Input,
    peers: Peers<'_>,
    now: Time,
) -> Result<Vec<Effect>> {
    let Place { endpoint, sku, pool } = place;
    let units: Option<i64> = sqlx::query_scalar("SELECT units FROM pools WHERE sku = ? AND pool = ?")
        .bind(sku.as_str())
        .bind(pool)
        .fetch_optional(&mut **tx)
        .await?;
    let side = load_side(tx, endpoint, sku, pool).await?;
    let stepped = step_side(endpoint, units, side.clone(), input);
    if let Some(after) = stepped.pool {
        let sql = "INSERT INTO pools (sku, pool, units) VALUES (?, ?, ?) \
                   ON CONFLICT (sku, pool) DO UPDATE SET units = excluded.units";
        sqlx::query(sql).bind(sku.as_str()).bind(pool).bind(after).execute(&mut **tx).await?;
    }
    if stepped.side != side {
        store_side(tx, endpoint, sku, pool, &stepped.side).await?;
    }
    for write in stepped.writes() {
        apply(tx, place, write, peers, now).await?;
    }
    Ok(stepped.effects)
}

async fn apply(tx: &mut Tx<'_>, place: Place<'_>, write: Write<'_>, peers: Peers<'_>, now: Time) -> Result<()> {
    let Place { endpoint, sku, pool } = place;
    match write {
        Write::Movement { units, cause, pool_after } => {
            let sql = "INSERT INTO movements (sku, pool, endpoint, units, cause, pool_after, at) VALUES (?, ?, ?, ?, ?, ?, ?)";
            sqlx::query(sql)
                .bind(sku.as_str())
                .bind(pool)
                .bind(endpoint)
                .bind(units)
                .bind(cause)
                .bind(pool_after)
                .bind(millis(now))
                .execute(&mut **tx)
                .await?;
            for peer in peers {
                hints::hint(tx, peer, sku.as_str(), Want::STOCK, now).await?;
            }
        }
        Write::Intent(intent) => {
            let sql = "INSERT INTO intents (endpoint, sku, pool, expected, delta, key, state, recorded_at) \
                       VALUES (?, ?, ?, ?, ?, ?, 'recorded', ?)";
            sqlx::query(sql)
                .bind(endpoint)
                .bind(sku.as_str())
                .bind(pool)
                .bind(intent.expected)
                .bind(intent.delta)
                .bind(&intent.key)
                .bind(millis(intent.recorded))
                .execute(&mut **tx)
                .await?;
        }
        Write::Close(settled) => close_intent(tx, place, settled, now).await?,
        Write::Taken => void_and_tell(tx, endpoint, std::slice::from_ref(sku), &[VOID_BY_STOCK], now).await?,
        Write::Replan => hints::hint(tx, endpoint, sku.as_str(), Want::STOCK, now).await?,
        Write::Audit(words) => audit(tx, now, endpoint, sku.as_str(), "stock", None, None, &words).await?,
        Write::Counted(read) => count(tx, (sku, pool), read, now).await?,
        Write::Doubt(words) => {
            doubt(tx, &DeadLetter::doubt(endpoint, sku.as_str(), Some(pool), words, now)).await?;
            hints::hint(tx, SHEET, sku.as_str(), Want::CONTENT, now).await?;
        }
    }
    Ok(())
}

async fn load_side(tx: &mut Tx<'_>, endpoint: &str, sku: &Sku, pool: &Pool) -> Result<Side> {
    let sql = "SELECT accounted, window_took, window_gave, window_is_new, recent FROM sides \
               WHERE endpoint = ? AND sku = ? AND pool = ?";
    let row = sqlx::query(sql).bind(endpoint).bind(sku.as_str()).bind(pool).fetch_optional(&mut **tx).await?;
    let Some(row) = row else { return Ok(Side::default()) };
    let pair = |first: &str, second: &str| -> Result<Option<(i64, i64)>> {
        let (first, second): (Option<i64>, Option<i64>) = (row.try_get(first)?, row.try_get(second)?);
        Ok(first.zip(second))
    };
    let sql = "SELECT expected, delta, key, recorded_at FROM intents \
               WHERE endpoint = ? AND sku = ? AND pool = ? AND settled_at IS NULL";
    let open = sqlx::query(sql).bind(endpoint).bind(sku.as_str()).bind(pool).fetch_optional(&mut **tx).await?;
    Ok(Side {
        accounted: row.try_get("accounted")?,
        intent: open.as_ref().map(intent).transpose()?,
        window: pair("window_took", "window_gave")?.map(|(took, gave)| Window { took, gave }),
        window_is_new: row.try_get("window_is_new")?,
        recent: recent_of_text(row.try_get("recent")?)?,
    })
}

async fn store_side(tx: &mut Tx<'_>, endpoint: &str, sku: &Sku, pool: &Pool, side: &Side) -> Result<()> {
    let sql = "INSERT INTO sides (endpoint, sku, pool, accounted, window_took, window_gave, window_is_new, recent) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint, sku, pool) DO UPDATE SET \
               accounted = excluded.accounted, window_took = excluded.window_took, window_gave = excluded.window_gave, \
               window_is_new = excluded.window_is_new, recent = excluded.recent";
    sqlx::query(sql)
        .bind(endpoint)
        .bind(sku.as_str())
        .bind(pool)
        .bind(side.accounted)
        .bind(side.window.map(|window| window.took))
        .bind(side.window.map(|window| window.gave))
        .bind(side.window_is_new)
        .bind(recent_to_text(&side.recent))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn close_intent(tx: &mut Tx<'_>, place: Place<'_>, settled: Settled, now: Time) -> Result<()> {
    let sql = "UPDATE intents SET state = ?, settled_at = ? \
               WHERE endpoint = ? AND sku = ? AND pool = ? AND settled_at IS NULL";
    sqlx::query(sql)
        .bind(settled_name(settled))
        .bind(millis(now))
        .bind(place.endpoint)
        .bind(place.sku.as_str())
        .bind(place.pool)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn intent(row: &sqlx::sqlite::SqliteRow) -> Result<Intent> {
    Ok(Intent {
        expected: row.try_get("expected")?,
        delta: row.try_get("delta")?,
        key: row.try_get("key")?,
        recorded: time(row.try_get("recorded_at")?),
    })
}

/// What [`recent_to_text`] wrote, read back.
///
/// # Errors
/// [`DbError::Corrupt`].
fn recent_of_text(text: &str) -> Result<Vec<Recent>> {
    let pairs: Vec<(i64, i64)> = serde_json::from_str(text)
        .map_err(|error| DbError::Corrupt { what: "recent values of a side", why: error.to_string() })?;
    Ok(pairs.into_iter().map(|(value, until)| Recent { value, until: time(until) }).collect())
}
