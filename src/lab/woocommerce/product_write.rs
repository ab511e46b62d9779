//! Reading a product out of a request body, with WooCommerce's rules for what is taken, changed, ignored or refused.

use serde_json::{Map, Value, json};

use super::answer::{Invalid, Refusal};
use super::php;
use super::product::{Attribute, Kind, Product};
use super::world::{World, dates, now};

/// Fields that are kept as they were written.
const PLAIN: [&str; 31] = [
    "featured",
    "catalog_visibility",
    "description",
    "short_description",
    "global_unique_id",
    "date_on_sale_from",
    "date_on_sale_from_gmt",
    "date_on_sale_to",
    "date_on_sale_to_gmt",
    "virtual",
    "downloadable",
    "downloads",
    "download_limit",
    "download_expiry",
    "external_url",
    "button_text",
    "tax_status",
    "tax_class",
    "sold_individually",
    "weight",
    "dimensions",
    "shipping_class",
    "reviews_allowed",
    "upsell_ids",
    "cross_sell_ids",
    "purchase_note",
    "categories",
    "tags",
    "default_attributes",
    "grouped_products",
    "menu_order",
];

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

fn flag(body: &Map<String, Value>, key: &str) -> Option<bool> {
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
            created: now(),
            modified: now(),
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
        for key in PLAIN {
            if let Some(value) = body.get(key).filter(|value| !value.is_null()) {
                product.plain.insert(key.to_owned(), value.clone());
            }
        }
        if matches!(product.kind, Kind::Variable | Kind::Grouped) {
            product.regular_price.clear();
            product.sale_price.clear();
        } else {
            if let Some(said) = text(body, "regular_price") {
                product.regular_price = price(&said);
            }
            if let Some(said) = text(body, "sale_price") {
                product.sale_price = price(&said);
            }
        }
        write_stock(product, body);
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

    fn write_attributes(&self, product: &mut Product, body: &Map<String, Value>) {
        let Some(said) = body.get("attributes").and_then(Value::as_array) else { return };
        let said = said.iter().filter_map(Value::as_object);
        product.attributes = if product.kind == Kind::Variation {
            let known = self.products.get(&product.parent).map_or(&[][..], |parent| &parent.attributes);
            said.filter_map(|attribute| chosen_option(attribute, known)).collect()
        } else {
            said.filter_map(product_attribute).collect()
        };
    }

    fn write_images(&mut self, product: &mut Product, body: &Map<String, Value>) -> Result<(), Refusal> {
        let said = match (body.get("images"), body.get("image")) {
            (Some(Value::Array(images)), _) if product.kind != Kind::Variation => images.clone(),
            (_, Some(image)) if product.kind == Kind::Variation && image.is_object() => vec![image.clone()],
            (_, Some(_)) if product.kind == Kind::Variation => Vec::new(),
            _ => return Ok(()),
        };
        let images: Result<Vec<Value>, Refusal> = said.iter().map(|image| self.attach(image)).collect();
        product.images = images?;
        Ok(())
    }

    /// An image by id, or a new one "downloaded" from its address into the site's own uploads.
    fn attach(&mut self, image: &Value) -> Result<Value, Refusal> {
        let id = image.get("id").and_then(Value::as_u64).unwrap_or_default();
        let source = image.get("src").and_then(Value::as_str).filter(|_| id == 0);
        let Some(source) = source else {
            let message = format!("#{id} is an invalid image ID.");
            let unknown = || Refusal::new(400, "woocommerce_product_invalid_image_id", message);
            return self.media.get(&id).cloned().ok_or_else(unknown);
        };
        let file = source.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        let (local, gmt) = dates(now());
        let id = self.fresh_id();
        let said = |key: &str| image.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = if said("name").is_empty() { file } else { said("name") };
        let attached = json!({
            "id": id, "date_created": local, "date_created_gmt": gmt, "date_modified": local,
            "date_modified_gmt": gmt, "src": format!("{}/wp-content/uploads/{id}/{file}", self.site),
            "name": name, "alt": said("alt"),
        });
        self.media.insert(id, attached.clone());
        Ok(attached)
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

fn product_attribute(said: &Map<String, Value>) -> Option<Attribute> {
    let id = said.get("id").and_then(Value::as_u64).unwrap_or_default();
    let name = php::clean(&text(said, "name").unwrap_or_default());
    let options: Vec<String> = match said.get("options")? {
        Value::Array(options) => options.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(options) => options.split('|').map(|option| option.trim().to_owned()).collect(),
        _ => return None,
    };
    if id == 0 && name.is_empty() {
        return None;
    }
    let name = if name.is_empty() { format!("Attribute {id}") } else { name };
    Some(Attribute {
        id,
        name,
        position: whole(said, "position").unwrap_or_default().unsigned_abs(),
        visible: flag(said, "visible").unwrap_or_default(),
        variation: flag(said, "variation").unwrap_or_default(),
        options,
    })
}

/// A variation's option, kept only where the parent has that attribute and uses it for variations.
fn chosen_option(said: &Map<String, Value>, known: &[Attribute]) -> Option<Attribute> {
    let id = said.get("id").and_then(Value::as_u64).unwrap_or_default();
    let name = php::slug(&text(said, "name").unwrap_or_default());
    let same = |attribute: &&Attribute| match id {
        0 => php::slug(&attribute.name) == name,
        id => attribute.id == id,
    };
    let parent = known.iter().find(same).filter(|attribute| attribute.variation)?;
    let option = php::clean(&text(said, "option").unwrap_or_default());
    Some(Attribute { options: vec![option], ..parent.clone() })
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
