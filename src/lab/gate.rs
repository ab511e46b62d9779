//! What every call to a lab face passes through: counting, latency, faults.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::clock::{self, Time};

/// Reads and writes are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Changes nothing.
    Read,
    /// May change something.
    Write,
    /// Tokens, pings: neither.
    Other,
}

/// How a face misbehaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum FaultKind {
    /// Answer with a status before doing anything.
    StatusBefore {
        /// HTTP status (429, 500, 503, 401, …).
        status: u16,
        /// `Retry-After` in seconds, when the real one would send it.
        retry_after: Option<u32>,
    },
    /// Do the work, then answer with a status (a 503 that was applied).
    StatusAfter {
        /// HTTP status.
        status: u16,
    },
    /// Do the work, then cut the connection: the answer is lost.
    DropAfter,
    /// Cut the connection before doing anything.
    DropBefore,
    /// Wait before doing the work.
    Delay {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// An HTML error page with status 200, work not done.
    Html,
    /// Do the work, then send only half of the answer's bytes.
    Truncate,
    /// Do the work, then keep the answer back: whoever does not wait so long has lost it.
    DelayAfter {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// Do the work, and let the answer come in drops.
    Trickle {
        /// From the first drop to the last, in milliseconds.
        millis: u64,
    },
    /// A proxy on the way takes the `Authorization` header off, of any call.
    StripAuthorization,
    /// Refuse as the platform refuses a token that has run out.
    Expired,
    /// Refuse as the platform refuses an app that was removed, or a key that was deleted.
    Revoked,
}

/// Why a face knows a caller no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The token has run out; a new one may be had.
    Expired,
    /// The app was removed or the key deleted.
    Revoked,
}

/// Gives a platform's own answer to callers whom it knows no longer; the first argument is the call's name.
type Refuse = Arc<dyn Fn(&str, Unknown) -> Response<Body> + Send + Sync>;

/// A fault that is set on a face.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// What happens.
    #[serde(flatten)]
    pub fault: FaultKind,
    /// Only calls whose name contains this; empty: all.
    #[serde(default)]
    pub call: String,
    /// How often it happens before it is spent; `None`: for ever.
    #[serde(default)]
    pub times: Option<u32>,
    /// Let this many matching calls pass first.
    #[serde(default)]
    pub skip: u32,
}

#[derive(Default)]
struct State {
    counts: BTreeMap<(String, Kind), u64>,
    faults: Vec<Fault>,
    latency: Duration,
    /// Seconds that the face's clock is ahead.
    ahead: i64,
    refuse: Option<Refuse>,
}

/// The gate of one face. Cheap to clone.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<State>>);

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while counting leaves counts usable.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Every call takes at least so long.
    pub fn set_latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// How the platform answers callers whom it knows no longer; a bare 401 unless said.
    pub fn refuse_with(&self, refuse: impl Fn(&str, Unknown) -> Response<Body> + Send + Sync + 'static) {
        self.state().refuse = Some(Arc::new(refuse));
    }

    /// Put the face's clock ahead by so many seconds; behind when negative.
    pub fn set_clock_ahead(&self, seconds: i64) {
        self.state().ahead = seconds;
    }

    /// Seconds that the face's clock is ahead.
    pub fn clock_ahead(&self) -> i64 {
        self.state().ahead
    }

    /// The time by the face's clock.
    pub fn now(&self) -> Time {
        clock::now() + TimeDelta::seconds(self.clock_ahead())
    }

    /// Does the proxy take the `Authorization` header off the next call? Counts as that call's fault.
    pub(super) fn strips_authorization(&self) -> bool {
        self.take(|fault| fault.fault == FaultKind::StripAuthorization).is_some()
    }

    /// Add a fault.
    pub fn add_fault(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Remove all faults.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Calls so far, by name and kind.
    pub fn counts(&self) -> BTreeMap<(String, Kind), u64> {
        self.state().counts.clone()
    }

    /// Sum of calls of a kind.
    pub fn total(&self, kind: Kind) -> u64 {
        self.state().counts.iter().filter(|((_, of), _)| *of == kind).map(|(_, count)| count).sum()
    }

    /// Start counting anew.
    pub fn reset_counts(&self) {
        self.state().counts.clear();
    }

    fn take_fault(&self, call: &str) -> Option<FaultKind> {
        self.take(|fault| fault.fault != FaultKind::StripAuthorization && call.contains(&fault.call))
    }

    fn take(&self, meets: impl Fn(&Fault) -> bool) -> Option<FaultKind> {
        let mut state = self.state();
        let at = state.faults.iter().position(meets)?;
        let fault = &mut state.faults[at];
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        let kind = fault.fault.clone();
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                state.faults.remove(at);
            }
        }
        Some(kind)
    }

    /// Count a call, apply latency and faults, and do the work in between. `call` names the API method
    /// (`values.batchGet`, `productSet`, `POST /products/batch`).
    pub async fn pass<F>(&self, call: &str, kind: Kind, work: F) -> Response<Body>
    where
        F: Future<Output = Response<Body>>,
    {
        let latency = {
            let mut state = self.state();
            *state.counts.entry((call.to_owned(), kind)).or_default() += 1;
            state.latency
        };
        let fault = self.take_fault(call);
        // Half on the way in, half on the way out: the work happens in the middle of a call, as in a real one.
        tokio::time::sleep(latency / 2).await;
        let response = match fault {
            None => work.await,
            Some(FaultKind::StatusBefore { status, retry_after }) => status_only(status, retry_after),
            Some(FaultKind::StatusAfter { status }) => {
                work.await;
                status_only(status, None)
            }
            Some(FaultKind::DropAfter) => {
                work.await;
                cut()
            }
            Some(FaultKind::DropBefore) => cut(),
            Some(FaultKind::Delay { millis }) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                work.await
            }
            Some(FaultKind::Html) => {
                let page = "<!DOCTYPE html><html><body><h1>Checking your browser…</h1></body></html>";
                ([(header::CONTENT_TYPE, "text/html")], page).into_response()
            }
            Some(FaultKind::Truncate) => truncate(work.await).await,
            Some(FaultKind::DelayAfter { millis }) => {
                let response = work.await;
                tokio::time::sleep(Duration::from_millis(millis)).await;
                response
            }
            Some(FaultKind::Trickle { millis }) => trickle(work.await, Duration::from_millis(millis)).await,
            Some(FaultKind::Expired) => self.refuse(call, Unknown::Expired),
            Some(FaultKind::Revoked) => self.refuse(call, Unknown::Revoked),
            // The proxy has seen to it.
            Some(FaultKind::StripAuthorization) => work.await,
        };
        tokio::time::sleep(latency / 2).await;
        response
    }
}

impl Gate {
    fn refuse(&self, call: &str, why: Unknown) -> Response<Body> {
        let refuse = self.state().refuse.clone();
        refuse.map_or_else(|| status_only(401, None), |refuse| refuse(call, why))
    }
}

fn status_only(status: u16, retry_after: Option<u32>) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, "").into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Marks a response in whose place the connection is to be cut. Without a proxy its body breaks at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut;

fn cut() -> Response<Body> {
    let broken = futures::stream::once(async { Err::<axum::body::Bytes, _>(std::io::Error::other("cut")) });
    let mut response = Response::new(Body::from_stream(broken));
    response.extensions_mut().insert(Cut);
    response
}

/// Drops of an answer that trickles.
const DROPS: usize = 8;

async fn trickle(response: Response<Body>, over: Duration) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    let size = bytes.len().div_ceil(DROPS).max(1);
    let drops: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    let pause = over / DROPS as u32;
    let stream = futures::stream::unfold(drops.into_iter(), move |mut drops| async move {
        let drop = drops.next()?;
        tokio::time::sleep(pause).await;
        Some((Ok::<_, std::io::Error>(drop), drops))
    });
    Response::from_parts(parts, Body::from_stream(stream))
}

async fn truncate(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes.slice(..bytes.len() / 2)))
}
