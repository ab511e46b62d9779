//! The configuration is changed under an existing ledger: what another shop, pool or column shows is nobody's movement.

use shelfd::db::{DeadLetter, SHEET, Want};
use shelfd::lab::catalog::KeyStyle;

use crate::bed::{Bed, few, quick};

/// A bed whose sheet has more stock columns than the configuration names.
async fn bed_with(headers: &[(&str, &str)]) -> Bed {
    let rename = |world: &shelfd::lab::world::World| {
        for (from, to) in headers {
            world.google().rename_header("Products", from, to).unwrap();
        }
    };
    let configure = |text: String| text.replace(", [\"Option3 Name\", \"Option3 Value\"]", "");
    Bed::start_as(few(), KeyStyle::Sku, quick(), rename, configure).await
}

fn type_into(bed: &Bed, header: &str, numbers: [i64; 5]) {
    for (sku, number) in ["MUG", "BAG", "PEN", "SHIRT-S", "SHIRT-L"].iter().zip(numbers) {
        bed.edit(sku, header, &number.to_string());
    }
}

fn on_sale(bed: &Bed, sku: &str) -> [i64; 2] {
    bed.shops().map(|(_, shop)| shop.shelf()[sku].stock)
}

fn number(bed: &Bed, sku: &str, header: &str) -> i64 {
    bed.cell(sku, header).as_f64().unwrap_or_default() as i64
}

/// Sync until nothing is left, without trouble.
async fn settle(bed: &Bed) {
    let report = bed.sync().await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(bed.sync().await.written(), 0, "a second sync writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_sells_from_another_pool_for_a_while() {
    let mut bed = bed_with(&[("Option3 Name", "North")]).await;
    type_into(&bed, "North", [2; 5]);
    let pools = |text: String| text.replace("stock = \"Stock\"", "stock = { main = \"Stock\", north = \"North\" }");
    bed.restart(pools).await;
    settle(&bed).await;
    let north = |text: String| text.replace("name = \"woo-lab\"", "name = \"woo-lab\"\npool = \"north\"");
    let main = |text: String| text.replace("\npool = \"north\"", "");
    let shown = |bed: &Bed| (number(bed, "MUG", "Stock"), number(bed, "MUG", "North"), on_sale(bed, "MUG"));
    assert_eq!(shown(&bed), (10, 2, [10, 10]));

    bed.restart(north).await;
    settle(&bed).await;
    assert_eq!(shown(&bed), (10, 2, [10, 2]), "the shop has what the other pool has");
    bed.shop("woo-lab").sell("MUG", 1).unwrap();
    bed.shop("shopify-lab").sell("MUG", 3).unwrap();
    settle(&bed).await;
    assert_eq!(shown(&bed), (7, 1, [7, 1]));

    bed.restart(main).await;
    settle(&bed).await;
    assert_eq!(shown(&bed), (7, 1, [7, 7]));
    bed.shop("woo-lab").sell("MUG", 2).unwrap();
    settle(&bed).await;
    assert_eq!(shown(&bed), (5, 1, [5, 5]), "and its sales count again");
    bed.assert_agree();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_column_becomes_counters_and_back() {
    let mut bed = bed_with(&[("Option3 Name", "Stock in"), ("Option3 Value", "Sold")]).await;
    settle(&bed).await;
    bed.shop("woo-lab").sell("MUG", 2).unwrap();
    settle(&bed).await;
    assert_eq!(number(&bed, "MUG", "Stock"), 8);

    // What came in and what was sold, written down by people: they agree with the stock, but where nothing is said.
    type_into(&bed, "Stock in", [100, 5, 100, 7, 3]);
    bed.edit("MUG", "Sold", "92");
    bed.edit("BAG", "Stock in", "50");
    let preview = bed.preview(|text| text.replace("stock = \"Stock\"", "stock = \"Stock in\"\nsold = \"Sold\"")).await;
    assert_eq!(preview.changes, [], "a plan says what will be, and leaves the ledger as it is");
    bed.restart(|text| text + "\n").await;
    settle(&bed).await;
    let counters = |bed: &Bed, sku: &str| (number(bed, sku, "Stock in"), number(bed, sku, "Sold"), on_sale(bed, sku));
    assert_eq!(counters(&bed, "MUG"), (100, 92, [8, 8]));
    assert_eq!(counters(&bed, "BAG"), (50, 45, [5, 5]), "the stock stays, and the counter says so");
    bed.shop("shopify-lab").sell("MUG", 1).unwrap();
    bed.edit("BAG", "Stock in", "60");
    settle(&bed).await;
    assert_eq!((counters(&bed, "MUG"), counters(&bed, "BAG")), ((100, 93, [7, 7]), (60, 45, [15, 15])));

    bed.restart(|text| text.replace("stock = \"Stock in\"\nsold = \"Sold\"", "stock = \"Stock\"")).await;
    settle(&bed).await;
    assert_eq!((number(&bed, "MUG", "Stock"), number(&bed, "BAG", "Stock")), (7, 15), "the old column catches up");
    assert_eq!(number(&bed, "MUG", "Stock in"), 100, "and the other is left alone");
    bed.assert_agree();
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_is_found_at_another_address() {
    // Another shop with the same goods, and other stock.
    let mut goods = few();
    goods.iter_mut().for_each(|item| item.stock = 1);
    let other = Bed::start(goods).await;
    settle(&other).await;
    other.shop("woo-lab").sell("BAG", 1).unwrap();
    let mut bed = Bed::start(few()).await;
    settle(&bed).await;
    let [from, to] = [&bed, &other].map(|bed| bed.world.describe().woocommerce.url);
    for secret in ["woo-consumer-key", "woo-consumer-secret", "woo-webhook-secret"] {
        std::fs::copy(other.dir().join(secret), bed.dir().join(secret)).unwrap();
    }

    bed.restart(|text| text.replace(&from, &to)).await;
    settle(&bed).await;
    for (sku, units) in [("MUG", 10), ("BAG", 5), ("PEN", 100), ("SHIRT-S", 7), ("SHIRT-L", 3)] {
        let shopify = bed.shop("shopify-lab").shelf()[sku].stock;
        let woo = other.shop("woo-lab").shelf()[sku].stock;
        assert_eq!((number(&bed, sku, "Stock"), shopify, woo), (units, units, units), "{sku}");
    }
    // Its sales count, and orders that were there before do not.
    other.shop("woo-lab").sell("MUG", 4).unwrap();
    settle(&bed).await;
    assert_eq!((number(&bed, "MUG", "Stock"), bed.shop("shopify-lab").shelf()["MUG"].stock), (6, 6));
    assert_eq!(number(&bed, "BAG", "Stock"), 5);
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_shop_leaves_the_rows() {
    let mut bed = Bed::start(few()).await;
    settle(&bed).await;
    let at = shelfd::clock::now();
    let text = str::to_owned;
    let letter = DeadLetter {
        id: 0,
        endpoint: text("woo-lab"),
        sku: text("PEN"),
        what: text("content"),
        code: text("refused"),
        reason: text("no"),
        row_hash: text("h"),
        attempts: 1,
        at,
    };
    bed.engine.ledger.bury(&letter).await.unwrap();
    bed.engine.ledger.hint(SHEET, &[(text("PEN"), Want::CONTENT, at)]).await.unwrap();
    bed.sync().await;
    assert_eq!(bed.cell("PEN", "Sync status"), "Refused: woo-lab: no");

    bed.restart(|text| {
        let shops: Vec<&str> = text.split("[[shops]]").collect();
        shops.into_iter().filter(|shop| !shop.contains("woo-lab")).collect::<Vec<_>>().join("[[shops]]")
    })
    .await;
    settle(&bed).await;
    assert_eq!((bed.cell("PEN", "Sync status"), bed.cell("PEN", "Sync error")), ("Synced".into(), "".into()));
}
