//! Is everything as it truly is?

use std::collections::BTreeMap;
use std::path::Path;

use shelfd::clock::Time;
use shelfd::lab::world::World;

use super::Torture;
use crate::ledger;
use crate::load::Load;
use crate::report::{Doubt, Violation};

/// What one SKU shows, less what is true: nothing where all is well.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// In words.
    pub words: Vec<String>,
    /// By how much the sheet is off; `None` where it shows no number.
    pub sheet: Option<i64>,
    /// Whether the shops show what follows from the sheet.
    pub shops_follow: bool,
}

/// SKUs that are not shown as they truly are.
pub fn differences(world: &World, load: &Load) -> BTreeMap<String, Difference> {
    let truth = load.truth(world);
    let rows = world.sheet_rows();
    let rows: BTreeMap<&str, _> = rows.iter().filter_map(|row| Some((row.key.as_deref()?, row))).collect();
    let shelves = world.shops().map(|(name, shop)| (name, shop.shelf()));
    let mut found = BTreeMap::new();
    for (sku, units) in truth {
        let row = rows.get(sku.as_str());
        let shown = row.and_then(|row| row.stock.as_i64());
        let mut words = Vec::new();
        let mut shops_follow = true;
        if shown != Some(units) {
            words.push(format!("the sheet shows {shown:?} instead of {units}"));
        }
        for (name, shelf) in &shelves {
            let Some(item) = shelf.get(&sku) else {
                words.push(format!("{name} does not list it"));
                shops_follow = false;
                continue;
            };
            if item.stock != units.max(0) {
                words.push(format!("{name} shows {} instead of {}", item.stock, units.max(0)));
            }
            shops_follow &= shown.is_some_and(|shown| item.stock == shown.max(0));
            let price = row.and_then(|row| row.price.as_f64());
            if price.is_none() || price != item.price.parse().ok() {
                words.push(format!("{name} asks {}, the sheet says {price:?}", item.price));
                shops_follow = false;
            }
        }
        if !words.is_empty() {
            found.insert(sku, Difference { words, sheet: shown.map(|shown| shown - units), shops_follow });
        }
    }
    found
}

/// Why a difference is no violation: what no program could tell, and what shelfd says in the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A doubt assumed the lower stock, and asks people to count.
    AssumedLower,
    /// A person typed the very number over the very number that a write of unknown fate was about; it was taken for the write.
    TakenForTheWrite,
}

/// Differences, each with what explains it.
pub async fn explained(
    world: &World,
    load: &Load,
    path: &Path,
    since: Time,
) -> anyhow::Result<Vec<(String, Difference, Option<Why>)>> {
    let found = differences(world, load);
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let doubted = ledger::doubted(path, since).await?;
    let mut all = Vec::new();
    for (sku, found) in found {
        let lower = doubted.get(&sku).copied().unwrap_or(0);
        let done = ledger::sheet_writes(path, &sku, since).await?;
        let taken = load.typed_as(&sku, &done);
        let why = match found.sheet.filter(|_| found.shops_follow) {
            Some(off) if (-lower..0).contains(&off) => Some(Why::AssumedLower),
            // Their units were not folded; a doubt may have come on top.
            Some(off) if taken != 0 && (-lower..=0).contains(&(off + taken)) => Some(Why::TakenForTheWrite),
            _ => None,
        };
        all.push((sku, found, why));
    }
    Ok(all)
}

/// True when nothing is open, and whatever differs is explained.
pub async fn at_rest(world: &World, load: &Load, path: &Path, since: Time) -> anyhow::Result<bool> {
    if ledger::open_intents(path).await? > 0 {
        return Ok(false);
    }
    Ok(explained(world, load, path, since).await?.iter().all(|(_, _, why)| why.is_some()))
}

impl Torture {
    /// Judge every SKU and every dead letter. The daemon has stopped.
    pub async fn judge(&mut self, began: Time) -> anyhow::Result<Vec<Violation>> {
        let path = self.daemon.ledger();
        let doubted = ledger::doubted(&path, began).await?;
        let mut violations = Vec::new();
        let mut violate = |sku: &str, words: String| {
            violations.push(Violation { sku: sku.to_owned(), words, story: Vec::new() });
        };
        for (sku, difference, why) in explained(&self.world, &self.load, &path, began).await? {
            let off = difference.sheet.unwrap_or(0);
            match why {
                Some(Why::AssumedLower) => self.report.assumed_lower.push((sku.clone(), off)),
                Some(Why::TakenForTheWrite) => self.report.taken_for_writes.push((sku.clone(), off)),
                None => violate(&sku, difference.words.join("; ")),
            }
            // Judged once is enough.
            self.load.accept(&sku, off);
        }
        let truth = self.load.truth(&self.world);
        for (sku, (pool, sum)) in ledger::pools(&path).await? {
            if pool != sum {
                violate(&sku, format!("the pool holds {pool}, its movements add up to {sum}"));
            }
            if Some(&pool) != truth.get(&sku) {
                violate(&sku, format!("the pool holds {pool} instead of {:?}", truth.get(&sku)));
            }
        }
        let open = ledger::open_intents(&path).await?;
        if open > 0 {
            violate("", format!("{open} writes are still open"));
        }
        for letter in ledger::letters(&path).await? {
            if letter.code == "doubt" && doubted.contains_key(&letter.sku) {
                self.report.doubts.push(Doubt { endpoint: letter.endpoint, sku: letter.sku, words: letter.reason });
            } else {
                violate(&letter.sku, format!("dead letter at {}: {} {}", letter.endpoint, letter.code, letter.reason));
            }
            // As somebody does who has counted.
            self.daemon.command(&["dead", "drop", &letter.id.to_string()]).await?.expect_exit(&[0])?;
        }
        Ok(violations)
    }
}
