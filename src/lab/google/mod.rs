//! The lab's Google: one spreadsheet behind the real Sheets v4, Drive v3 and OAuth token dialects. Method, parameter and
//! field names follow Google's discovery documents (sheets.v4 revision 20261019, drive.v3 revision 20261106).
//!
//! Not played: formatting beyond number formats, functions in formulas, named ranges, developer metadata, data filters,
//! charts, several spreadsheets, push notifications. A method or option that Google has and the lab does not play answers
//! 501; a kind of `batchUpdate` request that it does not play is refused as Google refuses an unknown one.

mod a1;
mod access;
mod book;
mod calls;
mod cell;
mod cell_requests;
mod drive;
mod error;
mod find_replace;
mod formula;
mod http;
mod locale;
mod mask;
mod oauth;
mod payload;
mod people;
mod query;
mod ranges;
mod render;
mod requests;
mod sheet_requests;
mod sorting;
mod spreadsheet;
mod typed;
mod values;
mod writes;

#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod requests_tests;
#[cfg(test)]
mod writes_tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value as Json;
use tokio::sync::watch;

use self::access::{Access, Quota};
use self::book::Book;
pub use self::people::GridRefusal;
use crate::clock::{self, Time};
use crate::lab::gate::Gate;

/// The merchant, who owns the spreadsheet and edits it by hand.
const MERCHANT: &str = "merchant@shelfd-lab.example";

/// Who uses [`GoogleFace::access_token`].
const LAB_USER: &str = "lab@shelfd-lab.example";

/// What the lab's spreadsheet starts with.
#[derive(Debug, Clone)]
pub struct GoogleOptions {
    /// The id in URLs.
    pub spreadsheet_id: String,
    /// Title of the spreadsheet, and name of the file.
    pub title: String,
    /// Locale code (`en_US`), which says how typed numbers read.
    pub locale: String,
    /// Title and rows of each tab, header row first. Values go in as they are (texts stay texts), but a text with a
    /// leading `=` is a formula.
    pub tabs: Vec<(String, Vec<Vec<Json>>)>,
    /// Read requests per user and minute; `None`: unlimited.
    pub reads_per_minute: Option<u32>,
    /// Write requests per user and minute; `None`: unlimited.
    pub writes_per_minute: Option<u32>,
}

impl Default for GoogleOptions {
    /// An empty English spreadsheet with Google's own quotas:
    /// <https://developers.google.com/workspace/sheets/api/limits>.
    fn default() -> Self {
        Self {
            spreadsheet_id: "1Lab0000000000000000000000000000000000000000".to_owned(),
            title: "Lab".to_owned(),
            locale: "en_US".to_owned(),
            tabs: Vec::new(),
            reads_per_minute: Some(60),
            writes_per_minute: Some(60),
        }
    }
}

/// One Google with one spreadsheet. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct GoogleFace(Arc<Inner>);

struct Inner {
    spreadsheet_id: String,
    access_token: String,
    gate: Gate,
    state: Mutex<State>,
    version: watch::Sender<i64>,
}

/// Everything that changes. Locked only in synchronous sections.
struct State {
    book: Book,
    version: i64,
    created: Time,
    modified: Time,
    modified_by: String,
    access: Access,
}

impl GoogleFace {
    /// Open the spreadsheet.
    pub fn new(options: GoogleOptions) -> Self {
        let now = clock::now();
        let access_token = format!("ya29.lab-{}", clock::fresh_key());
        let quota = Quota { reads: options.reads_per_minute, writes: options.writes_per_minute };
        let mut access = Access::new(quota);
        access.install(&access_token, LAB_USER);
        let state = State {
            book: Book::new(&options.title, &options.locale, &options.tabs),
            version: 1,
            created: now,
            modified: now,
            modified_by: MERCHANT.to_owned(),
            access,
        };
        let gate = Gate::default();
        gate.refuse_with(http::refuse);
        Self(Arc::new(Inner {
            spreadsheet_id: options.spreadsheet_id,
            access_token,
            gate,
            version: watch::Sender::new(state.version),
            state: Mutex::new(state),
        }))
    }

    /// The HTTP face: `/token`, `/v4/spreadsheets/…` and `/drive/v3/files/…`.
    pub fn router(&self) -> axum::Router {
        http::router(self.clone())
    }

    /// What every call passes through.
    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// The id in URLs.
    pub fn spreadsheet_id(&self) -> &str {
        &self.0.spreadsheet_id
    }

    /// The content of a service account's key file, private key included, for the lab's token endpoint at `token_uri`.
    pub fn service_account_json(&self, token_uri: &str) -> Json {
        oauth::service_account_json(token_uri)
    }

    /// The content of an installed app's credentials file (with a refresh token), for the lab's token endpoint.
    pub fn authorized_user_json(&self, token_uri: &str) -> Json {
        oauth::authorized_user_json(token_uri)
    }

    /// A token for other programs: every scope, never expires, a user (and quota) of its own.
    pub fn access_token(&self) -> String {
        self.0.access_token.clone()
    }

    /// Make every token that the token endpoint gave out expire now.
    pub fn expire_tokens(&self) {
        self.state().access.expire();
    }

    /// Drive's file version: grows with every change, by whomever.
    pub fn version(&self) -> i64 {
        self.state().version
    }

    /// Hears the new version after every change.
    pub fn on_change(&self) -> watch::Receiver<i64> {
        self.0.version.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Changes are made on a copy and swapped in, so a panic leaves the state whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Change the book, all or nothing: the work is done on a copy, which counts only when the work succeeds.
    fn change<T, E>(&self, user: &str, work: impl FnOnce(&mut Book) -> Result<T, E>) -> Result<T, E> {
        let mut state = self.state();
        let mut copy = state.book.clone();
        let done = work(&mut copy)?;
        if copy.changes != state.book.changes {
            state.book = copy;
            state.version += 1;
            state.modified = clock::now();
            user.clone_into(&mut state.modified_by);
            self.0.version.send_replace(state.version);
        }
        Ok(done)
    }
}
