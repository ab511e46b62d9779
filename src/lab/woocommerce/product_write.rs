//! Reading a product out of a request body, with WooCommerce's rules for what is taken, changed, ignored or refused.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::answer::{Invalid, Refusal};
use super::php;
use super::product::{Kind, Product};
use super::world::{World, read_date};

/// Yes or no.
const FLAGS: [&str; 5] = ["featured", "virtual", "downloadable", "sold_individually", "reviews_allowed"];
/// Words, kept as they were written.
const TEXTS: [&str; 10] = [
    "catalog_visibility",
    "description",
    "short_description",
    "external_url",
    "button_text",
    "tax_status",
    "tax_class",
    "purchase_note",
    "post_password",
    "weight",
];
/// Whole numbers.
const NUMBERS: [&str; 3] = ["download_limit", "download_expiry", "menu_order"];
/// Lists of product ids.
const ID_LISTS: [&str; 3] = ["upsell_ids", "cross_sell_ids", "grouped_products"];
/// Kept as they were written.
const PLAIN: [&str; 2] = ["downloads", "default_attributes"];

const STATUSES: [&str; 7] = ["draft", "pending", "private", "publish", "future", "auto-draft", "trash"];

/// A string, or a number as PHP would print it. `None`: not said.
pub(super) fn text(body: &Map<String, Value>, key: &str) -> Option<String> {
    match body.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(if *flag { "1" } else { "" }.to_owned()),
        _ => None,
    }
}

/// A whole number, also as text; fractions are cut as PHP's `intval` does.
pub(super) fn whole(body: &Map<String, Value>, key: &str) -> Option<i64> {
    match body.get(key)? {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)),
        Value::String(text) => Some(text.trim().parse::<f64>().map_or(0, |float| float as i64)),
        Value::Bool(flag) => Some((*flag).into()),
        _ => None,
    }
}

/// A yes or no, as WordPress reads one.
pub(super) fn flag(body: &Map<String, Value>, key: &str) -> Option<bool> {
    match body.get(key)? {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_i64() == Some(1)),
        Value::String(text) => Some(matches!(text.to_lowercase().as_str(), "yes" | "true" | "1" | "on")),
        _ => None,
    }
}

/// Check types as WordPress does for a single create or update. Items of a batch are not checked.
pub(super) fn validate(body: &Map<String, Value>, variation: bool) -> Result<(), Refusal> {
    let mut invalid = Invalid::default();
    for key in ["name", "slug", "sku", "regular_price", "sale_price", "description", "short_description"] {
        if body.get(key).is_some_and(|value| !value.is_string() && !value.is_null()) {
            invalid.type_of(key, "string");
        }
    }
    for key in ["stock_quantity", "menu_order", "parent_id"] {
        let good = |value: &Value| match value {
            Value::Null => true,
            Value::Number(number) => number.as_f64().is_some_and(|float| float.fract() == 0.0),
            Value::String(text) => text.parse::<f64>().is_ok_and(|float| float.fract() == 0.0),
            _ => false,
        };
        if body.get(key).is_some_and(|value| !good(value)) {
            invalid.type_of(key, "integer");
        }
    }
    let good = |value: &Value| match value {
        Value::Null | Value::Bool(_) => true,
        Value::Number(number) => matches!(number.as_i64(), Some(0 | 1)),
        Value::String(text) => matches!(text.to_lowercase().as_str(), "true" | "false" | "0" | "1" | ""),
        _ => false,
    };
    if body.get("manage_stock").is_some_and(|value| !good(value)) && !variation {
        invalid.type_of("manage_stock", "boolean");
    }
    for (key, choices) in [
        ("type", Kind::CHOICES.as_slice()),
        ("status", STATUSES.as_slice()),
        ("backorders", ["no", "notify", "yes"].as_slice()),
        ("stock_status", ["instock", "outofstock", "onbackorder"].as_slice()),
    ] {
        let said = body.get(key).filter(|value| !value.is_null());
        if said.is_some_and(|value| value.as_str().is_none_or(|text| !choices.contains(&text))) {
            invalid.choice(key, choices);
        }
    }
    invalid.into_result()
}

/// A price as it is stored: what cannot be part of a number is dropped.
fn price(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_digit() || matches!(letter, '.' | ',' | '-')).collect()
}

impl World {
    /// A product about which nothing was said yet, not saved.
    pub(super) fn new_product(&mut self, kind: Kind, parent: u64) -> Product {
        Product {
            id: self.fresh_id(),
            kind,
            parent,
            children: Vec::new(),
            name: if kind == Kind::Variation { String::new() } else { "Product".to_owned() },
            slug: String::new(),
            status: "publish".to_owned(),
            sku: String::new(),
            regular_price: String::new(),
            sale_price: String::new(),
            managed: false,
            stock: None,
            stock_status: "instock".to_owned(),
            backorders: "no".to_owned(),
            attributes: Vec::new(),
            images: Vec::new(),
            meta: Vec::new(),
            total_sales: 0,
            sale_from: None,
            sale_to: None,
            terms: BTreeMap::new(),
            created: self.now(),
            modified: self.now(),
            plain: Map::new(),
        }
    }

    /// Put what a body says into a product that is not saved yet.
    pub(super) fn write_product(&mut self, product: &mut Product, body: &Map<String, Value>) -> Result<(), Refusal> {
        let variation = product.kind == Kind::Variation;
        if let Some(kind) = text(body, "type").filter(|_| !variation) {
            product.kind = Kind::parse(&kind);
        }
        if let Some(status) = text(body, "status") {
            let known = STATUSES.contains(&status.as_str());
            product.status = if known { status } else { "draft".to_owned() };
        }
        if !variation {
            self.write_name(product, body);
        }
        if let Some(sku) = text(body, "sku") {
            product.sku = self.free_sku(&php::clean(&sku), product.id)?;
        }
        self.write_plain(product, body)?;
        self.write_dates(product, body);
        write_prices(product, body);
        write_stock(product, body);
        self.write_terms(product, body);
        self.write_attributes(product, body);
        self.write_images(product, body)?;
        let said = body.get("meta_data").and_then(Value::as_array);
        for meta in said.into_iter().flatten() {
            self.write_meta(&mut product.meta, meta);
        }
        Ok(())
    }

    fn write_name(&mut self, product: &mut Product, body: &Map<String, Value>) {
        if let Some(name) = text(body, "name") {
            product.name = php::title(&name);
        }
        let wanted = match text(body, "slug") {
            Some(slug) => php::slug(&slug),
            None if product.slug.is_empty() => php::slug(&product.name),
            None => return,
        };
        if wanted != product.slug {
            product.slug = self.unique_slug(&wanted);
        }
    }

    /// The SKU, unless another product has it (observed on WooCommerce 10.0.2).
    fn free_sku(&self, sku: &str, id: u64) -> Result<String, Refusal> {
        let Some(holder) = self.sku_holder(sku, id).filter(|_| !sku.is_empty()) else { return Ok(sku.to_owned()) };
        let mut number = 1;
        while self.sku_holder(&format!("{sku}-{number}"), 0).is_some() {
            number += 1;
        }
        let mut refusal = Refusal::new(400, "product_invalid_sku", "Invalid or duplicated SKU.");
        refusal.data = json!({ "status": 400, "resource_id": holder, "unique_sku": format!("{sku}-{number}") });
        Err(refusal)
    }

    fn write_plain(&mut self, product: &mut Product, body: &Map<String, Value>) -> Result<(), Refusal> {
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                product.plain.insert(key.to_owned(), value);
            }
        };
        for key in FLAGS {
            put(key, flag(body, key).map(Value::from));
        }
        for key in TEXTS {
            put(key, text(body, key).map(Value::from));
        }
        for key in NUMBERS {
            put(key, whole(body, key).map(Value::from));
        }
        for key in ID_LISTS {
            let ids = |list: &Vec<Value>| list.iter().filter_map(Value::as_u64).filter(|id| *id != 0).collect();
            put(key, body.get(key).and_then(Value::as_array).map(ids));
        }
        for key in PLAIN {
            put(key, body.get(key).filter(|value| !value.is_null()).cloned());
        }
        let is = |key: &str| product.plain.get(key) == Some(&Value::Bool(true));
        if is("virtual") {
            product.plain.remove("weight");
            product.plain.remove("dimensions");
        } else if let Some(Value::Object(said)) = body.get("dimensions") {
            let shown = product.plain.entry("dimensions").or_insert_with(|| json!({}));
            for key in ["length", "width", "height"] {
                shown[key] =
                    json!(text(said, key).or_else(|| Some(shown[key].as_str()?.to_owned())).unwrap_or_default());
            }
        }
        if let Some(code) = text(body, "global_unique_id") {
            let code: String = code.chars().filter(|letter| letter.is_ascii_digit() || *letter == '-').collect();
            let same =
                |other: &&Product| other.id != product.id && other.plain.get("global_unique_id") == Some(&json!(code));
            if let Some(other) = self.products.values().find(same).filter(|_| !code.is_empty()) {
                let message = "Invalid or duplicated GTIN, UPC, EAN or ISBN.";
                let mut refusal = Refusal::new(400, "product_invalid_global_unique_id", message);
                refusal.data = json!({ "status": 400, "resource_id": other.id, "unique_id": code });
                return Err(refusal);
            }
            product.plain.insert("global_unique_id".to_owned(), json!(code));
        }
        Ok(())
    }

    fn write_dates(&self, product: &mut Product, body: &Map<String, Value>) {
        for (key, is_gmt) in [("date_created", false), ("date_created_gmt", true)] {
            if let Some(time) = text(body, key).and_then(|text| read_date(&text, is_gmt)) {
                product.created = time;
            }
        }
        for (key, is_gmt) in [("date_on_sale_from", false), ("date_on_sale_from_gmt", true)] {
            if let Some(said) = text(body, key) {
                product.sale_from = read_date(&said, is_gmt);
            }
        }
        for (key, is_gmt) in [("date_on_sale_to", false), ("date_on_sale_to_gmt", true)] {
            if let Some(said) = text(body, key) {
                product.sale_to = read_date(&said, is_gmt);
            }
        }
    }

    /// Set one `meta_data` entry: by id, else by key.
    pub(super) fn write_meta(&mut self, metas: &mut Vec<(u64, String, Value)>, said: &Value) {
        let Some(key) = said.get("key").and_then(Value::as_str) else { return };
        let value = said.get("value").cloned().unwrap_or_default();
        let id = said.get("id").and_then(Value::as_u64);
        let old = metas.iter_mut().find(|meta| id.map_or(meta.1 == key, |id| meta.0 == id));
        match old {
            Some(meta) => *meta = (meta.0, key.to_owned(), value),
            None => metas.push((self.fresh_id(), key.to_owned(), value)),
        }
    }
}

fn write_prices(product: &mut Product, body: &Map<String, Value>) {
    if matches!(product.kind, Kind::Variable | Kind::Grouped) {
        product.regular_price.clear();
        product.sale_price.clear();
        (product.sale_from, product.sale_to) = (None, None);
        return;
    }
    if let Some(said) = text(body, "regular_price") {
        product.regular_price = price(&said);
    }
    if let Some(said) = text(body, "sale_price") {
        product.sale_price = price(&said);
    }
    let amount = |text: &str| text.parse::<Decimal>().unwrap_or_default();
    // A sale that is none is dropped when the product is saved.
    if !product.sale_price.is_empty() && amount(&product.sale_price) >= amount(&product.regular_price) {
        product.sale_price.clear();
    }
}

fn write_stock(product: &mut Product, body: &Map<String, Value>) {
    if let Some(status) = text(body, "stock_status") {
        product.stock_status = status;
    }
    // "parent" is not a yes: it says that the variation itself does not manage stock.
    if let Some(managed) = flag(body, "manage_stock") {
        product.managed = managed;
    }
    if let Some(backorders) = text(body, "backorders") {
        product.backorders = backorders;
    }
    if matches!(product.kind, Kind::Grouped | Kind::External) {
        product.managed = false;
    }
    if !product.managed {
        return;
    }
    if let Some(quantity) = whole(body, "stock_quantity") {
        product.stock = Some(quantity);
    } else if let Some(delta) = whole(body, "inventory_delta") {
        product.stock = Some(product.stock.unwrap_or_default() + delta);
    }
    if let Some(amount) = body.get("low_stock_amount") {
        product.plain.insert("low_stock_amount".to_owned(), amount.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn single_writes_are_type_checked() {
        let check = |value: Value, expect: Option<&str>| {
            let refusal = validate(&body(value.clone()), false).err();
            assert_eq!(refusal.as_ref().map(|refusal| refusal.message.as_str()), expect, "{value}");
        };
        check(json!({"regular_price": "1.00", "stock_quantity": "5", "manage_stock": "true"}), None);
        check(json!({"regular_price": 1.5}), Some("Invalid parameter(s): regular_price"));
        check(json!({"stock_quantity": 1.5, "sku": 3}), Some("Invalid parameter(s): sku, stock_quantity"));
        check(json!({"manage_stock": "parent"}), Some("Invalid parameter(s): manage_stock"));
        check(json!({"type": "variation"}), Some("Invalid parameter(s): type"));
        let refusal = validate(&body(json!({"backorders": "maybe"})), false).unwrap_err();
        assert_eq!(refusal.data["params"]["backorders"], "backorders is not one of no, notify, and yes.");
    }

    #[test]
    fn numbers_are_read_as_php_reads_them() {
        let check = |value: Value, expect: Option<i64>| {
            assert_eq!(whole(&body(json!({"n": value.clone()})), "n"), expect, "{value}");
        };
        check(json!(5), Some(5));
        check(json!("5"), Some(5));
        check(json!(5.9), Some(5));
        check(json!(null), None);
        check(json!("many"), Some(0));
        assert_eq!(price("$ 12.50"), "12.50");
    }
}
