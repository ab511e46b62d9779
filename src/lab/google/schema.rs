//! The shapes of Google's messages: every type's fields, from the discovery documents (`schema/*.txt`). Requests are read
//! by them, field masks are checked against them, and what hangs on a sheet is walked through by them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value as Json};

use super::error::ApiError;
use super::mask::Mask;

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Text,
    Flag,
    Int32,
    Int64,
    Number,
    /// Anything at all (`google.protobuf.Value`).
    Any,
    Enum(Vec<&'static str>),
    Object(&'static str),
    List(Box<Shape>),
    Map(Box<Shape>),
}

impl Shape {
    /// As the tables write it.
    pub(super) fn read(text: &'static str) -> Self {
        let inside = |open: char, close: char| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        if let Some(item) = inside('[', ']') {
            return Self::List(Box::new(Self::read(item)));
        }
        if let Some(item) = inside('{', '}') {
            return Self::Map(Box::new(Self::read(item)));
        }
        if let Some(names) = text.strip_prefix("enum ") {
            return Self::Enum(names.split(' ').collect());
        }
        match text {
            "string" | "mask" => Self::Text,
            "bool" => Self::Flag,
            "int32" | "uint32" => Self::Int32,
            "int64" => Self::Int64,
            "float" | "double" => Self::Number,
            "any" => Self::Any,
            name => Self::Object(name),
        }
    }

    fn is_list_of_any(&self) -> bool {
        matches!(self, Self::List(item) if **item == Self::Any)
    }

    /// The name of the type in a message about a wrong value.
    fn type_name(&self, owner: &str, field: &str) -> String {
        match self {
            Self::Text => "TYPE_STRING".to_owned(),
            Self::Flag => "TYPE_BOOL".to_owned(),
            Self::Int32 => "TYPE_INT32".to_owned(),
            Self::Int64 => "TYPE_INT64".to_owned(),
            Self::Number => "TYPE_DOUBLE".to_owned(),
            Self::Any => "type.googleapis.com/google.protobuf.Value".to_owned(),
            Self::Enum(_) => format!("type.googleapis.com/google.apps.sheets.v4.{}", enum_name(owner, field)),
            Self::Object(name) => format!("type.googleapis.com/google.apps.sheets.v4.{name}"),
            list if list.is_list_of_any() => "type.googleapis.com/google.protobuf.ListValue".to_owned(),
            Self::List(item) | Self::Map(item) => item.type_name(owner, field),
        }
    }
}

/// The discovery documents do not name enumerations; these are the ones whose name is not that of their field.
fn enum_name(owner: &str, field: &str) -> String {
    let known = match (owner, field) {
        ("NumberFormat", "type") => "NumberFormat.NumberFormatType",
        ("BooleanCondition", "type") => "ConditionType",
        ("DeveloperMetadata" | "DeveloperMetadataLookup", "visibility") => "DeveloperMetadataVisibility",
        (_, "majorDimension" | "shiftDimension") => "Dimension",
        (_, "responseValueRenderOption") => "ValueRenderOption",
        (_, "responseDateTimeRenderOption") => "DateTimeRenderOption",
        (_, "horizontalAlignment") => "HorizontalAlign",
        (_, "verticalAlignment") => "VerticalAlign",
        _ => "",
    };
    if known.is_empty() { format!("{}{}", field[..1].to_ascii_uppercase(), &field[1..]) } else { known.to_owned() }
}

/// All types of one API.
pub(super) struct Schema(BTreeMap<&'static str, Vec<(&'static str, Shape)>>);

/// Sheets v4.
pub(super) static SHEETS: LazyLock<Schema> = LazyLock::new(|| Schema::read(include_str!("schema/sheets.txt")));

/// Drive v3, as far as the lab plays it.
pub(super) static DRIVE: LazyLock<Schema> = LazyLock::new(|| Schema::read(include_str!("schema/drive.txt")));

impl Schema {
    fn read(text: &'static str) -> Self {
        let mut types = BTreeMap::<_, Vec<_>>::new();
        let mut current = "";
        for line in text.lines() {
            match line.strip_prefix(' ').and_then(|field| field.split_once(' ')) {
                Some((field, shape)) => types.entry(current).or_default().push((field, Shape::read(shape))),
                None => {
                    current = line;
                    types.entry(current).or_default();
                }
            }
        }
        Self(types)
    }

    /// The names of all types.
    #[cfg(test)]
    pub(super) fn types(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// The fields of a type.
    pub(super) fn fields(&self, of: &str) -> &[(&'static str, Shape)] {
        self.0.get(of).map_or(&[], Vec::as_slice)
    }

    /// A field by its name in JSON, or by the one it has in protobuf (`sheet_id`), which Google takes too.
    fn field(&self, of: &str, name: &str) -> Option<&(&'static str, Shape)> {
        let exact = self.fields(of).iter().find(|(known, _)| *known == name);
        exact.or_else(|| {
            let camel = camel(name);
            self.fields(of).iter().find(|(known, _)| name.contains('_') && *known == camel)
        })
    }

    /// A body as the API reads it: known fields only, `null`s left out, numbers as numbers. `at` is the name that the
    /// method gives to its body, often none.
    pub(super) fn read_body(&self, of: &'static str, body: &Json, at: &str) -> Result<Json, ApiError> {
        let mut reader = Reader { schema: self, wrong: Vec::new(), lenient: false };
        let read = reader.object(of, body, at);
        if reader.wrong.is_empty() { Ok(read) } else { Err(ApiError::violations(reader.wrong)) }
    }

    /// A body as Drive reads it: what it does not know, and what does not fit, counts for nothing.
    pub(super) fn read_leniently(&self, of: &'static str, body: &Json) -> Json {
        Reader { schema: self, wrong: Vec::new(), lenient: true }.object(of, body, "")
    }

    /// The first path of a mask that names no field.
    pub(super) fn strange_path(&self, of: &str, mask: &Mask) -> Option<String> {
        let Mask::Fields(fields) = mask else { return None };
        fields.iter().find_map(|(name, below)| {
            let Some((_, shape)) = self.field(of, name) else { return Some(name.clone()) };
            let strange = match innermost(shape) {
                Shape::Object(inner) => self.strange_path(inner, below),
                _ => None,
            };
            strange.map(|rest| format!("{name}.{rest}"))
        })
    }

    /// Visit every object inside a value, with the name of its type. What is inside comes before what holds it.
    pub(super) fn each(&self, of: &str, value: &mut Json, visit: &mut dyn FnMut(&str, &mut Map<String, Json>)) {
        match value {
            Json::Array(items) => items.iter_mut().for_each(|item| self.each(of, item, visit)),
            Json::Object(fields) => {
                for (name, value) in fields.iter_mut() {
                    if let Some((_, shape)) = self.field(of, name)
                        && let Shape::Object(inner) = innermost(shape)
                    {
                        self.each(inner, value, visit);
                    }
                }
                visit(of, fields);
            }
            _ => {}
        }
    }

    /// Colours are answered in two ways, as `Color` and as `ColorStyle`: give each the other.
    pub(super) fn pair_colors(&self, of: &str, value: &mut Json) {
        self.each(of, value, &mut |of, fields| {
            for (name, shape) in self.fields(of) {
                let style = format!("{name}Style");
                if *shape != Shape::Object("Color") || self.field(of, &style).is_none() {
                    continue;
                }
                let rgb = fields.get(&style).map(|style| style.get("rgbColor").cloned());
                match (rgb, fields.get(*name).cloned()) {
                    (Some(Some(rgb)), _) => drop(fields.insert((*name).to_owned(), rgb)),
                    (None, Some(color)) => drop(fields.insert(style, serde_json::json!({ "rgbColor": color }))),
                    _ => {}
                }
            }
        });
    }
}

fn innermost(shape: &Shape) -> &Shape {
    match shape {
        Shape::List(item) => innermost(item),
        other => other,
    }
}

/// `sheet_id` to `sheetId`.
pub(super) fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut chars = part.chars();
        text.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(chars.as_str());
    }
    text
}

/// `sheetId` to `sheet_id`, as messages write it.
pub(super) fn snake(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

/// Reads one body and collects what is wrong with it, each with its place.
struct Reader<'s> {
    schema: &'s Schema,
    wrong: Vec<(String, String)>,
    lenient: bool,
}

impl Reader<'_> {
    fn object(&mut self, of: &'static str, value: &Json, at: &str) -> Json {
        let Json::Object(fields) = value else {
            self.wrong(
                at,
                format!("Invalid value at '{at}' (type.googleapis.com/google.apps.sheets.v4.{of}), {value}"),
            );
            return Json::Null;
        };
        let mut read = Map::new();
        for (name, value) in fields {
            let schema = self.schema;
            let Some((known, shape)) = schema.field(of, name) else {
                let place = if at.is_empty() { String::new() } else { format!(" at '{at}'") };
                let text = format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field.");
                self.wrong(at, text);
                continue;
            };
            if value.is_null() {
                continue;
            }
            let place = if at.is_empty() { snake(known) } else { format!("{at}.{}", snake(known)) };
            if let Some(value) = self.value(shape, value, &place, (of, *known)) {
                read.insert((*known).to_owned(), value);
            }
        }
        Json::Object(read)
    }

    /// `of` is the type and the field that the value stands in.
    fn value(&mut self, shape: &Shape, value: &Json, at: &str, of: (&str, &str)) -> Option<Json> {
        let read = match (shape, value) {
            (Shape::Any, value) => Some(value.clone()),
            // Cells are many, and nothing about them can be wrong here.
            (Shape::List(line), Json::Array(lines)) if line.is_list_of_any() && lines.iter().all(Json::is_array) => {
                Some(value.clone())
            }
            (Shape::List(item), Json::Array(items)) => return Some(Json::Array(self.items(item, items, at, of))),
            // One object counts as a list of one.
            (Shape::List(item), Json::Object(_)) => {
                return self.value(item, value, at, of).map(|value| Json::Array(vec![value]));
            }
            (Shape::Map(item), Json::Object(fields)) => {
                let read = fields.iter().filter_map(|(name, value)| {
                    Some((name.clone(), self.value(item, value, &format!("{at}[\"{name}\"]"), of)?))
                });
                return Some(Json::Object(read.collect()));
            }
            (Shape::Object(inner), Json::Object(_)) => {
                let inner = self.schema.0.get_key_value(inner).map_or("", |(name, _)| name);
                return Some(self.object(inner, value, at));
            }
            (shape, Json::Array(_)) if !matches!(shape, Shape::Map(_)) => {
                let owner = at.rsplit_once('.').map_or(String::new(), |(owner, _)| format!(" at '{owner}'"));
                let text = format!(
                    "Invalid JSON payload received. Unknown name \"{}\"{owner}: Proto field is not repeating, cannot \
                     start list.",
                    of.1
                );
                self.wrong(at, text);
                return None;
            }
            (shape, value) => scalar(shape, value),
        };
        if read.is_none() {
            self.wrong(at, format!("Invalid value at '{at}' ({}), {value}", shape.type_name(of.0, of.1)));
        }
        read
    }

    /// The items of a list. A list inside of a list of messages counts as its items do.
    fn items(&mut self, shape: &Shape, items: &[Json], at: &str, of: (&str, &str)) -> Vec<Json> {
        let mut read = Vec::new();
        for (index, value) in items.iter().enumerate() {
            let at = format!("{at}[{index}]");
            match (shape, value) {
                (Shape::Object(_), Json::Array(inner)) => read.extend(self.items(shape, inner, &at, of)),
                _ => read.extend(self.value(shape, value, &at, of)),
            }
        }
        read
    }

    fn wrong(&mut self, at: &str, text: String) {
        if !self.lenient {
            self.wrong.push((at.to_owned(), text));
        }
    }
}

/// A value that is neither object nor list. Protobuf's JSON form takes numbers and truth values in quotes too.
fn scalar(shape: &Shape, value: &Json) -> Option<Json> {
    let whole = |value: &Json| match value {
        Json::Number(number) => {
            let of_float = || number.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64);
            number.as_i64().or_else(of_float)
        }
        Json::String(text) => text.parse::<i64>().ok(),
        _ => None,
    };
    match shape {
        Shape::Text => value.as_str().map(Json::from),
        Shape::Flag => match value {
            Json::Bool(flag) => Some(Json::from(*flag)),
            Json::String(text) => text.parse::<bool>().ok().map(Json::from),
            _ => None,
        },
        Shape::Int32 => whole(value).filter(|number| i32::try_from(*number).is_ok()).map(Json::from),
        Shape::Int64 => whole(value).map(|number| Json::from(number.to_string())),
        Shape::Number => match value {
            Json::Number(_) => Some(value.clone()),
            Json::String(text) => text.parse::<f64>().ok().map(Json::from),
            _ => None,
        },
        Shape::Enum(names) => {
            let by_number = || value.as_u64().and_then(|number| names.get(usize::try_from(number).ok()?)).copied();
            let by_name = value.as_str().and_then(|text| names.iter().find(|name| **name == text).copied());
            by_name.or_else(by_number).map(Json::from)
        }
        Shape::Any | Shape::Object(_) | Shape::List(_) | Shape::Map(_) => None,
    }
}
