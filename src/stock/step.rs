//! One step of one book.

use std::time::Duration;

use super::resolve::{Fate, fate};
use super::{
    Book, Cause, Effect, Had, Input, Intent, Meaning, Reading, Recent, Rule, Settled, Side, Window, WriteKind,
};
use crate::clock::Time;
use crate::planted;

/// So many values are remembered. More changes than this within seconds are a flurry that ends by itself.
const RECENT_MAX: usize = 12;

/// No reading is held back for so long before it is folded: a time further in its future is of a clock that was put back.
const CLOCK_PUT_BACK: Duration = Duration::from_secs(600);

/// Apply one input at one endpoint to a book. The book is changed in place; everything else that must happen is returned.
pub fn step(book: &mut Book, endpoint: &str, input: Input) -> Vec<Effect> {
    let mut side = book.sides.remove(endpoint).unwrap_or_default();
    let mut effects = Vec::new();
    match input {
        Input::Orders { took, gave, churn } => {
            let gave = if planted!(GiveBackIgnored) { 0 } else { gave };
            fold_orders(&mut book.pool, &mut side, took, gave, &mut effects);
            if let Some(window) = &mut side.window {
                window.took += churn;
                window.gave += churn;
            }
        }
        Input::Read { reading, meaning, stale_for, late_for } => {
            if resolve_open(&mut side, &reading, stale_for, late_for, &mut effects) {
                fold_value(&mut book.pool, &mut side, &reading, meaning, stale_for, &mut effects);
            }
        }
        Input::Astray { reading, meaning, of, stale_for, late_for } => {
            let (own, is_old) = (side.intent.clone(), is_outdated(&side, &reading, stale_for));
            if resolve_open(&mut side, &reading, stale_for, late_for, &mut effects) {
                let had = match own {
                    None => Some(of.expected),
                    // The other one can only have hit what its own left, done or not: then nobody moved anything.
                    Some(own) if [own.expected, own.expected + own.delta].contains(&of.expected) => side.accounted,
                    Some(_) => None,
                };
                let is_new = side.accounted.is_some_and(|accounted| accounted != reading.value);
                match had.filter(|_| is_new && !is_old && !planted!(AstrayIsTyped)) {
                    Some(had) => {
                        take_lower(&mut book.pool, &mut side, (&reading, had), meaning, stale_for, &mut effects);
                        effects.push(Effect::Astray(of));
                    }
                    None => fold_value(&mut book.pool, &mut side, &reading, meaning, stale_for, &mut effects),
                }
            }
        }
        Input::Plan { rule, kind, from, key, now } => {
            plan(book.pool, &mut side, (rule, kind), from, key, now, &mut effects);
        }
        Input::Overwrote { value, had, put_back, now, stale_for } => {
            own_up(&mut book.pool, &mut side, value, had, put_back, (now, stale_for), &mut effects);
        }
        Input::Restored { value, now, stale_for } => {
            if side.accounted.is_some_and(|accounted| accounted != value) && !planted!(RestoredIsNew) {
                leave(&mut side, value, now, stale_for);
            }
        }
        Input::Settle { settled, now, stale_for } => {
            settle(&mut side, settled, now, stale_for);
        }
    }
    book.sides.insert(endpoint.to_owned(), side);
    effects
}

/// Orders are facts of their own: they are folded whether or not a write is open. `accounted` follows, because the
/// store's stock followed them too.
fn fold_orders(pool: &mut Option<i64>, side: &mut Side, took: i64, gave: i64, effects: &mut Vec<Effect>) {
    // Before first contact the value to come already has these orders in it.
    let Some(accounted) = &mut side.accounted else { return };
    *accounted += gave - took;
    if let Some(window) = &mut side.window {
        window.took += took;
        window.gave += gave;
    }
    let Some(pool) = pool else { return };
    *pool += gave - took;
    for units in [-took, gave] {
        if units != 0 {
            effects.push(Effect::Moved { units, cause: Cause::Orders });
        }
    }
}

/// Settle the open intent by this reading, if there is one. False when nothing can be said yet.
fn resolve_open(
    side: &mut Side,
    reading: &Reading,
    stale_for: Duration,
    late_for: Duration,
    effects: &mut Vec<Effect>,
) -> bool {
    let Some(intent) = side.intent.clone().filter(|_| !planted!(FoldBeforeResolve)) else { return true };
    let fate = match fate(side, &intent, reading, late_for.max(stale_for)) {
        // What the write would have put there also stood there a moment ago.
        _ if is_outdated(side, reading, stale_for) => Fate::Undecided,
        fate => fate,
    };
    let (settled, doubtful) = match fate {
        Fate::Undecided => {
            effects.push(Effect::LookAgain);
            return false;
        }
        Fate::Certain(settled) => (settled, false),
        Fate::Doubtful(settled) => (settled, true),
    };
    if doubtful {
        side.window_is_new = false;
        effects.push(Effect::Doubt(intent.clone()));
    }
    // The reading decided it, so it is newer than the write: no stale read of what was replaced is to be feared from it.
    settle(side, settled, reading.at, stale_for);
    effects.push(Effect::Resolved { intent, settled });
    true
}

fn fold_value(
    pool: &mut Option<i64>,
    side: &mut Side,
    reading: &Reading,
    meaning: Meaning,
    stale_for: Duration,
    effects: &mut Vec<Effect>,
) {
    if meaning != Meaning::Shop && pool.is_none() {
        let units = match meaning {
            Meaning::Received { sold } if !planted!(SoldForgotten) => reading.value - sold,
            _ => reading.value,
        };
        *pool = Some(units);
        side.accounted = Some(reading.value);
        effects.push(Effect::Moved { units, cause: Cause::Founded });
        return;
    }
    let Some(accounted) = side.accounted else {
        if reading.is_exact() {
            side.accounted = Some(reading.value);
        } else {
            effects.push(Effect::LookAgain);
        }
        return;
    };
    let excess = proven_excess(reading, accounted);
    if excess != 0 && is_outdated(side, reading, stale_for) && !planted!(StaleIsNew) {
        effects.push(Effect::LookAgain);
        return;
    }
    // What orders took (or gave back) while an absolute write was under way may have been overwritten by it; the rest
    // was somebody's hand.
    let window = side.window.unwrap_or_default();
    let overwritten = excess.clamp(-window.gave, window.took);
    let moved = excess - overwritten;
    side.accounted = Some(if planted!(NotAccounted) { accounted } else { accounted + excess });
    if overwritten != 0 {
        effects.push(Effect::Overwritten(overwritten));
    }
    if moved != 0 {
        leave(side, accounted, reading.at, stale_for);
    }
    if moved != 0
        && let Some(pool) = pool
    {
        move_pool(pool, moved, reading.value, meaning, effects);
    }
    if reading.is_exact() || planted!(WindowClosedInDoubt) {
        side.window = None;
    } else {
        if let Some(window) = &mut side.window {
            window.took -= overwritten.max(0);
            window.gave += overwritten.min(0);
        }
        effects.extend([Effect::LookAgain, Effect::Doubtful(reading.value, reading.around)]);
    }
}

/// May the reading be older than what is known? It shows what stood there until a moment ago, or was made before that. What was
/// left far in the reading's future was left before the clock was put back: it tells nothing, or nothing would count until
/// the clock has caught up.
fn is_outdated(side: &Side, reading: &Reading, stale_for: Duration) -> bool {
    let latest = reading.at + stale_for + CLOCK_PUT_BACK;
    side.recent.iter().filter(|recent| recent.until <= latest).any(|recent| {
        (reading.at < recent.until && reading.value == recent.value) || reading.at + stale_for < recent.until
    })
}

/// By how much the value surely differs from what is accounted: the part outside the interval of doubt.
fn proven_excess(reading: &Reading, accounted: i64) -> i64 {
    let least = reading.value - reading.slack_low - accounted;
    let most = reading.value + reading.slack_high - accounted;
    if least > 0 {
        least
    } else if most < 0 {
        most
    } else {
        0
    }
}

fn plan(
    pool: Option<i64>,
    side: &mut Side,
    (rule, kind): (Rule, WriteKind),
    from: Option<(i64, Window)>,
    key: String,
    now: Time,
    effects: &mut Vec<Effect>,
) {
    let open = side.intent.as_ref().filter(|_| !planted!(PlanOverOpen));
    let (Some(pool), Some(accounted), None) = (pool, side.accounted, open) else { return };
    let delta = rule.target(pool) - accounted;
    if delta == 0 {
        return;
    }
    let (expected, around) = from.unwrap_or((accounted, Window::default()));
    // A shop whose value we cannot explain yet must not be set below zero by our own hand.
    let delta = if kind == WriteKind::Absolute { delta.max(-expected.max(0)) } else { delta };
    if delta == 0 {
        return;
    }
    let intent = Intent { expected, delta, key, recorded: now };
    if kind == WriteKind::Absolute && !planted!(NoWindow) {
        side.window_is_new = side.window.is_none();
        let window = side.window.get_or_insert(Window::default());
        if !planted!(NothingAround) {
            window.took += around.took;
            window.gave += around.gave;
        }
    }
    side.intent = Some(intent.clone());
    effects.push(Effect::Send(intent));
}

/// A value that we wrote without meaning to is nobody's movement: it is accounted for, and the difference to the target is
/// written back. What others had typed there before counts all the same. Where it was put back and the answer was lost, that is a
/// write like any other: what is there tells later.
fn own_up(
    pool: &mut Option<i64>,
    side: &mut Side,
    value: i64,
    had: Option<Had>,
    put_back: Option<String>,
    (now, stale_for): (Time, Duration),
    effects: &mut Vec<Effect>,
) {
    let (Some(accounted), None) = (side.accounted, &side.intent) else { return };
    side.accounted = Some(value);
    for left in [Some(accounted), had.as_ref().map(|had| had.value)].into_iter().flatten().filter(|left| *left != value)
    {
        leave(side, left, now, stale_for);
    }
    let Some(Had { value: had, meaning, astray }) = had else { return };
    if let (Some(pool), true) = (pool, had != accounted) {
        match astray.filter(|_| !planted!(AstrayIsTyped)) {
            Some(of) => {
                move_to_lower(pool, accounted, [had, of.expected], meaning, effects);
                effects.push(Effect::Astray(of));
            }
            None => move_pool(pool, had - accounted, had, meaning, effects),
        }
    }
    if let (Some(key), true) = (put_back, had != value) {
        let intent = Intent { expected: value, delta: had - value, key, recorded: now };
        side.intent = Some(intent.clone());
        effects.push(Effect::Send(intent));
    }
}

/// Nobody can tell whether others put a value there, or whether a write of ours went astray that replaced `had`, which others may
/// have put there before: what leaves the lower pool counts.
fn take_lower(
    pool: &mut Option<i64>,
    side: &mut Side,
    (reading, had): (&Reading, i64),
    meaning: Meaning,
    stale_for: Duration,
    effects: &mut Vec<Effect>,
) {
    let Some(accounted) = side.accounted.replace(reading.value) else { return };
    leave(side, accounted, reading.at, stale_for);
    if let Some(pool) = pool {
        move_to_lower(pool, accounted, [reading.value, had], meaning, effects);
    }
}

/// Others may have put one number there or the other: the one that leaves the lower pool counts.
fn move_to_lower(pool: &mut i64, accounted: i64, values: [i64; 2], meaning: Meaning, effects: &mut Vec<Effect>) {
    let [typed, astray] = values.map(|value| {
        let (mut moved, mut told) = (*pool, Vec::new());
        if value != accounted {
            move_pool(&mut moved, value - accounted, value, meaning, &mut told);
        }
        (moved, told)
    });
    let (lower, mut told) = if typed.0 < astray.0 { typed } else { astray };
    *pool = lower;
    effects.append(&mut told);
}

/// Others moved a value by so many units, to what it is now.
fn move_pool(pool: &mut i64, moved: i64, value: i64, meaning: Meaning, effects: &mut Vec<Effect>) {
    let (units, cause) = match meaning {
        Meaning::Count if !planted!(CountIsEdit) => (value - *pool, Cause::Counted),
        Meaning::Shop | Meaning::Edit | Meaning::Count | Meaning::Received { .. } => (moved, Cause::Observed),
    };
    *pool += units;
    effects.push(Effect::Moved { units, cause });
}

/// A value is no longer there.
fn leave(side: &mut Side, value: i64, now: Time, stale_for: Duration) {
    side.recent.retain(|recent| now < recent.until && recent.value != value);
    if !stale_for.is_zero() {
        side.recent.push(Recent { value, until: now + stale_for });
    }
    let surplus = side.recent.len().saturating_sub(RECENT_MAX);
    side.recent.drain(..surplus);
}

fn settle(side: &mut Side, settled: Settled, now: Time, stale_for: Duration) {
    let Some(intent) = side.intent.take() else { return };
    if settled == Settled::Done {
        side.accounted = side.accounted.map(|accounted| accounted + intent.delta);
        leave(side, intent.expected, now, stale_for);
    }
    if std::mem::take(&mut side.window_is_new) && settled == Settled::NotDone {
        side.window = None;
    }
}
