//! Pure: what a GraphQL answer means. Errors come with HTTP 200; a document that does not fit the schema with 400.

use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::stores::StoreError;

/// Messages end up in a status cell and in logs.
const MESSAGE_MAX: usize = 300;
/// What a document is answered with that asks for something the server's schema does not have.
pub(super) const UNKNOWN_FIELD: &str = "GRAPHQL_VALIDATION_FAILED";

/// A call that failed.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    /// What went wrong.
    pub(super) error: StoreError,
    /// True when the server understood the document and its own code failed or refused. Each of Vendure's mutations is
    /// one transaction, so it may then be tried with fewer inputs.
    pub(super) by_engine: bool,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self { error, by_engine: false }
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

#[derive(Debug, Deserialize)]
struct Envelope {
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<TopError>,
}

#[derive(Debug, Deserialize)]
struct TopError {
    #[serde(default)]
    message: String,
    extensions: Option<Extensions>,
}

#[derive(Debug, Deserialize)]
struct Extensions {
    code: Option<String>,
}

/// Read a whole answer.
pub(super) fn read<T: DeserializeOwned>(shop: &str, status: StatusCode, body: &[u8]) -> Result<T, Failed> {
    let envelope = match serde_json::from_slice::<Envelope>(body) {
        Ok(envelope) if !envelope.errors.is_empty() || status.is_success() => envelope,
        Ok(_) => return Err(by_status(shop, status).into()),
        // The parser's words may quote the body; its place does not.
        Err(error) if status.is_success() => {
            return Err(unexpected(shop, format!("no GraphQL in the answer (at line {})", error.line())).into());
        }
        Err(_) => return Err(by_status(shop, status).into()),
    };
    if let Some(error) = envelope.errors.first() {
        return Err(top_error(shop, status, error));
    }
    let data = envelope.data.filter(|data| !data.is_null()).ok_or_else(|| unexpected(shop, "no data in the answer"))?;
    serde_json::from_value(data)
        .map_err(|error| unexpected(shop, format!("data of another shape: {}", clip(&error.to_string()))).into())
}

/// An answer that is not what this API gives.
pub(super) fn unexpected(shop: &str, why: impl Into<String>) -> StoreError {
    StoreError::Unexpected { shop: shop.to_owned(), why: why.into() }
}

/// Something that the shop refuses, or that shelfd does not send.
pub(super) fn refused(shop: &str, code: &str, message: impl Into<String>) -> StoreError {
    StoreError::Refused { shop: shop.to_owned(), code: code.to_owned(), message: message.into(), resource: None }
}

/// Shorten a store's words.
pub(super) fn clip(text: &str) -> String {
    let mut words: String = text.trim().chars().take(MESSAGE_MAX).collect();
    if text.trim().chars().nth(MESSAGE_MAX).is_some() {
        words.push('…');
    }
    words
}

/// What the status alone says. A wrong address holds for every call alike, so it pauses the endpoint and does not count
/// against the item that met it first.
fn by_status(shop: &str, status: StatusCode) -> StoreError {
    let shop = shop.to_owned();
    let words = match status.as_u16() {
        300..=399 => "the address leads elsewhere; use the one that the Admin API itself answers at",
        401 | 403 => "the server in front of the shop lets nobody in",
        404 => "there is no Admin API at this address",
        code => {
            return StoreError::Refused { shop, code: format!("HTTP {code}"), message: String::new(), resource: None };
        }
    };
    StoreError::Access { shop, status: status.as_u16(), message: words.to_owned() }
}

fn top_error(shop: &str, status: StatusCode, error: &TopError) -> Failed {
    let code = error.extensions.as_ref().and_then(|extensions| extensions.code.as_deref());
    let (message, shop) = (clip(&error.message), shop.to_owned());
    let error = match code {
        Some("FORBIDDEN" | "UNAUTHORIZED" | "CHANNEL_NOT_FOUND") => {
            StoreError::Access { shop, status: status.as_u16(), message }
        }
        Some("ENTITY_NOT_FOUND") => StoreError::Gone { shop, message },
        Some("INTERNAL_SERVER_ERROR") => StoreError::Server { shop, status: 500 },
        Some(code) => StoreError::Refused { shop, code: code.to_owned(), message, resource: None },
        // Nothing of Vendure's own: who knows what was done.
        None => StoreError::Unexpected { shop, why: format!("error without code: {message}") },
    };
    Failed { error, by_engine: code.is_some() && status.is_success() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, expect: &str) {
        let words = match read::<Value>("eu", StatusCode::from_u16(status).unwrap(), body.as_bytes()) {
            Ok(data) => format!("ok {data}"),
            Err(Failed { error, by_engine }) => format!("{:?} {by_engine} {error}", error.verdict()),
        };
        assert!(words.contains(expect), "{body}\n gives {words}\n not {expect}");
    }

    #[test]
    fn data_and_nothing_else() {
        check(200, r#"{"data":{"a":1}}"#, r#"ok {"a":1}"#);
        check(200, r#"{"data":null}"#, "Retry false eu: unexpected answer: no data");
        check(200, "<!DOCTYPE html>", "Retry false eu: unexpected answer: no GraphQL");
        check(200, r#"{"data":{"#, "no GraphQL in the answer");
    }

    /// As recorded from Vendure 3.7.3.
    #[test]
    fn errors_by_code() {
        let gone = r#"{"errors":[{"message":"No ProductVariant with the id \"77\" could be found","locations":
            [{"line":1,"column":10}],"path":["updateProductVariants"],"extensions":{"code":"ENTITY_NOT_FOUND"}}],
            "data":null}"#;
        check(200, gone, "Gone true eu: not there any more: No ProductVariant with the id \"77\"");
        let forbidden = r#"{"errors":[{"message":"You are not currently authorized to perform this action","locations":
            [{"line":1,"column":2}],"path":["shelfd"],"extensions":{"code":"FORBIDDEN"}}],"data":null}"#;
        check(200, forbidden, "Credentials true eu: access refused (HTTP 200): You are not currently authorized");
        let unknown = r#"{"errors":[{"message":"Cannot query field \"nope\" on type \"Query\".","locations":
            [{"line":1,"column":2}],"extensions":{"http":{"status":400,"headers":{}},
            "code":"GRAPHQL_VALIDATION_FAILED"}}]}"#;
        check(400, unknown, "Refused false eu: refused (GRAPHQL_VALIDATION_FAILED): Cannot query field");
        let internal = r#"{"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}],"data":null}"#;
        check(200, internal, "Retry true eu: the shop answered HTTP 500");
        check(200, r#"{"errors":[{"message":"oops"}]}"#, "Retry false eu: unexpected answer: error without code: oops");
    }

    #[test]
    fn statuses_that_hold_for_the_whole_shop() {
        check(404, "<html>", "Credentials false eu: access refused (HTTP 404): there is no Admin API");
        check(302, "", "the address leads elsewhere");
        check(403, "{}", "Credentials false");
        check(413, "too large", "Refused false eu: refused (HTTP 413)");
    }
}
