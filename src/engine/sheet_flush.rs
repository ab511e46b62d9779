//! Write shelfd's own cells: stock and the status columns, in one checked batch.

use std::collections::{BTreeMap, BTreeSet};

use super::sheet_outcomes::why_stuck;
use super::shown::ShownStatus;
use super::status_pace::STATUS_PACE;
use super::{BySku, Engine, PassError, SEND_WITHIN, Tally, lock};
use crate::catalog::{Cell, Columns, Pool, Problem, Sku, TabMapping};
use crate::clock::{self, Time};
use crate::db::{Hint, HintDone, RowRecord, SHEET, StatusFacts, StockRequest, Want};
use crate::plan::{StatusInput, row_status};
use crate::planted;
use crate::retry::Verdict;
use crate::sheet::SheetError;
use crate::sheet::writer::{CellChange, CellOutcome, Expect, TabLayout, Target, WriteReport, write_checked};
use crate::stock::{Effect, Input, Intent, Rule, Settled, WriteKind};

/// SKUs per flush. Three cells each stay far below the 2 MB that Google advises for a request.
const FLUSH_MAX: u32 = 1000;

/// One cell of a flush and what it is for.
pub(super) struct Planned {
    pub change: CellChange,
    pub purpose: Purpose,
}

pub(super) enum Purpose {
    Stock(Sku, Pool),
    Counter(Sku),
    Status(Sku),
    Place(String, u32),
}

impl Purpose {
    fn sku(&self) -> Option<&Sku> {
        match self {
            Self::Stock(sku, _) | Self::Counter(sku) | Self::Status(sku) => Some(sku),
            Self::Place(..) => None,
        }
    }
}

impl Engine {
    /// Write what is due in the sheet. Idle when nothing is.
    ///
    /// # Errors
    /// When the ledger fails. What Google did not take is due again later.
    pub async fn flush_sheet(&self, cause: &str) -> Result<Tally, PassError> {
        if self.halted().is_some() || lock(&self.shown).version.is_none() && lock(&self.shown).status.is_empty() {
            return Ok(Tally::default());
        }
        let started = clock::now();
        let hints = self.ledger.due_hints(SHEET, started, FLUSH_MAX).await?;
        let skus: Vec<Sku> = hints.iter().filter_map(|hint| Sku::new(&hint.sku)).collect();
        let mut rows = self.rows_to_write(&skus).await?;
        let mut planned = self.plan_cells(&rows).await?;
        planned.extend(self.counter_cells(&rows).await?);
        if planned.is_empty() {
            planned = self.status_cells(&rows, started).await?;
            if !planned.is_empty() && lock(&self.status_pace).must_wait(rows.keys(), started) {
                let again = HintDone::Again { after: STATUS_PACE, failed: false, want: Want::CONTENT };
                let done: Vec<_> = hints.into_iter().map(|hint| (hint, again)).collect();
                self.ledger.finish_hints(SHEET, &done, started).await?;
                return Ok(Tally::default());
            }
        } else {
            let company = lock(&self.status_pace).board();
            rows.extend(self.rows_to_write(&company).await?);
            planned.extend(self.status_cells(&rows, started).await?);
        }
        if planned.is_empty() {
            let done: Vec<_> = hints.into_iter().map(|hint| (hint, HintDone::Cleared)).collect();
            self.ledger.finish_hints(SHEET, &done, started).await?;
            return Ok(Tally::default());
        }
        let (tally, again, trouble) = self.write_cells(planned, started).await?;
        lock(&self.status_pace).note_written(clock::now());
        let done: Vec<_> = hints.into_iter().map(|hint| self.left(hint, &again)).collect();
        self.ledger.finish_hints(SHEET, &done, clock::now()).await?;
        let outcome = trouble.as_ref().map_or_else(|| "ok".to_owned(), ToString::to_string);
        self.record(SHEET, cause, started, tally, outcome).await?;
        // A cell that Google will never take (it is protected) must not hold up all others.
        trouble.filter(|error| error.verdict() != Verdict::Refused).map_or(Ok(tally), |error| Err(error.into()))
    }

    /// The rows of these SKUs, but not of a key that stands twice: once it stands alone again, the read hints at it.
    async fn rows_to_write(&self, skus: &[Sku]) -> Result<BySku<RowRecord>, PassError> {
        let mut rows = self.ledger.rows_of(skus).await?;
        rows.retain(|sku, _| !lock(&self.shown).doubled.contains(sku) || planted!(DoubledIsWritten));
        Ok(rows)
    }

    fn left(&self, hint: Hint, again: &BySku<SheetError>) -> (Hint, HintDone) {
        let Some(error) = Sku::new(&hint.sku).and_then(|sku| again.get(&sku)) else { return (hint, HintDone::Cleared) };
        let after = self.backoff(hint.attempts + 1, error.verdict());
        let want = hint.want;
        (hint, HintDone::Again { after, failed: true, want })
    }

    /// Stock cells whose target differs: intents are recorded here.
    async fn plan_cells(&self, rows: &BySku<RowRecord>) -> Result<Vec<Planned>, PassError> {
        let now = clock::now();
        let mut requests = Vec::new();
        for record in rows.values().filter(|record| record.missing == 0) {
            let Some(mapping) = self.sheet.tab(&record.row.tab) else { continue };
            let written =
                mapping.stock.iter().filter(|(pool, _)| mapping.sold_of(pool).is_none() || planted!(ReceivedIsOurs));
            requests.extend(written.map(|(pool, _)| StockRequest {
                sku: record.row.sku.clone(),
                pool: pool.clone(),
                input: Input::Plan {
                    rule: Rule::Mirror,
                    kind: WriteKind::Checked,
                    from: None,
                    key: clock::fresh_key(),
                    now,
                },
            }));
        }
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let changes = self.ledger.stock(SHEET, requests, &[], now).await?;
        let cell = |sku: &Sku, pool: &Pool, intent: &Intent| {
            let record = rows.get(sku)?;
            let mapping = self.sheet.tab(&record.row.tab)?;
            let header = mapping.stock.iter().find(|(of, _)| of == pool).map(|(_, header)| header.clone())?;
            let number = |units: i64| Cell::Number(units as f64);
            let change = CellChange {
                tab: record.row.tab.clone(),
                row_hint: record.row.row,
                target: Target::Key(sku.clone()),
                header,
                expect: Expect::Value(number(intent.expected)),
                value: number(intent.expected + intent.delta),
            };
            Some(Planned { change, purpose: Purpose::Stock(sku.clone(), pool.clone()) })
        };
        let planned = changes.iter().flat_map(|change| {
            change.effects.iter().filter_map(move |effect| match effect {
                Effect::Send(intent) => cell(&change.sku, &change.pool, intent),
                _ => None,
            })
        });
        Ok(planned.collect())
    }

    /// Status cells that do not show what they should. Rows that were unreadable as a whole are written to by place.
    async fn status_cells(&self, rows: &BySku<RowRecord>, now: Time) -> Result<Vec<Planned>, PassError> {
        let skus: Vec<Sku> = rows.keys().cloned().collect();
        let facts = self.ledger.status_facts(&skus, &self.shop_names()).await?;
        let shown = lock(&self.shown);
        let mut planned = Vec::new();
        for (sku, record) in rows.iter().filter(|(_, record)| record.missing == 0) {
            let (Some(mapping), Some(shown)) = (self.sheet.tab(&record.row.tab), shown.status.get(sku)) else {
                continue;
            };
            let desired = self.desired(record, facts.get(sku).cloned().unwrap_or_default());
            for (header, value) in differing(mapping, shown, &desired) {
                let target = Target::Key(sku.clone());
                let change = own(mapping, record.row.row, target, header, value);
                planned.push(Planned { change, purpose: Purpose::Status(sku.clone()) });
            }
        }
        let whole_rows = shown.problems.iter().filter(|problem| problem.whole_row);
        for problem in whole_rows {
            let place = (problem.tab.clone(), problem.row);
            let (Some(mapping), Some(status)) = (self.sheet.tab(&problem.tab), shown.status_by_place.get(&place))
            else {
                continue;
            };
            let key = shown.key_by_place.get(&place).cloned().flatten();
            let desired = refused(problem, status);
            for (header, value) in differing(mapping, status, &desired) {
                let change = own(mapping, problem.row, Target::Place(key.clone()), header, value);
                planned.push(Planned { change, purpose: Purpose::Place(place.0.clone(), place.1) });
            }
        }
        planned.retain(|planned: &Planned| !shown.refused.contains(&place_of(&planned.change)));
        tracing::trace!(cells = planned.len(), at = %now, "status cells differ");
        Ok(planned)
    }

    fn desired(&self, record: &RowRecord, facts: StatusFacts) -> ShownStatus {
        let last_sync =
            facts.synced.map(|at| at.with_timezone(&self.sheet.zone).format("%Y-%m-%d %H:%M:%S").to_string());
        let input =
            StatusInput { problems: record.row.problems.clone(), refused: facts.refused, waiting: facts.waiting };
        let words = row_status(&input);
        let last_sync = last_sync.unwrap_or_default();
        ShownStatus { status: words.status, error: words.error, last_sync, ..ShownStatus::default() }
    }

    /// One checked batch; what surely happened to each cell goes into the ledger.
    async fn write_cells(
        &self,
        planned: Vec<Planned>,
        recorded: Time,
    ) -> Result<(Tally, BySku<SheetError>, Option<SheetError>), PassError> {
        let changes: Vec<CellChange> = planned.iter().map(|planned| planned.change.clone()).collect();
        let (outcomes, report) = self.checked_write(&changes, recorded + SEND_WITHIN).await?;
        if report.hit > 0 {
            self.spoil();
        }
        if report.moved > 0 || report.put_back > 0 {
            tracing::info!(moved = report.moved, put_back = report.put_back, "rows had moved under a write");
        }
        let mut tally = Tally::default();
        let (mut settled, mut found, mut stuck) = (Vec::new(), Vec::new(), Vec::new());
        let mut unknown: BTreeMap<Pool, Vec<Sku>> = BTreeMap::new();
        let mut again: BySku<SheetError> = BTreeMap::new();
        let mut touched = BTreeSet::new();
        let mut trouble = None;
        for (index, (planned, outcome)) in planned.into_iter().zip(outcomes).enumerate() {
            let sku = planned.purpose.sku().cloned();
            let done = matches!(outcome, CellOutcome::Written { .. } | CellOutcome::Found { .. });
            if done || matches!(outcome, CellOutcome::Unknown(_)) {
                touched.extend(sku.clone());
            }
            if done {
                tally.written += 1;
            }
            if done || matches!(outcome, CellOutcome::AlreadyThere { .. }) {
                self.note_written(&planned);
            }
            match &outcome {
                CellOutcome::NotSent(error) | CellOutcome::Unknown(error) => {
                    if matches!(outcome, CellOutcome::NotSent(SheetError::Refused(_))) {
                        lock(&self.shown).refused.insert(place_of(&planned.change));
                    }
                    again.extend(sku.map(|sku| (sku, error.clone())));
                    trouble = Some(error.clone());
                }
                CellOutcome::Written { .. } | CellOutcome::Found { .. } => {}
                CellOutcome::AlreadyThere { .. } if !matches!(planned.purpose, Purpose::Stock(..)) => {}
                _ => self.distrust_sheet(),
            }
            let Purpose::Stock(sku, pool) = planned.purpose else { continue };
            if report.lost.contains(&index) {
                self.remember_lost(&sku, &pool, intent_of(&planned.change, recorded));
            }
            stuck.extend(why_stuck(&outcome).map(|why| (sku.clone(), planned.change.header, why)));
            match outcome {
                CellOutcome::PersonChanged { .. } if planted!(PersonIsUs) => settled.push((sku, pool, Settled::Done)),
                CellOutcome::Written { .. } => settled.push((sku, pool, Settled::Done)),
                CellOutcome::Found { .. } => found.push((sku, pool, planned.change.value)),
                CellOutcome::Unknown(_) => unknown.entry(pool).or_default().push(sku),
                // `AlreadyThere` too: what we were about to write for the first time, a person wrote. It will be folded.
                _ => settled.push((sku, pool, Settled::NotDone)),
            }
        }
        report.lost_put_backs.iter().for_each(|put_back| self.remember_lost_put_back(put_back, recorded));
        self.touch(touched);
        self.doubt_rows(&report.doubted).await?;
        self.settle_cells(settled).await?;
        self.bury_stuck(stuck).await?;
        for (sku, pool) in self.weigh(found, recorded).await? {
            unknown.entry(pool).or_default().push(sku);
        }
        // Only now: while a write of its own is open there, nothing else is accounted for.
        self.own_up(&report).await?;
        for (pool, skus) in unknown {
            self.ledger.mark_unknown(SHEET, &pool, &skus, Some(clock::now())).await?;
        }
        Ok((tally, again, trouble))
    }

    /// The checked write, told what the ledger and the last read know of the cells around.
    async fn checked_write(
        &self,
        changes: &[CellChange],
        until: Time,
    ) -> Result<(Vec<CellOutcome>, WriteReport), PassError> {
        let standings = self.ledger.standings(SHEET).await?;
        let (status, layouts, locale) = {
            let shown = lock(&self.shown);
            (shown.status.clone(), shown.layouts.clone(), shown.locale)
        };
        let known = |tab: &str, sku: &Sku, header: &str| -> Option<Cell> {
            let mapping = self.sheet.tab(tab)?;
            let is = |own: &Option<String>| own.as_deref() == Some(header);
            let status = status.get(sku);
            if is(&mapping.status) {
                return status.map(|status| Cell::from_text(&status.status));
            } else if is(&mapping.error) {
                return status.map(|status| Cell::from_text(&status.error));
            } else if is(&mapping.last_sync) {
                return status.map(|status| Cell::from_text(&status.last_sync));
            }
            if let Some(counter) = status.and_then(|status| status.counters.get(header)) {
                return Some(counter.clone());
            }
            let (pool, _) = mapping.stock.iter().find(|(_, of)| of == header)?;
            let accounted = standings.get(&(sku.clone(), pool.clone()))?.accounted;
            accounted.map(|units| Cell::Number(units as f64))
        };
        let nowhere = (Columns::default(), 0);
        let mut around = Vec::new();
        for mapping in &self.sheet.tabs {
            let (columns, rows) = layouts.get(&mapping.tab).unwrap_or(&nowhere);
            around.push(TabLayout { mapping, columns, rows: *rows });
        }
        Ok(write_checked(self.book.as_ref(), locale, &around, &known, until, changes).await)
    }

    /// Remember what the sheet shows now, so that the same words are not written twice.
    fn note_written(&self, planned: &Planned) {
        let CellChange { tab, header, value, .. } = &planned.change;
        let Some(mapping) = self.sheet.tab(tab) else { return };
        let mut shown = lock(&self.shown);
        let status = match &planned.purpose {
            Purpose::Stock(..) => return,
            Purpose::Counter(sku) | Purpose::Status(sku) => shown.status.entry(sku.clone()).or_default(),
            Purpose::Place(tab, row) => shown.status_by_place.entry((tab.clone(), *row)).or_default(),
        };
        let text = value.quote_whole();
        let is = |own: &Option<String>| own.as_ref() == Some(header);
        if is(&mapping.status) {
            status.status = text;
        } else if is(&mapping.error) {
            status.error = text;
        } else if is(&mapping.last_sync) {
            status.last_sync = text;
        } else {
            status.counters.insert(header.clone(), value.clone());
        }
    }
}

/// Tab, row as last seen, and header of a cell.
fn place_of(change: &CellChange) -> (String, u32, String) {
    (change.tab.clone(), change.row_hint, change.header.clone())
}

/// Own cells whose text differs: header and new text.
fn differing(mapping: &TabMapping, shown: &ShownStatus, desired: &ShownStatus) -> Vec<(String, Cell)> {
    let cells = [
        (&mapping.status, &shown.status, &desired.status),
        (&mapping.error, &shown.error, &desired.error),
        (&mapping.last_sync, &shown.last_sync, &desired.last_sync),
    ];
    let differs = |(header, shown, desired): (&Option<String>, &String, &String)| {
        let value = if desired.is_empty() { Cell::Blank } else { Cell::Text(desired.clone()) };
        header.clone().filter(|_| shown != desired).map(|header| (header, value))
    };
    cells.into_iter().filter_map(differs).collect()
}

pub(super) fn own(mapping: &TabMapping, row: u32, target: Target, header: String, value: Cell) -> CellChange {
    CellChange { tab: mapping.tab.clone(), row_hint: row, target, header, expect: Expect::Own, value }
}

/// What a change of a stock cell was to do. Its key matters to no sheet.
fn intent_of(change: &CellChange, recorded: Time) -> Intent {
    let units = |cell: &Cell| if let Cell::Number(number) = cell { *number as i64 } else { 0 };
    let expected = if let Expect::Value(expected) = &change.expect { units(expected) } else { 0 };
    Intent { expected, delta: units(&change.value) - expected, key: String::new(), recorded }
}

/// A row that cannot be synced at all keeps the time it was last synced.
fn refused(problem: &Problem, shown: &ShownStatus) -> ShownStatus {
    let words = row_status(&StatusInput { problems: vec![problem.words.clone()], ..StatusInput::default() });
    ShownStatus {
        status: words.status,
        error: words.error,
        last_sync: shown.last_sync.clone(),
        ..ShownStatus::default()
    }
}
