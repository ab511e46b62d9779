//! The scalar fields of a product, as inputs give them.

use serde_json::Value;

use super::kept::{OF_PRODUCT, keep, metafields};
use super::{Args, text};
use crate::clock::Time;
use crate::lab::shopify::world::{Kept, Product, World};

/// Titles, handles, vendors and types: observed on version 2025-01.
const NAME_MAX: usize = 255;
/// The scalar fields of a product as given; `None` is left alone.
#[derive(Debug, Default, Clone)]
pub struct Draft {
    /// Title.
    pub title: Option<String>,
    /// Made plain.
    pub handle: Option<String>,
    status: Option<String>,
    description_html: Option<String>,
    vendor: Option<String>,
    product_type: Option<String>,
    tags: Option<Vec<String>>,
    kept: Kept,
    metafields: Args,
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
        let mut kept = Kept::new();
        keep(&mut kept, &OF_PRODUCT, input);
        Self {
            title: owned("title"),
            handle: text(input, "handle").map(slug).filter(|handle| !handle.is_empty()),
            status: owned("status"),
            description_html: owned("descriptionHtml"),
            vendor: owned("vendor"),
            product_type: owned("productType"),
            tags,
            kept,
            metafields: input
                .iter()
                .filter(|(name, _)| *name == "metafields")
                .map(|(a, b)| (a.clone(), b.clone()))
                .collect(),
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
        let mut kept = product.kept.clone();
        kept.extend(self.kept.clone());
        [
            put(Some(&kept), &mut product.kept),
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

impl Draft {
    /// Change or add the metafields that are given; true when there are any.
    pub fn apply_metafields(&self, world: &mut World, product: u64, now: Time) -> bool {
        let before = world.products.get(&product).map(|product| product.metafields.clone()).unwrap_or_default();
        let after = metafields(world, &before, &self.metafields, "PRODUCT", now);
        if let Some(product) = world.products.get_mut(&product) {
            product.metafields = after;
        }
        !self.metafields.is_empty()
    }
}

/// A handle made plain: `  Another Weird/Handle 300 % ` is `another-weird-handle-300`.
pub fn slug(text: &str) -> String {
    let dashed: String = text.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_made_plain() {
        assert_eq!(slug("  Another Weird/Handle 300 % "), "another-weird-handle-300");
        assert_eq!(slug("Größe — XL"), "größe-xl");
    }
}
