//! Dates among numbers. `12.5` typed in a German sheet, or `5-3` in an American one, becomes a date, and reads as the number of its
//! day: 46,154 and the like. Nobody means a price or a stock by it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::reader::TabRead;
use super::{CellRange, Render, SheetError, Workbook};
use crate::catalog::{Cell, RawRow, TabMapping};

/// Serial numbers of the days from 2000 to 2099, as Sheets counts them from 1899-12-30; what was half typed becomes a day of this
/// year. <https://developers.google.com/workspace/sheets/api/guides/formats>
const DAYS: RangeInclusive<f64> = 36_526.0..=73_051.0;

fn may_be_date(cell: Option<&Cell>) -> bool {
    matches!(cell, Some(Cell::Number(number)) if DAYS.contains(number))
}

/// Prices and stock that are dates become the text that they show, which is no number. Rows are by tab and place. One more call,
/// where a number could be one.
///
/// # Errors
/// What the call gave.
pub(super) async fn tell_dates(
    book: &dyn Workbook,
    mappings: &[TabMapping],
    tabs: &[TabRead],
    rows: &mut BTreeMap<(usize, u32), RawRow>,
) -> Result<(), SheetError> {
    let mut suspects: BTreeMap<(usize, String), (u32, u32)> = BTreeMap::new();
    for ((tab, at), row) in &*rows {
        let Some(mapping) = mappings.get(*tab) else { continue };
        let headers = mapping.price.iter().chain(mapping.stock.iter().map(|(_, header)| header));
        for header in headers.filter(|header| may_be_date(row.cells.get(*header))) {
            suspects.entry((*tab, header.clone())).or_insert((*at, *at)).1 = *at;
        }
    }
    let (mut of, mut ranges) = (Vec::new(), Vec::new());
    for ((tab, header), (first, last)) in suspects {
        let Some(TabRead { tab: title, content: Ok((columns, _)), .. }) = tabs.get(tab) else { continue };
        let Some(column) = columns.get(&header) else { continue };
        ranges.push(CellRange { tab: title.clone(), rows: first..last + 1, columns: column..column + 1 });
        of.push((tab, header));
    }
    if ranges.is_empty() {
        return Ok(());
    }
    let grids = book.read(&ranges, Render::Dates).await?;
    for (((tab, header), range), grid) in of.into_iter().zip(&ranges).zip(grids) {
        for (at, cells) in range.rows.clone().zip(grid) {
            let cell = rows.get_mut(&(tab, at)).and_then(|row| row.cells.get_mut(&header));
            if let (Some(cell), Some(shown @ Cell::Text(_))) = (cell, cells.into_iter().next())
                && may_be_date(Some(cell))
            {
                *cell = shown;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::reader::read_tabs;
    use super::super::testing::{Entered, FakeBook, Op, mapping, number, text};
    use super::*;

    #[tokio::test]
    async fn a_date_is_no_number() {
        let date = |shown| Entered::Date(46_154.0, shown);
        let header = ["SKU", "Stock", "Price", "Status"].map(text).to_vec();
        let rows = [
            vec![text("A"), number(5.0), date("12.05.2026")],
            vec![text("B"), number(40_000.0), number(2.5)],
            vec![text("C"), date("12.05.2026"), number(46_154.0)],
            vec![text("D"), number(7.0), date("12.05.2026")],
        ];
        let book = FakeBook::new(vec![("Shop", std::iter::once(header).chain(rows).collect())]);
        let mapping = TabMapping { price: Some("Price".to_owned()), ..mapping("Shop", &["SKU"]) };
        let read = read_tabs(&book, &[mapping], 1_000, 1, None).await.unwrap();
        let (_, rows) = read.tabs[0].content.as_ref().unwrap();
        let shown: Vec<_> = rows.iter().map(|row| (row.cells["Stock"].quote(), row.cells["Price"].quote())).collect();
        let expect = [("5", "12.05.2026"), ("40000", "2.5"), ("12.05.2026", "46154"), ("7", "12.05.2026")];
        assert_eq!(shown, expect.map(|(stock, price)| (stock.to_owned(), price.to_owned())));
        assert_eq!(book.count(Op::Read), 3, "headers, rows, and those that could be dates");
    }

    #[test]
    fn days_of_this_century() {
        for (number, expect) in
            [(36_526.0, true), (46_154.5, true), (73_050.0, true), (36_525.0, false), (80_000.0, false)]
        {
            assert_eq!(may_be_date(Some(&Cell::Number(number))), expect, "{number}");
        }
        assert!(!may_be_date(Some(&Cell::Text("46154".to_owned()))) && !may_be_date(None));
    }
}
