//! Listings and orders.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{TimeDelta, TimeZone as _, Utc};
use serde_json::{Value, json};

use super::shop;
use crate::catalog::Sku;
use crate::stores::woocommerce::convert::{remote_simple, remote_variation};
use crate::stores::woocommerce::testing::{Reply, Seen, ok};
use crate::stores::{Observed, OrderQuery, RemoteId, Store as _};

fn simple(id: u64) -> Value {
    json!({"id": id, "name": "Mug", "slug": "mug", "type": "simple", "sku": format!("S{id}"), "regular_price": "3",
        "manage_stock": true, "stock_quantity": 5, "parent_id": 0})
}

fn variation(id: u64, parent: u64, sku: &str) -> Value {
    json!({"id": id, "type": "variation", "parent_id": parent, "sku": sku, "regular_price": "9.50",
        "manage_stock": true, "stock_quantity": 2})
}

fn remotes(listings: &[crate::stores::RemoteListing]) -> Vec<RemoteId> {
    listings.iter().map(|listing| listing.remote.clone()).collect()
}

#[tokio::test]
async fn lists_what_is_sellable() {
    let (fake, store) = shop(|seen| match (seen.call.as_str(), seen.query("page")) {
        ("GET /products", Some("1")) => Reply::Page(
            json!([
                simple(1),
                {"id": 2, "name": "Shirt", "slug": "shirt", "type": "variable", "sku": ""},
                {"id": 5, "name": "Set", "type": "grouped"}
            ]),
            101,
        ),
        ("GET /products", Some("2")) => Reply::Page(json!([simple(9)]), 101),
        ("GET /products/2/variations", Some("1")) => Reply::Page(json!([variation(3, 2, "A")]), 101),
        ("GET /products/2/variations", Some("2")) => Reply::Page(json!([variation(4, 2, "B")]), 101),
        _ => Reply::Html(404),
    })
    .await;
    let first = store.list(None).await.unwrap();
    assert_eq!(remotes(&first.listings), [remote_simple(1), remote_variation(2, 3), remote_variation(2, 4)]);
    assert_eq!(first.listings[1].title.as_deref(), Some("Shirt"));
    let last = store.list(first.next.as_deref()).await.unwrap();
    assert_eq!(remotes(&last.listings), [remote_simple(9)]);
    assert_eq!(last.next, None);
    let asked = &fake.seen()[0];
    assert_eq!(
        (asked.query("status"), asked.query("orderby"), asked.query("order")),
        (Some("any"), Some("id"), Some("asc"))
    );
}

#[tokio::test]
async fn a_product_that_cannot_be_read_hides_no_others() {
    let answer = |status: u16| {
        move |seen: &Seen| match seen.call.as_str() {
            "GET /products" => {
                Reply::Page(json!([simple(1), {"id": 2, "name": "Shirt", "slug": "shirt", "type": "variable"}]), 2)
            }
            _ => Reply::Html(status),
        }
    };
    let (_, store) = shop(answer(500)).await;
    let page = store.list(None).await.unwrap();
    assert_eq!(remotes(&page.listings), [remote_simple(1)]);
    let unreadable: Vec<String> =
        page.unreadable.iter().map(|(product, error)| format!("{product}: {error}")).collect();
    assert_eq!(unreadable, ["2: eu: the shop answered HTTP 500"]);
    // A shop that asks to wait is no broken product.
    let (_, store) = shop(answer(429)).await;
    assert!(store.list(None).await.is_err());
}

#[tokio::test]
async fn products_deleted_while_listing_hide_no_others() {
    let total = AtomicU64::new(150);
    let (fake, store) = shop(move |_| Reply::Page(json!([simple(1)]), total.fetch_sub(1, Ordering::Relaxed))).await;
    let first = store.list(None).await.unwrap();
    store.list(first.next.as_deref()).await.unwrap();
    let pages: Vec<_> = fake.seen().iter().map(|seen| seen.query("page").unwrap().to_owned()).collect();
    assert_eq!(pages, ["1", "2", "1"]);
    assert!(store.list(Some("no position")).await.is_err());
}

#[tokio::test]
async fn observes_by_sku_and_the_rest_by_id() {
    let (fake, store) = shop(|seen| match (seen.call.as_str(), seen.query("sku"), seen.query("include")) {
        // 7 has another SKU by now; 8's has a comma; 9 belongs to 20 and inherits its SKU; 10 and 30 are gone.
        ("GET /products", Some(_), None) => ok(json!([simple(1), variation(3, 2, "V")])),
        ("GET /products", None, Some("7,8,10,20,30")) => ok(json!([
            simple(7), simple(8), {"id": 20, "name": "Cap", "type": "variable", "sku": "CAP"}
        ])),
        ("GET /products/20/variations", None, Some("9")) => {
            ok(json!([{"id": 9, "sku": "CAP", "manage_stock": "parent"}]))
        }
        _ => Reply::Html(404),
    })
    .await;
    let which: Vec<(Sku, RemoteId)> = [
        ("S1", remote_simple(1)),
        ("V", remote_variation(2, 3)),
        ("OLD", remote_simple(7)),
        ("A,B", remote_simple(8)),
        ("CAP-L", remote_variation(20, 9)),
        ("GONE", remote_simple(10)),
        ("GONE-L", remote_variation(30, 31)),
    ]
    .map(|(sku, remote)| (Sku::new(sku).unwrap(), remote))
    .to_vec();
    let found = store.observe(&which).await.unwrap().listings;
    let which: Vec<RemoteId> = which.into_iter().take(5).map(|(_, remote)| remote).collect();
    assert_eq!(remotes(&found), which);
    assert_eq!((found[2].sku.clone(), found[4].sku.clone(), found[4].stock), (Sku::new("S7"), None, None));
    assert_eq!(fake.calls(), ["GET /products", "GET /products", "GET /products/20/variations"]);
    assert_eq!(fake.seen()[0].query("sku"), Some("CAP-L,GONE,GONE-L,OLD,S1,V"));
}

#[tokio::test]
async fn a_product_that_cannot_be_read_is_not_gone() {
    let (_, store) = shop(|seen| match (seen.call.as_str(), seen.query("include")) {
        ("GET /products", None) => ok(json!([simple(1)])),
        ("GET /products", Some(_)) => ok(json!([
            {"id": 20, "name": "Cap", "type": "variable", "sku": "CAP"},
            {"id": 21, "name": "Hat", "type": "variable", "sku": "HAT"}
        ])),
        ("GET /products/21/variations", _) => ok(json!([variation(31, 21, "HAT-M")])),
        _ => Reply::Html(500),
    })
    .await;
    let which: Vec<(Sku, RemoteId)> =
        [("S1", remote_simple(1)), ("CAP-L", remote_variation(20, 30)), ("HAT-L", remote_variation(21, 31))]
            .map(|(sku, remote)| (Sku::new(sku).unwrap(), remote))
            .to_vec();
    let Observed { listings, unreadable } = store.observe(&which).await.unwrap();
    assert_eq!(remotes(&listings), [remote_simple(1), remote_variation(21, 31)]);
    assert_eq!(unreadable.iter().map(|(product, _)| product.as_str()).collect::<Vec<_>>(), ["20"]);
}

#[tokio::test]
async fn a_full_answer_by_sku_is_one_call() {
    let (fake, store) = shop(|_| ok(Value::Array((1..=100).map(simple).collect()))).await;
    let which: Vec<_> = (1..=100).map(|id| (Sku::new(&format!("S{id}")).unwrap(), remote_simple(id))).collect();
    assert_eq!(store.observe(&which).await.unwrap().listings.len(), 100);
    assert_eq!(fake.calls().len(), 1);
    assert!(store.observe(&[]).await.unwrap().listings.is_empty());
    assert_eq!(fake.calls().len(), 1);
}

/// Orders 1, 2, 3, … changed at `second(id)`; answered as WooCommerce would, 100 per page.
fn orders(seen: &Seen, all: u64, second: impl Fn(u64) -> i64) -> Reply {
    let start = Utc.with_ymd_and_hms(2026, 11, 18, 10, 0, 0).unwrap();
    let text = |id: u64| (start + TimeDelta::seconds(second(id))).format("%Y-%m-%dT%H:%M:%S").to_string();
    let after = seen.query("modified_after").or(seen.query("after")).unwrap_or_default().to_owned();
    let found: Vec<Value> = (1..=all)
        .filter(|id| text(*id) > after)
        .map(
            |id| json!({"id": id, "status": "processing", "date_created_gmt": text(id), "date_modified_gmt": text(id)}),
        )
        .collect();
    let page: usize = seen.query("page").unwrap_or("1").parse().unwrap();
    let total = found.len() as u64;
    Reply::Page(found.into_iter().skip((page - 1) * 100).take(100).collect(), total)
}

fn bounds(seen: &[Seen], name: &str) -> Vec<(String, String)> {
    let pair = |seen: &Seen| {
        (seen.query(name).unwrap_or_default().to_owned(), seen.query("page").unwrap_or_default().to_owned())
    };
    seen.iter().map(pair).collect()
}

#[tokio::test]
async fn changed_orders_are_read_by_date() {
    let (fake, store) = shop(|seen| match seen.query("include") {
        Some("4000,4001") => ok(json!([{"id": 4000, "date_created_gmt": "2026-01-01T00:00:00"}])),
        _ => orders(seen, 250, |id| id.try_into().unwrap()),
    })
    .await;
    let since = Utc.with_ymd_and_hms(2026, 11, 18, 10, 0, 1).unwrap();
    let also = vec!["4000".to_owned(), "4001".to_owned(), "x".to_owned()];
    let page = store.orders(&OrderQuery::Changed { since, also }).await.unwrap();
    let ids: Vec<&str> = page.orders.iter().map(|order| order.order.as_str()).collect();
    assert_eq!(ids.len(), 251);
    assert_eq!((ids[0], ids[1], ids[250]), ("4000", "1", "250"));
    assert_eq!(page.store_time, Some(Utc.with_ymd_and_hms(2026, 11, 20, 10, 0, 0).unwrap()));
    let bound = |time: &str| (format!("2026-11-18T10:{time}"), "1".to_owned());
    assert_eq!(bounds(&fake.seen()[..3], "modified_after"), [bound("00:00"), bound("01:39"), bound("03:18")]);
    let asked = &fake.seen()[0];
    assert_eq!((asked.query("dates_are_gmt"), asked.query("orderby")), (Some("true"), Some("modified")));
}

#[tokio::test]
async fn a_bulk_change_within_one_second_is_read_by_page() {
    let (fake, store) = shop(|seen| orders(seen, 250, |_| 5)).await;
    let since = Utc.with_ymd_and_hms(2026, 11, 18, 10, 0, 5).unwrap();
    let page = store.orders(&OrderQuery::Changed { since, also: vec![] }).await.unwrap();
    assert_eq!(page.orders.len(), 250);
    let on = |page: &str| ("2026-11-18T10:00:04".to_owned(), page.to_owned());
    assert_eq!(bounds(&fake.seen(), "modified_after"), [on("1"), on("2"), on("3")]);
}

#[tokio::test]
async fn open_orders_are_read_by_creation() {
    let (fake, store) = shop(|seen| orders(seen, 150, |id| id.try_into().unwrap())).await;
    assert_eq!(store.orders(&OrderQuery::Open).await.unwrap().orders.len(), 150);
    let seen = fake.seen();
    assert_eq!(seen[0].query("status"), Some("pending,on-hold,processing,failed"));
    let text = |text: &str| text.to_owned();
    assert_eq!(bounds(&seen, "after"), [(text(""), text("1")), (text("2026-11-18T10:01:39"), text("1"))]);
}

#[tokio::test]
async fn a_status_that_a_plugin_removed_is_left_out() {
    let (fake, store) = shop(|seen| match seen.query("status") {
        Some("processing" | "pending" | "failed") => orders(seen, 1, |_| 0),
        _ => Reply::Json(400, json!({"code": "rest_invalid_param", "message": "Invalid parameter(s): status"})),
    })
    .await;
    assert_eq!(store.orders(&OrderQuery::Open).await.unwrap().orders.len(), 1);
    assert_eq!(fake.calls().len(), 5);
}

/// By page number, order 101 would have moved to the first page, unseen.
#[tokio::test]
async fn an_order_changed_meanwhile_hides_no_other() {
    let calls = AtomicU64::new(0);
    let (_, store) = shop(move |seen| {
        let first_has_changed = calls.fetch_add(1, Ordering::Relaxed) > 0;
        orders(seen, 150, move |id| if id == 1 && first_has_changed { 1_000 } else { id.try_into().unwrap() })
    })
    .await;
    let since = Utc.with_ymd_and_hms(2026, 11, 18, 10, 0, 0).unwrap();
    let page = store.orders(&OrderQuery::Changed { since, also: vec![] }).await.unwrap();
    assert_eq!(page.orders.len(), 150);
    let last = page.orders.last().unwrap();
    assert_eq!((last.order.as_str(), last.modified), ("1", since + TimeDelta::seconds(1_000)));
}
