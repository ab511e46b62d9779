//! Random calls, of few SKUs, endpoints and orders within a few moments, so that they meet.

use std::time::Duration;

use super::{Call, at, call, peek};
use crate::catalog::{Money, OptionValue, Pool, Row, Sku};
use crate::clock::Time;
use crate::db::*;
use crate::plan::Change;
use crate::stock::{Input, LineEvidence, Reading, Rule, Settled, WriteKind};

pub(super) const SKUS: [&str; 3] = ["A", "B-1", "Ç \"3\""];
pub(super) const POOLS: [&str; 2] = ["main", "north"];
const ENDPOINTS: [&str; 3] = [SHEET, "shop-a", "shop-b"];
const SHOPS: [&str; 2] = ["shop-a", "shop-b"];

pub(super) fn sku(name: &str) -> Sku {
    Sku::new(name).unwrap()
}

/// Makes up calls, with an eye on what the ledger in memory holds.
pub(super) struct World {
    random: u64,
    passed: i64,
    last: i64,
    keys: u32,
    memory: MemoryLedger,
}

impl World {
    pub(super) fn new(seed: u64, memory: MemoryLedger) -> Self {
        Self { random: seed, passed: 0, last: 0, keys: 0, memory }
    }

    /// The next call.
    pub(super) fn call(&mut self) -> Call {
        self.passed += self.pick(&[0, 1, 5, 20]);
        match self.below(20) {
            0..3 => self.sheet(),
            3..6 => self.listings(),
            6..11 => self.stock(),
            11..13 => self.orders(),
            13..16 => self.hints(),
            16..18 => self.inbox(),
            18 => self.letters(),
            _ => self.report(),
        }
    }

    /// Questions at the end of a history: about everything.
    pub(super) fn closing() -> Vec<Call> {
        let now = at(1_000_000);
        let skus = SKUS.map(sku).to_vec();
        let shops = SHOPS.map(str::to_owned).to_vec();
        let mut calls = vec![call!(skus, shops => status_facts(&skus, &shops))];
        for endpoint in ENDPOINTS.map(str::to_owned) {
            calls.push(call!(endpoint, now => due_hints(&endpoint, now, u32::MAX)));
            calls.push(call!(endpoint => endpoint_status(&endpoint)));
            calls.push(call!(endpoint => open_intents(&endpoint)));
            calls.push(call!(endpoint => order_cursor(&endpoint)));
            calls.push(call!(endpoint => accounted(&endpoint)));
        }
        calls
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: i64) -> i64 {
        (self.next() % end.unsigned_abs()).cast_signed()
    }

    fn one_in(&mut self, times: i64) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len().try_into().unwrap())).unwrap()].clone()
    }

    fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.one_in(3) { None } else { Some(make(self)) }
    }

    fn list<T>(&mut self, most: i64, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }

    /// A moment about now, or the last one again; not always a whole millisecond.
    fn time(&mut self) -> Time {
        if !self.one_in(3) {
            self.last = self.passed + self.below(30) - 15;
        }
        at(self.last) + Duration::from_micros(self.pick(&[0, 0, 300, 999]))
    }

    fn text(&mut self, from: &[&str]) -> String {
        self.pick(from).to_owned()
    }

    fn endpoint(&mut self) -> String {
        self.text(&[SHEET, SHEET, "shop-a", "shop-a", "shop-a", "shop-b"])
    }

    fn shop(&mut self) -> String {
        self.text(&["shop-a", "shop-a", "shop-a", "shop-b"])
    }

    fn names(&mut self, from: &[&str]) -> Vec<String> {
        let names = from.iter().filter(|_| !self.one_in(3)).map(ToString::to_string);
        names.collect()
    }

    fn sku(&mut self) -> Sku {
        let [often, rarely, seldom] = SKUS;
        sku(self.pick(&[often, often, often, often, rarely, rarely, seldom]))
    }

    fn pool(&mut self) -> Pool {
        self.text(&["main", "main", "main", "main", "north"])
    }

    fn title(&mut self) -> String {
        self.text(&["Mug", "Mug & Co", "Mug &amp; Co", "Tasse »ä«", ""])
    }

    fn price(&mut self) -> Money {
        Money::from_store(self.pick(&["1", "1.00", "2.5", "12.345", "0"])).unwrap()
    }

    fn hint_name(&mut self) -> String {
        self.text(&["A", "A", "B-1", "Ç \"3\"", "*"])
    }

    fn want(&mut self) -> Want {
        Want { look: self.one_in(2), stock: self.one_in(2), content: self.one_in(2) }
    }

    fn row(&mut self) -> Row {
        let options = self.list(2, |world| OptionValue { name: "Size".to_owned(), value: world.text(&["L", "M"]) });
        Row {
            tab: self.text(&["Mugs", "It's \"b\""]),
            row: u32::try_from(self.below(5)).unwrap() + 2,
            sku: self.sku(),
            handle: self.some(|world| world.text(&["mug", "cup"])),
            options,
            title: self.some(Self::title),
            price: self.some(Self::price),
            stock: self.list(2, |world| (world.pool(), world.below(9))).into_iter().collect(),
            problems: self.list(1, |world| world.text(&["bad \n cell", "blank"])),
        }
    }

    fn sheet(&mut self) -> Call {
        let now = self.time();
        match self.below(8) {
            0 => call!( => rows()),
            1 => {
                let skus = self.list(3, Self::sku);
                call!(skus => rows_of(&skus))
            }
            2 | 3 => {
                let (skus, shops) = (self.list(3, Self::sku), self.names(&SHOPS));
                call!(skus, shops => status_facts(&skus, &shops))
            }
            _ => {
                let moved = |world: &mut Self| (world.sku(), world.text(&["Mugs", "New"]), 7);
                let accepted = AcceptedRows {
                    changed: self.list(2, Self::row),
                    moved: self.list(1, moved),
                    missing: self.list(2, Self::sku),
                    stock: self.list(3, |world| world.request(SHEET)),
                };
                let (shops, peers) = (self.names(&SHOPS), self.names(&ENDPOINTS));
                call!(accepted, shops, peers, now => accept_rows(accepted, &shops, &peers, now))
            }
        }
    }

    fn seen(&mut self) -> Seen {
        Seen {
            sku: self.sku(),
            product: self.text(&["p1", "p2"]),
            variant: self.some(|world| world.text(&["v1", "v2"])),
            inventory: self.some(|world| world.text(&["i1", "i2"])),
            handle: self.some(|world| world.text(&["mug", "cup"])),
            title: self.some(Self::title),
            price: self.some(Self::price),
        }
    }

    fn agreed(&mut self) -> (RowRecord, Vec<Change>) {
        let known = peek(self.memory.rows());
        let made_up = self.row();
        let record = match known.into_values().next() {
            Some(record) if !self.one_in(4) => record,
            _ => RowRecord { hash: made_up.hash(), row: made_up, missing: 0 },
        };
        let sku = record.row.sku.clone();
        let changes = self.list(2, |world| Change {
            endpoint: "shop-a".to_owned(),
            sku: sku.clone(),
            field: world.pick(&["title", "price", "listing"]),
            before: world.some(Self::title),
            after: world.title(),
            reason: "changed in the sheet".to_owned(),
        });
        (record, changes)
    }

    fn listings(&mut self) -> Call {
        let (shop, now) = (self.shop(), self.time());
        match self.below(12) {
            0 => call!(shop => listings(&shop)),
            1 => {
                let skus = self.list(3, Self::sku);
                call!(shop, skus => listings_of(&shop, &skus))
            }
            2 => {
                let handle = self.text(&["mug", "cup"]);
                call!(shop, handle => product_of_handle(&shop, &handle))
            }
            3 => {
                let id = self.text(&["p1", "p2", "v1", "i1"]);
                match self.below(3) {
                    0 => call!(shop, id => skus_of_product(&shop, &id)),
                    1 => call!(shop, id => skus_of_variant(&shop, &id)),
                    _ => call!(shop, id => skus_of_inventory(&shop, &id)),
                }
            }
            4 => {
                let sku = self.sku();
                call!(shop, sku, now => forget_listing(&shop, &sku, now))
            }
            5..8 => {
                let agreed = self.list(2, Self::agreed);
                call!(shop, agreed, now => agree(
                    &shop,
                    &agreed.iter().map(|(record, changes)| (record, changes.clone())).collect::<Vec<_>>(),
                    now
                ))
            }
            _ => {
                let seen = self.list(3, Self::seen);
                call!(shop, seen => see_listings(&shop, &seen))
            }
        }
    }

    /// A step that has a fair chance to do something.
    fn request(&mut self, endpoint: &str) -> StockRequest {
        let (sku, pool, now) = (self.sku(), self.pool(), self.time());
        let (stale_for, late_for) = (self.span(), self.span());
        let accounted = peek(self.memory.accounted(endpoint)).get(&(sku.clone(), pool.clone())).and_then(|it| it.0);
        let value = self.pick(&[accounted.unwrap_or(5), accounted.unwrap_or(5) - 1, 7]);
        let input = match self.below(10) {
            0 | 9 => Input::Orders { took: self.below(3), gave: self.below(2) },
            1..4 => {
                let slack = self.pick(&[0, 0, 1]);
                let reading = Reading { value, slack_low: slack, slack_high: self.pick(&[0, 0, 1]), at: now };
                Input::Read { reading, founds_pool: endpoint == SHEET, stale_for, late_for }
            }
            4..7 => {
                self.keys += 1;
                let rule = self.rule();
                let kind = self.pick(&[WriteKind::Checked, WriteKind::Absolute, WriteKind::Absolute]);
                let from = self.pick(&[None, Some(value)]);
                Input::Plan { rule, kind, from, key: format!("key-{}", self.keys), now }
            }
            7 => Input::Overwrote { value },
            _ => Input::Settle { settled: self.pick(&[Settled::Done, Settled::NotDone]), now, stale_for },
        };
        StockRequest { sku, pool, input }
    }

    fn rule(&mut self) -> Rule {
        self.pick(&[Rule::Mirror, Rule::Sellable { buffer: 0 }, Rule::Sellable { buffer: 2 }])
    }

    fn span(&mut self) -> Duration {
        Duration::from_micros(self.pick(&[0, 9_000, 25_500]))
    }

    fn stock(&mut self) -> Call {
        let (endpoint, pool, now) = (self.endpoint(), self.pool(), self.time());
        match self.below(9) {
            0 => call!(endpoint => open_intents(&endpoint)),
            1 => {
                let skus = self.list(2, Self::sku);
                call!(endpoint, pool, skus => mark_unknown(&endpoint, &pool, &skus))
            }
            2 => {
                let rule = self.rule();
                call!(endpoint, pool, rule => stock_due(&endpoint, &pool, rule))
            }
            3 => call!(endpoint => accounted(&endpoint)),
            4 => {
                let sku = self.sku();
                call!(sku, pool => book(&sku, &pool))
            }
            _ => {
                let (requests, peers) = (self.list(4, |world| world.request(&endpoint)), self.names(&ENDPOINTS));
                call!(endpoint, requests, peers, now => stock(&endpoint, requests, &peers, now))
            }
        }
    }

    fn line(&mut self) -> SeenLine {
        let evidence = LineEvidence {
            share: self.below(4),
            in_flight: self.pick(&[0, 0, 1, -1]),
            modified: self.time() - Duration::from_secs(self.pick(&[0, 181])),
            created: self.time(),
        };
        let order = self.text(&["o1", "o2", "o3"]);
        SeenLine { order, line: self.text(&["1", "2"]), sku: self.sku(), evidence }
    }

    fn orders(&mut self) -> Call {
        let (shop, now) = (self.shop(), self.time());
        match self.below(6) {
            0 => call!(shop => order_cursor(&shop)),
            1 => {
                let open = self.list(3, Self::line);
                call!(shop, open, now => take_baseline(&shop, &open, now))
            }
            _ => {
                let orders = self.some(|world| OrderLook {
                    before: world.list(3, Self::line),
                    after: world.list(4, Self::line),
                    baseline: world.time(),
                    now: world.time(),
                    cursor: world.time(),
                });
                let fold = StockFold {
                    readings: self.list(3, |world| (world.sku(), world.below(8))),
                    at: self.time(),
                    orders,
                    stale_for: self.span(),
                    late_for: self.span(),
                };
                let (pool, peers) = (self.pool(), self.names(&ENDPOINTS));
                call!(shop, pool, fold, peers, now => fold_store(&shop, &pool, fold, &peers, now))
            }
        }
    }

    /// Hints as taken by a pass, some of them outdated.
    fn finished(&mut self, endpoint: &str) -> Vec<(Hint, HintDone)> {
        let mut taken = peek(self.memory.due_hints(endpoint, at(self.passed + 1_000), 9));
        taken.retain(|_| !self.one_in(3));
        let left = |mut hint: Hint| {
            if self.one_in(4) {
                hint.seq -= 1;
            }
            let (after, failed, want) = (self.span(), self.one_in(2), self.want());
            let done = self.pick(&[HintDone::Cleared, HintDone::Again { after, failed, want }]);
            (hint, done)
        };
        taken.into_iter().map(left).collect()
    }

    fn hints(&mut self) -> Call {
        let (endpoint, now) = (self.endpoint(), self.time());
        match self.below(10) {
            0 | 1 => {
                let limit = self.pick(&[0, 1, 2, u32::MAX]);
                call!(endpoint, now, limit => due_hints(&endpoint, now, limit))
            }
            2 => call!(endpoint => next_due(&endpoint)),
            3 => call!(endpoint, now => stock_is_due(&endpoint, now)),
            4 => call!(endpoint, now => hint_everything(&endpoint, now)),
            5..7 => {
                let hints = self.list(3, |world| (world.hint_name(), world.want(), world.time()));
                call!(endpoint, hints => hint(&endpoint, &hints))
            }
            _ => {
                let done = self.finished(&endpoint);
                call!(endpoint, done, now => finish_hints(&endpoint, &done, now))
            }
        }
    }

    fn inbox(&mut self) -> Call {
        // Few moments, so that what is pruned is as old as the limit.
        let now = at(self.passed / 50 * 50) + Duration::from_micros(self.pick(&[0, 300, 999]));
        let shop = self.shop();
        match self.below(8) {
            0 => {
                let limit = self.pick(&[0, 1, 9]);
                call!(limit => open_deliveries(limit))
            }
            1 => call!(now => prune_inbox(now)),
            2 | 3 => {
                let open = peek(self.memory.open_deliveries(9));
                let unknown = Delivery { id: 99, shop, topic: "orders/create".to_owned(), mentions: "[]".to_owned() };
                let delivery = if open.is_empty() { unknown } else { self.pick(&open) };
                let skus = self.list(3, Self::hint_name);
                call!(delivery, skus, now => handle_delivery(&delivery, &skus, now))
            }
            _ => {
                let (topic, dedupe) = (self.text(&["orders/create", "x"]), self.text(&["d1", "d2", "d3", "d4"]));
                let mentions = "[{\"product\":\"p1\"}]".to_owned();
                call!(shop, topic, dedupe, mentions, now => accept_delivery(&shop, &topic, &dedupe, &mentions, now))
            }
        }
    }

    fn letters(&mut self) -> Call {
        let (id, replay, now) = (self.below(5), self.one_in(2), self.time());
        match self.below(6) {
            0 => call!( => dead_letters()),
            1 => call!(id => dead_letter(id)),
            2 => call!(id, replay, now => close_letter(id, replay, now)),
            _ => {
                let letter = DeadLetter {
                    id: 0,
                    endpoint: self.shop(),
                    sku: self.sku().to_string(),
                    what: self.text(&["create", "content", "stock", "count", "count", "count"]),
                    code: "refused".to_owned(),
                    reason: self.title(),
                    row_hash: "h".to_owned(),
                    attempts: self.below(4),
                    at: now,
                };
                call!(letter => bury(&letter))
            }
        }
    }

    fn report(&mut self) -> Call {
        let (endpoint, now) = (self.endpoint(), self.time());
        match self.below(8) {
            0 => {
                let (after, limit) = (self.below(6) - 1, self.pick(&[2, u32::MAX]));
                call!(after, limit => movements(after, limit))
            }
            1 => {
                let (sku, limit) = (self.some(Self::sku), self.pick(&[1, 99]));
                call!(sku, limit => audit_lines(sku.as_ref().map(Sku::as_str), limit))
            }
            2 => call!(now => prune_runs(now)),
            3 | 4 => call!(endpoint => endpoint_status(&endpoint)),
            5 => {
                let name = self.text(&["ready", "orders.cursor.shop-a"]);
                call!(name => fact(&name))
            }
            6 => {
                let (name, value) = (self.text(&["ready", "other"]), self.text(&["yes", "1800000000000"]));
                call!(name, value => set_fact(&name, &value))
            }
            _ => {
                let (cause, outcome) = (self.text(&["hints", "sweep"]), self.text(&["ok", "no answer"]));
                let [looked_at, moved, written, refused] = [0; 4].map(|_| self.below(9));
                let (started, ended) = (self.time(), now);
                let run = RunRecord { endpoint, cause, started, ended, looked_at, moved, written, refused, outcome };
                call!(run => record_run(&run))
            }
        }
    }
}
