//! Pure: a delivery of the plugin to a verified delivery. The plugin (`assets/snippets/vendure/`) is ours; it signs by
//! Standard Webhooks.

use secrecy::SecretString;
use serde::Deserialize;

use crate::clock::Time;
use crate::stores::signature::Signed;
use crate::stores::{Mention, Received, Rejected};

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    topic: String,
    #[serde(default)]
    data: Data,
}

/// Ids, and nothing else.
#[derive(Default, Deserialize)]
struct Data {
    #[serde(default)]
    variants: Vec<String>,
    #[serde(default)]
    products: Vec<String>,
}

/// Verify the raw bytes, then take from them what they mention. A message that is tried again keeps its id.
pub(super) fn receive(
    secrets: &[SecretString],
    headers: &[(String, String)],
    body: &[u8],
    now: Time,
) -> Result<Received, Rejected> {
    let (signed, id) = Signed::standard_webhooks(secrets, headers, body, now)?;
    let message: Message = serde_json::from_slice(body).map_err(|error| {
        let why = format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column());
        Rejected::Unreadable { topic: "shelfd.changed".to_owned(), why }
    })?;
    let Data { variants, products } = message.data;
    let mut mentions: Vec<Mention> = variants.into_iter().map(Mention::Variant).collect();
    mentions.extend(products.into_iter().map(Mention::Product));
    if message.topic != "shelfd.changed" {
        // Somebody else's message that is signed with our secret: look, rather than miss something.
        mentions = vec![Mention::Everything];
    }
    Ok(Received::Delivery(signed.delivery(message.topic, id, mentions)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const AT: i64 = 1_764_180_000;

    /// In the form in which the plugin posts it; that it does is tried in `tests/real/vendure/`.
    const POSTED: &str = r#"{"type":"shelfd.changed","timestamp":"2026-11-26T17:58:01.031Z","data":{"variants":["1","4"],"products":["3"]}}"#;

    fn receive_at(body: &str, signature: &str, now: i64) -> Result<Received, Rejected> {
        let headers = [("webhook-id", "msg_1"), ("webhook-timestamp", "1764180000"), ("webhook-signature", signature)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        receive(&[SECRET.into()], &headers, body.as_bytes(), Time::from_timestamp(now, 0).unwrap())
    }

    fn sign(body: &str) -> String {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = format!("msg_1.{AT}.{body}");
        format!("v1,{}", STANDARD.encode(crate::stores::signature::hmac_sha256(&key, signed.as_bytes())))
    }

    fn check(body: &str, expect: &[Mention]) {
        match receive_at(body, &sign(body), AT) {
            Ok(Received::Delivery(delivery)) => {
                assert_eq!(delivery.mentions, expect);
                assert_eq!(delivery.dedupe, "msg_1");
            }
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn ids_become_mentions() {
        let variant = |id: &str| Mention::Variant(id.to_owned());
        check(POSTED, &[variant("1"), variant("4"), Mention::Product("3".to_owned())]);
        check(r#"{"type":"shelfd.changed","data":{"variants":[]}}"#, &[]);
        check(r#"{"type":"order.placed","data":{"variants":["1"]}}"#, &[Mention::Everything]);
    }

    #[test]
    fn bad_deliveries_are_rejected() {
        assert_eq!(receive_at(POSTED, &sign("{}"), AT), Err(Rejected::BadSignature));
        assert_eq!(receive_at(POSTED, &sign(POSTED), AT + 301), Err(Rejected::WrongTime));
        let unreadable = receive_at("not JSON", &sign("not JSON"), AT).unwrap_err().to_string();
        assert!(unreadable.contains("Syntax error at line 1"), "{unreadable}");
        let nothing = receive(&[SECRET.into()], &[], POSTED.as_bytes(), Time::from_timestamp(AT, 0).unwrap());
        assert!(matches!(nothing, Err(Rejected::MissingHeader(_))), "{nothing:?}");
    }
}
