//! Drive's `permissions` methods: sharing.

use serde_json::{Value as Json, json};

use super::documents::{Document, Role};
use super::drive;
use super::drive_files::{PERMISSION_FIELDS, new_permission};
use super::error::ApiError;
use super::query::Query;
use super::schema::DRIVE;
use super::{GoogleFace, State};

fn unknown(id: &str) -> ApiError {
    ApiError::drive(404, "notFound", &format!("Permission not found: {id}."), Some(("permissionId", "parameter")))
}

fn found<'a>(document: &'a mut Document, id: &str) -> Result<&'a mut Json, ApiError> {
    document.permissions.iter_mut().find(|permission| permission["id"] == id).ok_or_else(|| unknown(id))
}

fn answered(query: &Query, permission: Json) -> Result<Json, ApiError> {
    drive::cut("Permission", query.one("fields"), PERMISSION_FIELDS, permission)
}

/// A new owner is made only where the call says that it means it; the old one stays a writer.
fn hand_over(document: &mut Document, query: &Query, to: &str) -> Result<(), ApiError> {
    if !query.flag("transferOwnership")? {
        let message = "The transferOwnership parameter must be enabled when the permission role is 'owner'.";
        return Err(ApiError::drive(403, "forbidden", message, Some(("transferOwnership", "parameter"))));
    }
    for old in document.permissions.iter_mut().filter(|old| old["role"] == "owner") {
        old["role"] = json!("writer");
    }
    to.clone_into(&mut document.book.owner);
    Ok(())
}

/// `permissions.list`.
pub(super) fn list(face: &GoogleFace, id: &str, query: &Query, caller: &str) -> Result<Json, ApiError> {
    let mut state = face.state();
    let document = state.documents.held(id, caller, Role::Writer)?;
    let answer = json!({ "kind": "drive#permissionList", "permissions": document.permissions });
    let usual = format!("kind,nextPageToken,permissions({PERMISSION_FIELDS})");
    drive::cut("PermissionList", query.one("fields"), &usual, answer)
}

/// `permissions.get`.
pub(super) fn get(face: &GoogleFace, id: &str, which: &str, query: &Query, caller: &str) -> Result<Json, ApiError> {
    let mut state = face.state();
    let permission = found(state.documents.held(id, caller, Role::Writer)?, which)?.clone();
    answered(query, permission)
}

/// `permissions.create`. Who has a permission already gets the new role instead.
pub(super) fn create(face: &GoogleFace, id: &str, body: &Json, query: &Query, caller: &str) -> Result<Json, ApiError> {
    let made = new_permission(&DRIVE.read_leniently("Permission", body))?;
    let mut state = face.state();
    let document = state.documents.held(id, caller, Role::Writer)?;
    if made["role"] == "owner" {
        owner_only(document, caller)?;
        hand_over(document, query, made["emailAddress"].as_str().unwrap_or_default())?;
    }
    match document.permissions.iter_mut().find(|old| old["id"] == made["id"]) {
        Some(old) if old["role"] == "owner" => return answered(query, old.clone()),
        Some(old) => *old = made.clone(),
        None => document.permissions.push(made.clone()),
    }
    noted(face, &mut state, id, caller);
    answered(query, made)
}

/// `permissions.update`: the role, when it ends, and who is to become the owner.
pub(super) fn update(
    face: &GoogleFace,
    id: &str,
    which: &str,
    body: &Json,
    query: &Query,
    caller: &str,
) -> Result<Json, ApiError> {
    let given = DRIVE.read_leniently("Permission", body);
    let mut state = face.state();
    let document = state.documents.held(id, caller, Role::Writer)?;
    let email = found(document, which)?["emailAddress"].as_str().unwrap_or_default().to_owned();
    if let Some(role) = given["role"].as_str() {
        if Role::named(role).is_none() {
            return Err(ApiError::drive(400, "invalid", "The specified role is invalid or not supported.", None));
        }
        let is_owner = found(document, which)?["role"] == "owner";
        if role == "owner" && !is_owner {
            let awaited = found(document, which)?["pendingOwner"] == true;
            if !(awaited && email == caller) {
                owner_only(document, caller)?;
            }
            hand_over(document, query, &email)?;
        } else if is_owner && role != "owner" {
            return Err(ApiError::file_permission());
        }
        let permission = found(document, which)?;
        permission["role"] = json!(role);
        permission["pendingOwner"] = json!(false);
    }
    let permission = found(document, which)?;
    for name in ["expirationTime", "pendingOwner", "allowFileDiscovery"] {
        if let Some(value) = given.get(name) {
            permission[name] = value.clone();
        }
    }
    if query.flag("removeExpiration")?
        && let Some(permission) = permission.as_object_mut()
    {
        permission.remove("expirationTime");
    }
    let permission = permission.clone();
    noted(face, &mut state, id, caller);
    answered(query, permission)
}

/// `permissions.delete`.
pub(super) fn delete(face: &GoogleFace, id: &str, which: &str, caller: &str) -> Result<Json, ApiError> {
    let mut state = face.state();
    // Everybody may give up their own permission.
    let own = state.documents.seen(id, caller)?.permissions.iter().any(|permission| {
        permission["id"] == which && permission["emailAddress"] == caller && permission["role"] != "owner"
    });
    let document = state.documents.held(id, caller, if own { Role::Reader } else { Role::Writer })?;
    if found(document, which)?["role"] == "owner" {
        return Err(ApiError::file_permission());
    }
    document.permissions.retain(|permission| permission["id"] != which);
    noted(face, &mut state, id, caller);
    Ok(Json::Null)
}

fn owner_only(document: &Document, caller: &str) -> Result<(), ApiError> {
    if document.role(caller) == Some(Role::Owner) { Ok(()) } else { Err(ApiError::file_permission()) }
}

fn noted(face: &GoogleFace, state: &mut State, id: &str, caller: &str) {
    face.touch(state, id, caller, "permissions");
}
