//! After a write: what surely happened, and what has to be put right.

use super::view::{Key, Place, View, Views};
use super::{Cause, CellOutcome, Expect, Flush, Job, SENDS_MAX, Sent, Stranded};
use crate::catalog::{Cell, Sku};
use crate::sheet::SheetError;

/// What became of one write.
enum Fate {
    Done(CellOutcome),
    /// Not done, or done elsewhere: decide again.
    Again,
}

/// Where else a write has left its value.
enum Trace {
    Nowhere,
    Row(Stray),
    /// In another column: columns moved under the write. What that cell held is not known.
    Column,
}

/// A cell that got another row's value.
struct Stray {
    row: u32,
    sku: Option<Sku>,
    /// What it held before; `None` when nobody knows.
    had: Option<Cell>,
}

impl Flush<'_> {
    /// Sort writes into done and to be made again, and add what has to be put back. `checked` was seen before the
    /// write, `views` after it.
    pub(super) fn settle(&mut self, jobs: Vec<Job>, checked: &Views, views: &Views) -> Vec<Job> {
        let verdicts: Vec<(Fate, Trace)> = jobs.iter().map(|job| self.judge(job, &jobs, checked, views)).collect();
        let mut again: Vec<Job> = Vec::new();
        let mut strays: Vec<(Stray, usize, String, u32, Cell)> = Vec::new();
        for (mut job, (fate, trace)) in jobs.into_iter().zip(verdicts) {
            if let Some(sent) = job.sent.take_if(|_| matches!(fate, Fate::Again) || !matches!(trace, Trace::Nowhere)) {
                match trace {
                    Trace::Nowhere => {}
                    Trace::Row(stray) => {
                        strays.push((stray, job.tab, job.header.clone(), sent.column, job.value.clone()));
                    }
                    Trace::Column => self.strand(job.tab, sent.row, sent.column, job.sku.clone(), job.value.clone()),
                }
            }
            match fate {
                Fate::Done(outcome) => self.finish(job, outcome),
                Fate::Again => again.push(job),
            }
        }
        for (stray, tab, header, column, ours) in strays {
            let is_it = |job: &&mut Job| job.tab == tab && job.header == header && job.sku == stray.sku;
            if let Some(job) = again.iter_mut().find(is_it) {
                // It is to be written anyway, and what stands there now is ours, not a person's.
                job.expect = Expect::Value(ours);
            } else if let Some(value) = stray.had {
                let (cause, expect) = (Cause::PutBack(column), Expect::Value(ours));
                let (sku, hint) = (stray.sku, stray.row);
                again.push(Job { cause, tab, by_place: false, sku, header, hint, expect, value, sent: None, sends: 0 });
            } else {
                self.strand(tab, stray.row, column, stray.sku, ours);
            }
        }
        again
    }

    fn strand(&mut self, tab: usize, row: u32, column: u32, sku: Option<Sku>, wrote: Cell) {
        let tab = self.layouts.get(tab).map(|layout| layout.mapping.tab.clone()).unwrap_or_default();
        self.report.stranded.push(Stranded { tab, row: row + 1, column, sku, wrote });
    }

    fn judge(&self, job: &Job, jobs: &[Job], checked: &Views, views: &Views) -> (Fate, Trace) {
        let Some(sent) = &job.sent else { return (Fate::Again, Trace::Nowhere) };
        let doubt = || CellOutcome::Unknown(sent.lost.clone().unwrap_or(SheetError::Unsettled));
        let again = || if job.sends < SENDS_MAX { Fate::Again } else { Fate::Done(doubt()) };
        let view = views.get(self.title(job)).and_then(|view| view.as_ref().ok());
        let Some((view, column)) = view.and_then(|view| Some((view, view.columns.get(&job.header)?))) else {
            return (Fate::Done(doubt()), Trace::Nowhere);
        };
        let stray = || self.stray(job, sent, jobs, checked, view).map_or(Trace::Nowhere, Trace::Row);
        let row = match view.place_of(job, sent.row) {
            Place::At(row) => row,
            Place::Twice => return (Fate::Done(CellOutcome::Ambiguous), Trace::Nowhere),
            Place::Gone => return (Fate::Done(CellOutcome::RowGone), stray()),
        };
        let seen = view.seen(row, column);
        if !seen.formula && self.same(&seen.cell, &job.value) {
            return (Fate::Done(CellOutcome::Written { row: row + 1 }), Trace::Nowhere);
        }
        if column != sent.column {
            return (again(), Trace::Column);
        }
        let is_unchanged = !seen.formula && self.same(&seen.cell, &sent.before);
        if row == sent.row {
            return match &sent.lost {
                // Google took it, and the row is right: what stands there is an older reading, or was typed since.
                None => (Fate::Done(CellOutcome::Written { row: row + 1 }), Trace::Nowhere),
                Some(_) if is_unchanged => (again(), Trace::Nowhere),
                Some(_) => (Fate::Done(doubt()), Trace::Nowhere),
            };
        }
        match stray() {
            Trace::Nowhere if sent.lost.is_some() && !is_unchanged => (Fate::Done(doubt()), Trace::Nowhere),
            trace => (again(), trace),
        }
    }

    /// The row that got the value of a write which is not where it belongs.
    fn stray(&self, job: &Job, sent: &Sent, jobs: &[Job], checked: &Views, view: &View) -> Option<Stray> {
        let before = checked.get(self.title(job)).and_then(|view| view.as_ref().ok());
        let here = self.stray_at(sent.row, job, sent, jobs, before, view);
        if here.is_some() || sent.lost.is_some() || !view.all {
            return here;
        }
        // Rows moved before the write and again after it: any row may have it, if it surely held something else.
        let others = view.keys().filter(|(_, key)| matches!(key, Key::Sku(sku) if Some(sku) != job.sku.as_ref()));
        others
            .filter_map(|(row, _)| self.stray_at(row, job, sent, jobs, before, view))
            .find(|stray| stray.had.is_some())
    }

    fn stray_at(
        &self,
        row: u32,
        job: &Job,
        sent: &Sent,
        jobs: &[Job],
        before: Option<&View>,
        view: &View,
    ) -> Option<Stray> {
        let ours = &job.value;
        let seen = view.seen(row, sent.column);
        if seen.formula || !self.same(&seen.cell, ours) {
            return None;
        }
        let had = match view.key(row) {
            Key::Unreadable => None,
            Key::Blank => self.blank_row_had(sent, before),
            Key::Sku(sku) if job.sku.as_ref() == Some(&sku) => return None,
            Key::Sku(sku) => {
                let is_meant = |other: &Job| {
                    other.tab == job.tab
                        && other.header == job.header
                        && other.sku.as_ref() == Some(&sku)
                        && self.same(&other.value, ours)
                };
                if jobs.iter().any(is_meant) {
                    return None;
                }
                self.row_had(&sku, job, sent, before)
            }
        };
        if had.as_ref().is_some_and(|had| self.same(had, ours)) {
            return None;
        }
        let sku = if let Key::Sku(sku) = view.key(row) { Some(sku) } else { None };
        Some(Stray { row, sku, had })
    }

    /// What a key's cell held before the write: as seen, else as the ledger knows. A formula cannot be put back.
    fn row_had(&self, sku: &Sku, job: &Job, sent: &Sent, before: Option<&View>) -> Option<Cell> {
        match before.map(|view| (view, view.place(Some(sku), sent.row))) {
            Some((view, Place::At(row))) => {
                let seen = view.seen(row, sent.column);
                (!seen.formula).then_some(seen.cell)
            }
            _ => (self.known)(self.title(job), sku, &job.header),
        }
    }

    /// Rows without a key have nothing to be told apart by: blank, unless some of them held something.
    fn blank_row_had(&self, sent: &Sent, before: Option<&View>) -> Option<Cell> {
        let view = before?;
        let held = |(row, key): (u32, &Key)| *key == Key::Blank && view.seen(row, sent.column).cell != Cell::Blank;
        (!view.keys().any(held)).then_some(Cell::Blank)
    }
}
