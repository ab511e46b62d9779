//! Requests to `wc/v3`: address, keys, and what comes back.

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::{DATE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;
use url::{Host, Url};

use crate::clock::{self, Time};
use crate::stores::StoreError;
use crate::stores::client::{Answer, Client};

use super::errors::{api_error, failure, parse};
use super::{Auth, Config, oauth};

/// Calls under way at once. Shared hosts commonly run a handful of PHP workers, and shoppers need theirs.
const CALLS_MAX: usize = 4;
/// Items per page: the most WooCommerce gives.
pub(super) const PER_PAGE: usize = 100;

/// A query in the making.
pub(super) type Query = Vec<(&'static str, String)>;

/// How the keys travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `Authorization: Basic`.
    Header,
    /// `consumer_key` and `consumer_secret` in the query.
    Query,
    /// Signed, never sent. In the query, because PHP does not get an `Authorization` header of any kind but Basic on
    /// many hosts (WooCommerce's own documentation gives the same reason).
    OAuth,
}

/// One shop's API.
pub(super) struct Api {
    client: Client,
    /// `https://shop.example/wp-json/wc/v3`.
    base: String,
    key: SecretString,
    secret: SecretString,
    way: Way,
    may_fall_back: bool,
    header_works: AtomicBool,
    header_is_stripped: AtomicBool,
    calls: Semaphore,
}

/// What is asked.
struct Call<'a> {
    method: Method,
    path: &'a str,
    query: &'a Query,
    body: Option<&'a Value>,
}

/// What the headers of an answer say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Said {
    /// `X-WP-Total`: items there are in all.
    pub total: Option<u64>,
    /// `X-WP-TotalPages`.
    pub pages: Option<u64>,
    /// `Date`: the shop's clock.
    pub date: Option<Time>,
}

impl Said {
    /// True when page `page` (from 1), which held `held` items, is not the last one.
    pub(super) fn goes_on(&self, page: u64, held: usize) -> bool {
        self.pages.map_or(held >= PER_PAGE, |pages| page < pages)
    }
}

impl Api {
    pub(super) fn new(config: &Config) -> Result<Self, StoreError> {
        let plain = config.url.scheme() == "http";
        if plain && !is_loopback(&config.url) {
            tracing::warn!(
                store.id = %config.shop,
                "the shop's address is plain http: keys are signed and stay secret, but orders and prices can be read \
                 and changed on the way; use https"
            );
        }
        let way = match (plain, config.auth) {
            (true, _) => Way::OAuth,
            (false, Auth::Query) => Way::Query,
            (false, Auth::Auto) => Way::Header,
        };
        Ok(Self {
            client: Client::new(&config.shop)?,
            base: format!("{}/wp-json/wc/v3", config.url.as_str().trim_end_matches('/')),
            key: config.consumer_key.clone(),
            secret: config.consumer_secret.clone(),
            way,
            may_fall_back: way == Way::Header,
            header_works: AtomicBool::new(false),
            header_is_stripped: AtomicBool::new(false),
            calls: Semaphore::new(CALLS_MAX),
        })
    }

    pub(super) fn shop(&self) -> &str {
        self.client.shop()
    }

    /// True when plain http was configured for a host that is not this machine.
    pub(super) fn is_exposed(url: &Url) -> bool {
        url.scheme() == "http" && !is_loopback(url)
    }

    /// True when the host was found to strip the `Authorization` header.
    pub(super) fn header_is_stripped(&self) -> bool {
        self.header_is_stripped.load(Ordering::Relaxed)
    }

    /// Read. `path` begins with a slash and follows `wc/v3`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: Query) -> Result<(T, Said), StoreError> {
        let answer = self.call(&Call { method: Method::GET, path, query: &query, body: None }).await?;
        Ok((parse(self.shop(), &answer)?, said(&answer.headers)))
    }

    /// Write a JSON body with POST or PUT.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<T, StoreError> {
        let answer = self.call(&Call { method, path, query: &Query::new(), body: Some(body) }).await?;
        parse(self.shop(), &answer)
    }

    /// Delete for good (`force=true`: past the trash, which these resources do not have).
    pub(super) async fn delete(&self, path: &str) -> Result<(), StoreError> {
        let query = vec![("force", "true".to_owned())];
        self.call(&Call { method: Method::DELETE, path, query: &query, body: None }).await.map(drop)
    }

    async fn call(&self, call: &Call<'_>) -> Result<Answer, StoreError> {
        let way = if self.header_is_stripped() { Way::Query } else { self.way };
        let answer = self.once(call, way).await?;
        let Some(error) = failure(self.shop(), &answer) else {
            self.header_works.fetch_or(way == Way::Header, Ordering::Relaxed);
            return Ok(answer);
        };
        if !(way == Way::Header && self.may_fall_back && self.keys_did_not_arrive(&answer)) {
            return Err(error);
        }
        // A 401 did nothing, so the same call may be sent again.
        let answer = self.once(call, Way::Query).await?;
        let second = failure(self.shop(), &answer);
        if matches!(second, Some(StoreError::Access { .. })) {
            return Err(error);
        }
        if !self.header_is_stripped.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                store.id = %self.shop(),
                "the host strips the Authorization header; keys go in the query from now on (auth = \"query\" says so \
                 from the start)"
            );
        }
        second.map_or(Ok(answer), Err)
    }

    /// A shop that never saw the header treats the call as a visitor's: 401 with `woocommerce_rest_cannot_…` or a
    /// security plugin's `rest_…`. `woocommerce_rest_authentication_error` means that keys arrived and are wrong: no
    /// reason to put them into an address. Nor is there one when the header has worked before.
    fn keys_did_not_arrive(&self, answer: &Answer) -> bool {
        answer.status == reqwest::StatusCode::UNAUTHORIZED
            && !self.header_works.load(Ordering::Relaxed)
            && api_error(answer).is_some_and(|error| error.code != "woocommerce_rest_authentication_error")
    }

    async fn once(&self, call: &Call<'_>, way: Way) -> Result<Answer, StoreError> {
        // The semaphore is never closed; without a permit the call would merely be one more at once.
        let _permit = self.calls.acquire().await;
        self.client.send(self.request(call, way)).await
    }

    fn request(&self, call: &Call<'_>, way: Way) -> RequestBuilder {
        let url = format!("{}{}", self.base, call.path);
        let (key, secret) = (self.key.expose_secret(), self.secret.expose_secret());
        let mut query: Vec<(String, String)> =
            call.query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        match way {
            Way::Header => {}
            Way::Query => {
                query.push(("consumer_key".to_owned(), key.to_owned()));
                query.push(("consumer_secret".to_owned(), secret.to_owned()));
            }
            Way::OAuth => {
                let request = oauth::Request { method: call.method.as_str(), url: &url, query: &query };
                let nonce = clock::fresh_key().replace('-', "");
                query = oauth::sign(&request, key, secret, &nonce, clock::now().timestamp());
            }
        }
        let url = if query.is_empty() { url } else { format!("{url}?{}", oauth::join(&query)) };
        let mut request = self.client.http().request(call.method.clone(), url);
        if way == Way::Header {
            request = request.basic_auth(key, Some(secret));
        }
        match call.body {
            Some(body) => request.json(body),
            None => request,
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn said(headers: &HeaderMap) -> Said {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |name: &str| text(name).and_then(|value| value.trim().parse().ok());
    let date = text(DATE.as_str()).and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok());
    Said { total: number("x-wp-total"), pages: number("x-wp-totalpages"), date: date.map(|date| date.to_utc()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stores::woocommerce::testing::{FakeShop, Reply, Seen, ok};

    fn visitor(_: &Seen) -> Reply {
        let body = json!({"code": "woocommerce_rest_cannot_view", "message": "Sorry.", "data": {"status": 401}});
        Reply::Json(401, body)
    }

    fn has_keys_in_query(seen: &Seen) -> bool {
        seen.query("consumer_key") == Some("ck_1") && seen.query("consumer_secret") == Some("cs_1")
    }

    /// As over https, to a server that only speaks http.
    fn https(shop: &FakeShop) -> Api {
        let mut api = Api::new(&shop.config()).unwrap();
        (api.way, api.may_fall_back) = (Way::Header, true);
        api
    }

    async fn read(api: &Api) -> Result<Value, StoreError> {
        api.get("/products", vec![("sku", "A".to_owned())]).await.map(|(value, _)| value)
    }

    #[tokio::test]
    async fn a_stripped_header_is_noticed_once() {
        let shop = FakeShop::start(|seen| if has_keys_in_query(seen) { ok(json!([])) } else { visitor(seen) }).await;
        let api = https(&shop);
        read(&api).await.unwrap();
        read(&api).await.unwrap();
        let seen = shop.seen();
        let ways: Vec<_> = seen.iter().map(|seen| (seen.authorization.is_some(), has_keys_in_query(seen))).collect();
        assert_eq!(ways, [(true, false), (false, true), (false, true)]);
        assert_eq!(seen[0].authorization.as_deref(), Some("Basic Y2tfMTpjc18x"));
        assert!(api.header_is_stripped());
    }

    #[tokio::test]
    async fn wrong_keys_stay_out_of_the_address() {
        let shop = FakeShop::start(|_| {
            let body = json!({"code": "woocommerce_rest_authentication_error", "message": "Invalid.", "data": null});
            Reply::Json(401, body)
        })
        .await;
        assert!(matches!(read(&https(&shop)).await, Err(StoreError::Access { status: 401, .. })));
        assert_eq!(shop.seen().len(), 1);
    }

    #[tokio::test]
    async fn unknown_keys_are_tried_both_ways_and_remembered_as_neither() {
        let shop = FakeShop::start(visitor).await;
        let api = https(&shop);
        let error = read(&api).await.unwrap_err();
        assert!(error.to_string().contains("woocommerce_rest_cannot_view") && !error.to_string().contains("cs_1"));
        assert_eq!(shop.seen().len(), 2);
        assert!(!api.header_is_stripped());
    }

    #[tokio::test]
    async fn a_header_that_has_worked_is_not_doubted() {
        let shop =
            FakeShop::start(|seen| if seen.call == "GET /products" { ok(json!([])) } else { visitor(seen) }).await;
        let api = https(&shop);
        read(&api).await.unwrap();
        assert!(api.get::<Value>("/orders", Query::new()).await.is_err());
        assert_eq!(shop.seen().len(), 2);
    }

    #[tokio::test]
    async fn plain_http_signs_what_it_asks() {
        let shop = FakeShop::start(|_| ok(json!([]))).await;
        read(&Api::new(&shop.config()).unwrap()).await.unwrap();
        let seen = shop.seen().remove(0);
        assert_eq!((seen.authorization.as_deref(), seen.query("consumer_secret")), (None, None));
        let own = |name: &str| seen.query(name).unwrap().to_owned();
        let query = [("sku".to_owned(), "A".to_owned())];
        let url = format!("{}wp-json/wc/v3/products", shop.url);
        let expect = oauth::sign(
            &oauth::Request { method: "GET", url: &url, query: &query },
            "ck_1",
            "cs_1",
            &own("oauth_nonce"),
            own("oauth_timestamp").parse().unwrap(),
        );
        assert_eq!(seen.query, expect);
    }

    #[tokio::test]
    async fn pages_that_are_no_json() {
        let shop = FakeShop::start(|_| Reply::Html(200)).await;
        let error = read(&Api::new(&shop.config()).unwrap()).await.unwrap_err();
        assert!(matches!(error, StoreError::Unexpected { .. }), "{error}");
    }

    #[test]
    fn this_machine_is_not_exposed() {
        for (url, exposed) in [
            ("http://shop.example/", true),
            ("https://shop.example/", false),
            ("http://localhost:8080/", false),
            ("http://127.0.0.1/", false),
            ("http://[::1]:1/", false),
            ("http://10.0.0.1/", true),
        ] {
            assert_eq!(Api::is_exposed(&url.parse().unwrap()), exposed, "{url}");
        }
    }
}
