//! Deliveries become hints.

use std::collections::BTreeSet;

use super::{Engine, PassError};
use crate::clock;
use crate::db::Delivery;
use crate::stores::Mention;

/// Deliveries per round: bounds memory, not throughput.
const ROUND: u32 = 200;

impl Engine {
    /// Turn all stored deliveries into hints and wake the shops they came from. Returns how many there were.
    pub async fn handle_inbox(&self) -> Result<u64, PassError> {
        let mut handled = 0;
        loop {
            let deliveries = self.ledger.open_deliveries(ROUND).await?;
            if deliveries.is_empty() {
                return Ok(handled);
            }
            for delivery in deliveries {
                let _under_way = self.passes.read().await;
                let skus = self.mentioned(&delivery).await?;
                tracing::debug!(store.id = %delivery.shop, topic = %delivery.topic, skus = skus.len(), "delivery hints");
                self.ledger.handle_delivery(&delivery, &skus, clock::now()).await?;
                self.wakes.wake(&delivery.shop);
                handled += 1;
            }
        }
    }

    /// SKUs that a delivery mentions. What the ledger does not list there yet is left to the sweep: shelfd only
    /// answers for what it has linked.
    async fn mentioned(&self, delivery: &Delivery) -> Result<Vec<String>, PassError> {
        let mentions: Vec<Mention> =
            serde_json::from_str(&delivery.mentions).unwrap_or_else(|_| vec![Mention::Everything]);
        let shop = &delivery.shop;
        let mut skus = BTreeSet::new();
        for mention in mentions {
            match mention {
                Mention::Sku(sku) => skus.extend(crate::catalog::Sku::new(&sku).map(|sku| sku.to_string())),
                Mention::Product(id) => skus.extend(self.ledger.skus_of_product(shop, &id).await?),
                Mention::Variant(id) => skus.extend(self.ledger.skus_of_variant(shop, &id).await?),
                Mention::Inventory(id) => skus.extend(self.ledger.skus_of_inventory(shop, &id).await?),
                Mention::Everything => {
                    skus.insert("*".to_owned());
                }
            }
        }
        Ok(skus.into_iter().collect())
    }
}
