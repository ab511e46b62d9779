//! Recorded calls, played again: the answers must be the same but for ids and times, and so must the costs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Lab, published, published_directory, text};
use crate::lab::shopify::gid::Gid;
use crate::lab::shopify::graphql::request::Request;
use crate::lab::shopify::graphql::schema::schema;
use crate::lab::shopify::graphql::selection::Scope;
use crate::lab::shopify::graphql::validate::validate;
use crate::lab::shopify::graphql::{cost, variables};

/// Recorded ids and ours.
type Ids = BTreeMap<String, String>;

fn exchange(name: &str) -> Option<Value> {
    published(&format!("exchanges/{name}.json")).map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

/// The same value with our ids for the recorded ones.
fn translated(value: &Value, ids: &Ids) -> Value {
    match value {
        Value::String(text) => json!(ids.get(text).unwrap_or(text)),
        Value::Array(items) => items.iter().map(|item| translated(item, ids)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), translated(value, ids))).collect())
        }
        other => other.clone(),
    }
}

/// Compare, and learn ids that are met for the first time.
fn same(ours: &Value, recorded: &Value, ids: &mut Ids, at: &str) {
    match (ours, recorded) {
        (Value::Object(ours), Value::Object(recorded)) => {
            let names = |fields: &Map<String, Value>| fields.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(ours), names(recorded), "{at}");
            ours.iter().for_each(|(name, value)| same(value, &recorded[name], ids, &format!("{at}.{name}")));
        }
        (Value::Array(ours), Value::Array(recorded)) => {
            assert_eq!(ours.len(), recorded.len(), "{at}: {ours:?}");
            for (index, (ours, recorded)) in ours.iter().zip(recorded).enumerate() {
                same(ours, recorded, ids, &format!("{at}.{index}"));
            }
        }
        (Value::String(ours), Value::String(recorded)) => {
            let is_time = |text: &str| text.parse::<crate::clock::Time>().is_ok();
            if let (Some(a), Some(b)) = (Gid::parse(ours), Gid::parse(recorded)) {
                assert_eq!(a.kind, b.kind, "{at}");
                assert_eq!(ids.entry(recorded.clone()).or_insert_with(|| ours.clone()), ours, "{at}");
            } else if !(is_time(ours) && is_time(recorded)) {
                assert_eq!(ours, recorded, "{at}");
            }
        }
        _ => assert_eq!(ours, recorded, "{at}"),
    }
}

/// Play one call; `document` is used where none was recorded.
async fn play(lab: &Lab, call: &Value, document: Option<&str>, ids: &mut Ids, at: &str) {
    let document = call.get("query").and_then(Value::as_str).or(document).expect(at);
    let answer = lab.ask(document, translated(&call["variables"], ids)).await;
    let mut recorded = call["response"].clone();
    if let Some(payload) = recorded.get("payload") {
        recorded = payload.clone();
    }
    let ours = answer.get("data").cloned().unwrap_or_default();
    same(&ours, recorded.get("data").unwrap_or(&Value::Null), ids, at);
    let codes = |answer: &Value| -> Vec<(Value, Value)> {
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        errors.into_iter().map(|error| (error["message"].clone(), error["extensions"]["code"].clone())).collect()
    };
    assert_eq!(codes(&answer), codes(&recorded), "{at}");
    if call.get("query").is_some() {
        for cost in ["requestedQueryCost", "actualQueryCost"] {
            assert_eq!(answer["extensions"]["cost"][cost], recorded["extensions"]["cost"][cost], "{at}: {cost}");
        }
    }
}

/// A selection of the fields that an answer has.
fn selection(of: &Value) -> String {
    match of {
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| match (name.as_str(), value) {
                    ("userErrors", _) => "userErrors { field message code }".to_owned(),
                    ("inventoryAdjustmentGroup", Value::Null) => "inventoryAdjustmentGroup { id }".to_owned(),
                    ("product", Value::Null) => "product { id }".to_owned(),
                    ("productSetOperation", Value::Null) => "productSetOperation { id }".to_owned(),
                    (name, value) => format!("{name} {}", selection(value)),
                })
                .collect();
            format!("{{ {} }}", fields.join(" "))
        }
        Value::Array(items) => items.first().map(selection).unwrap_or_default(),
        _ => String::new(),
    }
}

#[tokio::test]
async fn inventory_activate() {
    let Some(file) = exchange("2026-04__products__inventory-activate-on-hand") else { return };
    let lab = Lab::stocked().await;
    let mut ids = Ids::new();
    for (index, place) in ["primary", "secondary"].iter().enumerate() {
        ids.insert(text(&file["locations"][place]["id"]), lab.face.location_id(index).unwrap());
    }
    for product in ["activateProduct", "conflictProduct", "outOfRangeProduct"] {
        for step in ["create", "track"] {
            play(&lab, &file["setup"][product][step], None, &mut ids, &format!("{product} {step}")).await;
        }
    }
    for case in
        ["activateOnHand", "activateOnHandRead", "availableOnHandConflict", "alreadyActiveOnHand", "onHandOutOfRange"]
    {
        play(&lab, &file["cases"][case], None, &mut ids, case).await;
    }
}

#[tokio::test]
async fn a_level_is_listed_and_windowed() {
    let Some(file) = exchange("2026-04__products__inventory-item-levels-connection-windowing-2026-04") else { return };
    let lab = Lab::stocked().await;
    let setup = &file["setup"];
    let mut ids = Ids::from([
        (text(&setup["sourceLocationId"]), lab.face.location_id(0).unwrap()),
        (text(&setup["destinationLocationId"]), lab.face.location_id(1).unwrap()),
    ]);
    play(&lab, &file["operations"]["productSet"], None, &mut ids, "productSet").await;
    // Names of locations differ: ours were there before.
    for step in ["inventorySet", "inventoryActivate", "inventoryAdjust"] {
        let mut call = file["operations"][step].clone();
        rename(&mut call["response"]);
        play(&lab, &call, None, &mut ids, step).await;
    }
    let call = &file["operations"]["activeRead"];
    let mut variables = translated(&call["variables"], &ids);
    let number = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    let item = text(&setup["inventoryItemId"]);
    variables["itemQuery"] = json!(format!("inventory_item_id:{}", number(&ids[&item])));
    let answer = lab.ask(call["query"].as_str().unwrap(), variables).await;
    let recorded = &call["response"];
    for list in ["filtered", "emptyFilter", "invalidLocationFilter", "reverseLevels", "firstPage"] {
        let ours = answer["data"]["inventoryItem"][list]["nodes"].as_array().unwrap();
        let theirs = recorded["data"]["inventoryItem"][list]["nodes"].as_array().unwrap();
        let kinds = |nodes: &[Value]| nodes.iter().map(|node| node["quantities"].clone()).collect::<Vec<_>>();
        assert_eq!(kinds(ours), kinds(theirs), "{list}");
    }
    assert_eq!(
        answer["extensions"]["cost"]["requestedQueryCost"],
        recorded["extensions"]["cost"]["requestedQueryCost"]
    );
    let warnings = |answer: &Value| answer["extensions"]["search"][0]["warnings"].clone();
    assert_eq!(warnings(&answer), warnings(recorded));
}

/// The names that our locations have.
fn rename(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match value.as_str().filter(|_| name == "name") {
                    Some(of) if of.contains("Source") => *value = json!("Shop location"),
                    Some(of) if of.contains("Destination") => *value = json!("My Custom Location"),
                    _ => rename(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(rename),
        _ => {}
    }
}

#[tokio::test]
async fn quantities_are_set_and_adjusted() {
    let Some(file) = exchange("2026-04__products__inventory-quantity-contracts-2026-04") else { return };
    let lab = Lab::stocked().await;
    lab.face.seed(&[super::item("REC", "rec", &[], "1", 0)]);
    let (_, item) = lab.ids("REC").await;
    let mut ids = Ids::from([
        (text(&file["setup"]["product"]["inventoryItemId"]), item),
        (text(&file["setup"]["location"]["id"]), lab.face.location_id(0).unwrap()),
    ]);
    let unknown = &file["unknownIdValidation"];
    let calls = [
        (&file, "inventorySetQuantities", true),
        (&file, "missingSetIdempotency", false),
        (&file, "missingSetChangeFromQuantity", true),
        (&file, "legacySetShape", true),
        (&file, "inventoryAdjustQuantities", true),
        (&file, "missingAdjustIdempotency", false),
        (&file, "missingAdjustChangeFromQuantity", false),
        (unknown, "setUnknownInventoryItem", true),
        (unknown, "setUnknownLocation", true),
        (unknown, "adjustUnknownInventoryItem", true),
        (unknown, "adjustUnknownLocation", true),
    ];
    for (holder, case, keyed) in calls {
        let call = &holder[case];
        let adjusts = case.to_lowercase().contains("adjust");
        let (field, input) = match adjusts {
            true => ("inventoryAdjustQuantities", "InventoryAdjustQuantitiesInput"),
            false => ("inventorySetQuantities", "InventorySetQuantitiesInput"),
        };
        let (declared, directive) = match keyed {
            true => (", $idempotencyKey: String!", "@idempotent(key: $idempotencyKey)"),
            false => ("", ""),
        };
        let answered = &call["response"]["data"][field];
        let selected = if answered.is_object() { selection(answered) } else { "{ userErrors { field } }".to_owned() };
        let document =
            format!("mutation($input: {input}!{declared}) {{ {field}(input: $input) {directive} {selected} }}");
        play(&lab, call, Some(&document), &mut ids, case).await;
    }
}

#[tokio::test]
async fn refused_quantities() {
    let lab = Lab::stocked().await;
    lab.face.seed(&[super::item("REC", "rec", &[], "1", 0)]);
    let (_, item) = lab.ids("REC").await;
    let place = lab.face.location_id(0).unwrap();
    if let Some(file) = exchange("2026-04__products__inventory-existence-validation") {
        play(&lab, &file["adjustUnknownInventoryItem"], None, &mut Ids::new(), "existence").await;
    }
    if let Some(file) = exchange("2026-04__products__inventory-adjust-name-allowlist") {
        let setup = &file["setup"];
        let mut ids =
            Ids::from([(text(&setup["inventoryItemId"]), item.clone()), (text(&setup["locationId"]), place.clone())]);
        for case in ["adjustOnHand", "adjustCommitted"] {
            play(&lab, &file["cases"][case], None, &mut ids, case).await;
        }
    }
    if let Some(file) = exchange("2026-04__products__inventorySetQuantities-quantity-bounds") {
        for case in ["onHandNegative", "availableTooLow", "availableNegativeWithinBounds"] {
            let call = &file["cases"][case];
            let setup = &call["setup"];
            let mut ids = Ids::from([
                (text(&setup["inventoryItemId"]), item.clone()),
                (text(&setup["locationId"]), place.clone()),
            ]);
            play(&lab, call, None, &mut ids, case).await;
        }
    }
}

#[tokio::test]
async fn refused_products() {
    let lab = Lab::stocked().await;
    let play_set = async |call: &Value, at: &str| {
        let data = &call["response"]["data"]["productSet"];
        let mut selected = selection(data);
        let coded = data["userErrors"][0].get("code").is_some();
        if !coded {
            selected = selected.replace("message code", "message");
        }
        let document = format!(
            "mutation($input: ProductSetInput!, $identifier: ProductSetIdentifiers, $synchronous: Boolean) {{ \
             productSet(input: $input, identifier: $identifier, synchronous: $synchronous) {selected} }}"
        );
        play(&lab, call, Some(&document), &mut Ids::new(), at).await;
    };
    for (name, case) in [
        ("2025-01__products__product-set-duplicate-variants-parity", "mutation"),
        ("2025-01__products__product-set-options-only-requires-variants", "mutation"),
        ("2026-04__products__product-set-id-not-allowed", "idNotAllowed"),
        ("2026-04__products__product-set-id-not-allowed", "missingIdentifier"),
    ] {
        if let Some(file) = exchange(name) {
            play_set(&file[case], name).await;
        }
    }
    if let Some(file) = exchange("2025-01__products__product-set-input-length-validation") {
        for case in ["tooLongTitle", "tooLongHandle", "tooLongVendor", "tooLongProductType"] {
            play_set(&file["scenarios"][case], case).await;
        }
    }
}

#[tokio::test]
async fn subscriptions_live_and_are_refused() {
    let Some(file) = exchange("2026-04__webhooks__webhook-subscription-conformance") else { return };
    let lab = Lab::stocked().await;
    let mut ids = Ids::new();
    let fields = "webhookSubscription { id topic format includeFields metafieldNamespaces filter createdAt updatedAt \
        endpoint { __typename ... on WebhookHttpEndpoint { callbackUrl } } }";
    let create = format!(
        "mutation($topic: WebhookSubscriptionTopic!, $webhookSubscription: WebhookSubscriptionInput!) {{ \
         webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhookSubscription) {{ {fields} userErrors \
         {{ field message }} }} }}"
    );
    let update = format!(
        "mutation($id: ID!, $webhookSubscription: WebhookSubscriptionInput!) {{ webhookSubscriptionUpdate(id: $id, \
         webhookSubscription: $webhookSubscription) {{ {fields} userErrors {{ field message }} }} }}"
    );
    let read =
        format!("query($id: ID!) {{ {} }}", fields.replacen("webhookSubscription", "webhookSubscription(id: $id)", 1));
    let delete = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors \
        { field message } } }";
    let steps = [
        ("lifecycle", "create", create.as_str()),
        ("lifecycle", "detailAfterCreate", &read),
        ("lifecycle", "update", &update),
        ("lifecycle", "detailAfterUpdate", &read),
        ("lifecycle", "delete", delete),
        ("lifecycle", "postDeleteDetail", &read),
        ("filterDefault", "createWithoutFilter", &create),
        ("filterDefault", "createWithEmptyFilter", &create),
        ("updateValidation", "create", &create),
        ("updateValidation", "updateBlankUri", &update),
        ("updateValidation", "updateHttpUri", &update),
    ];
    for (part, step, document) in steps {
        play(&lab, &file[part][step], Some(document), &mut ids, &format!("{part} {step}")).await;
    }
}

/// Every call of a file that has its document and its cost beside it.
fn calls(of: &Value, found: &mut Vec<(String, Value, i64)>) {
    if let (Some(query), Some(response)) = (of["query"].as_str(), of.get("response")) {
        let costs = ["/extensions/cost", "/payload/extensions/cost", "/body/extensions/cost"];
        let cost = costs.iter().find_map(|at| response.pointer(at)?.get("requestedQueryCost")?.as_i64());
        found.extend(cost.map(|cost| (query.to_owned(), of["variables"].clone(), cost)));
    }
    match of {
        Value::Object(fields) => fields.values().for_each(|value| calls(value, found)),
        Value::Array(items) => items.iter().for_each(|item| calls(item, found)),
        _ => {}
    }
}

#[test]
fn costs_are_those_recorded() {
    let Some(directory) = published_directory("exchanges") else { return };
    let mut found = Vec::new();
    for file in std::fs::read_dir(directory).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        calls(&serde_json::from_slice(&bytes).unwrap(), &mut found);
    }
    let mut checked = 0;
    for (query, variables, cost) in found {
        let Ok(document) = graphql_parser::parse_query::<String>(&query) else { continue };
        let document = document.into_static();
        let request = Request::choose(&document, None).unwrap();
        // Documents that ask for what this face does not know cannot be compared.
        if !validate(schema(), &request).is_empty() {
            continue;
        }
        let given = variables.as_object().cloned().unwrap_or_default();
        let Ok(variables) = variables::coerce(schema(), &request, &given) else { continue };
        let scope = Scope { schema: schema(), request: &request, variables: &variables };
        assert_eq!(cost::requested(&scope).floor() as i64, cost, "{}", request.title);
        checked += 1;
    }
    assert!(checked >= 20, "only {checked} could be compared");
}
