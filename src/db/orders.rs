//! What each order line has taken, and the two looks at the order list around a reading.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::{Ledger, Result, Tx, set_fact};
use crate::catalog::Sku;
use crate::clock::Time;
use crate::stock::{LineEvidence, OrdersSeen, weigh};

/// An order line as seen, with the SKU that the ledger lists for what was sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLine {
    /// Order id.
    pub order: String,
    /// Line id.
    pub line: String,
    /// SKU.
    pub sku: Sku,
    /// What it says.
    pub evidence: LineEvidence,
}

/// The looks before and after the stock was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLook {
    /// Lines in the look before.
    pub before: Vec<SeenLine>,
    /// Lines in the look after.
    pub after: Vec<SeenLine>,
    /// When shelfd first looked at this shop's orders, by the shop's clock.
    pub baseline: Time,
    /// The shop's clock now.
    pub now: Time,
    /// Newest change that the second look has read: the next look starts there.
    pub cursor: Time,
}

/// Where a store's order evidence stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCursor {
    /// See [`OrderLook::baseline`].
    pub baseline: Time,
    /// Where the next look starts.
    pub since: Time,
    /// Orders in flight when last read.
    pub in_flight: Vec<String>,
}

impl OrderLook {
    /// Fold the looks into the remembered shares; what they say of each SKU.
    pub(super) async fn remember(&self, tx: &mut Tx<'_>, endpoint: &str) -> Result<BTreeMap<Sku, OrdersSeen>> {
        let key = |line: &SeenLine| (line.order.clone(), line.line.clone());
        let before: BTreeMap<_, _> = self.before.iter().map(|line| (key(line), line)).collect();
        let after: BTreeMap<_, _> = self.after.iter().map(|line| (key(line), line)).collect();
        let mut seen: BTreeMap<Sku, OrdersSeen> = BTreeMap::new();
        // An order that is gone by the second look stands as the first one saw it.
        let latest: BTreeMap<_, _> = before.iter().chain(&after).map(|(key, line)| (key.clone(), *line)).collect();
        for (key, line) in latest {
            let remembered = share(tx, endpoint, &key.0, &key.1).await?;
            let earlier = before.get(&key).map(|line| line.evidence);
            let orders = weigh(remembered, earlier, line.evidence, self.baseline, self.now);
            seen.entry(line.sku.clone()).or_default().add(orders);
            let sql = "INSERT INTO shares (endpoint, order_id, line_id, sku, share, in_flight) VALUES (?, ?, ?, ?, ?, ?) \
                       ON CONFLICT (endpoint, order_id, line_id) DO UPDATE SET share = excluded.share, \
                       in_flight = excluded.in_flight";
            sqlx::query(sql)
                .bind(endpoint)
                .bind(&key.0)
                .bind(&key.1)
                .bind(line.sku.as_str())
                .bind(line.evidence.share)
                .bind(if orders.in_flight { line.evidence.in_flight } else { 0 })
                .execute(&mut **tx)
                .await?;
        }
        set_fact(tx, &cursor_name(endpoint), &self.cursor.timestamp_millis().to_string()).await?;
        Ok(seen)
    }
}

async fn share(tx: &mut Tx<'_>, endpoint: &str, order: &str, line: &str) -> Result<Option<i64>> {
    let sql = "SELECT share FROM shares WHERE endpoint = ? AND order_id = ? AND line_id = ?";
    Ok(sqlx::query_scalar(sql).bind(endpoint).bind(order).bind(line).fetch_optional(&mut **tx).await?)
}

fn cursor_name(endpoint: &str) -> String {
    format!("orders.cursor.{endpoint}")
}

fn baseline_name(endpoint: &str) -> String {
    format!("orders.baseline.{endpoint}")
}

impl Ledger {
    /// Where a store's order evidence stands; `None` before its baseline was taken.
    pub async fn order_cursor(&self, endpoint: &str) -> Result<Option<OrderCursor>> {
        let read = |text: Option<String>| text.and_then(|text| text.parse().ok()).map(super::time);
        let baseline = read(self.fact(&baseline_name(endpoint)).await?);
        let since = read(self.fact(&cursor_name(endpoint)).await?);
        let (Some(baseline), Some(since)) = (baseline, since) else { return Ok(None) };
        let sql = "SELECT DISTINCT order_id FROM shares WHERE endpoint = ? AND in_flight != 0";
        let in_flight = sqlx::query(sql).bind(endpoint).fetch_all(&self.readers).await?;
        let in_flight = in_flight.iter().map(|row| row.try_get(0)).collect::<std::result::Result<_, _>>()?;
        Ok(Some(OrderCursor { baseline, since, in_flight }))
    }

    /// Take the baseline: shares of the orders that are open now move nothing, later changes of them do.
    pub async fn take_baseline(&self, endpoint: &str, open: &[SeenLine], baseline: Time) -> Result<()> {
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
            set_fact(&mut tx, &name, &baseline.timestamp_millis().to_string()).await?;
        }
        Ok(tx.commit().await?)
    }
}
