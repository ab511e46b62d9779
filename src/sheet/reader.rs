//! Reads whole tabs, over any [`Workbook`]: few calls, mapped columns only, in bounded blocks of rows.

use std::collections::BTreeMap;

use super::dates::tell_dates;
use super::{CellRange, Grid, Render, Shape, SheetError, TabShape, Workbook};
use crate::catalog::{Cell, Columns, HeaderProblem, Locale, RawRow, TabMapping, locate};

/// What one read of the sheet gave.
#[derive(Debug, Clone)]
pub struct SheetRead {
    /// Drive's file version from before the read: a probe that still gives it says that nothing has changed.
    pub version: i64,
    /// True when the version was the same before and after. A read that is not complete is good for what is in it,
    /// never as proof that a row is gone.
    pub complete: bool,
    /// How typed numbers read.
    pub locale: Locale,
    /// One per mapping, in order.
    pub tabs: Vec<TabRead>,
}

/// What one read gave of one tab.
#[derive(Debug, Clone)]
pub struct TabRead {
    /// Tab title.
    pub tab: String,
    /// Rows of its grid, empty ones included.
    pub rows: u32,
    /// Where the mapped headers stand, and the rows with anything in a mapped column; or why it cannot be read.
    pub content: Result<(Columns, Vec<RawRow>), Vec<HeaderProblem>>,
}

/// Read all mapped tabs, `block_rows` rows per call at most. When the file changed meanwhile the read is repeated, up to
/// `tries` reads in all; the last one is taken as it is. `version` is the file's version, where it has just been asked.
///
/// # Errors
/// What a call gave. A refused call counts as a try: a tab may have been renamed or cut between two calls.
pub async fn read_tabs(
    book: &dyn Workbook,
    mappings: &[TabMapping],
    block_rows: u32,
    tries: u32,
    version: Option<i64>,
) -> Result<SheetRead, SheetError> {
    let mut left = tries.max(1);
    let mut before = match version {
        Some(version) => version,
        None => book.version().await?,
    };
    loop {
        left -= 1;
        let (locale, tabs) = match read_once(book, mappings, block_rows.max(1)).await {
            Ok(read) => read,
            Err(SheetError::Refused(_)) if left > 0 => {
                before = book.version().await?;
                continue;
            }
            Err(error) => return Err(error),
        };
        let after = book.version().await?;
        if after == before || left == 0 {
            return Ok(SheetRead { version: before, complete: after == before, locale, tabs });
        }
        before = after;
    }
}

/// One contiguous run of columns in one block of rows.
struct Part {
    /// Index of the tab.
    tab: usize,
    range: CellRange,
}

async fn read_once(
    book: &dyn Workbook,
    mappings: &[TabMapping],
    block_rows: u32,
) -> Result<(Locale, Vec<TabRead>), SheetError> {
    let shape = book.shape().await?;
    let mut tabs = read_headers(book, mappings, &shape).await?;
    for call in plan(&tabs, block_rows) {
        let ranges: Vec<CellRange> = call.iter().map(|part| part.range.clone()).collect();
        let grids = book.read(&ranges, Render::Values).await?;
        let mut rows: BTreeMap<(usize, u32), RawRow> = BTreeMap::new();
        for (part, grid) in call.iter().zip(grids) {
            if let Some(Ok((columns, _))) = tabs.get(part.tab).map(|tab| &tab.content) {
                absorb(part, grid, columns, &mut rows);
            }
        }
        tell_dates(book, mappings, &tabs, &mut rows).await?;
        for ((tab, _), row) in rows {
            if let Some(Ok((_, all))) = tabs.get_mut(tab).map(|tab| &mut tab.content) {
                all.push(row);
            }
        }
    }
    Ok((Locale::from_spreadsheet(&shape.locale), tabs))
}

/// Where the headers stand, for all tabs in one call.
async fn read_headers(book: &dyn Workbook, mappings: &[TabMapping], shape: &Shape) -> Result<Vec<TabRead>, SheetError> {
    let found: Vec<Option<&TabShape>> =
        mappings.iter().map(|mapping| shape.tabs.iter().find(|tab| tab.title == mapping.tab)).collect();
    let ranges: Vec<CellRange> = found
        .iter()
        .flatten()
        .map(|tab| CellRange { tab: tab.title.clone(), rows: 0..1, columns: 0..tab.columns })
        .collect();
    let mut grids = if ranges.is_empty() { Vec::new() } else { book.read(&ranges, Render::Values).await? }.into_iter();
    let read = |(mapping, found): (&TabMapping, Option<&TabShape>)| match found {
        None => TabRead { tab: mapping.tab.clone(), rows: 0, content: Err(vec![tab_missing(&mapping.tab, shape)]) },
        Some(tab) => {
            let content = locate(mapping, &header_texts(grids.next().unwrap_or_default()));
            TabRead { tab: tab.title.clone(), rows: tab.rows, content: content.map(|columns| (columns, Vec::new())) }
        }
    };
    Ok(mappings.iter().zip(found).map(read).collect())
}

/// The problem of a tab that is not there.
pub(super) fn tab_missing(tab: &str, shape: &Shape) -> HeaderProblem {
    let found: Vec<&str> = shape.tabs.iter().map(|tab| tab.title.as_str()).collect();
    HeaderProblem::TabMissing { tab: tab.to_owned(), found: found.join(", ") }
}

/// A header row as texts.
pub(super) fn header_texts(grid: Grid) -> Vec<String> {
    let row = grid.into_iter().next().unwrap_or_default();
    row.iter().map(|cell| cell.text().ok().flatten().unwrap_or_else(|| cell.quote())).collect()
}

/// The columns as runs of neighbours, half-open: what is not mapped is not fetched.
pub(super) fn column_runs(columns: impl IntoIterator<Item = u32>) -> Vec<std::ops::Range<u32>> {
    let mut columns: Vec<u32> = columns.into_iter().collect();
    columns.sort_unstable();
    columns.dedup();
    let runs = columns.chunk_by(|left, right| left + 1 == *right);
    runs.filter_map(|run| Some(*run.first()?..*run.last()? + 1)).collect()
}

/// Pack blocks of rows into calls of at most `block_rows` rows. Small tabs share a call; all columns of a row are in
/// the same call.
fn plan(tabs: &[TabRead], block_rows: u32) -> Vec<Vec<Part>> {
    let mut calls: Vec<Vec<Part>> = Vec::new();
    let mut room = 0;
    for (index, tab) in tabs.iter().enumerate() {
        let Ok((columns, _)) = &tab.content else { continue };
        let runs = column_runs(columns.iter().map(|(_, column)| column));
        let mut start = 1;
        while start < tab.rows {
            if room == 0 {
                calls.push(Vec::new());
                room = block_rows;
            }
            let end = tab.rows.min(start + room);
            let parts = runs.iter().map(|run| Part {
                tab: index,
                range: CellRange { tab: tab.tab.clone(), rows: start..end, columns: run.clone() },
            });
            calls.last_mut().into_iter().for_each(|call| call.extend(parts.clone()));
            room -= end - start;
            start = end;
        }
    }
    calls
}

/// Put a grid's cells into rows. Blank cells are left out, and so are rows without any other.
fn absorb(part: &Part, grid: Grid, columns: &Columns, rows: &mut BTreeMap<(usize, u32), RawRow>) {
    for (at, cells) in (part.range.rows.start..).zip(grid) {
        for (column, cell) in (part.range.columns.start..).zip(cells) {
            if cell == Cell::Blank {
                continue;
            }
            for (header, _) in columns.iter().filter(|(_, of)| *of == column) {
                let row = rows.entry((part.tab, at)).or_insert_with(|| RawRow { row: at + 1, ..RawRow::default() });
                row.cells.insert(header.to_owned(), cell.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Entered, FakeBook, Op, When, mapping, number, text};
    use super::*;

    const HEADERS: [&str; 5] = [" SKU ", "Notes", "Stock", "Status", "Cost"];

    fn tab(rows: &[(&str, f64)]) -> Vec<Vec<Entered>> {
        let body =
            rows.iter().map(
                |(sku, stock)| {
                    if sku.is_empty() { Vec::new() } else { vec![text(sku), text("private"), number(*stock)] }
                },
            );
        std::iter::once(HEADERS.iter().map(|header| text(header)).collect()).chain(body).collect()
    }

    fn rows(read: &TabRead) -> Vec<(u32, String, Cell)> {
        let (_, rows) = read.content.as_ref().unwrap();
        rows.iter().map(|row| (row.row, row.cells["SKU"].quote(), row.cells["Stock"].clone())).collect()
    }

    fn row(row: u32, sku: &str, stock: f64) -> (u32, String, Cell) {
        (row, sku.to_owned(), Cell::Number(stock))
    }

    #[tokio::test]
    async fn reads_mapped_columns_in_few_calls() {
        let book =
            FakeBook::new(vec![("Shirts", tab(&[("A", 1.0), ("", 0.0), ("B", 2.0)])), ("Mugs", tab(&[("C", 3.0)]))]);
        let mappings = [mapping("Shirts", &["SKU"]), mapping("Mugs", &["SKU"])];
        let read = read_tabs(&book, &mappings, 1_000, 3, None).await.unwrap();
        assert!(read.complete);
        assert_eq!(read.locale, Locale::Comma);
        assert_eq!(rows(&read.tabs[0]), [row(2, "A", 1.0), row(4, "B", 2.0)]);
        assert_eq!(rows(&read.tabs[1]), [row(2, "C", 3.0)]);
        assert_eq!(book.calls(), [Op::Version, Op::Shape, Op::Read, Op::Read, Op::Version]);
        let body: Vec<_> = book.ranges().into_iter().filter(|range| range.rows.start > 0).collect();
        assert!(body.iter().all(|range| !range.columns.contains(&1) && !range.columns.contains(&4)), "{body:?}");
        assert_eq!(body.len(), 4, "two runs of columns per tab: {body:?}");
    }

    #[tokio::test]
    async fn blocks_bound_a_call_and_lose_no_row() {
        let skus: Vec<String> = (0..25).map(|n| format!("S{n}")).collect();
        let body: Vec<(&str, f64)> = skus.iter().map(|sku| (sku.as_str(), 1.0)).collect();
        let book = FakeBook::new(vec![("A", tab(&body)), ("B", tab(&body))]);
        let mappings = [mapping("A", &["SKU"]), mapping("B", &["SKU"])];
        let read = read_tabs(&book, &mappings, 10, 1, None).await.unwrap();
        for tab in &read.tabs {
            let rows = rows(tab);
            assert_eq!(rows.len(), 25);
            assert!(rows.iter().zip(2..).all(|((row, sku, _), at)| *row == at && *sku == format!("S{}", at - 2)));
        }
        let reads = book.count(Op::Read);
        assert_eq!(reads, 1 + 5, "one for the headers, fifty rows in tens");
    }

    #[tokio::test]
    async fn a_change_while_reading_repeats_the_read() {
        let book = FakeBook::new(vec![("A", tab(&[("X", 1.0), ("Y", 2.0)]))]);
        book.hook(When::Before(Op::Read, 2), |tabs| tabs[0].enter(1, 2, number(9.0)));
        let read = read_tabs(&book, &[mapping("A", &["SKU"])], 100, 3, None).await.unwrap();
        assert!(read.complete);
        assert_eq!((read.version, rows(&read.tabs[0])), (1, vec![row(2, "X", 9.0), row(3, "Y", 2.0)]));
        assert_eq!(book.count(Op::Shape), 2);
    }

    #[tokio::test]
    async fn a_sheet_that_never_rests_is_read_partially() {
        let book = FakeBook::new(vec![("A", tab(&[("X", 1.0)]))]);
        for nth in [2, 4] {
            book.hook(When::Before(Op::Read, nth), |tabs| tabs[0].rows.swap(0, 0));
        }
        let read = read_tabs(&book, &[mapping("A", &["SKU"])], 100, 2, None).await.unwrap();
        assert!(!read.complete);
        assert_eq!(read.version, 1, "the version from before, so that the next probe sees a change");
        assert_eq!(rows(&read.tabs[0]), [row(2, "X", 1.0)]);
    }

    #[tokio::test]
    async fn a_broken_tab_does_not_stop_the_others() {
        let mut renamed = tab(&[("X", 1.0)]);
        renamed[0][2] = text("Bestand");
        let mut twice = tab(&[("X", 1.0)]);
        twice[0][4] = text("Stock");
        let book = FakeBook::new(vec![("Renamed", renamed), ("Twice", twice), ("Good", tab(&[("Y", 2.0)]))]);
        let mappings = ["Gone", "Renamed", "Twice", "Good"].map(|tab| mapping(tab, &["SKU"]));
        let read = read_tabs(&book, &mappings, 100, 3, None).await.unwrap();
        let problem = |index: usize| read.tabs[index].content.as_ref().unwrap_err()[0].to_string();
        assert_eq!(problem(0), "no tab is called \"Gone\"; the spreadsheet has: Renamed, Twice, Good");
        assert!(problem(1).contains("no column is called \"Stock\""), "{}", problem(1));
        assert!(problem(2).contains("two columns are called \"Stock\""), "{}", problem(2));
        assert_eq!(rows(&read.tabs[3]), [row(2, "Y", 2.0)]);
    }

    #[tokio::test]
    async fn a_tab_renamed_between_two_calls_is_looked_at_again() {
        let book = FakeBook::new(vec![("A", tab(&[("X", 1.0)])), ("B", tab(&[("Y", 2.0)]))]);
        book.hook(When::Before(Op::Read, 2), |tabs| tabs[0].title = "C".to_owned());
        let read = read_tabs(&book, &[mapping("A", &["SKU"]), mapping("B", &["SKU"])], 100, 3, None).await.unwrap();
        assert!(matches!(read.tabs[0].content.as_ref().unwrap_err()[0], HeaderProblem::TabMissing { .. }));
        assert_eq!(rows(&read.tabs[1]), [row(2, "Y", 2.0)]);
        let broken = FakeBook::new(vec![]);
        broken.fail(Op::Shape, 1, false, SheetError::Quota);
        assert!(matches!(read_tabs(&broken, &[], 1, 3, None).await, Err(SheetError::Quota)));
    }

    #[tokio::test]
    async fn an_empty_tab_and_one_with_headers_only() {
        let book = FakeBook::new(vec![("Empty", vec![]), ("Headers", tab(&[]))]);
        let read =
            read_tabs(&book, &["Empty", "Headers"].map(|tab| mapping(tab, &["SKU"])), 100, 1, None).await.unwrap();
        assert_eq!(read.tabs[0].content.as_ref().unwrap_err().len(), 3);
        assert_eq!(rows(&read.tabs[1]), []);
        assert_eq!(book.calls(), [Op::Version, Op::Shape, Op::Read, Op::Version]);
    }
}
