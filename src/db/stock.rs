//! Books on disk: load, step, store, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row as _;

use super::orders::OrderLook;
use super::{Ledger, Result, Tx, Want, hints, millis, time};
use crate::catalog::{Pool, Sku};
use crate::clock::Time;
use crate::stock::{
    Book, Cause, Effect, Input, Intent, OrdersSeen, Reading, Replaced, Rule, Settled, Side, Window, step,
};

/// Endpoints whose targets hang on a pool: they are hinted when it moves.
pub type Peers<'a> = &'a [String];

/// One input for one book.
#[derive(Debug, Clone)]
pub struct StockRequest {
    /// SKU.
    pub sku: Sku,
    /// Pool.
    pub pool: Pool,
    /// What happened, or is to happen.
    pub input: Input,
}

/// What one request led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockChange {
    /// SKU.
    pub sku: Sku,
    /// Pool.
    pub pool: Pool,
    /// Effects, already written down.
    pub effects: Vec<Effect>,
}

/// Readings of one store pass, to be folded together with what its orders said.
#[derive(Debug, Clone)]
pub struct StockFold {
    /// Values read, by SKU; the slack of orders is added in the transaction.
    pub readings: Vec<(Sku, i64)>,
    /// When they were read.
    pub at: Time,
    /// The looks at the order list around them, for stores whose order list is the evidence.
    pub orders: Option<OrderLook>,
    /// See [`Input::Read`].
    pub stale_for: std::time::Duration,
    /// See [`Input::Read`].
    pub late_for: std::time::Duration,
}

/// Something about a SKU's stock that people should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StockNote {
    /// Evidence could not decide a lost answer; the lower stock was assumed.
    Doubt,
    /// An overwritten sale was found and is being repaired.
    Overwritten(i64),
}

/// A recorded write that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIntent {
    /// SKU.
    pub sku: Sku,
    /// Pool.
    pub pool: Pool,
    /// The write.
    pub intent: Intent,
    /// True when it may have been sent.
    pub unknown: bool,
}

impl Ledger {
    /// Step books of one endpoint, all in one transaction.
    pub async fn stock(
        &self,
        endpoint: &str,
        requests: Vec<StockRequest>,
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>> {
        let mut tx = self.begin().await?;
        let mut changes = Vec::with_capacity(requests.len());
        for StockRequest { sku, pool, input } in requests {
            let effects = step_book(&mut tx, endpoint, &sku, &pool, input, peers, now).await?;
            changes.push(StockChange { sku, pool, effects });
        }
        tx.commit().await?;
        Ok(changes)
    }

    /// Fold what a store pass read: orders first, then values, in one transaction.
    pub async fn fold_store(
        &self,
        endpoint: &str,
        pool: &Pool,
        fold: StockFold,
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>> {
        let mut tx = self.begin().await?;
        let mut changes = Vec::new();
        let mut seen = match &fold.orders {
            Some(look) => look.remember(&mut tx, endpoint).await?,
            None => BTreeMap::default(),
        };
        for (sku, orders) in &seen {
            let OrdersSeen { took, gave, .. } = *orders;
            if (took, gave) != (0, 0) {
                let input = Input::Orders { took, gave };
                let effects = step_book(&mut tx, endpoint, sku, pool, input, peers, now).await?;
                changes.push(StockChange { sku: sku.clone(), pool: pool.clone(), effects });
            }
        }
        for (sku, value) in fold.readings {
            let orders = seen.remove(&sku).unwrap_or_default();
            let reading = Reading { value, slack_low: orders.slack_low, slack_high: orders.slack_high, at: fold.at };
            let input = Input::Read { reading, founds_pool: false, stale_for: fold.stale_for, late_for: fold.late_for };
            let effects = step_book(&mut tx, endpoint, &sku, pool, input, peers, now).await?;
            changes.push(StockChange { sku, pool: pool.clone(), effects });
        }
        tx.commit().await?;
        Ok(changes)
    }

    /// Writes that are recorded and not settled, batch by batch (items of one key together).
    pub async fn open_intents(&self, endpoint: &str) -> Result<Vec<OpenIntent>> {
        let sql = "SELECT sku, pool, expected, delta, key, state, recorded_at FROM intents \
                   WHERE endpoint = ? AND settled_at IS NULL ORDER BY id";
        let rows = sqlx::query(sql).bind(endpoint).fetch_all(&self.readers).await?;
        let read = |row: sqlx::sqlite::SqliteRow| -> Result<OpenIntent> {
            let unknown = row.try_get::<String, _>("state")? == "unknown";
            let sku = super::inbox::sku(row.try_get("sku")?)?;
            Ok(OpenIntent { sku, pool: row.try_get("pool")?, intent: intent(&row)?, unknown })
        };
        rows.into_iter().map(read).collect()
    }

    /// Note that open writes may or may not have been done.
    pub async fn mark_unknown(&self, endpoint: &str, pool: &Pool, skus: &[Sku]) -> Result<()> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE intents SET state = 'unknown' WHERE endpoint = ? AND pool = ? AND settled_at IS NULL \
                   AND sku IN (SELECT value FROM json_each(?))";
        sqlx::query(sql).bind(endpoint).bind(pool).bind(super::json_list(skus)).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// SKUs whose target at an endpoint is not what is accounted there, or whose write is open.
    pub async fn stock_due(&self, endpoint: &str, pool: &Pool, rule: Rule) -> Result<BTreeSet<Sku>> {
        let sql = "SELECT sides.sku AS sku, accounted, units, EXISTS (SELECT 1 FROM intents WHERE settled_at IS NULL \
                   AND intents.endpoint = sides.endpoint AND intents.sku = sides.sku AND intents.pool = sides.pool) AS open \
                   FROM sides JOIN pools ON pools.sku = sides.sku AND pools.pool = sides.pool \
                   WHERE sides.endpoint = ? AND sides.pool = ?";
        let mut due = BTreeSet::new();
        for row in sqlx::query(sql).bind(endpoint).bind(pool).fetch_all(&self.readers).await? {
            let (accounted, units): (Option<i64>, i64) = (row.try_get("accounted")?, row.try_get("units")?);
            if row.try_get("open")? || accounted.is_some_and(|accounted| rule.target(units) != accounted) {
                due.insert(super::inbox::sku(row.try_get("sku")?)?);
            }
        }
        Ok(due)
    }

    /// What is accounted at an endpoint, by SKU and pool, and whether a write is open there.
    pub async fn accounted(&self, endpoint: &str) -> Result<BTreeMap<(Sku, Pool), (Option<i64>, bool)>> {
        let sql = "SELECT sku, pool, accounted, EXISTS (SELECT 1 FROM intents WHERE settled_at IS NULL \
                   AND intents.endpoint = sides.endpoint AND intents.sku = sides.sku AND intents.pool = sides.pool) AS open \
                   FROM sides WHERE endpoint = ?";
        let rows = sqlx::query(sql).bind(endpoint).fetch_all(&self.readers).await?;
        let read = |row: sqlx::sqlite::SqliteRow| {
            let key = (super::inbox::sku(row.try_get("sku")?)?, row.try_get("pool")?);
            Ok((key, (row.try_get("accounted")?, row.try_get("open")?)))
        };
        rows.into_iter().map(read).collect()
    }

    /// Units in a pool, and what is accounted at an endpoint.
    pub async fn book(&self, sku: &Sku, pool: &Pool) -> Result<Book> {
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

/// Load a book as far as one endpoint is concerned, step it, store what changed and what it asks for.
pub(super) async fn step_book(
    tx: &mut Tx<'_>,
    endpoint: &str,
    sku: &Sku,
    pool: &Pool,
    input: Input,
    peers: Peers<'_>,
    now: Time,
) -> Result<Vec<Effect>> {
    let units: Option<i64> = sqlx::query_scalar("SELECT units FROM pools WHERE sku = ? AND pool = ?")
        .bind(sku.as_str())
        .bind(pool)
        .fetch_optional(&mut **tx)
        .await?;
    let side = load_side(tx, endpoint, sku, pool).await?;
    let mut book = Book { pool: units, sides: [(endpoint.to_owned(), side.clone())].into() };
    let settled_by_input = match &input {
        Input::Settle { settled, .. } => Some(*settled),
        _ => None,
    };
    let effects = step(&mut book, endpoint, input);
    if let (Some(settled), Some(_)) = (settled_by_input, &side.intent) {
        close_intent(tx, endpoint, sku, pool, settled, now).await?;
    }
    if let Some(after) = book.pool.filter(|_| book.pool != units) {
        let sql = "INSERT INTO pools (sku, pool, units) VALUES (?, ?, ?) \
                   ON CONFLICT (sku, pool) DO UPDATE SET units = excluded.units";
        sqlx::query(sql).bind(sku.as_str()).bind(pool).bind(after).execute(&mut **tx).await?;
    }
    if let Some(after) = book.sides.get(endpoint).filter(|after| **after != side) {
        store_side(tx, endpoint, sku, pool, after).await?;
    }
    let mut pool_after = units.unwrap_or(0);
    for effect in &effects {
        if let Effect::Moved { units, .. } = effect {
            pool_after += units;
        }
        apply(tx, endpoint, sku, pool, effect, pool_after, peers, now).await?;
    }
    Ok(effects)
}

#[expect(clippy::too_many_arguments, reason = "one row's whole context; private to this file")]
async fn apply(
    tx: &mut Tx<'_>,
    endpoint: &str,
    sku: &Sku,
    pool: &Pool,
    effect: &Effect,
    pool_after: i64,
    peers: Peers<'_>,
    now: Time,
) -> Result<()> {
    match effect {
        Effect::Moved { units, cause } => {
            let cause = match cause {
                Cause::Founded => "founded",
                Cause::Orders => "orders",
                Cause::Observed => "observed",
            };
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
        Effect::Send(intent) => {
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
        Effect::Resolved { settled, .. } => {
            close_intent(tx, endpoint, sku, pool, *settled, now).await?;
            hints::hint(tx, endpoint, sku.as_str(), Want::STOCK, now).await?;
        }
        Effect::Overwritten(units) => {
            hints::hint(tx, endpoint, sku.as_str(), Want::STOCK, now).await?;
            let reason = format!("{units} sold while shelfd set the stock here; taken away again");
            super::report::audit(tx, now, endpoint, sku.as_str(), "stock", None, None, &reason).await?;
        }
        Effect::Doubt(intent) => {
            let reason = format!(
                "a write's answer was lost ({} {:+}) and what is there now decides nothing: the lower stock was assumed",
                intent.expected, intent.delta
            );
            super::report::audit(tx, now, endpoint, sku.as_str(), "stock", None, None, &reason).await?;
            // Stands in the row's status until somebody has counted and drops the letter.
            let words = "a write's answer was lost and nothing tells whether it was done; the lower stock was assumed: please count";
            super::letters::doubt(tx, endpoint, sku.as_str(), words, now).await?;
        }
        Effect::LookAgain => {}
    }
    Ok(())
}

async fn load_side(tx: &mut Tx<'_>, endpoint: &str, sku: &Sku, pool: &Pool) -> Result<Side> {
    let sql = "SELECT accounted, window_took, window_gave, replaced_value, replaced_until FROM sides \
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
        replaced: pair("replaced_value", "replaced_until")?
            .map(|(value, until)| Replaced { value, until: time(until) }),
    })
}

async fn store_side(tx: &mut Tx<'_>, endpoint: &str, sku: &Sku, pool: &Pool, side: &Side) -> Result<()> {
    let sql = "INSERT INTO sides (endpoint, sku, pool, accounted, window_took, window_gave, replaced_value, replaced_until) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint, sku, pool) DO UPDATE SET \
               accounted = excluded.accounted, window_took = excluded.window_took, window_gave = excluded.window_gave, \
               replaced_value = excluded.replaced_value, replaced_until = excluded.replaced_until";
    sqlx::query(sql)
        .bind(endpoint)
        .bind(sku.as_str())
        .bind(pool)
        .bind(side.accounted)
        .bind(side.window.map(|window| window.took))
        .bind(side.window.map(|window| window.gave))
        .bind(side.replaced.map(|replaced| replaced.value))
        .bind(side.replaced.map(|replaced| millis(replaced.until)))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn close_intent(
    tx: &mut Tx<'_>,
    endpoint: &str,
    sku: &Sku,
    pool: &Pool,
    settled: Settled,
    now: Time,
) -> Result<()> {
    let state = match settled {
        Settled::Done => "done",
        Settled::NotDone => "not_done",
    };
    let sql = "UPDATE intents SET state = ?, settled_at = ? \
               WHERE endpoint = ? AND sku = ? AND pool = ? AND settled_at IS NULL";
    sqlx::query(sql)
        .bind(state)
        .bind(millis(now))
        .bind(endpoint)
        .bind(sku.as_str())
        .bind(pool)
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
