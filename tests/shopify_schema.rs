//! Holds every GraphQL document of the Shopify endpoint, and the variables it sends with them, against Shopify's
//! published schemas: of the API version it speaks, and of the one before. (The one after is not published yet; what comes
//! is held against in `tests/clients/shopify-schema`, where node is there.)
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic, and says when it is skipped")]

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use axum::Router;
use axum::body::Bytes;
use serde_json::{Value, json};
mod introspection;
use introspection::{check, text};
use shelfd::catalog::{Money, OptionValue, Sku};
use shelfd::clock::Time;
use shelfd::stores::shopify::{Access, Config, Shopify};
use shelfd::stores::{ContentChange, ProductDraft, RemoteId, StockWrite, Store as _, VariantDraft};

/// Schemas are published apart from this repository; without one there is nothing to compare with.
const SCHEMAS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs/shopify");
/// The version that is spoken comes first.
const VERSIONS: [&str; 2] = ["2026-10", "2026-07"];
const DOCUMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/stores/shopify/queries");
/// A version and its schema.
type Versioned = (&'static str, Valid<Schema>);

/// The schemas by version, or `None` (said aloud) where one is absent. Absence is a failure on CI.
fn schemas() -> Option<&'static [Versioned]> {
    static READ: LazyLock<Option<Vec<Versioned>>> =
        LazyLock::new(|| VERSIONS.into_iter().map(|version| Some((version, read(version)?))).collect());
    if READ.is_none() {
        eprintln!("skipped: a schema in {SCHEMAS} is absent");
    }
    READ.as_deref()
}

fn read(version: &str) -> Option<Valid<Schema>> {
    let path = format!("{SCHEMAS}/admin_{version}.json.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        assert!(std::env::var_os("CI").is_none(), "{path} is absent");
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let introspection: Value = serde_json::from_str(&text).unwrap();
    let root = introspection.get("data").unwrap_or(&introspection);
    let sdl = introspection::sdl(&root["__schema"]);
    Some(Schema::parse_and_validate(sdl, path).unwrap_or_else(|error| panic!("{}", error.errors)))
}

fn documents() -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(Path::new(DOCUMENTS)).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn every_document_fits_the_schema() {
    let Some(schemas) = schemas() else { return };
    let documents = documents();
    assert!(documents.len() >= 14, "only {} documents in {DOCUMENTS}", documents.len());
    for (version, schema) in schemas {
        for (path, document) in &documents {
            if let Err(error) = check(schema, document, None) {
                panic!("{version}: {}: {error}", path.display());
            }
        }
    }
    let names: BTreeSet<String> =
        documents.iter().map(|(path, _)| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    write_evidence(&names);
}

/// What the conformance report is made from, where it is asked for.
fn write_evidence(names: &BTreeSet<String>) {
    let Some(folder) = std::env::var_os("EVIDENCE_DIR") else { return };
    let cases = names.len() * VERSIONS.len();
    let evidence = json!({
        "system": "Shopify Admin GraphQL",
        "kind": "schema",
        "evidence": "published introspection",
        "version": VERSIONS.join(" and "),
        "cases": cases,
        "passed": cases,
        "calls": names,
        "differs": [],
    });
    std::fs::create_dir_all(&folder).unwrap();
    let path = Path::new(&folder).join("shopify-schema.json");
    std::fs::write(path, serde_json::to_vec_pretty(&evidence).unwrap()).unwrap();
}

/// One word changed in any of the documents must not go unseen.
#[test]
fn a_planted_field_is_found_in_every_document() {
    let Some(schemas) = schemas() else { return };
    for (version, schema) in schemas {
        for (path, document) in documents() {
            // The innermost selection, which every document has.
            let at = document.find('}').unwrap();
            let planted = format!("{}shelfdPlanted {}", &document[..at], &document[at..]);
            let error = check(schema, &planted, None).expect_err(&format!("{version}: {}", path.display()));
            assert!(error.contains("shelfdPlanted"), "{version}: {}: {error}", path.display());
        }
    }
}

#[test]
fn a_broken_document_is_refused() {
    let Some([(_, schema), ..]) = schemas() else { return };
    let refused = |document: &str, variables: Option<&Value>, part: &str| {
        let error = check(schema, document, variables).unwrap_err();
        assert!(error.contains(part), "{document}: {error}");
    };
    assert_eq!(check(schema, "{ shop { name } }", None), Ok(()));
    refused("{ shop { nickname } }", None, "nickname");
    refused("{ locations(first: \"ten\") { nodes { id } } }", None, "ten");
    refused(
        "mutation { inventoryActivate(inventoryItemId: \"1\") @idempotent(key: \"k\") { userErrors { field } } }",
        None,
        "locationId",
    );
    refused("{ shop @idempotent { name } }", None, "key");
    let by_id = "query ($id: ID!) { location(id: $id) { id } }";
    assert_eq!(check(schema, by_id, Some(&json!({ "id": "gid://shopify/Location/1" }))), Ok(()));
    refused(by_id, Some(&json!({})), "id");
    let create = "mutation ($input: ProductSetInput!) { productSet(input: $input) { userErrors { code } } }";
    refused(create, Some(&json!({ "input": { "name": "Shirt" } })), "name");
    refused(create, Some(&json!({ "input": { "status": "LIVE" } })), "LIVE");
}

/// Take every request and answer just enough that the endpoint goes on to its next call.
async fn record_requests(run: impl AsyncFnOnce(Shopify)) -> Vec<(String, Value)> {
    let seen: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let shared = Arc::clone(&seen);
    let app = Router::new().fallback(move |body: Bytes| {
        let request: Value = serde_json::from_slice(&body).unwrap();
        let answer = answer(&request).to_string();
        shared.lock().unwrap().push((text(&request["query"]).to_owned(), request["variables"].clone()));
        async move { answer }
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
        access: Access::Token("fixed".into()),
        location: None,
        webhook_secrets: vec!["secret".into()],
    };
    run(Shopify::new(config).unwrap()).await;
    let seen = seen.lock().unwrap();
    seen.clone()
}

fn answer(request: &Value) -> Value {
    let query = text(&request["query"]);
    let page = |nodes: Value| json!({ "nodes": nodes, "pageInfo": { "hasNextPage": false, "endCursor": null } });
    let variant = json!({
        "id": "gid://shopify/ProductVariant/1", "sku": "A", "price": "1.00",
        "product": { "id": "gid://shopify/Product/1", "title": "Shirt", "handle": "shirt" },
        "inventoryItem": { "id": "gid://shopify/InventoryItem/1", "tracked": true, "inventoryLevel": null },
    });
    let data = if query.contains("locations(") {
        json!({ "locations": { "nodes": [{ "id": "gid://shopify/Location/9", "name": "Berlin", "isActive": true }] } })
    } else if query.contains("productVariants(") {
        json!({ "productVariants": page(json!([variant])) })
    } else if query.contains("nodes(ids") {
        json!({ "nodes": [variant] })
    } else if query.contains("inventoryActivate(") {
        json!({ "inventoryActivate": { "inventoryLevel": { "isActive": true }, "userErrors": [] } })
    } else if query.contains("webhookSubscriptions(") {
        json!({ "webhookSubscriptions": page(json!([])) })
    } else if query.contains("currentAppInstallation") {
        json!({ "shop": { "name": "Kiln" }, "currentAppInstallation": { "accessScopes": [] } })
    } else if query.contains("webhookSubscriptionCreate(") {
        let node = json!({ "id": "1", "topic": "ORDERS_CREATE", "uri": "https://us.example" });
        json!({ "webhookSubscriptionCreate": { "webhookSubscription": node, "userErrors": [] } })
    } else {
        json!({})
    };
    json!({ "data": data })
}

fn remote() -> RemoteId {
    RemoteId {
        product: "gid://shopify/Product/1".to_owned(),
        variant: Some("gid://shopify/ProductVariant/1".to_owned()),
        inventory: Some("gid://shopify/InventoryItem/1".to_owned()),
    }
}

fn draft(product: Option<&str>, options: Vec<OptionValue>) -> ProductDraft {
    let variant = VariantDraft { sku: Sku::new("A").unwrap(), options, price: Money::from_store("12.50").unwrap() };
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
    let Some(schemas) = schemas() else { return };
    let (sku, price) = (Sku::new("A").unwrap(), Money::from_store("12.50"));
    let requests = record_requests(async |store| {
        store.check().await;
        store.list(None).await.unwrap();
        store.list(Some("77/0/")).await.unwrap();
        store.observe(&[(sku.clone(), remote())]).await.unwrap();
        let size = OptionValue { name: "Size".to_owned(), value: "M".to_owned() };
        store.create(&[draft(None, vec![size.clone()]), draft(Some("gid://shopify/Product/1"), vec![size])]).await;
        let title = Some("Shirt".to_owned());
        store.write_content(&[ContentChange { sku: sku.clone(), remote: remote(), title, price, rename: true }]).await;
        let write = StockWrite { sku: sku.clone(), remote: remote(), expected: 0, delta: -3, key: "k".to_owned() };
        store.write_stock(&[write], Time::MAX_UTC).await;
        store.subscribe("https://us.example").await.unwrap();
        store.unsubscribe("gid://shopify/WebhookSubscription/1").await.unwrap_err();
    })
    .await;
    // All but the look-up of a configured location.
    let distinct: BTreeSet<_> = requests.iter().map(|(document, _)| document).collect();
    assert_eq!(distinct.len(), documents().len() - 1);
    for (version, schema) in schemas {
        for (document, variables) in &requests {
            if let Err(error) = check(schema, document, Some(variables)) {
                panic!("{version}: {document}\n{variables}\n{error}");
            }
        }
    }
}
