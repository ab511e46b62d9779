//! `productVariantsBulkCreate`, `productVariantsBulkUpdate`, `productVariantsBulkDelete`.

use serde_json::Value;

use super::product::add_variant;
use super::variant_input::{
    PriceProblem, ValueProblem, apply, exists_already, option_values, price_problems, settle_values,
};
use super::{Args, list, text};
use crate::clock::Time;
use crate::lab::shopify::gid::Gid;
use crate::lab::shopify::resolve::{Node, Out};
use crate::lab::shopify::user_error::{UserError, user_errors};
use crate::lab::shopify::world::{DEFAULT_OPTION, Product, World};

const CREATE_ERROR: &str = "ProductVariantsBulkCreateUserError";
const UPDATE_ERROR: &str = "ProductVariantsBulkUpdateUserError";

struct New {
    values: Vec<String>,
    input: Args,
    stock: Vec<(u64, i64)>,
}

/// `productVariantsBulkCreate`.
pub fn bulk_create(world: &mut World, args: &Args, now: Time) -> Node {
    let id = text(args, "productId").and_then(|id| Gid::number(id, "Product"));
    let Some(product) = id.and_then(|id| world.products.get(&id)).cloned() else {
        let error = UserError::new("productId", "Product does not exist", "PRODUCT_DOES_NOT_EXIST");
        return created(None, None, &[error]);
    };
    // A simple product's only variant makes way, whatever it sells as; other standalone variants only when told so.
    let removes = match text(args, "strategy") {
        Some("REMOVE_STANDALONE_VARIANT") => product.variants.len() == 1,
        Some("PRESERVE_STANDALONE_VARIANT") => false,
        _ => product.is_simple(),
    };
    let (new, errors) = read_new(world, &product, list(args, "variants"), removes);
    if !errors.is_empty() {
        return created(None, None, &errors);
    }
    if removes {
        for variant in &product.variants {
            world.drop_variant(*variant);
        }
    }
    let mut made = Vec::new();
    for new in new {
        let locations: Vec<u64> = new.stock.iter().map(|(location, _)| *location).collect();
        let variant = add_variant(world, product.id, new.values, &locations, now);
        apply(world, variant, &new.input, now);
        let item = world.variants.get(&variant).map(|variant| variant.item);
        for (location, quantity) in new.stock {
            if let Some(item) = item {
                world.move_stock(item, location, "available", quantity, now);
            }
        }
        made.push(variant);
    }
    settle_values(world, product.id, removes);
    world.touch(product.id, now);
    created(Some(product.id), Some(&made), &[])
}

fn created(product: Option<u64>, variants: Option<&[u64]>, errors: &[UserError]) -> Node {
    Node::record(
        "ProductVariantsBulkCreatePayload",
        [
            ("product", Out::One(product.map(Node::Product))),
            ("productVariants", variants.map_or(Out::One(None), variant_nodes)),
            ("userErrors", user_errors(CREATE_ERROR, errors)),
        ],
    )
}

fn variant_nodes(ids: &[u64]) -> Out {
    Out::many(ids.iter().map(|id| Node::Variant(*id)))
}

fn read_new(world: &World, product: &Product, inputs: &[Value], removes: bool) -> (Vec<New>, Vec<UserError>) {
    let mut taken: Vec<Vec<String>> = Vec::new();
    if !removes {
        let held = product.variants.iter().filter_map(|id| world.variants.get(id));
        taken.extend(held.map(|variant| variant.values.clone()));
    }
    let mut new = Vec::new();
    let mut errors = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        let at = format!("variants.{index}");
        let Some(input) = input.as_object() else { continue };
        if input.contains_key("id") {
            let message = "On create, this key cannot be used.";
            errors.push(UserError::new(&format!("{at}.id"), message, "NO_KEY_ON_CREATE"));
        }
        for (field, problem) in price_problems(input) {
            errors.push(UserError::new(&format!("{at}.{field}"), problem.words(field), price_code(problem)));
        }
        let stock = match read_stock(world, input) {
            Ok(stock) => stock,
            Err(entry) => {
                let field = format!("{at}.inventoryQuantities.{entry}.locationId");
                let message = "Quantity could not be set. The location was not found.";
                errors.push(UserError::new(&field, message, "TRACKED_VARIANT_LOCATION_NOT_FOUND"));
                Vec::new()
            }
        };
        // Without option values a simple product's variant stands for itself.
        let simple = [DEFAULT_OPTION.1.to_owned()];
        let before = if removes && product.is_simple() { &simple[..] } else { &[] };
        match option_values(&product.options, input, before) {
            Ok(values) if taken.contains(&values) => {
                errors.push(UserError::new(&at, exists_already(&values), "VARIANT_ALREADY_EXISTS"));
            }
            Ok(values) => {
                taken.push(values.clone());
                new.push(New { values, input: input.clone(), stock });
            }
            Err(problem) => {
                let (message, code) = match problem {
                    ValueProblem::NoOption => ("Option does not exist".to_owned(), "INVALID_INPUT"),
                    ValueProblem::NoValue => ("Option value does not exist".to_owned(), "INVALID_INPUT"),
                    ValueProblem::Missing(option) => {
                        (format!("You need to add option values for {option}"), "NEED_TO_ADD_OPTION_VALUES")
                    }
                };
                errors.push(UserError::new(&format!("{at}.optionValues"), message, code));
            }
        }
    }
    (new, errors)
}

/// Quantities at known locations, or the index of the first at an unknown one.
fn read_stock(world: &World, input: &Args) -> Result<Vec<(u64, i64)>, usize> {
    let entries = list(input, "inventoryQuantities").iter().filter_map(Value::as_object).enumerate();
    entries
        .map(|(index, entry)| {
            let location = text(entry, "locationId").and_then(|id| Gid::number(id, "Location"));
            let known = location.filter(|id| world.locations.iter().any(|location| location.id == *id));
            let quantity = entry.get("availableQuantity").and_then(Value::as_i64).unwrap_or_default();
            known.map(|location| (location, quantity)).ok_or(index)
        })
        .collect()
}

fn price_code(problem: PriceProblem) -> &'static str {
    match problem {
        PriceProblem::Negative => "GREATER_THAN_OR_EQUAL_TO",
        PriceProblem::TooHigh => "INVALID_INPUT",
    }
}

/// `productVariantsBulkUpdate`: all or nothing, unless `allowPartialUpdates`.
pub fn bulk_update(world: &mut World, args: &Args, now: Time) -> Node {
    let id = text(args, "productId").and_then(|id| Gid::number(id, "Product"));
    let Some(product) = id.and_then(|id| world.products.get(&id)).cloned() else {
        let error = UserError::new("productId", "Product does not exist", "PRODUCT_DOES_NOT_EXIST");
        return updated(None, None, &[error]);
    };
    let mut good = Vec::new();
    let mut named = Vec::new();
    let mut errors = Vec::new();
    for (index, input) in list(args, "variants").iter().filter_map(Value::as_object).enumerate() {
        let mut wrong = Vec::new();
        match read_update(world, &product, input, &format!("variants.{index}"), &mut wrong) {
            Some((variant, values)) => {
                named.push(variant);
                if wrong.is_empty() {
                    good.push((variant, values, input));
                }
            }
            None => debug_assert!(!wrong.is_empty(), "a variant without a fault is found"),
        }
        errors.append(&mut wrong);
    }
    errors.sort_by(|a, b| a.field().cmp(b.field()));
    let partial = args.get("allowPartialUpdates").and_then(Value::as_bool).unwrap_or_default();
    if !good.is_empty() && (errors.is_empty() || partial) {
        for (variant, values, input) in good {
            if let Some(variant) = world.variants.get_mut(&variant) {
                variant.values = values;
            }
            apply(world, variant, input, now);
        }
        settle_values(world, product.id, false);
        world.touch(product.id, now);
    }
    updated(Some(product.id), Some(&named), &errors)
}

fn updated(product: Option<u64>, variants: Option<&[u64]>, errors: &[UserError]) -> Node {
    Node::record(
        "ProductVariantsBulkUpdatePayload",
        [
            ("product", Out::One(product.map(Node::Product))),
            ("productVariants", variants.map_or(Out::One(None), variant_nodes)),
            ("userErrors", user_errors(UPDATE_ERROR, errors)),
        ],
    )
}

fn read_update(
    world: &World,
    product: &Product,
    input: &Args,
    at: &str,
    errors: &mut Vec<UserError>,
) -> Option<(u64, Vec<String>)> {
    let mut wrong = |field: &str, message: String, code| {
        let field = if field.is_empty() { at.to_owned() } else { format!("{at}.{field}") };
        errors.push(UserError::new(&field, message, code));
    };
    let Some(id) = text(input, "id") else {
        wrong("id", "Product variant is missing ID attribute".to_owned(), "PRODUCT_VARIANT_ID_MISSING");
        return None;
    };
    let variant = Gid::number(id, "ProductVariant").and_then(|id| world.variants.get(&id));
    let Some(variant) = variant.filter(|variant| variant.product == product.id) else {
        wrong("id", "Product variant does not exist".to_owned(), "PRODUCT_VARIANT_DOES_NOT_EXIST");
        return None;
    };
    for (field, problem) in price_problems(input) {
        wrong(field, problem.words(field), price_code(problem));
    }
    if !list(input, "inventoryQuantities").is_empty() {
        let message = "Inventory quantities can only be provided during create. \
                       To update inventory for existing variants, use inventoryAdjustQuantities.";
        wrong("inventoryQuantities", message.to_owned(), "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE");
    }
    let values = match option_values(&product.options, input, &variant.values) {
        Ok(values) => values,
        Err(_) => {
            wrong("optionValues", "Option does not exist".to_owned(), "OPTION_DOES_NOT_EXIST");
            variant.values.clone()
        }
    };
    let mut others = product.variants.iter().filter(|other| **other != variant.id);
    if others.any(|other| world.variants.get(other).is_some_and(|other| other.values == values)) {
        wrong("", exists_already(&values), "VARIANT_ALREADY_EXISTS");
    }
    Some((variant.id, values))
}

/// `productVariantsBulkDelete`: all or nothing; a product keeps at least one variant.
pub fn bulk_delete(world: &mut World, args: &Args, now: Time) -> Node {
    let id = text(args, "productId").and_then(|id| Gid::number(id, "Product"));
    let product = id.and_then(|id| world.products.get(&id)).cloned();
    let mut errors = Vec::new();
    let mut going = Vec::new();
    match &product {
        None => errors.push(UserError::new("productId", "Product does not exist", "PRODUCT_DOES_NOT_EXIST")),
        Some(product) => {
            for (index, id) in list(args, "variantsIds").iter().enumerate() {
                let id = id.as_str().and_then(|id| Gid::number(id, "ProductVariant"));
                match id.filter(|id| product.variants.contains(id)) {
                    Some(id) if going.contains(&id) => {}
                    Some(id) => going.push(id),
                    None => errors.push(UserError::new(
                        &format!("variantsIds.{index}"),
                        "At least one variant does not belong to the product",
                        "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT",
                    )),
                }
            }
            if going.len() == product.variants.len() {
                let message = "Cannot delete the last variant of a product";
                errors.push(UserError::new("variantsIds", message, "CANNOT_DELETE_LAST_VARIANT"));
            }
        }
    }
    if let (Some(product), true) = (&product, errors.is_empty() && !going.is_empty()) {
        for variant in going {
            world.drop_variant(variant);
        }
        settle_values(world, product.id, true);
        world.touch(product.id, now);
    }
    Node::record(
        "ProductVariantsBulkDeletePayload",
        [
            ("product", Out::One(product.map(|product| Node::Product(product.id)))),
            ("userErrors", user_errors("ProductVariantsBulkDeleteUserError", &errors)),
        ],
    )
}
