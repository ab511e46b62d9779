//! Observe the sheet and fold what people changed into the ledger.

use std::collections::{BTreeMap, BTreeSet};

use super::counters::sold_of;
use super::shown::{Shown, note_shown};
use super::{BySku, Engine, PassError, Tally, lock, movements};
use crate::catalog::{Pool, Problem, Row, Sku, parse_tab};
use crate::clock::{self, Time};
use crate::db::{AcceptedRows, OpenIntent, RowRecord, SHEET, StockRequest, Want};
use crate::plan::guard_sheet;
use crate::planted;
use crate::sheet::SheetError;
use crate::sheet::reader::{SheetRead, read_tabs};
use crate::stock::{Effect, Input, Reading, Rule};

/// A read whose file changed under it is repeated so often, then taken as partial.
const READ_TRIES: u32 = 2;
/// How the sheet is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadManner {
    /// If its file version says that it changed; stock that has to be written meanwhile is.
    Probe,
    /// Whatever its version says, and nothing beside it.
    Full,
}

/// Known rows that a read did not hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Unseen {
    pub skus: BTreeSet<Sku>,
    /// The read was not complete: they may be there all the same.
    pub doubtful: bool,
    /// The read was taken in already; this is about rows of it that had to settle.
    pub taken_in: bool,
}

/// The sheet as one read gives it, typed.
pub(super) struct Parsed {
    pub rows: Vec<Row>,
    pub quarantined: BTreeSet<Sku>,
    pub problems: Vec<Problem>,
    pub tab_problems: Vec<String>,
    pub shown: Shown,
}

impl Engine {
    /// Read the sheet, and accept what has settled.
    ///
    /// # Errors
    /// When Google or the ledger fails, or a guard stops everything.
    pub async fn read_sheet(&self, manner: ReadManner) -> Result<Tally, PassError> {
        let (known, began) = {
            let shown = lock(&self.shown);
            (shown.version.filter(|_| manner == ReadManner::Probe), shown.writes)
        };
        let (at, read) = match manner {
            ReadManner::Full => self.fetch(known).await?,
            ReadManner::Probe => self.fetch_beside_stock(known).await?,
        };
        let Some(read) = read else {
            let now = clock::now();
            let ripe = lock(&self.settler).ripe(now);
            // A row that came with another SKU is known by the one that went, in the same read.
            let mut unseen = Unseen { taken_in: true, ..lock(&self.shown).unseen.clone() };
            unseen.skus.retain(|_| !planted!(UnseenForgotten));
            let tally = self.accept(ripe, Vec::new(), unseen).await?;
            self.forget_lost(at);
            return Ok(tally);
        };
        let complete = read.complete;
        let version = read.version;
        let mut parsed = self.parse(read);
        self.set_touched_aside(&mut parsed, began);
        let known = self.ledger.rows().await?;
        if parsed.tab_problems.is_empty() && complete {
            let guarded = guard_sheet(parsed.rows.len() + parsed.quarantined.len(), known.len());
            *lock(&self.halt) = guarded.as_ref().err().map(ToString::to_string);
            guarded?;
        }
        for problem in &parsed.tab_problems {
            tracing::error!("{problem}");
        }
        let (changed, moved, unseen) = self.compare(&parsed, &known, complete).await?;
        let settled = lock(&self.settler).sort(changed, at).into_iter().map(|row| (row, at)).collect();
        let weighed = lock(&self.shown).weighed;
        let mut shown = parsed.shown;
        let whole = complete && shown.touched.is_empty() && shown.spoiled <= began;
        shown.weighed = if whole { Some(version) } else { weighed };
        shown.version = whole.then_some(version);
        shown.problems = parsed.problems;
        shown.doubled = parsed.quarantined;
        shown.tab_problems = parsed.tab_problems;
        shown.unseen = unseen.clone();
        *lock(&self.shown) = shown;
        let tally = self.accept(settled, moved, unseen).await?;
        if whole {
            self.forget_lost(at);
        }
        if whole && weighed != Some(version) {
            self.hint_at_due(&parsed.rows).await?;
        }
        Ok(tally)
    }

    /// Cells that show what is accounted for and not what they should: their write found something else there (a person's
    /// number, the row twice), and what it found has gone again without a movement. Once for each version of the file,
    /// because a write that is refused anew (a formula) must not follow itself for ever. Counters by what they show. And rows
    /// that say what is wrong with them although nothing is, as far as the sheet goes.
    async fn hint_at_due(&self, rows: &[Row]) -> Result<(), PassError> {
        let standings = self.ledger.standings(SHEET).await?;
        let of = |row: &Row, pool: &Pool| standings.get(&(row.sku.clone(), pool.clone())).copied().unwrap_or_default();
        let is_due = |row: &&Row| {
            let mapping = self.sheet.tab(&row.tab);
            mapping.into_iter().flat_map(|mapping| &mapping.stock).any(|(pool, _)| {
                let standing = of(row, pool);
                if mapping.is_some_and(|mapping| mapping.sold_of(pool).is_some()) {
                    let sold = sold_of(&standing);
                    return sold.is_some() && sold.as_ref() != row.sold.get(pool) && !planted!(CounterUnwatched);
                }
                let is_shown = standing.accounted.is_some() && standing.accounted.as_ref() == row.stock.get(pool);
                is_shown && !standing.open && standing.is_due(Rule::Mirror)
            })
        };
        let hint = |want: Want| move |row: &Row| (row.sku.to_string(), want, clock::now());
        let due = rows.iter().filter(is_due).map(hint(Want::STOCK));
        let blamed = {
            let shown = lock(&self.shown);
            let is_blamed = |row: &&Row| {
                row.problems.is_empty() && shown.status.get(&row.sku).is_some_and(|it| !it.error.is_empty())
            };
            rows.iter().filter(is_blamed).map(hint(Want::CONTENT)).collect::<Vec<_>>()
        };
        let hints: Vec<_> = due.chain(blamed).collect();
        Ok(self.ledger.hint(SHEET, &hints).await?)
    }

    /// The sheet, unless it still has the known version; and a moment before anything of it was read.
    async fn fetch(&self, known: Option<i64>) -> Result<(Time, Option<SheetRead>), PassError> {
        let version = self.book.version().await?;
        let at = clock::now();
        if known == Some(version) {
            return Ok((at, None));
        }
        let tabs = &self.sheet.tabs;
        let read = read_tabs(self.book.as_ref(), tabs, self.sheet.block_rows, READ_TRIES, Some(version)).await?;
        Ok((at, Some(read)))
    }

    /// Fetch, and meanwhile write what stock is due: a sale does not wait for a read of three to five calls. A flush that
    /// has begun is waited for.
    async fn fetch_beside_stock(&self, known: Option<i64>) -> Result<(Time, Option<SheetRead>), PassError> {
        let mut fetch = std::pin::pin!(self.fetch(known));
        let mut fetched = None;
        while fetched.is_none() {
            tokio::select! {
                biased;
                read = &mut fetch => fetched = Some(read),
                () = self.stock_waits() => {
                    let mut flush = std::pin::pin!(self.flush_sheet("hints"));
                    loop {
                        tokio::select! {
                            biased;
                            // What Google did not take is recorded and due again later; a failing ledger stops all.
                            flushed = &mut flush => match flushed {
                                Err(error @ PassError::Db(_)) => return Err(error),
                                Ok(_) | Err(_) => break,
                            },
                            read = &mut fetch, if fetched.is_none() => fetched = Some(read),
                        }
                    }
                }
            }
        }
        fetched.unwrap_or_else(|| Err(SheetError::Unsettled.into()))
    }

    /// Ends when stock has to be written to the sheet.
    async fn stock_waits(&self) {
        if self.halted().is_some() || lock(&self.shown).layouts.is_empty() {
            return std::future::pending().await;
        }
        while !self.ledger.stock_is_due(SHEET, clock::now()).await.unwrap_or(false) {
            self.wakes.wait(SHEET).await;
        }
    }

    pub(super) fn parse(&self, read: SheetRead) -> Parsed {
        let mut parsed = Parsed {
            rows: Vec::new(),
            quarantined: BTreeSet::new(),
            problems: Vec::new(),
            tab_problems: Vec::new(),
            shown: Shown { locale: read.locale, ..Shown::default() },
        };
        for tab in read.tabs {
            let Some(mapping) = self.sheet.tab(&tab.tab) else { continue };
            match tab.content {
                Ok((columns, raw)) => {
                    parsed.shown.layouts.insert(tab.tab.clone(), (columns, tab.rows));
                    let typed = parse_tab(mapping, read.locale, self.sheet.decimals, &raw);
                    note_shown(&mut parsed.shown, mapping, &typed, &raw);
                    parsed.quarantined.extend(typed.quarantined);
                    parsed.problems.extend(typed.problems);
                    parsed.rows.extend(typed.rows);
                }
                Err(problems) => parsed.tab_problems.extend(problems.iter().map(ToString::to_string)),
            }
        }
        quarantine_across_tabs(&mut parsed);
        parsed
    }

    /// Sort a read against the ledger: rows that changed, rows that only moved, rows that are gone.
    async fn compare(
        &self,
        parsed: &Parsed,
        known: &BySku<RowRecord>,
        complete: bool,
    ) -> Result<(Vec<Row>, Vec<(Sku, String, u32)>, Unseen), PassError> {
        let standings = self.ledger.standings(SHEET).await?;
        let stock_differs = |row: &Row| {
            row.stock.iter().any(|(pool, value)| {
                let standing = standings.get(&(row.sku.clone(), pool.clone())).copied().unwrap_or_default();
                standing.accounted != Some(*value) || standing.open
            })
        };
        let mut changed = Vec::new();
        let mut moved = Vec::new();
        for row in &parsed.rows {
            let record = known.get(&row.sku);
            if record.is_none_or(|record| {
                record.hash != row.hash() || record.missing > 0 || record.row.problems != row.problems
            }) || stock_differs(row)
            {
                changed.push(row.clone());
            }
            if record.is_some_and(|record| (&record.row.tab, record.row.row) != (&row.tab, row.row)) {
                moved.push((row.sku.clone(), row.tab.clone(), row.row));
            }
        }
        let here: BTreeSet<&Sku> = parsed.rows.iter().map(|row| &row.sku).chain(&parsed.quarantined).collect();
        let skus = known.keys().filter(|sku| !here.contains(sku)).cloned().collect();
        Ok((changed, moved, Unseen { skus, doubtful: !complete || !parsed.tab_problems.is_empty(), taken_in: false }))
    }

    /// Take in what a read brought. Where that fails, the next read brings it again.
    async fn accept(
        &self,
        rows: Vec<(Row, Time)>,
        moved: Vec<(Sku, String, u32)>,
        unseen: Unseen,
    ) -> Result<Tally, PassError> {
        let accepted = self.accept_all(rows, moved, unseen).await;
        if accepted.is_err() && !planted!(FailureForgotten) {
            self.distrust_sheet();
        }
        accepted
    }

    async fn accept_all(
        &self,
        rows: Vec<(Row, Time)>,
        moved: Vec<(Sku, String, u32)>,
        unseen: Unseen,
    ) -> Result<Tally, PassError> {
        if rows.is_empty() && moved.is_empty() && (unseen.skus.is_empty() || unseen.taken_in) {
            return Ok(Tally::default());
        }
        let rows = self.follow_renames(rows, &unseen).await?;
        let missing = if unseen.doubtful || unseen.taken_in { Vec::new() } else { unseen.skus.into_iter().collect() };
        let (stale_for, late_for) = (self.timing.sheet_stale_for, self.timing.late_for);
        let (lost, found) = self.open_writes(&rows).await?;
        let rows = self.hold_back(rows, &lost);
        let standings = if found.is_empty() { BTreeMap::new() } else { self.ledger.standings(SHEET).await? };
        let lost: Vec<OpenIntent> = lost.into_iter().chain(lock(&self.lost_lately).all()).collect();
        let request = |row: &Row, at: Time, pool: &String, value: i64| {
            let (reading, meaning) = (Reading::exact(value, at), self.sheet.meaning(row, pool));
            let is_like_it = |lost: &&OpenIntent| lost.is_elsewhere_as(&row.sku, pool, value);
            let may_have_hit = |found: &&OpenIntent| {
                let standing = standings.get(&(row.sku.clone(), pool.clone()));
                is_like_it(found) && standing.is_some_and(|known| known.accounted == Some(found.intent.expected))
            };
            let input = match lost.iter().find(is_like_it).or_else(|| found.iter().find(may_have_hit)) {
                Some(lost) => Input::Astray { reading, meaning, of: lost.intent.clone(), stale_for, late_for },
                None => Input::Read { reading, meaning, stale_for, late_for },
            };
            StockRequest { sku: row.sku.clone(), pool: pool.clone(), input }
        };
        let stock: Vec<StockRequest> = rows
            .iter()
            .flat_map(|(row, at)| row.stock.iter().map(|(pool, value)| request(row, *at, pool, *value)))
            .collect();
        let skus: Vec<Sku> = rows.iter().map(|(row, _)| row.sku.clone()).collect();
        let known = self.ledger.rows_of(&skus).await?;
        let is_new = |row: &Row| {
            known
                .get(&row.sku)
                .is_none_or(|old| old.hash != row.hash() || old.missing > 0 || old.row.problems != row.problems)
        };
        let looked_at = rows.len() as u64;
        let accepted = AcceptedRows {
            changed: rows.into_iter().map(|(row, _)| row).filter(is_new).collect(),
            moved,
            missing,
            stock,
        };
        let mut peers: Vec<String> = self.shop_names();
        peers.push(SHEET.to_owned());
        let changes = self.ledger.accept_rows(accepted, &self.shop_names(), &peers, clock::now()).await?;
        for change in &changes {
            for effect in &change.effects {
                match effect {
                    Effect::Resolved { intent, .. } => self.remember_lost(&change.sku, &change.pool, intent.clone()),
                    Effect::LookAgain => self.distrust_sheet(),
                    Effect::Moved { units, .. } => self.meters.moved(SHEET, *units),
                    Effect::Doubt(_) | Effect::Astray(_) => self.meters.doubted(SHEET),
                    _ => {}
                }
            }
        }
        self.wakes.wake_all();
        Ok(Tally { looked_at, moved: movements(&changes), ..Tally::default() })
    }

    /// While a number that a lost write may have put into another row waits to settle, that write's own row does not decide its
    /// fate: it is all that tells whose number it may be.
    fn hold_back(&self, rows: Vec<(Row, Time)>, lost: &[OpenIntent]) -> Vec<(Row, Time)> {
        let settler = &mut *lock(&self.settler);
        let has_its_own = |sku: &Sku| lost.iter().any(|lost| lost.sku == *sku);
        let is_held = |(row, _): &(Row, Time)| {
            let mut its = lost.iter().filter(|lost| lost.sku == row.sku);
            its.any(|lost| {
                settler.shows(&lost.pool, lost.intent.expected + lost.intent.delta, clock::now(), has_its_own)
            })
        };
        let (held, rows) = rows.into_iter().partition(is_held);
        settler.wait_longer(held, clock::now());
        rows
    }

    /// All that the sheet showed at this time has been taken in, but for what waits.
    fn forget_lost(&self, read: Time) {
        let settler = &*lock(&self.settler);
        let waits = |lost: &OpenIntent| {
            settler.shows(&lost.pool, lost.intent.expected + lost.intent.delta, clock::now(), |sku| *sku == lost.sku)
        };
        lock(&self.lost_lately).forget(read, self.timing.sheet_stale_for.max(self.timing.late_for), waits);
    }

    /// Writes to the sheet whose fate is open: those that do not show where they belong, so that they may have hit other rows; and
    /// those that do, which may have hit another one all the same, since a lost write is sent again after a look that may be stale.
    async fn open_writes(&self, rows: &[(Row, Time)]) -> Result<(Vec<OpenIntent>, Vec<OpenIntent>), PassError> {
        let open = self.ledger.open_intents(SHEET).await?;
        let is_elsewhere = |open: &OpenIntent| {
            let row = rows.iter().find(|(row, _)| row.sku == open.sku);
            let shown = row.and_then(|(row, _)| row.stock.get(&open.pool));
            shown != Some(&(open.intent.expected + open.intent.delta))
        };
        let (lost, mut found): (Vec<_>, Vec<_>) = open.into_iter().partition(is_elsewhere);
        found.retain(|_| !planted!(FoundIsNowhereElse));
        Ok((lost, found))
    }

    /// Problems that the last read of the sheet found: tabs first, then rows.
    pub fn sheet_problems(&self) -> (Vec<String>, Vec<Problem>) {
        let shown = lock(&self.shown);
        (shown.tab_problems.clone(), shown.problems.clone())
    }
}

/// A SKU is unique over all tabs: two tabs that name it would be two masters of one stock.
fn quarantine_across_tabs(parsed: &mut Parsed) {
    let mut places: BTreeMap<Sku, Vec<(String, u32)>> = BTreeMap::new();
    for row in &parsed.rows {
        places.entry(row.sku.clone()).or_default().push((row.tab.clone(), row.row));
    }
    places.retain(|sku, places| places.len() > 1 || parsed.quarantined.contains(sku));
    parsed.rows.retain(|row| !places.contains_key(&row.sku));
    for (sku, places) in places {
        let shown = parsed.shown.status.remove(&sku).unwrap_or_default();
        for (tab, row) in places {
            parsed.shown.status_by_place.insert((tab.clone(), row), shown.clone());
            parsed.shown.key_by_place.insert((tab.clone(), row), Some(sku.clone()));
            let words = format!("key \"{sku}\" is also in another tab");
            parsed.problems.push(Problem { tab, row, column: String::new(), words, whole_row: true });
        }
        parsed.quarantined.insert(sku);
    }
}
