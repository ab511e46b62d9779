//! What an endpoint speaks of: where that is another thing, it is met as for the first time.

use std::collections::BTreeSet;

use super::report::audit;
use super::{SqliteLedger, Tx, hints, json_list, set_fact};
use crate::catalog::Pool;
use crate::clock::Time;
use crate::db::identity::{
    ANOTHER_SHOP, OTHER_COLUMNS, columns_to_fact, identity_of_columns, identity_of_shop, in_one_line, recognise,
    unchanged_tabs,
};
use crate::db::orders::{baseline_name, cursor_name};
use crate::db::{PoolColumns, Recognised, Result, SHEET, Want, millis};

impl SqliteLedger {
    pub(super) async fn recognise_shop(&self, shop: &str, identity: &str, now: Time) -> Result<Recognised> {
        let mut tx = self.begin().await?;
        let name = identity_of_shop(shop);
        let kept = kept(&mut tx, &name).await?;
        let mut recognised = recognise(kept.as_deref(), identity);
        if recognised == Recognised::Same {
            return Ok(recognised);
        }
        set_fact(&mut tx, &name, identity).await?;
        if let Recognised::Another { before, numbers } = &mut recognised {
            *numbers = forget_shop(&mut tx, shop, now).await?;
            let (before, after) = (Some(before.as_str()), Some(identity));
            audit(&mut tx, now, shop, "*", "identity", before, after, ANOTHER_SHOP).await?;
        }
        tx.commit().await?;
        Ok(recognised)
    }

    pub(super) async fn recognise_columns(&self, pool: &Pool, columns: &PoolColumns, now: Time) -> Result<Recognised> {
        let mut tx = self.begin().await?;
        let (name, fact) = (identity_of_columns(pool), columns_to_fact(columns));
        let kept = kept(&mut tx, &name).await?;
        let mut recognised = recognise(kept.as_deref(), &fact);
        if recognised == Recognised::Same {
            return Ok(recognised);
        }
        set_fact(&mut tx, &name, &fact).await?;
        if let Recognised::Another { before, numbers } = &mut recognised {
            let same = unchanged_tabs(kept.as_deref().unwrap_or_default(), columns);
            *numbers = forget_columns(&mut tx, pool, &same, now).await?;
            let (before, after) = (Some(before.as_str()), Some(in_one_line(&fact)));
            audit(&mut tx, now, SHEET, "*", "identity", before, after.as_deref(), OTHER_COLUMNS).await?;
        }
        tx.commit().await?;
        Ok(recognised)
    }
}

async fn kept(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("SELECT value FROM facts WHERE name = ?").bind(name).fetch_optional(&mut **tx).await?)
}

/// Forget everything that was there; says how many stock numbers that were.
async fn forget_shop(tx: &mut Tx<'_>, shop: &str, now: Time) -> Result<u64> {
    for sql in ["DELETE FROM listings WHERE endpoint = ?", "DELETE FROM shares WHERE endpoint = ?"] {
        sqlx::query(sql).bind(shop).execute(&mut **tx).await?;
    }
    let numbers = sqlx::query("DELETE FROM sides WHERE endpoint = ?").bind(shop).execute(&mut **tx).await?;
    let sql = "UPDATE intents SET state = 'not_done', settled_at = ? WHERE endpoint = ? AND settled_at IS NULL";
    sqlx::query(sql).bind(millis(now)).bind(shop).execute(&mut **tx).await?;
    for name in [baseline_name(shop), cursor_name(shop)] {
        sqlx::query("DELETE FROM facts WHERE name = ?").bind(name).execute(&mut **tx).await?;
    }
    let sql = "DELETE FROM dead_letters WHERE endpoint = ? RETURNING sku";
    let told: Vec<String> = sqlx::query_scalar(sql).bind(shop).fetch_all(&mut **tx).await?;
    for sku in told.into_iter().collect::<BTreeSet<_>>() {
        hints::hint(tx, SHEET, &sku, Want::CONTENT, now).await?;
    }
    hints::hint(tx, shop, "*", Want::LOOK, now).await?;
    Ok(numbers.rows_affected())
}

/// Forget the numbers of a pool in the sheet, but those of rows that are in tabs which are the same.
async fn forget_columns(tx: &mut Tx<'_>, pool: &Pool, same: &[&str], now: Time) -> Result<u64> {
    let sql = "DELETE FROM sides WHERE endpoint = ? AND pool = ? AND sku NOT IN (SELECT sku FROM rows \
               WHERE missing = 0 AND tab IN (SELECT value FROM json_each(?))) RETURNING sku";
    let query = sqlx::query_scalar(sql).bind(SHEET).bind(pool).bind(json_list(same));
    let skus: Vec<String> = query.fetch_all(&mut **tx).await?;
    let sql = "UPDATE intents SET state = 'not_done', settled_at = ? WHERE endpoint = ? AND pool = ? \
               AND settled_at IS NULL AND sku IN (SELECT value FROM json_each(?))";
    let query = sqlx::query(sql).bind(millis(now)).bind(SHEET).bind(pool).bind(json_list(&skus));
    query.execute(&mut **tx).await?;
    for sku in &skus {
        hints::hint(tx, SHEET, sku, Want::STOCK, now).await?;
    }
    Ok(skus.len() as u64)
}
