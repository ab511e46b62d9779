//! Pure: Vendure's shapes and ours.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Deserialize;

use crate::catalog::{Money, Sku};
use crate::stores::{RemoteId, RemoteListing, StoreError};

use super::answer::refused;
use super::place::Place;

/// A variant as `variants_page.graphql` and `variants_by_id.graphql` select it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VariantNode {
    id: String,
    sku: String,
    /// `TRUE`, `FALSE` or `INHERIT`.
    track_inventory: String,
    product: ProductNode,
    prices: Vec<PriceNode>,
    stock_levels: Vec<LevelNode>,
}

#[derive(Debug, Deserialize)]
struct ProductNode {
    id: String,
    name: String,
    slug: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PriceNode {
    currency_code: String,
    price: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LevelNode {
    stock_location_id: String,
    stock_on_hand: i64,
    stock_allocated: i64,
}

/// A variant as we see it. The price is the one that staff enter (`prices`), not `price`, which is without tax even where
/// prices are entered with it. Stock is what is on hand and not allocated to an order: it falls when an order is paid or
/// authorised, stays when it is fulfilled, and rises when it is cancelled.
pub(super) fn variant(node: VariantNode, place: &Place) -> RemoteListing {
    let tracked = match node.track_inventory.as_str() {
        "TRUE" => true,
        "FALSE" => false,
        _ => place.tracked,
    };
    let level = node.stock_levels.iter().find(|level| level.stock_location_id == place.location);
    let price = node.prices.iter().find(|price| price.currency_code == place.currency);
    RemoteListing {
        sku: Sku::new(&node.sku),
        remote: RemoteId { product: node.product.id, variant: Some(node.id), inventory: None },
        handle: Some(node.product.slug),
        title: Some(node.product.name),
        price: price.and_then(|price| from_minor(price.price, place.decimals)),
        // Where no level was ever written there is nothing.
        stock: tracked.then(|| level.map_or(0, |level| level.stock_on_hand - level.stock_allocated)),
    }
}

fn from_minor(amount: i64, decimals: u32) -> Option<Money> {
    Decimal::try_from_i128_with_scale(i128::from(amount), decimals).ok().and_then(Money::new)
}

/// A price in the shop's integers.
///
/// # Errors
/// [`StoreError::Refused`] when it has more decimals than the shop keeps, or is larger than GraphQL's integers.
pub(super) fn to_minor(shop: &str, price: Money, decimals: u32) -> Result<i32, StoreError> {
    let amount = price.amount();
    if amount.normalize().scale() > decimals {
        return Err(refused(shop, "PRICE", format!("{price} has more decimals than the {decimals} this shop keeps")));
    }
    let scaled = Decimal::from(10_u64.pow(decimals.min(18))).checked_mul(amount).and_then(|amount| amount.to_i32());
    scaled.ok_or_else(|| refused(shop, "PRICE", format!("{price} is more than this shop can hold")))
}

/// A slug as Vendure keeps it unchanged: a-z, 0-9 and single hyphens. Blank where the text has none of them.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for character in text.chars().map(|character| character.to_ascii_lowercase()) {
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn place(decimals: u32, tracked: bool) -> Place {
        Place {
            channel: "__default_channel__".to_owned(),
            language: "en".to_owned(),
            currency: "EUR".to_owned(),
            decimals,
            tracked,
            location: "1".to_owned(),
            location_name: "Berlin".to_owned(),
        }
    }

    fn node(tracking: &str, levels: Value) -> VariantNode {
        let node = json!({
            "id": "7", "sku": "00123", "trackInventory": tracking,
            "product": { "id": "3", "name": "Shirt", "slug": "shirt" },
            "prices": [{ "currencyCode": "USD", "price": 100 }, { "currencyCode": "EUR", "price": 1250 }],
            "stockLevels": levels,
        });
        serde_json::from_value(node).unwrap()
    }

    #[test]
    fn stock_is_what_is_on_hand_and_not_allocated() {
        let level = |at: &str, on_hand: i64, allocated: i64| json!({ "stockLocationId": at, "stockOnHand": on_hand, "stockAllocated": allocated });
        let check = |tracking: &str, globally: bool, levels: Value, expect: Option<i64>| {
            assert_eq!(variant(node(tracking, levels), &place(2, globally)).stock, expect);
        };
        let levels = json!([level("2", 99, 0), level("1", 10, 3)]);
        check("TRUE", false, levels.clone(), Some(7));
        check("INHERIT", true, levels.clone(), Some(7));
        check("INHERIT", false, levels.clone(), None);
        check("FALSE", true, levels, None);
        check("TRUE", true, json!([level("2", 99, 0)]), Some(0));
        check("TRUE", true, json!([level("1", 2, 5)]), Some(-3));
    }

    #[test]
    fn the_channels_own_price_is_read() {
        let listing = variant(node("TRUE", json!([])), &place(2, true));
        assert_eq!(listing.price, Money::from_store("12.5"));
        assert_eq!(listing.sku, Sku::new("00123"));
        assert_eq!(
            listing.remote,
            RemoteId { product: "3".to_owned(), variant: Some("7".to_owned()), inventory: None }
        );
        assert_eq!((listing.handle.as_deref(), listing.title.as_deref()), (Some("shirt"), Some("Shirt")));
        let yen = Place { currency: "JPY".to_owned(), ..place(0, true) };
        assert_eq!(variant(node("TRUE", json!([])), &yen).price, None);
    }

    #[test]
    fn prices_become_integers() {
        let check = |text: &str, decimals: u32, expect: &str| {
            let words = match to_minor("eu", Money::from_store(text).unwrap(), decimals) {
                Ok(amount) => amount.to_string(),
                Err(error) => error.to_string(),
            };
            assert!(words.contains(expect), "{text}: {words}");
        };
        check("12.5", 2, "1250");
        check("0", 2, "0");
        check("12.500", 2, "1250");
        check("1200", 0, "1200");
        check("0.0005", 4, "5");
        check("12.345", 2, "12.345 has more decimals than the 2 this shop keeps");
        check("21474836.47", 2, "2147483647");
        check("21474836.48", 2, "more than this shop can hold");
    }

    #[test]
    fn slugs_are_plain() {
        let check = |text: &str, expect: &str| assert_eq!(slug(text), expect);
        check("Harbour Mug", "harbour-mug");
        check("  Tee, \"M\" & L!  ", "tee-m-l");
        check("Kött 2", "k-tt-2");
        check("日本", "");
    }
}
