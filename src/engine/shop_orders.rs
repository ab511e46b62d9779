//! Orders as evidence: the looks at a shop's order list around a reading of its stock.

use std::collections::BTreeSet;
use std::time::Duration;

use super::shop_pass::Pass;
use super::{BySku, Engine, PassError};
use crate::catalog::Sku;
use crate::clock;
use crate::db::{OrderCursor, OrderLook, Seen, SeenLine};
use crate::planted;
use crate::stock::LineEvidence;
use crate::stores::{OrderEvidencePage, OrderQuery};

/// Order changes are re-read this far back: stores stamp whole seconds, and lists miss entries at the edges.
const ORDER_OVERLAP: Duration = Duration::from_secs(3);
/// A shop's clock that was put back stamps orders before the cursor: what was changed within so long before is read again. What is
/// known of them already is not taken twice.
const PUT_BACK: Duration = Duration::from_secs(24 * 3_600);
/// When a product is met for the first time, its orders changed within so long are remembered: most shops take goods back for
/// 14 to 30 days. An older one that changes later is adopted as it stands.
const REMEMBERED_FOR: Duration = Duration::from_secs(45 * 24 * 3_600);

/// The first look at the order list.
pub(super) struct OrdersBefore {
    lines: Vec<SeenLine>,
    /// Ids of the orders that came, whatever they were for.
    met: BTreeSet<String>,
    cursor: OrderCursor,
}

impl Engine {
    /// Products that are met for the first time: what recent orders took of them is remembered, so that it counts when they
    /// give it back.
    pub(super) async fn remember_orders(
        &self,
        pass: &Pass<'_>,
        new: &BySku<Seen>,
        before: &OrdersBefore,
    ) -> Result<(), PassError> {
        let name = pass.shop.name();
        // Orders name products: which SKU each one is must be known first.
        let listings: Vec<Seen> = new.values().cloned().collect();
        self.ledger.see_listings(name, &listings, clock::now()).await?;
        let baseline = before.cursor.baseline;
        let recent = OrderQuery::Changed { since: clock::now() - REMEMBERED_FOR, also: Vec::new() };
        let mut lines = Vec::new();
        for query in [OrderQuery::Open, recent] {
            let page = pass.shop.store.orders(&query).await?;
            lines.extend(self.lines(name, &page).await?);
        }
        lines.retain(|line| new.contains_key(&line.sku) && !planted!(NothingRemembered));
        Ok(self.ledger.take_baseline(name, &lines, baseline).await?)
    }

    /// The first look at the order list; takes the baseline at first contact. `None` for stores that need no evidence.
    pub(super) async fn orders_before(&self, pass: &Pass<'_>) -> Result<Option<OrdersBefore>, PassError> {
        if pass.shop.store.stock_kind().is_keyed() {
            return Ok(None);
        }
        let name = pass.shop.name();
        let mut cursor = match self.ledger.order_cursor(name).await? {
            Some(cursor) => cursor,
            None => {
                let open = pass.shop.store.orders(&OrderQuery::Open).await?;
                let baseline = open.store_time.unwrap_or_else(clock::now);
                let lines = self.lines(name, &open).await?;
                self.ledger.take_baseline(name, &lines, baseline).await?;
                OrderCursor { baseline, since: baseline, in_flight: Vec::new() }
            }
        };
        let mut page = pass.shop.store.orders(&query(&cursor)).await?;
        if let Some(now) = page.store_time.filter(|now| *now + ORDER_OVERLAP < cursor.since) {
            tracing::warn!(store.id = %name, "the shop's clock was put back; its orders of the last day are read again");
            cursor.since = now - PUT_BACK;
            page = pass.shop.store.orders(&query(&cursor)).await?;
        }
        let met = page.orders.iter().map(|order| order.order.clone()).collect();
        Ok(Some(OrdersBefore { lines: self.lines(name, &page).await?, met, cursor }))
    }

    pub(super) async fn orders_after(&self, pass: &Pass<'_>, before: OrdersBefore) -> Result<OrderLook, PassError> {
        let name = pass.shop.name();
        let page = pass.shop.store.orders(&query(&before.cursor)).await?;
        let newest = page.orders.iter().map(|order| order.modified).max();
        let newest = if planted!(CursorAhead) { Some(clock::now() + ORDER_OVERLAP * 2) } else { newest };
        let after = self.lines(name, &page).await?;
        let has_come = |id: &String| before.met.contains(id) || page.orders.iter().any(|order| order.order == *id);
        let gone = before.cursor.in_flight.iter().filter(|id| !has_come(id)).cloned().collect();
        Ok(OrderLook {
            before: before.lines,
            after,
            gone,
            baseline: before.cursor.baseline,
            now: page.store_time.unwrap_or_else(clock::now),
            cursor: newest.unwrap_or(before.cursor.since).max(before.cursor.since),
        })
    }

    /// Order lines with the SKU that the ledger lists for what was sold; others are not ours to count.
    async fn lines(&self, endpoint: &str, page: &OrderEvidencePage) -> Result<Vec<SeenLine>, PassError> {
        let mut lines = Vec::new();
        for order in &page.orders {
            for line in &order.lines {
                let skus = match &line.variant {
                    Some(variant) => self.ledger.skus_of_variant(endpoint, variant).await?,
                    None => self.ledger.skus_of_product(endpoint, &line.product).await?,
                };
                let [sku] = skus.as_slice() else { continue };
                let Some(sku) = Sku::new(sku) else { continue };
                let evidence = LineEvidence {
                    share: line.share,
                    in_flight: line.in_flight,
                    quantity: line.quantity,
                    modified: order.modified,
                    created: order.created,
                };
                lines.push(SeenLine { order: order.order.clone(), line: line.line.clone(), sku, evidence });
            }
        }
        Ok(lines)
    }
}

fn query(cursor: &OrderCursor) -> OrderQuery {
    OrderQuery::Changed {
        since: cursor.since - ORDER_OVERLAP,
        also: if planted!(InFlightForgotten) { Vec::new() } else { cursor.in_flight.clone() },
    }
}
