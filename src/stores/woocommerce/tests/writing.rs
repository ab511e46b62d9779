//! Stock, prices, titles and new products.

use std::time::Duration;

use serde_json::{Value, json};

use super::shop;
use crate::catalog::{Money, OptionValue, Sku};
use crate::clock::{self, Time};
use crate::stores::woocommerce::convert::{remote_simple, remote_variation};
use crate::stores::woocommerce::testing::{Reply, Seen, ok};
use crate::stores::{ContentChange, Outcome, ProductDraft, RemoteId, StockWrite, Store as _, StoreError, VariantDraft};

fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

fn write(remote: RemoteId, expected: i64, delta: i64) -> StockWrite {
    StockWrite { sku: sku("A"), remote, expected, delta, key: "k".to_owned() }
}

fn short<T: std::fmt::Debug>(outcomes: &[Outcome<T>]) -> Vec<String> {
    let one = |outcome: &Outcome<T>| match outcome {
        Outcome::Done(done) => format!("done {done:?}"),
        Outcome::Stale => "stale".to_owned(),
        Outcome::Refused(error) => format!("refused {error}"),
        Outcome::NotDone(error) => format!("not done {error}"),
        Outcome::Unknown(_) => "unknown".to_owned(),
    };
    outcomes.iter().map(one).collect()
}

/// Answer a batch with what was sent, as a shop that did it.
fn echo(seen: &Seen, verb: &str) -> Reply {
    let with_id = |(at, item): (usize, &Value)| {
        let mut item = item.clone();
        item["id"] = item.get("id").cloned().unwrap_or_else(|| json!(500 + at));
        item
    };
    let items: Vec<Value> = seen.body[verb].as_array().unwrap().iter().enumerate().map(with_id).collect();
    ok(json!({ verb: items }))
}

#[tokio::test]
async fn stock_goes_in_one_batch_per_place() {
    let (fake, store) = shop(|seen| match seen.call.as_str() {
        "POST /products/batch" => ok(json!({"update": [
            {"id": 1, "manage_stock": true, "stock_quantity": 7},
            {"id": 2, "error": {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.",
                "data": {"status": 400}}},
            {"id": 3, "manage_stock": false, "stock_quantity": null},
        ]})),
        "POST /products/8/variations/batch" => Reply::Cut,
        _ => echo(seen, "update"),
    })
    .await;
    let writes = [
        write(remote_variation(8, 9), 4, -1),
        write(remote_simple(3), 1, 1),
        write(remote_simple(1), 5, 2),
        write(remote_simple(2), 5, 2),
        write(remote_variation(20, 21), 0, -2),
        write(remote_simple(1), i64::MAX, 1),
    ];
    let outcomes = short(&store.write_stock(&writes, Time::MAX_UTC).await);
    assert_eq!(outcomes[0], "unknown");
    assert!(outcomes[1].starts_with("refused eu: refused (manage_stock)"), "{}", outcomes[1]);
    assert_eq!(outcomes[2], "done Some(7)");
    assert_eq!(outcomes[3], "refused eu: not there any more: Invalid ID.");
    assert_eq!(outcomes[4], "done Some(-2)");
    assert!(outcomes[5].starts_with("refused eu: refused (stock)"), "{}", outcomes[5]);
    let seen = fake.seen();
    assert_eq!(seen.len(), 3);
    let simple = seen.iter().find(|seen| seen.call == "POST /products/batch").unwrap();
    assert_eq!(simple.body["update"][0], json!({"id": 1, "manage_stock": true, "stock_quantity": 7}));
}

#[tokio::test]
async fn a_whole_batch_shares_its_fate() {
    let check = async |reply: fn() -> Reply, expect: &str| {
        let (_, store) = shop(move |_| reply()).await;
        let outcomes = short(
            &store.write_stock(&[write(remote_simple(1), 1, 1), write(remote_simple(2), 1, 1)], Time::MAX_UTC).await,
        );
        assert!(outcomes.len() == 2 && outcomes.iter().all(|outcome| outcome.starts_with(expect)), "{outcomes:?}");
    };
    check(|| Reply::Cut, "unknown").await;
    check(|| Reply::Html(200), "unknown").await;
    check(|| Reply::Html(503), "unknown").await;
    check(|| Reply::Html(429), "not done").await;
    check(|| Reply::Json(401, json!({"code": "woocommerce_rest_cannot_edit"})), "not done").await;
    check(|| ok(json!({"update": [{"id": 1, "manage_stock": true, "stock_quantity": 2}]})), "unknown").await;
    let swapped = || ok(json!({"update": [{"id": 2, "manage_stock": true}, {"id": 1, "manage_stock": true}]}));
    check(swapped, "unknown").await;
}

#[tokio::test]
async fn what_queues_for_too_long_is_not_sent() {
    let until = clock::now() + Duration::from_secs(1);
    let (fake, store) = shop(move |seen| {
        while clock::now() <= until {
            std::thread::sleep(Duration::from_millis(20));
        }
        echo(seen, "update")
    })
    .await;
    let writes: Vec<StockWrite> = (1..=9).map(|parent| write(remote_variation(parent, 100 + parent), 4, -1)).collect();
    let outcomes = short(&store.write_stock(&writes, until).await);
    let sent = outcomes.iter().filter(|outcome| *outcome == "done Some(3)").count();
    let late = outcomes.iter().filter(|outcome| outcome.contains("had to wait for too long")).count();
    assert!(sent >= 1 && sent + late == 9, "{outcomes:?}");
    assert_eq!(fake.seen().len(), 4, "so many at a time: {outcomes:?}");
}

#[tokio::test]
async fn prices_and_titles() {
    let (fake, store) = shop(|seen| echo(seen, "update")).await;
    let change = |remote, title: Option<&str>, price: &str| ContentChange {
        sku: sku("A"),
        remote,
        title: title.map(str::to_owned),
        price: Money::from_store(price),
        rename: false,
    };
    let changes = [
        change(remote_variation(2, 3), Some("Shirt"), "9.5"),
        change(remote_simple(1), None, "3"),
        change(remote_variation(2, 4), Some("Shirt"), ""),
    ];
    assert_eq!(short(&store.write_content(&changes).await), ["done ()", "done ()", "done ()"]);
    let mut bodies: Vec<_> = fake.seen().into_iter().map(|seen| (seen.call, seen.body["update"].clone())).collect();
    bodies.sort_by(|a, b| a.0.cmp(&b.0));
    let expect = [
        ("POST /products/2/variations/batch", json!([{"id": 3, "regular_price": "9.50"}])),
        ("POST /products/batch", json!([{"id": 1, "regular_price": "3.00"}, {"id": 2, "name": "Shirt"}])),
    ];
    assert_eq!(bodies, expect.map(|(call, body)| (call.to_owned(), body)));
}

#[tokio::test]
async fn skus_go_with_prices_and_are_read_back() {
    let (fake, store) = shop(|seen| match seen.call.as_str() {
        "POST /products/batch" => ok(json!({"update": [
            {"id": 1, "sku": "A"},
            {"id": 2, "error": {"code": "product_invalid_sku", "message": "Invalid or duplicated SKU.",
                "data": {"status": 400, "resource_id": 17, "unique_sku": "A-1"}}},
            {"id": 3, "sku": "OLD"},
            {"id": 4},
            {"id": 8, "name": "Shirt"},
        ]})),
        _ => echo(seen, "update"),
    })
    .await;
    let change = |remote, title: Option<&str>, price: &str| ContentChange {
        sku: sku("A"),
        remote,
        title: title.map(str::to_owned),
        price: Money::from_store(price),
        rename: true,
    };
    let changes = [
        change(remote_simple(1), None, "3"),
        change(remote_simple(2), Some("Mug"), "3"),
        change(remote_simple(3), None, ""),
        change(remote_simple(4), None, ""),
        change(remote_variation(8, 9), Some("Shirt"), "9.5"),
    ];
    let outcomes = store.write_content(&changes).await;
    let Outcome::Refused(StoreError::Refused { resource, .. }) = &outcomes[1] else { panic!("{outcomes:?}") };
    assert_eq!(resource.as_deref(), Some("17"));
    let expect = [
        "done ()",
        "refused eu: refused (product_invalid_sku): Invalid or duplicated SKU.",
        "refused eu: refused (sku_changed): the shop keeps \"OLD\" where \"A\" was sent; choose a SKU that it takes as it is",
        "unknown",
        "done ()",
    ];
    assert_eq!(short(&outcomes), expect);
    let seen = fake.seen();
    assert_eq!(seen.len(), 2);
    let body = |call: &str| seen.iter().find(|seen| seen.call == call).unwrap().body["update"].clone();
    let variation = body("POST /products/8/variations/batch");
    assert_eq!(variation, json!([{"id": 9, "sku": "A", "regular_price": "9.50"}]));
    let products = body("POST /products/batch");
    assert_eq!(products[1], json!({"id": 2, "sku": "A", "regular_price": "3.00", "name": "Mug"}));
    assert_eq!(products[2], json!({"id": 3, "sku": "A"}));
    assert_eq!(products[4], json!({"id": 8, "name": "Shirt"}));
}

fn variant(text: &str, size: Option<&str>) -> VariantDraft {
    let option = |size: &str| OptionValue { name: "Size".to_owned(), value: size.to_owned() };
    VariantDraft {
        sku: sku(text),
        options: size.map(option).into_iter().collect(),
        price: Money::from_store("2").unwrap(),
    }
}

fn draft(handle: Option<&str>, variants: Vec<VariantDraft>) -> ProductDraft {
    let handle = handle.map(str::to_owned);
    ProductDraft { product: None, handle, title: "Shirt".to_owned(), variants, siblings: vec![] }
}

fn shirt() -> ProductDraft {
    draft(Some("shirt"), vec![variant("L", Some("L")), variant("M", Some("M"))])
}

#[tokio::test]
async fn new_products_keep_their_order() {
    let (fake, store) = shop(|seen| match seen.call.as_str() {
        "GET /products" => ok(json!([])),
        "POST /products" => Reply::Json(201, json!({"id": 40, "type": "variable"})),
        "POST /products/batch" => ok(json!({"create": [
            {"id": 0, "error": {"code": "product_invalid_sku", "message": "Duplicate.",
                "data": {"status": 400, "resource_id": 17, "unique_sku": "A-1"}}},
            {"id": 51},
        ]})),
        _ => echo(seen, "create"),
    })
    .await;
    let drafts = [draft(None, vec![variant("A", None)]), shirt(), draft(None, vec![variant("B", None)])];
    let (skus, outcomes): (Vec<Sku>, Vec<_>) = store.create(&drafts).await.into_iter().unzip();
    assert_eq!(skus, ["A", "L", "M", "B"].map(sku));
    let Outcome::Refused(StoreError::Refused { resource, .. }) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(resource.as_deref(), Some("17"));
    let made: Vec<_> =
        outcomes[1..].iter().map(|o| if let Outcome::Done(remote) = o { remote.clone() } else { panic!() }).collect();
    assert_eq!(made, [remote_variation(40, 500), remote_variation(40, 501), remote_simple(51)]);
    let seen = fake.seen();
    let slug = seen.iter().find(|seen| seen.call == "GET /products").unwrap();
    assert_eq!((slug.query("slug"), slug.query("status")), (Some("shirt"), Some("any")));
}

#[tokio::test]
async fn the_next_attempt_finds_the_parent_of_the_last() {
    let there = json!({"id": 40, "type": "variable", "attributes": [
        {"id": 0, "name": "Size", "position": 0, "visible": true, "variation": true, "options": ["L", "M"]}]});
    let (fake, store) = shop(move |seen| match seen.call.as_str() {
        "GET /products" => ok(json!([there])),
        _ => echo(seen, "create"),
    })
    .await;
    let outcomes = store.create(&[shirt()]).await;
    assert!(outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Done(_))), "{outcomes:?}");
    assert_eq!(fake.calls(), ["GET /products", "POST /products/40/variations/batch"]);
}

#[tokio::test]
async fn variants_are_added_without_losing_attributes() {
    let attribute = |name: &str, variation: bool, options: &[&str]| json!({"id": 0, "name": name, "position": 0, "visible": true, "variation": variation, "options": options});
    let there = json!({"id": 40, "type": "variable",
        "attributes": [attribute("Material", false, &["Wool"]), attribute("Size", true, &["S"])]});
    let (fake, store) = shop(move |seen| match seen.call.as_str() {
        "GET /products/40" | "PUT /products/40" => ok(there.clone()),
        _ => echo(seen, "create"),
    })
    .await;
    let added = ProductDraft { product: Some("40".to_owned()), ..shirt() };
    store.create(&[added]).await;
    let seen = fake.seen();
    assert_eq!(fake.calls(), ["GET /products/40", "PUT /products/40", "POST /products/40/variations/batch"]);
    let expect = [attribute("Material", false, &["Wool"]), attribute("Size", true, &["S", "L", "M"])];
    assert_eq!(seen[1].body, json!({ "attributes": expect }));
}

#[tokio::test]
async fn failures_before_the_variations_leave_them_undone() {
    let check = async |slug: fn() -> Reply, parent: fn() -> Reply, expect: &str| {
        let (fake, store) = shop(move |seen| match seen.call.as_str() {
            "GET /products" => slug(),
            "POST /products" => parent(),
            _ => echo(seen, "create"),
        })
        .await;
        let outcomes: Vec<_> = store.create(&[shirt()]).await.into_iter().map(|(_, outcome)| outcome).collect();
        let outcomes = short(&outcomes);
        assert!(outcomes.len() == 2 && outcomes.iter().all(|outcome| outcome.starts_with(expect)), "{outcomes:?}");
        assert!(!fake.calls().iter().any(|call| call.contains("variations")));
    };
    check(|| Reply::Cut, || Reply::Cut, "not done").await;
    check(|| ok(json!([])), || Reply::Cut, "not done").await;
    check(|| ok(json!([])), || Reply::Html(502), "not done").await;
    check(|| ok(json!([])), || Reply::Json(400, json!({"code": "x", "message": "No."})), "refused eu: refused (x)")
        .await;
    check(|| ok(json!([{"id": 5, "type": "simple"}])), || Reply::Cut, "refused eu: refused (not_variable)").await;
}

#[tokio::test]
async fn a_lost_answer_leaves_new_things_unknown() {
    let (_, store) = shop(|_| Reply::Cut).await;
    let outcomes = store.create(&[draft(None, vec![variant("A", None)])]).await;
    assert!(matches!(outcomes[..], [(_, Outcome::Unknown(_))]), "{outcomes:?}");
}
