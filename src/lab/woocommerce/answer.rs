//! Answers and refusals, in the shapes of the WordPress REST API.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use serde_json::{Value, json};

use super::php;
use super::place::Place;

/// An error answer: `{code, message, data}`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) data: Value,
}

impl Refusal {
    pub(super) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), data: json!({ "status": status }) }
    }

    /// No such object; `post_type` as WordPress calls it (`product`, `shop_order`, …).
    pub(super) fn invalid_id(status: u16, post_type: &str) -> Self {
        Self::new(status, format!("woocommerce_rest_{post_type}_invalid_id"), "Invalid ID.")
    }

    /// Parameters that must be given.
    pub(super) fn missing(names: &[&str]) -> Self {
        let message = format!("Missing parameter(s): {}", names.join(", "));
        let data = json!({ "status": 400, "params": names });
        Self { data, ..Self::new(400, "rest_missing_callback_param", message) }
    }

    /// Deleted is deleted here: `force` must say so.
    pub(super) fn no_trash(message: &str) -> Self {
        Self::new(501, "woocommerce_rest_trash_not_supported", message)
    }

    pub(super) fn body(&self) -> Value {
        json!({ "code": self.code, "message": self.message, "data": self.data })
    }

    /// As it stands beside its item in the answer to a batch.
    pub(super) fn in_batch(&self, id: &Value) -> Value {
        json!({ "id": id, "error": self.body() })
    }
}

/// To a caller whose key was deleted.
pub(super) fn unknown_key() -> Response<Body> {
    respond(Err(Refusal::new(401, "woocommerce_rest_authentication_error", "Consumer key is invalid.")), "", &[])
}

/// A good answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body, headers: Vec::new() }
    }

    pub(super) fn created(body: Value, location: String) -> Self {
        Self { status: 201, body, headers: vec![("location", location)] }
    }
}

/// Beside a link to an object itself, WordPress (from 6.7 on) says with which methods it may be called.
pub(super) fn add_hints(shown: &mut Value, site: &str) {
    match shown {
        Value::Array(items) => items.iter_mut().for_each(|item| add_hints(item, site)),
        Value::Object(object) => {
            let links = object.get_mut("_links").and_then(|links| links.get_mut("self")).and_then(Value::as_array_mut);
            for link in links.into_iter().flatten() {
                let address = link.get("href").and_then(Value::as_str).unwrap_or_default();
                let route = address.strip_prefix(site).and_then(|path| path.strip_prefix("/wp-json"));
                let methods = route.map_or(&[][..], |route| Place::find(route).methods());
                if !methods.is_empty() {
                    link["targetHints"] = json!({ "allow": methods });
                }
            }
            for key in ["create", "update", "delete"] {
                if let Some(items) = object.get_mut(key).filter(|items| items.is_array()) {
                    add_hints(items, site);
                }
            }
        }
        _ => {}
    }
}

/// Render either. `site` without a slash at the end; `allow`: methods for the `Allow` header.
pub(super) fn respond(result: Result<Answer, Refusal>, site: &str, allow: &[&str]) -> Response<Body> {
    let answer =
        result.unwrap_or_else(|refusal| Answer { status: refusal.status, body: refusal.body(), headers: Vec::new() });
    let mut response = Response::new(Body::from(php::json(&answer.body)));
    if let Ok(status) = answer.status.try_into() {
        *response.status_mut() = status;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    let exposed = HeaderValue::from_static("X-WP-Total, X-WP-TotalPages, Link");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    let api_root = format!("<{site}/wp-json/>; rel=\"https://api.w.org/\"");
    if let Some(allow) = HeaderValue::from_str(&allow.join(", ")).ok().filter(|_| !allow.is_empty()) {
        headers.insert(header::ALLOW, allow);
    }
    let accepted = "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type";
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(accepted));
    headers.insert(header::EXPIRES, HeaderValue::from_static("Wed, 11 Jan 1984 05:00:00 GMT"));
    let uncached = "no-cache, must-revalidate, max-age=0, no-store, private";
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(uncached));
    // A paging link takes the place of this one, as PHP's `header()` replaces.
    for (name, value) in std::iter::once(("link", api_root)).chain(answer.headers) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

/// Parameters that failed validation, collected to be refused together (`rest_invalid_param`).
#[derive(Default)]
pub(super) struct Invalid(Vec<(String, &'static str, String)>);

impl Invalid {
    pub(super) fn add(&mut self, param: &str, code: &'static str, message: String) {
        self.0.push((param.to_owned(), code, message));
    }

    pub(super) fn type_of(&mut self, param: &str, wanted: &str) {
        self.add(param, "rest_invalid_type", format!("{param} is not of type {wanted}."));
    }

    pub(super) fn choice(&mut self, param: &str, choices: &[&str]) {
        let listed = match choices.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{}, and {last}", rest.join(", ")),
            _ => choices.join(""),
        };
        self.add(param, "rest_not_in_enum", format!("{param} is not one of {listed}."));
    }

    pub(super) fn into_result(self) -> Result<(), Refusal> {
        if self.0.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.0.iter().map(|(param, ..)| param.as_str()).collect();
        let message = format!("Invalid parameter(s): {}", names.join(", "));
        let mut refusal = Refusal::new(400, "rest_invalid_param", message);
        let params: Value = self.0.iter().map(|(param, _, message)| (param.clone(), json!(message))).collect();
        let details: Value = self
            .0
            .iter()
            .map(|(param, code, message)| (param.clone(), json!({"code": code, "message": message, "data": null})))
            .collect();
        refusal.data = json!({ "status": 400, "params": params, "details": details });
        Err(refusal)
    }
}
