//! What a look has seen of the tabs, pure.

use std::collections::BTreeMap;

use super::Job;
use crate::catalog::{Cell, Columns, HeaderProblem, Sku};
use crate::planted;
use crate::sheet::{Grid, Seen, SeenGrid};

/// Whose row it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    Sku(Sku),
    Blank,
    Unreadable,
}

/// One row as seen.
#[derive(Debug)]
pub(super) struct SeenRow {
    pub key: Key,
    pub cells: BTreeMap<u32, Seen>,
}

/// Where a key is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    At(u32),
    Gone,
    Twice,
}

/// One tab as seen.
#[derive(Debug)]
pub(super) struct View {
    pub columns: Columns,
    rows: BTreeMap<u32, SeenRow>,
    places: BTreeMap<Sku, Vec<u32>>,
}

impl View {
    /// From the rows seen.
    pub fn new(columns: Columns, rows: BTreeMap<u32, SeenRow>) -> Self {
        let mut places: BTreeMap<Sku, Vec<u32>> = BTreeMap::new();
        for (row, seen) in &rows {
            if let Key::Sku(sku) = &seen.key {
                places.entry(sku.clone()).or_default().push(*row);
            }
        }
        Self { columns, rows, places }
    }

    /// Where a key is; a blank key is where `hint` says, as long as that row has none.
    pub fn place(&self, sku: Option<&Sku>, hint: u32) -> Place {
        let Some(sku) = sku else {
            return if self.key(hint) == Key::Blank { Place::At(hint) } else { Place::Gone };
        };
        match self.places.get(sku).map(Vec::as_slice) {
            Some([row]) => Place::At(*row),
            Some(_) => Place::Twice,
            None => Place::Gone,
        }
    }

    /// Where a job's row is.
    pub fn place_of(&self, job: &Job, hint: u32) -> Place {
        if planted!(WriteByRowNumber) {
            return Place::At(hint);
        }
        if !job.by_place {
            return self.place(job.sku.as_ref(), hint);
        }
        let same = match (self.key(hint), &job.sku) {
            (Key::Sku(key), Some(sku)) => key == *sku,
            (Key::Blank | Key::Unreadable, None) => true,
            (Key::Sku(_), None) | (Key::Blank | Key::Unreadable, Some(_)) => false,
        };
        if same { Place::At(hint) } else { Place::Gone }
    }

    /// Whose row it is.
    pub fn key(&self, row: u32) -> Key {
        self.rows.get(&row).map_or(Key::Blank, |row| row.key.clone())
    }

    /// One cell.
    pub fn seen(&self, row: u32, column: u32) -> Seen {
        self.rows.get(&row).and_then(|row| row.cells.get(&column)).cloned().unwrap_or_default()
    }

    /// All rows with their keys.
    pub fn keys(&self) -> impl Iterator<Item = (u32, &Key)> {
        self.rows.iter().map(|(row, seen)| (*row, &seen.key))
    }
}

/// Views by tab title.
pub(super) type Views = BTreeMap<String, Result<View, HeaderProblem>>;

/// The text of a formula.
pub(super) fn is_formula(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(text) if text.starts_with('='))
}

/// One range's formulas under its values, which were read just after. Where a cell that is no formula reads
/// differently, rows may have moved in between: `None` when `strict`, else the cell counts as a formula.
pub(super) fn overlay(formulas: &Grid, values: &Grid, strict: bool) -> Option<SeenGrid> {
    let at = |grid: &Grid, row: usize, column: usize| {
        grid.get(row).and_then(|row| row.get(column)).cloned().unwrap_or_default()
    };
    let width = |grid: &Grid, row: usize| grid.get(row).map_or(0, Vec::len);
    let both = |row: usize, column: usize| {
        let (entered, shown) = (at(formulas, row, column), at(values, row, column));
        // Filled from elsewhere: shows something, holds nothing.
        let is_filled = entered == Cell::Blank && shown != Cell::Blank;
        let formula = is_formula(&entered) || is_filled;
        let agrees = formula || entered == shown;
        (agrees || !strict).then_some(Seen { cell: shown, formula: formula || !agrees })
    };
    (0..formulas.len().max(values.len()))
        .map(|row| (0..width(formulas, row).max(width(values, row))).map(|column| both(row, column)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_and_values_must_agree() {
        let text = |text: &str| Cell::from_text(text);
        let check = |entered: Cell, shown: Cell, expect: Option<bool>| {
            let seen = overlay(&vec![vec![entered]], &vec![vec![shown.clone()]], true);
            assert_eq!(seen, expect.map(|formula| vec![vec![Seen { cell: shown, formula }]]));
        };
        check(text("=A1"), Cell::Number(3.0), Some(true));
        check(Cell::Number(3.0), Cell::Number(3.0), Some(false));
        check(Cell::Blank, text("filled"), Some(true));
        check(text("A"), text("B"), None);
        check(text("A"), Cell::Blank, None);
        let differing = overlay(&vec![vec![text("A")]], &vec![vec![text("B")]], false);
        assert_eq!(differing, Some(vec![vec![Seen { cell: text("B"), formula: true }]]));
    }
}
