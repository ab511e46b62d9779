//! `productCreate`, `productUpdate`, `productDelete`, and what `productSet` shares with them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::draft::{Draft, slug};
use super::options::{option_problems, read_options};
use super::{Args, list, object, text};
use crate::clock::Time;
use crate::lab::shopify::event::{Event, Subject};
use crate::lab::shopify::gid::{Gid, gid};
use crate::lab::shopify::resolve::{Node, Out};
use crate::lab::shopify::user_error::{UserError, user_errors};
use crate::lab::shopify::world::{DEFAULT_OPTION, Item, Kept, Level, Product, ProductOption, Variant, World};

/// A handle nobody has: a number at its end counts up, else one is put there. Observed on version 2025-01.
fn free_handle(world: &World, wanted: &str) -> String {
    let mut handle = wanted.to_owned();
    while handle_taken(world, &handle, None) {
        let stem = handle.trim_end_matches(|c: char| c.is_ascii_digit());
        handle = match handle.get(stem.len()..).and_then(|digits| digits.parse::<u128>().ok()) {
            Some(number) => format!("{stem}{}", number.saturating_add(1)),
            None => format!("{handle}-1"),
        };
    }
    handle
}

/// Whether another product has the handle.
pub fn handle_taken(world: &World, handle: &str, besides: Option<u64>) -> bool {
    world.handles.get(handle).is_some_and(|id| Some(*id) != besides)
}

/// Change what a draft gives; true when something changed.
pub fn edit(world: &mut World, id: u64, draft: &Draft) -> bool {
    let Some(product) = world.products.get_mut(&id) else { return false };
    let before = product.handle.clone();
    let changed = draft.apply(product);
    if product.handle != before {
        world.handles.remove(&before);
        world.handles.insert(product.handle.clone(), id);
    }
    changed
}

/// Make a product without variants. Its options are given as names and values; none makes it a simple one.
pub fn create(world: &mut World, draft: &Draft, options: &[(String, Vec<String>)], now: Time) -> u64 {
    let id = world.next_id("Product");
    let title = draft.title.clone().unwrap_or_default();
    let handle = draft.handle.clone().unwrap_or_else(|| slug(&title));
    let mut product = Product {
        id,
        handle: String::new(),
        title,
        status: "ACTIVE".to_owned(),
        description_html: String::new(),
        vendor: world.domain.split('.').next().unwrap_or_default().to_owned(),
        product_type: String::new(),
        tags: Vec::new(),
        options: Vec::new(),
        variants: Vec::new(),
        kept: Kept::new(),
        metafields: Vec::new(),
        created: now,
        updated: now,
    };
    draft.apply(&mut product);
    product.handle = free_handle(world, &handle);
    let simple = [(DEFAULT_OPTION.0.to_owned(), vec![DEFAULT_OPTION.1.to_owned()])];
    for (name, values) in if options.is_empty() { &simple } else { options } {
        product.options.push(new_option(world, name, values));
    }
    world.handles.insert(product.handle.clone(), id);
    world.products.insert(id, product);
    world.tell(Event::product("PRODUCTS_CREATE", id));
    id
}

/// An option with fresh ids.
pub fn new_option(world: &mut World, name: &str, values: &[String]) -> ProductOption {
    let id = world.next_id("ProductOption");
    let values = values.iter().map(|value| (world.next_id("ProductOptionValue"), value.clone())).collect();
    ProductOption { id, name: name.to_owned(), values }
}

/// Add a variant with nothing but its option values; stocked at the first location unless others are named.
pub fn add_variant(world: &mut World, product: u64, values: Vec<String>, locations: &[u64], now: Time) -> u64 {
    let id = world.next_id("ProductVariant");
    let item = world.next_id("InventoryItem");
    let first = world.locations.first().map(|location| location.id);
    let at: Vec<u64> = if locations.is_empty() { first.into_iter().collect() } else { locations.to_vec() };
    let variant = Variant {
        id,
        product,
        item,
        barcode: None,
        price: Decimal::ZERO,
        compare_at: None,
        policy: "DENY".to_owned(),
        taxable: true,
        values,
        kept: Kept::new(),
        metafields: Vec::new(),
        created: now,
        updated: now,
    };
    let item = Item {
        id: item,
        variant: id,
        sku: None,
        tracked: false,
        requires_shipping: true,
        cost: None,
        customs: BTreeMap::new(),
        weight: ("KILOGRAMS".to_owned(), 0.0),
        levels: at.into_iter().map(|location| (location, Level::empty(true, now))).collect(),
        created: now,
        updated: now,
    };
    world.items.insert(item.id, item);
    world.variants.insert(id, variant);
    if let Some(product) = world.products.get_mut(&product) {
        product.variants.push(id);
    }
    id
}

/// `productCreate`.
pub fn product_create(world: &mut World, args: &Args, now: Time) -> Node {
    let empty = Args::new();
    let input = object(args, "product").or_else(|| object(args, "input")).unwrap_or(&empty);
    let draft = Draft::read(input);
    let mut errors: Vec<UserError> = draft
        .problems(true)
        .into_iter()
        .map(|(field, message)| UserError::plain(if field.is_empty() { "handle" } else { field }, message))
        .collect();
    if let Some(handle) = draft.handle.as_ref().filter(|handle| handle_taken(world, handle, None)) {
        let message = format!("Handle '{handle}' already in use. Please provide a new handle.");
        errors.push(UserError::plain("input.handle", message));
    }
    let options = read_options(list(input, "productOptions"));
    if let Some((message, _)) = option_problems(&options).into_iter().next() {
        errors.push(UserError::plain("input.productOptions", message));
    }
    let mut made = None;
    if errors.is_empty() {
        let id = create(world, &draft, &options, now);
        draft.apply_metafields(world, id, now);
        let values = first_values(world, id);
        add_variant(world, id, values, &[], now);
        made = Some(Node::Product(id));
    }
    Node::record(
        "ProductCreatePayload",
        [
            ("product", Out::One(made)),
            ("shop", Out::one(Node::Shop)),
            ("userErrors", user_errors("UserError", &errors)),
        ],
    )
}

/// The first value of each option.
pub fn first_values(world: &World, product: u64) -> Vec<String> {
    let options = world.products.get(&product).map_or(&[][..], |product| &product.options);
    options.iter().filter_map(|option| option.values.first()).map(|(_, name)| name.clone()).collect()
}

/// `productUpdate`.
pub fn product_update(world: &mut World, args: &Args, now: Time) -> Node {
    let empty = Args::new();
    let input = object(args, "product").or_else(|| object(args, "input")).unwrap_or(&empty);
    let identifier = object(args, "identifier").unwrap_or(&empty);
    let by_id = text(identifier, "id").or_else(|| text(input, "id")).and_then(|id| Gid::number(id, "Product"));
    let by_handle = || world.handles.get(text(identifier, "handle")?).copied();
    let found = by_id.or_else(by_handle).filter(|id| world.products.contains_key(id));
    let draft = Draft::read(input);
    let mut errors = Vec::new();
    if found.is_none() {
        errors.push(UserError::plain("id", "Product does not exist"));
    }
    for (field, message) in draft.problems(false) {
        errors.push(UserError::plain(if field.is_empty() { "handle" } else { field }, message));
    }
    if let Some(handle) = draft.handle.as_ref().filter(|handle| handle_taken(world, handle, found)) {
        let message = format!("Handle '{handle}' already in use. Please provide a new handle.");
        errors.push(UserError::plain("input.handle", message));
    }
    if let (Some(id), true) = (found, errors.is_empty()) {
        let more = draft.apply_metafields(world, id, now);
        if edit(world, id, &draft) || more {
            world.touch(id, now);
        }
    }
    let product = found.map(Node::Product);
    Node::record(
        "ProductUpdatePayload",
        [("product", Out::One(product)), ("userErrors", user_errors("UserError", &errors))],
    )
}

/// `productDelete`.
pub fn product_delete(world: &mut World, args: &Args) -> Node {
    let id = object(args, "input").and_then(|input| Gid::number(text(input, "id")?, "Product"));
    let found = id.and_then(|id| world.products.get(&id).cloned());
    let mut errors = Vec::new();
    match &found {
        Some(product) => {
            for variant in &product.variants {
                world.drop_variant(*variant);
            }
            world.handles.remove(&product.handle);
            world.products.remove(&product.id);
            world.tell(Event { topic: "PRODUCTS_DELETE", subject: Subject::DeletedProduct(product.id) });
        }
        None => errors.push(UserError::plain("id", "Product does not exist")),
    }
    let deleted = found.map(|product| gid("Product", product.id));
    Node::record(
        "ProductDeletePayload",
        [
            ("deletedProductId", deleted.into()),
            ("shop", Out::one(Node::Shop)),
            ("userErrors", user_errors("UserError", &errors)),
        ],
    )
}
