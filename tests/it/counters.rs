//! Counter columns: people write what came in, shelfd what was sold, and what is left is a formula.

use shelfd::lab::catalog::KeyStyle;

use crate::bed::{Bed, few, quick};

/// A sheet with `Stock in`, `Sold` and, as a formula, `Available`.
async fn bed_with_counters() -> Bed {
    let bed = Bed::start_as(
        few(),
        KeyStyle::Sku,
        quick(),
        |world| {
            for (from, to) in [("Stock", "Stock in"), ("Option3 Name", "Sold"), ("Option3 Value", "Available")] {
                world.google().rename_header("Products", from, to).unwrap();
            }
        },
        |text| {
            text.replace("stock = \"Stock\"", "stock = \"Stock in\"\nsold = \"Sold\"")
                .replace(", [\"Option3 Name\", \"Option3 Value\"]", "")
        },
    )
    .await;
    for row in 2..=6 {
        bed.world.google().edit("Products", row, "Available", &format!("=K{row}-G{row}")).unwrap();
    }
    bed
}

fn shown(bed: &Bed, sku: &str) -> [i64; 3] {
    ["Stock in", "Sold", "Available"].map(|header| bed.cell(sku, header).as_f64().unwrap_or_default() as i64)
}

fn on_sale(bed: &Bed, sku: &str) -> [i64; 2] {
    bed.shops().map(|(_, shop)| shop.shelf()[sku].stock)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_cell_has_one_writer() {
    let bed = bed_with_counters().await;
    let report = bed.sync().await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!((shown(&bed, "MUG"), on_sale(&bed, "MUG")), ([10, 0, 10], [10, 10]));

    let sale = bed.shop("woo-lab").sell("MUG", 3).unwrap();
    bed.shop("shopify-lab").sell("MUG", 1).unwrap();
    bed.sync().await;
    assert_eq!((shown(&bed, "MUG"), on_sale(&bed, "MUG")), ([10, 4, 6], [6, 6]));

    // A delivery comes in while one more is sold.
    bed.edit("MUG", "Stock in", "25");
    bed.shop("shopify-lab").sell("MUG", 1).unwrap();
    bed.sync().await;
    assert_eq!((shown(&bed, "MUG"), on_sale(&bed, "MUG")), ([25, 5, 20], [20, 20]));

    bed.shop("woo-lab").cancel(&sale.order).unwrap();
    bed.sync().await;
    assert_eq!((shown(&bed, "MUG"), on_sale(&bed, "MUG")), ([25, 2, 23], [23, 23]), "what comes back was not sold");
    assert_eq!(bed.sync().await.written(), 0, "and then nothing is left to do");
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_was_typed_over_is_put_right() {
    let bed = bed_with_counters().await;
    bed.sync().await;
    bed.shop("woo-lab").sell("PEN", 7).unwrap();
    bed.sync().await;
    for typed in ["99", "many", ""] {
        bed.edit("PEN", "Sold", typed);
        bed.world.google().sort("Products", "Price", typed.is_empty()).unwrap();
        bed.sync().await;
        assert_eq!((bed.cell("PEN", "Sold").as_f64(), on_sale(&bed, "PEN")), (Some(7.0), [93, 93]), "over {typed:?}");
    }
    assert!(bed.column("Sync status").values().all(|cell| cell == "Synced"), "{:?}", bed.column("Sync status"));
    bed.assert_clean(0).await;
}
