//! Creating products, and adding variants to products that are there.

use std::collections::HashMap;

use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::{OptionValue, Sku};
use crate::stores::{Outcome, ProductDraft, RemoteId, StoreError, VariantDraft};

use super::Shopify;
use super::answer::{UserError, unexpected};
use super::convert::{AVAILABLE, NewVariantNode, Nodes};
use super::queries::{CREATE_PRODUCT, CREATE_VARIANTS};

/// No input list may be longer (<https://shopify.dev/docs/api/usage/limits>). Larger products get the rest added.
const VARIANTS_MAX: usize = 250;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateProductData {
    product_set: Option<ProductSet>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProductSet {
    product: Option<NewProduct>,
    user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
struct NewProduct {
    id: String,
    variants: Nodes<NewVariantNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateVariantsData {
    product_variants_bulk_create: Option<BulkCreate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BulkCreate {
    product_variants: Option<Vec<NewVariantNode>>,
    user_errors: Vec<UserError>,
}

/// What one call made, whichever mutation it was.
struct Made {
    product: String,
    variants: Vec<NewVariantNode>,
    errors: Vec<UserError>,
}

type Created = (Sku, Outcome<RemoteId>);

impl Shopify {
    pub(super) async fn create_all(&self, drafts: &[ProductDraft]) -> Vec<Created> {
        join_all(drafts.iter().map(|draft| self.create_one(draft))).await.into_iter().flatten().collect()
    }

    async fn create_one(&self, draft: &ProductDraft) -> Vec<Created> {
        let location = match self.location().await {
            Ok(location) => location,
            Err(error) => return all(&draft.variants, || Outcome::NotDone(error.clone())),
        };
        let mut created = Vec::with_capacity(draft.variants.len());
        let mut rest = draft.variants.chunks(VARIANTS_MAX);
        let product = match &draft.product {
            Some(product) => product.clone(),
            None => {
                let first = rest.next().unwrap_or_default();
                match self.create_product(draft, first, location).await {
                    Ok(made) => {
                        created.extend(outcomes(self.api.shop(), first, &made));
                        made.product
                    }
                    Err(error) => {
                        created.extend(all(first, || error.clone().into()));
                        String::new()
                    }
                }
            }
        };
        for variants in rest {
            created.extend(if product.is_empty() {
                all(variants, || Outcome::NotDone(unexpected(self.api.shop(), "the product could not be created")))
            } else {
                self.add_variants(&product, variants, location).await
            });
        }
        created
    }

    async fn create_product(
        &self,
        draft: &ProductDraft,
        variants: &[VariantDraft],
        location: &str,
    ) -> Result<Made, StoreError> {
        let input = product_input(draft, variants, location);
        let data: CreateProductData = self.api.call(&CREATE_PRODUCT, &json!({ "input": input })).await?;
        let set = data.product_set.ok_or_else(|| unexpected(self.api.shop(), "no payload of productSet"))?;
        let (product, variants) = set.product.map_or_else(Default::default, |made| (made.id, made.variants.nodes));
        Ok(Made { product, variants, errors: set.user_errors })
    }

    /// Never `productSet`: on a product that is there it deletes the variants that are left out.
    async fn add_variants(&self, product: &str, variants: &[VariantDraft], location: &str) -> Vec<Created> {
        let inputs: Vec<Value> = variants.iter().map(|variant| added_variant_input(variant, location)).collect();
        let variables = json!({ "productId": product, "variants": inputs });
        let shop = self.api.shop();
        let made = self.api.call::<CreateVariantsData>(&CREATE_VARIANTS, &variables).await.and_then(|data| {
            let made = data
                .product_variants_bulk_create
                .ok_or_else(|| unexpected(shop, "no payload of productVariantsBulkCreate"))?;
            let variants = made.product_variants.unwrap_or_default();
            Ok(Made { product: product.to_owned(), variants, errors: made.user_errors })
        });
        match made {
            Ok(made) => outcomes(shop, variants, &made),
            Err(error) => all(variants, || error.clone().into()),
        }
    }
}

fn all(variants: &[VariantDraft], outcome: impl Fn() -> Outcome<RemoteId>) -> Vec<Created> {
    variants.iter().map(|variant| (variant.sku.clone(), outcome())).collect()
}

/// Input of `productSet` for a new product. Without an identifier it never touches a product that is there: a handle
/// that is taken is an error.
fn product_input(draft: &ProductDraft, variants: &[VariantDraft], location: &str) -> Value {
    let mut input = json!({
        "title": draft.title,
        "status": "ACTIVE",
        "productOptions": option_inputs(variants),
        "variants": variants.iter().map(|variant| new_variant_input(variant, location)).collect::<Vec<_>>(),
    });
    if let (Some(handle), Some(fields)) = (&draft.handle, input.as_object_mut()) {
        fields.insert("handle".to_owned(), json!(handle));
    }
    input
}

/// What a product without options has in Shopify.
fn default_option() -> Vec<OptionValue> {
    vec![OptionValue { name: "Title".to_owned(), value: "Default Title".to_owned() }]
}

fn options_of(variant: &VariantDraft) -> Vec<OptionValue> {
    if variant.options.is_empty() { default_option() } else { variant.options.clone() }
}

/// Options and their values, each in the order in which the variants first name them.
fn option_inputs(variants: &[VariantDraft]) -> Vec<Value> {
    let mut options: Vec<(String, Vec<String>)> = Vec::new();
    for OptionValue { name, value } in variants.iter().flat_map(options_of) {
        match options.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) => values.push(value),
            None => options.push((name, vec![value])),
        }
    }
    let values_input =
        |values: Vec<String>| values.into_iter().map(|value| json!({ "name": value })).collect::<Vec<_>>();
    let input = |(at, (name, values))| json!({ "name": name, "position": at + 1, "values": values_input(values) });
    options.into_iter().enumerate().map(input).collect()
}

fn option_values(options: &[OptionValue]) -> Vec<Value> {
    options.iter().map(|option| json!({ "optionName": option.name, "name": option.value })).collect()
}

/// A variant for `productSet`.
fn new_variant_input(variant: &VariantDraft, location: &str) -> Value {
    json!({
        "optionValues": option_values(&options_of(variant)),
        "sku": variant.sku,
        "price": variant.price.to_store(),
        "inventoryPolicy": "DENY",
        "inventoryItem": { "tracked": true },
        "inventoryQuantities": [{ "locationId": location, "name": AVAILABLE, "quantity": 0 }],
    })
}

/// A variant for `productVariantsBulkCreate`, which takes the SKU and the quantity elsewhere.
fn added_variant_input(variant: &VariantDraft, location: &str) -> Value {
    json!({
        "optionValues": option_values(&variant.options),
        "price": variant.price.to_store(),
        "inventoryPolicy": "DENY",
        "inventoryItem": { "sku": variant.sku, "tracked": true },
        "inventoryQuantities": [{ "locationId": location, "availableQuantity": 0 }],
    })
}

/// Match what was made with what was wanted, by the exact SKU.
fn outcomes(shop: &str, wanted: &[VariantDraft], made: &Made) -> Vec<Created> {
    let by_sku: HashMap<&str, &NewVariantNode> =
        made.variants.iter().filter_map(|node| Some((node.sku.as_deref()?, node))).collect();
    let own = |at: usize| made.errors.iter().find(|error| error.index_in("variants") == Some(at));
    let nameless = made.errors.iter().find(|error| error.index_in("variants").is_none());
    let outcome = |at: usize, variant: &VariantDraft| match by_sku.get(variant.sku.as_str()) {
        Some(node) => Outcome::Done(RemoteId {
            product: made.product.clone(),
            variant: Some(node.id.clone()),
            inventory: Some(node.inventory_item.id.clone()),
        }),
        None => match own(at).or(nameless) {
            Some(error) => Outcome::Refused(error.refusal(shop)),
            None if made.errors.is_empty() => {
                Outcome::Unknown(unexpected(shop, "no error, but the variant is not in the answer either"))
            }
            None => {
                Outcome::NotDone(unexpected(shop, "not created, because another variant of the product was refused"))
            }
        },
    };
    wanted.iter().enumerate().map(|(at, variant)| (variant.sku.clone(), outcome(at, variant))).collect()
}

#[cfg(test)]
mod tests {
    use crate::catalog::Money;

    use super::*;

    fn draft(sku: &str, options: &[(&str, &str)]) -> VariantDraft {
        let option =
            |(name, value): &(&str, &str)| OptionValue { name: (*name).to_owned(), value: (*value).to_owned() };
        VariantDraft {
            sku: Sku::new(sku).unwrap(),
            options: options.iter().map(option).collect(),
            price: Money::from_store("12.5").unwrap(),
        }
    }

    fn product(handle: Option<&str>, variants: Vec<VariantDraft>) -> ProductDraft {
        let handle = handle.map(ToOwned::to_owned);
        ProductDraft { product: None, handle, title: "Shirt".to_owned(), variants, siblings: Vec::new() }
    }

    #[test]
    fn options_keep_the_order_of_the_sheet() {
        let variants = [
            draft("a", &[("Size", "M"), ("Color", "Red")]),
            draft("b", &[("Size", "M"), ("Color", "Blue")]),
            draft("c", &[("Size", "S"), ("Color", "Red")]),
        ];
        let expect = json!([
            { "name": "Size", "position": 1, "values": [{ "name": "M" }, { "name": "S" }] },
            { "name": "Color", "position": 2, "values": [{ "name": "Red" }, { "name": "Blue" }] },
        ]);
        assert_eq!(json!(option_inputs(&variants)), expect);
    }

    #[test]
    fn a_simple_product_has_the_default_option() {
        let draft = product(None, vec![draft("00123", &[])]);
        let expect = json!({
            "title": "Shirt", "status": "ACTIVE",
            "productOptions": [{ "name": "Title", "position": 1, "values": [{ "name": "Default Title" }] }],
            "variants": [{
                "optionValues": [{ "optionName": "Title", "name": "Default Title" }],
                "sku": "00123", "price": "12.50", "inventoryPolicy": "DENY", "inventoryItem": { "tracked": true },
                "inventoryQuantities": [{ "locationId": "loc", "name": "available", "quantity": 0 }],
            }],
        });
        assert_eq!(product_input(&draft, &draft.variants, "loc"), expect);
        let with_handle = product(Some("shirt"), draft.variants);
        assert_eq!(product_input(&with_handle, &with_handle.variants, "loc")["handle"], "shirt");
    }

    #[test]
    fn added_variants_start_with_nothing() {
        let input = added_variant_input(&draft("a", &[("Size", "M")]), "loc");
        assert_eq!(input["inventoryQuantities"], json!([{ "locationId": "loc", "availableQuantity": 0 }]));
        assert_eq!(input["inventoryItem"], json!({ "sku": "a", "tracked": true }));
    }

    fn check(made: &Made, expect: &[&str]) {
        let wanted = [draft("a", &[("Size", "M")]), draft("b", &[("Size", "S")])];
        let words: Vec<String> = outcomes("eu", &wanted, made)
            .into_iter()
            .map(|(sku, outcome)| match outcome {
                Outcome::Done(remote) => format!("{sku} done {}", remote.variant.unwrap()),
                Outcome::Refused(error) | Outcome::NotDone(error) | Outcome::Unknown(error) => format!("{sku} {error}"),
                Outcome::Stale => format!("{sku} stale"),
            })
            .collect();
        assert_eq!(words, expect);
    }

    #[test]
    fn outcomes_are_matched_by_sku() {
        let node = |sku: &str, id: &str| NewVariantNode {
            id: id.to_owned(),
            sku: Some(sku.to_owned()),
            inventory_item: super::super::convert::WithId { id: format!("item {id}") },
        };
        let made = |variants, errors| Made { product: "p".to_owned(), variants, errors };
        let error = |field: &[&str]| UserError {
            code: None,
            field: Some(field.iter().map(ToString::to_string).collect()),
            message: "exists".to_owned(),
        };
        // The shop answers in its own order.
        check(&made(vec![node("b", "2"), node("a", "1")], vec![]), &["a done 1", "b done 2"]);
        check(
            &made(vec![node("A", "1"), node("b", "2")], vec![]),
            &["a eu: unexpected answer: no error, but the variant is not in the answer either", "b done 2"],
        );
        check(
            &made(vec![], vec![error(&["input", "variants", "1"])]),
            &[
                "a eu: unexpected answer: not created, because another variant of the product was refused",
                "b eu: refused (USER_ERROR): exists",
            ],
        );
        check(
            &made(vec![], vec![error(&["input"])]),
            &["a eu: refused (USER_ERROR): exists", "b eu: refused (USER_ERROR): exists"],
        );
    }
}
