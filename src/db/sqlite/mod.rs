//! The ledger in one SQLite file. All SQL is in this folder.

mod content;
#[cfg(test)]
mod dump;
mod hints;
mod identity;
mod inbox;
mod ledger;
mod letters;
mod orders;
mod renames;
mod report;
mod stock;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};

use super::{DbError, Result, TERM, hold_term, next_term};
use crate::catalog::Sku;

/// SQLite before this had a WAL bug that could lose a committed transaction after a reset under load
/// (<https://www.sqlite.org/releaselog/3_51_3.html>).
const SQLITE_MIN: (u32, u32, u32) = (3, 51, 3);

/// The ledger in one SQLite file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqliteLedger {
    /// One connection: SQLite has one writer, and queueing here is fairer than `SQLITE_BUSY`.
    writer: SqlitePool,
    /// Readers never wait for the writer under WAL.
    readers: SqlitePool,
    /// The term under which this handle writes, where it holds the lease.
    term: Option<i64>,
}

type Tx<'a> = Transaction<'a, Sqlite>;

impl SqliteLedger {
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
        sqlx::migrate!("src/db/sqlite/migrations").run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(2).min_connections(0);
        let readers = readers.connect_lazy_with(options.read_only(true).create_if_missing(false));
        Ok(Self { writer, readers, term: None })
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Take the lease: every other handle that holds one is fenced off from here on.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn take_lease(self) -> Result<Self> {
        let mut tx = Self { term: None, ..self.clone() }.begin().await?;
        let term = next_term(term(&mut tx).await?.as_deref());
        set_fact(&mut tx, TERM, &term.to_string()).await?;
        tx.commit().await?;
        Ok(Self { term: Some(term), ..self })
    }

    async fn begin(&self) -> Result<Tx<'static>> {
        // Immediate: the write lock is taken at once, so that what is read in the transaction cannot be outdated at its end.
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        if self.term.is_some() {
            hold_term(self.term, term(&mut tx).await?.as_deref())?;
        }
        Ok(tx)
    }

    async fn fact(&self, name: &str) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT value FROM facts WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?)
    }

    async fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        set_fact(&mut tx, name, value).await?;
        Ok(tx.commit().await?)
    }
}

async fn term(tx: &mut Tx<'_>) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("SELECT value FROM facts WHERE name = ?").bind(TERM).fetch_optional(&mut **tx).await?)
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

/// A list as one bound parameter, for `IN (SELECT value FROM json_each(?))`.
fn json_list<T: serde::Serialize>(items: &[T]) -> String {
    serde_json::to_string(items).unwrap_or_else(|_| "[]".to_owned())
}

/// A stored SKU, read back.
fn sku_of(text: &str) -> Result<Sku> {
    Sku::new(text).ok_or_else(|| DbError::Corrupt { what: "a SKU", why: "it is blank".to_owned() })
}
