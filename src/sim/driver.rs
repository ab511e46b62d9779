//! Plays one history: the program's tasks, the people and the clock take turns as the seed says.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::FutureExt as _;

use super::effects::{Effects, Stop};
use super::leeway::open_write;
use super::people::{self, KINDS, Kind, Knows};
use super::sheet::{self, SheetFace};
use super::shop;
use super::shop_face::ShopFace;
use super::start::{self, Start};
use super::watch::Watch;
use super::world::{Counts, Held, Oddities, Shared, Trouble, Truth, World};
use crate::catalog::Sku;
use crate::clock::{self, Simulation, Time};
use crate::db::{Ledger, MemoryLedger, SHEET};
use crate::engine::{Engine, ReadManner, SheetPlan, Shop, Timing};
use crate::planted::{self, Bug};
use crate::rng::Rng;
use crate::stock::Book;
use crate::stores::Mention;
use crate::telemetry::Meters;

/// What is to be played.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Everything follows from it.
    pub seed: u64,
    /// Turns before the world comes to rest.
    pub turns: u32,
    /// Where the program is killed, and which answers are lost beside what the seed does.
    pub stops: Vec<Stop>,
    /// Kinds of events that are left out.
    pub without: BTreeSet<Kind>,
    /// No trouble with calls.
    pub calm: bool,
    /// People at the sheet are in a hurry and answers are lost, whatever the seed says: see `world::Oddities`.
    pub hasty: bool,
    /// Keep the story.
    pub story: bool,
    /// A bug to plant; only with the feature `planted`.
    pub bug: Option<Bug>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What must not be and is; empty when all is well.
    pub violations: Vec<String>,
    /// What happened.
    pub counts: Counts,
    /// Effects before the world came to rest.
    pub effects: u64,
    /// Hash over everything that happened.
    pub trace: u64,
    /// In words, if asked for.
    pub story: Vec<String>,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One history being played.
pub(super) struct Driver {
    pub shared: Arc<Shared>,
    pub ledger: MemoryLedger,
    pub clock: Simulation,
    engine: Arc<Engine>,
    meters: Meters,
    tasks: Vec<Option<Task>>,
    /// What a program goes on doing that was thought dead when another one took over.
    zombies: Vec<Task>,
    /// Until then it is held up.
    asleep_until: Time,
    /// Per shop: everything was looked at since the program started.
    started: Vec<bool>,
    rng: Rng,
    /// How often each kind of event happens in this history.
    weights: Vec<(Kind, usize)>,
    /// Turns out of a hundred that are the program's.
    ours: usize,
    /// Now and then another machine believes that this one is dead, and takes over.
    usurped: bool,
    crashes: u64,
    watch: Watch,
}

/// What people need to know of the program.
struct Eyes<'d> {
    ledger: &'d MemoryLedger,
    /// Which shops have a turn under way.
    busy: Vec<bool>,
}

/// What the ledger knows of an item, under its newest name that is there.
pub(super) fn book(ledger: &MemoryLedger, truth: &Truth) -> Book {
    let former = truth.former.iter().rev().map(|sku| book_of(ledger, sku, truth));
    let now = book_of(ledger, &truth.sku, truth);
    if now.pool.is_some() { now } else { former.into_iter().find(|book| book.pool.is_some()).unwrap_or(now) }
}

/// What it knows under one name.
pub(super) fn book_of(ledger: &MemoryLedger, sku: &Sku, truth: &Truth) -> Book {
    ledger.book(sku, &truth.pool()).now_or_never().and_then(Result::ok).unwrap_or_default()
}

impl Knows for Eyes<'_> {
    fn open_in_sheet(&self, truth: &Truth) -> Option<(i64, i64)> {
        let book = book(self.ledger, truth);
        open_write(&book)
    }

    fn is_founded(&self, truth: &Truth) -> bool {
        book(self.ledger, truth).pool.is_some()
    }

    fn is_linked(&self, shop: &str, truth: &Truth) -> bool {
        book(self.ledger, truth).sides.get(shop).is_some_and(|side| side.accounted.is_some())
    }

    fn is_quiet(&self, shop: usize, name: &str, truth: &Truth) -> bool {
        let book = book(self.ledger, truth);
        let quiet = book.sides.get(name).is_some_and(|side| side.intent.is_none() && side.window.is_none());
        quiet && !self.busy.get(shop).copied().unwrap_or(true)
    }

    fn is_met(&self, shop: &str, truth: &Truth, product: &str) -> bool {
        let listings = self.ledger.ungated().listings_of(shop, std::slice::from_ref(&truth.sku)).now_or_never();
        let listings = listings.and_then(Result::ok).unwrap_or_default();
        self.is_linked(shop, truth) && listings.get(&truth.sku).is_some_and(|listing| listing.product == product)
    }

    fn shows(&self, shop: &str, truth: &Truth) -> Option<i64> {
        book(self.ledger, truth).sides.get(shop).and_then(|side| side.accounted)
    }

    fn deliver(&self, shop: &str, id: u64, product: &str) -> bool {
        let mention = serde_json::to_string(&[Mention::Product(product.to_owned())]).unwrap_or_default();
        let (ledger, id) = (self.ledger.ungated(), id.to_string());
        let taken = ledger.accept_delivery(shop, "orders/create", &id, &mention, clock::now());
        taken.now_or_never().is_some_and(|taken| taken.is_ok())
    }
}

/// Polls of one turn of one task before it counts as stuck.
const POLLS_MAX: u32 = 5_000;

pub(super) fn engine(shared: &Arc<Shared>, ledger: &MemoryLedger, meters: &Meters) -> Arc<Engine> {
    let buffers: Vec<i64> = shared.world().shops.iter().map(|shop| shop.buffer).collect();
    let tabs = vec![sheet::mapping(&shared.world().layouts)];
    let shop = |(at, buffer)| Shop { buffer, store: Arc::new(ShopFace::new(shared, at)) };
    let sheet = SheetPlan { tabs, block_rows: 1_000, decimals: 2, zone: chrono_tz::Tz::UTC };
    let shops: Vec<Shop> = buffers.into_iter().enumerate().map(shop).collect();
    let book = Arc::new(SheetFace::new(shared));
    let mut timing = Timing::default();
    if shared.world().odd.prompt {
        // Not zero: without time between them, a look and a write have no order.
        (timing.sheet_stale_for, timing.shop_stale_for) = (Duration::from_millis(1), Duration::from_millis(1));
    }
    Arc::new(Engine::new(Arc::new(ledger.clone()), book, sheet, shops, timing, meters.clone()))
}

/// What a history is like: some have many of one kind of event, some none, some a slow program. An even mixture would
/// seldom bring rare things together.
fn temper(plan: &Plan) -> (Vec<(Kind, usize)>, usize) {
    let mut rng = Rng::new(plan.seed ^ 0x7e3);
    let weights = KINDS.map(|(kind, weight)| (kind, weight * [0, 1, 1, 1, 4][rng.below(5)]));
    let ours = [40, 62, 62, 75][rng.below(4)];
    (weights.into_iter().filter(|(kind, _)| !plan.without.contains(kind)).collect(), ours)
}

/// Play a history to its end.
pub fn play(plan: &Plan) -> Outcome {
    planted::plant(plan.bug);
    // A bug may lie in how the program meets a world for the first time; else starts are made once, without bugs.
    let start =
        if plan.bug.is_some() && plan.seed.is_multiple_of(3) { start::afresh(plan.seed) } else { start::of(plan.seed) };
    planted::plant(plan.bug);
    let mut driver = Driver::new(plan, start);
    for _ in 0..plan.turns {
        driver.turn();
        if !driver.shared.world().wrong.is_empty() {
            break;
        }
    }
    let effects = driver.shared.effects.seen();
    let mut violations = super::rest::come_to_rest(&mut driver, plan.seed);
    violations.append(&mut driver.shared.world().wrong);
    let world = driver.shared.world();
    let mut counts = world.counts;
    counts.histories = 1;
    counts.effects = driver.shared.effects.seen();
    counts.crashes = driver.crashes;
    for truth in &world.truth {
        driver.shared.effects.note(truth.sku.as_str(), truth.units);
    }
    let mut story = world.story.clone().unwrap_or_default();
    if !violations.is_empty() && plan.story {
        story.extend(driver.ledger.dump().lines().filter(|line| !line.starts_with("runs")).map(str::to_owned));
    }
    planted::plant(None);
    Outcome { violations, counts, effects, trace: driver.shared.effects.trace(), story }
}

impl Driver {
    fn new(plan: &Plan, start: Start) -> Self {
        let Start { mut world, ledger, now } = start;
        world.rng = Rng::new(plan.seed ^ 0x5eed);
        world.troubles = if plan.calm { [0.0; 4] } else { Trouble::mixture(plan.seed) };
        world.odd = Oddities::of(plan.seed, plan.hasty);
        world.odd.trouble(&mut world.troubles, plan.calm);
        world.story = plan.story.then(Vec::new);
        let shared = Arc::new(Shared::new(world, Effects::new(&plan.stops)));
        // Keys of the start must not come again.
        let clock = Simulation::start(now, 1_000_000);
        let ledger = ledger.fork().gated(Arc::clone(&shared.effects) as _).take_lease();
        let mut driver = Self::with(shared, ledger, clock, Rng::new(plan.seed));
        (driver.weights, driver.ours) = temper(plan);
        driver.usurped = plan.seed % 7 == 3;
        driver
    }

    pub fn with(shared: Arc<Shared>, ledger: MemoryLedger, clock: Simulation, rng: Rng) -> Self {
        let meters = start::meters();
        let engine = engine(&shared, &ledger, &meters);
        let watch = Watch::start(&shared.world(), &ledger);
        let shops = shared.world().shops.len();
        let tasks = (0..shops + 2).map(|_| None).collect();
        Self {
            shared,
            ledger,
            clock,
            engine,
            meters,
            tasks,
            zombies: Vec::new(),
            asleep_until: Time::MIN_UTC,
            started: vec![false; shops],
            rng,
            weights: Vec::new(),
            ours: 0,
            usurped: false,
            crashes: 0,
            watch,
        }
    }

    fn turn(&mut self) {
        shop::arrivals(&mut self.shared.world(), false);
        let task = self.rng.below(self.tasks.len());
        match self.rng.below(100) {
            turn if turn < self.ours => {
                self.poll(task);
            }
            89 if self.usurped && self.rng.chance(if self.is_writing() { 0.8 } else { 0.1 }) => self.usurp(),
            85..=88 if !self.zombies.is_empty() && clock::now() >= self.asleep_until => self.poll_zombie(),
            0..90 => self.event(),
            90..97 => self.clock.advance(Duration::from_millis(self.rng.below(200) as u64)),
            97..99 => self.clock.advance(Duration::from_millis(self.rng.below(3_000) as u64)),
            _ => self.clock.advance(Duration::from_millis(self.rng.below(30_000) as u64)),
        }
    }

    fn event(&mut self) {
        let total: usize = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut at = self.rng.below(total);
        for (kind, weight) in &self.weights {
            if at < *weight {
                let busy = self.tasks[1..].iter().map(Option::is_some).collect();
                let knows = Eyes { ledger: &self.ledger, busy };
                people::happen(&mut self.shared.world(), *kind, &knows);
                return;
            }
            at -= weight;
        }
    }

    /// Poll a task once; start its next turn when it has none. True when a turn ended.
    fn poll(&mut self, at: usize) -> bool {
        let mut task = match self.tasks[at].take() {
            Some(task) => task,
            None => self.start(at),
        };
        let ended = task.as_mut().poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(());
        if self.shared.effects.is_dead() {
            self.restart();
            return true;
        }
        self.strangers();
        if std::mem::take(&mut self.shared.world().lost_now) {
            // From here on what the cells show decides, also what a person typed there before the write.
            self.alike();
            self.blur();
        }
        self.watch.look(&mut self.shared.world(), &self.ledger);
        if !ended {
            self.tasks[at] = Some(task);
        } else if at == 0 {
            self.sheet_turn_ended();
        }
        ended
    }

    fn start(&mut self, at: usize) -> Task {
        let engine = Arc::clone(&self.engine);
        if at == 0 {
            let world = &mut *self.shared.world();
            world.sheet_lost = false;
            world.hit.fill(None);
            world.own_hit.fill(false);
            return Box::pin(async move {
                let read = engine.read_sheet(ReadManner::Probe).await;
                if read.is_ok() {
                    let _ = engine.flush_sheet("hints").await;
                }
            });
        }
        if at > self.started.len() {
            return Box::pin(async move {
                let _ = engine.handle_inbox().await;
            });
        }
        self.shared.world().shops[at - 1].passes += 1;
        let first = !std::mem::replace(&mut self.started[at - 1], true);
        let shop = engine.shops[at - 1].clone();
        Box::pin(async move {
            if first {
                let _ = engine.ledger.hint_everything(shop.name(), clock::now()).await;
            }
            let _ = engine.shop_pass(&shop, "hints").await;
        })
    }

    /// The program was killed: everything but the ledger is gone.
    fn restart(&mut self) {
        self.crashes += 1;
        self.tasks.iter_mut().for_each(|task| *task = None);
        self.zombies.clear();
        self.started.fill(false);
        {
            let world = &mut *self.shared.world();
            world.tell(|| "the program is killed and started again".to_owned());
            world.counts.restarts += 1;
            world.promote_leeway();
        }
        self.cut_short();
        self.strays();
        self.blur();
        self.engine = engine(&self.shared, &self.ledger, &self.meters);
        self.shared.effects.revive();
    }

    /// Some write is under way, or about to be.
    fn is_writing(&self) -> bool {
        let truth = &self.shared.world().truth;
        truth.iter().any(|truth| book(&self.ledger, truth).sides.values().any(|side| side.intent.is_some()))
    }

    /// Another program takes the lease, although this one lives: its tasks go on for a while, or once it is not held up any more.
    fn usurp(&mut self) {
        if self.rng.chance(0.5) {
            // A lease runs out before somebody else takes it.
            self.clock.advance(Duration::from_millis(self.rng.below(60_000) as u64));
            self.asleep_until = clock::now() + Duration::from_millis(self.rng.below(20_000) as u64);
        }
        self.zombies.extend(self.tasks.iter_mut().filter_map(Option::take));
        self.started.fill(false);
        {
            let world = &mut *self.shared.world();
            world.tell(|| "another program takes over from one that is not dead".to_owned());
            self.hold(world);
            world.counts.takeovers += 1;
            world.promote_leeway();
        }
        self.cut_short();
        self.strays();
        self.blur();
        self.ledger = self.ledger.take_lease();
        self.engine = engine(&self.shared, &self.ledger, &self.meters);
    }

    /// What this program may still send, though another one has the lease.
    fn hold(&self, world: &mut World) {
        let names: Vec<String> = world.shops.iter().map(|shop| shop.name.clone()).collect();
        let places = || std::iter::once(SHEET).chain(names.iter().map(String::as_str)).enumerate();
        for item in 0..world.truth.len() {
            let book = book(&self.ledger, &world.truth[item]);
            let open = |(place, name)| Some(Held { place, item, intent: book.sides.get(name)?.intent.clone()? });
            // Put back by mistake already, it may be made again: that is putting right, whenever it is done.
            let is_undone = |held: &Held| {
                let from = held.intent.expected;
                let undone = ((from + held.intent.delta, from), world.counts.takeovers);
                held.place == 0 && world.last_write[item] == Some(undone)
            };
            let open: Vec<Held> = places().filter_map(open).filter(|held| !is_undone(held)).collect();
            world.held.extend(open);
        }
    }

    fn poll_zombie(&mut self) {
        let at = self.rng.below(self.zombies.len());
        let ended = self.zombies[at].as_mut().poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(());
        if ended {
            drop(self.zombies.swap_remove(at));
        }
        if self.shared.effects.is_dead() {
            self.restart();
        }
    }

    /// The engine as it runs now.
    pub fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine)
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Run a turn of one task to its end. False when it does not end.
    pub fn run(&mut self, at: usize) -> bool {
        for poll in 0..POLLS_MAX {
            if self.poll(at) {
                return true;
            }
            if poll % 16 == 15 {
                self.clock.advance(Duration::from_millis(500));
            }
        }
        false
    }
}
