//! A1 notation, pure.

use crate::sheet::CellRange;

/// The last column a grid can have (18,278 columns: <https://support.google.com/drive/answer/37603>).
const LAST_COLUMN: u32 = 18_277;

/// Letters of a zero-based column: `0` is `A`, `26` is `AA`.
pub fn letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column;
    loop {
        letters.push(char::from(b'A' + (rest % 26) as u8));
        if rest < 26 {
            break;
        }
        rest = rest / 26 - 1;
    }
    letters.iter().rev().collect()
}

/// A range in A1 notation, tab title quoted: `'It''s'!A2:C10`, `'Stock'!A2:C` with open rows.
pub fn range(range: &CellRange) -> String {
    let from = format!("{}{}", letters(range.columns.start), range.rows.start + 1);
    let last_column = match range.columns.end {
        CellRange::OPEN => LAST_COLUMN,
        end => end.saturating_sub(1),
    };
    let last_row = match range.rows.end {
        CellRange::OPEN => String::new(),
        end => end.to_string(),
    };
    if range.columns == (0..CellRange::OPEN) && range.rows.end != CellRange::OPEN {
        return format!("{}!{}:{last_row}", quote(&range.tab), range.rows.start + 1);
    }
    format!("{}!{from}:{}{last_row}", quote(&range.tab), letters(last_column))
}

fn quote(tab: &str) -> String {
    format!("'{}'", tab.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        let check = |column, expect| assert_eq!(letters(column), expect, "{column}");
        check(0, "A");
        check(25, "Z");
        check(26, "AA");
        check(51, "AZ");
        check(52, "BA");
        check(701, "ZZ");
        check(702, "AAA");
        check(LAST_COLUMN, "ZZZ");
    }

    #[test]
    fn ranges_are_quoted_and_may_be_open() {
        let check = |tab: &str, rows, columns, expect| {
            assert_eq!(range(&CellRange { tab: tab.to_owned(), rows, columns }), expect);
        };
        check("Stock", 1..10, 0..3, "'Stock'!A2:C10");
        check("It's \"new\"", 0..1, 0..1, "'It''s \"new\"'!A1:A1");
        check("Stock", 0..1, 0..CellRange::OPEN, "'Stock'!1:1");
        check("Stock", 1..CellRange::OPEN, 2..4, "'Stock'!C2:D");
        check("Stock", 4..6, 3..CellRange::OPEN, "'Stock'!D5:ZZZ6");
    }
}
