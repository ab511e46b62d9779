//! Errors in the shape that Google's JSON APIs give them.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value as Json, json};

/// An error answer of the Sheets API (`google.rpc.Status`).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    code: u16,
    status: &'static str,
    pub message: String,
    details: Vec<Json>,
    /// `errors[0]` of the older shape, which Drive still sends.
    legacy: Option<Json>,
}

impl ApiError {
    fn new(code: u16, status: &'static str, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into(), details: Vec::new(), legacy: None }
    }

    /// 400 for what the request says.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", message)
    }

    /// 400 for JSON that does not fit the API's schema; `field` is where.
    pub(super) fn bad_payload(field: &str, description: impl Into<String>) -> Self {
        let description = description.into();
        let violation = json!({ "field": field, "description": description });
        let detail = json!({ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation] });
        Self { details: vec![detail], ..Self::invalid(description) }
    }

    /// 400 for a body with several faults, each with its place and what is wrong there.
    pub(super) fn violations(faults: Vec<(String, String)>) -> Self {
        let message = faults.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
        let violation = |(field, text): (String, String)| {
            if field.is_empty() {
                json!({ "description": text })
            } else {
                json!({ "field": field, "description": text })
            }
        };
        let violations: Vec<Json> = faults.into_iter().map(violation).collect();
        let detail = json!({ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations });
        Self { details: vec![detail], ..Self::invalid(message) }
    }

    /// 400 for a field that the API does not know.
    pub(super) fn unknown_field(name: &str, at: &str) -> Self {
        let place = if at.is_empty() { String::new() } else { format!(" at '{at}'") };
        let text = format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field.");
        Self::bad_payload(at, text)
    }

    /// 400 for a query parameter that the method does not have.
    pub(super) fn unknown_parameter(name: &str) -> Self {
        let text = format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' could \
             not be found in request message."
        );
        Self::bad_payload("", text)
    }

    /// 400 for a `fields` mask that names what the answer does not have.
    pub(super) fn bad_mask(path: &str) -> Self {
        let text = format!("Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'.");
        Self { message: "Request contains an invalid argument.".to_owned(), ..Self::bad_payload(path, text) }
    }

    /// 401 for a token that is missing, unknown or expired.
    pub(super) fn unauthenticated() -> Self {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or \
                       other valid authentication credential. See \
                       https://developers.google.com/identity/sign-in/web/devconsole-project.";
        let legacy = json!({
            "message": "Invalid Credentials", "domain": "global", "reason": "authError",
            "location": "Authorization", "locationType": "header",
        });
        Self { legacy: Some(legacy), ..Self::new(401, "UNAUTHENTICATED", message) }
    }

    /// 403 for a call without any token.
    pub(super) fn unregistered() -> Self {
        let message = "Method doesn't allow unregistered callers (callers without established identity). Please use \
                       API Key or other form of API identity to call this API.";
        let legacy = json!({ "message": message, "domain": "global", "reason": "forbidden" });
        Self { legacy: Some(legacy), ..Self::new(403, "PERMISSION_DENIED", message) }
    }

    /// 403 for a token whose scopes do not cover the method.
    pub(super) fn insufficient_scopes() -> Self {
        let message = "Request had insufficient authentication scopes.";
        let detail = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com",
        });
        let legacy =
            json!({ "message": "Insufficient Permission", "domain": "global", "reason": "insufficientPermissions" });
        Self { details: vec![detail], legacy: Some(legacy), ..Self::new(403, "PERMISSION_DENIED", message) }
    }

    /// 403 for a spreadsheet that is not shared with the caller, or not for writing.
    pub(super) fn no_permission() -> Self {
        Self::new(403, "PERMISSION_DENIED", "The caller does not have permission")
    }

    /// 400 for a write to what somebody else protected.
    pub(super) fn protected() -> Self {
        Self::invalid(
            "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove \
             protection if you need to edit.",
        )
    }

    /// 404 for a spreadsheet that does not exist or is not shared.
    pub(super) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "Requested entity was not found.")
    }

    /// 404 of Drive.
    pub(super) fn file_not_found(id: &str) -> Self {
        let message = format!("File not found: {id}.");
        let legacy = json!({
            "message": message, "domain": "global", "reason": "notFound",
            "location": "fileId", "locationType": "parameter",
        });
        Self { legacy: Some(legacy), ..Self::new(404, "", message) }
    }

    /// An error of Drive in its older shape. `location` is the name and the kind of the place that is wrong.
    pub(super) fn drive(code: u16, reason: &str, message: &str, location: Option<(&str, &str)>) -> Self {
        let mut legacy = json!({ "message": message, "domain": "global", "reason": reason });
        if let Some((name, kind)) = location {
            legacy["location"] = json!(name);
            legacy["locationType"] = json!(kind);
        }
        Self { legacy: Some(legacy), ..Self::new(code, "", message) }
    }

    /// 403 of Drive for a file that the caller sees and may not do this with.
    pub(super) fn file_permission() -> Self {
        let message = "The user does not have sufficient permissions for this file.";
        Self::drive(403, "insufficientFilePermissions", message, None)
    }

    /// 400 of Drive for a `fields` mask that names what a file does not have.
    pub(super) fn invalid_selection(path: &str) -> Self {
        let message = format!("Invalid field selection {path}");
        let legacy = json!({
            "message": message, "domain": "global", "reason": "invalidParameter",
            "location": "fields", "locationType": "parameter",
        });
        Self { legacy: Some(legacy), ..Self::new(400, "", message) }
    }

    /// 429: the quota of this minute is used up. `what` is `Read` or `Write`.
    pub(super) fn quota(what: &str, limit: u32) -> Self {
        // A made-up project number, as long as real ones.
        const PROJECT: &str = "100000000000";
        let message = format!(
            "Quota exceeded for quota metric '{what} requests' and limit '{what} requests per minute per user' of \
             service 'sheets.googleapis.com' for consumer 'project_number:{PROJECT}'."
        );
        let detail = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "RATE_LIMIT_EXCEEDED",
            "domain": "googleapis.com",
            "metadata": {
                "consumer": format!("projects/{PROJECT}"),
                "quota_limit": format!("{what}RequestsPerMinutePerUser"),
                "quota_limit_value": limit.to_string(),
                "quota_location": "global",
                "quota_metric": format!("sheets.googleapis.com/{}_requests", what.to_lowercase()),
                "service": "sheets.googleapis.com",
            },
        });
        Self { details: vec![detail], ..Self::new(429, "RESOURCE_EXHAUSTED", message) }
    }

    /// 501 for what the real API has and the lab does not play. Google never sends this one.
    pub(super) fn not_played(what: &str) -> Self {
        Self::new(501, "UNIMPLEMENTED", format!("the lab does not play {what}"))
    }

    /// The same error as Sheets sends it: without the older shape's `errors`.
    pub(super) fn without_legacy(self) -> Self {
        Self { legacy: None, ..self }
    }

    /// True for JSON that does not fit the schema, whose message already says where.
    pub(super) fn is_schema(&self) -> bool {
        self.message.starts_with("Invalid JSON payload") || self.message.starts_with("Invalid value at")
    }

    /// The same error with words in front of its message.
    pub(super) fn within(mut self, context: &str) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    fn json(&self) -> Json {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(legacy) = &self.legacy {
            error["errors"] = json!([legacy]);
        }
        if !self.status.is_empty() {
            error["status"] = json!(self.status);
        }
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        json!({ "error": error })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        answer(self.code, &self.json())
    }
}

/// A JSON answer the way Google sends it: indented, and never to be cached.
pub(super) fn answer(code: u16, body: &Json) -> Response<Body> {
    text_answer(code, format!("{body:#}\n"))
}

fn text_answer(code: u16, text: String) -> Response<Body> {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=UTF-8"),
        (header::CACHE_CONTROL, "private"),
        (header::VARY, "Origin, X-Origin, Referer"),
        (header::SERVER, "ESF"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, text).into_response()
}

/// The answer to a call, indented or not.
pub(super) fn respond(answered: Result<Json, ApiError>, pretty: bool) -> Response<Body> {
    match answered {
        Ok(body) if pretty => answer(200, &body),
        Ok(body) => text_answer(200, body.to_string()),
        Err(refused) => refused.into_response(),
    }
}

/// A bare status, as a planted fault makes it, with the words that Google has for it.
pub(super) async fn worded(bare: Response<Body>) -> Response<Body> {
    let kind = bare.headers().get(header::CONTENT_TYPE);
    let is_bare = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let code = bare.status().as_u16();
    if code < 400 || !is_bare {
        return bare;
    }
    let error = match code {
        401 => ApiError::unauthenticated().without_legacy(),
        403 => ApiError::no_permission(),
        404 => ApiError::not_found(),
        429 => ApiError::quota("Read", 60),
        500 => ApiError::new(500, "INTERNAL", "Internal error encountered."),
        502 | 503 => ApiError::new(code, "UNAVAILABLE", "The service is currently unavailable."),
        504 => ApiError::new(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
        _ => return bare,
    };
    let mut worded = error.into_response();
    if let Some(after) = bare.headers().get(header::RETRY_AFTER) {
        worded.headers_mut().insert(header::RETRY_AFTER, after.clone());
    }
    worded
}

/// What Google's front door says to an address that no API has: a page, not JSON.
pub(super) fn no_such_address(path: &str) -> Response<Body> {
    let shown = path.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n  <p>The requested URL \
         <code>{shown}</code> was not found on this server.\n"
    );
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/html; charset=UTF-8")], page).into_response()
}
