//! Pure: a webhook's headers and raw body to a verified delivery. Behaviour observed on WooCommerce 10.0.2; the sender
//! is WooCommerce's `class-wc-webhook.php`.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::stores::signature::{Signed, sha256_hex};
use crate::stores::{Mention, Received, Rejected, StoreError};

use super::convert::whole;
use super::errors::refuse;

const SIGNATURE: &str = "x-wc-webhook-signature";
const TOPIC: &str = "x-wc-webhook-topic";
const WEBHOOK_ID: &str = "x-wc-webhook-id";
const DELIVERY_ID: &str = "x-wc-webhook-delivery-id";

/// Topics shelfd needs. Sales and cancellations are `order.*`, staff's changes of stock and price `product.updated`
/// (also for variations), the trash `product.deleted`; there is no topic for stock.
pub(super) const TOPICS: [&str; 4] = ["order.created", "order.updated", "product.updated", "product.deleted"];

/// Verify the raw bytes, then take from them what they mention.
pub(super) fn receive(
    secrets: &[SecretString],
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Received, Rejected> {
    let header = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let Some(signature) = header(SIGNATURE) else {
        let is_ping = headers.iter().all(|(name, _)| !name.starts_with("x-wc-")) && body.starts_with(b"webhook_id=");
        return if is_ping { Ok(Received::Ping) } else { Err(Rejected::MissingHeader(SIGNATURE)) };
    };
    let signed = Signed::base64_hmac_sha256(secrets, body, signature)?;
    let topic = header(TOPIC).ok_or(Rejected::MissingHeader(TOPIC))?;
    let webhook = header(WEBHOOK_ID).ok_or(Rejected::MissingHeader(WEBHOOK_ID))?;
    let json: Value = serde_json::from_slice(body).map_err(|error| Rejected::Unreadable {
        topic: topic.to_owned(),
        why: format!("{:?} error at column {}", error.classify(), error.column()),
    })?;
    let dedupe = dedupe(topic, webhook, header(DELIVERY_ID), body);
    Ok(Received::Delivery(signed.delivery(topic.to_owned(), dedupe, mentions(topic, &json))))
}

/// The body is the identity, because the delivery id is not one: it is a hash of webhook and second, and 50 products'
/// deliveries shared one. Bodies are built when they are sent and carry the resource's whole state with its date of
/// change, so equal bodies say the same, and a delivery is only a hint to look. A deletion's body is just `{"id":7}`, the
/// same when a product is restored and deleted again: there the delivery id tells the occasions apart.
fn dedupe(topic: &str, webhook: &str, delivery: Option<&str>, body: &[u8]) -> String {
    let occasion = if topic.ends_with(".deleted") { delivery.unwrap_or_default() } else { "" };
    format!("{webhook} {topic} {} {occasion}", sha256_hex(body)).trim_end().to_owned()
}

fn mentions(topic: &str, json: &Value) -> Vec<Mention> {
    let number = |value: &Value, field: &str| value.get(field).and_then(whole).filter(|id| *id > 0);
    // `{"code":"woocommerce_rest_product_invalid_id",…}` has no id: the product was deleted before this was sent. What
    // is gone needs no look; a write to it would be told so, and the nightly reading misses it. To look at everything
    // instead would read the whole shop once for each product of a spring cleaning.
    if topic.starts_with("order.") {
        let lines = json.get("line_items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut mentions: Vec<Mention> = lines
            .iter()
            .filter_map(|line| {
                let product = number(line, "product_id")?;
                let variation = number(line, "variation_id").map(|id| Mention::Variant(id.to_string()));
                Some(variation.unwrap_or_else(|| Mention::Product(product.to_string())))
            })
            .collect();
        let mut seen = std::collections::HashSet::new();
        mentions.retain(|mention| seen.insert(mention.clone()));
        return mentions;
    }
    if !topic.starts_with("product.") {
        return Vec::new();
    }
    let Some(id) = number(json, "id").map(|id| id.to_string()) else { return Vec::new() };
    match json.get("type").and_then(Value::as_str) {
        Some("variation") => vec![Mention::Variant(id)],
        Some(_) => vec![Mention::Product(id)],
        // A deletion tells the id only. Products and variations are numbered together, so one of the two is right.
        None => vec![Mention::Product(id.clone()), Mention::Variant(id)],
    }
}

/// The secret to register webhooks with: the first. WooCommerce decodes HTML entities in it before it signs
/// (`class-wc-webhook.php`), so it must not hold anything that could be part of one.
pub(super) fn signing_secret<'s>(shop: &str, secrets: &'s [SecretString]) -> Result<&'s SecretString, StoreError> {
    let secret = secrets
        .first()
        .ok_or_else(|| refuse(shop, "webhook_secret", "no webhook_secret is configured to register webhooks with"))?;
    if secret.expose_secret().contains(['&', '<', '>', '"', '\'']) {
        let words = "webhook_secret holds one of & < > \" ', which WooCommerce changes before it signs; choose another";
        return Err(refuse(shop, "webhook_secret", words));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stores::signature::sign_base64_hmac_sha256;
    use crate::stores::woocommerce::testing;

    fn secrets() -> Vec<SecretString> {
        vec!["new".into(), "old".into()]
    }

    fn headers(topic: &str, delivery: &str, signature: String) -> Vec<(String, String)> {
        [(TOPIC, topic), (WEBHOOK_ID, "10"), (DELIVERY_ID, delivery), (SIGNATURE, &signature)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    fn deliver(topic: &str, delivery: &str, body: &str) -> crate::stores::VerifiedDelivery {
        let headers = headers(topic, delivery, sign_base64_hmac_sha256("old", body.as_bytes()));
        match receive(&secrets(), &headers, body.as_bytes()) {
            Ok(Received::Delivery(delivery)) => delivery,
            other => panic!("{other:?}"),
        }
    }

    fn check(topic: &str, body: Value, expect: &[Mention]) {
        assert_eq!(deliver(topic, "d", &body.to_string()).mentions, expect, "{topic} {body}");
    }

    #[test]
    fn mentions_what_was_sold_or_changed() {
        let product = |id: &str| Mention::Product(id.to_owned());
        let variant = |id: &str| Mention::Variant(id.to_owned());
        let lines = json!({"id": 1, "line_items": [
            {"product_id": 93, "variation_id": 0}, {"product_id": 22, "variation_id": 23},
            {"product_id": 93, "variation_id": 0}, {"product_id": 0, "variation_id": 0}]});
        check("order.updated", lines, &[product("93"), variant("23")]);
        check("order.deleted", json!({"id": 1}), &[]);
        check("product.updated", json!({"id": 7, "type": "simple"}), &[product("7")]);
        check("product.updated", json!({"id": 7, "type": "variable"}), &[product("7")]);
        check("product.updated", json!({"id": 9, "type": "variation", "parent_id": 7}), &[variant("9")]);
        check("product.deleted", json!({"id": 7}), &[product("7"), variant("7")]);
        check("product.updated", json!({"code": "woocommerce_rest_product_invalid_id", "data": {"status": 404}}), &[]);
        check("customer.updated", json!({"id": 7}), &[]);
    }

    #[test]
    fn what_makes_a_duplicate() {
        let dedupe = |topic: &str, delivery: &str, body: &str| deliver(topic, delivery, body).dedupe;
        let (a, b) = (r#"{"id":7,"type":"simple"}"#, r#"{"id":8,"type":"simple"}"#);
        assert_eq!(dedupe("product.updated", "d1", a), dedupe("product.updated", "d2", a));
        assert_ne!(dedupe("product.updated", "d1", a), dedupe("product.updated", "d1", b));
        assert_ne!(dedupe("product.updated", "d1", a), dedupe("product.created", "d1", a));
        assert_ne!(dedupe("product.deleted", "d1", "{\"id\":7}"), dedupe("product.deleted", "d2", "{\"id\":7}"));
        assert_ne!(dedupe("product.deleted", "d1", "{\"id\":7}"), dedupe("product.deleted", "d1", "{\"id\":8}"));
    }

    #[test]
    fn only_the_unsigned_test_call_passes_unsigned() {
        let form = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        assert_eq!(receive(&secrets(), &form, b"webhook_id=12"), Ok(Received::Ping));
        assert_eq!(receive(&secrets(), &form, b"{}"), Err(Rejected::MissingHeader(SIGNATURE)));
        let topic = vec![(TOPIC.to_owned(), "order.created".to_owned())];
        assert_eq!(receive(&secrets(), &topic, b"webhook_id=12"), Err(Rejected::MissingHeader(SIGNATURE)));
        let foreign = headers("order.created", "d", sign_base64_hmac_sha256("other", b"{}"));
        assert_eq!(receive(&secrets(), &foreign, b"{}"), Err(Rejected::BadSignature));
        let html = headers("order.created", "d", sign_base64_hmac_sha256("new", b"<p>jane"));
        let error = receive(&secrets(), &html, b"<p>jane").unwrap_err();
        assert!(matches!(&error, Rejected::Unreadable { .. }) && !error.to_string().contains("jane"), "{error}");
    }

    #[test]
    fn secrets_that_woocommerce_would_change_are_refused() {
        for bad in ["a&amp;b", "a<b", "it's", "\""] {
            assert!(signing_secret("eu", &[bad.into()]).is_err(), "{bad}");
        }
        assert!(signing_secret("eu", &[]).is_err());
        assert_eq!(signing_secret("eu", &secrets()).unwrap().expose_secret(), "new");
    }

    #[test]
    fn captured_deliveries() {
        for (file, topic) in [("product.created", "product.created"), ("product.updated", "product.updated")] {
            let Some(captured) = testing::example(&format!("webhooks/woocommerce/{file}.json")) else { return };
            let header = |name: &str| captured["headers"][name].as_str().unwrap().to_owned();
            assert_eq!(header(TOPIC), topic);
            let body = captured["body"].to_string();
            let delivery = deliver(&header(TOPIC), &header(DELIVERY_ID), &body);
            assert_eq!(delivery.mentions, [Mention::Product("18".to_owned())]);
        }
    }
}
