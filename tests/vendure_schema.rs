//! Holds every GraphQL document of the Vendure endpoint, and the variables it sends with them, against Vendure's own Admin
//! schema together with what the printed plugin adds to it.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic, and says when it is skipped")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use axum::Router;
use axum::body::Bytes;
use serde_json::{Value, json};
use shelfd::catalog::{Money, OptionValue, Sku};
use shelfd::clock::Time;
use shelfd::stores::vendure::{Config, Vendure};
use shelfd::stores::{ContentChange, ProductDraft, RemoteId, StockWrite, Store as _, VariantDraft};

mod introspection;
use introspection::check;

/// Schemas are published apart from this repository; without one there is nothing to compare with.
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs/vendure/schema-admin.json");
const DOCUMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/stores/vendure/queries");
const PLUGIN: &str = include_str!("../assets/snippets/vendure-plugin.ts");

/// What the plugin adds, as it stands in its `gql` template.
fn plugin_sdl() -> &'static str {
    let (_, from) = PLUGIN.split_once("gql`").unwrap();
    from.split_once('`').unwrap().0
}

/// The schema, or `None` (said aloud) where it is absent. Absence is a failure on CI.
fn schema() -> Option<&'static Valid<Schema>> {
    static READ: LazyLock<Option<Valid<Schema>>> = LazyLock::new(|| {
        let Ok(text) = std::fs::read_to_string(SCHEMA) else {
            assert!(std::env::var_os("CI").is_none(), "{SCHEMA} is absent");
            return None;
        };
        let introspection: Value = serde_json::from_str(&text).unwrap();
        let root = introspection.get("data").unwrap_or(&introspection);
        let sdl = introspection::sdl(&root["__schema"]) + plugin_sdl();
        Some(Schema::parse_and_validate(sdl, "admin.graphql").unwrap_or_else(|error| panic!("{}", error.errors)))
    });
    if READ.is_none() {
        eprintln!("skipped: {SCHEMA} is absent");
    }
    READ.as_ref()
}

fn documents() -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(Path::new(DOCUMENTS)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_document_fits_the_schema() {
    let Some(schema) = schema() else { return };
    let documents = documents();
    assert!(documents.len() >= 17, "only {} documents in {DOCUMENTS}", documents.len());
    let mut calls = BTreeSet::new();
    for (path, document) in &documents {
        if let Err(error) = check(schema, document, None) {
            panic!("{}: {error}", path.display());
        }
        let parsed = ExecutableDocument::parse_and_validate(schema, document, "document.graphql").unwrap();
        let operation = parsed.operations.get(None).unwrap();
        calls.extend(operation.selection_set.root_fields(&parsed).map(|field| field.name.to_string()));
    }
    evidence(documents.len(), &calls);
}

/// For the conformance report, where it is asked for.
fn evidence(cases: usize, calls: &BTreeSet<String>) {
    let Some(folder) = std::env::var_os("EVIDENCE_DIR") else { return };
    let evidence = json!({
        "system": "Vendure Admin API", "kind": "schema", "evidence": "Vendure's introspection, and the plugin's extension",
        "version": "3.5", "cases": cases, "passed": cases, "calls": calls, "differs": [],
    });
    let text = serde_json::to_string_pretty(&evidence).unwrap();
    std::fs::write(Path::new(&folder).join("vendure-schema.json"), text + "\n").unwrap();
}

#[test]
fn a_broken_document_is_refused() {
    let Some(schema) = schema() else { return };
    let refused = |document: &str, variables: Option<&Value>, part: &str| {
        let error = check(schema, document, variables).unwrap_err();
        assert!(error.contains(part), "{document}: {error}");
    };
    assert_eq!(check(schema, "{ activeChannel { code } }", None), Ok(()));
    refused("{ activeChannel { nickname } }", None, "nickname");
    refused("{ productVariants(options: { take: \"ten\" }) { totalItems } }", None, "ten");
    refused("{ shelfd { colour } }", None, "colour");
    refused("mutation { shelfdAdjustStock(key: \"k\", changes: []) { outcome } }", None, "stockLocationId");
    let update = "mutation ($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id } }";
    assert_eq!(check(schema, update, Some(&json!({ "input": [{ "id": "1" }] }))), Ok(()));
    refused(update, Some(&json!({ "input": [{ "price": 1 }] })), "id");
    refused(update, Some(&json!({ "input": [{ "id": "1", "trackInventory": "YES" }] })), "YES");
}

/// Take every request and answer just enough that the endpoint goes on to its next call.
async fn record_requests(run: impl AsyncFnOnce(Vendure)) -> Vec<(String, Value)> {
    let seen: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let shared = Arc::clone(&seen);
    let app = Router::new().fallback(move |body: Bytes| {
        let request: Value = serde_json::from_slice(&body).unwrap();
        let data = json!({ "data": answer(request["operationName"].as_str().unwrap()) }).to_string();
        let document = request["query"].as_str().unwrap().to_owned();
        shared.lock().unwrap().push((document, request["variables"].clone()));
        async move { ([("vendure-auth-token", "token")], data) }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config {
        shop: "eu".to_owned(),
        pool: "main".to_owned(),
        url: url.parse().unwrap(),
        username: "shelfd".to_owned(),
        password: "hush".into(),
        channel: None,
        location: None,
        webhook_secrets: vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()],
    };
    run(Vendure::new(config).unwrap()).await;
    let seen = seen.lock().unwrap();
    seen.clone()
}

fn answer(operation: &str) -> Value {
    let group = json!({ "id": "1", "name": "Size", "options": [] });
    match operation {
        "Login" => json!({ "login": { "__typename": "CurrentUser" } }),
        "Place" => json!({
            "activeChannel": { "code": "main", "defaultLanguageCode": "en", "defaultCurrencyCode": "USD" },
            "globalSettings": { "trackInventory": true, "serverConfig": { "moneyStrategyPrecision": 2 } },
            "stockLocations": { "items": [{ "id": "1", "name": "Berlin" }] },
        }),
        "CheckAccess" => json!({ "me": { "identifier": "shelfd", "channels": [] } }),
        "Plugin" => json!({ "shelfd": { "version": 1, "ready": true, "deliversTo": null } }),
        "VariantsPage" => json!({ "productVariants": { "totalItems": 0, "items": [] } }),
        "VariantsById" => json!({ "productVariants": { "items": [] } }),
        "ProductNames" => {
            json!({ "products": { "items": [{ "id": "1", "name": "A", "variants": [{ "id": "1", "name": "A M" }] }] } })
        }
        "ProductBySlug" => json!({ "products": { "items": [] } }),
        "ProductOptions" => json!({ "product": { "id": "1", "name": "A", "optionGroups": [group] } }),
        "CreateProduct" => json!({ "createProduct": { "id": "1" } }),
        "CreateOptionGroup" => json!({ "createProductOptionGroup": group }),
        "CreateOption" => json!({ "createProductOption": { "id": "1", "name": "M" } }),
        "CreateVariants" => json!({ "createProductVariants": [{ "id": "1", "sku": "A" }] }),
        "AdjustStock" => json!({ "shelfdAdjustStock": [] }),
        _ => json!({}),
    }
}

fn draft(product: Option<&str>) -> ProductDraft {
    let variant = VariantDraft {
        sku: Sku::new("A").unwrap(),
        options: vec![OptionValue { name: "Size".to_owned(), value: "M".to_owned() }],
        price: Money::from_store("12.50").unwrap(),
    };
    ProductDraft {
        product: product.map(ToOwned::to_owned),
        handle: Some("shirt".to_owned()),
        title: "Shirt".to_owned(),
        variants: vec![variant],
        siblings: Vec::new(),
    }
}

#[tokio::test]
async fn every_request_sent_fits_the_schema() {
    let Some(schema) = schema() else { return };
    let (sku, price) = (Sku::new("A").unwrap(), Money::from_store("12.50"));
    let remote = RemoteId { product: "1".to_owned(), variant: Some("1".to_owned()), inventory: None };
    let requests = record_requests(async |store| {
        store.check().await;
        store.list(None).await.unwrap();
        store.observe(&[(sku.clone(), remote.clone())]).await.unwrap();
        store.create(&[draft(None), draft(Some("1"))]).await;
        let title = Some("Shirt".to_owned());
        store
            .write_content(&[ContentChange { sku: sku.clone(), remote: remote.clone(), title, price, rename: true }])
            .await;
        let write =
            StockWrite { sku: sku.clone(), remote: remote.clone(), expected: 0, delta: -3, key: "k".to_owned() };
        store.write_stock(&[write], Time::MAX_UTC).await;
        store.subscriptions().await.unwrap();
    })
    .await;
    let distinct: BTreeSet<_> = requests.iter().map(|(document, _)| document).collect();
    assert_eq!(distinct.len(), documents().len(), "some document was never sent");
    for (document, variables) in requests {
        if let Err(error) = check(schema, &document, Some(&variables)) {
            panic!("{document}\n{variables}\n{error}");
        }
    }
}
