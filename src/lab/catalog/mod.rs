//! Product files as stores export them, turned into lab items, with a note on whatever is wrong or was assumed. Pure.
//!
//! One file per format; [`generate()`] makes catalogs of any size.

mod field;
mod generate;
mod magento;
mod sample;
mod shopify;
mod table;
mod vendure;
mod woocommerce;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use generate::generate;
pub use sample::sample;
use table::Table;

use super::LabItem;

/// Shopify's limit, and what the lab's sheet has columns for.
/// <https://shopify.dev/docs/api/admin-graphql/latest/objects/ProductOption>
pub const OPTIONS_MAX: usize = 3;

/// A note on a duplicate names so many of the others.
const OTHERS_MAX: usize = 5;

/// How to read what a file leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadOptions {
    /// Units where the file says none. Exports leave stock blank where the shop does not track it.
    pub stock_if_blank: i64,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { stock_if_blank: 25 }
    }
}

/// Whose export it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Shopify's product CSV.
    Shopify,
    /// WooCommerce's product CSV, in English.
    WooCommerce,
    /// Magento's (Adobe Commerce's) product CSV.
    Magento,
    /// Vendure's product import CSV.
    Vendure,
}

/// What can identify a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStyle {
    /// The SKU column.
    Sku,
    /// Handle and option values together, where most SKUs are blank.
    HandleAndOptions,
}

/// Something wrong or assumed in one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatalogNote {
    /// Line of the file its row starts in, counted from 1.
    pub line: u64,
    /// What, in words.
    pub words: String,
}

/// A file, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Catalog {
    /// Whose export it is.
    pub format: Format,
    /// Every sellable row, in the file's order, also those with problems.
    pub items: Vec<LabItem>,
    /// What is wrong or was assumed, by line.
    pub notes: Vec<CatalogNote>,
    /// What can identify a row.
    pub key: KeyStyle,
}

/// Why a file is no catalog at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// No header row.
    #[error("the file is empty")]
    Empty,
    /// No export is so wide.
    #[error("the first row has {0} columns, which no store exports; is it a comma-separated product file?")]
    TooManyColumns(usize),
    /// The CSV reader gave up.
    #[error("the file is not readable as CSV: {0}")]
    Csv(String),
    /// The headers are of none of the known formats.
    #[error("not a product export of Shopify, WooCommerce (in English), Magento or Vendure; the first row has: {0}")]
    UnknownFormat(String),
}

/// Read a product file; its format is told by its headers.
///
/// # Errors
/// Only when the file as a whole is no catalog. What is wrong with single rows is in the notes.
pub fn load(bytes: &[u8], options: &LoadOptions) -> Result<Catalog, CatalogError> {
    let table = Table::parse(bytes)?;
    let format = detect(&table).ok_or_else(|| {
        // Enough to recognise the file by.
        let headers: Vec<&str> = table.headers().iter().take(12).map(String::as_str).collect();
        CatalogError::UnknownFormat(headers.join(", "))
    })?;
    let mut draft = Draft::default();
    if table.replaced_bytes {
        draft.note(1, "the file is not UTF-8; what could not be read was replaced by \u{fffd}");
    }
    match format {
        Format::Shopify => shopify::read(&table, options, &mut draft),
        Format::WooCommerce => woocommerce::read(&table, options, &mut draft),
        Format::Magento => magento::read(&table, options, &mut draft),
        Format::Vendure => vendure::read(&table, options, &mut draft),
    }
    Ok(draft.finish(format))
}

fn detect(table: &Table) -> Option<Format> {
    let has = |headers: &[&str]| headers.iter().all(|header| table.has(header));
    if has(&["sku", "product_type", "name", "price"]) {
        Some(Format::Magento)
    } else if has(&["name", "optionGroups", "optionValues", "sku", "price"]) {
        Some(Format::Vendure)
    } else if has(&["Type", "SKU", "Name", "Regular price"]) {
        Some(Format::WooCommerce)
    } else if has(&["Title", "Option1 Name", "Option1 Value"]) && (has(&["Handle"]) || has(&["URL handle"])) {
        Some(Format::Shopify)
    } else {
        None
    }
}

/// What a format's reader fills.
#[derive(Debug, Default)]
struct Draft {
    rows: Vec<(u64, LabItem)>,
    notes: Vec<CatalogNote>,
}

impl Draft {
    fn note(&mut self, line: u64, words: impl Into<String>) {
        self.notes.push(CatalogNote { line, words: words.into() });
    }

    fn push(&mut self, line: u64, mut item: LabItem) {
        if item.options.len() > OPTIONS_MAX {
            self.note(line, format!("{} options: those from the third on are joined", item.options.len()));
            let (names, values): (Vec<_>, Vec<_>) = item.options.split_off(OPTIONS_MAX - 1).into_iter().unzip();
            item.options.push((names.join(" / "), values.join(" / ")));
        }
        self.rows.push((line, item));
    }

    fn finish(mut self, format: Format) -> Catalog {
        let blank = self.rows.iter().filter(|(_, item)| item.sku.is_empty()).count();
        let key = if blank * 2 > self.rows.len() { KeyStyle::HandleAndOptions } else { KeyStyle::Sku };
        self.note_blank_skus(key);
        self.note_duplicates(key);
        // Stable, so that notes on one row stay in the order they were found.
        self.notes.sort_by_key(|note| note.line);
        Catalog { format, items: self.rows.into_iter().map(|(_, item)| item).collect(), notes: self.notes, key }
    }

    fn note_blank_skus(&mut self, key: KeyStyle) {
        if key == KeyStyle::HandleAndOptions {
            self.note(1, "most SKUs are blank: rows are identified by handle and option values");
            return;
        }
        for (line, item) in &self.rows {
            if item.sku.is_empty() {
                self.notes.push(CatalogNote { line: *line, words: "the SKU is blank".to_owned() });
            }
        }
    }

    fn note_duplicates(&mut self, key: KeyStyle) {
        let mut lines: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (line, item) in &self.rows {
            if let Some(text) = key.of(item) {
                lines.entry(text).or_default().push(*line);
            }
        }
        for (text, lines) in lines.into_iter().filter(|(_, lines)| lines.len() > 1) {
            for line in &lines {
                let others = lines.iter().filter(|other| *other != line).take(OTHERS_MAX).map(u64::to_string);
                let others: Vec<String> = others.collect();
                let more = if lines.len() > OTHERS_MAX + 1 { ", …" } else { "" };
                self.note(*line, format!("\"{text}\" is also in line {}{more}", others.join(", ")));
            }
        }
    }
}

impl KeyStyle {
    /// What identifies this item; `None` when that is blank.
    pub fn of(self, item: &LabItem) -> Option<String> {
        let sku = match self {
            Self::Sku => crate::catalog::Sku::new(&item.sku),
            Self::HandleAndOptions => {
                let values = item.options.iter().map(|(_, value)| value.clone());
                let parts: Vec<String> = std::iter::once(item.handle.clone()).chain(values).collect();
                crate::catalog::Sku::join(&parts)
            }
        };
        sku.map(|sku| sku.to_string())
    }
}

#[cfg(test)]
mod tests;
