//! Edits go out, sales come back.

use crate::bed::{Bed, few};

#[tokio::test(flavor = "multi_thread")]
async fn rows_become_products_in_both_shops() {
    let bed = Bed::start(few()).await;
    let report = bed.sync().await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    bed.assert_agree();
    for (_, shop) in bed.shops() {
        let shelf = shop.shelf();
        assert_eq!(shelf.len(), 5);
        assert_eq!((shelf["MUG"].title.as_str(), shelf["MUG"].stock), ("Mug", 10));
        assert_eq!((shelf["SHIRT-L"].title.as_str(), shelf["SHIRT-L"].variant.as_str()), ("Shirt", "L"));
    }
    assert!(bed.column("Sync status").values().all(|cell| cell == "Synced"), "{:?}", bed.column("Sync status"));
    assert!(bed.column("Last sync").values().all(|cell| cell.as_str().is_some_and(|text| text.starts_with("20"))));
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_in_either_shop_reaches_all_others() {
    let mut bed = Bed::start(few()).await;
    bed.run().await;
    bed.until("all agree", |bed| bed.disagreement().is_empty()).await;
    bed.shop("woo-lab").sell("SHIRT-L", 1).unwrap();
    bed.shop("shopify-lab").sell("MUG", 4).unwrap();
    bed.until("the sales arrived", |bed| {
        bed.cell("SHIRT-L", "Stock") == 2 && bed.cell("MUG", "Stock") == 6 && bed.disagreement().is_empty()
    })
    .await;
    // The last ones: sold out everywhere.
    bed.shop("woo-lab").sell("SHIRT-L", 2).unwrap();
    bed.until("sold out", |bed| bed.cell("SHIRT-L", "Stock") == 0 && bed.disagreement().is_empty()).await;
    assert!(bed.shop("shopify-lab").sell("SHIRT-L", 1).is_err());
    bed.stop().await;
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancellations_refunds_and_staff_come_back_too() {
    let mut bed = Bed::start(few()).await;
    bed.run().await;
    bed.until("all agree", |bed| bed.disagreement().is_empty()).await;
    for name in ["woo-lab", "shopify-lab"] {
        let kept = bed.shop(name).sell("PEN", 10).unwrap();
        let cancelled = bed.shop(name).sell("PEN", 20).unwrap();
        bed.shop(name).cancel(&cancelled.order).unwrap();
        bed.shop(name).refund(&kept.order, 3, true).unwrap();
        bed.shop(name).refund(&kept.order, 2, false).unwrap();
    }
    bed.until("sold 10, 3 came back, twice", |bed| bed.cell("PEN", "Stock") == 86 && bed.disagreement().is_empty())
        .await;
    bed.shop("woo-lab").set_stock("BAG", 11).unwrap();
    bed.until("staff counted", |bed| bed.cell("BAG", "Stock") == 11 && bed.disagreement().is_empty()).await;
    bed.stop().await;
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_beside_sales_adds_up() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    bed.shop("woo-lab").sell("MUG", 2).unwrap();
    bed.shop("shopify-lab").sell("MUG", 1).unwrap();
    bed.edit("MUG", "Stock", "15");
    bed.edit("MUG", "Price", "9.90");
    bed.edit("MUG", "Title", "Big mug & saucer");
    bed.sync().await;
    assert_eq!(bed.cell("MUG", "Stock"), 12, "15 entered, 3 sold meanwhile");
    bed.assert_agree();
    for (name, shop) in bed.shops() {
        assert_eq!(shop.shelf()["MUG"].title, "Big mug & saucer", "{name}");
    }
    let report = bed.sync().await;
    assert_eq!(report.written(), 0, "{report:?}");
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_changed_in_a_shop_is_put_back() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    for (_, shop) in bed.shops() {
        shop.set_price("MUG", "1.00").unwrap();
    }
    bed.sync().await;
    bed.assert_agree();
    let audit = bed.engine.ledger.audit_lines(Some("MUG"), 10).await.unwrap();
    assert!(audit.iter().any(|line| line.reason.contains("changed in the shop")), "{audit:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_added_later_joins_its_product() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    let cells = [
        ("Handle", "shirt"),
        ("Title", "Shirt"),
        ("Option1 Name", "Size"),
        ("Option1 Value", "XL"),
        ("SKU", "SHIRT-XL"),
        ("Price", "26"),
        ("Stock", "4"),
    ];
    let cells: Vec<(String, String)> = cells.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    bed.world.google().insert_row("Products", 3, &cells).unwrap();
    let report = bed.sync().await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    bed.assert_agree();
    bed.assert_clean(0).await;
}

/// Sell two mugs at the first shop and fold the sale, without writing it to the sheet yet.
async fn sell_unflushed(bed: &Bed) {
    let shop = &bed.engine.shops[0];
    bed.shop(shop.name()).sell("MUG", 2).unwrap();
    bed.engine.ledger.hint_everything(shop.name(), shelfd::clock::now()).await.unwrap();
    bed.engine.shop_pass(shop, "test").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_typed_and_taken_back_hides_no_sale() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    sell_unflushed(&bed).await;
    // The write finds a person's number and leaves it; the person takes it back before the sheet is read again.
    bed.edit("MUG", "Stock", "9");
    bed.engine.flush_sheet("test").await.unwrap();
    assert_eq!(bed.cell("MUG", "Stock"), 9);
    bed.edit("MUG", "Stock", "10");
    bed.sync().await;
    assert_eq!(bed.cell("MUG", "Stock"), 8);
    bed.assert_agree();
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_copied_and_deleted_again_hides_no_sale() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    sell_unflushed(&bed).await;
    // The write finds the key twice and leaves both; the copy goes before the next read.
    let cells = [("SKU", "MUG"), ("Title", "Mug"), ("Price", "12.5"), ("Stock", "10")];
    let cells = cells.map(|(header, text)| (header.to_owned(), text.to_owned()));
    bed.world.google().insert_row("Products", bed.row_of("PEN"), &cells).unwrap();
    bed.engine.flush_sheet("test").await.unwrap();
    bed.world.google().delete_row("Products", bed.row_of("PEN") - 1).unwrap();
    assert_eq!(bed.cell("MUG", "Stock"), 10);
    bed.sync().await;
    assert_eq!(bed.cell("MUG", "Stock"), 8);
    bed.assert_agree();
    bed.assert_clean(0).await;
}
