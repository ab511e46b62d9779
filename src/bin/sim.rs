//! Plays histories and looks for broken promises: `make sim`, `make sim SEED=7`, `make sim-long`.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use shelfd::planted::{BUGS, Bug};
use shelfd::sim::{Counts, KINDS, Moment, Outcome, Plan, Stop, play};

// Half of a simulation's time would otherwise go into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Play seeded histories of shelfd in a small world, with faults and crashes, and check its promises.
#[derive(Parser)]
struct Args {
    /// Play this one history and tell its story.
    #[arg(long)]
    seed: Option<u64>,
    /// First seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Number of histories.
    #[arg(long, default_value_t = 2_000)]
    histories: u64,
    /// Turns of each before the world comes to rest.
    #[arg(long, default_value_t = 400)]
    turns: u32,
    /// Play every so many-th history again with a stop at each effect, before, after and without an answer; 0: none.
    #[arg(long, default_value_t = 0)]
    crash_every: u64,
    /// Stops for `--seed`, as `12:before`, `12:after`, `12:lost` or `12:failed`.
    #[arg(long)]
    stop: Vec<String>,
    /// In every history people sort in the very moment of a write, and answers are lost and looks stale; else in one of sixteen.
    #[arg(long)]
    hasty: bool,
    /// Go on after a violation.
    #[arg(long)]
    keep_going: bool,
    /// Plant each known bug in turn and see whether it is found.
    #[arg(long)]
    planted: bool,
    /// With `--planted`: only this one, as `NoWindow`; may be given several times.
    #[arg(long, requires = "planted")]
    bug: Vec<String>,
    /// Seconds of computing after which a planted bug counts as not found.
    #[arg(long, default_value_t = 60.0)]
    patience: f64,
    /// Histories played at a time; 0: one per core.
    #[arg(long, default_value_t = 0)]
    jobs: usize,
}

/// Do `work` on every item, on several threads. What came of each, in the items' order, and the seconds of computing.
fn on_all<I: Send, T: Send>(
    jobs: usize,
    items: impl ExactSizeIterator<Item = I> + Send,
    work: impl Fn(I) -> T + Sync,
) -> (Vec<T>, f64) {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = if jobs == 0 { cores() } else { jobs };
    // Shown on a terminal only.
    let style = ProgressStyle::with_template("{wide_bar} {pos} of {len}, {per_sec}, {eta} left");
    let bar = ProgressBar::new(items.len() as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let (items, done) = (Mutex::new(items.enumerate()), Mutex::new((BTreeMap::new(), 0.0)));
    let take = || lock(&items).next();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some((at, item)) = take() {
                    let result = work(item);
                    lock(&done).0.insert(at, result);
                    bar.inc(1);
                }
                lock(&done).1 += computed();
            });
        }
    });
    bar.finish_and_clear();
    let (results, seconds) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    (results.into_values().collect(), seconds)
}

/// A thread that panicked has left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stop(text: &str) -> Option<Stop> {
    let (effect, moment) = text.split_once(':')?;
    let moment = match moment {
        "before" => Moment::Before,
        "after" => Moment::After,
        "lost" => Moment::Lost,
        "failed" => Moment::Failed,
        _ => return None,
    };
    Some(Stop { effect: effect.parse().ok()?, moment })
}

/// The shortest story that still breaks the promise: fewer turns, fewer stops, fewer kinds of events, no trouble.
fn shrink(mut plan: Plan) -> Plan {
    let fails = |plan: &Plan| !play(plan).violations.is_empty();
    let mut step = plan.turns / 2;
    while step > 0 {
        let shorter = Plan { turns: plan.turns.saturating_sub(step), ..plan.clone() };
        if fails(&shorter) {
            plan = shorter;
        } else {
            step /= 2;
        }
    }
    for stop in plan.stops.clone() {
        let fewer =
            Plan { stops: plan.stops.iter().filter(|other| **other != stop).copied().collect(), ..plan.clone() };
        if fails(&fewer) {
            plan = fewer;
        }
    }
    for (kind, _) in KINDS {
        let without: BTreeSet<_> = plan.without.iter().copied().chain([kind]).collect();
        let fewer = Plan { without, ..plan.clone() };
        if fails(&fewer) {
            plan = fewer;
        }
    }
    let calm = Plan { calm: true, ..plan.clone() };
    if fails(&calm) { calm } else { plan }
}

fn tell(plan: &Plan) {
    let plan = shrink(plan.clone());
    let outcome = play(&Plan { story: true, ..plan.clone() });
    println!(
        "seed {} turns {} stops {:?} without {:?} calm {} hasty {}",
        plan.seed, plan.turns, plan.stops, plan.without, plan.calm, plan.hasty
    );
    for line in &outcome.story {
        println!("  {line}");
    }
    for violation in &outcome.violations {
        println!("  VIOLATION {violation}");
    }
}

struct Runs {
    counts: Counts,
    failed: u64,
}

/// Play a history, count it, and tell its story when it is the first that breaks a promise.
fn run(plan: &Plan, runs: &Mutex<Runs>, args: &Args) -> Outcome {
    let outcome = play(plan);
    let mut runs = lock(runs);
    runs.counts.add(&outcome.counts);
    if !outcome.violations.is_empty() {
        runs.failed += 1;
        if runs.failed == 1 {
            tell(plan);
        } else {
            println!("seed {} stops {:?}: {:?}", plan.seed, plan.stops, outcome.violations);
        }
        if !args.keep_going {
            std::process::exit(1);
        }
    }
    outcome
}

/// One seed's history; every so many-th again with a stop at each of its effects.
fn run_seed(seed: u64, runs: &Mutex<Runs>, args: &Args) {
    let plan = Plan { seed, turns: args.turns, hasty: args.hasty, ..Plan::default() };
    let outcome = run(&plan, runs, args);
    if args.crash_every == 0 || !seed.is_multiple_of(args.crash_every) {
        return;
    }
    for effect in 1..=outcome.effects {
        for moment in [Moment::Before, Moment::After, Moment::Lost, Moment::Failed] {
            // A second crash, somewhere in recovery, now and then.
            let second = Stop { effect: effect + 1 + (effect * 7) % 23, moment: Moment::Before };
            let stops = [Stop { effect, moment }, second].into_iter().take(1 + usize::from(effect % 5 == 0));
            run(&Plan { stops: stops.collect(), ..plan.clone() }, runs, args);
        }
    }
}

/// Seconds of computing by this thread so far, whatever else the machine does. Where the system does not tell: of time.
fn computed() -> f64 {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|told| told.split_whitespace().next()?.parse::<f64>().ok());
    nanos.map_or_else(|| START.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

/// Histories with the bug planted, some of them with stops, until one breaks a promise. How many it took.
fn hunt(bug: Bug, args: &Args) -> Option<u64> {
    let started = computed();
    let mut played = 0;
    // Every fourth world knows no trouble: few bugs show there.
    for seed in (args.from..).filter(|seed| !seed.is_multiple_of(4)) {
        let moment = [None, Some(Moment::Before), Some(Moment::After), Some(Moment::Lost), Some(Moment::Failed)];
        let moment = moment[seed as usize % 5];
        let stops = moment.map(|moment| Stop { effect: 5 + seed * 13 % 90, moment }).into_iter().collect();
        let plan = Plan { seed, turns: args.turns, hasty: args.hasty, stops, bug: Some(bug), ..Plan::default() };
        played += 1;
        // A bug may also end in a panic: that is found too.
        let outcome = std::panic::catch_unwind(|| play(&plan).violations);
        let is_caught = outcome.map_or(true, |violations| !violations.is_empty());
        // What goes wrong without the bug as well was not caught by it.
        if is_caught && play(&Plan { bug: None, ..plan }).violations.is_empty() {
            return Some(played);
        }
        if computed() - started > args.patience {
            break;
        }
    }
    None
}

fn planted(args: &Args) -> i32 {
    let is_named = |(bug, _): &&(Bug, &str)| args.bug.is_empty() || args.bug.contains(&format!("{bug:?}"));
    let bugs: Vec<_> = BUGS.iter().filter(is_named).collect();
    if !args.bug.is_empty() && bugs.len() < args.bug.len() {
        eprintln!("no such bug among {:?}; `--planted` alone lists all", args.bug);
        return 2;
    }
    let hunted = |&(bug, what): &(Bug, &str)| {
        let started = computed();
        let found = hunt(bug, args);
        (found.is_some(), format!("| {bug:?}:{what} | {} | {:.2} |", after(found), computed() - started))
    };
    let (hunts, _) = on_all(args.jobs, bugs.iter().copied(), hunted);
    println!("| planted bug | found after | seconds |\n|---|---|---|");
    hunts.iter().for_each(|(_, line)| println!("{line}"));
    let missed = hunts.iter().filter(|(is_found, _)| !is_found).count();
    println!("\n{} planted, {missed} not found", bugs.len());
    i32::from(missed > 0)
}

fn after(found: Option<u64>) -> String {
    found.map_or("NOT FOUND".to_owned(), |played| format!("{played} histories"))
}

/// Play this one and tell all that happened.
fn one(seed: u64, args: &Args) -> i32 {
    let stops = args.stop.iter().filter_map(|text| stop(text)).collect();
    let plan = Plan { seed, turns: args.turns, hasty: args.hasty, stops, ..Plan::default() };
    let outcome = play(&Plan { story: true, ..plan.clone() });
    if !outcome.violations.is_empty() {
        tell(&plan);
        return 1;
    }
    outcome.story.iter().for_each(|line| println!("{line}"));
    println!("{:#?}\ntrace {:016x}; nothing is wrong", outcome.counts, outcome.trace);
    0
}

fn many(args: &Args) -> i32 {
    let started = Instant::now();
    let runs = Mutex::new(Runs { counts: Counts::default(), failed: 0 });
    // Counted from zero: only a range of machine size knows its length.
    let seeds = (0..usize::try_from(args.histories).unwrap_or(usize::MAX)).map(|at| args.from + at as u64);
    let (_, computed) = on_all(args.jobs, seeds, |seed| run_seed(seed, &runs, args));
    let (seconds, Runs { counts, failed }) =
        (started.elapsed().as_secs_f64(), runs.into_inner().unwrap_or_else(PoisonError::into_inner));
    println!("{}", serde_json::to_string_pretty(&counts).unwrap_or_default());
    let played = counts.histories;
    println!(
        "{played} histories in {seconds:.1} s: {:.0} a second, {:.0} a second of computing; {failed} failed",
        played as f64 / seconds,
        played as f64 / computed
    );
    i32::from(failed > 0)
}

fn main() {
    let args = Args::parse();
    std::process::exit(match args.seed {
        _ if args.planted => planted(&args),
        Some(seed) => one(seed, &args),
        None => many(&args),
    });
}
