//! Drive's `files.get` for the spreadsheet's file: the cheap change probe.

use chrono::SecondsFormat;
use serde_json::{Value as Json, json};

use super::error::ApiError;
use super::mask::Mask;
use crate::clock::Time;

/// What Drive knows about the file.
pub(super) struct File<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub version: i64,
    pub created: Time,
    pub modified: Time,
    /// E-mail address of who changed it last.
    pub modified_by: &'a str,
}

/// What an answer holds when no `fields` are asked for.
const DEFAULT_FIELDS: &str = "kind,id,name,mimeType";

/// A `File`, cut to `fields`. A field that a file does not have, or that the lab does not play, is refused.
pub(super) fn get(file: &File<'_>, fields: Option<&str>) -> Result<Json, ApiError> {
    // Unlike Sheets, Drive reads over spaces.
    let fields = fields.unwrap_or(DEFAULT_FIELDS).replace(' ', "");
    let mask = Mask::parse(&fields).ok_or_else(|| ApiError::invalid_selection(&fields))?;
    let full = full(file);
    match mask.roots().into_iter().find(|root| full.get(root).is_none()) {
        Some(strange) => Err(ApiError::invalid_selection(strange)),
        None => Ok(mask.cut(full)),
    }
}

fn full(file: &File<'_>) -> Json {
    let time = |time: Time| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let user = |email: &str| {
        let name = email.split('@').next().unwrap_or_default();
        json!({ "kind": "drive#user", "displayName": name, "me": false, "emailAddress": email })
    };
    json!({
        "kind": "drive#file",
        "id": file.id,
        "name": file.name,
        "mimeType": "application/vnd.google-apps.spreadsheet",
        // A 64-bit number, and so a text in JSON.
        "version": file.version.to_string(),
        "createdTime": time(file.created),
        "modifiedTime": time(file.modified),
        "modifiedByMe": false,
        "lastModifyingUser": user(file.modified_by),
        "ownedByMe": false,
        "owners": [user(super::MERCHANT)],
        "shared": true,
        "starred": false,
        "trashed": false,
        "explicitlyTrashed": false,
        "spaces": ["drive"],
        "webViewLink": format!("https://docs.google.com/spreadsheets/d/{}/edit?usp=drivesdk", file.id),
        "capabilities": {
            "canComment": true, "canCopy": true, "canDelete": false, "canDownload": true, "canEdit": true,
            "canModifyContent": true, "canReadRevisions": true, "canRename": true, "canShare": true, "canTrash": false,
        },
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn check(fields: Option<&str>, expect: Result<Json, &str>) {
        let time = chrono::Utc.with_ymd_and_hms(2026, 11, 20, 8, 0, 0).unwrap();
        let file =
            File { id: "x", name: "Shop", version: 41, created: time, modified: time, modified_by: "ann@example.com" };
        let answer = get(&file, fields).map_err(|error| error.message);
        assert_eq!(answer, expect.map_err(str::to_owned));
    }

    #[test]
    fn fields_are_chosen() {
        let usual = json!({
            "kind": "drive#file", "id": "x", "name": "Shop", "mimeType": "application/vnd.google-apps.spreadsheet",
        });
        check(None, Ok(usual));
        let probe = json!({ "version": "41", "modifiedTime": "2026-11-20T08:00:00.000Z" });
        check(Some("version, modifiedTime"), Ok(probe));
        check(Some("capabilities/canEdit"), Ok(json!({ "capabilities": { "canEdit": true } })));
        check(Some("version,colour"), Err("Invalid field selection colour"));
    }
}
