//! The simulator itself: repeatable, and kind to nobody it has caught before.

use super::{Moment, Plan, Stop, play};

/// Seed, turns, stops.
type Caught = (u64, u32, &'static [(u64, Moment)]);

/// Histories that broke a promise once.
const CAUGHT: &[Caught] = &[
    // An empty ledger made every listing a second time.
    (9, 0, &[]),
    // A person typed the old number again, and the sheet stayed unwritten.
    (1713, 300, &[]),
    // A sale of three looked like our own write of three.
    (703, 300, &[]),
    // A repeated write found its own number and took it for a person's.
    (2865, 300, &[]),
    // An order placed and cancelled between two looks hid what a write had overwritten.
    (318, 300, &[]),
    // Two open writes asked for each other's look without a pause.
    (200, 250, &[(31, Moment::Before)]),
    (100, 250, &[(14, Moment::Before)]),
    (320, 250, &[(21, Moment::After)]),
    // A settled row was folded as of now, not as of when it was read.
    (774, 300, &[]),
    // A stale answer showed what a lost write would have written: it had stood there before.
    (5_021_158, 400, &[]),
    // A stale look showed a counter blank that had just been hit by mistake, and it was not put back.
    (5_035_149, 400, &[]),
    // A pass that failed between its two looks at the orders had seen staff's change, and nothing was learnt from it.
    (70_071_587, 400, &[]),
    // A number typed over a doubt counted as a count.
    (73_045_507, 400, &[]),
];

/// The same, where people are in a hurry; 400 turns. In turn: a stale look alone was believed; another row's number stood beside an
/// open write of its own, twice; what was hit by mistake was another mistake; a put-back whose answer was lost hit a third row; a stale
/// look showed a put-back as done. With the mend for it taken out, only the first and the third break it still: in the others another
/// guard steps in.
const CAUGHT_HASTY: &[u64] = &[30_045_473, 30_041_466, 34_057_792, 31_010_986, 32_010_874, 32_083_820];

#[test]
fn what_was_caught_stays_caught() {
    let caught = CAUGHT.iter().map(|(seed, turns, stops)| (*seed, *turns, *stops, false));
    for (seed, turns, stops, hasty) in caught.chain(CAUGHT_HASTY.iter().map(|seed| (*seed, 400, &[][..], true))) {
        let stops = stops.iter().map(|(effect, moment)| Stop { effect: *effect, moment: *moment }).collect();
        let outcome = play(&Plan { seed, turns, stops, hasty, ..Plan::default() });
        assert_eq!(outcome.violations, Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let mut traces = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let stops = vec![Stop { effect: 20 + seed % 30, moment: Moment::After }];
        let plan = Plan { seed, turns: 120, stops, ..Plan::default() };
        let (first, second) = (play(&plan), play(&plan));
        assert_eq!(first.trace, second.trace, "seed {seed}");
        assert_eq!(first.counts, second.counts, "seed {seed}");
        traces.insert(first.trace);
    }
    assert!(traces.len() > 95, "different seeds give different histories: {}", traces.len());
}

#[test]
fn histories_are_rich() {
    let mut counts = super::Counts::default();
    for seed in 0..120 {
        let stops = vec![Stop { effect: 15 + seed % 40, moment: Moment::Before }];
        counts.add(&play(&Plan { seed, turns: 250, stops, ..Plan::default() }).counts);
    }
    let happened = [
        counts.crashes,
        counts.sales,
        counts.returns,
        counts.staff_edits,
        counts.sheet_edits,
        counts.sorts,
        counts.webhooks_lost,
        counts.webhooks_doubled,
        counts.answers_lost,
        counts.calls_failed,
        counts.batches_refused,
        counts.stale_reads,
    ];
    assert!(happened.iter().all(|count| *count > 0), "{counts:#?}");
}
