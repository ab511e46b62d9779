//! The shop over a real port, and against the published schema and recorded answers.

mod api;
mod recorded;
mod replay;
mod schema;
mod trouble;
mod webhooks;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::{ShopifyFace, ShopifyOptions};
use crate::lab::LabItem;

/// A shop at a real port.
struct Lab {
    face: ShopifyFace,
    url: String,
    http: reqwest::Client,
}

impl Lab {
    async fn open(options: ShopifyOptions) -> Self {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let face = ShopifyFace::new(options);
        let url = serve(face.router()).await;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        Self { face, url, http }
    }

    /// A shop with two products: a simple one and one with two variants.
    async fn stocked() -> Self {
        let lab = Self::open(ShopifyOptions {
            locations: vec!["Shop location".to_owned(), "My Custom Location".to_owned()],
            retry_unit: Duration::from_micros(20),
            ..ShopifyOptions::default()
        })
        .await;
        lab.face.seed(&[
            item("MUG", "mug", &[], "12.50", 10),
            item("TEE-S", "tee", &[("Size", "S")], "20.00", 5),
            item("TEE-M", "tee", &[("Size", "M")], "20.00", 7),
        ]);
        lab
    }

    async fn post(&self, token: &str, body: &Value) -> (u16, Value) {
        let request = self
            .http
            .post(format!("{}/admin/api/2026-10/graphql.json", self.url))
            .header("X-Shopify-Access-Token", token)
            .json(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["x-shopify-api-version"], "2026-10");
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn ask(&self, query: &str, variables: Value) -> Value {
        let (status, answer) = self.post("shpat_lab", &json!({ "query": query, "variables": variables })).await;
        assert_eq!(status, 200);
        answer
    }

    /// Ask, and expect data without errors.
    async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].clone()
    }

    /// Ids of the variant and the inventory item with a SKU.
    async fn ids(&self, sku: &str) -> (String, String) {
        let query = "query($q: String!) { productVariants(first: 2, query: $q) { nodes { id inventoryItem { id } } } }";
        let data = self.data(query, json!({ "q": format!("sku:'{sku}'") })).await;
        let nodes = data["productVariants"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 1);
        (text(&nodes[0]["id"]), text(&nodes[0]["inventoryItem"]["id"]))
    }
}

async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn item(sku: &str, handle: &str, options: &[(&str, &str)], price: &str, stock: i64) -> LabItem {
    LabItem {
        sku: sku.to_owned(),
        handle: handle.to_owned(),
        title: handle.to_uppercase(),
        options: options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        price: price.to_owned(),
        stock,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A folder or file of the published material, or none where it is not at hand. Where tests must be whole, that is a
/// failure.
fn published_directory(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs/shopify")).join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is not there", path.display());
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// The bytes of such a file.
fn published(path: &str) -> Option<Vec<u8>> {
    published_directory(path).map(|path| std::fs::read(path).unwrap())
}
