//! Listing, observing, checking.

use serde_json::json;

use crate::catalog::{Money, Sku};
use crate::stores::{RemoteId, Store as _};

use super::fake::{FakeShop, LOCATION, recorded};

const MUG: &str = "variant_01M8CEY7W9CCZQXBXXY1TN2QQJ";

#[tokio::test]
async fn a_page_becomes_listings() {
    let shop = FakeShop::start(|seen| (seen.call == "GET /admin/product-variants").then(|| recorded("page"))).await;
    let page = shop.medusa().list(Some("3/187")).await.unwrap();
    let shape: Vec<_> = page
        .listings
        .iter()
        .map(|one| (one.sku.as_ref().unwrap().as_str(), one.title.as_deref().unwrap(), one.price, one.stock))
        .collect();
    // Of four prices the plain one in euros; 20 stocked, 1 reserved. The other was never stocked here.
    let price = Money::from_store;
    assert_eq!(shape, [("MUG", "Mug 2", price("12"), Some(19)), ("P1", "P1", price("2"), Some(0))]);
    assert_eq!(page.next.as_deref(), Some("5/187"));
    let asked = &shop.seen("GET /admin/product-variants")[0];
    assert!(asked.query.contains("offset=3") && asked.query.contains("order=id"), "{}", asked.query);
    // "sk_1:" in base64.
    assert_eq!(asked.authorization, "Basic c2tfMTo=");
}

#[tokio::test]
async fn variants_that_moved_up_are_not_passed_over() {
    let shop = FakeShop::start(|seen| (seen.call == "GET /admin/product-variants").then(|| recorded("page"))).await;
    // Three of 190 were deleted since: what stood at 100 stands at 97 now.
    shop.medusa().list(Some("100/190")).await.unwrap();
    let queries: Vec<String> = shop.seen("GET /admin/product-variants").into_iter().map(|seen| seen.query).collect();
    assert_eq!(queries.len(), 2);
    assert!(queries[1].contains("offset=97"), "{}", queries[1]);
}

#[tokio::test]
async fn what_is_gone_is_left_out() {
    let shop = FakeShop::start(|seen| {
        let (status, mut body) = (seen.call == "GET /admin/product-variants").then(|| recorded("page"))?;
        body["variants"].as_array_mut().unwrap().truncate(1);
        Some((status, body))
    })
    .await;
    let remote =
        |variant: &str| RemoteId { product: "p".to_owned(), variant: Some(variant.to_owned()), inventory: None };
    let which = [(Sku::new("MUG").unwrap(), remote(MUG)), (Sku::new("GONE").unwrap(), remote("variant_GONE"))];
    let seen = shop.medusa().observe(&which).await.unwrap().listings;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].remote.inventory.as_deref(), Some("iitem_01M8CEY7WTPM2FM449S28HZCG0"));
    let query = &shop.seen("GET /admin/product-variants")[0].query;
    assert!(query.contains(&format!("id%5B%5D={MUG}&id%5B%5D=variant_GONE")), "{query}");
}

#[tokio::test]
async fn the_place_is_looked_up_once() {
    let shop = FakeShop::start(|seen| (seen.call == "GET /admin/product-variants").then(|| recorded("page"))).await;
    let medusa = shop.medusa();
    for _ in 0..3 {
        medusa.list(None).await.unwrap();
    }
    assert_eq!(shop.seen("GET /admin/stock-locations").len(), 1);
}

#[tokio::test]
async fn check_says_how_stock_is_written() {
    let shop = FakeShop::start(|_| None).await;
    let lines = shop.medusa().check().await;
    let all: Vec<_> = lines.iter().map(|line| (line.what.as_str(), line.ok)).collect();
    let expect = [
        ("address and API key", true),
        ("stock location", true),
        ("currency", true),
        ("stock", true),
        ("webhooks", true),
    ];
    assert_eq!(all, expect);
    assert_eq!(lines[1].words, format!("Main ({LOCATION})"));

    let shop = FakeShop::start(|seen| (seen.call == "GET /admin/shelfd/stock").then(|| recorded("no_route"))).await;
    let lines = shop.medusa().check().await;
    let stock = lines.last().unwrap();
    assert!(!stock.ok && stock.words.contains("shelfd webhooks snippet medusa --into PROJECT"), "{stock:?}");

    let shop = FakeShop::start(|_| Some(recorded("unauthorised"))).await;
    let lines = shop.medusa().check().await;
    assert!(lines.len() == 1 && !lines[0].ok && lines[0].words.contains("Unauthorized"), "{lines:?}");

    let old =
        |seen: &super::fake::Seen| (seen.call == "GET /admin/shelfd/stock").then(|| (200, json!({ "shelfd": 0 })));
    let lines = FakeShop::start(old).await.medusa().check().await;
    assert!(lines.last().unwrap().words.contains("its version is 0, not 1"), "{lines:?}");
}

#[tokio::test]
async fn the_subscriber_is_the_only_subscription() {
    let shop = FakeShop::start(|_| None).await;
    let medusa = shop.medusa();
    let there = medusa.subscriptions().await.unwrap();
    assert_eq!(there.len(), 1);
    assert!(there[0].active);
    assert_eq!(medusa.subscribe(&there[0].url).await.unwrap(), there);
    let error = medusa.subscribe("https://other.example/webhooks/eu").await.unwrap_err().to_string();
    assert!(error.contains("set SHELFD_WEBHOOK_URL=https://other.example/webhooks/eu"), "{error}");
}
