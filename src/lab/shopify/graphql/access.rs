//! What an app must have been granted for a field. Scopes and words are those of the published schema.

use super::error::GraphError;

const PAGE: &str = "https://shopify.dev/api/usage/access-scopes";

struct Required {
    /// One of these is enough.
    scopes: &'static [&'static str],
    words: &'static str,
}

/// The error for a field of a type that gives a type, unless the app may have it.
pub fn denied(parent: &str, field: &str, gives: &str, granted: impl Fn(&str) -> bool) -> Option<GraphError> {
    let required =
        if parent == "Mutation" { of_mutation(field) } else { of_type(gives.trim_end_matches("Connection")) };
    let Required { scopes, words } = required?;
    // Who may write may read.
    let has = |scope: &&str| granted(scope) || granted(&scope.replacen("read_", "write_", 1));
    if scopes.iter().any(has) {
        return None;
    }
    let message = format!("Access denied for {field} field. Required access: {words}");
    Some(GraphError::new("ACCESS_DENIED", message).with("documentation", PAGE).with("requiredAccess", words))
}

fn of_type(kind: &str) -> Option<Required> {
    Some(match kind {
        "Product" | "ProductVariant" => Required { scopes: &["read_products"], words: "`read_products` access scope." },
        "InventoryItem" => Required {
            scopes: &["read_inventory", "read_products"],
            words: "`read_inventory` access scope or `read_products` access scope.",
        },
        "InventoryLevel" | "InventoryProperties" => {
            Required { scopes: &["read_inventory"], words: "`read_inventory` access scope." }
        }
        "Location" => Required {
            scopes: &["read_locations", "read_inventory", "read_markets_home"],
            words: "`read_locations` access scope, `read_inventory` access scope or `read_markets_home` access scope.",
        },
        "Order" => Required {
            scopes: &["read_orders", "read_marketplace_orders", "read_quick_sale"],
            words: "`read_orders` access scope, `read_marketplace_orders` access scope or `read_quick_sale` access scope.",
        },
        "LineItem" | "Refund" => Required {
            scopes: &["read_orders", "read_marketplace_orders"],
            words: "`read_orders` access scope or `read_marketplace_orders` access scope.",
        },
        _ => return None,
    })
}

fn of_mutation(field: &str) -> Option<Required> {
    let inventory = |words| Some(Required { scopes: &["write_inventory"], words });
    let products = |words| Some(Required { scopes: &["write_products"], words });
    match field {
        "inventoryActivate" => inventory(
            "`write_inventory` access scope. Also: The user must have a permission to activate an inventory item.",
        ),
        "inventoryAdjustQuantities" => inventory(
            "`write_inventory` access scope. Also: The user must have a permission to apply changes to inventory quantities.",
        ),
        "inventoryDeactivate" => inventory(
            "`write_inventory` access scope. Also: The user must have a permission to deactivate an inventory.",
        ),
        "inventoryItemUpdate" => inventory(
            "`write_inventory` access scope. Also: The user must have a permission to update an inventory item.",
        ),
        "inventoryMoveQuantities" => {
            inventory("`write_inventory` access scope. Also: The user must have a permission to move an inventory.")
        }
        "inventorySetQuantities" | "inventorySetOnHandQuantities" => {
            inventory("`write_inventory` access scope. Also: The user must have a permission to update an inventory.")
        }
        "productCreate" | "productSet" => {
            products("`write_products` access scope. Also: The user must have a permission to create products.")
        }
        "productUpdate" => {
            products("`write_products` access scope. Also: The user must have a permission to update products.")
        }
        "productDelete" => {
            products("`write_products` access scope. Also: The user must have a permission to delete products.")
        }
        "productOptionsCreate" | "productVariantsBulkCreate" => {
            products("`write_products` access scope. Also: The user must have a permission to create product variants.")
        }
        "productVariantsBulkUpdate" => {
            products("`write_products` access scope. Also: The user must have a permission to update product variants.")
        }
        "productVariantsBulkDelete" => {
            products("`write_products` access scope. Also: The user must have a permission to delete product variants.")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_includes_reading() {
        let check = |granted: &str, parent: &str, field: &str, gives: &str, fine: bool| {
            assert_eq!(denied(parent, field, gives, |scope| scope == granted).is_none(), fine, "{granted} {field}");
        };
        check("read_products", "QueryRoot", "products", "ProductConnection", true);
        check("write_products", "QueryRoot", "products", "ProductConnection", true);
        check("read_orders", "QueryRoot", "products", "ProductConnection", false);
        check("read_products", "Mutation", "productSet", "ProductSetPayload", false);
        check("read_orders", "QueryRoot", "shop", "Shop", true);
    }
}
