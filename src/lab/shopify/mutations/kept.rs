//! What the shop keeps as it is given, without making anything of it; and metafields.

use serde_json::Value;

use super::{Args, list, text};
use crate::clock::Time;
use crate::lab::shopify::world::{Kept, Metafield, World};

/// Fields of products.
pub const OF_PRODUCT: [&str; 7] = [
    "category",
    "combinedListingRole",
    "giftCard",
    "giftCardTemplateSuffix",
    "requiresSellingPlan",
    "seo",
    "templateSuffix",
];
/// Fields of variants.
pub const OF_VARIANT: [&str; 4] = ["requiresComponents", "showUnitPrice", "taxCode", "unitPriceMeasurement"];

/// Take over what an input gives.
pub fn keep(kept: &mut Kept, names: &[&'static str], input: &Args) {
    for name in names {
        if let Some(value) = input.get(*name) {
            kept.insert(name, value.clone());
        }
    }
}

/// Metafields after an input: those it names are changed or added, the others stay.
pub fn metafields(
    world: &mut World,
    before: &[Metafield],
    input: &Args,
    owner: &'static str,
    now: Time,
) -> Vec<Metafield> {
    let mut after = before.to_vec();
    for given in list(input, "metafields").iter().filter_map(Value::as_object) {
        let namespace = text(given, "namespace").unwrap_or("custom");
        let key = text(given, "key").unwrap_or_default();
        let value = text(given, "value").unwrap_or_default();
        match after.iter_mut().find(|held| held.namespace == namespace && held.key == key) {
            Some(held) => {
                value.clone_into(&mut held.value);
                held.updated = now;
            }
            None => after.push(Metafield {
                id: world.next_id("Metafield"),
                namespace: namespace.to_owned(),
                key: key.to_owned(),
                kind: text(given, "type").unwrap_or("single_line_text_field").to_owned(),
                value: value.to_owned(),
                owner,
                created: now,
                updated: now,
            }),
        }
    }
    after
}
