//! Tokens, throttling, lists, and answers that are none.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::retry::Verdict;
use crate::stores::Store as _;
use crate::stores::shopify::Access;

use super::fake::{FakeShop, Reply, coded, cost, data, variant_node};
use super::{remote, sku};

fn page(cursor: Option<&str>) -> Reply {
    let info = json!({ "hasNextPage": cursor.is_some(), "endCursor": cursor });
    data(&json!({ "productVariants": { "nodes": [variant_node(1, Some(5))], "pageInfo": info } }))
}

fn credentials() -> Access {
    Access::ClientCredentials { client_id: "id".to_owned(), client_secret: "hush".into() }
}

fn grant(token: &str) -> Reply {
    (200, json!({ "access_token": token, "scope": "write_products", "expires_in": 86_399 }).to_string())
}

#[tokio::test]
async fn lists_page_by_page() {
    let shop = FakeShop::start(|_, earlier| page((earlier == 0).then_some("cursor"))).await;
    let store = shop.shopify();
    let first = store.list(None).await.unwrap();
    assert_eq!((first.listings.len(), first.listings[0].stock), (1, Some(5)));
    let second = store.list(first.next.as_deref()).await.unwrap();
    assert_eq!(second.next, None);
    let seen = shop.seen("VariantsPage");
    assert_eq!(seen[0].variables["first"], 250);
    assert_eq!(seen[0].variables["location"], "gid://shopify/Location/9");
    assert_eq!(seen[1].variables["after"], "cursor");
    assert_eq!(seen[0].token, "fixed");
}

#[tokio::test]
async fn a_page_that_costs_too_much_is_halved() {
    let shop = FakeShop::start(|seen, _| {
        if seen.variables["first"].as_u64() > Some(125) { coded("MAX_COST_EXCEEDED", 1252, 2000) } else { page(None) }
    })
    .await;
    let store = shop.shopify();
    assert!(store.list(None).await.is_ok());
    assert!(store.list(None).await.is_ok());
    let sizes: Vec<_> = shop.seen("VariantsPage").iter().map(|seen| seen.variables["first"].clone()).collect();
    assert_eq!(sizes, [250, 125, 125]);
}

#[tokio::test]
async fn observes_what_is_there() {
    let shop = FakeShop::start(|_, _| data(&json!({ "nodes": [variant_node(1, Some(-1)), null, {}] }))).await;
    let which = [(sku(1), remote(1)), (sku(2), remote(2)), (sku(3), remote(3))];
    let listings = shop.shopify().observe(&which).await.unwrap().listings;
    assert_eq!(listings.iter().map(|listing| listing.stock).collect::<Vec<_>>(), [Some(-1)]);
}

#[tokio::test]
async fn an_unreadable_variant_does_not_pass_for_a_gone_one() {
    let shop = FakeShop::start(|_, _| data(&json!({ "nodes": [{ "id": "gid://shopify/ProductVariant/1" }] }))).await;
    let error = shop.shopify().observe(&[(sku(1), remote(1))]).await.unwrap_err();
    assert!(error.to_string().contains("a variant of another shape"), "{error}");
}

#[tokio::test]
async fn a_page_of_html_is_no_answer() {
    let shop = FakeShop::start(|_, _| (200, "<!DOCTYPE html><html>Checking your browser".to_owned())).await;
    let error = shop.shopify().list(None).await.unwrap_err();
    assert!(error.to_string().contains("no JSON in the answer"), "{error}");
    assert_eq!(error.verdict(), Verdict::Retry);
}

#[tokio::test]
async fn throttling_names_the_wait() {
    let shop = FakeShop::start(|_, _| coded("THROTTLED", 600, 100)).await;
    let error = shop.shopify().list(None).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Wait(Duration::from_secs(5)));
}

#[tokio::test]
async fn waits_for_the_bucket_before_it_sends() {
    let shop = FakeShop::start(|_, _| {
        let info = json!({ "hasNextPage": false, "endCursor": null });
        let body =
            json!({ "data": { "productVariants": { "nodes": [], "pageInfo": info } }, "extensions": cost(30, 0) });
        (200, body.to_string())
    })
    .await;
    let store = shop.shopify();
    store.list(None).await.unwrap();
    let begun = Instant::now();
    store.list(None).await.unwrap();
    assert!(begun.elapsed() > Duration::from_millis(250), "30 points at 100 a second: {:?}", begun.elapsed());
}

#[tokio::test]
async fn one_token_for_all_and_a_new_one_after_a_401() {
    let shop = FakeShop::start(|seen, earlier| match seen.operation.as_str() {
        "token" => grant(if earlier == 0 { "old" } else { "new" }),
        _ if seen.token == "old" => (401, json!({ "errors": "[API] Invalid API key or access token" }).to_string()),
        _ => page(None),
    })
    .await;
    let store = shop.with(credentials());
    let (a, b, c) = tokio::join!(store.list(None), store.list(None), store.list(None));
    assert!(a.is_ok() && b.is_ok() && c.is_ok(), "{a:?} {b:?} {c:?}");
    let asked = shop.seen("token");
    assert_eq!(asked.len(), 2, "one for all at first, one for all after the 401");
    assert_eq!(asked[0].form, "grant_type=client_credentials&client_id=id&client_secret=hush");
    let tokens: Vec<_> = shop.seen("VariantsPage").into_iter().map(|seen| seen.token).collect();
    assert_eq!(tokens.iter().filter(|token| *token == "new").count(), 3);
}

#[tokio::test]
async fn refused_credentials_are_said_once() {
    let unauthorized = |_: &_, _| (401, json!({ "errors": "[API] Invalid API key or access token" }).to_string());
    let shop = FakeShop::start(unauthorized).await;
    let error = shop.shopify().list(None).await.unwrap_err();
    assert_eq!((error.verdict(), shop.seen("VariantsPage").len()), (Verdict::Credentials, 1));
    let error = shop.with(credentials()).list(None).await.unwrap_err();
    assert_eq!((error.verdict(), shop.seen("token").len()), (Verdict::Credentials, 1));
    assert!(!error.to_string().contains("hush"), "{error}");
}

#[tokio::test]
async fn check_names_what_is_missing() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "CheckAccess" => data(&json!({
            "shop": { "name": "Kiln & Co" },
            "currentAppInstallation": { "accessScopes": [{ "handle": "write_products" }, { "handle": "read_orders" }] },
        })),
        _ => data(&json!({ "location": null })),
    })
    .await;
    let lines = shop.shopify().check().await;
    assert_eq!(lines.iter().map(|line| line.ok).collect::<Vec<_>>(), [true, false, false]);
    assert!(lines[0].words.contains("Kiln & Co"));
    assert!(lines[1].words.contains("missing: write_inventory"));
    assert!(lines[2].words.contains("gid://shopify/Location/9 is no active location"));
}

#[tokio::test]
async fn subscribes_to_what_is_missing() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "Subscriptions" => data(&json!({ "webhookSubscriptions": {
            "nodes": [
                { "id": "1", "topic": "ORDERS_CREATE", "uri": "https://us.example/hooks/eu" },
                { "id": "2", "topic": "PRODUCTS_UPDATE", "uri": "https://others.example/" },
            ],
            "pageInfo": { "hasNextPage": false, "endCursor": null },
        } })),
        _ => {
            let uri = &seen.variables["webhookSubscription"]["uri"];
            let node = json!({ "id": "3", "topic": seen.variables["topic"], "uri": uri });
            data(&json!({ "webhookSubscriptionCreate": { "webhookSubscription": node, "userErrors": [] } }))
        }
    })
    .await;
    let there = shop.shopify().subscribe("https://us.example/hooks/eu").await.unwrap();
    assert_eq!(there.len(), 6);
    let made: Vec<_> = shop.seen("Subscribe").into_iter().map(|seen| seen.variables["topic"].clone()).collect();
    assert_eq!(made, ["ORDERS_CANCELLED", "REFUNDS_CREATE", "INVENTORY_LEVELS_UPDATE", "PRODUCTS_UPDATE"]);
}
