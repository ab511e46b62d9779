//! Holds the lab to Google's discovery documents: its table of shapes, and every JSON answer that it gives in a test of
//! this crate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use super::schema::{DRIVE, SHEETS, Schema, Shape};

/// The documents are published apart from this repository; without them there is nothing to compare with.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs/google");

/// A discovery document; `None`, which only CI minds, where it is absent.
struct Document(Option<Json>);

impl Document {
    fn read(name: &str) -> Self {
        let path: PathBuf = Path::new(FOLDER).join(name);
        let Ok(text) = std::fs::read_to_string(&path) else {
            assert!(std::env::var_os("CI").is_none(), "{} is absent", path.display());
            return Self(None);
        };
        Self(Some(serde_json::from_str(&text).unwrap()))
    }

    fn types(&self) -> Option<&Map<String, Json>> {
        self.0.as_ref()?["schemas"].as_object()
    }

    /// What of a value does not fit a type.
    fn faults(&self, of: &Json, value: &Json, at: &str, faults: &mut Vec<String>) {
        let Some(types) = self.types() else { return };
        if let Some(name) = of["$ref"].as_str() {
            return match types.get(name) {
                Some(of) => self.faults(of, value, at, faults),
                None => faults.push(format!("{at}: the document has no type {name}")),
            };
        }
        let fits = match (of["type"].as_str().unwrap_or_default(), value) {
            ("any", _) => true,
            ("object", Json::Object(fields)) => {
                for (name, value) in fields {
                    let place = format!("{at}.{name}");
                    match (of["properties"].get(name), of.get("additionalProperties")) {
                        (Some(of), _) | (None, Some(of)) => self.faults(of, value, &place, faults),
                        (None, None) => faults.push(format!("{place}: the document has no such field")),
                    }
                }
                true
            }
            ("array", Json::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.faults(&of["items"], item, &format!("{at}[{index}]"), faults);
                }
                true
            }
            ("string", Json::String(text)) => {
                let number = matches!(of["format"].as_str(), Some("int64" | "uint64"));
                let listed = of["enum"].as_array().is_none_or(|names| names.contains(value));
                listed && (!number || text.parse::<i64>().is_ok())
            }
            ("boolean", Json::Bool(_)) => true,
            ("integer", Json::Number(number)) => number.is_i64(),
            ("number", Json::Number(_)) => true,
            _ => false,
        };
        if !fits {
            faults.push(format!("{at}: {value} is no {}", of["type"]));
        }
    }
}

static SHEETS_DOCUMENT: LazyLock<Document> = LazyLock::new(|| Document::read("sheets.v4.json"));
static DRIVE_DOCUMENT: LazyLock<Document> = LazyLock::new(|| Document::read("drive.v3.json"));

/// Panics unless an answer fits its type: called with every answer of the lab's Google in tests.
pub(super) fn check_sheets(of: &str, answer: &Json) {
    check(&SHEETS_DOCUMENT, of, answer);
}

/// The same for Drive; `call` is the name of the method.
pub(super) fn check_drive(call: &str, answer: &Json) {
    let of = match call {
        "about.get" => "About",
        "files.list" => "FileList",
        "files.generateIds" => "GeneratedIds",
        "files.watch" | "changes.watch" => "Channel",
        "permissions.list" => "PermissionList",
        "comments.list" => "CommentList",
        "changes.list" => "ChangeList",
        "changes.getStartPageToken" => "StartPageToken",
        "drives.list" => "DriveList",
        call if call.starts_with("permissions.") => "Permission",
        call if call.starts_with("comments.") => "Comment",
        _ => "File",
    };
    if !answer.is_null() {
        check(&DRIVE_DOCUMENT, of, answer);
    }
}

fn check(document: &Document, of: &str, answer: &Json) {
    let mut faults = Vec::new();
    document.faults(&json!({ "$ref": of }), answer, of, &mut faults);
    assert!(faults.is_empty(), "an answer does not fit the discovery document:\n{}", faults.join("\n"));
}

/// A field of a document as the table writes it.
fn shape(of: &Json) -> String {
    if let Some(name) = of["$ref"].as_str() {
        return name.to_owned();
    }
    let format = of["format"].as_str();
    match of["type"].as_str().unwrap_or_default() {
        "array" => format!("[{}]", shape(&of["items"])),
        "object" if of.get("additionalProperties").is_some() => format!("{{{}}}", shape(&of["additionalProperties"])),
        "boolean" => "bool".to_owned(),
        "integer" => format.unwrap_or("int32").to_owned(),
        "number" => format.unwrap_or("double").to_owned(),
        "string" => match (of["enum"].as_array(), format) {
            (Some(names), _) => {
                format!("enum {}", names.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(" "))
            }
            (None, Some("int64" | "uint64")) => "int64".to_owned(),
            (None, Some("google-fieldmask")) => "mask".to_owned(),
            (None, _) => "string".to_owned(),
        },
        _ => "any".to_owned(),
    }
}

/// Compare a table with its document. Answers the number of types; `whole` tables must have them all.
fn compare(table: &Schema, document: &Document, whole: bool) -> usize {
    let Some(types) = document.types() else { return 0 };
    let known: BTreeSet<&str> = table.types().collect();
    if whole {
        assert_eq!(known, types.keys().map(String::as_str).collect::<BTreeSet<_>>());
    }
    for name in &known {
        let empty = Map::new();
        let of = types.get(*name).unwrap_or_else(|| panic!("the document has no type {name}"));
        let of = of["properties"].as_object().unwrap_or(&empty);
        let expect: BTreeSet<(&str, Shape)> =
            of.iter().map(|(field, of)| (field.as_str(), Shape::read(shape(of).leak()))).collect();
        let found: BTreeSet<(&str, Shape)> =
            table.fields(name).iter().map(|(field, shape)| (*field, shape.clone())).collect();
        assert_eq!(found, expect, "{name}");
    }
    known.len()
}

#[test]
fn the_tables_of_shapes_are_those_of_the_documents() {
    let types = compare(&SHEETS, &SHEETS_DOCUMENT, true) + compare(&DRIVE, &DRIVE_DOCUMENT, false);
    if types == 0 {
        eprintln!("skipped: Google's discovery documents are not here");
    }
    let Some(folder) = std::env::var_os("EVIDENCE_DIR").filter(|_| types > 0) else { return };
    let revision = |document: &Document| {
        document.0.as_ref().and_then(|document| document["revision"].as_str()).unwrap_or_default().to_owned()
    };
    let report = json!({
        "system": "Google Sheets v4 and Drive v3",
        "kind": "schema",
        "evidence": "discovery documents",
        "version": format!("sheets.v4 {}, drive.v3 {}", revision(&SHEETS_DOCUMENT), revision(&DRIVE_DOCUMENT)),
        "cases": types,
        "passed": types,
        "calls": super::calls::Method::ALL.iter().map(|method| method.name()).collect::<BTreeSet<_>>(),
        "differs": [],
    });
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!("{report:#}\n");
    std::fs::write(Path::new(&folder).join("google-discovery.json"), text).unwrap();
}

#[test]
fn an_answer_that_does_not_fit_is_seen() {
    let faults = |of: &str, answer: Json| {
        let mut faults = Vec::new();
        SHEETS_DOCUMENT.faults(&json!({ "$ref": of }), &answer, of, &mut faults);
        faults.len()
    };
    if SHEETS_DOCUMENT.0.is_none() {
        return;
    }
    assert_eq!(faults("ValueRange", json!({ "range": "A1", "values": [["x", 1, null]] })), 0);
    assert_eq!(faults("ValueRange", json!({ "range": 1, "colour": "red", "majorDimension": "UP" })), 3);
    assert_eq!(faults("Sheet", json!({ "properties": { "index": "0", "gridProperties": [] } })), 2);
}
