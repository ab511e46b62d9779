//! One pass over everything, by hand: `shelfd sync`.

use std::time::Duration;

use futures::future::join_all;
use serde::Serialize;

use super::shop_pass::verdict;
use super::{Engine, PassError, ReadManner, Tally};
use crate::clock;
use crate::db::SHEET;
use crate::retry::Verdict;

/// Rounds of passes. Each takes up what the one before left to do; 100 content items a round and shop.
const ROUNDS_MAX: u32 = 2000;
/// Reads of the sheet before a passing trouble counts as failure.
const READ_ATTEMPTS: u32 = 4;
/// Work that falls due later than this is left to the next run.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// What a sync did, by endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// Figures by endpoint.
    pub endpoints: std::collections::BTreeMap<String, Tally>,
    /// What could not be finished, and why.
    pub failures: Vec<String>,
    /// Items still to do, by endpoint.
    pub waiting: std::collections::BTreeMap<String, i64>,
}

impl SyncReport {
    /// Items written anywhere.
    pub fn written(&self) -> u64 {
        self.endpoints.values().map(|tally| tally.written).sum()
    }
}

impl Engine {
    /// Look at everything, and pass over the endpoints until nothing is left to do. `progress` hears of each round: items
    /// still to do.
    ///
    /// # Errors
    /// When the sheet cannot be read, a guard stops everything, or the ledger fails. A failing shop does not stop others.
    pub async fn sync_once(&self, progress: &(dyn Fn(i64) + Send + Sync)) -> Result<SyncReport, PassError> {
        let mut report =
            SyncReport { endpoints: Default::default(), failures: Vec::new(), waiting: Default::default() };
        report.endpoints.entry(SHEET.to_owned()).or_default().add(self.read_patiently().await?);
        for shop in &self.shops {
            self.ledger.hint_everything(shop.name(), clock::now()).await?;
        }
        for _ in 0..ROUNDS_MAX {
            self.handle_inbox().await?;
            let passes = self.shops.iter().map(|shop| async move { (shop, self.shop_pass(shop, "by hand").await) });
            let mut failed = false;
            for (shop, result) in join_all(passes).await {
                match result {
                    Ok(tally) => report.endpoints.entry(shop.name().to_owned()).or_default().add(tally),
                    Err(error) => {
                        failed = true;
                        let words = error.to_string();
                        if !report.failures.contains(&words) {
                            report.failures.push(words);
                        }
                    }
                }
            }
            let left = self.waiting().await?;
            progress(left.values().sum());
            match self.flush_sheet("by hand").await {
                Ok(tally) => report.endpoints.entry(SHEET.to_owned()).or_default().add(tally),
                Err(error) => {
                    failed = true;
                    report.failures.push(error.to_string());
                }
            }
            match self.next_work().await? {
                Some(pause) if pause <= WAIT_MAX && !(failed && report.failures.len() > 5) => clock::sleep(pause).await,
                _ => break,
            }
        }
        report.waiting = self.waiting().await?;
        report.waiting.retain(|_, count| *count > 0);
        Ok(report)
    }

    /// Whoever syncs by hand should not have to start again for one cut connection.
    async fn read_patiently(&self) -> Result<Tally, PassError> {
        let mut attempt = 1;
        loop {
            match self.read_sheet(ReadManner::Full).await {
                Err(error) if verdict(&error) == Verdict::Retry && attempt < READ_ATTEMPTS => {
                    tracing::warn!("sheet: {error}; trying again");
                    clock::sleep(self.backoff(attempt, Verdict::Retry)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn waiting(&self) -> Result<std::collections::BTreeMap<String, i64>, PassError> {
        let mut waiting = std::collections::BTreeMap::new();
        for endpoint in self.shop_names().into_iter().chain([SHEET.to_owned()]) {
            let status = self.ledger.endpoint_status(&endpoint).await?;
            waiting.insert(endpoint, status.waiting);
        }
        Ok(waiting)
    }

    /// Time until the next hint of any endpoint is due; `None` when nothing is left.
    async fn next_work(&self) -> Result<Option<Duration>, PassError> {
        let mut next: Option<Duration> = None;
        for endpoint in self.shop_names().into_iter().chain([SHEET.to_owned()]) {
            if let Some(due) = self.ledger.next_due(&endpoint).await? {
                let pause = (due - clock::now()).to_std().unwrap_or_default();
                next = Some(next.map_or(pause, |next| next.min(pause)));
            }
        }
        Ok(next)
    }
}
