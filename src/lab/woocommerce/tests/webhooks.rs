//! Webhooks as they arrive.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Delivery, Ear, Site, item};
use crate::lab::LabShop as _;
use crate::lab::courier::Misdelivery;
use crate::stores::signature::sign_base64_hmac_sha256;

pub(super) async fn listen(site: &Site, ear: &Ear, topic: &str) -> u64 {
    let body = json!({"name": "n", "topic": topic, "delivery_url": ear.url, "secret": "s&amp;1"});
    let got = site.post("/webhooks", body).await;
    assert_eq!((got.status, &got.body["status"]), (201, &json!("active")), "{}", got.body);
    got.body["id"].as_u64().unwrap()
}

pub(super) fn topics(deliveries: &[Delivery]) -> Vec<&str> {
    let mut topics: Vec<&str> = deliveries.iter().map(Delivery::topic).collect();
    topics.sort_unstable();
    topics
}

#[tokio::test]
async fn creation_pings_unsigned_and_goes_on_whatever_the_answer() {
    let site = Site::open().await;
    let ear = Ear::open().await;
    *ear.status.lock().unwrap() = 500;
    let id = listen(&site, &ear, "order.updated").await;
    let heard = ear.heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 1, "the ping is answered before the call is");
    assert_eq!(heard[0].body, format!("webhook_id={id}").as_bytes());
    assert_eq!(heard[0].headers["content-type"], "application/x-www-form-urlencoded");
    assert!(heard[0].headers.keys().all(|name| !name.starts_with("x-wc-")));

    let bad = |topic: &str, url: &str| json!({"topic": topic, "delivery_url": url});
    let topic = site.post("/webhooks", bad("order.cancelled", &ear.url)).await;
    assert_eq!(topic.code(), (400, "woocommerce_rest_shop_webhook_invalid_topic"));
    let url = site.post("/webhooks", bad("order.updated", "nowhere")).await;
    assert_eq!(url.code(), (400, "woocommerce_rest_shop_webhook_invalid_delivery_url"));
    assert_eq!(site.post("/webhooks", json!({})).await.code(), (400, "rest_missing_callback_param"));
    assert_eq!(site.get("/webhooks/77").await.code(), (400, "woocommerce_rest_shop_webhook_invalid_id"));
    assert_eq!(site.delete(&format!("/webhooks/{id}")).await.status, 501);
    let shown = site.get(&format!("/webhooks/{id}")).await.body;
    assert_eq!((&shown["resource"], shown.get("secret")), (&json!("order"), None));
    assert_eq!(site.delete(&format!("/webhooks/{id}?force=true")).await.status, 200);
    assert_eq!(site.get("/webhooks").await.body, json!([]));
}

#[tokio::test]
async fn a_sale_sends_signed_order_and_product_events() {
    let site = Site::open().await;
    let ear = Ear::open().await;
    let id = site.product("A", "10.00", 10).await;
    for topic in ["order.created", "order.updated", "product.updated"] {
        listen(&site, &ear, topic).await;
    }
    let sale = site.face.sell("A", 3).unwrap();
    let deliveries = ear.wait(3).await;
    assert_eq!(topics(&deliveries), ["order.created", "order.updated", "product.updated"]);
    for delivery in &deliveries {
        let header = |name: &str| delivery.headers[name].as_str();
        let (resource, event) = delivery.topic().split_once('.').unwrap();
        assert_eq!((header("x-wc-webhook-resource"), header("x-wc-webhook-event")), (resource, event));
        assert_eq!(header("x-wc-webhook-source"), format!("{}/", site.base));
        assert_eq!(header("user-agent"), "WooCommerce/10.0.2 Hookshot (WordPress/6.8.12)");
        assert_eq!(header("content-type"), "application/json");
        // The secret was given with an entity, and signs without.
        assert_eq!(header("x-wc-webhook-signature"), sign_base64_hmac_sha256("s&1", &delivery.body));
        let path = format!("/{resource}s/{}", delivery.json()["id"]);
        assert_eq!(delivery.json(), site.get(&path).await.body);
        match resource {
            "order" => assert_eq!(delivery.json()["number"], sale.order.as_str()),
            _ => assert_eq!((&delivery.json()["id"], &delivery.json()["stock_quantity"]), (&json!(id), &json!(7))),
        }
    }
}

#[tokio::test]
async fn quick_writes_coalesce() {
    let site = Site::open().await;
    let ear = Ear::open().await;
    let id = site.product("A", "1", 1).await;
    listen(&site, &ear, "product.updated").await;
    site.face.courier().set(Misdelivery { delay_millis: 1_500, ..Misdelivery::default() });
    for stock in 1..=20 {
        site.put(&format!("/products/{id}"), json!({"stock_quantity": stock})).await;
    }
    assert_eq!(ear.wait(1).await[0].json()["stock_quantity"], 20);

    // A write that changes nothing is told as well.
    ear.forget();
    site.put(&format!("/products/{id}"), json!({"stock_quantity": 20})).await;
    ear.wait(1).await;
}

#[tokio::test]
async fn delivery_ids_repeat_within_a_second() {
    let site = Site::open().await;
    let ear = Ear::open().await;
    listen(&site, &ear, "product.created").await;
    let many = (0..20).map(|at| json!({"name": format!("P{at}")})).collect::<Value>();
    site.post("/products/batch", json!({ "create": many })).await;
    let deliveries = ear.wait(20).await;
    let distinct = |of: &dyn Fn(&Delivery) -> String| deliveries.iter().map(of).collect::<BTreeSet<_>>().len();
    let ids = distinct(&|delivery| delivery.headers["x-wc-webhook-delivery-id"].clone());
    let products = distinct(&|delivery| delivery.json()["id"].to_string());
    assert!(products == 20 && ids < 10, "{products} products under {ids} delivery ids");
}

#[tokio::test]
async fn payloads_are_built_late() {
    let site = Site::open().await;
    let ear = Ear::open().await;
    let id = site.product("A", "10.00", 10).await;
    site.face.courier().set(Misdelivery { delay_millis: 1_000, ..Misdelivery::default() });
    listen(&site, &ear, "order.created").await;
    listen(&site, &ear, "product.updated").await;
    listen(&site, &ear, "product.deleted").await;
    let sale = site.face.sell("A", 1).unwrap();
    site.put(&format!("/orders/{}", sale.order), json!({"status": "completed"})).await;
    site.delete(&format!("/products/{id}?force=true")).await;
    let deliveries = ear.wait(2).await;
    let by_topic = |topic: &str| deliveries.iter().find(|of| of.topic() == topic).unwrap().json();
    assert_eq!(by_topic("order.created")["status"], "completed");
    let gone = json!({
        "code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.", "data": {"status": 404},
    });
    assert_eq!(by_topic("product.updated"), gone, "and no product.deleted for a forced one");

    ear.forget();
    let other = site.product("B", "1", 1).await;
    site.delete(&format!("/products/{other}")).await;
    assert_eq!(ear.wait(1).await[0].json(), json!({"id": other}));
    assert_eq!(site.delete(&format!("/products/{other}")).await.code(), (410, "woocommerce_rest_already_trashed"));
    assert_eq!(site.get("/products").await.body, json!([]));
    assert_eq!(site.get("/products?status=trash").await.ids(), [other]);
}

#[tokio::test]
async fn variations_come_as_products() {
    let site = Site::open().await;
    let ear = Ear::open().await;
    listen(&site, &ear, "product.created").await;
    site.face.seed(&[item("S-1", &[("Size", "S")], 3)]);
    let created = ear.wait(2).await;
    let mut kinds: Vec<Value> = created.iter().map(|delivery| delivery.json()["type"].clone()).collect();
    kinds.sort_by_key(Value::to_string);
    assert_eq!(kinds, [json!("variable"), json!("variation")]);

    listen(&site, &ear, "product.updated").await;
    ear.forget();
    site.face.set_stock("S-1", 8).unwrap();
    let updated = ear.wait(2).await;
    let variation = updated.iter().map(Delivery::json).find(|shown| shown["type"] == "variation").unwrap();
    assert_eq!((&variation["stock_quantity"], &variation["sku"]), (&json!(8), &json!("S-1")));

    ear.forget();
    site.face.set_sku("S-1", "S-9").unwrap();
    let updated = ear.wait(2).await;
    let variation = updated.iter().map(Delivery::json).find(|shown| shown["type"] == "variation").unwrap();
    assert_eq!(variation["sku"], "S-9");
}

#[tokio::test]
async fn failures_in_a_row_disable_and_the_queue_is_still_sent() {
    let site = Site::open().await;
    let ear = Ear::open().await;
    let products = {
        let mut products = Vec::new();
        for at in 0..10 {
            products.push(site.product(&format!("P{at}"), "1", 1).await);
        }
        products
    };
    let hook = listen(&site, &ear, "product.updated").await;
    let status = async || site.get(&format!("/webhooks/{hook}")).await.body["status"].clone();
    *ear.status.lock().unwrap() = 503;
    let touch = async |ids: &[u64]| {
        let update: Value = ids.iter().map(|id| json!({"id": id})).collect();
        site.post("/products/batch", json!({ "update": update })).await;
    };
    touch(&products[..6]).await;
    ear.wait(6).await;
    assert_eq!(status().await, "active", "six are survived");
    ear.forget();
    touch(&products).await;
    ear.wait(10).await;
    assert_eq!(status().await, "disabled");

    ear.forget();
    touch(&products[..1]).await;
    ear.wait(0).await;
    *ear.status.lock().unwrap() = 302;
    site.put(&format!("/webhooks/{hook}"), json!({"status": "active"})).await;
    touch(&products[..1]).await;
    ear.wait(1).await;
    assert_eq!(status().await, "active", "a redirect is a success");
}

#[tokio::test]
async fn a_lost_delivery_leaves_the_queue_free() {
    let site = Site::open().await;
    let ear = Ear::open().await;
    let id = site.product("A", "1", 1).await;
    listen(&site, &ear, "product.updated").await;
    site.face.courier().set(Misdelivery { lost: 1.0, ..Misdelivery::default() });
    site.put(&format!("/products/{id}"), json!({})).await;
    site.face.courier().set(Misdelivery { doubled: 1.0, ..Misdelivery::default() });
    tokio::time::sleep(Duration::from_millis(20)).await;
    site.put(&format!("/products/{id}"), json!({"stock_quantity": 5})).await;
    let deliveries = ear.wait(2).await;
    assert_eq!(deliveries[0].body, deliveries[1].body);
}
