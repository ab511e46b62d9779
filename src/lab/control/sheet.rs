//! A person at the sheet: edits cells, inserts, deletes and sorts rows, renames headers.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::Value;

use super::state::sheet_rows;
use super::{Input, Refusal, Shared, done};
use crate::lab::google::GridRefusal;
use crate::lab::world::{Lab, TAB};

type Answer = Result<axum::Json<Value>, Refusal>;

impl From<GridRefusal> for Refusal {
    fn from(refusal: GridRefusal) -> Self {
        Self::new(StatusCode::NOT_FOUND, refusal.to_string())
    }
}

fn tab() -> String {
    TAB.to_owned()
}

/// What a person types into a cell, given as JSON.
fn typed(value: Value) -> Result<String, Refusal> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string().to_uppercase()),
        Value::Array(_) | Value::Object(_) => {
            Err(Refusal::new(StatusCode::BAD_REQUEST, "a cell takes a text, a number, true, false or null"))
        }
    }
}

/// The row's number as of now, given that number or its key.
fn find(lab: &Lab, tab: &str, row: Option<u32>, key: Option<&str>) -> Result<u32, Refusal> {
    let key = match (row, key) {
        (Some(row), None) => return Ok(row),
        (None, Some(key)) => key,
        _ => return Err(Refusal::new(StatusCode::BAD_REQUEST, "say either row or key")),
    };
    let missing = || Refusal::new(StatusCode::NOT_FOUND, format!("no tab is called \"{tab}\""));
    let grid = lab.google.grid(tab).ok_or_else(missing)?;
    let rows = sheet_rows(&grid, lab.description.key_style).into_iter();
    let found: Vec<u32> = rows.filter(|row| row.key.as_deref() == Some(key)).map(|row| row.row).collect();
    match found.as_slice() {
        [row] => Ok(*row),
        [] => Err(Refusal::new(StatusCode::NOT_FOUND, format!("no row has the key \"{key}\""))),
        rows => {
            let rows: Vec<String> = rows.iter().map(u32::to_string).collect();
            let error = format!("rows {} have the key \"{key}\"; say which row", rows.join(", "));
            Err(Refusal::new(StatusCode::CONFLICT, error))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    #[serde(default = "tab")]
    tab: String,
    row: Option<u32>,
    key: Option<String>,
    header: String,
    value: Value,
}

pub(super) async fn edit(State(lab): Shared, Input(edit): Input<Edit>) -> Answer {
    let row = find(&lab, &edit.tab, edit.row, edit.key.as_deref())?;
    lab.google.edit(&edit.tab, row, &edit.header, &typed(edit.value)?)?;
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Insert {
    #[serde(default = "tab")]
    tab: String,
    /// Left out: below the last row.
    before_row: Option<u32>,
    /// By header.
    cells: BTreeMap<String, Value>,
}

pub(super) async fn insert(State(lab): Shared, Input(insert): Input<Insert>) -> Answer {
    let end = || lab.google.grid(&insert.tab).and_then(|grid| u32::try_from(grid.len() + 1).ok()).unwrap_or(1);
    let row = insert.before_row.unwrap_or_else(end);
    let cells = insert.cells.into_iter().map(|(header, value)| Ok((header, typed(value)?)));
    let cells = cells.collect::<Result<Vec<_>, Refusal>>()?;
    lab.google.insert_row(&insert.tab, row, &cells)?;
    Ok(axum::Json(serde_json::json!({ "ok": true, "row": row })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delete {
    #[serde(default = "tab")]
    tab: String,
    row: Option<u32>,
    key: Option<String>,
}

pub(super) async fn delete(State(lab): Shared, Input(delete): Input<Delete>) -> Answer {
    let row = find(&lab, &delete.tab, delete.row, delete.key.as_deref())?;
    lab.google.delete_row(&delete.tab, row)?;
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sort {
    #[serde(default = "tab")]
    tab: String,
    header: String,
    #[serde(default = "yes")]
    ascending: bool,
}

fn yes() -> bool {
    true
}

pub(super) async fn sort(State(lab): Shared, Input(sort): Input<Sort>) -> Answer {
    lab.google.sort(&sort.tab, &sort.header, sort.ascending)?;
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RenameHeader {
    #[serde(default = "tab")]
    tab: String,
    from: String,
    to: String,
}

pub(super) async fn rename_header(State(lab): Shared, Input(rename): Input<RenameHeader>) -> Answer {
    lab.google.rename_header(&rename.tab, &rename.from, &rename.to)?;
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clear {
    #[serde(default = "tab")]
    tab: String,
}

pub(super) async fn clear(State(lab): Shared, Input(clear): Input<Clear>) -> Result<impl IntoResponse, Refusal> {
    lab.google.clear_rows(&clear.tab)?;
    Ok(done())
}
