//! What a gate does to a ledger in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt as _;

use super::peek;
use crate::db::{DbError, Gate, Ledger, MemoryLedger, Pass};

/// Where the trouble is.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Before,
    After,
    Reading,
}

struct Trouble {
    at: At,
    /// Never answer, instead of failing.
    hangs: bool,
    asked: Mutex<Vec<&'static str>>,
}

impl Trouble {
    async fn answer(&self, at: At, name: &'static str) -> Pass {
        self.asked.lock().unwrap().push(name);
        match (at == self.at, self.hangs) {
            (false, _) => Pass::Go,
            (true, false) => Pass::Fail,
            (true, true) => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Gate for Trouble {
    async fn before(&self, name: &'static str) -> Pass {
        self.answer(At::Before, name).await
    }

    async fn after(&self, name: &'static str) -> Pass {
        self.answer(At::After, name).await
    }

    async fn reading(&self, name: &'static str) -> Pass {
        self.answer(At::Reading, name).await
    }
}

/// Sets a fact through a gate: whether that answered, and what is durable afterwards.
fn set(at: At, hangs: bool) -> (Option<Result<(), DbError>>, Option<String>) {
    let ledger = MemoryLedger::new();
    let gate = Arc::new(Trouble { at, hangs, asked: Mutex::default() });
    let gated = ledger.gated(gate.clone());
    let answer = gated.set_fact("name", "value").now_or_never();
    assert_eq!(gate.asked.lock().unwrap()[0], "set_fact");
    (answer, peek(ledger.fact("name")))
}

#[test]
fn a_failure_before_leaves_nothing() {
    let (answer, durable) = set(At::Before, false);
    assert!(matches!(answer, Some(Err(DbError::Unavailable("set_fact")))), "{answer:?}");
    assert_eq!(durable, None);
}

#[test]
fn a_failure_after_leaves_everything() {
    let (answer, durable) = set(At::After, false);
    assert!(matches!(answer, Some(Err(DbError::Unavailable("set_fact")))), "{answer:?}");
    assert_eq!(durable.as_deref(), Some("value"));
}

#[test]
fn a_crash_leaves_what_was_durable_then() {
    let (answer, durable) = set(At::Before, true);
    assert!(answer.is_none() && durable.is_none());
    let (answer, durable) = set(At::After, true);
    assert!(answer.is_none());
    assert_eq!(durable.as_deref(), Some("value"));
}

#[test]
fn a_reading_fails_alone() {
    let ledger = MemoryLedger::new();
    let gated = ledger.gated(Arc::new(Trouble { at: At::Reading, hangs: false, asked: Mutex::default() }));
    assert!(matches!(gated.set_fact("name", "value").now_or_never(), Some(Ok(()))));
    assert!(matches!(gated.fact("name").now_or_never(), Some(Err(DbError::Unavailable("fact")))));
    assert_eq!(peek(ledger.fact("name")).as_deref(), Some("value"));
}
