//! What `shelfd check` looks at in a Shopify shop.

use serde::Deserialize;
use serde_json::json;

use crate::stores::{CheckLine, StoreError};

use super::Shopify;
use super::convert::number;
use super::queries::CHECK_ACCESS;

/// Scopes the app must have, and what for. A write scope includes reading.
const SCOPES: [(&str, &str); 3] = [
    ("write_products", "to read and write titles and prices"),
    ("write_inventory", "to read and write stock"),
    ("read_orders", "to be told of orders"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessData {
    shop: ShopNode,
    current_app_installation: Installation,
}

#[derive(Deserialize)]
struct ShopNode {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Installation {
    access_scopes: Vec<Scope>,
}

#[derive(Deserialize)]
struct Scope {
    handle: String,
}

impl Shopify {
    pub(super) async fn check_all(&self) -> Vec<CheckLine> {
        let access: Result<AccessData, StoreError> = self.api.call(&CHECK_ACCESS, &json!({})).await;
        let access = match access {
            Ok(access) => access,
            // Everything else would only say the same again.
            Err(error) => return vec![line("address and credentials", false, error.to_string())],
        };
        let scopes: Vec<String> = access.current_app_installation.access_scopes.into_iter().map(|s| s.handle).collect();
        let place = match self.look_up_location().await {
            Ok(place) => {
                let id = number(&place.id).map_or(place.id, |number| number.to_string());
                line("stock location", true, format!("{} ({id})", place.name))
            }
            Err(error) => line("stock location", false, error.to_string()),
        };
        let shop = format!("this is the shop \"{}\"", access.shop.name);
        vec![line("address and credentials", true, shop), rights(&scopes), place]
    }
}

fn rights(granted: &[String]) -> CheckLine {
    let has = |scope: &str| {
        let written = scope.replace("read_", "write_");
        granted.iter().any(|granted| *granted == scope || *granted == written)
    };
    let missing: Vec<String> =
        SCOPES.iter().filter(|(scope, _)| !has(scope)).map(|(scope, why)| format!("{scope} ({why})")).collect();
    if missing.is_empty() {
        return line("rights", true, SCOPES.map(|(scope, _)| scope).join(", "));
    }
    line(
        "rights",
        false,
        format!("missing: {}; add them in the Dev Dashboard and install the new version", missing.join(", ")),
    )
}

fn line(what: &str, ok: bool, words: String) -> CheckLine {
    CheckLine { what: what.to_owned(), ok, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(granted: &[&str], ok: bool, part: &str) {
        let granted: Vec<String> = granted.iter().map(ToString::to_string).collect();
        let line = rights(&granted);
        assert!(line.ok == ok && line.words.contains(part), "{granted:?}: {line:?}");
    }

    #[test]
    fn missing_scopes_are_named() {
        check(&["write_products", "write_inventory", "read_orders"], true, "write_inventory");
        check(&["write_products", "write_inventory", "write_orders"], true, "read_orders");
        check(&["read_products", "write_inventory", "read_orders"], false, "missing: write_products (to read");
        check(&[], false, "write_inventory (to read and write stock), read_orders (to be told");
    }
}
