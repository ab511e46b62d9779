//! What an endpoint speaks of. Numbers that are accounted for hold only there: where the configuration names another shop,
//! place, pool or column, the difference between both is nobody's movement, and the endpoint is met as for the first time.

use std::collections::BTreeMap;

use crate::catalog::Pool;

/// The stock columns of one pool in the sheet: by tab, in words.
pub type PoolColumns = BTreeMap<String, String>;

/// Does an endpoint speak of what it spoke of before?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognised {
    /// Nobody has said so far what it speaks of. That is kept from now on, and nothing else is done.
    First,
    /// Of the same.
    Same,
    /// Of something else: it is met as for the first time.
    Another {
        /// What it spoke of before, in words.
        before: String,
        /// Stock numbers that are not accounted for any more.
        numbers: u64,
    },
}

/// Why an audit line says that a shop is met as for the first time.
pub(super) const ANOTHER_SHOP: &str =
    "the configuration names another shop, place or pool: met as for the first time, and no difference moves stock";

/// Why an audit line says that a pool's columns are met as for the first time.
pub(super) const OTHER_COLUMNS: &str =
    "the configuration names other stock columns: met as for the first time, and no difference moves stock";

/// The fact that holds what a shop speaks of.
pub fn identity_of_shop(shop: &str) -> String {
    format!("identity.{shop}")
}

/// The fact that holds what a pool's columns in the sheet are.
pub fn identity_of_columns(pool: &Pool) -> String {
    format!("identity.{}.{pool}", super::SHEET)
}

/// Compare what was kept with what the configuration says now.
pub(super) fn recognise(before: Option<&str>, now: &str) -> Recognised {
    match before {
        None => Recognised::First,
        Some(before) if before == now => Recognised::Same,
        Some(before) => Recognised::Another { before: in_one_line(before), numbers: 0 },
    }
}

/// Columns as their fact holds them: one a line, sorted.
pub(super) fn columns_to_fact(columns: &PoolColumns) -> String {
    let mut lines: Vec<&str> = columns.values().map(String::as_str).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// What a fact holds, for people.
pub(super) fn in_one_line(fact: &str) -> String {
    fact.replace('\n', "; ")
}

/// Tabs whose column is what it was: the numbers of rows there stay accounted for.
pub fn unchanged_tabs<'a>(before: &str, columns: &'a PoolColumns) -> Vec<&'a str> {
    let is_known = |words: &str| before.lines().any(|line| line == words);
    columns.iter().filter(|(_, words)| is_known(words)).map(|(tab, _)| tab.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(of: &[(&str, &str)]) -> PoolColumns {
        of.iter().map(|(tab, words)| ((*tab).to_owned(), format!("{tab}: {words}"))).collect()
    }

    #[test]
    fn what_was_never_said_is_not_another() {
        assert_eq!(recognise(None, "here"), Recognised::First);
        assert_eq!(recognise(Some("here"), "here"), Recognised::Same);
        let another = Recognised::Another { before: "a; b".to_owned(), numbers: 0 };
        assert_eq!(recognise(Some("a\nb"), "a"), another);
    }

    #[test]
    fn only_tabs_whose_column_changed_are_met_anew() {
        let before = columns_to_fact(&columns(&[("Mugs", "Stock"), ("Bags", "Stock")]));
        assert_eq!(before, "Bags: Stock\nMugs: Stock");
        let check = |now: &[(&str, &str)], same: &[&str]| {
            assert_eq!(unchanged_tabs(&before, &columns(now)), same);
        };
        check(&[("Mugs", "Stock"), ("Bags", "Stock"), ("Pens", "Stock")], &["Bags", "Mugs"]);
        check(&[("Mugs", "Stock in"), ("Bags", "Stock")], &["Bags"]);
        check(&[("Mugs", "Sto"), ("Cups", "Stock")], &[]);
    }

    #[test]
    fn facts_of_shops_and_columns_do_not_meet() {
        // A shop's name holds no full stop, and none is called "sheet".
        assert_eq!(identity_of_shop("shop-a"), "identity.shop-a");
        assert_eq!(identity_of_columns(&"shop-a".to_owned()), "identity.sheet.shop-a");
    }
}
