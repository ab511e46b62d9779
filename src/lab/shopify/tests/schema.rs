//! The schema: part of the published one, and answered whole.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde_json::{Value, json};

use super::{Lab, published, text};
use crate::lab::LabShop as _;
use crate::lab::shopify::graphql::schema::{FieldDef, TypeDef, schema};

fn by_name(list: &Value) -> BTreeMap<&str, &Value> {
    list.as_array().into_iter().flatten().map(|entry| (entry["name"].as_str().unwrap(), entry)).collect()
}

fn type_text(of: &Value) -> String {
    match of["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", type_text(&of["ofType"])),
        Some("LIST") => format!("[{}]", type_text(&of["ofType"])),
        _ => text(&of["name"]),
    }
}

fn check_fields(name: &str, fields: &BTreeMap<String, FieldDef>, real: &Value) {
    let real = by_name(&real["fields"]);
    for (field, def) in fields {
        let real = real.get(field.as_str()).unwrap_or_else(|| panic!("{name}.{field} is not published"));
        assert_eq!(def.kind.to_string(), type_text(&real["type"]), "{name}.{field}");
        let args = by_name(&real["args"]);
        for (arg, input) in &def.args {
            assert_eq!(input.kind.to_string(), type_text(&args[arg.as_str()]["type"]), "{name}.{field}({arg})");
        }
        let required = args.iter().filter(|(_, arg)| type_text(&arg["type"]).ends_with('!'));
        for (arg, _) in required {
            assert!(def.args.contains_key(*arg), "{name}.{field} does not take {arg}");
        }
    }
}

#[test]
fn is_part_of_the_published_schema() {
    let Some(packed) = published("admin_2026-10.json.gz") else { return };
    let mut plain = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut plain).unwrap();
    let published: Value = serde_json::from_str(&plain).unwrap();
    let types = by_name(&published["data"]["__schema"]["types"]);
    for (name, def) in schema().types() {
        let real = types.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not published"));
        match def {
            // Lists of countries and currencies are taken as they come.
            TypeDef::Scalar => assert!(real["kind"] == "SCALAR" || name.ends_with("Code"), "{name}"),
            TypeDef::Enum(values) => {
                let real = by_name(&real["enumValues"]);
                values.iter().for_each(|value| assert!(real.contains_key(value.as_str()), "{name}.{value}"));
            }
            TypeDef::Object(fields, interfaces) => {
                check_fields(name, fields, real);
                let real = by_name(&real["interfaces"]);
                interfaces.iter().for_each(|one| assert!(real.contains_key(one.as_str()), "{name} is no {one}"));
            }
            TypeDef::Interface(fields) => check_fields(name, fields, real),
            TypeDef::Union(members) => {
                let real = by_name(&real["possibleTypes"]);
                members.iter().for_each(|member| assert!(real.contains_key(member.as_str()), "{name}: {member}"));
            }
            TypeDef::Input(inputs) => {
                let real = by_name(&real["inputFields"]);
                for (field, input) in inputs {
                    assert_eq!(input.kind.to_string(), type_text(&real[field.as_str()]["type"]), "{name}.{field}");
                }
            }
        }
    }
}

/// A selection of every field down to a depth, with arguments that fit.
fn everything(kind: &str, depth: usize, ids: &BTreeMap<&str, String>) -> String {
    let Some(fields) = schema().fields(kind) else { return "{ __typename }".to_owned() };
    let mut selection = String::from("{ __typename");
    for (name, def) in fields {
        let inner = def.kind.name();
        if schema().is_composite(inner) && depth == 0 {
            continue;
        }
        let args: Vec<String> = def
            .args
            .keys()
            .filter_map(|arg| match arg.as_str() {
                "first" => Some("first: 1".to_owned()),
                "names" => Some("names: [\"available\", \"on_hand\"]".to_owned()),
                "locationId" => Some(format!("locationId: \"{}\"", ids["Location"])),
                "inventoryItemId" => Some(format!("inventoryItemId: \"{}\"", ids["InventoryItem"])),
                "key" => Some("key: \"care\"".to_owned()),
                "locale" => Some("locale: \"en\"".to_owned()),
                "id" | "publicationId" | "collectionId" => Some(format!("{arg}: \"gid://shopify/Collection/1\"")),
                _ => None,
            })
            .collect();
        let args = if args.is_empty() { String::new() } else { format!("({})", args.join(", ")) };
        let below = if schema().is_composite(inner) { everything(inner, depth - 1, ids) } else { String::new() };
        selection.push_str(&format!(" {name}{args} {below}"));
    }
    selection.push_str(" }");
    selection
}

#[tokio::test]
async fn every_field_is_answered() {
    let lab = Lab::stocked().await;
    let sale = lab.face.sell("TEE-S", 2).unwrap();
    lab.face.refund(&sale.order, 1, true).unwrap();
    let (variant, item) = lab.ids("TEE-S").await;
    let found = lab
        .data(
            "query($id: ID!) { productVariant(id: $id) { product { id } inventoryItem { inventoryLevels(first: 1) \
             { nodes { id location { id } } } } } orders(first: 1) { nodes { id lineItems(first: 1) { nodes { id } } } } }",
            json!({ "id": variant }),
        )
        .await;
    let made = lab
        .data(
            "mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: \
             { uri: \"https://example.com/\" }) { webhookSubscription { id } } productSet(synchronous: false, input: \
             { title: \"Later\" }) { productSetOperation { id status } } }",
            json!({}),
        )
        .await;
    let level = &found["productVariant"]["inventoryItem"]["inventoryLevels"]["nodes"][0];
    let order = &found["orders"]["nodes"][0];
    let ids = BTreeMap::from([
        ("Product", text(&found["productVariant"]["product"]["id"])),
        ("ProductVariant", variant),
        ("InventoryItem", item),
        ("InventoryLevel", text(&level["id"])),
        ("Location", text(&level["location"]["id"])),
        ("Order", text(&order["id"])),
        ("LineItem", text(&order["lineItems"]["nodes"][0]["id"])),
        ("WebhookSubscription", text(&made["webhookSubscriptionCreate"]["webhookSubscription"]["id"])),
        ("ProductSetOperation", text(&made["productSet"]["productSetOperation"]["id"])),
    ]);
    for (kind, id) in &ids {
        let query = format!("{{ node(id: \"{id}\") {{ ... on {kind} {} }} }}", everything(kind, 2, &ids));
        let data = lab.data(&query, json!({})).await;
        assert_eq!(data["node"]["__typename"], *kind);
    }
    for root in ["shop", "currentAppInstallation"] {
        let kind = schema().fields("QueryRoot").unwrap()[root].kind.name();
        lab.data(&format!("{{ {root} {} }}", everything(kind, 2, &ids)), json!({})).await;
    }
    let refunds = format!(
        "{{ order(id: \"{}\") {{ refunds {} lineItems(first: 1) {{ nodes {{ sku currentQuantity }} }} }} }}",
        ids["Order"],
        everything("Refund", 3, &ids)
    );
    let data = lab.data(&refunds, json!({})).await;
    assert_eq!(data["order"]["refunds"][0]["refundLineItems"]["nodes"][0]["restockType"], "CANCEL");
    assert_eq!(data["order"]["lineItems"]["nodes"][0]["currentQuantity"], 1);
}

#[tokio::test]
async fn every_root_is_answered() {
    let lab = Lab::stocked().await;
    let roots = [
        ("products(first: 3, query: \"title:tee\", sortKey: TITLE, reverse: true) { nodes { handle } }", "products"),
        ("productsCount(query: \"sku:tee-m\") { count precision }", "productsCount"),
        ("productVariantsCount(limit: 2) { count precision }", "productVariantsCount"),
        ("locationsCount { count }", "locationsCount"),
        ("ordersCount { count }", "ordersCount"),
        ("webhookSubscriptionsCount { count }", "webhookSubscriptionsCount"),
        ("inventoryItems(first: 1, query: \"sku:MUG\") { nodes { sku } }", "inventoryItems"),
        ("locations(first: 5) { nodes { name } }", "locations"),
        ("location { name }", "location"),
        ("orders(first: 5) { nodes { id } }", "orders"),
        ("webhookSubscriptions(first: 5) { nodes { id } }", "webhookSubscriptions"),
        ("productByHandle(handle: \"tee\") { title }", "productByHandle"),
        ("productByIdentifier(identifier: { handle: \"mug\" }) { title }", "productByIdentifier"),
    ];
    let query = roots.map(|(query, _)| query).join(" ");
    let data = lab.data(&format!("{{ {query} }}"), json!({})).await;
    assert_eq!(data["products"]["nodes"], json!([{ "handle": "tee" }]));
    assert_eq!(data["productsCount"], json!({ "count": 1, "precision": "EXACT" }));
    assert_eq!(data["productVariantsCount"], json!({ "count": 2, "precision": "AT_LEAST" }));
    assert_eq!(data["locationsCount"]["count"], 2);
    assert_eq!(data["inventoryItems"]["nodes"], json!([{ "sku": "MUG" }]));
    // Sorted by name.
    assert_eq!(data["locations"]["nodes"][0]["name"], "My Custom Location");
    assert_eq!(data["location"]["name"], "Shop location");
    assert_eq!(data["productByHandle"]["title"], "TEE");
    assert_eq!(data["productByIdentifier"]["title"], "MUG");
    for (_, name) in roots {
        assert!(data.get(name).is_some_and(|value| !value.is_null()), "{name}");
    }
}
