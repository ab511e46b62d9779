//! Drive's `files` methods beside `get`, and `about.get`.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json, json};

use super::GoogleFace;
use super::book::{Area, Book};
use super::documents::{Document, Documents, Role, permission};
use super::drive::{self, FILE_FIELDS, SPREADSHEET};
use super::drive_query;
use super::error::ApiError;
use super::query::Query;
use super::schema::DRIVE;
use super::values::{self, ReadOptions};
use crate::clock;

/// Fields of a file that a user sets, and that only show.
const DETAILS: &[&str] = &[
    "description",
    "starred",
    "properties",
    "appProperties",
    "parents",
    "folderColorRgb",
    "writersCanShare",
    "copyRequiresWriterPermission",
    "indexableText",
];

/// A whole number of the query inside of what is allowed.
pub(super) fn number(query: &Query, name: &str, usual: usize, max: usize) -> Result<usize, ApiError> {
    let Some(text) = query.one(name) else { return Ok(usual) };
    let wrong = || {
        let message = format!("Invalid value '{text}'. Values must be within the range: [1, {max}]");
        ApiError::drive(400, "invalidParameter", &message, Some((name, "parameter")))
    };
    text.parse::<usize>().ok().filter(|number| (1..=max).contains(number)).ok_or_else(wrong)
}

fn invalid(location: &str) -> ApiError {
    ApiError::drive(400, "invalid", "Invalid Value", Some((location, "parameter")))
}

/// `files.list`.
pub(super) fn list(face: &GoogleFace, query: &Query, caller: &str) -> Result<Json, ApiError> {
    let state = face.state();
    let search = query.one("q").unwrap_or_default();
    let mut files = Vec::new();
    for (id, document) in state.documents.0.iter().filter(|(_, document)| document.role(caller).is_some()) {
        let file = drive::file(id, document, caller);
        if drive_query::matches(search, &file).ok_or_else(|| invalid("q"))? {
            files.push(file);
        }
    }
    sort(&mut files, query.one("orderBy").unwrap_or("modifiedTime desc"))?;
    let size = number(query, "pageSize", 100, 1000)?;
    // A page token is where the page starts, in a form that invites nobody to count with it.
    let start = match query.one("pageToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            token.strip_prefix("~!!~").and_then(|n| n.parse::<usize>().ok()).ok_or_else(|| invalid("pageToken"))?
        }
    };
    let mut answer = json!({ "kind": "drive#fileList", "incompleteSearch": false });
    if start + size < files.len() {
        answer["nextPageToken"] = json!(format!("~!!~{}", start + size));
    }
    answer["files"] = files.into_iter().skip(start).take(size).collect();
    let usual = format!("kind,incompleteSearch,nextPageToken,files({FILE_FIELDS})");
    drive::cut("FileList", query.one("fields"), &usual, answer)
}

fn sort(files: &mut [Json], order: &str) -> Result<(), ApiError> {
    const KEYS: &[&str] =
        &["name", "name_natural", "modifiedTime", "createdTime", "folder", "recency", "starred", "viewedByMeTime"];
    let keys: Vec<(&str, bool)> = order
        .split(',')
        .map(str::trim)
        .map(|key| key.strip_suffix(" desc").map_or((key, false), |key| (key.trim(), true)))
        .collect();
    if keys.iter().any(|(key, _)| !KEYS.contains(key)) {
        return Err(invalid("orderBy"));
    }
    let text = |file: &Json, key: &str| {
        let key = match key {
            "name_natural" => "name",
            "recency" => "modifiedTime",
            key => key,
        };
        file[key].as_str().map_or_else(|| file[key].to_string(), str::to_lowercase)
    };
    files.sort_by(|a, b| {
        let compared = keys.iter().map(|(key, down)| {
            let ordering = text(a, key).cmp(&text(b, key));
            if *down { ordering.reverse() } else { ordering }
        });
        compared.into_iter().find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    });
    Ok(())
}

/// `files.get`.
pub(super) fn get(face: &GoogleFace, id: &str, query: &Query, caller: &str) -> Result<Json, ApiError> {
    if query.one("alt") == Some("media") {
        let message = "Only files with binary content can be directly downloaded. Use Export with Docs Editors files.";
        return Err(ApiError::drive(403, "fileNotDownloadable", message, Some(("alt", "parameter"))));
    }
    let state = face.state();
    let file = drive::file(id, state.documents.seen(id, caller)?, caller);
    drive::cut("File", query.one("fields"), FILE_FIELDS, file)
}

/// What a body sets of a file.
fn details(given: &Json) -> Map<String, Json> {
    let set = DETAILS.iter().filter_map(|name| Some(((*name).to_owned(), given.get(*name)?.clone())));
    set.collect()
}

fn named(given: &Json) -> Option<&str> {
    given["name"].as_str().filter(|name| !name.is_empty())
}

/// `files.create`. `content` is what was uploaded for it, as CSV.
pub(super) fn create(
    face: &GoogleFace,
    body: &Json,
    content: Option<&str>,
    query: &Query,
    caller: &str,
) -> Result<Json, ApiError> {
    let given = DRIVE.read_leniently("File", body);
    if given["mimeType"] != SPREADSHEET {
        return Err(ApiError::not_played("files other than Google spreadsheets"));
    }
    let rows = content.map(super::copying::typed_rows).unwrap_or_default();
    let tabs = if rows.is_empty() { Vec::new() } else { vec![("Sheet1".to_owned(), Vec::new())] };
    let usual = if rows.is_empty() { "Untitled" } else { "Untitled spreadsheet" };
    let mut book = Book::new(named(&given).unwrap_or(usual), "en_US", &tabs);
    super::copying::type_rows(&mut book, (0, 0, 0), &rows)?;
    let mut document = Document::new(book, caller, clock::now());
    document.details = details(&given);
    keep(face, document, query, caller)
}

/// Keep a new file, and answer it.
fn keep(face: &GoogleFace, document: Document, query: &Query, caller: &str) -> Result<Json, ApiError> {
    let id = Documents::fresh_id();
    let answer = drive::cut("File", query.one("fields"), FILE_FIELDS, drive::file(&id, &document, caller))?;
    let mut state = face.state();
    state.documents.0.insert(id.clone(), document);
    face.noted(&mut state, &id, "add", "content");
    Ok(answer)
}

/// `files.copy`. Who copies owns the copy, and nobody else sees it.
pub(super) fn copy(face: &GoogleFace, id: &str, body: &Json, query: &Query, caller: &str) -> Result<Json, ApiError> {
    let given = DRIVE.read_leniently("File", body);
    let mut book = face.state().documents.seen(id, caller)?.book.clone();
    book.title = named(&given).map_or_else(|| format!("Copy of {}", book.title), str::to_owned);
    let mut document = Document::new(book, caller, clock::now());
    document.details = details(&given);
    keep(face, document, query, caller)
}

/// `files.update`: the name, whether it is in the trash, and what only shows.
pub(super) fn update(face: &GoogleFace, id: &str, body: &Json, query: &Query, caller: &str) -> Result<Json, ApiError> {
    let given = DRIVE.read_leniently("File", body);
    let mut state = face.state();
    let trashes = given["trashed"].as_bool();
    let role = if trashes.is_some() { Role::Owner } else { Role::Writer };
    let document = state.documents.held(id, caller, role)?;
    if let Some(name) = named(&given) {
        name.clone_into(&mut document.book.title);
        document.modified = clock::now();
    }
    document.trashed = trashes.unwrap_or(document.trashed);
    for (name, value) in details(&given) {
        match (document.details.get_mut(&name), value) {
            // Properties are set one by one, and one that is `null` goes.
            (Some(Json::Object(old)), Json::Object(new)) => old.extend(new),
            (_, value) => drop(document.details.insert(name, value)),
        }
    }
    for (name, places) in [("addParents", true), ("removeParents", false)] {
        if let Some(parent) = query.one(name) {
            let parents = document.details.entry("parents").or_insert_with(|| json!([]));
            if let Json::Array(parents) = parents {
                parents.retain(|known| known != parent);
                if places {
                    parents.push(json!(parent));
                }
            }
        }
    }
    face.touch(&mut state, id, caller, "properties");
    let file = drive::file(id, state.documents.seen(id, caller)?, caller);
    drive::cut("File", query.one("fields"), FILE_FIELDS, file)
}

/// New content for a spreadsheet, from CSV: one sheet in place of all there were. Answers a file of Drive v2.
pub(super) fn replace(face: &GoogleFace, id: &str, text: &str, caller: &str) -> Result<Json, ApiError> {
    face.state().documents.held(id, caller, Role::Writer)?;
    let rows = super::copying::typed_rows(text);
    face.write(id, caller, |book| {
        let fresh = Book::new("", "en_US", &[]);
        book.tabs = fresh.tabs;
        book.changes += 1;
        super::copying::type_rows(book, (0, 0, 0), &rows)?;
        Ok(json!({ "kind": "drive#file", "id": id, "title": book.title, "mimeType": SPREADSHEET }))
    })
}

/// `files.delete`: past the trash, for good.
pub(super) fn delete(face: &GoogleFace, id: &str, caller: &str) -> Result<Json, ApiError> {
    let mut state = face.state();
    state.documents.held(id, caller, Role::Owner)?;
    state.documents.0.remove(id);
    face.noted(&mut state, id, "remove", "");
    Ok(Json::Null)
}

/// `files.emptyTrash`.
pub(super) fn empty_trash(face: &GoogleFace, caller: &str) -> Json {
    let mut state = face.state();
    let mine = |document: &Document| document.trashed && document.role(caller) == Some(Role::Owner);
    let gone: Vec<String> =
        state.documents.0.iter().filter(|(_, document)| mine(document)).map(|(id, _)| id.clone()).collect();
    for id in gone {
        state.documents.0.remove(&id);
        face.noted(&mut state, &id, "remove", "");
    }
    Json::Null
}

/// `files.export` of the first tab as text; answers the type and the text.
pub(super) fn export(face: &GoogleFace, id: &str, query: &Query, caller: &str) -> Result<(String, String), ApiError> {
    let wanted = query.one("mimeType").unwrap_or_default();
    let state = face.state();
    let book = &state.documents.seen(id, caller)?.book;
    let delimiter = match wanted {
        "" => {
            return Err(ApiError::drive(
                400,
                "required",
                "Required parameter: mimeType",
                Some(("mimeType", "parameter")),
            ));
        }
        "text/csv" => b',',
        "text/tab-separated-values" => b'\t',
        "application/pdf"
        | "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        | "application/x-vnd.oasis.opendocument.spreadsheet"
        | "application/zip" => return Err(ApiError::not_played(&format!("exports as {wanted}"))),
        _ => {
            let message = "The requested conversion is not supported.";
            return Err(ApiError::drive(400, "badRequest", message, Some(("convertTo", "parameter"))));
        }
    };
    let Some(tab) = book.tabs.first() else { return Err(ApiError::not_found()) };
    let area = Area { tab: 0, rows: 0..tab.rows, columns: 0..tab.columns };
    let rows = values::grid(book, &area, &ReadOptions::default());
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut writer =
        csv::WriterBuilder::new().delimiter(delimiter).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        let cells = (0..width).map(|column| row.get(column).and_then(Json::as_str).unwrap_or_default().to_owned());
        // Writing to memory does not fail.
        let _written = writer.write_record(cells);
    }
    let text = String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default();
    Ok((wanted.to_owned(), text.trim_end_matches("\r\n").to_owned()))
}

/// `about.get`, where `fields` must be given.
pub(super) fn about(query: &Query, caller: &str) -> Result<Json, ApiError> {
    let Some(fields) = query.one("fields") else {
        let message = "The 'fields' parameter is required for this method.";
        return Err(ApiError::drive(400, "required", message, Some(("fields", "parameter"))));
    };
    let answer = json!({
        "kind": "drive#about",
        "user": drive::user(caller, caller),
        "storageQuota": { "limit": "16106127360", "usage": "1024", "usageInDrive": "1024", "usageInDriveTrash": "0" },
        "importFormats": { "text/csv": [SPREADSHEET] },
        "exportFormats": { SPREADSHEET: ["text/csv", "text/tab-separated-values"] },
        "maxUploadSize": "5242880000000",
        "appInstalled": true,
        "canCreateDrives": false,
    });
    drive::cut("About", Some(fields), fields, answer)
}

/// A comment that was made on a file, with the file's other ones: `comments.create`.
pub(super) fn comment(face: &GoogleFace, id: &str, body: &Json, query: &Query, caller: &str) -> Result<Json, ApiError> {
    let given = DRIVE.read_leniently("Comment", body);
    need_fields(query)?;
    let now = drive::time(clock::now());
    let mut state = face.state();
    let document = state.documents.held(id, caller, Role::Commenter)?;
    let content = given["content"].as_str().unwrap_or_default();
    let mut comment = json!({
        "kind": "drive#comment", "id": format!("AAAA{:08}", document.comments.len() + 1),
        "createdTime": now, "modifiedTime": now, "author": drive::user(caller, caller), "deleted": false,
        "content": content, "htmlContent": content, "replies": [],
    });
    if let Some(anchor) = given.get("anchor") {
        comment["anchor"] = anchor.clone();
    }
    document.comments.push(comment.clone());
    drive::cut("Comment", query.one("fields"), "*", comment)
}

/// `comments.list`.
pub(super) fn comments(face: &GoogleFace, id: &str, query: &Query, caller: &str) -> Result<Json, ApiError> {
    need_fields(query)?;
    let state = face.state();
    let comments = &state.documents.seen(id, caller)?.comments;
    let answer = json!({ "kind": "drive#commentList", "comments": comments });
    drive::cut("CommentList", query.one("fields"), "*", answer)
}

fn need_fields(query: &Query) -> Result<(), ApiError> {
    let message = "The 'fields' parameter is required for this method.";
    match query.one("fields") {
        Some(_) => Ok(()),
        None => Err(ApiError::drive(400, "required", message, Some(("fields", "parameter")))),
    }
}

/// A permission's fields by default.
pub(super) const PERMISSION_FIELDS: &str = "kind,id,type,role";

/// A permission as it is made from a request.
pub(super) fn new_permission(given: &Json) -> Result<Json, ApiError> {
    let required = |name: &str| {
        let message = format!("The permission {name} field is required.");
        ApiError::drive(400, "required", &message, Some((&format!("permission.{name}"), "other")))
    };
    let kind = given["type"].as_str().ok_or_else(|| required("type"))?;
    let role = given["role"].as_str().ok_or_else(|| required("role"))?;
    let who = match kind {
        "anyone" => "",
        "domain" => given["domain"].as_str().ok_or_else(|| required("domain"))?,
        "user" | "group" => given["emailAddress"].as_str().ok_or_else(|| required("emailAddress"))?,
        _ => return Err(ApiError::drive(400, "invalid", "The specified type is invalid or not supported.", None)),
    };
    if matches!(kind, "user" | "group") && !who.contains('@') {
        let message = "The specified emailAddress is invalid or not applicable for the given permission type.";
        return Err(ApiError::drive(400, "invalidSharingRequest", message, None));
    }
    if Role::named(role).is_none() || (role == "owner" && kind != "user") {
        return Err(ApiError::drive(400, "invalid", "The specified role is invalid or not supported.", None));
    }
    let mut made = permission(kind, who, role);
    for name in ["allowFileDiscovery", "expirationTime", "view", "pendingOwner"] {
        if let Some(value) = given.get(name) {
            made[name] = value.clone();
        }
    }
    Ok(made)
}
