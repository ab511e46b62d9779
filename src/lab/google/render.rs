//! Values to what the cell shows: number patterns, by locale.

use chrono::{Days, NaiveDate};

use super::cell::{Format, FormatKind, Value};
use super::locale::Locale;

/// Decimals that an automatic format shows at most.
const AUTOMATIC_DECIMALS: usize = 10;

/// The text a cell shows (`FORMATTED_VALUE`).
pub(super) fn shown(value: &Value, format: &Format, locale: &Locale) -> String {
    match value {
        Value::Empty => String::new(),
        Value::Text(text) => text.clone(),
        Value::Bool(flag) => if *flag { "TRUE" } else { "FALSE" }.to_owned(),
        Value::Error(error) => error.shown().to_owned(),
        Value::Number(number) => shown_number(*number, format, locale),
    }
}

fn shown_number(number: f64, format: &Format, locale: &Locale) -> String {
    let pattern = if format.pattern.is_empty() { default_pattern(format.kind, locale) } else { format.pattern.clone() };
    match format.kind {
        FormatKind::Automatic | FormatKind::Text => automatic(number, locale),
        FormatKind::Date | FormatKind::Time | FormatKind::DateTime => {
            date(number, &pattern).unwrap_or_else(|| automatic(number, locale))
        }
        FormatKind::Scientific => scientific(number, locale),
        FormatKind::Number | FormatKind::Percent | FormatKind::Currency => patterned(number, &pattern, locale),
    }
}

/// What a kind without a pattern means.
fn default_pattern(kind: FormatKind, locale: &Locale) -> String {
    match kind {
        FormatKind::Automatic | FormatKind::Text | FormatKind::Scientific => String::new(),
        FormatKind::Number => "#,##0.00".to_owned(),
        FormatKind::Percent => "0.00%".to_owned(),
        FormatKind::Currency => locale.currency_pattern(locale.currency),
        FormatKind::Date => locale.date_pattern(),
        FormatKind::Time => "hh:mm:ss".to_owned(),
        FormatKind::DateTime => format!("{} hh:mm:ss", locale.date_pattern()),
    }
}

fn automatic(number: f64, locale: &Locale) -> String {
    // Wider numbers are shown with an exponent, so that a cell stays readable.
    const PLAIN_MAX: f64 = 1e15;
    if number.abs() >= PLAIN_MAX {
        return scientific(number, locale);
    }
    let text = format!("{number:.AUTOMATIC_DECIMALS$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text == "-0" { "0" } else { text };
    text.replace('.', &locale.decimal.to_string())
}

fn scientific(number: f64, locale: &Locale) -> String {
    let text = format!("{number:.2E}");
    let (mantissa, exponent) = text.split_once('E').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{}E{sign}{digits:0>2}", mantissa.replace('.', &locale.decimal.to_string()))
}

/// A number pattern taken apart: literal text around digits.
#[derive(Default)]
struct Pattern {
    before: String,
    core: String,
    after: String,
}

impl Pattern {
    /// Only the first section (for positive numbers) is read; `"…"`, `\x` and `[$…]` are literals.
    fn of(pattern: &str) -> Self {
        let mut parts = Self::default();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            let literal = match c {
                ';' => break,
                '#' | '0' | '?' | ',' | '.' => {
                    parts.core.push(c);
                    continue;
                }
                '"' => chars.by_ref().take_while(|c| *c != '"').collect(),
                '\\' => chars.next().map(String::from).unwrap_or_default(),
                '[' => {
                    let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    inside.strip_prefix('$').and_then(|symbol| symbol.split('-').next()).unwrap_or_default().to_owned()
                }
                other => other.to_string(),
            };
            if parts.core.is_empty() { &mut parts.before } else { &mut parts.after }.push_str(&literal);
        }
        parts
    }
}

fn patterned(number: f64, pattern: &str, locale: &Locale) -> String {
    let parts = Pattern::of(pattern);
    let scale = if parts.after.contains('%') || parts.before.contains('%') { 100.0 } else { 1.0 };
    let decimals = parts.core.split_once('.').map_or("", |(_, decimals)| decimals);
    let required = decimals.chars().filter(|c| *c == '0').count();
    let text = format!("{:.*}", decimals.len(), (number * scale).abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let kept = fraction.trim_end_matches('0').len().max(required.min(fraction.len()));
    let fraction = fraction.get(..kept).unwrap_or_default();
    let whole = if parts.core.contains(',') { group(whole, locale.group) } else { whole.to_owned() };
    let is_zero = !text.contains(|c: char| c.is_ascii_digit() && c != '0');
    let sign = if number < 0.0 && !is_zero { "-" } else { "" };
    let point = if fraction.is_empty() { String::new() } else { locale.decimal.to_string() };
    format!("{sign}{}{whole}{point}{fraction}{}", parts.before, parts.after)
}

fn group(digits: &str, separator: char) -> String {
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    grouped
}

/// A serial number as a date by pattern; runs of `y`, `m`, `d`, `h`, `s` are fields, `m` is minutes after hours.
fn date(serial: f64, pattern: &str) -> Option<String> {
    // Day 2,958,465 is 9999-12-31, the last one Sheets shows.
    let days = serial.floor();
    let days = if (0.0..=2_958_465.0).contains(&days) { days as u64 } else { return None };
    let date = NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(days))?;
    let seconds = ((serial - serial.floor()) * 86_400.0).round().min(86_399.0) as u32;
    let time = date.and_hms_opt(seconds / 3600, seconds / 60 % 60, seconds % 60)?;
    let mut text = String::new();
    let mut after_hours = false;
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let run = rest.chars().take_while(|other| *other == c).count();
        let field = match (c.to_ascii_lowercase(), run) {
            ('y', 1 | 2) => "%y",
            ('y', _) => "%Y",
            ('m', 1) if after_hours => "%-M",
            ('m', _) if after_hours => "%M",
            ('m', 1) => "%-m",
            ('m', _) => "%m",
            ('d', 1) => "%-d",
            ('d', _) => "%d",
            ('h', 1) => "%-H",
            ('h', _) => "%H",
            ('s', 1) => "%-S",
            ('s', _) => "%S",
            _ => "",
        };
        after_hours |= c.eq_ignore_ascii_case(&'h');
        let taken = run * c.len_utf8();
        if field.is_empty() {
            text.push_str(rest.get(..taken)?);
        } else {
            text.push_str(&time.format(field).to_string());
        }
        rest = rest.get(taken..)?;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::google::typed;

    fn check(locale: &str, typed: &str, expect: &str) {
        let locale = Locale::of(locale);
        let (content, format) = typed::read(typed, &locale, 2026, &Format::default());
        let crate::lab::google::cell::Content::Number(number) = content else { panic!("{typed} is no number") };
        assert_eq!(shown(&Value::Number(number), &format.unwrap_or_default(), &locale), expect);
    }

    #[test]
    fn what_was_typed_is_shown_by_locale() {
        check("en_US", "12.50", "12.5");
        check("de_DE", "12,50", "12,5");
        check("de_DE", "1.234,5", "1.234,50");
        check("de_DE", "12,5 €", "12,50 €");
        check("en_US", "$1234.5", "$1,234.50");
        check("en_US", "-$0.5", "-$0.50");
        check("fr_FR", "1 234", "1\u{202f}234");
        check("en_US", "12.5%", "12.50%");
        check("en_US", "1E5", "1.00E+05");
        check("en_US", "1/31/2026", "1/31/2026");
        check("en_US", "2026-01-31", "2026-01-31");
        check("de_DE", "12.5", "12.05.2026");
        check("en_US", "0.333333333333", "0.3333333333");
        check("en_US", "4006381333931", "4006381333931");
    }

    #[test]
    fn patterns_of_the_api() {
        let number = |pattern: &str, number: f64| {
            let format = Format::new(FormatKind::Number, pattern);
            shown(&Value::Number(number), &format, &Locale::of("en_US"))
        };
        assert_eq!(number("0.00", 12.5), "12.50");
        assert_eq!(number("0.##", 12.5), "12.5");
        assert_eq!(number("#,##0", 1234567.0), "1,234,567");
        assert_eq!(number("0\" pcs\"", 3.0), "3 pcs");
        assert_eq!(number("0.00", -0.001), "0.00");
        let time = Format::new(FormatKind::DateTime, "yyyy-mm-dd hh:mm:ss");
        assert_eq!(shown(&Value::Number(46053.5), &time, &Locale::of("en_US")), "2026-01-31 12:00:00");
    }
}
