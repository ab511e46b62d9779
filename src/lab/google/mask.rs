//! Field masks: `sheets.properties(title,sheetId),spreadsheetId`, for partial answers and for updates.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::schema::camel;

/// Which fields are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mask {
    Everything,
    Fields(BTreeMap<String, Mask>),
}

impl Mask {
    /// Read a mask. `None`: it cannot be read, or is empty.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mask = list(&mut rest)?;
        rest.is_empty().then_some(mask)
    }

    /// True when the field at this path, or one below it, is meant.
    pub(super) fn covers(&self, path: &[&str]) -> bool {
        match (self, path) {
            (Self::Everything, _) | (_, []) => true,
            (Self::Fields(fields), [first, rest @ ..]) => fields.get(*first).is_some_and(|mask| mask.covers(rest)),
        }
    }

    /// What is left of a value. An array keeps its items, each cut.
    pub(super) fn cut(&self, value: Json) -> Json {
        match (self, value) {
            (Self::Everything, value) => value,
            (_, Json::Array(items)) => Json::Array(items.into_iter().map(|item| self.cut(item)).collect()),
            (Self::Fields(fields), Json::Object(object)) => {
                let kept = object.into_iter().filter_map(|(name, value)| {
                    let mask = fields.get(&name)?;
                    Some((name, mask.cut(value)))
                });
                Json::Object(kept.collect::<Map<_, _>>())
            }
            (Self::Fields(_), value) => value,
        }
    }

    /// Set the meant fields of `target` to what `source` has there; what it does not have is cleared.
    pub(super) fn assign(&self, target: &mut Map<String, Json>, source: Option<&Map<String, Json>>) {
        let Self::Fields(fields) = self else {
            *target = source.cloned().unwrap_or_default();
            return;
        };
        for (name, below) in fields {
            let given = source.and_then(|source| source.get(name));
            match (below, given) {
                (Self::Everything, Some(value)) => drop(target.insert(name.clone(), value.clone())),
                (Self::Everything, None) => drop(target.remove(name)),
                (below, given) => {
                    let inner = target.entry(name.clone()).or_insert_with(|| Json::Object(Map::new()));
                    if let Json::Object(inner) = inner {
                        below.assign(inner, given.and_then(Json::as_object));
                    }
                    if inner.as_object().is_some_and(Map::is_empty) {
                        target.remove(name);
                    }
                }
            }
        }
    }

    /// The mask of an update: names as JSON has them, and colours meant in both of their forms (`tabColor` and
    /// `tabColorStyle`).
    pub(super) fn for_update(self) -> Self {
        let Self::Fields(fields) = self else { return self };
        let mut all = BTreeMap::new();
        for (name, below) in fields {
            let (name, below) = (camel(&name), below.for_update());
            let lower = name.to_ascii_lowercase();
            if lower.ends_with("color") {
                all.insert(format!("{name}Style"), Self::Everything);
            } else if lower.ends_with("colorstyle") {
                all.insert(name.trim_end_matches("Style").to_owned(), Self::Everything);
            }
            all.insert(name, below);
        }
        Self::Fields(all)
    }

    /// The mask that means no field.
    pub(super) fn nothing() -> Self {
        Self::Fields(BTreeMap::new())
    }

    /// The mask below a field; `None` when the field is not meant.
    pub(super) fn below(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Everything => Some(self),
            Self::Fields(fields) => fields.get(name),
        }
    }

    fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Everything, _) => {}
            (_, Self::Everything) => *self = Self::Everything,
            (Self::Fields(fields), Self::Fields(more)) => {
                for (name, mask) in more {
                    match fields.get_mut(&name) {
                        Some(known) => known.merge(mask),
                        None => {
                            fields.insert(name, mask);
                        }
                    }
                }
            }
        }
    }
}

fn list(rest: &mut &str) -> Option<Mask> {
    let mut mask = Mask::Fields(BTreeMap::new());
    loop {
        mask.merge(path(rest)?);
        match rest.strip_prefix(',') {
            Some(more) => *rest = more,
            None => return Some(mask),
        }
    }
}

fn path(rest: &mut &str) -> Option<Mask> {
    if let Some(more) = rest.strip_prefix('*') {
        *rest = more;
        return Some(Mask::Everything);
    }
    // A space is not skipped: Sheets refuses `a, b`, and so must the lab.
    let end = rest.find([',', '.', '/', '(', ')']).unwrap_or(rest.len());
    let (name, more) = rest.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
    let below = if let Some(more) = more.strip_prefix(['.', '/']) {
        *rest = more;
        path(rest)?
    } else if let Some(more) = more.strip_prefix('(') {
        *rest = more;
        let inside = list(rest)?;
        *rest = rest.strip_prefix(')')?;
        inside
    } else {
        *rest = more;
        Mask::Everything
    };
    Some(Mask::Fields(BTreeMap::from([(name.to_owned(), below)])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(mask: &str, expect: Json) {
        let value = json!({
            "id": "x",
            "properties": { "title": "T", "locale": "de" },
            "sheets": [{ "properties": { "title": "A", "index": 0 }, "data": [] }, { "properties": { "title": "B" } }],
        });
        assert_eq!(Mask::parse(mask).unwrap().cut(value), expect, "{mask}");
    }

    #[test]
    fn masks_cut() {
        check("id", json!({ "id": "x" }));
        check("properties.locale,id", json!({ "id": "x", "properties": { "locale": "de" } }));
        let titles = json!({ "sheets": [{ "properties": { "title": "A" } }, { "properties": { "title": "B" } }] });
        check("sheets.properties.title", titles.clone());
        check("sheets(properties(title))", titles.clone());
        check("sheets/properties/title", titles);
        check("sheets.properties.index", json!({ "sheets": [{ "properties": { "index": 0 } }, { "properties": {} }] }));
        check("unknown", json!({}));
        check("properties.title,properties", json!({ "properties": { "title": "T", "locale": "de" } }));
    }

    #[test]
    fn broken_masks_are_refused() {
        for mask in ["", "a,", "a(b", "a)b", "a..b"] {
            assert_eq!(Mask::parse(mask), None, "{mask}");
        }
    }

    #[test]
    fn coverage() {
        let mask = Mask::parse("userEnteredFormat.numberFormat,note").unwrap();
        assert!(mask.covers(&["userEnteredFormat"]));
        assert!(mask.covers(&["userEnteredFormat", "numberFormat", "type"]));
        assert!(!mask.covers(&["userEnteredFormat", "textFormat"]));
        assert!(!mask.covers(&["userEnteredValue"]));
        assert!(Mask::parse("*").unwrap().covers(&["userEnteredValue"]));
    }
}
