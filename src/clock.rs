//! The only place that reads the time, waits, or draws a random number. A simulation puts its own time and chance in their
//! place, for the thread it runs on.

use std::cell::RefCell;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// A point in time, UTC. Times become UTC here, at the edge, and stay so.
pub type Time = DateTime<Utc>;

thread_local! {
    static SIMULATED: RefCell<Option<Simulated>> = const { RefCell::new(None) };
}

struct Simulated {
    now: Time,
    drawn: u64,
}

/// Simulated time on this thread, until dropped. It stands still unless moved, and chance is a count.
#[derive(Debug)]
pub struct Simulation {
    owner: bool,
}

impl Simulation {
    /// Take over this thread's clock. Keys and chance are counted from `drawn` on.
    pub fn start(now: Time, drawn: u64) -> Self {
        SIMULATED.set(Some(Simulated { now, drawn }));
        Self { owner: true }
    }

    /// Another handle to the same time, which must not outlive this one.
    pub fn same(&self) -> Self {
        Self { owner: false }
    }

    /// Let time pass.
    pub fn advance(&self, by: Duration) {
        SIMULATED.with_borrow_mut(|simulated| {
            if let Some(simulated) = simulated {
                simulated.now += by;
            }
        });
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        if self.owner {
            SIMULATED.set(None);
        }
    }
}

fn draw() -> Option<u64> {
    SIMULATED.with_borrow_mut(|simulated| {
        let simulated = simulated.as_mut()?;
        simulated.drawn += 1;
        Some(simulated.drawn)
    })
}

/// The current time.
#[expect(clippy::disallowed_methods, reason = "this is the clock's one home")]
pub fn now() -> Time {
    SIMULATED.with_borrow(|simulated| simulated.as_ref().map(|simulated| simulated.now)).unwrap_or_else(Utc::now)
}

/// Wait.
pub async fn sleep(pause: Duration) {
    let until = now() + pause;
    if SIMULATED.with_borrow(Option::is_none) {
        return tokio::time::sleep(pause).await;
    }
    std::future::poll_fn(|_| if now() >= until { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }).await
}

/// A fresh idempotency key (UUID v4).
#[expect(clippy::disallowed_methods, reason = "this is randomness' one home")]
pub fn fresh_key() -> String {
    draw().map_or_else(|| uuid::Uuid::new_v4().to_string(), |drawn| format!("key-{drawn}"))
}

/// A number in `0.0..1.0`, for backoff jitter.
#[expect(clippy::disallowed_methods, reason = "this is randomness' one home")]
pub fn jitter() -> f64 {
    draw().map_or_else(rand::random::<f64>, |drawn| (drawn % 97) as f64 / 97.0)
}
