//! The world: one sheet, some shops, the people in and around them, and what is truly in stock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::effects::Effects;
use super::listing::Listing;
use super::sheet::Sheet;
use super::shop::Shop;
use crate::catalog::{Pool, Sku};
use crate::clock::{self, Time};
use crate::engine::SEND_WITHIN;
use crate::rng::Rng;
use crate::stock::Intent;

/// Pools: each world has the first, some have both.
pub const POOLS: [&str; 2] = ["main", "west"];

/// How a pool is laid out in the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One column that people and the program write.
    Edited,
    /// One column for stock-takes: a typed number is what was counted.
    Counted,
    /// People write what came in, the program what was sold.
    Counters,
}

/// What is true of one SKU in one pool.
#[derive(Debug, Clone)]
pub struct Truth {
    /// Identity, as the sheet has it now.
    pub sku: Sku,
    /// What it was called before, the very first name first.
    pub former: Vec<Sku>,
    /// Index of the pool.
    pub pool: usize,
    /// Units there are: start + people's edits + returns − sales.
    pub units: i64,
    /// By how much the ledger may be off, where the platform makes it impossible to know: see `docs/guarantees.md`.
    pub leeway: i64,
}

impl Truth {
    /// What it was called at the very start.
    pub fn first(&self) -> &Sku {
        self.former.first().unwrap_or(&self.sku)
    }

    /// The pool's name.
    pub fn pool(&self) -> Pool {
        POOLS[self.pool].to_owned()
    }

    /// Its title. It tells which row it is, whatever its SKU.
    pub fn title(&self) -> String {
        format!("Thing {}", self.first())
    }
}

/// What happened, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Counts {
    pub histories: u64,
    pub effects: u64,
    pub crashes: u64,
    pub restarts: u64,
    pub takeovers: u64,
    pub sales: u64,
    pub units_sold: u64,
    pub returns: u64,
    pub orders_deleted: u64,
    pub staff_edits: u64,
    pub sheet_edits: u64,
    pub price_edits: u64,
    pub sorts: u64,
    pub rows_inserted: u64,
    pub rows_deleted: u64,
    pub webhooks_sent: u64,
    pub webhooks_lost: u64,
    pub webhooks_doubled: u64,
    pub answers_lost: u64,
    pub calls_failed: u64,
    pub batches_refused: u64,
    pub writes_late: u64,
    pub stale_reads: u64,
    pub stale_folds: u64,
    pub counted: u64,
    pub rows_cut: u64,
    pub keys_blanked: u64,
    pub counters_scribbled: u64,
    pub skus_renamed: u64,
    pub skus_renamed_in_shops: u64,
    pub products_deleted: u64,
    pub products_made_anew: u64,
    pub stock_writes: u64,
    pub doubts: u64,
    pub leeways: u64,
}

impl Counts {
    /// Add another's.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.histories, other.histories),
            (&mut self.effects, other.effects),
            (&mut self.crashes, other.crashes),
            (&mut self.restarts, other.restarts),
            (&mut self.takeovers, other.takeovers),
            (&mut self.sales, other.sales),
            (&mut self.units_sold, other.units_sold),
            (&mut self.returns, other.returns),
            (&mut self.orders_deleted, other.orders_deleted),
            (&mut self.staff_edits, other.staff_edits),
            (&mut self.sheet_edits, other.sheet_edits),
            (&mut self.price_edits, other.price_edits),
            (&mut self.sorts, other.sorts),
            (&mut self.rows_inserted, other.rows_inserted),
            (&mut self.rows_deleted, other.rows_deleted),
            (&mut self.webhooks_sent, other.webhooks_sent),
            (&mut self.webhooks_lost, other.webhooks_lost),
            (&mut self.webhooks_doubled, other.webhooks_doubled),
            (&mut self.answers_lost, other.answers_lost),
            (&mut self.calls_failed, other.calls_failed),
            (&mut self.batches_refused, other.batches_refused),
            (&mut self.writes_late, other.writes_late),
            (&mut self.stale_reads, other.stale_reads),
            (&mut self.stale_folds, other.stale_folds),
            (&mut self.counted, other.counted),
            (&mut self.rows_cut, other.rows_cut),
            (&mut self.keys_blanked, other.keys_blanked),
            (&mut self.counters_scribbled, other.counters_scribbled),
            (&mut self.skus_renamed, other.skus_renamed),
            (&mut self.skus_renamed_in_shops, other.skus_renamed_in_shops),
            (&mut self.products_deleted, other.products_deleted),
            (&mut self.products_made_anew, other.products_made_anew),
            (&mut self.stock_writes, other.stock_writes),
            (&mut self.doubts, other.doubts),
            (&mut self.leeways, other.leeways),
        ];
        for (mine, more) in pairs {
            *mine += more;
        }
    }
}

/// Kinds of trouble with calls and webhooks. Each world has its own mixture: what seldom meets in an even one meets often in
/// one that has much of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// A call fails.
    Fail,
    /// A write's answer is lost.
    Lost,
    /// A read is older than what is there.
    Stale,
    /// Webhooks are lost or doubled.
    Post,
}

impl Trouble {
    /// How often each kind happens in a world with this seed, in the order of their names.
    pub fn mixture(seed: u64) -> [f64; 4] {
        let mut rng = Rng::new(seed ^ 0x7b0b);
        let level = [0.0, 0.5, 1.0, 2.0][(seed % 4) as usize];
        [(); 4].map(|()| level * [0.0, 0.5, 1.0, 1.0, 4.0][rng.below(5)])
    }
}

/// A webhook on its way.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Index of the shop.
    pub shop: usize,
    /// What identifies a repetition.
    pub id: u64,
    /// Product that it mentions.
    pub product: String,
}

/// A write that was recorded by a program whose lease another one took then.
#[derive(Debug, Clone)]
pub struct Held {
    /// The sheet (0), or a shop (from 1).
    pub place: usize,
    /// Whose stock it writes.
    pub item: usize,
    /// What was recorded.
    pub intent: Intent,
}

/// What is out of the ordinary in a world.
#[derive(Debug, Clone, Copy, Default)]
pub struct Oddities {
    /// No answer is stale, and the program does not allow for any: each guard stands alone, without that wait before it.
    pub prompt: bool,
    /// Google refuses a batch of writes now and then, as for a range that somebody has just protected. Shops list a product that
    /// cannot be read.
    pub refusing: bool,
    /// Shops take their time: what an answer shows is from its beginning.
    pub slow: bool,
    /// People sort in the very moment of a write, cut out the row just after it, and type what other rows are about to show; answers are lost, and looks stale.
    pub hasty: bool,
}

impl Oddities {
    /// Of the world that a seed makes. Those of hasty people are among those whose rows all show the same number at first.
    pub fn of(seed: u64, hasty: bool) -> Self {
        let kind = seed % 16;
        let (prompt, slow) = (matches!(kind, 2 | 11), matches!(kind, 5 | 12));
        Self { prompt, refusing: kind == 10, slow, hasty: hasty || kind == 9 }
    }

    /// What they do to the trouble in it.
    pub fn trouble(self, troubles: &mut [f64; 4], calm: bool) {
        if self.hasty && !calm {
            *troubles = [0.5, 6.0, 4.0, 0.5];
        }
        if self.slow && !calm {
            troubles[Trouble::Fail as usize] = 4.0;
        }
        if self.prompt {
            troubles[Trouble::Stale as usize] = 0.0;
        }
    }
}

/// Everything outside the program.
#[derive(Debug, Clone)]
pub struct World {
    /// Chance.
    pub rng: Rng,
    /// How often each kind of [`Trouble`] happens; 1 is ordinary.
    pub troubles: [f64; 4],
    /// What is out of the ordinary in it.
    pub odd: Oddities,
    /// How each pool is laid out.
    pub layouts: Vec<Layout>,
    /// What is true: SKU by SKU, pool by pool. Its index is the number of an item.
    pub truth: Vec<Truth>,
    /// The spreadsheet.
    pub sheet: Sheet,
    /// The shops.
    pub shops: Vec<Shop>,
    /// Webhooks on their way.
    pub mail: Vec<Letter>,
    /// What happened.
    pub counts: Counts,
    /// What must never happen and did.
    pub wrong: Vec<String>,
    /// What happened, in words; kept only when asked for.
    pub story: Option<Vec<String>>,
    /// Numbers letters and orders.
    pub serial: u64,
    /// Per item: how far people's edits may have blurred the fate of an open write to the sheet, should its answer be lost.
    pub pending: Vec<i64>,
    /// Per item: the open write to the sheet whose fate hangs on what its cell shows.
    pub unsure: Vec<Option<Intent>>,
    /// Per item: the number that a person typed last, until it was surely read.
    pub typed: Vec<Option<i64>>,
    /// Per item: numbers that people typed, and when.
    pub typed_at: Vec<Vec<(Time, i64)>>,
    /// Per item: units in the sheet at the very start.
    pub founded: Vec<i64>,
    /// By place (the sheet, then the shops) and item: units moved there by others, after each time.
    pub moved: Vec<Vec<Vec<i64>>>,
    /// Per item: what the turn under way has written to its stock cell: the number replaced, and the new one.
    pub hit: Vec<Option<(i64, i64)>>,
    /// Per item: the last write to its stock cell that was made, and takeovers before its program was started.
    pub last_write: Vec<Option<((i64, i64), u64)>>,
    /// Per item: what the turn under way has written there was its own write.
    pub own_hit: Vec<bool>,
    /// Per item: numbers that were typed as counted, the first one too.
    pub counts_typed: Vec<Vec<i64>>,
    /// Rows that were written in the poll under way: whose they are, the number replaced and the new one.
    pub hits: Vec<(usize, (i64, i64))>,
    /// Per item: units of another row's write that stand in its cell since the program was killed.
    pub astray: Vec<i64>,
    /// Counters whose number was written over in the poll under way, by a write for another row: whose, and by how much.
    pub counter_hits: Vec<(usize, i64)>,
    /// Writes that were open when another program took over.
    pub held: Vec<Held>,
    /// An answer of the sheet was lost in the turn under way.
    pub sheet_lost: bool,
    /// The same, in the poll under way.
    pub lost_now: bool,
}

impl World {
    /// Something went wrong with this chance, times the trouble of its kind in this world.
    pub fn mishap(&mut self, trouble: Trouble, share: f64) -> bool {
        let times = self.troubles[trouble as usize];
        times > 0.0 && self.rng.chance(share * times)
    }

    /// The fate of open writes to the sheet was blurred for good.
    pub fn promote_leeway(&mut self) {
        for item in 0..self.truth.len() {
            let pending = std::mem::take(&mut self.pending[item]);
            self.allow(item, pending);
        }
    }

    /// By so many units a pool may be off.
    pub(super) fn allow(&mut self, item: usize, units: i64) {
        if units != 0 {
            self.truth[item].leeway += units;
            self.counts.leeways += 1;
        }
    }

    /// Nothing but the stock tells whether a write was done at this shop, which knows no keys: what staff did that hides among
    /// orders under way cannot be told from it.
    pub(super) fn allow_hidden(&mut self, shop: usize, item: usize) {
        let hidden = self.shops[shop].listings.get(&item).map_or(0, Listing::hidden);
        self.allow(item, hidden);
    }

    /// Where the program cannot see a row, it cannot tell that another row's write stands there either.
    pub fn hide(&mut self, item: usize, hidden: bool) {
        if self.astray[item] != 0 && (hidden || self.sheet.row_of(self.truth[item].sku.as_str()).is_none()) {
            let units = std::mem::take(&mut self.astray[item]);
            self.allow(item, units);
        }
    }

    /// A program that has lost its lease asks at this time for a write of so many units to be made: it must have recorded it a
    /// moment ago.
    pub fn expect_in_time(&mut self, place: usize, item: usize, (expected, delta): (i64, i64), asked: Time) {
        let written = (place, item, expected, delta);
        let writes = |held: &Held| (held.place, held.item, held.intent.expected, held.intent.delta);
        // What it puts back it may make again, where it put back too much: that is no new write.
        self.held.retain(|held| writes(held) != (place, item, expected + delta, -delta));
        let is_it = |held: &&Held| writes(held) == written;
        let recorded = self.held.iter().filter(is_it).map(|held| held.intent.recorded).max();
        if let Some(recorded) = recorded.filter(|recorded| *recorded + SEND_WITHIN < asked) {
            let sku = &self.truth[item].sku;
            self.wrong.push(format!("{sku}: a write of {delta:+} was sent {} after it was recorded", asked - recorded));
        }
    }

    /// Others moved units at a place (0: the sheet, then the shops).
    pub fn has_moved(&mut self, place: usize, item: usize, units: i64) {
        let history = &mut self.moved[place][item];
        let now = history.last().copied().unwrap_or(0) + units;
        history.push(now);
    }

    /// Write the story on.
    pub fn tell(&mut self, words: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(format!("{} {}", clock::now().format("%M:%S%.3f"), words()));
        }
    }

    /// Index of a SKU in a pool, under any name that it has or had: `S0`, then `S0-1`, `S0-2`.
    pub fn item(&self, sku: &str, pool: usize) -> Option<usize> {
        let first = sku.split('-').next().unwrap_or(sku);
        self.truth.iter().position(|truth| truth.pool == pool && truth.first().as_str() == first)
    }

    /// The row of this item gets another SKU; the same one in every pool.
    pub fn rename(&mut self, item: usize, sku: &Sku) {
        let now = self.truth[item].sku.clone();
        for truth in self.truth.iter_mut().filter(|truth| truth.sku == now) {
            truth.former.push(std::mem::replace(&mut truth.sku, sku.clone()));
        }
    }

    /// The same SKU as this item, in the pool that a shop sells from.
    pub fn item_of_shop(&self, item: usize, shop: usize) -> usize {
        item - self.truth[item].pool + self.shops[shop].pool
    }

    /// How an item is laid out in the sheet.
    pub fn layout(&self, item: usize) -> Layout {
        self.layouts[self.truth[item].pool]
    }

    /// The next number.
    pub fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}

/// The world, shared by the endpoints' faces and the people.
#[derive(Debug)]
pub struct Shared {
    world: Mutex<World>,
    /// Every change that the program makes passes here.
    pub effects: Arc<Effects>,
}

impl Shared {
    /// Share a world.
    pub fn new(world: World, effects: Effects) -> Self {
        Self { world: Mutex::new(world), effects: Arc::new(effects) }
    }

    /// Look at the world, or change it.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
