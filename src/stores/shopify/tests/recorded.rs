//! Answers and deliveries recorded from real shops, where they lie beside this repository.

use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::stores::shopify::{answer, webhook};
use crate::stores::signature::sign_base64_hmac_sha256;
use crate::stores::{Mention, Received};

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs");

/// The folder, or `None` (said aloud) where it is absent. Absence is a failure on CI.
fn folder(name: &str) -> Option<PathBuf> {
    let folder = Path::new(RECORDED).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is absent", folder.display());
    eprintln!("skipped: {} is absent", folder.display());
    None
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn recorded_deliveries_are_read() {
    let Some(folder) = folder("webhooks/shopify") else { return };
    let mut by_topic = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let sample = read(&entry.unwrap().path());
        let topic = sample["topic"].as_str().unwrap().to_owned();
        // The recorded signatures are made with a secret that nobody told.
        let body = serde_json::to_vec(&sample["body"]).unwrap();
        let mut headers: Vec<(String, String)> = sample["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .filter(|(name, _)| name != "x-shopify-hmac-sha256")
            .collect();
        headers.push(("x-shopify-hmac-sha256".to_owned(), sign_base64_hmac_sha256("s", &body)));
        match webhook::receive(&["s".into()], &headers, &body) {
            Ok(Received::Delivery(delivery)) => by_topic.insert(topic, delivery.mentions),
            other => panic!("{topic}: {other:?}"),
        };
    }
    let pink = Mention::Variant("gid://shopify/ProductVariant/808950810".to_owned());
    assert!(by_topic["orders/create"].contains(&pink), "{:?}", by_topic["orders/create"]);
    assert_eq!(by_topic["refunds/create"].first(), Some(&pink));
    assert!(matches!(by_topic["inventory_levels/update"].as_slice(), [Mention::Inventory(_)]));
    assert!(matches!(by_topic["products/delete"].as_slice(), [Mention::Product(_)]));
    assert_eq!(by_topic["orders/edited"], [Mention::Everything]);
}

fn answered(response: &Value) -> String {
    let (read, cost) = answer::read::<Value>("eu", StatusCode::OK, response.to_string().as_bytes());
    assert_eq!(cost.is_some(), response.get("extensions").is_some(), "{response}");
    match read {
        Ok(data) => data.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn recorded_answers_are_understood() {
    let Some(folder) = folder("shopify/exchanges") else { return };
    let recorded = read(&folder.join("2026-04__products__inventory-quantity-contracts-2026-04.json"));
    let check = |case: &str, part: &str| {
        let words = answered(&recorded[case]["response"]);
        assert!(words.contains(part), "{case}: {words}");
    };
    check("inventoryAdjustQuantities", "\"quantityAfterChange\":null");
    check("missingAdjustIdempotency", "refused (BAD_REQUEST): The @idempotent directive is required");
    check("missingAdjustChangeFromQuantity", "refused (INVALID_FIELD_ARGUMENTS)");
    check("legacySetShape", "refused (INVALID_VARIABLE)");
    let unknown = read(&folder.join("2026-04__products__inventory-existence-validation.json"));
    let errors = &unknown["adjustUnknownInventoryItem"]["response"]["data"]["inventoryAdjustQuantities"]["userErrors"];
    let error: answer::UserError = serde_json::from_value(errors[0].clone()).unwrap();
    assert_eq!((error.code(), error.index_in("changes")), ("INVALID_INVENTORY_ITEM", Some(0)));
    let duplicate = read(&folder.join("2025-01__products__product-set-duplicate-variants-parity.json"));
    let errors = &duplicate["mutation"]["response"]["data"]["productSet"]["userErrors"];
    let errors: Vec<answer::UserError> = serde_json::from_value(errors.clone()).unwrap();
    assert_eq!(errors.iter().map(|error| error.index_in("variants")).collect::<Vec<_>>(), [Some(4), Some(5)]);
    assert_eq!(answered(&json!({ "data": { "a": 1 } })), r#"{"a":1}"#);
}
