//! The fields that all inputs for variants and inventory items share.

use rust_decimal::Decimal;
use serde_json::Value;

use super::kept::{OF_VARIANT, keep, metafields};
use super::{Args, list, object, text};
use crate::clock::Time;
use crate::lab::shopify::gid::Gid;
use crate::lab::shopify::world::{Item, ProductOption, World};

/// Prices must be below this: observed on version 2026-04.
const PRICE_END: i64 = 1_000_000_000_000_000_000;

/// What can be wrong with a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceProblem {
    /// Below zero.
    Negative,
    /// Eighteen digits or more.
    TooHigh,
}

impl PriceProblem {
    /// In Shopify's words.
    pub fn words(self, field: &str) -> String {
        let name = if field == "price" { "Price" } else { "Compare at price" };
        match self {
            Self::Negative => format!("{name} must be greater than or equal to 0"),
            Self::TooHigh => format!("must be less than {PRICE_END}"),
        }
    }
}

/// Prices that cannot be, by field name.
pub fn price_problems(input: &Args) -> Vec<(&'static str, PriceProblem)> {
    let mut problems = Vec::new();
    for field in ["compareAtPrice", "price"] {
        match input.get(field).and_then(decimal) {
            Some(price) if price < Decimal::ZERO => problems.push((field, PriceProblem::Negative)),
            Some(price) if price >= Decimal::from(PRICE_END) => problems.push((field, PriceProblem::TooHigh)),
            _ => {}
        }
    }
    problems
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// Write what is given to a variant and its inventory item.
pub fn apply(world: &mut World, variant: u64, input: &Args, now: Time) {
    let before = world.variants.get(&variant).map(|variant| variant.metafields.clone()).unwrap_or_default();
    let after = metafields(world, &before, input, "PRODUCTVARIANT", now);
    let Some(variant) = world.variants.get_mut(&variant) else { return };
    variant.metafields = after;
    keep(&mut variant.kept, &OF_VARIANT, input);
    if let Some(price) = input.get("price").and_then(decimal) {
        variant.price = price.round_dp(2);
    }
    if let Some(value) = input.get("compareAtPrice") {
        variant.compare_at = decimal(value).map(|price| price.round_dp(2));
    }
    if input.contains_key("barcode") {
        variant.barcode = text(input, "barcode").filter(|barcode| !barcode.is_empty()).map(str::to_owned);
    }
    if let Some(policy) = text(input, "inventoryPolicy") {
        variant.policy = policy.to_owned();
    }
    if let Some(taxable) = input.get("taxable").and_then(Value::as_bool) {
        variant.taxable = taxable;
    }
    variant.updated = now;
    let Some(item) = world.items.get_mut(&variant.item) else { return };
    if let Some(given) = object(input, "inventoryItem") {
        apply_item(item, given, now);
    }
    if input.contains_key("sku") {
        item.sku = text(input, "sku").map(str::to_owned);
    }
}

/// Write what is given to an inventory item.
pub fn apply_item(item: &mut Item, input: &Args, now: Time) {
    if input.contains_key("sku") {
        item.sku = text(input, "sku").map(str::to_owned);
    }
    if let Some(tracked) = input.get("tracked").and_then(Value::as_bool) {
        item.tracked = tracked;
    }
    if let Some(ships) = input.get("requiresShipping").and_then(Value::as_bool) {
        item.requires_shipping = ships;
    }
    if let Some(cost) = input.get("cost") {
        item.cost = decimal(cost);
    }
    for field in ["countryCodeOfOrigin", "harmonizedSystemCode", "provinceCodeOfOrigin"] {
        match input.get(field) {
            Some(Value::String(code)) => {
                item.customs.insert(field, code.replace('.', ""));
            }
            Some(_) => {
                item.customs.remove(field);
            }
            None => {}
        }
    }
    if let Some(weight) = object(input, "measurement").and_then(|measurement| object(measurement, "weight")) {
        let value = weight.get("value").and_then(Value::as_f64).unwrap_or_default();
        item.weight = (text(weight, "unit").unwrap_or("KILOGRAMS").to_owned(), value);
    }
    item.updated = now;
}

/// Why option values do not name a place in a product's options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueProblem {
    /// No such option.
    NoOption,
    /// No such value id, or no value at all.
    NoValue,
    /// An option has no value.
    Missing(String),
}

/// The value names of a `[VariantOptionValueInput!]`, in the order of the product's options. Options that are left out
/// keep the value they have in `before`.
pub fn option_values(options: &[ProductOption], input: &Args, before: &[String]) -> Result<Vec<String>, ValueProblem> {
    let mut values: Vec<Option<String>> = (0..options.len()).map(|index| before.get(index).cloned()).collect();
    for given in list(input, "optionValues").iter().filter_map(Value::as_object) {
        let option_id = text(given, "optionId").and_then(|id| Gid::number(id, "ProductOption"));
        let named = text(given, "optionName");
        let found = options.iter().enumerate().find(|(_, option)| match option_id {
            Some(id) => option.id == id,
            None => Some(option.name.as_str()) == named,
        });
        let Some((index, option)) = found else { return Err(ValueProblem::NoOption) };
        let by_id = || {
            let id = Gid::number(text(given, "id")?, "ProductOptionValue")?;
            option.values.iter().find(|(other, _)| *other == id).map(|(_, name)| name.clone())
        };
        let value = text(given, "name").map(str::to_owned).or_else(by_id).ok_or(ValueProblem::NoValue)?;
        if let Some(slot) = values.get_mut(index) {
            *slot = Some(value);
        }
    }
    values
        .into_iter()
        .zip(options)
        .map(|(value, option)| value.ok_or_else(|| ValueProblem::Missing(option.name.clone())))
        .collect()
}

/// `The variant 'S / Red' already exists. …`
pub fn exists_already(values: &[String]) -> String {
    format!("The variant '{}' already exists. Please change at least one option value.", values.join(" / "))
}

/// Give each option the values its variants use, and forget those that no variant uses any more.
pub fn settle_values(world: &mut World, product: u64, forget: bool) {
    let Some(held) = world.products.get(&product) else { return };
    let mut options = held.options.clone();
    let variants: Vec<Vec<String>> =
        held.variants.iter().filter_map(|id| world.variants.get(id)).map(|variant| variant.values.clone()).collect();
    for (index, option) in options.iter_mut().enumerate() {
        let used: Vec<&String> = variants.iter().filter_map(|values| values.get(index)).collect();
        if forget {
            option.values.retain(|(_, name)| used.contains(&name));
        }
        for value in used {
            if !option.values.iter().any(|(_, name)| name == value) {
                option.values.push((world.next_id("ProductOptionValue"), value.clone()));
            }
        }
    }
    if let Some(held) = world.products.get_mut(&product) {
        held.options = options;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_checked() {
        let check = |input: Value, expect: &[(&'static str, PriceProblem)]| {
            assert_eq!(price_problems(input.as_object().unwrap()), expect, "{input}");
        };
        check(serde_json::json!({ "price": "12.50", "compareAtPrice": null }), &[]);
        check(serde_json::json!({ "price": "-1.00" }), &[("price", PriceProblem::Negative)]);
        check(
            serde_json::json!({ "price": -1, "compareAtPrice": "1000000000000000000" }),
            &[("compareAtPrice", PriceProblem::TooHigh), ("price", PriceProblem::Negative)],
        );
    }
}
