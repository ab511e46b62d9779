//! The whole state of the world, as a referee sees it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Asked, Shared};
use crate::catalog::Sku;
use crate::lab::catalog::KeyStyle;
use crate::lab::world::{TAB, key_columns};
use crate::lab::{LabShop, ShelfItem};

/// One row of the sheet. Values are as the cells hold them; `null` where the column is gone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SheetRow {
    /// Counted from 1; the header is row 1.
    pub row: u32,
    /// What identifies it; `None` when that is blank.
    pub key: Option<String>,
    /// Title.
    pub title: Value,
    /// Price.
    pub price: Value,
    /// Units.
    pub stock: Value,
    /// shelfd's word on it.
    pub status: Value,
    /// What is wrong with it.
    pub error: Value,
    /// When it was last brought into agreement.
    pub last_sync: Value,
}

#[derive(Serialize)]
struct ShopState {
    shelf: BTreeMap<String, ShelfItem>,
    sold: BTreeMap<String, i64>,
}

#[derive(Serialize)]
struct InSheet {
    row: u32,
    price: Value,
    stock: Value,
}

#[derive(Serialize)]
struct InShop {
    price: String,
    stock: i64,
}

/// One SKU everywhere.
#[derive(Default, Serialize)]
struct SkuState {
    /// Every row with this key; more than one is a duplicate.
    sheet: Vec<InSheet>,
    shops: BTreeMap<&'static str, InShop>,
    /// Units sold and not given back, by shop.
    sold: BTreeMap<&'static str, i64>,
}

#[derive(Serialize)]
pub(super) struct WholeState {
    /// The file's version, before the rest was read.
    version: i64,
    rows: Vec<SheetRow>,
    shops: BTreeMap<&'static str, ShopState>,
    skus: BTreeMap<String, SkuState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<Vec<Vec<Value>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct What {
    #[serde(default = "yes")]
    grid: bool,
}

fn yes() -> bool {
    true
}

pub(super) async fn state(State(lab): Shared, Asked(what): Asked<What>) -> Json<WholeState> {
    let version = lab.google.version();
    let grid = lab.google.grid(TAB).unwrap_or_default();
    let shop_state = |shop: &dyn LabShop| ShopState { shelf: shop.shelf(), sold: shop.sold() };
    let shops = lab.shops().into_iter().map(|(name, shop)| (name, shop_state(shop))).collect();
    let rows = sheet_rows(&grid, lab.description.key_style);
    let skus = by_sku(&rows, &shops);
    Json(WholeState { version, rows, shops, skus, grid: what.grid.then_some(grid) })
}

/// Rows below the header that are not wholly blank.
pub(in crate::lab) fn sheet_rows(grid: &[Vec<Value>], key_style: KeyStyle) -> Vec<SheetRow> {
    let Some((header, rows)) = grid.split_first() else { return Vec::new() };
    let column = |name: &str| header.iter().position(|cell| text(cell).trim() == name);
    let keys: Vec<Option<usize>> = key_columns(key_style).iter().map(|name| column(name)).collect();
    let columns = ["Title", "Price", "Stock", "Sync status", "Sync error", "Last sync"].map(column);
    let read = |row: &Vec<Value>, number: u32| {
        let cell = |column: Option<usize>| match column {
            Some(column) => row.get(column).cloned().unwrap_or_else(|| Value::from("")),
            None => Value::Null,
        };
        let parts: Vec<String> = keys.iter().map(|column| text(&cell(*column))).collect();
        let key = if let [only] = parts.as_slice() { Sku::new(only) } else { Sku::join(&parts) };
        let [title, price, stock, status, error, last_sync] = columns.map(cell);
        SheetRow { row: number, key: key.map(|key| key.to_string()), title, price, stock, status, error, last_sync }
    };
    let numbered = rows.iter().zip(2_u32..);
    numbered.filter(|(row, _)| row.iter().any(|cell| !text(cell).is_empty())).map(|(row, n)| read(row, n)).collect()
}

fn text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        // A SKU that a person typed as digits has become a number: 417.0 is shown as 417.
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}

fn by_sku(rows: &[SheetRow], shops: &BTreeMap<&'static str, ShopState>) -> BTreeMap<String, SkuState> {
    let mut skus: BTreeMap<String, SkuState> = BTreeMap::new();
    for row in rows {
        if let Some(key) = &row.key {
            let seen = InSheet { row: row.row, price: row.price.clone(), stock: row.stock.clone() };
            skus.entry(key.clone()).or_default().sheet.push(seen);
        }
    }
    for (name, shop) in shops {
        for (sku, item) in &shop.shelf {
            let seen = InShop { price: item.price.clone(), stock: item.stock };
            skus.entry(sku.clone()).or_default().shops.insert(name, seen);
        }
        for (sku, units) in &shop.sold {
            skus.entry(sku.clone()).or_default().sold.insert(name, *units);
        }
    }
    skus
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn grid(value: Value) -> Vec<Vec<Value>> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn reads_rows_by_header() {
        let grid = grid(json!([
            ["Stock", " SKU ", "Handle", "Option1 Value"],
            [3, "A", "mug", "Red"],
            ["", null],
            ["x", 417.0, "cup", ""],
            [1]
        ]));
        let keys = |style| {
            let rows = sheet_rows(&grid, style).into_iter();
            rows.map(|row| (row.row, row.key, row.stock)).collect::<Vec<_>>()
        };
        let key = |text: &str| Some(text.to_owned());
        assert_eq!(keys(KeyStyle::Sku), [(2, key("A"), json!(3)), (4, key("417"), json!("x")), (5, None, json!(1))]);
        assert_eq!(
            keys(KeyStyle::HandleAndOptions),
            [(2, key("mug/Red"), json!(3)), (4, key("cup"), json!("x")), (5, None, json!(1))]
        );
        assert_eq!(sheet_rows(&grid, KeyStyle::Sku)[0].price, Value::Null);
        assert_eq!(sheet_rows(&[], KeyStyle::Sku), []);
    }
}
