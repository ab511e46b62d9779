//! Pure: OAuth 1.0a one-legged signatures (RFC 5849 with HMAC-SHA256), the only way WooCommerce takes keys over plain
//! http. <https://woocommerce.github.io/woocommerce-rest-api-docs/#authentication-over-http>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::stores::signature::hmac_sha256;

/// Everything but RFC 3986's unreserved characters, as RFC 5849 section 3.6 wants it.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is signed.
pub(super) struct Request<'a> {
    /// Method in capitals.
    pub method: &'a str,
    /// Address without its query.
    pub url: &'a str,
    /// Query, not yet encoded.
    pub query: &'a [(String, String)],
}

/// Percent-encode one name or value.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Join names and values to a query.
pub(super) fn join(query: &[(String, String)]) -> String {
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// The query with the OAuth parameters and the signature at its end.
///
/// `nonce` must be new for this key within 15 minutes, `timestamp` (seconds since 1970) at most 15 minutes off the
/// shop's clock.
pub(super) fn sign(
    request: &Request<'_>,
    key: &str,
    secret: &str,
    nonce: &str,
    timestamp: i64,
) -> Vec<(String, String)> {
    let mut query = request.query.to_vec();
    query.extend(
        [
            ("oauth_consumer_key", key),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", &timestamp.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let base = base_string(request, &query);
    // One-legged: there is no token, so nothing follows the ampersand.
    let signature = STANDARD.encode(hmac_sha256(format!("{}&", encode(secret)).as_bytes(), base.as_bytes()));
    query.push(("oauth_signature".to_owned(), signature));
    query
}

fn base_string(request: &Request<'_>, query: &[(String, String)]) -> String {
    let mut pairs: Vec<(String, String)> = query.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}&{}&{}", request.method, encode(request.url), encode(&pairs.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(query: &[(&str, &str)]) -> Vec<(String, String)> {
        query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// The example of RFC 5849 section 3.4.1.1. Its signature is HMAC-SHA1, but the base string is the same for both.
    #[test]
    fn base_string_of_the_rfc() {
        let query = owned(&[
            ("b5", "=%3D"),
            ("a3", "a"),
            ("c@", ""),
            ("a2", "r b"),
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
            ("c2", ""),
            ("a3", "2 q"),
        ]);
        let request = Request { method: "POST", url: "http://example.com/request", query: &query };
        assert_eq!(
            base_string(&request, &query),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%25\
             40%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method\
             %3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    /// Computed independently with Python's `hmac`.
    #[test]
    fn signs() {
        let query = owned(&[("per_page", "100"), ("sku", "A 1,Ü&2"), ("_fields", "id,sku")]);
        let url = "http://shop.example:8080/sub/wp-json/wc/v3/products";
        let signed = sign(&Request { method: "GET", url, query: &query }, "ck_0123", "cs_4567", "n0nce", 1_763_650_000);
        assert_eq!(signed[..3], query[..]);
        assert_eq!(signed[7].0, "oauth_signature");
        assert_eq!(signed[7].1, "d8ud5cuiAlZVMhMEP4/WEzU34w8VXLXt1cAgcO2TO7g=");
    }

    #[test]
    fn encodes() {
        assert_eq!(join(&owned(&[("sku", "A 1,Ü&2~"), ("b", "+/=")])), "sku=A%201%2C%C3%9C%262~&b=%2B%2F%3D");
    }
}
