//! One cell as the sheet gave it, and how it is read.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Money;

/// A cell's unformatted value, as Sheets v4 gives it under `UNFORMATTED_VALUE`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Cell {
    /// Nothing in it, or an empty text.
    #[default]
    Blank,
    /// Text as typed. Never empty.
    Text(String),
    /// A number. Sheets keeps 64-bit floats.
    Number(f64),
    /// A tick box.
    Bool(bool),
    /// A formula error (`#REF!`, `#N/A`, …).
    Error(String),
}

/// Which of `.` and `,` is the decimal sign in text that people type. Numbers that Sheets itself recognised need no locale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// `1,234.50`
    #[default]
    Point,
    /// `1.234,50`
    Comma,
}

impl Locale {
    /// From a spreadsheet's locale (`en_US`, `de_DE`, `de`). Languages that write a decimal comma, by CLDR.
    pub fn from_spreadsheet(code: &str) -> Self {
        const COMMA: [&str; 26] = [
            "bg", "ca", "cs", "da", "de", "el", "es", "et", "fi", "fr", "hr", "hu", "id", "is", "it", "lt", "lv", "nb",
            "nl", "pl", "pt", "ro", "ru", "sk", "sv", "tr",
        ];
        // Spanish in these regions and German in Switzerland write a point.
        const POINT: [&str; 5] = ["es_MX", "es_US", "de_CH", "de_LI", "it_CH"];
        let language = code.split(['_', '-']).next().unwrap_or_default();
        if COMMA.contains(&language) && !POINT.contains(&code) { Self::Comma } else { Self::Point }
    }
}

/// Formula errors as the values API spells them.
const ERRORS: [&str; 9] = ["#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#ERROR!", "Loading..."];

impl Cell {
    /// A text cell, sorted into blank, formula error and text.
    pub fn from_text(text: &str) -> Self {
        if text.trim().is_empty() {
            Self::Blank
        } else if ERRORS.iter().any(|error| text.trim() == *error) {
            Self::Error(text.trim().to_owned())
        } else {
            Self::Text(text.to_owned())
        }
    }

    /// How a person would quote the cell.
    pub fn quote(&self) -> String {
        match self {
            Self::Blank => String::new(),
            Self::Text(text) => clip(text),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
            Self::Error(error) => error.clone(),
        }
    }

    /// The whole cell as it reads, for cells that shelfd wrote itself.
    pub fn quote_whole(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => other.quote(),
        }
    }

    /// The cell as text, for keys and titles. `Ok(None)` when blank.
    ///
    /// # Errors
    /// A clause for the status column: formula errors, numbers too large to be exact.
    pub fn text(&self) -> Result<Option<String>, String> {
        match self {
            Self::Blank => Ok(None),
            Self::Text(text) => Ok(Some(text.trim().to_owned())),
            // 2^53: above it a float no longer holds every integer, and a barcode would change silently.
            Self::Number(number) if number.abs() >= 9_007_199_254_740_992.0 => {
                Err(format!("{number} is too long for a number cell; format the column as plain text"))
            }
            Self::Number(number) => Ok(Some(number.to_string())),
            Self::Bool(_) => Ok(Some(self.quote())),
            Self::Error(error) => Err(format!("shows the formula error {error}")),
        }
    }

    /// The cell as a decimal. `Ok(None)` when blank.
    ///
    /// # Errors
    /// A clause for the status column: not a number, a formula error, or readable in two ways.
    pub fn decimal(&self, locale: Locale) -> Result<Option<Decimal>, String> {
        match self {
            Self::Blank => Ok(None),
            Self::Error(error) => Err(format!("shows the formula error {error}")),
            Self::Bool(_) => Err(format!("\"{}\" is not a number", self.quote())),
            // Six decimals wash out float noise of formulas (=1.1*3 is 3.3000000000000003) and keep every real price.
            Self::Number(number) => Decimal::try_from(*number)
                .map(|value| Some(value.round_dp(6).normalize()))
                .map_err(|_| format!("{number} is not a usable number")),
            Self::Text(text) => parse_typed(text, locale).map(Some),
        }
    }

    /// The cell as a price. `Ok(None)` when blank.
    ///
    /// # Errors
    /// As [`Cell::decimal`]; also negative prices and more than `decimals` decimals.
    pub fn money(&self, locale: Locale, decimals: u32) -> Result<Option<Money>, String> {
        let Some(amount) = self.decimal(locale)? else { return Ok(None) };
        let money = Money::new(amount).ok_or_else(|| format!("{} is negative", self.quote()))?;
        if money.amount().scale() > decimals {
            return Err(format!("{} has more than {decimals} decimals", self.quote()));
        }
        Ok(Some(money))
    }

    /// The cell as a whole number of units. `Ok(None)` when blank.
    ///
    /// # Errors
    /// As [`Cell::decimal`]; also fractions and numbers beyond a billion (Shopify's limit is ±1e9).
    pub fn quantity(&self, locale: Locale) -> Result<Option<i64>, String> {
        let Some(amount) = self.decimal(locale)? else { return Ok(None) };
        if !amount.fract().is_zero() {
            return Err(format!("{} is not a whole number", self.quote()));
        }
        i64::try_from(amount)
            .ok()
            .filter(|units| units.abs() <= 1_000_000_000)
            .map(Some)
            .ok_or_else(|| format!("{} is out of range", self.quote()))
    }
}

fn clip(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(39).chain(['…']).collect() }
}

/// Parse what a person typed as text. Currency signs around the number and blanks inside it are fine; anything that
/// could be read two ways is refused.
fn parse_typed(text: &str, locale: Locale) -> Result<Decimal, String> {
    let not_a_number = || format!("\"{}\" is not a number", clip(text));
    let trimmed = text.trim().trim_start_matches(['€', '$', '£', '¥']).trim_end_matches(['€', '$', '£', '¥']).trim();
    let compact: String = trimmed.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'')).collect();
    let (negative, digits) = match compact.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest),
        None => (false, compact.as_str()),
    };
    let (group, point) = match locale {
        Locale::Point => (',', '.'),
        Locale::Comma => ('.', ','),
    };
    let (whole, fraction) = match digits.split_once(point) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.is_some_and(|part| !all_digits(part)) {
        return Err(if digits.contains(group) { two_ways(text) } else { not_a_number() });
    }
    let mut groups = whole.split(group);
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    if !all_digits(first) || rest.iter().any(|part| !all_digits(part)) {
        return Err(not_a_number());
    }
    // A single group without a fraction ("12,500" or "12,50") may be a thousand or a foreign decimal sign.
    let grouped_well = first.len() <= 3 && rest.iter().all(|part| part.len() == 3);
    if !rest.is_empty() && (!grouped_well || (rest.len() == 1 && fraction.is_none())) {
        return Err(two_ways(text));
    }
    let plain = format!(
        "{}{first}{}.{}",
        if negative { "-" } else { "" },
        rest.concat(),
        fraction.filter(|part| !part.is_empty()).unwrap_or("0")
    );
    plain.parse::<Decimal>().map(|value| value.normalize()).map_err(|_| not_a_number())
}

fn two_ways(text: &str) -> String {
    format!("\"{}\" can be read in two ways; type it as a plain number", clip(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, locale: Locale, expect: Result<&str, &str>) {
        let read = Cell::from_text(text).decimal(locale).map(|value| value.map_or(String::new(), |v| v.to_string()));
        match expect {
            Ok(number) => assert_eq!(read.as_deref(), Ok(number), "{text}"),
            Err(part) => assert!(read.as_ref().is_err_and(|error| error.contains(part)), "{text}: {read:?}"),
        }
    }

    #[test]
    fn reads_typed_numbers_by_locale() {
        check("12.50", Locale::Point, Ok("12.5"));
        check("12,50 €", Locale::Comma, Ok("12.5"));
        check("€ 1.234,50", Locale::Comma, Ok("1234.5"));
        check("1,234,567.5", Locale::Point, Ok("1234567.5"));
        check("1 234.5", Locale::Point, Ok("1234.5"));
        check("-3", Locale::Point, Ok("-3"));
        check("", Locale::Point, Ok(""));
    }

    #[test]
    fn refuses_what_is_unreadable_or_ambiguous() {
        check("12,5O", Locale::Comma, Err("not a number"));
        check("12,50", Locale::Point, Err("two ways"));
        check("1,234", Locale::Point, Err("two ways"));
        check("1.234", Locale::Comma, Err("two ways"));
        check("1.234,50", Locale::Point, Err("two ways"));
        check("abc", Locale::Point, Err("not a number"));
        check("1..2", Locale::Point, Err("not a number"));
        check("#REF!", Locale::Point, Err("formula error"));
    }

    #[test]
    fn money_and_quantities_have_bounds() {
        let money = |cell: Cell| cell.money(Locale::Point, 2);
        assert_eq!(money(Cell::Number(12.5)), Ok(Money::from_store("12.50")));
        assert_eq!(money(Cell::Number(1.1 * 3.0)), Ok(Money::from_store("3.3")));
        assert!(money(Cell::Number(-1.0)).is_err_and(|words| words.contains("negative")));
        assert!(money(Cell::Number(9.995)).is_err_and(|words| words.contains("decimals")));
        assert_eq!(Cell::Number(0.0).quantity(Locale::Point), Ok(Some(0)));
        assert!(Cell::Number(1.5).quantity(Locale::Point).is_err());
        assert!(Cell::Number(f64::NAN).quantity(Locale::Point).is_err());
        assert!(Cell::Number(1e12).quantity(Locale::Point).is_err());
        assert_eq!(Cell::Number(123.0).text(), Ok(Some("123".to_owned())));
        assert!(Cell::Number(9.1e15).text().is_err());
    }
}
