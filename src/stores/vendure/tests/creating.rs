//! New products and variants.

use serde_json::json;

use crate::stores::{Outcome, Store as _};

use super::fake::{FakeShop, Reply, Seen, body, recorded, usual};
use super::{draft, remote, words};

/// A shop where everything goes well.
fn making(seen: &Seen) -> Reply {
    match seen.operation.as_str() {
        "ProductBySlug" => recorded("slug_none"),
        "CreateProduct" => recorded("create_product"),
        "CreateOptionGroup" => recorded("create_group"),
        "AddOptionGroup" => recorded("add_group"),
        "CreateOption" => recorded("create_option"),
        "ProductOptions" => recorded("options"),
        "CreateVariants" => recorded("create_variants"),
        other => usual(other),
    }
}

#[tokio::test]
async fn makes_a_product_with_its_variants() {
    let shop = FakeShop::start(|seen, _| making(seen)).await;
    let tee = draft(None, Some("tee"), &[("T-M", Some("M")), ("T-L", Some("L"))]);
    let made = shop.vendure().create(&[tee]).await;
    let ids: Vec<_> = made
        .into_iter()
        .map(|(sku, outcome)| match outcome {
            Outcome::Done(remote) => (sku.to_string(), remote),
            other => panic!("{sku}: {}", words(&other)),
        })
        .collect();
    assert_eq!(ids, [("T-M".to_owned(), remote("2", "2")), ("T-L".to_owned(), remote("2", "3"))]);
    let group = &shop.seen("CreateOptionGroup")[0].variables["input"];
    let named = |name: &str| json!([{ "languageCode": "en", "name": name }]);
    assert_eq!((&group["code"], &group["translations"]), (&json!("size"), &named("Size")));
    // The recorded group has M alone, so L is added.
    assert_eq!(shop.seen("CreateOption").len(), 1);
    let input = &shop.seen("CreateVariants")[0].variables["input"];
    assert_eq!((&input[0]["optionIds"], &input[1]["optionIds"]), (&json!(["1"]), &json!(["2"])));
    assert_eq!((&input[0]["price"], &input[0]["stockLevels"][0]["stockOnHand"]), (&json!(900), &json!(0)));
}

#[tokio::test]
async fn a_product_that_was_left_half_made_is_finished() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "ProductBySlug" => recorded("slug_half"),
        _ => making(seen),
    })
    .await;
    let made = shop.vendure().create(&[draft(None, Some("tee"), &[("T-M", None)])]).await;
    assert_eq!(words(&made[0].1), "done");
    assert!(shop.seen("CreateProduct").is_empty() && shop.seen("CreateOptionGroup").is_empty());
}

#[tokio::test]
async fn a_slug_that_other_skus_have_is_refused() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "ProductBySlug" => recorded("slug_taken"),
        _ => making(seen),
    })
    .await;
    let made = shop.vendure().create(&[draft(None, Some("mug"), &[("T-M", None)])]).await;
    assert!(words(&made[0].1).contains("the product \"Mug\" has the slug \"mug\" already"), "{}", words(&made[0].1));
}

#[tokio::test]
async fn variants_are_added_to_a_product_that_is_there() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "CreateVariants" if seen.variables["input"].to_string().contains("T-M2") => recorded("create_variants_twice"),
        _ => making(seen),
    })
    .await;
    let more = draft(Some("2"), Some("tee"), &[("T-L", Some("L")), ("T-M2", Some("M")), ("T-X", None)]);
    let made = shop.vendure().create(&[more]).await;
    let made: Vec<_> = made.iter().map(|(_, outcome)| words(outcome)).collect();
    assert_eq!(made[0], "done");
    assert!(made[1].contains("A ProductVariant with the selected options already exists"), "{made:?}");
    assert!(made[2].contains("the product's options are: Size; the row's are: none"), "{made:?}");
    assert!(shop.seen("CreateProduct").is_empty() && shop.seen("CreateOption").is_empty());
    assert_eq!(shop.seen("CreateVariants").len(), 3, "both, then each by itself");
}

#[tokio::test]
async fn a_lost_answer_to_the_variants_is_not_tried_again_blindly() {
    let shop = FakeShop::start(|seen, _| match seen.operation.as_str() {
        "CreateVariants" => body(200, "{\"data\":{\"crea"),
        _ => making(seen),
    })
    .await;
    let made = shop.vendure().create(&[draft(None, Some("tee"), &[("T-M", Some("M")), ("T-L", Some("L"))])]).await;
    assert!(made.iter().all(|(_, outcome)| matches!(outcome, Outcome::Unknown(_))), "{made:?}");
    assert_eq!(shop.seen("CreateVariants").len(), 1);
}

#[tokio::test]
async fn before_the_variants_nothing_is_for_sale_so_it_may_be_tried_again() {
    for lost in ["ProductBySlug", "CreateProduct", "CreateOptionGroup", "AddOptionGroup", "CreateOption"] {
        let shop =
            FakeShop::start(move |seen, _| if seen.operation == lost { body(200, "") } else { making(seen) }).await;
        let made = shop.vendure().create(&[draft(None, Some("tee"), &[("T-M", Some("M")), ("T-L", Some("L"))])]).await;
        assert!(made.iter().all(|(_, outcome)| matches!(outcome, Outcome::NotDone(_))), "{lost}: {made:?}");
        assert!(shop.seen("CreateVariants").is_empty(), "{lost}");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_leaves_no_product_behind() {
    let shop = FakeShop::start(|seen, _| making(seen)).await;
    let mut tee = draft(None, Some("tee"), &[("T-M", None)]);
    tee.variants[0].price = crate::catalog::Money::from_store("1.999").unwrap();
    let made = shop.vendure().create(&[tee]).await;
    assert!(words(&made[0].1).contains("more decimals"), "{made:?}");
    assert!(shop.seen("CreateProduct").is_empty());
}
