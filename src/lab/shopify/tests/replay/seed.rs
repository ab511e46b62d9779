//! Puts into the lab what a recording needs to be there, under the recorded ids.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::facts::{Facts, entries};
use crate::clock::Time;
use crate::lab::shopify::gid::{Gid, gid};
use crate::lab::shopify::world::{
    Item, Kept, Level, Location, Metafield, Product, ProductOption, STATES, Subscription, Variant, World,
};

const OF_PRODUCT: [&str; 4] = ["category", "requiresSellingPlan", "seo", "templateSuffix"];
const OF_VARIANT: [&str; 4] = ["requiresComponents", "showUnitPrice", "taxCode", "unitPriceMeasurement"];

type Fields = Map<String, Value>;

/// Make sure that an object is there, if the recording says what it is.
pub fn ensure(world: &mut World, facts: &Facts, id: &str) {
    let Some(known) = facts.of(id).cloned() else { return };
    let Some(parsed) = Gid::parse(id) else { return };
    let number = parsed.id;
    match (parsed.kind, parsed.item) {
        ("Product", None) if !world.products.contains_key(&number) => product(world, facts, number, &known),
        ("ProductVariant", None) if !world.variants.contains_key(&number) => {
            let whole = id_in(&known, "product", "Product").unwrap_or(number + 1);
            let mut product_known = facts.of(&gid("Product", whole)).cloned().unwrap_or_default();
            product_known.entry("variants").or_insert_with(|| serde_json::json!([{ "id": id }]));
            match world.products.contains_key(&whole) {
                true => variant(world, facts, whole, number),
                false => product(world, facts, whole, &product_known),
            }
        }
        ("InventoryItem", None) if !world.items.contains_key(&number) => {
            let whole = id_in(&known, "variant", "ProductVariant").unwrap_or(number + 1);
            let whole = gid("ProductVariant", whole);
            let mut facts = facts.clone();
            facts.learn(&serde_json::json!({ "id": whole, "inventoryItem": { "id": id } }));
            ensure(world, &facts, &whole);
        }
        ("InventoryLevel", Some(item)) => ensure(world, facts, &gid("InventoryItem", item)),
        ("Location", None) => location(world, number, text(&known, "name")),
        ("WebhookSubscription", None) if !world.subscriptions.contains_key(&number) => {
            subscription(world, number, &known);
        }
        ("Order", None) if !world.orders.contains_key(&number) => super::seed_order::order(world, number, &known),
        _ => {}
    }
}

fn id_in(fields: &Fields, name: &str, kind: &str) -> Option<u64> {
    Gid::number(fields.get(name)?.get("id")?.as_str()?, kind)
}

/// A text field.
pub fn text<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields.get(name)?.as_str()
}

/// A time field, or now.
pub fn time(fields: &Fields, name: &str) -> Time {
    text(fields, name).and_then(|time| time.parse().ok()).unwrap_or_else(crate::clock::now)
}

/// An amount as text or number.
pub fn amount(value: Option<&Value>) -> Option<Decimal> {
    match value? {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// Kept fields that a recording knows. Of a category its id is kept.
fn kept_of(known: &Fields, names: &[&'static str]) -> Kept {
    let value = |name: &str| {
        let value = known.get(name).filter(|value| !value.is_null())?;
        Some(if name == "category" { value["id"].clone() } else { value.clone() })
    };
    names.iter().filter_map(|name| Some((*name, value(name)?))).collect()
}

/// Metafields, but for the one that the shop makes itself.
fn metafields(known: &Fields, owner: &'static str) -> Vec<Metafield> {
    let listed = known.get("metafields").map(entries).unwrap_or_default();
    let read = |value: &Value| {
        let fields = value.as_object()?;
        let namespace = text(fields, "namespace").filter(|namespace| *namespace != "global")?;
        Some(Metafield {
            id: Gid::number(text(fields, "id")?, "Metafield")?,
            namespace: namespace.to_owned(),
            key: owned(fields, "key", ""),
            kind: owned(fields, "type", "single_line_text_field"),
            value: owned(fields, "value", ""),
            owner,
            created: time(fields, "createdAt"),
            updated: time(fields, "updatedAt"),
        })
    };
    listed.iter().filter_map(read).collect()
}

fn owned(fields: &Fields, name: &str, default: &str) -> String {
    text(fields, name).unwrap_or(default).to_owned()
}

fn product(world: &mut World, facts: &Facts, id: u64, known: &Fields) {
    let title = owned(known, "title", "Recorded");
    let mut handle = owned(known, "handle", &format!("recorded-{id}"));
    if world.handles.contains_key(&handle) {
        handle = format!("{handle}-{id}");
    }
    let tags = known.get("tags").map(entries).unwrap_or_default();
    world.handles.insert(handle.clone(), id);
    let product = Product {
        id,
        title,
        handle,
        status: owned(known, "status", "ACTIVE"),
        description_html: owned(known, "descriptionHtml", ""),
        vendor: owned(known, "vendor", ""),
        product_type: owned(known, "productType", ""),
        tags: tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        options: options(world, known),
        variants: Vec::new(),
        kept: kept_of(known, &OF_PRODUCT),
        metafields: metafields(known, "PRODUCT"),
        created: time(known, "createdAt"),
        updated: time(known, "updatedAt"),
    };
    world.products.insert(id, product);
    let listed = known.get("variants").map(entries).unwrap_or_default();
    let mut variants: Vec<u64> =
        listed.iter().filter_map(|variant| Gid::number(variant["id"].as_str()?, "ProductVariant")).collect();
    if variants.is_empty() {
        let of_product =
            |variant: &&str| facts.of(variant).and_then(|fields| id_in(fields, "product", "Product")) == Some(id);
        variants =
            facts.ids("ProductVariant").filter(of_product).filter_map(|id| Gid::number(id, "ProductVariant")).collect();
    }
    if variants.is_empty() {
        variants.push(world.next_id("ProductVariant"));
    }
    for number in variants {
        variant(world, facts, id, number);
    }
}

fn options(world: &mut World, known: &Fields) -> Vec<ProductOption> {
    let mut options = Vec::new();
    for option in known.get("options").map(entries).unwrap_or_default() {
        let number = |value: &Value, kind: &'static str| value["id"].as_str().and_then(|id| Gid::number(id, kind));
        let mut values: Vec<(u64, String)> = Vec::new();
        for value in option.get("optionValues").map(entries).unwrap_or_default() {
            let id = number(&value, "ProductOptionValue").unwrap_or_else(|| world.next_id("ProductOptionValue"));
            values.push((id, value["name"].as_str().unwrap_or_default().to_owned()));
        }
        for name in option["values"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !values.iter().any(|(_, known)| known == name) {
                values.push((world.next_id("ProductOptionValue"), name.to_owned()));
            }
        }
        let id = number(&option, "ProductOption").unwrap_or_else(|| world.next_id("ProductOption"));
        options.push(ProductOption { id, name: option["name"].as_str().unwrap_or_default().to_owned(), values });
    }
    if options.is_empty() {
        let (id, value) = (world.next_id("ProductOption"), world.next_id("ProductOptionValue"));
        options.push(ProductOption { id, name: "Title".to_owned(), values: vec![(value, "Default Title".to_owned())] });
    }
    options
}

fn variant(world: &mut World, facts: &Facts, product: u64, id: u64) {
    let known = facts.of(&gid("ProductVariant", id)).cloned().unwrap_or_default();
    let item = id_in(&known, "inventoryItem", "InventoryItem").unwrap_or_else(|| world.next_id("InventoryItem"));
    let mut item_known = facts.of(&gid("InventoryItem", item)).cloned().unwrap_or_default();
    if let Some(Value::Object(inner)) = known.get("inventoryItem") {
        for (name, value) in inner {
            item_known.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let chosen = known.get("selectedOptions").map(entries).unwrap_or_default();
    let mut values: Vec<String> =
        chosen.iter().filter_map(|option| option["value"].as_str()).map(str::to_owned).collect();
    if values.is_empty() {
        let options = world.products.get(&product).map(|product| product.options.clone()).unwrap_or_default();
        values = options.iter().filter_map(|option| Some(option.values.first()?.1.clone())).collect();
    }
    let now = crate::clock::now();
    let barcode = text(&known, "barcode").map(str::to_owned);
    world.variants.insert(
        id,
        Variant {
            id,
            product,
            item,
            barcode,
            price: amount(known.get("price")).unwrap_or_default(),
            compare_at: amount(known.get("compareAtPrice")),
            policy: owned(&known, "inventoryPolicy", "DENY"),
            taxable: known.get("taxable").and_then(Value::as_bool).unwrap_or(true),
            values,
            kept: kept_of(&known, &OF_VARIANT),
            metafields: metafields(&known, "PRODUCTVARIANT"),
            created: now,
            updated: now,
        },
    );
    let quantity = known.get("inventoryQuantity").and_then(Value::as_i64).unwrap_or_default();
    let sku = text(&known, "sku").or_else(|| text(&item_known, "sku"));
    let item = Item { variant: id, sku: sku.map(str::to_owned), ..item_of(world, item, &item_known, quantity) };
    world.items.insert(item.id, item);
    if let Some(product) = world.products.get_mut(&product) {
        product.variants.push(id);
    }
}

fn item_of(world: &mut World, id: u64, known: &Fields, quantity: i64) -> Item {
    let now = crate::clock::now();
    let mut levels = BTreeMap::new();
    for level in known.get("inventoryLevels").map(entries).unwrap_or_default() {
        let Some(at) = level.pointer("/location/id").and_then(Value::as_str) else { continue };
        let Some(at) = Gid::number(at, "Location") else { continue };
        location(world, at, level.pointer("/location/name").and_then(Value::as_str));
        let mut held = Level::empty(level["isActive"].as_bool().unwrap_or(true), now);
        for entry in level.get("quantities").map(entries).unwrap_or_default() {
            let name = STATES.into_iter().find(|state| entry["name"] == *state);
            if let (Some(name), Some(quantity)) = (name, entry["quantity"].as_i64()) {
                held.quantities.insert(name, quantity);
            }
        }
        levels.insert(at, held);
    }
    if let (true, Some(first)) = (levels.is_empty(), world.locations.first()) {
        let mut held = Level::empty(true, now);
        held.quantities.insert("available", quantity);
        levels.insert(first.id, held);
    }
    let mut customs = BTreeMap::new();
    for name in ["countryCodeOfOrigin", "harmonizedSystemCode", "provinceCodeOfOrigin"] {
        if let Some(code) = text(known, name) {
            customs.insert(name, code.to_owned());
        }
    }
    let weight = known.get("measurement").and_then(|measurement| measurement.get("weight"));
    let unit = weight.and_then(|weight| weight["unit"].as_str()).unwrap_or("KILOGRAMS");
    Item {
        id,
        variant: 0,
        sku: None,
        tracked: known.get("tracked").and_then(Value::as_bool).unwrap_or(true),
        requires_shipping: known.get("requiresShipping").and_then(Value::as_bool).unwrap_or(true),
        cost: None,
        customs,
        weight: (unit.to_owned(), weight.and_then(|weight| weight["value"].as_f64()).unwrap_or_default()),
        levels,
        created: now,
        updated: now,
    }
}

fn location(world: &mut World, id: u64, name: Option<&str>) {
    if !world.locations.iter().any(|location| location.id == id) {
        let name = name.map_or_else(|| format!("Location {id}"), str::to_owned);
        world.locations.push(Location { id, name, created: crate::clock::now() });
    }
}

fn subscription(world: &mut World, id: u64, known: &Fields) {
    let address = known.get("endpoint").and_then(|endpoint| endpoint["callbackUrl"].as_str());
    let uri = text(known, "uri").or(address).unwrap_or("https://example.com/recorded");
    world.subscriptions.insert(
        id,
        Subscription {
            id,
            topic: owned(known, "topic", "SHOP_UPDATE"),
            uri: uri.to_owned(),
            format: owned(known, "format", "JSON"),
            filter: text(known, "filter").map(str::to_owned),
            include_fields: Vec::new(),
            metafield_namespaces: Vec::new(),
            name: text(known, "name").map(str::to_owned),
            failures: 0,
            created: time(known, "createdAt"),
            updated: time(known, "updatedAt"),
        },
    );
}
