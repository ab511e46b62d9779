//! The spreadsheets that there are: who may do what with them, and how they change.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::GoogleFace;
use super::book::Book;
use super::error::ApiError;
use crate::clock::{self, Time};

/// What somebody may do with a file; more counts for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Reader,
    Commenter,
    Writer,
    Owner,
}

impl Role {
    /// By the name that Drive has for it. The lab has no shared drives, and so none of their roles.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "reader" => Some(Self::Reader),
            "commenter" => Some(Self::Commenter),
            "writer" => Some(Self::Writer),
            "owner" => Some(Self::Owner),
            _ => None,
        }
    }
}

/// One spreadsheet and its file.
pub(super) struct Document {
    pub book: Book,
    /// Grows with every change, by whomever.
    pub version: i64,
    pub created: Time,
    pub modified: Time,
    /// E-mail address of who changed it last.
    pub modified_by: String,
    /// Drive's `Permission`s, the owner's first.
    pub permissions: Vec<Json>,
    /// Fields of the file that a user may set and that only show (`description`, `properties`, `starred`).
    pub details: Map<String, Json>,
    pub comments: Vec<Json>,
    pub trashed: bool,
}

impl Document {
    pub(super) fn new(mut book: Book, owner: &str, now: Time) -> Self {
        owner.clone_into(&mut book.owner);
        Self {
            book,
            version: 1,
            created: now,
            modified: now,
            modified_by: owner.to_owned(),
            permissions: vec![permission("user", owner, "owner")],
            details: Map::new(),
            comments: Vec::new(),
            trashed: false,
        }
    }

    /// Give a user a role.
    pub(super) fn share(&mut self, user: &str, role: &str) {
        self.permissions.push(permission("user", user, role));
    }

    /// The most that a user may do; `None`: not even see it.
    pub(super) fn role(&self, user: &str) -> Option<Role> {
        let theirs = |permission: &&Json| {
            permission["type"] == "anyone"
                || permission["emailAddress"].as_str().is_some_and(|email| email.eq_ignore_ascii_case(user))
                || (permission["type"] == "domain"
                    && permission["domain"].as_str().is_some_and(|domain| user.ends_with(&format!("@{domain}"))))
        };
        self.permissions.iter().filter(theirs).filter_map(|one| Role::named(one["role"].as_str()?)).max()
    }
}

/// A `Permission` with all its fields. `who` is an e-mail address or a domain.
pub(super) fn permission(kind: &str, who: &str, role: &str) -> Json {
    let mut permission = json!({ "kind": "drive#permission", "type": kind, "role": role });
    match kind {
        "anyone" => {
            permission["id"] = json!("anyoneWithLink");
            permission["allowFileDiscovery"] = json!(false);
        }
        "domain" => {
            permission["id"] = json!(format!("{}k", user_id(who)));
            permission["domain"] = json!(who);
            permission["displayName"] = json!(who);
            permission["allowFileDiscovery"] = json!(false);
        }
        _ => {
            permission["id"] = json!(user_id(who));
            permission["emailAddress"] = json!(who);
            permission["displayName"] = json!(who.split('@').next().unwrap_or_default());
            permission["deleted"] = json!(false);
            permission["pendingOwner"] = json!(false);
        }
    }
    permission
}

/// A user's id in Drive: twenty digits, always the same for the same address.
pub(super) fn user_id(email: &str) -> String {
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in email.to_lowercase().bytes() {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{:020}", sum)
}

/// All spreadsheets by id.
#[derive(Default)]
pub(super) struct Documents(pub BTreeMap<String, Document>);

impl Documents {
    /// An id as Google gives them: 44 characters.
    pub(super) fn fresh_id() -> String {
        const LENGTH: usize = 44;
        let random = format!("1{}{}", clock::fresh_key(), clock::fresh_key()).replace('-', "");
        random.chars().take(LENGTH).collect()
    }

    /// A file that a user may at least see.
    pub(super) fn seen(&self, id: &str, user: &str) -> Result<&Document, ApiError> {
        let seen = self.0.get(id).filter(|document| document.role(user).is_some());
        seen.ok_or_else(|| ApiError::file_not_found(id))
    }

    /// A file that a user may do more with.
    pub(super) fn held(&mut self, id: &str, user: &str, role: Role) -> Result<&mut Document, ApiError> {
        let held = self.0.get_mut(id).filter(|document| document.role(user).is_some());
        let document = held.ok_or_else(|| ApiError::file_not_found(id))?;
        if document.role(user) < Some(role) { Err(ApiError::file_permission()) } else { Ok(document) }
    }
}

impl GoogleFace {
    /// Refuse who may not do this with a spreadsheet, in the words of Sheets.
    pub(super) fn allow(&self, id: &str, user: &str, role: Role) -> Result<(), ApiError> {
        let state = self.state();
        let document = state.documents.0.get(id).ok_or_else(ApiError::not_found)?;
        if document.role(user) < Some(role) { Err(ApiError::no_permission()) } else { Ok(()) }
    }

    /// Change a spreadsheet, all or nothing: the work is done on a copy, which counts only when the work succeeds.
    /// `None`: there is no such spreadsheet.
    pub(super) fn change<T, E>(
        &self,
        id: &str,
        user: &str,
        work: impl FnOnce(&mut Book) -> Result<T, E>,
    ) -> Option<Result<T, E>> {
        let mut state = self.state();
        let document = state.documents.0.get_mut(id)?;
        let mut copy = document.book.clone();
        user.clone_into(&mut copy.writer);
        copy.trespassed = false;
        let done = match work(&mut copy) {
            Ok(done) => done,
            Err(refused) => return Some(Err(refused)),
        };
        if copy.changes != document.book.changes {
            document.book = copy;
            self.touch(&mut state, id, user, "content");
        }
        Some(Ok(done))
    }

    /// The same for a call of the API, where a protected range refuses too.
    pub(super) fn write<T>(
        &self,
        id: &str,
        user: &str,
        work: impl FnOnce(&mut Book) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let checked = |book: &mut Book| {
            let done = work(book)?;
            if book.trespassed { Err(ApiError::protected()) } else { Ok(done) }
        };
        self.change(id, user, checked).unwrap_or_else(|| Err(ApiError::not_found()))
    }

    /// Note that a file changed. `what` is the kind of change that push notifications name.
    pub(super) fn touch(&self, state: &mut super::State, id: &str, user: &str, what: &str) {
        let Some(document) = state.documents.0.get_mut(id) else { return };
        document.version += 1;
        if what == "content" {
            document.modified = clock::now();
            user.clone_into(&mut document.modified_by);
        }
        if id == self.spreadsheet_id() {
            self.0.version.send_replace(document.version);
        }
        let resource_state = if document.trashed { "trash" } else { "update" };
        self.noted(state, id, resource_state, what);
    }
}
