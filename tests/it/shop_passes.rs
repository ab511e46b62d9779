//! What a pass over a shop does while others are at it: in which order, how old its looks are, what it asks for again.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use shelfd::db::{Ledger as _, SqliteLedger, Want};
use shelfd::engine::{ReadManner, Shop, Timing};
use shelfd::lab::catalog::KeyStyle;
use shelfd::lab::gate::{Fault, FaultKind};
use shelfd::retry::Policy;

use crate::bed::{Bed, few, item, quick};
use crate::faults::gate;
use crate::odd_rows::by_staff;

fn woo(bed: &Bed) -> &Shop {
    bed.engine.shops.iter().find(|shop| shop.name() == "woo-lab").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_cannot_be_read_holds_nothing_else_up() {
    let retry = Policy { base: Duration::from_millis(100), cap: Duration::from_millis(500), ..Policy::default() };
    let bed = Bed::start_timed(few(), KeyStyle::Sku, Timing { retry, ..quick() }).await;
    bed.sync().await;
    // Staff also change the SKU of one of its variations, so that it can only be asked for by its product.
    let fault = FaultKind::StatusBefore { status: 500, retry_after: None };
    let call = "GET /products/{id}/variations".to_owned();
    gate(&bed, "woo").add_fault(Fault { fault, call, times: Some(12), skip: 0 });
    let shop = bed.shop("woo-lab");
    shop.set_sku("SHIRT-S", "THEIRS").unwrap();
    shop.sell("THEIRS", 2).unwrap();
    bed.edit("BAG", "Stock", "9");
    bed.edit("SHIRT-S", "Stock", "8");
    bed.engine.read_sheet(ReadManner::Full).await.unwrap();
    // Both are due in one pass, and in all that follow while the one cannot be read.
    for _ in 0..2 {
        bed.engine.shop_pass(woo(&bed), "a test").await.unwrap();
    }
    assert_eq!((shop.shelf()["BAG"].stock, shop.shelf()["THEIRS"].stock), (9, 5));
    bed.sync().await;
    bed.sync().await;
    assert_eq!((bed.cell("BAG", "Stock"), bed.cell("SHIRT-S", "Stock")), (9.into(), 6.into()));
    assert_eq!(shop.shelf().len(), 5, "nothing was made a second time");
    bed.assert_agree();
    bed.assert_clean(0).await;
}

/// An order for two that may be taking them: placed while the product's stock is not counted, so that nothing notes that it did. The
/// product's address and the order's id.
async fn order_under_way(bed: &Bed, sku: &str) -> (String, String) {
    let found = by_staff(bed, Method::GET, &format!("/products?sku={sku}"), None).await;
    let product = format!("/products/{}", found[0]["id"]);
    by_staff(bed, Method::PUT, &product, Some(json!({ "manage_stock": false }))).await;
    let lines = json!([{ "product_id": found[0]["id"], "quantity": 2 }]);
    let order = json!({ "status": "processing", "line_items": lines });
    let order = by_staff(bed, Method::POST, "/orders", Some(order)).await;
    (product, order["id"].to_string())
}

/// Its stock is counted again.
async fn count_again(bed: &Bed, product: &str, stock: i64) {
    by_staff(bed, Method::PUT, product, Some(json!({ "manage_stock": true, "stock_quantity": stock }))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_under_way_that_is_deleted_is_not_asked_for_for_ever() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    let (product, id) = order_under_way(&bed, "PEN").await;
    let in_flight = async || {
        bed.sync().await;
        let ledger = SqliteLedger::open(&bed.dir().join("shelfd.db")).await.unwrap();
        ledger.order_cursor("woo-lab").await.unwrap().unwrap().in_flight
    };
    assert_eq!(in_flight().await, [id.as_str()], "it may be taking its units");
    by_staff(&bed, Method::DELETE, &format!("/orders/{id}"), None).await;
    assert!(in_flight().await.is_empty());
    count_again(&bed, &product, 100).await;
    bed.sync().await;
    assert_eq!(bed.cell("PEN", "Stock"), 100);
    bed.assert_agree();
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_written_where_orders_never_pause() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    let (product, _) = order_under_way(&bed, "PEN").await;
    count_again(&bed, &product, 100).await;
    bed.edit("PEN", "Stock", "50");
    bed.engine.read_sheet(ReadManner::Full).await.unwrap();
    let ledger = SqliteLedger::open(&bed.dir().join("shelfd.db")).await.unwrap();
    let stock = || bed.shop("woo-lab").shelf()["PEN"].stock;
    for look in 1..=8 {
        // A webhook before each look: the tries start anew.
        ledger.hint("woo-lab", &[("PEN".to_owned(), Want::LOOK, shelfd::clock::now())]).await.unwrap();
        bed.engine.shop_pass(woo(&bed), "a test").await.unwrap();
        assert!(stock() == 100 || look > 4, "written over a doubt after {look} looks");
    }
    assert_eq!(stock(), 50);
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_set_while_many_others_are_written_is_not_overwritten() {
    let items = (0..120).map(|n| item(&format!("N{n:03}"), &format!("Thing {n}"), "2.00", 10)).collect();
    let bed = Bed::start(items).await;
    bed.sync().await;
    for n in 0..120 {
        bed.edit(&format!("N{n:03}"), "Stock", "11");
    }
    bed.engine.read_sheet(ReadManner::Full).await.unwrap();
    let fault = FaultKind::Delay { millis: 2_000 };
    gate(&bed, "woo").add_fault(Fault { fault, call: "POST /products/batch".to_owned(), times: Some(1), skip: 0 });
    let staff = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        bed.shop("woo-lab").set_stock("N119", 50).unwrap();
    };
    let (pass, ()) = tokio::join!(bed.engine.shop_pass(woo(&bed), "a test"), staff);
    pass.unwrap();
    for _ in 0..2 {
        bed.sync().await;
    }
    assert_eq!((bed.cell("N000", "Stock"), bed.cell("N119", "Stock")), (11.into(), 51.into()));
    bed.assert_agree();
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_verified_before_a_full_look_that_takes_its_time() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    bed.edit("PEN", "Stock", "50");
    bed.engine.read_sheet(ReadManner::Full).await.unwrap();
    let ledger = SqliteLedger::open(&bed.dir().join("shelfd.db")).await.unwrap();
    ledger.hint_everything("woo-lab", shelfd::clock::now()).await.unwrap();
    let fault = FaultKind::Delay { millis: 3_000 };
    let call = "GET /products/{id}/variations".to_owned();
    gate(&bed, "woo").add_fault(Fault { fault, call, times: Some(1), skip: 0 });
    let people = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let shop = bed.shop("woo-lab");
        assert_eq!(shop.shelf()["PEN"].stock, 50, "written");
        shop.sell("PEN", 5).unwrap();
        shop.set_stock("PEN", 50).unwrap();
    };
    let (pass, ()) = tokio::join!(bed.engine.shop_pass(woo(&bed), "a test"), people);
    pass.unwrap();
    for _ in 0..2 {
        bed.sync().await;
    }
    assert_eq!(bed.cell("PEN", "Stock"), 50, "5 were sold, and 5 came in");
    bed.assert_agree();
    bed.assert_clean(0).await;
}
