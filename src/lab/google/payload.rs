//! Reads request bodies as strictly as Google does: an unknown field or a wrong type is a 400 that says where.

use serde_json::{Map, Value as Json};

use super::error::ApiError;

/// One JSON object of a request. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Payload<'a> {
    fields: &'a Map<String, Json>,
    /// Where it stands, as Google's messages write it (`requests[0].find_replace`); empty at the root.
    at: String,
}

impl<'a> Payload<'a> {
    /// The root of a body, which may only have these fields.
    pub(super) fn root(body: &'a Json, known: &[&str]) -> Result<Self, ApiError> {
        Self::new(body, String::new(), known)
    }

    /// An object inside a body, `at` the place that messages name.
    pub(super) fn new(value: &'a Json, at: String, known: &[&str]) -> Result<Self, ApiError> {
        let Json::Object(fields) = value else {
            return Err(ApiError::bad_payload(&at, format!("Invalid value at '{at}': an object is expected.")));
        };
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(ApiError::unknown_field(name, &at)),
            None => Ok(Self { fields, at }),
        }
    }

    /// An object whose fields were checked before.
    pub(super) fn checked(value: &'a Json, at: &str) -> Result<Self, ApiError> {
        let Json::Object(fields) = value else {
            return Err(ApiError::bad_payload(at, format!("Invalid value at '{at}': an object is expected.")));
        };
        Ok(Self { fields, at: at.to_owned() })
    }

    /// An object inside of one whose fields were checked before.
    pub(super) fn part(&self, name: &str) -> Result<Option<Payload<'a>>, ApiError> {
        self.any(name).map(|value| Payload::checked(value, &self.place(name))).transpose()
    }

    /// The same, where it must not be missing.
    pub(super) fn needed(&self, name: &str) -> Result<Payload<'a>, ApiError> {
        self.part(name)?.ok_or_else(|| ApiError::invalid(format!("No {name} specified.")))
    }

    /// All of its fields as they are.
    pub(super) fn json(&self) -> Json {
        Json::Object(self.fields.clone())
    }

    /// Where a field of this object stands.
    fn place(&self, name: &str) -> String {
        let mut place = if self.at.is_empty() { String::new() } else { format!("{}.", self.at) };
        for c in name.chars() {
            if c.is_ascii_uppercase() {
                place.push('_');
            }
            place.push(c.to_ascii_lowercase());
        }
        place
    }

    fn wrong(&self, name: &str, expected: &str, value: &Json) -> ApiError {
        let at = self.place(name);
        ApiError::bad_payload(&at, format!("Invalid value at '{at}' ({expected}), {value}"))
    }

    /// The names of the fields that are set.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str())
    }

    /// A field as it is; `null` counts as missing.
    pub(super) fn any(&self, name: &str) -> Option<&'a Json> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        match self.any(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, "TYPE_STRING", other)),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.any(name) {
            None => Ok(None),
            Some(Json::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(self.wrong(name, "TYPE_BOOL", other)),
        }
    }

    /// A whole number of 32 bits; digits in quotes are taken too, as protobuf's JSON form allows.
    pub(super) fn int(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.any(name) else { return Ok(None) };
        let whole = |number: f64| (number.fract() == 0.0).then_some(number as i64);
        let number = match value {
            Json::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
            Json::String(text) => text.parse::<i64>().ok(),
            _ => None,
        };
        let number = number.filter(|number| i32::try_from(*number).is_ok());
        number.map(Some).ok_or_else(|| self.wrong(name, "TYPE_INT32", value))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, ApiError> {
        let Some(value) = self.any(name) else { return Ok(None) };
        value.as_f64().map(Some).ok_or_else(|| self.wrong(name, "TYPE_DOUBLE", value))
    }

    /// A whole number that counts or points at something, so never negative.
    pub(super) fn index(&self, name: &str) -> Result<Option<usize>, ApiError> {
        let Some(number) = self.int(name)? else { return Ok(None) };
        let negative = || ApiError::invalid(format!("{}[{number}] must not be negative.", self.place(name)));
        usize::try_from(number).map(Some).map_err(|_| negative())
    }

    /// A name out of an enumeration.
    pub(super) fn choice<T: Copy>(&self, name: &str, type_name: &str, of: &[(&str, T)]) -> Result<Option<T>, ApiError> {
        match self.text(name)? {
            None => Ok(None),
            Some(text) => choose(&self.place(name), text, type_name, of).map(Some),
        }
    }

    pub(super) fn object(&self, name: &str, known: &[&str]) -> Result<Option<Payload<'a>>, ApiError> {
        self.any(name).map(|value| Payload::new(value, self.place(name), known)).transpose()
    }

    pub(super) fn objects(&self, name: &str, known: &[&str]) -> Result<Vec<Payload<'a>>, ApiError> {
        let at = self.place(name);
        let items = self.items(name)?.iter().enumerate();
        items.map(|(index, value)| Payload::new(value, format!("{at}[{index}]"), known)).collect()
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<&'a str>, ApiError> {
        let items = self.items(name)?.iter();
        items.map(|value| value.as_str().ok_or_else(|| self.wrong(name, "TYPE_STRING", value))).collect()
    }

    /// An array; missing is empty.
    pub(super) fn items(&self, name: &str) -> Result<&'a [Json], ApiError> {
        match self.any(name) {
            None => Ok(&[]),
            Some(Json::Array(items)) => Ok(items),
            Some(other) => {
                let at = self.place(name);
                Err(ApiError::bad_payload(&at, format!("Invalid value at '{at}', expected a list: {other}")))
            }
        }
    }
}

/// A name out of an enumeration of the Sheets API, in a body or a query.
pub(super) fn choose<T: Copy>(at: &str, text: &str, type_name: &str, of: &[(&str, T)]) -> Result<T, ApiError> {
    let known = of.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    known.ok_or_else(|| {
        let full = format!("type.googleapis.com/google.apps.sheets.v4.{type_name}");
        ApiError::bad_payload(at, format!("Invalid value at '{at}' ({full}), \"{text}\""))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_and_wrong_types_are_named() {
        let body = json!({ "requests": [{ "findReplace": { "matchCase": "yes", "sheetId": "12" } }] });
        let root = Payload::root(&body, &["requests"]).unwrap();
        assert_eq!(
            root.objects("requests", &["sortRange"]).unwrap_err().message,
            "Invalid JSON payload received. Unknown name \"findReplace\" at 'requests[0]': Cannot find field."
        );
        let requests = root.objects("requests", &["findReplace"]).unwrap();
        let find = requests[0].object("findReplace", &["matchCase", "sheetId"]).unwrap().unwrap();
        assert_eq!(
            find.flag("matchCase").unwrap_err().message,
            "Invalid value at 'requests[0].find_replace.match_case' (TYPE_BOOL), \"yes\""
        );
        assert_eq!(find.int("sheetId").unwrap(), Some(12));
        assert_eq!(find.int("range").unwrap(), None);
    }
}
