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

/// True when nothing is open, and whatever differs is a doubt that assumed the lower stock.
pub async fn at_rest(world: &World, load: &Load, path: &Path) -> anyhow::Result<bool> {
    if ledger::open_intents(path).await? > 0 {
        return Ok(false);
    }
    let found = differences(world, load);
    if found.is_empty() {
        return Ok(true);
    }
    let letters = ledger::letters(path).await?;
    let doubted = |sku: &String| letters.iter().any(|letter| letter.sku == *sku && letter.code == "doubt");
    Ok(found.iter().all(|(sku, found)| doubted(sku) && found.shops_follow && found.sheet.is_some_and(|off| off <= 0)))
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
        for (sku, difference) in differences(&self.world, &self.load) {
            let most = doubted.get(&sku).copied().unwrap_or(0);
            match difference.sheet {
                // A doubt assumes the lower stock, says so in the row, and asks people to count.
                Some(off) if (-most..0).contains(&off) && difference.shops_follow => {
                    self.report.assumed_lower.push((sku.clone(), off));
                    self.load.accept(&sku, off);
                }
                _ => violate(&sku, difference.words.join("; ")),
            }
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
                self.report.doubts.push(Doubt { endpoint: letter.endpoint, sku: letter.sku });
            } else {
                violate(&letter.sku, format!("dead letter at {}: {} {}", letter.endpoint, letter.code, letter.reason));
            }
            // As somebody does who has counted.
            self.daemon.command(&["dead", "drop", &letter.id.to_string()]).await?.expect_exit(&[0])?;
        }
        Ok(violations)
    }
}
