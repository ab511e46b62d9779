//! Sheet rows as accepted, listings as confirmed.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::stock::step_books;
use super::{SqliteLedger, Tx, hints, json_list, letters, report, sku_of};
use crate::catalog::{Money, Sku};
use crate::clock::Time;
use crate::db::letters::{VOID_BY_AGREEMENT, VOID_BY_SIGHT};
use crate::db::{
    AcceptedRows, DbError, ListingRecord, Peers, Result, RowRecord, SHEET, Seen, StatusFacts, StockChange, Want,
    millis, time,
};
use crate::plan::{Change, Known};

impl SqliteLedger {
    pub(super) async fn rows(&self) -> Result<BTreeMap<Sku, RowRecord>> {
        let rows = sqlx::query("SELECT row_hash, content, missing FROM rows").fetch_all(&self.readers).await?;
        rows.iter().map(row_record).map(|record| record.map(|record| (record.row.sku.clone(), record))).collect()
    }

    pub(super) async fn rows_of(&self, skus: &[Sku]) -> Result<BTreeMap<Sku, RowRecord>> {
        let sql = "SELECT row_hash, content, missing FROM rows WHERE sku IN (SELECT value FROM json_each(?))";
        let rows = sqlx::query(sql).bind(json_list(skus)).fetch_all(&self.readers).await?;
        rows.iter().map(row_record).map(|record| record.map(|record| (record.row.sku.clone(), record))).collect()
    }

    pub(super) async fn accept_rows(
        &self,
        accepted: AcceptedRows,
        shops: &[String],
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>> {
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
        let changes = step_books(&mut tx, SHEET, accepted.stock, peers, now).await?;
        tx.commit().await?;
        Ok(changes)
    }

    pub(super) async fn listings_of(&self, endpoint: &str, skus: &[Sku]) -> Result<BTreeMap<Sku, ListingRecord>> {
        let sql = "SELECT * FROM listings WHERE endpoint = ? AND sku IN (SELECT value FROM json_each(?))";
        let rows = sqlx::query(sql).bind(endpoint).bind(json_list(skus)).fetch_all(&self.readers).await?;
        rows.iter().map(listing).map(|record| record.map(|record| (record.sku.clone(), record))).collect()
    }

    pub(super) async fn listings(&self, endpoint: &str) -> Result<BTreeMap<Sku, ListingRecord>> {
        let sql = "SELECT * FROM listings WHERE endpoint = ?";
        let rows = sqlx::query(sql).bind(endpoint).fetch_all(&self.readers).await?;
        rows.iter().map(listing).map(|record| record.map(|record| (record.sku.clone(), record))).collect()
    }

    pub(super) async fn product_of_handle(&self, endpoint: &str, handle: &str) -> Result<Vec<ListingRecord>> {
        let sql = "SELECT listings.* FROM listings JOIN rows ON rows.sku = listings.sku \
                   WHERE endpoint = ? AND json_extract(rows.content, '$.handle') = ? ORDER BY listings.sku";
        let rows = sqlx::query(sql).bind(endpoint).bind(handle).fetch_all(&self.readers).await?;
        rows.iter().map(listing).collect()
    }

    pub(super) async fn see_listings(&self, endpoint: &str, seen: &[Seen], now: Time) -> Result<()> {
        let mut tx = self.begin().await?;
        for seen in seen {
            let record = match load_listing(&mut tx, endpoint, &seen.sku).await? {
                Some(mut record) => {
                    record.see(seen);
                    record
                }
                None => ListingRecord::new(seen),
            };
            store_listing(&mut tx, endpoint, &record).await?;
        }
        let skus: Vec<Sku> = seen.iter().map(|seen| seen.sku.clone()).collect();
        letters::void_and_tell(&mut tx, endpoint, &skus, &VOID_BY_SIGHT, now).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn forget_listing(&self, endpoint: &str, sku: &Sku, now: Time) -> Result<()> {
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

    pub(super) async fn agree(&self, endpoint: &str, agreed: &[(&RowRecord, Vec<Change>)], now: Time) -> Result<()> {
        if agreed.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (record, changes) in agreed {
            let sku = &record.row.sku;
            if let Some(mut listing) = load_listing(&mut tx, endpoint, sku).await? {
                listing.agree(record, changes);
                store_listing(&mut tx, endpoint, &listing).await?;
                let sql = "UPDATE listings SET synced_at = ? WHERE endpoint = ? AND sku = ?";
                sqlx::query(sql).bind(millis(now)).bind(endpoint).bind(sku.as_str()).execute(&mut *tx).await?;
            }
            let sku = sku.as_str();
            for what in VOID_BY_AGREEMENT {
                letters::void(&mut tx, endpoint, sku, what).await?;
            }
            for change in changes {
                let (before, after) = (change.before.as_deref(), Some(change.after.as_str()));
                report::audit(&mut tx, now, endpoint, sku, change.field, before, after, &change.reason).await?;
            }
            hints::hint(&mut tx, SHEET, sku, Want::CONTENT, now).await?;
        }
        Ok(tx.commit().await?)
    }

    pub(super) async fn status_facts(&self, skus: &[Sku], shops: &[String]) -> Result<BTreeMap<Sku, StatusFacts>> {
        let list = json_list(skus);
        let mut facts: BTreeMap<Sku, StatusFacts> =
            skus.iter().map(|sku| (sku.clone(), StatusFacts::default())).collect();
        let sql = "SELECT rows.sku AS sku, listings.endpoint AS endpoint, listings.synced_at AS synced_at, \
                   listings.row_hash IS rows.row_hash AS agreed FROM rows JOIN listings ON listings.sku = rows.sku \
                   WHERE rows.sku IN (SELECT value FROM json_each(?))";
        let mut agreed: BTreeMap<Sku, Vec<String>> = BTreeMap::new();
        for row in sqlx::query(sql).bind(&list).fetch_all(&self.readers).await? {
            let sku = sku_of(row.try_get("sku")?)?;
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
            let endpoint: String = row.try_get("endpoint")?;
            if StatusFacts::is_told(&endpoint, shops) {
                let fact = facts.entry(sku_of(row.try_get("sku")?)?).or_default();
                fact.refused.push((endpoint, row.try_get("reason")?));
            }
        }
        let sql = "SELECT sku, max(at) AS at FROM movements WHERE sku IN (SELECT value FROM json_each(?)) GROUP BY sku";
        for row in sqlx::query(sql).bind(&list).fetch_all(&self.readers).await? {
            let fact = facts.entry(sku_of(row.try_get("sku")?)?).or_default();
            fact.synced = fact.synced.max(Some(time(row.try_get("at")?)));
        }
        for (sku, fact) in &mut facts {
            let agreed = agreed.get(sku);
            fact.wait_for(shops, |shop| agreed.is_some_and(|agreed| agreed.iter().any(|name| name == shop)));
        }
        Ok(facts)
    }
}

async fn load_listing(tx: &mut Tx<'_>, endpoint: &str, sku: &Sku) -> Result<Option<ListingRecord>> {
    let sql = "SELECT * FROM listings WHERE endpoint = ? AND sku = ?";
    let row = sqlx::query(sql).bind(endpoint).bind(sku.as_str()).fetch_optional(&mut **tx).await?;
    row.as_ref().map(listing).transpose()
}

/// Store a listing; when it was last agreed with stays.
async fn store_listing(tx: &mut Tx<'_>, endpoint: &str, record: &ListingRecord) -> Result<()> {
    let sql = "INSERT INTO listings (endpoint, sku, product, variant, inventory, handle, seen_title, seen_price, \
               base_title, echo_title, base_price, row_hash, seen_sku) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
               ON CONFLICT (endpoint, sku) DO UPDATE SET product = excluded.product, variant = excluded.variant, \
               inventory = excluded.inventory, handle = excluded.handle, seen_title = excluded.seen_title, \
               seen_price = excluded.seen_price, base_title = excluded.base_title, echo_title = excluded.echo_title, \
               base_price = excluded.base_price, row_hash = excluded.row_hash, seen_sku = excluded.seen_sku";
    let known = &record.known;
    sqlx::query(sql)
        .bind(endpoint)
        .bind(record.sku.as_str())
        .bind(&record.product)
        .bind(&record.variant)
        .bind(&record.inventory)
        .bind(&record.handle)
        .bind(&known.seen_title)
        .bind(known.seen_price.map(Money::to_store))
        .bind(&known.base_title)
        .bind(&known.echo_title)
        .bind(known.base_price.map(Money::to_store))
        .bind(&record.row_hash)
        .bind(&known.seen_sku)
        .execute(&mut **tx)
        .await?;
    Ok(())
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
        sku: sku_of(row.try_get("sku")?)?,
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
            seen_sku: row.try_get("seen_sku")?,
        },
        row_hash: row.try_get("row_hash")?,
    })
}
