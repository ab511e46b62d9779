//! Shoppers and staff.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, json};

use super::ShopifyFace;
use super::event::{Event, Subject};
use super::gid::Gid;
use super::mutations::{Draft, add_variant, apply, create};
use super::resolve::money;
use super::world::{Level, Line, Order, Refund, World};
use crate::clock::{self, Time};
use crate::lab::{LabItem, LabShop, Sale, ShelfItem, ShopRefusal};

/// The number of the order before the first.
const ORDERS_BEFORE: u64 = 1000;

impl ShopifyFace {
    /// Put items on the shelf before the shop opens: items with one handle become one product. Sends no webhooks.
    pub fn seed(&self, items: &[LabItem]) {
        let now = clock::now();
        let mut world = self.world();
        let mut products: BTreeMap<&str, Vec<&LabItem>> = BTreeMap::new();
        for item in items {
            products.entry(&item.handle).or_default().push(item);
        }
        for items in products.values() {
            seed_product(&mut world, items, now);
            world.events.clear();
        }
    }
}

fn seed_product(world: &mut World, items: &[&LabItem], now: Time) {
    let Some(first) = items.first() else { return };
    let draft = Draft::named(&first.title, &first.handle);
    let mut options: Vec<(String, Vec<String>)> = Vec::new();
    for (index, (name, _)) in first.options.iter().enumerate() {
        let mut values: Vec<String> = Vec::new();
        for value in items.iter().filter_map(|item| item.options.get(index)).map(|(_, value)| value) {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        options.push((name.clone(), values));
    }
    let product = create(world, &draft, &options, now);
    for item in items {
        let mut values: Vec<String> = item.options.iter().map(|(_, value)| value.clone()).collect();
        if values.is_empty() {
            values = super::mutations::first_values(world, product);
        }
        let variant = add_variant(world, product, values, &[], now);
        let inventory = json!({ "tracked": true });
        let mut input = Map::new();
        input.insert("price".to_owned(), item.price.clone().into());
        input.insert("sku".to_owned(), item.sku.clone().into());
        input.insert("inventoryItem".to_owned(), inventory);
        apply(world, variant, &input, now);
        let place = world.variants.get(&variant).map(|variant| variant.item).zip(first_location(world));
        if let Some((item_id, location)) = place {
            world.move_stock(item_id, location, "available", item.stock, now);
        }
    }
}

fn first_location(world: &World) -> Option<u64> {
    world.locations.first().map(|location| location.id)
}

/// The item with that SKU, the first location, and what is available there.
fn place(world: &World, sku: &str) -> Result<(u64, u64, i64), ShopRefusal> {
    let (_, _, item) = world.by_sku(sku).ok_or(ShopRefusal::UnknownSku)?;
    let location = first_location(world).ok_or(ShopRefusal::OutOfStock(0))?;
    let level = item.levels.get(&location);
    Ok((item.id, location, level.and_then(|level| level.quantity("available")).unwrap_or_default()))
}

/// The order that is meant by its number or global id, unless it is cancelled.
fn open_order<'a>(world: &'a mut World, order: &str) -> Result<&'a mut Order, ShopRefusal> {
    let id = order.parse().ok().or_else(|| Gid::number(order, "Order"));
    let found = id.and_then(|id: u64| world.orders.get_mut(&id));
    found.filter(|order| order.cancelled.is_none()).ok_or(ShopRefusal::UnknownOrder)
}

/// Move units between what is promised to buyers and what can be sold.
fn give_back(world: &mut World, line: &Line, quantity: i64, now: Time) {
    world.move_stock(line.item, line.location, "committed", -quantity, now);
    world.move_stock(line.item, line.location, "available", quantity, now);
}

fn sell(world: &mut World, sku: &str, quantity: i64, now: Time) -> Result<Sale, ShopRefusal> {
    let (item, location, available) = place(world, sku)?;
    let variant = world.items.get(&item).and_then(|item| world.variant(item.variant));
    let (variant, product, held) = variant.ok_or(ShopRefusal::UnknownSku)?;
    if quantity < 1 || (held.tracked && available < quantity) {
        return Err(ShopRefusal::OutOfStock(available.max(0)));
    }
    let line = Line {
        id: 0,
        variant: variant.id,
        product: product.id,
        item,
        location,
        sku: sku.to_owned(),
        title: product.title.clone(),
        variant_title: if product.is_simple() { String::new() } else { variant.title() },
        price: variant.price,
        quantity,
        current: quantity,
        taken: if held.tracked { quantity } else { 0 },
    };
    if held.tracked {
        world.move_stock(item, location, "available", -quantity, now);
        world.move_stock(item, location, "committed", quantity, now);
    }
    let line = Line { id: world.next_id("LineItem"), ..line };
    let id = world.next_id("Order");
    let number = ORDERS_BEFORE + 1 + world.orders.len() as u64;
    let order = Order {
        id,
        number,
        line,
        refunds: Vec::new(),
        // Made up, like all of the buyer.
        email: format!("buyer{number}@example.com"),
        tags: Vec::new(),
        note: None,
        created: now,
        updated: now,
        cancelled: None,
    };
    world.orders.insert(id, order);
    world.tell(Event::order("ORDERS_CREATE", id));
    Ok(Sale { order: id.to_string(), sku: sku.to_owned(), quantity })
}

fn cancel(world: &mut World, order: &str, now: Time) -> Result<Sale, ShopRefusal> {
    let order = open_order(world, order)?;
    order.cancelled = Some(now);
    order.updated = now;
    // What was refunded before does not come back.
    let quantity = order.line.current;
    let stocked = order.line.taken > 0;
    order.line.current = 0;
    if stocked {
        order.line.taken -= quantity;
    }
    let (id, line) = (order.id, order.line.clone());
    if stocked {
        give_back(world, &line, quantity, now);
    }
    world.tell(Event::order("ORDERS_CANCELLED", id));
    Ok(Sale { order: id.to_string(), sku: line.sku, quantity })
}

fn refund(world: &mut World, order: &str, quantity: i64, restock: bool, now: Time) -> Result<Sale, ShopRefusal> {
    let refund = world.next_id("Refund");
    let order = open_order(world, order)?;
    if quantity < 1 || quantity > order.line.current {
        return Err(ShopRefusal::OutOfStock(order.line.current));
    }
    order.line.current -= quantity;
    order.updated = now;
    order.refunds.push(Refund { id: refund, quantity, restocked: restock, created: now });
    let stocked = order.line.taken > 0;
    if stocked && restock {
        order.line.taken -= quantity;
    }
    let (id, line) = (order.id, order.line.clone());
    match (stocked, restock) {
        (true, true) => give_back(world, &line, quantity, now),
        (true, false) => world.move_stock(line.item, line.location, "committed", -quantity, now),
        (false, _) => {}
    }
    world.tell(Event { topic: "REFUNDS_CREATE", subject: Subject::Refund { order: id, refund } });
    world.tell(Event::order("ORDERS_UPDATED", id));
    Ok(Sale { order: id.to_string(), sku: line.sku, quantity })
}

impl LabShop for ShopifyFace {
    /// Stock is what the first location has available.
    fn shelf(&self) -> BTreeMap<String, ShelfItem> {
        let world = self.world();
        let location = first_location(&world);
        let items = world.items.values().filter_map(|item| {
            let sku = item.sku.clone().filter(|sku| !sku.is_empty())?;
            let (variant, product, _) = world.variant(item.variant)?;
            let level = location.and_then(|location| item.levels.get(&location));
            let shown = ShelfItem {
                title: product.title.clone(),
                variant: if product.is_simple() { String::new() } else { variant.title() },
                price: money(variant.price),
                stock: level.and_then(|level| level.quantity("available")).unwrap_or_default(),
            };
            Some((sku, shown))
        });
        items.collect()
    }

    fn sell(&self, sku: &str, quantity: i64) -> Result<Sale, ShopRefusal> {
        self.change(|world| sell(world, sku, quantity, clock::now()))
    }

    fn cancel(&self, order: &str) -> Result<Sale, ShopRefusal> {
        self.change(|world| cancel(world, order, clock::now()))
    }

    fn refund(&self, order: &str, quantity: i64, restock: bool) -> Result<Sale, ShopRefusal> {
        self.change(|world| refund(world, order, quantity, restock, clock::now()))
    }

    fn set_stock(&self, sku: &str, stock: i64) -> Result<(), ShopRefusal> {
        let now = clock::now();
        self.change(|world| {
            let (item, location, available) = place(world, sku)?;
            if let Some(item) = world.items.get_mut(&item) {
                item.levels.entry(location).or_insert_with(|| Level::empty(true, now)).active = true;
            }
            world.move_stock(item, location, "available", stock - available, now);
            Ok(())
        })
    }

    fn set_price(&self, sku: &str, price: &str) -> Result<(), ShopRefusal> {
        let now = clock::now();
        // The admin takes nothing but numbers; of the refusals there are, this is the one that says "cannot be done".
        let price: Decimal = price.parse().map_err(|_| ShopRefusal::UnknownSku)?;
        self.change(|world| {
            let variant = world.by_sku(sku).map(|(variant, ..)| variant.id).ok_or(ShopRefusal::UnknownSku)?;
            if let Some(variant) = world.variants.get_mut(&variant) {
                variant.price = price.round_dp(2);
                variant.updated = now;
                let product = variant.product;
                world.touch(product, now);
            }
            Ok(())
        })
    }

    fn set_sku(&self, sku: &str, to: &str) -> Result<(), ShopRefusal> {
        let now = clock::now();
        self.change(|world| {
            let (variant, product, _) = world.by_sku(sku).ok_or(ShopRefusal::UnknownSku)?;
            let (variant, product) = (variant.id, product.id);
            let input = Map::from_iter([("inventoryItem".to_owned(), json!({ "sku": to }))]);
            apply(world, variant, &input, now);
            world.touch(product, now);
            Ok(())
        })
    }

    fn give_up_webhooks(&self) {
        self.world().subscriptions.clear();
    }

    fn sold(&self) -> BTreeMap<String, i64> {
        let mut sold = BTreeMap::new();
        for order in self.world().orders.values().filter(|order| order.line.taken != 0) {
            *sold.entry(order.line.sku.clone()).or_default() += order.line.taken;
        }
        sold
    }
}
