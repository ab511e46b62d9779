//! A server that answers like a shop, as far as a test says.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response, Uri};
use serde_json::{Value, json};

use crate::stores::shopify::{Access, Config, Shopify};

/// One request that came in.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Name of the GraphQL operation, or `token`.
    pub(super) operation: String,
    pub(super) variables: Value,
    pub(super) token: String,
    pub(super) form: String,
}

/// Status and body to answer with.
pub(super) type Reply = (u16, String);

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
        let app = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let request = read(&uri, &headers, &body);
            let earlier = {
                let mut seen = shared.lock().unwrap();
                seen.push(request.clone());
                seen.iter().filter(|seen| seen.operation == request.operation).count() - 1
            };
            let (status, body) = answer(&request, earlier);
            async move { Response::builder().status(status).body(Body::from(body)).unwrap() }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen }
    }

    pub(super) fn seen(&self, operation: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.operation == operation).cloned().collect()
    }

    /// A shop with a fixed token.
    pub(super) fn shopify(&self) -> Shopify {
        self.with(Access::Token("fixed".into()))
    }

    pub(super) fn with(&self, access: Access) -> Shopify {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Shopify::new(Config {
            shop: "eu".to_owned(),
            pool: "main".to_owned(),
            url: self.url.parse().unwrap(),
            access,
            location: Some("9".to_owned()),
            webhook_secrets: vec!["secret".into()],
        })
        .unwrap()
    }
}

fn read(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Seen {
    if uri.path() == "/admin/oauth/access_token" {
        let form = String::from_utf8(body.to_vec()).unwrap();
        return Seen { operation: "token".to_owned(), variables: Value::Null, token: String::new(), form };
    }
    assert_eq!(uri.path(), "/admin/api/2026-10/graphql.json");
    let request: Value = serde_json::from_slice(body).unwrap();
    let operation = request["query"].as_str().unwrap().split([' ', '(']).nth(1).unwrap().to_owned();
    let token = headers.get("x-shopify-access-token").map(|token| token.to_str().unwrap().to_owned());
    Seen { operation, variables: request["variables"].clone(), token: token.unwrap_or_default(), form: String::new() }
}

/// Data, with a bucket that has plenty.
pub(super) fn data(data: &Value) -> Reply {
    (200, json!({ "data": data, "extensions": cost(10, 1990) }).to_string())
}

pub(super) fn cost(requested: u32, available: u32) -> Value {
    let status = json!({ "maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": 100 });
    json!({ "cost": { "requestedQueryCost": requested, "actualQueryCost": null, "throttleStatus": status } })
}

/// A top-level error with a code, as Shopify gives it when nothing ran.
pub(super) fn coded(code: &str, requested: u32, available: u32) -> Reply {
    let errors = json!([{ "message": "no", "extensions": { "code": code } }]);
    (200, json!({ "errors": errors, "extensions": cost(requested, available) }).to_string())
}

/// A variant as the shop shows it.
pub(super) fn variant_node(n: u64, stock: Option<i64>) -> Value {
    let level = stock.map(|stock| json!({ "quantities": [{ "name": "available", "quantity": stock }] }));
    json!({
        "id": format!("gid://shopify/ProductVariant/{n}"), "sku": format!("S{n}"), "price": "10.00",
        "product": { "id": "gid://shopify/Product/1", "title": "Shirt", "handle": "shirt" },
        "inventoryItem": { "id": format!("gid://shopify/InventoryItem/{n}"), "tracked": true, "inventoryLevel": level },
    })
}
