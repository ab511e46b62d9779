//! Vendure's product import CSV: a row without a name is one more variant of the product above.
//! <https://docs.vendure.io/guides/developer-guide/importing-data>

use super::field::{Handles, slug};
use super::table::Table;
use super::{Draft, LoadOptions, field};
use crate::lab::LabItem;

/// Between option groups, and between option values.
const LIST_SEPARATOR: char = '|';

/// The product that rows without a name belong to.
#[derive(Default)]
struct Product {
    title: String,
    handle: String,
    option_names: Vec<String>,
}

pub fn read(table: &Table, options: &LoadOptions, draft: &mut Draft) {
    let mut handles = Handles::default();
    let mut product = Product::default();
    for row in &table.rows {
        let name = table.get(row, &["name"]);
        if !name.is_empty() {
            let written = table.get(row, &["slug"]);
            let handle = if written.is_empty() { slug(name) } else { written.to_owned() };
            product = Product {
                title: name.to_owned(),
                handle: handles.take(&handle),
                option_names: list(table.get(row, &["optionGroups"])),
            };
            if product.handle != handle {
                draft.note(row.line, format!("handle \"{handle}\" is taken: \"{}\" assumed", product.handle));
            }
        } else if product.title.is_empty() {
            draft.note(row.line, "a variant without a product above");
        }
        let values = list(table.get(row, &["optionValues"]));
        let item = LabItem {
            sku: table.get(row, &["sku"]).to_owned(),
            handle: product.handle.clone(),
            title: product.title.clone(),
            options: pair(draft, row.line, &product.option_names, values),
            price: field::price(draft, row.line, table.get(row, &["price"])),
            stock: field::stock(draft, row.line, table.get(row, &["stockOnHand"]), options),
        };
        draft.push(row.line, item);
    }
}

fn list(cell: &str) -> Vec<String> {
    cell.split(LIST_SEPARATOR).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn pair(draft: &mut Draft, line: u64, names: &[String], values: Vec<String>) -> Vec<(String, String)> {
    if names.len() != values.len() {
        draft.note(line, format!("{} option values for {} option groups", values.len(), names.len()));
    }
    let name_of = |index: usize| names.get(index).cloned().unwrap_or_else(|| format!("Option{}", index + 1));
    values.into_iter().enumerate().map(|(index, value)| (name_of(index), value)).collect()
}

#[cfg(test)]
mod tests {
    use crate::lab::catalog::{Catalog, Format, LoadOptions, load};

    const HEADERS: &str = "name   ,slug , description , optionGroups ,optionValues , sku ,price ,stockOnHand";

    fn read(rows: &str) -> Catalog {
        load(format!("{HEADERS}\n{rows}").as_bytes(), &LoadOptions { stock_if_blank: 4 }).unwrap()
    }

    #[test]
    fn variants_belong_to_the_product_above() {
        let catalog = read(
            "Lamp    ,lamp,x,\"shade|base\",\"Linen|Oak\" ,L1,40.5 ,3\n        ,,,,Linen|Steel,L2,41,\n\n\
             Desk,,,,,D1,99,-1\nDesk,,,,,D1,98,1\n",
        );
        assert_eq!(catalog.format, Format::Vendure);
        let rows: Vec<String> = catalog
            .items
            .iter()
            .map(|item| {
                let options: Vec<String> = item.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!(
                    "{} {} {} {} {} {}",
                    item.sku,
                    item.handle,
                    item.title,
                    options.join(","),
                    item.price,
                    item.stock
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "L1 lamp Lamp shade=Linen,base=Oak 40.50 3",
                "L2 lamp Lamp shade=Linen,base=Steel 41.00 4",
                "D1 desk Desk  99.00 -1",
                "D1 desk-2 Desk  98.00 1",
            ]
        );
        let notes: Vec<String> = catalog.notes.iter().map(|note| format!("{} {}", note.line, note.words)).collect();
        assert_eq!(
            notes,
            [
                "3 the stock is blank: 4 assumed",
                "5 the stock is below zero: -1",
                "5 \"D1\" is also in line 6",
                "6 handle \"desk\" is taken: \"desk-2\" assumed",
                "6 \"D1\" is also in line 5",
            ]
        );
    }

    #[test]
    fn joins_options_beyond_the_third() {
        let catalog = read("Bed,bed,,a|b|c|d,1|2|3|4,X,1,1\n");
        let third = ("c / d".to_owned(), "3 / 4".to_owned());
        assert_eq!((catalog.items[0].options.len(), &catalog.items[0].options[2]), (3, &third));
        assert_eq!(catalog.notes[0].words, "4 options: those from the third on are joined");
    }

    #[test]
    fn odd_rows_stay() {
        let catalog = read(",,,,Red,X,1,1\nSock,,,size,S|Red,Y,1,1\nShoe,,,size,,Z,1,1\n");
        assert_eq!(catalog.items.len(), 3);
        assert_eq!(catalog.items[1].options[1], ("Option2".to_owned(), "Red".to_owned()));
        assert_eq!(catalog.items[2].options, []);
        assert_eq!(catalog.notes.len(), 4);
    }
}
