//! Watches the ledger while a history is played: all that it has folded of an endpoint was true there at some moment. So our
//! own writes are never taken for other people's, not even for a moment, unless an answer was stale.

use std::collections::BTreeMap;

use futures::FutureExt as _;

use super::driver::book;
use super::world::{Layout, POOLS, World};
use crate::db::{Ledger, MemoryLedger, SHEET};

/// What is folded so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The last movement looked at.
    after: i64,
    /// By endpoint and item: units folded.
    folded: BTreeMap<(String, usize), i64>,
}

impl Watch {
    /// From here on: everything so far is folded.
    pub fn start(world: &World, ledger: &MemoryLedger) -> Self {
        let lines = ledger.ungated().movements(0, u32::MAX).now_or_never().and_then(Result::ok).unwrap_or_default();
        let mut folded = BTreeMap::new();
        for item in 0..world.truth.len() {
            for (place, name) in places(world).into_iter().enumerate() {
                let now = world.moved[place][item].last().copied().unwrap_or(0);
                folded.insert((name, item), now);
            }
        }
        Self { after: lines.last().map_or(0, |line| line.id), folded }
    }

    /// Look at what was folded since.
    pub fn look(&mut self, world: &mut World, ledger: &MemoryLedger) {
        let lines = ledger.ungated().movements(self.after, u32::MAX).now_or_never().and_then(Result::ok);
        for line in lines.unwrap_or_default() {
            self.after = line.id;
            let Some(place) = places(world).iter().position(|name| *name == line.endpoint) else { continue };
            let pool = POOLS.iter().position(|pool| *pool == line.pool);
            let Some(item) = pool.and_then(|pool| world.item(&line.sku, pool)) else { continue };
            let folded = self.folded.entry((line.endpoint.clone(), item)).or_default();
            *folded += line.units;
            if line.cause == "counted" {
                // The pool is what was typed, whatever was sold until then.
                world.truth[item].units += line.units;
                world.counts.counted += 1;
                // A write that was misjudged within the limits, or in doubt, becomes a count here.
                let blurred = world.truth[item].leeway > 0 || is_doubted(ledger, &line.sku);
                if !blurred && !world.counts_typed[item].contains(&line.pool_after) {
                    world.wrong.push(format!("{}: {} was never counted", line.sku, line.pool_after));
                }
                continue;
            }
            if line.cause == "founded" {
                *folded = line.units - world.founded[item];
                if world.layout(item) == Layout::Counted {
                    // Nothing was listed yet, so nothing was sold.
                    world.truth[item].units = line.units;
                }
            }
            // Where orders are the evidence they and stock are folded apart, and a blurred write may be misjudged: both are
            // looked at in the end.
            if world.truth[item].leeway > 0 || is_by_orders(world, place) {
                continue;
            }
            if world.moved[place][item].contains(folded) {
                continue;
            }
            // A stale answer with a number that the ledger never saw cannot be told from a person's; the next one mends it.
            let side = book(ledger, &world.truth[item]).sides.remove(&line.endpoint).unwrap_or_default();
            let known = side.recent.iter().any(|recent| Some(recent.value) == side.accounted);
            if world.counts.stale_reads > 0 && !known {
                world.counts.stale_folds += 1;
            } else if !is_doubted(ledger, &line.sku) {
                let words = format!(
                    "{}: {:+} folded at {} make {}, which was never true there",
                    line.sku, line.units, line.endpoint, folded
                );
                world.wrong.push(words);
            }
        }
    }
}

fn is_doubted(ledger: &MemoryLedger, sku: &str) -> bool {
    let letters = ledger.ungated().dead_letters().now_or_never().and_then(Result::ok).unwrap_or_default();
    letters.iter().any(|letter| letter.code == "doubt" && letter.sku == sku)
}

fn places(world: &World) -> Vec<String> {
    std::iter::once(SHEET.to_owned()).chain(world.shops.iter().map(|shop| shop.name.clone())).collect()
}

fn is_by_orders(world: &World, place: usize) -> bool {
    place > 0 && !world.shops[place - 1].kind.is_keyed()
}
