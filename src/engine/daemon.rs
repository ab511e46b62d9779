//! The daemon's tasks: one per endpoint, one per shop for its subscriptions, one for the inbox, one for the schedule.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::shop_pass::verdict;
use super::subscriptions::subscriptions_task;
use super::{CronPlan, Engine, PassError, ReadManner, Shop, lock, schedule};
use crate::clock::{self, Time};
use crate::db::{DbError, SHEET};

/// Deliveries are looked for this often even when nobody rang: notification is a courtesy, the table is the truth.
const INBOX_EVERY: Duration = Duration::from_secs(5);
/// The same for hints.
const HINTS_EVERY: Duration = Duration::from_secs(5);
/// Handled deliveries are kept this long to recognise repeats. Shopify repeats for 4 hours, others up to 2 days.
const INBOX_KEPT: Duration = Duration::from_secs(7 * 86_400);
/// Run records are kept this long.
const RUNS_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// Runs an engine until told to stop.
pub struct Daemon {
    engine: Arc<Engine>,
    sweep: CronPlan,
    addresses: BTreeMap<String, String>,
}

impl Daemon {
    /// With the schedule of the sweep.
    pub fn new(engine: Arc<Engine>, sweep: CronPlan) -> Self {
        Self { engine, sweep, addresses: BTreeMap::new() }
    }

    /// With the address that each shop is to deliver to, by its name. Subscriptions are looked after where there is one.
    pub fn delivered_to(mut self, addresses: BTreeMap<String, String>) -> Self {
        self.addresses = addresses;
        self
    }

    /// Run all tasks until shutdown; passes under way are finished.
    pub async fn run(self, shutdown: CancellationToken) {
        if self.addresses.is_empty() {
            tracing::info!(
                "listener.public_url is not set: shops are not asked for webhooks, sales are found by the sweep"
            );
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(sheet_task(Arc::clone(&self.engine), shutdown.clone()));
        for shop in self.engine.shops.clone() {
            if let Some(url) = self.addresses.get(shop.name()) {
                let (engine, shop, url) = (Arc::clone(&self.engine), shop.clone(), url.clone());
                tasks.spawn(subscriptions_task(engine, shop, url, shutdown.clone()));
            }
            tasks.spawn(shop_task(Arc::clone(&self.engine), shop, shutdown.clone()));
        }
        tasks.spawn(inbox_task(Arc::clone(&self.engine), shutdown.clone()));
        let engine = Arc::clone(&self.engine);
        let fire = Arc::new(move || sweep(Arc::clone(&engine)));
        tasks.spawn(async move {
            if let Err(error) = schedule::run(self.sweep, fire, shutdown).await {
                tracing::error!("the schedule cannot be set up: {error}; webhooks and the change probe go on");
            }
        });
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!("a task ended abnormally: {error}");
            }
        }
    }
}

/// The schedule's hour: look at everything, and tidy up.
fn sweep(engine: Arc<Engine>) {
    tokio::spawn(async move {
        tracing::info!("sweep: looking at everything");
        if let Err(error) = engine.sweep().await {
            tracing::error!("sweep: {error}");
        }
        let now = clock::now();
        let tidied = async {
            engine.ledger.prune_inbox(now - INBOX_KEPT).await?;
            engine.ledger.prune_runs(now - RUNS_KEPT).await
        };
        if let Err(error) = tidied.await {
            tracing::warn!("tidying up: {error}");
        }
    });
}

async fn shop_task(engine: Arc<Engine>, shop: Shop, shutdown: CancellationToken) {
    // At start everything is looked at: what happened while shelfd was away is in no webhook.
    if let Err(error) = engine.ledger.hint_everything(shop.name(), clock::now()).await {
        tracing::error!(store.id = %shop.name(), "{error}");
    }
    let mut failures = 0;
    while !shutdown.is_cancelled() {
        match engine.shop_pass(&shop, "hints").await {
            Ok(_) => {
                failures = 0;
                let due = engine.ledger.next_due(shop.name()).await.ok().flatten();
                let halted = engine.halted().is_some();
                let pause = if halted { HINTS_EVERY } else { until(due).min(HINTS_EVERY) };
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = engine.wakes.wait(shop.name()) => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
            Err(error) => {
                failures += 1;
                rest(&engine, failures, &error, &shutdown).await;
            }
        }
    }
}

async fn sheet_task(engine: Arc<Engine>, shutdown: CancellationToken) {
    let mut failures = 0;
    let mut probed: Option<tokio::time::Instant> = None;
    while !shutdown.is_cancelled() {
        let ripe = lock(&engine.settler).next_due().is_some_and(|due| due <= clock::now());
        let distrusted = lock(&engine.shown).version.is_none();
        // A read that has just failed to be complete is not repeated faster than the probe.
        let poll = engine.timing.poll;
        let after = if distrusted { poll.min(HINTS_EVERY) } else { poll };
        if ripe || probed.is_none_or(|at| at.elapsed() >= after) {
            probed = Some(tokio::time::Instant::now());
            if let Err(error) = engine.read_sheet(ReadManner::Probe).await {
                tracing::warn!("sheet: {error}");
                failures += 1;
                rest(&engine, failures, &error, &shutdown).await;
                continue;
            }
        }
        if let Err(error) = engine.flush_sheet("hints").await {
            tracing::warn!("sheet: {error}");
            rest(&engine, 1, &error, &shutdown).await;
            continue;
        }
        failures = 0;
        let hint = match engine.halted() {
            // Nothing is written: what is due waits for the next probe.
            Some(_) => None,
            None => engine.ledger.next_due(SHEET).await.ok().flatten(),
        };
        let settle = lock(&engine.settler).next_due();
        let probe = probed.map_or(Duration::ZERO, |at| poll.saturating_sub(at.elapsed()));
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = engine.wakes.wait(SHEET) => {}
            () = tokio::time::sleep(probe.min(until(hint)).min(until(settle))) => {}
        }
    }
}

async fn inbox_task(engine: Arc<Engine>, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        if let Err(error) = engine.handle_inbox().await {
            tracing::error!("inbox: {error}");
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = engine.wakes.wait_inbox() => {}
            () = tokio::time::sleep(INBOX_EVERY) => {}
        }
    }
}

/// Time until a moment; a long one when there is none.
fn until(due: Option<Time>) -> Duration {
    // A floor keeps a hint that cannot be finished from spinning.
    const FLOOR: Duration = Duration::from_millis(5);
    due.map_or(Duration::from_secs(3600), |due| (due - clock::now()).to_std().unwrap_or_default().max(FLOOR))
}

/// The endpoint's circuit breaker: after a failed pass nothing is sent for a while.
pub(super) async fn rest(engine: &Engine, failures: u32, error: &PassError, shutdown: &CancellationToken) {
    if let PassError::Db(DbError::Fenced { .. }) = error {
        tracing::error!("stopping: {error}");
        return shutdown.cancel();
    }
    // Wrong credentials are tried again each minute: people mend them and expect to see it.
    let longest = Duration::from_secs(60);
    pause_or_stop(engine.backoff(failures.min(8), verdict(error)).min(longest), shutdown).await;
}

pub(super) async fn pause_or_stop(pause: Duration, shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(pause) => {}
    }
}
