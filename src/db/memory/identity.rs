//! What an endpoint speaks of: where that is another thing, it is met as for the first time.

use std::collections::{BTreeMap, BTreeSet};

use super::State;
use crate::catalog::{Pool, Sku};
use crate::clock::Time;
use crate::db::identity::{
    ANOTHER_SHOP, OTHER_COLUMNS, columns_to_fact, identity_of_columns, identity_of_shop, in_one_line, recognise,
    unchanged_tabs,
};
use crate::db::orders::{baseline_name, cursor_name};
use crate::db::{PoolColumns, Recognised, SHEET, Want};
use crate::stock::Settled;

impl State {
    pub(super) fn recognise_shop(&mut self, shop: &str, identity: &str, now: Time) -> Recognised {
        let name = identity_of_shop(shop);
        let mut recognised = recognise(self.fact(&name).as_deref(), identity);
        self.set_fact(&name, identity);
        if let Recognised::Another { before, numbers } = &mut recognised {
            *numbers = self.forget_shop(shop, now);
            let values = (Some(before.clone()), Some(identity.to_owned()));
            self.audit(now, shop, "*", "identity", values, ANOTHER_SHOP);
        }
        recognised
    }

    pub(super) fn recognise_columns(&mut self, pool: &Pool, columns: &PoolColumns, now: Time) -> Recognised {
        let (name, fact) = (identity_of_columns(pool), columns_to_fact(columns));
        let kept = self.fact(&name);
        let mut recognised = recognise(kept.as_deref(), &fact);
        self.set_fact(&name, &fact);
        if let Recognised::Another { before, numbers } = &mut recognised {
            let same = unchanged_tabs(kept.as_deref().unwrap_or_default(), columns);
            *numbers = self.forget_columns(pool, &same, now);
            let values = (Some(before.clone()), Some(in_one_line(&fact)));
            self.audit(now, SHEET, "*", "identity", values, OTHER_COLUMNS);
        }
        recognised
    }

    /// Forget everything that was there; says how many stock numbers that were.
    fn forget_shop(&mut self, shop: &str, now: Time) -> u64 {
        let held = self.endpoint(shop);
        held.listings.clear();
        held.shares.clear();
        let sides: Vec<_> = std::mem::take(&mut held.sides).into_values().flat_map(BTreeMap::into_values).collect();
        for open in sides.iter().filter_map(|kept| kept.open) {
            self.close_intent(open, Settled::NotDone, now);
        }
        for name in [baseline_name(shop), cursor_name(shop)] {
            self.facts.remove(&name);
        }
        let letters = self.letters.extract_if(.., |_, letter| letter.endpoint == shop);
        let told: BTreeSet<String> = letters.map(|(_, letter)| letter.sku).collect();
        for sku in told {
            self.give(SHEET, &sku, Want::CONTENT, now);
        }
        self.give(shop, "*", Want::LOOK, now);
        sides.len() as u64
    }

    /// Forget the numbers of a pool in the sheet, but those of rows that are in tabs which are the same.
    fn forget_columns(&mut self, pool: &Pool, same: &[&str], now: Time) -> u64 {
        let is_same = |sku: &Sku| {
            let record = self.rows.get(sku).map(|kept| &kept.record);
            record.is_some_and(|record| record.missing == 0 && same.contains(&record.row.tab.as_str()))
        };
        let sides = self.endpoints.get(SHEET).into_iter().flat_map(|held| &held.sides);
        let of_pool = sides.filter(|(_, pools)| pools.contains_key(pool)).map(|(sku, _)| sku);
        let skus: Vec<Sku> = of_pool.filter(|sku| !is_same(sku)).cloned().collect();
        for sku in &skus {
            let sides = &mut self.endpoint(SHEET).sides;
            let Some(pools) = sides.get_mut(sku) else { continue };
            let open = pools.remove(pool).and_then(|kept| kept.open);
            if pools.is_empty() {
                sides.remove(sku);
            }
            if let Some(open) = open {
                self.close_intent(open, Settled::NotDone, now);
            }
            self.give(SHEET, sku.as_str(), Want::STOCK, now);
        }
        skus.len() as u64
    }
}
