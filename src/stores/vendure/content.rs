//! Writing titles, prices and SKUs.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::Sku;
use crate::stores::{ContentChange, Outcome, StoreError};

use super::Vendure;
use super::answer::{refused, unexpected};
use super::batch::{self, Halve};
use super::convert::to_minor;
use super::place::Place;
use super::queries::{PRODUCT_NAMES, UPDATE_PRODUCTS, UPDATE_VARIANTS};

/// Products whose names are read in one call, each with all its variants.
const NAMES_MAX: usize = 50;

#[derive(Deserialize)]
struct NamesData {
    products: Products,
}

#[derive(Deserialize)]
struct Products {
    items: Vec<NamedProduct>,
}

#[derive(Debug, Deserialize)]
struct NamedProduct {
    id: String,
    name: String,
    variants: Vec<Named>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdatedData {
    update_product_variants: Vec<Option<UpdatedVariant>>,
}

#[derive(Deserialize)]
struct UpdatedVariant {
    id: String,
    #[serde(default)]
    sku: Option<String>,
}

/// A new price, SKU or both for the change at `at` in the caller's list.
struct VariantChange<'a> {
    at: usize,
    variant: &'a str,
    /// In the shop's integers.
    price: Option<i32>,
    sku: Option<&'a Sku>,
}

/// A new title, and the changes in the caller's list that want it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Titled<'a> {
    title: &'a str,
    wanted_by: Vec<usize>,
}

/// New titles by product.
type Titles<'a> = BTreeMap<&'a str, Titled<'a>>;

impl Vendure {
    pub(super) async fn write_all_content(&self, changes: &[ContentChange]) -> Vec<Outcome<()>> {
        let place = match self.place().await {
            Ok(place) => place,
            // A wrong setting, or a read that failed: no change is at fault.
            Err(error) => return changes.iter().map(|_| Outcome::NotDone(error.clone())).collect(),
        };
        let mut results: Vec<Vec<Result<(), StoreError>>> = changes.iter().map(|_| Vec::new()).collect();
        let mut note = |at: usize, result: Result<(), StoreError>| {
            if let Some(of) = results.get_mut(at) {
                of.push(result);
            }
        };
        let (titles, at_odds) = titles(changes);
        for at in at_odds {
            note(
                at,
                Err(refused(self.api.shop(), "NOT_SENDABLE", "the variants of one product have different titles")),
            );
        }
        for (titled, result) in self.write_titles(&titles, &place).await {
            titled.wanted_by.iter().for_each(|at| note(*at, result.clone()));
        }
        let mut variants = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            match VariantChange::of(self.api.shop(), at, change, &place) {
                Ok(new) => variants.extend(new),
                Err(error) => note(at, Err(error)),
            }
        }
        for (at, result) in self.write_variants(&variants, &place).await {
            note(at, result);
        }
        results.into_iter().map(worst).collect()
    }

    async fn write_variants(
        &self,
        variants: &[VariantChange<'_>],
        place: &Place,
    ) -> Vec<(usize, Result<(), StoreError>)> {
        let inputs: Vec<Value> = variants.iter().map(|new| new.input(&place.currency)).collect();
        let answers = batch::send::<UpdatedData>(&self.api, &UPDATE_VARIANTS, &inputs, Halve::Failures).await;
        let mut done = Vec::new();
        for (range, answer) in answers {
            let some = variants.get(range).unwrap_or_default();
            let confirmed = |new: &VariantChange<'_>| match &answer {
                Ok(data) => new.confirmed(self.api.shop(), data),
                Err(error) => Err(error.clone()),
            };
            done.extend(some.iter().map(|new| (new.at, confirmed(new))));
        }
        done
    }

    async fn write_titles<'t>(
        &self,
        titles: &'t Titles<'t>,
        place: &Place,
    ) -> Vec<(&'t Titled<'t>, Result<(), StoreError>)> {
        let mut done = Vec::new();
        let all: Vec<(&str, &Titled<'_>)> = titles.iter().map(|(id, titled)| (*id, titled)).collect();
        for some in all.chunks(NAMES_MAX) {
            let mut results = self.retitle_variants(some, place).await;
            let go: Vec<(&str, &Titled<'_>)> =
                some.iter().copied().filter(|(id, _)| !results.contains_key(id)).collect();
            let inputs: Vec<Value> =
                go.iter().map(|(id, titled)| title_input(id, titled.title, &place.language)).collect();
            let written = batch::send_each(&self.api, &UPDATE_PRODUCTS, &inputs, Halve::Failures).await;
            results.extend(go.iter().map(|(id, _)| *id).zip(written));
            done.extend(some.iter().filter_map(|(id, titled)| Some((*titled, results.remove(id)?))));
        }
        done
    }

    /// Variants carry a name of their own, which is the product's with the options behind it: it is written first, while
    /// the product's old name still tells which of them to change. Returns the products for which that failed.
    async fn retitle_variants<'t>(
        &self,
        some: &[(&'t str, &Titled<'_>)],
        place: &Place,
    ) -> HashMap<&'t str, Result<(), StoreError>> {
        let ids: Vec<&str> = some.iter().map(|(id, _)| *id).collect();
        let read = self.api.call::<NamesData>(&PRODUCT_NAMES, &json!({ "ids": ids, "take": NAMES_MAX })).await;
        let named = match read {
            Ok(data) => data.products.items,
            Err(failed) => return ids.into_iter().map(|id| (id, Err(not_sent(failed.error.clone())))).collect(),
        };
        let (mut inputs, mut of) = (Vec::new(), Vec::new());
        for (id, titled) in some {
            for product in named.iter().filter(|product| product.id == *id) {
                let renamed = variant_names(product, titled.title, &place.language);
                of.extend(renamed.iter().map(|_| *id));
                inputs.extend(renamed);
            }
        }
        let written = batch::send_each(&self.api, &UPDATE_VARIANTS, &inputs, Halve::Failures).await;
        of.into_iter().zip(written).filter(|(_, result)| result.is_err()).collect()
    }
}

/// New titles by product. A product has one title: a change that wants another than the first is left out and named, or
/// the last of them would win unseen.
fn titles(changes: &[ContentChange]) -> (Titles<'_>, Vec<usize>) {
    let mut titles = Titles::new();
    let mut at_odds = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let Some(title) = change.title.as_deref() else { continue };
        let titled =
            titles.entry(change.remote.product.as_str()).or_insert_with(|| Titled { title, wanted_by: Vec::new() });
        if titled.title == title {
            titled.wanted_by.push(at);
        } else {
            at_odds.push(at);
        }
    }
    (titles, at_odds)
}

/// Variants whose name begins with the product's; others were named by hand and keep their name.
fn variant_names(product: &NamedProduct, title: &str, language: &str) -> Vec<Value> {
    let renamed = |variant: &Named| {
        let rest = variant.name.strip_prefix(&product.name)?;
        if product.name == title || !(rest.is_empty() || rest.starts_with(' ')) {
            return None;
        }
        let name = format!("{title}{rest}");
        Some(json!({ "id": variant.id, "translations": [{ "languageCode": language, "name": name }] }))
    };
    product.variants.iter().filter_map(renamed).collect()
}

fn title_input(id: &str, title: &str, language: &str) -> Value {
    json!({ "id": id, "translations": [{ "languageCode": language, "name": title }] })
}

impl<'a> VariantChange<'a> {
    /// What a change wants of its variant, if anything.
    fn of(shop: &str, at: usize, change: &'a ContentChange, place: &Place) -> Result<Option<Self>, StoreError> {
        let sku = change.rename.then_some(&change.sku);
        if change.price.is_none() && sku.is_none() {
            return Ok(None);
        }
        let unknown = || refused(shop, "NOT_SENDABLE", "the variant is not known; list the shop again");
        let variant = change.remote.variant.as_deref().ok_or_else(unknown)?;
        let price = change.price.map(|price| to_minor(shop, price, place.decimals)).transpose()?;
        Ok(Some(Self { at, variant, price, sku }))
    }

    fn input(&self, currency: &str) -> Value {
        let mut input = json!({ "id": self.variant });
        if let Some(price) = self.price {
            input["prices"] = json!([{ "currencyCode": currency, "price": price }]);
        }
        if let Some(sku) = self.sku {
            input["sku"] = json!(sku);
        }
        input
    }

    /// Whether an answer without errors shows the SKU that was sent. (Prices it does not show: Vendure keeps all that it
    /// does not refuse.)
    fn confirmed(&self, shop: &str, data: &UpdatedData) -> Result<(), StoreError> {
        let Some(sku) = self.sku else { return Ok(()) };
        let mut answered = data.update_product_variants.iter().flatten();
        let shown = answered.find(|variant| variant.id == self.variant).and_then(|variant| variant.sku.as_deref());
        match shown.map(Sku::new) {
            Some(Some(shown)) if shown == *sku => Ok(()),
            Some(_) => Err(unexpected(shop, "the shop kept another SKU without saying why")),
            None => Err(unexpected(shop, "no error, but the variant's SKU is not in the answer either")),
        }
    }
}

/// A change that was not sent because the read before it failed, however that ended.
fn not_sent(error: StoreError) -> StoreError {
    match error {
        StoreError::AnswerLost { shop, why } | StoreError::Unexpected { shop, why } => {
            StoreError::Connect { shop, why }
        }
        other => other,
    }
}

/// The worst of what became of a change's parts. What may succeed next time comes above a refusal, so that it is tried.
fn worst(results: Vec<Result<(), StoreError>>) -> Outcome<()> {
    let rank = |outcome: &Outcome<()>| match outcome {
        Outcome::Done(()) => 0,
        Outcome::Stale => 1,
        Outcome::Refused(_) => 2,
        Outcome::NotDone(_) => 3,
        Outcome::Unknown(_) => 4,
    };
    let outcomes = results.into_iter().map(|result| result.map_or_else(Outcome::from, Outcome::Done));
    outcomes.max_by_key(rank).unwrap_or(Outcome::Done(()))
}

#[cfg(test)]
mod tests {
    use crate::stores::RemoteId;

    use super::*;

    fn change(product: &str, title: Option<&str>) -> ContentChange {
        ContentChange {
            sku: Sku::new("a").unwrap(),
            remote: RemoteId { product: product.to_owned(), variant: Some("1".to_owned()), inventory: None },
            title: title.map(ToOwned::to_owned),
            price: None,
            rename: false,
        }
    }

    #[test]
    fn a_product_has_one_title() {
        let changes = [
            change("p", Some("Shirt")),
            change("q", None),
            change("p", Some("Shirt")),
            change("p", Some("Other")),
            change("r", Some("Other")),
        ];
        let (titles, at_odds) = titles(&changes);
        assert_eq!(titles.keys().copied().collect::<Vec<_>>(), ["p", "r"]);
        assert_eq!(titles["p"], Titled { title: "Shirt", wanted_by: vec![0, 2] });
        assert_eq!(at_odds, [3]);
    }

    #[test]
    fn variants_follow_their_products_name() {
        let named = |id: &str, name: &str| Named { id: id.to_owned(), name: name.to_owned() };
        let product = NamedProduct {
            id: "1".to_owned(),
            name: "Shirt".to_owned(),
            variants: vec![named("1", "Shirt M"), named("2", "Shirt"), named("3", "Shirty"), named("4", "Gift box")],
        };
        let input =
            |id: &str, name: &str| json!({ "id": id, "translations": [{ "languageCode": "en", "name": name }] });
        assert_eq!(variant_names(&product, "Tee", "en"), [input("1", "Tee M"), input("2", "Tee")]);
        assert_eq!(variant_names(&product, "Shirt", "en"), Vec::<Value>::new());
    }

    #[test]
    fn the_worst_part_is_told() {
        let server = || Err(StoreError::Server { shop: "eu".to_owned(), status: 500 });
        let check = |results: Vec<Result<(), StoreError>>, expect: &str| {
            assert!(format!("{:?}", worst(results)).starts_with(expect));
        };
        check(vec![], "Done");
        check(vec![Ok(()), Err(refused("eu", "A", "no"))], "Refused");
        check(vec![server(), Err(refused("eu", "A", "no")), Ok(())], "Unknown");
    }
}
