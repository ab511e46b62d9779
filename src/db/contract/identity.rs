//! What becomes of a ledger when an endpoint speaks of something else than before.

use std::collections::BTreeMap;
use std::time::Duration;

use super::generate::sku;
use super::{Home, at, hold};
use crate::catalog::Row;
use crate::db::*;
use crate::stock::{Effect, Input, LineEvidence, Meaning, Reading, Rule, WriteKind};

const SHOP: &str = "shop-a";
const OTHER: &str = "shop-b";

fn pool() -> String {
    "main".to_owned()
}

fn request(name: &str, pool: &str, input: Input) -> StockRequest {
    StockRequest { sku: sku(name), pool: pool.to_owned(), input }
}

fn read(value: i64, meaning: Meaning) -> Input {
    let (stale_for, late_for) = (Duration::ZERO, Duration::ZERO);
    Input::Read { reading: Reading::exact(value, at(0)), meaning, stale_for, late_for }
}

fn plan(rule: Rule) -> Input {
    Input::Plan { rule, kind: WriteKind::Checked, from: None, key: "k".to_owned(), now: at(1) }
}

async fn stock(ledger: &dyn Ledger, endpoint: &str, request: StockRequest) -> Vec<Effect> {
    let peers = [SHEET.to_owned()];
    ledger.stock(endpoint, vec![request], &peers, at(1)).await.unwrap().remove(0).effects
}

/// Rows A in the tab "Mugs" and B in "Bags", eight units each, read at both shops; and everything else that is kept of a shop.
async fn known(ledger: &dyn Ledger) {
    let row = |name: &str, tab: &str| Row {
        tab: tab.to_owned(),
        row: 2,
        sku: sku(name),
        handle: None,
        options: Vec::new(),
        title: None,
        price: None,
        stock: BTreeMap::new(),
        sold: BTreeMap::new(),
        problems: Vec::new(),
    };
    let changed = vec![row("A", "Mugs"), row("B", "Bags")];
    ledger.accept_rows(AcceptedRows { changed, ..AcceptedRows::default() }, &[], &[], at(0)).await.unwrap();
    for name in ["A", "B"] {
        stock(ledger, SHEET, request(name, "main", read(8, Meaning::Edit))).await;
        stock(ledger, SHEET, request(name, "north", read(3, Meaning::Edit))).await;
        for shop in [SHOP, OTHER] {
            stock(ledger, shop, request(name, "main", read(5, Meaning::Shop))).await;
        }
    }
    for shop in [SHOP, OTHER] {
        let (sku, product) = (sku("A"), "p1".to_owned());
        let (variant, inventory, handle, title, price, shown) = Default::default();
        let seen = Seen { sku: sku.clone(), product, variant, inventory, handle, title, price, shown };
        ledger.see_listings(shop, &[seen], at(0)).await.unwrap();
        let evidence = LineEvidence { share: 1, in_flight: 1, quantity: 1, modified: at(0), created: at(0) };
        let line = SeenLine { order: "o1".to_owned(), line: "1".to_owned(), sku, evidence };
        ledger.take_baseline(shop, &[line], at(0)).await.unwrap();
        ledger.bury(&DeadLetter::doubt(shop, "B", None, "no", at(0))).await.unwrap();
        stock(ledger, shop, request("A", "main", plan(Rule::Sellable { buffer: 0 }))).await;
    }
}

fn columns(of: &[(&str, &str)]) -> PoolColumns {
    of.iter().map(|(tab, column)| ((*tab).to_owned(), format!("{tab}, column {column}"))).collect()
}

/// What of the sheet is accounted for in a pool, by SKU.
async fn accounted(ledger: &dyn Ledger, pool: &str) -> Vec<(String, Option<i64>)> {
    let standings = ledger.standings(SHEET).await.unwrap().into_iter();
    standings.filter(|((_, of), _)| of == pool).map(|((sku, _), it)| (sku.to_string(), it.accounted)).collect()
}

#[tokio::test]
async fn who_never_said_what_it_speaks_of_keeps_everything() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        known(&*ledger).await;
        let of_shop = async || {
            (
                ledger.standings(SHOP).await.unwrap(),
                ledger.listings(SHOP).await.unwrap(),
                ledger.open_intents(SHOP).await,
            )
        };
        let (shop, sheet) = (format!("{:?}", of_shop().await), ledger.standings(SHEET).await.unwrap());
        for recognised in [Recognised::First, Recognised::Same] {
            assert_eq!(ledger.recognise_shop(SHOP, "here", at(2)).await.unwrap(), recognised);
            let now = ledger.recognise_columns(&pool(), &columns(&[("Mugs", "Stock")]), at(2)).await.unwrap();
            assert_eq!(now, recognised);
        }
        assert_eq!((format!("{:?}", of_shop().await), ledger.standings(SHEET).await.unwrap()), (shop, sheet));
        assert!(ledger.audit_lines(Some("*"), 9).await.unwrap().is_empty());
        ledger.close().await;
        let ledger = home.open().await;
        assert_eq!(ledger.recognise_shop(SHOP, "here", at(3)).await.unwrap(), Recognised::Same, "it is durable");
    })
    .await;
}

#[tokio::test]
async fn another_shop_is_met_as_for_the_first_time() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        known(&*ledger).await;
        // A side that a pool of before left, as well.
        stock(&*ledger, SHOP, request("A", "north", read(3, Meaning::Shop))).await;
        ledger.recognise_shop(SHOP, "here", at(2)).await.unwrap();
        ledger.recognise_shop(OTHER, "there", at(2)).await.unwrap();
        let recognised = ledger.recognise_shop(SHOP, "elsewhere", at(3)).await.unwrap();
        assert_eq!(recognised, Recognised::Another { before: "here".to_owned(), numbers: 3 });

        assert!(ledger.standings(SHOP).await.unwrap().is_empty() && ledger.listings(SHOP).await.unwrap().is_empty());
        assert!(ledger.open_intents(SHOP).await.unwrap().is_empty());
        assert_eq!(ledger.order_cursor(SHOP).await.unwrap(), None);
        let hints = ledger.due_hints(SHOP, at(3), 9).await.unwrap();
        assert_eq!((hints[0].sku.as_str(), hints[0].want), ("*", Want::LOOK));
        let letters = ledger.dead_letters().await.unwrap();
        assert_eq!(letters.iter().map(|letter| letter.endpoint.as_str()).collect::<Vec<_>>(), [OTHER]);
        let told = ledger.due_hints(SHEET, at(3), 9).await.unwrap();
        assert!(
            told.iter().any(|hint| hint.sku == "B" && hint.want.content),
            "its row still shows the letter: {told:?}"
        );
        let audit = ledger.audit_lines(Some("*"), 9).await.unwrap();
        let line = (audit[0].endpoint.as_str(), audit[0].before.as_deref(), audit[0].after.as_deref());
        assert_eq!((audit.len(), line), (1, (SHOP, Some("here"), Some("elsewhere"))));

        // The other shop stays as it is, and so does the pool: what the new one has moves nothing.
        assert_eq!((ledger.standings(OTHER).await.unwrap().len(), ledger.listings(OTHER).await.unwrap().len()), (2, 1));
        assert_eq!(ledger.open_intents(OTHER).await.unwrap().len(), 1);
        assert!(ledger.order_cursor(OTHER).await.unwrap().is_some_and(|cursor| cursor.in_flight == ["o1"]));
        assert!(stock(&*ledger, SHOP, request("A", "main", read(0, Meaning::Shop))).await.is_empty());
        assert_eq!(ledger.book(&sku("A"), &pool()).await.unwrap().pool, Some(8));
        let effects = stock(&*ledger, SHOP, request("A", "main", plan(Rule::Sellable { buffer: 0 }))).await;
        assert!(matches!(&effects[..], [Effect::Send(intent)] if (intent.expected, intent.delta) == (0, 8)));
    })
    .await;
}

#[tokio::test]
async fn another_column_is_adopted_and_the_pool_is_written_there() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        known(&*ledger).await;
        ledger.recognise_columns(&pool(), &columns(&[("Mugs", "Stock"), ("Bags", "Stock")]), at(1)).await.unwrap();
        // One unit is sold, and its write to the sheet is open.
        stock(&*ledger, OTHER, request("B", "main", read(4, Meaning::Shop))).await;
        stock(&*ledger, SHEET, request("B", "main", plan(Rule::Mirror))).await;
        let moved = ledger.movements(0, 99).await.unwrap();
        let now = columns(&[("Mugs", "Other"), ("Bags", "Other")]);
        let recognised = ledger.recognise_columns(&pool(), &now, at(2)).await.unwrap();
        let before = "Bags, column Stock; Mugs, column Stock".to_owned();
        assert_eq!(recognised, Recognised::Another { before, numbers: 2 });
        assert_eq!(accounted(&*ledger, "main").await, []);
        assert_eq!(accounted(&*ledger, "north").await.len(), 2, "another pool's columns are others");
        assert!(ledger.open_intents(SHEET).await.unwrap().is_empty());

        // As a pass would leave them.
        let done: Vec<_> = ledger.due_hints(SHEET, at(2), 9).await.unwrap();
        assert!(["A", "B"].iter().all(|sku| done.iter().any(|hint| hint.sku == *sku && hint.want.stock)), "{done:?}");
        let done: Vec<_> = done.into_iter().map(|hint| (hint, HintDone::Cleared)).collect();
        ledger.finish_hints(SHEET, &done, at(2)).await.unwrap();
        for (name, meaning, shows) in [("A", Meaning::Count, 100), ("B", Meaning::Edit, 7)] {
            assert!(stock(&*ledger, SHEET, request(name, "main", read(shows, meaning))).await.is_empty());
            assert!(ledger.stock_is_due(SHEET, at(2)).await.unwrap(), "the pool is still to be written");
        }
        let due = ledger.stock_due(SHEET, &pool(), Rule::Mirror).await.unwrap();
        assert_eq!(due.into_iter().collect::<Vec<_>>(), [sku("A")], "B shows its pool by itself");
        assert_eq!(ledger.movements(0, 99).await.unwrap(), moved);
    })
    .await;
}

#[tokio::test]
async fn a_pool_goes_from_an_edited_column_to_counters_and_back() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        known(&*ledger).await;
        let sides = async || ledger.standings(SHEET).await.unwrap()[&(sku("A"), pool())];
        ledger.recognise_columns(&pool(), &columns(&[("Mugs", "Stock")]), at(1)).await.unwrap();
        // Eight in the pool; what came in and what was sold say the same.
        ledger.recognise_columns(&pool(), &columns(&[("Mugs", "Stock in, Sold")]), at(2)).await.unwrap();
        assert!(
            stock(&*ledger, SHEET, request("A", "main", read(100, Meaning::Received { sold: 92 }))).await.is_empty()
        );
        let standing = sides().await;
        assert_eq!((standing.pool, standing.accounted), (Some(8), Some(100)));
        assert_eq!(crate::stock::sold(100, 8), 92, "what the counter is to show");
        // Two more come in.
        stock(&*ledger, SHEET, request("A", "main", read(102, Meaning::Received { sold: 92 }))).await;
        assert_eq!(sides().await.pool, Some(10));
        ledger.recognise_columns(&pool(), &columns(&[("Mugs", "Stock")]), at(3)).await.unwrap();
        assert!(stock(&*ledger, SHEET, request("A", "main", read(8, Meaning::Edit))).await.is_empty());
        assert_eq!((sides().await.pool, sides().await.accounted), (Some(10), Some(8)));
    })
    .await;
}

#[tokio::test]
async fn a_tab_that_comes_or_changes_leaves_the_others_accounted_for() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        known(&*ledger).await;
        let both = [("Mugs", "Stock"), ("Bags", "Stock")];
        ledger.recognise_columns(&pool(), &columns(&both), at(1)).await.unwrap();
        let three = columns(&[both[0], both[1], ("Pens", "Stock")]);
        let recognised = ledger.recognise_columns(&pool(), &three, at(2)).await.unwrap();
        assert!(matches!(recognised, Recognised::Another { numbers: 0, .. }), "{recognised:?}");
        // What people typed into the others meanwhile counts.
        stock(&*ledger, SHEET, request("A", "main", read(9, Meaning::Edit))).await;
        assert_eq!(ledger.book(&sku("A"), &pool()).await.unwrap().pool, Some(9));

        ledger.recognise_columns(&pool(), &columns(&[both[0], ("Bags", "Other")]), at(3)).await.unwrap();
        assert_eq!(accounted(&*ledger, "main").await, [("A".to_owned(), Some(9))]);
        // A row that was gone may come back anywhere.
        let missing = AcceptedRows { missing: vec![sku("A")], ..AcceptedRows::default() };
        ledger.accept_rows(missing, &[], &[], at(4)).await.unwrap();
        ledger.recognise_columns(&pool(), &columns(&both), at(4)).await.unwrap();
        assert_eq!(accounted(&*ledger, "main").await, []);
    })
    .await;
}
