//! Reads that go on over a short trouble. Writes never come here: whether to repeat one is for the engine to decide.

use std::future::Future;
use std::time::Duration;

use super::StoreError;
use crate::clock;
use crate::retry::Verdict;

/// Tries in all.
const TRIES: u32 = 3;
/// After the first failure; four times as long after the next.
const PAUSE: Duration = Duration::from_millis(500);
/// A shop that asks for more gets its peace: the pass ends, and the next one writes its stock first.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Read, again after a lost answer, a failed connection or a 5xx, and once the shop's time is over where it asks to wait. One lost
/// call among the thousands of a large shop's listing must not throw all of them away.
///
/// # Errors
/// What the last try gave.
pub async fn patiently<T, F>(read: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for tries in 1..TRIES {
        match read().await {
            Ok(answer) => return Ok(answer),
            Err(error) => match pause(&error, tries) {
                Some(pause) => clock::sleep(pause).await,
                None => return Err(error),
            },
        }
    }
    read().await
}

fn pause(error: &StoreError, tries: u32) -> Option<Duration> {
    match error.verdict() {
        Verdict::Retry => Some(PAUSE * 4_u32.pow(tries - 1)),
        Verdict::Wait(wait) => Some(wait).filter(|wait| *wait <= WAIT_MAX),
        Verdict::Credentials | Verdict::Gone | Verdict::Refused => None,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::task::Poll;

    use super::*;

    fn lost() -> StoreError {
        StoreError::AnswerLost { shop: "eu".to_owned(), why: "cut".to_owned() }
    }

    fn wait(secs: u64) -> StoreError {
        StoreError::Throttled { shop: "eu".to_owned(), wait: Duration::from_secs(secs) }
    }

    /// Which try succeeds, if one does, when so many fail before; and how many half seconds it took.
    async fn check(failures: u32, error: StoreError, expect: Result<u32, ()>, halves: u32) {
        let clock = clock::Simulation::start(clock::Time::UNIX_EPOCH, 0);
        let calls = Cell::new(0);
        let read = || {
            calls.set(calls.get() + 1);
            let result = if calls.get() > failures { Ok(calls.get()) } else { Err(error.clone()) };
            std::future::ready(result)
        };
        let mut reading = std::pin::pin!(patiently(read));
        let mut waited = 0;
        let result = loop {
            if let Poll::Ready(result) = futures::poll!(&mut reading) {
                break result;
            }
            clock.advance(PAUSE);
            waited += 1;
        };
        assert_eq!((result.map_err(|_| ()), waited), (expect, halves), "{error}, {failures} times");
    }

    #[tokio::test]
    async fn reads_go_on_over_a_short_trouble() {
        check(0, lost(), Ok(1), 0).await;
        check(1, lost(), Ok(2), 1).await;
        check(2, lost(), Ok(3), 5).await;
        check(3, lost(), Err(()), 5).await;
        check(1, wait(10), Ok(2), 20).await;
        check(1, wait(11), Err(()), 0).await;
        let access = StoreError::Access { shop: "eu".to_owned(), status: 401, message: "no".to_owned() };
        check(1, access, Err(()), 0).await;
    }
}
