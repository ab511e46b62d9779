//! The lab's Google: spreadsheets behind the real Sheets v4, Drive v3 and OAuth token dialects. Method, parameter and
//! field names follow Google's discovery documents (sheets.v4 revision 20261019, drive.v3 revision 20261106).
//!
//! Not played: most of the less usual functions in formulas, data sources, tables, pivot tables, comments in the sheet, folders, shared
//! drives, uploads. A method or option that Google has and the lab does not play answers 501.

mod a1;
mod access;
mod area_requests;
mod attached;
mod attached_requests;
mod book;
mod by_filter;
mod calls;
mod cell;
mod cell_data;
mod cell_requests;
mod changes;
mod cleaning;
mod copying;
mod creation;
mod dimensions;
mod documents;
mod drive;
mod drive_files;
mod drive_http;
mod drive_query;
mod error;
mod find_replace;
mod formula;
mod functions;
mod http;
mod locale;
mod mask;
mod metadata;
mod oauth;
mod payload;
mod people;
mod permissions;
mod query;
mod ranges;
mod render;
mod requests;
mod rule_requests;
mod schema;
mod sheet_requests;
mod sorting;
mod spreadsheet;
mod tab;
mod typed;
mod values;
mod writes;

#[cfg(test)]
mod attached_tests;
#[cfg(test)]
mod conformity;
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
use self::changes::Feed;
use self::documents::{Document, Documents};
pub use self::people::GridRefusal;
use crate::clock;
use crate::lab::courier::Courier;
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

/// One Google, with the lab's spreadsheet and those that its users make. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct GoogleFace(Arc<Inner>);

struct Inner {
    spreadsheet_id: String,
    access_token: String,
    gate: Gate,
    state: Mutex<State>,
    version: watch::Sender<i64>,
    /// Carries push notifications.
    courier: Courier,
}

/// Everything that changes. Locked only in synchronous sections.
struct State {
    documents: Documents,
    feed: Feed,
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
        let book = Book::new(&options.title, &options.locale, &options.tabs);
        let mut main = Document::new(book, MERCHANT, now);
        for user in [oauth::SERVICE_ACCOUNT, LAB_USER] {
            main.share(user, "writer");
        }
        let version = watch::Sender::new(main.version);
        let mut documents = Documents::default();
        documents.0.insert(options.spreadsheet_id.clone(), main);
        let gate = Gate::default();
        gate.refuse_with(http::refuse);
        Self(Arc::new(Inner {
            spreadsheet_id: options.spreadsheet_id,
            access_token,
            gate,
            state: Mutex::new(State { documents, feed: Feed::default(), access }),
            version,
            courier: Courier::default(),
        }))
    }

    /// The HTTP face: `/token`, `/v4/spreadsheets/…` and `/drive/v3/…`.
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
        self.state().documents.0.get(&self.0.spreadsheet_id).map_or(0, |main| main.version)
    }

    /// Hears the new version after every change.
    pub fn on_change(&self) -> watch::Receiver<i64> {
        self.0.version.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Changes are made on a copy and swapped in, so a panic leaves the state whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of a spreadsheet, which is cheap.
    fn book(&self, id: &str) -> Option<Book> {
        self.state().documents.0.get(id).map(|document| document.book.clone())
    }
}
