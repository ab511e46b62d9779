//! A SKU that people gave another name: everything known of it goes with it.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::{SqliteLedger, hints, report, sku_of};
use crate::catalog::Sku;
use crate::clock::Time;
use crate::db::{RENAMED, Result, SHEET, Want};

/// One statement for each table that names SKUs. `?1` is the old name, `?2` the new one. Nothing is known of the new one yet but,
/// perhaps, hints and letters.
const STEPS: [&str; 13] = [
    "UPDATE rows SET sku = ?2, content = json_set(content, '$.sku', ?2) WHERE sku = ?1",
    "UPDATE listings SET sku = ?2 WHERE sku = ?1",
    "UPDATE pools SET sku = ?2 WHERE sku = ?1",
    "UPDATE sides SET sku = ?2 WHERE sku = ?1",
    "UPDATE movements SET sku = ?2 WHERE sku = ?1",
    "UPDATE intents SET sku = ?2 WHERE sku = ?1",
    "UPDATE shares SET sku = ?2 WHERE sku = ?1",
    "UPDATE OR REPLACE hints SET sku = ?2 WHERE sku = ?1",
    "UPDATE OR REPLACE dead_letters SET sku = ?2 WHERE sku = ?1",
    "UPDATE audit SET sku = ?2 WHERE sku = ?1",
    "UPDATE former_skus SET now = ?2 WHERE now = ?1",
    "DELETE FROM former_skus WHERE sku = ?2",
    "INSERT INTO former_skus (sku, now) VALUES (?1, ?2) ON CONFLICT (sku) DO UPDATE SET now = excluded.now",
];

impl SqliteLedger {
    pub(super) async fn rename(&self, from: &Sku, to: &Sku, shops: &[String], now: Time) -> Result<bool> {
        let mut tx = self.begin().await?;
        let sql = "SELECT EXISTS (SELECT 1 FROM rows WHERE sku = ?1) \
                   AND NOT EXISTS (SELECT 1 FROM rows WHERE sku = ?2) \
                   AND NOT EXISTS (SELECT 1 FROM listings WHERE sku = ?2) \
                   AND NOT EXISTS (SELECT 1 FROM pools WHERE sku = ?2) \
                   AND NOT EXISTS (SELECT 1 FROM sides WHERE sku = ?2)";
        let possible: bool = sqlx::query_scalar(sql).bind(from.as_str()).bind(to.as_str()).fetch_one(&mut *tx).await?;
        if !possible {
            return Ok(false);
        }
        for sql in STEPS {
            sqlx::query(sql).bind(from.as_str()).bind(to.as_str()).execute(&mut *tx).await?;
        }
        for shop in shops {
            hints::hint(&mut tx, shop, to.as_str(), Want::CONTENT, now).await?;
        }
        let (before, after) = (Some(from.as_str()), Some(to.as_str()));
        report::audit(&mut tx, now, SHEET, to.as_str(), "sku", before, after, RENAMED).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub(super) async fn former_skus(&self) -> Result<BTreeMap<Sku, Sku>> {
        let rows = sqlx::query("SELECT sku, now FROM former_skus").fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((sku_of(row.try_get("sku")?)?, sku_of(row.try_get("now")?)?))).collect()
    }
}
