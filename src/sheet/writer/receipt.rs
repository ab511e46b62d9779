//! An answered write: its answer shows, of the very moment of the write, whose rows were hit and what stands there.

use std::collections::BTreeMap;

use super::view::{Key, View, Views};
use super::{CellOutcome, Expect, Flush, Job, SENDS_MAX, Sent};
use crate::catalog::{Cell, Sku};
use crate::planted;
use crate::sheet::{Applied, Seen, SheetError};

/// Where a write was made, as it turned out.
enum Met {
    /// In the row and column it was meant for; what stands there now.
    Right(Seen),
    /// In a row that had become another's.
    Wrong(Key),
    /// In a column that had become another (its header, where it is mapped), or nobody can tell.
    Strange(Option<Sku>, Option<String>),
}

/// A cell that was hit by a write for another row.
pub(super) struct Victim {
    tab: usize,
    header: String,
    row: u32,
    column: u32,
    key: Key,
    /// What it held, where the write was made on condition.
    had: Option<Cell>,
    /// What was written there.
    ours: Cell,
}

impl Flush<'_> {
    /// Finish what is done. Returns what is to be made anew, and the cells that were hit by mistake. `views` was seen with the
    /// write.
    pub(super) fn receive(
        &mut self,
        jobs: Vec<Job>,
        applied: Vec<Applied>,
        views: &BTreeMap<String, Option<View>>,
    ) -> (Vec<Job>, Vec<Victim>) {
        let mut again = Vec::new();
        let mut victims = Vec::new();
        for (mut job, applied) in jobs.into_iter().zip(applied) {
            let Some(sent) = job.sent.take() else { continue };
            let written = applied != Applied::Not;
            match self.met(&job, &sent, views.get(self.title(&job)).and_then(Option::as_ref)) {
                Met::Right(seen) => match self.outcome(&job, &sent, applied, seen) {
                    Some(outcome) => self.finish(job, outcome),
                    None => {
                        self.report.formatted += 1;
                        job.plain = true;
                        job.left_text |= written;
                        again.push(job);
                    }
                },
                Met::Wrong(key) => {
                    if written {
                        self.report.hit += 1;
                        if !self.is_known(&job, &key) {
                            job.lost_its_key();
                        }
                        let had = job.only_if().filter(|_| applied == Applied::Matched);
                        victims.push(Victim {
                            tab: job.tab,
                            header: job.header.clone(),
                            row: sent.row,
                            column: sent.column,
                            key,
                            had: had.map(|number| Cell::Number(number as f64)),
                            ours: job.value.clone(),
                        });
                    }
                    again.push(job);
                }
                Met::Strange(sku, header) => {
                    if written {
                        self.report.hit += 1;
                        job.lost_its_key();
                        match self.victim_of_columns(&job, &sent, applied, sku.clone().zip(header)) {
                            Some(victim) => victims.push(victim),
                            None => self.strand(job.tab, (sent.row, sent.column), sku, job.value.clone()),
                        }
                    }
                    again.push(job);
                }
            }
        }
        (again, victims)
    }

    /// Is this the key of another row? One that nobody knows may be the row that was meant, under another SKU.
    fn is_known(&self, job: &Job, key: &Key) -> bool {
        planted!(UnknownIsAnothers)
            || matches!(key, Key::Sku(sku) if (self.known)(self.title(job), sku, &job.header).is_some())
    }

    /// Columns were moved under a write. The cell that it hit can be put back where its column is mapped and what it held is known:
    /// by the write's condition, or by the ledger. What people wrote elsewhere was never read.
    fn victim_of_columns(
        &self,
        job: &Job,
        sent: &Sent,
        applied: Applied,
        cell: Option<(Sku, String)>,
    ) -> Option<Victim> {
        let (sku, header) = cell.filter(|_| !planted!(ColumnsStay))?;
        let by_condition =
            job.only_if().filter(|_| applied == Applied::Matched).map(|number| Cell::Number(number as f64));
        let had = by_condition.or_else(|| (self.known)(self.title(job), &sku, &header))?;
        let (tab, ours) = (job.tab, job.value.clone());
        Some(Victim { tab, header, row: sent.row, column: sent.column, key: Key::Sku(sku), had: Some(had), ours })
    }

    fn met(&self, job: &Job, sent: &Sent, view: Option<&View>) -> Met {
        let Some(view) = view else { return Met::Strange(None, None) };
        let key = view.key(sent.row);
        if view.columns.get(&job.header) != Some(sent.column) {
            let header = view.columns.iter().find(|(_, column)| *column == sent.column);
            let header = header.map(|(header, _)| header.to_owned());
            return Met::Strange(if let Key::Sku(sku) = key { Some(sku) } else { None }, header);
        }
        if job.owns(&key) { Met::Right(view.seen(sent.row, sent.column)) } else { Met::Wrong(key) }
    }

    /// What became of a write to the right cell; `None` when it has to be made anew, without condition.
    fn outcome(&self, job: &Job, sent: &Sent, applied: Applied, seen: Seen) -> Option<CellOutcome> {
        let row = sent.row + 1;
        let shows_it = !seen.formula && self.same(&seen.cell, &job.value);
        if applied == Applied::Not {
            return match seen {
                Seen { formula: true, .. } => Some(CellOutcome::Formula { row }),
                // The same number, shown differently: the condition does not find it.
                Seen { cell, .. } if self.same(&cell, &sent.before) => None,
                _ if shows_it && job.doubt.is_some() => Some(CellOutcome::Written { row }),
                _ if shows_it => Some(CellOutcome::AlreadyThere { row }),
                Seen { cell, .. } => Some(job.changed(row, cell)),
            };
        }
        let is_text = applied == Applied::Matched && matches!(seen.cell, Cell::Text(_));
        if shows_it && is_text && job.sends < SENDS_MAX {
            return None;
        }
        let strange = || SheetError::Unexpected(format!("a cell shows {} just after a write", seen.cell.quote()));
        Some(if shows_it { CellOutcome::Written { row } } else { CellOutcome::Unknown(strange()) })
    }

    /// Where the hit cell is itself waiting to be written, that is done over our value; else it is put back. `checked` was seen
    /// before the write; `left` waits for the next look, `unsent` for the rest of a batch that was halved.
    pub(super) fn put_right(&mut self, victim: Victim, left: &mut Vec<Job>, unsent: &mut [Vec<Job>], checked: &Views) {
        let Victim { tab, header, row, column, key, had, ours } = victim;
        let its_own = |job: &Job| job.tab == tab && job.header == header && job.owns(&key) && !job.by_place;
        let mut lists = std::iter::once(&mut *left).chain(unsent);
        if let Some((list, at)) = lists.find_map(|list| list.iter().position(its_own).map(|at| (list, at))) {
            let mut job = list.remove(at);
            let is_lost = job.doubt.is_some() || job.sent.as_ref().is_some_and(|sent| sent.lost.is_some());
            let is_expected = |had: &Cell| match &job.expect {
                // Its own write may have been done, and hit in turn.
                Expect::Value(expected) => self.same(had, expected) || is_lost && self.same(had, &job.value),
                Expect::Own => true,
            };
            if had.as_ref().is_none_or(is_expected) {
                // By chance it may be what was to be written there.
                if self.same(&job.value, &ours) {
                    return self.finish(job, CellOutcome::Written { row: row + 1 });
                }
                if let Some(sent) = &mut job.sent {
                    sent.before = ours.clone();
                }
                let expected = if let Expect::Value(expected) = &job.expect { Some(expected.clone()) } else { None };
                job.replaced = job.replaced.or(had).or(expected);
                job.expect = Expect::Value(ours);
                job.foreign = Some(column);
                job.by_look = false;
                job.hint = row;
                return list.insert(at, job);
            }
            // A person had changed it already: theirs is put back, and the write is off.
            let found = had.clone().unwrap_or_default();
            let outcome = job.changed(row + 1, found);
            self.finish(job, outcome);
        }
        let before = self.layouts.get(tab).and_then(|layout| checked.get(&layout.mapping.tab)?.as_ref().ok());
        let had = had.or_else(|| self.had(tab, &key, &header, row, column, before));
        let sku = if let Key::Sku(sku) = &key { Some(sku.clone()) } else { None };
        match had {
            Some(had) if self.same(&had, &ours) => {}
            Some(_) if planted!(NoPutBack) => {}
            Some(value) if key != Key::Unreadable => {
                left.push(Job::put_back(tab, sku, header, (row, column), ours, value));
            }
            Some(_) | None => self.strand(tab, (row, column), sku, ours),
        }
    }
}
