//! Creating, changing content, writing stock.

use serde_json::{Value, json};

use crate::catalog::{Money, OptionValue, Sku};
use crate::clock::Time;
use crate::retry::Verdict;
use crate::stores::{ContentChange, Outcome, ProductDraft, RemoteId, StockWrite, Store as _, VariantDraft};

use super::fake::{FakeShop, Seen, recorded};

const PRODUCT: &str = "prod_01M8CGJWPJ7RTBZ72K2XM0JX23";
const CREATE: &str = "POST /admin/products/batch";

fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

fn variant(text: &str, size: Option<&str>) -> VariantDraft {
    let option = |value: &str| OptionValue { name: "Size".to_owned(), value: value.to_owned() };
    VariantDraft {
        sku: sku(text),
        options: size.map(option).into_iter().collect(),
        price: Money::from_store("1.5").unwrap(),
    }
}

fn draft(handle: Option<&str>, variants: Vec<VariantDraft>) -> ProductDraft {
    let (title, handle) = ("Shirt".to_owned(), handle.map(ToOwned::to_owned));
    ProductDraft { product: None, handle, title, variants, siblings: Vec::new() }
}

fn name<T>(outcome: &Outcome<T>) -> String {
    match outcome {
        Outcome::Done(_) => "done".to_owned(),
        Outcome::Stale => "stale".to_owned(),
        Outcome::Refused(error) => format!("refused: {error}"),
        Outcome::NotDone(error) => format!("not done: {error}"),
        Outcome::Unknown(error) => format!("unknown: {error}"),
    }
}

#[tokio::test]
async fn products_are_known_by_their_skus_not_by_their_order() {
    let shop = FakeShop::start(|seen| (seen.call == CREATE).then(|| recorded("created"))).await;
    let of = |letter: &str| {
        let sizes = ["S", "M"].map(|size| variant(&format!("REC6379{letter}-{size}"), Some(size)));
        draft(Some(letter), sizes.to_vec())
    };
    // The other way round than Medusa's answer.
    let made = shop.medusa().create(&[of("B"), of("A")]).await;
    let places: Vec<_> = made
        .iter()
        .map(|(sku, outcome)| match outcome {
            Outcome::Done(remote) => (sku.as_str(), remote.product.as_str(), remote.inventory.is_some()),
            other => panic!("{}", name(other)),
        })
        .collect();
    let (a, b) = (PRODUCT, "prod_01M8CGJWPJV9XWXMTK2XDBD4W5");
    let expect = [("REC6379B-S", b, true), ("REC6379B-M", b, true), ("REC6379A-S", a, true), ("REC6379A-M", a, true)];
    assert_eq!(places, expect);
}

fn handles(seen: &Seen) -> Vec<Option<&str>> {
    seen.body["create"].as_array().unwrap().iter().map(|product| product["handle"].as_str()).collect()
}

#[tokio::test]
async fn a_refused_product_does_not_hold_up_the_others() {
    let shop = FakeShop::start(|seen| {
        let one = |product: &Value| {
            let variant = json!({ "id": "variant_1", "sku": product["variants"][0]["sku"],
                                  "inventory_items": [{ "inventory_item_id": "iitem_1" }] });
            json!({ "id": "prod_1", "variants": [variant] })
        };
        let products = seen.body["create"].as_array()?;
        let taken = handles(seen).contains(&Some("mug"));
        Some(if taken {
            recorded("handle_taken")
        } else {
            (200, json!({ "created": products.iter().map(one).collect::<Vec<_>>() }))
        })
    })
    .await;
    let one = |handle: &str| draft(Some(handle), vec![variant(handle, Some("S"))]);
    let made = shop.medusa().create(&[one("cap"), one("mug"), one("tie")]).await;
    let words: Vec<String> = made.iter().map(|(_, outcome)| name(outcome)).collect();
    let refused = "refused: eu: refused (invalid_data): Product with handle: mug, already exists.";
    assert_eq!(words, ["done", refused, "done"]);
}

#[tokio::test]
async fn a_second_product_of_one_title_gets_a_handle_of_its_own() {
    let shop = FakeShop::start(|seen| {
        (seen.call == CREATE).then(|| match handles(seen)[0] {
            None => recorded("handle_taken"),
            Some(_) => {
                let items = json!([{ "inventory_item_id": "iitem_1" }]);
                let variant = json!({ "id": "variant_1", "sku": "TWO", "inventory_items": items });
                (200, json!({ "created": [{ "id": "prod_1", "variants": [variant] }] }))
            }
        })
    })
    .await;
    let made = shop.medusa().create(&[draft(None, vec![variant("TWO", None)])]).await;
    assert_eq!(name(&made[0].1), "done");
    assert_eq!(shop.seen(CREATE).iter().map(handles).collect::<Vec<_>>(), [[None], [Some("shirt-two")]]);
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_may_have_been_done() {
    let shop = FakeShop::start(|seen| (seen.call == CREATE).then(|| (502, json!({})))).await;
    let made = shop.medusa().create(&[draft(None, vec![variant("A", None)])]).await;
    assert_eq!(name(&made[0].1), "unknown: eu: the shop answered HTTP 502");
    assert_eq!(shop.seen(CREATE).len(), 1);
}

#[tokio::test]
async fn a_variant_is_added_with_its_new_option_value() {
    let shop = FakeShop::start(|seen| {
        let path = seen.call.split(' ').nth(1)?.strip_prefix("/admin/products/")?;
        Some(recorded(match path.strip_prefix(PRODUCT)? {
            "" => "options",
            "/options/batch" => "values_added",
            "/variants/batch" => "variants_created",
            _ => return None,
        }))
    })
    .await;
    let added =
        ProductDraft { product: Some(PRODUCT.to_owned()), ..draft(Some("a"), vec![variant("REC6379-L", Some("L"))]) };
    let made = shop.medusa().create(&[added]).await;
    assert_eq!(name(&made[0].1), "done");
    let values = &shop.seen(&format!("POST /admin/products/{PRODUCT}/options/batch"))[0].body;
    let expect =
        json!({ "update": [{ "product_option_id": "opt_01M8CGJWPJ3MHVJ68FFJ25K836", "add": [{ "value": "L" }] }] });
    assert_eq!(*values, expect);

    let mut colour = variant("X", Some("L"));
    colour.options[0].name = "Colour".to_owned();
    let other = ProductDraft { product: Some(PRODUCT.to_owned()), ..draft(Some("a"), vec![colour]) };
    let words = name(&shop.medusa().create(&[other]).await[0].1);
    assert!(words.starts_with("refused") && words.contains("no option \"Colour\" in the shop, but: Size"), "{words}");
}

#[tokio::test]
async fn prices_are_sent_whole_and_read_back() {
    let mug = "variant_01M8CEY7W9CCZQXBXXY1TN2QQJ";
    let product = "prod_01M8CEY7T3X3X7EM4ZN4089VKB";
    let shop = FakeShop::start(move |seen| match seen.call.as_str() {
        "GET /admin/product-variants" => Some(recorded("page")),
        CREATE => Some(recorded("title_gone")),
        _ if seen.call.ends_with("/variants/batch") => {
            // Medusa's answer: the variant with the prices that it was sent.
            let mut variant = recorded("page").1["variants"][0].clone();
            variant["prices"] = seen.body["update"][0]["prices"].clone();
            Some((200, json!({ "created": [], "updated": [variant] })))
        }
        _ => None,
    })
    .await;
    let change = |title: Option<&str>, price: Option<&str>| ContentChange {
        sku: sku("MUG"),
        remote: RemoteId { product: product.to_owned(), variant: Some(mug.to_owned()), inventory: None },
        title: title.map(ToOwned::to_owned),
        price: price.and_then(Money::from_store),
        rename: false,
    };
    let outcomes = shop.medusa().write_content(&[change(None, Some("12.75"))]).await;
    assert_eq!(outcomes.iter().map(name).collect::<Vec<_>>(), ["done"]);
    let sent = &shop.seen(&format!("POST /admin/products/{product}/variants/batch"))[0].body["update"][0];
    let amounts: Vec<_> = sent["prices"].as_array().unwrap().iter().map(|price| price["amount"].clone()).collect();
    assert_eq!(amounts, [json!(7), json!(6), json!(13), json!(12.75)]);
    assert_eq!(sent["prices"][0]["rules"], json!({ "region_id": "reg_01M8CEY7EB2KNG5B5AA8S6DR6B" }));

    // The product is gone, the price is written all the same: the worse of both is told.
    let outcomes = shop.medusa().write_content(&[change(Some("New"), Some("12.75"))]).await;
    let gone = "refused: eu: not there any more: Unable to update the products with ids: prod_01NOPE";
    assert_eq!(outcomes.iter().map(name).collect::<Vec<_>>(), [gone]);
}

const VARIANTS: &str = "POST /admin/products/prod_1/variants/batch";

/// A variant of `prod_1` that should be called as its id says.
fn renamed(variant: &str, price: Option<&str>) -> ContentChange {
    ContentChange {
        sku: sku(&variant.to_uppercase()),
        remote: RemoteId { product: "prod_1".to_owned(), variant: Some(variant.to_owned()), inventory: None },
        title: None,
        price: price.and_then(Money::from_store),
        rename: true,
    }
}

/// What was sent, as Medusa shows it afterwards; `kept` keeps its SKU.
fn shown(seen: &Seen, kept: &str) -> Value {
    let one = |sent: &Value| {
        let sku = if sent["id"] == kept { json!("OLD") } else { sent["sku"].clone() };
        json!({ "id": sent["id"], "sku": sku, "prices": sent.get("prices").cloned().unwrap_or(json!([])) })
    };
    let updated: Vec<Value> = seen.body["update"].as_array().unwrap().iter().map(one).collect();
    json!({ "updated": updated })
}

#[tokio::test]
async fn skus_go_with_prices_and_are_read_back() {
    let shop = FakeShop::start(|seen| match seen.call.as_str() {
        "GET /admin/product-variants" => Some((200, json!({ "variants": [{ "id": "a", "sku": "OLD" }] }))),
        VARIANTS => Some((200, shown(seen, "c"))),
        _ => None,
    })
    .await;
    let changes = [renamed("a", Some("3")), renamed("b", None), renamed("c", None)];
    let outcomes = shop.medusa().write_content(&changes).await;
    let kept = "unknown: eu: unexpected answer: the shop kept another SKU without saying why";
    assert_eq!(outcomes.iter().map(name).collect::<Vec<_>>(), ["done", "done", kept]);
    // Only prices need a look before they are written.
    let asked: Vec<String> = shop.seen("GET /admin/product-variants").into_iter().map(|seen| seen.query).collect();
    assert_eq!(asked.iter().map(|query| query.matches("id%5B%5D=").count()).collect::<Vec<_>>(), [1]);
    let sent: Vec<Value> = shop.seen(VARIANTS).into_iter().map(|seen| seen.body["update"].clone()).collect();
    assert_eq!(sent.len(), 1);
    assert_eq!((&sent[0][0]["sku"], &sent[0][0]["prices"][0]["amount"]), (&json!("A"), &json!(3)));
    assert_eq!(sent[0][1], json!({ "id": "b", "sku": "B" }));
}

#[tokio::test]
async fn a_sku_that_another_variant_has_is_refused_alone() {
    let shop = FakeShop::start(|seen| {
        let sent = (seen.call == VARIANTS).then(|| seen.body["update"].as_array().unwrap())?;
        let taken = sent.iter().any(|one| one["sku"] == "B");
        Some(if taken { recorded("sku_taken") } else { (200, shown(seen, "")) })
    })
    .await;
    let changes = [renamed("a", None), renamed("b", None), renamed("c", None)];
    let outcomes = shop.medusa().write_content(&changes).await;
    let refused = "refused: eu: refused (invalid_data): Product variant with sku: REC6379A-S, already exists.";
    assert_eq!(outcomes.iter().map(name).collect::<Vec<_>>(), ["done", refused, "done"]);
}

fn write(item: &str, key: &str) -> StockWrite {
    StockWrite {
        sku: sku(item),
        remote: RemoteId {
            product: PRODUCT.to_owned(),
            variant: Some("variant_1".to_owned()),
            inventory: Some(item.to_owned()),
        },
        expected: 0,
        delta: 5,
        key: key.to_owned(),
    }
}

#[tokio::test]
async fn stock_is_written_in_one_call_with_a_result_for_each() {
    let shop = FakeShop::start(|seen| (seen.call == "POST /admin/shelfd/stock").then(|| recorded("stock"))).await;
    let known = "iitem_01M8CGJWS0JF67KCZGSTDFMSHZ";
    let bundle = StockWrite {
        remote: RemoteId { product: PRODUCT.to_owned(), variant: Some("variant_2".to_owned()), inventory: None },
        ..write("bundle", "k")
    };
    let writes = [write(known, "k"), bundle, write(known, "k"), write("iitem_01NOPE", "k"), write(known, "other")];
    let outcomes = shop.medusa().write_stock(&writes, Time::MAX_UTC).await;
    let words: Vec<String> = outcomes.iter().map(name).collect();
    assert_eq!(words[0], "done");
    assert!(matches!(outcomes[0], Outcome::Done(Some(5))));
    assert!(words[1].contains("is the variant a bundle"), "{}", words[1]);
    assert!(words[2].starts_with("unknown: eu: the answer was lost: mismatch"), "{}", words[2]);
    assert!(words[3].starts_with("refused: eu: not there any more"), "{}", words[3]);
    assert!(words[4].contains("writes of one call must share one key"), "{}", words[4]);
    let sent = &shop.seen("POST /admin/shelfd/stock")[0].body;
    let change = |item: &str| json!({ "item": item, "expected": 0, "delta": 5 });
    let expect = json!({
        "key": "k", "location": super::fake::LOCATION,
        "changes": [change(known), change(known), change("iitem_01NOPE")],
    });
    assert_eq!(*sent, expect);
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_a_missing_route_is_not_done() {
    let shop = FakeShop::start(|seen| (seen.call == "POST /admin/shelfd/stock").then(|| (500, json!({})))).await;
    let outcomes = shop.medusa().write_stock(&[write("iitem_1", "k")], Time::MAX_UTC).await;
    assert_eq!(name(&outcomes[0]), "unknown: eu: the shop answered HTTP 500");

    let shop = FakeShop::start(|seen| (seen.call == "POST /admin/shelfd/stock").then(|| recorded("no_route"))).await;
    match &shop.medusa().write_stock(&[write("iitem_1", "k")], Time::MAX_UTC).await[0] {
        Outcome::NotDone(error) => assert_eq!(error.verdict(), Verdict::Credentials),
        other => panic!("{}", name(other)),
    }
}
