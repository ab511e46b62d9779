//! Pure: drafts to the bodies that create them, and attributes (WooCommerce's word for options) of a product that gets
//! more variations.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::OptionValue;
use crate::stores::{ProductDraft, StoreError, VariantDraft};

use super::convert::{decode_entities, id};
use super::errors::refuse;

/// A product's attribute. <https://woocommerce.github.io/woocommerce-rest-api-docs/#product-attributes-properties>
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Attribute {
    /// Of an attribute that the whole shop shares; 0 for one of this product's own.
    #[serde(default, deserialize_with = "id")]
    id: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    position: i64,
    #[serde(default)]
    visible: bool,
    #[serde(default)]
    variation: bool,
    #[serde(default)]
    options: Vec<String>,
}

impl Attribute {
    fn body(&self) -> Value {
        // With an id the name is the shop's to say.
        json!({
            "id": self.id, "name": self.name, "position": self.position, "visible": self.visible,
            "variation": self.variation, "options": self.options,
        })
    }

    fn is_named(&self, name: &str) -> bool {
        same(&self.name, name)
    }
}

/// A draft that is one simple product.
pub(super) fn simple(draft: &ProductDraft) -> Option<&VariantDraft> {
    match draft.variants.as_slice() {
        [only] if only.options.is_empty() && draft.product.is_none() => Some(only),
        _ => None,
    }
}

/// Body of a new simple product. Its stock is counted and zero.
pub(super) fn simple_body(draft: &ProductDraft, variant: &VariantDraft) -> Value {
    let mut body = json!({
        "name": draft.title, "type": "simple", "status": "publish", "sku": variant.sku.as_str(),
        "regular_price": variant.price.to_store(), "manage_stock": true, "stock_quantity": 0,
    });
    if let (Some(handle), Some(body)) = (&draft.handle, body.as_object_mut()) {
        body.insert("slug".to_owned(), json!(handle));
    }
    body
}

/// Body of a new product with variations. It has no SKU and no stock of its own.
pub(super) fn parent_body(draft: &ProductDraft, handle: &str, attributes: &[Attribute]) -> Value {
    json!({
        "name": draft.title, "type": "variable", "status": "publish", "slug": handle,
        "attributes": bodies(attributes),
    })
}

/// Body that changes a product's attributes. All of them are given: those left out would be removed.
pub(super) fn attributes_body(attributes: &[Attribute]) -> Value {
    json!({ "attributes": bodies(attributes) })
}

/// Body of a new variation of a product with these attributes.
pub(super) fn variation_body(variant: &VariantDraft, attributes: &[Attribute]) -> Value {
    let options: Vec<Value> = variant
        .options
        .iter()
        .map(|option| match attributes.iter().find(|attribute| attribute.is_named(&option.name)) {
            // The shop's own attributes are found by id only (`pa_color`, not `color`).
            Some(shared) if shared.id != 0 => json!({"id": shared.id, "option": option.value}),
            _ => json!({"name": option.name, "option": option.value}),
        })
        .collect();
    json!({
        "sku": variant.sku.as_str(), "regular_price": variant.price.to_store(), "status": "publish",
        "manage_stock": true, "stock_quantity": 0, "attributes": options,
    })
}

/// The attributes a product needs for these variants: all it has, with options and attributes added. Equal to `has`
/// when nothing is missing.
pub(super) fn merge(has: &[Attribute], draft: &ProductDraft) -> Vec<Attribute> {
    let mut merged = has.to_vec();
    for option in draft.siblings.iter().chain(&draft.variants).flat_map(|variant| &variant.options) {
        let at = merged.iter().position(|attribute| attribute.is_named(&option.name)).unwrap_or(merged.len());
        if at == merged.len() {
            let position = at.try_into().unwrap_or(0);
            let name = option.name.clone();
            merged.push(Attribute { id: 0, name, position, visible: true, variation: true, options: Vec::new() });
        }
        let Some(attribute) = merged.get_mut(at) else { continue };
        attribute.variation = true;
        if !attribute.options.iter().any(|there| decode_entities(there) == option.value) {
            attribute.options.push(option.value.clone());
        }
    }
    merged
}

/// Refuse what WooCommerce would take and then not be able to sell.
pub(super) fn check(shop: &str, draft: &ProductDraft) -> Result<(), StoreError> {
    let options = || draft.variants.iter().flat_map(|variant| &variant.options);
    if draft.variants.iter().any(|variant| variant.options.is_empty()) {
        return Err(refuse(shop, "no_options", "a variant without options cannot stand beside others"));
    }
    if draft.product.is_none() && draft.handle.as_deref().is_none_or(|handle| handle.trim().is_empty()) {
        return Err(refuse(shop, "no_handle", "a product with variants needs a handle"));
    }
    // WooCommerce keeps the options of a product in one text with `|` between them (`WC_DELIMITER`).
    if let Some(OptionValue { value, .. }) = options().find(|option| option.value.contains('|')) {
        return Err(refuse(
            shop,
            "option_with_bar",
            format!("option \"{value}\" holds a |, which WooCommerce splits at"),
        ));
    }
    Ok(())
}

fn bodies(attributes: &[Attribute]) -> Vec<Value> {
    attributes.iter().map(Attribute::body).collect()
}

/// Attribute names are compared like WordPress compares them (`sanitize_title`), as far as letters go.
fn same(a: &str, b: &str) -> bool {
    let plain = |text: &str| decode_entities(text).trim().to_lowercase();
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Money, Sku};

    fn variant(sku: &str, options: &[(&str, &str)]) -> VariantDraft {
        let option =
            |(name, value): &(&str, &str)| OptionValue { name: (*name).to_owned(), value: (*value).to_owned() };
        VariantDraft {
            sku: Sku::new(sku).unwrap(),
            options: options.iter().map(option).collect(),
            price: Money::from_store("9.5").unwrap(),
        }
    }

    fn draft(handle: Option<&str>, variants: Vec<VariantDraft>) -> ProductDraft {
        ProductDraft {
            product: None,
            handle: handle.map(str::to_owned),
            title: "Shirt".to_owned(),
            variants,
            siblings: vec![],
        }
    }

    #[test]
    fn simple_products() {
        let one = draft(None, vec![variant("A", &[])]);
        let body = simple_body(&one, simple(&one).unwrap());
        assert_eq!(
            body,
            json!({"name": "Shirt", "type": "simple", "status": "publish", "sku": "A", "regular_price": "9.50",
                "manage_stock": true, "stock_quantity": 0})
        );
        assert!(simple(&draft(Some("shirt"), vec![variant("A", &[("Size", "L")])])).is_none());
        let added = ProductDraft { product: Some("5".to_owned()), ..draft(None, vec![variant("A", &[])]) };
        assert!(simple(&added).is_none());
    }

    #[test]
    fn new_parents_get_all_options() {
        let both = draft(
            Some("shirt"),
            vec![variant("A", &[("Size", "L"), ("Color", "Red")]), variant("B", &[("Size", "M"), ("Color", "Red")])],
        );
        let attributes = merge(&[], &both);
        assert_eq!(
            parent_body(&both, "shirt", &attributes),
            json!({"name": "Shirt", "type": "variable", "status": "publish", "slug": "shirt", "attributes": [
                {"id": 0, "name": "Size", "position": 0, "visible": true, "variation": true, "options": ["L", "M"]},
                {"id": 0, "name": "Color", "position": 1, "visible": true, "variation": true, "options": ["Red"]}]})
        );
        assert_eq!(
            variation_body(&both.variants[0], &attributes)["attributes"],
            json!([{"name": "Size", "option": "L"}, {"name": "Color", "option": "Red"}])
        );
    }

    #[test]
    fn attributes_that_are_there_are_kept() {
        let has: Vec<Attribute> = serde_json::from_value(json!([
            {"id": 6, "name": "Color", "slug": "pa_color", "position": 0, "visible": false, "variation": true,
                "options": ["Black &amp; White", "Green"]},
            {"id": 0, "name": "Material", "position": 1, "visible": true, "variation": false, "options": ["Wool"]},
        ]))
        .unwrap();
        let known = draft(None, vec![variant("A", &[("color", "Black & White")])]);
        assert_eq!(merge(&has, &known), has);
        let new = ProductDraft {
            siblings: vec![variant("B", &[("Color", "Green"), ("Size", "S")])],
            ..draft(None, vec![variant("A", &[("Color", "Blue"), ("Size", "M")])])
        };
        let merged = merge(&has, &new);
        assert_eq!(merged[0].options, ["Black &amp; White", "Green", "Blue"]);
        assert_eq!(merged[1], has[1]);
        assert_eq!((merged[2].name.as_str(), merged[2].position), ("Size", 2));
        assert_eq!(merged[2].options, ["S", "M"]);
        assert_eq!(
            variation_body(&new.variants[0], &merged)["attributes"],
            json!([{"id": 6, "option": "Blue"}, {"name": "Size", "option": "M"}])
        );
    }

    #[test]
    fn what_could_not_be_sold_is_refused() {
        let refusal = |draft: ProductDraft| match super::check("eu", &draft) {
            Err(StoreError::Refused { code, .. }) => code,
            other => format!("{other:?}"),
        };
        let sized = |value: &str| vec![variant("A", &[("Size", value)])];
        assert_eq!(refusal(draft(Some("s"), vec![variant("A", &[]), variant("B", &[])])), "no_options");
        assert_eq!(refusal(draft(None, sized("L"))), "no_handle");
        assert_eq!(refusal(draft(Some("s"), sized("1|2"))), "option_with_bar");
        assert_eq!(refusal(draft(Some("s"), sized("1/2"))), "Ok(())");
    }
}
