//! Sets the stage: a world, a configuration that fits, the daemon over real HTTP, and webhooks.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::watch::Watch;
use crate::app::App;
use crate::config::Config;
use crate::db::SHEET;
use crate::engine::{Engine, Timing};
use crate::lab::LabItem;
use crate::lab::catalog::KeyStyle;
use crate::lab::config_file::{self, DaemonPorts};
use crate::lab::world::{World, WorldOptions};
use crate::settings::ProcessSecrets;

/// Calls a minute that the lab's Google grants: ten times the default, as projects get on request, so that a page that
/// somebody watches need not save up.
const CALLS_PER_MINUTE: u32 = 600;
/// About what Google's and the shops' APIs take for small calls, from a server nearby.
const LATENCY_SHEET: Duration = Duration::from_millis(120);
const LATENCY_SHOP: Duration = Duration::from_millis(60);
/// A typed row counts after so long.
const SETTLE: Duration = Duration::from_millis(500);
/// The change probe, within those calls.
const POLL: Duration = Duration::from_millis(400);
/// The lab answers from memory: no read is older than our last write. What is left shows the rule at work, and lets a
/// visitor type the number back that was there before.
const STALE_FOR: Duration = Duration::from_secs(2);
/// So long the shops may take to be filled, beside [`FILL_PER_ROW`].
const FILL: Duration = Duration::from_secs(60);
const FILL_PER_ROW: Duration = Duration::from_millis(50);
/// Rest has to last so long: longer than the second look after an absolute write.
const REST: Duration = Duration::from_secs(3);
/// How often the state of rest is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A world with a daemon in it.
pub struct Stage {
    /// Watches the world.
    pub watch: Arc<Watch>,
    /// The daemon's engine.
    pub engine: Arc<Engine>,
    daemon: JoinHandle<anyhow::Result<()>>,
    watching: JoinHandle<()>,
    // Holds the configuration and the ledger; goes with the stage.
    _dir: TempDir,
}

impl Stage {
    /// Start everything. The shops are empty at first.
    pub async fn set(items: Vec<LabItem>, key_style: KeyStyle, shutdown: &CancellationToken) -> anyhow::Result<Self> {
        let world = World::start(WorldOptions {
            items,
            key_style,
            reads_per_minute: Some(CALLS_PER_MINUTE),
            writes_per_minute: Some(CALLS_PER_MINUTE),
            latency_sheet: LATENCY_SHEET,
            latency_shop: LATENCY_SHOP,
            ..WorldOptions::default()
        });
        let world = Arc::new(world.await?);
        let dir = tempfile::tempdir().context("a temporary folder cannot be made")?;
        let path = config_file::write(&world.describe(), dir.path(), DaemonPorts { listener: 0, admin: 0 })?;
        let loaded = Config::load(&path, &ProcessSecrets)?;
        // Before the daemon's first call, so that stock starts from what people typed.
        let watch = Arc::new(Watch::new(world));
        let (sheet_stale_for, shop_stale_for) = (STALE_FOR, STALE_FOR);
        let timing = Timing { settle: SETTLE, poll: POLL, sheet_stale_for, shop_stale_for, ..Timing::default() };
        let app = App::build(loaded.config, Some(timing)).await?;
        let engine = Arc::clone(&app.engine);
        let (ready, bound) = oneshot::channel();
        let stop = shutdown.clone();
        let mut daemon = tokio::spawn(app.run(stop, |addresses| {
            // Nobody listens when the stage was left in between.
            let _ = ready.send(addresses);
        }));
        let Ok(addresses) = bound.await else {
            // It ended before it listened, and knows why.
            (&mut daemon).await??;
            bail!("the daemon ended at once");
        };
        for shop in &engine.shops {
            shop.store.subscribe(&format!("http://{}/webhooks/{}", addresses.listener, shop.name())).await?;
        }
        let watching = tokio::spawn(Arc::clone(&watch).run());
        Ok(Self { watch, engine, daemon, watching, _dir: dir })
    }

    /// Wait until every row that can be is in both shops. False when that did not happen in time.
    pub async fn filled(&self, shutdown: &CancellationToken) -> anyhow::Result<bool> {
        let rows = self.watch.seen().rows.len();
        let limit = FILL + FILL_PER_ROW * u32::try_from(rows)?;
        Ok(self.rest(Duration::ZERO, limit, shutdown).await?.is_some())
    }

    /// Wait until everything agrees, shelfd has nothing under way, and both have been so for a while. Seconds until it
    /// began; `None` when it did not within `limit`.
    pub async fn at_rest(&self, limit: Duration, shutdown: &CancellationToken) -> anyhow::Result<Option<f64>> {
        self.rest(REST, limit, shutdown).await
    }

    async fn rest(
        &self,
        lasting: Duration,
        limit: Duration,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Option<f64>> {
        let started = Instant::now();
        let mut since: Option<Instant> = None;
        while started.elapsed() < limit + lasting && !shutdown.is_cancelled() {
            if self.daemon.is_finished() {
                bail!("the daemon has ended");
            }
            if !self.is_quiet().await? {
                since = None;
            } else {
                let began = *since.get_or_insert_with(Instant::now);
                if began.elapsed() >= lasting {
                    return Ok(Some((began - started).as_secs_f64()));
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(None)
    }

    async fn is_quiet(&self) -> anyhow::Result<bool> {
        let agrees = {
            let seen = self.watch.seen();
            seen.judgement.disagreements.is_empty() && seen.judgement.judged > 0
        };
        Ok(agrees && self.open_intents().await? == 0)
    }

    /// Stock writes whose fate shelfd does not know yet.
    pub async fn open_intents(&self) -> anyhow::Result<i64> {
        let mut open = 0;
        for endpoint in self.engine.shops.iter().map(|shop| shop.name()).chain([SHEET]) {
            open += self.engine.ledger.endpoint_status(endpoint).await?.open_intents;
        }
        Ok(open)
    }

    /// Wait for the daemon to finish what it does; it has been told to stop.
    pub async fn strike(self) {
        self.watch.world.stop_shoppers();
        match self.daemon.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!("the daemon: {error:#}"),
            Err(error) => tracing::error!("the daemon ended abnormally: {error}"),
        }
        self.watching.abort();
    }
}
