//! Ranges of requests to cells of the book, with Google's refusals.

use serde_json::Value as Json;

use super::a1::{self, Span};
use super::book::{Area, Book};
use super::error::ApiError;
use super::payload::Payload;

/// A range that names a tab of the book; it may still lie outside of the grid.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub tab: usize,
    pub span: Span,
}

impl Target {
    /// Read A1 notation. Cells win over a tab of the same name, as at Google.
    pub(super) fn of(book: &Book, text: &str) -> Result<Self, ApiError> {
        let unknown = || ApiError::invalid(format!("Unable to parse range: {text}"));
        let split = a1::split(text).ok_or_else(unknown)?;
        let named = |title: &str| book.tab_index(title).ok_or_else(unknown);
        if split.ambiguous {
            return match a1::span(text) {
                Some(span) => Ok(Self { tab: 0, span }),
                None => match Self::of_named_range(book, text)? {
                    Some(range) => Ok(range),
                    None => Ok(Self { tab: named(text)?, span: Span::default() }),
                },
            };
        }
        let tab = split.tab.as_deref().map_or(Ok(0), named)?;
        let Some(cells) = split.cells else { return Ok(Self { tab, span: Span::default() }) };
        match a1::span(cells) {
            Some(span) => Ok(Self { tab, span }),
            // A named range may be written with its tab.
            None => Self::of_named_range(book, cells)?.filter(|range| range.tab == tab).ok_or_else(unknown),
        }
    }

    fn of_named_range(book: &Book, name: &str) -> Result<Option<Self>, ApiError> {
        let same = |range: &&Json| range["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name));
        let found = book.attached.list("namedRanges").iter().find(same);
        found.map(|range| Self::of_grid_range(book, &Payload::checked(&range["range"], "")?)).transpose()
    }

    /// A `GridRange`; the error is for the request's own prefix.
    pub(super) fn of_grid_range(book: &Book, range: &Payload<'_>) -> Result<Self, ApiError> {
        let tab = grid(book, range.int("sheetId")?.unwrap_or(0))?;
        let span = Span {
            start_row: range.index("startRowIndex")?,
            end_row: range.index("endRowIndex")?,
            start_column: range.index("startColumnIndex")?,
            end_column: range.index("endColumnIndex")?,
        };
        Ok(Self { tab, span })
    }

    /// The part inside the grid. A range that starts outside of it is refused, one that only ends there is cut
    /// (observed on the live API, 2026).
    pub(super) fn area(&self, book: &Book) -> Result<Area, ApiError> {
        let Some(tab) = book.tabs.get(self.tab) else { return Err(ApiError::not_found()) };
        let start_row = self.span.start_row.unwrap_or(0);
        let start_column = self.span.start_column.unwrap_or(0);
        if start_row >= tab.rows || start_column >= tab.columns {
            return Err(self.beyond(book));
        }
        let end_row = self.span.end_row.unwrap_or(tab.rows).min(tab.rows);
        let end_column = self.span.end_column.unwrap_or(tab.columns).min(tab.columns);
        Ok(Area {
            tab: self.tab,
            rows: start_row..end_row.max(start_row),
            columns: start_column..end_column.max(start_column),
        })
    }

    /// The refusal of a range outside of the grid.
    pub(super) fn beyond(&self, book: &Book) -> ApiError {
        let (rows, columns) = book.tabs.get(self.tab).map_or((0, 0), |tab| (tab.rows, tab.columns));
        ApiError::invalid(format!(
            "Range ({}) exceeds grid limits. Max rows: {rows}, max columns: {columns}",
            self.notation(book)
        ))
    }

    /// As Google's messages write it.
    pub(super) fn notation(&self, book: &Book) -> String {
        let title = book.tabs.get(self.tab).map_or("", |tab| &tab.title);
        format!("{}!{}", a1::title(title), self.span.notation())
    }
}

/// The field names of a `GridRange`.
pub(super) const GRID_RANGE: &[&str] =
    &["sheetId", "startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex"];

/// A tab by id, for requests that work on its grid.
pub(super) fn grid(book: &Book, id: i64) -> Result<usize, ApiError> {
    book.tab_by_id(id).ok_or_else(|| ApiError::invalid(format!("No grid with id: {id}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        let tab = |title: &str| (title.to_owned(), vec![]);
        Book::new("B", "en_US", &[tab("Products"), tab("Bob's list"), tab("CO2")])
    }

    fn check(text: &str, expect: Result<&str, &str>) {
        let book = book();
        let answer = Target::of(&book, text).and_then(|target| target.area(&book)).map(|area| book.answer(&area));
        assert_eq!(answer.as_deref().map_err(|error| error.message.as_str()), expect, "{text}");
    }

    #[test]
    fn every_form() {
        check("Products!A1:B2", Ok("Products!A1:B2"));
        check("products!b2", Ok("Products!B2"));
        check("Products", Ok("Products!A1:Z1000"));
        check("'Bob''s list'!A2:A", Ok("'Bob''s list'!A2:A1000"));
        check("'CO2'!2:5", Ok("'CO2'!A2:Z5"));
        check("A:C", Ok("Products!A1:C1000"));
        check("Products!Y999:AB2000", Ok("Products!Y999:Z1000"));
    }

    #[test]
    fn refusals() {
        check("Nowhere!A1", Err("Unable to parse range: Nowhere!A1"));
        check("Products!A0", Err("Unable to parse range: Products!A0"));
        check("Products!", Err("Unable to parse range: Products!"));
        let beyond = "Range (Products!A9999) exceeds grid limits. Max rows: 1000, max columns: 26";
        check("Products!A9999", Err(beyond));
        let beyond = "Range ('Bob''s list'!AA1:AB) exceeds grid limits. Max rows: 1000, max columns: 26";
        check("'Bob''s list'!AA1:AB", Err(beyond));
        // An unquoted tab title that looks like a cell is one, of the first tab.
        check("CO2", Err("Range (Products!CO2) exceeds grid limits. Max rows: 1000, max columns: 26"));
    }
}
