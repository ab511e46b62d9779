//! A second pass writes nothing, whatever happened in between that changed nothing.

use crate::bed::{Bed, few};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sync_writes_nothing() {
    let bed = Bed::start(few()).await;
    let first = bed.sync().await;
    assert!(first.failures.is_empty(), "{:?}", first.failures);
    bed.assert_agree();
    let writes = bed.writes();
    let second = bed.sync().await;
    assert_eq!(second.written(), 0, "{second:?}");
    assert_eq!(bed.writes(), writes, "write calls");
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_after_the_rows_were_sorted() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    let writes = bed.writes();
    bed.world.google().sort("Products", "Title", false).unwrap();
    bed.sync().await;
    bed.world.google().sort("Products", "Stock", true).unwrap();
    let report = bed.sync().await;
    assert_eq!(report.written(), 0, "{report:?}");
    assert_eq!(bed.writes(), writes, "write calls");
    bed.assert_agree();
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_after_every_echo_came_back() {
    let mut bed = Bed::start(few()).await;
    bed.run().await;
    bed.until("all agree", |bed| bed.disagreement().is_empty()).await;
    bed.edit("MUG", "Price", "13");
    bed.edit("BAG", "Stock", "9");
    bed.until("the edits arrived", |bed| bed.disagreement().is_empty()).await;
    bed.until("statuses are written", |bed| bed.column("Sync status").values().all(|cell| cell == "Synced")).await;
    // Echoes, verifications and status flushes come to rest; then nothing is written any more.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let writes = bed.writes();
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    bed.stop().await;
    assert_eq!(bed.writes(), writes, "write calls at rest");
    bed.assert_agree();
    bed.assert_clean(0).await;
}
