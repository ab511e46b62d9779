//! What surely happened to cells that were written goes into the ledger.

use std::collections::BTreeMap;

use super::{Engine, PassError, lock};
use crate::catalog::{Cell, Pool, Sku};
use crate::clock::{self, Time};
use crate::db::{DeadLetter, OpenIntent, SHEET, StockChange, StockRequest, Want};
use crate::planted;
use crate::sheet::SheetError;
use crate::sheet::writer::{CellOutcome, PutBack, WriteReport};
use crate::stock::{Effect, Had, Input, Intent, Meaning, Reading, Settled};

impl Engine {
    /// Cells that a write hit by mistake and that could not be put back yet: their numbers are ours, not a person's, and
    /// are written back like any other.
    pub(super) async fn own_up(&self, report: &WriteReport) -> Result<(), PassError> {
        self.note_restored(&report.restored).await?;
        let stranded = &report.stranded;
        if stranded.is_empty() {
            return Ok(());
        }
        let layouts = lock(&self.shown).layouts.clone();
        let lost: Vec<OpenIntent> =
            self.ledger.open_intents(SHEET).await?.into_iter().chain(lock(&self.lost_lately).all()).collect();
        let mut requests = Vec::new();
        let mut hints = Vec::new();
        for cell in stranded {
            tracing::error!(tab = %cell.tab, row = cell.row, "rows were sorted under a write; a cell is put back with the next one");
            let Some((columns, _)) = layouts.get(&cell.tab) else { continue };
            let stock = self.sheet.tab(&cell.tab).into_iter().flat_map(|mapping| &mapping.stock);
            let pool =
                stock.filter(|(_, header)| columns.get(header) == Some(cell.column)).map(|(pool, _)| pool).next();
            let (Some(pool), Some(sku), Cell::Number(value)) = (pool, &cell.sku, &cell.wrote) else { continue };
            let is_count = self.sheet.tab(&cell.tab).is_some_and(|mapping| mapping.counted.contains(pool));
            let meaning = if is_count { Meaning::Count } else { Meaning::Edit };
            let had = if let Some(Cell::Number(had)) = &cell.had { Some(*had as i64) } else { None };
            let had = had.map(|value| {
                let astray = lost.iter().find(|lost| lost.is_elsewhere_as(sku, pool, value));
                Had { value, meaning, astray: astray.map(|lost| lost.intent.clone()) }
            });
            let (now, stale_for) = (clock::now(), self.timing.sheet_stale_for);
            let put_back = (cell.doubtful && !planted!(LostPutBackIsNotDone)).then(clock::fresh_key);
            let input = Input::Overwrote { value: *value as i64, had, put_back, now, stale_for };
            requests.push(StockRequest { sku: sku.clone(), pool: pool.clone(), input });
            hints.push((sku.to_string(), Want::STOCK, clock::now()));
        }
        if !requests.is_empty() {
            let peers: Vec<String> = self.shop_names().into_iter().chain([SHEET.to_owned()]).collect();
            let changes = self.ledger.stock(SHEET, requests, &peers, clock::now()).await?;
            self.ledger.hint(SHEET, &hints).await?;
            self.wake_for(&changes);
            let is_sent = |change: &&StockChange| change.effects.iter().any(|effect| matches!(effect, Effect::Send(_)));
            for change in changes.iter().filter(is_sent) {
                let sku = std::slice::from_ref(&change.sku);
                self.ledger.mark_unknown(SHEET, &change.pool, sku, Some(clock::now())).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn settle_cells(&self, settled: Vec<(Sku, Pool, Settled)>) -> Result<(), PassError> {
        if settled.is_empty() {
            return Ok(());
        }
        let (now, stale_for) = (clock::now(), self.timing.sheet_stale_for);
        let request =
            |(sku, pool, settled)| StockRequest { sku, pool, input: Input::Settle { settled, now, stale_for } };
        self.ledger.stock(SHEET, settled.into_iter().map(request).collect(), &[], now).await?;
        Ok(())
    }

    /// Writes whose answer was lost and whose value a look showed, weighed as any reading is: what stood there a moment before
    /// decides nothing. Returns those that stay open.
    pub(super) async fn weigh(&self, found: Vec<(Sku, Pool, Cell)>, at: Time) -> Result<Vec<(Sku, Pool)>, PassError> {
        let (stale_for, late_for) = (self.timing.sheet_stale_for, self.timing.late_for);
        let request = |(sku, pool, value): (Sku, Pool, Cell)| {
            let Cell::Number(value) = value else { return None };
            // Nothing is left to fold where it decides, so that it does not matter what a person's number would mean.
            let (reading, meaning) = (Reading::exact(value as i64, at), Meaning::Edit);
            Some(StockRequest { sku, pool, input: Input::Read { reading, meaning, stale_for, late_for } })
        };
        let requests: Vec<StockRequest> = found.into_iter().filter_map(request).collect();
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let changes = self.ledger.stock(SHEET, requests, &[], clock::now()).await?;
        let open: Vec<_> = changes
            .into_iter()
            .filter(|change| change.effects.contains(&Effect::LookAgain))
            .map(|change| (change.sku, change.pool))
            .collect();
        if !open.is_empty() {
            self.distrust_sheet();
        }
        Ok(open)
    }

    /// The answer to this write of a stock cell was lost: see [`LostLately`](super::lost::LostLately).
    pub(super) fn remember_lost(&self, sku: &Sku, pool: &Pool, intent: Intent) {
        let lost = OpenIntent { sku: sku.clone(), pool: pool.clone(), intent, unknown: true };
        if !planted!(LostAtOnce) {
            lock(&self.lost_lately).add(lost, clock::now());
        }
    }

    /// The same for a cell that was put back.
    pub(super) fn remember_lost_put_back(&self, lost: &PutBack, recorded: Time) {
        let (Some(pool), Cell::Number(ours), Cell::Number(value)) = (self.pool_of(lost), &lost.ours, &lost.value)
        else {
            return;
        };
        let (expected, delta) = (*ours as i64, *value as i64 - *ours as i64);
        self.remember_lost(&lost.sku, pool, Intent { expected, delta, key: String::new(), recorded });
    }

    fn pool_of(&self, cell: &PutBack) -> Option<&Pool> {
        let mut stock = self.sheet.tab(&cell.tab)?.stock.iter();
        stock.find(|(_, header)| *header == cell.header).map(|(pool, _)| pool)
    }

    /// Stock cells do not show any more what a write had hit them with.
    async fn note_restored(&self, restored: &[PutBack]) -> Result<(), PassError> {
        let (now, stale_for) = (clock::now(), self.timing.sheet_stale_for);
        let request = |cell: &PutBack| {
            let (Some(pool), Cell::Number(value)) = (self.pool_of(cell), &cell.ours) else { return None };
            let input = Input::Restored { value: *value as i64, now, stale_for };
            Some(StockRequest { sku: cell.sku.clone(), pool: pool.clone(), input })
        };
        let requests: Vec<StockRequest> = restored.iter().filter_map(request).collect();
        if !requests.is_empty() {
            self.ledger.stock(SHEET, requests, &[], now).await?;
        }
        Ok(())
    }

    /// Rows that a lost write may have hit, where nobody can tell: they have to say so.
    pub(super) async fn doubt_rows(&self, doubted: &BTreeMap<Sku, (i64, i64)>) -> Result<(), PassError> {
        for (sku, (before, written)) in doubted {
            let reason = format!(
                "rows were sorted under a write whose answer was lost, and nothing tells whether {before} or {written} is \
                 right here: please count"
            );
            self.meters.doubted(SHEET);
            self.ledger.bury(&DeadLetter::doubt(SHEET, sku.as_str(), None, &reason, clock::now())).await?;
            self.ledger.hint(SHEET, &[(sku.to_string(), Want::CONTENT, clock::now())]).await?;
        }
        Ok(())
    }

    /// Stock cells that will never be written as they are: their rows have to say so.
    pub(super) async fn bury_stuck(&self, stuck: Vec<(Sku, String, Stuck)>) -> Result<(), PassError> {
        // One letter for all of a row: two would take each other's place for ever.
        let mut letters: BTreeMap<Sku, (&str, Vec<String>)> = BTreeMap::new();
        for (sku, header, why) in stuck {
            let (code, reason) = match why {
                Stuck::Formula if planted!(FormulaUnsaid) => continue,
                Stuck::Formula => (
                    "formula",
                    format!(
                        "column \"{header}\" holds a formula, which shelfd does not write over; type a number there"
                    ),
                ),
                Stuck::Refused(words) => (
                    "refused",
                    format!("Google does not let shelfd write column \"{header}\" here ({words}); is it protected?"),
                ),
            };
            letters.entry(sku).or_insert((code, Vec::new())).1.push(reason);
        }
        for (sku, (code, reasons)) in letters {
            self.bury_stock(&sku, code, reasons.join("; ")).await?;
        }
        Ok(())
    }

    async fn bury_stock(&self, sku: &Sku, code: &str, reason: String) -> Result<(), PassError> {
        let letter = DeadLetter {
            id: 0,
            endpoint: SHEET.to_owned(),
            sku: sku.to_string(),
            what: "stock".to_owned(),
            code: code.to_owned(),
            reason,
            row_hash: String::new(),
            attempts: 1,
            at: clock::now(),
        };
        // Said once: the hint below makes another flush, which finds the same again.
        let is_said = |other: &DeadLetter| {
            (&other.endpoint, &other.sku, &other.what, &other.reason)
                == (&letter.endpoint, &letter.sku, &letter.what, &letter.reason)
        };
        if self.ledger.dead_letters().await?.iter().any(is_said) {
            return Ok(());
        }
        self.ledger.bury(&letter).await?;
        Ok(self.ledger.hint(SHEET, &[(sku.to_string(), Want::CONTENT, clock::now())]).await?)
    }
}

/// Why a stock cell is never written as it is.
pub(super) enum Stuck {
    /// It holds a formula.
    Formula,
    /// Google refuses, in these words.
    Refused(String),
}

pub(super) fn why_stuck(outcome: &CellOutcome) -> Option<Stuck> {
    match outcome {
        CellOutcome::Formula { .. } => Some(Stuck::Formula),
        CellOutcome::NotSent(SheetError::Refused(words)) => Some(Stuck::Refused(words.clone())),
        _ => None,
    }
}
