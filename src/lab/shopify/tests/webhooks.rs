//! Webhooks as a listener gets them.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Lab, serve, text};
use crate::lab::LabShop as _;
use crate::lab::courier::Misdelivery;
use crate::stores::signature::Signed;

#[derive(Clone)]
struct Listener {
    got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    status: Arc<AtomicU16>,
    /// For the next delivery alone; 0: as `status` says.
    next_status: Arc<AtomicU16>,
    url: String,
}

async fn hook(State(listener): State<Listener>, headers: HeaderMap, body: Bytes) -> StatusCode {
    listener.got.lock().unwrap().push((headers, body));
    let status = match listener.next_status.swap(0, Ordering::Relaxed) {
        0 => listener.status.load(Ordering::Relaxed),
        once => once,
    };
    StatusCode::from_u16(status).unwrap()
}

impl Listener {
    async fn open() -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let mut listener = Self { got: Arc::default(), status, next_status: Arc::default(), url: String::new() };
        let router = axum::Router::new().route("/hook", axum::routing::post(hook)).with_state(listener.clone());
        listener.url = format!("{}/hook", serve(router).await);
        listener
    }

    async fn subscribe(&self, lab: &Lab, topics: &[&str]) {
        let query = "mutation($topic: WebhookSubscriptionTopic!, $uri: String) { webhookSubscriptionCreate(topic: \
            $topic, webhookSubscription: { uri: $uri }) { webhookSubscription { id } userErrors { message } } }";
        for topic in topics {
            let made = lab.data(query, json!({ "topic": topic, "uri": self.url })).await;
            assert_eq!(made["webhookSubscriptionCreate"]["userErrors"], json!([]));
        }
    }

    /// Wait until so many have come, and take them: topic and body, in the order of topics.
    async fn take(&self, count: usize) -> Vec<(String, HeaderMap, Bytes)> {
        for _ in 0..500 {
            if self.got.lock().unwrap().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut got: Vec<_> = std::mem::take(&mut *self.got.lock().unwrap())
            .into_iter()
            .map(|(headers, body)| (headers["x-shopify-topic"].to_str().unwrap().to_owned(), headers, body))
            .collect();
        assert_eq!(got.len(), count);
        got.sort_by(|a, b| a.0.cmp(&b.0));
        got
    }
}

fn body(bytes: &Bytes) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

async fn subscriptions(lab: &Lab) -> usize {
    let data = lab.data("{ webhookSubscriptions(first: 9) { nodes { id topic uri } } }", json!({})).await;
    data["webhookSubscriptions"]["nodes"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_sale_is_told_with_a_signature() {
    let lab = Lab::stocked().await;
    let listener = Listener::open().await;
    listener.subscribe(&lab, &["ORDERS_CREATE", "INVENTORY_LEVELS_UPDATE"]).await;
    let (variant, item) = lab.ids("TEE-S").await;
    let sale = lab.face.sell("TEE-S", 2).unwrap();
    let got = listener.take(2).await;
    let (topic, headers, raw) = &got[0];
    assert_eq!(topic, "inventory_levels/update");
    let secrets = [SecretString::from("shpss_lab")];
    let signature = headers["x-shopify-hmac-sha256"].to_str().unwrap();
    assert!(Signed::base64_hmac_sha256(&secrets, raw, signature).is_ok());
    assert!(Signed::base64_hmac_sha256(&secrets, b"{}", signature).is_err());
    assert_eq!(headers["x-shopify-shop-domain"], "lab-shop.myshopify.com");
    assert_eq!(headers["x-shopify-api-version"], "2026-10");
    let triggered = headers["x-shopify-triggered-at"].to_str().unwrap();
    assert!(triggered.len() == "2024-08-07T22:56:28.834278316Z".len() && triggered.ends_with('Z'), "{triggered}");
    let level = body(raw);
    assert_eq!(format!("gid://shopify/InventoryItem/{}", level["inventory_item_id"]), item);
    assert_eq!(level["available"], 3);
    let (_, other, raw) = &got[1];
    assert_ne!(headers["x-shopify-webhook-id"], other["x-shopify-webhook-id"]);
    assert_ne!(headers["x-shopify-event-id"], other["x-shopify-event-id"]);
    let order = body(raw);
    let line = &order["line_items"][0];
    assert_eq!(order["id"].as_u64().unwrap().to_string(), sale.order);
    assert_eq!((&line["sku"], &line["quantity"]), (&json!("TEE-S"), &json!(2)));
    assert_eq!(format!("gid://shopify/ProductVariant/{}", line["variant_id"]), variant);
    assert_eq!(order["total_price"], "40.00");
}

#[tokio::test]
async fn every_change_is_told() {
    let lab = Lab::stocked().await;
    let listener = Listener::open().await;
    let topics =
        ["ORDERS_CANCELLED", "REFUNDS_CREATE", "INVENTORY_LEVELS_UPDATE", "PRODUCTS_UPDATE", "PRODUCTS_CREATE"];
    listener.subscribe(&lab, &topics).await;
    let topics_of = |got: Vec<(String, HeaderMap, Bytes)>| got.into_iter().map(|(topic, ..)| topic).collect::<Vec<_>>();

    let sale = lab.face.sell("MUG", 3).unwrap();
    assert_eq!(topics_of(listener.take(1).await), ["inventory_levels/update"]);
    lab.face.refund(&sale.order, 1, true).unwrap();
    let got = listener.take(2).await;
    let refund = body(&got[1].2);
    assert_eq!(refund["refund_line_items"][0]["restock_type"], "cancel");
    assert_eq!(refund["refund_line_items"][0]["line_item"]["sku"], "MUG");
    assert_eq!(topics_of(got), ["inventory_levels/update", "refunds/create"]);
    lab.face.refund(&sale.order, 1, false).unwrap();
    // The unit is no longer promised to anybody, but not for sale either.
    assert_eq!(topics_of(listener.take(2).await), ["inventory_levels/update", "refunds/create"]);
    lab.face.cancel(&sale.order).unwrap();
    assert_eq!(topics_of(listener.take(2).await), ["inventory_levels/update", "orders/cancelled"]);
    lab.face.set_stock("MUG", 1).unwrap();
    assert_eq!(topics_of(listener.take(1).await), ["inventory_levels/update"]);
    lab.face.set_price("TEE-M", "21").unwrap();
    let got = listener.take(1).await;
    assert_eq!(body(&got[0].2)["variants"][1]["price"], "21.00");
    lab.face.set_sku("TEE-M", "TEE-MEDIUM").unwrap();
    let got = listener.take(1).await;
    assert_eq!((got[0].0.as_str(), &body(&got[0].2)["variants"][1]["sku"]), ("products/update", &json!("TEE-MEDIUM")));
    let rename = "mutation($id: ID!, $of: ID!) { productVariantsBulkUpdate(productId: $of, variants: [{ id: $id, \
        inventoryItem: { sku: \"TEE-M\" } }]) { userErrors { code } } }";
    let changed = body(&got[0].2);
    let (id, of) = (&changed["variants"][1]["admin_graphql_api_id"], &changed["admin_graphql_api_id"]);
    lab.data(rename, json!({ "id": id, "of": of })).await;
    let got = listener.take(1).await;
    assert_eq!((got[0].0.as_str(), &body(&got[0].2)["variants"][1]["sku"]), ("products/update", &json!("TEE-M")));

    let create = "mutation { productCreate(product: { title: \"New\" }) { product { id } } }";
    lab.data(create, json!({})).await;
    assert_eq!(topics_of(listener.take(1).await), ["products/create"]);
}

#[tokio::test]
async fn two_subscriptions_share_an_event_and_doubles_share_a_message() {
    let lab = Lab::stocked().await;
    let (one, two) = (Listener::open().await, Listener::open().await);
    one.subscribe(&lab, &["INVENTORY_LEVELS_UPDATE"]).await;
    two.subscribe(&lab, &["INVENTORY_LEVELS_UPDATE"]).await;
    lab.face.courier().set(Misdelivery { doubled: 1.0, ..Misdelivery::default() });
    lab.face.set_stock("MUG", 3).unwrap();
    let (one, two) = (one.take(2).await, two.take(2).await);
    let header = |got: &(String, HeaderMap, Bytes), name: &str| text(&json!(got.1[name].to_str().unwrap()));
    assert_eq!(header(&one[0], "x-shopify-webhook-id"), header(&one[1], "x-shopify-webhook-id"));
    assert_eq!(header(&one[0], "x-shopify-event-id"), header(&two[0], "x-shopify-event-id"));
    assert_ne!(header(&one[0], "x-shopify-webhook-id"), header(&two[0], "x-shopify-webhook-id"));
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_with_the_same_body() {
    let lab = Lab::stocked().await;
    let listener = Listener::open().await;
    listener.subscribe(&lab, &["INVENTORY_LEVELS_UPDATE"]).await;
    listener.next_status.store(500, Ordering::Relaxed);
    lab.face.set_stock("MUG", 3).unwrap();
    let tries = listener.take(2).await;
    assert_eq!(tries[0].2, tries[1].2);
    assert_eq!(tries[0].1["x-shopify-webhook-id"], tries[1].1["x-shopify-webhook-id"]);
    assert_eq!(subscriptions(&lab).await, 1);
}

#[tokio::test]
async fn eight_failures_remove_the_subscription() {
    let lab = Lab::stocked().await;
    let listener = Listener::open().await;
    listener.subscribe(&lab, &["INVENTORY_LEVELS_UPDATE", "PRODUCTS_UPDATE"]).await;
    listener.status.store(500, Ordering::Relaxed);
    lab.face.set_stock("MUG", 3).unwrap();
    listener.take(8).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(subscriptions(&lab).await, 1);
    lab.face.set_stock("MUG", 4).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    listener.take(0).await;
}
