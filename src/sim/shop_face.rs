//! A shop as a [`Store`]: late, stale and lost answers, refusals.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{SubsecRound as _, TimeDelta};

use super::effects::breathe;
use super::shop::{Arriving, Late, Listing, Order, Phase, arrive};
use super::world::{POOLS, Shared, Trouble, World};
use crate::catalog::{Pool, Sku};
use crate::clock::{self, Time};
use crate::stores::{
    CheckLine, ContentChange, Observed, OrderEvidencePage, OrderQuery, Outcome, Page, ProductDraft, Received, Rejected,
    RemoteId, StockKind, StockWrite, Store, StoreError, Subscription,
};

/// The program's way to a shop.
pub struct ShopFace {
    /// The world.
    pub shared: Arc<Shared>,
    /// Index of the shop.
    pub shop: usize,
    /// Its name.
    pub name: String,
    /// How it takes writes.
    pub kind: StockKind,
    /// The pool.
    pub pool: Pool,
    /// Takeovers when the program that uses it was started: a later one means that it lost its lease.
    takeovers: u64,
    /// By item: stock and revision as last read.
    pub(super) revisions: Mutex<BTreeMap<usize, (i64, u64)>>,
}

impl ShopFace {
    /// The face of a shop.
    pub fn new(shared: &Arc<Shared>, shop: usize) -> Self {
        let (name, kind, takeovers) = {
            let world = shared.world();
            (world.shops[shop].name.clone(), world.shops[shop].kind, world.counts.takeovers)
        };
        let pool = POOLS[shared.world().shops[shop].pool].to_owned();
        Self { shared: Arc::clone(shared), shop, name, kind, pool, takeovers, revisions: Mutex::default() }
    }

    fn item(&self, world: &World, sku: &Sku) -> Option<usize> {
        world.item(sku.as_str(), world.shops[self.shop].pool)
    }

    fn lost(&self) -> StoreError {
        StoreError::AnswerLost { shop: self.name.clone(), why: "simulated".to_owned() }
    }

    fn trouble(&self, world: &mut World) -> Result<(), StoreError> {
        if !world.mishap(Trouble::Fail, 0.03) {
            return Ok(());
        }
        world.counts.calls_failed += 1;
        let shop = self.name.clone();
        Err(match world.rng.below(3) {
            0 => StoreError::Throttled { shop, wait: Duration::from_secs(2) },
            1 => StoreError::Connect { shop, why: "simulated".to_owned() },
            _ => self.lost(),
        })
    }

    pub(super) fn remote(&self, world: &World, item: usize) -> RemoteId {
        let keyed = self.kind.is_keyed();
        let product = world.shops[self.shop].product(item);
        RemoteId {
            variant: keyed.then(|| format!("v{product}")),
            inventory: keyed.then(|| format!("i{product}")),
            product,
        }
    }

    /// Which item lives there; `None` for a product that is gone.
    fn at(&self, world: &World, remote: &RemoteId) -> Option<usize> {
        let item = remote.product.strip_prefix('p')?.split('-').next()?.parse().ok()?;
        let shop = &world.shops[self.shop];
        (shop.listings.contains_key(&item) && shop.product(item) == remote.product).then_some(item)
    }

    /// Now and then one of the products cannot be read.
    fn broken(&self, world: &mut World, items: &mut Vec<usize>) -> Vec<(String, StoreError)> {
        if !world.odd.refusing || items.is_empty() || !world.mishap(Trouble::Fail, 0.2) {
            return Vec::new();
        }
        let item = items.remove(world.rng.below(items.len()));
        vec![(world.shops[self.shop].product(item), self.lost())]
    }

    /// The first sending of what was recorded; only the repetition of a keyed write may come later.
    fn expect_in_time(&self, writes: &[StockWrite], asked: Time) {
        let world = &mut *self.shared.world();
        if self.kind.is_keyed() || self.takeovers == world.counts.takeovers {
            return;
        }
        for write in writes {
            if let Some(item) = self.item(world, &write.sku) {
                world.expect_in_time(self.shop + 1, item, (write.expected, write.delta), asked);
            }
        }
    }

    /// One call's worth of writes to a store that knows keys: all or none.
    fn adjust(&self, world: &mut World, writes: &[StockWrite]) -> Vec<Outcome<Option<i64>>> {
        let items: Vec<Option<usize>> = writes.iter().map(|write| self.at(world, &write.remote)).collect();
        let Some(key) = writes.first().map(|write| write.key.clone()) else { return Vec::new() };
        let known = world.shops[self.shop].keys.get(&key).copied();
        if let Some(count) = known {
            if count != writes.len() {
                world.wrong.push(format!("key {key} was sent again with other writes"));
            }
            return writes.iter().map(|_| Outcome::Done(None)).collect();
        }
        let here = |world: &World, item: &Option<usize>| {
            item.and_then(|item| world.shops[self.shop].listings.get(&item)).map(|listing| listing.stock)
        };
        let fits: Vec<bool> =
            items.iter().zip(writes).map(|(item, write)| here(world, item) == Some(write.expected)).collect();
        if fits.contains(&false) {
            world.shops[self.shop].refused.insert(key);
            return fits.iter().map(|_| Outcome::Stale).collect();
        }
        world.shops[self.shop].remember();
        if self.takeovers != world.counts.takeovers && world.shops[self.shop].refused.contains(&key) {
            // A call that was under way when another program took over, whose repeat was refused meanwhile.
            for (item, write) in items.iter().zip(writes) {
                item.iter().for_each(|item| world.allow(*item, write.delta.abs()));
            }
        }
        world.shops[self.shop].keys.insert(key, writes.len());
        let mut outcomes = Vec::new();
        for (item, write) in items.into_iter().zip(writes) {
            let listing = item.and_then(|item| world.shops[self.shop].listings.get_mut(&item));
            let after = listing.map(|listing| {
                listing.revision += 1;
                listing.stock += write.delta;
                listing.stock
            });
            world.counts.stock_writes += 1;
            world.tell(|| format!("shop {}: {} {:+} -> {after:?}", self.shop, write.sku, write.delta));
            outcomes.push(Outcome::Done(after));
        }
        outcomes
    }

    /// The answer to these was lost. Where no key tells whether they were done, what staff did that hides among orders under way
    /// cannot be told from them.
    fn hide(&self, world: &mut World, writes: &[StockWrite]) {
        if self.kind.is_keyed() {
            return;
        }
        let items: Vec<usize> = writes.iter().filter_map(|write| self.at(world, &write.remote)).collect();
        for item in items {
            world.allow_hidden(self.shop, item);
        }
    }

    /// A write to a store that knows no keys; some arrive late.
    fn write_unkeyed(&self, world: &mut World, write: &StockWrite, late: bool) -> Outcome<Option<i64>> {
        let shop = &world.shops[self.shop];
        let item = self.at(world, &write.remote);
        let Some((item, listing)) = item.and_then(|item| Some((item, shop.listings.get(&item)?))) else {
            return Outcome::NotDone(self.lost());
        };
        let value = write.expected + write.delta;
        let arriving = match self.kind {
            StockKind::Delta => Arriving::Add(write.delta),
            StockKind::Revision => {
                let revisions = self.revisions.lock().unwrap_or_else(PoisonError::into_inner);
                match revisions.get(&item) {
                    Some((seen, revision)) if *seen == write.expected => Arriving::SetAt { value, revision: *revision },
                    _ => return Outcome::Stale,
                }
            }
            // Only what staff does between a look and the write of the same pass is beyond knowing.
            StockKind::OrderLog | StockKind::KeyedDelta => {
                let known = listing.seen_in == shop.passes;
                Arriving::Set { value, staff_seen: if known { listing.staff.1 } else { listing.staff.0 } }
            }
        };
        world.tell(|| format!("shop {}: {}: {arriving:?}, late: {late}", self.shop, write.sku));
        if self.takeovers != world.counts.takeovers {
            // Sent by a program that lost its lease between its last word with the ledger and this call. A set undoes what its
            // successor has written since.
            let undone = (world.shops[self.shop].listings.get(&item)).map_or(0, |listing| listing.stock - value);
            world.allow(item, write.delta.abs().max(undone.abs()));
        }
        if late {
            world.counts.writes_late += 1;
            let soonest = if world.odd.slow { 20_000 } else { 1 };
            let at = clock::now() + TimeDelta::milliseconds(world.rng.between(soonest, 30_000));
            world.shops[self.shop].late.push(Late { at, item, write: arriving });
            return Outcome::Unknown(self.lost());
        }
        if !arrive(world, self.shop, item, arriving) {
            return Outcome::Stale;
        }
        world.counts.stock_writes += 1;
        Outcome::Done(world.shops[self.shop].listings.get(&item).map(|listing| listing.stock))
    }
}

#[async_trait]
impl Store for ShopFace {
    fn shop(&self) -> &str {
        &self.name
    }

    fn pool(&self) -> &Pool {
        &self.pool
    }

    fn stock_kind(&self) -> StockKind {
        self.kind
    }

    async fn check(&self) -> Vec<CheckLine> {
        Vec::new()
    }

    async fn list(&self, _: Option<&str>) -> Result<Page, StoreError> {
        breathe().await;
        let (listings, unreadable) = {
            let world = &mut *self.shared.world();
            self.trouble(world)?;
            let mut items: Vec<usize> = world.shops[self.shop].listings.keys().copied().collect();
            let unreadable = self.broken(world, &mut items);
            (self.look(world, &items), unreadable)
        };
        self.dawdle().await;
        Ok(Page { listings, next: None, unreadable })
    }

    async fn observe(&self, which: &[(Sku, RemoteId)]) -> Result<Observed, StoreError> {
        breathe().await;
        let (listings, unreadable) = {
            let world = &mut *self.shared.world();
            self.trouble(world)?;
            let mut items: Vec<usize> = which.iter().filter_map(|(_, remote)| self.at(world, remote)).collect();
            let unreadable = self.broken(world, &mut items);
            (self.look(world, &items), unreadable)
        };
        self.dawdle().await;
        Ok(Observed { listings, unreadable })
    }

    async fn orders(&self, query: &OrderQuery) -> Result<OrderEvidencePage, StoreError> {
        breathe().await;
        let world = &mut *self.shared.world();
        self.trouble(world)?;
        let shop = &mut world.shops[self.shop];
        shop.listings.values_mut().for_each(|listing| listing.orders_seen(shop.passes));
        let wanted = |order: &&Order| match query {
            // Every other one that took its units is long completed.
            OrderQuery::Open => order.phase != Phase::Settled || order.id.is_multiple_of(2),
            OrderQuery::Changed { since, also } => order.modified >= *since || also.contains(&order.id.to_string()),
        };
        let orders = world.shops[self.shop].orders.iter().filter(wanted).map(|order| self.evidence(order)).collect();
        Ok(OrderEvidencePage { orders, store_time: Some(clock::now().trunc_subsecs(0)) })
    }

    async fn create(&self, drafts: &[ProductDraft]) -> Vec<(Sku, Outcome<RemoteId>)> {
        self.shared.effects.begin("create").await;
        let mut created = Vec::new();
        {
            let world = &mut *self.shared.world();
            let trouble = self.trouble(world);
            for draft in drafts {
                for variant in &draft.variants {
                    let outcome = match (&trouble, self.item(world, &variant.sku)) {
                        (Err(StoreError::AnswerLost { .. }), _) => Outcome::Unknown(self.lost()),
                        (Err(_), _) | (_, None) => Outcome::NotDone(self.lost()),
                        (Ok(()), Some(item)) => {
                            let made = if world.shops[self.shop].deleted.contains(&item) { world.serial() } else { 0 };
                            let listing = Listing::new(variant.sku.clone(), draft.title.clone(), variant.price);
                            let listing = Listing { made, ..listing };
                            let listings = &mut world.shops[self.shop].listings;
                            // Two programs may create at once when one takes over; shops refuse the second SKU.
                            if listings.contains_key(&item) && world.counts.takeovers == 0 {
                                world.wrong.push(format!("{} was created twice", variant.sku));
                            }
                            listings.entry(item).or_insert(listing);
                            Outcome::Done(self.remote(world, item))
                        }
                    };
                    created.push((variant.sku.clone(), outcome));
                }
            }
        }
        let lost = self.shared.world().mishap(Trouble::Lost, 0.2);
        if !self.shared.effects.end().await || lost {
            return created.into_iter().map(|(sku, _)| (sku, Outcome::Unknown(self.lost()))).collect();
        }
        created
    }

    async fn write_content(&self, changes: &[ContentChange]) -> Vec<Outcome<()>> {
        self.shared.effects.begin("content").await;
        {
            let world = &mut *self.shared.world();
            if self.trouble(world).is_err() {
                return changes.iter().map(|_| Outcome::Unknown(self.lost())).collect();
            }
            for change in changes {
                let item = self.at(world, &change.remote);
                let Some(listing) = item.and_then(|item| world.shops[self.shop].listings.get_mut(&item)) else {
                    continue;
                };
                listing.title = change.title.clone().unwrap_or_else(|| listing.title.clone());
                listing.price = change.price.unwrap_or(listing.price);
                if change.rename {
                    listing.sku = Some(change.sku.clone());
                }
            }
        }
        let answered = self.shared.effects.end().await;
        changes.iter().map(|_| if answered { Outcome::Done(()) } else { Outcome::Unknown(self.lost()) }).collect()
    }

    fn stock_batch_max(&self) -> usize {
        100
    }

    async fn write_stock(&self, writes: &[StockWrite], until: Time) -> Vec<Outcome<Option<i64>>> {
        if until < clock::now() {
            let late = || StoreError::Late { shop: self.shop().to_owned() };
            return writes.iter().map(|_| Outcome::NotDone(late())).collect();
        }
        self.expect_in_time(writes, clock::now());
        self.shared.effects.begin("stock").await;
        let unknown = || writes.iter().map(|_| Outcome::Unknown(self.lost())).collect();
        let (outcomes, lost) = {
            let world = &mut *self.shared.world();
            if let Err(error) = self.trouble(world) {
                let sent = matches!(error, StoreError::AnswerLost { .. });
                if sent {
                    self.hide(world, writes);
                }
                if sent && !self.kind.is_keyed() && world.rng.chance(0.5) {
                    return writes.iter().map(|write| self.write_unkeyed(world, write, true)).collect();
                }
                let again = |_| if sent { Outcome::Unknown(self.lost()) } else { Outcome::NotDone(self.lost()) };
                return writes.iter().map(again).collect();
            }
            let outcomes = if self.kind.is_keyed() {
                self.adjust(world, writes)
            } else {
                writes.iter().map(|write| self.write_unkeyed(world, write, false)).collect()
            };
            (outcomes, world.mishap(Trouble::Lost, 0.05))
        };
        if !self.shared.effects.end().await || lost {
            self.hide(&mut self.shared.world(), writes);
            self.shared.world().counts.answers_lost += 1;
            return unknown();
        }
        outcomes
    }

    fn receive(&self, _: &[(String, String)], _: &[u8]) -> Result<Received, Rejected> {
        Ok(Received::Ping)
    }

    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        Ok(Vec::new())
    }

    async fn subscribe(&self, _: &str) -> Result<Vec<Subscription>, StoreError> {
        Ok(Vec::new())
    }

    async fn unsubscribe(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
}
