//! The HTTP side of Drive: which method an address stands for, and what its answer looks like.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method as Verb, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use axum::routing::{any, put};
use serde_json::{Value as Json, json};

use super::access::Api;
use super::error::{self, ApiError};
use super::query::Query;
use super::{GoogleFace, changes, drive_files, http, permissions};
use crate::lab::gate::Kind;

const ROOT: &str = "/drive/v3/";
const UPLOAD_ROOT: &str = "/upload/drive/v3/";

/// The routes of Drive.
pub(super) fn routes() -> Router<GoogleFace> {
    Router::new()
        .route("/drive/v3/{*rest}", any(drive))
        .route("/upload/drive/v3/files", any(upload))
        .route("/upload/drive/v2/files/{id}", put(replace))
}

/// A method of Drive with what its path says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call<'a> {
    About,
    FilesList,
    FilesCreate,
    FilesEmptyTrash,
    FilesGenerateIds,
    FilesGet(&'a str),
    FilesUpdate(&'a str),
    FilesDelete(&'a str),
    FilesCopy(&'a str),
    FilesExport(&'a str),
    FilesWatch(&'a str),
    PermissionsList(&'a str),
    PermissionsCreate(&'a str),
    PermissionsGet(&'a str, &'a str),
    PermissionsUpdate(&'a str, &'a str),
    PermissionsDelete(&'a str, &'a str),
    CommentsList(&'a str),
    CommentsCreate(&'a str),
    ChangesList,
    ChangesStart,
    ChangesWatch,
    ChannelsStop,
    DrivesList,
    /// What Drive has and the lab does not.
    Other,
}

impl<'a> Call<'a> {
    fn parse(verb: &Verb, path: &'a str) -> Self {
        let parts: Vec<&str> = path.split('/').collect();
        match (verb.as_str(), parts.as_slice()) {
            ("GET", ["about"]) => Self::About,
            ("GET", ["files"]) => Self::FilesList,
            ("POST", ["files"]) => Self::FilesCreate,
            ("DELETE", ["files", "trash"]) => Self::FilesEmptyTrash,
            ("GET", ["files", "generateIds"]) => Self::FilesGenerateIds,
            ("GET", ["files", id]) => Self::FilesGet(id),
            ("PATCH", ["files", id]) => Self::FilesUpdate(id),
            ("DELETE", ["files", id]) => Self::FilesDelete(id),
            ("POST", ["files", id, "copy"]) => Self::FilesCopy(id),
            ("GET", ["files", id, "export"]) => Self::FilesExport(id),
            ("POST", ["files", id, "watch"]) => Self::FilesWatch(id),
            ("GET", ["files", id, "permissions"]) => Self::PermissionsList(id),
            ("POST", ["files", id, "permissions"]) => Self::PermissionsCreate(id),
            ("GET", ["files", id, "permissions", which]) => Self::PermissionsGet(id, which),
            ("PATCH", ["files", id, "permissions", which]) => Self::PermissionsUpdate(id, which),
            ("DELETE", ["files", id, "permissions", which]) => Self::PermissionsDelete(id, which),
            ("GET", ["files", id, "comments"]) => Self::CommentsList(id),
            ("POST", ["files", id, "comments"]) => Self::CommentsCreate(id),
            ("GET", ["changes"]) => Self::ChangesList,
            ("GET", ["changes", "startPageToken"]) => Self::ChangesStart,
            ("POST", ["changes", "watch"]) => Self::ChangesWatch,
            ("POST", ["channels", "stop"]) => Self::ChannelsStop,
            ("GET", ["drives"]) => Self::DrivesList,
            _ => Self::Other,
        }
    }

    /// The name under which the gate counts it, and whether it may change something.
    fn name(self) -> (&'static str, Kind) {
        match self {
            Self::About => ("about.get", Kind::Read),
            Self::FilesList => ("files.list", Kind::Read),
            Self::FilesCreate => ("files.create", Kind::Write),
            Self::FilesEmptyTrash => ("files.emptyTrash", Kind::Write),
            Self::FilesGenerateIds => ("files.generateIds", Kind::Read),
            Self::FilesGet(_) => ("files.get", Kind::Read),
            Self::FilesUpdate(_) => ("files.update", Kind::Write),
            Self::FilesDelete(_) => ("files.delete", Kind::Write),
            Self::FilesCopy(_) => ("files.copy", Kind::Write),
            Self::FilesExport(_) => ("files.export", Kind::Read),
            Self::FilesWatch(_) => ("files.watch", Kind::Write),
            Self::PermissionsList(_) => ("permissions.list", Kind::Read),
            Self::PermissionsCreate(_) => ("permissions.create", Kind::Write),
            Self::PermissionsGet(..) => ("permissions.get", Kind::Read),
            Self::PermissionsUpdate(..) => ("permissions.update", Kind::Write),
            Self::PermissionsDelete(..) => ("permissions.delete", Kind::Write),
            Self::CommentsList(_) => ("comments.list", Kind::Read),
            Self::CommentsCreate(_) => ("comments.create", Kind::Write),
            Self::ChangesList => ("changes.list", Kind::Read),
            Self::ChangesStart => ("changes.getStartPageToken", Kind::Read),
            Self::ChangesWatch => ("changes.watch", Kind::Write),
            Self::ChannelsStop => ("channels.stop", Kind::Write),
            Self::DrivesList => ("drives.list", Kind::Read),
            Self::Other => ("other", Kind::Other),
        }
    }

    /// Watching and stopping change nothing in Drive, and so take the scopes of reading.
    fn api(self) -> Api {
        match self {
            Self::FilesWatch(_) | Self::ChangesWatch | Self::ChannelsStop => Api::Drive(Kind::Read),
            other => Api::Drive(other.name().1),
        }
    }
}

async fn drive(
    State(face): State<GoogleFace>,
    verb: Verb,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let path = uri.path().strip_prefix(ROOT).unwrap_or_default();
    let call = Call::parse(&verb, path);
    let query = Query::parse(uri.query().unwrap_or_default());
    let (name, kind) = call.name();
    let work = async {
        match admitted(&face, call.api(), &headers, &query) {
            Err(refused) => refused.into_response(),
            Ok(caller) => answer(&face, call, &query, &body, &caller),
        }
    };
    face.gate().pass(name, kind, work).await
}

fn admitted(face: &GoogleFace, api: Api, headers: &HeaderMap, query: &Query) -> Result<String, ApiError> {
    face.state().access.admit(http::bearer(headers, query), api, face.gate().now())
}

/// A body of Drive: nothing stands for an empty object.
fn body_of(body: &[u8]) -> Result<Json, ApiError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|_| ApiError::drive(400, "parseError", "Parse Error", None))
}

fn answer(face: &GoogleFace, call: Call<'_>, query: &Query, body: &[u8], caller: &str) -> Response<Body> {
    if let Call::FilesExport(id) = call {
        return match drive_files::export(face, id, query, caller) {
            Ok((kind, text)) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
            Err(refused) => refused.into_response(),
        };
    }
    let answered = body_of(body).and_then(|body| work(face, call, query, &body, caller));
    #[cfg(test)]
    if let Ok(answer) = &answered {
        super::conformity::check_drive(call.name().0, answer);
    }
    match answered {
        Ok(Json::Null) => (StatusCode::NO_CONTENT, [(header::CONTENT_TYPE, "text/html")]).into_response(),
        answered => error::respond(answered, query.pretty()),
    }
}

/// What a call comes to; `null` where there is nothing to say.
fn work(face: &GoogleFace, call: Call<'_>, query: &Query, body: &Json, caller: &str) -> Result<Json, ApiError> {
    match call {
        Call::About => drive_files::about(query, caller),
        Call::FilesList => drive_files::list(face, query, caller),
        Call::FilesCreate => drive_files::create(face, body, None, query, caller),
        Call::FilesEmptyTrash => Ok(drive_files::empty_trash(face, caller)),
        Call::FilesGenerateIds => {
            let count = drive_files::number(query, "count", 10, 1000)?;
            let ids: Vec<String> = (0..count).map(|_| super::documents::Documents::fresh_id()).collect();
            Ok(json!({ "kind": "drive#generatedIds", "space": "drive", "ids": ids }))
        }
        Call::FilesGet(id) => drive_files::get(face, id, query, caller),
        Call::FilesUpdate(id) => drive_files::update(face, id, body, query, caller),
        Call::FilesDelete(id) => drive_files::delete(face, id, caller),
        Call::FilesCopy(id) => drive_files::copy(face, id, body, query, caller),
        Call::FilesWatch(id) => changes::watch(face, Some(id), body, query, caller),
        Call::PermissionsList(id) => permissions::list(face, id, query, caller),
        Call::PermissionsCreate(id) => permissions::create(face, id, body, query, caller),
        Call::PermissionsGet(id, which) => permissions::get(face, id, which, query, caller),
        Call::PermissionsUpdate(id, which) => permissions::update(face, id, which, body, query, caller),
        Call::PermissionsDelete(id, which) => permissions::delete(face, id, which, caller),
        Call::CommentsList(id) => drive_files::comments(face, id, query, caller),
        Call::CommentsCreate(id) => drive_files::comment(face, id, body, query, caller),
        Call::ChangesList => changes::list(face, query, caller),
        Call::ChangesStart => changes::start_token(face, query),
        Call::ChangesWatch => changes::watch(face, None, body, query, caller),
        Call::ChannelsStop => changes::stop(face, body, caller),
        Call::DrivesList => Ok(json!({ "kind": "drive#driveList", "drives": [] })),
        Call::FilesExport(_) | Call::Other => Err(ApiError::not_played("this method")),
    }
}

/// `files.create` with the file's content: one part says what it is, the other is CSV to make a spreadsheet of.
async fn upload(
    State(face): State<GoogleFace>,
    verb: Verb,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let query = Query::parse(uri.query().unwrap_or_default());
    let work = async {
        let caller = match admitted(&face, Api::Drive(Kind::Write), &headers, &query) {
            Ok(caller) => caller,
            Err(refused) => return refused.into_response(),
        };
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        let parts = if verb == Verb::POST && query.one("uploadType") == Some("multipart") {
            multipart(kind, &text)
        } else {
            None
        };
        let answered = match parts {
            Some((about, content)) => body_of(about.as_bytes())
                .and_then(|about| drive_files::create(&face, &about, Some(&content), &query, &caller)),
            None => Err(ApiError::not_played("uploads other than multipart ones of new files")),
        };
        error::respond(answered, query.pretty())
    };
    // The path says which API it is; there is no other upload.
    let name = if uri.path().starts_with(UPLOAD_ROOT) { "files.create" } else { "other" };
    face.gate().pass(name, Kind::Write, work).await
}

/// `files.update` of Drive v2 with CSV as the new content, by which gspread imports.
async fn replace(
    State(face): State<GoogleFace>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let query = Query::parse(uri.query().unwrap_or_default());
    let work = async {
        let text = String::from_utf8_lossy(&body);
        let answered = admitted(&face, Api::Drive(Kind::Write), &headers, &query)
            .and_then(|caller| drive_files::replace(&face, &id, &text, &caller));
        error::respond(answered, query.pretty())
    };
    face.gate().pass("files.update", Kind::Write, work).await
}

/// The two parts of a `multipart/related` body, without their headers.
fn multipart(kind: &str, body: &str) -> Option<(String, String)> {
    let boundary = kind.split("boundary=").nth(1)?.trim_matches(['"', ' ', ';']);
    let boundary = format!("--{boundary}");
    let mut parts = body.split(boundary.as_str()).skip(1).map(|part| {
        let part = part.replace("\r\n", "\n");
        part.trim_start_matches('\n').split_once("\n\n").map(|(_, content)| content.trim_end().to_owned())
    });
    Some((parts.next()??, parts.next()??))
}
