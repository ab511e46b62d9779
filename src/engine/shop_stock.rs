//! Stock writes to a shop: intent first, then the call, then what surely happened.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::shop_look::remote;
use super::shop_pass::{Again, Pass};
use super::{Engine, PassError, SEND_WITHIN, lock};
use crate::catalog::Sku;
use crate::clock::{self, Time};
use crate::db::{OpenIntent, StockRequest, Want};
use crate::planted;
use crate::retry::Verdict;
use crate::stock::{Effect, Input, Intent, Settled, WriteKind};
use crate::stores::{Outcome, StockKind, StockWrite};

/// A key is sent again only while the platform surely still remembers it. Shopify documents a retention window whose
/// length is not public; ten minutes is well inside any that would be of use to anyone.
const KEY_MEMORY: Duration = Duration::from_secs(600);
/// A doubtful reading is written over after so many looks: on a SKU that never stops selling, waiting has no end.
const DOUBT_LOOKS_MAX: u32 = 4;

/// Whether a write goes out for the first time or repeats one whose fate is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    First,
    Again,
}

impl Engine {
    /// Send writes whose fate is not known again under the same key, where the store can tell a repeat from a second
    /// write. Others wait for evidence: their SKU is looked at.
    /// Those whose next try is not due yet are left alone, unless everything is looked at.
    pub(super) async fn resend_open(&self, pass: &mut Pass<'_>, everything: bool) -> Result<(), PassError> {
        let open = self.ledger.open_intents(pass.shop.name()).await?;
        if open.is_empty() {
            return Ok(());
        }
        let now = clock::now();
        let keyed = pass.shop.store.stock_kind().is_keyed();
        let mut batches: BTreeMap<String, Vec<OpenIntent>> = BTreeMap::new();
        for item in open {
            if keyed && now < item.intent.recorded + KEY_MEMORY && !planted!(ReadingDecidesKeyed) {
                batches.entry(item.intent.key.clone()).or_default().push(item);
            } else if let Some(hint) = pass.hints.get_mut(&item.sku) {
                // One without a hint in this pass has one that is due later, or everything is looked at: asking here
                // would call the shop without a pause until the doubt closes.
                hint.want.look = true;
            }
        }
        for batch in batches.into_values() {
            if !(everything || batch.iter().any(|item| pass.hints.contains_key(&item.sku))) {
                continue;
            }
            let mut intents: Vec<(Sku, Intent)> = batch.into_iter().map(|item| (item.sku, item.intent)).collect();
            if planted!(NewKeyForRepeat) {
                let key = clock::fresh_key();
                intents.iter_mut().for_each(|(_, intent)| intent.key.clone_from(&key));
            }
            // They may have been sent, and this says so. Who has lost the lease hears of it here, and repeats nothing of another's.
            let skus: Vec<Sku> = intents.iter().map(|(sku, _)| sku.clone()).collect();
            let said = clock::now();
            self.ledger.mark_unknown(pass.shop.name(), pass.shop.store.pool(), &skus, None).await?;
            self.send(pass, &intents, Sending::Again, said + SEND_WITHIN).await?;
        }
        Ok(())
    }

    /// SKUs whose open write can still be sent again under its key. No reading decides it: a sale of two looks like our
    /// own write of two.
    pub(super) async fn undecided(&self, pass: &mut Pass<'_>, now: Time) -> Result<BTreeSet<Sku>, PassError> {
        if !pass.shop.store.stock_kind().is_keyed() {
            return Ok(BTreeSet::new());
        }
        let open = self.ledger.open_intents(pass.shop.name()).await?;
        let fresh = open.into_iter().filter(|item| now < item.intent.recorded + KEY_MEMORY);
        let undecided: BTreeSet<Sku> = fresh.map(|item| item.sku).collect();
        for sku in undecided.iter().filter(|sku| pass.hints.contains_key(*sku)).collect::<Vec<_>>() {
            let want = Want { look: true, ..Want::STOCK };
            pass.ask_again(
                sku,
                Again { want, after: self.backoff(pass.attempts(sku) + 1, Verdict::Retry), failed: true },
            );
        }
        Ok(undecided)
    }

    /// Plan and write the stock of these SKUs of this pass.
    pub(super) async fn write_stock(&self, pass: &mut Pass<'_>, among: &[Sku]) -> Result<(), PassError> {
        let store = pass.shop.store.stock_kind();
        let kind = match store {
            StockKind::KeyedDelta | StockKind::Revision => WriteKind::Checked,
            StockKind::Delta => WriteKind::Additive,
            StockKind::OrderLog => WriteKind::Absolute,
        };
        // Each hint that comes meanwhile starts the attempts anew, but not the looks.
        let looks = |sku: &Sku| {
            let in_doubt = lock(&self.in_doubt);
            in_doubt.get(&(pass.shop.name().to_owned(), sku.clone())).map_or(0, |looks| looks.count)
        };
        let doubts_over = |pass: &Pass<'_>, sku: &Sku| match pass.doubtful.get(sku) {
            None => true,
            // A reading that may be older than what is known says nothing yet, not even from where to write. That passes.
            Some(None) => planted!(WrittenUnread),
            Some(Some(_)) => {
                kind != WriteKind::Checked && pass.attempts(sku).max(looks(sku).saturating_sub(1)) >= DOUBT_LOOKS_MAX
            }
        };
        let skus: Vec<Sku> = among
            .iter()
            .filter_map(|sku| pass.hints.get_key_value(sku))
            .filter(|(sku, hint)| (hint.want.stock || hint.want.look) && doubts_over(pass, sku))
            // What was not looked at in this very pass may have been changed by staff, which an absolute write would undo.
            .filter(|(sku, _)| store.is_keyed() || pass.read.contains(*sku) || planted!(AbsoluteFromMemory))
            .map(|(sku, _)| sku.clone())
            .collect();
        for chunk in skus.chunks(pass.shop.store.stock_batch_max().max(1)) {
            let intents = self.plan_stock(pass, chunk, kind).await?;
            if !intents.is_empty() {
                let recorded = intents.iter().map(|(_, intent)| intent.recorded).min();
                let until = recorded.map_or(Time::MAX_UTC, |recorded| recorded + SEND_WITHIN);
                self.send(pass, &intents, Sending::First, until).await?;
            }
        }
        Ok(())
    }

    async fn plan_stock(
        &self,
        pass: &Pass<'_>,
        skus: &[Sku],
        kind: WriteKind,
    ) -> Result<Vec<(Sku, Intent)>, PassError> {
        let (pool, key, now) = (pass.shop.store.pool(), clock::fresh_key(), clock::now());
        let request = |sku: &Sku| StockRequest {
            sku: sku.clone(),
            pool: pool.clone(),
            input: Input::Plan {
                rule: pass.shop.rule(),
                kind,
                from: if kind == WriteKind::Absolute { pass.doubtful.get(sku).copied().flatten() } else { None },
                key: key.clone(),
                now,
            },
        };
        let requests = skus.iter().map(request).collect();
        let changes = self.ledger.stock(pass.shop.name(), requests, &self.peers(pool), now).await?;
        let intent = |effects: Vec<Effect>| {
            effects.into_iter().find_map(|effect| match effect {
                Effect::Send(intent) => Some(intent),
                _ => None,
            })
        };
        Ok(changes.into_iter().filter_map(|change| Some((change.sku, intent(change.effects)?))).collect())
    }

    /// Send recorded writes, none of them after `until`, and record what surely happened to each.
    async fn send(
        &self,
        pass: &mut Pass<'_>,
        intents: &[(Sku, Intent)],
        sending: Sending,
        until: Time,
    ) -> Result<(), PassError> {
        let skus: Vec<Sku> = intents.iter().map(|(sku, _)| sku.clone()).collect();
        let listings = self.ledger.listings_of(pass.shop.name(), &skus).await?;
        let mut writes = Vec::new();
        for (sku, intent) in intents {
            match listings.get(sku) {
                Some(listing) => writes.push(StockWrite {
                    sku: sku.clone(),
                    remote: remote(listing),
                    expected: intent.expected,
                    delta: intent.delta,
                    key: intent.key.clone(),
                }),
                // Unlinked meanwhile: nothing is sent, and nothing was.
                None => self.settle(pass, vec![(sku.clone(), Settled::NotDone)]).await?,
            }
        }
        if writes.is_empty() {
            return Ok(());
        }
        let until = if planted!(SentWhenever) { Time::MAX_UTC } else { until };
        let outcomes = pass.shop.store.write_stock(&writes, until).await;
        let mut settled = Vec::new();
        let mut unknown = Vec::new();
        for (write, outcome) in writes.into_iter().zip(outcomes) {
            self.judge(pass, write, outcome, sending, &mut settled, &mut unknown).await?;
        }
        self.settle(pass, settled).await?;
        if !unknown.is_empty() {
            // From now on it may still arrive. A key's memory, though, counts from when it was first used.
            let lost = (!pass.shop.store.stock_kind().is_keyed()).then(clock::now);
            self.ledger.mark_unknown(pass.shop.name(), pass.shop.store.pool(), &unknown, lost).await?;
        }
        Ok(())
    }

    async fn judge(
        &self,
        pass: &mut Pass<'_>,
        write: StockWrite,
        outcome: Outcome<Option<i64>>,
        sending: Sending,
        settled: &mut Vec<(Sku, Settled)>,
        unknown: &mut Vec<Sku>,
    ) -> Result<(), PassError> {
        let sku = write.sku;
        let look = Want { look: true, ..Want::STOCK };
        let attempt = pass.attempts(&sku) + 1;
        match outcome {
            Outcome::Done(after) => {
                pass.tally.written += 1;
                let expected = write.expected + write.delta;
                if pass.shop.store.stock_kind() == StockKind::OrderLog {
                    // Look at the orders once more: a sale that our write overwrote shows only there.
                    let after = self.timing.verify_after;
                    pass.unverified.insert(sku.clone());
                    pass.ask_again(&sku, Again { want: Want::LOOK, after, failed: false });
                } else if after.is_some_and(|after| after != expected) {
                    pass.ask_again(&sku, Again { want: look, after: Duration::ZERO, failed: false });
                }
                settled.push((sku, Settled::Done));
            }
            Outcome::Stale => {
                pass.ask_again(&sku, Again { want: look, after: Duration::ZERO, failed: false });
                settled.push((sku, Settled::NotDone));
            }
            Outcome::Refused(error) if sending == Sending::Again => {
                // It says nothing of the try before, whose answer was lost.
                let after = self.backoff(attempt, Verdict::Retry);
                tracing::warn!(store.id = %pass.shop.name(), sku = %sku, "a repeated stock write was refused: {error}");
                pass.ask_again(&sku, Again { want: look, after, failed: true });
                unknown.push(sku);
            }
            Outcome::Refused(error) if error.verdict() == Verdict::Gone => {
                pass.ask_again(&sku, Again { want: look, after: Duration::ZERO, failed: true });
                settled.push((sku, Settled::NotDone));
            }
            Outcome::Refused(error) => {
                self.bury(pass, &sku, "stock", "refused", error.to_string()).await?;
                settled.push((sku, Settled::NotDone));
            }
            Outcome::NotDone(error) => {
                let verdict = error.verdict();
                let after = self.backoff(attempt, verdict);
                pass.ask_again(&sku, Again { want: Want::STOCK, after, failed: verdict == Verdict::Retry });
                match sending {
                    Sending::First => settled.push((sku, Settled::NotDone)),
                    // Only this try was surely not done; the one before it is as uncertain as it was.
                    Sending::Again => unknown.push(sku),
                }
            }
            Outcome::Unknown(_) if planted!(LostIsDone) => settled.push((sku, Settled::Done)),
            Outcome::Unknown(_) if planted!(LostIsNotDone) => settled.push((sku, Settled::NotDone)),
            Outcome::Unknown(error) => {
                tracing::warn!(store.id = %pass.shop.name(), sku = %sku, "the answer to a stock write was lost: {error}");
                let after = self.backoff(attempt, error.verdict());
                pass.ask_again(&sku, Again { want: look, after, failed: true });
                if pass.shop.store.stock_kind() == StockKind::OrderLog {
                    pass.unverified.insert(sku.clone());
                }
                unknown.push(sku);
            }
        }
        Ok(())
    }

    async fn settle(&self, pass: &Pass<'_>, settled: Vec<(Sku, Settled)>) -> Result<(), PassError> {
        if settled.is_empty() {
            return Ok(());
        }
        let (pool, now, stale_for) = (pass.shop.store.pool(), clock::now(), self.timing.shop_stale_for);
        let request =
            |(sku, settled)| StockRequest { sku, pool: pool.clone(), input: Input::Settle { settled, now, stale_for } };
        let requests = settled.into_iter().map(request).collect();
        self.ledger.stock(pass.shop.name(), requests, &self.peers(pool), now).await?;
        Ok(())
    }
}
