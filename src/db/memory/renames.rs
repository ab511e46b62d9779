//! A SKU that people gave another name: everything known of it goes with it.

use std::collections::BTreeMap;

use super::State;
use crate::catalog::Sku;
use crate::clock::Time;
use crate::db::{RENAMED, SHEET, Want};

/// Move an entry to another key, over whatever was there.
fn move_key<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, from: &K, to: &K) -> bool {
    let Some(value) = map.remove(from) else { return false };
    map.insert(to.clone(), value);
    true
}

impl State {
    pub(super) fn rename(&mut self, from: &Sku, to: &Sku, shops: &[String], now: Time) -> bool {
        let known = |sku: &Sku| {
            let held = |held: &super::Endpoint| held.listings.contains_key(sku) || held.sides.contains_key(sku);
            self.rows.contains_key(sku) || self.pools.contains_key(sku) || self.endpoints.values().any(held)
        };
        if !self.rows.contains_key(from) || known(to) {
            return false;
        }
        move_key(&mut self.rows, from, to);
        self.rows.entry(to.clone()).and_modify(|kept| kept.record.row.sku = to.clone());
        move_key(&mut self.pools, from, to);
        move_key(&mut self.moved_at, from, to);
        for held in self.endpoints.values_mut() {
            move_key(&mut held.listings, from, to);
            held.listings.entry(to.clone()).and_modify(|kept| kept.record.sku = to.clone());
            move_key(&mut held.sides, from, to);
            move_key(&mut held.hints, &from.to_string(), &to.to_string());
            let lines = held.shares.values_mut().flat_map(BTreeMap::values_mut);
            lines.filter(|(sku, _)| sku == from).for_each(|(sku, _)| *sku = to.clone());
        }
        for kept in self.intents.iter_mut().filter(|kept| kept.sku == *from) {
            kept.sku = to.clone();
        }
        self.rename_in_notes(from, to);
        self.former.values_mut().filter(|now| *now == from).for_each(|now| *now = to.clone());
        self.former.remove(to);
        self.former.insert(from.clone(), to.clone());
        for shop in shops {
            self.give(shop, to.as_str(), Want::CONTENT, now);
        }
        let values = (Some(from.to_string()), Some(to.to_string()));
        self.audit(now, SHEET, to.as_str(), "sku", values, RENAMED);
        true
    }

    fn rename_in_notes(&mut self, from: &Sku, to: &Sku) {
        let (from, to) = (from.as_str(), to.as_str());
        let moved: Vec<(String, String)> = self
            .letters
            .values()
            .filter(|letter| letter.sku == from)
            .map(|letter| (letter.endpoint.clone(), letter.what.clone()))
            .collect();
        let is_replaced = |(endpoint, what): &(String, String), sku: &str| {
            sku == to && moved.iter().any(|(of, about)| of == endpoint && about == what)
        };
        self.letters.retain(|_, letter| !is_replaced(&(letter.endpoint.clone(), letter.what.clone()), &letter.sku));
        let letters = self.letters.values_mut().map(|letter| &mut letter.sku);
        let movements = self.movements.iter_mut().map(|line| &mut line.sku);
        let audit = self.audit.iter_mut().map(|line| &mut line.sku);
        letters.chain(movements).chain(audit).filter(|sku| *sku == from).for_each(|sku| to.clone_into(sku));
    }
}
