//! Pure: Medusa's variants and prices to listings, and back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::catalog::{Money, Sku};
use crate::stores::{RemoteId, RemoteListing, StoreError};

use super::api::{not_sendable, unexpected};

/// What is read of a variant. Rules must be asked for: without them Medusa shows every price as one without rules. And
/// `available_quantity` is not: Medusa leaves it out unless both quantities that it is made from are asked for.
pub(super) const VARIANT_FIELDS: &str = "id,sku,manage_inventory,product.id,product.title,product.handle,prices.id,\
     prices.amount,prices.currency_code,prices.min_quantity,prices.max_quantity,prices.price_rules.attribute,\
     prices.price_rules.value,inventory_items.inventory_item_id,inventory_items.required_quantity,\
     inventory_items.inventory.location_levels.location_id,\
     inventory_items.inventory.location_levels.stocked_quantity,\
     inventory_items.inventory.location_levels.reserved_quantity,inventory_items.inventory.variants.id";
/// What is read of a variant that was just made.
pub(super) const NEW_VARIANT_FIELDS: &str = "id,sku,inventory_items.inventory_item_id";

/// A variant as [`VARIANT_FIELDS`] select it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Variant {
    pub(super) id: String,
    #[serde(default)]
    sku: Option<String>,
    #[serde(default)]
    manage_inventory: bool,
    product: Option<Product>,
    #[serde(default)]
    prices: Option<Vec<Price>>,
    #[serde(default)]
    inventory_items: Vec<ItemLink>,
}

#[derive(Debug, Clone, Deserialize)]
struct Product {
    id: String,
    title: String,
    #[serde(default)]
    handle: Option<String>,
}

/// One price of a variant, with everything that tells it from others. Sent back as it came.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(super) struct Price {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    amount: Number,
    currency_code: String,
    #[serde(default)]
    min_quantity: Option<Number>,
    #[serde(default)]
    max_quantity: Option<Number>,
    #[serde(default)]
    rules: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct ItemLink {
    pub(super) inventory_item_id: String,
    #[serde(default)]
    required_quantity: Option<i64>,
    #[serde(default)]
    inventory: Option<Item>,
}

#[derive(Debug, Clone, Deserialize)]
struct Item {
    #[serde(default)]
    location_levels: Vec<Level>,
    #[serde(default)]
    variants: Vec<WithId>,
}

#[derive(Debug, Clone, Deserialize)]
struct Level {
    location_id: String,
    stocked_quantity: Number,
    reserved_quantity: Number,
}

/// Anything with an id.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WithId {
    pub(super) id: String,
}

/// A variant as [`NEW_VARIANT_FIELDS`] select it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct NewVariant {
    id: String,
    #[serde(default)]
    pub(super) sku: Option<String>,
    #[serde(default)]
    inventory_items: Vec<ItemLink>,
}

impl NewVariant {
    /// Where it lives. `None` when Medusa made no single inventory item for it.
    pub(super) fn remote(&self, product: &str) -> Option<RemoteId> {
        let [item] = self.inventory_items.as_slice() else { return None };
        Some(RemoteId {
            product: product.to_owned(),
            variant: Some(self.id.clone()),
            inventory: Some(item.inventory_item_id.clone()),
        })
    }
}

impl Variant {
    /// The variant as we see it: priced in `currency`, stocked at `location`.
    ///
    /// # Errors
    /// [`StoreError::Unexpected`] when it has no product, or a quantity that is no whole number: a guess would be taken
    /// for a sale.
    pub(super) fn listing(&self, shop: &str, location: &str, currency: &str) -> Result<RemoteListing, StoreError> {
        let product = self.product.as_ref().ok_or_else(|| unexpected(shop, format!("{} has no product", self.id)))?;
        Ok(RemoteListing {
            sku: self.sku.as_deref().and_then(Sku::new),
            remote: RemoteId {
                product: product.id.clone(),
                variant: Some(self.id.clone()),
                inventory: self.item().map(|item| item.inventory_item_id.clone()),
            },
            handle: product.handle.clone(),
            title: Some(product.title.clone()),
            price: self.price(currency),
            stock: self.stock(shop, location)?,
        })
    }

    /// The inventory item whose units are this variant's units, one for one: the only one that it needs, once, and that
    /// no other variant needs. A bundle's units are not countable so.
    fn item(&self) -> Option<&ItemLink> {
        let [item] = self.inventory_items.as_slice() else { return None };
        let own = item.inventory.as_ref().is_none_or(|item| item.variants.iter().all(|other| other.id == self.id));
        (self.manage_inventory && item.required_quantity.unwrap_or(1) == 1 && own).then_some(item)
    }

    /// Units that can be sold: stocked less reserved. Never stocked at our location: none.
    fn stock(&self, shop: &str, location: &str) -> Result<Option<i64>, StoreError> {
        let Some(item) = self.item().and_then(|link| link.inventory.as_ref()) else { return Ok(None) };
        let Some(level) = item.location_levels.iter().find(|level| level.location_id == location) else {
            return Ok(Some(0));
        };
        let Level { stocked_quantity: stocked, reserved_quantity: reserved, .. } = level;
        let units = whole(stocked)
            .zip(whole(reserved))
            .and_then(|(stocked, reserved)| stocked.checked_sub(reserved))
            .ok_or_else(|| unexpected(shop, format!("{} has {stocked} units, {reserved} reserved", self.id)))?;
        Ok(Some(units))
    }

    fn price(&self, currency: &str) -> Option<Money> {
        let price = self.prices.as_ref()?.iter().find(|price| price.is_plain(currency))?;
        Money::from_store(&price.amount.to_string())
    }

    /// All prices with the plain one in `currency` changed: Medusa keeps only what is sent.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for an amount with more digits than a JSON number surely keeps.
    pub(super) fn prices_with(&self, shop: &str, currency: &str, price: Money) -> Result<Vec<Price>, StoreError> {
        let amount = number(price).ok_or_else(|| not_sendable(shop, "the price has too many digits for Medusa"))?;
        let mut prices = self.prices.clone().unwrap_or_default();
        match prices.iter_mut().find(|price| price.is_plain(currency)) {
            Some(plain) => plain.amount = amount,
            None => prices.push(Price {
                id: None,
                amount,
                currency_code: currency.to_owned(),
                min_quantity: None,
                max_quantity: None,
                rules: Map::new(),
            }),
        }
        Ok(prices)
    }

    /// True when the plain price in `currency` is this.
    pub(super) fn costs(&self, currency: &str, price: Money) -> bool {
        self.price(currency) == Some(price)
    }

    /// True when it shows this SKU.
    pub(super) fn is_called(&self, sku: &Sku) -> bool {
        self.sku.as_deref().and_then(Sku::new).as_ref() == Some(sku)
    }
}

impl Price {
    /// The price for everybody: of no region, for any quantity. (Those of price lists Medusa leaves out.)
    fn is_plain(&self, currency: &str) -> bool {
        self.currency_code == currency
            && self.rules.is_empty()
            && self.min_quantity.is_none()
            && self.max_quantity.is_none()
    }
}

/// A price as a JSON number, if that keeps every digit.
pub(super) fn number(price: Money) -> Option<Number> {
    let number: Number = serde_json::from_str(&price.amount().to_string()).ok()?;
    (Money::from_store(&number.to_string()) == Some(price)).then_some(number)
}

/// `12` and `12.0` alike.
fn whole(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        // Beyond 2^53 a float no longer tells one unit from the next.
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
        (float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0).then_some(float as i64)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variant(change: impl Fn(&mut Value)) -> Variant {
        let mut value = json!({
            "id": "variant_1", "sku": "SH-S", "manage_inventory": true, "product_id": "prod_1",
            "product": { "id": "prod_1", "title": "Shirt", "handle": "shirt" },
            "prices": [
                { "id": "price_2", "amount": 7, "currency_code": "eur", "min_quantity": null, "max_quantity": null,
                  "rules": { "region_id": "reg_1" } },
                { "id": "price_1", "amount": 12.5, "currency_code": "eur", "min_quantity": null, "max_quantity": null,
                  "rules": {} },
                { "id": "price_3", "amount": 6, "currency_code": "eur", "min_quantity": 10, "max_quantity": null,
                  "rules": {} },
                { "id": "price_4", "amount": 15, "currency_code": "usd", "min_quantity": null, "max_quantity": null,
                  "rules": {} },
            ],
            "inventory_items": [{
                "inventory_item_id": "iitem_1", "required_quantity": 1, "variant_id": "variant_1",
                "inventory": {
                    "id": "iitem_1", "variants": [{ "id": "variant_1" }],
                    "location_levels": [
                        { "location_id": "sloc_2", "stocked_quantity": 99, "reserved_quantity": 0 },
                        { "location_id": "sloc_1", "stocked_quantity": 12, "reserved_quantity": 3 },
                    ],
                },
            }],
        });
        change(&mut value);
        serde_json::from_value(value).unwrap()
    }

    fn stock(change: impl Fn(&mut Value)) -> Option<i64> {
        variant(change).listing("eu", "sloc_1", "eur").unwrap().stock
    }

    #[test]
    fn a_variant_becomes_a_listing() {
        let listing = variant(|_| ()).listing("eu", "sloc_1", "eur").unwrap();
        let remote = RemoteId {
            product: "prod_1".to_owned(),
            variant: Some("variant_1".to_owned()),
            inventory: Some("iitem_1".to_owned()),
        };
        let expect = RemoteListing {
            sku: Sku::new("SH-S"),
            remote,
            handle: Some("shirt".to_owned()),
            title: Some("Shirt".to_owned()),
            price: Money::from_store("12.50"),
            stock: Some(9),
        };
        assert_eq!(listing, expect);
        assert_eq!(variant(|_| ()).listing("eu", "sloc_1", "gbp").unwrap().price, None);
    }

    #[test]
    fn only_units_of_its_own_count() {
        let item = |change: fn(&mut Value)| move |variant: &mut Value| change(&mut variant["inventory_items"][0]);
        assert_eq!(stock(|_| ()), Some(9));
        assert_eq!(stock(item(|item| item["inventory"]["location_levels"] = json!([]))), Some(0));
        assert_eq!(stock(|variant| variant["manage_inventory"] = json!(false)), None);
        assert_eq!(stock(|variant| variant["inventory_items"] = json!([])), None);
        assert_eq!(stock(item(|item| item["required_quantity"] = json!(2))), None);
        let shared = json!([{ "id": "variant_1" }, { "id": "variant_2" }]);
        assert_eq!(stock(move |variant| variant["inventory_items"][0]["inventory"]["variants"] = shared.clone()), None);
        assert_eq!(
            stock(item(|item| item["inventory"]["location_levels"][1]["stocked_quantity"] = json!(1.0))),
            Some(-2)
        );
        let half = variant(item(|item| item["inventory"]["location_levels"][1]["stocked_quantity"] = json!(0.5)));
        let error = half.listing("eu", "sloc_1", "eur").unwrap_err();
        assert_eq!(error.to_string(), "eu: unexpected answer: variant_1 has 0.5 units, 3 reserved");
    }

    #[test]
    fn a_new_price_keeps_the_others_as_they_are() {
        let price = Money::from_store("12.55").unwrap();
        let sent = json!(variant(|_| ()).prices_with("eu", "eur", price).unwrap());
        let expect = json!([
            { "id": "price_2", "amount": 7, "currency_code": "eur", "min_quantity": null, "max_quantity": null,
              "rules": { "region_id": "reg_1" } },
            { "id": "price_1", "amount": 12.55, "currency_code": "eur", "min_quantity": null, "max_quantity": null,
              "rules": {} },
            { "id": "price_3", "amount": 6, "currency_code": "eur", "min_quantity": 10, "max_quantity": null, "rules": {} },
            { "id": "price_4", "amount": 15, "currency_code": "usd", "min_quantity": null, "max_quantity": null,
              "rules": {} },
        ]);
        assert_eq!(sent, expect);
        let added = json!(variant(|_| ()).prices_with("eu", "gbp", price).unwrap());
        let new =
            json!({ "amount": 12.55, "currency_code": "gbp", "min_quantity": null, "max_quantity": null, "rules": {} });
        assert_eq!(added[4], new);
    }

    #[test]
    fn no_digit_of_a_price_is_lost() {
        let check = |text: &str, expect: Option<&str>| {
            let sent = number(Money::from_store(text).unwrap()).map(|number| number.to_string());
            assert_eq!(sent.as_deref(), expect, "{text}");
        };
        check("12.50", Some("12.5"));
        check("0", Some("0"));
        check("1234567.8901", Some("1234567.8901"));
        check("12345678901234567.89", None);
    }
}
