//! The face's HTTP side: every call passes the gate, then access, then does its work in one piece.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, Method as Verb, Response, Uri, header};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use chrono::Datelike;
use serde_json::{Value as Json, json};

use super::access::{Api, TOKEN_SECONDS};
use super::calls::{self, Call, Method};
use super::error::{self, ApiError};
use super::mask::Mask;
use super::payload::Payload;
use super::query::Query;
use super::values::{self, ReadOptions};
use super::writes::{self, TYPED, VALUE_RANGE, WriteOptions};
use super::{GoogleFace, drive, oauth, requests, spreadsheet};
use crate::clock;
use crate::lab::gate::{Kind, Unknown};

/// Largest request body. Google names no limit and advises 2 MB; a whole catalog in one call still fits.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

const SHEETS_ROOT: &str = "/v4/spreadsheets/";

/// All routes of the face.
pub(super) fn router(face: GoogleFace) -> Router {
    Router::new()
        .route("/token", post(token))
        .route("/drive/v3/files/{id}", get(file))
        .route("/v4/spreadsheets/{*rest}", any(sheets))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(face)
}

async fn token(State(face): State<GoogleFace>, form: Bytes) -> Response<Body> {
    let work = async {
        let now = face.gate().now();
        match oauth::grant(&form, now) {
            Err(refused) => refused.into_response(),
            Ok(grant) => {
                let scope = grant.scopes.join(" ");
                let token = face.state().access.issue(grant, now);
                let answer = json!({
                    "access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer", "scope": scope,
                });
                error::answer(200, &answer)
            }
        }
    };
    face.gate().pass("token", Kind::Other, work).await
}

/// To a caller whose token has run out, or whose access was taken back.
pub(super) fn refuse(call: &str, why: Unknown) -> Response<Body> {
    match (call, why) {
        ("token", Unknown::Revoked) => oauth::OAuthError::revoked().into_response(),
        ("token", Unknown::Expired) => oauth::OAuthError::stale().into_response(),
        _ => ApiError::unauthenticated().into_response(),
    }
}

async fn file(State(face): State<GoogleFace>, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let work = async { respond(file_answer(&face, &id, &uri, &headers)) };
    face.gate().pass("files.get", Kind::Read, work).await
}

fn file_answer(face: &GoogleFace, id: &str, uri: &Uri, headers: &HeaderMap) -> Result<Json, ApiError> {
    let query = Query::parse(uri.query().unwrap_or_default());
    let mut state = face.state();
    state.access.admit(bearer(headers, &query), Api::Drive, face.gate().now())?;
    // Unlike Sheets, Drive reads over parameters it does not know (gspread sends some).
    if id != face.spreadsheet_id() {
        return Err(ApiError::file_not_found(id));
    }
    let file = drive::File {
        id,
        name: &state.book.title,
        version: state.version,
        created: state.created,
        modified: state.modified,
        modified_by: &state.modified_by,
    };
    drive::get(&file, query.one("fields"))
}

async fn sheets(
    State(face): State<GoogleFace>,
    verb: Verb,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let path = uri.path().strip_prefix(SHEETS_ROOT).unwrap_or_default();
    let Some(call) = calls::parse(&verb, path) else {
        let work = async { ApiError::not_played("this method").into_response() };
        return face.gate().pass("other", Kind::Other, work).await;
    };
    let query = Query::parse(uri.query().unwrap_or_default());
    let work =
        async { respond(sheets_answer(&face, &call, &query, &headers, &body).map_err(ApiError::without_legacy)) };
    face.gate().pass(call.method.name(), call.method.kind(), work).await
}

fn respond(answer: Result<Json, ApiError>) -> Response<Body> {
    match answer {
        Ok(answer) => error::answer(200, &answer),
        Err(refused) => refused.into_response(),
    }
}

fn bearer<'a>(headers: &'a HeaderMap, query: &'a Query) -> Option<&'a str> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    token.map(|(_, token)| token.trim()).or_else(|| query.one("access_token"))
}

fn sheets_answer(
    face: &GoogleFace,
    call: &Call,
    query: &Query,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Json, ApiError> {
    let api = Api::Sheets(call.method.kind());
    let user = face.state().access.admit(bearer(headers, query), api, face.gate().now())?;
    query.only(call.method.parameters())?;
    let mask = answer_mask(call.method, query)?;
    let body: Json = match body {
        [] => json!({}),
        body => serde_json::from_slice(body)
            .map_err(|broken| ApiError::bad_payload("", format!("Invalid JSON payload received. {broken}")))?,
    };
    if call.id != face.spreadsheet_id() {
        return Err(ApiError::not_found());
    }
    let answer = match call.method.kind() {
        Kind::Read => read(face, call, query, mask.as_ref()),
        Kind::Write | Kind::Other => write(face, call, query, mask.as_ref(), &body, &user),
    }?;
    Ok(match mask {
        Some(mask) => mask.cut(answer),
        None => answer,
    })
}

/// The `fields` of a call. Their first parts are checked against the method's answer; deeper ones may name nothing.
fn answer_mask(method: Method, query: &Query) -> Result<Option<Mask>, ApiError> {
    let Some(text) = query.one("fields").filter(|text| !text.is_empty()) else { return Ok(None) };
    let mask = Mask::parse(text).ok_or_else(|| ApiError::bad_mask(text))?;
    match mask.roots().into_iter().find(|root| !method.answer_fields().contains(root)) {
        Some(strange) => Err(ApiError::bad_mask(strange)),
        None => Ok(Some(mask)),
    }
}

fn read(face: &GoogleFace, call: &Call, query: &Query, mask: Option<&Mask>) -> Result<Json, ApiError> {
    // A copy is cheap, and others need not wait while it is rendered.
    let book = face.state().book.clone();
    match call.method {
        Method::ValuesGet => values::get(&book, &call.range, &ReadOptions::of_query(query)?),
        Method::ValuesBatchGet => {
            values::batch_get(&book, &call.id, &query.all("ranges"), &ReadOptions::of_query(query)?)
        }
        _ => {
            // "This parameter is ignored if a field mask was set in the request" (discovery document).
            let grid = query.flag("includeGridData")?;
            let with_data = mask.map_or(grid, |mask| mask.covers(&["sheets", "data"]));
            spreadsheet::get(&book, &call.id, &query.all("ranges"), with_data)
        }
    }
}

fn write(
    face: &GoogleFace,
    call: &Call,
    query: &Query,
    mask: Option<&Mask>,
    body: &Json,
    user: &str,
) -> Result<Json, ApiError> {
    let (id, range) = (call.id.as_str(), call.range.as_str());
    match call.method {
        Method::ValuesUpdate => {
            let options = write_options(query)?;
            let body = Payload::root(body, VALUE_RANGE)?;
            face.change(user, |book| writes::update(book, id, range, &body, &options))
        }
        Method::ValuesAppend => {
            const INSERT: &[(&str, bool)] = &[("OVERWRITE", false), ("INSERT_ROWS", true)];
            let insert = query.choice("insertDataOption", "insert_data_option", "InsertDataOption", INSERT)?;
            let options = write_options(query)?;
            let body = Payload::root(body, VALUE_RANGE)?;
            let insert = insert.unwrap_or_default();
            face.change(user, |book| writes::append(book, id, range, &body, insert, &options))
        }
        Method::ValuesBatchUpdate => {
            let known = [
                "valueInputOption",
                "data",
                "includeValuesInResponse",
                "responseValueRenderOption",
                "responseDateTimeRenderOption",
            ];
            let body = Payload::root(body, &known)?;
            let typed = body.choice("valueInputOption", "ValueInputOption", TYPED)?.ok_or_else(input_option_missing)?;
            let answer = body.flag("includeValuesInResponse")?.unwrap_or_default();
            let answer = answer.then(|| ReadOptions::of_written_body(&body)).transpose()?;
            let options = WriteOptions { typed, year: clock::now().year(), answer };
            let data = body.objects("data", VALUE_RANGE)?;
            face.change(user, |book| writes::batch_update(book, id, &data, &options))
        }
        Method::ValuesClear => {
            let range = face.change(user, |book| writes::clear(book, range))?;
            Ok(json!({ "spreadsheetId": id, "clearedRange": range }))
        }
        Method::ValuesBatchClear => {
            let ranges = Payload::root(body, &["ranges"])?.texts("ranges")?;
            face.change(user, |book| writes::batch_clear(book, id, &ranges))
        }
        _ => batch_update(face, id, mask, body, user),
    }
}

fn input_option_missing() -> ApiError {
    ApiError::invalid("'valueInputOption' is required but not specified")
}

fn write_options(query: &Query) -> Result<WriteOptions, ApiError> {
    let typed = query.choice("valueInputOption", "value_input_option", "ValueInputOption", TYPED)?;
    let answer = query.flag("includeValuesInResponse")?.then(|| ReadOptions::of_written_query(query)).transpose()?;
    Ok(WriteOptions { typed: typed.ok_or_else(input_option_missing)?, year: clock::now().year(), answer })
}

fn batch_update(face: &GoogleFace, id: &str, mask: Option<&Mask>, body: &Json, user: &str) -> Result<Json, ApiError> {
    let known =
        ["requests", "includeSpreadsheetInResponse", "responseRanges", "responseIncludeGridData", "commentsViewMode"];
    let body = Payload::root(body, &known)?;
    let list = body.items("requests")?;
    let with_book = body.flag("includeSpreadsheetInResponse")?.unwrap_or_default();
    let grid = body.flag("responseIncludeGridData")?.unwrap_or_default();
    let with_data = mask.map_or(grid, |mask| mask.covers(&["updatedSpreadsheet", "sheets", "data"]));
    let ranges = body.texts("responseRanges")?;
    face.change(user, |book| {
        let replies = requests::play(book, list)?;
        let mut answer = json!({ "spreadsheetId": id, "replies": replies });
        if with_book {
            answer["updatedSpreadsheet"] = spreadsheet::get(book, id, &ranges, with_data)?;
        }
        Ok(answer)
    })
}
