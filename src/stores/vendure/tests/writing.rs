//! Prices, titles, SKUs and stock: what is sent, and what each answer means for each item.

use serde_json::{Value, json};

use crate::clock::Time;
use crate::stores::{ContentChange, Outcome, Store as _};

use super::fake::{FakeShop, Seen, body, data, recorded, usual};
use super::{change, stock_write, words};

fn ids(seen: &Seen) -> Vec<String> {
    seen.variables["input"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn one_bad_id_fails_only_itself() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "UpdateVariants" if ids(seen).contains(&"77".to_owned()) => recorded("update_variants_gone"),
        "UpdateVariants" => recorded("update_variants"),
        other => usual(other),
    })
    .await;
    let changes: Vec<_> = ["1", "2", "77", "3", "4"].map(|id| change(id, None, Some("14.50"))).to_vec();
    let outcomes = shop.vendure().write_content(&changes).await;
    let outcomes: Vec<_> = outcomes.iter().map(words).collect();
    let gone = "refused: eu: not there any more: No ProductVariant with the id \"77\" could be found";
    assert_eq!(outcomes, ["done", "done", gone, "done", "done"]);
    let sent: Vec<_> = shop.seen("UpdateVariants").iter().map(|seen| ids(seen).join(" ")).collect();
    assert_eq!(sent, ["1 2 77 3 4", "1 2", "77 3 4", "77", "3 4"]);
    let input = &shop.seen("UpdateVariants")[1].variables["input"][0];
    assert_eq!(input, &json!({ "id": "1", "prices": [{ "currencyCode": "USD", "price": 1450 }] }));
}

#[tokio::test]
async fn a_server_in_trouble_is_not_asked_for_each_item() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "UpdateVariants" => body(503, ""),
        other => usual(other),
    })
    .await;
    let changes: Vec<_> = ["1", "2", "3"].map(|id| change(id, None, Some("14.50"))).to_vec();
    let outcomes = shop.vendure().write_content(&changes).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Unknown(_))), "{outcomes:?}");
    assert_eq!(shop.seen("UpdateVariants").len(), 1);
}

#[tokio::test]
async fn a_price_that_does_not_fit_holds_up_nothing_else() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "UpdateVariants" => recorded("update_variants"),
        other => usual(other),
    })
    .await;
    let changes = [change("1", None, Some("1.999")), change("2", None, Some("2"))];
    let outcomes = shop.vendure().write_content(&changes).await;
    let outcomes: Vec<_> = outcomes.iter().map(words).collect();
    assert!(outcomes[0].contains("1.999 has more decimals than the 2 this shop keeps"), "{outcomes:?}");
    assert_eq!(outcomes[1], "done");
    assert_eq!(shop.seen("UpdateVariants").iter().map(ids).collect::<Vec<_>>(), [["2"]]);
}

#[tokio::test]
async fn skus_go_with_prices_and_are_read_back() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "UpdateVariants" if ids(seen).contains(&"77".to_owned()) => recorded("update_variants_gone"),
        "UpdateVariants" => {
            let shown = |id: String| match id.as_str() {
                "3" => json!({ "id": id, "sku": "old" }),
                "4" => Value::Null,
                _ => json!({ "id": id, "sku": "x" }),
            };
            data(&json!({ "updateProductVariants": ids(seen).into_iter().map(shown).collect::<Vec<_>>() }))
        }
        other => usual(other),
    })
    .await;
    let renamed = |id, price| ContentChange { rename: true, ..change(id, None, price) };
    let changes = [
        renamed("1", Some("2")),
        renamed("2", None),
        renamed("3", None),
        renamed("4", Some("2")),
        renamed("77", None),
        renamed("5", Some("1.999")),
    ];
    let outcomes = shop.vendure().write_content(&changes).await;
    let outcomes: Vec<_> = outcomes.iter().map(words).collect();
    assert_eq!(outcomes[..2], ["done", "done"]);
    assert_eq!(outcomes[2], "unknown: eu: unexpected answer: the shop kept another SKU without saying why");
    assert!(outcomes[3].starts_with("unknown: eu: unexpected answer: no error, but"), "{outcomes:?}");
    assert!(outcomes[4].starts_with("refused: eu: not there any more"), "{outcomes:?}");
    assert!(outcomes[5].contains("more decimals"), "{outcomes:?}");
    let sent = &shop.seen("UpdateVariants")[0].variables["input"];
    let prices = json!([{ "currencyCode": "USD", "price": 200 }]);
    assert_eq!(
        (&sent[0], &sent[1]),
        (&json!({ "id": "1", "prices": prices, "sku": "x" }), &json!({ "id": "2", "sku": "x" }))
    );
    assert_eq!(sent.as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_title_renames_product_and_variants() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "ProductNames" => recorded("names"),
        "UpdateVariants" => recorded("update_variants"),
        "UpdateProducts" => recorded("update_products"),
        other => usual(other),
    })
    .await;
    let changes = [change("1", Some("Cup"), Some("3")), change("2", Some("Cup"), None), change("3", Some("Jug"), None)];
    let outcomes = shop.vendure().write_content(&changes).await;
    let outcomes: Vec<_> = outcomes.iter().map(words).collect();
    assert_eq!(&outcomes[..2], ["done", "done"]);
    assert!(outcomes[2].contains("different titles"), "{outcomes:?}");
    let named = |id: &str| json!([{ "id": id, "translations": [{ "languageCode": "en", "name": "Cup" }] }]);
    assert_eq!(shop.seen("UpdateVariants")[0].variables["input"], named("1"));
    assert_eq!(shop.seen("UpdateProducts")[0].variables["input"], named("1"));
}

#[tokio::test]
async fn a_product_that_is_gone_is_told() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "ProductNames" => data(&json!({ "products": { "items": [] } })),
        "UpdateProducts" => recorded("update_products_gone"),
        other => usual(other),
    })
    .await;
    let outcomes = shop.vendure().write_content(&[change("1", Some("Cup"), None)]).await;
    assert_eq!(words(&outcomes[0]), "refused: eu: not there any more: No Product with the id \"77\" could be found");
}

#[tokio::test]
async fn stock_is_told_by_item() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "AdjustStock" => recorded("adjust"),
        other => usual(other),
    })
    .await;
    let outcomes = shop.vendure().write_stock(&[stock_write("1", 9, 2), stock_write("77", 0, 1)], Time::MAX_UTC).await;
    assert!(matches!(outcomes[0], Outcome::Done(Some(11))), "{outcomes:?}");
    assert_eq!(words(&outcomes[1]), "refused: eu: not there any more: no variant 77 in this channel");
    let expect: Value = json!({
        "key": "key", "location": "1",
        "changes": [{ "variantId": "1", "expected": 9, "delta": 2 }, { "variantId": "77", "expected": 0, "delta": 1 }],
    });
    assert_eq!(shop.seen("AdjustStock")[0].variables, expect);
}

#[tokio::test]
async fn what_is_wrong_with_the_server_pauses_the_shop() {
    for answer in ["adjust_no_place", "adjust_no_plugin"] {
        let shop = FakeShop::start(move |seen, _| match seen.operation.as_str() {
            "AdjustStock" => recorded(answer),
            other => usual(other),
        })
        .await;
        let outcomes = shop.vendure().write_stock(&[stock_write("1", 9, 2)], Time::MAX_UTC).await;
        assert!(words(&outcomes[0]).starts_with("not done: eu: access refused"), "{answer}: {outcomes:?}");
    }
}
