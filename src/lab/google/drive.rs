//! A Drive `File`, and how Drive cuts its answers.

use chrono::SecondsFormat;
use serde_json::{Value as Json, json};

use super::documents::{Document, Role, user_id};
use super::error::ApiError;
use super::mask::Mask;
use super::schema::DRIVE;
use crate::clock::Time;

/// What a `File` holds when no `fields` are asked for.
pub(super) const FILE_FIELDS: &str = "kind,id,name,mimeType";

/// The type of every file here.
pub(super) const SPREADSHEET: &str = "application/vnd.google-apps.spreadsheet";

/// An answer cut to `fields`, or to what it usually holds. A field that its type does not have is refused.
pub(super) fn cut(of: &str, fields: Option<&str>, usual: &str, answer: Json) -> Result<Json, ApiError> {
    // Unlike Sheets, Drive reads over spaces.
    let fields = fields.filter(|fields| !fields.is_empty()).unwrap_or(usual).replace(' ', "");
    let mask = Mask::parse(&fields).ok_or_else(|| ApiError::invalid_selection(&fields))?;
    match DRIVE.strange_path(of, &mask) {
        Some(strange) => {
            let last = strange.rsplit('.').next().unwrap_or_default();
            Err(ApiError::invalid_selection(last))
        }
        None => Ok(mask.cut(answer)),
    }
}

/// A time as Drive writes it.
pub(super) fn time(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A `User`, as somebody sees them.
pub(super) fn user(email: &str, seen_by: &str) -> Json {
    json!({
        "kind": "drive#user",
        "displayName": email.split('@').next().unwrap_or_default(),
        "me": email == seen_by,
        "permissionId": user_id(email),
        "emailAddress": email,
    })
}

/// A `File` with all its fields, as somebody sees it.
pub(super) fn file(id: &str, document: &Document, seen_by: &str) -> Json {
    let role = document.role(seen_by).unwrap_or(Role::Reader);
    let (owns, writes) = (role == Role::Owner, role >= Role::Writer);
    let owner = &document.book.owner;
    let mut file = json!({
        "kind": "drive#file",
        "id": id,
        "name": document.book.title,
        "mimeType": SPREADSHEET,
        // A 64-bit number, and so a text in JSON.
        "version": document.version.to_string(),
        "createdTime": time(document.created),
        "modifiedTime": time(document.modified),
        "modifiedByMe": document.modified_by == seen_by,
        "lastModifyingUser": user(&document.modified_by, seen_by),
        "ownedByMe": owns,
        "owners": [user(owner, seen_by)],
        "shared": document.permissions.len() > 1,
        "starred": false,
        "trashed": document.trashed,
        "explicitlyTrashed": document.trashed,
        "spaces": ["drive"],
        "parents": [format!("0A{}", user_id(owner))],
        "isAppAuthorized": true,
        "viewedByMe": true,
        "hasThumbnail": false,
        "thumbnailVersion": "0",
        "quotaBytesUsed": "1024",
        "writersCanShare": true,
        "copyRequiresWriterPermission": false,
        "viewersCanCopyContent": true,
        "webViewLink": format!("https://docs.google.com/spreadsheets/d/{id}/edit?usp=drivesdk"),
        "iconLink": format!("https://drive-thirdparty.googleusercontent.com/16/type/{SPREADSHEET}"),
        "exportLinks": {
            "text/csv": format!("https://docs.google.com/spreadsheets/export?id={id}&exportFormat=csv"),
            "text/tab-separated-values": format!("https://docs.google.com/spreadsheets/export?id={id}&exportFormat=tsv"),
        },
        "capabilities": {
            "canComment": role >= Role::Commenter, "canCopy": true, "canDelete": owns, "canDownload": true,
            "canEdit": writes, "canModifyContent": writes, "canReadRevisions": writes, "canRename": writes,
            "canShare": writes, "canTrash": owns, "canUntrash": owns,
        },
    });
    if writes {
        file["permissions"] = json!(document.permissions);
        file["permissionIds"] = document.permissions.iter().map(|permission| permission["id"].clone()).collect();
    }
    for (name, value) in &document.details {
        file[name] = value.clone();
    }
    file
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::lab::google::book::Book;

    fn check(fields: Option<&str>, expect: Result<Json, &str>) {
        let time = chrono::Utc.with_ymd_and_hms(2026, 11, 20, 8, 0, 0).unwrap();
        let mut document = Document::new(Book::new("Shop", "en_US", &[]), "ann@example.com", time);
        document.version = 41;
        let answer = cut("File", fields, FILE_FIELDS, file("x", &document, "ann@example.com"));
        assert_eq!(answer.map_err(|error| error.message), expect.map_err(str::to_owned));
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
        check(Some("owners(me)"), Ok(json!({ "owners": [{ "me": true }] })));
        // A spreadsheet has no checksum: the field is known, and left out.
        check(Some("version,md5Checksum"), Ok(json!({ "version": "41" })));
        check(Some("version,colour"), Err("Invalid field selection colour"));
    }
}
