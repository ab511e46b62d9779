//! The inbox: verified webhooks, until they have become hints.

use sqlx::Row as _;

use super::{DbError, Ledger, Result, Want, hints, millis};
use crate::catalog::Sku;
use crate::clock::Time;

/// A stored webhook that has not become hints yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Row id.
    pub id: i64,
    /// Shop.
    pub shop: String,
    /// Topic.
    pub topic: String,
    /// JSON list of what it mentions, as it was stored.
    pub mentions: String,
}

impl Ledger {
    /// Store a verified webhook. False when it was there already.
    pub async fn accept_delivery(
        &self,
        shop: &str,
        topic: &str,
        dedupe: &str,
        mentions: &str,
        now: Time,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let sql = "INSERT INTO inbox (shop, topic, dedupe, mentions, received_at) VALUES (?, ?, ?, ?, ?) \
                   ON CONFLICT (shop, dedupe) DO NOTHING";
        let done = sqlx::query(sql)
            .bind(shop)
            .bind(topic)
            .bind(dedupe)
            .bind(mentions)
            .bind(millis(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Deliveries that have not become hints yet, oldest first.
    pub async fn open_deliveries(&self, limit: u32) -> Result<Vec<Delivery>> {
        let sql = "SELECT id, shop, topic, mentions FROM inbox WHERE handled_at IS NULL ORDER BY id LIMIT ?";
        let rows = sqlx::query(sql).bind(limit).fetch_all(&self.readers).await?;
        let read = |row: sqlx::sqlite::SqliteRow| -> Result<Delivery> {
            Ok(Delivery {
                id: row.try_get("id")?,
                shop: row.try_get("shop")?,
                topic: row.try_get("topic")?,
                mentions: row.try_get("mentions")?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Turn one delivery into hints and mark it handled, in one transaction. `skus` may hold `*`.
    pub async fn handle_delivery(&self, delivery: &Delivery, skus: &[String], now: Time) -> Result<()> {
        let mut tx = self.begin().await?;
        for sku in skus {
            hints::hint(&mut tx, &delivery.shop, sku, Want::LOOK, now).await?;
        }
        let sql = "UPDATE inbox SET handled_at = ? WHERE id = ?";
        sqlx::query(sql).bind(millis(now)).bind(delivery.id).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Forget handled deliveries older than `before`. Platforms do not repeat a delivery after that.
    pub async fn prune_inbox(&self, before: Time) -> Result<u64> {
        let mut tx = self.begin().await?;
        let sql = "DELETE FROM inbox WHERE handled_at IS NOT NULL AND received_at < ?";
        let gone = sqlx::query(sql).bind(millis(before)).execute(&mut *tx).await?.rows_affected();
        tx.commit().await?;
        Ok(gone)
    }

    /// SKUs that a store lists under an id. `column` is one of `product`, `variant`, `inventory`.
    async fn skus_by(&self, endpoint: &str, column: &'static str, id: &str) -> Result<Vec<String>> {
        let sql = match column {
            "product" => "SELECT sku FROM listings WHERE endpoint = ? AND product = ?",
            "variant" => "SELECT sku FROM listings WHERE endpoint = ? AND variant = ?",
            _ => "SELECT sku FROM listings WHERE endpoint = ? AND inventory = ?",
        };
        Ok(sqlx::query_scalar(sql).bind(endpoint).bind(id).fetch_all(&self.readers).await?)
    }

    /// SKUs of a product (all its variants).
    pub async fn skus_of_product(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        self.skus_by(endpoint, "product", id).await
    }

    /// SKUs of a variant.
    pub async fn skus_of_variant(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        self.skus_by(endpoint, "variant", id).await
    }

    /// SKUs of an inventory item.
    pub async fn skus_of_inventory(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        self.skus_by(endpoint, "inventory", id).await
    }
}

/// A stored SKU, read back.
pub(super) fn sku(text: &str) -> Result<Sku> {
    Sku::new(text).ok_or_else(|| DbError::Corrupt { what: "a SKU", why: "it is blank".to_owned() })
}
