//! Unattended: plays shoppers and a person at the sheet, waits for rest, and judges.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::movement::Movement;
use super::seen::Column;
use super::server::gates;
use super::stage::Stage;
use super::tracking::{self, Judgement, Waits};
use crate::cli::{Exit, output};
use crate::db::{AuditLine, DeadLetter, MovementLine};
use crate::lab::gate::Kind;
use crate::lab::shoppers::{ShopperCounts, ShopperOptions};
use crate::lab::world::SheetRow;
use crate::rng::Rng;

/// Visits a second, over both shops: an order every quarter of a second is a busy shop.
const VISITS_PER_SEC: f64 = 4.0;
/// A person types something this often.
const TYPES_EVERY: Duration = Duration::from_millis(900);
/// One in so many of a person's actions sorts the sheet; the first one does.
const SORTS_ONE_IN: usize = 8;
/// After the shoppers have gone, rest must come within this.
const REST_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug, Default, Serialize)]
struct Typed {
    stock: u64,
    prices: u64,
    sorts: u64,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Calls {
    reads: u64,
    writes: u64,
    other: u64,
}

/// What happened, and how it stood in the end.
#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    seed: u64,
    played_secs: f64,
    /// From the last sale until everything agreed for good; absent when it never did.
    rest_secs: Option<f64>,
    shoppers: ShopperCounts,
    typed: Typed,
    calls: BTreeMap<&'static str, Calls>,
    /// From a stock movement until any other place showed it, in seconds.
    stock_waits: Waits,
    /// The same for each place, and for prices.
    waits: Vec<(String, Waits)>,
    open_intents: i64,
    /// For SKUs that disagree: what was seen in the lab, and what the ledger holds.
    stories: Vec<Story>,
    dead_letters: Vec<DeadLetter>,
    #[serde(flatten)]
    judgement: Judgement,
}

/// What is known of one SKU, for finding out what went wrong.
#[derive(Debug, Serialize)]
struct Story {
    sku: String,
    seen: Vec<Movement>,
    ledger: Vec<MovementLine>,
    audit: Vec<AuditLine>,
}

/// More lines of audit than one SKU gets in a run.
const AUDIT_LINES: u32 = 500;

async fn stories(stage: &Stage, judgement: &Judgement) -> anyhow::Result<Vec<Story>> {
    let skus: BTreeSet<&String> = judgement.disagreements.iter().map(|found| &found.sku).collect();
    let mut stories = Vec::new();
    for sku in skus {
        let seen = stage.watch.seen().movements.iter().filter(|movement| movement.sku == *sku).cloned().collect();
        let mut ledger = stage.engine.ledger.movements(0, u32::MAX).await?;
        ledger.retain(|movement| movement.sku == *sku);
        let audit = stage.engine.ledger.audit_lines(Some(sku), AUDIT_LINES).await?;
        stories.push(Story { sku: sku.clone(), seen, ledger, audit });
    }
    Ok(stories)
}

/// Play, wait for rest, judge, and print the report.
pub async fn run(
    stage: &Stage,
    duration: Duration,
    seed: u64,
    json: bool,
    shutdown: &CancellationToken,
) -> anyhow::Result<Exit> {
    for (_, gate) in gates(&stage.watch.world) {
        gate.reset_counts();
    }
    let started = Instant::now();
    let options = ShopperOptions { per_second: VISITS_PER_SEC, seed, ..ShopperOptions::default() };
    stage.watch.world.start_shoppers(options).map_err(anyhow::Error::msg)?;
    output::say(&format!("shoppers buy and somebody types for {} s (seed {seed})", duration.as_secs()));
    let typed = play(stage, duration, seed, shutdown).await?;
    let shoppers = stage.watch.world.stop_shoppers();
    let played_secs = started.elapsed().as_secs_f64();
    output::say("the shoppers have gone; waiting for rest");
    let rest_secs = stage.at_rest(REST_WITHIN, shutdown).await?;
    stage.watch.look();
    let calls = gates(&stage.watch.world).map(|(place, gate)| {
        let total = |kind| gate.total(kind);
        (place, Calls { reads: total(Kind::Read), writes: total(Kind::Write), other: total(Kind::Other) })
    });
    let (judgement, stock_waits, waits) = {
        let seen = stage.watch.seen();
        (seen.judgement.clone(), seen.stock_waits(), seen.waits())
    };
    let dead_letters = stage.engine.ledger.dead_letters().await?;
    let stories = stories(stage, &judgement).await?;
    let report = Report {
        ok: rest_secs.is_some()
            && judgement.judged > 0
            && judgement.disagreements.is_empty()
            && dead_letters.is_empty()
            && !shutdown.is_cancelled(),
        seed,
        played_secs,
        rest_secs,
        shoppers,
        typed,
        calls: calls.into(),
        stock_waits,
        waits,
        stories,
        open_intents: stage.open_intents().await?,
        dead_letters,
        judgement,
    };
    if json {
        output::json(&report)?;
    } else {
        print(&report);
    }
    Ok(if report.ok { Exit::Done } else { Exit::Failed })
}

/// A person types prices and stock, and sorts the sheet, while shoppers buy.
async fn play(stage: &Stage, duration: Duration, seed: u64, shutdown: &CancellationToken) -> anyhow::Result<Typed> {
    // Another sequence than the shoppers'.
    let mut rng = Rng::new(seed ^ 0xED17);
    let mut typed = Typed::default();
    let end = Instant::now() + duration;
    let mut ascending = false;
    for turn in 0_usize.. {
        let pause = TYPES_EVERY.min(end.saturating_duration_since(Instant::now()));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => break,
        }
        if Instant::now() >= end {
            break;
        }
        if turn % SORTS_ONE_IN == 0 {
            let header = rng.pick(&["Title", "Price", "Stock", "SKU"]).copied().unwrap_or("Title");
            stage.watch.sort(header, ascending).map_err(anyhow::Error::msg)?;
            ascending = !ascending;
            typed.sorts += 1;
            continue;
        }
        let rows: Vec<SheetRow> = stage.watch.seen().rows.iter().map(|(_, row)| row.clone()).collect();
        let Some(row) = rng.pick(&rows) else { continue };
        let (Some(stock), Some(price)) = (tracking::units(&row.stock), tracking::price(&row.price)) else { continue };
        let (column, text) = if rng.chance(0.5) {
            typed.stock += 1;
            (Column::Stock, (stock + rng.between(1, 12)).max(0).to_string())
        } else {
            typed.prices += 1;
            let more = rust_decimal::Decimal::new(rng.between(1, 300), 2);
            (Column::Price, (price.amount() + more).to_string())
        };
        stage.watch.edit(row.row, row.key.as_deref(), column, &text).map_err(anyhow::Error::msg)?;
    }
    Ok(typed)
}

fn print_story(story: &Story) {
    output::data(&format!("what was seen of {}:", story.sku));
    for seen in &story.seen {
        let at = seen.at.format("%T%.3f");
        output::data(&format!("  {at}  {}  {:?}  {:+}  {}", seen.place, seen.what, seen.units, seen.text));
    }
    output::data("what the ledger holds of it:");
    for held in &story.ledger {
        let at = held.at.format("%T%.3f");
        output::data(&format!("  {at}  {}  {}  {:+}  = {}", held.endpoint, held.cause, held.units, held.pool_after));
    }
    for line in story.audit.iter().rev() {
        output::data(&format!("  {}  {}  {}: {}", line.at.format("%T%.3f"), line.endpoint, line.field, line.reason));
    }
}

fn print(report: &Report) {
    let Report { shoppers, typed, judgement, .. } = report;
    output::data(&format!(
        "played for {:.1} s (seed {}): {} orders with {} units, {} cancelled, {} visits found too little",
        report.played_secs, report.seed, shoppers.orders, shoppers.units, shoppers.cancelled, shoppers.sold_out
    ));
    output::data(&format!(
        "typed into the sheet: {} stock numbers, {} prices; sorted {} times",
        typed.stock, typed.prices, typed.sorts
    ));
    let row = |(place, calls): (&&str, &Calls)| {
        vec![(*place).to_owned(), calls.reads.to_string(), calls.writes.to_string(), calls.other.to_string()]
    };
    output::table(&["calls to", "reads", "writes", "other"], report.calls.iter().map(row).collect());
    let all = ("stock, all places".to_owned(), report.stock_waits);
    let row = |(what, waits): &(String, Waits)| {
        let secs = [waits.p50, waits.p95, waits.max].map(|secs| format!("{secs:.2} s"));
        [what.clone(), waits.count.to_string()].into_iter().chain(secs).collect()
    };
    output::table(&["until shown", "times", "p50", "p95", "max"], report.waits.iter().chain([&all]).map(row).collect());
    match report.rest_secs {
        Some(secs) => output::data(&format!("at rest {secs:.1} s after the last shopper")),
        None => output::data(&format!("not at rest after {} s", REST_WITHIN.as_secs())),
    }
    for (row, status) in &judgement.left_out {
        output::data(&format!("left out: sheet row {row}: {status}"));
    }
    for letter in &report.dead_letters {
        output::data(&format!("dead letter {}: {}: {}: {}", letter.id, letter.endpoint, letter.sku, letter.reason));
    }
    if report.open_intents > 0 {
        output::data(&format!("{} stock writes are open", report.open_intents));
    }
    for found in &judgement.disagreements {
        let tracking::Disagreement { sku, place, expected, found } = found;
        output::data(&format!("DISAGREES: {sku} at {place}: expected {expected}, found {found}"));
    }
    for story in &report.stories {
        print_story(story);
    }
    let words = if report.ok { "everything agrees" } else { "NOT everything agrees" };
    output::data(&format!("{words}: {} SKUs judged", judgement.judged));
}
