//! What each order line has taken.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::{SqliteLedger, Tx, set_fact};
use crate::catalog::Sku;
use crate::clock::Time;
use crate::db::orders::{baseline_name, cursor_name, time_of_fact, time_to_fact};
use crate::db::{OrderCursor, OrderLook, Result, SeenLine};
use crate::stock::{OrdersSeen, Share};

/// Fold looks at the order list into the remembered shares; what they say of each SKU.
pub(super) async fn remember(tx: &mut Tx<'_>, endpoint: &str, look: &OrderLook) -> Result<BTreeMap<Sku, OrdersSeen>> {
    let mut seen: BTreeMap<Sku, OrdersSeen> = BTreeMap::new();
    for (line, earlier) in look.lines() {
        let remembered = share(tx, endpoint, &line.order, &line.line).await?;
        let (orders, kept) = look.weigh(remembered, line, earlier);
        seen.entry(line.sku.clone()).or_default().add(orders);
        let sql = "INSERT INTO shares (endpoint, order_id, line_id, sku, share, in_flight) VALUES (?, ?, ?, ?, ?, ?) \
                   ON CONFLICT (endpoint, order_id, line_id) DO UPDATE SET share = excluded.share, \
                   in_flight = excluded.in_flight";
        sqlx::query(sql)
            .bind(endpoint)
            .bind(&line.order)
            .bind(&line.line)
            .bind(line.sku.as_str())
            .bind(kept.share)
            .bind(kept.in_flight)
            .execute(&mut **tx)
            .await?;
    }
    let sql = "UPDATE shares SET in_flight = 0 WHERE endpoint = ? AND order_id = ?";
    for order in &look.gone {
        sqlx::query(sql).bind(endpoint).bind(order).execute(&mut **tx).await?;
    }
    set_fact(tx, &cursor_name(endpoint), &time_to_fact(look.cursor)).await?;
    Ok(seen)
}

async fn share(tx: &mut Tx<'_>, endpoint: &str, order: &str, line: &str) -> Result<Share> {
    let sql = "SELECT share, in_flight FROM shares WHERE endpoint = ? AND order_id = ? AND line_id = ?";
    Ok(sqlx::query_as(sql).bind(endpoint).bind(order).bind(line).fetch_optional(&mut **tx).await?)
}

impl SqliteLedger {
    pub(super) async fn order_cursor(&self, endpoint: &str) -> Result<Option<OrderCursor>> {
        let baseline = time_of_fact(self.fact(&baseline_name(endpoint)).await?.as_deref());
        let since = time_of_fact(self.fact(&cursor_name(endpoint)).await?.as_deref());
        let (Some(baseline), Some(since)) = (baseline, since) else { return Ok(None) };
        let sql = "SELECT DISTINCT order_id FROM shares WHERE endpoint = ? AND in_flight != 0 ORDER BY order_id";
        let in_flight = sqlx::query(sql).bind(endpoint).fetch_all(&self.readers).await?;
        let in_flight = in_flight.iter().map(|row| row.try_get(0)).collect::<std::result::Result<_, _>>()?;
        Ok(Some(OrderCursor { baseline, since, in_flight }))
    }

    pub(super) async fn take_baseline(&self, endpoint: &str, open: &[SeenLine], baseline: Time) -> Result<()> {
        let mut tx = self.begin().await?;
        for line in open {
            let sql = "INSERT INTO shares (endpoint, order_id, line_id, sku, share, in_flight) VALUES (?, ?, ?, ?, ?, ?) \
                       ON CONFLICT DO NOTHING";
            sqlx::query(sql)
                .bind(endpoint)
                .bind(&line.order)
                .bind(&line.line)
                .bind(line.sku.as_str())
                .bind(line.evidence.share)
                .bind(line.evidence.in_flight)
                .execute(&mut *tx)
                .await?;
        }
        for name in [baseline_name(endpoint), cursor_name(endpoint)] {
            let sql = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING";
            sqlx::query(sql).bind(name).bind(time_to_fact(baseline)).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }
}
