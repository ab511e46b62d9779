//! Composition root: turns a configuration into an engine, a listener and an admin side, and runs them until told to stop.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, SheetAccount};
use crate::db::{SHEET, SqliteLedger};
use crate::engine::{CronPlan, Daemon, Engine, Identities, SheetPlan, Shop, Timing};
use crate::http::{AdminState, ListenerState, admin_router, listener_router, serve};
use crate::sheet::google::{Account, GoogleSettings, GoogleWorkbook};
use crate::stores;
use crate::telemetry::Meters;

/// Passes under way get this long to finish after the first signal. The unit file's `TimeoutStopSec` is longer.
pub const DRAIN: Duration = Duration::from_secs(20);

/// Everything built from a configuration.
pub struct App {
    /// The engine.
    pub engine: Arc<Engine>,
    config: Config,
    // Held for as long as the app lives: two daemons on one ledger would both believe they drive the endpoints.
    _lock: File,
}

/// Addresses of a running daemon.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// The webhook listener.
    pub listener: std::net::SocketAddr,
    /// The admin side.
    pub admin: std::net::SocketAddr,
}

impl App {
    /// Build everything that passes need, and tell the ledger what the endpoints speak of. Calls nobody yet.
    ///
    /// # Errors
    /// When the data folder, the ledger or an adapter cannot be set up, or another shelfd holds the ledger.
    pub async fn build(config: Config, timing: Option<Timing>) -> anyhow::Result<Self> {
        let app = Self::build_to_look(config, timing).await?;
        app.engine.recognise().await?;
        Ok(app)
    }

    /// The same for whoever only looks: the ledger learns nothing of the configuration. No pass may be run.
    ///
    /// # Errors
    /// See [`build`](Self::build).
    pub async fn build_to_look(config: Config, timing: Option<Timing>) -> anyhow::Result<Self> {
        let dir = &config.data_dir;
        std::fs::create_dir_all(dir).with_context(|| format!("data_dir {}: cannot be created", dir.display()))?;
        let lock = hold(dir)?;
        let ledger = SqliteLedger::open(&dir.join("shelfd.db")).await?.take_lease().await?;
        let book = GoogleWorkbook::new(google(&config)).await?;
        let book = match config.sheet.calls_per_minute {
            Some(calls) => book.with_calls_per_minute(calls),
            None => book,
        };
        let mut shops = Vec::new();
        let mut identities =
            Identities { spreadsheet: config.sheet.spreadsheet_id.clone(), shops: BTreeMap::default() };
        for shop in &config.shops {
            identities.shops.insert(shop.name.clone(), shop.store.facts().identity());
            shops.push(Shop { store: stores::build(&shop.store)?, buffer: shop.buffer });
        }
        let sheet = SheetPlan {
            tabs: config.sheet.tabs.clone(),
            block_rows: config.sheet.block_rows,
            decimals: config.sheet.price_decimals,
            zone: config.schedule.timezone,
        };
        let timing = timing.unwrap_or_else(|| Timing {
            settle: config.sheet.settle,
            poll: config.sheet.poll,
            ..Timing::default()
        });
        let engine = Engine::new(Arc::new(ledger), Arc::new(book), sheet, shops, timing, Meters::default());
        Ok(Self { engine: Arc::new(engine.speaking_of(identities)), config, _lock: lock })
    }

    /// Run the daemon until `shutdown`, then let passes under way finish. `ready` hears the bound addresses.
    ///
    /// # Errors
    /// When an address cannot be bound, or a schedule does not parse.
    pub async fn run(self, shutdown: CancellationToken, ready: impl FnOnce(Addresses)) -> anyhow::Result<()> {
        let bind =
            async |address| TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"));
        let listener = bind(self.config.listener.address).await?;
        let admin = bind(self.config.admin.address).await?;
        let sweep = CronPlan::parse(&self.config.schedule.sweep, self.config.schedule.timezone)
            .map_err(|why| anyhow::anyhow!("schedule.sweep: {why}"))?;
        ready(Addresses { listener: listener.local_addr()?, admin: admin.local_addr()? });
        let listening = serve(listener, listener_router(self.listener_state()), shutdown.clone().cancelled_owned());
        let administered = serve(admin, admin_router(self.admin_state()), shutdown.clone().cancelled_owned());
        let daemon = Daemon::new(Arc::clone(&self.engine), sweep).delivered_to(self.webhook_addresses());
        let daemon = daemon.run(shutdown.clone());
        let all = async { tokio::join!(listening, administered, daemon) };
        let stopped = async {
            shutdown.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            (listening, administered, ()) = all => {
                listening.context("webhook listener")?;
                administered.context("admin side")?;
            }
            // What was under way is in the ledger as intents and hints, and is taken up at the next start.
            () = stopped => tracing::warn!("passes did not finish within {} s; they go on at the next start", DRAIN.as_secs()),
        }
        self.engine.ledger.close().await;
        Ok(())
    }

    /// Where shops are to deliver, by their names; none without `listener.public_url`.
    fn webhook_addresses(&self) -> BTreeMap<String, String> {
        let names = self.config.shops.iter().map(|shop| &shop.name);
        names.filter_map(|name| Some((name.clone(), self.config.webhook_address(name)?))).collect()
    }

    fn listener_state(&self) -> ListenerState {
        let shops: BTreeMap<_, _> =
            self.engine.shops.iter().map(|shop| (shop.name().to_owned(), Arc::clone(&shop.store))).collect();
        let wakes = self.engine.wakes.clone();
        ListenerState {
            shops: Arc::new(shops),
            ledger: Arc::clone(&self.engine.ledger),
            stored: Arc::new(move || wakes.wake_inbox()),
            meters: self.engine.meters.clone(),
        }
    }

    fn admin_state(&self) -> AdminState {
        let names = self.engine.shops.iter().map(|shop| shop.name().to_owned());
        let engine = Arc::clone(&self.engine);
        AdminState {
            ledger: Arc::clone(&self.engine.ledger),
            endpoints: Arc::new([SHEET.to_owned()].into_iter().chain(names).collect()),
            halted: Arc::new(move || engine.halted()),
            meters: self.engine.meters.clone(),
        }
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

/// The Google settings of a configuration.
pub fn google(config: &Config) -> GoogleSettings {
    let account = match &config.sheet.account {
        SheetAccount::ServiceAccount { key } => Account::ServiceAccount { key_json: key.clone() },
        SheetAccount::Installed { client_secret, token_cache } => {
            Account::Installed { client_secret_json: client_secret.clone(), token_cache: token_cache.clone() }
        }
    };
    GoogleSettings {
        spreadsheet_id: config.sheet.spreadsheet_id.clone(),
        account,
        sheets_url: config.sheet.base_url.clone(),
        drive_url: config.sheet.drive_base_url.clone(),
    }
}

/// Take the ledger's lock; it is given back when the process ends, however it ends.
fn hold(dir: &std::path::Path) -> anyhow::Result<File> {
    let path = dir.join("shelfd.lock");
    let file = File::create(&path).with_context(|| format!("{}: cannot be created", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another shelfd is using {}\n  hint: stop it first, or give this one its own data_dir", dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{}: cannot be locked", path.display())),
    }
}
