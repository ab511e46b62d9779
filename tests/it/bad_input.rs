//! Bad input: nothing wrong is written anywhere, the row says why, all other rows go on.

use crate::bed::{Bed, few};

/// Spoil one thing, sync, and look: the row's status, and that everything else still agrees.
async fn check(spoil: impl Fn(&Bed), sku: &str, status: &str) -> Bed {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    let before: Vec<_> = bed.shops().map(|(_, shop)| shop.shelf()[sku].clone()).into();
    spoil(&bed);
    bed.edit("PEN", "Price", "2.20");
    bed.sync().await;
    assert_eq!(bed.cell(sku, "Sync status"), status);
    for ((name, shop), before) in bed.shops().into_iter().zip(before) {
        assert_eq!(shop.shelf()[sku], before, "{name}: {sku} must be untouched");
        assert_eq!(shop.shelf()["PEN"].price.parse::<f64>(), Ok(2.2), "{name}: other rows go on");
    }
    bed
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_price() {
    check(|bed| bed.edit("MUG", "Price", "12,5O"), "MUG", "Refused: price \"12,5O\" is not a number").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_negative_price() {
    check(|bed| bed.edit("MUG", "Price", "-3"), "MUG", "Refused: price -3 is negative").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_formula_error() {
    check(|bed| bed.edit("MUG", "Price", "=1/0"), "MUG", "Refused: price shows the formula error #DIV/0!").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_stock() {
    check(|bed| bed.edit("MUG", "Stock", "ten"), "MUG", "Refused: stock \"ten\" is not a number").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_became_a_date() {
    check(|bed| bed.edit("MUG", "Price", "5/12/2026"), "MUG", "Refused: price \"5/12/2026\" is not a number").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stock_that_became_a_date() {
    check(|bed| bed.edit("MUG", "Stock", "5/12/2026"), "MUG", "Refused: stock \"5/12/2026\" is not a number").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blank_cells_erase_nothing() {
    let spoil = |bed: &Bed| {
        for header in ["Price", "Stock", "Title"] {
            bed.edit("MUG", header, "");
        }
    };
    check(spoil, "MUG", "Synced").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_keys_are_quarantined_all_of_them() {
    let spoil = |bed: &Bed| {
        bed.edit("BAG", "Price", "99");
        bed.edit("MUG", "Price", "98");
        bed.edit("BAG", "SKU", "MUG");
    };
    let bed = check(spoil, "MUG", "Refused: key \"MUG\" is also in row 2").await;
    let statuses: Vec<_> =
        bed.world.google().grid("Products").unwrap()[1..3].iter().map(|row| row[11].clone()).collect();
    assert_eq!(statuses, ["Refused: key \"MUG\" is also in row 3", "Refused: key \"MUG\" is also in row 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_key() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    bed.edit("BAG", "Price", "99");
    bed.edit("BAG", "SKU", "");
    bed.edit("PEN", "Price", "2.20");
    bed.sync().await;
    assert_eq!(bed.cell("", "Sync status"), "Refused: no key: \"SKU\" is blank");
    for (name, shop) in bed.shops() {
        assert_eq!(shop.shelf()["BAG"].price.parse::<f64>(), Ok(30.0), "{name}");
        assert_eq!(shop.shelf()["PEN"].price.parse::<f64>(), Ok(2.2), "{name}");
    }
    // Mended, it goes on as before.
    bed.world.google().edit("Products", 3, "SKU", "BAG").unwrap();
    bed.sync().await;
    bed.assert_agree();
    assert_eq!(bed.cell("BAG", "Sync status"), "Synced");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_header_stops_the_tab_with_words() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    bed.world.google().rename_header("Products", "Price", "Preis").unwrap();
    bed.edit("MUG", "Preis", "1");
    let writes = bed.writes();
    bed.sync().await;
    let (tabs, _) = bed.engine.sheet_problems();
    assert_eq!(tabs.len(), 1, "{tabs:?}");
    assert!(tabs[0].starts_with("tab \"Products\": no column is called \"Price\"; the first row has: "), "{tabs:?}");
    assert_eq!(bed.writes(), writes, "nothing was written");
    bed.world.google().rename_header("Products", "Preis", "Price").unwrap();
    bed.sync().await;
    bed.assert_agree();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_sheet_stops_everything() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    bed.shop("woo-lab").sell("MUG", 1).unwrap();
    bed.world.google().clear_rows("Products").unwrap();
    let writes = bed.writes();
    let stopped = bed.engine.sync_once(&|_| {}).await.unwrap_err();
    assert!(stopped.to_string().contains("the sheet is empty, though 5 rows were in it"), "{stopped}");
    assert!(bed.engine.halted().is_some());
    for shop in &bed.engine.shops {
        bed.engine.shop_pass(shop, "test").await.unwrap();
    }
    assert_eq!(bed.writes(), writes, "nothing was written");
    for (name, shop) in bed.shops() {
        assert_eq!(shop.shelf().len(), 5, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_move_between_read_and_write() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    bed.shop("woo-lab").sell("MUG", 1).unwrap();
    // The ledger still knows the old places when the sale is written.
    let woo = bed.engine.shops.iter().find(|shop| shop.name() == "woo-lab").unwrap();
    bed.engine.ledger.hint_everything("woo-lab", shelfd::clock::now()).await.unwrap();
    bed.engine.shop_pass(woo, "test").await.unwrap();
    bed.world.google().sort("Products", "Price", false).unwrap();
    bed.engine.flush_sheet("test").await.unwrap();
    assert_eq!(bed.cell("MUG", "Stock"), 9);
    let others: Vec<_> = ["BAG", "PEN", "SHIRT-S", "SHIRT-L"].map(|sku| bed.cell(sku, "Stock")).into();
    assert_eq!(others, [5, 100, 7, 3]);
    bed.sync().await;
    bed.assert_agree();
    bed.assert_clean(0).await;
}
