//! For tests: a server that answers like a shop as far as a test says, and the documented examples.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::Value;

use super::{Auth, Config};

/// One request that came in.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// `GET /products`: what follows `wc/v3`.
    pub call: String,
    /// Query, decoded.
    pub query: Vec<(String, String)>,
    pub authorization: Option<String>,
    pub body: Value,
}

impl Seen {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What to answer.
pub(super) enum Reply {
    Json(u16, Value),
    /// With `X-WP-Total` and, at 100 per page, `X-WP-TotalPages`.
    Page(Value, u64),
    Html(u16),
    /// A connection that breaks after the status line.
    Cut,
}

pub(super) fn ok(value: Value) -> Reply {
    Reply::Json(200, value)
}

#[derive(Clone)]
pub(super) struct FakeShop {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl FakeShop {
    /// Answer every request with what `answer` says.
    pub(super) async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let answer = Arc::new(answer);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        // With a path: shops live in folders too.
        let url = format!("http://{}/shop/", listener.local_addr().unwrap());
        let shared = Arc::clone(&seen);
        let app = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let request = read(&method, &uri, &headers, &body);
            let response = respond(answer(&request));
            shared.lock().unwrap().push(request);
            async move { response }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen }
    }

    /// Requests so far, in order.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Their calls.
    pub(super) fn calls(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.call).collect()
    }

    pub(super) fn config(&self) -> Config {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Config {
            shop: "eu".to_owned(),
            pool: "main".to_owned(),
            url: self.url.parse().unwrap(),
            consumer_key: "ck_1".into(),
            consumer_secret: "cs_1".into(),
            auth: Auth::Auto,
            webhook_secrets: vec!["hook".into()],
        }
    }
}

fn read(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Seen {
    let path = uri.path().strip_prefix("/shop/wp-json/wc/v3").unwrap_or(uri.path());
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap() };
    Seen { call: format!("{method} {path}"), query, authorization, body }
}

fn respond(reply: Reply) -> Response<Body> {
    let json = |status: u16| {
        Response::builder()
            .status(status)
            .header("content-type", "application/json; charset=UTF-8")
            .header("date", "Fri, 20 Nov 2026 10:00:00 GMT")
    };
    match reply {
        Reply::Json(status, value) => json(status).body(Body::from(value.to_string())),
        Reply::Page(value, total) => json(200)
            .header("x-wp-total", total)
            .header("x-wp-totalpages", total.div_ceil(100))
            .body(Body::from(value.to_string())),
        Reply::Html(status) => Response::builder()
            .status(status)
            .header("content-type", "text/html")
            .body(Body::from("<!DOCTYPE html><title>One moment</title>")),
        Reply::Cut => {
            let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
            json(200).body(Body::from_stream(broken))
        }
    }
    .unwrap()
}

/// A documented or captured example; `None`, said aloud, where the examples are not at hand.
pub(super) fn example(path: &str) -> Option<Value> {
    let file = format!("{}/../shared/specs/{path}", env!("CARGO_MANIFEST_DIR"));
    match std::fs::read(&file) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{file}: {error}");
            eprintln!("skipped: {file}: {error}");
            None
        }
    }
}
