//! A server that answers as a real Vendure was recorded to, as far as a test says.

use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};

use crate::stores::vendure::{Config, Vendure};

/// One request that came in.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Name of the GraphQL operation.
    pub(super) operation: String,
    pub(super) variables: Value,
    pub(super) authorization: String,
    pub(super) cookie: String,
    pub(super) channel: String,
}

/// Status, headers and body to answer with.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// The recorded answer of this name.
pub(super) fn recorded(name: &str) -> Reply {
    static RECORDED: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("recorded.json")).unwrap());
    let entry = &RECORDED[name];
    assert!(entry.is_object(), "nothing is recorded as {name}");
    let token = entry["token"].as_str().map(|token| ("vendure-auth-token", token.to_owned()));
    Reply {
        status: u16::try_from(entry["status"].as_u64().unwrap()).unwrap(),
        headers: token.into_iter().collect(),
        body: entry["body"].to_string(),
    }
}

/// Data that was not recorded.
pub(super) fn data(data: &Value) -> Reply {
    body(200, &json!({ "data": data }).to_string())
}

pub(super) fn body(status: u16, body: &str) -> Reply {
    Reply { status, headers: Vec::new(), body: body.to_owned() }
}

/// What every test needs: the log-in and the place.
pub(super) fn usual(operation: &str) -> Reply {
    match operation {
        "Login" => recorded("login"),
        "Place" => recorded("place"),
        other => panic!("nobody said how to answer {other}"),
    }
}

#[derive(Clone)]
pub(super) struct FakeShop {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl FakeShop {
    /// Answer every request with what `answer` says; it also gets the number of earlier requests of that operation.
    pub(super) async fn start(answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let answer = Arc::new(answer);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::clone(&seen);
        let handler = move |headers: HeaderMap, body: Bytes| {
            let request = read(&headers, &body);
            let earlier = {
                let mut seen = shared.lock().unwrap();
                seen.push(request.clone());
                seen.iter().filter(|seen| seen.operation == request.operation).count() - 1
            };
            let Reply { status, headers, body } = answer(&request, earlier);
            async move {
                let start = Response::builder().status(status);
                let response = headers.into_iter().fold(start, |response, (name, value)| response.header(name, value));
                response.body(Body::from(body)).unwrap()
            }
        };
        let app = Router::new().route("/admin-api", axum::routing::post(handler));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen }
    }

    pub(super) fn seen(&self, operation: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.operation == operation).cloned().collect()
    }

    pub(super) fn vendure(&self) -> Vendure {
        self.with(None, None)
    }

    pub(super) fn with(&self, channel: Option<&str>, location: Option<&str>) -> Vendure {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Vendure::new(Config {
            shop: "eu".to_owned(),
            pool: "main".to_owned(),
            url: self.url.parse().unwrap(),
            username: "shelfd".to_owned(),
            password: "hush".into(),
            channel: channel.map(ToOwned::to_owned),
            location: location.map(ToOwned::to_owned),
            webhook_secrets: vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()],
        })
        .unwrap()
    }
}

fn read(headers: &HeaderMap, body: &[u8]) -> Seen {
    let request: Value = serde_json::from_slice(body).unwrap();
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    Seen {
        operation: request["operationName"].as_str().unwrap().to_owned(),
        variables: request["variables"].clone(),
        authorization: header("authorization"),
        cookie: header("cookie"),
        channel: header("vendure-token"),
    }
}
