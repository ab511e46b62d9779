//! The inbox and the dead letters.

use super::{KeptDelivery, State, next_id, up_to};
use crate::catalog::{Pool, Sku};
use crate::clock::Time;
use crate::db::letters::{settled_by_count, void_by_count};
use crate::db::{DeadLetter, Delivery, ListingRecord, SHEET, Want, whole};

impl State {
    pub(super) fn accept_delivery(&mut self, shop: &str, topic: &str, dedupe: &str, mentions: &str, now: Time) -> bool {
        let id = next_id(&self.inbox);
        let known = &mut self.endpoint(shop).deliveries;
        if known.contains_key(dedupe) {
            return false;
        }
        known.insert(dedupe.to_owned(), id);
        let (shop, topic, mentions) = (shop.to_owned(), topic.to_owned(), mentions.to_owned());
        let delivery = Delivery { id, shop, topic, mentions };
        let kept = KeptDelivery { delivery, dedupe: dedupe.to_owned(), received: whole(now), handled: None };
        self.inbox.insert(id, kept);
        true
    }

    pub(super) fn open_deliveries(&self, limit: u32) -> Vec<Delivery> {
        let open = self.inbox.values().filter(|kept| kept.handled.is_none());
        open.take(up_to(limit)).map(|kept| kept.delivery.clone()).collect()
    }

    pub(super) fn handle_delivery(&mut self, delivery: &Delivery, skus: &[String], now: Time) {
        for sku in skus {
            self.give(&delivery.shop, sku, Want::LOOK, now);
        }
        if let Some(kept) = self.inbox.get_mut(&delivery.id) {
            kept.handled = Some(whole(now));
        }
    }

    pub(super) fn prune_inbox(&mut self, before: Time) -> u64 {
        let before = whole(before);
        let mut gone = 0;
        let Self { inbox, endpoints, .. } = self;
        inbox.retain(|_, kept| {
            let keep = kept.handled.is_none() || kept.received >= before;
            if !keep {
                gone += 1;
                if let Some(shop) = endpoints.get_mut(&kept.delivery.shop) {
                    shop.deliveries.remove(&kept.dedupe);
                }
            }
            keep
        });
        gone
    }

    fn skus_by(&self, endpoint: &str, is_it: impl Fn(&ListingRecord) -> bool) -> Vec<String> {
        let Some(held) = self.endpoints.get(endpoint) else { return Vec::new() };
        let listings = held.listings.values().map(|kept| &kept.record);
        listings.filter(|record| is_it(record)).map(|record| record.sku.to_string()).collect()
    }

    pub(super) fn skus_of_product(&self, endpoint: &str, id: &str) -> Vec<String> {
        self.skus_by(endpoint, |record| record.product == id)
    }

    pub(super) fn skus_of_variant(&self, endpoint: &str, id: &str) -> Vec<String> {
        self.skus_by(endpoint, |record| record.variant.as_deref() == Some(id))
    }

    pub(super) fn skus_of_inventory(&self, endpoint: &str, id: &str) -> Vec<String> {
        self.skus_by(endpoint, |record| record.inventory.as_deref() == Some(id))
    }

    fn letter_mut(&mut self, endpoint: &str, sku: &str, what: &str) -> Option<&mut DeadLetter> {
        let is_it =
            |letter: &&mut DeadLetter| (&*letter.endpoint, &*letter.sku, &*letter.what) == (endpoint, sku, what);
        self.letters.values_mut().find(is_it)
    }

    fn add_letter(&mut self, letter: DeadLetter) {
        let id = next_id(&self.letters);
        self.letters.insert(id, DeadLetter { id, at: whole(letter.at), ..letter });
    }

    pub(super) fn bury(&mut self, letter: &DeadLetter) {
        match self.letter_mut(&letter.endpoint, &letter.sku, &letter.what) {
            Some(kept) => *kept = DeadLetter { id: kept.id, at: whole(letter.at), ..letter.clone() },
            None => self.add_letter(letter.clone()),
        }
    }

    /// Mark an item whose fate evidence could not decide.
    pub(super) fn doubt(&mut self, letter: DeadLetter) {
        match self.letter_mut(&letter.endpoint, &letter.sku, &letter.what) {
            Some(kept) => kept.at = whole(letter.at),
            None => self.add_letter(letter),
        }
    }

    /// An item went through after all: its letter is void.
    pub(super) fn void(&mut self, endpoint: &str, sku: &str, what: &str) {
        self.letters.retain(|_, letter| (&*letter.endpoint, &*letter.sku, &*letter.what) != (endpoint, sku, what));
    }

    /// Letters that have become void; the row that had one is to be told otherwise.
    pub(super) fn void_and_tell(&mut self, endpoint: &str, sku: &Sku, what: &[&str], now: Time) {
        let before = self.letters.len();
        what.iter().for_each(|what| self.void(endpoint, sku.as_str(), what));
        if self.letters.len() < before {
            self.give(SHEET, sku.as_str(), Want::CONTENT, now);
        }
    }

    /// A stock-take was read: what asked for it is settled.
    pub(super) fn count(&mut self, (sku, pool): (&Sku, &Pool), read: Time, now: Time) {
        let (about, latest) = void_by_count(pool, read);
        let is_settled = |letter: &&DeadLetter| {
            letter.sku == sku.as_str() && about.contains(&letter.what) && letter.at <= whole(latest)
        };
        let settled: Vec<DeadLetter> = self.letters.values().filter(is_settled).cloned().collect();
        for DeadLetter { id, endpoint, reason, .. } in settled {
            self.letters.remove(&id);
            self.audit(now, &endpoint, sku.as_str(), "stock", (None, None), &settled_by_count(&reason));
            self.give(SHEET, sku.as_str(), Want::CONTENT, now);
        }
    }

    pub(super) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.letters.values().cloned().collect()
    }

    pub(super) fn dead_letter(&self, id: i64) -> Option<DeadLetter> {
        self.letters.get(&id).cloned()
    }

    pub(super) fn close_letter(&mut self, id: i64, replay: bool, now: Time) -> bool {
        let Some(letter) = self.letters.remove(&id) else { return false };
        // Its words stand in the row until that is written anew.
        self.give(SHEET, &letter.sku, Want::CONTENT, now);
        if replay {
            self.give(&letter.endpoint, &letter.sku, letter.wanted(), now);
        }
        true
    }
}
