//! A CSV file as trimmed cells that are found by header, and the line each row starts in.

use std::collections::BTreeMap;

use super::CatalogError;

/// Products with more columns than this are not an export of a store; real ones have 14 to 74.
const COLUMNS_MAX: usize = 2_000;

/// A parsed file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Lower-case trimmed header to column; the first of two equal ones counts.
    columns: BTreeMap<String, usize>,
    /// Headers as written, trimmed, for error messages.
    headers: Vec<String>,
    /// Rows below the header.
    pub rows: Vec<Line>,
    /// True when bytes that are no UTF-8 were replaced.
    pub replaced_bytes: bool,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Line of the file it starts in, counted from 1.
    pub line: u64,
    cells: Vec<String>,
}

impl Table {
    /// Parse. Rows may be ragged; a byte order mark is passed over; both CRLF and LF end a row.
    ///
    /// # Errors
    /// Nothing in it, or too many columns.
    pub fn parse(bytes: &[u8]) -> Result<Self, CatalogError> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let replaced_bytes = std::str::from_utf8(bytes).is_err();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut lines = LineCounter { text: text.as_bytes(), at: 0, line: 1 };
        let mut table = Self { replaced_bytes, ..Self::default() };
        for record in reader.records() {
            let record = record.map_err(|error| CatalogError::Csv(error.to_string()))?;
            let start = record.position().map_or(0, csv::Position::byte);
            let line = lines.line_of(usize::try_from(start).unwrap_or(usize::MAX));
            let cells: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
            if table.headers.is_empty() {
                table.set_headers(cells)?;
            } else if cells.iter().any(|cell| !cell.is_empty()) {
                table.rows.push(Line { line, cells });
            }
        }
        if table.headers.is_empty() { Err(CatalogError::Empty) } else { Ok(table) }
    }

    fn set_headers(&mut self, headers: Vec<String>) -> Result<(), CatalogError> {
        if headers.len() > COLUMNS_MAX {
            return Err(CatalogError::TooManyColumns(headers.len()));
        }
        for (column, header) in headers.iter().enumerate() {
            self.columns.entry(header.to_lowercase()).or_insert(column);
        }
        self.headers = headers;
        Ok(())
    }

    /// True when a header of this name is there, whatever its case.
    pub fn has(&self, header: &str) -> bool {
        self.columns.contains_key(&header.to_lowercase())
    }

    /// The headers, for an error message.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// The trimmed cell below the first of these headers that is there; empty when none is.
    pub fn get<'l>(&self, line: &'l Line, headers: &[&str]) -> &'l str {
        let column = headers.iter().find_map(|header| self.columns.get(&header.to_lowercase()));
        column.and_then(|column| line.cells.get(*column)).map_or("", String::as_str)
    }
}

/// Line numbers by byte offset. The csv crate's own are one short after CRLF and blank lines: its record starts before
/// what is left of the line end.
struct LineCounter<'t> {
    text: &'t [u8],
    at: usize,
    line: u64,
}

impl LineCounter<'_> {
    /// Line of the first byte at or after `offset` that ends no line. Offsets must not go down.
    fn line_of(&mut self, offset: usize) -> u64 {
        while let Some(byte) = self.text.get(self.at) {
            if self.at >= offset && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_over_crlf_breaks_in_cells_and_blank_lines() {
        let table = Table::parse(b"\xef\xbb\xbf a ,B\r\n1,\"x\r\ny\"\r\n\r\n2, z \r\n , \r\n3").unwrap();
        let lines: Vec<(u64, &str, &str)> =
            table.rows.iter().map(|row| (row.line, table.get(row, &["A"]), table.get(row, &["none", "b"]))).collect();
        assert_eq!(lines, [(2, "1", "x\r\ny"), (5, "2", "z"), (7, "3", "")]);
        assert!(!table.replaced_bytes);
    }

    #[test]
    fn takes_any_bytes() {
        assert_eq!(Table::parse(b""), Err(CatalogError::Empty));
        assert_eq!(Table::parse(b"\r\n\r\n"), Err(CatalogError::Empty));
        assert_eq!(Table::parse(&vec![b','; 3_000]), Err(CatalogError::TooManyColumns(3_001)));
        let table = Table::parse(b"name\ncaf\xe9\n\"never closed").unwrap();
        assert!(table.replaced_bytes);
        assert_eq!(table.rows.len(), 2);
    }
}
