//! Plausible catalogs of any size, from a seed.

use super::field::slug;
use crate::lab::LabItem;
use crate::rng::Rng;

const ADJECTIVES: &[&str] =
    &["Classic", "Alpine", "Harbour", "Everyday", "Heritage", "Soft", "Bold", "Nordic", "Urban", "Meadow"];
const MATERIALS: &[&str] = &["Cotton", "Linen", "Wool", "Oak", "Leather", "Steel", "Cork", "Canvas", "Bamboo", "Felt"];
const GOODS: &[&str] =
    &["Shirt", "Jacket", "Bag", "Lamp", "Mug", "Blanket", "Apron", "Stool", "Notebook", "Cap", "Scarf", "Tray"];
const SIZES: &[&str] = &["XS", "S", "M", "L", "XL", "XXL"];
const COLOURS: &[&str] = &["Black", "White", "Navy", "Sand", "Olive", "Rust", "Grey", "Sky"];

/// Products have one variant (a simple product) up to twelve.
const VARIANTS_MAX: usize = 12;

/// Exactly so many variants, with unique SKUs. The same seed gives the same catalog, and a shorter one is a longer
/// one's beginning.
pub fn generate(variants: usize, seed: u64) -> Vec<LabItem> {
    let mut rng = Rng::new(seed);
    let mut items = Vec::with_capacity(variants);
    let mut number = 0;
    while items.len() < variants {
        number += 1;
        let product = product(&mut rng, number);
        let room = variants - items.len();
        items.extend(product.into_iter().take(room));
    }
    items
}

fn product(rng: &mut Rng, number: usize) -> Vec<LabItem> {
    let mut word = |words: &'static [&'static str]| rng.pick(words).copied().unwrap_or_default();
    let (adjective, material, good) = (word(ADJECTIVES), word(MATERIALS), word(GOODS));
    // The number keeps titles, and so handles, apart.
    let title = format!("{adjective} {material} {good} {number}");
    let handle = slug(&title);
    let code: String = good.chars().filter(char::is_ascii_alphabetic).take(3).collect::<String>().to_uppercase();
    let base_cents = rng.between(4, 180) * 100 + rng.pick(&[0, 49, 50, 90, 95, 99]).copied().unwrap_or_default();
    let options = options(rng);
    options
        .into_iter()
        .enumerate()
        .map(|(place, options)| {
            let tail: String = options.iter().map(|(_, value)| format!("-{}", abbreviate(value))).collect();
            // Larger sizes cost a little more, in some products.
            let cents = base_cents + if base_cents % 200 == 0 { 50 * place as i64 } else { 0 };
            LabItem {
                sku: format!("{code}-{number:05}{tail}"),
                handle: handle.clone(),
                title: title.clone(),
                options,
                price: format!("{}.{:02}", cents / 100, cents % 100),
                stock: stock(rng),
            }
        })
        .collect()
}

/// The option values of each variant: none (a simple product), sizes, colours, or both.
fn options(rng: &mut Rng) -> Vec<Vec<(String, String)>> {
    let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let some = |rng: &mut Rng, all: &'static [&'static str], most: usize| {
        let count = 2 + rng.below(most - 1);
        let first = rng.below(all.len() + 1 - count);
        all.iter().skip(first).take(count).copied().collect::<Vec<&str>>()
    };
    let options: Vec<Vec<(String, String)>> = match rng.below(10) {
        0..=3 => vec![Vec::new()],
        4..=6 => some(rng, SIZES, SIZES.len()).into_iter().map(|size| vec![value("Size", size)]).collect(),
        7 => some(rng, COLOURS, COLOURS.len()).into_iter().map(|colour| vec![value("Colour", colour)]).collect(),
        _ => {
            let colours = some(rng, COLOURS, 3);
            let sizes = some(rng, SIZES, 4);
            let each = |colour: &&str| -> Vec<_> {
                sizes.iter().map(|size| vec![value("Colour", colour), value("Size", size)]).collect()
            };
            colours.iter().flat_map(each).collect()
        }
    };
    debug_assert!((1..=VARIANTS_MAX).contains(&options.len()));
    options
}

/// `Black` becomes `BLA`; sizes stay. Within [`SIZES`] and [`COLOURS`] no two are alike.
fn abbreviate(value: &str) -> String {
    value.chars().take(3).collect::<String>().to_uppercase()
}

/// Mostly some, now and then none or many.
fn stock(rng: &mut Rng) -> i64 {
    match rng.below(20) {
        0 => 0,
        1..=2 => rng.between(100, 400),
        _ => rng.between(1, 60),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn is_repeatable_and_exact() {
        assert_eq!(generate(500, 1), generate(500, 1));
        assert_ne!(generate(500, 1), generate(500, 2));
        assert_eq!(generate(500, 1)[..100], generate(100, 1));
        assert_eq!(generate(0, 1), []);
    }

    #[test]
    fn is_plausible() {
        let items = generate(5_000, 9);
        let skus: BTreeSet<&str> = items.iter().map(|item| item.sku.as_str()).collect();
        assert_eq!(skus.len(), items.len(), "SKUs are unique");
        let mut products: BTreeMap<&str, Vec<&LabItem>> = BTreeMap::new();
        for item in &items {
            assert!(crate::catalog::Money::from_store(&item.price).is_some_and(|price| price.to_store() == item.price));
            assert!((0..=400).contains(&item.stock));
            products.entry(&item.handle).or_default().push(item);
        }
        let sizes: BTreeSet<usize> = products.values().map(Vec::len).collect();
        assert_eq!((sizes.first(), sizes.last()), (Some(&1), Some(&VARIANTS_MAX)));
        for variants in products.values() {
            let options: BTreeSet<_> = variants.iter().map(|item| &item.options).collect();
            assert_eq!(options.len(), variants.len(), "option values are unique in {}", variants[0].handle);
            let names = |item: &LabItem| item.options.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            assert!(variants.iter().all(|item| names(item) == names(variants[0])));
            assert!(variants.iter().all(|item| item.title == variants[0].title));
        }
    }
}
