//! Creating products, and adding variants to products that are there.
//!
//! Vendure makes a product in several calls (the product, its option groups, its variants), each a transaction of its
//! own. One that was left half made is found by its slug, and finished, because it has no variants yet.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::Sku;
use crate::stores::{Outcome, ProductDraft, RemoteId, StoreError, VariantDraft};

use super::Vendure;
use super::answer::{refused, unexpected};
use super::batch::{self, Halve};
use super::convert::{slug, to_minor};
use super::options::{Group, option_ids};
use super::place::Place;
use super::queries::{CREATE_PRODUCT, CREATE_VARIANTS, PRODUCT_BY_SLUG, PRODUCT_OPTIONS};

type Created = (Sku, Outcome<RemoteId>);

#[derive(Deserialize)]
struct BySlugData {
    products: Items<FoundProduct>,
}

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FoundProduct {
    id: String,
    name: String,
    variant_list: Total,
    option_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Total {
    total_items: u64,
}

#[derive(Deserialize)]
struct OptionsData {
    product: Option<Product>,
}

/// A product to put variants into.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    id: String,
    name: String,
    option_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateData {
    create_product: WithId,
}

#[derive(Deserialize)]
struct WithId {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VariantsData {
    create_product_variants: Vec<Option<NewVariant>>,
}

#[derive(Debug, Deserialize)]
struct NewVariant {
    id: String,
    sku: String,
}

impl Vendure {
    pub(super) async fn create_all(&self, drafts: &[ProductDraft]) -> Vec<Created> {
        let place = match self.place().await {
            Ok(place) => place,
            Err(error) => return drafts.iter().flat_map(|draft| all(&draft.variants, &not_done(&error))).collect(),
        };
        join_all(drafts.iter().map(|draft| self.create_one(draft, &place))).await.into_iter().flatten().collect()
    }

    async fn create_one(&self, draft: &ProductDraft, place: &Arc<Place>) -> Vec<Created> {
        let shop = self.api.shop();
        // What cannot be sent is told first, so that it leaves no product behind.
        let priced: Vec<Result<i32, StoreError>> =
            draft.variants.iter().map(|variant| to_minor(shop, variant.price, place.decimals)).collect();
        if draft.product.is_none() && priced.iter().all(Result::is_err) {
            let errors = priced.into_iter().filter_map(Result::err);
            return draft.variants.iter().map(|it| it.sku.clone()).zip(errors.map(Outcome::Refused)).collect();
        }
        // Until the variants are there nothing is for sale: whatever fails before that may be tried again.
        let product = match self.product_for(draft, place).await {
            Ok(product) => product,
            Err(error) => return all(&draft.variants, &before_variants(&error)),
        };
        let Product { id, name, option_groups: mut groups } = product;
        let mut outcomes: HashMap<Sku, Outcome<RemoteId>> = HashMap::new();
        let (mut inputs, mut sent) = (Vec::new(), Vec::new());
        if draft.product.is_none()
            && let Err(error) = self.add_groups(&id, draft, &mut groups, place).await
        {
            return all(&draft.variants, &before_variants(&error));
        }
        if let Err(error) = self.add_options(draft, &mut groups, place).await {
            return all(&draft.variants, &before_variants(&error));
        }
        for (variant, price) in draft.variants.iter().zip(priced) {
            let input = price.and_then(|price| {
                let options = option_ids(shop, variant, &groups)?;
                Ok(variant_input(&id, &name, variant, price, &options, place))
            });
            match input {
                Ok(input) => {
                    inputs.push(input);
                    sent.push(variant.sku.clone());
                }
                Err(error) => drop(outcomes.insert(variant.sku.clone(), Outcome::Refused(error))),
            }
        }
        // Not halved where it failed without saying why: it may have been done.
        let answers = batch::send::<VariantsData>(&self.api, &CREATE_VARIANTS, &inputs, Halve::Refusals).await;
        for (range, answer) in answers {
            let made = answer.map(|data| data.create_product_variants);
            for sku in sent.get(range).unwrap_or_default() {
                outcomes.insert(sku.clone(), made_outcome(shop, &id, sku, &made));
            }
        }
        let mut outcome = |sku: &Sku| outcomes.remove(sku);
        draft
            .variants
            .iter()
            .map(|variant| {
                let lost = || Outcome::NotDone(unexpected(shop, "the SKU stands twice in one product"));
                (variant.sku.clone(), outcome(&variant.sku).unwrap_or_else(lost))
            })
            .collect()
    }

    /// The product that the draft names, one that was left half made, or a new one.
    async fn product_for(&self, draft: &ProductDraft, place: &Place) -> Result<Product, StoreError> {
        let shop = self.api.shop();
        if let Some(id) = &draft.product {
            let data: OptionsData = self.api.call(&PRODUCT_OPTIONS, &json!({ "id": id })).await?;
            return data.product.ok_or_else(|| StoreError::Gone {
                shop: shop.to_owned(),
                message: format!("no product {id} in this channel"),
            });
        }
        let slug = slug_of(draft);
        let data: BySlugData = self.api.call(&PRODUCT_BY_SLUG, &json!({ "slug": slug })).await?;
        if let Some(found) = data.products.items.into_iter().next() {
            let FoundProduct { id, name, variant_list, option_groups } = found;
            if variant_list.total_items > 0 {
                let words = format!("the product \"{name}\" has the slug \"{slug}\" already, and other SKUs");
                return Err(refused(shop, "SLUG_TAKEN", words));
            }
            return Ok(Product { id, name, option_groups });
        }
        let translation =
            json!({ "languageCode": place.language, "name": draft.title, "slug": slug, "description": "" });
        let input = json!({ "enabled": true, "translations": [translation] });
        let data: CreateData = self.api.call(&CREATE_PRODUCT, &json!({ "input": input })).await?;
        Ok(Product { id: data.create_product.id, name: draft.title.clone(), option_groups: Vec::new() })
    }
}

/// The slug by which a product that was left half made is found again. A product without a handle is told apart by its
/// SKU, because many may have the same title.
fn slug_of(draft: &ProductDraft) -> String {
    let sku = draft.variants.first().map(|variant| variant.sku.as_str()).unwrap_or_default();
    let from_handle = draft.handle.as_deref().map(slug).filter(|slug| !slug.is_empty());
    let from_sku = || Some(slug(&format!("{} {sku}", draft.title))).filter(|slug| !slug.is_empty());
    // A SKU without a letter or a digit that fits: its bytes are as good a name as any.
    from_handle.or_else(from_sku).unwrap_or_else(|| format!("sku-{}", hex::encode(sku)))
}

/// Stock is counted, and starts with nothing; the level is made at once, because an order allocates nothing where there
/// is none.
fn variant_input(
    product: &str,
    name: &str,
    variant: &VariantDraft,
    price: i32,
    options: &[String],
    place: &Place,
) -> Value {
    let mut words = vec![name];
    words.extend(variant.options.iter().map(|option| option.value.as_str()));
    json!({
        "productId": product,
        "translations": [{ "languageCode": place.language, "name": words.join(" ") }],
        "sku": variant.sku,
        // In the channel's own currency. `prices` alone leaves it at 0 (seen on 3.7.3).
        "price": price,
        "optionIds": options,
        "trackInventory": "TRUE",
        "stockLevels": [{ "stockLocationId": place.location, "stockOnHand": 0 }],
    })
}

fn made_outcome(
    shop: &str,
    product: &str,
    sku: &Sku,
    made: &Result<Vec<Option<NewVariant>>, StoreError>,
) -> Outcome<RemoteId> {
    match made {
        Ok(made) => match made.iter().flatten().find(|made| made.sku == sku.as_str()) {
            Some(made) => {
                Outcome::Done(RemoteId { product: product.to_owned(), variant: Some(made.id.clone()), inventory: None })
            }
            None => Outcome::Unknown(unexpected(shop, "no error, but the variant is not in the answer either")),
        },
        Err(error) => error.clone().into(),
    }
}

fn all(variants: &[VariantDraft], outcome: &impl Fn() -> Outcome<RemoteId>) -> Vec<Created> {
    variants.iter().map(|variant| (variant.sku.clone(), outcome())).collect()
}

fn not_done(error: &StoreError) -> impl Fn() -> Outcome<RemoteId> {
    move || Outcome::NotDone(error.clone())
}

/// Nothing that can be sold was made; what else was made is found again.
fn before_variants(error: &StoreError) -> impl Fn() -> Outcome<RemoteId> {
    move || match error {
        StoreError::Refused { .. } | StoreError::Gone { .. } => Outcome::Refused(error.clone()),
        error => Outcome::NotDone(error.clone()),
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Money, OptionValue};

    use super::*;

    fn draft(handle: Option<&str>, title: &str, sku: &str) -> ProductDraft {
        let variant = VariantDraft {
            sku: Sku::new(sku).unwrap(),
            options: vec![OptionValue { name: "Size".to_owned(), value: "M".to_owned() }],
            price: Money::from_store("12.5").unwrap(),
        };
        ProductDraft {
            product: None,
            handle: handle.map(ToOwned::to_owned),
            title: title.to_owned(),
            variants: vec![variant],
            siblings: Vec::new(),
        }
    }

    #[test]
    fn slugs_name_a_product_for_good() {
        let check = |handle, title, sku, expect| assert_eq!(slug_of(&draft(handle, title, sku)), expect);
        check(Some("Harbour-Mug"), "Harbour Mug", "M-1", "harbour-mug");
        check(None, "Harbour Mug", "M-1", "harbour-mug-m-1");
        check(Some("日本"), "日本", "M-1", "m-1");
        check(None, "日本", "本", "sku-e69cac");
    }

    #[test]
    fn a_variant_starts_with_nothing() {
        let place = Place {
            channel: "c".to_owned(),
            language: "de".to_owned(),
            currency: "EUR".to_owned(),
            decimals: 2,
            tracked: false,
            location: "4".to_owned(),
            location_name: "Berlin".to_owned(),
        };
        let draft = draft(None, "Tee", "T-1");
        let input = variant_input("9", "Tee", &draft.variants[0], 1250, &["5".to_owned()], &place);
        let expect = json!({
            "productId": "9", "translations": [{ "languageCode": "de", "name": "Tee M" }], "sku": "T-1",
            "price": 1250, "optionIds": ["5"], "trackInventory": "TRUE",
            "stockLevels": [{ "stockLocationId": "4", "stockOnHand": 0 }],
        });
        assert_eq!(input, expect);
    }
}
