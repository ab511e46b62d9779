//! Calls that fail on either side of the work they do: nothing is lost, nothing is doubled.

use std::time::Duration;

use shelfd::engine::Timing;
use shelfd::lab::catalog::KeyStyle;
use shelfd::lab::gate::{Fault, FaultKind, Gate};

use crate::bed::{Bed, few, quick};

pub fn gate<'b>(bed: &'b Bed, face: &str) -> &'b Gate {
    bed.gates().into_iter().find(|(name, _)| *name == face).unwrap().1
}

/// Sell and edit under a fault on one kind of call, then without it: everything agrees and adds up.
async fn check(face: &str, call: &str, fault: FaultKind) {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    gate(&bed, face).add_fault(Fault { fault: fault.clone(), call: call.to_owned(), times: Some(2), skip: 0 });
    bed.shop("woo-lab").sell("MUG", 2).unwrap();
    bed.shop("shopify-lab").sell("MUG", 3).unwrap();
    bed.edit("MUG", "Stock", "20");
    bed.edit("BAG", "Price", "31");
    // Failures are said, and do not stop the pass for good.
    for _ in 0..4 {
        bed.sync().await;
    }
    assert_eq!(bed.cell("MUG", "Stock"), 15, "{face} {call} {fault:?}: 10 + 10 typed − 5 sold");
    bed.assert_agree();
    bed.assert_clean(0).await;
    let sold: i64 = bed.shops().iter().map(|(_, shop)| shop.sold().get("MUG").copied().unwrap_or(0)).sum();
    assert_eq!(sold, 5);
    let writes = bed.writes();
    bed.sync().await;
    assert_eq!(bed.writes(), writes, "at rest");
}

#[tokio::test(flavor = "multi_thread")]
async fn shopify_answers_lost_after_the_work() {
    check("shopify", "inventoryAdjustQuantities", FaultKind::DropAfter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shopify_failing_before_the_work() {
    check("shopify", "", FaultKind::StatusBefore { status: 502, retry_after: None }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn woocommerce_answers_lost_after_the_work() {
    check("woo", "batch", FaultKind::DropAfter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn woocommerce_answering_half() {
    check("woo", "batch", FaultKind::Truncate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn woocommerce_behind_a_challenge_page() {
    check("woo", "", FaultKind::Html).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn google_applying_and_answering_503() {
    check("google", "spreadsheets.batchUpdate", FaultKind::StatusAfter { status: 503 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn google_cutting_connections() {
    check("google", "values", FaultKind::DropBefore).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn creations_whose_answer_is_lost_make_nothing_twice() {
    for (face, call) in [("shopify", "productSet"), ("woo", "POST /products")] {
        let bed = Bed::start(few()).await;
        gate(&bed, face).add_fault(Fault {
            fault: FaultKind::DropAfter,
            call: call.to_owned(),
            times: Some(1),
            skip: 0,
        });
        bed.sync().await;
        bed.engine.ledger.hint_everything("woo-lab", shelfd::clock::now()).await.unwrap();
        for _ in 0..3 {
            bed.sync().await;
        }
        bed.assert_agree();
        bed.assert_clean(0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_with_and_without_retry_after() {
    for (face, call) in [("shopify", ""), ("woo", "")] {
        for retry_after in [Some(1), None] {
            check(face, call, FaultKind::StatusBefore { status: 429, retry_after }).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_spent_at_the_write_is_waited_for() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    let fault = FaultKind::StatusBefore { status: 429, retry_after: Some(1) };
    gate(&bed, "google").add_fault(Fault { fault, call: "batchUpdate".to_owned(), times: Some(1), skip: 0 });
    bed.shop("woo-lab").sell("MUG", 2).unwrap();
    let report = bed.sync().await;
    assert!(report.failures.iter().any(|said| said.contains("quota")), "{:?}", report.failures);
    // Quotas refill each minute; the sheet's writer keeps to a quarter of that, whatever the answer says.
    tokio::time::sleep(Duration::from_secs(16)).await;
    bed.sync().await;
    assert_eq!(bed.cell("MUG", "Stock"), 8);
    bed.assert_agree();
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_spent_before_the_sheet_is_read_is_named() {
    let bed = Bed::start(few()).await;
    let fault = FaultKind::StatusBefore { status: 429, retry_after: None };
    gate(&bed, "google").add_fault(Fault { fault, call: "values".to_owned(), times: None, skip: 0 });
    let error = bed.engine.sync_once(&|_| {}).await.unwrap_err().to_string();
    assert!(error.contains("sheet") && error.contains("quota"), "{error}");
    gate(&bed, "google").clear_faults();
    bed.sync().await;
    bed.assert_agree();
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_before_and_after_the_work() {
    check("woo", "batch", FaultKind::StatusBefore { status: 500, retry_after: None }).await;
    check("woo", "batch", FaultKind::StatusAfter { status: 502 }).await;
    check("shopify", "inventoryAdjustQuantities", FaultKind::StatusAfter { status: 502 }).await;
    check("google", "batchUpdate", FaultKind::StatusBefore { status: 500, retry_after: None }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_before_and_after_the_work_and_in_drops() {
    check("woo", "batch", FaultKind::Delay { millis: 500 }).await;
    check("woo", "batch", FaultKind::DelayAfter { millis: 500 }).await;
    check("shopify", "inventoryAdjustQuantities", FaultKind::DelayAfter { millis: 500 }).await;
    check("google", "batchUpdate", FaultKind::Trickle { millis: 500 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_cut_on_the_other_side_of_the_work() {
    check("shopify", "inventoryAdjustQuantities", FaultKind::DropBefore).await;
    check("woo", "batch", FaultKind::DropBefore).await;
    check("google", "batchUpdate", FaultKind::DropAfter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_halves_in_place_of_json() {
    for (face, call) in [("shopify", "inventoryAdjustQuantities"), ("google", "batchUpdate")] {
        check(face, call, FaultKind::Html).await;
        check(face, call, FaultKind::Truncate).await;
    }
    check("google", "values", FaultKind::Html).await;
}

/// A call for two SKUs is lost, and one of them changes before it is sent again: the call is refused as a whole, and the
/// other SKU's write needs a new key.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_call_that_is_refused_when_sent_again() {
    for fault in [FaultKind::DropBefore, FaultKind::DropAfter] {
        // What is there tells only after a while, as it does outside of tests.
        let timing = Timing { late_for: Duration::from_secs(3), ..quick() };
        let bed = Bed::start_timed(few(), KeyStyle::Sku, timing).await;
        bed.sync().await;
        let [shopify, woo] = [&bed.engine.shops[0], &bed.engine.shops[1]];
        bed.shop(woo.name()).sell("MUG", 2).unwrap();
        bed.shop(woo.name()).sell("BAG", 1).unwrap();
        bed.engine.ledger.hint_everything(woo.name(), shelfd::clock::now()).await.unwrap();
        bed.engine.shop_pass(woo, "test").await.unwrap();
        let call = "inventoryAdjustQuantities".to_owned();
        gate(&bed, "shopify").add_fault(Fault { fault: fault.clone(), call, times: Some(1), skip: 0 });
        bed.engine.shop_pass(shopify, "test").await.unwrap();
        let there = bed.shop(shopify.name()).shelf()["BAG"].stock;
        bed.shop(shopify.name()).set_stock("BAG", there + 3).unwrap();
        for _ in 0..3 {
            bed.sync().await;
        }
        assert_eq!((bed.cell("MUG", "Stock"), bed.cell("BAG", "Stock")), (8.into(), 7.into()), "{fault:?}");
        bed.assert_agree();
        bed.assert_clean(0).await;
    }
}
