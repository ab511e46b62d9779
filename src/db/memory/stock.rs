//! Books: take a side out, step it, put it back. And what each order line has taken.

use std::collections::{BTreeMap, BTreeSet};

use super::{KeptIntent, KeptSide, State};
use crate::catalog::{Pool, Sku};
use crate::clock::Time;
use crate::db::letters::VOID_BY_STOCK;
use crate::db::orders::{KeptShare, baseline_name, cursor_name, time_of_fact, time_to_fact};
use crate::db::stock::{Write, settled_name, step_side};
use crate::db::{
    DeadLetter, MovementLine, OpenIntent, OrderCursor, OrderLook, Peers, SHEET, SeenLine, Standing, StockChange,
    StockFold, StockRequest, Want, whole,
};
use crate::stock::{Book, Effect, Input, OrdersSeen, Rule, Settled, Side};

/// Which side of which book.
#[derive(Clone, Copy)]
struct Place<'a> {
    endpoint: &'a str,
    sku: &'a Sku,
    pool: &'a Pool,
}

impl State {
    pub(super) fn stock(
        &mut self,
        endpoint: &str,
        requests: Vec<StockRequest>,
        peers: Peers<'_>,
        now: Time,
    ) -> Vec<StockChange> {
        self.step_books(endpoint, requests, peers, now)
    }

    pub(super) fn fold_store(
        &mut self,
        endpoint: &str,
        pool: &Pool,
        fold: StockFold,
        peers: Peers<'_>,
        now: Time,
    ) -> Vec<StockChange> {
        let seen = fold.orders.as_ref().map(|look| self.remember(endpoint, look)).unwrap_or_default();
        self.step_books(endpoint, fold.requests(pool, seen), peers, now)
    }

    fn units(&self, sku: &Sku, pool: &Pool) -> Option<i64> {
        self.pools.get(sku)?.get(pool).copied()
    }

    fn kept_side(&mut self, place: Place<'_>) -> Option<&mut KeptSide> {
        self.endpoints.get_mut(place.endpoint)?.sides.get_mut(place.sku)?.get_mut(place.pool)
    }

    /// Step books of one endpoint, one after the other.
    pub(super) fn step_books(
        &mut self,
        endpoint: &str,
        requests: Vec<StockRequest>,
        peers: Peers<'_>,
        now: Time,
    ) -> Vec<StockChange> {
        let mut changes = Vec::with_capacity(requests.len());
        for StockRequest { sku, pool, input } in requests {
            let effects = self.step_book(Place { endpoint, sku: &sku, pool: &pool }, input, peers, now);
            changes.push(StockChange { sku, pool, effects });
        }
        changes
    }

    fn step_book(&mut self, place: Place<'_>, input: Input, peers: Peers<'_>, now: Time) -> Vec<Effect> {
        let Place { endpoint, sku, pool } = place;
        let units = self.units(sku, pool);
        let side = self.kept_side(place).map(|kept| std::mem::take(&mut kept.side)).unwrap_or_default();
        let mut stepped = step_side(endpoint, units, side, input);
        let side = std::mem::take(&mut stepped.side);
        if let Some(kept) = self.kept_side(place) {
            kept.side = side;
        } else if side != Side::default() {
            let sides = self.endpoint(endpoint).sides.entry(sku.clone()).or_default();
            sides.insert(pool.clone(), KeptSide { side, open: None });
        }
        if let Some(after) = stepped.pool {
            self.pools.entry(sku.clone()).or_default().insert(pool.clone(), after);
        }
        for write in stepped.writes() {
            self.apply(place, write, peers, now);
        }
        stepped.effects
    }

    fn apply(&mut self, place: Place<'_>, write: Write<'_>, peers: Peers<'_>, now: Time) {
        let Place { endpoint, sku, pool } = place;
        match write {
            Write::Movement { units, cause, pool_after } => {
                let at = whole(now);
                self.movements.push(MovementLine {
                    id: i64::try_from(self.movements.len()).unwrap_or(i64::MAX).saturating_add(1),
                    sku: sku.to_string(),
                    pool: pool.clone(),
                    endpoint: endpoint.to_owned(),
                    units,
                    cause: cause.to_owned(),
                    pool_after,
                    at,
                });
                let moved_at = self.moved_at.entry(sku.clone()).or_insert(at);
                *moved_at = at.max(*moved_at);
                for peer in peers {
                    self.give(peer, sku.as_str(), Want::STOCK, now);
                }
            }
            Write::Intent(intent) => {
                let mut intent = intent.clone();
                intent.recorded = whole(intent.recorded);
                let open = self.intents.len();
                let (endpoint, sku, pool) = (endpoint.to_owned(), sku.clone(), pool.clone());
                self.intents.push(KeptIntent { endpoint, sku, pool, intent, state: "recorded", settled: None });
                if let Some(kept) = self.kept_side(place) {
                    kept.open = Some(open);
                }
            }
            Write::Close(settled) => {
                if let Some(open) = self.kept_side(place).and_then(|kept| kept.open.take()) {
                    self.close_intent(open, settled, now);
                }
            }
            Write::Taken => self.void_and_tell(endpoint, sku, &[VOID_BY_STOCK], now),
            Write::Replan => self.give(endpoint, sku.as_str(), Want::STOCK, now),
            Write::Audit(words) => self.audit(now, endpoint, sku.as_str(), "stock", (None, None), &words),
            Write::Counted(read) => self.count((sku, pool), read, now),
            Write::Doubt(words) => {
                self.doubt(DeadLetter::doubt(endpoint, sku.as_str(), Some(pool), words, now));
                self.give(SHEET, sku.as_str(), Want::CONTENT, now);
            }
        }
    }

    pub(super) fn close_intent(&mut self, open: usize, settled: Settled, now: Time) {
        if let Some(kept) = self.intents.get_mut(open) {
            (kept.state, kept.settled) = (settled_name(settled), Some(whole(now)));
        }
    }

    pub(super) fn open_intents(&self, endpoint: &str) -> Vec<OpenIntent> {
        let Some(held) = self.endpoints.get(endpoint) else { return Vec::new() };
        let sides = held.sides.values().flat_map(BTreeMap::values);
        // As old as their indices.
        let open: BTreeSet<usize> = sides.filter_map(|kept| kept.open).collect();
        let intent = |kept: &KeptIntent| {
            let KeptIntent { sku, pool, intent, state, .. } = kept;
            OpenIntent { sku: sku.clone(), pool: pool.clone(), intent: intent.clone(), unknown: *state == "unknown" }
        };
        open.into_iter().filter_map(|index| self.intents.get(index)).map(intent).collect()
    }

    pub(super) fn mark_unknown(&mut self, endpoint: &str, pool: &Pool, skus: &[Sku], lost: Option<Time>) {
        let Self { endpoints, intents, .. } = self;
        let Some(held) = endpoints.get_mut(endpoint) else { return };
        for sku in skus {
            let Some(side) = held.sides.get_mut(sku).and_then(|pools| pools.get_mut(pool)) else { continue };
            let Some(kept) = side.open.and_then(|index| intents.get_mut(index)) else { continue };
            kept.state = "unknown";
            if let Some(lost) = lost.map(whole) {
                kept.intent.recorded = lost;
                side.side.intent.iter_mut().for_each(|intent| intent.recorded = lost);
            }
        }
    }

    pub(super) fn stock_due(&self, endpoint: &str, pool: &Pool, rule: Rule) -> BTreeSet<Sku> {
        let Some(held) = self.endpoints.get(endpoint) else { return BTreeSet::new() };
        let sides = held.sides.iter().filter_map(|(sku, pools)| Some((sku, pools.get(pool)?)));
        sides.filter(|(sku, kept)| self.standing(sku, pool, kept).is_due(rule)).map(|(sku, _)| sku.clone()).collect()
    }

    pub(super) fn standings(&self, endpoint: &str) -> BTreeMap<(Sku, Pool), Standing> {
        let Some(held) = self.endpoints.get(endpoint) else { return BTreeMap::new() };
        let sides = held.sides.iter().flat_map(|(sku, pools)| pools.iter().map(move |(pool, kept)| (sku, pool, kept)));
        let entry =
            |(sku, pool, kept): (&Sku, &Pool, &KeptSide)| ((sku.clone(), pool.clone()), self.standing(sku, pool, kept));
        sides.map(entry).collect()
    }

    fn standing(&self, sku: &Sku, pool: &Pool, kept: &KeptSide) -> Standing {
        Standing { accounted: kept.side.accounted, open: kept.open.is_some(), pool: self.units(sku, pool) }
    }

    pub(super) fn book(&self, sku: &Sku, pool: &Pool) -> Book {
        let side = |(name, held): (&String, &super::Endpoint)| {
            Some((name.clone(), held.sides.get(sku)?.get(pool)?.side.clone()))
        };
        Book { pool: self.units(sku, pool), sides: self.endpoints.iter().filter_map(side).collect() }
    }

    /// Fold looks at the order list into the remembered shares; what they say of each SKU.
    fn remember(&mut self, endpoint: &str, look: &OrderLook) -> BTreeMap<Sku, OrdersSeen> {
        let mut seen: BTreeMap<Sku, OrdersSeen> = BTreeMap::new();
        let shares = &mut self.endpoint(endpoint).shares;
        for (line, earlier) in look.lines() {
            let lines = shares.entry(line.order.clone()).or_default();
            let held = lines.get_mut(&line.line);
            let (orders, kept) = look.weigh(held.as_ref().map(|(_, kept)| (kept.share, kept.in_flight)), line, earlier);
            seen.entry(line.sku.clone()).or_default().add(orders);
            if let Some((_, held)) = held {
                *held = kept;
            } else {
                lines.insert(line.line.clone(), (line.sku.clone(), kept));
            }
        }
        for order in &look.gone {
            let lines = shares.get_mut(order).into_iter().flat_map(BTreeMap::values_mut);
            lines.for_each(|(_, kept)| kept.in_flight = 0);
        }
        self.set_fact(&cursor_name(endpoint), &time_to_fact(look.cursor));
        seen
    }

    pub(super) fn order_cursor(&self, endpoint: &str) -> Option<OrderCursor> {
        let fact = |name: &str| time_of_fact(self.facts.get(name).map(String::as_str));
        let (baseline, since) = (fact(&baseline_name(endpoint))?, fact(&cursor_name(endpoint))?);
        let is_open = |lines: &BTreeMap<String, (Sku, KeptShare)>| lines.values().any(|(_, kept)| kept.in_flight != 0);
        let shares = self.endpoints.get(endpoint).into_iter().flat_map(|held| &held.shares);
        let in_flight = shares.filter(|(_, lines)| is_open(lines)).map(|(order, _)| order.clone()).collect();
        Some(OrderCursor { baseline, since, in_flight })
    }

    pub(super) fn take_baseline(&mut self, endpoint: &str, open: &[SeenLine], baseline: Time) {
        let shares = &mut self.endpoint(endpoint).shares;
        for SeenLine { order, line, sku, evidence } in open {
            let kept = KeptShare { share: evidence.share, in_flight: evidence.in_flight };
            let lines = shares.entry(order.clone()).or_default();
            lines.entry(line.clone()).or_insert_with(|| (sku.clone(), kept));
        }
        for name in [baseline_name(endpoint), cursor_name(endpoint)] {
            self.facts.entry(name).or_insert_with(|| time_to_fact(baseline));
        }
    }
}
