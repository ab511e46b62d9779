//! What went wrong with a call to Google, as the client crates report it, to [`SheetError`].

use google_sheets4::common;
use serde_json::Value;

use super::auth::TokenTrouble;
use crate::sheet::SheetError;

/// Google's messages are sentences; what is longer is a page.
const MESSAGE_MAX: usize = 300;

/// Remembers the HTTP status of a failed call, which the client crates drop once a body is JSON. Never retries.
#[derive(Debug, Default)]
pub struct Watch {
    /// HTTP status of a call that failed.
    pub status: Option<u16>,
}

impl common::Delegate for Watch {
    fn http_failure(&mut self, response: &common::Response, _: Option<&Value>) -> common::Retry {
        self.status = Some(response.status().as_u16());
        common::Retry::Abort
    }
}

/// Sort a client error. `account` is whom to share the spreadsheet with.
pub fn sort(error: common::Error, status: Option<u16>, account: &str) -> SheetError {
    match error {
        common::Error::BadRequest(body) => answer(status, Some(&body), account),
        common::Error::Failure(response) => answer(Some(response.status().as_u16()), None, account),
        common::Error::HttpError(error) if error.is_connect() => SheetError::Connect(innermost(&error)),
        common::Error::HttpError(error) => SheetError::AnswerLost(innermost(&error)),
        common::Error::Io(error) => SheetError::AnswerLost(innermost(&error)),
        // A body that breaks off reaches us as an empty text. The text itself may hold the merchant's data: not shown.
        common::Error::JsonDecodeError(text, error) if text.is_empty() || error.is_eof() => {
            SheetError::AnswerLost("the answer broke off".to_owned())
        }
        common::Error::JsonDecodeError(_, error) => {
            SheetError::Unexpected(format!("not the JSON of this API, at line {}", error.line()))
        }
        common::Error::MissingToken(error) => match error.downcast::<TokenTrouble>() {
            Ok(trouble) => trouble.into(),
            Err(_) => SheetError::Access("no token".to_owned()),
        },
        common::Error::MissingAPIKey
        | common::Error::Cancelled
        | common::Error::FieldClash(_)
        | common::Error::UploadSizeLimitExceeded(..) => {
            SheetError::Refused("the request could not be built".to_owned())
        }
    }
}

/// Sort an answer by its HTTP status and Google's error body
/// (<https://cloud.google.com/apis/design/errors>; Drive still adds `errors[].reason`).
fn answer(status: Option<u16>, body: Option<&Value>, account: &str) -> SheetError {
    let error = body.and_then(|body| body.get("error"));
    let code = error.and_then(|error| error.get("code")).and_then(Value::as_u64).and_then(|code| code.try_into().ok());
    let status = status.or(code).unwrap_or_default();
    let word = error.and_then(|error| error.get("status")).and_then(Value::as_str).unwrap_or_default();
    let reason = error.and_then(|error| error.pointer("/errors/0/reason")).and_then(Value::as_str).unwrap_or_default();
    let message = error.and_then(|error| error.get("message")).and_then(Value::as_str).map(clip);
    let message = message.unwrap_or_else(|| format!("HTTP {status}"));
    let share = format!("share it with {account} as an editor");
    let over_quota = matches!(reason, "rateLimitExceeded" | "userRateLimitExceeded" | "quotaExceeded");
    match status {
        429 => SheetError::Quota,
        403 if over_quota || word == "RESOURCE_EXHAUSTED" => SheetError::Quota,
        // "Has not been used in project …": sharing would not help, Google's sentence holds the address to visit.
        403 if reason == "accessNotConfigured" || message.contains("has not been used") => SheetError::Access(message),
        401 => SheetError::Access(message),
        403 => SheetError::Access(format!("{message}; {share}")),
        404 => SheetError::NotFound(format!("{message}; is its id right? If so, {share}")),
        408 | 500..=599 => SheetError::AnswerLost(message),
        400..=499 => SheetError::Refused(message),
        _ => SheetError::Unexpected(message),
    }
}

fn clip(message: &str) -> String {
    message.chars().take(MESSAGE_MAX).collect()
}

/// The innermost cause in words: the outer ones only say that something failed.
pub fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(status: u16, body: Option<Value>, expect: &str) {
        let error = answer(Some(status), body.as_ref(), "robot@example.com");
        assert_eq!(format!("{error:?}"), expect);
    }

    fn google(code: u16, word: &str, message: &str) -> Option<Value> {
        Some(json!({"error": {"code": code, "message": message, "status": word}}))
    }

    #[test]
    fn answers_are_sorted() {
        check(429, google(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric"), "Quota");
        let drive =
            |reason: &str| Some(json!({"error": {"code": 403, "message": "No.", "errors": [{"reason": reason}]}}));
        check(403, drive("userRateLimitExceeded"), "Quota");
        check(403, drive("accessNotConfigured"), r#"Access("No.")"#);
        check(
            403,
            google(403, "PERMISSION_DENIED", "The caller does not have permission"),
            r#"Access("The caller does not have permission; share it with robot@example.com as an editor")"#,
        );
        check(401, None, r#"Access("HTTP 401")"#);
        check(
            404,
            google(404, "NOT_FOUND", "Requested entity was not found."),
            "NotFound(\"Requested entity was not found.; is its id right? If so, share it with robot@example.com as an \
             editor\")",
        );
        check(400, google(400, "INVALID_ARGUMENT", "Unable to parse range"), r#"Refused("Unable to parse range")"#);
        check(503, google(503, "UNAVAILABLE", "Try later"), r#"AnswerLost("Try later")"#);
        check(500, None, r#"AnswerLost("HTTP 500")"#);
        check(302, None, r#"Unexpected("HTTP 302")"#);
    }

    #[test]
    fn broken_bodies_do_not_leak() {
        let sorted = |text: &str| {
            let error = serde_json::from_str::<Vec<u8>>(text).unwrap_err();
            sort(common::Error::JsonDecodeError(text.to_owned(), error), None, "")
        };
        assert!(matches!(sorted(""), SheetError::AnswerLost(_)));
        assert!(matches!(sorted("[1, 2"), SheetError::AnswerLost(_)));
        let page = sorted("<html>secret</html>");
        assert!(matches!(&page, SheetError::Unexpected(why) if !why.contains("secret")), "{page:?}");
    }
}
