//! The parts of the contract that matter most, by name.

use std::collections::BTreeMap;
use std::time::Duration;

use super::generate::sku;
use super::{Home, at, hold};
use crate::db::*;
use crate::stock::{Effect, Input, LineEvidence, Meaning, Reading, Rule, Settled, WriteKind};

const SHOP: &str = "shop-a";
const SPAN: Duration = Duration::from_secs(10);

fn request(input: Input) -> StockRequest {
    StockRequest { sku: sku("A"), pool: "main".to_owned(), input }
}

fn read(value: i64, founds_pool: bool) -> Input {
    let meaning = if founds_pool { Meaning::Edit } else { Meaning::Shop };
    Input::Read { reading: Reading::exact(value, at(0)), meaning, stale_for: SPAN, late_for: SPAN }
}

fn plan(key: &str) -> Input {
    let rule = Rule::Sellable { buffer: 0 };
    Input::Plan { rule, kind: WriteKind::Checked, from: None, key: key.to_owned(), now: at(1) }
}

/// A pool of five, and a shop that shows three.
async fn founded(ledger: &dyn Ledger) {
    ledger.stock(SHEET, vec![request(read(5, true))], &[], at(0)).await.unwrap();
    ledger.stock(SHOP, vec![request(read(3, false))], &[], at(0)).await.unwrap();
}

#[tokio::test]
async fn a_hint_given_again_during_a_pass_survives_it() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        ledger.hint(SHOP, &[("A".to_owned(), Want::LOOK, at(0))]).await.unwrap();
        let taken = ledger.due_hints(SHOP, at(0), 9).await.unwrap();
        let again = HintDone::Again { after: SPAN, failed: true, want: Want::LOOK };
        ledger.finish_hints(SHOP, &[(taken[0].clone(), again)], at(0)).await.unwrap();
        let taken = ledger.due_hints(SHOP, at(10_000), 9).await.unwrap();
        assert_eq!((taken.len(), taken[0].attempts), (1, 1), "a failed try is counted, and is due again");
        ledger.hint(SHOP, &[("A".to_owned(), Want::STOCK, at(5))]).await.unwrap();
        let wanting = HintDone::Again { after: SPAN, failed: true, want: Want::CONTENT };
        for done in [HintDone::Cleared, wanting] {
            ledger.finish_hints(SHOP, &[(taken[0].clone(), done)], at(9)).await.unwrap();
        }
        // With what the pass still wants, which would wait for the next sweep else.
        let want = Want { look: true, stock: true, content: true };
        let left = ledger.due_hints(SHOP, at(5), 9).await.unwrap();
        assert_eq!(left, [Hint { sku: "A".to_owned(), want, attempts: 0, seq: taken[0].seq + 1 }]);
        ledger.finish_hints(SHOP, &[(left[0].clone(), HintDone::Cleared)], at(9)).await.unwrap();
        assert_eq!(ledger.next_due(SHOP).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn an_open_write_stays_open_over_a_restart() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        founded(&*ledger).await;
        ledger.stock(SHOP, vec![request(plan("k1"))], &[], at(1)).await.unwrap();
        ledger.mark_unknown(SHOP, &"main".to_owned(), &[sku("A")], None).await.unwrap();
        let before = ledger.open_intents(SHOP).await.unwrap();
        assert_eq!((before.len(), before[0].unknown, before[0].intent.key.as_str()), (1, true, "k1"));
        ledger.close().await;
        let ledger = home.open().await;
        assert_eq!(ledger.open_intents(SHOP).await.unwrap(), before);
        // It is there to the steps, too: nothing is folded until its fate is known.
        let changes = ledger.stock(SHOP, vec![request(read(4, false))], &[], at(2)).await.unwrap();
        assert_eq!(changes[0].effects, [Effect::LookAgain]);
        let settled = Input::Settle { settled: Settled::Done, now: at(3), stale_for: SPAN };
        ledger.stock(SHOP, vec![request(settled)], &[], at(3)).await.unwrap();
        assert!(ledger.open_intents(SHOP).await.unwrap().is_empty());
        let standings = ledger.standings(SHOP).await.unwrap();
        let expected = Standing { accounted: Some(5), open: false, pool: Some(5) };
        assert_eq!(standings[&(sku("A"), "main".to_owned())], expected);
    })
    .await;
}

#[tokio::test]
async fn one_write_is_open_per_endpoint_sku_and_pool() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        founded(&*ledger).await;
        let requests = vec![request(plan("k1")), request(plan("k2"))];
        let changes = ledger.stock(SHOP, requests, &[], at(1)).await.unwrap();
        assert_eq!((changes[0].effects.len(), changes[1].effects.len()), (1, 0));
        ledger.stock(SHOP, vec![request(plan("k3"))], &[], at(2)).await.unwrap();
        let keys = async || {
            let open = ledger.open_intents(SHOP).await.unwrap();
            open.into_iter().map(|open| open.intent.key).collect::<Vec<_>>()
        };
        assert_eq!(keys().await, ["k1"]);
        let settled = Input::Settle { settled: Settled::NotDone, now: at(3), stale_for: SPAN };
        ledger.stock(SHOP, vec![request(settled), request(plan("k4"))], &[], at(3)).await.unwrap();
        assert_eq!(keys().await, ["k4"]);
        ledger.forget_listing(SHOP, &sku("A"), at(4)).await.unwrap();
        assert!(keys().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_repeated_delivery_is_stored_once() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        let accept =
            async |shop: &str, dedupe: &str| ledger.accept_delivery(shop, "x", dedupe, "[]", at(0)).await.unwrap();
        assert!(accept(SHOP, "d1").await);
        assert!(!accept(SHOP, "d1").await);
        assert!(accept("shop-b", "d1").await, "each shop counts its own");
        let open = ledger.open_deliveries(9).await.unwrap();
        assert_eq!(open.len(), 2);
        ledger.handle_delivery(&open[0], &["A".to_owned()], at(1)).await.unwrap();
        assert!(!accept(SHOP, "d1").await, "a handled delivery is still known");
        assert_eq!(ledger.open_deliveries(9).await.unwrap(), open[1..]);
        assert_eq!(ledger.prune_inbox(at(9)).await.unwrap(), 1, "only what was handled is forgotten");
        assert!(accept(SHOP, "d1").await);
    })
    .await;
}

#[tokio::test]
async fn an_order_seen_twice_moves_once_and_the_pool_is_its_movements() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        founded(&*ledger).await;
        let peers = [SHEET.to_owned()];
        let fold = |share: i64| {
            let evidence = LineEvidence { share, in_flight: 0, quantity: share, modified: at(0), created: at(1) };
            let line = SeenLine { order: "o1".to_owned(), line: "1".to_owned(), sku: sku("A"), evidence };
            let (before, after) = (vec![line.clone()], vec![line]);
            let orders = OrderLook { before, after, gone: Vec::new(), baseline: at(0), now: at(2), cursor: at(2) };
            let readings = vec![(sku("A"), 3 - share)];
            StockFold { readings, at: at(2), orders: Some(orders), stale_for: SPAN, late_for: SPAN }
        };
        for share in [1, 1, 2, 2, 0] {
            ledger.fold_store(SHOP, &"main".to_owned(), fold(share), &peers, at(2)).await.unwrap();
        }
        let movements = ledger.movements(0, u32::MAX).await.unwrap();
        let units: Vec<i64> = movements.iter().map(|movement| movement.units).collect();
        assert_eq!(units, [5, -1, -1, 2]);
        let book = ledger.book(&sku("A"), &"main".to_owned()).await.unwrap();
        assert_eq!((book.pool, movements.last().map(|last| last.pool_after)), (Some(5), Some(5)));
        assert!(ledger.stock_is_due(SHEET, at(2)).await.unwrap(), "who hangs on the pool is hinted at");
    })
    .await;
}

#[tokio::test]
async fn a_renamed_sku_takes_everything_along() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        let row = crate::catalog::Row {
            tab: "Mugs".to_owned(),
            row: 2,
            sku: sku("A"),
            handle: None,
            options: Vec::new(),
            title: None,
            price: None,
            stock: BTreeMap::new(),
            sold: BTreeMap::new(),
            problems: Vec::new(),
        };
        let accepted = AcceptedRows { changed: vec![row], ..AcceptedRows::default() };
        ledger.accept_rows(accepted, &[], &[], at(0)).await.unwrap();
        founded(&*ledger).await;
        ledger.stock(SHOP, vec![request(plan("k1"))], &[], at(1)).await.unwrap();
        let shops = [SHOP.to_owned()];
        let rename = async |from: &str, to: &str| ledger.rename(&sku(from), &sku(to), &shops, at(2)).await.unwrap();
        assert!(rename("A", "B").await);
        assert!(!rename("A", "C").await, "nothing is called so any more");
        assert!(!rename("B", "B").await, "the new name must be free");

        let pool = "main".to_owned();
        assert_eq!(ledger.book(&sku("A"), &pool).await.unwrap(), Default::default());
        let book = ledger.book(&sku("B"), &pool).await.unwrap();
        assert_eq!((book.pool, book.sides[SHOP].accounted), (Some(5), Some(3)));
        let open = ledger.open_intents(SHOP).await.unwrap();
        assert_eq!((open.len(), &open[0].sku, open[0].intent.key.as_str()), (1, &sku("B"), "k1"));
        let record = ledger.rows().await.unwrap().remove(&sku("B")).unwrap();
        assert_eq!(record.row.sku, sku("B"));
        assert_ne!(record.hash, record.row.hash(), "it counts as changed when it is read");
        let hints = ledger.due_hints(SHOP, at(2), 9).await.unwrap();
        assert_eq!(hints.iter().map(|hint| (hint.sku.as_str(), hint.want)).collect::<Vec<_>>(), [("B", Want::CONTENT)]);
        assert!(rename("B", "D").await);
        let former = [(sku("A"), sku("D")), (sku("B"), sku("D"))];
        assert_eq!(ledger.former_skus().await.unwrap(), former.into());
        let movements = ledger.movements(0, 9).await.unwrap();
        assert!(movements.iter().all(|line| line.sku == "D"), "{movements:?}");
        let audit = ledger.audit_lines(Some("D"), 9).await.unwrap();
        assert_eq!((audit.len(), audit[0].before.as_deref(), audit[0].after.as_deref()), (2, Some("B"), Some("D")));
    })
    .await;
}

fn letter(endpoint: &str) -> DeadLetter {
    DeadLetter { what: "content".to_owned(), ..DeadLetter::doubt(endpoint, "A", None, "no", at(0)) }
}

#[tokio::test]
async fn a_dropped_letter_leaves_the_row_too() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        for (replay, at_shop) in [(false, 0), (true, 1)] {
            ledger.bury(&letter(SHOP)).await.unwrap();
            let [kept] = ledger.dead_letters().await.unwrap().try_into().unwrap();
            assert!(ledger.close_letter(kept.id, replay, at(1)).await.unwrap());
            let hints = ledger.due_hints(SHEET, at(1), 9).await.unwrap();
            assert_eq!((hints.len(), hints[0].sku.as_str(), hints[0].want), (1, "A", Want::CONTENT));
            ledger.finish_hints(SHEET, &[(hints[0].clone(), HintDone::Cleared)], at(1)).await.unwrap();
            assert_eq!(ledger.due_hints(SHOP, at(1), 9).await.unwrap().len(), at_shop, "replay: {replay}");
        }
        assert!(!ledger.close_letter(7, false, at(1)).await.unwrap());
        assert_eq!(ledger.next_due(SHEET).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_removed_shop_says_nothing_in_rows() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        for endpoint in ["removed", SHEET, SHOP] {
            ledger.bury(&letter(endpoint)).await.unwrap();
        }
        let refused = async |shops: &[String]| {
            let facts = ledger.status_facts(&[sku("A")], shops).await.unwrap().remove(&sku("A")).unwrap();
            facts.refused.into_iter().map(|(endpoint, _)| endpoint).collect::<Vec<_>>()
        };
        assert_eq!(refused(&[SHOP.to_owned()]).await, [SHEET, SHOP]);
        assert_eq!(refused(&["removed".to_owned(), SHOP.to_owned()]).await, ["removed", SHEET, SHOP]);
    })
    .await;
}

#[tokio::test]
async fn who_has_lost_the_lease_writes_nothing() {
    let dir = tempfile::TempDir::new().unwrap();
    let open = async || SqliteLedger::open(&dir.path().join("shelfd.db")).await.unwrap();
    let disk = [open().await.take_lease().await.unwrap(), open().await.take_lease().await.unwrap()];
    let [old, new] = disk.map(|ledger| Box::new(ledger) as Box<dyn Ledger>);
    fenced(old, new, Box::new(open().await)).await;
    let memory = MemoryLedger::new();
    let (old, new) = (memory.take_lease(), memory.take_lease());
    fenced(Box::new(old), Box::new(new), Box::new(memory)).await;
}

async fn fenced(old: Box<dyn Ledger>, new: Box<dyn Ledger>, without: Box<dyn Ledger>) {
    founded(&*new).await;
    let refused = old.stock(SHOP, vec![request(plan("old"))], &[], at(1)).await;
    assert!(matches!(refused, Err(DbError::Fenced { ours: 1, now: 2 })), "{refused:?}");
    assert_eq!(new.open_intents(SHOP).await.unwrap(), []);
    without.set_fact("by", "a person's command").await.unwrap();
    assert_eq!(old.fact("by").await.unwrap().as_deref(), Some("a person's command"), "looking is free");
}

#[tokio::test]
async fn a_stock_take_settles_what_asked_for_it_but_not_at_once() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        founded(&*ledger).await;
        let north = "north".to_owned();
        let letters = async |at_ms: i64| {
            for pool in [None, Some(&"main".to_owned()), Some(&north)] {
                ledger.bury(&DeadLetter::doubt(SHOP, "A", pool, "please count", at(at_ms))).await.unwrap();
            }
        };
        let left = async |read_ms: i64, meaning: Meaning| {
            let pool = ledger.book(&sku("A"), &"main".to_owned()).await.unwrap().pool.unwrap();
            let reading = Reading::exact(pool + 1, at(read_ms));
            let input = Input::Read { reading, meaning, stale_for: SPAN, late_for: SPAN };
            // Taken in long after it was read.
            ledger.stock(SHEET, vec![request(input)], &[], at(500_000)).await.unwrap();
            ledger.dead_letters().await.unwrap().into_iter().map(|letter| letter.what).collect::<Vec<_>>()
        };
        letters(0).await;
        assert_eq!(left(59_000, Meaning::Count).await.len(), 3, "that number was on its way");
        assert_eq!(left(60_000, Meaning::Edit).await.len(), 3, "a delivery is no count");
        assert_eq!(left(61_000, Meaning::Count).await, ["count north"]);
        let audit = ledger.audit_lines(Some("A"), 9).await.unwrap();
        let settled = audit.iter().filter(|line| line.reason == "counted, which settles this: please count").count();
        assert_eq!(settled, 2);
        assert!(ledger.next_due(SHEET).await.unwrap().is_some(), "the row is told");
    })
    .await;
}

#[tokio::test]
async fn orders_that_are_gone_are_not_asked_for_for_ever() {
    hold(async |home: &Home| {
        let ledger = home.open().await;
        let line = |order: &str| {
            let evidence = LineEvidence { share: 0, in_flight: 1, quantity: 1, modified: at(0), created: at(0) };
            SeenLine { order: order.to_owned(), line: "1".to_owned(), sku: sku("A"), evidence }
        };
        ledger.take_baseline(SHOP, &[line("o1"), line("o2")], at(0)).await.unwrap();
        let in_flight = async || ledger.order_cursor(SHOP).await.unwrap().unwrap().in_flight;
        assert_eq!(in_flight().await, ["o1", "o2"]);
        let (before, after, gone) = (vec![line("o2")], Vec::new(), vec!["o1".to_owned(), "unknown".to_owned()]);
        let orders = OrderLook { before, after, gone, baseline: at(0), now: at(1), cursor: at(1) };
        let fold = StockFold { readings: vec![], at: at(1), orders: Some(orders), stale_for: SPAN, late_for: SPAN };
        ledger.fold_store(SHOP, &"main".to_owned(), fold, &[], at(1)).await.unwrap();
        assert_eq!(in_flight().await, ["o2"]);
    })
    .await;
}
