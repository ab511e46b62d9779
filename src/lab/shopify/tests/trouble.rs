//! What goes wrong between the shop and its app.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Lab, text};

const NAME: &str = "{ shop { name } }";

async fn grant(lab: &Lab) -> (u16, Value) {
    let form = json!({ "grant_type": "client_credentials", "client_id": "lab-client", "client_secret": "shpss_lab" });
    let answer = lab.http.post(format!("{}/admin/oauth/access_token", lab.url)).json(&form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_removed_app_gets_nothing() {
    let lab = Lab::stocked().await;
    let subscribe = "mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: \
        { uri: \"https://example.com/\" }) { userErrors { message } } }";
    lab.data(subscribe, json!({})).await;
    let token = text(&grant(&lab).await.1["access_token"]);
    lab.face.set_revoked(true);
    for token in [token.as_str(), "shpat_lab"] {
        let (status, answer) = lab.post(token, &json!({ "query": NAME })).await;
        assert_eq!(status, 401);
        assert!(text(&answer["errors"]).starts_with("[API] Invalid API key or access token"), "{answer}");
    }
    assert_eq!(grant(&lab).await.0, 400);
    lab.face.set_revoked(false);
    assert_eq!(lab.post(&token, &json!({ "query": NAME })).await.0, 401, "what was granted before stays dead");
    let data = lab.data("{ webhookSubscriptionsCount { count } }", json!({})).await;
    assert_eq!(data["webhookSubscriptionsCount"]["count"], 0);
}

#[tokio::test]
async fn scopes_bound_what_is_read_and_written() {
    let lab = Lab::stocked().await;
    lab.face.set_scopes(&["read_products".to_owned()]);
    let data = lab.data("{ products(first: 1) { nodes { handle } } }", json!({})).await;
    assert_eq!(data["products"]["nodes"][0]["handle"], "mug");
    let denied = lab.ask("{ orders(first: 1) { nodes { id } } }", json!({})).await;
    let error = &denied["errors"][0];
    assert_eq!(error["extensions"]["code"], "ACCESS_DENIED");
    assert_eq!(error["path"], json!(["orders"]));
    assert!(text(&error["message"]).starts_with("Access denied for orders field. Required access: `read_orders`"));
    assert_eq!(denied["data"], Value::Null, "the list may not be null, so nothing can be given");
    let made = "mutation { productCreate(product: { title: \"No\" }) { product { id } } }";
    let denied = lab.ask(made, json!({})).await;
    assert_eq!(denied["data"], json!({ "productCreate": null }));
    assert_eq!(denied["errors"][0]["extensions"]["code"], "ACCESS_DENIED");
    // An item may be seen by who may see products, its quantities not.
    let (_, item) = lab.ids("MUG").await;
    let query = "query($id: ID!) { inventoryItem(id: $id) { sku inventoryLevels(first: 1) { nodes { id } } } }";
    let denied = lab.ask(query, json!({ "id": item })).await;
    assert_eq!(denied["errors"][0]["path"], json!(["inventoryItem", "inventoryLevels"]));
}

#[tokio::test]
async fn points_can_be_taken_away() {
    let lab = Lab::stocked().await;
    lab.face.set_points(Some(0.0), Some(0.0));
    let throttled = lab.ask("{ products(first: 1) { nodes { id } } }", json!({})).await;
    assert_eq!(throttled["errors"][0]["extensions"]["code"], "THROTTLED");
    assert_eq!(throttled["extensions"]["cost"]["actualQueryCost"], Value::Null);
    assert_eq!(throttled["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"], 0);
    lab.face.set_points(Some(100.0), None);
    lab.data("{ products(first: 1) { nodes { id } } }", json!({})).await;
}

#[tokio::test]
async fn older_versions_compare_in_their_own_way() {
    let lab = Lab::stocked().await;
    let (_, mug) = lab.ids("MUG").await;
    let location = lab.face.location_id(0).unwrap();
    let ask = async |version: &str, input: Value| -> Value {
        let query = "mutation($input: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $input) { \
            userErrors { code field } } }";
        let url = format!("{}/admin/api/{version}/graphql.json", lab.url);
        let request = lab.http.post(url).header("X-Shopify-Access-Token", "shpat_lab");
        let answer = request.json(&json!({ "query": query, "variables": { "input": input } })).send().await.unwrap();
        let told = answer.headers()["x-shopify-api-version"].to_str().unwrap().to_owned();
        assert_eq!(told, if version < "2026-01" { "2026-01" } else { version });
        answer.json().await.unwrap()
    };
    let quantity = |compare: Value| {
        let mut entry = json!({ "inventoryItemId": mug, "locationId": location, "quantity": 3 });
        if !compare.is_null() {
            entry["compareQuantity"] = compare;
        }
        json!({ "name": "available", "reason": "correction", "quantities": [entry] })
    };
    let code = |answer: &Value| answer["data"]["inventorySetQuantities"]["userErrors"][0]["code"].clone();
    assert_eq!(code(&ask("2026-01", quantity(Value::Null)).await), "COMPARE_QUANTITY_REQUIRED");
    assert_eq!(code(&ask("2026-01", quantity(json!(9))).await), "COMPARE_QUANTITY_STALE");
    assert_eq!(code(&ask("2025-07", quantity(json!(10))).await), Value::Null, "it was set");
    let newer = ask("2026-04", quantity(json!(3))).await;
    assert_eq!(newer["errors"][0]["extensions"]["code"], "INVALID_VARIABLE");
}

#[test]
fn retries_grow_to_four_hours() {
    let waits = crate::lab::shopify::delivery::RETRY_WAITS;
    assert!(waits.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(waits.iter().sum::<u32>(), 4 * 60 * 60);
    assert_eq!(waits.len() + 1, 8);
}

#[test]
fn the_unit_of_retries_can_be_changed() {
    let face = crate::lab::shopify::ShopifyFace::new(crate::lab::shopify::ShopifyOptions::default());
    assert_eq!(face.retry_unit(), Duration::from_secs(1));
    face.set_retry_unit(Duration::from_millis(2));
    assert_eq!(face.retry_unit(), Duration::from_millis(2));
}
