//! What can go wrong with a call to a store, and what it means for the write that was in it.

use std::time::Duration;

use super::Outcome;
use crate::retry::Verdict;

/// What went wrong with a call to a store. Texts never hold credentials, URLs with a query, or a body's personal data.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The connection could not be made: nothing was sent.
    #[error("{shop}: cannot connect: {why}")]
    Connect {
        /// Shop name.
        shop: String,
        /// The transport's words.
        why: String,
    },
    /// The connection broke or timed out after the request may have arrived.
    #[error("{shop}: the answer was lost: {why}")]
    AnswerLost {
        /// Shop name.
        shop: String,
        /// The transport's words.
        why: String,
    },
    /// 5xx.
    #[error("{shop}: the shop answered HTTP {status}")]
    Server {
        /// Shop name.
        shop: String,
        /// Status code.
        status: u16,
    },
    /// 429, or a drained cost bucket.
    #[error("{shop}: too many requests; the shop asks to wait {} s", wait.as_secs_f32())]
    Throttled {
        /// Shop name.
        shop: String,
        /// How long to wait.
        wait: Duration,
    },
    /// It was not sent in time: it queued for too long.
    #[error("{shop}: not sent, because it had to wait for too long")]
    Late {
        /// Shop name.
        shop: String,
    },
    /// 401 or 403, a revoked app, a missing scope.
    #[error("{shop}: access refused (HTTP {status}): {message}")]
    Access {
        /// Shop name.
        shop: String,
        /// Status code.
        status: u16,
        /// The store's words.
        message: String,
    },
    /// 404 or 410 for the item written to.
    #[error("{shop}: not there any more: {message}")]
    Gone {
        /// Shop name.
        shop: String,
        /// The store's words.
        message: String,
    },
    /// The store understood and said no (4xx, user errors).
    #[error("{shop}: refused ({code}): {message}")]
    Refused {
        /// Shop name.
        shop: String,
        /// The store's stable code.
        code: String,
        /// The store's words.
        message: String,
        /// An id that the store named along with it (WooCommerce's `resource_id` of a duplicate SKU).
        resource: Option<String>,
    },
    /// An answer that is not what this API gives (an HTML page with 200, truncated JSON).
    #[error("{shop}: unexpected answer: {why}")]
    Unexpected {
        /// Shop name.
        shop: String,
        /// What was unexpected about it.
        why: String,
    },
}

impl StoreError {
    /// What the error means for the next try.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Connect { .. } | Self::AnswerLost { .. } | Self::Server { .. } | Self::Unexpected { .. } => {
                Verdict::Retry
            }
            Self::Throttled { wait, .. } => Verdict::Wait(*wait),
            Self::Late { .. } => Verdict::Wait(Duration::ZERO),
            Self::Access { .. } => Verdict::Credentials,
            Self::Gone { .. } => Verdict::Gone,
            Self::Refused { .. } => Verdict::Refused,
        }
    }

    /// True when a write that failed like this may have been done all the same.
    pub fn maybe_done(&self) -> bool {
        match self {
            Self::AnswerLost { .. } | Self::Server { .. } | Self::Unexpected { .. } => true,
            Self::Connect { .. }
            | Self::Throttled { .. }
            | Self::Late { .. }
            | Self::Access { .. }
            | Self::Gone { .. }
            | Self::Refused { .. } => false,
        }
    }
}

impl<T> From<StoreError> for Outcome<T> {
    fn from(error: StoreError) -> Self {
        match error.verdict() {
            Verdict::Refused | Verdict::Gone => Self::Refused(error),
            _ if error.maybe_done() => Self::Unknown(error),
            Verdict::Retry | Verdict::Wait(_) | Verdict::Credentials => Self::NotDone(error),
        }
    }
}
