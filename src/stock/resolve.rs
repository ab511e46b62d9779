//! The fate of a write whose answer was lost, from a later reading.

use std::time::Duration;

use super::{Intent, Reading, Settled, Side};
use crate::planted;

/// What a reading says of an open intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The reading allows only this.
    Certain(Settled),
    /// Nothing explains the reading fully: this assumption leaves the lower stock.
    Doubtful(Settled),
    /// Read again later.
    Undecided,
}

/// Weigh both stories against a reading: "it was done" and "it was not".
///
/// Orders are already folded into `accounted`. If it was done, up to `window` units may have been overwritten, which shows
/// as a value that much too high (or too low, for units given back). `open_for`: for so long the write may still arrive,
/// or the reading be older than it.
pub(super) fn fate(side: &Side, intent: &Intent, reading: &Reading, open_for: Duration) -> Fate {
    let Some(accounted) = side.accounted else { return Fate::Certain(Settled::NotDone) };
    let window = side.window.unwrap_or_default();
    let least = reading.value - reading.slack_low;
    let most = reading.value + reading.slack_high;
    let fits = |low: i64, high: i64| least <= high && most >= low;
    let done = accounted + intent.delta;
    let fits_done = fits(done - window.gave, done + window.took);
    let fits_not_done = fits(accounted, accounted);
    let may_still_arrive = reading.at < intent.recorded + open_for && !planted!(NeverLate);
    match (fits_done, fits_not_done) {
        // Both stories fit only while orders are in flight or the window is as wide as the write: the doubt closes by itself.
        (true, true) if may_still_arrive || !reading.is_exact() => Fate::Undecided,
        // Done, and overwrote sales, or not done: either way what is there now is accounted for by orders alone.
        (true, true) => Fate::Certain(Settled::NotDone),
        (true, false) => Fate::Certain(Settled::Done),
        // A request that is still on its way would be applied after we had given it up.
        (false, _) if may_still_arrive => Fate::Undecided,
        (false, true) => Fate::Certain(Settled::NotDone),
        (false, false) => Fate::Doubtful(lower(intent)),
    }
}

/// The story that leaves less stock in the pool. Had a raise been done, the same value means that others took more.
fn lower(intent: &Intent) -> Settled {
    if (intent.delta > 0) != planted!(HigherInDoubt) { Settled::Done } else { Settled::NotDone }
}
