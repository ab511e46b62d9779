//! A test bed: a world, and shelfd's engine on it as the daemon would have it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shelfd::app::App;
use shelfd::config::Config;
use shelfd::db::{Ledger as _, SqliteLedger};
use shelfd::engine::{Engine, Preview, SyncReport, Timing};
use shelfd::lab::catalog::KeyStyle;
use shelfd::lab::config_file::{self, DaemonPorts};
use shelfd::lab::gate::Kind;
use shelfd::lab::world::{World, WorldOptions};
use shelfd::lab::{LabItem, LabShop};
use shelfd::settings::ProcessSecrets;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Short waits: the lab is quick, and answers that are lost here do not arrive late.
pub fn quick() -> Timing {
    Timing {
        settle: Duration::ZERO,
        poll: Duration::from_millis(200),
        sheet_stale_for: Duration::ZERO,
        shop_stale_for: Duration::ZERO,
        late_for: Duration::ZERO,
        verify_after: Duration::from_millis(100),
        ..Timing::default()
    }
}

pub struct Bed {
    pub world: World,
    pub engine: Arc<Engine>,
    app: Option<App>,
    running: Option<(CancellationToken, JoinHandle<anyhow::Result<()>>)>,
    listener: Option<std::net::SocketAddr>,
    dir: tempfile::TempDir,
}

pub fn item(sku: &str, title: &str, price: &str, stock: i64) -> LabItem {
    LabItem {
        sku: sku.to_owned(),
        handle: sku.to_lowercase(),
        title: title.to_owned(),
        options: Vec::new(),
        price: price.to_owned(),
        stock,
    }
}

/// Three simple products and one with two variants.
pub fn few() -> Vec<LabItem> {
    let variant = |sku: &str, size: &str, stock| LabItem {
        sku: sku.to_owned(),
        handle: "shirt".to_owned(),
        title: "Shirt".to_owned(),
        options: vec![("Size".to_owned(), size.to_owned())],
        price: "25.00".to_owned(),
        stock,
    };
    vec![
        item("MUG", "Mug", "12.50", 10),
        item("BAG", "Bag", "30.00", 5),
        item("PEN", "Pen", "2.00", 100),
        variant("SHIRT-S", "S", 7),
        variant("SHIRT-L", "L", 3),
    ]
}

impl Bed {
    pub async fn start(items: Vec<LabItem>) -> Self {
        Self::start_keyed(items, KeyStyle::Sku).await
    }

    pub async fn start_keyed(items: Vec<LabItem>, key_style: KeyStyle) -> Self {
        Self::start_timed(items, key_style, quick()).await
    }

    pub async fn start_timed(items: Vec<LabItem>, key_style: KeyStyle, timing: Timing) -> Self {
        Self::start_as(items, key_style, timing, |_| {}, |text| text).await
    }

    /// With a sheet that people have laid out their own way, and the configuration that fits it.
    pub async fn start_as(
        items: Vec<LabItem>,
        key_style: KeyStyle,
        timing: Timing,
        lay_out: impl Fn(&World),
        configure: impl Fn(String) -> String,
    ) -> Self {
        shelfd::telemetry::start_logging("off");
        shelfd::telemetry::start_tls();
        let options = WorldOptions {
            items,
            key_style,
            reads_per_minute: None,
            writes_per_minute: None,
            shopify_points_per_sec: 50_000.0,
            ..WorldOptions::default()
        };
        let world = World::start(options).await.unwrap();
        lay_out(&world);
        let dir = tempfile::tempdir().unwrap();
        let ports = DaemonPorts { listener: 0, admin: 0 };
        let path = config_file::write(&world.describe(), dir.path(), ports).unwrap();
        let text = configure(std::fs::read_to_string(&path).unwrap());
        let unhurried = |line: &str| match line.starts_with("calls_per_minute") {
            true => "calls_per_minute = 100000".to_owned(),
            false => line.to_owned(),
        };
        std::fs::write(&path, text.lines().map(unhurried).collect::<Vec<_>>().join("\n")).unwrap();
        let config = Config::load(&path, &ProcessSecrets).unwrap().config;
        let app = App::build(config, Some(timing)).await.unwrap();
        Self { world, engine: Arc::clone(&app.engine), app: Some(app), running: None, listener: None, dir }
    }

    /// Where the configuration, its secrets and the ledger are.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Stop shelfd, and change its configuration.
    async fn stop_and_configure(&mut self, configure: impl Fn(String) -> String) -> Config {
        self.app = None;
        self.engine.ledger.close().await;
        let path = self.dir.path().join(config_file::FILE_NAME);
        let text = std::fs::read_to_string(&path).unwrap();
        let changed = configure(text.clone());
        assert_ne!(changed, text, "the configuration is another one");
        std::fs::write(&path, changed).unwrap();
        Config::load(&path, &ProcessSecrets).unwrap().config
    }

    /// Start shelfd again on the same ledger, with another configuration.
    pub async fn restart(&mut self, configure: impl Fn(String) -> String) {
        let config = self.stop_and_configure(configure).await;
        let app = App::build(config, Some(quick())).await.unwrap();
        self.engine = Arc::clone(&app.engine);
        self.app = Some(app);
    }

    /// Stop shelfd, and say what it would change with another configuration.
    pub async fn preview(&mut self, configure: impl Fn(String) -> String) -> Preview {
        let config = self.stop_and_configure(configure).await;
        let app = App::build_to_look(config, Some(quick())).await.unwrap();
        app.engine.preview().await.unwrap()
    }

    pub async fn sync(&self) -> SyncReport {
        self.engine.sync_once(&|_| {}).await.unwrap()
    }

    /// Start the daemon, with webhooks registered at both shops. With a `public_url` it has to see to that itself.
    pub async fn run(&mut self) {
        let shutdown = CancellationToken::new();
        let (tell, told) = tokio::sync::oneshot::channel();
        let app = self.app.take().unwrap();
        let told_by_itself = app.config().listener.public_url.is_some();
        let token = shutdown.clone();
        let task = tokio::spawn(async move { app.run(token, |at| tell.send(at).unwrap()).await });
        let addresses = told.await.unwrap();
        for shop in self.engine.shops.iter().filter(|_| !told_by_itself) {
            let url = format!("http://{}/webhooks/{}", addresses.listener, shop.name());
            shop.store.subscribe(&url).await.unwrap();
        }
        self.listener = Some(addresses.listener);
        self.running = Some((shutdown, task));
    }

    /// Where the running daemon listens for webhooks.
    pub fn listener(&self) -> std::net::SocketAddr {
        self.listener.unwrap()
    }

    pub async fn stop(&mut self) {
        let Some((shutdown, task)) = self.running.take() else { return };
        shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(30), task).await.unwrap().unwrap().unwrap();
    }

    pub fn shops(&self) -> [(&'static str, &dyn LabShop); 2] {
        [("shopify-lab", self.world.shopify()), ("woo-lab", self.world.woocommerce())]
    }

    pub fn shop(&self, name: &str) -> &dyn LabShop {
        self.shops().into_iter().find(|(of, _)| *of == name).unwrap().1
    }

    /// Cells of one column by SKU column, as they stand in the sheet.
    pub fn column(&self, header: &str) -> BTreeMap<String, serde_json::Value> {
        let grid = self.world.google().grid("Products").unwrap();
        let at = |name: &str| grid[0].iter().position(|cell| cell == name).unwrap();
        let (sku, column) = (at("SKU"), at(header));
        let cell = |row: &Vec<serde_json::Value>, at: usize| row.get(at).cloned().unwrap_or_default();
        let text = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        grid[1..].iter().map(|row| (text(cell(row, sku)), cell(row, column))).collect()
    }

    pub fn cell(&self, sku: &str, header: &str) -> serde_json::Value {
        self.column(header).remove(sku).unwrap_or_else(|| panic!("no row has SKU {sku}"))
    }

    /// Sheet row of a SKU, counted from 1.
    pub fn row_of(&self, sku: &str) -> u32 {
        let grid = self.world.google().grid("Products").unwrap();
        let column = grid[0].iter().position(|cell| cell == "SKU").unwrap();
        let at = grid.iter().position(|row| row.get(column).is_some_and(|cell| cell == sku)).unwrap();
        u32::try_from(at).unwrap() + 1
    }

    pub fn edit(&self, sku: &str, header: &str, typed: &str) {
        self.world.google().edit("Products", self.row_of(sku), header, typed).unwrap();
    }

    pub fn gates(&self) -> [(&'static str, &shelfd::lab::gate::Gate); 3] {
        [
            ("google", self.world.google().gate()),
            ("shopify", self.world.shopify().gate()),
            ("woo", self.world.woocommerce().gate()),
        ]
    }

    /// Write calls so far, by face.
    pub fn writes(&self) -> BTreeMap<&'static str, u64> {
        self.gates().into_iter().map(|(name, gate)| (name, gate.total(Kind::Write))).collect()
    }

    /// Assert that sheet and both shops show the same stock and price for every SKU that should be synced.
    pub fn assert_agree(&self) {
        let disagreement = self.disagreement();
        assert!(disagreement.is_empty(), "{}", disagreement.join("\n"));
    }

    pub fn disagreement(&self) -> Vec<String> {
        let mut words = Vec::new();
        let stock = self.column("Stock");
        let price = self.column("Price");
        for (name, shop) in self.shops() {
            let shelf = shop.shelf();
            for (sku, cell) in &stock {
                let Some(item) = shelf.get(sku) else {
                    words.push(format!("{name} does not list {sku}"));
                    continue;
                };
                let units = cell.as_f64().map(|units| units.max(0.0));
                if units != Some(item.stock as f64) {
                    words.push(format!("{sku}: sheet has {cell}, {name} has {}", item.stock));
                }
                if price[sku].as_f64() != item.price.parse::<f64>().ok() {
                    words.push(format!("{sku}: sheet price {}, {name} has {}", price[sku], item.price));
                }
            }
        }
        words
    }

    /// Wait until something holds, for at most half a minute.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !holds(self) {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "waited in vain for: {what}\n{}",
                self.disagreement().join("\n")
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// All movements so far.
    pub async fn movements(&self) -> Vec<shelfd::db::MovementLine> {
        let ledger = SqliteLedger::open(&self.dir.path().join("shelfd.db")).await.unwrap();
        ledger.movements(0, u32::MAX).await.unwrap()
    }

    /// What every test must leave behind: no stuck write, no unexpected dead letter, the pool equal to its movements.
    pub async fn assert_clean(&self, dead_expected: usize) {
        // A stopped daemon has closed its ledger.
        let ledger = SqliteLedger::open(&self.dir.path().join("shelfd.db")).await.unwrap();
        let letters = ledger.dead_letters().await.unwrap();
        assert_eq!(letters.len(), dead_expected, "{letters:#?}");
        for endpoint in ["sheet", "shopify-lab", "woo-lab"] {
            let open = ledger.open_intents(endpoint).await.unwrap();
            assert!(open.is_empty(), "{endpoint}: {open:#?}");
        }
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for movement in ledger.movements(0, u32::MAX).await.unwrap() {
            *sums.entry(movement.sku).or_default() += movement.units;
        }
        for (sku, sum) in sums {
            let sku = shelfd::catalog::Sku::new(&sku).unwrap();
            let book = ledger.book(&sku, &"main".to_owned()).await.unwrap();
            assert_eq!(book.pool, Some(sum), "{sku}: the pool is not the sum of its movements");
        }
    }
}
