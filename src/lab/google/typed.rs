//! Typed text to a cell, as the Sheets UI and `USER_ENTERED` read it: this is where `12.5` becomes a date in Germany.

use chrono::NaiveDate;

use super::cell::{Content, Format, FormatKind};
use super::locale::{DateOrder, Locale};

/// Symbols that make a number money in every locale.
const CURRENCY_SYMBOLS: [&str; 4] = ["$", "€", "£", "¥"];

/// Read typed text. `year` completes a date typed without one; `format` is the cell's own. The second part is the format
/// that the typed text brings along, if any.
pub(super) fn read(text: &str, locale: &Locale, year: i32, format: &Format) -> (Content, Option<Format>) {
    if text.is_empty() {
        return (Content::Empty, None);
    }
    if format.kind == FormatKind::Text {
        return (Content::Text(text.to_owned()), None);
    }
    if let Some(rest) = text.strip_prefix('\'') {
        return (Content::Text(rest.to_owned()), None);
    }
    if text.len() > 1 && text.starts_with('=') {
        return (Content::Formula(text.to_owned()), None);
    }
    let trimmed = text.trim();
    if trimmed.eq_ignore_ascii_case("true") || trimmed.eq_ignore_ascii_case("false") {
        return (Content::Bool(trimmed.eq_ignore_ascii_case("true")), None);
    }
    if let Some((number, format)) = number(trimmed, locale) {
        return (Content::Number(number), format);
    }
    if let Some((serial, format)) = date(trimmed, locale, year) {
        return (Content::Number(serial), Some(format));
    }
    (Content::Text(text.to_owned()), None)
}

/// A number as typed: sign, currency, grouping, decimals, percent, exponent.
pub(super) fn number(text: &str, locale: &Locale) -> Option<(f64, Option<Format>)> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (rest, symbol) = without_currency(rest, locale);
    let (rest, percent) = match rest.strip_suffix('%') {
        Some(rest) if symbol.is_none() => (rest.trim_end(), true),
        Some(_) => return None,
        None => (rest, false),
    };
    let (rest, exponent) = match rest.split_once(['e', 'E']) {
        Some((rest, exponent)) => (rest, Some(exponent.parse::<i32>().ok()?)),
        None => (rest, None),
    };
    let (whole, decimals) = match rest.split_once(locale.decimal) {
        Some((whole, decimals)) => (whole, decimals),
        None => (rest, ""),
    };
    if (whole.is_empty() && decimals.is_empty()) || !decimals.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let (digits, grouped) = ungroup(whole, locale)?;
    let plain = format!("{}{digits}.{decimals}0e{}", if negative { "-" } else { "" }, exponent.unwrap_or(0));
    let number = plain.parse::<f64>().ok().filter(|number| number.is_finite())?;
    let fraction = if decimals.is_empty() { "" } else { ".00" };
    let format = match (symbol, exponent) {
        (Some(symbol), _) => Some(Format::new(FormatKind::Currency, locale.currency_pattern(&symbol))),
        (None, _) if percent => Some(Format::new(FormatKind::Percent, format!("0{fraction}%"))),
        (None, Some(_)) => Some(Format::new(FormatKind::Scientific, "0.00E+00")),
        (None, None) if grouped => Some(Format::new(FormatKind::Number, format!("#,##0{fraction}"))),
        (None, None) => None,
    };
    Some((if percent { number / 100.0 } else { number }, format))
}

fn without_currency<'a>(text: &'a str, locale: &Locale) -> (&'a str, Option<String>) {
    for symbol in CURRENCY_SYMBOLS.into_iter().chain([locale.currency]) {
        if let Some(rest) = text.strip_prefix(symbol).or_else(|| text.strip_suffix(symbol)) {
            return (rest.trim(), Some(symbol.to_owned()));
        }
    }
    (text, None)
}

/// Digits without their grouping, and whether there was any. Groups after the first have exactly three digits.
fn ungroup(text: &str, locale: &Locale) -> Option<(String, bool)> {
    let groups: Vec<&str> = text.split(|c| locale.is_group(c)).collect();
    let digits_only = groups.iter().all(|group| group.chars().all(|c| c.is_ascii_digit()));
    let (first, rest) = groups.split_first()?;
    let well_formed = rest.is_empty() || (matches!(first.len(), 1..=3) && rest.iter().all(|group| group.len() == 3));
    (digits_only && well_formed).then(|| (groups.concat(), !rest.is_empty()))
}

/// Days from Google's day zero (1899-12-30).
pub(super) fn serial(date: NaiveDate) -> Option<f64> {
    let zero = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    Some((date - zero).num_days() as f64)
}

/// A date as typed, in the locale's order or ISO's; without a year it is this year's.
fn date(text: &str, locale: &Locale, this_year: i32) -> Option<(f64, Format)> {
    let separator = text.chars().find(|c| !c.is_ascii_digit())?;
    let usual = separator == '/' || separator == '-' || separator == locale.date_separator;
    let parts: Option<Vec<u32>> = text.split(separator).map(|part| part.parse::<u32>().ok()).collect();
    let parts = parts.filter(|_| usual)?;
    let day_first = locale.date_order == DateOrder::Day;
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if *year >= 1000 => (*year, *month, *day),
        [day, month, year] if day_first => (*year, *month, *day),
        [month, day, year] => (*year, *month, *day),
        [day, month] if day_first => (u32::try_from(this_year).ok()?, *month, *day),
        [month, day] => (u32::try_from(this_year).ok()?, *month, *day),
        _ => return None,
    };
    let year = match year {
        0..=29 => year + 2000,
        30..=99 => year + 1900,
        _ => year,
    };
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let pattern =
        if parts.first().is_some_and(|first| *first >= 1000) { "yyyy-mm-dd".to_owned() } else { locale.date_pattern() };
    Some((serial(date)?, Format::new(FormatKind::Date, pattern)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(locale: &str, typed: &str, expect: Content, kind: Option<FormatKind>) {
        let (content, format) = read(typed, &Locale::of(locale), 2026, &Format::default());
        assert_eq!((content, format.map(|format| format.kind)), (expect, kind), "{locale}: {typed}");
    }

    fn text(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    #[test]
    fn numbers_follow_the_locale() {
        check("en_US", "12.50", Content::Number(12.5), None);
        check("en_US", "1,234.5", Content::Number(1234.5), Some(FormatKind::Number));
        check("en_US", "12,50", text("12,50"), None);
        check("de_DE", "12,50", Content::Number(12.5), None);
        check("de_DE", "1.234,50", Content::Number(1234.5), Some(FormatKind::Number));
        check("de_DE", "12,50 €", Content::Number(12.5), Some(FormatKind::Currency));
        check("fr_FR", "1 234,5", Content::Number(1234.5), Some(FormatKind::Number));
        check("en_US", "-$3.10", Content::Number(-3.1), Some(FormatKind::Currency));
        check("en_US", "50%", Content::Number(0.5), Some(FormatKind::Percent));
        check("en_US", "00123", Content::Number(123.0), None);
        check("en_US", "1E5", Content::Number(100_000.0), Some(FormatKind::Scientific));
        check("en_US", "12,5O", text("12,5O"), None);
        check("en_US", ".", text("."), None);
        check("en_US", "$", text("$"), None);
    }

    #[test]
    fn some_texts_become_dates() {
        check("en_US", "2026-01-31", Content::Number(46053.0), Some(FormatKind::Date));
        check("en_US", "1/31/2026", Content::Number(46053.0), Some(FormatKind::Date));
        check("de_DE", "31.1.26", Content::Number(46053.0), Some(FormatKind::Date));
        check("de_DE", "12.5", Content::Number(46154.0), Some(FormatKind::Date));
        check("de_DE", "12.50", text("12.50"), None);
        check("en_US", "A-17", text("A-17"), None);
        check("en_US", "2-31", text("2-31"), None);
    }

    #[test]
    fn quotes_formulas_and_truth() {
        check("en_US", "'00123", text("00123"), None);
        check("en_US", "=A1*2", Content::Formula("=A1*2".to_owned()), None);
        check("en_US", "=", text("="), None);
        check("en_US", "true", Content::Bool(true), None);
        check("en_US", "", Content::Empty, None);
        let plain = Format::new(FormatKind::Text, "@");
        assert_eq!(read("=1", &Locale::of("en_US"), 2026, &plain), (text("=1"), None));
    }
}
