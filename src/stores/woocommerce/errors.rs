//! Pure: what a WooCommerce answer or one item of a batch means when it is not a success.

use reqwest::header::{CONTENT_TYPE, LOCATION};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::stores::StoreError;
use crate::stores::client::Answer;

/// The store's words are passed on up to here; they are for a status cell.
const WORDS_MAX: usize = 200;

/// The error body of WordPress' REST API, as whole answer or as `error` of a batch item:
/// `{"code":"product_invalid_sku","message":"…","data":{"status":400,"resource_id":12}}`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ApiError {
    /// Stable code.
    pub code: String,
    #[serde(default)]
    message: Value,
    /// Object, empty array or null.
    #[serde(default)]
    data: Value,
}

impl ApiError {
    /// What it means. `status` is the answer's own; an item of a batch has only the one in its data.
    pub(super) fn meaning(&self, shop: &str, status: Option<u16>) -> StoreError {
        let told = self.data.get("status").and_then(Value::as_u64).and_then(|status| status.try_into().ok());
        let status: u16 = status.or(told).unwrap_or(400);
        let shop = shop.to_owned();
        let message = words(self.message.as_str().unwrap_or_default());
        match status {
            401 | 403 => StoreError::Access { shop, status, message: format!("{message} ({})", self.code) },
            // The whole API is missing, not the item: a dead letter would be wrong.
            404 if self.code == "rest_no_route" => StoreError::Access {
                shop,
                status,
                message: "no WooCommerce API here; is WooCommerce active?".to_owned(),
            },
            404 | 410 => StoreError::Gone { shop, message },
            // Updating something that is not there is a 400, in a batch and alone (observed on WooCommerce 10.0.2).
            400 if self.code.ends_with("_invalid_id") => StoreError::Gone { shop, message },
            500.. => StoreError::Server { shop, status },
            _ => StoreError::Refused { shop, code: self.code.clone(), message, resource: self.resource() },
        }
    }

    fn resource(&self) -> Option<String> {
        match self.data.get("resource_id")? {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
        .filter(|id| id != "0" && !id.is_empty())
    }
}

/// Why an answer is not a success; `None` when it is one.
pub(super) fn failure(shop: &str, answer: &Answer) -> Option<StoreError> {
    let status = answer.status;
    if status.is_success() {
        return None;
    }
    if status.is_redirection() {
        return Some(redirect(shop, answer));
    }
    if let Some(error) = api_error(answer) {
        return Some(error.meaning(shop, Some(status.as_u16())));
    }
    let shop = shop.to_owned();
    let status = status.as_u16();
    Some(match status {
        401 => StoreError::Access { shop, status, message: "the web server asks for a password of its own".to_owned() },
        404 => {
            let message = "no REST API here; are permalinks (WordPress, Settings) set to anything but \"Plain\"?";
            StoreError::Access { shop, status, message: message.to_owned() }
        }
        // Firewalls and challenge pages answer 403 with HTML, sometimes for one request only.
        _ => StoreError::Unexpected { shop, why: format!("HTTP {status} with {}", kind(answer)) },
    })
}

/// The error body, when the answer has one.
pub(super) fn api_error(answer: &Answer) -> Option<ApiError> {
    serde_json::from_slice(without_bom(&answer.body)).ok()
}

/// Read a success' JSON.
pub(super) fn parse<T: DeserializeOwned>(shop: &str, answer: &Answer) -> Result<T, StoreError> {
    serde_json::from_slice(without_bom(&answer.body)).map_err(|error| {
        // serde's words can quote the body ("invalid type: string \"…\""); category and place cannot.
        let why = format!("{} in {} at column {}", category(&error), kind(answer), error.column());
        StoreError::Unexpected { shop: shop.to_owned(), why }
    })
}

/// A refusal that is ours, before anything was sent.
pub(super) fn refuse(shop: &str, code: &str, message: impl Into<String>) -> StoreError {
    StoreError::Refused { shop: shop.to_owned(), code: code.to_owned(), message: message.into(), resource: None }
}

fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "a cut-off text",
        serde_json::error::Category::Data => "JSON of another shape",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "no JSON",
    }
}

fn kind(answer: &Answer) -> String {
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("no content type");
    format!("{} ({} bytes)", words(kind), answer.body.len())
}

/// A redirect (http to https, to www) is a mistake in the settings: nothing was done, and following it would turn a
/// POST into a GET and send the keys elsewhere.
fn redirect(shop: &str, answer: &Answer) -> StoreError {
    let to = answer.headers.get(LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| to.parse::<Url>().ok());
    // Only scheme and host: the query repeats ours, with its keys.
    let to = to.map_or_else(|| "another address".to_owned(), |to| to.origin().ascii_serialization());
    let message = format!("the shop redirects to {to}; set that as its url");
    StoreError::Access { shop: shop.to_owned(), status: answer.status.as_u16(), message }
}

/// Security plugins and PHP files saved by Windows editors put a byte order mark in front.
fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

fn words(text: &str) -> String {
    let clean: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if clean.chars().count() <= WORDS_MAX { clean } else { clean.chars().take(WORDS_MAX - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    fn answer(status: u16, kind: &'static str, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(LOCATION, HeaderValue::from_static("https://www.shop.example/x?consumer_secret=cs_1"));
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.as_bytes().to_vec() }
    }

    fn check(status: u16, kind: &'static str, body: &str, expect: &str) {
        let found = failure("eu", &answer(status, kind, body)).map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(found, expect, "{status} {body}");
    }

    #[test]
    fn answers_have_one_meaning() {
        let json = "application/json";
        check(200, json, "{}", "");
        check(
            401,
            json,
            r#"{"code":"woocommerce_rest_cannot_view","message":"Sorry.","data":{"status":401}}"#,
            "eu: access refused (HTTP 401): Sorry. (woocommerce_rest_cannot_view)",
        );
        check(
            404,
            json,
            r#"{"code":"woocommerce_rest_product_invalid_id","message":"Invalid ID.","data":{"status":404}}"#,
            "eu: not there any more: Invalid ID.",
        );
        check(
            400,
            json,
            r#"{"code":"woocommerce_rest_product_invalid_id","message":"Invalid ID.","data":{"status":400}}"#,
            "eu: not there any more: Invalid ID.",
        );
        check(
            404,
            json,
            r#"{"code":"rest_no_route","message":"No route.","data":{"status":404}}"#,
            "eu: access refused (HTTP 404): no WooCommerce API here; is WooCommerce active?",
        );
        check(
            400,
            json,
            "\u{feff}{\"code\":\"rest_invalid_param\",\"message\":\"Invalid\\nparameter\",\"data\":[]}",
            "eu: refused (rest_invalid_param): Invalid parameter",
        );
        check(413, json, r#"{"code":"too_large","message":"M","data":null}"#, "eu: refused (too_large): M");
    }

    #[test]
    fn pages_instead_of_json() {
        let html = "text/html";
        let page = "<html>";
        check(403, html, page, "eu: unexpected answer: HTTP 403 with text/html (6 bytes)");
        check(401, html, page, "eu: access refused (HTTP 401): the web server asks for a password of its own");
        check(
            404,
            html,
            page,
            "eu: access refused (HTTP 404): no REST API here; are permalinks (WordPress, Settings) set to anything but \
             \"Plain\"?",
        );
        check(
            301,
            html,
            page,
            "eu: access refused (HTTP 301): the shop redirects to https://www.shop.example; set that as its url",
        );
        let error = parse::<Value>("eu", &answer(200, html, page)).unwrap_err();
        assert_eq!(error.to_string(), "eu: unexpected answer: no JSON in text/html (6 bytes) at column 1");
        let error = parse::<u8>("eu", &answer(200, html, "\"jane@example.com\"")).unwrap_err();
        assert!(!error.to_string().contains("jane"), "{error}");
    }

    #[test]
    fn duplicate_sku_names_the_other() {
        let body =
            r#"{"code":"product_invalid_sku","message":"M","data":{"status":400,"resource_id":17,"unique_sku":"A-1"}}"#;
        let error: ApiError = serde_json::from_str(body).unwrap();
        let StoreError::Refused { code, resource, .. } = error.meaning("eu", None) else { panic!() };
        assert_eq!((code.as_str(), resource.as_deref()), ("product_invalid_sku", Some("17")));
    }

    #[test]
    fn items_tell_their_status() {
        let item = |status: u16| {
            let error =
                ApiError { code: "c".to_owned(), message: Value::Null, data: serde_json::json!({ "status": status }) };
            error.meaning("eu", None)
        };
        assert!(matches!(item(500), StoreError::Server { status: 500, .. }));
        assert!(matches!(item(403), StoreError::Access { .. }));
        assert!(matches!(item(404), StoreError::Gone { .. }));
        assert!(matches!(item(422), StoreError::Refused { .. }));
    }
}
