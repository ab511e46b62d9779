//! One pass over one shop: resolve, look, fold, write stock, write content, confirm.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{BySku, Engine, PassError, Shop, Tally};
use crate::catalog::Sku;
use crate::clock;
use crate::db::{Hint, HintDone, RunRecord, Want};
use crate::retry::{self, Next, Verdict};
use crate::stock::Window;

/// Hints per pass. Bounds memory and how long a later, more urgent hint waits behind a batch.
const HINTS_MAX: u32 = 500;
/// Content items per pass: one WooCommerce batch. Stock of all hints comes first, so content cannot hold it up for long.
const CONTENT_MAX: usize = 100;

/// What is still wanted of a SKU when the pass ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Again {
    pub want: Want,
    pub after: Duration,
    pub failed: bool,
}

/// The state of one pass, handed from step to step.
pub(super) struct Pass<'p> {
    pub shop: &'p Shop,
    pub hints: BySku<Hint>,
    pub again: BySku<Again>,
    pub tally: Tally,
    /// SKUs whose stock was read in this pass.
    pub read: BTreeSet<Sku>,
    /// SKUs whose stock was set in this pass, or may have been: sales may have been overwritten.
    pub unverified: BTreeSet<Sku>,
    /// SKUs whose reading leaves doubt, with what an absolute write would start from: not written to in this pass unless tried
    /// several times.
    pub doubtful: BySku<Option<(i64, Window)>>,
}

impl Pass<'_> {
    /// Ask for a SKU again. Several wishes for one SKU are joined; the sooner time counts.
    pub fn ask_again(&mut self, sku: &Sku, again: Again) {
        let entry = self.again.entry(sku.clone()).or_insert(again);
        entry.want.look |= again.want.look;
        entry.want.stock |= again.want.stock;
        entry.want.content |= again.want.content;
        entry.after = entry.after.min(again.after);
        entry.failed |= again.failed;
    }

    pub fn attempts(&self, sku: &Sku) -> u32 {
        self.hints.get(sku).map_or(0, |hint| hint.attempts)
    }
}

impl Engine {
    /// Run one pass over a shop for the hints that are due. Idle when there are none.
    ///
    /// # Errors
    /// When the pass as a whole could not be carried through; its hints are then due again after a backoff.
    pub async fn shop_pass(&self, shop: &Shop, cause: &str) -> Result<Tally, PassError> {
        if self.halted().is_some() {
            return Ok(Tally::default());
        }
        // Nothing gets another name while it is in hand.
        let _under_way = self.passes.read().await;
        let started = clock::now();
        let hints = self.ledger.due_hints(shop.name(), started, HINTS_MAX).await?;
        if hints.is_empty() {
            return Ok(Tally::default());
        }
        let (everything, hints): (Vec<Hint>, Vec<Hint>) = hints.into_iter().partition(|hint| hint.sku == "*");
        let by_sku = hints.iter().filter_map(|hint| Some((Sku::new(&hint.sku)?, hint.clone()))).collect();
        let mut pass = Pass {
            shop,
            hints: by_sku,
            again: BTreeMap::new(),
            tally: Tally::default(),
            read: BTreeSet::new(),
            unverified: BTreeSet::new(),
            doubtful: BTreeMap::new(),
        };
        let result = self.shop_steps(&mut pass, !everything.is_empty()).await;
        let done = match &result {
            Ok(()) => self.leave(&pass, &hints, &everything),
            Err(error) => self.leave_failed(error, &pass, hints.iter().chain(&everything)),
        };
        // What is newly wanted comes first: once its hints are finished, nothing else remembers what the pass has seen.
        self.follow_up(&pass).await?;
        self.ledger.finish_hints(shop.name(), &done, clock::now()).await?;
        let outcome = result.as_ref().map_or_else(ToString::to_string, |()| "ok".to_owned());
        self.record(shop.name(), cause, started, pass.tally, outcome).await?;
        result.map(|()| pass.tally)
    }

    async fn shop_steps(&self, pass: &mut Pass<'_>, everything: bool) -> Result<(), PassError> {
        self.resend_open(pass, everything).await?;
        let store = &pass.shop.store;
        // A write without a key is only as good as the look before it: one call's worth at a time.
        let together = if store.stock_kind().is_keyed() { pass.hints.len() } else { store.stock_batch_max() };
        let skus: Vec<Sku> = pass.hints.keys().cloned().collect();
        // Stock comes before content, and before a full look, which takes minutes at a large shop.
        for skus in skus.chunks(together.max(1)) {
            self.look_at_hinted(pass, skus).await?;
            self.write_stock(pass, skus).await?;
        }
        if everything {
            self.verify_written(pass).await?;
            self.look_at_everything(pass).await?;
        }
        let (now, later) = self.content_turn(pass).await?;
        for sku in &later {
            pass.ask_again(sku, Again { want: Want::CONTENT, after: Duration::ZERO, failed: false });
        }
        self.write_content(pass, &now).await
    }

    /// SKUs whose content is this pass's turn, and those for later. Rows of one product stay together.
    async fn content_turn(&self, pass: &Pass<'_>) -> Result<(Vec<Sku>, Vec<Sku>), PassError> {
        let hinted: Vec<Sku> =
            pass.hints.iter().filter(|(_, hint)| hint.want.content).map(|(sku, _)| sku.clone()).collect();
        let rows = self.ledger.rows_of(&hinted).await?;
        let product = |sku: &Sku| rows.get(sku).and_then(|record| record.row.handle.clone()).unwrap_or_default();
        let mut content: Vec<(String, Sku)> = hinted.into_iter().map(|sku| (product(&sku), sku)).collect();
        content.sort();
        let alone = |at: usize| content[at].0.is_empty() || content[at].0 != content[at - 1].0;
        let cut = (CONTENT_MAX..content.len()).find(|at| alone(*at)).unwrap_or(content.len());
        let later = content.split_off(cut);
        let skus = |list: Vec<(String, Sku)>| list.into_iter().map(|(_, sku)| sku).collect();
        Ok((skus(content), skus(later)))
    }

    fn leave(&self, pass: &Pass<'_>, hints: &[Hint], everything: &[Hint]) -> Vec<(Hint, HintDone)> {
        let again = |hint: &Hint| {
            let again = Sku::new(&hint.sku).and_then(|sku| pass.again.get(&sku).copied());
            again.map_or(HintDone::Cleared, |Again { want, after, failed }| HintDone::Again { after, failed, want })
        };
        let hinted = hints.iter().map(|hint| (hint.clone(), again(hint)));
        hinted.chain(everything.iter().map(|hint| (hint.clone(), HintDone::Cleared))).collect()
    }

    /// The pass failed as a whole: everything again, after a backoff that the error calls for; what it has written is looked at
    /// before that.
    fn leave_failed<'h>(
        &self,
        error: &PassError,
        pass: &Pass<'_>,
        hints: impl Iterator<Item = &'h Hint>,
    ) -> Vec<(Hint, HintDone)> {
        let verdict = verdict(error);
        let again = |hint: &Hint| {
            let delay = self.backoff(hint.attempts + 1, verdict);
            let is_unverified = Sku::new(&hint.sku).is_some_and(|sku| pass.unverified.contains(&sku));
            let after = if is_unverified { delay.min(self.timing.verify_after) } else { delay };
            let want = Want { look: hint.want.look || is_unverified, ..hint.want };
            HintDone::Again { after, failed: verdict == Verdict::Retry, want }
        };
        hints.map(|hint| (hint.clone(), again(hint))).collect()
    }

    /// Wishes for SKUs that had no hint in this pass (found by orders, or by a full look) become hints.
    async fn follow_up(&self, pass: &Pass<'_>) -> Result<(), PassError> {
        let now = clock::now();
        let new = pass.again.iter().filter(|(sku, _)| !pass.hints.contains_key(*sku));
        let hints: Vec<_> = new.map(|(sku, again)| (sku.to_string(), again.want, now + again.after)).collect();
        Ok(self.ledger.hint(pass.shop.name(), &hints).await?)
    }

    /// Delay before the next try. What must not be given up (looking, stock) keeps trying at the longest delay.
    pub(super) fn backoff(&self, attempt: u32, verdict: Verdict) -> Duration {
        match retry::next(&self.timing.retry, attempt, verdict, clock::jitter()) {
            Next::RetryIn(delay) | Next::SnoozeFor(delay) => delay,
            Next::Dead => self.timing.retry.cap,
        }
    }

    pub(super) async fn record(
        &self,
        endpoint: &str,
        cause: &str,
        started: clock::Time,
        tally: Tally,
        outcome: String,
    ) -> Result<(), PassError> {
        self.meters.pass(endpoint, tally, outcome == "ok");
        if outcome != "ok" {
            tracing::warn!(endpoint = %endpoint, "pass did not finish: {outcome}");
        } else if !tally.is_idle() {
            tracing::info!(
                endpoint = %endpoint, cause = %cause, looked_at = tally.looked_at, moved = tally.moved,
                written = tally.written, refused = tally.refused, "pass done"
            );
        }
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let run = RunRecord {
            endpoint: endpoint.to_owned(),
            cause: cause.to_owned(),
            started,
            ended: clock::now(),
            looked_at: count(tally.looked_at),
            moved: count(tally.moved),
            written: count(tally.written),
            refused: count(tally.refused),
            outcome,
        };
        Ok(self.ledger.record_run(&run).await?)
    }
}

/// What a failed pass means for its next try.
pub(super) fn verdict(error: &PassError) -> Verdict {
    match error {
        PassError::Db(_) => Verdict::Retry,
        PassError::Store(error) => error.verdict(),
        PassError::Sheet(error) => error.verdict(),
        PassError::Stop(_) => Verdict::Credentials,
    }
}
