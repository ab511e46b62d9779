//! The contract that every ledger keeps.

mod gates;
mod generate;
mod identity;
mod named;
mod twins;

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tempfile::TempDir;

use super::{Ledger, MemoryLedger, SqliteLedger};
use crate::clock::Time;

/// Where one ledger lives, so that it can be closed and opened again.
struct Home {
    dir: TempDir,
    memory: Option<MemoryLedger>,
}

impl Home {
    async fn open(&self) -> Arc<dyn Ledger> {
        match &self.memory {
            Some(memory) => Arc::new(memory.clone()),
            None => Arc::new(SqliteLedger::open(&self.dir.path().join("shelfd.db")).await.unwrap()),
        }
    }
}

/// Hold every kind of ledger to a part of the contract.
async fn hold(part: impl AsyncFn(&Home)) {
    for memory in [None, Some(MemoryLedger::new())] {
        part(&Home { dir: TempDir::new().unwrap(), memory }).await;
    }
}

type Run = Box<dyn for<'a> Fn(&'a dyn Ledger) -> BoxFuture<'a, String> + Send + Sync>;

/// One call of one method, to be made at several ledgers.
struct Call {
    /// Method and arguments.
    text: String,
    run: Run,
}

/// `call!(arguments => method(how they are passed))`
macro_rules! call {
    ($($arg:ident),* => $method:ident($($pass:expr),*)) => {{
        let text = format!("{}{:?}", stringify!($method), ($(&$arg,)*));
        $(let $arg = Clone::clone(&$arg);)*
        let run: crate::db::contract::Run = Box::new(move |ledger| {
            $(let $arg = Clone::clone(&$arg);)*
            futures::FutureExt::boxed(async move { format!("{:?}", ledger.$method($($pass),*).await) })
        });
        crate::db::contract::Call { text, run }
    }};
}
use call;

/// A point in time, by milliseconds.
fn at(millis: i64) -> Time {
    super::time(1_800_000_000_000 + millis)
}

/// What a ledger in memory says; it never waits.
fn peek<T>(reading: impl Future<Output = super::Result<T>>) -> T {
    reading.now_or_never().unwrap().unwrap()
}
