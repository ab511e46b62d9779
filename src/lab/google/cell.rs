//! What a cell of the lab's spreadsheet holds.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

/// What was put into a cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Content {
    #[default]
    Empty,
    Number(f64),
    Text(String),
    Bool(bool),
    /// With its leading `=`.
    Formula(String),
}

impl Content {
    /// A JSON value taken as it is (RAW): a text stays text, whatever it looks like. `None`: not a cell value.
    pub(super) fn raw(value: &Json) -> Option<Self> {
        match value {
            Json::Null => Some(Self::Empty),
            Json::Bool(flag) => Some(Self::Bool(*flag)),
            Json::Number(number) => number.as_f64().map(Self::Number),
            Json::String(text) if text.is_empty() => Some(Self::Empty),
            Json::String(text) => Some(Self::Text(text.clone())),
            Json::Array(_) | Json::Object(_) => None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::Empty
    }
}

/// The errors a formula can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellError {
    Parse,
    DivideByZero,
    Value,
    Ref,
    Name,
    Num,
    NotAvailable,
}

impl CellError {
    pub(super) const ALL: [Self; 7] =
        [Self::Parse, Self::DivideByZero, Self::Value, Self::Ref, Self::Name, Self::Num, Self::NotAvailable];

    /// As the cell shows it.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::Parse => "#ERROR!",
            Self::DivideByZero => "#DIV/0!",
            Self::Value => "#VALUE!",
            Self::Ref => "#REF!",
            Self::Name => "#NAME?",
            Self::Num => "#NUM!",
            Self::NotAvailable => "#N/A",
        }
    }

    /// What the cell says when one points at it. The texts of the real ones name the function and its arguments.
    fn message(self) -> &'static str {
        match self {
            Self::Parse => "Formula parse error.",
            Self::DivideByZero => "Function DIVIDE parameter 2 cannot be zero.",
            Self::Value => "A parameter is of the wrong type, and cannot be coerced to a number.",
            Self::Ref => "Reference does not exist.",
            Self::Name => "Unknown function or range name.",
            Self::Num => "A parameter is out of range.",
            Self::NotAvailable => "Did not find the value.",
        }
    }

    /// `ErrorValue.type` of the Sheets API.
    fn api_name(self) -> &'static str {
        match self {
            Self::Parse => "ERROR",
            Self::DivideByZero => "DIVIDE_BY_ZERO",
            Self::Value => "VALUE",
            Self::Ref => "REF",
            Self::Name => "NAME",
            Self::Num => "NUM",
            Self::NotAvailable => "N_A",
        }
    }
}

/// What a cell comes to, formulas computed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Empty,
    Number(f64),
    Text(String),
    Bool(bool),
    Error(CellError),
}

impl Value {
    /// The JSON of `UNFORMATTED_VALUE`.
    pub(super) fn unformatted(&self) -> Json {
        match self {
            Self::Empty => json!(""),
            Self::Number(number) => number_json(*number),
            Self::Text(text) => json!(text),
            Self::Bool(flag) => json!(flag),
            Self::Error(error) => json!(error.shown()),
        }
    }

    /// The `ExtendedValue` of `CellData.effectiveValue`.
    pub(super) fn extended(&self) -> Json {
        match self {
            Self::Empty => Json::Null,
            Self::Number(number) => json!({ "numberValue": number_json(*number) }),
            Self::Text(text) => json!({ "stringValue": text }),
            Self::Bool(flag) => json!({ "boolValue": flag }),
            Self::Error(error) => json!({ "errorValue": { "type": error.api_name(), "message": error.message() } }),
        }
    }
}

/// A double as Google prints it: whole numbers without a fraction.
pub(super) fn number_json(number: f64) -> Json {
    // Above 2^53 a double no longer tells neighbouring whole numbers apart, and is printed as one.
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= WHOLE_MAX { json!(number as i64) } else { json!(number) }
}

/// What kind of thing a number is shown as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum FormatKind {
    #[default]
    Automatic,
    Text,
    Number,
    Percent,
    Currency,
    Date,
    Time,
    DateTime,
    Scientific,
}

impl FormatKind {
    /// By `NumberFormat.type` of the Sheets API. Automatic has no name there: it is a format left out.
    pub(super) const NAMES: &[(&'static str, Self)] = &[
        ("TEXT", Self::Text),
        ("NUMBER", Self::Number),
        ("PERCENT", Self::Percent),
        ("CURRENCY", Self::Currency),
        ("DATE", Self::Date),
        ("TIME", Self::Time),
        ("DATE_TIME", Self::DateTime),
        ("SCIENTIFIC", Self::Scientific),
    ];

    pub(super) fn api_name(self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map(|(name, _)| *name)
    }

    pub(super) fn is_date(self) -> bool {
        matches!(self, Self::Date | Self::Time | Self::DateTime)
    }
}

/// How a number is shown: a kind and a pattern (`#,##0.00`), both as in the Sheets API. An empty pattern stands for the
/// locale's own.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Format {
    pub kind: FormatKind,
    pub pattern: String,
}

impl Format {
    pub(super) fn new(kind: FormatKind, pattern: impl Into<String>) -> Self {
        Self { kind, pattern: pattern.into() }
    }
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Slot {
    pub content: Content,
    pub format: Format,
    /// The rest of its `CellData`: looks, note, validation. Never an empty map.
    pub dress: Option<Arc<Map<String, Json>>>,
}

impl Slot {
    pub(super) const EMPTY: &'static Self = &Self {
        content: Content::Empty,
        format: Format { kind: FormatKind::Automatic, pattern: String::new() },
        dress: None,
    };

    /// What a row or cell next to it takes over from this one: how it looks and what it accepts, not what it says.
    pub(super) fn bare(&self) -> Self {
        let keep = |dress: &Arc<Map<String, Json>>| {
            let kept = ["userEnteredFormat", "dataValidation"].into_iter();
            let kept: Map<_, _> = kept.filter_map(|name| Some((name.to_owned(), dress.get(name)?.clone()))).collect();
            (!kept.is_empty()).then(|| Arc::new(kept))
        };
        Self { content: Content::Empty, format: self.format.clone(), dress: self.dress.as_ref().and_then(keep) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_fraction() {
        assert_eq!(number_json(5.0).to_string(), "5");
        assert_eq!(number_json(-0.5).to_string(), "-0.5");
        assert_eq!(number_json(4_006_381_333_931.0).to_string(), "4006381333931");
    }

    #[test]
    fn raw_text_stays_text() {
        assert_eq!(Content::raw(&json!("=A1")), Some(Content::Text("=A1".to_owned())));
        assert_eq!(Content::raw(&json!("00123")), Some(Content::Text("00123".to_owned())));
        assert_eq!(Content::raw(&json!("")), Some(Content::Empty));
        assert_eq!(Content::raw(&json!([1])), None);
    }
}
