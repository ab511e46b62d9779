//! Sheet rows as accepted, listings as confirmed.

use std::collections::{BTreeMap, BTreeSet};

use super::{KeptListing, KeptRow, State};
use crate::catalog::Sku;
use crate::clock::Time;
use crate::db::letters::{VOID_BY_AGREEMENT, VOID_BY_SIGHT};
use crate::db::{
    AcceptedRows, AuditLine, ListingRecord, Peers, RowRecord, SHEET, Seen, StatusFacts, StockChange, Want, whole,
};
use crate::plan::Change;

impl State {
    pub(super) fn rows(&self) -> BTreeMap<Sku, RowRecord> {
        self.rows.iter().map(|(sku, kept)| (sku.clone(), kept.record.clone())).collect()
    }

    pub(super) fn rows_of(&self, skus: &[Sku]) -> BTreeMap<Sku, RowRecord> {
        let kept = skus.iter().filter_map(|sku| self.rows.get(sku));
        kept.map(|kept| (kept.record.row.sku.clone(), kept.record.clone())).collect()
    }

    pub(super) fn accept_rows(
        &mut self,
        accepted: AcceptedRows,
        shops: &[String],
        peers: Peers<'_>,
        now: Time,
    ) -> Vec<StockChange> {
        for row in accepted.changed {
            for shop in shops {
                self.give(shop, row.sku.as_str(), Want::CONTENT, now);
            }
            let (sku, hash) = (row.sku.clone(), row.hash());
            let record = RowRecord { row, hash, missing: 0 };
            self.rows.insert(sku, KeptRow { record, accepted: whole(now) });
        }
        for (sku, tab, row) in accepted.moved {
            if let Some(RowRecord { row: kept, missing, .. }) = self.rows.get_mut(&sku).map(|kept| &mut kept.record) {
                (kept.tab, kept.row, *missing) = (tab, row, 0);
            }
        }
        for sku in accepted.missing.into_iter().collect::<BTreeSet<_>>() {
            if let Some(kept) = self.rows.get_mut(&sku) {
                kept.record.missing += 1;
            }
        }
        self.step_books(SHEET, accepted.stock, peers, now)
    }

    pub(super) fn listings_of(&self, endpoint: &str, skus: &[Sku]) -> BTreeMap<Sku, ListingRecord> {
        let Some(held) = self.endpoints.get(endpoint) else { return BTreeMap::new() };
        let kept = skus.iter().filter_map(|sku| held.listings.get(sku));
        kept.map(|kept| (kept.record.sku.clone(), kept.record.clone())).collect()
    }

    pub(super) fn listings(&self, endpoint: &str) -> BTreeMap<Sku, ListingRecord> {
        let Some(held) = self.endpoints.get(endpoint) else { return BTreeMap::new() };
        held.listings.iter().map(|(sku, kept)| (sku.clone(), kept.record.clone())).collect()
    }

    pub(super) fn product_of_handle(&self, endpoint: &str, handle: &str) -> Vec<ListingRecord> {
        let Some(held) = self.endpoints.get(endpoint) else { return Vec::new() };
        let has_it =
            |sku: &Sku| self.rows.get(sku).is_some_and(|kept| kept.record.row.handle.as_deref() == Some(handle));
        held.listings.iter().filter(|(sku, _)| has_it(sku)).map(|(_, kept)| kept.record.clone()).collect()
    }

    pub(super) fn see_listings(&mut self, endpoint: &str, seen: &[Seen], now: Time) {
        let listings = &mut self.endpoint(endpoint).listings;
        for seen in seen {
            if let Some(kept) = listings.get_mut(&seen.sku) {
                kept.record.see(seen);
            } else {
                listings.insert(seen.sku.clone(), KeptListing { record: ListingRecord::new(seen), synced: None });
            }
        }
        for sku in seen.iter().map(|seen| &seen.sku).collect::<BTreeSet<_>>() {
            self.void_and_tell(endpoint, sku, &VOID_BY_SIGHT, now);
        }
    }

    pub(super) fn forget_listing(&mut self, endpoint: &str, sku: &Sku, now: Time) {
        let held = self.endpoint(endpoint);
        held.listings.remove(sku);
        // Its stock went with it: should it be created again, that is a first contact.
        let sides = held.sides.remove(sku).unwrap_or_default();
        for open in sides.into_values().filter_map(|kept| kept.open) {
            self.close_intent(open, crate::stock::Settled::NotDone, now);
        }
        self.give(endpoint, sku.as_str(), Want::CONTENT, now);
        self.audit(now, endpoint, sku.as_str(), "listing", (None, None), "gone in the shop");
    }

    pub(super) fn agree(&mut self, endpoint: &str, agreed: &[(&RowRecord, Vec<Change>)], now: Time) {
        for (record, changes) in agreed {
            let sku = &record.row.sku;
            if let Some(kept) = self.endpoint(endpoint).listings.get_mut(sku) {
                kept.record.agree(record, changes);
                kept.synced = Some(whole(now));
            }
            for what in VOID_BY_AGREEMENT {
                self.void(endpoint, sku.as_str(), what);
            }
            for change in changes {
                let values = (change.before.clone(), Some(change.after.clone()));
                self.audit(now, endpoint, sku.as_str(), change.field, values, &change.reason);
            }
            self.give(SHEET, sku.as_str(), Want::CONTENT, now);
        }
    }

    pub(super) fn status_facts(&self, skus: &[Sku], shops: &[String]) -> BTreeMap<Sku, StatusFacts> {
        skus.iter().map(|sku| (sku.clone(), self.status_of(sku, shops))).collect()
    }

    fn status_of(&self, sku: &Sku, shops: &[String]) -> StatusFacts {
        let row = self.rows.get(sku).map(|kept| &kept.record);
        let listing = |held: &super::Endpoint| -> Option<(bool, Option<Time>)> {
            let (row, kept) = (row?, held.listings.get(sku)?);
            Some((kept.record.row_hash.as_ref() == Some(&row.hash), kept.synced))
        };
        let synced = self.endpoints.values().filter_map(|held| listing(held)?.1).max();
        let of_row = self.letters.values().filter(|letter| letter.sku == sku.as_str());
        let letters = of_row.filter(|letter| StatusFacts::is_told(&letter.endpoint, shops));
        let mut facts = StatusFacts {
            waiting: Vec::new(),
            refused: letters.map(|letter| (letter.endpoint.clone(), letter.reason.clone())).collect(),
            synced: synced.max(self.moved_at.get(sku).copied()),
        };
        facts.wait_for(shops, |shop| self.endpoints.get(shop).and_then(listing).is_some_and(|(agrees, _)| agrees));
        facts
    }

    /// Write a line of the audit. `values`: before and after.
    pub(super) fn audit(
        &mut self,
        at: Time,
        endpoint: &str,
        sku: &str,
        field: &str,
        values: (Option<String>, Option<String>),
        reason: &str,
    ) {
        let (before, after) = values;
        let (endpoint, sku, field) = (endpoint.to_owned(), sku.to_owned(), field.to_owned());
        self.audit.push(AuditLine { at: whole(at), endpoint, sku, field, before, after, reason: reason.to_owned() });
    }
}
