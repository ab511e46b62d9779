//! Orders, their stock and their refunds.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Site, item};
use crate::lab::{LabShop as _, ShopRefusal};

fn share(order: &Value) -> Option<&str> {
    let meta = order["line_items"][0]["meta_data"].as_array().unwrap();
    meta.iter().find(|meta| meta["key"] == "_reduced_stock").map(|meta| meta["value"].as_str().unwrap())
}

fn order_of(product: u64, quantity: i64, status: &str) -> Value {
    json!({"status": status, "line_items": [{"product_id": product, "quantity": quantity}]})
}

#[tokio::test]
async fn an_order_takes_and_gives_back() {
    let site = Site::open().await;
    let id = site.product("A", "10.00", 10).await;
    let created = site.post("/orders", order_of(id, 3, "processing")).await;
    assert_eq!((created.status, share(&created.body)), (201, Some("3")));
    let line = &created.body["line_items"][0];
    assert_eq!((&line["sku"], &line["price"], &line["variation_id"]), (&json!("A"), &json!(10), &json!(0)));
    assert_eq!(created.body["total"], "30.00");
    let path = format!("/orders/{}", created.body["id"]);
    for (status, stock, expected) in [
        ("completed", 7, Some("3")),
        ("cancelled", 10, None),
        ("failed", 10, None),
        ("on-hold", 7, Some("3")),
        ("pending", 10, None),
        ("processing", 7, Some("3")),
    ] {
        let order = site.put(&path, json!({"status": status})).await.body;
        assert_eq!((site.stock(id).await, share(&order)), (stock, expected), "{status}");
    }
    assert_eq!(site.face.sold(), [("A".to_owned(), 3)].into());
    assert_eq!(site.delete(&format!("{path}?force=True")).await.status, 200);
    assert_eq!(site.get(&path).await.code(), (404, "woocommerce_rest_shop_order_invalid_id"));
    assert_eq!((site.stock(id).await, site.face.sold()["A"]), (7, 3));
}

#[tokio::test]
async fn pending_and_unmanaged_take_nothing() {
    let site = Site::open().await;
    let id = site.product("A", "10.00", 10).await;
    let pending = site.post("/orders", json!({"line_items": [{"sku": "a", "quantity": 2}]})).await.body;
    assert_eq!((pending["status"].as_str(), share(&pending)), (Some("pending"), None));
    assert_eq!(site.stock(id).await, 10);
    site.put(&format!("/products/{id}"), json!({"manage_stock": false})).await;
    let order = site.post("/orders", order_of(id, 2, "processing")).await.body;
    assert_eq!(share(&order), None);
    let paid = site.put(&format!("/orders/{}", pending["id"]), json!({"set_paid": true})).await.body;
    assert_eq!(paid["status"], "processing");
    assert_eq!(site.post("/orders", json!({"status": "eaten"})).await.code(), (400, "rest_invalid_param"));
    let bare = site.post("/orders", json!({"line_items": [{"quantity": 1}]})).await;
    assert_eq!(bare.code(), (400, "woocommerce_rest_required_product_reference"));
}

#[tokio::test]
async fn refunds_restock_when_told() {
    let site = Site::open().await;
    let id = site.product("A", "10.00", 10).await;
    let order = site.post("/orders", order_of(id, 4, "processing")).await.body;
    let (path, line) = (format!("/orders/{}", order["id"]), order["line_items"][0]["id"].clone());
    let refunds = format!("{path}/refunds");
    let part = |units: i64| json!([{"id": line, "quantity": units, "refund_total": 10 * units}]);
    let made = site.post(&refunds, json!({"api_refund": false, "line_items": part(1)})).await;
    assert_eq!((made.status, &made.body["amount"]), (201, &json!("10.00")));
    assert_eq!(
        (&made.body["line_items"][0]["quantity"], &made.body["line_items"][0]["total"]),
        (&json!(-1), &json!("-10.00"))
    );
    assert_eq!((site.stock(id).await, share(&site.get(&path).await.body)), (7, Some("3")));

    let keyed = json!({ line.to_string(): {"qty": 1, "refund_total": "10.00"} });
    let kept = json!({"api_refund": false, "api_restock": false, "amount": "10.00", "line_items": keyed});
    assert_eq!(site.post(&refunds, kept).await.status, 201);
    assert_eq!((site.stock(id).await, share(&site.get(&path).await.body)), (7, Some("3")));

    let too_much = site.post(&refunds, json!({"api_refund": false, "amount": "20.01"})).await;
    assert_eq!(too_much.code(), (500, "woocommerce_rest_cannot_create_order_refund"));
    assert_eq!(site.post(&refunds, json!({"amount": "1"})).await.status, 500);
    let rest = json!({"api_refund": false, "line_items": part(2)});
    assert_eq!(site.post(&refunds, rest).await.status, 201);
    let order = site.get(&path).await.body;
    assert_eq!((&order["status"], share(&order)), (&json!("refunded"), Some("1")));
    assert_eq!(site.stock(id).await, 9);
    let totals: Vec<&str> =
        order["refunds"].as_array().unwrap().iter().map(|of| of["total"].as_str().unwrap()).collect();
    assert_eq!(totals, ["-20.00", "-10.00", "-10.00"]);
    assert_eq!(site.get(&refunds).await.ids().len(), 3);
    assert_eq!(site.face.sold()["A"], 1);
}

#[tokio::test]
async fn stock_and_shares_add_up_whatever_happens() {
    let site = Site::open().await;
    let id = site.product("A", "10.00", 50).await;
    let first = site.face.sell("A", 5).unwrap();
    let second = site.face.sell("A", 7).unwrap();
    let third = site.face.sell("A", 1).unwrap();
    site.face.refund(&first.order, 2, true).unwrap();
    site.face.refund(&second.order, 3, false).unwrap();
    assert_eq!(site.face.refund(&first.order, 4, true), Err(ShopRefusal::OutOfStock(3)));
    assert_eq!(site.face.cancel(&first.order).unwrap().quantity, 3);
    assert_eq!(site.face.cancel(&first.order), Err(ShopRefusal::UnknownOrder));
    assert_eq!(site.face.cancel("x"), Err(ShopRefusal::UnknownOrder));
    let line = site.get(&format!("/orders/{}", third.order)).await.body["line_items"][0]["id"].clone();
    let more = json!({"line_items": [{"id": line, "quantity": 4}]});
    assert_eq!(share(&site.put(&format!("/orders/{}", third.order), more).await.body), Some("4"));
    let orders = site.get("/orders?per_page=100").await.body;
    let taken: i64 =
        orders.as_array().unwrap().iter().filter_map(share).map(|units| units.parse::<i64>().unwrap()).sum();
    assert_eq!((site.stock(id).await, taken), (39, 11));
    assert_eq!(site.face.sold()["A"], 11);
    assert_eq!(site.face.sell("A", 40), Err(ShopRefusal::OutOfStock(39)));
    assert_eq!(site.face.sell("B", 1), Err(ShopRefusal::UnknownSku));
}

#[tokio::test]
async fn in_flight_an_order_shows_before_its_stock() {
    let site = Site::open().await;
    let id = site.product("A", "10.00", 10).await;
    let gap = Duration::from_millis(1_000);
    site.face.set_order_gap(gap);
    let sale = site.face.sell("A", 4).unwrap();
    let path = format!("/orders/{}", sale.order);
    let look = async || {
        let order = site.get(&path).await.body;
        (order["status"].as_str().unwrap().to_owned(), share(&order).map(str::to_owned), site.stock(id).await)
    };
    let seen = |status: &str, share: Option<&str>, stock: i64| (status.to_owned(), share.map(str::to_owned), stock);
    assert_eq!(look().await, seen("processing", None, 10));
    // What is in flight is not sold again.
    assert_eq!(site.face.sell("A", 7), Err(ShopRefusal::OutOfStock(6)));
    tokio::time::sleep(gap * 5 / 8).await;
    assert_eq!(look().await, seen("processing", None, 6));
    tokio::time::sleep(gap).await;
    assert_eq!(look().await, seen("processing", Some("4"), 6));

    site.face.cancel(&sale.order).unwrap();
    assert_eq!(look().await, seen("cancelled", Some("4"), 6));
    tokio::time::sleep(gap * 5 / 8).await;
    assert_eq!(look().await, seen("cancelled", Some("4"), 10));
    tokio::time::sleep(gap).await;
    assert_eq!(look().await, seen("cancelled", None, 10));

    // Over the API the answer comes when all is done.
    let order = site.post("/orders", order_of(id, 1, "processing")).await.body;
    assert_eq!((share(&order), site.stock(id).await), (Some("1"), 9));
}

#[tokio::test]
async fn a_set_between_read_and_sale_loses_the_sale() {
    let site = Site::open().await;
    let id = site.product("A", "1", 10).await;
    let read = site.stock(id).await;
    site.face.sell("A", 2).unwrap();
    site.put(&format!("/products/{id}"), json!({"stock_quantity": read + 5})).await;
    assert_eq!((site.stock(id).await, site.face.sold()["A"]), (15, 2));
}

#[tokio::test]
async fn sweeps_find_what_changed() {
    let site = Site::open().await;
    let id = site.product("A", "1", 10).await;
    let first = site.face.sell("A", 1).unwrap();
    let second = site.face.sell("A", 1).unwrap();
    let shown = site.get(&format!("/orders/{}", first.order)).await.body;
    let gmt = shown["date_modified_gmt"].as_str().unwrap();
    assert_eq!(gmt.len(), "2026-01-01T00:00:00".len());
    assert_ne!(shown["date_modified"], gmt, "the site has a zone of its own");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    site.face.cancel(&first.order).unwrap();
    let sweep = async |since: &str| {
        let path = format!("/orders?modified_after={since}&dates_are_gmt=true&orderby=modified&order=asc");
        site.get(&path).await.ids()
    };
    let first: u64 = first.order.parse().unwrap();
    let second: u64 = second.order.parse().unwrap();
    // Strictly after: what changed within that very second is left out.
    assert_eq!(sweep(gmt).await.last(), Some(&first));
    assert_eq!(sweep("2020-01-01T00:00:00").await, [second, first]);
    let by_status = site.get("/orders?status=processing,on-hold&_fields=id,status").await;
    assert_eq!(by_status.body, json!([{"id": second, "status": "processing"}]));
    assert_eq!(site.get("/orders?status=eaten").await.code(), (400, "rest_invalid_param"));
    let products = site.get(&format!("/products?modified_after={gmt}&dates_are_gmt=true&_fields=id")).await;
    assert_eq!(products.ids(), [id]);
}

#[tokio::test]
async fn staff_edit_variations_too() {
    let site = Site::open().await;
    site.face.seed(&[item("S-1", &[("Size", "S")], 3), item("S-2", &[("Size", "M")], 4)]);
    site.face.set_stock("S-1", 9).unwrap();
    site.face.set_price("S-2", "25.50").unwrap();
    let sale = site.face.sell("S-1", 2).unwrap();
    let shelf = site.face.shelf();
    assert_eq!((shelf["S-1"].stock, shelf["S-2"].price.as_str()), (7, "25.50"));
    let line = site.get(&format!("/orders/{}", sale.order)).await.body["line_items"][0].clone();
    assert_eq!((&line["sku"], &line["quantity"]), (&json!("S-1"), &json!(2)));
    assert_ne!((&line["variation_id"], &line["product_id"]), (&json!(0), &line["variation_id"]));
    assert_eq!(site.face.set_stock("none", 1), Err(ShopRefusal::UnknownSku));
    assert_eq!(site.face.set_sku("S-1", "s-2"), Err(ShopRefusal::SkuTaken));
    assert_eq!(site.face.set_sku("none", "S-3"), Err(ShopRefusal::UnknownSku));
    site.face.set_sku("S-1", "S-3").unwrap();
    assert_eq!(site.face.shelf()["S-3"].stock, 7);
    site.face.set_sku("S-3", "").unwrap();
    assert_eq!(site.face.shelf().into_keys().collect::<Vec<_>>(), ["S-2"]);
}
