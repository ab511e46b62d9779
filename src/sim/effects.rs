//! Every point where the program changes something outside itself, or asks. A run can be stopped at any of them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use crate::db::{Gate, Pass};

/// What happens at an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// The program is killed just before it.
    Before,
    /// The program is killed just after it: done, and nobody knows.
    After,
    /// It is done, and its answer is lost; the program lives on.
    Lost,
    /// It is not done, and says so; the program lives on. Only the ledger does so here.
    Failed,
}

impl Moment {
    /// Is the program killed?
    fn kills(self) -> bool {
        matches!(self, Self::Before | Self::After)
    }
}

/// Something planned at the n-th effect of a run, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stop {
    /// Which effect.
    pub effect: u64,
    /// What happens there.
    pub moment: Moment,
}

/// Counts effects, hashes them to a trace, and carries out the stops.
#[derive(Debug)]
pub struct Effects(Mutex<State>);

#[derive(Debug)]
struct State {
    seen: u64,
    stops: Vec<Stop>,
    dead: bool,
    trace: u64,
}

/// FNV-1a's offset and prime.
const TRACE_START: u64 = 0xcbf2_9ce4_8422_2325;
const TRACE_PRIME: u64 = 0x0000_0100_0000_01b3;

impl Effects {
    /// With stops planned.
    pub fn new(stops: &[Stop]) -> Self {
        let stops = stops.to_vec();
        Self(Mutex::new(State { seen: 0, stops, dead: false, trace: TRACE_START }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Effects so far.
    pub fn seen(&self) -> u64 {
        self.state().seen
    }

    /// A hash over all effects and everything noted, in order.
    pub fn trace(&self) -> u64 {
        self.state().trace
    }

    /// The program was killed; its tasks must not be polled again.
    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// It is started again.
    pub fn revive(&self) {
        self.state().dead = false;
    }

    /// Add to the trace.
    pub fn note(&self, what: &str, number: i64) {
        let mut state = self.state();
        for byte in what.bytes().chain(number.to_le_bytes()) {
            state.trace = (state.trace ^ u64::from(byte)).wrapping_mul(TRACE_PRIME);
        }
    }

    fn dies(&self, moment: Moment) -> bool {
        let state = &mut *self.state();
        let Some(at) = state.stops.iter().position(|stop| stop.effect == state.seen && stop.moment == moment) else {
            return false;
        };
        state.stops.remove(at);
        state.dead |= moment.kills();
        true
    }

    /// Before an effect. Others go on meanwhile; never returns when the program is killed here.
    pub async fn begin(&self, what: &str) {
        breathe().await;
        self.note(what, 0);
        self.state().seen += 1;
        if self.dies(Moment::Before) {
            std::future::pending().await
        }
    }

    /// After it. False when its answer is lost; never returns when the program is killed here.
    pub async fn end(&self) -> bool {
        if self.dies(Moment::After) {
            std::future::pending().await
        }
        !self.dies(Moment::Lost)
    }
}

/// Let the others have a turn.
pub async fn breathe() {
    let mut had = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut had, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[async_trait::async_trait]
impl Gate for Effects {
    async fn before(&self, name: &'static str) -> Pass {
        self.begin(name).await;
        if self.dies(Moment::Failed) { Pass::Fail } else { Pass::Go }
    }

    async fn after(&self, _: &'static str) -> Pass {
        if self.end().await { Pass::Go } else { Pass::Fail }
    }

    async fn reading(&self, _: &'static str) -> Pass {
        Pass::Go
    }
}
