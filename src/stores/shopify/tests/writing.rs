//! Writes, and what is said about each of them when something goes wrong.

use serde_json::{Value, json};

use crate::catalog::{Money, OptionValue, Sku};
use crate::clock::Time;
use crate::stores::shopify::Access;
use crate::stores::{ContentChange, ProductDraft, StockWrite, Store as _, VariantDraft};

use super::fake::{FakeShop, Reply, coded, data, variant_node};
use super::{remote, sku, stock_write, words};

/// An adjustment as Shopify confirms it: both quantities, no quantity afterwards.
fn adjusted(variables: &Value) -> Reply {
    let change = |name: &str, change: &Value| json!({ "name": name, "quantityAfterChange": null, "item": { "id": change["inventoryItemId"] } });
    let changes = variables["input"]["changes"].as_array().unwrap();
    let listed: Vec<_> =
        changes.iter().flat_map(|one| ["available", "on_hand"].map(|name| change(name, one))).collect();
    let group = json!({ "changes": listed });
    data(&json!({ "inventoryAdjustQuantities": { "inventoryAdjustmentGroup": group, "userErrors": [] } }))
}

async fn outcomes(shop: &FakeShop, writes: &[StockWrite]) -> Vec<String> {
    shop.shopify().write_stock(writes, Time::MAX_UTC).await.iter().map(words).collect()
}

#[tokio::test]
async fn one_keyed_call_for_all() {
    let shop = FakeShop::start(|seen, _| adjusted(&seen.variables)).await;
    assert_eq!(outcomes(&shop, &[stock_write(1, 5, -2), stock_write(2, 0, 7)]).await, ["done", "done"]);
    let seen = shop.seen("AdjustStock");
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].variables["key"], "key");
    assert_eq!(seen[0].variables["input"]["changes"][0]["changeFromQuantity"], 5);
    assert_eq!(seen[0].variables["input"]["changes"][1]["delta"], 7);
    assert!(outcomes(&shop, &[]).await.is_empty());
}

#[tokio::test]
async fn a_stale_item_refuses_the_whole_call() {
    let shop = FakeShop::start(|_, _| {
        let error = json!({
            "code": "CHANGE_FROM_QUANTITY_STALE", "field": ["input", "changes", "1", "changeFromQuantity"],
            "message": "The changeFromQuantity argument no longer matches the persisted quantity.",
        });
        data(&json!({ "inventoryAdjustQuantities": { "inventoryAdjustmentGroup": null, "userErrors": [error] } }))
    })
    .await;
    let outcomes = outcomes(&shop, &[stock_write(1, 5, -2), stock_write(2, 0, 7)]).await;
    assert_eq!(outcomes, ["stale", "stale"]);
}

#[tokio::test]
async fn what_was_surely_not_done_and_what_may_have_been() {
    let cases: [(Reply, &str); 6] = [
        (coded("THROTTLED", 20, 0), "not done: eu: too many requests"),
        ((429, String::new()), "not done: eu: too many requests"),
        (coded("ACCESS_DENIED", 20, 500), "not done: eu: access refused"),
        ((503, String::new()), "unknown: eu: the shop answered HTTP 503"),
        ((200, "<html>".to_owned()), "unknown: eu: unexpected answer"),
        (coded("INTERNAL_SERVER_ERROR", 20, 500), "unknown: eu: the shop answered HTTP 500"),
    ];
    for (reply, expect) in cases {
        let shop = FakeShop::start(move |_, _| reply.clone()).await;
        let outcomes = outcomes(&shop, &[stock_write(1, 5, -2)]).await;
        assert!(outcomes[0].starts_with(expect), "{outcomes:?}, not {expect}");
        assert_eq!(shop.seen("AdjustStock").len(), 1, "a store never retries on its own");
    }
}

#[tokio::test]
async fn without_a_token_nothing_was_sent() {
    let shop = FakeShop::start(|_, _| (500, String::new())).await;
    let store = shop.with(Access::ClientCredentials { client_id: "id".to_owned(), client_secret: "hush".into() });
    let outcomes = store.write_stock(&[stock_write(1, 5, -2)], Time::MAX_UTC).await;
    assert_eq!(words(&outcomes[0]), "not done: eu: cannot connect: no access token: HTTP 500");
    assert!(shop.seen("AdjustStock").is_empty());
}

#[tokio::test]
async fn an_item_not_kept_here_is_activated_first() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "VariantsById" => data(&json!({ "nodes": [variant_node(1, None), variant_node(2, Some(3))] })),
        "ActivateStock" => {
            data(&json!({ "inventoryActivate": { "inventoryLevel": { "isActive": true }, "userErrors": [] } }))
        }
        _ => adjusted(&seen.variables),
    })
    .await;
    let store = shop.shopify();
    let listings = store.observe(&[(sku(1), remote(1)), (sku(2), remote(2))]).await.unwrap().listings;
    assert_eq!(listings.iter().map(|listing| listing.stock).collect::<Vec<_>>(), [None, Some(3)]);
    for _ in 0..2 {
        let outcomes = store.write_stock(&[stock_write(1, 0, 4), stock_write(2, 3, 1)], Time::MAX_UTC).await;
        assert_eq!(outcomes.iter().map(words).collect::<Vec<_>>(), ["done", "done"]);
    }
    let activated = shop.seen("ActivateStock");
    assert_eq!(activated.len(), 1);
    assert_eq!(activated[0].variables["inventoryItemId"], "gid://shopify/InventoryItem/1");
    assert_eq!(activated[0].variables["key"], "key-activate-1");
}

#[tokio::test]
async fn a_refused_activation_holds_the_adjustment_back() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "VariantsById" => data(&json!({ "nodes": [variant_node(1, None), variant_node(2, Some(3))] })),
        _ => {
            let error = json!({ "field": null, "message": "The product couldn't be stocked at Berlin." });
            data(&json!({ "inventoryActivate": { "inventoryLevel": null, "userErrors": [error] } }))
        }
    })
    .await;
    let store = shop.shopify();
    store.observe(&[(sku(1), remote(1)), (sku(2), remote(2))]).await.unwrap();
    let outcomes = store.write_stock(&[stock_write(1, 0, 4), stock_write(2, 3, 1)], Time::MAX_UTC).await;
    let outcomes: Vec<_> = outcomes.iter().map(words).collect();
    assert!(outcomes[0].starts_with("refused: ") && outcomes[0].contains("couldn't be stocked"), "{outcomes:?}");
    assert!(outcomes[1].starts_with("not done: "), "{outcomes:?}");
    assert!(shop.seen("AdjustStock").is_empty());
}

fn variant_draft(n: u64) -> VariantDraft {
    let option = OptionValue { name: "No".to_owned(), value: n.to_string() };
    VariantDraft { sku: sku(n), options: vec![option], price: Money::from_store("1").unwrap() }
}

fn made(sku: &Value) -> Value {
    let sku = sku.as_str().unwrap();
    json!({ "id": format!("variant {sku}"), "sku": sku, "inventoryItem": { "id": format!("item {sku}") } })
}

fn added(nodes: &[Value], errors: &[Value]) -> Reply {
    let payload = json!({ "product": null, "productVariants": nodes, "userErrors": errors });
    data(&json!({ "productVariantsBulkCreate": payload }))
}

#[tokio::test]
async fn large_products_are_made_in_two_steps() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "CreateProduct" => {
            let variants = seen.variables["input"]["variants"].as_array().unwrap();
            let nodes: Vec<_> = variants.iter().map(|variant| made(&variant["sku"])).collect();
            let product = json!({ "id": "gid://shopify/Product/7", "variants": { "nodes": nodes } });
            data(&json!({ "productSet": { "product": product, "userErrors": [] } }))
        }
        _ => {
            let variants = seen.variables["variants"].as_array().unwrap();
            let nodes: Vec<_> = variants.iter().map(|variant| made(&variant["inventoryItem"]["sku"])).collect();
            added(&nodes, &[])
        }
    })
    .await;
    let variants: Vec<_> = (1..=251).map(variant_draft).collect();
    let draft = ProductDraft {
        product: None,
        handle: Some("shirt".to_owned()),
        title: "Shirt".to_owned(),
        variants,
        siblings: Vec::new(),
    };
    let created = shop.shopify().create(&[draft]).await;
    assert_eq!(created.len(), 251);
    assert!(created.iter().all(|(_, outcome)| words(outcome) == "done"));
    assert_eq!(created[250].0, sku(251));
    assert_eq!(shop.seen("CreateProduct")[0].variables["input"]["variants"].as_array().unwrap().len(), 250);
    assert_eq!(shop.seen("CreateVariants")[0].variables["productId"], "gid://shopify/Product/7");
}

#[tokio::test]
async fn variants_are_added_to_a_product_that_is_there() {
    let shop = FakeShop::start(|_, _| {
        let error = json!({ "code": "VARIANT_ALREADY_EXISTS", "field": ["variants", "1"], "message": "exists" });
        let nodes = [made(&json!("S1"))];
        added(&nodes, &[error])
    })
    .await;
    let draft = ProductDraft {
        product: Some("gid://shopify/Product/7".to_owned()),
        handle: None,
        title: "Shirt".to_owned(),
        variants: vec![variant_draft(1), variant_draft(2)],
        siblings: Vec::new(),
    };
    let created = shop.shopify().create(&[draft]).await;
    let created: Vec<_> = created.iter().map(|(_, outcome)| words(outcome)).collect();
    assert_eq!(created, ["done", "refused: eu: refused (VARIANT_ALREADY_EXISTS): exists"]);
    assert!(shop.seen("CreateProduct").is_empty(), "productSet would delete the other variants");
}

#[tokio::test]
async fn the_worse_of_title_and_price_is_told() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "UpdateTitle" => data(
            &json!({ "productUpdate": { "product": { "id": seen.variables["product"]["id"] }, "userErrors": [] } }),
        ),
        _ => {
            let nodes: Vec<_> = seen.variables["variants"]
                .as_array()
                .unwrap()
                .iter()
                .map(|new| json!({ "id": new["id"], "price": if new["price"] == "9.99" { "9.99" } else { "1.00" } }))
                .collect();
            let error = json!({ "code": "INVALID_INPUT", "field": ["variants", "1", "price"], "message": "no" });
            data(&json!({ "productVariantsBulkUpdate": { "productVariants": nodes, "userErrors": [error] } }))
        }
    })
    .await;
    let change = |n, title: Option<&str>, price: Option<&str>| ContentChange {
        sku: Sku::new("x").unwrap(),
        remote: remote(n),
        title: title.map(ToOwned::to_owned),
        price: price.and_then(Money::from_store),
        rename: false,
    };
    let changes = [
        change(1, Some("New"), Some("9.99")),
        change(2, Some("New"), Some("8")),
        change(3, None, None),
        change(4, Some("Other"), None),
    ];
    let outcomes = shop.shopify().write_content(&changes).await;
    let outcomes: Vec<_> = outcomes.iter().map(words).collect();
    assert_eq!(outcomes[0], "done");
    assert_eq!(outcomes[1], "refused: eu: refused (INVALID_INPUT): no");
    assert_eq!(outcomes[2], "done");
    assert!(outcomes[3].contains("different titles"), "{outcomes:?}");
    assert_eq!((shop.seen("UpdateTitle").len(), shop.seen("UpdateVariants").len()), (1, 1));
}

#[tokio::test]
async fn price_and_sku_of_a_variant_are_one_input() {
    let shop = FakeShop::start(|seen, _| {
        let shown = |new: &Value| {
            // The third one's SKU stays what it was.
            let sku = if new["id"] == "gid://shopify/ProductVariant/3" {
                json!("OLD")
            } else {
                new["inventoryItem"]["sku"].clone()
            };
            let price = new["price"].as_str().unwrap_or("1.00");
            json!({ "id": new["id"], "price": price, "sku": sku })
        };
        let nodes: Vec<_> = seen.variables["variants"].as_array().unwrap().iter().map(shown).collect();
        let error =
            json!({ "code": "INVALID_INPUT", "field": ["variants", "1", "inventoryItem", "sku"], "message": "no" });
        data(&json!({ "productVariantsBulkUpdate": { "productVariants": nodes, "userErrors": [error] } }))
    })
    .await;
    let change = |n, price: Option<&str>| ContentChange {
        sku: sku(n),
        remote: remote(n),
        title: None,
        price: price.and_then(Money::from_store),
        rename: true,
    };
    let changes = [change(1, Some("9.99")), change(2, None), change(3, None), change(4, None)];
    let outcomes = shop.shopify().write_content(&changes).await;
    let outcomes: Vec<_> = outcomes.iter().map(words).collect();
    let kept = "not done: eu: unexpected answer: the shop kept another SKU without saying why";
    assert_eq!(outcomes, ["done", "refused: eu: refused (INVALID_INPUT): no", kept, "done"]);
    let seen = shop.seen("UpdateVariants");
    assert_eq!(seen.len(), 1);
    let id = |n: u64| format!("gid://shopify/ProductVariant/{n}");
    assert_eq!(
        seen[0].variables["variants"].as_array().unwrap()[..2],
        [
            json!({ "id": id(1), "price": "9.99", "inventoryItem": { "sku": "S1" } }),
            json!({ "id": id(2), "inventoryItem": { "sku": "S2" } }),
        ]
    );
}
