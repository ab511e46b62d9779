//! How a spreadsheet's locale writes numbers, money and dates.

/// What comes first in a short date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateOrder {
    Month,
    Day,
    Year,
}

/// True for what may be a locale: a language, or a language and a region (`de`, `de_DE`).
pub(super) fn is_code(code: &str) -> bool {
    let (language, region) = code.split_once('_').unwrap_or((code, "XX"));
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    matches!(language.len(), 2 | 3) && letters(language) && region.len() == 2 && letters(region)
}

/// The conventions of one locale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Locale {
    pub decimal: char,
    pub group: char,
    pub date_order: DateOrder,
    pub date_separator: char,
    pub currency: &'static str,
    pub currency_first: bool,
}

impl Locale {
    /// The conventions behind a locale code (`de_DE`, `fr`), from the Unicode CLDR number and date patterns. A code that
    /// is not listed writes as `en_US` does.
    pub(super) fn of(code: &str) -> Self {
        let (language, region) = code.split_once(['_', '-']).unwrap_or((code, ""));
        let euro = Self {
            decimal: ',',
            group: '.',
            date_order: DateOrder::Day,
            date_separator: '/',
            currency: "€",
            currency_first: false,
        };
        // A no-break space; people type a plain one, which is read the same.
        let spaced = Self { group: '\u{a0}', ..euro };
        match language {
            "de" if region == "CH" => {
                Self { decimal: '.', group: '’', date_separator: '.', currency: "CHF", currency_first: true, ..euro }
            }
            "de" => Self { date_separator: '.', ..euro },
            "es" | "it" | "el" => euro,
            "nl" => Self { date_separator: '-', currency_first: true, ..euro },
            "pt" if region == "BR" => Self { currency: "R$", currency_first: true, ..euro },
            "pt" => spaced,
            "fr" => Self { group: '\u{202f}', ..euro },
            "pl" => Self { date_separator: '.', currency: "zł", ..spaced },
            "cs" => Self { date_separator: '.', currency: "Kč", ..spaced },
            "fi" => Self { date_separator: '.', ..spaced },
            "sv" => Self { date_order: DateOrder::Year, date_separator: '-', currency: "kr", ..spaced },
            "nb" | "no" => Self { date_separator: '.', currency: "kr", ..spaced },
            "da" => Self { date_separator: '.', currency: "kr.", ..euro },
            "en" if region == "GB" || region == "IE" => Self {
                decimal: '.',
                group: ',',
                currency: if region == "GB" { "£" } else { "€" },
                currency_first: true,
                ..euro
            },
            _ => Self {
                decimal: '.',
                group: ',',
                date_order: DateOrder::Month,
                date_separator: '/',
                currency: "$",
                currency_first: true,
            },
        }
    }

    /// True for a character that groups digits here, as printed or as typed.
    pub(super) fn is_group(&self, c: char) -> bool {
        c == self.group
            || (self.group.is_whitespace() && matches!(c, ' ' | '\u{a0}' | '\u{202f}'))
            || (self.group == '’' && c == '\'')
    }

    /// The pattern of a short date.
    pub(super) fn date_pattern(&self) -> String {
        let at = self.date_separator;
        match self.date_order {
            DateOrder::Month => format!("m{at}d{at}yyyy"),
            DateOrder::Day => format!("dd{at}mm{at}yyyy"),
            DateOrder::Year => format!("yyyy{at}mm{at}dd"),
        }
    }

    /// The pattern of money with a symbol.
    pub(super) fn currency_pattern(&self, symbol: &str) -> String {
        if self.currency_first { format!("[${symbol}]#,##0.00") } else { format!("#,##0.00\\ [${symbol}]") }
    }
}
