//! Shopify's product CSV: one row per variant; further rows of a handle inherit its title and option names.
//! <https://help.shopify.com/en/manual/products/import-export/using-csv>

use std::collections::BTreeMap;

use super::table::{Line, Table};
use super::{Draft, LoadOptions, field};
use crate::lab::LabItem;

const HANDLE: &[&str] = &["Handle", "URL handle"];
const SKU: &[&str] = &["Variant SKU", "SKU"];
const PRICE: &[&str] = &["Variant Price", "Price"];
const QUANTITY: &[&str] = &["Variant Inventory Qty", "Inventory quantity"];

/// What further rows of a handle inherit.
#[derive(Default)]
struct Product {
    title: String,
    option_names: [String; 3],
}

pub fn read(table: &Table, options: &LoadOptions, draft: &mut Draft) {
    let mut products: BTreeMap<String, Product> = BTreeMap::new();
    for row in &table.rows {
        let handle = table.get(row, HANDLE);
        if handle.is_empty() {
            // Nothing to inherit by.
            products.remove(handle);
        }
        let product = products.entry(handle.to_owned()).or_default();
        inherit(table, row, product);
        if is_without_variant(table, row) {
            draft.note(row.line, "no variant in this row, only an image or nothing: left out");
            continue;
        }
        if handle.is_empty() {
            draft.note(row.line, "the handle is blank");
        } else if product.title.is_empty() {
            draft.note(row.line, "no title here nor above: the handle is taken");
            product.title = handle.to_owned();
        }
        let item = LabItem {
            sku: table.get(row, SKU).to_owned(),
            handle: handle.to_owned(),
            title: product.title.clone(),
            options: option_values(table, row, product, draft),
            price: field::price(draft, row.line, table.get(row, PRICE)),
            stock: field::stock(draft, row.line, table.get(row, QUANTITY), options),
        };
        draft.push(row.line, item);
    }
}

fn inherit(table: &Table, row: &Line, product: &mut Product) {
    let title = table.get(row, &["Title"]);
    if !title.is_empty() {
        product.title = title.to_owned();
    }
    for (index, known) in product.option_names.iter_mut().enumerate() {
        let name = table.get(row, &[&format!("Option{} Name", index + 1)]);
        if !name.is_empty() {
            *known = name.to_owned();
        }
    }
}

/// Further images of a product stand in rows of their own, with a handle and nothing that could be sold.
fn is_without_variant(table: &Table, row: &Line) -> bool {
    [SKU, PRICE, QUANTITY, &["Option1 Value"]].iter().all(|headers| table.get(row, headers).is_empty())
}

fn option_values(table: &Table, row: &Line, product: &Product, draft: &mut Draft) -> Vec<(String, String)> {
    let mut options = Vec::new();
    for (index, name) in product.option_names.iter().enumerate() {
        let value = table.get(row, &[&format!("Option{} Value", index + 1)]);
        if value.is_empty() {
            continue;
        }
        let name = if name.is_empty() {
            draft.note(row.line, format!("option {} has no name: \"Option{0}\" assumed", index + 1));
            format!("Option{}", index + 1)
        } else {
            name.clone()
        };
        options.push((name, value.to_owned()));
    }
    // Shopify's own marker of a product without options.
    let is_marker = |(name, value): &(String, String)| name == "Title" && value == "Default Title";
    if options.len() == 1 && options.iter().all(is_marker) {
        options.clear();
    }
    options
}

#[cfg(test)]
mod tests {
    use crate::lab::catalog::{Catalog, Format, KeyStyle, LoadOptions, load};

    const HEADERS: &str = " Handle ,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,\
                           Variant Inventory Qty,Variant Price,Image Src";

    fn read(rows: &str) -> Catalog {
        load(format!("{HEADERS}\r\n{rows}").as_bytes(), &LoadOptions::default()).unwrap()
    }

    fn notes(catalog: &Catalog) -> Vec<(u64, &str)> {
        catalog.notes.iter().map(|note| (note.line, note.words.as_str())).collect()
    }

    #[test]
    fn variants_inherit() {
        let catalog = read(
            "mug,Mug,Size,Small,Glaze,Blue,M-S,3,12.5,a.jpg\r\nmug,,,Large,,Blue,M-L,,14,\r\nmug,,,,,,,,,b.jpg\r\n\
             bowl,\"Bowl\r\nof oak\",Title,Default Title,,,B-1,-2,9,\r\n",
        );
        assert_eq!((catalog.format, catalog.key), (Format::Shopify, KeyStyle::Sku));
        let [small, large, bowl] = catalog.items.as_slice() else { panic!("{catalog:?}") };
        assert_eq!((small.title.as_str(), small.price.as_str(), small.stock), ("Mug", "12.50", 3));
        assert_eq!((large.title.as_str(), large.handle.as_str(), large.stock), ("Mug", "mug", 25));
        let blue = |size: &str| vec![("Size".to_owned(), size.to_owned()), ("Glaze".to_owned(), "Blue".to_owned())];
        assert_eq!((&small.options, &large.options), (&blue("Small"), &blue("Large")));
        assert_eq!((bowl.options.len(), bowl.stock), (0, -2));
        assert_eq!(
            notes(&catalog),
            [
                (3, "the stock is blank: 25 assumed"),
                (4, "no variant in this row, only an image or nothing: left out"),
                (5, "the stock is below zero: -2"),
            ]
        );
    }

    #[test]
    fn blank_skus_make_another_key() {
        let catalog =
            read("a,A,Title,Default Title,,,,1,1,\nb,B,Colour,Red,,,,1,1,\nb,,,Red,,,,1,1,\nc,C,,,,,X,1,1,\n");
        assert_eq!(catalog.key, KeyStyle::HandleAndOptions);
        assert_eq!(catalog.items.len(), 4);
        assert_eq!(
            notes(&catalog),
            [
                (1, "most SKUs are blank: rows are identified by handle and option values"),
                (3, "\"b/Red\" is also in line 4"),
                (4, "\"b/Red\" is also in line 3"),
            ]
        );
    }

    #[test]
    fn rows_with_problems_stay() {
        let catalog = read("a,A,,S,,,,1,1,\n,,,,,,X,1,abc,\nb,,,,,,X,1,,\nb,,,,,,Y,1,2,\nd,D,,,,,Z,1,2\n");
        assert_eq!(catalog.key, KeyStyle::Sku);
        assert_eq!(catalog.items.len(), 5);
        assert_eq!(catalog.items[1].price, "abc");
        assert_eq!(
            notes(&catalog),
            [
                (2, "option 1 has no name: \"Option1\" assumed"),
                (2, "the SKU is blank"),
                (3, "the handle is blank"),
                (3, "price \"abc\" is not a plain amount"),
                (3, "\"X\" is also in line 4"),
                (4, "no title here nor above: the handle is taken"),
                (4, "the price is blank"),
                (4, "\"X\" is also in line 3"),
            ]
        );
    }
}
