//! Pure: a webhook's headers and raw body to a verified delivery.
//! <https://shopify.dev/docs/apps/build/webhooks/delivery-structure>

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::stores::signature::Signed;
use crate::stores::{Mention, Received, Rejected};

use super::convert::gid;

const SIGNATURE: &str = "x-shopify-hmac-sha256";
const TOPIC: &str = "x-shopify-topic";
const EVENT_ID: &str = "x-shopify-event-id";
const WEBHOOK_ID: &str = "x-shopify-webhook-id";

/// Anything with a number. Ids exceed 2^53, so they are never floats.
#[derive(Deserialize)]
struct Numbered {
    id: u64,
}

#[derive(Deserialize)]
struct Order {
    line_items: Vec<Line>,
}

/// Nothing of the buyer is read.
#[derive(Deserialize)]
struct Line {
    variant_id: Option<u64>,
    sku: Option<String>,
}

#[derive(Deserialize)]
struct Refund {
    refund_line_items: Vec<RefundLine>,
}

#[derive(Deserialize)]
struct RefundLine {
    line_item: Option<Line>,
}

#[derive(Deserialize)]
struct Level {
    inventory_item_id: u64,
    location_id: Option<u64>,
}

/// Verify the raw bytes, then take from them what they mention.
pub(super) fn receive(
    secrets: &[SecretString],
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Received, Rejected> {
    let header = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let signature = header(SIGNATURE).ok_or(Rejected::MissingHeader(SIGNATURE))?;
    let signed = Signed::base64_hmac_sha256(secrets, body, signature)?;
    let topic = header(TOPIC).ok_or(Rejected::MissingHeader(TOPIC))?;
    let event = header(EVENT_ID).or_else(|| header(WEBHOOK_ID)).ok_or(Rejected::MissingHeader(EVENT_ID))?;
    let (mentions, part) = read(topic, body)?;
    // One event (an order of three articles) can make several deliveries of one topic, each about another thing.
    let dedupe = format!("{topic} {event}{part}");
    Ok(Received::Delivery(signed.delivery(topic.to_owned(), dedupe, mentions)))
}

/// What a body mentions, and which part of its event it is where one event makes several deliveries of the topic.
fn read(topic: &str, body: &[u8]) -> Result<(Vec<Mention>, String), Rejected> {
    let mentions = match topic {
        // Line ids and deltas only.
        "orders/edited" => vec![Mention::Everything],
        "refunds/create" => {
            let refund: Refund = parse(topic, body)?;
            refund
                .refund_line_items
                .into_iter()
                .filter_map(|item| item.line_item.map_or(Some(Mention::Everything), line))
                .collect()
        }
        "orders/create" | "orders/updated" | "orders/cancelled" | "orders/paid" | "orders/fulfilled" => {
            let order: Order = parse(topic, body)?;
            order.line_items.into_iter().filter_map(line).collect()
        }
        _ if topic.starts_with("inventory_levels/") => {
            let Level { inventory_item_id: item, location_id } = parse(topic, body)?;
            let part = format!(" {item}@{}", location_id.unwrap_or_default());
            return Ok((vec![Mention::Inventory(gid("InventoryItem", &item.to_string()))], part));
        }
        _ if topic.starts_with("inventory_items/") => {
            vec![Mention::Inventory(gid("InventoryItem", &parse::<Numbered>(topic, body)?.id.to_string()))]
        }
        _ if topic.starts_with("products/") => {
            vec![Mention::Product(gid("Product", &parse::<Numbered>(topic, body)?.id.to_string()))]
        }
        // A topic that somebody subscribed us to by hand: look, rather than miss something.
        _ => vec![Mention::Everything],
    };
    Ok((distinct(mentions), String::new()))
}

fn parse<T: DeserializeOwned>(topic: &str, body: &[u8]) -> Result<T, Rejected> {
    serde_json::from_slice(body).map_err(|error| {
        // Only the kind and the place: the words may quote the body.
        let why = format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column());
        Rejected::Unreadable { topic: topic.to_owned(), why }
    })
}

/// A line of something that has neither variant nor SKU (a tip, a custom item) is not in stock.
fn line(line: Line) -> Option<Mention> {
    match line.variant_id {
        Some(id) => Some(Mention::Variant(gid("ProductVariant", &id.to_string()))),
        None => line.sku.filter(|sku| !sku.trim().is_empty()).map(Mention::Sku),
    }
}

fn distinct(mentions: Vec<Mention>) -> Vec<Mention> {
    let mut seen = std::collections::HashSet::new();
    mentions.into_iter().filter(|mention| seen.insert(mention.clone())).collect()
}

#[cfg(test)]
mod tests {
    use crate::stores::signature::sign_base64_hmac_sha256;

    use super::*;

    const EVENT: &str = "98880550-7158-44d4-b7cd-2c97c8a091b5";

    fn headers(topic: &str, signature: &str) -> Vec<(String, String)> {
        [(SIGNATURE, signature), (TOPIC, topic), (WEBHOOK_ID, "w-1"), (EVENT_ID, EVENT)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    fn secrets() -> Vec<SecretString> {
        vec!["new".into(), "old".into()]
    }

    fn check(topic: &str, body: &str, expect: &[Mention]) {
        let signature = sign_base64_hmac_sha256("old", body.as_bytes());
        match receive(&secrets(), &headers(topic, &signature), body.as_bytes()) {
            Ok(Received::Delivery(delivery)) => {
                assert_eq!(delivery.mentions, expect, "{topic}");
                assert_eq!(delivery.topic, topic);
                assert!(delivery.dedupe.contains(topic) && delivery.dedupe.contains(EVENT), "{}", delivery.dedupe);
            }
            other => panic!("{topic}: {other:?}"),
        }
    }

    fn variant(id: u64) -> Mention {
        Mention::Variant(format!("gid://shopify/ProductVariant/{id}"))
    }

    #[test]
    fn orders_mention_their_lines() {
        let lines = r#"{"email":"jon@example.com","line_items":[
            {"id":1,"variant_id":9007199254740993,"sku":"A"},{"id":2,"variant_id":9007199254740993,"sku":"A"},
            {"id":3,"variant_id":null,"sku":"B-7"},{"id":4,"variant_id":null,"sku":null},
            {"id":5,"variant_id":null,"sku":""}]}"#;
        let expect = [variant(9_007_199_254_740_993), Mention::Sku("B-7".to_owned())];
        check("orders/create", lines, &expect);
        check("orders/cancelled", lines, &expect);
        check("orders/create", r#"{"line_items":[]}"#, &[]);
        check("orders/edited", r#"{"order_edit":{}}"#, &[Mention::Everything]);
        let refund = r#"{"refund_line_items":[{"line_item_id":1,"line_item":{"variant_id":808950810,"sku":"A"}}]}"#;
        check("refunds/create", refund, &[variant(808_950_810)]);
        check("refunds/create", r#"{"refund_line_items":[{"line_item_id":1}]}"#, &[Mention::Everything]);
    }

    #[test]
    fn stock_and_products_mention_themselves() {
        let level = r#"{"inventory_item_id":271878346596884015,"location_id":24826418,"available":null,
            "admin_graphql_api_id":"gid://shopify/InventoryLevel/24826418?inventory_item_id=271878346596884015"}"#;
        let item = Mention::Inventory("gid://shopify/InventoryItem/271878346596884015".to_owned());
        check("inventory_levels/update", level, std::slice::from_ref(&item));
        check("inventory_items/update", r#"{"id":271878346596884015}"#, &[item]);
        let product = Mention::Product("gid://shopify/Product/788032119674292922".to_owned());
        check("products/update", r#"{"id":788032119674292922,"title":"x"}"#, &[product]);
        check("shop/update", "not even JSON", &[Mention::Everything]);
    }

    #[test]
    fn parts_of_one_event_are_no_duplicates() {
        let dedupe = |item: u64| {
            let body = format!(r#"{{"inventory_item_id":{item},"location_id":1,"available":2}}"#);
            let signature = sign_base64_hmac_sha256("new", body.as_bytes());
            match receive(&secrets(), &headers("inventory_levels/update", &signature), body.as_bytes()) {
                Ok(Received::Delivery(delivery)) => delivery.dedupe,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(dedupe(5), dedupe(5));
        assert_ne!(dedupe(5), dedupe(6));
    }

    #[test]
    fn bad_deliveries_are_rejected() {
        let body = br#"{"line_items":[]}"#;
        let good = sign_base64_hmac_sha256("new", body);
        let reject = |headers: &[(String, String)], body: &[u8]| receive(&secrets(), headers, body).unwrap_err();
        let forged = sign_base64_hmac_sha256("guess", body);
        assert_eq!(reject(&headers("orders/create", &forged), body), Rejected::BadSignature);
        assert_eq!(reject(&headers("orders/create", &good), br#"{"line_items":[ ]}"#), Rejected::BadSignature);
        assert_eq!(reject(&headers("orders/create", "not base64!"), body), Rejected::BadSignature);
        let without = |name: &str| {
            let kept = headers("orders/create", &good).into_iter().filter(|(key, _)| key != name);
            kept.collect::<Vec<_>>()
        };
        assert_eq!(reject(&without(SIGNATURE), body), Rejected::MissingHeader(SIGNATURE));
        assert_eq!(reject(&without(TOPIC), body), Rejected::MissingHeader(TOPIC));
        assert!(receive(&secrets(), &without(EVENT_ID), body).is_ok(), "the webhook id stands in");
        let secret = br#"{"line_items":"jon@example.com"}"#;
        let signature = sign_base64_hmac_sha256("new", secret);
        let unreadable = reject(&headers("orders/create", &signature), secret).to_string();
        assert!(unreadable.contains("Data error at line 1") && !unreadable.contains("jon"), "{unreadable}");
    }
}
