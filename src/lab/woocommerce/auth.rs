//! Who is calling: OAuth 1.0a one-legged over plain http, Basic or query keys over https.
//!
//! Observed on WooCommerce 10.0.2: Basic over plain http is as if nobody had signed in, a wrong secret is an error of
//! its own, and `X-Forwarded-Proto: https` counts as https.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answer::Refusal;
use super::php::{self, Params};
use crate::clock::Time;
use crate::stores::signature::hmac_sha256;

/// Timestamps further off are refused; nonces are remembered as long. WooCommerce's own limit.
const OAUTH_WINDOW_SECONDS: i64 = 15 * 60;

const OAUTH_PARAMS: [&str; 5] =
    ["oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method"];

/// The shop's one key.
pub(super) struct Keys {
    pub(super) key: String,
    pub(super) secret: String,
}

/// Nonces by timestamp: like WooCommerce, the last one of each second.
pub(super) type Nonces = BTreeMap<i64, String>;

/// What of a request is looked at.
pub(super) struct Credentials<'a> {
    pub(super) method: &'a str,
    /// As sent, still coded.
    pub(super) path: &'a str,
    pub(super) query: &'a Params,
    pub(super) form: &'a Params,
    pub(super) headers: &'a HeaderMap,
}

/// Does the caller hold the key? `Ok(false)`: nobody in particular.
pub(super) fn authenticate(
    keys: &Keys,
    nonces: &mut Nonces,
    site: &str,
    now: Time,
    sent: &Credentials<'_>,
) -> Result<bool, Refusal> {
    let https = sent.headers.get("x-forwarded-proto").is_some_and(|proto| proto.as_bytes() == b"https");
    let mut basic = Ok(false);
    if https {
        basic = check_basic(keys, sent);
        if basic == Ok(true) {
            return basic;
        }
    }
    let site = if https { site.replacen("http://", "https://", 1) } else { site.to_owned() };
    match check_oauth(keys, nonces, &site, now, sent)? {
        true => Ok(true),
        false => basic,
    }
}

fn check_basic(keys: &Keys, sent: &Credentials<'_>) -> Result<bool, Refusal> {
    let queried = sent.query.filled("consumer_key").zip(sent.query.filled("consumer_secret"));
    let pair = queried.map(|(key, secret)| (key.to_owned(), secret.to_owned())).or_else(|| {
        let value = sent.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let coded = value.strip_prefix("Basic ").or_else(|| value.strip_prefix("basic "))?;
        let plain = String::from_utf8(STANDARD.decode(coded.trim()).ok()?).ok()?;
        plain.split_once(':').map(|(key, secret)| (key.to_owned(), secret.to_owned()))
    });
    match pair {
        Some((key, _)) if key != keys.key => Ok(false),
        Some((_, secret)) if secret != keys.secret => Err(unauthorized("Consumer secret is invalid.")),
        Some(_) => Ok(true),
        None => Ok(false),
    }
}

fn unauthorized(message: &str) -> Refusal {
    Refusal::new(401, "woocommerce_rest_authentication_error", message)
}

fn check_oauth(
    keys: &Keys,
    nonces: &mut Nonces,
    site: &str,
    now: Time,
    sent: &Credentials<'_>,
) -> Result<bool, Refusal> {
    let mut params = sent.query.clone();
    params.extend(sent.form);
    for (name, value) in header_params(sent.headers) {
        params.set(&name, value);
    }
    let missing: Vec<&str> = OAUTH_PARAMS.into_iter().filter(|name| params.filled(name).is_none()).collect();
    if missing.len() == OAUTH_PARAMS.len() {
        return Ok(false);
    }
    if !missing.is_empty() {
        let plural = if missing.len() == 1 { "" } else { "s" };
        let message = format!("Missing OAuth parameter{plural} {}", missing.join(", "));
        return Err(Refusal::new(401, "woocommerce_rest_authentication_missing_parameter", message));
    }
    let get = |name: &str| params.text(name).unwrap_or_default().to_owned();
    let [key, timestamp, nonce, signature, method] = OAUTH_PARAMS.map(get);
    if key != keys.key {
        return Err(unauthorized("Consumer key is invalid."));
    }
    params.remove("oauth_signature");
    let base = format!("{}&{}&{}", sent.method, php::encode(&format!("{site}{}", sent.path)), params.signature_base());
    let Some(expected) = sign(&method, &format!("{}&", keys.secret), &base) else {
        return Err(unauthorized("Invalid signature - signature method is invalid."));
    };
    if expected != signature.replace(' ', "+") {
        return Err(unauthorized("Invalid signature - provided signature does not match."));
    }
    check_nonce(nonces, now.timestamp(), &timestamp, nonce)?;
    Ok(true)
}

fn check_nonce(nonces: &mut Nonces, now: i64, timestamp: &str, nonce: String) -> Result<(), Refusal> {
    let timestamp = timestamp.parse::<i64>().unwrap_or_default();
    if (now - timestamp).abs() > OAUTH_WINDOW_SECONDS {
        return Err(unauthorized("Invalid timestamp."));
    }
    if nonces.values().any(|used| *used == nonce) {
        return Err(unauthorized("Invalid nonce - nonce has already been used."));
    }
    nonces.insert(timestamp, nonce);
    nonces.retain(|at, _| *at >= now - OAUTH_WINDOW_SECONDS);
    Ok(())
}

/// Base64 of the HMAC that a signature method names; `None` for one that WooCommerce does not know.
pub(super) fn sign(method: &str, key: &str, base: &str) -> Option<String> {
    match method {
        "HMAC-SHA256" => Some(STANDARD.encode(hmac_sha256(key.as_bytes(), base.as_bytes()))),
        "HMAC-SHA1" => Some(STANDARD.encode(hmac_sha1(key.as_bytes(), base.as_bytes()))),
        _ => None,
    }
}

/// HMAC-SHA1, which OAuth 1.0a clients still sign with.
fn hmac_sha1(key: &[u8], message: &[u8]) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    ring::hmac::sign(&key, message).as_ref().to_vec()
}

fn header_params(headers: &HeaderMap) -> Vec<(String, String)> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(list) = value.trim().strip_prefix("OAuth ") else { return Vec::new() };
    list.split(',')
        .filter_map(|part| part.trim().split_once('='))
        .filter(|(name, _)| name.starts_with("oauth_"))
        .map(|(name, value)| (name.to_owned(), php::decode(value.trim_matches('"'))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "http://shop.test";

    fn keys() -> Keys {
        Keys { key: "ck_1".to_owned(), secret: "cs_1".to_owned() }
    }

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn ask(query: &str, list: &[(&'static str, &str)], nonces: &mut Nonces) -> Result<bool, String> {
        let query = Params::parse(query);
        let headers = headers(list);
        let form = Params::default();
        let path = "/wp-json/wc/v3/products";
        let sent = Credentials { method: "GET", path, query: &query, form: &form, headers: &headers };
        let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        authenticate(&keys(), nonces, SITE, now, &sent).map_err(|refusal| refusal.message)
    }

    #[test]
    fn basic_and_query_keys_need_https() {
        let basic = format!("Basic {}", STANDARD.encode("ck_1:cs_1"));
        let wrong = format!("Basic {}", STANDARD.encode("ck_1:no"));
        let unknown = format!("Basic {}", STANDARD.encode("ck_2:cs_1"));
        let https = ("x-forwarded-proto", "https");
        let check = |query: &str, list: &[(&'static str, &str)], expect: Result<bool, &str>| {
            assert_eq!(ask(query, list, &mut Nonces::new()), expect.map_err(str::to_owned), "{query} {list:?}");
        };
        check("", &[("authorization", &basic)], Ok(false));
        check("", &[("authorization", &basic), https], Ok(true));
        check("", &[("authorization", &wrong), https], Err("Consumer secret is invalid."));
        check("", &[("authorization", &unknown), https], Ok(false));
        check("consumer_key=ck_1&consumer_secret=cs_1", &[https], Ok(true));
        check("consumer_key=ck_1&consumer_secret=cs_1", &[], Ok(false));
    }

    #[test]
    fn oauth_is_verified() {
        // The base string is written out by hand, so that it cannot agree with our own mistakes.
        let signed = |method: &str, nonce: &str, secret: &str| {
            let base = format!(
                "GET&http%3A%2F%2Fshop.test%2Fwp-json%2Fwc%2Fv3%2Fproducts&include%255B0%255D%3D7%26\
                 oauth_consumer_key%3Dck_1%26oauth_nonce%3D{nonce}%26oauth_signature_method%3D{method}%26\
                 oauth_timestamp%3D1700000000%26sku%3DA%2520B"
            );
            let signature = sign(method, &format!("{secret}&"), &base).unwrap_or_default();
            format!(
                "sku=A%20B&include%5B0%5D=7&oauth_consumer_key=ck_1&oauth_nonce={nonce}&oauth_timestamp=1700000000\
                 &oauth_signature_method={method}&oauth_signature={}",
                php::encode(&signature)
            )
        };
        let mut nonces = Nonces::new();
        assert_eq!(ask(&signed("HMAC-SHA256", "a", "cs_1"), &[], &mut nonces), Ok(true));
        let again = ask(&signed("HMAC-SHA256", "a", "cs_1"), &[], &mut nonces);
        assert_eq!(again, Err("Invalid nonce - nonce has already been used.".to_owned()));
        assert_eq!(ask(&signed("HMAC-SHA1", "b", "cs_1"), &[], &mut nonces), Ok(true));
        let wrong = ask(&signed("HMAC-SHA256", "c", "cs_2"), &[], &mut nonces);
        assert_eq!(wrong, Err("Invalid signature - provided signature does not match.".to_owned()));
        let partial = ask("oauth_consumer_key=ck_1&oauth_nonce=d", &[], &mut nonces);
        assert!(partial.unwrap_err().starts_with("Missing OAuth parameters oauth_timestamp, "));
    }

    #[test]
    fn oauth_works_in_the_header() {
        let base = "GET&http%3A%2F%2Fshop.test%2Fwp-json%2Fwc%2Fv3%2Fproducts&oauth_consumer_key%3Dck_1%26\
                    oauth_nonce%3Dz%26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D1700000000";
        let signature = php::encode(&sign("HMAC-SHA256", "cs_1&", base).unwrap());
        let value = format!(
            "OAuth oauth_consumer_key=\"ck_1\", oauth_nonce=\"z\", oauth_signature_method=\"HMAC-SHA256\", \
             oauth_timestamp=\"1700000000\", oauth_signature=\"{signature}\""
        );
        assert_eq!(ask("", &[("authorization", &value)], &mut Nonces::new()), Ok(true));
    }
}
