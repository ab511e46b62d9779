//! Pure: a delivery of shelfd's subscriber (`shelfd webhooks snippet medusa`) to what it mentions.

use secrecy::SecretString;
use serde::Deserialize;

use crate::clock::Time;
use crate::stores::signature::Signed;
use crate::stores::{Mention, Received, Rejected};

/// What the subscriber sends: ids of what has changed.
#[derive(Deserialize)]
struct Changed {
    #[serde(rename = "type")]
    topic: String,
    #[serde(default)]
    products: Vec<String>,
    #[serde(default)]
    variants: Vec<String>,
    #[serde(default)]
    inventory: Vec<String>,
    #[serde(default)]
    everything: bool,
}

/// Verify the raw bytes, then take from them what they mention. The delivery's id is the same for all its tries.
pub(super) fn receive(
    secrets: &[SecretString],
    headers: &[(String, String)],
    body: &[u8],
    now: Time,
) -> Result<Received, Rejected> {
    let (signed, id) = Signed::standard_webhooks(secrets, headers, body, now)?;
    let changed: Changed = serde_json::from_slice(body).map_err(|error| {
        let why = format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column());
        Rejected::Unreadable { topic: "changed".to_owned(), why }
    })?;
    let Changed { topic, products, variants, inventory, everything } = changed;
    let mentions = if everything {
        vec![Mention::Everything]
    } else {
        let products = products.into_iter().map(Mention::Product);
        let variants = variants.into_iter().map(Mention::Variant);
        products.chain(variants).chain(inventory.into_iter().map(Mention::Inventory)).collect()
    };
    Ok(Received::Delivery(signed.delivery(topic, id, mentions)))
}

#[cfg(test)]
mod tests {
    use crate::stores::signature::sign_standard_webhooks;

    use super::*;

    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    const NOW: i64 = 1_764_180_000;

    fn received(body: &str, secret: &str) -> Result<Received, Rejected> {
        let signature = sign_standard_webhooks(SECRET, "msg_1", NOW, body.as_bytes()).unwrap();
        let headers =
            [("webhook-id", "msg_1"), ("webhook-timestamp", &NOW.to_string()), ("webhook-signature", &signature)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        receive(&[secret.into()], &headers, body.as_bytes(), Time::from_timestamp(NOW, 0).unwrap())
    }

    fn check(body: &str, expect: &[Mention]) {
        match received(body, SECRET) {
            Ok(Received::Delivery(delivery)) => {
                assert_eq!(delivery.mentions, expect, "{body}");
                assert_eq!((delivery.topic.as_str(), delivery.dedupe.as_str()), ("changed", "msg_1"));
            }
            other => panic!("{other:?}"),
        }
    }

    /// Bodies as the subscriber sent them from Medusa 2.21.2.
    #[test]
    fn ids_are_mentioned() {
        check(
            r#"{"type":"changed","products":["prod_01M8CEY7T3"],"variants":["variant_01M8CEY7W9"],"inventory":[]}"#,
            &[Mention::Product("prod_01M8CEY7T3".to_owned()), Mention::Variant("variant_01M8CEY7W9".to_owned())],
        );
        check(
            r#"{"type":"changed","products":[],"variants":[],"inventory":["iitem_01M8CEY7WT"]}"#,
            &[Mention::Inventory("iitem_01M8CEY7WT".to_owned())],
        );
        check(r#"{"type":"changed","everything":true}"#, &[Mention::Everything]);
    }

    #[test]
    fn others_are_refused() {
        assert_eq!(received("{}", "whsec_bmV3"), Err(Rejected::BadSignature));
        assert!(matches!(received("[]", SECRET), Err(Rejected::Unreadable { .. })));
    }
}
