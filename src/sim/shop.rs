//! A shop: stock, orders that take it in steps, staff.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use chrono::{SubsecRound as _, TimeDelta};

pub use super::listing::Listing;
use super::world::{Letter, Trouble, World};
use crate::catalog::Sku;
use crate::clock::{self, Time};
use crate::stores::StockKind;

/// Reads of a shop may be so old.
pub(super) const STALE_MAX: Duration = Duration::from_secs(8);

/// An order that takes its units later than this had waited for its payment.
const PAID_AT_ONCE: TimeDelta = TimeDelta::seconds(120);

/// A shop moves the stock and says so in the order within this time: a request of PHP ends sooner.
const NOTED_WITHIN: TimeDelta = TimeDelta::seconds(120);

/// How far an order has come with taking its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Paid; stock not touched yet.
    Placed,
    /// Stock lowered; the order does not say so yet.
    Reduced,
    /// The order says how much it took.
    Settled,
    /// So many units go back; stock not touched yet.
    Returning(i64),
    /// Stock raised; the order does not say so yet.
    Returned(i64),
}

/// One order of one SKU.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its id.
    pub id: u64,
    /// Index of the SKU.
    pub item: usize,
    /// Units.
    pub quantity: i64,
    /// What the order says it took.
    pub share: i64,
    /// Units of it went back.
    pub returned: bool,
    /// How far it has come.
    pub phase: Phase,
    /// Of which product it was, see [`Listing::made`].
    pub made: u64,
    pub(super) created: Time,
    pub(super) modified: Time,
}

impl Order {
    /// One that took its units long ago.
    pub(super) fn taken(id: u64, item: usize, quantity: i64, at: Time) -> Self {
        let (share, phase) = (quantity, Phase::Settled);
        Self { id, item, quantity, share, returned: false, phase, made: 0, created: at, modified: at }
    }

    /// Older than what the program looks back for at first contact.
    pub(super) fn is_forgotten(&self) -> bool {
        self.created + TimeDelta::days(45) < clock::now() && !self.returned
    }
}

/// A stock write as it arrives at a shop that knows no keys.
#[derive(Debug, Clone, Copy)]
pub(super) enum Arriving {
    /// Set to this; `staff_seen` is what the program knew of staff's changes.
    Set { value: i64, staff_seen: i64 },
    /// Add so many.
    Add(i64),
    /// Set to this if the stock is still at the revision.
    SetAt { value: i64, revision: u64 },
}

/// A write that was sent and has not arrived.
#[derive(Debug, Clone)]
pub(super) struct Late {
    pub at: Time,
    pub item: usize,
    pub write: Arriving,
}

/// One shop.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Its name.
    pub name: String,
    /// How it takes writes.
    pub kind: StockKind,
    /// Units kept back.
    pub buffer: i64,
    /// Index of the pool it sells from.
    pub pool: usize,
    /// Listings by index of the SKU.
    pub listings: BTreeMap<usize, Listing>,
    /// Orders.
    pub orders: Vec<Order>,
    /// Items whose first product was deleted; ids never come again.
    pub(super) deleted: BTreeSet<usize>,
    pub(super) keys: BTreeMap<String, usize>,
    /// Keys of calls that were refused.
    pub(super) refused: BTreeSet<String>,
    pub(super) late: Vec<Late>,
    /// Passes that the program has begun here.
    pub(super) passes: u64,
    pub(super) past: VecDeque<(Time, BTreeMap<usize, i64>)>,
}

impl Shop {
    /// Without listings.
    pub fn new(name: &str, kind: StockKind, buffer: i64, pool: usize) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            buffer,
            pool,
            listings: BTreeMap::new(),
            orders: Vec::new(),
            deleted: BTreeSet::new(),
            keys: BTreeMap::new(),
            refused: BTreeSet::new(),
            late: Vec::new(),
            passes: 0,
            past: VecDeque::new(),
        }
    }

    /// Id of the product that an item is here, or was first.
    pub fn product(&self, item: usize) -> String {
        product(item, self.listings.get(&item).map_or(0, |listing| listing.made))
    }

    pub(super) fn remember(&mut self) {
        let now = clock::now();
        self.past.push_back((now, self.listings.iter().map(|(item, listing)| (*item, listing.stock)).collect()));
        while self.past.len() > 6 || self.past.front().is_some_and(|(at, _)| *at + STALE_MAX < now) {
            self.past.pop_front();
        }
    }
}

/// Id of a product.
pub(super) fn product(item: usize, made: u64) -> String {
    if made == 0 { format!("p{item}") } else { format!("p{item}-{made}") }
}

/// Move units in a shop: by `units`, and the truth with them.
fn moves(world: &mut World, shop: usize, item: usize, units: i64) {
    world.shops[shop].remember();
    if let Some(listing) = world.shops[shop].listings.get_mut(&item) {
        listing.stock += units;
        listing.revision += 1;
    }
    world.truth[item].units += units;
    world.has_moved(shop + 1, item, units);
}

fn mail(world: &mut World, shop: usize, item: usize) {
    world.counts.webhooks_sent += 1;
    if world.mishap(Trouble::Post, 0.15) {
        world.counts.webhooks_lost += 1;
        return;
    }
    let id = world.serial();
    let letter = Letter { shop, id, product: world.shops[shop].product(item) };
    if world.mishap(Trouble::Post, 0.15) {
        world.counts.webhooks_doubled += 1;
        world.mail.push(letter.clone());
    }
    world.mail.push(letter);
}

/// A shopper buys, if there is enough.
pub fn sell(world: &mut World, shop: usize, item: usize, quantity: i64) {
    let here = &world.shops[shop];
    let promised: i64 = here
        .orders
        .iter()
        .filter(|order| order.item == item && order.phase == Phase::Placed)
        .map(|order| order.quantity)
        .sum();
    let Some(listing) = here.listings.get(&item) else { return };
    if listing.stock - promised < quantity {
        return;
    }
    let made = listing.made;
    let (id, now) = (world.serial(), clock::now());
    let at_once = world.shops[shop].kind.is_keyed();
    let (phase, share) = if at_once { (Phase::Settled, quantity) } else { (Phase::Placed, 0) };
    let modified = now.trunc_subsecs(0);
    world.shops[shop].orders.push(Order {
        id,
        item,
        quantity,
        share,
        returned: false,
        phase,
        made,
        created: modified,
        modified,
    });
    if let Some(listing) = world.shops[shop].listings.get_mut(&item) {
        listing.order_moves.0 += 1;
    }
    world.counts.sales += 1;
    world.counts.units_sold += quantity.unsigned_abs();
    world.tell(|| format!("shop {shop}: order {id} for {quantity} of item {item}"));
    if at_once {
        moves(world, shop, item, -quantity);
        mail(world, shop, item);
    }
}

/// An order goes one step on.
pub fn advance(world: &mut World, shop: usize, order: usize) {
    let Order { item, quantity, phase, id, .. } = world.shops[shop].orders[order].clone();
    let next = match phase {
        Phase::Settled => return,
        Phase::Placed => {
            // Paid long after it was placed: its new status is a change of its own.
            let here = &mut world.shops[shop].orders[order];
            if here.modified + PAID_AT_ONCE < clock::now() {
                here.modified = clock::now().trunc_subsecs(0);
            }
            moves(world, shop, item, -quantity);
            Phase::Reduced
        }
        Phase::Reduced => {
            world.shops[shop].orders[order].share = quantity;
            mail(world, shop, item);
            Phase::Settled
        }
        Phase::Returning(units) => {
            moves(world, shop, item, units);
            // A cancelled order is seen to give back. A refund is not until it is noted, at once for this world: a look
            // that falls in between takes the units for staff's (docs/guarantees.md).
            if units == world.shops[shop].orders[order].share {
                Phase::Returned(units)
            } else {
                let here = &mut world.shops[shop].orders[order];
                here.share -= units;
                here.modified = clock::now().trunc_subsecs(0);
                mail(world, shop, item);
                Phase::Settled
            }
        }
        Phase::Returned(units) => {
            world.shops[shop].orders[order].share -= units;
            mail(world, shop, item);
            Phase::Settled
        }
    };
    world.shops[shop].orders[order].phase = next;
    if let Some(listing) = world.shops[shop].listings.get_mut(&item) {
        listing.order_moves.0 += 1;
    }
    world.tell(|| format!("shop {shop}: order {id} {phase:?} -> {next:?}"));
}

/// Units of an order go back: a cancellation, or a refund with restock.
pub fn give_back(world: &mut World, shop: usize, order: usize, units: i64) {
    let Order { item, share, phase, id, made, .. } = world.shops[shop].orders[order].clone();
    let units = units.min(share);
    // What is given back of a product that is gone moves no stock.
    let is_there = world.shops[shop].listings.get(&item).is_some_and(|listing| listing.made == made);
    if phase != Phase::Settled || units <= 0 || !is_there {
        return;
    }
    world.counts.returns += 1;
    world.tell(|| format!("shop {shop}: order {id} gives {units} back"));
    let at_once = world.shops[shop].kind.is_keyed();
    let here = &mut world.shops[shop].orders[order];
    here.modified = clock::now().trunc_subsecs(0);
    if at_once {
        here.returned = true;
        here.share -= units;
        moves(world, shop, item, units);
        mail(world, shop, item);
    } else {
        let at_a_stroke = here.is_forgotten();
        here.phase = Phase::Returning(units);
        here.returned = true;
        while at_a_stroke && world.shops[shop].orders[order].phase != Phase::Settled {
            advance(world, shop, order);
        }
        if let Some(listing) = world.shops[shop].listings.get_mut(&item) {
            listing.order_moves.0 += 1;
            // Nothing tells it from staff's hand.
            let unseen = if at_a_stroke { units } else { 0 };
            listing.staff.0 += unseen;
            listing.travel += unseen;
        }
    }
}

/// Staff sets the stock by hand.
pub fn staff(world: &mut World, shop: usize, item: usize, units: i64) {
    let Some(listing) = world.shops[shop].listings.get_mut(&item) else { return };
    let units = units.max(-listing.stock);
    listing.staff.0 += units;
    listing.travel += units.abs();
    world.counts.staff_edits += 1;
    world.tell(|| format!("shop {shop}: staff moves item {item} by {units}"));
    moves(world, shop, item, units);
    mail(world, shop, item);
}

/// Staff gives a product another SKU, or none.
pub fn rename(world: &mut World, shop: usize, item: usize, sku: Option<Sku>) {
    let Some(listing) = world.shops[shop].listings.get_mut(&item) else { return };
    listing.sku.clone_from(&sku);
    world.counts.skus_renamed_in_shops += 1;
    world.tell(|| format!("shop {shop}: staff calls item {item} {sku:?}"));
    mail(world, shop, item);
}

/// Staff deletes a product, and perhaps makes it anew, with some stock.
pub fn delete(world: &mut World, shop: usize, item: usize, anew: Option<i64>) {
    let made = world.serial();
    let here = &mut world.shops[shop];
    let Some(gone) = here.listings.remove(&item) else { return };
    here.deleted.insert(item);
    here.late.retain(|late| late.item != item);
    here.past.iter_mut().for_each(|(_, then)| _ = then.remove(&item));
    world.counts.products_deleted += 1;
    world.tell(|| format!("shop {shop}: item {item} is deleted; made anew with {anew:?}"));
    if let Some(stock) = anew {
        world.counts.products_made_anew += 1;
        let listing = Listing { stock, made, ..Listing::new(world.truth[item].sku.clone(), gone.title, gone.price) };
        world.shops[shop].listings.insert(item, listing);
    }
}

/// Writes that were on their way arrive, and what an order took or gave back too long ago is noted.
pub fn arrivals(world: &mut World, all: bool) {
    for shop in 0..world.shops.len() {
        let is_late = |order: &Order| {
            let is_under_way = matches!(order.phase, Phase::Reduced | Phase::Returning(_) | Phase::Returned(_));
            is_under_way && order.modified + NOTED_WITHIN < clock::now()
        };
        while let Some(order) = world.shops[shop].orders.iter().position(is_late) {
            advance(world, shop, order);
        }
        let now = clock::now();
        let (due, rest) =
            std::mem::take(&mut world.shops[shop].late).into_iter().partition(|late| all || late.at <= now);
        world.shops[shop].late = rest;
        let due: Vec<Late> = due;
        for late in due {
            world.tell(|| format!("shop {shop}: a late write arrives: item {}: {:?}", late.item, late.write));
            arrive(world, shop, late.item, late.write);
        }
    }
}

/// A write arrives. False when it is refused.
pub(super) fn arrive(world: &mut World, shop: usize, item: usize, write: Arriving) -> bool {
    world.shops[shop].remember();
    let Some(listing) = world.shops[shop].listings.get_mut(&item) else { return false };
    match write {
        Arriving::SetAt { revision, .. } if revision != listing.revision => return false,
        Arriving::SetAt { value, .. } => listing.stock = value,
        Arriving::Add(units) => listing.stock += units,
        Arriving::Set { value, staff_seen } => {
            // What staff did since the read behind it is gone, and nothing can tell.
            let forgotten = listing.staff.0 - staff_seen;
            let hidden = listing.hidden();
            listing.stock = value;
            listing.staff.1 = listing.staff.0;
            listing.revision += 1;
            world.truth[item].units -= forgotten;
            world.allow(item, hidden);
            return true;
        }
    }
    listing.revision += 1;
    true
}
