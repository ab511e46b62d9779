//! Just enough formulas for a merchant's sheet: literals, references, arithmetic, comparisons, `&`, functions, errors.

use std::ops::Range;

use super::a1;
use super::book::Book;
use super::cell::{CellError, Content, Value};
use super::functions::{self, Argument, Reading};
use super::locale::Locale;
use super::typed;

/// How deep parentheses and references may go one inside another: what a thread's stack surely holds.
const DEPTH_MAX: usize = 100;

/// References followed for one cell, so that cells built on each other twice over cannot stall the lab.
const STEPS_MAX: usize = 10_000;

/// A reference to one cell inside a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// `None`: the formula's own tab.
    pub tab: Option<String>,
    pub row: usize,
    pub row_fixed: bool,
    pub column: usize,
    pub column_fixed: bool,
}

impl Reference {
    fn notation(&self) -> String {
        let tab = self.tab.as_deref().map(|tab| format!("{}!", a1::title(tab))).unwrap_or_default();
        let fixed = |fixed: bool| if fixed { "$" } else { "" };
        let column = a1::column_letters(self.column);
        format!("{tab}{}{column}{}{}", fixed(self.column_fixed), fixed(self.row_fixed), self.row + 1)
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Value(Value),
    Reference(Reference),
    /// Of a function, a named range, a column.
    Name(String),
    Operator(char),
}

/// The formula's tokens with the bytes they stand at. `None`: it cannot be read.
fn tokens(formula: &str, locale: &Locale) -> Option<Vec<(Token, Range<usize>)>> {
    let mut found = Vec::new();
    let mut at = 1;
    while let Some(c) = formula.get(at..)?.chars().next() {
        let rest = formula.get(at..)?;
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = match c {
            '"' => text_token(rest)?,
            '#' => {
                let error = CellError::ALL.into_iter().find(|error| rest.starts_with(error.shown()))?;
                (Token::Value(Value::Error(error)), error.shown().len())
            }
            '<' if rest.starts_with("<=") => (Token::Operator('≤'), 2),
            '<' if rest.starts_with("<>") => (Token::Operator('≠'), 2),
            '>' if rest.starts_with(">=") => (Token::Operator('≥'), 2),
            '<' | '>' | '=' => (Token::Operator(c), 1),
            '+' | '-' | '*' | '/' | '&' | '(' | ')' | ':' | ',' | ';' => (Token::Operator(c), 1),
            '\'' => quoted_reference(rest)?,
            c if c.is_ascii_digit() || c == locale.decimal => number_token(rest, locale)?,
            c if c.is_alphabetic() || c == '$' || c == '_' => word_token(rest),
            _ => return None,
        };
        found.push((token, at..at + length));
        at += length;
    }
    Some(found)
}

fn text_token(rest: &str) -> Option<(Token, usize)> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        let close = at + rest.get(at..)?.find('"')?;
        text.push_str(rest.get(at..close)?);
        at = close + 1;
        if !rest.get(at..)?.starts_with('"') {
            return Some((Token::Value(Value::Text(text)), at));
        }
        text.push('"');
        at += 1;
    }
}

fn number_token(rest: &str, locale: &Locale) -> Option<(Token, usize)> {
    let length = rest.find(|c: char| !c.is_ascii_digit() && c != locale.decimal).unwrap_or(rest.len());
    let (number, _) = typed::number(rest.get(..length)?, locale)?;
    Some((Token::Value(Value::Number(number)), length))
}

fn quoted_reference(rest: &str) -> Option<(Token, usize)> {
    // The quote closes where a `!` follows it; a doubled quote is part of the title.
    let bang = rest.find("'!")? + 1;
    let tab = a1::split(rest.get(..bang)?)?.tab?;
    let cell_length = word_length(rest.get(bang + 1..)?);
    let length = bang + 1 + cell_length;
    let reference = cell_reference(rest.get(bang + 1..length)?)?;
    Some((Token::Reference(Reference { tab: Some(tab), ..reference }), length))
}

fn word_length(rest: &str) -> usize {
    rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '$' | '_' | '.'))).unwrap_or(rest.len())
}

fn word_token(rest: &str) -> (Token, usize) {
    let length = word_length(rest);
    let word = rest.get(..length).unwrap_or_default();
    if let Some(after) = rest.get(length..).and_then(|after| after.strip_prefix('!')) {
        let cell_length = word_length(after);
        let reference = after.get(..cell_length).and_then(cell_reference);
        let token = reference
            .map(|reference| Token::Reference(Reference { tab: Some(word.to_owned()), ..reference }))
            .unwrap_or_else(|| Token::Name(word.to_owned()));
        return (token, length + 1 + cell_length);
    }
    let is_call = rest.get(length..).is_some_and(|after| after.starts_with('('));
    let token = if is_call {
        Token::Name(word.to_owned())
    } else if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") {
        Token::Value(Value::Bool(word.eq_ignore_ascii_case("true")))
    } else {
        cell_reference(word).map_or_else(|| Token::Name(word.to_owned()), Token::Reference)
    };
    (token, length)
}

fn cell_reference(word: &str) -> Option<Reference> {
    let (column_fixed, rest) = word.strip_prefix('$').map_or((false, word), |rest| (true, rest));
    let letters_end = rest.find(|c: char| !c.is_ascii_alphabetic())?;
    let (letters, digits) = rest.split_at_checked(letters_end)?;
    let (row_fixed, digits) = digits.strip_prefix('$').map_or((false, digits), |digits| (true, digits));
    let row = a1::row_index(digits)?;
    Some(Reference { tab: None, row, row_fixed, column: a1::column_index(letters)?, column_fixed })
}

/// The formula with its references moved; `moved` answers `None` for one whose cell is gone (`#REF!`).
pub(super) fn rewrite(
    formula: &str,
    locale: &Locale,
    moved: impl Fn(&Reference) -> Option<Reference>,
) -> Option<String> {
    let mut text = String::new();
    let mut copied = 0;
    for (token, at) in tokens(formula, locale)? {
        if let Token::Reference(reference) = token {
            text.push_str(formula.get(copied..at.start)?);
            text.push_str(&moved(&reference).map_or(CellError::Ref.shown().to_owned(), |moved| moved.notation()));
            copied = at.end;
        }
    }
    text.push_str(formula.get(copied..)?);
    Some(text)
}

/// What a cell comes to.
pub(super) fn value(book: &Book, tab: usize, row: usize, column: usize) -> Value {
    Evaluation { book, path: Vec::new(), depth: 0, steps: 0 }.cell(tab, row, column)
}

struct Evaluation<'a> {
    book: &'a Book,
    /// Cells whose formulas are being computed; one that comes again closes a loop.
    path: Vec<(usize, usize, usize)>,
    depth: usize,
    steps: usize,
}

type Outcome = Result<Value, CellError>;

impl Evaluation<'_> {
    fn cell(&mut self, tab: usize, row: usize, column: usize) -> Value {
        match &self.book.slot(tab, row, column).content {
            Content::Empty => Value::Empty,
            Content::Number(number) => Value::Number(*number),
            Content::Text(text) => Value::Text(text.clone()),
            Content::Bool(flag) => Value::Bool(*flag),
            Content::Formula(formula) => {
                let here = (tab, row, column);
                self.steps += 1;
                if self.path.contains(&here) || self.steps > STEPS_MAX {
                    return Value::Error(CellError::Ref);
                }
                self.path.push(here);
                let value = self.formula(formula, tab).unwrap_or_else(Value::Error);
                self.path.pop();
                value
            }
        }
    }

    fn formula(&mut self, formula: &str, tab: usize) -> Outcome {
        let tokens = tokens(formula, &self.book.locale()).ok_or(CellError::Parse)?;
        let tokens: Vec<Token> = tokens.into_iter().map(|(token, _)| token).collect();
        let mut reader = Reader { evaluation: self, tab, tokens: &tokens };
        let value = reader.compared()?;
        if reader.tokens.is_empty() { Ok(value) } else { Err(CellError::Parse) }
    }
}

/// Reads one formula by recursive descent.
struct Reader<'e, 'b, 't> {
    evaluation: &'e mut Evaluation<'b>,
    tab: usize,
    tokens: &'t [Token],
}

impl Reader<'_, '_, '_> {
    fn operator(&mut self, among: &[char]) -> Option<char> {
        match self.tokens {
            [Token::Operator(operator), rest @ ..] if among.contains(operator) => {
                self.tokens = rest;
                Some(*operator)
            }
            _ => None,
        }
    }

    fn compared(&mut self) -> Outcome {
        let mut left = self.joined()?;
        while let Some(operator) = self.operator(&['=', '<', '>', '≤', '≥', '≠']) {
            let right = self.joined()?;
            let ordering = match (&left, &right) {
                (Value::Number(_) | Value::Empty, Value::Number(_) | Value::Empty) => {
                    self.number(&left)?.partial_cmp(&self.number(&right)?)
                }
                (Value::Text(_) | Value::Empty, Value::Text(_) | Value::Empty) => {
                    Some(self.text(&left)?.to_lowercase().cmp(&self.text(&right)?.to_lowercase()))
                }
                (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
                // Numbers come before texts, texts before truth values.
                (Value::Number(_) | Value::Empty, _) | (_, Value::Bool(_)) => Some(std::cmp::Ordering::Less),
                _ => Some(std::cmp::Ordering::Greater),
            };
            let ordering = ordering.ok_or(CellError::Value)?;
            left = Value::Bool(match operator {
                '=' => ordering.is_eq(),
                '≠' => ordering.is_ne(),
                '<' => ordering.is_lt(),
                '>' => ordering.is_gt(),
                '≤' => ordering.is_le(),
                _ => ordering.is_ge(),
            });
        }
        Ok(left)
    }

    fn joined(&mut self) -> Outcome {
        let mut left = self.sum()?;
        while self.operator(&['&']).is_some() {
            let right = self.sum()?;
            left = Value::Text(format!("{}{}", self.text(&left)?, self.text(&right)?));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Outcome {
        let mut left = self.product()?;
        while let Some(operator) = self.operator(&['+', '-']) {
            let right = self.product()?;
            let (a, b) = (self.number(&left)?, self.number(&right)?);
            left = Value::Number(if operator == '+' { a + b } else { a - b });
        }
        Ok(left)
    }

    fn product(&mut self) -> Outcome {
        let mut left = self.factor()?;
        while let Some(operator) = self.operator(&['*', '/']) {
            let right = self.factor()?;
            let (a, b) = (self.number(&left)?, self.number(&right)?);
            left = match operator {
                '*' => Value::Number(a * b),
                _ if b == 0.0 => return Err(CellError::DivideByZero),
                _ => Value::Number(a / b),
            };
        }
        Ok(left)
    }

    fn factor(&mut self) -> Outcome {
        if self.evaluation.depth >= DEPTH_MAX {
            return Err(CellError::Ref);
        }
        self.evaluation.depth += 1;
        let value = self.plain_factor();
        self.evaluation.depth -= 1;
        value
    }

    fn plain_factor(&mut self) -> Outcome {
        if let Some(sign) = self.operator(&['+', '-']) {
            let value = self.factor()?;
            return if sign == '-' { Ok(Value::Number(-self.number(&value)?)) } else { Ok(value) };
        }
        if self.operator(&['(']).is_some() {
            let value = self.compared()?;
            return self.operator(&[')']).map(|_| value).ok_or(CellError::Parse);
        }
        let (token, rest) = self.tokens.split_first().ok_or(CellError::Parse)?;
        self.tokens = rest;
        match token {
            Token::Value(Value::Error(error)) => Err(*error),
            Token::Value(value) => Ok(value.clone()),
            Token::Reference(reference) => self.referenced(reference),
            Token::Name(name) if self.operator(&['(']).is_some() => self.called(name),
            Token::Name(_) => Err(CellError::Name),
            Token::Operator(_) => Err(CellError::Parse),
        }
    }

    /// A function, its opening bracket read.
    fn called(&mut self, name: &str) -> Outcome {
        let mut arguments = Vec::new();
        if self.operator(&[')']).is_none() {
            loop {
                arguments.push(self.argument()?);
                if self.operator(&[',', ';']).is_none() {
                    break;
                }
            }
            self.operator(&[')']).ok_or(CellError::Parse)?;
        }
        let reading = Reading { number: &|value| self.number(value), text: &|value| self.text(value) };
        functions::call(name, &arguments, &reading)
    }

    /// A range, or whatever else comes to one value; an error is a value here.
    fn argument(&mut self) -> Result<Argument, CellError> {
        match self.tokens {
            [Token::Operator(',' | ';' | ')'), ..] => return Ok(Argument::One(Value::Empty)),
            [Token::Reference(from), Token::Operator(':'), Token::Reference(to), rest @ ..] => {
                self.tokens = rest;
                let rows = from.row.min(to.row)..from.row.max(to.row) + 1;
                let columns = from.column.min(to.column)..from.column.max(to.column) + 1;
                return self.range(from.tab.as_deref(), rows, columns);
            }
            [Token::Name(from), Token::Operator(':'), Token::Name(to), rest @ ..] => {
                let column = |name: &str| a1::column_index(name.trim_start_matches('$')).ok_or(CellError::Name);
                let (from, to) = (column(from)?, column(to)?);
                self.tokens = rest;
                return self.range(None, 0..usize::MAX, from.min(to)..from.max(to) + 1);
            }
            _ => {}
        }
        match self.compared() {
            Ok(value) => Ok(Argument::One(value)),
            // What cannot be read at all ends the formula; an error of a cell may be what the function looks for.
            Err(CellError::Parse) => Err(CellError::Parse),
            Err(error) => Ok(Argument::One(Value::Error(error))),
        }
    }

    fn range(&mut self, tab: Option<&str>, rows: Range<usize>, columns: Range<usize>) -> Result<Argument, CellError> {
        let book = self.evaluation.book;
        let tab = match tab {
            Some(title) => book.tab_index(title).ok_or(CellError::Ref)?,
            None => self.tab,
        };
        let sheet = book.tabs.get(tab).ok_or(CellError::Ref)?;
        if rows.start >= sheet.rows || columns.start >= sheet.columns {
            return Err(CellError::Ref);
        }
        let (rows, columns) =
            (rows.start..rows.end.min(sheet.used_rows()), columns.start..columns.end.min(sheet.columns));
        let row = |row: usize| columns.clone().map(|column| self.evaluation.cell(tab, row, column)).collect();
        Ok(Argument::Range(rows.map(row).collect()))
    }

    fn referenced(&mut self, reference: &Reference) -> Outcome {
        let book = self.evaluation.book;
        let tab = match &reference.tab {
            Some(title) => book.tab_index(title).ok_or(CellError::Ref)?,
            None => self.tab,
        };
        if !book.has_cell(tab, reference.row, reference.column) {
            return Err(CellError::Ref);
        }
        match self.evaluation.cell(tab, reference.row, reference.column) {
            Value::Error(error) => Err(error),
            value => Ok(value),
        }
    }

    fn number(&self, value: &Value) -> Result<f64, CellError> {
        match value {
            Value::Empty => Ok(0.0),
            Value::Number(number) => Ok(*number),
            Value::Bool(flag) => Ok(f64::from(u8::from(*flag))),
            Value::Text(text) => {
                let number = typed::number(text.trim(), &self.evaluation.book.locale());
                number.map(|(number, _)| number).ok_or(CellError::Value)
            }
            Value::Error(error) => Err(*error),
        }
    }

    fn text(&self, value: &Value) -> Result<String, CellError> {
        match value {
            Value::Error(error) => Err(*error),
            value => Ok(super::render::shown(value, &Default::default(), &self.evaluation.book.locale())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(locale: &str, cells: &[(usize, usize, &str)]) -> Book {
        let mut book = Book::new("B", locale, &[("Sheet1".to_owned(), vec![]), ("Other tab".to_owned(), vec![])]);
        for (row, column, typed) in cells {
            book.type_in(0, *row, *column, typed, 2026);
        }
        book
    }

    fn check(locale: &str, formula: &str, expect: &Value) {
        let book = book(locale, &[(0, 0, "10"), (0, 1, "three"), (0, 2, "'4"), (0, 3, formula), (0, 4, "=D1/0")]);
        assert_eq!(value(&book, 0, 0, 3), *expect, "{formula}");
    }

    #[test]
    fn arithmetic_and_references() {
        check("en_US", "=1+2*3", &Value::Number(7.0));
        check("en_US", "=(1+2)*-3", &Value::Number(-9.0));
        check("en_US", "=A1-C1", &Value::Number(6.0));
        check("en_US", "=$A$1/4", &Value::Number(2.5));
        check("en_US", "=Sheet1!A1", &Value::Number(10.0));
        check("en_US", "='Other tab'!A1+1", &Value::Number(1.0));
        check("en_US", "=A1&\" \"\"pcs\"\"\"", &Value::Text("10 \"pcs\"".to_owned()));
        check("de_DE", "=1,5+A1", &Value::Number(11.5));
    }

    #[test]
    fn functions_and_comparisons() {
        check("en_US", "=SUM(A1:C1, 2)", &Value::Number(12.0));
        check("de_DE", "=SUM(A1:C1; 1,5)", &Value::Number(11.5));
        check("en_US", "=IF(A1>=10, \"many\", \"few\")", &Value::Text("many".to_owned()));
        check("en_US", "=IFERROR(A1/0, 7)", &Value::Number(7.0));
        check("en_US", "=ROUND(10/3, 2)", &Value::Number(3.33));
        check("en_US", "=VLOOKUP(10, A1:C1, 2, FALSE)", &Value::Text("three".to_owned()));
        check("en_US", "=COUNTA(A:A)+COUNT(A1:C1)", &Value::Number(2.0));
        check("en_US", "=SUMIF(A1:C1, \">5\")", &Value::Number(10.0));
        check("en_US", "=CONCATENATE(UPPER(B1), \"!\")", &Value::Text("THREE!".to_owned()));
        check("en_US", "=AND(A1=10, B1<>\"x\")", &Value::Bool(true));
        check("en_US", "=HYPERLINK(\"https://example.com\", \"Shop\")", &Value::Text("Shop".to_owned()));
    }

    #[test]
    fn errors_show() {
        check("en_US", "=A1/0", &Value::Error(CellError::DivideByZero));
        check("en_US", "=B1*2", &Value::Error(CellError::Value));
        check("en_US", "=QUERY(A1:C1)", &Value::Error(CellError::Name));
        check("en_US", "=VLOOKUP(99,A1:C1,2,FALSE)", &Value::Error(CellError::NotAvailable));
        check("en_US", "=SUM(A1,1/0)", &Value::Error(CellError::DivideByZero));
        check("en_US", "=#REF!+1", &Value::Error(CellError::Ref));
        check("en_US", "=AAA1", &Value::Error(CellError::Ref));
        check("en_US", "=D1", &Value::Error(CellError::Ref));
        check("en_US", "=E1", &Value::Error(CellError::Ref));
        check("en_US", "=1+", &Value::Error(CellError::Parse));
        check("en_US", "=Gone!A1", &Value::Error(CellError::Ref));
        check("en_US", &format!("={}1", "(".repeat(10_000)), &Value::Error(CellError::Ref));
    }

    #[test]
    fn references_move() {
        let locale = Locale::of("en_US");
        let down = |reference: &Reference| {
            (reference.row != 6).then(|| Reference { row: reference.row + 1, ..reference.clone() })
        };
        let moved = rewrite("=B2 - 'Other tab'!$C$3 & \"B2\" + A7", &locale, down).unwrap();
        assert_eq!(moved, "=B3 - 'Other tab'!$C$4 & \"B2\" + #REF!");
    }
}
