//! What people ask afterwards: runs, movements, audit, status.

use std::collections::BTreeMap;

use super::{State, next_id, up_to};
use crate::clock::Time;
use crate::db::{AuditLine, EndpointStatus, MovementLine, RunRecord, SHEET, whole};

impl State {
    pub(super) fn record_run(&mut self, run: &RunRecord) {
        let (started, ended) = (whole(run.started), whole(run.ended));
        self.runs.insert(next_id(&self.runs), RunRecord { started, ended, ..run.clone() });
    }

    pub(super) fn prune_runs(&mut self, before: Time) -> u64 {
        let before = whole(before);
        let held = self.runs.len();
        self.runs.retain(|_, run| run.ended >= before);
        u64::try_from(held - self.runs.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn movements(&self, after: i64, limit: u32) -> Vec<MovementLine> {
        let skip = usize::try_from(after.max(0)).unwrap_or(usize::MAX);
        self.movements.iter().skip(skip).take(up_to(limit)).cloned().collect()
    }

    pub(super) fn audit_lines(&self, sku: Option<&str>, limit: u32) -> Vec<AuditLine> {
        let asked = |line: &&AuditLine| sku.is_none_or(|sku| line.sku == sku);
        self.audit.iter().rev().filter(asked).take(up_to(limit)).cloned().collect()
    }

    pub(super) fn endpoint_status(&self, endpoint: &str) -> EndpointStatus {
        let held = self.endpoints.get(endpoint);
        let of = |figure: fn(&super::Endpoint) -> usize| held.map_or(0, figure);
        let open = |held: &super::Endpoint| {
            held.sides.values().flat_map(BTreeMap::values).filter(|kept| kept.open.is_some()).count()
        };
        let skus = if endpoint == SHEET {
            self.rows.values().filter(|kept| kept.record.missing == 0).count()
        } else {
            of(|held| held.listings.len())
        };
        let dead = self.letters.values().filter(|letter| letter.endpoint == endpoint).count();
        let count = |figure: usize| i64::try_from(figure).unwrap_or(i64::MAX);
        EndpointStatus {
            endpoint: endpoint.to_owned(),
            skus: count(skus),
            waiting: count(of(|held| held.hints.len())),
            open_intents: count(of(open)),
            dead: count(dead),
            deliveries: count(of(|held| held.deliveries.len())),
            last_run: self.runs.values().rev().find(|run| run.endpoint == endpoint).cloned(),
        }
    }
}
