//! The session, lists, what `check` finds, and answers that are none.

use serde_json::json;

use crate::catalog::Money;
use crate::retry::Verdict;
use crate::stores::{Store as _, StoreError};

use super::fake::{FakeShop, Reply, body, data, recorded, usual};
use super::{remote, sku};

#[tokio::test]
async fn lists_what_is_for_sale() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "VariantsPage" => recorded("page"),
        other => usual(other),
    })
    .await;
    let page = shop.with(Some("eu-token"), None).list(None).await.unwrap();
    assert_eq!(page.next, None);
    let mug = &page.listings[0];
    assert_eq!((mug.sku.clone(), mug.remote.clone()), (Some(sku("M")), remote("1", "1")));
    // Ten on hand, one of them allocated to an order.
    assert_eq!((mug.stock, mug.price), (Some(9), Money::from_store("0")));
    let seen = &shop.seen("VariantsPage")[0];
    assert_eq!((seen.authorization.as_str(), seen.channel.as_str()), ("Bearer TOKEN", "eu-token"));
    let login = &shop.seen("Login")[0];
    assert_eq!((login.authorization.as_str(), login.channel.as_str()), ("", "eu-token"));
    assert_eq!(login.variables, json!({ "username": "shelfd", "password": "hush" }));
}

fn page_of(total: usize, ids: std::ops::Range<usize>) -> Reply {
    let item = |id: usize| {
        json!({
            "id": id.to_string(), "sku": format!("S{id}"), "trackInventory": "INHERIT",
            "product": { "id": "1", "name": "Mug", "slug": "mug" }, "prices": [], "stockLevels": [],
        })
    };
    data(&json!({ "productVariants": { "totalItems": total, "items": ids.map(item).collect::<Vec<_>>() } }))
}

#[tokio::test]
async fn a_list_that_shrinks_while_it_is_read_is_read_again() {
    let shop = FakeShop::start(|seen, earlier| match (seen.operation.as_str(), earlier) {
        ("VariantsPage", 0) => page_of(150, 0..100),
        ("VariantsPage", 1) => page_of(149, 100..149),
        ("VariantsPage", 2) => page_of(151, 100..151),
        (other, _) => usual(other),
    })
    .await;
    let store = shop.vendure();
    let first = store.list(None).await.unwrap();
    assert_eq!((first.listings.len(), first.next.as_deref()), (100, Some("100/150")));
    let error = store.list(first.next.as_deref()).await.unwrap_err();
    assert!(error.to_string().contains("variants were removed"), "{error}");
    assert_eq!(error.verdict(), Verdict::Retry);
    // One more is no harm: it stands at the end.
    let rest = store.list(first.next.as_deref()).await.unwrap();
    assert_eq!((rest.listings.len(), rest.next), (51, None));
    assert_eq!(shop.seen("VariantsPage")[1].variables, json!({ "skip": 100, "take": 100 }));
    assert_eq!(shop.seen("Place").len(), 1);
}

#[tokio::test]
async fn observes_what_is_there() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "VariantsById" => recorded("by_id"),
        other => usual(other),
    })
    .await;
    let which = [(sku("M"), remote("1", "1")), (sku("gone"), remote("1", "77"))];
    let listings = shop.vendure().observe(&which).await.unwrap().listings;
    assert_eq!(listings.iter().map(|listing| listing.stock).collect::<Vec<_>>(), [Some(9)]);
    assert_eq!(shop.seen("VariantsById")[0].variables["ids"], json!(["1", "77"]));
}

#[tokio::test]
async fn a_session_that_has_ended_is_renewed_once() {
    let shop = FakeShop::start(|seen, earlier| match (seen.operation.as_str(), earlier) {
        ("Login", 1) => Reply { headers: vec![("vendure-auth-token", "NEW".to_owned())], ..recorded("login") },
        ("VariantsById", _) if seen.authorization != "Bearer NEW" => recorded("forbidden"),
        ("VariantsById", _) => recorded("by_id"),
        (other, _) => usual(other),
    })
    .await;
    let store = shop.vendure();
    let which = [(sku("M"), remote("1", "1"))];
    assert_eq!(store.observe(&which).await.unwrap().listings.len(), 1);
    assert_eq!(store.observe(&which).await.unwrap().listings.len(), 1);
    assert_eq!((shop.seen("Login").len(), shop.seen("VariantsById").len()), (2, 3));
}

#[tokio::test]
async fn a_missing_right_is_said_after_one_more_try() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "VariantsById" => recorded("forbidden"),
        other => usual(other),
    })
    .await;
    let error = shop.vendure().observe(&[(sku("M"), remote("1", "1"))]).await.unwrap_err();
    assert_eq!((error.verdict(), shop.seen("VariantsById").len()), (Verdict::Credentials, 2));
    assert!(error.to_string().contains("not currently authorized"), "{error}");
}

#[tokio::test]
async fn a_server_that_takes_cookies_alone_gets_them_back() {
    let cookies = || {
        let cookie = |text: &str| ("set-cookie", format!("{text}; path=/; samesite=lax; httponly"));
        vec![cookie("session=eyJ0"), cookie("session.sig=abc")]
    };
    let shop = FakeShop::start(move |seen, _| match seen.operation.as_str() {
        "Login" => Reply { headers: cookies(), ..recorded("login") },
        "VariantsPage" => recorded("page"),
        other => usual(other),
    })
    .await;
    shop.vendure().list(None).await.unwrap();
    let seen = &shop.seen("VariantsPage")[0];
    assert_eq!((seen.cookie.as_str(), seen.authorization.as_str()), ("session=eyJ0; session.sig=abc", ""));
}

#[tokio::test]
async fn refused_credentials_are_said_without_them() {
    let shop = FakeShop::start(|_, _| recorded("login_wrong")).await;
    let error = shop.vendure().list(None).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Credentials);
    let words = error.to_string();
    assert!(words.contains("The provided credentials are invalid") && !words.contains("hush"), "{words}");
}

#[tokio::test]
async fn a_log_in_that_went_wrong_means_that_nothing_was_sent() {
    let shop = FakeShop::start(|_, _| body(200, "<!DOCTYPE html>")).await;
    let error = shop.vendure().list(None).await.unwrap_err();
    assert!(matches!(error, StoreError::Connect { .. }), "{error}");
}

#[tokio::test]
async fn check_says_how_everything_stands() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "CheckAccess" => recorded("access"),
        "Plugin" => recorded("plugin"),
        other => usual(other),
    })
    .await;
    let lines = shop.vendure().check().await;
    let words: Vec<String> = lines.iter().map(|line| format!("{} {}: {}", line.ok, line.what, line.words)).collect();
    let expect = [
        "true address and credentials: logged in as superadmin",
        "true rights: enough, in channel __default_channel__",
        "true stock location: Default Stock Location (1); prices in USD, titles in \"en\"",
        "true plugin: installed; it delivers nothing, so sales are seen at the next sweep",
    ];
    assert_eq!(words, expect);
    let lines = shop.with(None, Some("8")).check().await;
    assert!(lines[1].words.contains("8 is no stock location of this channel; there are: 1 (Default"), "{lines:?}");
}

#[tokio::test]
async fn check_says_when_the_plugin_is_not_there() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "CheckAccess" => recorded("access"),
        "Plugin" => recorded("no_plugin"),
        other => usual(other),
    })
    .await;
    let lines = shop.vendure().check().await;
    let last = lines.last().unwrap();
    assert!(!last.ok && last.words.contains("`shelfd webhooks snippet vendure` prints it"), "{last:?}");
}

#[tokio::test]
async fn the_plugin_is_the_subscription() {
    let plugin = json!({ "shelfd": { "version": 1, "ready": true, "deliversTo": "https://us.example/webhooks/eu" } });
    let shop = FakeShop::start(move |seen, _| match seen.operation.as_str() {
        "Plugin" => data(&plugin),
        other => usual(other),
    })
    .await;
    let store = shop.vendure();
    assert_eq!(store.subscribe("https://us.example/webhooks/eu").await.unwrap().len(), 1);
    let error = store.subscribe("https://other.example/webhooks/eu").await.unwrap_err().to_string();
    assert!(error.contains("delivers to https://us.example/webhooks/eu, not to https://other.example"), "{error}");
    assert!(store.unsubscribe("plugin").await.unwrap_err().to_string().contains("ShelfdPlugin.init"));
}
