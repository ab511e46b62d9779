//! A world over HTTP, as another program drives it.

use serde_json::{Value, json};

use super::*;
use crate::lab::catalog::sample;

struct Driver {
    world: World,
    http: reqwest::Client,
}

impl Driver {
    async fn start() -> Self {
        // Another test may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = WorldOptions { items: sample().unwrap().items, ..WorldOptions::default() };
        let world = World::start(options).await.unwrap();
        Self { world, http: reqwest::Client::builder().build().unwrap() }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.world.describe().control);
        let mut request = self.http.request(method.parse().unwrap(), url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn refused(&self, path: &str, body: Value, expect: u16, says: &str) {
        let (status, answer) = self.call("POST", path, body).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert_eq!(status, expect, "{path}: {answer}");
        assert!(error.contains(says), "{path}: {answer}");
    }
}

#[tokio::test]
async fn tells_where_everything_is() {
    let driver = Driver::start().await;
    let world = driver.get("/world").await;
    assert_eq!(world["control"], driver.world.describe().control);
    let urls: std::collections::BTreeSet<&str> = [
        world["control"].as_str(),
        world["google"]["base_url"].as_str(),
        world["shopify"]["url"].as_str(),
        world["woocommerce"]["url"].as_str(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert_eq!(urls.len(), 4, "{world}");
    assert_eq!(world["google"]["service_account"]["token_uri"], world["google"]["token_uri"]);
    assert!(world["shopify"]["location_id"].is_string());
}

#[tokio::test]
async fn people_edit_the_sheet() {
    let driver = Driver::start().await;
    let before = driver.get("/state").await;
    assert_eq!(before["rows"].as_array().unwrap().len(), 24);
    assert_eq!(before["grid"][0][8], "SKU");
    assert_eq!(before["skus"]["00417"]["sheet"][0]["stock"], 36);

    driver.post("/sheet/edit", json!({"key": "SPN-WAL", "header": "Stock", "value": 31})).await;
    driver.post("/sheet/edit", json!({"row": 2, "header": "Price", "value": "13.25"})).await;
    driver.post("/sheet/delete", json!({"key": "BLK-WOL-01"})).await;
    let inserted = driver.post("/sheet/insert", json!({"cells": {"SKU": "NEW-1", "Title": "New", "Stock": 4}})).await;
    assert_eq!(inserted["row"], 25);
    driver.post("/sheet/sort", json!({"header": "SKU", "ascending": false})).await;
    driver.post("/sheet/rename-header", json!({"from": "Title", "to": "Name"})).await;

    let after = driver.get("/state?grid=false").await;
    assert_eq!(after["grid"], Value::Null);
    assert_eq!(after["skus"]["SPN-WAL"]["sheet"][0]["stock"], 31);
    assert_eq!(after["skus"]["MUG-HAR-GRN"]["sheet"][0]["price"], 13.25);
    assert_eq!(after["skus"].get("BLK-WOL-01"), None);
    assert_eq!(after["skus"]["NEW-1"]["sheet"][0]["stock"], 4);
    assert_eq!(after["rows"][0]["key"], "TWL-STR-3");
    assert_eq!(after["rows"][0]["title"], Value::Null);
    assert!(after["version"].as_i64() > before["version"].as_i64());

    driver.post("/sheet/edit", json!({"key": "TOT-NAT", "header": "SKU", "value": "TOT-RUS"})).await;
    driver.refused("/sheet/edit", json!({"key": "TOT-RUS", "header": "Stock", "value": 1}), 409, "say which row").await;
    driver.refused("/sheet/edit", json!({"key": "NONE", "header": "Stock", "value": 1}), 404, "no row").await;
    driver.refused("/sheet/edit", json!({"header": "Stock", "value": 1}), 400, "either row or key").await;
    driver.refused("/sheet/edit", json!({"row": 2, "header": "Stock", "value": [1]}), 400, "a cell takes").await;
    driver.refused("/sheet/edit", json!({"row": 2, "header": "Nope", "value": 1}), 404, "Nope").await;
    driver.refused("/sheet/sort", json!({"tab": "Nope", "header": "SKU"}), 404, "no such tab").await;

    driver.post("/sheet/clear", json!({})).await;
    assert_eq!(driver.get("/state").await["rows"], json!([]));
}

#[tokio::test]
async fn refuses_in_words() {
    let driver = Driver::start().await;
    driver.refused("/sell", json!({"shop": "woo", "sku": "SPN-WAL"}), 404, "no such SKU").await;
    driver.refused("/sell", json!({"shop": "amazon", "sku": "X"}), 400, "shopify-lab").await;
    driver.refused("/sell", json!({"shop": "woo", "sku": "X", "quantity": 0}), 400, "quantity").await;
    driver.refused("/sell", json!({"shop": "woo", "sku": "X", "amount": 1}), 400, "amount").await;
    driver.refused("/cancel", json!({"shop": "shopify", "order": "1"}), 404, "no such open order").await;
    driver.refused("/refund", json!({"shop": "shopify", "order": "1"}), 400, "restock").await;
    driver.refused("/set-stock", json!({"shop": "woo-lab", "sku": "X", "stock": 1}), 404, "no such SKU").await;
    driver.refused("/set-price", json!({"shop": "woo-lab", "sku": "X", "price": "1,5O"}), 400, "12.50").await;
    driver.refused("/set-sku", json!({"shop": "woo-lab", "sku": "X", "to": "Y"}), 404, "no such SKU").await;
    driver.refused("/faults", json!({"face": "google", "kind": "fire"}), 400, "fire").await;
    driver.refused("/shoppers", json!({"per_second": -2}), 400, "per_second").await;
    driver.refused("/nowhere", json!({}), 404, "docs/lab.md").await;
    let (status, answer) = driver.call("GET", "/sell", Value::Null).await;
    assert_eq!((status, &answer["error"]), (405, &json!("not with this method")));
    let (status, answer) = driver.call("GET", "/state?grid=perhaps", Value::Null).await;
    assert_eq!(status, 400, "{answer}");
}

#[tokio::test]
async fn shoppers_and_staff_change_the_shops() {
    let driver = Driver::start().await;
    let items = sample().unwrap().items;
    driver.world.shopify().seed(&items);
    driver.world.woocommerce().seed(&items);
    for shop in [SHOPIFY, WOOCOMMERCE] {
        let sale = driver.post("/sell", json!({"shop": shop, "sku": "SPN-WAL", "quantity": 3})).await;
        assert_eq!((&sale["sku"], &sale["quantity"]), (&json!("SPN-WAL"), &json!(3)));
        driver.post("/refund", json!({"shop": shop, "order": sale["order"], "restock": true})).await;
        let second = driver.post("/sell", json!({"shop": shop, "sku": "TOT-RUS"})).await;
        driver.post("/cancel", json!({"shop": shop, "order": second["order"]})).await;
        driver.refused("/cancel", json!({"shop": shop, "order": second["order"]}), 404, "no such open order").await;
        driver.refused("/sell", json!({"shop": shop, "sku": "KTL-ENA-15", "quantity": 2}), 409, "only 1 left").await;
        driver.post("/set-stock", json!({"shop": shop, "sku": "NTB-DOT", "stock": 5})).await;
        driver.post("/set-price", json!({"shop": shop, "sku": "NTB-DOT", "price": "9.1"})).await;
        driver.post("/set-sku", json!({"shop": shop, "sku": "BOX-GFT", "to": "BOX"})).await;
    }
    let state = driver.get("/state?grid=false").await;
    for shop in [SHOPIFY, WOOCOMMERCE] {
        assert_eq!(state["skus"]["SPN-WAL"]["shops"][shop]["stock"], 25);
        assert_eq!(state["skus"]["SPN-WAL"]["sold"][shop], 2);
        assert_eq!(state["skus"]["TOT-RUS"]["shops"][shop]["stock"], 14);
        assert_eq!(state["skus"]["NTB-DOT"]["shops"][shop], json!({"price": "9.10", "stock": 5}));
        assert_eq!(state["skus"]["BOX"]["shops"][shop]["stock"], state["skus"]["BOX-GFT"]["sheet"][0]["stock"]);
        assert_eq!(state["shops"][shop]["shelf"].as_object().unwrap().len(), 24);
        assert_eq!(state["shops"][shop]["shelf"]["JMP-FSH-M"]["variant"], "M");
    }
    assert_eq!(state["skus"]["SPN-WAL"]["sheet"][0]["stock"], 27, "nobody synced yet");
}

#[tokio::test]
async fn shoppers_keep_the_books() {
    let driver = Driver::start().await;
    let items = sample().unwrap().items;
    driver.world.shopify().seed(&items);
    driver.world.woocommerce().seed(&items);
    let options =
        json!({"per_second": 500, "seed": 5, "cancel_share": 0.2, "skus": ["SPN-WAL", "BOX-GFT", "KTL-ENA-15"]});
    let started = driver.post("/shoppers", options).await;
    assert_eq!((&started["running"], &started["options"]["quantity_max"]), (&json!(true), &json!(3)));
    let count = |now: &Value, name: &str| now["counts"][name].as_i64().unwrap();
    let busy = |now: &Value| count(now, "orders") > 10 && count(now, "cancelled") > 3 && count(now, "sold_out") > 3;
    for _ in 0..500 {
        if busy(&driver.get("/shoppers").await) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (status, last) = driver.call("DELETE", "/shoppers", Value::Null).await;
    assert!(status == 200 && busy(&last) && last["running"] == json!(false), "{last}");
    assert_eq!(driver.get("/shoppers").await["running"], json!(false));

    let state = driver.get("/state?grid=false").await;
    let sold = |sku: &str, shop: &str| state["skus"][sku]["sold"][shop].as_i64().unwrap_or(0);
    for item in &items {
        for shop in [SHOPIFY, WOOCOMMERCE] {
            let stock = state["skus"][&item.sku]["shops"][shop]["stock"].as_i64().unwrap();
            assert_eq!(stock + sold(&item.sku, shop), item.stock, "{} at {shop}", item.sku);
        }
    }
    assert_eq!(sold("TWL-STR-3", SHOPIFY) + sold("TWL-STR-3", WOOCOMMERCE), 0, "not among the SKUs asked for");
}

#[tokio::test]
async fn counts_calls_and_makes_trouble() {
    let driver = Driver::start().await;
    let google = driver.world.describe().google;
    let read = || async {
        let url = format!("{}/v4/spreadsheets/{}", google.base_url, google.spreadsheet_id);
        driver.http.get(url).bearer_auth(&google.access_token).send().await.unwrap().status().as_u16()
    };
    assert_eq!(read().await, 200);
    let calls = driver.get("/calls").await;
    assert_eq!(calls["total"]["reads"], 1, "{calls}");
    assert_eq!(calls["faces"]["google"]["total"], json!({"reads": 1, "writes": 0, "other": 0}));
    assert_eq!(calls["faces"]["google"]["calls"][0]["kind"], "read");
    assert_eq!(calls["faces"]["woo-lab"]["calls"], json!([]));

    let fault = json!({"face": "sheet", "kind": "status_before", "status": 503, "times": 1, "skip": 1});
    driver.post("/faults", fault).await;
    assert_eq!([read().await, read().await, read().await], [200, 503, 200]);
    driver.post("/faults", json!({"face": "google", "kind": "status_before", "status": 500})).await;
    assert_eq!(read().await, 500);
    let (status, _) = driver.call("DELETE", "/faults?face=shopify", Value::Null).await;
    assert_eq!((status, read().await), (200, 500));
    driver.call("DELETE", "/faults", Value::Null).await;
    assert_eq!(read().await, 200);

    driver.post("/latency", json!({"face": "google", "millis": 60})).await;
    let start = std::time::Instant::now();
    read().await;
    assert!(start.elapsed() >= Duration::from_millis(60));

    driver.post("/misdelivery", json!({"lost": 0.5, "late": 1, "late_millis": 9})).await;
    driver.call("DELETE", "/misdelivery?shop=woo", Value::Null).await;
    driver.post("/order-gap", json!({"millis": 5})).await;
    driver.call("DELETE", "/calls", Value::Null).await;
    assert_eq!(driver.get("/calls").await["total"], json!({"reads": 0, "writes": 0, "other": 0}));
}

#[tokio::test]
async fn stops_on_request_and_on_drop() {
    let driver = Driver::start().await;
    driver.post("/shoppers", json!({"per_second": 50})).await;
    driver.post("/stop", Value::Null).await;
    driver.world.stop_requested().await;
    let control = driver.world.describe().control;
    let lab = Arc::downgrade(&driver.world.lab);
    driver.world.stop().await;
    assert!(driver.http.get(format!("{control}/state")).send().await.is_err());
    // The shoppers' task ends too, so nothing holds the world any more.
    tokio::time::timeout(Duration::from_secs(5), async {
        while lab.strong_count() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn says_which_port_is_taken() {
    let world = World::start(WorldOptions::default()).await.unwrap();
    let control = world.describe().control;
    let port = control.rsplit(':').next().unwrap().parse().unwrap();
    let ports = Ports { control: port, ..Ports::default() };
    let error = World::start(WorldOptions { ports, ..WorldOptions::default() }).await.err().unwrap().to_string();
    assert!(error.starts_with(&format!("the lab's control API cannot listen on 127.0.0.1:{port}")), "{error}");
}
