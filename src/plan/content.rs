//! Titles and prices: three values per field (the sheet's, the store's, the last agreed one), and who wins.
//!
//! Columns are owned by the sheet: its value is pushed, and a store's own change is put back and said so.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::{Money, OptionValue, Row, Sku};

/// What the ledger knows of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// Title last seen in the store.
    pub seen_title: Option<String>,
    /// Price last seen in the store.
    pub seen_price: Option<Money>,
    /// Title last agreed.
    pub base_title: Option<String>,
    /// How the store spells the agreed title (`A &amp; B`), as first seen after it was written.
    pub echo_title: Option<String>,
    /// Price last agreed.
    pub base_price: Option<Money>,
    /// SKU last seen in the store; empty when it shows none.
    pub seen_sku: Option<String>,
}

/// One line of a plan, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Endpoint that would be written to.
    pub endpoint: String,
    /// SKU.
    pub sku: Sku,
    /// `title`, `price`, `sku`, `stock`, or `listing` for a new one.
    pub field: &'static str,
    /// What is there now.
    pub before: Option<String>,
    /// What would be there.
    pub after: String,
    /// Why.
    pub reason: String,
}

/// What must happen to one SKU's content at one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentPlan {
    /// Nothing: both sides agree, or the sheet has nothing to say.
    Nothing,
    /// It is not there yet.
    Create {
        /// Title.
        title: String,
        /// Price.
        price: Money,
    },
    /// It cannot be created from what the row has.
    Incomplete(String),
    /// Fields to write, each with its line of the plan.
    Update {
        /// New title.
        title: Option<String>,
        /// New price.
        price: Option<Money>,
        /// The store is to show the row's SKU.
        rename: bool,
        /// The lines.
        changes: Vec<Change>,
    },
}

/// Compare a row with what the store shows.
pub fn content(endpoint: &str, row: &Row, known: Option<&Known>) -> ContentPlan {
    let Some(known) = known else {
        return match (&row.title, row.price) {
            (Some(title), Some(price)) => ContentPlan::Create { title: title.clone(), price },
            (None, _) => ContentPlan::Incomplete("it has no title yet".to_owned()),
            (_, None) => ContentPlan::Incomplete("it has no price yet".to_owned()),
        };
    };
    let mut changes = Vec::new();
    // A store that spells the agreed title its own way has not changed it.
    let seen_title =
        if known.seen_title == known.echo_title { known.base_title.clone() } else { known.seen_title.clone() };
    let title = merge(row.title.clone(), seen_title, known.base_title.clone());
    let price = merge(row.price, known.seen_price, known.base_price);
    let other_sku = known.seen_sku.clone().filter(|seen| seen != row.sku.as_str());
    let rename = other_sku.is_some();
    let mut line = |field, before: Option<String>, after: String, drifted: bool| {
        let reason = if drifted { "changed in the shop; the sheet owns this column" } else { "changed in the sheet" };
        let (endpoint, sku) = (endpoint.to_owned(), row.sku.clone());
        changes.push(Change { endpoint, sku, field, before, after, reason: reason.to_owned() });
    };
    if let Some((title, drifted)) = &title {
        line("title", known.seen_title.clone(), title.clone(), *drifted);
    }
    if let Some((price, drifted)) = &price {
        line("price", known.seen_price.map(|price| price.to_string()), price.to_string(), *drifted);
    }
    if let Some(other) = other_sku {
        let (endpoint, sku, reason) = (endpoint.to_owned(), row.sku.clone(), "the sheet calls it so".to_owned());
        let (before, after) = (Some(other).filter(|other| !other.is_empty()), sku.to_string());
        changes.push(Change { endpoint, sku, field: "sku", before, after, reason });
    }
    if changes.is_empty() {
        return ContentPlan::Nothing;
    }
    let (title, price) = (title.map(|(title, _)| title), price.map(|(price, _)| price));
    ContentPlan::Update { title, price, rename, changes }
}

/// The value to write, and whether the store had drifted by itself. `None`: nothing to write. A blank cell (no sheet
/// value) leaves alone; a store that shows no value for the field (`seen` is none, a variation without its parent's
/// title) is judged by the base.
fn merge<T: PartialEq + Clone>(sheet: Option<T>, seen: Option<T>, base: Option<T>) -> Option<(T, bool)> {
    let sheet = sheet?;
    if seen.as_ref().or(base.as_ref()) == Some(&sheet) {
        return None;
    }
    let drifted = base.as_ref() == Some(&sheet);
    Some((sheet, drifted))
}

/// One product to create, gathered from its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Handle; `None` for a simple product.
    pub handle: Option<String>,
    /// Title.
    pub title: String,
    /// Variants with options and price.
    pub variants: Vec<(Sku, Vec<OptionValue>, Money)>,
}

/// Gather rows to create into products: rows of one handle belong together, the others stand alone. In sheet order.
pub fn drafts(rows: &[(&Row, String, Money)]) -> Vec<Draft> {
    let mut products: Vec<Draft> = Vec::new();
    let mut by_handle: BTreeMap<&str, usize> = BTreeMap::new();
    for (row, title, price) in rows {
        let variant = (row.sku.clone(), row.options.clone(), *price);
        let at = row.handle.as_deref().and_then(|handle| by_handle.get(handle).copied());
        if let Some(at) = at {
            products[at].variants.push(variant);
            continue;
        }
        if let Some(handle) = &row.handle {
            by_handle.insert(handle, products.len());
        }
        products.push(Draft { handle: row.handle.clone(), title: title.clone(), variants: vec![variant] });
    }
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(title: Option<&str>, price: Option<&str>) -> Row {
        Row {
            tab: "Products".into(),
            row: 2,
            sku: Sku::new("A-1").unwrap(),
            handle: None,
            options: vec![],
            title: title.map(str::to_owned),
            price: price.and_then(Money::from_store),
            stock: BTreeMap::new(),
            sold: BTreeMap::new(),
            problems: vec![],
        }
    }

    fn known(seen: (&str, &str), base: (&str, &str)) -> Known {
        Known {
            seen_title: Some(seen.0.into()),
            seen_price: Money::from_store(seen.1),
            base_title: Some(base.0.into()),
            echo_title: None,
            base_price: Money::from_store(base.1),
            seen_sku: Some("A-1".into()),
        }
    }

    #[test]
    fn agreement_and_blanks_write_nothing() {
        let known = known(("Mug", "12.50"), ("Mug", "12.50"));
        assert_eq!(content("eu", &row(Some("Mug"), Some("12.5")), Some(&known)), ContentPlan::Nothing);
        assert_eq!(content("eu", &row(None, None), Some(&known)), ContentPlan::Nothing);
    }

    #[test]
    fn the_sheet_owns_its_columns() {
        let reason = |row: &Row, known: &Known| match content("eu", row, Some(known)) {
            ContentPlan::Update { changes, .. } => changes.into_iter().map(|change| change.reason).collect(),
            other => vec![format!("{other:?}")],
        };
        let edited = reason(&row(None, Some("13")), &known(("Mug", "12.50"), ("Mug", "12.50")));
        assert_eq!(edited, ["changed in the sheet"]);
        let drifted = reason(&row(None, Some("12.50")), &known(("Mug", "9"), ("Mug", "12.50")));
        assert_eq!(drifted, ["changed in the shop; the sheet owns this column"]);
    }

    #[test]
    fn a_store_that_shows_another_sku_is_told() {
        let plan = |seen: Option<&str>| {
            let known = Known { seen_sku: seen.map(str::to_owned), ..known(("Mug", "1"), ("Mug", "1")) };
            match content("eu", &row(Some("Mug"), Some("1")), Some(&known)) {
                ContentPlan::Update { title: None, price: None, rename: true, changes } => {
                    changes.into_iter().map(|change| (change.field, change.before, change.after)).collect()
                }
                ContentPlan::Nothing => vec![],
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(plan(Some("A-0")), [("sku", Some("A-0".to_owned()), "A-1".to_owned())]);
        assert_eq!(plan(Some("")), [("sku", None, "A-1".to_owned())]);
        assert_eq!(plan(Some("A-1")), []);
        assert_eq!(plan(None), [], "not seen yet");
    }

    #[test]
    fn a_stores_own_spelling_is_not_a_change() {
        let spelled = Known { echo_title: Some("A &amp; B".into()), ..known(("A &amp; B", "1"), ("A & B", "1")) };
        assert_eq!(content("eu", &row(Some("A & B"), None), Some(&spelled)), ContentPlan::Nothing);
        assert!(matches!(content("eu", &row(Some("C"), None), Some(&spelled)), ContentPlan::Update { .. }));
    }

    #[test]
    fn new_rows_need_a_title_and_a_price() {
        assert!(matches!(content("eu", &row(Some("Mug"), Some("1")), None), ContentPlan::Create { .. }));
        assert!(matches!(content("eu", &row(Some("Mug"), None), None), ContentPlan::Incomplete(_)));
        assert!(matches!(content("eu", &row(None, Some("1")), None), ContentPlan::Incomplete(_)));
    }
}
