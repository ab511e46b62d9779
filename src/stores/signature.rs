//! Webhook signatures over raw bytes, and the type that only a good signature can build.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::Mention;
use crate::clock::Time;

/// How far a delivery's timestamp may be from our clock. Standard Webhooks' own libraries take five minutes.
const TOLERANCE_SECS: i64 = 5 * 60;

/// A webhook whose signature was good. Holds what it mentions and nothing of its body: orders carry people's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedDelivery {
    /// Topic as the platform spells it.
    pub topic: String,
    /// What makes it a duplicate of another, by this platform's own rule.
    pub dedupe: String,
    /// What it mentions.
    pub mentions: Vec<Mention>,
    _verified: Verified,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Verified(());

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A delivery to be stored.
    Delivery(VerifiedDelivery),
    /// A platform's unsigned test call on creation of a subscription: to be answered with 200 and forgotten.
    Ping,
}

/// Why a webhook was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// A header that every delivery of this platform carries is not there.
    #[error("header {0} is missing")]
    MissingHeader(&'static str),
    /// The signature does not match the body under any configured secret.
    #[error("the signature does not match; is the webhook secret the one the shop signs with?")]
    BadSignature,
    /// Signed well, but at another time: an old delivery that somebody plays again, or a clock that is wrong.
    #[error("it was signed more than five minutes ago, or in the future; are the clocks of both machines right?")]
    WrongTime,
    /// Signed well, but not readable.
    #[error("the body is not what topic {topic} carries: {why}")]
    Unreadable {
        /// Topic header.
        topic: String,
        /// What was wrong, without quoting the body.
        why: String,
    },
}

/// Proof that a body was signed with one of our secrets; [`Signed::delivery`] is the only way to a [`VerifiedDelivery`].
pub struct Signed(());

impl Signed {
    /// Check `base64(HMAC-SHA256(secret, body))`, Shopify's and WooCommerce's scheme, in constant time, against each
    /// secret in turn (after a rotation both the old and the new one sign for a while).
    ///
    /// # Errors
    /// [`Rejected::BadSignature`].
    pub fn base64_hmac_sha256(secrets: &[SecretString], body: &[u8], signature: &str) -> Result<Self, Rejected> {
        let expected = STANDARD.decode(signature.trim()).map_err(|_| Rejected::BadSignature)?;
        let mut good = false;
        for secret in secrets {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
                .map_err(|_| Rejected::BadSignature)?;
            mac.update(body);
            good |= mac.verify_slice(&expected).is_ok();
        }
        if good { Ok(Self(())) } else { Err(Rejected::BadSignature) }
    }

    /// Check a delivery by the Standard Webhooks specification, in constant time, against each secret in turn. The headers
    /// are `webhook-id`, `webhook-timestamp` (whole seconds) and `webhook-signature` (one or more `v1,BASE64`, with spaces
    /// between); signed is `id.timestamp.body`. Returns the delivery's id beside the proof: it is the same for all tries.
    /// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
    ///
    /// # Errors
    /// [`Rejected::MissingHeader`], [`Rejected::BadSignature`], [`Rejected::WrongTime`] outside of five minutes around `now`.
    pub fn standard_webhooks(
        secrets: &[SecretString],
        headers: &[(String, String)],
        body: &[u8],
        now: Time,
    ) -> Result<(Self, String), Rejected> {
        let header = |name: &'static str| {
            let value = headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            value.filter(|value| !value.is_empty()).ok_or(Rejected::MissingHeader(name))
        };
        let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
        let given: Vec<Vec<u8>> = header("webhook-signature")?
            .split_ascii_whitespace()
            .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
            .collect();
        let mut good = false;
        for key in secrets.iter().filter_map(|secret| standard_webhooks_key(secret.expose_secret())) {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| Rejected::BadSignature)?;
            for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
                mac.update(part);
            }
            for signature in &given {
                good |= mac.clone().verify_slice(signature).is_ok();
            }
        }
        if !good {
            return Err(Rejected::BadSignature);
        }
        let signed_at: i64 = timestamp.parse().map_err(|_| Rejected::WrongTime)?;
        if now.timestamp().abs_diff(signed_at) > TOLERANCE_SECS.unsigned_abs() {
            return Err(Rejected::WrongTime);
        }
        Ok((Self(()), id.to_owned()))
    }

    /// Build the delivery that this proof is for.
    pub fn delivery(self, topic: String, dedupe: String, mentions: Vec<Mention>) -> VerifiedDelivery {
        VerifiedDelivery { topic, dedupe, mentions, _verified: Verified(()) }
    }
}

/// `base64(HMAC-SHA256(secret, body))`, for those who sign (the lab, tests).
pub fn sign_base64_hmac_sha256(secret: &str, body: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(secret.as_bytes(), body))
}

/// The key in a Standard Webhooks secret: base64, usually behind `whsec_`. `None` when it is not that, or empty.
pub fn standard_webhooks_key(secret: &str) -> Option<Vec<u8>> {
    let secret = secret.trim();
    STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok().filter(|key| !key.is_empty())
}

/// `webhook-signature` of a delivery, for those who sign (the lab, tests). `None` for a secret that is none.
pub fn sign_standard_webhooks(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let message = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    Some(format!("v1,{}", STANDARD.encode(hmac_sha256(&standard_webhooks_key(secret)?, &message))))
}

/// HMAC-SHA256; any key length is valid.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(message);
            mac.finalize().into_bytes().into()
        }
        Err(_) => unreachable!("HMAC takes keys of any length"),
    }
}

/// Hex SHA-256, for platforms whose delivery ids repeat: the body itself is then the identity.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes 0 to 23.
    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    /// Without the prefix.
    const OTHER: &str = "YW5vdGhlciBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4uLiE=";
    /// What `standardwebhooks` 1.0.0 from PyPI signs: secret, id, time, body, signature.
    const SIGNED: [(&str, &str, i64, &str, &str); 3] = [
        (
            SECRET,
            "msg_1",
            1764180000,
            r#"{"type":"stock.changed","inventory":["iitem_01"]}"#,
            "v1,L1qj2XBr20O52c13ISKdg5uyo/XOvAj4nSyY3iqLPTs=",
        ),
        (SECRET, "msg_2", 1764180001, "", "v1,iiK5a0lEhvj7eu1lkUrMJj0CgW1nuMo2DCgtxkADKWU="),
        (OTHER, "msg_3", 1764180002, r#"{"title":"Größe"}"#, "v1,lqJrVTA+FjVtPynEygcaKfEmuQrxRqxKAXrtV48z3ik="),
    ];

    fn headers(id: &str, timestamp: &str, signature: &str) -> Vec<(String, String)> {
        [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    fn at(seconds: i64) -> Time {
        Time::from_timestamp(seconds, 0).unwrap()
    }

    fn verify(secrets: &[&str], headers: &[(String, String)], body: &str, now: i64) -> Result<String, Rejected> {
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
        Signed::standard_webhooks(&secrets, headers, body.as_bytes(), at(now)).map(|(_, id)| id)
    }

    #[test]
    fn what_the_reference_library_signs_is_good() {
        for (secret, id, time, body, signature) in SIGNED {
            let sent = headers(id, &time.to_string(), signature);
            assert_eq!(verify(&[secret], &sent, body, time).as_deref(), Ok(id));
            assert_eq!(sign_standard_webhooks(secret, id, time, body.as_bytes()).as_deref(), Some(signature));
            // After a rotation the old secret signs for a while; and a sender may sign with several.
            assert_eq!(verify(&["whsec_bmV3", secret], &sent, body, time).as_deref(), Ok(id));
            let several = headers(id, &time.to_string(), &format!("v1,AAAA v1a,{} {signature}", &signature[3..]));
            assert_eq!(verify(&[secret], &several, body, time).as_deref(), Ok(id));
        }
    }

    #[test]
    fn whatever_was_changed_is_refused() {
        let (secret, id, time, body, signature) = SIGNED[0];
        let stamp = time.to_string();
        let good = headers(id, &stamp, signature);
        let bad = |sent: &[(String, String)], body: &str, secrets: &[&str]| {
            assert_eq!(verify(secrets, sent, body, time), Err(Rejected::BadSignature), "{sent:?}");
        };
        bad(&good, &body.replace("01", "02"), &[secret]);
        bad(&good, body, &[OTHER]);
        bad(&good, body, &["not base64!"]);
        bad(&good, body, &["whsec_"]);
        bad(&good, body, &[]);
        bad(&headers("msg_9", &stamp, signature), body, &[secret]);
        bad(&headers(id, &(time + 1).to_string(), signature), body, &[secret]);
        bad(&headers(id, &stamp, &signature[3..]), body, &[secret]);
        bad(&headers(id, &stamp, &signature.replace("v1,", "v2,")), body, &[secret]);
        bad(&headers(id, &stamp, "v1,"), body, &[secret]);
        for missing in 0..3 {
            let mut sent = good.clone();
            let (name, _) = sent.remove(missing);
            assert!(
                matches!(verify(&[secret], &sent, body, time), Err(Rejected::MissingHeader(header)) if header == name)
            );
        }
    }

    #[test]
    fn five_minutes_either_way() {
        let (secret, id, time, body, signature) = SIGNED[0];
        let sent = headers(id, &time.to_string(), signature);
        for (now, good) in [(time - 301, false), (time - 300, true), (time + 300, true), (time + 301, false)] {
            let expect = if good { Ok(id.to_owned()) } else { Err(Rejected::WrongTime) };
            assert_eq!(verify(&[secret], &sent, body, now), expect, "{now}");
        }
    }
}
