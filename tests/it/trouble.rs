//! Refused keys, lost subscriptions, wrong clocks, webhooks that go astray, and all of it together: shelfd comes through
//! with nothing lost, or says the right thing.

use std::time::{Duration, Instant};

use shelfd::engine::Timing;
use shelfd::lab::catalog::KeyStyle;
use shelfd::lab::courier::Misdelivery;
use shelfd::lab::gate::{Fault, FaultKind};
use shelfd::lab::shoppers::ShopperOptions;
use shelfd::lab::weather::Forecast;

use crate::bed::{Bed, few, item, quick};
use crate::faults::gate;

fn lasting(fault: FaultKind) -> Fault {
    Fault { fault, call: String::new(), times: None, skip: 0 }
}

/// Sell at both shops and edit, so that every side has something to tell.
fn stir(bed: &Bed) {
    bed.shop("woo-lab").sell("MUG", 2).unwrap();
    bed.shop("shopify-lab").sell("MUG", 3).unwrap();
    bed.edit("MUG", "Stock", "20");
    bed.edit("BAG", "Price", "31");
}

async fn settled(bed: &Bed) {
    for _ in 0..4 {
        bed.sync().await;
    }
    assert_eq!(bed.cell("MUG", "Stock"), 15, "10 + 10 typed − 5 sold");
    bed.assert_agree();
    bed.assert_clean(0).await;
}

/// While a shop refuses the keys, a sync says so and the rest goes on; when it takes them again, nothing was lost.
async fn refused_for_a_while(face: &str, shop: &str, fault: FaultKind, words: &str) {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    gate(&bed, face).add_fault(lasting(fault));
    stir(&bed);
    let report = bed.sync().await;
    let said = report.failures.join("\n");
    assert!(said.contains(shop) && said.contains(words), "{face}: {said:?}");
    gate(&bed, face).clear_faults();
    settled(&bed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_removed_at_shopify() {
    refused_for_a_while("shopify", "shopify-lab", FaultKind::Revoked, "access refused (HTTP 401)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_deleted_at_woocommerce() {
    refused_for_a_while("woo", "woo-lab", FaultKind::Revoked, "Consumer key is invalid.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn access_to_the_sheet_taken_back() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    bed.world.google().expire_tokens();
    gate(&bed, "google").add_fault(lasting(FaultKind::Revoked));
    stir(&bed);
    let error = bed.engine.sync_once(&|_| {}).await.unwrap_err().to_string();
    assert!(error.contains("Google refuses access"), "{error}");
    gate(&bed, "google").clear_faults();
    settled(&bed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ran_out_is_replaced() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    bed.world.google().expire_tokens();
    stir(&bed);
    // The first call finds out; what it costs is one pass at most.
    let _said = bed.engine.sync_once(&|_| {}).await;
    settled(&bed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_strips_authorization() {
    // Over plain http WooCommerce is signed in the query, and Shopify's token has a header of its own: nothing to strip.
    for face in ["woo", "shopify"] {
        let bed = Bed::start(few()).await;
        gate(&bed, face).add_fault(lasting(FaultKind::StripAuthorization));
        bed.sync().await;
        stir(&bed);
        settled(&bed).await;
    }
    let bed = Bed::start(few()).await;
    bed.sync().await;
    gate(&bed, "google").add_fault(lasting(FaultKind::StripAuthorization));
    stir(&bed);
    let error = bed.engine.sync_once(&|_| {}).await.unwrap_err().to_string();
    assert!(error.contains("Google refuses access"), "{error}");
    gate(&bed, "google").clear_faults();
    settled(&bed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shops_whose_clocks_are_wrong() {
    for seconds in [-600, -90, 90, 600] {
        let bed = Bed::start(few()).await;
        for face in ["woo", "shopify"] {
            gate(&bed, face).set_clock_ahead(seconds);
        }
        bed.sync().await;
        stir(&bed);
        settled(&bed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_put_right_again() {
    let bed = Bed::start(few()).await;
    gate(&bed, "woo").set_clock_ahead(300);
    bed.sync().await;
    bed.shop("woo-lab").sell("PEN", 4).unwrap();
    bed.sync().await;
    gate(&bed, "woo").set_clock_ahead(0);
    bed.shop("woo-lab").sell("PEN", 6).unwrap();
    stir(&bed);
    settled(&bed).await;
    assert_eq!(bed.cell("PEN", "Stock"), 90);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_put_back_hides_no_order() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    gate(&bed, "woo").set_clock_ahead(300);
    bed.shop("woo-lab").sell("PEN", 4).unwrap();
    bed.sync().await;
    gate(&bed, "woo").set_clock_ahead(0);
    // Stock that is set by hand in the same moment hides the sale from the stock: only its order tells.
    bed.shop("woo-lab").sell("PEN", 6).unwrap();
    bed.shop("woo-lab").set_stock("PEN", 96).unwrap();
    bed.sync().await;
    bed.sync().await;
    assert_eq!(bed.cell("PEN", "Stock"), 96, "100 − 4 − 6, and staff put 6 there");
    let movements = bed.movements().await;
    let units = |cause: &str| -> i64 {
        let lines =
            movements.iter().filter(|line| line.sku == "PEN" && line.endpoint == "woo-lab" && line.cause == cause);
        lines.map(|line| line.units).sum()
    };
    assert_eq!((units("orders"), units("observed")), (-10, 6));
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_too_wrong_to_sign_in_is_named() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    // WooCommerce takes signatures of a quarter of an hour.
    gate(&bed, "woo").set_clock_ahead(20 * 60);
    stir(&bed);
    let report = bed.sync().await;
    let said = report.failures.join("\n");
    assert!(said.contains("woo-lab") && said.contains("timestamp"), "{said:?}");
    gate(&bed, "woo").set_clock_ahead(0);
    settled(&bed).await;
}

/// Let the daemon run under misdelivered webhooks, sell, and let it sweep: all sales arrive.
async fn sales_arrive(how: Misdelivery) -> Bed {
    let mut bed = Bed::start(few()).await;
    bed.run().await;
    bed.until("all agree", |bed| bed.disagreement().is_empty()).await;
    bed.world.shopify().courier().set(how.clone());
    bed.world.woocommerce().courier().set(how);
    for _ in 0..10 {
        bed.shop("woo-lab").sell("PEN", 2).unwrap();
        bed.shop("shopify-lab").sell("PEN", 1).unwrap();
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    // What no webhook told, the sweep finds.
    tokio::time::sleep(Duration::from_secs(2)).await;
    bed.engine.sweep().await.unwrap();
    bed.until("all sales arrived", |bed| bed.cell("PEN", "Stock") == 70 && bed.disagreement().is_empty()).await;
    bed.stop().await;
    bed.assert_clean(0).await;
    bed
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_doubled_and_late_webhooks_cost_only_time() {
    let how = Misdelivery {
        lost: 0.3,
        doubled: 0.5,
        late: 0.5,
        late_millis: 800,
        delay_millis: 10,
        ..Misdelivery::default()
    };
    sales_arrive(how).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reordered_webhooks_cost_only_time() {
    sales_arrive(Misdelivery { reordered: 0.5, ..Misdelivery::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_with_an_old_secret_are_refused_and_the_sweep_finds_the_sales() {
    let bed = sales_arrive(Misdelivery { old_secret: 1.0, ..Misdelivery::default() }).await;
    // Refused as they were, WooCommerce has given up on them by itself.
    let woo = bed.engine.shops.iter().find(|shop| shop.name() == "woo-lab").unwrap();
    let subscriptions = woo.store.subscriptions().await.unwrap();
    assert!(subscriptions.iter().any(|subscription| !subscription.active), "{subscriptions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_up_webhooks_lose_nothing_and_can_be_had_again() {
    let mut bed = Bed::start(few()).await;
    bed.run().await;
    bed.until("all agree", |bed| bed.disagreement().is_empty()).await;
    // What the last writes still want looked at must not find the sales.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for (_, shop) in bed.shops() {
        shop.give_up_webhooks();
    }
    bed.shop("woo-lab").sell("PEN", 5).unwrap();
    bed.shop("shopify-lab").sell("PEN", 7).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(bed.cell("PEN", "Stock"), 100, "nothing but the sweep can find them");
    bed.engine.sweep().await.unwrap();
    bed.until("the sweep found the sales", |bed| bed.cell("PEN", "Stock") == 88).await;
    for shop in &bed.engine.shops {
        let there = shop.store.subscriptions().await.unwrap();
        assert!(there.iter().all(|subscription| !subscription.active), "{}: {there:?}", shop.name());
        let url = format!("http://{}/webhooks/{}", bed.listener(), shop.name());
        let again = shop.store.subscribe(&url).await.unwrap();
        assert!(!again.is_empty() && again.iter().all(|subscription| subscription.active), "{again:?}");
    }
    bed.shop("woo-lab").sell("PEN", 3).unwrap();
    bed.until("webhooks tell again", |bed| bed.cell("PEN", "Stock") == 85 && bed.disagreement().is_empty()).await;
    bed.stop().await;
    bed.assert_clean(0).await;
}

/// A port that nobody listens on, below those that outgoing connections get.
fn free_port() -> u16 {
    let start = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    (start..32_000).find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// Wait until a shop delivers all topics. Nobody but the daemon asks for it.
async fn all_delivered(bed: &Bed) {
    for (shop, topics) in bed.engine.shops.iter().zip([5, 4]) {
        let started = Instant::now();
        loop {
            let there = shop.store.subscriptions().await.unwrap();
            let url = format!("http://{}/webhooks/{}", bed.listener(), shop.name());
            if there.len() == topics && there.iter().all(|one| one.active && one.url == url) {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(15), "{}: {there:?}", shop.name());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_has_given_up_webhooks_again_and_sweeps_the_gap() {
    let port = free_port();
    let timing = Timing { subscriptions: Duration::from_secs(3), ..quick() };
    // Swept by the schedule at New Year only.
    let listening = format!(
        "[schedule]\nsweep = \"0 0 0 1 1 *\"\n[listener]\npublic_url = \"http://127.0.0.1:{port}\"\naddress = \"127.0.0.1:{port}\""
    );
    let configure = |text: String| {
        assert!(text.contains("[listener]\naddress = \"127.0.0.1:0\""), "{text}");
        text.replacen("[listener]\naddress = \"127.0.0.1:0\"", &listening, 1)
    };
    let mut bed = Bed::start_as(few(), KeyStyle::Sku, timing, |_| {}, configure).await;
    bed.run().await;
    bed.until("all agree", |bed| bed.disagreement().is_empty()).await;
    all_delivered(&bed).await;
    // What the last writes still want looked at must not find the sales.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for (_, shop) in bed.shops() {
        shop.give_up_webhooks();
    }
    bed.shop("woo-lab").sell("PEN", 5).unwrap();
    bed.shop("shopify-lab").sell("PEN", 7).unwrap();
    bed.until("the gap was swept", |bed| bed.cell("PEN", "Stock") == 88 && bed.disagreement().is_empty()).await;
    all_delivered(&bed).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    bed.shop("woo-lab").sell("PEN", 3).unwrap();
    bed.shop("shopify-lab").sell("PEN", 2).unwrap();
    bed.until("webhooks tell again", |bed| bed.cell("PEN", "Stock") == 83 && bed.disagreement().is_empty()).await;
    bed.stop().await;
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_by_a_seed_while_shoppers_buy() {
    // So many that orders for one of them pause now and then, on a busy machine too: else WooCommerce leaves doubts.
    let skus: Vec<String> = (1..=8).map(|number| format!("PEN-{number}")).collect();
    let mut bed = Bed::start(skus.iter().map(|sku| item(sku, sku, "2.00", 100)).collect()).await;
    bed.run().await;
    bed.until("all agree", |bed| bed.disagreement().is_empty()).await;
    bed.world.start_weather(Forecast { seed: 7, per_minute: 240.0, ..Forecast::default() }).unwrap();
    let shoppers =
        ShopperOptions { per_second: 4.0, cancel_share: 0.2, skus: skus.clone(), ..ShopperOptions::default() };
    bed.world.start_shoppers(shoppers).unwrap();
    tokio::time::sleep(Duration::from_secs(8)).await;
    let counts = bed.world.stop_shoppers();
    let come = bed.world.stop_weather();
    assert!(come >= 15 && counts.orders >= 10, "{come} faults, {counts:?}");
    for (_, gate) in bed.gates() {
        gate.clear_faults();
    }
    bed.engine.sweep().await.unwrap();
    let sold = |bed: &Bed, sku: &str| -> i64 {
        bed.shops().iter().map(|(_, shop)| shop.sold().get(sku).copied().unwrap_or_default()).sum()
    };
    let is_right = |bed: &Bed| skus.iter().all(|sku| bed.cell(sku, "Stock") == 100 - sold(bed, sku));
    bed.until("all sales arrived", |bed| is_right(bed) && bed.disagreement().is_empty()).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_column_holds_nothing_else_up() {
    let mut bed = Bed::start(few()).await;
    bed.sync().await;
    bed.world.google().protect("Products", "Last sync").unwrap();
    bed.run().await;
    // Each of them has a word to say in that column.
    for left in (92..100).rev() {
        bed.shop("woo-lab").sell("PEN", 1).unwrap();
        bed.until("the sale reached the sheet", |bed| bed.cell("PEN", "Stock") == left).await;
    }
    bed.edit("BAG", "Stock", "9");
    bed.until("the number reached the shops", |bed| bed.shops().iter().all(|(_, shop)| shop.shelf()["BAG"].stock == 9))
        .await;
    bed.stop().await;
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_says_that_its_stock_is_protected() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    bed.world.google().protect("Products", "Stock").unwrap();
    bed.shop("woo-lab").sell("PEN", 1).unwrap();
    bed.sync().await;
    bed.sync().await;
    assert_eq!((bed.cell("PEN", "Stock"), bed.shop("shopify-lab").shelf()["PEN"].stock), (100.into(), 99));
    let words = bed.cell("PEN", "Sync error").to_string();
    assert!(words.contains(r#"Google does not let shelfd write column \"Stock\" here"#), "{words}");
    bed.assert_clean(1).await;
}
