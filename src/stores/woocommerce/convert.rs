//! Pure: WooCommerce's products and variations to listings.
//! Shapes: <https://woocommerce.github.io/woocommerce-rest-api-docs/#products>

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::catalog::{Money, Sku};
use crate::stores::{RemoteId, RemoteListing};

/// What is read of a product or of a variation found among products.
pub(super) const PRODUCT_FIELDS: &str = "id,name,slug,type,sku,regular_price,manage_stock,stock_quantity,parent_id";
/// What is read of a variation below its parent: it has no slug or type, and its name is made from the parent's.
pub(super) const VARIATION_FIELDS: &str = "id,sku,regular_price,manage_stock,stock_quantity";

/// A product or variation, as far as it is read. PHP and plugins are loose with types: numbers come as texts too.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Product {
    /// Post id, unique among products and variations together.
    #[serde(deserialize_with = "id")]
    pub id: u64,
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub slug: Option<String>,
    /// `simple`, `variable`, `variation`, `grouped`, `external`, or a plugin's. Not given below `/variations`.
    #[serde(default, rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub sku: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub regular_price: Option<String>,
    /// True when it counts its own stock. False for `"parent"`: such a variation sells from its parent's.
    #[serde(default, deserialize_with = "own_stock")]
    pub manage_stock: bool,
    /// Whole units; `None` also for the fractions that some plugins allow.
    #[serde(default, deserialize_with = "units")]
    pub stock_quantity: Option<i64>,
    /// Of a variation: its product. 0: none.
    #[serde(default, deserialize_with = "id")]
    pub parent_id: u64,
}

/// What a variation takes from its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parent {
    pub id: u64,
    title: Option<String>,
    handle: Option<String>,
    sku: Option<String>,
}

impl Product {
    pub(super) fn is_simple(&self) -> bool {
        self.kind.as_deref() == Some("simple")
    }

    pub(super) fn is_variable(&self) -> bool {
        self.kind.as_deref() == Some("variable")
    }

    /// What its variations need of it.
    pub(super) fn as_parent(&self) -> Parent {
        Parent { id: self.id, title: self.title(), handle: self.slug.clone(), sku: self.sku.clone() }
    }

    /// A simple product's listing, or a variation's as `GET /products?sku=` gives it (without title and handle: those
    /// of the parent are not told). `None` for what is not sold by itself or not kept here.
    pub(super) fn listing(&self) -> Option<RemoteListing> {
        if self.is_simple() {
            return Some(RemoteListing {
                handle: self.slug.clone(),
                title: self.title(),
                ..self.sellable(remote_simple(self.id), self.sku.as_deref())
            });
        }
        let is_variation = self.kind.as_deref() == Some("variation") && self.parent_id != 0;
        is_variation.then(|| self.sellable(remote_variation(self.parent_id, self.id), self.sku.as_deref()))
    }

    /// The listing of a variation read below its parent.
    pub(super) fn variation_listing(&self, parent: &Parent) -> RemoteListing {
        // A variation without a SKU of its own shows its parent's (`WC_Product_Variation::get_sku`).
        let own_sku = self.sku.as_deref().filter(|sku| Some(*sku) != parent.sku.as_deref());
        RemoteListing {
            handle: parent.handle.clone(),
            title: parent.title.clone(),
            ..self.sellable(remote_variation(parent.id, self.id), own_sku)
        }
    }

    fn sellable(&self, remote: RemoteId, sku: Option<&str>) -> RemoteListing {
        RemoteListing {
            sku: sku.and_then(Sku::new),
            remote,
            handle: None,
            title: None,
            price: self.regular_price.as_deref().and_then(Money::from_store),
            stock: self.stock_quantity.filter(|_| self.manage_stock),
        }
    }

    fn title(&self) -> Option<String> {
        self.name.as_deref().map(decode_entities)
    }
}

/// A simple product's place.
pub(super) fn remote_simple(product: u64) -> RemoteId {
    RemoteId { product: product.to_string(), variant: None, inventory: None }
}

/// A variation's place.
pub(super) fn remote_variation(product: u64, variation: u64) -> RemoteId {
    RemoteId { product: product.to_string(), variant: Some(variation.to_string()), inventory: None }
}

/// The ids of a place: the sellable thing's own, and its parent's when it is a variation. `None` when they are not
/// WooCommerce's.
pub(super) fn ids(remote: &RemoteId) -> Option<(u64, Option<u64>)> {
    let product = remote.product.parse().ok()?;
    match &remote.variant {
        None => Some((product, None)),
        Some(variation) => Some((variation.parse().ok()?, Some(product))),
    }
}

/// WordPress keeps titles as HTML text: `Salt & Pepper` comes back as `Salt &amp; Pepper`.
pub(super) fn decode_entities(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('&') {
        decoded.push_str(before);
        match from.split_once(';').and_then(|(name, after)| Some((entity(name)?, after))) {
            Some((letter, after)) => {
                decoded.push(letter);
                rest = after;
            }
            None => {
                decoded.push('&');
                rest = from;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// A whole number of units, given as number or text. `None` for blanks and fractions.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        // 2^53: beyond it a float is not exact.
        Value::Number(number) => number.as_i64().or_else(|| {
            number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15).map(|float| float as i64)
        }),
        Value::String(text) => serde_json::from_str::<serde_json::Number>(text.trim())
            .ok()
            .and_then(|number| whole(&Value::Number(number))),
        _ => None,
    }
}

/// Serde: an id as number or text; null and blank are 0, WordPress' "none".
pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(0),
        Value::String(text) if text.is_empty() => Ok(0),
        value => whole(&value).and_then(|id| id.try_into().ok()).ok_or_else(|| D::Error::custom("an id is no number")),
    }
}

/// Serde: an id of what an order names: 0 for whatever is none. Plugins put lines of their own there.
pub(super) fn id_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(whole(&Value::deserialize(from)?).and_then(|id| id.try_into().ok()).unwrap_or(0))
}

/// Serde: a list of objects. PHP makes an object of an array with holes, and filters leave null; what is no object holds nothing.
pub(super) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let items: Vec<Value> = match Value::deserialize(from)? {
        Value::Array(items) => items,
        Value::Object(items) => items.into_iter().map(|(_, item)| item).collect(),
        _ => Vec::new(),
    };
    let objects = items.into_iter().filter(Value::is_object);
    objects.map(|item| serde_json::from_value(item).map_err(D::Error::custom)).collect()
}

/// Serde: a text; numbers are written out, anything else and blanks are `None`.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn own_stock<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(from)? == Value::Bool(true))
}

fn units<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(whole(&Value::deserialize(from)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn product(value: Value) -> Product {
        serde_json::from_value(value).unwrap()
    }

    fn listing(sku: Option<&str>, remote: RemoteId, price: Option<&str>, stock: Option<i64>) -> RemoteListing {
        RemoteListing {
            sku: sku.and_then(Sku::new),
            remote,
            handle: None,
            title: None,
            price: price.and_then(Money::from_store),
            stock,
        }
    }

    #[test]
    fn simple_products() {
        let simple = product(json!({
            "id": 7, "name": "Salt &amp; Pepper", "slug": "salt", "type": "simple", "sku": "00123",
            "regular_price": "12.50", "manage_stock": true, "stock_quantity": 4, "parent_id": 0
        }));
        let expect = RemoteListing {
            handle: Some("salt".to_owned()),
            title: Some("Salt & Pepper".to_owned()),
            ..listing(Some("00123"), remote_simple(7), Some("12.5"), Some(4))
        };
        assert_eq!(simple.listing(), Some(expect));
        for kind in ["variable", "grouped", "external", "subscription"] {
            assert_eq!(product(json!({"id": 7, "type": kind})).listing(), None, "{kind}");
        }
    }

    #[test]
    fn stock_that_is_not_counted_is_none() {
        let check = |manage: Value, quantity: Value, expect: Option<i64>| {
            let value = json!({"id": 1, "type": "simple", "manage_stock": manage, "stock_quantity": quantity});
            assert_eq!(product(value).listing().unwrap().stock, expect, "{manage} {quantity}");
        };
        check(json!(true), json!(-2), Some(-2));
        check(json!(true), json!("5"), Some(5));
        check(json!(true), json!(5.0), Some(5));
        check(json!(true), json!(1.5), None);
        check(json!(true), json!(null), None);
        check(json!(false), json!(5), None);
        check(json!("parent"), json!(5), None);
    }

    #[test]
    fn variations() {
        let found = json!({"id": 9, "type": "variation", "parent_id": 8, "sku": "V", "name": "Shirt - L",
            "slug": "shirt-l", "regular_price": "", "manage_stock": "parent", "stock_quantity": 3});
        assert_eq!(product(found).listing(), Some(listing(Some("V"), remote_variation(8, 9), None, None)));
        let parent = product(json!({"id": 8, "name": "Shirt", "slug": "shirt", "type": "variable", "sku": "P"}));
        let below = |sku: &str| product(json!({"id": 9, "sku": sku})).variation_listing(&parent.as_parent());
        assert_eq!(below("V").sku, Sku::new("V"));
        assert_eq!(below("P").sku, None, "inherited");
        assert_eq!(below("V").title.as_deref(), Some("Shirt"));
        assert_eq!(below("V").handle.as_deref(), Some("shirt"));
        assert_eq!(below("V").remote, remote_variation(8, 9));
    }

    #[test]
    fn entities() {
        let check = |text: &str, expect: &str| assert_eq!(decode_entities(text), expect, "{text}");
        check("Salt &amp; Pepper", "Salt & Pepper");
        check("Salt & Pepper; Co", "Salt & Pepper; Co");
        check("5&#8243; &lt;&#x3C;&quot;&#039;", "5″ <<\"'");
        check("&amp;amp;", "&amp;");
        check("&unknown; &", "&unknown; &");
    }

    #[test]
    fn places() {
        assert_eq!(ids(&remote_simple(3)), Some((3, None)));
        assert_eq!(ids(&remote_variation(3, 4)), Some((4, Some(3))));
        let foreign = RemoteId { product: "gid://x/1".to_owned(), variant: None, inventory: None };
        assert_eq!(ids(&foreign), None);
    }
}
