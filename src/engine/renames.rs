//! Rows that people gave another SKU are followed, not taken for new ones.

use super::sheet_read::Unseen;
use super::{Engine, PassError, lock};
use crate::catalog::{Row, Sku};
use crate::clock::{self, Time};
use crate::plan::renames;
use crate::planted;

impl Engine {
    /// Give what is known of rows the SKU that they have now. Returns the rows that may be accepted; the others wait while a
    /// shop is in the middle of a pass, which knows them by their old name, and while it is not sure that the old one has gone.
    pub(super) async fn follow_renames(
        &self,
        rows: Vec<(Row, Time)>,
        unseen: &Unseen,
    ) -> Result<Vec<(Row, Time)>, PassError> {
        let skus: Vec<Sku> = rows.iter().map(|(row, _)| row.sku.clone()).collect();
        let known = self.ledger.rows_of(&skus).await?;
        if skus.iter().all(|sku| known.contains_key(sku)) || planted!(RenameIsNew) {
            return Ok(rows);
        }
        let all = self.ledger.rows().await?;
        let has_gone = all.values().filter(|record| record.missing > 0 || unseen.skus.contains(&record.row.sku));
        let went: Vec<&Row> = has_gone.map(|record| &record.row).collect();
        let came: Vec<&Row> = rows.iter().map(|(row, _)| row).filter(|row| !all.contains_key(&row.sku)).collect();
        let renames = renames(&went, &came);
        if renames.is_empty() {
            return Ok(rows);
        }
        if unseen.doubtful && planted!(RenameInDoubt) {
            return Ok(rows);
        }
        let nobody_is_under_way = self.passes.try_write().ok();
        if unseen.doubtful || (nobody_is_under_way.is_none() && !planted!(RenamedInHand)) {
            let is_renamed = |(row, _): &(Row, Time)| renames.iter().any(|(_, to)| *to == row.sku);
            let (waiting, rows): (Vec<_>, _) = rows.into_iter().partition(is_renamed);
            if unseen.doubtful && !unseen.taken_in {
                let rows: Vec<&Sku> = waiting.iter().map(|(row, _)| &row.sku).collect();
                tracing::warn!(
                    ?rows,
                    "rows with a new SKU wait until all tabs can be read: they look like some that are not there"
                );
            }
            lock(&self.settler).wait_longer(waiting, clock::now());
            return Ok(rows);
        }
        for (from, to) in &renames {
            if self.ledger.rename(from, to, &self.shop_names(), clock::now()).await? {
                tracing::info!(%from, sku = %to, "renamed in the sheet");
            } else {
                tracing::warn!(%from, sku = %to, "not followed: the ledger knows the new SKU already; it is taken as a product of its own");
            }
        }
        Ok(rows)
    }
}
