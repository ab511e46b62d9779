//! Subscriptions and the check.

use serde_json::{Value, json};

use super::shop;
use crate::stores::woocommerce::WooCommerce;
use crate::stores::woocommerce::testing::{Reply, Seen, ok};
use crate::stores::{Store as _, StoreError};

const URL: &str = "https://shelfd.example/hooks/eu";

#[tokio::test]
async fn subscribes_to_what_is_missing_and_wakes_what_is_disabled() {
    let hook = |id: u64, topic: &str, url: &str, status: &str| json!({"id": id, "topic": topic, "delivery_url": url, "status": status});
    let there = json!([
        hook(1, "order.created", URL, "active"),
        hook(2, "order.updated", &format!("{URL}/"), "disabled"),
        hook(3, "product.updated", "https://other.example/", "active"),
        hook(4, "product.deleted", URL, "paused"),
    ]);
    let (fake, store) = shop(move |seen| match seen.call.as_str() {
        "GET /webhooks" => ok(there.clone()),
        _ => ok(json!({"id": 9})),
    })
    .await;
    assert_eq!(store.subscribe(URL).await.unwrap().len(), 4);
    let writes: Vec<(String, Value)> =
        fake.seen().into_iter().filter(|seen| !seen.body.is_null()).map(|seen| (seen.call, seen.body)).collect();
    let expect = [
        ("PUT /webhooks/2", json!({"status": "active", "secret": "hook"})),
        (
            "POST /webhooks",
            json!({"name": "shelfd product.updated", "topic": "product.updated", "delivery_url": URL,
                "secret": "hook", "status": "active"}),
        ),
        ("PUT /webhooks/4", json!({"status": "active", "secret": "hook"})),
    ];
    assert_eq!(writes, expect.map(|(call, body)| (call.to_owned(), body)));
}

#[tokio::test]
async fn a_secret_that_would_not_verify_registers_nothing() {
    let (fake, _) = shop(|_| ok(json!([]))).await;
    let mut config = fake.config();
    config.webhook_secrets = vec!["a&b".into()];
    let error = WooCommerce::new(config).unwrap().subscribe(URL).await.unwrap_err();
    assert!(error.to_string().contains("webhook_secret") && !error.to_string().contains("a&b"), "{error}");
    assert!(fake.calls().is_empty());
}

#[tokio::test]
async fn unsubscribes_for_good() {
    let (fake, store) = shop(|seen| match seen.call.as_str() {
        "DELETE /webhooks/7" => ok(json!({"id": 7})),
        "DELETE /webhooks/8" => Reply::Json(404, json!({"code": "woocommerce_rest_shop_webhook_invalid_id"})),
        _ => Reply::Json(500, json!({})),
    })
    .await;
    store.unsubscribe("7").await.unwrap();
    store.unsubscribe("8").await.unwrap();
    assert!(matches!(store.unsubscribe("9").await, Err(StoreError::Server { .. })));
    assert_eq!(fake.seen()[0].query("force"), Some("true"));
}

fn healthy(seen: &Seen) -> Reply {
    match seen.call.as_str() {
        "GET /products" | "GET /orders" | "POST /products/batch" => ok(json!([])),
        "GET /settings/products/woocommerce_manage_stock" => {
            ok(json!({"id": "woocommerce_manage_stock", "value": "yes"}))
        }
        _ => Reply::Html(404),
    }
}

async fn check(answer: fn(&Seen) -> Reply, expect: &[(&str, bool)], part: &str) {
    let (_, store) = shop(answer).await;
    let lines = store.check().await;
    let found: Vec<(&str, bool)> = lines.iter().map(|line| (line.what.as_str(), line.ok)).collect();
    assert_eq!(found, expect, "{lines:?}");
    assert!(lines.iter().any(|line| line.words.contains(part)), "{part}: {lines:?}");
}

#[tokio::test]
async fn checks_what_can_be_wrong() {
    let lines = |orders, writes, stock| {
        [
            ("address", true),
            ("reading products", true),
            ("reading orders", orders),
            ("writing products", writes),
            ("stock management", stock),
            ("webhook secret", true),
        ]
    };
    check(healthy, &lines(true, true, true), "usable").await;
    let read_only = |seen: &Seen| match seen.call.as_str() {
        "POST /products/batch" => Reply::Json(401, json!({"code": "woocommerce_rest_authentication_error"})),
        _ => healthy(seen),
    };
    check(read_only, &lines(true, false, true), "Read/Write").await;
    let uncounted = |seen: &Seen| match seen.call.as_str() {
        "GET /settings/products/woocommerce_manage_stock" => ok(json!({"value": "no"})),
        _ => healthy(seen),
    };
    check(uncounted, &lines(true, true, false), "switch it on").await;
    let plain = |_: &Seen| Reply::Html(404);
    check(plain, &[("address", true), ("reading products", false)], "permalinks").await;
    let wrong = |_: &Seen| Reply::Json(401, json!({"code": "woocommerce_rest_authentication_error", "message": "No."}));
    check(wrong, &[("address", true), ("reading products", false)], "are key and secret right").await;
}
