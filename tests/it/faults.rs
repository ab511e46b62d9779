//! Calls that fail on either side of the work they do: nothing is lost, nothing is doubled.

use std::time::Duration;

use shelfd::engine::Timing;
use shelfd::lab::catalog::KeyStyle;
use shelfd::lab::courier::Misdelivery;
use shelfd::lab::gate::{Fault, FaultKind, Gate};

use crate::bed::{Bed, few, quick};

fn gate<'b>(bed: &'b Bed, face: &str) -> &'b Gate {
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
async fn lost_doubled_and_late_webhooks_cost_only_time() {
    let mut bed = Bed::start(few()).await;
    let how = Misdelivery {
        lost: 0.3,
        doubled: 0.5,
        late: 0.5,
        late_millis: 800,
        delay_millis: 10,
        ..Misdelivery::default()
    };
    bed.world.shopify().courier().set(how.clone());
    bed.world.woocommerce().courier().set(how);
    bed.run().await;
    bed.until("all agree", |bed| bed.disagreement().is_empty()).await;
    for _ in 0..10 {
        bed.shop("woo-lab").sell("PEN", 2).unwrap();
        bed.shop("shopify-lab").sell("PEN", 1).unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    }
    // What no webhook told, the sweep finds.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    for shop in &bed.engine.shops {
        bed.engine.ledger.hint_everything(shop.name(), shelfd::clock::now()).await.unwrap();
    }
    bed.engine.wakes.wake_all();
    bed.until("all sales arrived", |bed| bed.cell("PEN", "Stock") == 70 && bed.disagreement().is_empty()).await;
    bed.stop().await;
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_webhook_changes_nothing() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    for shop in &bed.engine.shops {
        let headers = [
            ("x-shopify-topic", "orders/create"),
            ("x-shopify-hmac-sha256", "AAAA"),
            ("x-shopify-event-id", "1"),
            ("x-wc-webhook-topic", "order.created"),
            ("x-wc-webhook-signature", "AAAA"),
        ];
        let headers: Vec<(String, String)> = headers.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert!(shop.store.receive(&headers, b"{}").is_err(), "{}", shop.name());
    }
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
