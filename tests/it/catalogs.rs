//! Whole catalogs: sheet → both shops → sold down at random by both shops while people edit and sort the sheet → all three
//! agree, and the units add up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use shelfd::catalog::Sku;
use shelfd::lab::LabItem;
use shelfd::lab::catalog::{KeyStyle, LoadOptions, generate, load};

use crate::bed::Bed;

/// A small generator, so that a failure can be replayed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// Keys as shelfd reads them, in sheet order; those that stand twice or are blank are left out.
fn keys(items: &[LabItem], key_style: KeyStyle) -> Vec<Option<Sku>> {
    let key = |item: &LabItem| match key_style {
        KeyStyle::Sku => Sku::new(&item.sku),
        KeyStyle::HandleAndOptions => {
            let mut parts = vec![item.handle.clone()];
            parts.extend(item.options.iter().map(|(_, value)| value.clone()));
            Sku::join(&parts)
        }
    };
    let keys: Vec<Option<Sku>> = items.iter().map(key).collect();
    let mut count: BTreeMap<&Sku, u32> = BTreeMap::new();
    for key in keys.iter().flatten() {
        *count.entry(key).or_default() += 1;
    }
    keys.iter().map(|key| key.clone().filter(|key| count[key] == 1)).collect()
}

fn key_of(grid: &[Vec<serde_json::Value>], key_style: KeyStyle, row: &[serde_json::Value]) -> Option<Sku> {
    let text = |name: &str| {
        let at = grid[0].iter().position(|cell| cell == name).unwrap();
        match row.get(at) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        }
    };
    match key_style {
        KeyStyle::Sku => Sku::new(&text("SKU")),
        KeyStyle::HandleAndOptions => {
            Sku::join(&["Handle", "Option1 Value", "Option2 Value", "Option3 Value"].map(text))
        }
    }
}

fn key_at(bed: &Bed, key_style: KeyStyle, row: u32) -> Option<Sku> {
    let grid = bed.world.google().grid("Products").unwrap();
    key_of(&grid, key_style, &grid[row as usize - 1])
}

/// Stock cells by key, as they stand in the sheet now.
fn sheet_stock(bed: &Bed, key_style: KeyStyle) -> BTreeMap<Sku, f64> {
    let grid = bed.world.google().grid("Products").unwrap();
    let at = grid[0].iter().position(|cell| cell == "Stock").unwrap();
    let stock = |row: &[serde_json::Value]| row.get(at).and_then(serde_json::Value::as_f64);
    grid[1..].iter().filter_map(|row| Some((key_of(&grid, key_style, row)?, stock(row)?))).collect()
}

/// What happened to units, by SKU.
struct Books {
    key_style: KeyStyle,
    start: BTreeMap<Sku, i64>,
    sold: BTreeMap<String, i64>,
    edited: BTreeMap<String, i64>,
}

impl Books {
    /// One thing happens: a shopper buys, and now and then a person sorts the sheet or adds units.
    fn play(&mut self, bed: &Bed, dice: &mut Dice, skus: &[String], round: usize) {
        let (_, shop) = bed.shops()[dice.roll(2)];
        let sku = &skus[dice.roll(skus.len())];
        let quantity = 1 + i64::try_from(dice.roll(3)).unwrap();
        if shop.sell(sku, quantity).is_ok() {
            *self.sold.entry(sku.clone()).or_default() += quantity;
        }
        if round % 7 == 3 {
            let column = ["Title", "Price", "Stock", "Handle"][dice.roll(4)];
            bed.world.google().sort("Products", column, dice.roll(2) == 0).unwrap();
        }
        if round % 5 == 2 {
            let rows = bed.world.google().grid("Products").unwrap().len() - 1;
            self.add_units(bed, u32::try_from(2 + dice.roll(rows)).unwrap());
        }
    }

    /// A person adds units to what the cell shows at that moment.
    fn add_units(&mut self, bed: &Bed, row: u32) {
        let Some(key) = key_at(bed, self.key_style, row).filter(|key| self.start.contains_key(key)) else { return };
        let mut added = 0;
        let add = |shown: &str| {
            added = if shown.parse::<i64>().is_ok() { 5 } else { 0 };
            shown.parse::<i64>().map_or(shown.to_owned(), |units| (units + 5).to_string())
        };
        bed.world.google().edit_shown("Products", row, "Stock", add).unwrap();
        *self.edited.entry(key.to_string()).or_default() += added;
    }

    /// What does not add up: start + edits − sales against the sheet and both shops.
    fn wrong(&self, bed: &Bed) -> Vec<String> {
        let sheet = sheet_stock(bed, self.key_style);
        let shelves = bed.shops().map(|(name, shop)| (name, shop.shelf()));
        let mut wrong = Vec::new();
        for (key, start) in &self.start {
            let of = |map: &BTreeMap<String, i64>| map.get(key.as_str()).copied().unwrap_or(0);
            let units = start + of(&self.edited) - of(&self.sold);
            if sheet.get(key).map(|value| *value as i64) != Some(units) {
                wrong.push(format!("{key}: sheet has {:?}, expected {units}", sheet.get(key)));
            }
            for (name, shelf) in &shelves {
                let here = shelf.get(key.as_str()).map(|item| item.stock);
                if here != Some(units.max(0)) {
                    wrong.push(format!("{key}: {name} has {here:?}, expected {units}"));
                }
            }
        }
        wrong
    }

    /// Wait until all agree, for as long as there is progress.
    async fn agree(&self, name: &str, bed: &Bed) {
        let (mut least, mut since) = (usize::MAX, Instant::now());
        loop {
            let wrong = self.wrong(bed);
            if wrong.is_empty() {
                return;
            }
            if wrong.len() < least {
                (least, since) = (wrong.len(), Instant::now());
            }
            if since.elapsed() > Duration::from_secs(60) {
                let movements = bed.engine.ledger.movements(0, u32::MAX).await.unwrap();
                let concerns = |sku: &str| wrong.iter().any(|words| words.starts_with(&format!("{sku}:")));
                let story: Vec<_> = movements.iter().filter(|line| concerns(&line.sku)).collect();
                panic!("{name}:\n{}\n{story:#?}", wrong.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn sell_down(name: &str, items: Vec<LabItem>, key_style: KeyStyle, rounds: usize) {
    let started = Instant::now();
    let keys = keys(&items, key_style);
    let start: BTreeMap<Sku, i64> =
        keys.iter().zip(&items).filter_map(|(key, item)| Some((key.clone()?, item.stock))).collect();
    let mut books = Books { key_style, start, sold: BTreeMap::new(), edited: BTreeMap::new() };
    let mut bed = Bed::start_keyed(items, key_style).await;
    let report = bed.sync().await;
    assert!(report.failures.is_empty(), "{name}: {:?}", report.failures);
    let pushed = started.elapsed();
    bed.run().await;
    let shelves = bed.shops().map(|(_, shop)| shop.shelf());
    for shelf in &shelves {
        assert_eq!(shelf.len(), books.start.len(), "{name}: both shops list every usable row, and nothing else");
    }
    let skus: Vec<String> = shelves[0].keys().cloned().collect();
    let mut dice = Dice(0x5eed_0001 + rounds as u64);
    for round in 0..rounds {
        books.play(&bed, &mut dice, &skus, round);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ended = Instant::now();
    books.agree(name, &bed).await;
    eprintln!(
        "{name}: {} SKUs pushed in {pushed:.1?}; {} units sold, {} added; agreed {:.1?} after the last sale",
        books.start.len(),
        books.sold.values().sum::<i64>(),
        books.edited.values().sum::<i64>(),
        ended.elapsed(),
    );
    bed.stop().await;
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_catalog() {
    let text = include_bytes!("../../assets/sample-catalog.csv");
    let catalog = load(text, &LoadOptions::default()).unwrap();
    sell_down("sample catalog", catalog.items, catalog.key, 60).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_generated_variants() {
    sell_down("2,000 generated variants", generate(2000, 7), KeyStyle::Sku, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_catalogs() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/catalogs");
    let Ok(entries) = std::fs::read_dir(folder) else {
        assert!(std::env::var_os("CI").is_none(), "in CI the real catalogs must be there");
        eprintln!("skipped: the real catalogs are not here");
        return;
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "csv"));
    files.sort();
    assert!(files.len() >= 8, "{files:?}");
    for path in files {
        let catalog = load(&std::fs::read(&path).unwrap(), &LoadOptions::default()).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        sell_down(&name, catalog.items, catalog.key, 60).await;
    }
}
