//! The figures of a run.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use shelfd::lab::gate::Kind;
use shelfd::lab::world::World;

use crate::load::{Counts, Load};
use crate::trouble::Trouble;

/// What must not be.
#[derive(Debug, Serialize)]
pub struct Violation {
    /// Of which SKU; blank when it is none's.
    pub sku: String,
    /// What is wrong.
    pub words: String,
    /// All that happened to it in this batch, outside and inside.
    pub story: Vec<String>,
}

/// A write whose fate nothing could tell.
#[derive(Debug, Serialize)]
pub struct Doubt {
    /// Where.
    pub endpoint: String,
    /// Of which SKU.
    pub sku: String,
    /// What its row says.
    pub words: String,
}

/// Kills under load, then rest.
#[derive(Debug, Serialize)]
pub struct Batch {
    /// How many.
    pub kills: u64,
    /// From the end of the load until everything agreed for good; absent where it never did.
    pub agreed_secs: Option<f64>,
}

/// The whole run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Seed.
    pub seed: u64,
    machine: Value,
    skus: usize,
    seconds: f64,
    /// Kills.
    pub kills: u64,
    /// Starts of the daemon.
    pub starts: u64,
    lives: BTreeMap<&'static str, u64>,
    counts: Counts,
    faults: BTreeMap<&'static str, u64>,
    calls: BTreeMap<&'static str, [u64; 2]>,
    /// By batch.
    pub batches: Vec<Batch>,
    /// Doubts, said so in the row.
    pub doubts: Vec<Doubt>,
    /// SKUs whose stock stood too low after a doubt, and by how much.
    pub assumed_lower: Vec<(String, i64)>,
    /// SKUs where a person typed the very number that a write of unknown fate was about, and by how much they are off.
    pub taken_for_writes: Vec<(String, i64)>,
    /// What must not be.
    pub violations: Vec<Violation>,
}

impl Report {
    /// Nothing yet.
    pub fn new(seed: u64, skus: usize) -> Self {
        Self {
            seed,
            machine: machine(),
            skus,
            seconds: 0.0,
            kills: 0,
            starts: 0,
            lives: BTreeMap::new(),
            counts: Counts::default(),
            faults: BTreeMap::new(),
            calls: BTreeMap::new(),
            batches: Vec::new(),
            doubts: Vec::new(),
            assumed_lower: Vec::new(),
            taken_for_writes: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// How long the daemon lived.
    pub fn note_life(&mut self, life: Duration) {
        let class = match life.as_millis() {
            0..50 => "1: below 50 ms",
            50..250 => "2: 50 to 250 ms",
            250..1_000 => "3: 250 ms to 1 s",
            _ => "4: 1 s and more",
        };
        *self.lives.entry(class).or_default() += 1;
    }

    /// Take over what others counted.
    pub fn finish(&mut self, took: Duration, load: &Load, trouble: &Trouble, world: &World) {
        self.seconds = took.as_secs_f64().round();
        let Counts { sales, units, sold_out, cancelled, refunds, .. } = load.counts;
        let Counts { units_returned, stock_edits, price_edits, sorts, staff_edits, .. } = load.counts;
        self.counts = Counts {
            sales,
            units,
            sold_out,
            cancelled,
            refunds,
            units_returned,
            stock_edits,
            price_edits,
            sorts,
            staff_edits,
        };
        self.faults = trouble.counts.clone();
        let gates = [
            ("sheet", world.google().gate()),
            ("shopify", world.shopify().gate()),
            ("woocommerce", world.woocommerce().gate()),
        ];
        self.calls = gates.map(|(name, gate)| (name, [Kind::Read, Kind::Write].map(|kind| gate.total(kind)))).into();
    }

    /// As a table, to stdout.
    pub fn print(&self) {
        let counts = &self.counts;
        let mut times: Vec<f64> = self.batches.iter().filter_map(|batch| batch.agreed_secs).collect();
        times.sort_by(f64::total_cmp);
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        let longest = times.last().copied().unwrap_or_default();
        println!("machine: {} × {}\n", self.machine["cores"], self.machine["cpu"].as_str().unwrap_or("?"));
        println!("| seed {} | |\n|---|---|", self.seed);
        let row = |name: &str, value: String| println!("| {name} | {value} |");
        row("SKUs; minutes", format!("{}; {:.1}", self.skus, self.seconds / 60.0));
        row("kills; starts of the daemon", format!("{}; {}", self.kills, self.starts));
        for (class, lives) in &self.lives {
            row(&format!("killed at the age of {}", &class[3..]), lives.to_string());
        }
        row("orders; units in them", format!("{}; {}", counts.sales, counts.units));
        row("visits that found too few units", counts.sold_out.to_string());
        let back = (counts.cancelled, counts.refunds, counts.units_returned);
        row("orders cancelled; refunds; units put back", format!("{}; {}; {}", back.0, back.1, back.2));
        row("stock cells typed into; price cells", format!("{}; {}", counts.stock_edits, counts.price_edits));
        row("sorts; stock set by staff", format!("{}; {}", counts.sorts, counts.staff_edits));
        for (fault, count) in &self.faults {
            row(&format!("trouble: {fault}"), count.to_string());
        }
        for (face, [reads, writes]) in &self.calls {
            row(&format!("calls to {face}: reads; writes"), format!("{reads}; {writes}"));
        }
        row(
            "batches; time to agreement, median; max",
            format!("{}; {median:.1} s; {longest:.1} s", self.batches.len()),
        );
        row("doubts, said so in the row", self.doubts.len().to_string());
        let mut by_words: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for doubt in &self.doubts {
            *by_words.entry((&doubt.endpoint, &doubt.words)).or_default() += 1;
        }
        for ((endpoint, words), count) in by_words {
            row(&format!("at {endpoint}: {words}"), count.to_string());
        }
        let lower: i64 = self.assumed_lower.iter().map(|(_, units)| units).sum();
        row("of them with stock too low; units", format!("{}; {lower}", self.assumed_lower.len()));
        row("numbers typed that nothing tells from a lost write", self.taken_for_writes.len().to_string());
        row("violations", self.violations.len().to_string());
        for violation in &self.violations {
            println!("\nviolation: {} {}", violation.sku, violation.words);
        }
    }
}

fn machine() -> Value {
    let text = std::fs::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name")).unwrap_or_default();
    let cpu = line.split(':').nth(1).unwrap_or_default().trim();
    json!({ "cpu": cpu, "cores": std::thread::available_parallelism().map_or(0, usize::from) })
}
