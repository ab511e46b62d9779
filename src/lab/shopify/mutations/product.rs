//! `productCreate`, `productUpdate`, `productDelete`, `productOptionsCreate`, and what `productSet` shares with them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Args, list, object, text};
use crate::clock::Time;
use crate::lab::shopify::event::{Event, Subject};
use crate::lab::shopify::gid::{Gid, gid};
use crate::lab::shopify::resolve::{Node, Out};
use crate::lab::shopify::user_error::{UserError, user_errors};
use crate::lab::shopify::world::{DEFAULT_OPTION, Item, Level, Product, ProductOption, Variant, World};

/// Titles, handles, vendors and types: observed on version 2025-01.
const NAME_MAX: usize = 255;
/// Options of a product.
pub const OPTIONS_MAX: usize = 3;

/// The scalar fields of a product as given; `None` is left alone.
#[derive(Debug, Default, Clone)]
pub struct Draft {
    title: Option<String>,
    /// Made plain.
    pub handle: Option<String>,
    status: Option<String>,
    description_html: Option<String>,
    vendor: Option<String>,
    product_type: Option<String>,
    tags: Option<Vec<String>>,
}

impl Draft {
    /// Title and handle; a blank handle is made from the title.
    pub fn named(title: &str, handle: &str) -> Self {
        let handle = Some(slug(handle)).filter(|handle| !handle.is_empty());
        Self { title: Some(title.to_owned()), handle, ..Self::default() }
    }

    /// Read an input object.
    pub fn read(input: &Args) -> Self {
        let owned = |name: &str| text(input, name).map(str::to_owned);
        let tags = input.get("tags").and_then(Value::as_array).map(|tags| {
            let mut tags: Vec<String> =
                tags.iter().filter_map(Value::as_str).map(|tag| tag.trim().to_owned()).collect();
            tags.sort();
            tags.dedup();
            tags
        });
        Self {
            title: owned("title"),
            handle: text(input, "handle").map(slug).filter(|handle| !handle.is_empty()),
            status: owned("status"),
            description_html: owned("descriptionHtml"),
            vendor: owned("vendor"),
            product_type: owned("productType"),
            tags,
        }
    }

    /// What is wrong with it: field (`title`, or empty for the input as a whole) and message.
    pub fn problems(&self, creating: bool) -> Vec<(&'static str, String)> {
        let too_long = |value: &Option<String>| value.as_ref().is_some_and(|value| value.chars().count() > NAME_MAX);
        let mut problems = Vec::new();
        let blank = |title: &String| title.trim().is_empty();
        if self.title.as_ref().is_some_and(blank) || (creating && self.title.is_none()) {
            problems.push(("title", "Title can't be blank".to_owned()));
        }
        if too_long(&self.title) {
            problems.push(("title", format!("is too long (maximum is {NAME_MAX} characters)")));
        }
        let made_handle = creating
            && self.handle.is_none()
            && self.title.as_ref().is_some_and(|title| slug(title).chars().count() > NAME_MAX);
        let mut whole = |wrong: bool, name: &str| {
            if wrong {
                problems.push(("", format!("{name} is too long (maximum is {NAME_MAX} characters)")));
            }
        };
        whole(made_handle || too_long(&self.handle), "Handle");
        whole(too_long(&self.vendor), "Vendor");
        whole(too_long(&self.product_type), "Product type");
        whole(too_long(&self.product_type), "Custom product type");
        problems
    }

    /// Change what is given; true when something changed.
    pub fn apply(&self, product: &mut Product) -> bool {
        fn put<T: Clone + PartialEq>(new: Option<&T>, old: &mut T) -> bool {
            match new {
                Some(new) if new != old => {
                    *old = new.clone();
                    true
                }
                _ => false,
            }
        }
        [
            put(self.title.as_ref(), &mut product.title),
            put(self.handle.as_ref(), &mut product.handle),
            put(self.status.as_ref(), &mut product.status),
            put(self.description_html.as_ref(), &mut product.description_html),
            put(self.vendor.as_ref(), &mut product.vendor),
            put(self.product_type.as_ref(), &mut product.product_type),
            put(self.tags.as_ref(), &mut product.tags),
        ]
        .contains(&true)
    }
}

/// A handle made plain: `  Another Weird/Handle 300 % ` is `another-weird-handle-300`.
fn slug(text: &str) -> String {
    let dashed: String = text.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

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
    world.products.values().any(|product| product.handle == handle && Some(product.id) != besides)
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
        created: now,
        updated: now,
    };
    draft.apply(&mut product);
    product.handle = free_handle(world, &handle);
    let simple = [(DEFAULT_OPTION.0.to_owned(), vec![DEFAULT_OPTION.1.to_owned()])];
    for (name, values) in if options.is_empty() { &simple } else { options } {
        product.options.push(new_option(world, name, values));
    }
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

/// `productUpdate`.
pub fn product_update(world: &mut World, args: &Args, now: Time) -> Node {
    let empty = Args::new();
    let input = object(args, "product").or_else(|| object(args, "input")).unwrap_or(&empty);
    let identifier = object(args, "identifier").unwrap_or(&empty);
    let by_id = text(identifier, "id").or_else(|| text(input, "id")).and_then(|id| Gid::number(id, "Product"));
    let by_handle = || {
        let handle = text(identifier, "handle")?;
        world.products.values().find(|product| product.handle == handle).map(|product| product.id)
    };
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
    if let (Some(id), true) = (found, errors.is_empty())
        && world.products.get_mut(&id).is_some_and(|product| draft.apply(product))
    {
        world.touch(id, now);
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

/// `productOptionsCreate`: existing variants take the first value of each new option; the option of a simple product
/// makes way.
pub fn options_create(world: &mut World, args: &Args, now: Time) -> Node {
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
    fn handles_are_made_plain() {
        assert_eq!(slug("  Another Weird/Handle 300 % "), "another-weird-handle-300");
        assert_eq!(slug("Größe — XL"), "größe-xl");
    }

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
