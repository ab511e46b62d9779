//! Products, variations, lists, batches, signing in.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{auth, php};
use super::{KEY, SECRET, Site, item, take};
use crate::lab::LabShop as _;
use crate::lab::gate::{Fault, FaultKind, Kind};

/// A query string signed as OAuth 1.0a asks, by the RFC and not by the shop's own code.
pub(super) fn signed(base: &str, path: &str, query: &[(&str, &str)], method: &str, secret: &str) -> String {
    let timestamp = crate::clock::now().timestamp().to_string();
    let nonce = crate::clock::fresh_key();
    let mut pairs: Vec<(String, String)> =
        query.iter().map(|(name, value)| (php::encode(name), php::encode(value))).collect();
    for (name, value) in [
        ("oauth_consumer_key", KEY),
        ("oauth_nonce", nonce.as_str()),
        ("oauth_signature_method", method),
        ("oauth_timestamp", timestamp.as_str()),
    ] {
        pairs.push((name.to_owned(), php::encode(value)));
    }
    pairs.sort();
    let joined = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let text = format!("GET&{}&{}", php::encode(&format!("{base}{path}")), php::encode(&joined));
    let signature = auth::sign(method, &format!("{secret}&"), &text).unwrap();
    format!("{base}{path}?{joined}&oauth_signature={}", php::encode(&signature))
}

#[tokio::test]
async fn plain_http_takes_signatures_only() {
    let site = Site::open().await;
    let path = "/wp-json/wc/v3/products";
    let query = [("sku", "A B,ü"), ("include[0]", "7"), ("per_page", "100")];
    let mut seen = Vec::new();
    for (method, secret) in [("HMAC-SHA256", SECRET), ("HMAC-SHA1", SECRET), ("HMAC-SHA256", "cs_wrong")] {
        let url = signed(&site.base, path, &query, method, secret);
        let got = take(site.http.get(url).send().await.unwrap()).await;
        seen.push((got.status, got.body["code"].as_str().unwrap_or_default().to_owned()));
    }
    let refused = (401, "woocommerce_rest_authentication_error".to_owned());
    assert_eq!(seen, [(200, String::new()), (200, String::new()), refused.clone()]);

    let url = format!("{}{path}", site.base);
    let basic = take(site.http.get(&url).basic_auth(KEY, Some(SECRET)).send().await.unwrap()).await;
    assert_eq!(basic.code(), (401, "woocommerce_rest_cannot_view"));
    let wrong = site.http.get(&url).basic_auth(KEY, Some("no")).header("x-forwarded-proto", "https");
    let wrong = take(wrong.send().await.unwrap()).await;
    assert_eq!(wrong.code(), (401, "woocommerce_rest_authentication_error"));
}

#[tokio::test]
async fn a_host_that_strips_the_header_takes_keys_in_the_query() {
    let site = Site::open_with(true).await;
    assert_eq!(site.get("/products").await.code(), (401, "woocommerce_rest_cannot_view"));
    let keyed = site.get(&format!("/products?consumer_key={KEY}&consumer_secret={SECRET}")).await;
    assert_eq!(keyed.status, 200);
}

#[tokio::test]
async fn indexes_and_unknown_routes() {
    let site = Site::open().await;
    let open = |path: &str| site.http.get(format!("{}{path}", site.base)).send();
    let root = take(open("/wp-json/").await.unwrap()).await;
    assert!(root.body["namespaces"].as_array().unwrap().contains(&json!("wc/v3")));
    assert_eq!(take(open("/wp-json/wc/v3").await.unwrap()).await.body["namespace"], "wc/v3");
    assert_eq!(site.get("/gadgets").await.code(), (404, "rest_no_route"));
    assert_eq!(site.call(Method::PUT, "/products", None).await.code(), (404, "rest_no_route"));
    assert_eq!(site.get("/system_status").await.body["environment"]["version"], "10.0.2");
    let url = format!("{}/?rest_route=/wc/v3/products", site.base);
    let plain = site.http.get(url).basic_auth(KEY, Some(SECRET)).header("x-forwarded-proto", "https");
    assert_eq!(take(plain.send().await.unwrap()).await.status, 200);
}

#[tokio::test]
async fn writes_are_cleaned_checked_and_partial() {
    let site = Site::open().await;
    let id = site.product("  A <b>1</b>\t x ", "12.50", 5).await;
    let path = format!("/products/{id}");
    let got = site.get(&path).await;
    assert_eq!((&got.body["sku"], &got.body["price"]), (&json!("A 1 x"), &json!("12.50")));
    assert_eq!(got.header("content-type"), "application/json; charset=UTF-8");
    assert!(got.raw.contains("\\/wp-json\\/"), "PHP escapes slashes");

    let put = site.put(&path, json!({"name": "Salt & Pepper", "description": "a\n\nb"})).await.body;
    assert_eq!((&put["name"], &put["description"]), (&json!("Salt &amp; Pepper"), &json!("a\n\nb")));
    assert_eq!((&put["regular_price"], &put["stock_quantity"]), (&json!("12.50"), &json!(5)));
    assert_eq!(site.get(&path).await.body["description"], "<p>a</p>\n<p>b</p>\n");

    let refused = site.put(&path, json!({"regular_price": 3})).await;
    assert_eq!(refused.code(), (400, "rest_invalid_param"));
    let body = reqwest::Body::from(r#"{"name":"X"}"#);
    let url = format!("{}/wp-json/wc/v3{path}", site.base);
    let untyped = site.http.put(url).basic_auth(KEY, Some(SECRET)).header("x-forwarded-proto", "https").body(body);
    assert_eq!(take(untyped.send().await.unwrap()).await.body["name"], "Salt &amp; Pepper");

    let off = site.put(&path, json!({"manage_stock": false, "stock_quantity": 9})).await.body;
    assert_eq!((&off["manage_stock"], &off["stock_quantity"]), (&json!(false), &json!(null)));
    let empty = site.put(&path, json!({"manage_stock": true, "stock_quantity": 0})).await.body;
    assert_eq!(empty["stock_status"], "outofstock");
    let more = site.put(&path, json!({"inventory_delta": 4})).await.body;
    assert_eq!((&more["stock_quantity"], &more["stock_status"]), (&json!(4), &json!("instock")));
}

#[tokio::test]
async fn a_sku_is_given_once() {
    let site = Site::open().await;
    let first = site.product("Cup", "1", 1).await;
    let got = site.post("/products", json!({"name": "x", "sku": "CUP"})).await;
    assert_eq!(got.code(), (400, "product_invalid_sku"));
    assert_eq!(got.body["data"], json!({"status": 400, "resource_id": first, "unique_sku": "CUP-1"}));
    assert_eq!(site.delete(&format!("/products/{first}")).await.status, 200);
    assert_eq!(site.post("/products", json!({"name": "x", "sku": "CUP"})).await.status, 201);
}

#[tokio::test]
async fn a_sku_is_changed_by_one_call_or_in_a_batch() {
    let site = Site::open().await;
    let (first, second) = (site.product("A", "1", 1).await, site.product("B", "1", 1).await);
    let taken = site.put(&format!("/products/{second}"), json!({"sku": "a", "regular_price": "9"})).await;
    assert_eq!(taken.code(), (400, "product_invalid_sku"));
    assert_eq!(site.put(&format!("/products/{second}"), json!({"sku": "C"})).await.body["sku"], "C");
    let update = json!([{"id": first, "sku": "C", "regular_price": "9"}, {"id": second, "sku": "B"}]);
    let answers = site.post("/products/batch", json!({ "update": update })).await.body["update"].clone();
    let error = &answers[0]["error"];
    assert_eq!((&answers[0]["id"], &error["code"]), (&json!(first), &json!("product_invalid_sku")));
    assert_eq!(error["data"], json!({"status": 400, "resource_id": second, "unique_sku": "C-1"}));
    assert_eq!(answers[1]["sku"], "B");
    assert_eq!(site.face.shelf()["A"].price, "1", "a refused item is not written in part");

    site.face.seed(&[item("S-1", &[("Size", "S")], 3), item("S-2", &[("Size", "M")], 4)]);
    let found = site.get("/products?sku=S-1").await.body[0].clone();
    let (id, parent) = (&found["id"], &found["parent_id"]);
    let path = format!("/products/{parent}/variations/batch");
    let answers = site.post(&path, json!({"update": [{"id": id, "sku": "S-2"}]})).await.body["update"].clone();
    assert_eq!(answers[0]["error"]["code"], "product_invalid_sku");
    let answers = site.post(&path, json!({"update": [{"id": id, "sku": "S-3"}]})).await.body["update"].clone();
    assert_eq!(answers[0]["sku"], "S-3");
    let one = site.put(&format!("/products/{parent}/variations/{id}"), json!({"sku": "S-4"})).await.body;
    assert_eq!(one["sku"], "S-4");
    assert_eq!(site.face.shelf()["S-4"].stock, 3);
}

#[tokio::test]
async fn errors_for_ids_differ_by_call() {
    let site = Site::open().await;
    site.face.seed(&[item("S", &[("Size", "S")], 3)]);
    let parent = site.get("/products").await.ids()[0];
    let child = site.get(&format!("/products/{parent}/variations")).await.ids()[0];
    let code = "woocommerce_rest_product_invalid_id";
    assert_eq!(site.get("/products/999999").await.code(), (404, code));
    assert_eq!(site.put("/products/999999", json!({})).await.code(), (400, code));
    assert_eq!(site.delete("/products/999999").await.code(), (404, code));
    let endpoint = "woocommerce_rest_invalid_product_id";
    assert_eq!(site.put(&format!("/products/{child}"), json!({})).await.code(), (404, endpoint));
    assert_eq!(site.get(&format!("/products/{child}")).await.body["type"], "variation");
    let update = json!([{"id": 999_999, "stock_quantity": 1}, {"id": child, "stock_quantity": 1}]);
    let got = site.post("/products/batch", json!({"create": [], "update": update})).await;
    assert_eq!(got.status, 200);
    let error = |at: usize| &got.body["update"][at]["error"];
    assert_eq!((&error(0)["code"], &error(0)["data"]), (&json!(code), &json!({"status": 400})));
    assert_eq!((&got.body["update"][0]["id"], &error(1)["code"]), (&json!(999_999), &json!(endpoint)));
}

#[tokio::test]
async fn batches_end_at_a_hundred() {
    let site = Site::open().await;
    let many = |count: usize| (0..count).map(|at| json!({"name": format!("P{at:03}")})).collect::<Value>();
    let full = site.post("/products/batch", json!({"create": many(100)})).await;
    assert_eq!((full.status, full.body["create"].as_array().unwrap().len()), (200, 100));
    let over = site.post("/products/batch", json!({"create": many(100), "delete": [1]})).await;
    assert_eq!(over.code(), (413, "woocommerce_rest_request_entity_too_large"));

    let page = site.get("/products?per_page=40&page=2&orderby=title&order=asc&_fields=name").await;
    assert_eq!((page.header("x-wp-total"), page.header("x-wp-totalpages")), ("100", "3"));
    assert_eq!(page.body[0], json!({"name": "P040"}));
    let link = page.header("link");
    assert!(link.contains("page=1") && link.contains("rel=\"prev\", <") && link.contains("rel=\"next\""), "{link}");
    assert_eq!(site.get("/products?per_page=101").await.code(), (400, "rest_invalid_param"));
    assert_eq!(site.get("/products?per_page=40&page=9").await.body, json!([]));
    assert_eq!(site.get("/products?include=none").await.body, json!([]));
    let ids = site.get("/products?per_page=3&offset=98&orderby=id&order=asc").await.ids();
    assert_eq!(ids.len(), 2);
    let chosen = site.get(&format!("/products?include={},{}&orderby=include&order=asc", ids[1], ids[0])).await;
    assert_eq!(chosen.ids(), [ids[1], ids[0]]);
}

#[tokio::test]
async fn variations_are_found_by_sku_and_share_stock() {
    let site = Site::open().await;
    site.face.seed(&[item("S-1", &[("Size", "S")], 3), item("S-2", &[("Size", "M")], 0)]);
    let found = site.get("/products?sku=s-1,S-2,none").await;
    assert_eq!(found.header("x-wp-total"), "2");
    let small = &found.body[1];
    assert_eq!((&small["type"], &small["name"]), (&json!("variation"), &json!("Shirt &amp; Tie - S")));
    let parent = small["parent_id"].as_u64().unwrap();
    let shown = site.get(&format!("/products/{parent}")).await.body;
    assert_eq!((&shown["type"], &shown["price"]), (&json!("variable"), &json!("20.00")));
    assert_eq!(shown["variations"].as_array().unwrap().len(), 2);

    // The parent counts for a variation that does not.
    site.put(&format!("/products/{parent}"), json!({"manage_stock": true, "stock_quantity": 8})).await;
    let base = format!("/products/{parent}/variations");
    let body = json!({"sku": "S-3", "manage_stock": "parent", "attributes": [
        {"name": "size", "option": "L"}, {"name": "Colour", "option": "red"},
    ]});
    let third = site.post(&base, body).await.body;
    assert_eq!((&third["manage_stock"], &third["stock_quantity"]), (&json!("parent"), &json!(8)));
    assert_eq!(third["attributes"], json!([{"id": 0, "name": "Size", "slug": "size", "option": "L"}]));
    let update = json!({"update": [{"id": third["id"], "regular_price": "21"}, {"id": 5}], "delete": [third["id"]]});
    let batch = site.post(&format!("{base}/batch"), update).await.body;
    assert_eq!(batch["update"][0]["price"], "21");
    assert_eq!(batch["update"][1]["error"]["code"], "woocommerce_rest_product_variation_invalid_id");
    assert_eq!(batch["delete"][0]["id"], third["id"]);
    assert_eq!(site.get(&base).await.ids().len(), 2);

    let shelf = site.face.shelf();
    assert_eq!(shelf["S-1"].title, "Shirt & Tie");
    assert_eq!((shelf["S-1"].variant.as_str(), shelf["S-1"].stock), ("S", 3));
}

#[tokio::test]
async fn every_call_passes_the_gate() {
    let site = Site::open().await;
    let id = site.product("A", "1", 1).await;
    site.face.gate().reset_counts();
    site.get("/products").await;
    site.put(&format!("/products/{id}"), json!({})).await;
    site.post("/products/batch", json!({})).await;
    let counts = site.face.gate().counts();
    let names: Vec<(&str, Kind)> = counts.keys().map(|(name, kind)| (name.as_str(), *kind)).collect();
    let write = Kind::Write;
    assert_eq!(names, [("GET /products", Kind::Read), ("POST /products/batch", write), ("PUT /products/{id}", write)]);

    let fault = FaultKind::StatusAfter { status: 503 };
    site.face.gate().add_fault(Fault { fault, call: "PUT".to_owned(), times: Some(1), skip: 0 });
    assert_eq!(site.put(&format!("/products/{id}"), json!({"stock_quantity": 7})).await.status, 503);
    assert_eq!(site.stock(id).await, 7);
}
