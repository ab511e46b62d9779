//! Counter columns: what shelfd shows as sold beside people's column of what came in.

use super::sheet_flush::{Planned, Purpose, own};
use super::{BySku, Engine, PassError, lock};
use crate::catalog::Cell;
use crate::db::{RowRecord, SHEET, Standing};
use crate::sheet::writer::{Expect, Target};
use crate::stock::sold;

/// What the counter beside a column of what came in should show.
pub(super) fn sold_of(standing: &Standing) -> Option<i64> {
    Some(sold(standing.accounted?, standing.pool?))
}

impl Engine {
    /// Counters that do not show what was sold. Nobody else writes there and nothing is read from them again, so a write needs
    /// no intent: one that is lost is made again.
    pub(super) async fn counter_cells(&self, rows: &BySku<RowRecord>) -> Result<Vec<Planned>, PassError> {
        if self.sheet.tabs.iter().all(|mapping| mapping.sold.is_empty()) {
            return Ok(Vec::new());
        }
        let standings = self.ledger.standings(SHEET).await?;
        let shown = lock(&self.shown);
        let mut planned = Vec::new();
        for (sku, record) in rows.iter().filter(|(_, record)| record.missing == 0) {
            let (Some(mapping), Some(shown)) = (self.sheet.tab(&record.row.tab), shown.status.get(sku)) else {
                continue;
            };
            for (pool, header) in &mapping.sold {
                let sold = standings.get(&(sku.clone(), pool.clone())).and_then(sold_of);
                let here = shown.counters.get(header).cloned().unwrap_or_default();
                let is_shown = |sold: &i64| here == Cell::Number(*sold as f64) || (here == Cell::Blank && *sold == 0);
                let Some(value) = sold.filter(|sold| !is_shown(sold)).map(|sold| Cell::Number(sold as f64)) else {
                    continue;
                };
                let mut change = own(mapping, record.row.row, Target::Key(sku.clone()), header.clone(), value);
                // So that a row which was sorted under the write is hit as seldom as can be.
                change.expect = Expect::Value(here);
                planned.push(Planned { change, purpose: Purpose::Counter(sku.clone()) });
            }
        }
        Ok(planned)
    }
}
