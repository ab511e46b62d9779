//! Shoppers at the checkout and staff at the desk.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::WooFace;
use super::order::{Line, Order};
use super::php;
use super::product::{Kind, Product};
use super::products::Shelf;
use super::world::World;
use crate::lab::{LabItem, LabShop, Sale, ShelfItem, ShopRefusal};

impl WooFace {
    /// Stock the shop: items of one handle with options become one variable product. Items without a SKU are sold
    /// without one, and are not on the [`LabShop::shelf`]. A SKU that the shop has already is left out.
    pub fn seed(&self, items: &[LabItem]) {
        let mut groups: Vec<Vec<&LabItem>> = Vec::new();
        for item in items {
            let same = |group: &&mut Vec<&LabItem>| {
                group.first().is_some_and(|first| first.handle == item.handle && !item.options.is_empty())
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(item),
                None => groups.push(vec![item]),
            }
        }
        self.0.change(|world| {
            for group in &groups {
                world.seed_product(group);
            }
        });
    }
}

impl World {
    fn seed_product(&mut self, items: &[&LabItem]) {
        let Some(first) = items.first() else { return };
        let mut base = object(json!({ "name": first.title, "slug": first.handle }));
        let counted = |item: &LabItem| {
            let said = json!({
                "sku": item.sku, "regular_price": item.price, "manage_stock": true, "stock_quantity": item.stock,
            });
            object(said)
        };
        if first.options.is_empty() {
            base.extend(counted(first));
            let _left_out_if_taken = self.create_product(Shelf::Products, &base, false);
            return;
        }
        let mut names: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, value) in items.iter().flat_map(|item| &item.options) {
            match names.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) if values.contains(&value.as_str()) => {}
                Some((_, values)) => values.push(value),
                None => names.push((name, vec![value])),
            }
        }
        let attribute = |(name, options): &(&str, Vec<&str>)| json!({ "name": name, "options": options, "variation": true, "visible": true });
        base.extend(object(json!({
            "type": "variable", "attributes": names.iter().map(attribute).collect::<Value>(),
        })));
        let Ok(answer) = self.create_product(Shelf::Products, &base, false) else { return };
        let parent = answer.body.get("id").and_then(Value::as_u64).unwrap_or_default();
        for item in items {
            let option = |(name, value): &(String, String)| json!({ "name": name, "option": value });
            let mut body = counted(item);
            body.insert("attributes".to_owned(), item.options.iter().map(option).collect());
            let _left_out_if_taken = self.create_product(Shelf::Variations(parent), &body, false);
        }
    }

    /// What can be bought under a SKU.
    fn on_shelf(&self, sku: &str) -> Result<&Product, ShopRefusal> {
        let sellable = |product: &&Product| product.status != "trash" && product.kind != Kind::Variable;
        self.with_sku(sku).find(sellable).ok_or(ShopRefusal::UnknownSku)
    }

    /// An order that staff can still cancel or refund, and its first line.
    fn open_order(&self, order: &str) -> Result<(&Order, &Line), ShopRefusal> {
        let order = order.parse().ok().and_then(|id: u64| self.orders.get(&id));
        let open = |order: &&Order| !matches!(order.status.as_str(), "cancelled" | "refunded" | "trash" | "pending");
        let order = order.filter(open).ok_or(ShopRefusal::UnknownOrder)?;
        Ok((order, order.lines.first().ok_or(ShopRefusal::UnknownOrder)?))
    }

    fn sku_of(&self, line: &Line) -> String {
        self.products.get(&line.bought()).map(|product| product.sku.clone()).unwrap_or_default()
    }

    fn sell(&mut self, sku: &str, quantity: i64) -> Result<Sale, ShopRefusal> {
        let product = self.on_shelf(sku)?;
        let (id, sku) = (product.id, product.sku.clone());
        if let Some(holder) = self.stock_holder(id) {
            // The checkout reserves what orders in flight are about to take.
            let left = holder.stock.unwrap_or_default() - self.reserved(id);
            if left < quantity {
                return Err(ShopRefusal::OutOfStock(left.max(0)));
            }
        }
        let line = self.new_line(id, quantity);
        let order = self.insert_order("checkout", vec![line]);
        self.set_order_status(order, "processing");
        Ok(Sale { order: order.to_string(), sku, quantity })
    }

    fn cancel(&mut self, order: &str) -> Result<Sale, ShopRefusal> {
        let (found, _) = self.open_order(order)?;
        let id = found.id;
        self.finish_work(id);
        let (_, line) = self.open_order(order)?;
        let sale = Sale { order: id.to_string(), sku: self.sku_of(line), quantity: line.reduced.unwrap_or_default() };
        self.set_order_status(id, "cancelled");
        Ok(sale)
    }

    fn refund(&mut self, order: &str, quantity: i64, restock: bool) -> Result<Sale, ShopRefusal> {
        let (found, line) = self.open_order(order)?;
        let left = line.quantity - found.refunded_units(line.id);
        if quantity > left {
            return Err(ShopRefusal::OutOfStock(left));
        }
        let sale = Sale { order: found.id.to_string(), sku: self.sku_of(line), quantity };
        let (id, line) = (found.id, line.id);
        self.refund_units(id, line, quantity, restock);
        Ok(sale)
    }

    /// Staff save a form; the only thing in it that a shop can refuse is a SKU.
    fn edit_by_hand(&mut self, sku: &str, body: Value) -> Result<(), ShopRefusal> {
        let product = self.on_shelf(sku)?;
        let shelf = match product.kind {
            Kind::Variation => Shelf::Variations(product.parent),
            _ => Shelf::Products,
        };
        let id = product.id;
        self.update_product(shelf, id, &object(body), false).map(|_| ()).map_err(|_| ShopRefusal::SkuTaken)
    }

    fn shelf(&self) -> BTreeMap<String, ShelfItem> {
        let sellable = self
            .products
            .values()
            .filter(|product| !product.sku.is_empty() && product.status != "trash" && product.kind != Kind::Variable);
        let item = |product: &Product| {
            let titled = self.products.get(&product.parent).unwrap_or(product);
            ShelfItem {
                title: php::unescape(&titled.name),
                variant: if product.kind == Kind::Variation { product.option_line(" / ") } else { String::new() },
                price: product.regular_price.clone(),
                stock: self.stock_holder(product.id).and_then(|holder| holder.stock).unwrap_or_default(),
            }
        };
        sellable.map(|product| (product.sku.clone(), item(product))).collect()
    }

    fn sold(&self) -> BTreeMap<String, i64> {
        let mut sold = BTreeMap::new();
        for (sku, units) in self.sold.values().filter(|(_, units)| *units != 0) {
            *sold.entry(sku.clone()).or_default() += units;
        }
        sold
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

impl LabShop for WooFace {
    fn shelf(&self) -> BTreeMap<String, ShelfItem> {
        self.0.world().shelf()
    }

    fn sell(&self, sku: &str, quantity: i64) -> Result<Sale, ShopRefusal> {
        self.0.change(|world| world.sell(sku, quantity)).0
    }

    fn cancel(&self, order: &str) -> Result<Sale, ShopRefusal> {
        self.0.change(|world| world.cancel(order)).0
    }

    fn refund(&self, order: &str, quantity: i64, restock: bool) -> Result<Sale, ShopRefusal> {
        self.0.change(|world| world.refund(order, quantity, restock)).0
    }

    fn set_stock(&self, sku: &str, stock: i64) -> Result<(), ShopRefusal> {
        let body = json!({ "manage_stock": true, "stock_quantity": stock });
        self.0.change(|world| world.edit_by_hand(sku, body)).0
    }

    fn set_price(&self, sku: &str, price: &str) -> Result<(), ShopRefusal> {
        self.0.change(|world| world.edit_by_hand(sku, json!({ "regular_price": price }))).0
    }

    fn set_sku(&self, sku: &str, to: &str) -> Result<(), ShopRefusal> {
        self.0.change(|world| world.edit_by_hand(sku, json!({ "sku": to }))).0
    }

    fn give_up_webhooks(&self) {
        for hook in self.0.world().hooks.values_mut() {
            hook.status = "disabled".to_owned();
        }
    }

    fn sold(&self) -> BTreeMap<String, i64> {
        self.0.world().sold()
    }
}
