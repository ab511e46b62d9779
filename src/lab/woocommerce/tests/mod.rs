//! The shop over a real port, called as clients call it.

mod catalog;
mod checkout;
mod documented;
mod observed;
mod taxonomy;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::{WooFace, WooOptions};
use crate::lab::LabItem;

const KEY: &str = "ck_lab";
const SECRET: &str = "cs_lab";

/// An answer, taken apart.
struct Got {
    status: u16,
    headers: HeaderMap,
    raw: String,
    body: Value,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }

    fn ids(&self) -> Vec<u64> {
        self.body.as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()).collect()
    }
}

/// A running shop and somebody who holds its key.
struct Site {
    face: WooFace,
    base: String,
    http: reqwest::Client,
}

impl Site {
    async fn open() -> Self {
        Self::open_with(false).await
    }

    async fn open_with(strip_authorization: bool) -> Self {
        // Another test may have done it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let face = WooFace::new(WooOptions {
            site: String::new(),
            consumer_key: KEY.to_owned(),
            consumer_secret: SECRET.to_owned(),
            strip_authorization,
        });
        let base = serve(face.router()).await;
        face.set_site(&base);
        Self { face, base, http: reqwest::Client::builder().build().unwrap() }
    }

    /// A call with Basic keys behind a proxy that ended TLS.
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Got {
        let url = format!("{}/wp-json/wc/v3{path}", self.base);
        let mut request = self.http.request(method, url).basic_auth(KEY, Some(SECRET));
        request = request.header("x-forwarded-proto", "https");
        if let Some(body) = body {
            request = request.json(body);
        }
        take(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Got {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Got {
        self.call(Method::POST, path, Some(&body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Got {
        self.call(Method::PUT, path, Some(&body)).await
    }

    async fn delete(&self, path: &str) -> Got {
        self.call(Method::DELETE, path, None).await
    }

    /// A simple product with counted stock.
    async fn product(&self, sku: &str, price: &str, stock: i64) -> u64 {
        let body = json!({
            "name": format!("Product {sku}"), "sku": sku, "regular_price": price, "manage_stock": true,
            "stock_quantity": stock,
        });
        let got = self.post("/products", body).await;
        assert_eq!(got.status, 201, "{}", got.body);
        got.body["id"].as_u64().unwrap()
    }

    async fn stock(&self, id: u64) -> i64 {
        self.get(&format!("/products/{id}")).await.body["stock_quantity"].as_i64().unwrap()
    }
}

async fn take(response: reqwest::Response) -> Got {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let raw = response.text().await.unwrap();
    let body = serde_json::from_str(&raw).unwrap_or_default();
    Got { status, headers, raw, body }
}

async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    base
}

/// A webhook as it came in.
#[derive(Debug, Clone)]
struct Delivery {
    method: String,
    version: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Delivery {
    fn topic(&self) -> &str {
        self.headers.get("x-wc-webhook-topic").map_or("", String::as_str)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Somebody who listens, and answers with a status that can be changed.
#[derive(Clone)]
struct Ear {
    heard: Arc<Mutex<Vec<Delivery>>>,
    status: Arc<Mutex<u16>>,
    /// Where to, in an answer that redirects.
    location: Arc<Mutex<Option<String>>>,
    /// Before it answers.
    pause: Arc<Mutex<Duration>>,
    url: String,
}

impl Ear {
    async fn open() -> Self {
        let mut ear = Self {
            heard: Arc::default(),
            status: Arc::new(Mutex::new(200)),
            location: Arc::default(),
            pause: Arc::default(),
            url: String::new(),
        };
        let router = axum::Router::new().fallback(hear).with_state(ear.clone());
        ear.url = format!("{}/hook", serve(router).await);
        ear
    }

    /// All that came in so far, pings left out.
    fn deliveries(&self) -> Vec<Delivery> {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|delivery| !delivery.topic().is_empty()).cloned().collect()
    }

    /// Wait for so many deliveries, and a while longer for one too many.
    async fn wait(&self, count: usize) -> Vec<Delivery> {
        for _ in 0..400 {
            if self.deliveries().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
        let all = self.deliveries();
        let topics: Vec<&str> = all.iter().map(Delivery::topic).collect();
        assert_eq!(all.len(), count, "{topics:?}");
        all
    }

    fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }
}

async fn hear(State(ear): State<Ear>, request: axum::extract::Request) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
    };
    let delivery = Delivery {
        method: parts.method.to_string(),
        version: format!("{:?}", parts.version),
        headers: parts.headers.iter().map(text).collect(),
        body: body.to_vec(),
    };
    ear.heard.lock().unwrap().push(delivery);
    let pause = *ear.pause.lock().unwrap();
    tokio::time::sleep(pause).await;
    let status = StatusCode::from_u16(*ear.status.lock().unwrap()).unwrap();
    match ear.location.lock().unwrap().clone() {
        Some(location) => (status, [("location", location)]).into_response(),
        None => status.into_response(),
    }
}

fn item(sku: &str, options: &[(&str, &str)], stock: i64) -> LabItem {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    LabItem {
        sku: sku.to_owned(),
        handle: "shirt".to_owned(),
        title: "Shirt & Tie".to_owned(),
        options: options.iter().map(pair).collect(),
        price: "20.00".to_owned(),
        stock,
    }
}
