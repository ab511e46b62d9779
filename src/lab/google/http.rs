//! The face's HTTP side: every call passes the gate, then access, then does its work in one piece.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method as Verb, Response, Uri, header};
use axum::middleware::map_response;
use axum::response::IntoResponse;
use axum::routing::{any, post};
use chrono::Datelike;
use serde_json::{Value as Json, json};

use super::access::{Api, TOKEN_SECONDS};
use super::calls::{self, Call, Method};
use super::documents::Role;
use super::error::{self, ApiError};
use super::mask::Mask;
use super::payload::Payload;
use super::query::Query;
use super::schema::SHEETS;
use super::spreadsheet::Wanted;
use super::values::{self, ReadOptions};
use super::writes::{self, TYPED, VALUE_RANGE, WriteOptions};
use super::{GoogleFace, by_filter, creation, drive_http, metadata, oauth, requests, spreadsheet};
use crate::clock;
use crate::lab::gate::{Kind, Unknown};

/// Largest request body. Google names no limit and advises 2 MB; a whole catalog in one call still fits.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

const SHEETS_ROOT: &str = "/v4/spreadsheets";

/// Where clients put a method when their address was too long to be sent with it.
const METHOD_OVERRIDE: &str = "x-http-method-override";

/// All routes of the face.
pub(super) fn router(face: GoogleFace) -> Router {
    Router::new()
        .route("/token", post(token))
        .route("/v4/spreadsheets", any(sheets))
        .route("/v4/spreadsheets/{*rest}", any(sheets))
        .merge(drive_http::routes())
        .fallback(not_found)
        .layer(map_response(error::worded))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(face)
}

async fn not_found(State(face): State<GoogleFace>, uri: Uri) -> Response<Body> {
    let work = async { error::no_such_address(uri.path()) };
    face.gate().pass("other", Kind::Other, work).await
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

async fn sheets(
    State(face): State<GoogleFace>,
    verb: Verb,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let overridden = headers.get(METHOD_OVERRIDE).is_some_and(|method| verb == Verb::POST && method == "GET");
    let verb = if overridden { Verb::GET } else { verb };
    let path = uri.path().strip_prefix(SHEETS_ROOT).unwrap_or_default();
    let Some(call) = calls::parse(&verb, path.strip_prefix('/').unwrap_or(path)) else {
        let work = async { error::no_such_address(uri.path()) };
        return face.gate().pass("other", Kind::Other, work).await;
    };
    // The body of an overridden call is the query that it would have had.
    let posted = if overridden { std::str::from_utf8(&body).unwrap_or_default() } else { "" };
    let query = Query::parse(if overridden { posted } else { uri.query().unwrap_or_default() });
    let body = if overridden { Bytes::new() } else { body };
    let work = async {
        let answer = sheets_answer(&face, &call, &query, &headers, &body).map_err(ApiError::without_legacy);
        error::respond(answer, query.pretty())
    };
    face.gate().pass(call.method.name(), call.method.kind(), work).await
}

/// The token of a call: in its header, or in its query.
pub(super) fn bearer<'a>(headers: &'a HeaderMap, query: &'a Query) -> Option<&'a str> {
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
    let given = match body {
        [] => json!({}),
        body => serde_json::from_slice(body)
            .map_err(|broken| ApiError::bad_payload("", format!("Invalid JSON payload received. {broken}")))?,
    };
    let body = match call.method.body() {
        Some((of, at)) => SHEETS.read_body(of, &given, at)?,
        None => json!({}),
    };
    let mask = mask.as_ref();
    let answer = match call.method {
        Method::Create => creation::create(face, &body, &user),
        Method::CopyTo => creation::copy_to(face, call, &body, &user),
        method if method.kind() == Kind::Read => {
            face.allow(&call.id, &user, Role::Reader)?;
            read(face, call, query, mask, &body)
        }
        _ => {
            face.allow(&call.id, &user, Role::Writer)?;
            write(face, call, query, mask, &body, &user)
        }
    }?;
    #[cfg(test)]
    super::conformity::check_sheets(call.method.answer(), &answer);
    Ok(match mask {
        Some(mask) => mask.cut(answer),
        None => answer,
    })
}

/// The `fields` of a call, checked against the type of its answer.
fn answer_mask(method: Method, query: &Query) -> Result<Option<Mask>, ApiError> {
    let Some(text) = query.one("fields").filter(|text| !text.is_empty()) else { return Ok(None) };
    let mask = Mask::parse(text).ok_or_else(|| ApiError::bad_mask(text))?;
    match SHEETS.strange_path(method.answer(), &mask) {
        Some(strange) => Err(ApiError::bad_mask(&strange)),
        None => Ok(Some(mask)),
    }
}

fn read(face: &GoogleFace, call: &Call, query: &Query, mask: Option<&Mask>, body: &Json) -> Result<Json, ApiError> {
    // A copy is cheap, and others need not wait while it is rendered.
    let book = face.book(&call.id).ok_or_else(ApiError::not_found)?;
    let body = Payload::checked(body, "")?;
    match call.method {
        Method::ValuesGet => values::get(&book, &call.range, &ReadOptions::of_query(query)?),
        Method::ValuesBatchGet => {
            values::batch_get(&book, &call.id, &query.all("ranges"), &ReadOptions::of_query(query)?)
        }
        Method::ValuesBatchGetByFilter => by_filter::batch_get(&book, &call.id, &body),
        Method::GetByFilter => {
            let wanted = Wanted::new(mask, body.flag("includeGridData")?.unwrap_or_default());
            by_filter::spreadsheet(&book, &call.id, &body, wanted)
        }
        Method::MetadataSearch => metadata::search(&book, &body),
        Method::MetadataGet => {
            let id = call.range.parse::<i64>().ok();
            id.and_then(|id| metadata::find(&book, id)).cloned().ok_or_else(ApiError::not_found)
        }
        _ => {
            // "This parameter is ignored if a field mask was set in the request" (discovery document).
            let wanted = Wanted::new(mask, query.flag("includeGridData")?);
            spreadsheet::get(&book, &call.id, &query.all("ranges"), wanted)
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
            face.write(id, user, |book| writes::update(book, id, range, &body, &options))
        }
        Method::ValuesAppend => {
            const INSERT: &[(&str, bool)] = &[("OVERWRITE", false), ("INSERT_ROWS", true)];
            let insert = query.choice("insertDataOption", "insert_data_option", "InsertDataOption", INSERT)?;
            let options = write_options(query)?;
            let body = Payload::root(body, VALUE_RANGE)?;
            let insert = insert.unwrap_or_default();
            face.write(id, user, |book| writes::append(book, id, range, &body, insert, &options))
        }
        Method::ValuesBatchUpdate | Method::ValuesBatchUpdateByFilter => {
            let body = Payload::checked(body, "")?;
            let typed = body.choice("valueInputOption", "ValueInputOption", TYPED)?.ok_or_else(input_option_missing)?;
            let answer = body.flag("includeValuesInResponse")?.unwrap_or_default();
            let answer = answer.then(|| ReadOptions::of_written_body(&body)).transpose()?;
            let options = WriteOptions { typed, year: clock::now().year(), answer };
            if call.method == Method::ValuesBatchUpdateByFilter {
                return face.write(id, user, |book| by_filter::batch_update(book, id, &body, &options));
            }
            let data = body.objects("data", VALUE_RANGE)?;
            face.write(id, user, |book| writes::batch_update(book, id, &data, &options))
        }
        Method::ValuesClear => {
            let range = face.write(id, user, |book| writes::clear(book, range))?;
            Ok(json!({ "spreadsheetId": id, "clearedRange": range }))
        }
        Method::ValuesBatchClear => {
            let ranges = Payload::checked(body, "")?.texts("ranges")?;
            face.write(id, user, |book| writes::batch_clear(book, id, &ranges))
        }
        Method::ValuesBatchClearByFilter => {
            let body = Payload::checked(body, "")?;
            face.write(id, user, |book| by_filter::batch_clear(book, id, &body))
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
    let body = Payload::checked(body, "")?;
    let list = body.items("requests")?;
    let with_book = body.flag("includeSpreadsheetInResponse")?.unwrap_or_default();
    let grid = body.flag("responseIncludeGridData")?.unwrap_or_default();
    let below = mask.map(|mask| mask.below("updatedSpreadsheet").cloned().unwrap_or_else(Mask::nothing));
    let wanted = Wanted::new(below.as_ref(), grid);
    let ranges = body.texts("responseRanges")?;
    face.write(id, user, |book| {
        let replies = requests::play(book, list)?;
        let mut answer = json!({ "spreadsheetId": id, "replies": replies });
        if with_book {
            answer["updatedSpreadsheet"] = spreadsheet::get(book, id, &ranges, wanted)?;
        }
        Ok(answer)
    })
}
