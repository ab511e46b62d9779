//! Observe a shop and fold what others changed there into the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::listing::{Listed, Owners, list_shop, not_all_known};
use super::shop_orders::OrdersBefore;
use super::shop_pass::{Again, Pass};
use super::{BySku, Engine, PassError, lock, movements};
use crate::catalog::Sku;
use crate::clock::{self, Time};
use crate::db::{DeadLetter, ListingRecord, RowRecord, Seen, StockChange, StockFold, Want};
use crate::plan::{self, ContentPlan};
use crate::planted;
use crate::retry::GAVE_UP;
use crate::stock::Effect;
use crate::stores::{Observed, RemoteId, RemoteListing, StoreError};

/// A doubtful reading is looked at again soon: most doubts close by themselves within moments.
const DOUBT_DELAY: Duration = Duration::from_millis(400);
/// One that has not closed after so many looks waits for a write that may still arrive: quota is better spent elsewhere.
const DOUBT_LOOKS_SOON: u32 = 8;
/// How soon those are looked at again.
const DOUBT_DELAY_LATER: Duration = Duration::from_secs(2);

/// What was not there may be made by staff: after so long it is looked for again before it is created.
const ABSENT_FOR: Duration = Duration::from_secs(120);

/// Doubtful looks further apart than this are not of one row: orders had time to pause.
const DOUBT_ROW_GAP: Duration = Duration::from_secs(4);

/// Looks in a row that left doubt about a SKU, however often it was hinted at meanwhile: each hint starts its attempts anew.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DoubtfulLooks {
    pub count: u32,
    last: Option<Time>,
}

impl DoubtfulLooks {
    fn add(&mut self, now: Time) {
        let goes_on = self.last.is_some_and(|last| now < last + DOUBT_ROW_GAP);
        *self = Self { count: if goes_on { self.count + 1 } else { 1 }, last: Some(now) };
    }
}

/// What a full look at a shop knows of SKUs without a listing of their own.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Not there. Only these may be created.
    pub absent: BTreeSet<Sku>,
    /// There more than once.
    pub twice: BTreeSet<Sku>,
    /// Something that looks alike is there.
    pub alike: BySku<Sku>,
    /// Why nobody knows what else is there, in words.
    pub unreadable: Option<String>,
    /// When the look was over: where it takes longer than that, what it did not find is still created.
    pub at: Option<Time>,
}

impl Looked {
    /// It was not there, and that is not long ago. Once asked, it may be there: it counts as tried.
    pub fn take_absent(&mut self, sku: &Sku, now: Time) -> bool {
        self.absent.remove(sku) && self.at.is_some_and(|at| now < at + ABSENT_FOR)
    }
}

/// Linked listings that a full list did not show.
#[derive(Debug, Default)]
struct Lost {
    /// Not there any more.
    gone: BTreeSet<Sku>,
    /// There all the same, or in a product that cannot be read with the others: asked for one by one.
    hidden: BTreeSet<Sku>,
}

impl Engine {
    /// Look at these hinted SKUs; for stores without keys also where only their stock is about to be written.
    pub(super) async fn look_at_hinted(&self, pass: &mut Pass<'_>, hinted: &[Sku]) -> Result<(), PassError> {
        let by_orders = !pass.shop.store.stock_kind().is_keyed() && !planted!(AbsoluteFromMemory);
        let listings = self.ledger.listings_of(pass.shop.name(), hinted).await?;
        let mut which = Vec::new();
        for (sku, listing) in &listings {
            let want = pass.hints.get(sku).map(|hint| hint.want).unwrap_or_default();
            if want.look || (by_orders && want.stock && self.is_due(pass, sku).await?) {
                which.push((sku.clone(), remote(listing)));
            }
        }
        self.look_at(pass, which).await
    }

    /// What was set in this pass is looked at before that which takes minutes: a sale that was overwritten can be sold again
    /// until then, and whatever orders take meanwhile widens the doubt.
    pub(super) async fn verify_written(&self, pass: &mut Pass<'_>) -> Result<(), PassError> {
        if pass.unverified.is_empty() {
            return Ok(());
        }
        clock::sleep(self.timing.verify_after).await;
        let skus: Vec<Sku> = pass.unverified.iter().cloned().collect();
        let listings = self.ledger.listings_of(pass.shop.name(), &skus).await?;
        self.look_at(pass, listings.iter().map(|(sku, listing)| (sku.clone(), remote(listing))).collect()).await
    }

    async fn look_at(&self, pass: &mut Pass<'_>, which: Vec<(Sku, RemoteId)>) -> Result<(), PassError> {
        if which.is_empty() {
            return Ok(());
        }
        let before = self.orders_before(pass).await?;
        // Answers are as old as the question: a write that arrives meanwhile does not show in them.
        let at = clock::now();
        let Observed { listings: seen, unreadable } = pass.shop.store.observe(&which).await?;
        let at = if planted!(StampedLate) { clock::now() } else { at };
        let unreadable: BTreeMap<String, StoreError> = unreadable.into_iter().collect();
        let mut gone = Vec::new();
        for (sku, remote) in which.iter().filter(|(_, remote)| !seen.iter().any(|listing| listing.remote == *remote)) {
            match unreadable.get(&remote.product).filter(|_| !planted!(UnreadableIsAbsent)) {
                Some(error) => self.look_later(pass, sku, error),
                None => gone.push(sku),
            }
        }
        let by_remote: BTreeMap<&RemoteId, &Sku> = which.iter().map(|(sku, remote)| (remote, sku)).collect();
        let found =
            seen.iter().filter_map(|listing| Some(((*by_remote.get(&listing.remote)?).clone(), listing.clone())));
        self.fold_look(pass, found.collect(), at, before).await?;
        self.forget(pass, gone.into_iter(), at).await
    }

    /// A listing that cannot be read now stays as it is, its wishes too.
    fn look_later(&self, pass: &mut Pass<'_>, sku: &Sku, error: &StoreError) {
        tracing::warn!(store.id = %pass.shop.name(), sku = %sku, "the product cannot be read: {error}");
        let want = Want { look: true, ..Want::STOCK };
        let after = self.backoff(pass.attempts(sku) + 1, error.verdict());
        pass.ask_again(sku, Again { want, after, failed: true });
    }

    /// Listings that are gone. Only now: what orders took of them has been folded.
    async fn forget(&self, pass: &Pass<'_>, gone: impl Iterator<Item = &Sku>, at: Time) -> Result<(), PassError> {
        for sku in gone {
            tracing::warn!(store.id = %pass.shop.name(), sku = %sku, "listing is gone in the shop");
            self.ledger.forget_listing(pass.shop.name(), sku, at).await?;
        }
        Ok(())
    }

    /// List the whole shop: link listings by SKU, fold all stock, hint at everything that differs.
    pub(super) async fn look_at_everything(&self, pass: &mut Pass<'_>) -> Result<(), PassError> {
        let rows = self.ledger.rows().await?;
        let before = self.orders_before(pass).await?;
        let known = self.ledger.listings(pass.shop.name()).await?;
        let owners = Owners::new(rows.keys().cloned().collect(), &known, self.ledger.former_skus().await?);
        // Of before the first page: pages take their time.
        let at = clock::now();
        let Listed { mut found, twice, unreadable, alike } = list_shop(pass.shop.store.as_ref(), &owners).await?;
        let at = if planted!(StampedLate) { clock::now() } else { at };
        for (product, error) in &unreadable {
            tracing::warn!(store.id = %pass.shop.name(), product = %product, "the shop lists a product that cannot be read: {error}");
        }
        let Lost { gone, hidden } = self.lost(pass, &rows, &known, &found, &unreadable).await?;
        // Under other ids it is another thing, with a stock of its own: it is met for the first time at the next look.
        found.retain(|sku, _| !gone.contains(sku) && !hidden.contains(sku));
        let new: BySku<Seen> = found
            .iter()
            .filter(|(sku, _)| !known.contains_key(*sku))
            .map(|(sku, listing)| (sku.clone(), seen(sku, listing)))
            .collect();
        if let Some(before) = before.as_ref().filter(|_| !new.is_empty()) {
            self.remember_orders(pass, &new, before).await?;
        }
        let is_absent = |sku: &&Sku| {
            !found.contains_key(*sku)
                && !twice.contains(*sku)
                && !alike.contains_key(*sku)
                && !hidden.contains(*sku)
                && !gone.contains(*sku)
        };
        let is_all_known = unreadable.is_empty() || planted!(UnreadableIsAbsent);
        let absent: BTreeSet<Sku> = rows.keys().filter(is_absent).filter(|_| is_all_known).cloned().collect();
        self.fold_look(pass, found, at, before).await?;
        self.forget(pass, gone.iter(), at).await?;
        for sku in &hidden {
            pass.ask_again(sku, Again { want: Want::LOOK, after: Duration::ZERO, failed: false });
        }
        for sku in &twice {
            self.bury_double(pass, sku).await?;
        }
        let unreadable = not_all_known(&unreadable);
        let looked = Looked { absent, twice, alike, unreadable, at: Some(clock::now()) };
        lock(&self.looked).insert(pass.shop.name().to_owned(), looked);
        self.hint_at_differences(pass, &rows).await
    }

    /// Linked listings that the list did not show. They are asked for by their ids: a page that shifted, or an answer that was
    /// short, leaves out what is there.
    async fn lost(
        &self,
        pass: &Pass<'_>,
        rows: &BySku<RowRecord>,
        known: &BySku<ListingRecord>,
        found: &BySku<RemoteListing>,
        unreadable: &BTreeMap<String, StoreError>,
    ) -> Result<Lost, PassError> {
        let others: BTreeSet<&RemoteId> = found.values().map(|listing| &listing.remote).collect();
        let mut lost = Lost::default();
        let mut missing = Vec::new();
        for (sku, listing) in known {
            let (linked, there) = (remote(listing), found.get(sku).map(|listing| &listing.remote));
            if there.is_some_and(|there| is_same(there, &linked) || planted!(NewIdsAreOld)) {
                continue;
            } else if unreadable.contains_key(&linked.product) && rows.contains_key(sku) {
                lost.hidden.insert(sku.clone());
            } else if others.contains(&linked) || !rows.contains_key(sku) {
                lost.gone.insert(sku.clone());
            } else {
                missing.push((sku.clone(), linked));
            }
        }
        if !missing.is_empty() {
            let Observed { listings: there, unreadable } = pass.shop.store.observe(&missing).await?;
            for (sku, linked) in missing {
                let is_there = there.iter().any(|listing| is_same(&listing.remote, &linked))
                    || unreadable.iter().any(|(product, _)| *product == linked.product);
                if is_there { &mut lost.hidden } else { &mut lost.gone }.insert(sku);
            }
        }
        Ok(lost)
    }

    /// A SKU that a shop lists more than once.
    pub(super) async fn bury_double(&self, pass: &mut Pass<'_>, sku: &Sku) -> Result<(), PassError> {
        let reason = "the shop lists this SKU more than once; shelfd will not guess which one is meant".to_owned();
        self.bury(pass, sku, "listing", "duplicate_in_shop", reason).await
    }

    /// After a full look: every row whose content or stock differs is hinted at, so that later passes take it up.
    async fn hint_at_differences(&self, pass: &mut Pass<'_>, rows: &BySku<RowRecord>) -> Result<(), PassError> {
        let listings = self.ledger.listings(pass.shop.name()).await?;
        let letters = self.ledger.dead_letters().await?;
        let pool = pass.shop.store.pool();
        let due = self.ledger.stock_due(pass.shop.name(), pool, pass.shop.rule()).await?;
        for (sku, record) in rows {
            let listing = listings.get(sku);
            let buried = letters.iter().any(|letter| {
                letter.endpoint == pass.shop.name()
                    && letter.sku == sku.as_str()
                    && letter.row_hash == record.hash
                    && letter.is_about_content()
                    && letter.code != GAVE_UP
            });
            let agreed = listing.is_some_and(|listing| listing.row_hash.as_deref() == Some(record.hash.as_str()));
            let differs = !agreed
                || plan::content(pass.shop.name(), &record.row, listing.map(|listing| &listing.known))
                    != ContentPlan::Nothing;
            // What this pass has in hand already has its turn, or its next try, of its own.
            let in_hand = pass.hints.get(sku).map(|hint| hint.want).unwrap_or_default();
            let content = differs && !buried && !in_hand.content && record.missing == 0;
            // Also of a row that is missing: it may be cut, or about to come back under another SKU.
            let stock = due.contains(sku) && !pass.again.contains_key(sku);
            let want = Want { look: false, stock, content };
            if want != Want::default() {
                pass.ask_again(sku, Again { want, after: Duration::ZERO, failed: false });
            }
        }
        Ok(())
    }

    async fn is_due(&self, pass: &Pass<'_>, sku: &Sku) -> Result<bool, PassError> {
        let book = self.ledger.book(sku, pass.shop.store.pool()).await?;
        let side = book.sides.get(pass.shop.name());
        let (Some(units), Some(accounted)) = (book.pool, side.and_then(|side| side.accounted)) else { return Ok(true) };
        // A write is verified by the look after it, whatever became of the wish for that look.
        let is_open = side.is_some_and(|side| side.intent.is_some() || side.window.is_some());
        Ok(pass.shop.rule().target(units) != accounted || is_open)
    }

    /// Fold listings that were read, with the orders read around them.
    async fn fold_look(
        &self,
        pass: &mut Pass<'_>,
        found: BySku<RemoteListing>,
        at: Time,
        before: Option<OrdersBefore>,
    ) -> Result<(), PassError> {
        let name = pass.shop.name().to_owned();
        let seen: Vec<Seen> = found.iter().map(|(sku, listing)| seen(sku, listing)).collect();
        self.ledger.see_listings(&name, &seen, at).await?;
        for (sku, _) in found.iter().filter(|(_, listing)| listing.stock.is_none()) {
            let reason = "the shop does not count stock of this product at the configured place; switch on stock tracking \
                          there, or stock it at that location";
            self.bury(pass, sku, "tracking", "untracked", reason.to_owned()).await?;
        }
        let mut undecided = self.undecided(pass, at).await?;
        undecided.retain(|_| !planted!(ReadingDecidesKeyed));
        let readings: Vec<(Sku, i64)> = found
            .iter()
            .filter(|(sku, _)| !undecided.contains(*sku))
            .filter_map(|(sku, listing)| Some((sku.clone(), listing.stock?)))
            .collect();
        pass.tally.looked_at += found.len() as u64;
        let read: BTreeSet<Sku> = readings.iter().map(|(sku, _)| sku.clone()).collect();
        pass.read.extend(read.iter().cloned());
        let orders = match before {
            Some(before) => Some(self.orders_after(pass, before).await?),
            None => None,
        };
        let fold =
            StockFold { readings, at, orders, stale_for: self.timing.shop_stale_for, late_for: self.timing.late_for };
        let pool = pass.shop.store.pool().clone();
        let changes = self.ledger.fold_store(&name, &pool, fold, &self.peers(&pool), clock::now()).await?;
        self.take_note(pass, &changes);
        let is_clear = |sku: &Sku| read.contains(sku) && !pass.doubtful.contains_key(sku);
        lock(&self.in_doubt).retain(|(shop, sku), _| *shop != name || !is_clear(sku));
        Ok(())
    }

    pub(super) fn take_note(&self, pass: &mut Pass<'_>, changes: &[StockChange]) {
        pass.tally.moved += movements(changes);
        for StockChange { sku, effects, .. } in changes {
            for effect in effects {
                match effect {
                    Effect::LookAgain => {
                        pass.doubtful.entry(sku.clone()).or_default();
                        let want = Want { look: true, ..Want::STOCK };
                        let soon = pass.attempts(sku) < DOUBT_LOOKS_SOON;
                        let after = if soon { DOUBT_DELAY } else { DOUBT_DELAY_LATER };
                        pass.ask_again(sku, Again { want, after, failed: true });
                    }
                    Effect::Moved { units, .. } => {
                        tracing::info!(store.id = %pass.shop.name(), sku = %sku, units, "stock moved");
                        self.meters.moved(pass.shop.name(), *units);
                    }
                    Effect::Overwritten(units) => {
                        tracing::info!(store.id = %pass.shop.name(), sku = %sku, units, "overwritten sale found; repairing");
                        self.meters.repaired(pass.shop.name());
                    }
                    Effect::Doubt(_) => {
                        tracing::error!(store.id = %pass.shop.name(), sku = %sku, "no evidence for a lost answer; lower stock assumed");
                        self.meters.doubted(pass.shop.name());
                    }
                    Effect::Doubtful(value, around) => {
                        let of = (pass.shop.name().to_owned(), sku.clone());
                        lock(&self.in_doubt).entry(of).or_default().add(clock::now());
                        pass.doubtful.insert(sku.clone(), Some((*value, *around)));
                    }
                    // Rows of a shop are not sorted under a write.
                    Effect::Send(_) | Effect::Resolved { .. } | Effect::Astray(_) => {}
                }
            }
        }
        self.wake_for(changes);
    }

    /// Give up on an item, with its story.
    pub(super) async fn bury(
        &self,
        pass: &mut Pass<'_>,
        sku: &Sku,
        what: &str,
        code: &str,
        reason: String,
    ) -> Result<(), PassError> {
        let rows = self.ledger.rows_of(std::slice::from_ref(sku)).await?;
        let letter = DeadLetter {
            id: 0,
            endpoint: pass.shop.name().to_owned(),
            sku: sku.to_string(),
            what: what.to_owned(),
            code: code.to_owned(),
            reason,
            row_hash: rows.get(sku).map(|record| record.hash.clone()).unwrap_or_default(),
            attempts: i64::from(pass.attempts(sku)) + 1,
            at: clock::now(),
        };
        tracing::warn!(store.id = %letter.endpoint, sku = %sku, code = %code, "given up on: {}", letter.reason);
        self.ledger.bury(&letter).await?;
        pass.tally.refused += 1;
        self.ledger.hint(crate::db::SHEET, &[(sku.to_string(), Want::CONTENT, clock::now())]).await?;
        self.wakes.wake(crate::db::SHEET);
        Ok(())
    }
}

fn seen(sku: &Sku, listing: &RemoteListing) -> Seen {
    Seen {
        sku: sku.clone(),
        product: listing.remote.product.clone(),
        variant: listing.remote.variant.clone(),
        inventory: listing.remote.inventory.clone(),
        handle: listing.handle.clone(),
        title: listing.title.clone(),
        price: listing.price,
        shown: Some(listing.sku.as_ref().map(ToString::to_string).unwrap_or_default()),
    }
}

/// The same thing in the shop. Where it keeps its stock may have been learnt later.
fn is_same(one: &RemoteId, other: &RemoteId) -> bool {
    one.product == other.product && one.variant == other.variant
}

pub(super) fn remote(listing: &ListingRecord) -> RemoteId {
    RemoteId {
        product: listing.product.clone(),
        variant: listing.variant.clone(),
        inventory: listing.inventory.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubtful_looks_count_while_they_follow_each_other() {
        let (mut looks, at) = (DoubtfulLooks::default(), Time::UNIX_EPOCH);
        for (look, count) in [(0, 1), (400, 2), (4_000, 3), (8_000, 1), (8_400, 2)] {
            looks.add(at + Duration::from_millis(look));
            assert_eq!(looks.count, count, "{look} ms");
        }
    }

    #[test]
    fn what_was_absent_long_ago_is_looked_for_again() {
        let (sku, at) = (Sku::new("A").unwrap(), Time::UNIX_EPOCH);
        let looked = || Looked { absent: [sku.clone()].into(), at: Some(at), ..Looked::default() };
        assert!(looked().take_absent(&sku, at + ABSENT_FOR / 2));
        assert!(!looked().take_absent(&sku, at + ABSENT_FOR));
        let mut once = looked();
        assert!(once.take_absent(&sku, at));
        assert!(!once.take_absent(&sku, at), "it may be there now");
    }
}
