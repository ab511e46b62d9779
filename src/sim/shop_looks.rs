//! What a look at a shop shows: stock now and then of a moment ago, orders as far as they have come.

use std::sync::PoisonError;

use super::effects::breathe;
use super::shop::{Order, Phase, STALE_MAX, product};
use super::shop_face::ShopFace;
use super::world::{Trouble, World};
use crate::clock;
use crate::stores::{OrderEvidence, OrderLine, RemoteListing};

impl ShopFace {
    pub(super) fn listing(&self, world: &World, item: usize, stock: i64) -> RemoteListing {
        let listing = &world.shops[self.shop].listings[&item];
        RemoteListing {
            sku: listing.sku.clone(),
            remote: self.remote(world, item),
            handle: None,
            title: Some(listing.title.clone()),
            price: Some(listing.price),
            stock: Some(stock),
        }
    }

    /// Stock as read now; now and then an older one.
    fn stock(&self, world: &mut World, items: &[usize]) -> Vec<i64> {
        // An order log needs stock and orders of one database; the order list would betray an older reading.
        let past = world.shops[self.shop].past.len();
        if self.kind.is_keyed() && past > 0 && world.mishap(Trouble::Stale, 0.03) {
            let at = world.rng.below(past);
            let (when, then) = &world.shops[self.shop].past[at];
            if *when + STALE_MAX > clock::now() && items.iter().all(|item| then.contains_key(item)) {
                let values = items.iter().map(|item| then[item]).collect();
                world.counts.stale_reads += 1;
                world.tell(|| format!("shop {}: a stale answer", self.shop));
                return values;
            }
        }
        let shop = &mut world.shops[self.shop];
        let mut revisions = self.revisions.lock().unwrap_or_else(PoisonError::into_inner);
        for item in items {
            let moving = |order: &Order| order.item == *item && order.phase != Phase::Settled;
            let is_plain = !shop.orders.iter().any(moving);
            if let Some(listing) = shop.listings.get_mut(item) {
                let (now, _, looked) = listing.order_moves;
                listing.travel_perhaps = (is_plain && now == looked).then_some((listing.travel, now, shop.passes));
                listing.staff.1 = listing.staff.0;
                listing.seen_in = shop.passes;
                revisions.insert(*item, (listing.stock, listing.revision));
            }
        }
        items.iter().map(|item| shop.listings.get(item).map_or(0, |listing| listing.stock)).collect()
    }

    pub(super) fn look(&self, world: &mut World, items: &[usize]) -> Vec<RemoteListing> {
        let stock = self.stock(world, items);
        items.iter().zip(stock).map(|(item, stock)| self.listing(world, *item, stock)).collect()
    }

    /// A slow shop has looked, and its answer takes its time.
    pub(super) async fn dawdle(&self) {
        let breaths = {
            let world = &mut *self.shared.world();
            if !world.odd.slow {
                return;
            }
            let longest = if world.rng.chance(0.1) { 100 } else { 10 };
            world.rng.below(longest)
        };
        for _ in 0..breaths {
            breathe().await;
        }
    }

    pub(super) fn evidence(&self, order: &Order) -> OrderEvidence {
        let in_flight = match order.phase {
            Phase::Placed | Phase::Reduced => order.quantity,
            Phase::Settled => 0,
            Phase::Returning(units) | Phase::Returned(units) => {
                if units == order.share {
                    -units
                } else {
                    0
                }
            }
        };
        let line = OrderLine {
            line: "1".to_owned(),
            product: product(order.item, order.made),
            variant: None,
            share: order.share,
            in_flight,
            quantity: order.quantity,
        };
        let id = order.id.to_string();
        OrderEvidence { order: id, created: order.created, modified: order.modified, lines: vec![line] }
    }
}
