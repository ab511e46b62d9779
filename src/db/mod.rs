//! The ledger: rows, listings, pools, movements, intents, inbox, hints, dead letters, runs, audit.
//!
//! Methods are whole transactions; none is open while a call to the outside is in flight. All SQL is in this folder.

mod content;
mod hints;
mod inbox;
mod letters;
mod orders;
mod report;
mod stock;

use std::path::Path;
use std::time::Duration;

use chrono::TimeZone as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};

use crate::clock::Time;
pub use content::{AcceptedRows, ListingRecord, RowRecord, Seen, StatusFacts};
pub use hints::{Hint, HintDone, Want};
pub use inbox::Delivery;
pub use letters::DeadLetter;
pub use orders::{OrderCursor, OrderLook, SeenLine};
pub use report::{AuditLine, EndpointStatus, MovementLine, RunRecord};
pub use stock::{OpenIntent, Peers, StockChange, StockFold, StockNote, StockRequest};

/// The sheet's endpoint name. Shops have their own names; this one is reserved.
pub const SHEET: &str = "sheet";

/// SQLite before this had a WAL bug that could lose a committed transaction after a reset under load
/// (<https://www.sqlite.org/releaselog/3_51_3.html>).
const SQLITE_MIN: (u32, u32, u32) = (3, 51, 3);

/// What can go wrong with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// SQLite said no.
    #[error("ledger: {0}")]
    Sql(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("ledger: cannot bring the schema up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Too old a SQLite was linked.
    #[error("ledger: SQLite {found} is too old; 3.51.3 or newer is needed (its write-ahead log is safe from there on)")]
    Version {
        /// What was found.
        found: String,
    },
    /// A stored value does not read back.
    #[error("ledger: {what} does not read back: {why}")]
    Corrupt {
        /// Which value.
        what: &'static str,
        /// Why.
        why: String,
    },
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, DbError>;

/// The ledger in one SQLite file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// One connection: SQLite has one writer, and queueing here is fairer than `SQLITE_BUSY`.
    writer: SqlitePool,
    /// Readers never wait for the writer under WAL.
    readers: SqlitePool,
}

type Tx<'a> = Transaction<'a, Sqlite>;

impl Ledger {
    /// Open the ledger file, creating it and bringing its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, SQLite is too old, or a migration fails.
    pub async fn open(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let writer = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let writer = writer.connect_with(options.clone()).await?;
        let found: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&writer).await?;
        if version(&found) < SQLITE_MIN {
            return Err(DbError::Version { found });
        }
        sqlx::migrate!("src/db/migrations").run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(2).min_connections(0);
        let readers = readers.connect_lazy_with(options.read_only(true).create_if_missing(false));
        Ok(Self { writer, readers })
    }

    /// Close the file, folding the write-ahead log back into it.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn begin(&self) -> Result<Tx<'static>> {
        // Immediate: the write lock is taken at once, so that what is read in the transaction cannot be outdated at its end.
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// A remembered fact by name.
    pub async fn fact(&self, name: &str) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT value FROM facts WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?)
    }

    /// Remember a fact.
    pub async fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        set_fact(&mut tx, name, value).await?;
        Ok(tx.commit().await?)
    }
}

async fn set_fact(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<()> {
    let sql = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sqlx::query(sql).bind(name).bind(value).execute(&mut **tx).await?;
    Ok(())
}

fn version(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

fn millis(time: Time) -> i64 {
    time.timestamp_millis()
}

fn time(millis: i64) -> Time {
    chrono::Utc.timestamp_millis_opt(millis).single().unwrap_or(Time::UNIX_EPOCH)
}

/// A list as one bound parameter, for `IN (SELECT value FROM json_each(?))`.
fn json_list<T: serde::Serialize>(items: &[T]) -> String {
    serde_json::to_string(items).unwrap_or_else(|_| "[]".to_owned())
}
