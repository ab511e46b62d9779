//! Webhook signatures over raw bytes, and the type that only a good signature can build.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::Mention;

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

    /// Build the delivery that this proof is for.
    pub fn delivery(self, topic: String, dedupe: String, mentions: Vec<Mention>) -> VerifiedDelivery {
        VerifiedDelivery { topic, dedupe, mentions, _verified: Verified(()) }
    }
}

/// `base64(HMAC-SHA256(secret, body))`, for those who sign (the lab, tests).
pub fn sign_base64_hmac_sha256(secret: &str, body: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(secret.as_bytes(), body))
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

/// HMAC-SHA1, which OAuth 1.0a clients still sign with; for those who verify them (the lab).
pub fn hmac_sha1(key: &[u8], message: &[u8]) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    ring::hmac::sign(&key, message).as_ref().to_vec()
}

/// Hex SHA-256, for platforms whose delivery ids repeat: the body itself is then the identity.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
