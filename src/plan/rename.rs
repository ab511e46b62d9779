//! Rows that were given another SKU in the sheet: known by everything else that they say.

use crate::catalog::{Row, Sku};

/// Which of the rows that came are rows that went, under another SKU: old name and new one. A row is known by its title, handle
/// and options; of several alike by its price, and then by its place. Where that leaves a choice on either side, and without a
/// title, nothing is followed.
pub fn renames(went: &[&Row], came: &[&Row]) -> Vec<(Sku, Sku)> {
    let follow = |row: &&Row| {
        let old = the_one(row, went)?;
        let back = the_one(old, came)?;
        (back.sku == row.sku).then(|| (old.sku.clone(), row.sku.clone()))
    };
    came.iter().filter_map(follow).collect()
}

/// The only one of these rows that is the same product.
fn the_one<'r>(row: &Row, rows: &[&'r Row]) -> Option<&'r Row> {
    let said = |row: &Row| (row.title.clone(), row.handle.clone(), row.options.clone());
    let mut alike: Vec<&Row> = rows.iter().copied().filter(|other| said(other) == said(row)).collect();
    row.title.as_ref()?;
    let is_closer: [&dyn Fn(&Row) -> bool; 2] =
        [&|other| other.price == row.price, &|other| (&other.tab, other.row) == (&row.tab, row.row)];
    for is_closer in is_closer {
        if alike.len() > 1 && alike.iter().any(|other| is_closer(other)) {
            alike.retain(|other| is_closer(other));
        }
    }
    match alike.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalog::Money;

    fn row(sku: &str, title: &str, price: &str, at: u32) -> Row {
        Row {
            tab: "Products".into(),
            row: at,
            sku: Sku::new(sku).unwrap(),
            handle: None,
            options: vec![],
            title: Some(title.to_owned()).filter(|title| !title.is_empty()),
            price: Money::from_store(price),
            stock: BTreeMap::new(),
            sold: BTreeMap::new(),
            problems: vec![],
        }
    }

    fn check(went: &[Row], came: &[Row], expect: &[(&str, &str)]) {
        let (went, came): (Vec<&Row>, Vec<&Row>) = (went.iter().collect(), came.iter().collect());
        let found = renames(&went, &came);
        let found: Vec<(&str, &str)> = found.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        assert_eq!(found, expect, "{went:?} {came:?}");
    }

    #[test]
    fn a_row_is_known_by_what_else_it_says() {
        check(&[row("A", "Mug", "5", 2)], &[row("B", "Mug", "5", 9)], &[("A", "B")]);
        check(&[row("A", "Mug", "5", 2)], &[row("B", "Mug", "6", 9)], &[("A", "B")]);
        check(&[row("A", "Mug", "5", 2)], &[row("B", "Cup", "5", 2)], &[]);
        check(&[row("A", "", "5", 2)], &[row("B", "", "5", 2)], &[]);
        check(
            &[row("A", "Mug", "5", 2), row("C", "Cup", "5", 3)],
            &[row("D", "Cup", "5", 4), row("B", "Mug", "5", 5)],
            &[("C", "D"), ("A", "B")],
        );
    }

    #[test]
    fn of_several_alike_the_price_tells_and_then_the_place() {
        let sizes = [row("A", "Mug", "5", 2), row("C", "Mug", "7", 3)];
        check(&sizes, &[row("B", "Mug", "7", 2)], &[("C", "B")]);
        let two = [row("A", "Mug", "5", 2), row("C", "Mug", "5", 3)];
        check(&two, &[row("B", "Mug", "5", 9)], &[]);
        check(&two, &[row("B", "Mug", "5", 3)], &[("C", "B")]);
        check(&two, &[row("B", "Mug", "5", 3), row("D", "Mug", "5", 2)], &[("C", "B"), ("A", "D")]);
        check(&two[..1], &[row("B", "Mug", "5", 8), row("D", "Mug", "5", 9)], &[]);
        check(&two[..1], &[row("B", "Mug", "5", 8), row("D", "Mug", "5", 2)], &[("A", "D")]);
    }
}
