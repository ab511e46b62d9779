//! Magento's product CSV: simple products, and configurable ones that name their variants in
//! `configurable_variations`. <https://experienceleague.adobe.com/en/docs/commerce-admin/systems/data-transfer/data-attributes-product>

use std::collections::BTreeMap;

use super::field::{Handles, slug};
use super::table::{Line, Table};
use super::{Draft, LoadOptions, field};
use crate::lab::LabItem;

/// What a simple product is within a configurable one.
#[derive(Clone)]
struct Variant {
    title: String,
    handle: String,
    options: Vec<(String, String)>,
}

pub fn read(table: &Table, options: &LoadOptions, draft: &mut Draft) {
    let mut handles = Handles::default();
    let variants = variants(table, &mut handles);
    for row in &table.rows {
        if let Some(why) = left_out(table, row) {
            draft.note(row.line, format!("{why}: left out"));
            continue;
        }
        if !table.get(row, &["custom_options"]).is_empty() {
            draft.note(row.line, "custom options are no variants: left out");
        }
        let sku = table.get(row, &["sku"]);
        let product = variants.get(sku).filter(|_| !sku.is_empty()).cloned().unwrap_or_else(|| Variant {
            title: table.get(row, &["name"]).to_owned(),
            handle: handles.take(&handle(table, row)),
            options: Vec::new(),
        });
        let item = LabItem {
            sku: sku.to_owned(),
            handle: product.handle,
            title: product.title,
            options: product.options,
            price: field::price(draft, row.line, table.get(row, &["price"])),
            stock: field::stock(draft, row.line, table.get(row, &["qty"]), options),
        };
        draft.push(row.line, item);
    }
}

fn handle(table: &Table, row: &Line) -> String {
    let key = table.get(row, &["url_key"]);
    if key.is_empty() { slug(table.get(row, &["name"])) } else { key.to_owned() }
}

fn left_out(table: &Table, row: &Line) -> Option<String> {
    let get = |header: &str| table.get(row, &[header]);
    if !get("store_view_code").is_empty() {
        return Some(format!("texts for store view \"{}\" only", get("store_view_code")));
    }
    match get("product_type") {
        "simple" | "virtual" | "downloadable" => None,
        "configurable" => Some("a configurable product: its variants are sold, not itself".to_owned()),
        "" if get("sku").is_empty() => Some("goes on with the row above".to_owned()),
        other => Some(format!("type \"{other}\" has no stock of its own")),
    }
}

/// Variants by SKU. Read first, because a configurable product stands below its variants.
fn variants(table: &Table, handles: &mut Handles) -> BTreeMap<String, Variant> {
    let mut variants = BTreeMap::new();
    let configurable = |row: &&Line| {
        table.get(row, &["product_type"]) == "configurable" && table.get(row, &["store_view_code"]).is_empty()
    };
    for row in table.rows.iter().filter(configurable) {
        let product = Variant {
            title: table.get(row, &["name"]).to_owned(),
            handle: handles.take(&handle(table, row)),
            options: Vec::new(),
        };
        let labels: BTreeMap<String, String> =
            nested(table.get(row, &["configurable_variation_labels"])).into_iter().flatten().collect();
        for mut pairs in nested(table.get(row, &["configurable_variations"])) {
            let Some(at) = pairs.iter().position(|(name, _)| name == "sku") else { continue };
            let (_, sku) = pairs.remove(at);
            for (name, _) in &mut pairs {
                if let Some(label) = labels.get(name) {
                    name.clone_from(label);
                }
            }
            variants.entry(sku).or_insert_with(|| Variant { options: pairs, ..product.clone() });
        }
    }
    variants
}

/// Magento's nested lists: entries between `|`, each of `name=value` pairs between commas. A comma within a value is
/// not escaped: what follows it without `=` still belongs to the value.
fn nested(cell: &str) -> Vec<Vec<(String, String)>> {
    let entry = |text: &str| {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for piece in text.split(',') {
            match (piece.split_once('='), pairs.last_mut()) {
                (Some((name, value)), _) => pairs.push((name.trim().to_owned(), value.trim().to_owned())),
                (None, Some((_, value))) => *value = format!("{value},{piece}"),
                (None, None) => {}
            }
        }
        pairs
    };
    cell.split('|').map(entry).filter(|pairs| !pairs.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::nested;
    use crate::lab::catalog::{Format, LoadOptions, load};

    #[test]
    fn reads_nested_lists() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            nested("sku=A,size=10,5,color=Red|sku=B, size=11||x"),
            [
                vec![pair("sku", "A"), pair("size", "10,5"), pair("color", "Red")],
                vec![pair("sku", "B"), pair("size", "11")]
            ]
        );
        assert_eq!(nested(""), Vec::<Vec<_>>::new());
    }

    #[test]
    fn variants_belong_to_their_configurable_product() {
        let text = "sku,store_view_code,product_type,name,price,url_key,qty,custom_options,configurable_variations,\
                    configurable_variation_labels\r\n\
                    H-S,,simple,Hood S,30,hood-s,5.0000,,,\r\n\
                    H-M,,virtual,Hood M,31,hood-m,,,,\r\n\
                    ,,,,,,,,,extra\r\n\
                    H,,configurable,Hood,,hood,0,,\"sku=H-S,size=S|sku=H-M,size=M\",size=Size\r\n\
                    H,de,configurable,Haube,,,,,,\r\n\
                    B,,bundle,Bundle,14,,0,,,\r\n\
                    P,,simple,Plain Mat,14,,1,\"name=Print,type=field\",,\r\n\
                    ,,simple,No Sku,1,no-sku,1,,,\r\n";
        let catalog = load(text.as_bytes(), &LoadOptions::default()).unwrap();
        assert_eq!(catalog.format, Format::Magento);
        let items: Vec<String> = catalog
            .items
            .iter()
            .map(|item| {
                format!("{}|{}|{}|{:?}|{}|{}", item.sku, item.handle, item.title, item.options, item.price, item.stock)
            })
            .collect();
        assert_eq!(
            items,
            [
                "H-S|hood|Hood|[(\"Size\", \"S\")]|30.00|5",
                "H-M|hood|Hood|[(\"Size\", \"M\")]|31.00|25",
                "P|plain-mat|Plain Mat|[]|14.00|1",
                "|no-sku|No Sku|[]|1.00|1",
            ]
        );
        let notes: Vec<String> = catalog.notes.iter().map(|note| format!("{} {}", note.line, note.words)).collect();
        assert_eq!(
            notes,
            [
                "3 the stock is blank: 25 assumed",
                "4 goes on with the row above: left out",
                "5 a configurable product: its variants are sold, not itself: left out",
                "6 texts for store view \"de\" only: left out",
                "7 type \"bundle\" has no stock of its own: left out",
                "8 custom options are no variants: left out",
                "9 the SKU is blank",
            ]
        );
    }
}
