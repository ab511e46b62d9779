//! What `shelfd check` looks at in a WooCommerce shop.

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::stores::{CheckLine, StoreError};

use super::api::{Api, Query};
use super::webhook::signing_secret;

#[derive(Deserialize)]
struct Setting {
    #[serde(default)]
    value: Value,
}

/// Look at address, keys, rights, stock management and webhook secret. Writes nothing.
pub(super) async fn check(api: &Api, url: &Url, secrets: &[SecretString]) -> Vec<CheckLine> {
    let mut lines = vec![address(url)];
    let products: Result<(Vec<Value>, _), StoreError> = api.get("/products", one()).await;
    if let Err(error) = products {
        // Everything else would only say the same again.
        lines.push(line("reading products", false, explain(&error)));
        return lines;
    }
    let read = if api.header_is_stripped() {
        "read; the host strips the Authorization header, so the keys go in the query (set auth = \"query\")"
    } else {
        "read"
    };
    lines.push(line("reading products", true, read.to_owned()));
    let (orders, writes, stock) = futures::join!(orders(api), writes(api), stock_management(api));
    lines.extend([orders, writes, stock]);
    lines.push(match signing_secret(api.shop(), secrets) {
        Ok(_) => line("webhook secret", true, "usable".to_owned()),
        Err(error) => line("webhook secret", false, error.to_string()),
    });
    lines
}

fn address(url: &Url) -> CheckLine {
    let host = url.host_str().unwrap_or_default();
    if Api::is_exposed(url) {
        let words = format!("http://{host}: what is sent can be read and changed on the way; use https");
        return line("address", false, words);
    }
    line("address", true, format!("{}://{host}", url.scheme()))
}

/// The very call that orders are followed by: versions before 5.8 cannot be asked what changed.
async fn orders(api: &Api) -> CheckLine {
    let mut query = one();
    query.extend([
        ("orderby", "modified".to_owned()),
        ("modified_after", "2000-01-01T00:00:00".to_owned()),
        ("dates_are_gmt", "true".to_owned()),
    ]);
    match api.get::<Vec<Value>>("/orders", query).await {
        Ok(_) => line("reading orders", true, "read".to_owned()),
        Err(error) => line("reading orders", false, explain(&error)),
    }
}

/// A batch of nothing changes nothing, and is refused all the same when the key may only read.
async fn writes(api: &Api) -> CheckLine {
    match api.send::<Value>(Method::POST, "/products/batch", &json!({ "update": [] })).await {
        Ok(_) => line("writing products", true, "allowed".to_owned()),
        Err(error @ StoreError::Access { .. }) => {
            line("writing products", false, format!("{error}; the key needs the permission Read/Write"))
        }
        Err(error) => line("writing products", false, error.to_string()),
    }
}

async fn stock_management(api: &Api) -> CheckLine {
    let what = "stock management";
    match api.get::<Setting>("/settings/products/woocommerce_manage_stock", Query::new()).await {
        Ok((Setting { value: Value::String(value) }, _)) if value == "no" => {
            line(what, false, "off; switch it on in WooCommerce, Settings, Products, Inventory".to_owned())
        }
        Ok(_) => line(what, true, "on".to_owned()),
        // A key of a shop manager may be kept from settings and still do all of the work.
        Err(StoreError::Access { .. }) => {
            line(what, true, "cannot be read with this key; make sure it is on".to_owned())
        }
        Err(error) => line(what, false, error.to_string()),
    }
}

fn explain(error: &StoreError) -> String {
    match error {
        StoreError::Access { status: 401, .. } => format!(
            "{error}; are key and secret right, is the user who made them still there, and is url exactly the site's \
             address (WordPress, Settings, General)? Behind a proxy that ends https, WordPress must be told of it"
        ),
        _ => error.to_string(),
    }
}

fn one() -> Query {
    vec![("per_page", "1".to_owned()), ("_fields", "id".to_owned())]
}

fn line(what: &str, ok: bool, words: String) -> CheckLine {
    CheckLine { what: what.to_owned(), ok, words }
}
