//! `make torture`: the release binary under SIGKILL. Hosts the lab in this process, so that the record of what truly
//! happened stays outside of the daemon; kills the daemon over and over while shoppers and people are at work; lets it
//! come to rest now and then, and judges every SKU. Prints a table, writes `torture.json`. See docs/torture.md.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a measuring program, not the product")]

mod daemon;
mod judge;
mod ledger;
mod load;
mod report;
mod round;
mod trouble;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use shelfd::lab::LabItem;
use shelfd::lab::catalog::generate;
use shelfd::lab::gate::Kind;
use shelfd::lab::world::{World, WorldOptions};
use shelfd::rng::Rng;

use daemon::Daemon;
use load::Load;
use report::{Batch, Report, Violation};
use trouble::Trouble;

/// Calls take so long, so that kills fall into them.
const LATENCY_SHEET: Duration = Duration::from_millis(30);
const LATENCY_SHOP: Duration = Duration::from_millis(15);
/// Kills before everything must agree.
const BATCH: (i64, i64) = (25, 50);
/// Rest has to last so long: longer than the second look after an absolute write.
const REST: Duration = Duration::from_secs(3);
/// An answer that was lost is given up after 35 s, and a number that is typed back waits for 45 s. Twice that is generous.
const REST_WITHIN: Duration = Duration::from_secs(180);

/// Kill the daemon at random moments under load, and check that nothing is lost and nothing doubled.
#[derive(Debug, Parser)]
struct Args {
    /// Kills in all
    #[arg(long, default_value_t = 1000)]
    kills: u64,
    /// The same seed makes the same choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rows of the sheet
    #[arg(long, default_value_t = 120)]
    skus: usize,
    /// Go on after a violation
    #[arg(long)]
    keep_going: bool,
    /// The binary to torture
    #[arg(long, default_value = "target/release/shelfd")]
    binary: PathBuf,
    /// Where the figures go
    #[arg(long, default_value = "torture.json")]
    json: PathBuf,
}

// One thread: whatever the load does between two waits happens at one moment, as seen from the daemon.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    shelfd::telemetry::start_tls();
    let args = Args::parse();
    eprintln!("seed {}", args.seed);
    let report = torture(&args).await?;
    report.print();
    std::fs::write(&args.json, serde_json::to_string_pretty(&report)?).context("the figures cannot be written")?;
    Ok(if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Everything of one run.
struct Torture {
    world: World,
    daemon: Daemon,
    load: Load,
    trouble: Trouble,
    kills: Rng,
    report: Report,
    bar: ProgressBar,
}

async fn torture(args: &Args) -> anyhow::Result<Report> {
    let items = goods(args.skus, args.seed);
    let options = WorldOptions {
        items: items.clone(),
        reads_per_minute: None,
        writes_per_minute: None,
        shopify_points_per_sec: 50_000.0,
        latency_sheet: LATENCY_SHEET,
        latency_shop: LATENCY_SHOP,
        ..WorldOptions::default()
    };
    let world = World::start(options).await?;
    let daemon = Daemon::prepare(&args.binary, &world.describe())?;
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} kills, {elapsed} ({eta} left)  {msg}")?;
    let bar = ProgressBar::new(args.kills).with_style(style);
    let mut torture = Torture {
        load: Load::new(&items, args.seed),
        trouble: Trouble::new(args.seed),
        kills: Rng::new(args.seed ^ 0x6b69_6c6c),
        report: Report::new(args.seed, items.len()),
        world,
        daemon,
        bar,
    };
    torture.bar.set_message("filling the shops");
    torture.daemon.command(&["sync"]).await?.expect_exit(&[0, 4])?;
    let started = Instant::now();
    while torture.report.kills < args.kills && (args.keep_going || torture.report.violations.is_empty()) {
        let left = args.kills - torture.report.kills;
        let drawn = torture.kills.between(BATCH.0, BATCH.1).unsigned_abs();
        // No batch is shorter than the shortest.
        let kills = if left <= BATCH.1.unsigned_abs() { left } else { drawn.min(left - BATCH.0.unsigned_abs()) };
        torture.batch(kills).await?;
    }
    torture.bar.finish_and_clear();
    let Torture { mut report, load, trouble, world, .. } = torture;
    report.finish(started.elapsed(), &load, &trouble, &world);
    world.stop().await;
    Ok(report)
}

/// Generated goods. Most have some units, a few have very many (they sell all the time), a few nearly none (they are
/// sold out, and oversold).
fn goods(count: usize, seed: u64) -> Vec<LabItem> {
    let mut items = generate(count, seed);
    for (place, item) in items.iter_mut().enumerate() {
        item.stock = match load::role(place) {
            load::Role::Hot => 3_000,
            load::Role::Scarce => 4,
            load::Role::Quiet | load::Role::Plain => 20 + (item.stock % 50).abs(),
        };
    }
    items
}

impl Torture {
    /// Some kills under load, then rest, then judgement.
    async fn batch(&mut self, kills: u64) -> anyhow::Result<()> {
        let began = shelfd::clock::now();
        let logged = self.daemon.log_length();
        self.bar.set_message(format!("batch {}", self.report.batches.len() + 1));
        for _ in 0..kills {
            // A webhook that could not be delivered for long is switched off by the shop; each start has it on again.
            let child = self.daemon.start()?;
            self.report.starts += 1;
            self.round(child).await?;
            self.report.kills += 1;
            self.bar.inc(1);
            if self.kills.chance(0.3) {
                let gap = self.kills.between(0, 400).unsigned_abs();
                self.play_for(Duration::from_millis(gap)).await;
            }
        }
        self.trouble.clear(&self.world);
        self.load.says_late = false;
        self.bar.set_message(format!("batch {}: coming to rest", self.report.batches.len() + 1));
        let mut child = self.daemon.start()?;
        self.report.starts += 1;
        let rested = self.rest(&mut child, began).await?;
        self.daemon.stop(child).await?;
        let found = self.judge(began).await?;
        if found.is_empty() && rested.is_none() {
            let words = "everything agrees, but not in time or not for good".to_owned();
            self.violate(began, logged, Violation { sku: String::new(), words, story: Vec::new() }).await?;
        }
        for violation in found {
            self.violate(began, logged, violation).await?;
        }
        self.second_sync().await?;
        let agreed_secs = rested.map(|rested| rested.as_secs_f64());
        self.report.batches.push(Batch { kills, agreed_secs });
        if self.bar.is_hidden() {
            // No terminal: a line for a log.
            let Report { batches, kills, doubts, violations, .. } = &self.report;
            let figures = (batches.len(), kills, doubts.len(), violations.len());
            eprintln!(
                "batch {}: {} kills, {} doubts, {} violations so far; agreed after {agreed_secs:.1?} s",
                figures.0, figures.1, figures.2, figures.3
            );
        }
        Ok(())
    }

    /// Wait until everything agrees and nothing is open. How long that took; `None`: too long.
    async fn rest(
        &mut self,
        child: &mut std::process::Child,
        began: shelfd::clock::Time,
    ) -> anyhow::Result<Option<Duration>> {
        let started = Instant::now();
        let mut since = None;
        while started.elapsed() < REST_WITHIN + REST {
            if let Some(status) = child.try_wait()? {
                anyhow::bail!("the daemon ended by itself: {status}\n{}", self.daemon.last_words());
            }
            if judge::at_rest(&self.world, &self.load, &self.daemon.ledger(), began).await? {
                let began = *since.get_or_insert_with(Instant::now);
                if began.elapsed() >= REST {
                    return Ok(Some(began - started));
                }
            } else {
                since = None;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(None)
    }

    /// Once everything agrees, a sync writes nothing. The first may still write status cells.
    async fn second_sync(&mut self) -> anyhow::Result<()> {
        self.daemon.command(&["sync"]).await?.expect_exit(&[0, 4])?;
        let gates = [self.world.google().gate(), self.world.shopify().gate(), self.world.woocommerce().gate()];
        let writes = || gates.map(|gate| gate.total(Kind::Write));
        let before = writes();
        self.daemon.command(&["sync"]).await?.expect_exit(&[0, 4])?;
        let after = writes();
        if before != after {
            let words = format!("a second sync wrote: {before:?} calls before (sheet, shopify, woo), {after:?} after");
            self.report.violations.push(Violation { sku: String::new(), words, story: Vec::new() });
        }
        Ok(())
    }

    /// Note a violation with its story, and keep the ledger.
    async fn violate(
        &mut self,
        began: shelfd::clock::Time,
        logged: u64,
        mut violation: Violation,
    ) -> anyhow::Result<()> {
        violation.story = self.load.story(&violation.sku, began);
        violation.story.extend(ledger::story(&self.daemon.ledger(), &violation.sku, began).await?);
        violation.story.extend(self.daemon.log_lines(logged, &violation.sku));
        violation.story.sort();
        let kept = format!("torture-{}-{}.db", self.report.seed, self.report.batches.len() + 1);
        std::fs::copy(self.daemon.ledger(), &kept)?;
        let words = format!("VIOLATION {}: {}\n{}", violation.sku, violation.words, violation.story.join("\n"));
        self.bar.suspend(|| eprintln!("{words}\nthe ledger is kept as {kept}"));
        self.report.violations.push(violation);
        Ok(())
    }
}
