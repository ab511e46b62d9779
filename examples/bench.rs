//! `make bench`: what shelfd costs, measured in the lab over real HTTP. Prints a table, writes `bench.json`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a measuring program, not the product"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shelfd::lab::LabShop;
use shelfd::lab::catalog::sample;
use shelfd::lab::config_file::{self, DaemonPorts};
use shelfd::lab::gate::Kind;
use shelfd::lab::world::{World, WorldOptions};

/// The daemon under measurement: the release binary, as a merchant runs it.
const BINARY: &str = "target/release/shelfd";
const SHEET_CALL: Duration = Duration::from_millis(300);
const SHOP_CALL: Duration = Duration::from_millis(150);
const SALES: usize = 30;

#[tokio::main]
async fn main() {
    shelfd::telemetry::start_tls();
    let mut report = json!({ "machine": machine() });
    eprintln!("idempotency …");
    report["second_sync"] = second_sync().await;
    eprintln!("latency, {SALES} sales in each shop …");
    report["latency"] = latency().await;
    eprintln!("idle …");
    report["idle"] = idle().await;
    print(&report);
    std::fs::write("bench.json", serde_json::to_string_pretty(&report).unwrap()).unwrap();
}

struct Setting {
    world: World,
    config: PathBuf,
    listener: u16,
    admin: u16,
    _dir: tempfile::TempDir,
}

async fn setting(sheet: Duration, shop: Duration) -> Setting {
    let world = World::start(WorldOptions {
        items: sample().unwrap().items,
        reads_per_minute: None,
        writes_per_minute: None,
        shopify_points_per_sec: 50_000.0,
        ..WorldOptions::default()
    })
    .await
    .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (listener, admin) = (free_port(), free_port());
    let config = config_file::write(&world.describe(), dir.path(), DaemonPorts { listener, admin }).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    let quick = |line: &str| match line.starts_with("calls_per_minute") {
        true => "calls_per_minute = 100000".to_owned(),
        false => line.to_owned(),
    };
    std::fs::write(&config, text.lines().map(quick).collect::<Vec<_>>().join("\n")).unwrap();
    let setting = Setting { world, config, listener, admin, _dir: dir };
    setting.run(&["sync"]);
    setting.world.google().gate().set_latency(sheet);
    setting.world.shopify().gate().set_latency(shop);
    setting.world.woocommerce().gate().set_latency(shop);
    setting
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Setting {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(args).arg("--config").arg(&self.config).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) {
        let status = self.command(args).status().unwrap();
        assert!(status.success() || status.code() == Some(4), "shelfd {args:?}: {status}");
    }

    fn writes(&self) -> [u64; 3] {
        [self.world.google().gate(), self.world.shopify().gate(), self.world.woocommerce().gate()]
            .map(|gate| gate.total(Kind::Write))
    }

    fn sheet_stock(&self, sku: &str) -> Option<i64> {
        let grid = self.world.google().grid("Products").unwrap();
        let at = |name: &str| grid[0].iter().position(|cell| cell == name).unwrap();
        let row = grid.iter().find(|row| row.get(at("SKU")).is_some_and(|cell| cell == sku))?;
        row.get(at("Stock"))?.as_i64()
    }

    fn shops(&self) -> [(&'static str, &dyn LabShop); 2] {
        [("shopify", self.world.shopify()), ("woocommerce", self.world.woocommerce())]
    }

    async fn ready(&self) -> Duration {
        let started = Instant::now();
        let url = format!("http://127.0.0.1:{}/readyz", self.admin);
        #[expect(clippy::disallowed_methods, reason = "a probe of loopback")]
        let client = reqwest::Client::new();
        while !client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(started.elapsed() < Duration::from_secs(20), "the daemon did not get ready");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        started.elapsed()
    }
}

/// Writes of a second sync, plain, after sorting, and after all echoes.
async fn second_sync() -> Value {
    let bench = setting(Duration::ZERO, Duration::ZERO).await;
    let before = bench.writes();
    bench.run(&["sync"]);
    let plain = bench.writes();
    bench.world.google().sort("Products", "Title", false).unwrap();
    bench.run(&["sync"]);
    let sorted = bench.writes();
    let mut daemon = Daemon::start(&bench).await;
    for (_, shop) in bench.shops() {
        let (sku, item) = shop.shelf().into_iter().next().unwrap();
        shop.set_price(&sku, &item.price).unwrap();
        shop.set_stock(&sku, item.stock).unwrap();
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    let echoed = bench.writes();
    daemon.stop();
    let sum = |writes: [u64; 3]| writes.iter().sum::<u64>();
    // Registering webhooks is a write of its own, and not of the pass.
    let registered = daemon.registered;
    json!({
        "again": sum(plain) - sum(before),
        "after_sorting": sum(sorted) - sum(plain),
        "after_echoes": sum(echoed) - sum(sorted) - registered,
    })
}

struct Daemon {
    child: Child,
    registered: u64,
}

impl Daemon {
    async fn start(bench: &Setting) -> Self {
        // Before the daemon would do so itself, so that these writes can be told from its others.
        let before: u64 = bench.writes().iter().sum();
        bench.run(&["webhooks", "register"]);
        let registered = bench.writes().iter().sum::<u64>() - before;
        let child = bench.command(&["run"]).spawn().unwrap();
        bench.ready().await;
        Self { child, registered }
    }

    fn stop(&mut self) {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        self.child.wait().unwrap();
    }
}

/// Sale in one shop → cell in the sheet and stock in the other shop. The overhead is what lies above the calls that cannot
/// be done without, one after another.
async fn latency() -> Value {
    let bench = setting(SHEET_CALL, SHOP_CALL).await;
    let mut daemon = Daemon::start(&bench).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let mut result = json!({});
    for (seller, other) in [(0, 1), (1, 0)] {
        let (mut to_sheet, mut to_shop) = (Vec::new(), Vec::new());
        let skus: Vec<String> = bench.shops()[seller].1.shelf().keys().cloned().collect();
        for round in 0..SALES {
            let sku = &skus[round % skus.len()];
            let shop = bench.shops()[seller].1;
            let stock = shop.shelf()[sku].stock;
            if stock == 0 {
                continue;
            }
            shop.sell(sku, 1).unwrap();
            let sold = Instant::now();
            let (mut sheet, mut peer) = (None, None);
            while (sheet.is_none() || peer.is_none()) && sold.elapsed() < Duration::from_secs(20) {
                tokio::time::sleep(Duration::from_millis(2)).await;
                if sheet.is_none() && bench.sheet_stock(sku) == Some(stock - 1) {
                    sheet = Some(sold.elapsed());
                }
                if peer.is_none() && bench.shops()[other].1.shelf()[sku].stock == stock - 1 {
                    peer = Some(sold.elapsed());
                }
            }
            to_sheet.push(sheet.unwrap());
            to_shop.push(peer.unwrap());
            tokio::time::sleep(Duration::from_millis(2500)).await;
        }
        let [from, to] = [seller, other].map(|at| bench.shops()[at].0);
        // Observing: WooCommerce needs orders, stock, orders; Shopify one read. Writing: the sheet one look and one write;
        // Shopify one write; WooCommerce its three reads and a write. A call does its work in its middle.
        let observe = if seller == 0 { SHOP_CALL } else { SHOP_CALL * 3 };
        let at_sheet = observe + SHEET_CALL + SHEET_CALL / 2;
        let at_peer = observe + if other == 0 { SHOP_CALL / 2 } else { SHOP_CALL * 3 + SHOP_CALL / 2 };
        result[from] = json!({
            "sheet": figures(&mut to_sheet, at_sheet),
            to: figures(&mut to_shop, at_peer),
        });
    }
    daemon.stop();
    result
}

fn figures(times: &mut [Duration], unavoidable: Duration) -> Value {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    let millis = |duration: Duration| duration.as_millis() as u64;
    json!({
        "sales": times.len(),
        "unavoidable_ms": millis(unavoidable),
        "p50_ms": millis(at(0.5)),
        "p95_ms": millis(at(0.95)),
        "max_ms": millis(at(1.0)),
        "overhead_p50_ms": millis(at(0.5).saturating_sub(unavoidable)),
        "overhead_p95_ms": millis(at(0.95).saturating_sub(unavoidable)),
    })
}

/// Start to ready, and resident memory when idle.
async fn idle() -> Value {
    let bench = setting(Duration::ZERO, Duration::ZERO).await;
    let mut starts = Vec::new();
    let mut resident = 0;
    for round in 0..5 {
        let started = Instant::now();
        let mut child = bench.command(&["run"]).spawn().unwrap();
        bench.ready().await;
        starts.push(started.elapsed());
        if round == 4 {
            tokio::time::sleep(Duration::from_secs(15)).await;
            resident = resident_kib(child.id());
        }
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        child.wait().unwrap();
    }
    starts.sort();
    json!({
        "start_to_ready_ms": { "median": starts[2].as_millis() as u64, "min": starts[0].as_millis() as u64, "max": starts[4].as_millis() as u64 },
        "resident_mib": (resident as f64 / 1024.0 * 10.0).round() / 10.0,
        "listener": bench.listener,
    })
}

fn resident_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn machine() -> Value {
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split(':').nth(1).unwrap_or_default().trim().to_owned()
    };
    // How long this machine takes to count, so that another day's figures can be compared.
    let started = Instant::now();
    let counted = (0..200_000_000u64).fold(0u64, |sum, number| std::hint::black_box(sum.wrapping_add(number)));
    std::hint::black_box(counted);
    json!({
        "cpu": field(&read("/proc/cpuinfo"), "model name"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory": field(&read("/proc/meminfo"), "MemTotal"),
        "count_200m_ms": started.elapsed().as_millis() as u64,
        "load": read("/proc/loadavg").split_whitespace().next().unwrap_or_default(),
    })
}

fn print(report: &Value) {
    let machine = &report["machine"];
    println!(
        "machine: {} × {}, {}; counts 200 M in {} ms; load {}",
        machine["cores"], machine["cpu"], machine["memory"], machine["count_200m_ms"], machine["load"]
    );
    println!("\n| second sync | writes anywhere |\n|---|---|");
    for name in ["again", "after_sorting", "after_echoes"] {
        println!("| {name} | {} |", report["second_sync"][name]);
    }
    println!(
        "\n| sale in → number in | p50 ms | p95 ms | max ms | unavoidable ms | overhead p50 | overhead p95 |\n|---|---|---|---|---|---|---|"
    );
    for (from, targets) in report["latency"].as_object().unwrap() {
        for (to, figures) in targets.as_object().unwrap() {
            let cell = |name: &str| figures[name].to_string();
            println!(
                "| {from} → {to} | {} | {} | {} | {} | {} | {} |",
                cell("p50_ms"),
                cell("p95_ms"),
                cell("max_ms"),
                cell("unavoidable_ms"),
                cell("overhead_p50_ms"),
                cell("overhead_p95_ms")
            );
        }
    }
    let idle = &report["idle"];
    let start = &idle["start_to_ready_ms"];
    println!("\n| idle daemon | |\n|---|---|");
    println!("| resident memory | {} MiB |", idle["resident_mib"]);
    println!("| start to ready, median (min–max of 5) | {} ms ({}–{}) |", start["median"], start["min"], start["max"]);
}
