//! A1 notation: reading every form of it, and writing it the way Google answers.

use std::ops::Range;

/// Google's last column is `ZZZ`: <https://support.google.com/drive/answer/37603> (18,278 columns).
const COLUMN_MAX: usize = 18_278;

/// A range as asked for. Bounds count from zero, ends are exclusive, `None` is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub start_row: Option<usize>,
    pub end_row: Option<usize>,
    pub start_column: Option<usize>,
    pub end_column: Option<usize>,
}

impl Span {
    /// One cell.
    pub(super) fn cell(row: usize, column: usize) -> Self {
        Self { start_row: Some(row), end_row: Some(row + 1), start_column: Some(column), end_column: Some(column + 1) }
    }

    /// True when the span is written as one cell.
    pub(super) fn is_cell(&self) -> bool {
        let one = |start: Option<usize>, end: Option<usize>| start.is_some_and(|start| end == Some(start + 1));
        one(self.start_row, self.end_row) && one(self.start_column, self.end_column)
    }

    /// As text, without the tab: `A1:B2`, `A2:A`, `2:5`, `AA1:2`.
    pub(super) fn notation(&self) -> String {
        let corner = |column: Option<usize>, row: Option<usize>| {
            let column = column.map(column_letters).unwrap_or_default();
            format!("{column}{}", row.map(|row| (row + 1).to_string()).unwrap_or_default())
        };
        let last = |end: Option<usize>| end.map(|end| end.saturating_sub(1));
        let start = corner(self.start_column, self.start_row);
        let end = corner(last(self.end_column), last(self.end_row));
        if self.is_cell() || end.is_empty() { start } else { format!("{start}:{end}") }
    }
}

/// `0` is `A`.
pub(super) fn column_letters(column: usize) -> String {
    let mut rest = column + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        letters.push(b'A' + ((rest - 1) % 26) as u8);
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().map(|byte| char::from(*byte)).collect()
}

/// Column letters, either case, to a zero-based column.
pub(super) fn column_index(letters: &str) -> Option<usize> {
    // Four letters are beyond the last column, and are read as a name.
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let mut index = 0;
    for byte in letters.bytes() {
        let digit = byte.to_ascii_uppercase().checked_sub(b'A').filter(|digit| *digit < 26)?;
        index = index * 26 + usize::from(digit) + 1;
    }
    (index <= COLUMN_MAX).then(|| index - 1)
}

/// A row number to a zero-based row. What does not fit 32 bits is no row, so that sums of rows never overflow.
pub(super) fn row_index(digits: &str) -> Option<usize> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse::<u32>().ok()?.checked_sub(1)? as usize)
}

/// One corner: column and row, either may be missing, not both. `$` signs are allowed.
fn corner(text: &str) -> Option<(Option<usize>, Option<usize>)> {
    let text = text.strip_prefix('$').unwrap_or(text);
    let letters_end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (letters, digits) = text.split_at_checked(letters_end)?;
    let digits = digits.strip_prefix('$').unwrap_or(digits);
    let column = if letters.is_empty() { None } else { Some(column_index(letters)?) };
    let row = if digits.is_empty() { None } else { Some(row_index(digits)?) };
    (column.is_some() || row.is_some()).then_some((column, row))
}

/// A range without a tab: `A1`, `A1:B2`, `A:A`, `2:5`, `A2:A`, `A2:5`.
pub(super) fn span(text: &str) -> Option<Span> {
    let Some((from, to)) = text.split_once(':') else {
        let (column, row) = corner(text)?;
        return Some(Span::cell(row?, column?));
    };
    let (from, to) = (corner(from)?, corner(to)?);
    let (start_column, end_column) = bounds(from.0, to.0);
    let (start_row, end_row) = bounds(from.1, to.1);
    Some(Span { start_row, end_row, start_column, end_column })
}

/// Reversed corners are put in order; a bound that one corner lacks is open at the end.
fn bounds(from: Option<usize>, to: Option<usize>) -> (Option<usize>, Option<usize>) {
    match (from, to) {
        (Some(from), Some(to)) => (Some(from.min(to)), Some(from.max(to) + 1)),
        (from, to) => (from.or(to), None),
    }
}

/// A range split into the tab's title, unquoted, and the rest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split<'a> {
    /// `None`: the first tab.
    pub tab: Option<String>,
    /// `None`: the whole tab.
    pub cells: Option<&'a str>,
    /// The text may be a bare tab title or cells: cells win, as at Google.
    pub ambiguous: bool,
}

/// Split at the `!` that is not inside quotes. `None`: quotes that do not close.
pub(super) fn split(text: &str) -> Option<Split<'_>> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let mut title = String::new();
        let mut rest = quoted;
        loop {
            let (part, after) = rest.split_once('\'')?;
            title.push_str(part);
            match after.strip_prefix('\'') {
                Some(more) => {
                    title.push('\'');
                    rest = more;
                }
                None if after.is_empty() => return Some(Split { tab: Some(title), cells: None, ambiguous: false }),
                None => return Some(Split { tab: Some(title), cells: after.strip_prefix('!'), ambiguous: false }),
            }
        }
    }
    Some(match text.rsplit_once('!') {
        Some((tab, cells)) => Split { tab: Some(tab.to_owned()), cells: Some(cells), ambiguous: false },
        None => Split { tab: None, cells: Some(text), ambiguous: true },
    })
}

/// A tab's title as it stands in an answer: quoted only where needed.
pub(super) fn title(title: &str) -> String {
    let word = title.chars().all(|c| c.is_alphanumeric() || c == '_');
    let starts_well = title.chars().next().is_some_and(|c| !c.is_numeric());
    if word && starts_well && !looks_like_a_cell(title) {
        title.to_owned()
    } else {
        format!("'{}'", title.replace('\'', "''"))
    }
}

fn looks_like_a_cell(title: &str) -> bool {
    let upper = title.to_ascii_uppercase();
    let r1c1 = upper.strip_prefix('R').is_some_and(|rest| {
        rest.split_once('C').is_some_and(|(row, column)| {
            row.bytes().all(|byte| byte.is_ascii_digit()) && column.bytes().all(|byte| byte.is_ascii_digit())
        })
    });
    r1c1 || span(title).is_some()
}

/// A bounded rectangle as Google answers it: `Sheet1!A1:Z1000`, one cell as `Sheet1!A1`.
pub(super) fn answer(tab: &str, rows: &Range<usize>, columns: &Range<usize>) -> String {
    let span = Span {
        start_row: Some(rows.start),
        end_row: Some(rows.end.max(rows.start + 1)),
        start_column: Some(columns.start),
        end_column: Some(columns.end.max(columns.start + 1)),
    };
    format!("{}!{}", title(tab), span.notation())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_survive_a_round_trip() {
        for text in ["A1", "A1:B2", "A:A", "2:5", "A2:A", "ZZ9:ZZZ10", "A2:C"] {
            assert_eq!(span(text).unwrap().notation(), text);
        }
    }

    #[test]
    fn odd_spans() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(span(text).map(|span| span.notation()).as_deref(), expect, "{text}");
        };
        check("b2:a1", Some("A1:B2"));
        check("$A$1:$B2", Some("A1:B2"));
        check("A0", None);
        check("A", None);
        check("7", None);
        check("ZZZZ1", None);
        check("Sheet1", None);
        check("A1:[5", None);
        check("A18446744073709551615", None);
        check("", None);
    }

    #[test]
    fn tabs_are_split_off() {
        let check = |text: &str, tab: Option<&str>, cells: Option<&str>| {
            let split = split(text).unwrap();
            assert_eq!((split.tab.as_deref(), split.cells), (tab, cells), "{text}");
        };
        check("A1:B2", None, Some("A1:B2"));
        check("Sheet1!A1", Some("Sheet1"), Some("A1"));
        check("'All products'!A:A", Some("All products"), Some("A:A"));
        check("'Bob''s'", Some("Bob's"), None);
        check("'a!b'!2:5", Some("a!b"), Some("2:5"));
        assert_eq!(split("'open!A1"), None);
    }

    #[test]
    fn titles_are_quoted_where_needed() {
        for (plain, expect) in [
            ("Sheet1", "Sheet1"),
            ("All products", "'All products'"),
            ("CO2", "'CO2'"),
            ("Bob's", "'Bob''s'"),
            ("2026", "'2026'"),
            ("R1C1", "'R1C1'"),
            ("Products_EU", "Products_EU"),
        ] {
            assert_eq!(title(plain), expect);
        }
    }
}
