//! The one HTTP client of all stores: time-outs, sizes, redaction, and what an answer means.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode, header};

use crate::retry::Verdict;

/// A call that takes longer is cut. Shopify ends requests itself after 60 s; PHP hosts commonly after 30 s.
const TIMEOUT: Duration = Duration::from_secs(35);
/// Connecting takes longer than this only when the host is gone.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Answers beyond this are not a page of listings but a mistake. 100 full WooCommerce products are about 200 kB.
const ANSWER_MAX: usize = 32 * 1024 * 1024;
/// When a 429 names no time.
const WAIT_DEFAULT: Duration = Duration::from_secs(2);
/// No server may put us to sleep for longer.
const WAIT_MAX: Duration = Duration::from_secs(300);

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
            | Self::Access { .. }
            | Self::Gone { .. }
            | Self::Refused { .. } => false,
        }
    }
}

impl<T> From<StoreError> for super::Outcome<T> {
    fn from(error: StoreError) -> Self {
        match error.verdict() {
            Verdict::Refused | Verdict::Gone => Self::Refused(error),
            _ if error.maybe_done() => Self::Unknown(error),
            Verdict::Retry | Verdict::Wait(_) | Verdict::Credentials => Self::NotDone(error),
        }
    }
}

/// An answer that arrived whole, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: StatusCode,
    /// Headers.
    pub headers: header::HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

/// Sends requests for one shop.
#[derive(Debug, Clone)]
pub struct Client {
    shop: String,
    http: reqwest::Client,
}

impl Client {
    /// A client for the named shop.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(shop: &str) -> Result<Self, StoreError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("shelfd/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| StoreError::Connect { shop: shop.to_owned(), why: error.without_url().to_string() })?;
        Ok(Self { shop: shop.to_owned(), http })
    }

    /// The bare client, to build requests with.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The shop's name, for errors.
    pub fn shop(&self) -> &str {
        &self.shop
    }

    /// Send and read the whole answer. Statuses that mean the same everywhere become errors here (429, 5xx); all
    /// others, 4xx included, are the caller's to read.
    ///
    /// # Errors
    /// [`StoreError::Connect`], [`StoreError::AnswerLost`], [`StoreError::Throttled`], [`StoreError::Server`],
    /// [`StoreError::Unexpected`] for an answer that is too large.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, StoreError> {
        let shop = || self.shop.clone();
        let mut response = request.send().await.map_err(|error| {
            let sent = !error.is_connect() && !error.is_builder();
            let why = reason(error);
            if sent { StoreError::AnswerLost { shop: shop(), why } } else { StoreError::Connect { shop: shop(), why } }
        })?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_MAX => body.extend_from_slice(&chunk),
                Ok(Some(_)) => {
                    return Err(StoreError::Unexpected { shop: shop(), why: format!("more than {ANSWER_MAX} bytes") });
                }
                Ok(None) => break,
                Err(error) => return Err(StoreError::AnswerLost { shop: shop(), why: reason(error) }),
            }
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(StoreError::Throttled { shop: shop(), wait: retry_after(&headers).unwrap_or(WAIT_DEFAULT) });
        }
        if status == StatusCode::SERVICE_UNAVAILABLE
            && let Some(wait) = retry_after(&headers)
        {
            tracing::debug!(store.id = %self.shop, wait_secs = wait.as_secs(), "the shop answered 503 with Retry-After");
        }
        if status.is_server_error() {
            return Err(StoreError::Server { shop: shop(), status: status.as_u16() });
        }
        Ok(Answer { status, headers, body })
    }
}

/// `Retry-After` in seconds (the date form is not used by the platforms here), bounded.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (seconds >= 0.0 && seconds.is_finite()).then(|| Duration::from_secs_f64(seconds.min(WAIT_MAX.as_secs_f64())))
}

/// The innermost cause in words, without the URL (its query may hold credentials).
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut inner: &dyn std::error::Error = &error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
