//! Pure: what a GraphQL answer means. Errors come with HTTP 200, with and without `data`, and in two shapes.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::stores::StoreError;

use super::budget::Cost;

/// When a throttled answer carries no cost.
const THROTTLE_WAIT: Duration = Duration::from_secs(2);
/// Above 50,000 variants Shopify lets an app make 1,000 new ones a day
/// (<https://shopify.dev/docs/api/usage/rate-limits#resource-based-rate-limits>); asking more often is pointless.
const DAILY_LIMIT_WAIT: Duration = Duration::from_secs(300);
/// Messages end up in a status cell and in logs.
const MESSAGE_MAX: usize = 300;

/// One of a mutation's `userErrors`. `code` is absent where the schema has plain `UserError`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct UserError {
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) field: Option<Vec<String>>,
    pub(super) message: String,
}

impl UserError {
    /// The stable code, or a word for none.
    pub(super) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or("USER_ERROR")
    }

    /// The index within the input list `list`: 3 for `["input", "changes", "3", "delta"]`.
    pub(super) fn index_in(&self, list: &str) -> Option<usize> {
        let field = self.field.as_deref()?;
        let at = field.iter().position(|part| part == list)?;
        field.get(at + 1)?.parse().ok()
    }

    /// As the error of an item that was refused.
    pub(super) fn refusal(&self, shop: &str) -> StoreError {
        let (shop, message) = (shop.to_owned(), clip(&self.message));
        match self.code() {
            "PRODUCT_DOES_NOT_EXIST" | "PRODUCT_VARIANT_DOES_NOT_EXIST" | "INVALID_INVENTORY_ITEM" | "NOT_FOUND" => {
                StoreError::Gone { shop, message }
            }
            code => StoreError::Refused { shop, code: code.to_owned(), message, resource: None },
        }
    }
}

#[derive(Debug, Deserialize)]
struct Envelope {
    data: Option<Value>,
    errors: Option<Value>,
    extensions: Option<Extensions>,
}

#[derive(Debug, Deserialize)]
struct Extensions {
    cost: Option<Cost>,
}

#[derive(Debug, Default, Deserialize)]
struct TopError {
    #[serde(default)]
    message: String,
    extensions: Option<TopExtensions>,
    locations: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
struct TopExtensions {
    code: Option<String>,
}

/// Read a whole answer: the data, and beside it what the call cost, where the answer says so.
pub(super) fn read<T: DeserializeOwned>(
    shop: &str,
    status: StatusCode,
    body: &[u8],
) -> (Result<T, StoreError>, Option<Cost>) {
    let envelope = match serde_json::from_slice::<Envelope>(body) {
        Ok(envelope) => envelope,
        // The parser's words may quote the body; its place does not.
        Err(error) => {
            let why = format!("no JSON in the answer to HTTP {status} (at line {})", error.line());
            return (Err(by_status(shop, status, "").unwrap_or_else(|| unexpected(shop, why))), None);
        }
    };
    let cost = envelope.extensions.and_then(|extensions| extensions.cost);
    let errors = envelope.errors.as_ref().map(top_errors).unwrap_or_default();
    let message = errors.first().map(|error| clip(&error.message)).unwrap_or_default();
    if let Some(error) = by_status(shop, status, &message) {
        return (Err(error), cost);
    }
    if !errors.is_empty() {
        let ran = envelope.data.is_some();
        return (Err(top_error(shop, &errors, ran, cost.as_ref())), cost);
    }
    let data = envelope.data.filter(|data| !data.is_null()).ok_or_else(|| unexpected(shop, "no data in the answer"));
    let typed = data.and_then(|data| {
        serde_json::from_value(data).map_err(|error| unexpected(shop, format!("data of another shape: {error}")))
    });
    (typed, cost)
}

/// An answer that is not what this API gives.
pub(super) fn unexpected(shop: &str, why: impl Into<String>) -> StoreError {
    StoreError::Unexpected { shop: shop.to_owned(), why: why.into() }
}

/// What the status alone says. A wrong address, a frozen shop and a revoked app hold for every call alike, so they
/// pause the endpoint and do not count against the item that met them first.
fn by_status(shop: &str, status: StatusCode, message: &str) -> Option<StoreError> {
    let words = match status.as_u16() {
        200..=299 => return None,
        300..=399 => "the address leads elsewhere; use the shop's own NAME.myshopify.com",
        401 => "the access token is not accepted",
        402 => "the shop is frozen until its bill is paid",
        403 => "the app may not do this",
        404 => "there is no shop at this address",
        423 => "the shop is locked",
        430 => "Shopify takes these requests for an attack",
        code => {
            return Some(StoreError::Refused {
                shop: shop.to_owned(),
                code: format!("HTTP {code}"),
                message: message.to_owned(),
                resource: None,
            });
        }
    };
    let message = if message.is_empty() { words.to_owned() } else { format!("{words}: {message}") };
    Some(StoreError::Access { shop: shop.to_owned(), status: status.as_u16(), message })
}

/// `errors` is a list of objects, or one text (`"[API] Invalid API key or access token …"`).
fn top_errors(errors: &Value) -> Vec<TopError> {
    match errors {
        Value::Array(list) => {
            list.iter().map(|error| TopError::deserialize(error).unwrap_or_default()).collect::<Vec<_>>()
        }
        Value::String(message) => vec![TopError { message: message.clone(), ..TopError::default() }],
        Value::Null => Vec::new(),
        _ => vec![TopError::default()],
    }
}

fn top_error(shop: &str, errors: &[TopError], ran: bool, cost: Option<&Cost>) -> StoreError {
    let code_of = |error: &TopError| error.extensions.as_ref().and_then(|extensions| extensions.code.clone());
    // One that has a code says more than one that has not.
    let error = errors.iter().find(|error| code_of(error).is_some()).or(errors.first());
    let (code, message) = error.map(|error| (code_of(error), clip(&error.message))).unwrap_or_default();
    let shop = shop.to_owned();
    match code.as_deref() {
        Some("THROTTLED") => StoreError::Throttled { shop, wait: cost.and_then(Cost::wait).unwrap_or(THROTTLE_WAIT) },
        Some("VARIANT_THROTTLE_EXCEEDED") => StoreError::Throttled { shop, wait: DAILY_LIMIT_WAIT },
        Some("ACCESS_DENIED" | "SHOP_INACTIVE") => StoreError::Access { shop, status: 200, message },
        Some("INTERNAL_SERVER_ERROR" | "TIMEOUT") => StoreError::Server { shop, status: 500 },
        // Found before anything ran, or a refusal with a name: nothing was changed.
        Some(code @ ("BAD_REQUEST" | "INVALID_FIELD_ARGUMENTS" | "INVALID_VARIABLE" | "MAX_COST_EXCEEDED")) => {
            StoreError::Refused { shop, code: code.to_owned(), message, resource: None }
        }
        Some(code) if code.starts_with("IDEMPOTENCY_") => {
            StoreError::Refused { shop, code: code.to_owned(), message, resource: None }
        }
        // A document that does not fit the schema is answered with places in it and without data.
        code if !ran && error.is_some_and(|error| error.locations.is_some()) => {
            let code = code.unwrap_or("INVALID_DOCUMENT").to_owned();
            StoreError::Refused { shop, code, message, resource: None }
        }
        code => StoreError::Unexpected { shop, why: format!("{}: {message}", code.unwrap_or("error without code")) },
    }
}

/// Shorten a store's words.
pub(super) fn clip(text: &str) -> String {
    let mut words: String = text.trim().chars().take(MESSAGE_MAX).collect();
    if text.trim().chars().nth(MESSAGE_MAX).is_some() {
        words.push('…');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: StatusCode = StatusCode::OK;

    fn check(status: StatusCode, body: &str, expect: &str) {
        let (read, _) = read::<Value>("eu", status, body.as_bytes());
        let words = match read {
            Ok(data) => format!("ok {data}"),
            Err(error) => format!("{:?} {error}", error.verdict()),
        };
        assert!(words.contains(expect), "{body}\n gives {words}\n not {expect}");
    }

    #[test]
    fn data_and_nothing_else() {
        check(OK, r#"{"data":{"shop":{"name":"A"}},"extensions":{"cost":null}}"#, r#"ok {"shop":{"name":"A"}}"#);
        check(OK, r#"{"data":null}"#, "Retry eu: unexpected answer: no data");
        check(OK, "{}", "Retry eu: unexpected answer: no data");
        check(OK, "<!DOCTYPE html><html>", "Retry eu: unexpected answer: no JSON");
        check(OK, r#"{"data":{"#, "Retry eu: unexpected answer: no JSON");
    }

    #[test]
    fn throttling_says_how_long() {
        let cost = r#""extensions":{"cost":{"requestedQueryCost":502,"actualQueryCost":null,"throttleStatus":
            {"maximumAvailable":2000.0,"currentlyAvailable":2,"restoreRate":100.0}}}"#;
        let errors = r#""errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]"#;
        check(OK, &format!("{{{errors},{cost}}}"), "Wait(5s)");
        check(OK, &format!("{{{errors}}}"), "Wait(2s)");
    }

    #[test]
    fn top_errors_by_code() {
        let coded = |code: &str, data: &str| {
            format!(r#"{{"errors":[{{"message":"no","locations":[],"extensions":{{"code":"{code}"}}}}]{data}}}"#)
        };
        check(OK, &coded("ACCESS_DENIED", r#","data":{"x":null}"#), "Credentials");
        check(OK, &coded("INTERNAL_SERVER_ERROR", ""), "Retry eu: the shop answered HTTP 500");
        check(OK, &coded("BAD_REQUEST", r#","data":{"x":null}"#), "Refused eu: refused (BAD_REQUEST): no");
        check(OK, &coded("undefinedField", ""), "Refused eu: refused (undefinedField)");
        // It ran, and the code is new to us: who knows what was done.
        check(OK, &coded("NEW_CODE", r#","data":{"x":null}"#), "Retry eu: unexpected answer: NEW_CODE");
        check(OK, r#"{"errors":[{"message":"oops"}]}"#, "Retry eu: unexpected answer: error without code: oops");
    }

    #[test]
    fn statuses_that_hold_for_the_whole_shop() {
        let text = r#"{"errors":"[API] Invalid API key or access token"}"#;
        check(StatusCode::UNAUTHORIZED, text, "Credentials eu: access refused (HTTP 401)");
        check(StatusCode::NOT_FOUND, "<html>", "Credentials eu: access refused (HTTP 404): there is no shop");
        check(StatusCode::PAYMENT_REQUIRED, r#"{"errors":"Unavailable Shop"}"#, "Credentials");
        check(StatusCode::FOUND, "", "Credentials eu: access refused (HTTP 302): the address leads elsewhere");
        check(StatusCode::BAD_REQUEST, r#"{"errors":{"query":"x"}}"#, "Refused eu: refused (HTTP 400)");
    }

    #[test]
    fn user_errors_point_into_lists() {
        let error = |field: &[&str]| UserError {
            code: None,
            field: Some(field.iter().map(ToString::to_string).collect()),
            message: "no".to_owned(),
        };
        assert_eq!(error(&["input", "changes", "3", "delta"]).index_in("changes"), Some(3));
        assert_eq!(error(&["variants", "12"]).index_in("variants"), Some(12));
        assert_eq!(error(&["input", "name"]).index_in("changes"), None);
        assert_eq!(error(&["input", "changes"]).index_in("changes"), None);
        assert_eq!(error(&["variants", "1", "price"]).refusal("eu").verdict(), crate::retry::Verdict::Refused);
    }
}
