//! Calls to the Admin API and what their answers mean.
//! <https://docs.medusajs.com/api/admin>

use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::stores::StoreError;
use crate::stores::client::{Answer, Client};

use super::Config;

/// Messages end up in a status cell and in logs.
const MESSAGE_MAX: usize = 300;
/// Code of a refusal that says that Medusa knows no such route at all.
pub(super) const NO_ROUTE: &str = "no_such_route";

/// Query parameters.
pub(super) type Query = Vec<(&'static str, String)>;

/// Sends calls for one shop.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    base: String,
    key: SecretString,
}

/// An error as Medusa's error handler gives it.
#[derive(Deserialize)]
struct ApiError {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    message: String,
}

impl Api {
    pub(super) fn new(config: &Config) -> Result<Self, StoreError> {
        Ok(Self {
            client: Client::new(&config.shop)?,
            base: config.url.as_str().trim_end_matches('/').to_owned(),
            key: config.api_key.clone(),
        })
    }

    pub(super) fn shop(&self) -> &str {
        self.client.shop()
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &Query) -> Result<T, StoreError> {
        self.call(path, self.client.http().get(self.address(path)).query(query)).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &Query,
        body: &Value,
    ) -> Result<T, StoreError> {
        self.call(path, self.client.http().post(self.address(path)).query(query).json(body)).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A secret API key is the user name of Basic authentication, without a password.
    async fn call<T: DeserializeOwned>(&self, path: &str, request: RequestBuilder) -> Result<T, StoreError> {
        let request = request.basic_auth(self.key.expose_secret(), Some(""));
        let answer = self.client.send(request).await?;
        read(self.shop(), path, &answer)
    }
}

/// What an answer below 500 means. Whatever Medusa does in a workflow it takes back when a step fails, so an error that
/// it names means that nothing changed.
pub(super) fn read<T: DeserializeOwned>(shop: &str, path: &str, answer: &Answer) -> Result<T, StoreError> {
    let status = answer.status;
    if status.is_success() {
        return serde_json::from_slice(&answer.body).map_err(|error| {
            let why =
                format!("{path}: {:?} error at line {} column {}", error.classify(), error.line(), error.column());
            unexpected(shop, why)
        });
    }
    let said = serde_json::from_slice::<ApiError>(&answer.body).ok();
    let message = |fallback: &str| said.as_ref().map_or_else(|| fallback.to_owned(), |said| clip(&said.message));
    let shop_name = shop.to_owned();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(StoreError::Access {
            shop: shop_name,
            status: status.as_u16(),
            message: message("the secret API key is not taken"),
        }),
        // Express says so in HTML; whatever stands in front of Medusa may do it in other ways.
        StatusCode::NOT_FOUND if said.is_none() => Err(StoreError::Refused {
            shop: shop_name,
            code: NO_ROUTE.to_owned(),
            message: format!("nothing answers at {path}; is url the address of Medusa itself?"),
            resource: None,
        }),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(StoreError::Gone { shop: shop_name, message: message("gone") }),
        // Medusa's word for a transaction that met another one: it may be in any state.
        StatusCode::CONFLICT => Err(unexpected(shop, format!("{path}: HTTP 409: {}", message("conflict")))),
        _ if status.is_client_error() => Err(StoreError::Refused {
            shop: shop_name,
            code: said.as_ref().and_then(|said| said.kind.clone()).unwrap_or_else(|| status.as_u16().to_string()),
            message: message(status.canonical_reason().unwrap_or("no words")),
            resource: None,
        }),
        _ => Err(unexpected(shop, format!("{path}: HTTP {}", status.as_u16()))),
    }
}

/// An answer that leaves open what was done.
pub(super) fn unexpected(shop: &str, why: impl Into<String>) -> StoreError {
    StoreError::Unexpected { shop: shop.to_owned(), why: why.into() }
}

/// A refusal of our own: the shop was not even asked.
pub(super) fn not_sendable(shop: &str, why: &str) -> StoreError {
    let (shop, message) = (shop.to_owned(), why.to_owned());
    StoreError::Refused { shop, code: "not_sendable".to_owned(), message, resource: None }
}

fn clip(text: &str) -> String {
    text.chars().take(MESSAGE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn check(status: u16, body: &str, expect: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() };
        let words = match read::<Value>("eu", "/admin/products", &answer) {
            Ok(value) => value.to_string(),
            Err(error) => format!("{:?} {error}", error.verdict()),
        };
        assert_eq!(words, expect, "{status} {body}");
    }

    /// Bodies as Medusa 2.21.2 gave them.
    #[test]
    fn what_answers_mean() {
        check(200, r#"{"product":{}}"#, r#"{"product":{}}"#);
        let half = "Retry eu: unexpected answer: /admin/products: Eof error at line 1 column 10";
        check(200, r#"{"product""#, half);
        let html = "Retry eu: unexpected answer: /admin/products: Syntax error at line 1 column 1";
        check(200, "<!DOCTYPE html>", html);
        let handle = r#"{"type":"invalid_data","message":"Product with handle: shirt, already exists."}"#;
        check(400, handle, "Refused eu: refused (invalid_data): Product with handle: shirt, already exists.");
        check(401, r#"{"message":"Unauthorized"}"#, "Credentials eu: access refused (HTTP 401): Unauthorized");
        let gone = r#"{"type":"not_found","message":"Unable to update the products with ids: prod_nope"}"#;
        check(404, gone, "Gone eu: not there any more: Unable to update the products with ids: prod_nope");
        let express =
            "<!DOCTYPE html>\n<html lang=\"en\"><body><pre>Cannot POST /admin/shelfd/stock</pre></body></html>";
        let nothing = "Refused eu: refused (no_such_route): nothing answers at /admin/products; is url the address of Medusa \
                       itself?";
        check(404, express, nothing);
        let large = r#"{"message":"request entity too large","type":"unknown_error"}"#;
        check(413, large, "Refused eu: refused (unknown_error): request entity too large");
        check(409, "{}", "Retry eu: unexpected answer: /admin/products: HTTP 409: conflict");
        check(302, "", "Retry eu: unexpected answer: /admin/products: HTTP 302");
    }
}
