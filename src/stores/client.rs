//! The one HTTP client of all stores: time-outs, sizes, redaction, and what an answer means.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode, header};

use super::StoreError;
use crate::clock::{self, Time};

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

tokio::task_local! {
    static SEND_UNTIL: Time;
}

/// Make calls, none of which goes out after `until`: one that still queues then, for its turn, a token or points, ends with
/// [`StoreError::Late`].
pub async fn send_until<T>(until: Time, calls: impl Future<Output = T>) -> T {
    SEND_UNTIL.scope(until, calls).await
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
    /// [`StoreError::Late`], [`StoreError::Unexpected`] for an answer that is too large.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, StoreError> {
        let shop = || self.shop.clone();
        if SEND_UNTIL.try_with(|until| *until < clock::now()).unwrap_or(false) {
            return Err(StoreError::Late { shop: shop() });
        }
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
