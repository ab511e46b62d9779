//! Rows and listings as nobody means them: twice, under each other's SKU, made anew, with a formula.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bed::{Bed, few};

/// Copy the row of a SKU to the place before `before`.
fn copy(bed: &Bed, sku: &str, before: u32) {
    let grid = bed.world.google().grid("Products").unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = &grid[bed.row_of(sku) as usize - 1];
    let is_theirs = |header: &String| !header.starts_with("Sync") && header != "Last sync";
    let cells: Vec<(String, String)> = grid[0]
        .iter()
        .map(text)
        .zip(row.iter().map(text))
        .filter(|(header, cell)| is_theirs(header) && !cell.is_empty() && cell != "null")
        .collect();
    bed.world.google().insert_row("Products", before, &cells).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_under_a_row_that_stands_twice_waits_until_it_stands_once() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    // The original stands where it was, in a tab of more than a thousand rows: the writer looks no further.
    let original = bed.row_of("PEN");
    copy(&bed, "PEN", 7);
    for _ in 0..1_000 {
        bed.world.google().insert_row("Products", 8, &[]).unwrap();
    }
    bed.sync().await;
    // The words about the first sale's row go into both rows, so that the writer sees both; of the second one it sees one.
    for units in [2, 4] {
        bed.shop("woo-lab").sell("PEN", units).unwrap();
        bed.sync().await;
        assert_eq!(bed.cell("PEN", "Stock"), 100, "nobody can tell which one is meant");
    }
    // The original goes, the copy stays; it shows what the original showed.
    bed.world.google().delete_row("Products", original).unwrap();
    for _ in 0..3 {
        bed.sync().await;
    }
    assert_eq!(bed.cell("PEN", "Stock"), 94);
    assert_eq!(bed.cell("PEN", "Sync error"), "", "it is not twice any more");
    bed.assert_agree();
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_says_that_its_stock_is_a_formula() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    bed.edit("PEN", "Stock", "=60+40");
    bed.shop("woo-lab").sell("PEN", 6).unwrap();
    for _ in 0..3 {
        bed.sync().await;
    }
    assert_eq!(bed.cell("PEN", "Stock"), 100);
    let words = bed.cell("PEN", "Sync error").to_string();
    assert!(words.contains(r#"column \"Stock\" holds a formula"#), "{words}");
    assert_eq!(bed.shop("shopify-lab").shelf()["PEN"].stock, 94, "the shops go on");
    bed.edit("PEN", "Stock", "100");
    for _ in 0..3 {
        bed.sync().await;
    }
    assert_eq!((bed.cell("PEN", "Stock"), bed.cell("PEN", "Sync error")), (94.into(), "".into()));
    bed.assert_agree();
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_rows_sku_on_a_listing_is_put_back() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    let shop = bed.shop("shopify-lab");
    // For a while the shop lists PEN twice and BAG not at all; 3 of what shows PEN, but is the bag, are sold.
    shop.set_sku("BAG", "PEN").unwrap();
    bed.sync().await;
    bed.sync().await;
    let shelf = shop.shelf();
    assert_eq!((shelf["BAG"].stock, shelf["PEN"].stock), (5, 100));
    assert_eq!(shelf.len(), 5, "nothing was made a second time");
    bed.assert_agree();
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_skus_that_staff_swap_are_swapped_back() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    let shop = bed.shop("shopify-lab");
    for (from, to) in [("BAG", "interim"), ("PEN", "BAG"), ("interim", "PEN")] {
        shop.set_sku(from, to).unwrap();
    }
    bed.sync().await;
    bed.sync().await;
    assert_eq!((bed.cell("BAG", "Stock"), bed.cell("PEN", "Stock")), (5.into(), 100.into()), "pools are not swapped");
    bed.assert_agree();
    bed.assert_clean(0).await;
}

/// A call to WooCommerce by somebody else; `path` follows `wc/v3`.
#[expect(clippy::disallowed_methods, reason = "staff do not come through a store's client")]
pub async fn by_staff(bed: &Bed, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
    let woo = bed.world.describe().woocommerce;
    let url = format!("{}/wp-json/wc/v3{path}", woo.url.trim_end_matches('/'));
    let request = reqwest::Client::new().request(method, url).basic_auth(&woo.consumer_key, Some(&woo.consumer_secret));
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    };
    let sent = request.header("x-forwarded-proto", "https").send().await.unwrap();
    let status = sent.status();
    let text = sent.text().await.unwrap();
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// Staff delete a product in WooCommerce for good and make it anew with its SKU and another stock.
async fn make_anew(bed: &Bed, sku: &str, stock: i64) {
    let found = by_staff(bed, Method::GET, &format!("/products?sku={sku}"), None).await;
    let id = found[0]["id"].as_i64().unwrap();
    by_staff(bed, Method::DELETE, &format!("/products/{id}?force=true"), None).await;
    let body = json!({
        "name": found[0]["name"], "sku": sku, "regular_price": found[0]["regular_price"], "type": "simple",
        "manage_stock": true, "stock_quantity": stock,
    });
    let made = by_staff(bed, Method::POST, "/products", Some(body)).await;
    assert_ne!(made["id"].as_i64().unwrap(), id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_is_made_anew_is_met_for_the_first_time() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    for stock in [0, 130] {
        make_anew(&bed, "PEN", stock).await;
        for _ in 0..3 {
            bed.sync().await;
        }
        assert_eq!(bed.cell("PEN", "Stock"), 100, "what the new one starts with is nobody's movement");
        bed.assert_agree();
    }
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_of_a_product_that_is_deleted_before_anybody_looked_is_counted() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    bed.shop("woo-lab").sell("PEN", 6).unwrap();
    make_anew(&bed, "PEN", 30).await;
    for _ in 0..3 {
        bed.sync().await;
    }
    assert_eq!(bed.cell("PEN", "Stock"), 94, "its order says so");
    bed.assert_agree();
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_looks_like_a_listing_of_the_shop_is_not_made_beside_it() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    let body =
        json!({ "name": "Cup", "sku": "00123", "regular_price": "4", "manage_stock": true, "stock_quantity": 2 });
    let theirs = by_staff(&bed, Method::POST, "/products", Some(body)).await;
    let cells = [("SKU", "123"), ("Title", "Cup"), ("Price", "4"), ("Stock", "5")];
    let cells = cells.map(|(header, typed)| (header.to_owned(), typed.to_owned()));
    bed.world.google().insert_row("Products", 3, &cells).unwrap();
    for _ in 0..2 {
        bed.sync().await;
    }
    let words = bed.cell("123", "Sync error").to_string();
    assert!(words.contains(r#"the shop lists \"00123\", which looks like this one"#), "{words}");
    assert!(!bed.shop("woo-lab").shelf().contains_key("123"), "their sales would never be seen");
    assert_eq!(bed.shop("shopify-lab").shelf()["123"].stock, 5);
    by_staff(&bed, Method::DELETE, &format!("/products/{}?force=true", theirs["id"]), None).await;
    for _ in 0..3 {
        bed.sync().await;
    }
    assert_eq!(bed.shop("woo-lab").shelf()["123"].stock, 5);
    assert_eq!(bed.cell("123", "Sync error"), "");
    bed.assert_clean(0).await;
}
