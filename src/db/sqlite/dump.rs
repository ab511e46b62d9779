//! For tests: everything in the file as text, as the ledger in memory says it too.

use super::SqliteLedger;

/// Tables in the order of the dump: their columns, and what they are sorted by.
const TABLES: [(&str, &str, &str); 14] = [
    ("facts", "name, value", "name"),
    ("rows", "sku, tab, row, row_hash, content, missing, accepted_at", "sku"),
    (
        "listings",
        "endpoint, sku, product, variant, inventory, handle, seen_title, seen_price, base_title, echo_title, \
         base_price, seen_sku, row_hash, synced_at",
        "endpoint, sku",
    ),
    ("sides", "endpoint, sku, pool, accounted, window_took, window_gave, window_is_new, recent", "endpoint, sku, pool"),
    ("shares", "endpoint, order_id, line_id, sku, share, in_flight", "endpoint, order_id, line_id"),
    ("hints", "endpoint, sku, look, stock, content, due_at, attempts, seq", "endpoint, sku"),
    ("pools", "sku, pool, units", "sku, pool"),
    ("movements", "id, sku, pool, endpoint, units, cause, pool_after, at", "id"),
    ("intents", "id, endpoint, sku, pool, expected, delta, key, state, recorded_at, settled_at", "id"),
    ("inbox", "id, shop, topic, dedupe, mentions, received_at, handled_at", "id"),
    ("dead_letters", "id, endpoint, sku, what, code, reason, row_hash, attempts, at", "id"),
    ("runs", "id, endpoint, cause, started_at, ended_at, looked_at, moved, written, refused, outcome", "id"),
    ("former_skus", "sku, now", "sku"),
    ("audit", "id, at, endpoint, sku, field, before, after, reason", "id"),
];

impl SqliteLedger {
    /// One line per fact, `table [values]`.
    pub(in crate::db) async fn dump(&self) -> String {
        let mut text = String::new();
        for (table, columns, order) in TABLES {
            let sql = format!("SELECT '{table} ' || json_array({columns}) FROM {table} ORDER BY {order}");
            let lines = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&self.writer).await;
            let lines: Vec<String> = lines.unwrap();
            text.extend(lines.into_iter().map(|line| line + "\n"));
        }
        text
    }

    /// Do not wait for the disk: for tests that write much and pull no plug.
    pub(in crate::db) async fn hurry(&self) {
        sqlx::query("PRAGMA synchronous = OFF").execute(&self.writer).await.unwrap();
    }

    /// Forget everything.
    pub(in crate::db) async fn clear(&self) {
        let mut tx = self.begin().await.unwrap();
        for (table, _, _) in TABLES {
            sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}
