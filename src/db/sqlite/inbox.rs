//! The inbox: verified webhooks, until they have become hints.

use sqlx::Row as _;

use super::{SqliteLedger, hints};
use crate::clock::Time;
use crate::db::{Delivery, Result, Want, millis};

impl SqliteLedger {
    pub(super) async fn accept_delivery(
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

    pub(super) async fn open_deliveries(&self, limit: u32) -> Result<Vec<Delivery>> {
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

    pub(super) async fn handle_delivery(&self, delivery: &Delivery, skus: &[String], now: Time) -> Result<()> {
        let mut tx = self.begin().await?;
        for sku in skus {
            hints::hint(&mut tx, &delivery.shop, sku, Want::LOOK, now).await?;
        }
        let sql = "UPDATE inbox SET handled_at = ? WHERE id = ?";
        sqlx::query(sql).bind(millis(now)).bind(delivery.id).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn prune_inbox(&self, before: Time) -> Result<u64> {
        let mut tx = self.begin().await?;
        let sql = "DELETE FROM inbox WHERE handled_at IS NOT NULL AND received_at < ?";
        let gone = sqlx::query(sql).bind(millis(before)).execute(&mut *tx).await?.rows_affected();
        tx.commit().await?;
        Ok(gone)
    }

    /// SKUs that a store lists under an id. `column` is one of `product`, `variant`, `inventory`.
    async fn skus_by(&self, endpoint: &str, column: &'static str, id: &str) -> Result<Vec<String>> {
        let sql = match column {
            "product" => "SELECT sku FROM listings WHERE endpoint = ? AND product = ? ORDER BY sku",
            "variant" => "SELECT sku FROM listings WHERE endpoint = ? AND variant = ? ORDER BY sku",
            _ => "SELECT sku FROM listings WHERE endpoint = ? AND inventory = ? ORDER BY sku",
        };
        Ok(sqlx::query_scalar(sql).bind(endpoint).bind(id).fetch_all(&self.readers).await?)
    }

    pub(super) async fn skus_of_product(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        self.skus_by(endpoint, "product", id).await
    }

    pub(super) async fn skus_of_variant(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        self.skus_by(endpoint, "variant", id).await
    }

    pub(super) async fn skus_of_inventory(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        self.skus_by(endpoint, "inventory", id).await
    }
}
