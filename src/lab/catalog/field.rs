//! Reads single fields the way all formats need it: prices, units, handles.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Draft, LoadOptions};
use crate::catalog::Money;

/// A price as text with two decimals or more (`14` becomes `14.00`). What is no price stays as it is, with a note: the
/// sheet must show it.
pub fn price(draft: &mut Draft, line: u64, text: &str) -> String {
    if text.is_empty() {
        draft.note(line, "the price is blank");
        return String::new();
    }
    match Money::from_store(text) {
        Some(money) => money.to_store(),
        None => {
            draft.note(line, format!("price \"{text}\" is not a plain amount"));
            text.to_owned()
        }
    }
}

/// Units. Blank and unreadable become [`LoadOptions::stock_if_blank`]; below zero stays, because shops oversell.
pub fn stock(draft: &mut Draft, line: u64, text: &str, options: &LoadOptions) -> i64 {
    let assumed = options.stock_if_blank;
    if text.is_empty() {
        draft.note(line, format!("the stock is blank: {assumed} assumed"));
        return assumed;
    }
    // Magento writes `100.0000`.
    let whole = text.parse::<Decimal>().ok().filter(Decimal::is_integer).and_then(|units| units.to_i64());
    match whole {
        Some(units) => {
            if units < 0 {
                draft.note(line, format!("the stock is below zero: {units}"));
            }
            units
        }
        None => {
            draft.note(line, format!("stock \"{text}\" is not a whole number: {assumed} assumed"));
            assumed
        }
    }
}

/// Handles made from names where a format has none, each once.
#[derive(Debug, Default)]
pub struct Handles {
    taken: BTreeSet<String>,
    /// How often each was wanted, so that a thousand equal names take a thousand steps, not half a million.
    wanted: BTreeMap<String, usize>,
}

impl Handles {
    /// Take `wanted` if it is free, else `wanted-2`, `wanted-3`, ….
    pub fn take(&mut self, wanted: &str) -> String {
        let wanted = if wanted.is_empty() { "product" } else { wanted };
        let count = self.wanted.entry(wanted.to_owned()).or_default();
        loop {
            *count += 1;
            let handle = if *count == 1 { wanted.to_owned() } else { format!("{wanted}-{count}") };
            if self.taken.insert(handle.clone()) {
                return handle;
            }
        }
    }
}

/// A name as a handle: lower case, letters and digits of any script, one `-` between words.
pub fn slug(name: &str) -> String {
    let words: Vec<String> = name
        .split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
        .map(|word| word.replace('\'', "").to_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_prices_and_units() {
        let check_price = |text: &str, expect: &str, notes: usize| {
            let mut draft = Draft::default();
            assert_eq!(price(&mut draft, 2, text), expect, "{text}");
            assert_eq!(draft.notes.len(), notes, "{text}");
        };
        check_price("14", "14.00", 0);
        check_price("45.3", "45.30", 0);
        check_price("", "", 1);
        check_price("12,5O", "12,5O", 1);
        check_price("-3", "-3", 1);
        let check_stock = |text: &str, expect: i64, notes: usize| {
            let mut draft = Draft::default();
            assert_eq!(stock(&mut draft, 2, text, &LoadOptions { stock_if_blank: 7 }), expect, "{text}");
            assert_eq!(draft.notes.len(), notes, "{text}");
        };
        check_stock("100.0000", 100, 0);
        check_stock("0", 0, 0);
        check_stock("-10", -10, 1);
        check_stock("", 7, 1);
        check_stock("2.5", 7, 1);
        check_stock("999999999999999999999", 7, 1);
    }

    #[test]
    fn makes_handles() {
        let mut handles = Handles::default();
        assert_eq!(handles.take(&slug("Mabef M/02 Studio Easel")), "mabef-m-02-studio-easel");
        assert_eq!(handles.take(&slug("Baker's  Café, Zürich!")), "bakers-café-zürich");
        assert_eq!(handles.take(&slug("???")), "product");
        assert_eq!(handles.take("product"), "product-2");
        assert_eq!(handles.take("product-3"), "product-3");
        assert_eq!(handles.take("product"), "product-4");
    }
}
