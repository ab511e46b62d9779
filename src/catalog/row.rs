//! Typed rows of a tab.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Cell, Locale, Money, Pool, Problem, Sku, TabMapping};

/// One row as read: its place and the cells of the mapped headers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawRow {
    /// Sheet row, counted from 1.
    pub row: u32,
    /// Cells by header. A header that is missing here reads as blank (the values API leaves out trailing cells).
    pub cells: BTreeMap<String, Cell>,
}

/// One option of a variant: `Size` = `L`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OptionValue {
    /// Name, as the stores show it.
    pub name: String,
    /// Value.
    pub value: String,
}

/// One row, typed. A field that is `None` was blank (leave alone) or had a problem; either way it is not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Tab title.
    pub tab: String,
    /// Sheet row, counted from 1, when last read. A hint where to look, never an identity.
    pub row: u32,
    /// Identity.
    pub sku: Sku,
    /// What groups variants to one product; `None` for a simple product.
    pub handle: Option<String>,
    /// Option values, in column order; empty for a simple product.
    pub options: Vec<OptionValue>,
    /// Title of the product.
    pub title: Option<String>,
    /// Price.
    pub price: Option<Money>,
    /// Stock cells by pool; a pool whose cell is blank or unreadable is left out.
    pub stock: BTreeMap<Pool, i64>,
    /// What shelfd's own counters show, for the pools in counter columns; blank is 0. A pool whose counter cannot be read is left
    /// out here and in `stock`.
    #[serde(default)]
    pub sold: BTreeMap<Pool, i64>,
    /// What is wrong with single cells of the row.
    pub problems: Vec<String>,
}

/// Fingerprint of a row's content (without its place and its stock), under one version of the mapping.
pub type RowHash = String;

/// Changes whenever the canonical form below changes, so that old hashes do not match by accident.
const CANON_VERSION: &str = "1";

impl Row {
    /// Hash of the canonical content: typed and normalised, so `12.50`, `12,50 €` and `12.5` agree. Stock has its own
    /// arithmetic and is left out.
    pub fn hash(&self) -> RowHash {
        let canon = serde_json::json!([
            CANON_VERSION,
            self.sku,
            self.handle,
            self.options,
            self.title,
            self.price.map(|price| price.amount().normalize().to_string()),
        ]);
        hex::encode(&Sha256::digest(canon.to_string().as_bytes())[..16])
    }
}

/// A tab's typed rows and everything that is wrong in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tab {
    /// Rows that have a key of their own, in sheet order.
    pub rows: Vec<Row>,
    /// Keys that stand in several rows: they are in the sheet, but in no row that may be used.
    pub quarantined: Vec<Sku>,
    /// All problems; those with `whole_row` belong to rows that are not in `rows`.
    pub problems: Vec<Problem>,
}

/// Turn a tab's raw rows into typed ones. Rows without anything in their mapped cells are passed over. Duplicate keys
/// are quarantined, all of them.
pub fn parse_tab(mapping: &TabMapping, locale: Locale, decimals: u32, raw: &[RawRow]) -> Tab {
    let mut tab = Tab::default();
    let mut option_names: BTreeMap<(String, usize), String> = BTreeMap::new();
    for row in raw {
        parse_row(mapping, locale, decimals, row, &mut option_names, &mut tab);
    }
    quarantine_duplicates(mapping, &mut tab);
    share_titles(&mut tab);
    tab
}

/// The key of a row: one column, or several joined. `cell` gives the cell under a header. `Ok(None)` when blank.
///
/// # Errors
/// The key headers whose cells cannot be read as text, each with a clause for the status column.
pub fn key_of(mapping: &TabMapping, cell: impl Fn(&str) -> Cell) -> Result<Option<Sku>, Vec<(String, String)>> {
    let mut parts = Vec::new();
    let mut unreadable = Vec::new();
    for header in &mapping.key {
        match cell(header).text() {
            Ok(text) => parts.push(text.unwrap_or_default()),
            Err(words) => unreadable.push((header.clone(), words)),
        }
    }
    if !unreadable.is_empty() {
        return Err(unreadable);
    }
    let sku = if let [only] = parts.as_slice() { Sku::new(only) } else { Sku::join(&parts) };
    if sku.as_ref().is_some_and(|sku| sku.as_str() == EVERYTHING) {
        return Err(vec![(mapping.key[0].clone(), "\"*\" cannot be a key: it stands for all rows".to_owned())]);
    }
    Ok(sku)
}

/// In hints, instead of a SKU: everything that an endpoint has.
const EVERYTHING: &str = "*";

fn parse_row(
    mapping: &TabMapping,
    locale: Locale,
    decimals: u32,
    raw: &RawRow,
    option_names: &mut BTreeMap<(String, usize), String>,
    tab: &mut Tab,
) {
    let mut problems: Vec<Problem> = Vec::new();
    let cell = |header: &str| raw.cells.get(header).cloned().unwrap_or_default();
    let own = [&mapping.status, &mapping.error, &mapping.last_sync].into_iter().flatten();
    let own: Vec<&String> = own.chain(mapping.sold.iter().map(|(_, header)| header)).collect();
    let is_own = |header: &str| own.iter().any(|name| *name == header);
    if raw.cells.iter().all(|(header, cell)| is_own(header) || *cell == Cell::Blank) {
        return;
    }
    let mut complain = |column: &str, what: &str, words: &str, whole_row: bool| {
        let words = if what.is_empty() { words.to_owned() } else { format!("{what} {words}") };
        problems.push(Problem { tab: mapping.tab.clone(), row: raw.row, column: column.to_owned(), words, whole_row });
    };
    let sku = match key_of(mapping, cell) {
        Ok(Some(sku)) => sku,
        Ok(None) => {
            complain(&mapping.key[0], "", &format!("no key: \"{}\" is blank", mapping.key.join("\" + \"")), true);
            tab.problems.append(&mut problems);
            return;
        }
        Err(unreadable) => {
            for (header, words) in unreadable {
                complain(&header, &format!("key \"{header}\""), &words, true);
            }
            tab.problems.append(&mut problems);
            return;
        }
    };
    let mut text = |header: &Option<String>, what: &str| {
        let header = header.as_ref()?;
        cell(header).text().unwrap_or_else(|words| {
            complain(header, what, &words, false);
            None
        })
    };
    let handle = text(&mapping.handle, "handle");
    let title = text(&mapping.title, "title");
    let options = options_of(mapping, handle.as_deref(), option_names, text);
    let price = mapping.price.as_ref().and_then(|header| {
        cell(header).money(locale, decimals).unwrap_or_else(|words| {
            complain(header, "price", &words, false);
            None
        })
    });
    let (stock, sold) = stock_of(mapping, locale, cell, |header, what, words| complain(header, what, words, false));
    let words = problems.iter().map(|problem| problem.words.clone()).collect();
    tab.problems.append(&mut problems);
    let handle = handle.filter(|_| !options.is_empty());
    let row = Row {
        tab: mapping.tab.clone(),
        row: raw.row,
        sku,
        handle,
        options,
        title,
        price,
        stock,
        sold,
        problems: words,
    };
    tab.rows.push(row);
}

/// Stock cells and shelfd's own counters, by pool. `complain` hears of header, what it is, and what is wrong.
fn stock_of(
    mapping: &TabMapping,
    locale: Locale,
    cell: impl Fn(&str) -> Cell,
    mut complain: impl FnMut(&str, &str, &str),
) -> (BTreeMap<Pool, i64>, BTreeMap<Pool, i64>) {
    let mut units = |columns: &[(Pool, String)], what: &str, blank: Option<i64>| {
        let mut units = BTreeMap::new();
        for (pool, header) in columns {
            match cell(header).quantity(locale) {
                Ok(read) => units.extend(read.or(blank).map(|read| (pool.clone(), read))),
                Err(words) => complain(header, what, &words),
            }
        }
        units
    };
    let mut stock = units(&mapping.stock, "stock", None);
    let sold = units(&mapping.sold, "sold", Some(0));
    stock.retain(|pool, _| mapping.sold_of(pool).is_none() || sold.contains_key(pool));
    (stock, sold)
}

/// The options of a row; empty when it is a simple product. `text` reads a cell and reports what is wrong with it.
fn options_of(
    mapping: &TabMapping,
    handle: Option<&str>,
    option_names: &mut BTreeMap<(String, usize), String>,
    mut text: impl FnMut(&Option<String>, &str) -> Option<String>,
) -> Vec<OptionValue> {
    let mut options = Vec::new();
    for (index, pair) in mapping.options.iter().enumerate() {
        let group = (handle.unwrap_or_default().to_owned(), index);
        let name = match &pair.name {
            // Exports name an option in the first row of a product only: later rows of the handle inherit it.
            Some(_) => text(&pair.name, "option name")
                .inspect(|name| {
                    option_names.insert(group.clone(), name.clone());
                })
                .or_else(|| option_names.get(&group).cloned()),
            None => Some(pair.value.clone()),
        };
        if let (Some(name), Some(value)) = (name, text(&Some(pair.value.clone()), "option")) {
            options.push(OptionValue { name, value });
        }
    }
    match options.as_slice() {
        // Shopify's own marker of a product without options.
        [only] if only.name == "Title" && only.value == "Default Title" => Vec::new(),
        _ => options,
    }
}

fn quarantine_duplicates(mapping: &TabMapping, tab: &mut Tab) {
    let mut places: BTreeMap<Sku, Vec<u32>> = BTreeMap::new();
    for row in &tab.rows {
        places.entry(row.sku.clone()).or_default().push(row.row);
    }
    places.retain(|_, rows| rows.len() > 1);
    tab.rows.retain(|row| !places.contains_key(&row.sku));
    for (sku, rows) in places {
        tab.quarantined.push(sku.clone());
        tab.problems.retain(|problem| !rows.contains(&problem.row));
        for row in &rows {
            let others: Vec<String> = rows.iter().filter(|other| *other != row).map(ToString::to_string).collect();
            tab.problems.push(Problem {
                tab: mapping.tab.clone(),
                row: *row,
                column: mapping.key[0].clone(),
                words: format!("key \"{sku}\" is also in row {}", others.join(", ")),
                whole_row: true,
            });
        }
    }
    tab.problems.sort_by_key(|problem| problem.row);
}

/// Exports give a product's title in its first row only. A blank title of a variant takes its product's.
fn share_titles(tab: &mut Tab) {
    let mut titles: BTreeMap<String, String> = BTreeMap::new();
    for row in &tab.rows {
        if let (Some(handle), Some(title)) = (&row.handle, &row.title) {
            titles.entry(handle.clone()).or_insert_with(|| title.clone());
        }
    }
    for row in &mut tab.rows {
        let Some(first) = row.handle.as_ref().and_then(|handle| titles.get(handle)) else { continue };
        match &row.title {
            None => row.title = Some(first.clone()),
            Some(title) if title == first => {}
            Some(title) => {
                let words = format!("title \"{title}\" differs from \"{first}\" of the same product");
                row.problems.push(words.clone());
                row.title = Some(first.clone());
                tab.problems.push(Problem {
                    tab: row.tab.clone(),
                    row: row.row,
                    column: String::new(),
                    words,
                    whole_row: false,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(key: &[&str]) -> TabMapping {
        TabMapping {
            tab: "Shop".to_owned(),
            key: key.iter().map(ToString::to_string).collect(),
            handle: None,
            options: Vec::new(),
            title: None,
            price: None,
            stock: Vec::new(),
            counted: Vec::new(),
            sold: Vec::new(),
            status: None,
            error: None,
            last_sync: None,
        }
    }

    fn check(key: &[&str], cells: &[Cell], expect: Result<Option<&str>, &str>) {
        let mapping = mapping(key);
        let cell = |header: &str| {
            key.iter().position(|name| *name == header).and_then(|at| cells.get(at)).cloned().unwrap_or_default()
        };
        let found = key_of(&mapping, cell);
        match expect {
            Ok(sku) => assert_eq!(found, Ok(sku.and_then(Sku::new)), "{cells:?}"),
            Err(header) => assert_eq!(found.unwrap_err()[0].0, header, "{cells:?}"),
        }
        let cells = key.iter().map(|header| ((*header).to_owned(), cell(header))).collect();
        let tab = parse_tab(&mapping, Locale::Point, 2, &[RawRow { row: 2, cells }]);
        let parsed = tab.rows.first().map(|row| row.sku.as_str());
        assert_eq!(parsed, expect.ok().flatten(), "parse_tab reads keys alike: {tab:?}");
    }

    #[test]
    fn a_counter_that_cannot_be_read_holds_back_its_pool() {
        let mut mapping = mapping(&["SKU"]);
        mapping.stock = vec![("main".into(), "In".into()), ("west".into(), "West".into())];
        mapping.sold = vec![("main".into(), "Sold".into())];
        let parse = |sold: Cell| {
            let cells =
                [("SKU", Cell::from_text("A")), ("In", Cell::Number(9.0)), ("West", Cell::Number(4.0)), ("Sold", sold)];
            let cells = cells.into_iter().map(|(header, cell)| (header.to_owned(), cell)).collect();
            let tab = parse_tab(&mapping, Locale::Point, 2, &[RawRow { row: 2, cells }]);
            let row = tab.rows[0].clone();
            (
                row.stock.get("main").copied(),
                row.stock.get("west").copied(),
                row.sold.get("main").copied(),
                row.problems,
            )
        };
        assert_eq!(parse(Cell::Number(3.0)), (Some(9), Some(4), Some(3), vec![]));
        assert_eq!(parse(Cell::Blank), (Some(9), Some(4), Some(0), vec![]), "nothing sold yet");
        let words = "sold \"many\" is not a number".to_owned();
        assert_eq!(parse(Cell::from_text("many")), (None, Some(4), None, vec![words]));
        // A row that only shows a counter is nobody's.
        let cells = [("Sold".to_owned(), Cell::Number(3.0))].into();
        assert_eq!(parse_tab(&mapping, Locale::Point, 2, &[RawRow { row: 3, cells }]), Tab::default());
    }

    #[test]
    fn keys_are_read_alike_everywhere() {
        let text = |text: &str| Cell::from_text(text);
        check(&["SKU"], &[text(" 00123 ")], Ok(Some("00123")));
        check(&["SKU"], &[Cell::Number(123.0)], Ok(Some("123")));
        check(&["SKU"], &[], Ok(None));
        check(&["SKU"], &[text("#REF!")], Err("SKU"));
        check(&["SKU"], &[text(" * ")], Err("SKU"));
        check(&["SKU"], &[text("A*")], Ok(Some("A*")));
        check(&["SKU"], &[Cell::Number(1e17)], Err("SKU"));
        check(&["Handle", "Size"], &[text("shirt"), text("L")], Ok(Some("shirt/L")));
        check(&["Handle", "Size"], &[text("shirt")], Ok(Some("shirt")));
        check(&["Handle", "Size"], &[Cell::Blank, text("L")], Ok(None));
        check(&["Handle", "Size"], &[text("shirt"), text("#N/A")], Err("Size"));
    }
}
