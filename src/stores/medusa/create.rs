//! Creating products, and adding variants to products that are there.

use std::collections::HashMap;

use futures::StreamExt as _;
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::{OptionValue, Sku};
use crate::retry::Verdict;
use crate::stores::{Outcome, ProductDraft, RemoteId, StoreError, VariantDraft};

use super::api::{Api, Query, not_sendable, unexpected};
use super::convert::{NEW_VARIANT_FIELDS, NewVariant, number};
use super::parts::in_parts;
use super::place::Place;

/// Products per call: 50 simple ones took 1.2 s on Medusa 2.21.2.
const PRODUCTS_MAX: usize = 50;
/// Variants per call. Medusa takes bodies of 100 kB (observed: 107 kB were refused); a variant makes up to 400 bytes.
const VARIANTS_MAX: usize = 100;
/// Calls at once. Medusa is one Node process, which also serves shoppers.
const CALLS_MAX: usize = 2;

#[derive(Deserialize)]
struct CreatedProducts {
    created: Vec<NewProduct>,
}

#[derive(Deserialize)]
struct NewProduct {
    id: String,
    #[serde(default)]
    variants: Vec<NewVariant>,
}

#[derive(Deserialize)]
struct CreatedVariants {
    created: Vec<NewVariant>,
}

#[derive(Deserialize)]
struct OneProduct {
    product: ProductOptions,
}

#[derive(Deserialize)]
struct ProductOptions {
    #[serde(default)]
    options: Vec<ProductOption>,
}

#[derive(Deserialize)]
struct ProductOption {
    id: String,
    title: String,
    #[serde(default)]
    values: Vec<ProductOptionValue>,
}

#[derive(Deserialize)]
struct ProductOptionValue {
    value: String,
}

type Created = (Sku, Outcome<RemoteId>);
/// Products by what was made of each variant.
type Made = HashMap<Sku, RemoteId>;

/// One outcome per variant, in the order of `drafts` and their variants.
pub(super) async fn create(api: &Api, place: &Place, drafts: &[ProductDraft]) -> Vec<Created> {
    let new: Vec<&ProductDraft> = drafts.iter().filter(|draft| draft.product.is_none()).collect();
    let mut calls = Vec::new();
    for batch in batches(&new) {
        calls.push(create_batch(api, place, batch));
    }
    let made: Vec<Vec<Result<Made, StoreError>>> = stream::iter(calls).buffered(CALLS_MAX).collect().await;
    let mut made = made.into_iter().flatten();
    let mut outcomes = Vec::new();
    for draft in drafts {
        let (done, rest) = match &draft.product {
            Some(product) => (Vec::new(), Some((product.clone(), draft.variants.as_slice()))),
            None => {
                let result = made.next().unwrap_or_else(|| Err(unexpected(api.shop(), "no result")));
                let result = again_with_own_handle(api, place, draft, result).await;
                first_part(api.shop(), draft, result)
            }
        };
        outcomes.extend(done);
        if let Some((product, variants)) = rest {
            outcomes.extend(add_variants(api, place, &product, variants).await);
        }
    }
    outcomes
}

async fn create_batch(api: &Api, place: &Place, batch: &[&ProductDraft]) -> Vec<Result<Made, StoreError>> {
    in_parts(batch, |part| create_products(api, place, part)).await
}

/// Products of one call: not too many, and not too large a body.
fn batches<'a, 'd>(drafts: &'a [&'d ProductDraft]) -> Vec<&'a [&'d ProductDraft]> {
    let mut batches = Vec::new();
    let (mut from, mut variants) = (0, 0);
    for (at, draft) in drafts.iter().enumerate() {
        let own = draft.variants.len().min(VARIANTS_MAX);
        if at > from && (at - from == PRODUCTS_MAX || variants + own > VARIANTS_MAX) {
            batches.push(&drafts[from..at]);
            (from, variants) = (at, 0);
        }
        variants += own;
    }
    if from < drafts.len() {
        batches.push(&drafts[from..]);
    }
    batches
}

async fn create_products(
    api: &Api,
    place: &Place,
    drafts: &[&ProductDraft],
) -> Result<Vec<Result<Made, StoreError>>, StoreError> {
    let bodies: Vec<Value> =
        drafts.iter().map(|draft| product_body(api.shop(), place, draft)).collect::<Result<_, _>>()?;
    let query: Query =
        vec![("fields", "id,variants.id,variants.sku,variants.inventory_items.inventory_item_id".to_owned())];
    let answer: CreatedProducts = api.post("/admin/products/batch", &query, &json!({ "create": bodies })).await?;
    // They come in no particular order, so each is known by its SKUs.
    let mut made = Made::new();
    for product in &answer.created {
        made.extend(product.variants.iter().filter_map(|variant| place_of(variant, &product.id)));
    }
    let own = |draft: &&ProductDraft| -> Made {
        draft
            .variants
            .iter()
            .filter_map(|variant| Some((variant.sku.clone(), made.get(&variant.sku)?.clone())))
            .collect()
    };
    Ok(drafts.iter().map(|draft| Ok(own(draft))).collect())
}

fn place_of(variant: &NewVariant, product: &str) -> Option<(Sku, RemoteId)> {
    Some((Sku::new(variant.sku.as_deref()?)?, variant.remote(product)?))
}

/// Medusa makes a handle from the title. Two simple products may have the same title; the second one gets a handle with
/// its SKU in it.
async fn again_with_own_handle(
    api: &Api,
    place: &Place,
    draft: &ProductDraft,
    result: Result<Made, StoreError>,
) -> Result<Made, StoreError> {
    let taken =
        matches!(&result, Err(StoreError::Refused { message, .. }) if message.starts_with("Product with handle"));
    let (true, None, [variant]) = (taken, &draft.handle, draft.variants.as_slice()) else { return result };
    let own = ProductDraft { handle: Some(handle(&draft.title, variant.sku.as_str())), ..draft.clone() };
    let mut made = create_products(api, place, &[&own]).await?;
    made.pop().unwrap_or_else(|| Err(unexpected(api.shop(), "no result")))
}

fn handle(title: &str, sku: &str) -> String {
    let text = format!("{title}-{sku}").to_lowercase();
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// Outcomes of the variants that went out with their product, and what is still to be added to it.
fn first_part<'a>(
    shop: &str,
    draft: &'a ProductDraft,
    made: Result<Made, StoreError>,
) -> (Vec<Created>, Option<(String, &'a [VariantDraft])>) {
    let (first, rest) = draft.variants.split_at(draft.variants.len().min(VARIANTS_MAX));
    match made {
        Ok(made) => {
            let product = made.values().next().map(|remote| remote.product.clone());
            match product {
                Some(product) => (outcomes(shop, first, &made), Some((product, rest))),
                None => (lost(shop, &draft.variants), None),
            }
        }
        Err(error) => {
            let mut done: Vec<Created> = all(first, || error.clone().into());
            done.extend(all(rest, || Outcome::NotDone(unexpected(shop, "the product could not be created"))));
            (done, None)
        }
    }
}

/// Add variants; the values of their options are added first, because Medusa takes only values that the product has.
async fn add_variants(api: &Api, place: &Place, product: &str, variants: &[VariantDraft]) -> Vec<Created> {
    if variants.is_empty() {
        return Vec::new();
    }
    if let Err(error) = add_values(api, product, variants).await {
        return all(variants, || match error.verdict() {
            Verdict::Refused | Verdict::Gone => Outcome::Refused(error.clone()),
            Verdict::Retry | Verdict::Wait(_) | Verdict::Credentials => Outcome::NotDone(error.clone()),
        });
    }
    let mut created = Vec::new();
    for chunk in variants.chunks(VARIANTS_MAX) {
        let results = in_parts(chunk, |part| create_variants(api, place, product, part)).await;
        created.extend(
            chunk
                .iter()
                .zip(results)
                .map(|(variant, result)| (variant.sku.clone(), result.map_or_else(Outcome::from, Outcome::Done))),
        );
    }
    created
}

async fn add_values(api: &Api, product: &str, variants: &[VariantDraft]) -> Result<(), StoreError> {
    let query: Query = vec![("fields", "id,options.id,options.title,options.values.value".to_owned())];
    let OneProduct { product: now } = api.get(&format!("/admin/products/{product}"), &query).await?;
    let mut update = Vec::new();
    for (name, values) in options_of(variants) {
        let option = now.options.iter().find(|option| option.title == name).ok_or_else(|| {
            let names = now.options.iter().map(|option| option.title.as_str()).collect::<Vec<_>>().join(", ");
            not_sendable(api.shop(), &format!("the product has no option \"{name}\" in the shop, but: {names}"))
        })?;
        let is_new = |value: &&String| !option.values.iter().any(|known| known.value == **value);
        let add: Vec<Value> = values.iter().filter(is_new).map(|value| json!({ "value": value })).collect();
        if !add.is_empty() {
            update.push(json!({ "product_option_id": option.id, "add": add }));
        }
    }
    if update.is_empty() {
        return Ok(());
    }
    let path = format!("/admin/products/{product}/options/batch");
    let query: Query = vec![("fields", "id".to_owned())];
    // What Medusa says afterwards is not needed: the variants that follow need the values to be there.
    api.post::<Value>(&path, &query, &json!({ "update": update })).await.map(drop)
}

async fn create_variants(
    api: &Api,
    place: &Place,
    product: &str,
    variants: &[VariantDraft],
) -> Result<Vec<Result<RemoteId, StoreError>>, StoreError> {
    let shop = api.shop();
    let bodies: Vec<Value> =
        variants.iter().map(|variant| variant_body(shop, place, variant)).collect::<Result<_, _>>()?;
    let path = format!("/admin/products/{product}/variants/batch");
    let query: Query = vec![("fields", NEW_VARIANT_FIELDS.to_owned())];
    let answer: CreatedVariants = api.post(&path, &query, &json!({ "create": bodies })).await?;
    let made: Made = answer.created.iter().filter_map(|variant| place_of(variant, product)).collect();
    let own = |variant: &VariantDraft| {
        made.get(&variant.sku).cloned().ok_or_else(|| unexpected(shop, "created, but not in the answer"))
    };
    Ok(variants.iter().map(own).collect())
}

fn outcomes(shop: &str, variants: &[VariantDraft], made: &Made) -> Vec<Created> {
    let outcome = |variant: &VariantDraft| match made.get(&variant.sku) {
        Some(remote) => Outcome::Done(remote.clone()),
        None => Outcome::Unknown(unexpected(shop, "no error, but the variant is not in the answer either")),
    };
    variants.iter().map(|variant| (variant.sku.clone(), outcome(variant))).collect()
}

fn lost(shop: &str, variants: &[VariantDraft]) -> Vec<Created> {
    all(variants, || Outcome::Unknown(unexpected(shop, "no error, but the product is not in the answer either")))
}

fn all(variants: &[VariantDraft], outcome: impl Fn() -> Outcome<RemoteId>) -> Vec<Created> {
    variants.iter().map(|variant| (variant.sku.clone(), outcome())).collect()
}

/// A new product with its first variants. Medusa wants an option also where there is nothing to choose; name and value
/// are those of Medusa's own admin.
fn product_body(shop: &str, place: &Place, draft: &ProductDraft) -> Result<Value, StoreError> {
    let first = draft.variants.get(..VARIANTS_MAX).unwrap_or(&draft.variants);
    let options: Vec<Value> =
        options_of(first).into_iter().map(|(title, values)| json!({ "title": title, "values": values })).collect();
    let variants: Vec<Value> =
        first.iter().map(|variant| variant_body(shop, place, variant)).collect::<Result<_, _>>()?;
    let mut body = json!({ "title": draft.title, "status": "published", "options": options, "variants": variants });
    if let Some(fields) = body.as_object_mut() {
        if let Some(handle) = &draft.handle {
            fields.insert("handle".to_owned(), json!(handle));
        }
        if let Some(channel) = &place.sales_channel {
            fields.insert("sales_channels".to_owned(), json!([WithIdOf { id: channel }]));
        }
        if let Some(profile) = &place.shipping_profile {
            fields.insert("shipping_profile_id".to_owned(), json!(profile));
        }
    }
    Ok(body)
}

/// Never a stock: units arrive by the one way stock is written.
fn variant_body(shop: &str, place: &Place, variant: &VariantDraft) -> Result<Value, StoreError> {
    let amount = number(variant.price).ok_or_else(|| not_sendable(shop, "the price has too many digits for Medusa"))?;
    let options = options(variant);
    let title = options.iter().map(|option| option.value.as_str()).collect::<Vec<_>>().join(" / ");
    let values: serde_json::Map<String, Value> =
        options.iter().map(|option| (option.name.clone(), json!(option.value))).collect();
    Ok(json!({
        "title": title,
        "sku": variant.sku,
        "manage_inventory": true,
        "allow_backorder": false,
        "options": values,
        "prices": [{ "amount": amount, "currency_code": place.currency }],
    }))
}

#[derive(serde::Serialize)]
struct WithIdOf<'a> {
    id: &'a str,
}

fn options(variant: &VariantDraft) -> Vec<OptionValue> {
    if variant.options.is_empty() {
        let (name, value) = ("Default option".to_owned(), "Default option value".to_owned());
        return vec![OptionValue { name, value }];
    }
    variant.options.clone()
}

/// Options and their values, each in the order in which the variants first name them.
fn options_of(variants: &[VariantDraft]) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for OptionValue { name, value } in variants.iter().flat_map(options) {
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) => values.push(value),
            None => all.push((name, vec![value])),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::catalog::Money;

    use super::*;

    fn variant(sku: &str, options: &[(&str, &str)]) -> VariantDraft {
        let option =
            |(name, value): &(&str, &str)| OptionValue { name: (*name).to_owned(), value: (*value).to_owned() };
        VariantDraft {
            sku: Sku::new(sku).unwrap(),
            options: options.iter().map(option).collect(),
            price: Money::from_store("12.50").unwrap(),
        }
    }

    fn draft(handle: Option<&str>, variants: Vec<VariantDraft>) -> ProductDraft {
        let (title, handle) = ("Shirt".to_owned(), handle.map(ToOwned::to_owned));
        ProductDraft { product: None, handle, title, variants, siblings: Vec::new() }
    }

    fn place() -> Place {
        Place {
            location: "sloc_1".to_owned(),
            location_name: "Main".to_owned(),
            currency: "eur".to_owned(),
            sales_channel: Some("sc_1".to_owned()),
            shipping_profile: Some("sp_1".to_owned()),
            store_name: "Shop".to_owned(),
        }
    }

    #[test]
    fn a_product_with_options() {
        let variants = vec![
            variant("S-R", &[("Size", "S"), ("Color", "Red")]),
            variant("M-R", &[("Size", "M"), ("Color", "Red")]),
        ];
        let body = product_body("eu", &place(), &draft(Some("shirt"), variants)).unwrap();
        let one = |title: &str, sku: &str, size: &str| {
            json!({
                "title": title, "sku": sku, "manage_inventory": true, "allow_backorder": false,
                "options": { "Size": size, "Color": "Red" }, "prices": [{ "amount": 12.5, "currency_code": "eur" }],
            })
        };
        let expect = json!({
            "title": "Shirt", "status": "published", "handle": "shirt",
            "sales_channels": [{ "id": "sc_1" }], "shipping_profile_id": "sp_1",
            "options": [{ "title": "Size", "values": ["S", "M"] }, { "title": "Color", "values": ["Red"] }],
            "variants": [one("S / Red", "S-R", "S"), one("M / Red", "M-R", "M")],
        });
        assert_eq!(body, expect);
    }

    #[test]
    fn a_simple_product_has_the_option_that_medusa_s_admin_gives_it() {
        let body = product_body("eu", &place(), &draft(None, vec![variant("00123", &[])])).unwrap();
        assert_eq!(body["options"], json!([{ "title": "Default option", "values": ["Default option value"] }]));
        assert_eq!(body["variants"][0]["sku"], json!("00123"));
        assert_eq!(body.get("handle"), None);
    }

    #[test]
    fn batches_fit_a_body() {
        let of = |sizes: &[usize]| -> Vec<ProductDraft> {
            let variants = |size: usize| (0..size).map(|n| variant(&format!("S{n}"), &[])).collect();
            sizes.iter().map(|size| draft(None, variants(*size))).collect()
        };
        let check = |sizes: &[usize], expect: &[usize]| {
            let drafts = of(sizes);
            let drafts: Vec<&ProductDraft> = drafts.iter().collect();
            assert_eq!(batches(&drafts).iter().map(|batch| batch.len()).collect::<Vec<_>>(), expect, "{sizes:?}");
        };
        check(&[], &[]);
        check(&[1; 120], &[50, 50, 20]);
        check(&[60, 30, 20, 1], &[2, 2]);
        check(&[300, 1, 1], &[1, 2]);
    }

    #[test]
    fn handles_of_our_own() {
        assert_eq!(handle("Größe, rot!", "A/1"), "größe-rot-a-1");
    }
}
