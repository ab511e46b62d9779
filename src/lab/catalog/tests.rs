//! The whole of it: formats told apart, odd input, and real files.

use super::*;
use crate::rng::Rng;

#[test]
fn tells_formats_apart() {
    let check = |headers: &str, expect: Option<Format>| {
        let found = load(headers.as_bytes(), &LoadOptions::default()).ok().map(|catalog| catalog.format);
        assert_eq!(found, expect, "{headers}");
    };
    check("Handle,Title,Option1 Name,Option1 Value", Some(Format::Shopify));
    check(" url handle ,Title,Option1 name,Option1 value,SKU,Price", Some(Format::Shopify));
    check("\u{feff}ID,Type,SKU,Name,Regular price", Some(Format::WooCommerce));
    check("sku,product_type,name,price", Some(Format::Magento));
    check("name  ,slug ,optionGroups ,optionValues , sku,price", Some(Format::Vendure));
    check("Handle,Title", None);
    check("a;b;c", None);
}

#[test]
fn says_what_it_found_instead() {
    let error = load(b"Code;Name\n1;x", &LoadOptions::default()).unwrap_err();
    assert!(error.to_string().ends_with("the first row has: Code;Name"), "{error}");
}

#[test]
fn says_when_bytes_were_replaced() {
    let catalog = load(b"sku,product_type,name,price,qty\nA,simple,Caf\xe9,1,1", &LoadOptions::default()).unwrap();
    assert_eq!(catalog.items[0].title, "Caf\u{fffd}");
    assert_eq!(catalog.notes.len(), 1);
}

#[test]
fn names_a_few_of_many_duplicates() {
    let check = |count: usize, expect: &str| {
        let rows = "A,simple,Mat,1,1\n".repeat(count);
        let catalog = load(format!("sku,product_type,name,price,qty\n{rows}").as_bytes(), &LoadOptions::default());
        assert_eq!(catalog.unwrap().notes[0].words, expect);
    };
    check(2, "\"A\" is also in line 3");
    check(6, "\"A\" is also in line 3, 4, 5, 6, 7");
    check(7, "\"A\" is also in line 3, 4, 5, 6, 7, …");
}

/// File, format, items, key, notes. Counted by hand from the files.
const REAL_FILES: [(&str, Format, usize, KeyStyle, usize); 8] = [
    ("shopify_apparel.csv", Format::Shopify, 22, KeyStyle::HandleAndOptions, 1),
    ("shopify_home-and-garden.csv", Format::Shopify, 21, KeyStyle::HandleAndOptions, 1),
    ("shopify_jewelery.csv", Format::Shopify, 23, KeyStyle::HandleAndOptions, 19),
    ("woocommerce_sample_products.csv", Format::WooCommerce, 21, KeyStyle::Sku, 35),
    ("woocommerce_sample_products_override.csv", Format::WooCommerce, 21, KeyStyle::Sku, 35),
    ("magento_catalog_product_sample.csv", Format::Magento, 3, KeyStyle::Sku, 4),
    ("vendure_products.csv", Format::Vendure, 88, KeyStyle::Sku, 3),
    ("vendure_product-import-fixture.csv", Format::Vendure, 11, KeyStyle::Sku, 10),
];

fn real_file(name: &str) -> Option<Vec<u8>> {
    let path = format!("{}/../shared/catalogs/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{path} is missing");
        eprintln!("skipped: {path} is not there");
    }
    bytes
}

#[test]
fn reads_real_files() {
    for (name, format, items, key, notes) in REAL_FILES {
        let Some(bytes) = real_file(name) else { continue };
        let catalog = load(&bytes, &LoadOptions::default()).unwrap();
        let found = (catalog.format, catalog.items.len(), catalog.key, catalog.notes.len());
        assert_eq!(found, (format, items, key, notes), "{name}: {:#?}", catalog.notes);
        assert!(catalog.items.iter().all(|item| !item.title.is_empty() && !item.handle.is_empty()), "{name}");
    }
}

#[test]
fn keys_of_real_files() {
    let distinct = |name: &str| {
        let catalog = load(&real_file(name)?, &LoadOptions::default()).unwrap();
        let keys: std::collections::BTreeSet<_> =
            catalog.items.iter().filter_map(|item| catalog.key.of(item)).collect();
        Some(keys.len())
    };
    for (name, expect) in [
        ("shopify_apparel.csv", 22),
        ("shopify_jewelery.csv", 23),
        ("vendure_products.csv", 86),
        ("vendure_product-import-fixture.csv", 10),
        ("woocommerce_sample_products.csv", 21),
    ] {
        if let Some(found) = distinct(name) {
            assert_eq!(found, expect, "{name}");
        }
    }
}

#[test]
fn never_panics_on_damaged_files() {
    for (name, ..) in REAL_FILES {
        let Some(bytes) = real_file(name) else { continue };
        let mut rng = Rng::new(bytes.len() as u64);
        for _ in 0..40 {
            let mut damaged = bytes.clone();
            damaged.truncate(rng.below(bytes.len()));
            for _ in 0..rng.below(30) {
                let at = rng.below(damaged.len());
                if let Some(byte) = damaged.get_mut(at) {
                    *byte = *rng.pick(b"\",\n\r|=\xff\x00").unwrap_or(&0);
                }
            }
            // Any answer is right, as long as there is one and its notes name lines that exist.
            let last = damaged.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            if let Ok(catalog) = load(&damaged, &LoadOptions::default()) {
                assert!(catalog.notes.iter().all(|note| (1..=last).contains(&note.line)), "{name}");
            }
        }
    }
}
