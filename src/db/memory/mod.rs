//! The ledger in memory: the same transactions on ordinary maps. For simulations, which run many histories in little
//! time: no I/O, no clock, no randomness, and the same order of everything at every run.

mod content;
mod dump;
mod gate;
mod hints;
mod identity;
mod inbox;
mod ledger;
mod renames;
mod report;
mod stock;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::hints::KeptHint;
use super::orders::KeptShare;
use super::{
    AuditLine, DbError, DeadLetter, Delivery, ListingRecord, MovementLine, Result, RowRecord, RunRecord, TERM,
    hold_term, next_term,
};
use crate::catalog::{Pool, Sku};
use crate::clock::Time;
use crate::stock::{Intent, Side};
pub use gate::{Gate, Pass};

/// The ledger in memory. A clone is another handle to the same state, which lives as long as any of them: what is
/// durable here outlives the engine that wrote it.
#[derive(Clone, Default)]
pub struct MemoryLedger {
    state: Arc<Mutex<State>>,
    gate: Option<Arc<dyn Gate>>,
    /// The term under which this handle writes, where it holds the lease.
    term: Option<i64>,
}

impl MemoryLedger {
    /// An empty ledger without a gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// A handle to the same state whose transactions and readings go through a gate.
    #[must_use]
    pub fn gated(&self, gate: Arc<dyn Gate>) -> Self {
        Self { state: Arc::clone(&self.state), gate: Some(gate), term: self.term }
    }

    /// A handle to the same state without a gate.
    #[must_use]
    pub fn ungated(&self) -> Self {
        Self { state: Arc::clone(&self.state), gate: None, term: None }
    }

    /// Take the lease: every other handle that holds one is fenced off from here on.
    #[must_use]
    pub fn take_lease(&self) -> Self {
        let mut state = self.lock();
        let term = next_term(state.fact(TERM).as_deref());
        state.set_fact(TERM, &term.to_string());
        Self { state: Arc::clone(&self.state), gate: self.gate.clone(), term: Some(term) }
    }

    /// A ledger of its own that holds the same.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { state: Arc::new(Mutex::new(self.lock().clone())), gate: None, term: None }
    }

    /// Everything in it as text, one line per fact, table by table. Two ledgers that hold the same say the same.
    pub fn dump(&self) -> String {
        dump::dump(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every transaction goes through here. It happens between the gate's two words, or not at all.
    async fn commit<T>(&self, name: &'static str, transaction: impl FnOnce(&mut State) -> T + Send) -> Result<T> {
        if let Some(gate) = &self.gate
            && gate.before(name).await == Pass::Fail
        {
            return Err(DbError::Unavailable(name));
        }
        let done = {
            let mut state = self.lock();
            if self.term.is_some() {
                hold_term(self.term, state.facts.get(TERM).map(String::as_str))?;
            }
            transaction(&mut state)
        };
        if let Some(gate) = &self.gate
            && gate.after(name).await == Pass::Fail
        {
            return Err(DbError::Unavailable(name));
        }
        Ok(done)
    }

    /// Every reading goes through here.
    async fn read<T>(&self, name: &'static str, reading: impl FnOnce(&State) -> T + Send) -> Result<T> {
        if let Some(gate) = &self.gate
            && gate.reading(name).await == Pass::Fail
        {
            return Err(DbError::Unavailable(name));
        }
        Ok(reading(&self.lock()))
    }
}

/// Everything that is durable. Times are kept as the ledger on disk keeps them.
#[derive(Debug, Clone, Default)]
struct State {
    facts: BTreeMap<String, String>,
    rows: BTreeMap<Sku, KeptRow>,
    pools: BTreeMap<Sku, BTreeMap<Pool, i64>>,
    endpoints: BTreeMap<String, Endpoint>,
    /// Ids count from 1, in this order; so they do in `intents` and `audit`.
    movements: Vec<MovementLine>,
    /// The latest movement of each SKU.
    moved_at: BTreeMap<Sku, Time>,
    intents: Vec<KeptIntent>,
    inbox: BTreeMap<i64, KeptDelivery>,
    letters: BTreeMap<i64, DeadLetter>,
    runs: BTreeMap<i64, RunRecord>,
    audit: Vec<AuditLine>,
    /// Former SKUs and what they are called now.
    former: BTreeMap<Sku, Sku>,
}

/// What is kept for one endpoint.
#[derive(Debug, Clone, Default)]
struct Endpoint {
    hints: BTreeMap<String, KeptHint>,
    listings: BTreeMap<Sku, KeptListing>,
    sides: BTreeMap<Sku, BTreeMap<Pool, KeptSide>>,
    /// By order, then by line.
    shares: BTreeMap<String, BTreeMap<String, (Sku, KeptShare)>>,
    /// Ids in the inbox, by what tells repeated deliveries.
    deliveries: BTreeMap<String, i64>,
}

#[derive(Debug, Clone)]
struct KeptRow {
    record: RowRecord,
    accepted: Time,
}

#[derive(Debug, Clone)]
struct KeptListing {
    record: ListingRecord,
    synced: Option<Time>,
}

#[derive(Debug, Clone, Default)]
struct KeptSide {
    side: Side,
    /// Index of the open intent.
    open: Option<usize>,
}

#[derive(Debug, Clone)]
struct KeptIntent {
    endpoint: String,
    sku: Sku,
    pool: Pool,
    intent: Intent,
    state: &'static str,
    settled: Option<Time>,
}

#[derive(Debug, Clone)]
struct KeptDelivery {
    delivery: Delivery,
    dedupe: String,
    received: Time,
    handled: Option<Time>,
}

impl State {
    fn endpoint(&mut self, name: &str) -> &mut Endpoint {
        self.endpoints.entry(name.to_owned()).or_default()
    }

    fn fact(&self, name: &str) -> Option<String> {
        self.facts.get(name).cloned()
    }

    fn set_fact(&mut self, name: &str, value: &str) {
        self.facts.insert(name.to_owned(), value.to_owned());
    }
}

/// The id of the next entry. As on disk, the id of a last entry that was removed is given again.
fn next_id<T>(table: &BTreeMap<i64, T>) -> i64 {
    table.last_key_value().map_or(1, |(last, _)| last + 1)
}

/// How many items a limit lets through.
fn up_to(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
