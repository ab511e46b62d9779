//! Random calls, of few SKUs, endpoints and orders within a few moments, so that they meet.

mod content;
mod notes;
mod stock;

use std::time::Duration;

use super::{Call, at, call};
use crate::catalog::{Money, Pool, Sku};
use crate::clock::Time;
use crate::db::*;

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
            calls.push(call!(endpoint => standings(&endpoint)));
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
}
