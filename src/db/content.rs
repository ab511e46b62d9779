//! Sheet rows as accepted, listings as confirmed.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::stock::{Peers, StockRequest, step_book};
use super::{DbError, Ledger, Result, Want, hints, inbox, json_list, letters, millis, report, time};
use crate::catalog::{Money, Row, Sku};
use crate::clock::Time;
use crate::plan::{Change, Known};

/// A sheet row as last accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRecord {
    /// The row.
    pub row: Row,
    /// Its content hash.
    pub hash: String,
    /// Full reads in a row that did not hold it; `0`: it is there.
    pub missing: i64,
}

/// What one read of the sheet brings in, in one transaction.
#[derive(Debug, Clone, Default)]
pub struct AcceptedRows {
    /// Rows that are new or changed in content.
    pub changed: Vec<Row>,
    /// Rows that only moved.
    pub moved: Vec<(Sku, String, u32)>,
    /// Rows that a complete read did not hold.
    pub missing: Vec<Sku>,
    /// Readings of stock cells.
    pub stock: Vec<StockRequest>,
}

/// A listing in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingRecord {
    /// SKU.
    pub sku: Sku,
    /// Product id.
    pub product: String,
    /// Variant id.
    pub variant: Option<String>,
    /// Inventory id.
    pub inventory: Option<String>,
    /// Handle.
    pub handle: Option<String>,
    /// Titles and prices, seen and agreed.
    pub known: Known,
    /// Hash of the row last agreed with.
    pub row_hash: Option<String>,
}

/// What a store showed of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// SKU.
    pub sku: Sku,
    /// Product id.
    pub product: String,
    /// Variant id.
    pub variant: Option<String>,
    /// Inventory id.
    pub inventory: Option<String>,
    /// Handle, where told.
    pub handle: Option<String>,
    /// Title, where told.
    pub title: Option<String>,
    /// Price, where told.
    pub price: Option<Money>,
}

/// What the status columns of a row hang on, beside the row itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusFacts {
    /// Shops that the row is not confirmed at, or that have hints waiting for it.
    pub waiting: Vec<String>,
    /// Dead letters: endpoint and reason.
    pub refused: Vec<(String, String)>,
    /// Last time a shop confirmed something of it, or its stock moved.
    pub synced: Option<Time>,
}

impl Ledger {
    /// All rows, by SKU.
    pub async fn rows(&self) -> Result<BTreeMap<Sku, RowRecord>> {
        let rows = sqlx::query("SELECT row_hash, content, missing FROM rows").fetch_all(&self.readers).await?;
        rows.iter().map(row_record).map(|record| record.map(|record| (record.row.sku.clone(), record))).collect()
    }

    /// Some rows, by SKU.
    pub async fn rows_of(&self, skus: &[Sku]) -> Result<BTreeMap<Sku, RowRecord>> {
        let sql = "SELECT row_hash, content, missing FROM rows WHERE sku IN (SELECT value FROM json_each(?))";
        let rows = sqlx::query(sql).bind(json_list(skus)).fetch_all(&self.readers).await?;
        rows.iter().map(row_record).map(|record| record.map(|record| (record.row.sku.clone(), record))).collect()
    }

    /// Bring in what a read of the sheet found. Shops are hinted at changed rows; stock cells are folded.
    pub async fn accept_rows(
        &self,
        accepted: AcceptedRows,
        shops: &[String],
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<super::StockChange>> {
        let mut tx = self.begin().await?;
        for row in &accepted.changed {
            let content = serde_json::to_string(row)
                .map_err(|error| DbError::Corrupt { what: "a row", why: error.to_string() })?;
            let sql = "INSERT INTO rows (sku, tab, row, row_hash, content, accepted_at) VALUES (?, ?, ?, ?, ?, ?) \
                       ON CONFLICT (sku) DO UPDATE SET tab = excluded.tab, row = excluded.row, missing = 0, \
                       row_hash = excluded.row_hash, content = excluded.content, accepted_at = excluded.accepted_at";
            sqlx::query(sql)
                .bind(row.sku.as_str())
                .bind(&row.tab)
                .bind(row.row)
                .bind(row.hash())
                .bind(content)
                .bind(millis(now))
                .execute(&mut *tx)
                .await?;
            for shop in shops {
                hints::hint(&mut tx, shop, row.sku.as_str(), Want::CONTENT, now).await?;
            }
        }
        for (sku, tab, row) in &accepted.moved {
            let sql = "UPDATE rows SET tab = ?1, row = ?2, missing = 0, \
                       content = json_set(content, '$.tab', ?1, '$.row', ?2) WHERE sku = ?3";
            sqlx::query(sql).bind(tab).bind(row).bind(sku.as_str()).execute(&mut *tx).await?;
        }
        let sql = "UPDATE rows SET missing = missing + 1 WHERE sku IN (SELECT value FROM json_each(?))";
        sqlx::query(sql).bind(json_list(&accepted.missing)).execute(&mut *tx).await?;
        let mut changes = Vec::new();
        for StockRequest { sku, pool, input } in accepted.stock {
            let effects = step_book(&mut tx, super::SHEET, &sku, &pool, input, peers, now).await?;
            changes.push(super::StockChange { sku, pool, effects });
        }
        tx.commit().await?;
        Ok(changes)
    }

    /// Listings of some SKUs at a store.
    pub async fn listings_of(&self, endpoint: &str, skus: &[Sku]) -> Result<BTreeMap<Sku, ListingRecord>> {
        let sql = "SELECT * FROM listings WHERE endpoint = ? AND sku IN (SELECT value FROM json_each(?))";
        let rows = sqlx::query(sql).bind(endpoint).bind(json_list(skus)).fetch_all(&self.readers).await?;
        rows.iter().map(listing).map(|record| record.map(|record| (record.sku.clone(), record))).collect()
    }

    /// All listings at a store.
    pub async fn listings(&self, endpoint: &str) -> Result<BTreeMap<Sku, ListingRecord>> {
        let sql = "SELECT * FROM listings WHERE endpoint = ?";
        let rows = sqlx::query(sql).bind(endpoint).fetch_all(&self.readers).await?;
        rows.iter().map(listing).map(|record| record.map(|record| (record.sku.clone(), record))).collect()
    }

    /// A store's listings of one product handle.
    pub async fn product_of_handle(&self, endpoint: &str, handle: &str) -> Result<Vec<ListingRecord>> {
        let sql = "SELECT listings.* FROM listings JOIN rows ON rows.sku = listings.sku \
                   WHERE endpoint = ? AND json_extract(rows.content, '$.handle') = ? ORDER BY listings.sku";
        let rows = sqlx::query(sql).bind(endpoint).bind(handle).fetch_all(&self.readers).await?;
        rows.iter().map(listing).collect()
    }

    /// Remember what a store showed.
    pub async fn see_listings(&self, endpoint: &str, seen: &[Seen]) -> Result<()> {
        let mut tx = self.begin().await?;
        for seen in seen {
            let sql = "INSERT INTO listings (endpoint, sku, product, variant, inventory, handle, seen_title, seen_price) \
                       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint, sku) DO UPDATE SET \
                       product = excluded.product, variant = excluded.variant, inventory = excluded.inventory, \
                       handle = coalesce(excluded.handle, handle), \
                       seen_title = coalesce(excluded.seen_title, seen_title), \
                       seen_price = coalesce(excluded.seen_price, seen_price), \
                       echo_title = CASE WHEN base_title IS NULL THEN NULL ELSE coalesce(echo_title, excluded.seen_title) END";
            sqlx::query(sql)
                .bind(endpoint)
                .bind(seen.sku.as_str())
                .bind(&seen.product)
                .bind(&seen.variant)
                .bind(&seen.inventory)
                .bind(&seen.handle)
                .bind(&seen.title)
                .bind(seen.price.map(Money::to_store))
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Forget a listing that is gone in the store.
    pub async fn forget_listing(&self, endpoint: &str, sku: &Sku, now: Time) -> Result<()> {
        let mut tx = self.begin().await?;
        let sql = "DELETE FROM listings WHERE endpoint = ? AND sku = ?";
        sqlx::query(sql).bind(endpoint).bind(sku.as_str()).execute(&mut *tx).await?;
        // Its stock went with it: should it be created again, that is a first contact.
        let sql = "DELETE FROM sides WHERE endpoint = ? AND sku = ?";
        sqlx::query(sql).bind(endpoint).bind(sku.as_str()).execute(&mut *tx).await?;
        let sql = "UPDATE intents SET state = 'not_done', settled_at = ? \
                   WHERE endpoint = ? AND sku = ? AND settled_at IS NULL";
        sqlx::query(sql).bind(millis(now)).bind(endpoint).bind(sku.as_str()).execute(&mut *tx).await?;
        hints::hint(&mut tx, endpoint, sku.as_str(), Want::CONTENT, now).await?;
        report::audit(&mut tx, now, endpoint, sku.as_str(), "listing", None, None, "gone in the shop").await?;
        Ok(tx.commit().await?)
    }

    /// A store agreed with rows: what it confirmed becomes the base. The changes are written to the audit.
    pub async fn agree(&self, endpoint: &str, agreed: &[(&RowRecord, Vec<Change>)], now: Time) -> Result<()> {
        if agreed.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (record, changes) in agreed {
            let (row, sku) = (&record.row, record.row.sku.as_str());
            let wrote_title = changes.iter().any(|change| change.field == "title" || change.field == "listing");
            let sql = "UPDATE listings SET seen_title = CASE WHEN ?1 THEN coalesce(?2, seen_title) ELSE seen_title END, \
                       echo_title = CASE WHEN ?1 THEN NULL ELSE echo_title END, base_title = coalesce(?2, base_title), \
                       base_price = coalesce(?3, base_price), seen_price = coalesce(?3, seen_price), row_hash = ?4, \
                       synced_at = ?5 WHERE endpoint = ?6 AND sku = ?7";
            sqlx::query(sql)
                .bind(wrote_title)
                .bind(&row.title)
                .bind(row.price.map(Money::to_store))
                .bind(&record.hash)
                .bind(millis(now))
                .bind(endpoint)
                .bind(sku)
                .execute(&mut *tx)
                .await?;
            for what in ["create", "content"] {
                letters::void(&mut tx, endpoint, sku, what).await?;
            }
            for change in changes {
                let (before, after) = (change.before.as_deref(), Some(change.after.as_str()));
                report::audit(&mut tx, now, endpoint, sku, change.field, before, after, &change.reason).await?;
            }
            hints::hint(&mut tx, super::SHEET, sku, Want::CONTENT, now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// What the status columns of rows hang on.
    pub async fn status_facts(&self, skus: &[Sku], shops: &[String]) -> Result<BTreeMap<Sku, StatusFacts>> {
        let list = json_list(skus);
        let mut facts: BTreeMap<Sku, StatusFacts> =
            skus.iter().map(|sku| (sku.clone(), StatusFacts::default())).collect();
        let sql = "SELECT rows.sku AS sku, listings.endpoint AS endpoint, listings.synced_at AS synced_at, \
                   listings.row_hash IS rows.row_hash AS agreed FROM rows JOIN listings ON listings.sku = rows.sku \
                   WHERE rows.sku IN (SELECT value FROM json_each(?))";
        let mut agreed: BTreeMap<Sku, Vec<String>> = BTreeMap::new();
        for row in sqlx::query(sql).bind(&list).fetch_all(&self.readers).await? {
            let sku = inbox::sku(row.try_get("sku")?)?;
            let synced: Option<i64> = row.try_get("synced_at")?;
            let fact = facts.entry(sku.clone()).or_default();
            fact.synced = fact.synced.max(synced.map(time));
            if row.try_get("agreed")? {
                agreed.entry(sku).or_default().push(row.try_get("endpoint")?);
            }
        }
        let sql =
            "SELECT sku, endpoint, reason FROM dead_letters WHERE sku IN (SELECT value FROM json_each(?)) ORDER BY id";
        for row in sqlx::query(sql).bind(&list).fetch_all(&self.readers).await? {
            let fact = facts.entry(inbox::sku(row.try_get("sku")?)?).or_default();
            fact.refused.push((row.try_get("endpoint")?, row.try_get("reason")?));
        }
        let sql = "SELECT sku, max(at) AS at FROM movements WHERE sku IN (SELECT value FROM json_each(?)) GROUP BY sku";
        for row in sqlx::query(sql).bind(&list).fetch_all(&self.readers).await? {
            let fact = facts.entry(inbox::sku(row.try_get("sku")?)?).or_default();
            fact.synced = fact.synced.max(Some(time(row.try_get("at")?)));
        }
        for (sku, fact) in &mut facts {
            let agreed = agreed.get(sku);
            let refused = fact.refused.iter().map(|(shop, _)| shop).collect::<Vec<_>>();
            let missing =
                |shop: &&String| !agreed.is_some_and(|agreed| agreed.contains(shop)) && !refused.contains(shop);
            fact.waiting = shops.iter().filter(missing).cloned().collect();
        }
        Ok(facts)
    }
}

fn row_record(row: &sqlx::sqlite::SqliteRow) -> Result<RowRecord> {
    let content: String = row.try_get("content")?;
    let parsed =
        serde_json::from_str(&content).map_err(|error| DbError::Corrupt { what: "a row", why: error.to_string() })?;
    Ok(RowRecord { row: parsed, hash: row.try_get("row_hash")?, missing: row.try_get("missing")? })
}

fn listing(row: &sqlx::sqlite::SqliteRow) -> Result<ListingRecord> {
    let money = |name: &str| -> Result<Option<Money>> {
        Ok(row.try_get::<Option<String>, _>(name)?.as_deref().and_then(Money::from_store))
    };
    Ok(ListingRecord {
        sku: inbox::sku(row.try_get("sku")?)?,
        product: row.try_get("product")?,
        variant: row.try_get("variant")?,
        inventory: row.try_get("inventory")?,
        handle: row.try_get("handle")?,
        known: Known {
            seen_title: row.try_get("seen_title")?,
            seen_price: money("seen_price")?,
            base_title: row.try_get("base_title")?,
            echo_title: row.try_get("echo_title")?,
            base_price: money("base_price")?,
        },
        row_hash: row.try_get("row_hash")?,
    })
}
