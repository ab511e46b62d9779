//! What people do in the sheet: they type, insert, delete, sort and rename, by header and row, with no API in between.

use std::ops::Range;

use chrono::Datelike;
use serde_json::{Value as Json, json};

use super::attached_requests::{PROTECTED_RANGE, add_item};
use super::book::{Area, Book, Dimension, Tab};
use super::sorting::{self, By};
use super::values::{self, ReadOptions, Render};
use super::{GoogleFace, MERCHANT};
use crate::clock;

/// Why an edit could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GridRefusal {
    /// No tab of that title.
    #[error("no such tab")]
    UnknownTab,
    /// Row 1 of the tab has no such header.
    #[error("no column is headed \"{0}\"")]
    UnknownHeader(String),
    /// The row is the header, or lies outside of the grid.
    #[error("no such row to edit: {0}")]
    UnknownRow(u32),
}

/// Rows count from 1 as in the sheet's margin, and row 1 holds the headers. Typed text is read as the UI reads it, by the
/// spreadsheet's locale.
impl GoogleFace {
    /// Change the lab's own spreadsheet as the merchant. There is no tab to find in one that was deleted.
    fn change_main<T>(&self, work: impl FnOnce(&mut Book) -> Result<T, GridRefusal>) -> Result<T, GridRefusal> {
        self.change(self.spreadsheet_id(), MERCHANT, work).unwrap_or(Err(GridRefusal::UnknownTab))
    }

    /// Unformatted values of a tab, header row first, ragged. `None`: no such tab.
    pub fn grid(&self, tab: &str) -> Option<Vec<Vec<Json>>> {
        let book = self.book(self.spreadsheet_id())?;
        let index = book.tab_index(tab)?;
        let sheet = book.tabs.get(index)?;
        Some(unformatted(&book, &Area { tab: index, rows: 0..sheet.rows, columns: 0..sheet.columns }))
    }

    /// Type into one cell. Answers with the unformatted values that stood there and that stand there now.
    pub fn edit(&self, tab: &str, row: u32, header: &str, typed: &str) -> Result<(Json, Json), GridRefusal> {
        self.edit_shown(tab, row, header, |_| typed.to_owned())
    }

    /// Type into one cell what depends on what it shows at that very moment.
    pub fn edit_shown(
        &self,
        tab: &str,
        row: u32,
        header: &str,
        typed: impl FnOnce(&str) -> String,
    ) -> Result<(Json, Json), GridRefusal> {
        self.change_main(|book| {
            let tab = tab_index(book, tab)?;
            let column = column(book, tab, header)?;
            let row = data_row(book, tab, row)?;
            let before = cell(book, tab, row, column);
            let typed = typed(&book.shown(tab, row, column));
            book.type_in(tab, row, column, &typed, clock::now().year());
            Ok((before, cell(book, tab, row, column)))
        })
    }

    /// Insert a row before `before_row` and type `(header, text)` pairs into it. The row takes over the formats of its
    /// neighbour: the row above, or the one below when the headers are above.
    pub fn insert_row(&self, tab: &str, before_row: u32, cells: &[(String, String)]) -> Result<(), GridRefusal> {
        self.change_main(|book| {
            let tab = tab_index(book, tab)?;
            let columns: Result<Vec<usize>, GridRefusal> =
                cells.iter().map(|(header, _)| column(book, tab, header)).collect();
            let columns = columns?;
            // Right below the grid's last row is a place too.
            let end = book.tabs.get(tab).map_or(0, |tab| tab.rows);
            let row = if before_row as usize == end + 1 { end } else { data_row(book, tab, before_row)? };
            book.insert(tab, Dimension::Rows, row, 1, Some(if row > 1 { row - 1 } else { row }));
            for (column, (_, typed)) in columns.into_iter().zip(cells) {
                book.type_in(tab, row, column, typed, clock::now().year());
            }
            Ok(())
        })
    }

    /// Delete a row; the rows below move up.
    pub fn delete_row(&self, tab: &str, row: u32) -> Result<(), GridRefusal> {
        self.change_main(|book| {
            let tab = tab_index(book, tab)?;
            let row = data_row(book, tab, row)?;
            book.delete(tab, Dimension::Rows, row..row + 1);
            Ok(())
        })
    }

    /// Sort all rows below the headers by one column.
    pub fn sort(&self, tab: &str, header: &str, ascending: bool) -> Result<(), GridRefusal> {
        self.change_main(|book| {
            let tab = tab_index(book, tab)?;
            let column = column(book, tab, header)?;
            let area = Area { tab, rows: data_rows(book, tab), columns: columns(book, tab) };
            sorting::sort(book, &area, &[By { column, ascending }]);
            Ok(())
        })
    }

    /// Type another text into a header cell.
    pub fn rename_header(&self, tab: &str, from: &str, to: &str) -> Result<(), GridRefusal> {
        self.change_main(|book| {
            let tab = tab_index(book, tab)?;
            let column = column(book, tab, from)?;
            book.type_in(tab, 0, column, to, clock::now().year());
            Ok(())
        })
    }

    /// Protect a column for its owner alone.
    pub fn protect(&self, tab: &str, header: &str) -> Result<(), GridRefusal> {
        self.change_main(|book| {
            let tab = tab_index(book, tab)?;
            let column = column(book, tab, header)?;
            let id = book.tabs.get(tab).map(|tab| tab.id).ok_or(GridRefusal::UnknownTab)?;
            let range = json!({ "sheetId": id, "startColumnIndex": column, "endColumnIndex": column + 1 });
            // The tab is there, and nothing else of it could be refused.
            let added = add_item(book, json!({ "range": range }), &PROTECTED_RANGE);
            added.map(|_| ()).map_err(|_| GridRefusal::UnknownTab)
        })
    }

    /// Select everything below the headers and press delete: contents go, rows stay.
    pub fn clear_rows(&self, tab: &str) -> Result<(), GridRefusal> {
        self.change_main(|book| {
            let tab = tab_index(book, tab)?;
            let used = book.tabs.get(tab).map_or(0, Tab::used_rows);
            for row in 1..used {
                for column in columns(book, tab) {
                    if !book.slot(tab, row, column).content.is_empty() {
                        book.put(tab, row, column, super::cell::Content::Empty);
                    }
                }
            }
            Ok(())
        })
    }
}

fn unformatted(book: &Book, area: &Area) -> Vec<Vec<Json>> {
    values::grid(book, area, &ReadOptions { render: Render::Unformatted, ..ReadOptions::default() })
}

/// One unformatted value; a blank cell is an empty text.
fn cell(book: &Book, tab: usize, row: usize, column: usize) -> Json {
    let grid = unformatted(book, &Area { tab, rows: row..row + 1, columns: column..column + 1 });
    grid.into_iter().flatten().next().unwrap_or_else(|| Json::from(""))
}

fn tab_index(book: &Book, title: &str) -> Result<usize, GridRefusal> {
    book.tab_index(title).ok_or(GridRefusal::UnknownTab)
}

fn columns(book: &Book, tab: usize) -> Range<usize> {
    0..book.tabs.get(tab).map_or(0, |tab| tab.columns)
}

fn data_rows(book: &Book, tab: usize) -> Range<usize> {
    1..book.tabs.get(tab).map_or(1, |tab| tab.rows.max(1))
}

fn column(book: &Book, tab: usize, header: &str) -> Result<usize, GridRefusal> {
    let found = columns(book, tab).find(|column| book.shown(tab, 0, *column) == header);
    found.ok_or_else(|| GridRefusal::UnknownHeader(header.to_owned()))
}

fn data_row(book: &Book, tab: usize, row: u32) -> Result<usize, GridRefusal> {
    let index = row.checked_sub(1).map(|row| row as usize);
    index.filter(|index| data_rows(book, tab).contains(index)).ok_or(GridRefusal::UnknownRow(row))
}
