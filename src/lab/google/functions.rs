//! The functions that people use in a merchant's sheet. One that is not here is `#NAME?`.

use super::cell::{CellError, Value};

/// What a function is given: one value, or the values of a range, row by row.
#[derive(Debug, Clone)]
pub(super) enum Argument {
    One(Value),
    Range(Vec<Vec<Value>>),
}

impl Argument {
    /// The first value of it.
    pub(super) fn one(&self) -> Value {
        match self {
            Self::One(value) => value.clone(),
            Self::Range(rows) => rows.first().and_then(|row| row.first()).cloned().unwrap_or(Value::Empty),
        }
    }

    fn all(&self) -> Vec<&Value> {
        match self {
            Self::One(value) => vec![value],
            Self::Range(rows) => rows.iter().flatten().collect(),
        }
    }

    fn is_range(&self) -> bool {
        matches!(self, Self::Range(_))
    }
}

type Outcome = Result<Value, CellError>;

/// How values are read as numbers and texts, which depends on the locale.
pub(super) struct Reading<'a> {
    pub number: &'a dyn Fn(&Value) -> Result<f64, CellError>,
    pub text: &'a dyn Fn(&Value) -> Result<String, CellError>,
}

impl Reading<'_> {
    /// The numbers of all arguments. Texts and truth values in a range do not count; given alone they do.
    fn numbers(&self, arguments: &[Argument]) -> Result<Vec<f64>, CellError> {
        let mut numbers = Vec::new();
        for argument in arguments {
            for value in argument.all() {
                match value {
                    Value::Error(error) => return Err(*error),
                    Value::Number(number) => numbers.push(*number),
                    Value::Text(_) | Value::Bool(_) if !argument.is_range() => numbers.push((self.number)(value)?),
                    Value::Text(_) | Value::Bool(_) | Value::Empty => {}
                }
            }
        }
        Ok(numbers)
    }

    fn truth(&self, value: &Value) -> Result<bool, CellError> {
        match value {
            Value::Bool(flag) => Ok(*flag),
            value => Ok((self.number)(value)? != 0.0),
        }
    }

    fn condition(&self, criterion: &Value) -> Result<impl Fn(&Value) -> bool, CellError> {
        let text = (self.text)(criterion)?;
        let operators = ["<=", ">=", "<>", "=", "<", ">"];
        let operator = operators.into_iter().find(|operator| text.starts_with(operator)).unwrap_or("=");
        let wanted = text.strip_prefix(operator).unwrap_or(&text).to_lowercase();
        let number = wanted.parse::<f64>().ok();
        Ok(move |value: &Value| {
            let ordering = match (value, number) {
                (Value::Number(value), Some(wanted)) => value.partial_cmp(&wanted),
                (Value::Text(value), _) => Some(value.to_lowercase().cmp(&wanted)),
                (Value::Empty, _) if wanted.is_empty() => Some(std::cmp::Ordering::Equal),
                _ => None,
            };
            match operator {
                "=" => ordering.is_some_and(std::cmp::Ordering::is_eq),
                "<>" => !ordering.is_some_and(std::cmp::Ordering::is_eq),
                "<" => ordering.is_some_and(std::cmp::Ordering::is_lt),
                "<=" => ordering.is_some_and(std::cmp::Ordering::is_le),
                ">" => ordering.is_some_and(std::cmp::Ordering::is_gt),
                _ => ordering.is_some_and(std::cmp::Ordering::is_ge),
            }
        })
    }
}

/// What a function comes to.
pub(super) fn call(name: &str, given: &[Argument], reading: &Reading<'_>) -> Outcome {
    let name = name.to_ascii_uppercase();
    let one = |index: usize| given.get(index).map(Argument::one).ok_or(CellError::NotAvailable);
    if let Some(done) = of_errors(&name, given, reading) {
        return done;
    }
    if let Some(Value::Error(error)) = given.iter().filter(|one| !one.is_range()).map(Argument::one).find(is_error) {
        return Err(error);
    }
    if let Some(done) = of_numbers(&name, given, reading) {
        return done;
    }
    if let Some(done) = of_texts(&name, given, reading) {
        return done;
    }
    match name.as_str() {
        "NOT" => Ok(Value::Bool(!reading.truth(&one(0)?)?)),
        "AND" | "OR" => {
            let mut found = Vec::new();
            for argument in given {
                for value in argument.all() {
                    found.push(reading.truth(value)?);
                }
            }
            Ok(Value::Bool(if name == "AND" { found.iter().all(|yes| *yes) } else { found.iter().any(|yes| *yes) }))
        }
        "COUNTIF" | "SUMIF" => {
            let criterion = one(1)?;
            let condition = reading.condition(&criterion)?;
            let looked: Vec<&Value> = given.first().map(Argument::all).unwrap_or_default();
            let summed = given.get(2).map_or_else(|| looked.clone(), Argument::all);
            let hits = looked.iter().zip(&summed).filter(|(value, _)| condition(value));
            let number = |value: &Value| if let Value::Number(number) = value { *number } else { 0.0 };
            Ok(Value::Number(if name == "COUNTIF" {
                looked.iter().filter(|value| condition(value)).count() as f64
            } else {
                hits.map(|(_, value)| number(value)).sum()
            }))
        }
        "VLOOKUP" => look_up(given, reading),
        "TODAY" | "NOW" => {
            let now = crate::clock::now();
            let days = super::typed::serial(now.date_naive()).ok_or(CellError::Num)?;
            let seconds = f64::from(chrono::Timelike::num_seconds_from_midnight(&now));
            Ok(Value::Number(if name == "TODAY" { days } else { days + seconds / 86_400.0 }))
        }
        _ => Err(CellError::Name),
    }
}

fn is_error(value: &Value) -> bool {
    matches!(value, Value::Error(_))
}

/// Functions that look at errors instead of failing with them.
fn of_errors(name: &str, given: &[Argument], reading: &Reading<'_>) -> Option<Outcome> {
    let one = |index: usize| given.get(index).map_or(Value::Empty, Argument::one);
    let settled = |value: Value| if let Value::Error(error) = value { Err(error) } else { Ok(value) };
    Some(match name {
        "IF" => match one(0) {
            Value::Error(error) => Err(error),
            value => reading.truth(&value).and_then(|yes| match (yes, given.len()) {
                (false, ..=2) => Ok(Value::Bool(false)),
                (yes, _) => settled(one(if yes { 1 } else { 2 })),
            }),
        },
        "IFERROR" => Ok(if is_error(&one(0)) { one(1) } else { one(0) }),
        "ISERROR" => Ok(Value::Bool(is_error(&one(0)))),
        "ISBLANK" => Ok(Value::Bool(one(0) == Value::Empty)),
        "ISNUMBER" => Ok(Value::Bool(matches!(one(0), Value::Number(_)))),
        "ISTEXT" => Ok(Value::Bool(matches!(one(0), Value::Text(_)))),
        "COUNTA" => {
            let filled = given.iter().flat_map(Argument::all).filter(|value| **value != Value::Empty);
            Ok(Value::Number(filled.count() as f64))
        }
        "COUNTBLANK" => {
            let blank = given.iter().flat_map(Argument::all).filter(|value| **value == Value::Empty);
            Ok(Value::Number(blank.count() as f64))
        }
        "COUNT" => {
            let numbers = given.iter().flat_map(Argument::all).filter(|value| matches!(value, Value::Number(_)));
            Ok(Value::Number(numbers.count() as f64))
        }
        _ => return None,
    })
}

fn of_numbers(name: &str, given: &[Argument], reading: &Reading<'_>) -> Option<Outcome> {
    let number = |index: usize| given.get(index).map_or(Ok(0.0), |argument| (reading.number)(&argument.one()));
    let over = |fold: fn(&[f64]) -> Outcome| reading.numbers(given).and_then(|numbers| fold(&numbers));
    let scaled = |round: fn(f64) -> f64| {
        let scale = 10_f64.powi(number(1)?.clamp(-15.0, 15.0) as i32);
        Ok(Value::Number(round(number(0)? * scale) / scale))
    };
    Some(match name {
        "SUM" => over(|numbers| Ok(Value::Number(numbers.iter().sum()))),
        "PRODUCT" => over(|numbers| Ok(Value::Number(numbers.iter().product()))),
        "MIN" => over(|numbers| Ok(Value::Number(numbers.iter().copied().reduce(f64::min).unwrap_or(0.0)))),
        "MAX" => over(|numbers| Ok(Value::Number(numbers.iter().copied().reduce(f64::max).unwrap_or(0.0)))),
        "AVERAGE" => over(|numbers| match numbers.len() {
            0 => Err(CellError::DivideByZero),
            count => Ok(Value::Number(numbers.iter().sum::<f64>() / count as f64)),
        }),
        "ROUND" => scaled(f64::round),
        "ROUNDUP" => scaled(|number| if number < 0.0 { number.floor() } else { number.ceil() }),
        "ROUNDDOWN" | "TRUNC" => scaled(f64::trunc),
        "ABS" => number(0).map(|number| Value::Number(number.abs())),
        "INT" => number(0).map(|number| Value::Number(number.floor())),
        "VALUE" => number(0).map(Value::Number),
        "POWER" => number(0).and_then(|base| Ok(Value::Number(base.powf(number(1)?)))),
        "SQRT" => number(0).and_then(|of| if of < 0.0 { Err(CellError::Num) } else { Ok(Value::Number(of.sqrt())) }),
        "DIVIDE" | "MOD" => number(0).and_then(|number_of| match number(1)? {
            0.0 => Err(CellError::DivideByZero),
            by if name == "DIVIDE" => Ok(Value::Number(number_of / by)),
            by => Ok(Value::Number(number_of - by * (number_of / by).floor())),
        }),
        _ => return None,
    })
}

fn of_texts(name: &str, given: &[Argument], reading: &Reading<'_>) -> Option<Outcome> {
    let text = |index: usize| given.get(index).map_or(Ok(String::new()), |argument| (reading.text)(&argument.one()));
    let count = |index: usize, usual: usize| match given.get(index) {
        None => Ok(usual),
        Some(argument) => (reading.number)(&argument.one()).map(|number| number.max(0.0) as usize),
    };
    let made = |made: Result<String, CellError>| made.map(Value::Text);
    Some(match name {
        "CONCATENATE" | "CONCAT" => {
            let all = given.iter().flat_map(Argument::all).map(|value| (reading.text)(value));
            made(all.collect())
        }
        "JOIN" => made((|| {
            let rest = given.get(1..).unwrap_or_default().iter().flat_map(Argument::all);
            let parts: Result<Vec<String>, CellError> = rest.map(|value| (reading.text)(value)).collect();
            Ok(parts?.join(&text(0)?))
        })()),
        "LEN" => text(0).map(|text| Value::Number(text.encode_utf16().count() as f64)),
        "UPPER" => made(text(0).map(|text| text.to_uppercase())),
        "LOWER" => made(text(0).map(|text| text.to_lowercase())),
        "TRIM" => made(text(0).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))),
        "EXACT" => text(0).and_then(|a| Ok(Value::Bool(a == text(1)?))),
        "SUBSTITUTE" => made(text(0).and_then(|whole| Ok(whole.replace(&text(1)?, &text(2)?)))),
        "LEFT" => made(text(0).and_then(|text| Ok(text.chars().take(count(1, 1)?).collect()))),
        "RIGHT" => made(text(0).and_then(|text| {
            let skip = text.chars().count().saturating_sub(count(1, 1)?);
            Ok(text.chars().skip(skip).collect())
        })),
        "MID" => made(
            text(0).and_then(|text| Ok(text.chars().skip(count(1, 1)?.saturating_sub(1)).take(count(2, 0)?).collect())),
        ),
        "T" => made(text(0)),
        "HYPERLINK" => match given.get(1) {
            Some(label) => Ok(label.one()),
            None => made(text(0)),
        },
        _ => return None,
    })
}

/// `VLOOKUP`: exact where it is asked for, else the last key that is not above.
fn look_up(given: &[Argument], reading: &Reading<'_>) -> Outcome {
    let [key, Argument::Range(rows), column, rest @ ..] = given else { return Err(CellError::NotAvailable) };
    let sorted = rest.first().map_or(Ok(true), |flag| reading.truth(&flag.one()))?;
    let column = (reading.number)(&column.one())?;
    if column < 1.0 {
        return Err(CellError::Value);
    }
    let key = key.one();
    let compare = |other: &Value| match (&key, other) {
        (Value::Number(key), Value::Number(other)) => other.partial_cmp(key),
        (Value::Text(key), Value::Text(other)) => Some(other.to_lowercase().cmp(&key.to_lowercase())),
        (Value::Bool(key), Value::Bool(other)) => Some(other.cmp(key)),
        _ => None,
    };
    let of = |row: &&Vec<Value>| row.first().and_then(&compare);
    let found = if sorted {
        rows.iter().rev().find(|row| of(row).is_some_and(std::cmp::Ordering::is_le))
    } else {
        rows.iter().find(|row| of(row).is_some_and(std::cmp::Ordering::is_eq))
    };
    match found.ok_or(CellError::NotAvailable)?.get(column as usize - 1) {
        Some(Value::Error(error)) => Err(*error),
        Some(value) => Ok(value.clone()),
        None => Err(CellError::Ref),
    }
}
