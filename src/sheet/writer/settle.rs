//! After a write whose answer is lost: what surely happened, by another look, and what has to be put right.

use std::collections::BTreeSet;

use super::view::{Key, Place, View, Views};
use super::{CellOutcome, Expect, Flush, Job, SENDS_MAX, Sent};
use crate::catalog::{Cell, Sku};
use crate::planted;
use crate::sheet::SheetError;

/// What became of one write.
enum Fate {
    Done(CellOutcome),
    /// Not done, or not here: decide again.
    Again,
    /// As [`Fate::Again`], and the cell got the value of another write.
    Hit(Cell),
    /// Again, without condition: what is there now is what must be there.
    Plainly,
}

/// A job after a write.
struct Verdict {
    fate: Fate,
    /// Its value is not where it belongs, so that it may be somewhere else.
    astray: bool,
    /// Columns moved under the write: it hit another column.
    wrong_column: bool,
}

impl From<Fate> for Verdict {
    fn from(fate: Fate) -> Self {
        Self { fate, astray: false, wrong_column: false }
    }
}

/// A write that is not where it belongs.
struct Astray {
    tab: usize,
    header: String,
    sent: Sent,
    value: Cell,
    /// It can only have changed a cell that showed this.
    only_if: Option<i64>,
}

impl Flush<'_> {
    /// Sort writes into done and to be made again, and add what has to be put back. `checked` was seen before the
    /// write, `views` after it.
    pub(super) fn settle(&mut self, jobs: Vec<Job>, checked: &Views, views: &Views) -> Vec<Job> {
        let moved: BTreeSet<usize> = jobs.iter().filter(|job| self.has_moved(job, views)).map(|job| job.tab).collect();
        let verdicts: Vec<Verdict> = jobs.iter().map(|job| self.judge(job, &jobs, &moved, views)).collect();
        let meant: BTreeSet<(usize, String, Option<Sku>)> =
            jobs.iter().map(|job| (job.tab, job.header.clone(), job.sku.clone())).collect();
        let mut again: Vec<Job> = Vec::new();
        let mut astray: Vec<Astray> = Vec::new();
        for (mut job, verdict) in jobs.into_iter().zip(verdicts) {
            if verdict.wrong_column
                && let Some(sent) = &job.sent
            {
                self.strand(job.tab, (sent.row, sent.column), job.sku.clone(), job.value.clone());
            }
            self.report.hit += u32::from(verdict.astray || verdict.wrong_column);
            job.doubt = job.sent.as_ref().and_then(|sent| sent.lost.clone()).or(job.doubt);
            let before = job.sent.as_ref().map(|sent| sent.before.clone());
            match (verdict.fate, job.sent.take_if(|_| verdict.astray)) {
                (Fate::Done(outcome), sent) => {
                    astray.extend(sent.map(|sent| job.astray(sent)));
                    self.finish(job, outcome);
                }
                (fate, sent) => {
                    astray.extend(sent.map(|sent| job.astray(sent)));
                    job.sent = None;
                    if let Fate::Plainly = fate {
                        self.report.formatted += 1;
                        (job.plain, job.left_text) = (true, true);
                    }
                    if let Fate::Hit(ours) = fate {
                        let view = views.get(self.title(&job)).and_then(|view| view.as_ref().ok());
                        job.foreign = view.and_then(|view| view.columns.get(&job.header));
                        job.by_look = true;
                        job.expect = Expect::Value(ours);
                        job.replaced = job.replaced.or(before);
                    }
                    again.push(job);
                }
            }
        }
        for (tab, header) in astray.iter().map(|job| (job.tab, job.header.clone())).collect::<BTreeSet<_>>() {
            let writes: Vec<&Astray> = astray.iter().filter(|job| job.tab == tab && job.header == header).collect();
            let is_meant = |sku: &Option<Sku>| meant.contains(&(tab, header.clone(), sku.clone()));
            again.append(&mut self.put_backs(tab, &header, &writes, is_meant, checked, views));
        }
        again
    }

    fn has_moved(&self, job: &Job, views: &Views) -> bool {
        let view = views.get(self.title(job)).and_then(|view| view.as_ref().ok());
        view.zip(job.sent.as_ref()).is_some_and(|(view, sent)| view.place_of(job, sent.row) != Place::At(sent.row))
    }

    fn judge(&self, job: &Job, jobs: &[Job], moved: &BTreeSet<usize>, views: &Views) -> Verdict {
        let Some(sent) = &job.sent else { return Fate::Again.into() };
        let doubt = || Fate::Done(CellOutcome::Unknown(sent.lost.clone().unwrap_or(SheetError::Unsettled)));
        let astray = |fate: Fate| Verdict { fate, astray: true, wrong_column: false };
        let view = views.get(self.title(job)).and_then(|view| view.as_ref().ok());
        let Some((view, column)) = view.and_then(|view| Some((view, view.columns.get(&job.header)?))) else {
            return doubt().into();
        };
        let row = match view.place_of(job, sent.row) {
            Place::At(row) => row,
            Place::Twice => return Fate::Done(CellOutcome::Ambiguous).into(),
            Place::Gone => return astray(Fate::Done(CellOutcome::RowGone)),
        };
        let seen = view.seen(row, column);
        let may_repeat = job.sends < SENDS_MAX;
        if !seen.formula && self.same(&seen.cell, &job.value) {
            // A conditional write that left a text where a number was is made anew, plainly.
            let is_text = job.only_if().is_some() && matches!(seen.cell, Cell::Text(_));
            let fate = match is_text && may_repeat {
                true => Fate::Plainly,
                false if sent.lost.is_some() => Fate::Done(CellOutcome::Found { row: row + 1 }),
                false => Fate::Done(CellOutcome::Written { row: row + 1 }),
            };
            return fate.into();
        }
        if column != sent.column {
            return Verdict { fate: Fate::Again, astray: false, wrong_column: true };
        }
        let is_unchanged = !seen.formula && self.same(&seen.cell, &sent.before);
        if !moved.contains(&job.tab) {
            return if is_unchanged && may_repeat { Fate::Again.into() } else { doubt().into() };
        }
        let is_ours = |other: &Job| {
            other.tab == job.tab
                && other.header == job.header
                && other.sent.is_some()
                && self.same(&other.value, &seen.cell)
                && (self.may_hit(other.only_if(), Some(&sent.before)) || planted!(AnyWriteHits))
        };
        astray(match is_unchanged {
            true if may_repeat => Fate::Again,
            false if !seen.formula && jobs.iter().any(is_ours) => Fate::Hit(seen.cell),
            true | false => doubt(),
        })
    }

    /// Can a write with this condition have changed a cell that held this, as far as that is known?
    fn may_hit(&self, only_if: Option<i64>, had: Option<&Cell>) -> bool {
        let shown = only_if.filter(|_| self.conditions).zip(had);
        shown.is_none_or(|(only, had)| self.same(had, &Cell::Number(only as f64)))
    }

    /// Rows of one column that show the value of a write which is not where it belongs, and held something else before.
    fn put_backs(
        &mut self,
        tab: usize,
        header: &str,
        writes: &[&Astray],
        is_meant: impl Fn(&Option<Sku>) -> bool,
        checked: &Views,
        views: &Views,
    ) -> Vec<Job> {
        let title = self.layouts.get(tab).map_or("", |layout| &layout.mapping.tab);
        let before = checked.get(title).and_then(|view| view.as_ref().ok());
        let Some(Ok(view)) = views.get(title) else { return Vec::new() };
        let Some(column) = view.columns.get(header) else { return Vec::new() };
        let mut put_backs = Vec::new();
        for (row, key) in view.keys() {
            let seen = view.seen(row, column);
            let had = self.had(tab, key, header, row, column, before);
            let shows =
                |write: &&&Astray| self.same(&write.value, &seen.cell) && self.may_hit(write.only_if, had.as_ref());
            let hits: Vec<u32> = writes.iter().filter(shows).map(|write| write.sent.row).collect();
            let sku = if let Key::Sku(sku) = key { Some(sku.clone()) } else { None };
            if seen.formula || hits.is_empty() || (sku.is_some() && is_meant(&sku)) {
                continue;
            }
            let wrote = |sku: &Sku| self.wrote.get(&(tab, sku.clone(), header.to_owned())).cloned();
            let known = sku.as_ref().and_then(|sku| wrote(sku).or_else(|| (self.known)(title, sku, header)));
            let is_known = known.is_some_and(|known| self.same(&known, &seen.cell)) && !planted!(OlderLookIsRight);
            if is_known && !self.put_back_in_doubt((tab, header), sku.as_ref(), had.as_ref(), &seen.cell) {
                continue;
            }
            match had.clone() {
                Some(had) if self.same(&had, &seen.cell) => {}
                Some(value) => {
                    let put_back = Job::put_back(tab, sku, header.to_owned(), (row, column), seen.cell, value);
                    put_backs.push(Job { by_look: true, ..put_back });
                }
                // Where a write was sent to, its value is surely no coincidence.
                None if hits.contains(&row) => self.strand(tab, (row, column), sku, seen.cell),
                None => {}
            }
        }
        put_backs
    }

    /// The ledger knows a cell's number to stand there: the look before was stale, or a person's unread number was hit. Nobody can
    /// tell: its row says so, and the lower one stays (docs/guarantees.md, limit A). Is that the one before? Where people count,
    /// ours would become the count.
    fn put_back_in_doubt(
        &mut self,
        (tab, header): (usize, &str),
        sku: Option<&Sku>,
        had: Option<&Cell>,
        shown: &Cell,
    ) -> bool {
        let Some(mapping) = self.layouts.get(tab).map(|layout| layout.mapping) else { return false };
        let Some((pool, _)) = mapping.stock.iter().find(|(_, stock)| stock == header) else { return false };
        let is_counted = mapping.counted.contains(pool);
        let (Some(Cell::Number(had)), Cell::Number(shown), Some(sku)) = (had, shown, sku) else { return false };
        if had == shown {
            return false;
        }
        self.report.doubted.insert(sku.clone(), (*had as i64, *shown as i64));
        had < shown && !is_counted
    }

    /// What a row's cell held before a write: as seen, else as the ledger knows. A formula cannot be put back.
    pub(super) fn had(
        &self,
        tab: usize,
        key: &Key,
        header: &str,
        row: u32,
        column: u32,
        before: Option<&View>,
    ) -> Option<Cell> {
        let title = self.layouts.get(tab).map_or("", |layout| &layout.mapping.tab);
        match key {
            Key::Unreadable => None,
            Key::Blank => blank_row_had(column, before),
            Key::Sku(sku) => {
                let cell = (tab, sku.clone(), header.to_owned());
                if let Some(wrote) = self.wrote_last.get(&cell).filter(|_| !planted!(OlderLookIsRight)) {
                    return Some(wrote.clone());
                }
                match before.map(|view| (view, view.place(Some(sku), row))) {
                    Some((view, Place::At(row))) => {
                        let seen = view.seen(row, column);
                        (!seen.formula).then_some(seen.cell)
                    }
                    _ => self.wrote.get(&cell).cloned().or_else(|| (self.known)(title, sku, header)),
                }
            }
        }
    }
}

/// Rows without a key have nothing to be told apart by: blank, unless some of them held something.
fn blank_row_had(column: u32, before: Option<&View>) -> Option<Cell> {
    let view = before?;
    let held = |(row, key): (u32, &Key)| *key == Key::Blank && view.seen(row, column).cell != Cell::Blank;
    (!view.keys().any(held)).then_some(Cell::Blank)
}

impl Job {
    /// The number that the cell must still show: for cells that people write too.
    pub(super) fn only_if(&self) -> Option<i64> {
        if planted!(NoCondition) {
            return None;
        }
        match (&self.expect, &self.value) {
            // Numbers beyond this are not shown digit by digit.
            (Expect::Value(Cell::Number(number)), Cell::Number(_)) if !self.plain && number.fract() == 0.0 => {
                (number.abs() < 1e9).then_some(*number as i64)
            }
            _ => None,
        }
    }

    fn astray(&self, sent: Sent) -> Astray {
        let only_if = self.only_if();
        Astray { tab: self.tab, header: self.header.clone(), sent, value: self.value.clone(), only_if }
    }
}
