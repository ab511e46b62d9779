//! Plays histories and looks for broken promises: `make sim`, `make sim SEED=7`, `make sim-long`.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::BTreeSet;
use std::time::Instant;

use clap::Parser;
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
    /// Go on after a violation.
    #[arg(long)]
    keep_going: bool,
    /// Plant each known bug in turn and see whether it is found. Needs the feature `planted`.
    #[arg(long)]
    planted: bool,
    /// Seconds of computing after which a planted bug counts as not found.
    #[arg(long, default_value_t = 60.0)]
    patience: f64,
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
        "seed {} turns {} stops {:?} without {:?} calm {}",
        plan.seed, plan.turns, plan.stops, plan.without, plan.calm
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
    keep_going: bool,
}

impl Runs {
    fn run(&mut self, plan: &Plan) -> Outcome {
        let outcome = play(plan);
        self.counts.add(&outcome.counts);
        if !outcome.violations.is_empty() {
            self.failed += 1;
            if self.failed == 1 || !self.keep_going {
                tell(plan);
            } else {
                println!("seed {} stops {:?}: {:?}", plan.seed, plan.stops, outcome.violations);
            }
            if !self.keep_going {
                std::process::exit(1);
            }
        }
        outcome
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
    for seed in args.from.. {
        let moment = [None, Some(Moment::Before), Some(Moment::After), Some(Moment::Lost), Some(Moment::Failed)];
        let moment = moment[seed as usize % 5];
        let stops = moment.map(|moment| Stop { effect: 5 + seed * 13 % 90, moment }).into_iter().collect();
        let plan = Plan { seed, turns: args.turns, stops, bug: Some(bug), ..Plan::default() };
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
    let mut missed: u32 = 0;
    println!("| planted bug | found after | seconds |\n|---|---|---|");
    for (bug, what) in BUGS {
        let started = computed();
        let found = hunt(*bug, args);
        missed += u32::from(found.is_none());
        let after = found.map_or("NOT FOUND".to_owned(), |played| format!("{played} histories"));
        println!("| {bug:?}:{what} | {after} | {:.2} |", computed() - started);
    }
    println!("\n{} planted, {missed} not found", BUGS.len());
    i32::from(missed > 0)
}

fn main() {
    let args = Args::parse();
    if args.planted {
        if !cfg!(feature = "planted") {
            println!("built without the feature `planted`: there is nothing to find");
            std::process::exit(2);
        }
        std::process::exit(planted(&args));
    }
    let plan = |seed| Plan { seed, turns: args.turns, ..Plan::default() };
    if let Some(seed) = args.seed {
        let stops = args.stop.iter().filter_map(|text| stop(text)).collect();
        let plan = Plan { stops, ..plan(seed) };
        let outcome = play(&Plan { story: true, ..plan.clone() });
        if outcome.violations.is_empty() {
            outcome.story.iter().for_each(|line| println!("{line}"));
            println!("{:#?}\ntrace {:016x}; nothing is wrong", outcome.counts, outcome.trace);
            return;
        }
        tell(&plan);
        std::process::exit(1);
    }
    let started = Instant::now();
    let mut runs = Runs { counts: Counts::default(), failed: 0, keep_going: args.keep_going };
    for seed in args.from..args.from + args.histories {
        let outcome = runs.run(&plan(seed));
        if args.crash_every > 0 && seed % args.crash_every == 0 {
            for effect in 1..=outcome.effects {
                for moment in [Moment::Before, Moment::After, Moment::Lost, Moment::Failed] {
                    // A second crash, somewhere in recovery, now and then.
                    let second = Stop { effect: effect + 1 + (effect * 7) % 23, moment: Moment::Before };
                    let stops = [Stop { effect, moment }, second].into_iter().take(1 + usize::from(effect % 5 == 0));
                    runs.run(&Plan { stops: stops.collect(), ..plan(seed) });
                }
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{}", serde_json::to_string_pretty(&runs.counts).unwrap_or_default());
    let per_second = runs.counts.histories as f64 / seconds;
    println!("{} histories in {seconds:.1} s: {per_second:.0} a second; {} failed", runs.counts.histories, runs.failed);
    std::process::exit(i32::from(runs.failed > 0));
}
