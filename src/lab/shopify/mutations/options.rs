//! `productOptionsCreate`, and what other mutations share with it.

use serde_json::Value;

use super::product::new_option;
use super::{Args, list, text};
use crate::clock::Time;
use crate::lab::shopify::gid::Gid;
use crate::lab::shopify::resolve::{Node, Out};
use crate::lab::shopify::user_error::{UserError, user_errors};
use crate::lab::shopify::world::World;

/// Options of a product.
const OPTIONS_MAX: usize = 3;

/// Names and values of `OptionCreateInput`s, in order of position.
pub fn read_options(inputs: &[Value]) -> Vec<(String, Vec<String>)> {
    let mut options: Vec<_> = inputs.iter().filter_map(Value::as_object).collect();
    options.sort_by_key(|option| option.get("position").and_then(Value::as_i64).unwrap_or(i64::MAX));
    options
        .into_iter()
        .map(|option| {
            let values = list(option, "values").iter().filter_map(|value| value.get("name")?.as_str());
            (text(option, "name").unwrap_or_default().to_owned(), values.map(str::to_owned).collect())
        })
        .collect()
}

/// What is wrong with options: message and code.
pub fn option_problems(options: &[(String, Vec<String>)]) -> Vec<(&'static str, &'static str)> {
    let mut problems = Vec::new();
    if options.len() > OPTIONS_MAX {
        problems.push(("Can only specify a maximum of 3 options", "OPTIONS_OVER_LIMIT"));
    }
    for (index, (name, values)) in options.iter().enumerate() {
        if options.iter().take(index).any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            problems.push(("Duplicated option name.", "DUPLICATED_OPTION_NAME"));
        }
        if values.is_empty() {
            problems.push(("Each option must have at least one option value specified.", "OPTION_VALUES_MISSING"));
        }
        let repeated = |(at, value): (usize, &String)| values.iter().take(at).any(|other| other == value);
        if values.iter().enumerate().any(repeated) {
            problems.push(("Duplicated option value.", "DUPLICATED_OPTION_VALUE"));
        }
    }
    problems
}

/// `productOptionsCreate`: existing variants take the first value of each new option; the option of a simple product
/// makes way.
pub fn create(world: &mut World, args: &Args, now: Time) -> Node {
    let id = text(args, "productId").and_then(|id| Gid::number(id, "Product"));
    let new = read_options(list(args, "options"));
    let mut errors = Vec::new();
    let product = id.and_then(|id| world.products.get(&id));
    match product {
        None => errors.push(UserError::new("productId", "Product does not exist.", "PRODUCT_DOES_NOT_EXIST")),
        Some(product) => {
            let kept = if product.is_simple() { 0 } else { product.options.len() };
            let exists = |(name, _): &(String, Vec<String>)| product.options.iter().any(|option| option.name == *name);
            if kept > 0 && new.iter().any(exists) {
                errors.push(UserError::new("options", "Option already exists.", "OPTION_ALREADY_EXISTS"));
            }
            if kept + new.len() > OPTIONS_MAX {
                errors.push(UserError::new(
                    "options",
                    "Options count is over the allowed limit.",
                    "OPTIONS_OVER_LIMIT",
                ));
            }
            if new.iter().any(|(name, _)| name.is_empty()) {
                errors.push(UserError::new(
                    "options",
                    "Each option must have a name specified.",
                    "OPTION_NAME_MISSING",
                ));
            }
            let problems = option_problems(&new).into_iter().filter(|(_, code)| *code != "OPTIONS_OVER_LIMIT");
            errors.extend(problems.map(|(message, code)| UserError::new("options", message, code)));
        }
    }
    let product = product.map(|product| (product.id, product.is_simple(), product.variants.clone()));
    if let (Some((id, simple, variants)), true) = (&product, errors.is_empty()) {
        let options: Vec<_> = new.iter().map(|(name, values)| new_option(world, name, values)).collect();
        let firsts: Vec<String> = new.iter().filter_map(|(_, values)| values.first().cloned()).collect();
        for variant in variants {
            if let Some(variant) = world.variants.get_mut(variant) {
                if *simple {
                    variant.values.clear();
                }
                variant.values.extend(firsts.iter().cloned());
                variant.updated = now;
            }
        }
        if let Some(product) = world.products.get_mut(id) {
            if *simple {
                product.options.clear();
            }
            product.options.extend(options);
        }
        world.touch(*id, now);
    }
    let node = product.map(|(id, ..)| Node::Product(id));
    Node::record(
        "ProductOptionsCreatePayload",
        [("product", Out::One(node)), ("userErrors", user_errors("ProductOptionsCreateUserError", &errors))],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked() {
        let option = |name: &str, values: &[&str]| (name.to_owned(), values.iter().map(|v| (*v).to_owned()).collect());
        let codes = |options: &[(String, Vec<String>)]| -> Vec<&str> {
            option_problems(options).into_iter().map(|(_, code)| code).collect()
        };
        assert!(codes(&[option("Size", &["S", "M"]), option("Color", &["Red"])]).is_empty());
        assert_eq!(codes(&[option("Size", &["S", "S"])]), ["DUPLICATED_OPTION_VALUE"]);
        assert_eq!(codes(&[option("Size", &[])]), ["OPTION_VALUES_MISSING"]);
        assert_eq!(codes(&[option("Size", &["S"]), option("size", &["M"])]), ["DUPLICATED_OPTION_NAME"]);
        let four: Vec<_> = ["A", "B", "C", "D"].iter().map(|name| option(name, &["x"])).collect();
        assert_eq!(codes(&four), ["OPTIONS_OVER_LIMIT"]);
    }
}
