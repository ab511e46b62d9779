//! The checked write: look, compare, write and see in one moment.
//!
//! Google cannot make a write depend on the row's key. What is promised all the same: a cell is written only when, a moment
//! before, its row still had the right key and it still held what was expected; the answer to the write shows whose row it
//! was in that very moment, so a write that rows moved under is taken back and made where it belongs. Where the answer is
//! lost the rows are looked at once more. A formula is never written over.

mod change;
mod job;
mod look;
mod receipt;
mod settle;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use change::{CellChange, CellOutcome, Expect, Known, PutBack, Stranded, TabLayout, Target, WriteReport};
use job::{Cause, Job, Sent};
use look::{GAP_MAX, Looker, RUNS_MAX, Wanted, fingerprint};
use view::{Place, Views};

use super::{CellWrite, SheetError, Workbook};
use crate::catalog::{Cell, HeaderProblem, Locale, Sku};
use crate::clock::{self, Time};
use crate::planted;
use crate::retry::Verdict;

/// A write that has landed wrongly is corrected, and the correction may land wrongly too. Whoever sorts more often than
/// this within seconds is waited for.
const ROUNDS_MAX: u32 = 4;
/// How often a cell is written whose answer is lost: once, and once more.
const SENDS_MAX: u32 = 2;
/// A refused batch is halved to find the cell that is refused (a protected one, say); so many calls at most.
const HALVINGS_MAX: u32 = 24;
/// What was written must be looked at; a passing trouble is waited for so many times.
const LOOKS_AFTER_MAX: u32 = 3;
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// Write what still may be written, in one batch, and verify it. One outcome per change, in order; nothing stops the
/// others. Two calls when nobody interferes. `known` tells what the ledger last saw in a cell. After `until` no change is sent any
/// more, only what was hit by mistake put back.
pub async fn write_checked(
    book: &dyn Workbook,
    locale: Locale,
    layouts: &[TabLayout<'_>],
    known: Known<'_>,
    until: Time,
    changes: &[CellChange],
) -> (Vec<CellOutcome>, WriteReport) {
    let mut looker = Looker::new(book);
    let (outcomes, wrote, report) = (vec![None; changes.len()], BTreeMap::new(), WriteReport::default());
    let conditions = book.keeps_conditions();
    let wrote_last = BTreeMap::new();
    let mut flush = Flush { locale, layouts, known, until, conditions, outcomes, wrote, wrote_last, report };
    let mut jobs = flush.jobs(changes);
    let mut checked = Views::new();
    for round in 0..=ROUNDS_MAX {
        if jobs.is_empty() {
            break;
        }
        let views = match look(&mut looker, &flush.wanted(&jobs), round > 0).await {
            Ok(views) => views,
            Err(error) => {
                flush.give_up(jobs, &error);
                break;
            }
        };
        jobs = flush.settle(jobs, &checked, &views);
        jobs = flush.decide(jobs, &views);
        if round == ROUNDS_MAX {
            jobs.iter_mut().for_each(|job| job.sent = None);
            flush.give_up(jobs, &SheetError::Unsettled);
            break;
        }
        jobs = flush.send(&mut looker, jobs, &views).await;
        checked = views;
    }
    flush.report.calls = looker.calls;
    flush.into_answer(changes)
}

/// Look; after a write, patiently.
async fn look(looker: &mut Looker<'_>, wanted: &[Wanted<'_>], after_write: bool) -> Result<Views, SheetError> {
    let mut left = if after_write { LOOKS_AFTER_MAX } else { 1 };
    loop {
        left -= 1;
        let error = match looker.look(wanted).await {
            Ok(views) => return Ok(views),
            Err(error) => error,
        };
        let pause = match error.verdict() {
            Verdict::Retry => LOOK_PAUSE,
            Verdict::Wait(pause) => pause,
            Verdict::Refused | Verdict::Credentials | Verdict::Gone => return Err(error),
        };
        if left == 0 {
            return Err(error);
        }
        clock::sleep(pause).await;
    }
}

/// One call of [`write_checked`].
struct Flush<'a> {
    locale: Locale,
    layouts: &'a [TabLayout<'a>],
    known: Known<'a>,
    until: Time,
    /// See [`Workbook::keeps_conditions`].
    conditions: bool,
    outcomes: Vec<Option<CellOutcome>>,
    /// What it has written so far, by tab, key and header: newer than what is known.
    wrote: BTreeMap<(usize, Sku, String), Cell>,
    /// What the last round of writes has written of it: newer also than the look before them.
    wrote_last: BTreeMap<(usize, Sku, String), Cell>,
    report: WriteReport,
}

impl Flush<'_> {
    fn jobs(&mut self, changes: &[CellChange]) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            let Some(tab) = self.layouts.iter().position(|layout| layout.mapping.tab == change.tab) else {
                let titles: Vec<&str> = self.layouts.iter().map(|layout| layout.mapping.tab.as_str()).collect();
                let problem = HeaderProblem::TabMissing { tab: change.tab.clone(), found: titles.join(", ") };
                self.outcomes[index] = Some(CellOutcome::HeaderGone(problem));
                continue;
            };
            jobs.push(Job {
                cause: Cause::Change(index),
                tab,
                sku: match &change.target {
                    Target::Key(sku) => Some(sku.clone()),
                    Target::Place(sku) => sku.clone(),
                },
                by_place: matches!(change.target, Target::Place(_)),
                header: change.header.clone(),
                hint: change.row_hint.saturating_sub(1),
                expect: change.expect.clone(),
                value: change.value.clone(),
                plain: false,
                sent: None,
                sends: 0,
                doubt: None,
                foreign: None,
                by_look: false,
                replaced: None,
                left_text: false,
            });
        }
        jobs
    }

    fn title(&self, job: &Job) -> &str {
        self.layouts.get(job.tab).map_or("", |layout| &layout.mapping.tab)
    }

    /// Two cells that say the same.
    fn same(&self, left: &Cell, right: &Cell) -> bool {
        let decimal = |cell: &Cell| cell.decimal(self.locale).ok().flatten();
        let text = |cell: &Cell| cell.text().ok().flatten();
        left == right
            || decimal(left).is_some_and(|left| decimal(right) == Some(left))
            || matches!((left, right), (Cell::Text(_), Cell::Text(_))) && text(left) == text(right)
    }

    fn wanted(&self, jobs: &[Job]) -> Vec<Wanted<'_>> {
        let mut wanted: BTreeMap<usize, Wanted<'_>> = BTreeMap::new();
        for job in jobs {
            let Some(layout) = self.layouts.get(job.tab) else { continue };
            let new = || Wanted { layout, rows: BTreeSet::new(), headers: BTreeSet::new(), written: BTreeSet::new() };
            let tab = wanted.entry(job.tab).or_insert_with(new);
            let row = job.sent.as_ref().map_or(job.hint, |sent| sent.row);
            tab.rows.insert((row, job.sku.clone()));
            tab.headers.insert(job.header.clone());
            tab.written.extend(job.sent.iter().map(|_| fingerprint(&job.value)));
        }
        wanted.into_values().collect()
    }

    fn finish(&mut self, job: Job, outcome: CellOutcome) {
        // An earlier send's answer was lost: whatever keeps this one from being made, that one may have been done.
        let outcome = match (outcome, &job.doubt) {
            (outcome @ (CellOutcome::Written { .. } | CellOutcome::Found { .. }), _) => outcome,
            (_, Some(lost)) if !planted!(RefusedRepeatIsNotDone) => CellOutcome::Unknown(lost.clone()),
            (_, None) if job.left_text => {
                CellOutcome::Unknown(SheetError::Unexpected("a cell took a number for a text".to_owned()))
            }
            (outcome, _) => outcome,
        };
        let is_put_back = matches!(job.cause, Cause::PutBack);
        let is_right = match &outcome {
            // Seen by a look alone, after an answer was lost: that may be what stood there before.
            CellOutcome::Found { .. } => !is_put_back || planted!(LookIsProof),
            CellOutcome::Written { .. } | CellOutcome::AlreadyThere { .. } => true,
            // Somebody typed over it: nothing of ours is left there.
            CellOutcome::PersonChanged { .. } => true,
            // It may come back as it was: a row that is cut out is pasted, a key that is blanked is typed again.
            CellOutcome::RowGone => planted!(GoneIsRight),
            CellOutcome::Formula { .. }
            | CellOutcome::Ambiguous
            | CellOutcome::HeaderGone(_)
            | CellOutcome::NotSent(_)
            | CellOutcome::Unknown(_) => false,
        };
        if let (Some(column), Expect::Value(ours), false) = (job.foreign, &job.expect, is_right) {
            let row = job.sent.as_ref().map_or(job.hint, |sent| sent.row);
            let by_look = job.by_look && !planted!(LookIsProof);
            let (had, is_lost) = match job.cause {
                Cause::PutBack => {
                    let is_lost = matches!(outcome, CellOutcome::Unknown(_) | CellOutcome::Found { .. });
                    (Some(job.value.clone()), is_lost)
                }
                Cause::Change(_) => (job.replaced.clone().filter(|_| by_look), false),
            };
            let stranded = self.stranded(job.tab, (row, column), job.sku.clone(), ours.clone());
            self.report.stranded.push(Stranded { had, doubtful: is_lost || by_look, ..stranded });
        }
        let is_lost = job.doubt.is_some() || job.sent.as_ref().is_some_and(|sent| sent.lost.is_some());
        if let (Some(_), Some(sku), Expect::Value(ours)) = (job.foreign, &job.sku, &job.expect) {
            let (tab, sku, header) = (self.title(&job).to_owned(), sku.clone(), job.header.clone());
            let put_back = PutBack { tab, sku, header, ours: ours.clone(), value: job.value.clone() };
            if is_put_back && is_lost {
                self.report.lost_put_backs.push(put_back.clone());
            }
            if matches!(outcome, CellOutcome::Written { .. }) {
                self.report.restored.push(put_back);
            }
        }
        if let (Cause::Change(index), true) = (&job.cause, is_lost) {
            self.report.lost.insert(*index);
        }
        if let (CellOutcome::Written { .. } | CellOutcome::Found { .. }, Some(sku)) = (&outcome, &job.sku) {
            let cell = (job.tab, sku.clone(), job.header.clone());
            self.wrote.insert(cell.clone(), job.value.clone());
            self.wrote_last.insert(cell, job.value.clone());
        }
        match (job.cause, &outcome) {
            (Cause::Change(index), _) => self.outcomes[index] = Some(outcome),
            (
                Cause::PutBack,
                CellOutcome::Written { .. } | CellOutcome::Found { .. } | CellOutcome::AlreadyThere { .. },
            ) => {
                self.report.put_back += 1;
            }
            (Cause::PutBack, _) => {}
        }
    }

    fn stranded(&self, tab: usize, (row, column): (u32, u32), sku: Option<Sku>, wrote: Cell) -> Stranded {
        let tab = self.layouts.get(tab).map(|layout| layout.mapping.tab.clone()).unwrap_or_default();
        Stranded { tab, row: row + 1, column, sku, wrote, had: None, doubtful: false }
    }

    fn strand(&mut self, tab: usize, at: (u32, u32), sku: Option<Sku>, wrote: Cell) {
        let stranded = self.stranded(tab, at, sku, wrote);
        self.report.stranded.push(stranded);
    }

    fn give_up(&mut self, jobs: Vec<Job>, error: &SheetError) {
        for job in jobs {
            let outcome = match &job.sent {
                Some(sent) => CellOutcome::Unknown(sent.lost.clone().unwrap_or_else(|| error.clone())),
                None => CellOutcome::NotSent(error.clone()),
            };
            self.finish(job, outcome);
        }
    }

    /// What was held up is not sent any more: another program may have taken over and judged it. Put-backs are, and words of ours
    /// that nobody judges. `left` waits for the next look.
    fn in_time(&mut self, jobs: Vec<Job>, left: &mut Vec<Job>) -> Vec<Job> {
        if clock::now() <= self.until || planted!(SentWhenever) {
            return jobs;
        }
        let may_be_late = |job: &Job| matches!(job.cause, Cause::PutBack) || matches!(job.expect, Expect::Own);
        let (sent, late): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(may_be_late);
        for mut job in late {
            // Instead of its own write, what another one did to its cell is undone.
            if let (Some(replaced), Some(column), Expect::Value(ours)) = (job.replaced.take(), job.foreign, &job.expect)
            {
                let row = job.sent.as_ref().map_or(job.hint, |sent| sent.row);
                let (header, ours) = (job.header.clone(), ours.clone());
                let put_back = Job::put_back(job.tab, job.sku.clone(), header, (row, column), ours, replaced);
                left.push(Job { by_look: job.by_look, ..put_back });
                job.foreign = None;
            }
            self.finish(job, CellOutcome::NotSent(SheetError::HeldUp));
        }
        sent
    }

    /// Compare with what is there. Returns the jobs that may be written, told where.
    fn decide(&mut self, jobs: Vec<Job>, views: &Views) -> Vec<Job> {
        let mut writable = Vec::new();
        for mut job in jobs {
            match self.decide_one(&job, views) {
                Ok(sent) => {
                    job.hint = sent.row;
                    job.sent = Some(sent);
                    writable.push(job);
                }
                Err(outcome) => self.finish(job, outcome),
            }
        }
        writable
    }

    fn decide_one(&self, job: &Job, views: &Views) -> Result<Sent, CellOutcome> {
        let missing = |found: String| {
            CellOutcome::HeaderGone(HeaderProblem::Missing {
                tab: self.title(job).to_owned(),
                header: job.header.clone(),
                found,
            })
        };
        let view = match views.get(self.title(job)) {
            Some(Ok(view)) => view,
            Some(Err(problem)) => return Err(CellOutcome::HeaderGone(problem.clone())),
            None => return Err(missing(String::new())),
        };
        let mapped = || view.columns.iter().map(|(header, _)| header).collect::<Vec<_>>().join(", ");
        let column = view.columns.get(&job.header).ok_or_else(|| missing(mapped()))?;
        let row = match view.place_of(job, job.hint) {
            Place::At(row) => row,
            Place::Gone => return Err(CellOutcome::RowGone),
            Place::Twice => return Err(CellOutcome::Ambiguous),
        };
        let seen = view.seen(row, column);
        if seen.formula {
            return Err(CellOutcome::Formula { row: row + 1 });
        }
        // What an answered write showed is newer than a look may be. The condition decides, and its own answer tells; where
        // there is none (a blank is put back), a look that shows it done already is not believed.
        let is_old = || job.only_if().is_some() || job.sends == 0 && self.same(&seen.cell, &job.value);
        if let (Some(_), Expect::Value(ours), true) = (job.foreign, &job.expect, is_old()) {
            return Ok(Sent { row, column, before: ours.clone(), lost: None });
        }
        // Our own number that the sheet took for a text: the same value, but a sum would pass over it.
        if job.plain && matches!((&seen.cell, &job.value), (Cell::Text(_), Cell::Number(_))) {
            return Ok(Sent { row, column, before: seen.cell, lost: None });
        }
        if self.same(&seen.cell, &job.value) {
            // By our own hand, where another of our writes went astray or the answer was lost: it is what was meant.
            return Err(match (&job.foreign, &job.doubt) {
                (Some(_), _) => CellOutcome::Written { row: row + 1 },
                (None, Some(_)) => CellOutcome::Found { row: row + 1 },
                (None, None) => CellOutcome::AlreadyThere { row: row + 1 },
            });
        }
        match &job.expect {
            Expect::Value(expected) if !self.same(&seen.cell, expected) => Err(job.changed(row + 1, seen.cell)),
            Expect::Value(_) | Expect::Own => Ok(Sent { row, column, before: seen.cell, lost: None }),
        }
    }

    /// Write all, in one batch where it fits. Returns what is to be done or looked into: also what was taken anew or hit
    /// a wrong row.
    async fn send(&mut self, looker: &mut Looker<'_>, jobs: Vec<Job>, checked: &Views) -> Vec<Job> {
        self.wrote_last.clear();
        let mut left = Vec::new();
        let mut batches = in_batches(jobs);
        let mut halvings = 0;
        while let Some(batch) = batches.pop() {
            let mut batch = self.in_time(batch, &mut left);
            if batch.is_empty() {
                continue;
            }
            let cells: Vec<CellWrite> = batch.iter().filter_map(|job| self.cell(job)).collect();
            let written = looker.write(&cells, &self.wanted(&batch)).await;
            if !matches!(&written, Err(error) if !error.maybe_done()) {
                batch.iter_mut().for_each(|job| job.sends += 1);
            }
            match written {
                Ok((applied, views)) => {
                    let (mut again, victims) = self.receive(batch, applied, &views);
                    left.append(&mut again);
                    victims.into_iter().for_each(|hit| self.put_right(hit, &mut left, &mut batches, checked));
                }
                Err(error) if error.maybe_done() => {
                    let sent = batch.iter_mut().filter_map(|job| job.sent.as_mut());
                    sent.for_each(|sent| sent.lost = Some(error.clone()));
                    left.append(&mut batch);
                }
                Err(SheetError::Refused(_)) if batch.len() > 1 && halvings < HALVINGS_MAX => {
                    halvings += 1;
                    batches.push(batch.split_off(batch.len() / 2));
                    batches.push(batch);
                }
                Err(error) => {
                    // Which of several is refused shows in the next flush.
                    let error = if batch.len() > 1 { error.or_later() } else { error };
                    batch.into_iter().for_each(|job| self.finish(job, CellOutcome::NotSent(error.clone())));
                }
            }
        }
        left
    }

    fn cell(&self, job: &Job) -> Option<CellWrite> {
        let to = job.sent.as_ref()?;
        Some(CellWrite {
            tab: self.title(job).to_owned(),
            row: to.row,
            column: to.column,
            value: job.value.clone(),
            only_if: job.only_if(),
        })
    }

    fn into_answer(mut self, changes: &[CellChange]) -> (Vec<CellOutcome>, WriteReport) {
        let unsettled = || CellOutcome::NotSent(SheetError::Unsettled);
        let outcomes: Vec<CellOutcome> =
            self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unsettled)).collect();
        let moved = changes
            .iter()
            .zip(&outcomes)
            .filter(|(change, outcome)| outcome.row().is_some_and(|row| row != change.row_hint));
        self.report.moved = u32::try_from(moved.count()).unwrap_or(u32::MAX);
        (outcomes, self.report)
    }
}

/// The rows of a batch are shown in its answer: so many runs of neighbours at most.
fn in_batches(mut jobs: Vec<Job>) -> Vec<Vec<Job>> {
    let place = |job: &Job| (job.tab, job.sent.as_ref().map_or(job.hint, |sent| sent.row));
    jobs.sort_by_key(place);
    let mut batches: Vec<Vec<Job>> = Vec::new();
    let mut runs = 0;
    let mut last: Option<(usize, u32)> = None;
    for job in jobs {
        let (tab, row) = place(&job);
        if !last.is_some_and(|(of, before)| of == tab && row <= before + 1 + GAP_MAX) {
            runs += 1;
        }
        last = Some((tab, row));
        match batches.last_mut() {
            Some(batch) if runs <= RUNS_MAX => batch.push(job),
            _ => {
                batches.push(vec![job]);
                runs = 1;
            }
        }
    }
    batches
}
