//! WooCommerce's product CSV: variable products and their variations in rows of their own, tied by `Parent`.
//! <https://github.com/woocommerce/woocommerce/wiki/Product-CSV-Import-Schema>

use std::collections::{BTreeMap, BTreeSet};

use super::field::{Handles, slug};
use super::table::{Line, Table};
use super::{Draft, LoadOptions, field};
use crate::lab::LabItem;

/// What a row is, by its `Type`, which lists several words (`simple, downloadable, virtual`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simple,
    Variable,
    Variation,
    /// Holds no stock of its own, or is not sold here.
    NotSold,
}

/// What variations take from the product above them.
struct Parent {
    title: String,
    handle: String,
    attribute_names: Vec<String>,
    stock: String,
    /// Names of the attributes that at least one variation has a value for.
    chosen: BTreeSet<String>,
    variations: usize,
}

/// Products by index; found by SKU or by `id:NN`, as `Parent` names them.
#[derive(Default)]
struct Parents {
    all: Vec<Parent>,
    by_reference: BTreeMap<String, usize>,
}

pub fn read(table: &Table, options: &LoadOptions, draft: &mut Draft) {
    let mut parents = Parents::default();
    let mut handles = Handles::default();
    // The parent of each row, by row; variations may stand before their product.
    let mut of_row: Vec<Option<usize>> = Vec::new();
    for row in &table.rows {
        of_row.push((kind(table, row) != Kind::Variation).then(|| parents.add_product(table, row, &mut handles)));
    }
    for (row, parent) in table.rows.iter().zip(&mut of_row).filter(|(_, parent)| parent.is_none()) {
        *parent = Some(parents.add_variation(table, row, &mut handles, draft));
    }
    for (row, parent) in table.rows.iter().zip(of_row) {
        let Some(parent) = parent.and_then(|index| parents.all.get(index)) else { continue };
        let item = |options, draft: &mut Draft, load: &LoadOptions| LabItem {
            sku: table.get(row, &["SKU"]).to_owned(),
            handle: parent.handle.clone(),
            title: parent.title.clone(),
            options,
            price: price(table, row, draft),
            stock: stock(table, row, parent, load, draft),
        };
        let item = match kind(table, row) {
            Kind::Variation => item(variation_options(table, row, parent, draft), draft, options),
            Kind::Simple => item(Vec::new(), draft, options),
            Kind::Variable => {
                let words = match parent.variations {
                    0 => "a variable product without variations in this file: left out",
                    _ => "a variable product: its variations are sold, not itself: left out",
                };
                draft.note(row.line, words);
                continue;
            }
            Kind::NotSold => {
                let of = table.get(row, &["Type"]);
                draft.note(row.line, format!("type \"{of}\" has no stock of its own here: left out"));
                continue;
            }
        };
        if matches!(table.get(row, &["Published"]), "0" | "-1") {
            draft.note(row.line, "not published; taken all the same");
        }
        draft.push(row.line, item);
    }
}

fn kind(table: &Table, row: &Line) -> Kind {
    let words: Vec<&str> = table.get(row, &["Type"]).split(',').map(str::trim).collect();
    let has = |word: &str| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if has("variation") {
        Kind::Variation
    } else if has("variable") {
        Kind::Variable
    } else if has("simple") {
        Kind::Simple
    } else {
        Kind::NotSold
    }
}

/// Attribute names and values in column order; blank ones included.
fn attributes<'l>(table: &Table, row: &'l Line) -> Vec<(&'l str, &'l str)> {
    let name_header = |number: usize| format!("Attribute {number} name");
    (1..)
        .take_while(|number| table.has(&name_header(*number)))
        .map(|number| {
            let value_header = format!("Attribute {number} value(s)");
            (table.get(row, &[&name_header(number)]), table.get(row, &[&value_header]))
        })
        .collect()
}

impl Parents {
    fn add_product(&mut self, table: &Table, row: &Line, handles: &mut Handles) -> usize {
        let title = table.get(row, &["Name"]);
        let index = self.add(title, handles.take(&slug(title)));
        let attribute_names = attributes(table, row).iter().map(|(name, _)| (*name).to_owned()).collect();
        if let Some(parent) = self.all.get_mut(index) {
            parent.attribute_names = attribute_names;
            parent.stock = table.get(row, &["Stock"]).to_owned();
        }
        for reference in [table.get(row, &["SKU"]).to_owned(), format!("id:{}", table.get(row, &["ID"]))] {
            if !reference.is_empty() && reference != "id:" {
                // WordPress compares SKUs without regard to case.
                self.by_reference.entry(reference.to_lowercase()).or_insert(index);
            }
        }
        index
    }

    fn add(&mut self, title: &str, handle: String) -> usize {
        self.all.push(Parent {
            title: title.to_owned(),
            handle,
            attribute_names: Vec::new(),
            stock: String::new(),
            chosen: BTreeSet::new(),
            variations: 0,
        });
        self.all.len() - 1
    }

    /// Find the variation's product, or make one up, which its siblings will find.
    fn add_variation(&mut self, table: &Table, row: &Line, handles: &mut Handles, draft: &mut Draft) -> usize {
        let reference = table.get(row, &["Parent"]).to_lowercase();
        let index = match self.by_reference.get(&reference) {
            Some(index) => *index,
            None => {
                let title = table.get(row, &["Name"]);
                draft.note(row.line, format!("parent \"{reference}\" is not in this file: \"{title}\" is its product"));
                let index = self.add(title, handles.take(&slug(title)));
                if !reference.is_empty() {
                    self.by_reference.insert(reference, index);
                }
                index
            }
        };
        if let Some(parent) = self.all.get_mut(index) {
            let chosen = named_attributes(table, row, &parent.attribute_names);
            let chosen = chosen.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name);
            parent.chosen.extend(chosen);
            parent.variations += 1;
        }
        index
    }
}

/// A variation's attributes; a blank name takes the product's at the same place. Places without a name are left out.
fn named_attributes(table: &Table, row: &Line, parent_names: &[String]) -> Vec<(String, String)> {
    let own = attributes(table, row).into_iter().enumerate();
    own.filter_map(|(place, (name, value))| {
        let name = if name.is_empty() { parent_names.get(place)?.as_str() } else { name };
        (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    })
    .collect()
}

/// WooCommerce leaves an attribute blank where the shopper may choose any value. All variants of a product must have
/// the same options elsewhere: `Any` where a sibling has a value, else the option is left out.
fn variation_options(table: &Table, row: &Line, parent: &Parent, draft: &mut Draft) -> Vec<(String, String)> {
    let mut options = Vec::new();
    for (name, value) in named_attributes(table, row, &parent.attribute_names) {
        if !value.is_empty() {
            options.push((name, value));
        } else if parent.chosen.contains(&name) {
            draft.note(row.line, format!("\"{name}\" is open: \"Any\" assumed"));
            options.push((name, "Any".to_owned()));
        } else {
            draft.note(row.line, format!("\"{name}\" is open in all variations: left out"));
        }
    }
    if options.is_empty() && parent.variations > 1 {
        let own = table.get(row, &["Name"]);
        let rest = own.strip_prefix(parent.title.as_str()).map(|rest| rest.trim_start_matches([' ', '-', '–']));
        let value = rest.filter(|rest| !rest.is_empty()).unwrap_or(table.get(row, &["SKU"]));
        draft.note(row.line, format!("no attribute tells it from its siblings: \"Variation\" = \"{value}\" assumed"));
        if !value.is_empty() {
            options.push(("Variation".to_owned(), value.to_owned()));
        }
    }
    options
}

fn price(table: &Table, row: &Line, draft: &mut Draft) -> String {
    let sale = table.get(row, &["Sale price"]);
    if !sale.is_empty() {
        draft.note(row.line, format!("sale price {sale} is left out: the regular price counts"));
    }
    field::price(draft, row.line, table.get(row, &["Regular price"]))
}

fn stock(table: &Table, row: &Line, parent: &Parent, options: &LoadOptions, draft: &mut Draft) -> i64 {
    let own = table.get(row, &["Stock"]);
    if own.is_empty() && table.get(row, &["In stock?"]) == "0" {
        draft.note(row.line, "the stock is blank and it is not in stock: 0 assumed");
        return 0;
    }
    // The word the exporter writes for a variation whose stock is kept at its product.
    if own.eq_ignore_ascii_case("parent") {
        draft.note(row.line, "the stock is kept at its product: the product's is taken");
        return field::stock(draft, row.line, &parent.stock, options);
    }
    field::stock(draft, row.line, own, options)
}

#[cfg(test)]
mod tests {
    use crate::lab::catalog::{Catalog, Format, LoadOptions, load};

    const HEADERS: &str = "\u{feff}ID,Type,SKU,Name,Published,In stock?,Stock,Sale price,Regular price,Parent,\
                           Attribute 1 name,Attribute 1 value(s),Attribute 2 name,Attribute 2 value(s)";

    fn check(rows: &str, expect_items: &[&str], expect_notes: &[&str]) {
        let catalog = load(format!("{HEADERS}\n{rows}").as_bytes(), &LoadOptions::default()).unwrap();
        assert_eq!(catalog.format, Format::WooCommerce);
        assert_eq!(items(&catalog), expect_items);
        let notes: Vec<String> = catalog.notes.iter().map(|note| format!("{} {}", note.line, note.words)).collect();
        assert_eq!(notes, expect_notes);
    }

    fn items(catalog: &Catalog) -> Vec<String> {
        let item = |item: &crate::lab::LabItem| {
            let options: Vec<String> = item.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{}|{}|{}|{}|{}|{}", item.sku, item.handle, item.title, options.join(","), item.price, item.stock)
        };
        catalog.items.iter().map(item).collect()
    }

    #[test]
    fn variations_find_their_parent() {
        check(
            "7,variation,T-R,Tee - Red,1,1,parent,,20,TEE,Colour,Red,Size,\n\
             5,variable,tee,Tee,1,1,12,,,,Colour,\"Red, Blue\",Size,\"S, M\"\n\
             8,variation,T-B,Tee - Blue,1,0,,15,20,id:5,,Blue,,\n\
             9,\"simple, virtual\",E,E-Book,-1,1,3,,4.5,,Language,English,,\n",
            &["T-R|tee|Tee|Colour=Red|20.00|12", "T-B|tee|Tee|Colour=Blue|20.00|0", "E|e-book|E-Book||4.50|3"],
            &[
                "2 \"Size\" is open in all variations: left out",
                "2 the stock is kept at its product: the product's is taken",
                "3 a variable product: its variations are sold, not itself: left out",
                "4 \"Size\" is open in all variations: left out",
                "4 sale price 15 is left out: the regular price counts",
                "4 the stock is blank and it is not in stock: 0 assumed",
                "5 not published; taken all the same",
            ],
        );
    }

    #[test]
    fn open_and_missing_attributes_get_a_value() {
        check(
            "1,variable,cap,Cap,1,1,,,,,Colour,Red,Size,S\n\
             2,variation,c1,Cap - Red,1,1,1,,9,cap,Colour,Red,Size,S\n\
             3,variation,c2,Cap - Any,1,1,1,,9,cap,Colour,Red,Size,\n\
             4,variable,bag,Bag,1,1,,,,,,,,\n\
             5,variation,b1,Bag - Big,1,1,1,,9,bag,,,,\n\
             6,variation,b2,Sack,1,1,1,,9,bag,,,,\n",
            &[
                "c1|cap|Cap|Colour=Red,Size=S|9.00|1",
                "c2|cap|Cap|Colour=Red,Size=Any|9.00|1",
                "b1|bag|Bag|Variation=Big|9.00|1",
                "b2|bag|Bag|Variation=b2|9.00|1",
            ],
            &[
                "2 a variable product: its variations are sold, not itself: left out",
                "4 \"Size\" is open: \"Any\" assumed",
                "5 a variable product: its variations are sold, not itself: left out",
                "6 no attribute tells it from its siblings: \"Variation\" = \"Big\" assumed",
                "7 no attribute tells it from its siblings: \"Variation\" = \"b2\" assumed",
            ],
        );
    }

    #[test]
    fn leaves_out_what_is_not_sold() {
        check(
            "1,grouped,g,Set,1,1,,,,,,,,\n2,external,x,Link,1,1,,,9,,,,,\n3,variable,v,Empty,1,1,,,,,,,,\n\
             4,variation,o,Orphan - Red,1,1,2,,5,gone,Colour,Red,,\n5,,s,?,1,1,,,,,,,,\n",
            &["o|orphan-red|Orphan - Red|Colour=Red|5.00|2"],
            &[
                "2 type \"grouped\" has no stock of its own here: left out",
                "3 type \"external\" has no stock of its own here: left out",
                "4 a variable product without variations in this file: left out",
                "5 parent \"gone\" is not in this file: \"Orphan - Red\" is its product",
                "6 type \"\" has no stock of its own here: left out",
            ],
        );
    }
}
