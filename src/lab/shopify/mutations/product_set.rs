//! `productSet`: a product with its options, variants and stock in one call. Lists delete what they leave out.

use serde_json::Value;

use super::draft::Draft;
use super::options::option_problems;
use super::product::{self, add_variant, handle_taken, new_option};
use super::variant_input::{ValueProblem, apply, exists_already, option_values, price_problems};
use super::{Args, list, object, text};
use crate::clock::Time;
use crate::lab::shopify::gid::{Gid, gid};
use crate::lab::shopify::resolve::{Node, Out};
use crate::lab::shopify::user_error::{UserError, user_errors};
use crate::lab::shopify::world::{Product, ProductOption, World};

/// Variants of a product.
const VARIANTS_MAX: usize = 2048;

struct Set<'a> {
    target: Option<u64>,
    draft: Draft,
    options: Option<Vec<ProductOption>>,
    variants: Vec<SetVariant<'a>>,
}

struct SetVariant<'a> {
    id: Option<u64>,
    values: Vec<String>,
    input: &'a Args,
    stock: Vec<(u64, String, i64)>,
}

/// `productSet`.
pub fn product_set(world: &mut World, args: &Args, now: Time) -> Node {
    let outcome = read(world, args).map(|set| write(world, set, now));
    let (product, errors) = match outcome {
        Ok(product) => (Some(product), Vec::new()),
        Err(errors) => (None, errors),
    };
    if args.get("synchronous").and_then(Value::as_bool).unwrap_or(true) {
        return answer(product, None, &errors);
    }
    // Done at once, but told only by `productOperation`.
    let id = world.next_id("ProductSetOperation");
    world.operations.insert(id, (product, errors));
    let operation = Node::record(
        "ProductSetOperation",
        [
            ("id", gid("ProductSetOperation", id).into()),
            ("status", "CREATED".into()),
            ("userErrors", Out::Many(Vec::new())),
        ],
    );
    answer(None, Some(operation), &[])
}

fn answer(product: Option<u64>, operation: Option<Node>, errors: &[UserError]) -> Node {
    Node::record(
        "ProductSetPayload",
        [
            ("product", Out::One(product.map(Node::Product))),
            ("productSetOperation", Out::One(operation)),
            ("userErrors", user_errors("ProductSetUserError", errors)),
        ],
    )
}

fn read<'a>(world: &mut World, args: &'a Args) -> Result<Set<'a>, Vec<UserError>> {
    let Some(input) = object(args, "input") else { return Err(Vec::new()) };
    let draft = Draft::read(input);
    let target = target(world, object(args, "identifier"), input).map_err(|error| vec![error])?;
    let mut errors: Vec<UserError> = draft
        .problems(target.is_none())
        .into_iter()
        .map(|(field, message)| {
            let field = if field.is_empty() { "input".to_owned() } else { format!("input.{field}") };
            UserError::new(&field, message, "INVALID_PRODUCT")
        })
        .collect();
    if let Some(handle) = draft.handle.as_ref().filter(|handle| handle_taken(world, handle, target)) {
        let message = format!("Handle '{handle}' already in use. Please provide a new handle.");
        errors.push(UserError::new("input.handle", message, "HANDLE_NOT_UNIQUE"));
    }
    match (input.contains_key("productOptions"), input.contains_key("variants")) {
        (true, false) => errors.push(UserError::new(
            "input.variants",
            "Variants input is required when updating product options",
            "VARIANTS_INPUT_MISSING",
        )),
        (false, true) => errors.push(UserError::new(
            "input.productOptions",
            "Product options input is required when updating variants",
            "PRODUCT_OPTIONS_INPUT_MISSING",
        )),
        (true, true) | (false, false) => {}
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if !input.contains_key("variants") {
        return Ok(Set { target, draft, options: None, variants: Vec::new() });
    }
    let before = target.and_then(|id| world.products.get(&id)).cloned();
    let options = read_options(world, before.as_ref(), list(input, "productOptions"))?;
    let variants = read_variants(world, before.as_ref(), &options, list(input, "variants"))?;
    Ok(Set { target, draft, options: Some(options), variants })
}

/// The product that is meant; `None`: a new one.
fn target(world: &World, identifier: Option<&Args>, input: &Args) -> Result<Option<u64>, UserError> {
    let existing = |id: &str, code| {
        let found = Gid::number(id, "Product").filter(|id| world.products.contains_key(id));
        found.map(Some).ok_or_else(|| UserError::new("input", "Product does not exist", code))
    };
    let Some(identifier) = identifier else {
        return text(input, "id").map_or(Ok(None), |id| existing(id, "PRODUCT_DOES_NOT_EXIST"));
    };
    if input.contains_key("id") {
        let message = "The id field is not allowed if identifier is provided.";
        return Err(UserError::new("input", message, "ID_NOT_ALLOWED"));
    }
    match (text(identifier, "id"), text(identifier, "handle")) {
        (Some(id), None) => existing(id, "NOT_FOUND"),
        (None, Some(handle)) => {
            let given = text(input, "handle").ok_or_else(|| {
                let message = "The input field corresponding to the identifier is required.";
                UserError::new("input", message, "MISSING_FIELD_REQUIRED")
            })?;
            if given != handle {
                let message = "The identifier value does not match the value of the corresponding field in the input.";
                return Err(UserError::new("input", message, "INPUT_MISMATCH"));
            }
            Ok(world.handles.get(handle).copied())
        }
        _ => Err(UserError::new("identifier", "Exactly one identifier must be given.", "INVALID_INPUT")),
    }
}

/// Options as they shall be; what stays keeps its ids.
fn read_options(
    world: &mut World,
    before: Option<&Product>,
    inputs: &[Value],
) -> Result<Vec<ProductOption>, Vec<UserError>> {
    let mut given: Vec<&Args> = inputs.iter().filter_map(Value::as_object).collect();
    given.sort_by_key(|option| option.get("position").and_then(Value::as_i64).unwrap_or(i64::MAX));
    let held = before.map_or(&[][..], |product| &product.options);
    let mut options = Vec::new();
    for (index, input) in given.into_iter().enumerate() {
        let id = text(input, "id").and_then(|id| Gid::number(id, "ProductOption"));
        let name = text(input, "name");
        let old = held.iter().find(|option| match id {
            Some(id) => option.id == id,
            None => Some(option.name.as_str()) == name,
        });
        if id.is_some() && old.is_none() {
            let field = format!("input.productOptions.{index}.id");
            return Err(vec![UserError::new(&field, "Option does not exist.", "OPTION_DOES_NOT_EXIST")]);
        }
        let values: Vec<String> = list(input, "values")
            .iter()
            .filter_map(|value| {
                let by_id = || {
                    let id = Gid::number(value.get("id")?.as_str()?, "ProductOptionValue")?;
                    old?.values.iter().find(|(other, _)| *other == id).map(|(_, name)| name.clone())
                };
                value.get("name").and_then(Value::as_str).map(str::to_owned).or_else(by_id)
            })
            .collect();
        let name = name.or(old.map(|option| option.name.as_str())).unwrap_or_default();
        let mut option = new_option(world, name, &values);
        if let Some(old) = old {
            option.id = old.id;
            for (id, value) in &mut option.values {
                if let Some((old, _)) = old.values.iter().find(|(_, name)| name == value) {
                    *id = *old;
                }
            }
        }
        options.push(option);
    }
    let plain: Vec<(String, Vec<String>)> = options
        .iter()
        .map(|option| (option.name.clone(), option.values.iter().map(|(_, value)| value.clone()).collect()))
        .collect();
    let problems = option_problems(&plain);
    let errors: Vec<UserError> =
        problems.into_iter().map(|(message, code)| UserError::new("input.productOptions", message, code)).collect();
    if errors.is_empty() { Ok(options) } else { Err(errors) }
}

fn read_variants<'a>(
    world: &World,
    before: Option<&Product>,
    options: &[ProductOption],
    inputs: &'a [Value],
) -> Result<Vec<SetVariant<'a>>, Vec<UserError>> {
    if inputs.is_empty() || inputs.len() > VARIANTS_MAX {
        let message = format!("A product has between 1 and {VARIANTS_MAX} variants");
        return Err(vec![UserError::new("input.variants", message, "VARIANTS_OVER_LIMIT")]);
    }
    let mut variants: Vec<SetVariant<'_>> = Vec::new();
    let mut errors = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        let at = format!("input.variants.{index}");
        let Some(input) = input.as_object() else { continue };
        match read_variant(world, before, options, input, &at) {
            Ok(variant) if variants.iter().any(|other| other.values == variant.values) => {
                errors.push(UserError::new(&at, exists_already(&variant.values), "INVALID_VARIANT"));
            }
            Ok(variant) => variants.push(variant),
            Err(mut more) => errors.append(&mut more),
        }
    }
    variants.sort_by_key(|variant| variant.input.get("position").and_then(Value::as_i64).unwrap_or(i64::MAX));
    if errors.is_empty() { Ok(variants) } else { Err(errors) }
}

fn read_variant<'a>(
    world: &World,
    before: Option<&Product>,
    options: &[ProductOption],
    input: &'a Args,
    at: &str,
) -> Result<SetVariant<'a>, Vec<UserError>> {
    let mut errors = Vec::new();
    let mut wrong = |field: &str, message: &str, code| {
        errors.push(UserError::new(&format!("{at}.{field}"), message, code));
    };
    let held = |id: &u64| before.is_some_and(|product| product.variants.contains(id));
    let id = text(input, "id").and_then(|id| Gid::number(id, "ProductVariant")).filter(held);
    if input.get("id").is_some_and(|id| !id.is_null()) && id.is_none() {
        wrong("id", "Product variant does not exist.", "PRODUCT_VARIANT_DOES_NOT_EXIST");
    }
    for (field, problem) in price_problems(input) {
        wrong(field, &problem.words(field), "INVALID_VARIANT");
    }
    let values = match option_values(options, input, &[]) {
        Ok(values) => {
            let known =
                |(option, value): (&ProductOption, &String)| option.values.iter().any(|(_, name)| name == value);
            if !options.iter().zip(&values).all(known) {
                wrong("optionValues", "Option value does not exist.", "OPTION_VALUE_DOES_NOT_EXIST");
            }
            values
        }
        Err(problem) => {
            match problem {
                ValueProblem::NoOption => wrong("optionValues", "Option does not exist.", "OPTION_DOES_NOT_EXIST"),
                ValueProblem::NoValue => {
                    wrong("optionValues", "Option value does not exist.", "OPTION_VALUE_DOES_NOT_EXIST");
                }
                ValueProblem::Missing(option) => {
                    wrong("optionValues", &format!("No value is given for the option {option}."), "INVALID_VARIANT");
                }
            }
            Vec::new()
        }
    };
    let item = id.and_then(|id| world.variant(id)).map(|(_, _, item)| item);
    let mut stock = Vec::new();
    for (index, entry) in list(input, "inventoryQuantities").iter().filter_map(Value::as_object).enumerate() {
        let location = text(entry, "locationId").and_then(|id| Gid::number(id, "Location"));
        let known = location.filter(|id| world.locations.iter().any(|location| location.id == *id));
        let name = text(entry, "name").unwrap_or_default();
        let quantity = entry.get("quantity").and_then(Value::as_i64).unwrap_or_default();
        let stocked = |location: &u64| item.is_none_or(|item| item.levels.contains_key(location));
        match known {
            None => wrong(
                &format!("inventoryQuantities.{index}.locationId"),
                "The specified location could not be found.",
                "INVALID_VARIANT",
            ),
            Some(location) if !stocked(&location) => wrong(
                &format!("inventoryQuantities.{index}"),
                "Quantities can only be updated at locations where the variant is already stocked.",
                "INVALID_VARIANT",
            ),
            Some(_) if !matches!(name, "available" | "on_hand") => wrong(
                &format!("inventoryQuantities.{index}.name"),
                "The quantity name must be either 'available' or 'on_hand'.",
                "INVALID_VARIANT",
            ),
            Some(location) => stock.push((location, name.to_owned(), quantity)),
        }
    }
    if errors.is_empty() { Ok(SetVariant { id, values, input, stock }) } else { Err(errors) }
}

fn write(world: &mut World, set: Set<'_>, now: Time) -> u64 {
    let (id, new) = match set.target {
        Some(id) => (id, false),
        None => (product::create(world, &set.draft, &[], now), true),
    };
    if !new {
        product::edit(world, id, &set.draft);
    }
    set.draft.apply_metafields(world, id, now);
    if let (Some(product), Some(options)) = (world.products.get_mut(&id), &set.options) {
        product.options.clone_from(options);
    }
    if set.options.is_some() {
        write_variants(world, id, &set.variants, now);
    } else if new {
        let values = product::first_values(world, id);
        add_variant(world, id, values, &[], now);
    }
    if !new {
        world.touch(id, now);
    }
    id
}

fn write_variants(world: &mut World, product: u64, variants: &[SetVariant<'_>], now: Time) {
    let before = world.products.get(&product).map(|product| product.variants.clone()).unwrap_or_default();
    for old in before {
        if !variants.iter().any(|variant| variant.id == Some(old)) {
            world.drop_variant(old);
        }
    }
    let mut order = Vec::new();
    for variant in variants {
        let id = variant.id.unwrap_or_else(|| {
            let locations: Vec<u64> = variant.stock.iter().map(|(location, ..)| *location).collect();
            add_variant(world, product, variant.values.clone(), &locations, now)
        });
        if let Some(held) = world.variants.get_mut(&id) {
            held.values.clone_from(&variant.values);
        }
        apply(world, id, variant.input, now);
        for (location, name, quantity) in &variant.stock {
            let Some((_, _, item)) = world.variant(id) else { continue };
            let had = item.levels.get(location).and_then(|level| level.quantity(name)).unwrap_or_default();
            let item = item.id;
            if *quantity != had {
                world.move_stock(item, *location, "available", quantity - had, now);
            }
        }
        order.push(id);
    }
    if let Some(product) = world.products.get_mut(&product) {
        product.variants = order;
    }
}
