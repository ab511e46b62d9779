//! A server that gives recorded answers, as far as a test says.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::Value;

use crate::stores::medusa::{Config, Medusa};

pub(super) const LOCATION: &str = "sloc_01M8CEQ5EY3Q604TGR0JPX7V82";

/// One request that came in.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// `GET /admin/products`.
    pub(super) call: String,
    pub(super) query: String,
    pub(super) authorization: String,
    pub(super) body: Value,
}

/// Status and body to answer with.
pub(super) type Reply = (u16, Value);

/// An answer as it was recorded.
pub(super) fn recorded(name: &str) -> Reply {
    let all: Value = serde_json::from_str(include_str!("recorded.json")).unwrap();
    let answer = &all[name];
    assert!(!answer.is_null(), "{name} was not recorded");
    (u16::try_from(answer["status"].as_u64().unwrap()).unwrap(), answer["body"].clone())
}

#[derive(Clone)]
pub(super) struct FakeShop {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl FakeShop {
    /// Answer with what `answer` says; where it says nothing, what a shop says about itself.
    pub(super) async fn start(answer: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let answer = Arc::new(answer);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let shared = Arc::clone(&seen);
        let app = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let request = read(&method, &uri, &headers, &body);
            shared.lock().unwrap().push(request.clone());
            let (status, body) = answer(&request).unwrap_or_else(|| of_itself(&request.call));
            let body = match body {
                Value::String(html) => html,
                json => json.to_string(),
            };
            async move { Response::builder().status(status).body(Body::from(body)).unwrap() }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen }
    }

    pub(super) fn seen(&self, call: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.call == call).cloned().collect()
    }

    pub(super) fn medusa(&self) -> Medusa {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Medusa::new(Config {
            shop: "eu".to_owned(),
            pool: "main".to_owned(),
            url: self.url.parse().unwrap(),
            api_key: "sk_1".into(),
            location: None,
            currency: None,
            webhook_secrets: vec!["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX".into()],
        })
        .unwrap()
    }
}

fn of_itself(call: &str) -> Reply {
    match call {
        "GET /admin/stores" => recorded("stores"),
        "GET /admin/stock-locations" => recorded("locations"),
        "GET /admin/shipping-profiles" => recorded("profiles"),
        "GET /admin/shelfd/stock" => recorded("route"),
        other => panic!("{other} was not expected"),
    }
}

fn read(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Seen {
    Seen {
        call: format!("{method} {}", uri.path()),
        query: uri.query().unwrap_or_default().to_owned(),
        authorization: headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default(),
        body: serde_json::from_slice(body).unwrap_or(Value::Null),
    }
}
