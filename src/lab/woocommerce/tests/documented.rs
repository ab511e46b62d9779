//! The documentation's example answers, each beside what the lab answers to the same call: every field that is
//! documented is there, in the same shape.
//!
//! With `EVIDENCE_DIR` set, the comparison is counted for `docs/conformance.md`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Ear, Site};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs/woocommerce");

/// Documented fields that are unlike on purpose, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "product-variations__create-a-product-variation.status",
        "this one example shows `true`; all others, and the shop itself, show a text such as \"publish\"",
    ),
    (
        "orders__batch-update-orders.delete[]._links.customer",
        "the order of the example has a customer; the lab's shop sells to guests only",
    ),
];

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a yes or no",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn is_left_out(at: &str) -> bool {
    LEFT_OUT.iter().any(|(path, _)| *path == at)
}

/// Where `ours` is unlike the documented value, in words.
fn compare(at: &str, documented: &Value, ours: &Value, unlike: &mut Vec<String>) {
    if is_left_out(at) {
        return;
    }
    match (documented, ours) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(documented), Value::Object(ours)) => {
            for (name, value) in documented {
                match ours.get(name) {
                    Some(own) => compare(&format!("{at}.{name}"), value, own, unlike),
                    None if is_left_out(&format!("{at}.{name}")) => {}
                    None => unlike.push(format!("{at}.{name} is missing")),
                }
            }
        }
        // Lists are of one kind of thing each.
        (Value::Array(documented), Value::Array(ours)) => {
            if let Some((documented, ours)) = documented.first().zip(ours.first()) {
                compare(&format!("{at}[]"), documented, ours, unlike);
            }
        }
        // A variation's `manage_stock` is `"parent"` at times.
        _ if at.ends_with(".manage_stock") => {}
        _ if kind(documented) == kind(ours) => {}
        _ => unlike.push(format!("{at} is {}, documented is {}", kind(ours), kind(documented))),
    }
}

/// Create one of each, as documented. Answers by the names of the files that document them.
async fn create(site: &Site) -> BTreeMap<&'static str, Value> {
    let ear = Ear::open().await;
    let category = site.post("/products/categories", json!({"name": "Clothing"})).await.body["id"].clone();
    let simple = json!({
        "name": "Premium Quality", "type": "simple", "regular_price": "21.99", "manage_stock": true,
        "stock_quantity": 9, "sku": "PQ", "categories": [{"id": category}], "tags": [{"name": "Soft"}],
        "description": "One.\n\nTwo.", "images": [{"src": "http://example.com/2017/03/T_2_front-4.jpg"}],
        "dimensions": {"length": "1", "width": "2", "height": "3"},
    });
    let product = site.post("/products", simple).await.body;
    let variable = json!({
        "name": "Ship Your Idea", "type": "variable",
        "attributes": [{"name": "Color", "visible": true, "variation": true, "options": ["Black", "Green"]}],
    });
    let parent = site.post("/products", variable).await.body["id"].clone();
    let black = json!({
        "regular_price": "9.00", "image": {"src": "http://example.com/2017/03/T_1.jpg"},
        "attributes": [{"name": "Color", "option": "Black"}],
    });
    let variation = site.post(&format!("/products/{parent}/variations"), black).await.body;
    let order = site.post("/orders", paid(&product)).await.body;
    let part = json!([{"id": order["line_items"][0]["id"], "quantity": 1, "refund_total": 21.99}]);
    let refunds = format!("/orders/{}/refunds", order["id"]);
    let refund = site.post(&refunds, json!({"api_refund": false, "line_items": part})).await.body;
    let hook = json!({"name": "Order updated", "topic": "order.updated", "delivery_url": ear.url});
    let webhook = site.post("/webhooks", hook).await.body;
    BTreeMap::from([
        ("products__create-a-product", product),
        ("product-variations__create-a-product-variation", variation),
        ("orders__create-an-order", order),
        ("order-refunds__create-a-refund", refund),
        ("webhooks__create-a-webhook", webhook),
    ])
}

fn paid(product: &Value) -> Value {
    json!({"set_paid": true, "line_items": [{"product_id": product["id"], "quantity": 2}]})
}

/// Read one and read many, as documented.
async fn read(site: &Site, answers: &mut BTreeMap<&'static str, Value>) {
    let made = answers.clone();
    let id = |name: &str| made[name]["id"].clone();
    let variation = &made["product-variations__create-a-product-variation"];
    let variations = format!("/products/{}/variations", variation["parent_id"]);
    let refunds = format!("/orders/{}/refunds", id("orders__create-an-order"));
    for (name, path) in [
        ("products__list-all-products", "/products?sku=PQ".to_owned()),
        ("products__retrieve-a-product", format!("/products/{}", id("products__create-a-product"))),
        ("product-variations__list-all-product-variations", variations.clone()),
        ("product-variations__retrieve-a-product-variation", format!("{variations}/{}", variation["id"])),
        ("orders__list-all-orders", "/orders?order=asc".to_owned()),
        ("orders__retrieve-an-order", format!("/orders/{}", id("orders__create-an-order"))),
        ("order-refunds__list-all-refunds", refunds.clone()),
        ("order-refunds__retrieve-a-refund", format!("{refunds}/{}", id("order-refunds__create-a-refund"))),
        ("webhooks__list-all-webhooks", "/webhooks".to_owned()),
        ("webhooks__retrieve-a-webhook", format!("/webhooks/{}", id("webhooks__create-a-webhook"))),
    ] {
        let body = site.get(&path).await.body;
        answers.insert(name, body);
    }
}

/// Create, update and delete in one call, as documented.
async fn batch(site: &Site, answers: &mut BTreeMap<&'static str, Value>) {
    let made = answers.clone();
    let id = |name: &str| made[name]["id"].clone();
    let variations =
        format!("/products/{}/variations", made["product-variations__create-a-product-variation"]["parent_id"]);
    let order = paid(&made["products__create-a-product"]);
    let spare = site.post("/products", json!({"name": "Spare"})).await.body["id"].clone();
    let green = site.post(&variations, json!({"attributes": []})).await.body["id"].clone();
    let other = site.post("/orders", order.clone()).await.body["id"].clone();
    let hook = json!({
        "name": "x", "topic": "order.created", "delivery_url": made["webhooks__create-a-webhook"]["delivery_url"],
    });
    for (name, path, body) in [
        (
            "products__batch-update-products",
            "/products/batch".to_owned(),
            json!({"create": [{"name": "New"}], "update": [{"id": id("products__create-a-product")}], "delete": [spare]}),
        ),
        (
            "product-variations__batch-update-product-variations",
            format!("{variations}/batch"),
            json!({
                "create": [{"regular_price": "9.00"}], "delete": [green],
                "update": [{"id": id("product-variations__create-a-product-variation")}],
            }),
        ),
        (
            "orders__batch-update-orders",
            "/orders/batch".to_owned(),
            json!({"create": [order], "update": [{"id": id("orders__create-an-order")}], "delete": [other]}),
        ),
        (
            "webhooks__batch-update-webhooks",
            "/webhooks/batch".to_owned(),
            json!({"create": [hook], "delete": [id("webhooks__create-a-webhook")]}),
        ),
    ] {
        answers.insert(name, site.post(&path, body).await.body);
    }
}

#[tokio::test]
async fn answers_have_the_documented_shape() {
    if !std::path::Path::new(EXAMPLES).exists() {
        assert!(std::env::var_os("CI").is_none(), "{EXAMPLES} is missing");
        eprintln!("skipped: the documented examples are not here");
        return;
    }
    let site = Site::open().await;
    let mut answers = create(&site).await;
    read(&site, &mut answers).await;
    batch(&site, &mut answers).await;
    let mut files: Vec<String> = std::fs::read_dir(EXAMPLES)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    files.sort();
    let (mut all, mut good) = (Vec::new(), 0);
    for name in &files {
        let text = std::fs::read_to_string(format!("{EXAMPLES}/{name}.json")).unwrap();
        let documented: Value = serde_json::from_str(&text).unwrap();
        let mut unlike = Vec::new();
        match answers.get(name.as_str()) {
            Some(ours) => compare(name, &documented, ours, &mut unlike),
            None => unlike.push(format!("{name}: nobody made this call")),
        }
        good += usize::from(unlike.is_empty());
        all.extend(unlike);
    }
    if let Some(dir) = std::env::var_os("EVIDENCE_DIR") {
        let more = json!({
            "what": "more fields than are documented (targetHints, slug of attributes, global_unique_id, …)",
            "why": "the examples are older than WooCommerce 10.0.2 and WordPress 6.8, which show them",
        });
        let unlike = LEFT_OUT.iter().map(|(what, why)| json!({ "what": what, "why": why }));
        let differs: Vec<Value> = std::iter::once(more).chain(unlike).collect();
        let evidence = json!({
            "system": "WooCommerce REST v3", "kind": "recorded exchanges",
            "evidence": "example answers of the WooCommerce REST API documentation", "version": "wc/v3",
            "cases": files.len(), "passed": good, "calls": files, "differs": differs,
        });
        std::fs::create_dir_all(&dir).unwrap();
        let path = std::path::PathBuf::from(dir).join("woocommerce-documented.json");
        std::fs::write(path, serde_json::to_string_pretty(&evidence).unwrap()).unwrap();
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
    assert!(files.len() >= 19, "only {} examples", files.len());
}
