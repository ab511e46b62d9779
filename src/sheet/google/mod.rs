//! [`Workbook`] over Google's Sheets and Drive APIs.
//!
//! Every call has one time-out and one guard against the quota; nothing is retried here.

mod a1;
mod auth;
mod cache;
mod error;
#[cfg(test)]
mod lab_tests;
#[cfg(test)]
mod tests;
mod transport;
mod values;
mod write;

use std::collections::BTreeMap;
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use google_drive3::DriveHub;
use google_sheets4::Sheets;
use google_sheets4::common;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use url::Url;

pub use auth::Account;
use auth::{SCOPES, Tokens};
use error::Watch;
use transport::Connector;
use write::{ANSWER_FIELDS, Batch};

use crate::sheet::{CellRange, CellWrite, Grid, Receipt, Render, Shape, SheetError, TabShape, Workbook};

/// A call that takes longer is given up on. Google itself ends a request after 180 s
/// (<https://developers.google.com/workspace/sheets/api/limits>); a person waits less, and a lost answer is looked up.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Requests per minute and user, for reads and for writes (<https://developers.google.com/workspace/sheets/api/limits>).
const CALLS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Web servers commonly take 8 KiB of request line; ranges beyond that go in a call of their own.
const QUERY_MAX: usize = 7_000;

/// What a [`GoogleWorkbook`] needs.
#[derive(Debug, Clone)]
pub struct GoogleSettings {
    /// The long id in the spreadsheet's address.
    pub spreadsheet_id: String,
    /// Who asks.
    pub account: Account,
    /// Where the Sheets API is, when not at Google: its root, without `v4/`.
    pub sheets_url: Option<Url>,
    /// Where the Drive API is, when not at Google: with its path, `https://host/drive/v3/`.
    pub drive_url: Option<Url>,
}

/// A spreadsheet at Google.
pub struct GoogleWorkbook {
    id: String,
    sheets: Sheets<Connector>,
    drive: DriveHub<Connector>,
    tokens: Tokens,
    reads: DefaultDirectRateLimiter,
    writes: DefaultDirectRateLimiter,
    /// Ids of the tabs by title, as last seen.
    ids: Mutex<BTreeMap<String, i32>>,
}

/// A third at once, the rest evenly: within any minute at most `per_minute`, as one burst plus a minute's refill.
fn guard(per_minute: NonZeroU32) -> DefaultDirectRateLimiter {
    let burst = NonZeroU32::new(per_minute.get() / 3).unwrap_or(NonZeroU32::MIN);
    let refill = NonZeroU32::new(per_minute.get() - burst.get()).unwrap_or(NonZeroU32::MIN);
    RateLimiter::direct(Quota::per_minute(refill).allow_burst(burst))
}

/// The crates append paths to their base, so it must end with a slash.
fn base(url: &Url) -> String {
    format!("{}/", url.as_str().trim_end_matches('/'))
}

impl GoogleWorkbook {
    /// Set up. Nothing is sent yet.
    ///
    /// # Errors
    /// [`SheetError::Access`] when the account's file is unusable, [`SheetError::NotFound`] when the id cannot be one,
    /// [`SheetError::Connect`] without root certificates.
    pub async fn new(settings: GoogleSettings) -> Result<Self, SheetError> {
        let id = settings.spreadsheet_id;
        // It becomes part of a path, and the crates panic on one that does not parse.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err(SheetError::NotFound(format!("\"{id}\" is not the id of a spreadsheet")));
        }
        let tokens = Tokens::new(&settings.account).await?;
        let is_plain = |url: &Option<Url>| url.as_ref().is_some_and(|url| url.scheme() == "http");
        let plain = is_plain(&settings.sheets_url) && is_plain(&settings.drive_url);
        let agent = concat!("shelfd/", env!("CARGO_PKG_VERSION")).to_owned();
        let mut sheets = Sheets::new(transport::client(plain)?, tokens.clone());
        let mut drive = DriveHub::new(transport::client(plain)?, tokens.clone());
        sheets.user_agent(agent.clone());
        drive.user_agent(agent);
        if let Some(url) = &settings.sheets_url {
            sheets.base_url(base(url));
            sheets.root_url(base(url));
        }
        if let Some(url) = &settings.drive_url {
            drive.base_url(base(url));
            drive.root_url(base(url));
        }
        let (reads, writes) = (guard(CALLS_PER_MINUTE), guard(CALLS_PER_MINUTE));
        Ok(Self { id, sheets, drive, tokens, reads, writes, ids: Mutex::default() })
    }

    /// Change the guard, for projects with a raised quota and for labs without one. Default: 60 reads and 60 writes.
    #[must_use]
    pub fn with_calls_per_minute(mut self, calls: NonZeroU32) -> Self {
        self.reads = guard(calls);
        self.writes = guard(calls);
        self
    }

    /// Whom the spreadsheet must be shared with: the service account's e-mail address, or words for a person.
    pub fn account(&self) -> &str {
        self.tokens.account()
    }

    /// Let a person sign in ([`Account::Installed`]): `show` gets the address to visit, and the answer comes back over
    /// a loopback port of this machine. Returns at once when a stored sign-in still works.
    ///
    /// # Errors
    /// [`SheetError::Access`] when it was refused, or nobody came within ten minutes.
    pub async fn sign_in(&self, show: impl Fn(&str) + Send + Sync + 'static) -> Result<(), SheetError> {
        self.tokens.sign_in(show).await
    }

    /// Run one call. `watch` was its delegate.
    async fn finish<T>(
        &self,
        call: impl Future<Output = (Watch, common::Result<(common::Response, T)>)>,
    ) -> Result<T, SheetError> {
        let Ok((watch, answer)) = tokio::time::timeout(CALL_TIMEOUT, call).await else {
            return Err(SheetError::AnswerLost(format!("no answer within {} s", CALL_TIMEOUT.as_secs())));
        };
        match answer {
            Ok((_, answer)) => Ok(answer),
            Err(error) => {
                if watch.status == Some(401) {
                    self.tokens.spurn();
                }
                Err(error::sort(error, watch.status, self.account()))
            }
        }
    }

    /// Ids of the tabs by title; asked for when one is not known.
    async fn ids(&self, cells: &[CellWrite]) -> Result<BTreeMap<String, i32>, SheetError> {
        let known = || self.ids.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let ids = known();
        if cells.iter().all(|cell| ids.contains_key(&cell.tab)) {
            return Ok(ids);
        }
        self.shape().await?;
        Ok(known())
    }

    async fn batch_get(&self, ranges: &[String], render: Render) -> Result<Vec<Grid>, SheetError> {
        self.reads.until_ready().await;
        let (render, dates) = match render {
            Render::Values => ("UNFORMATTED_VALUE", "SERIAL_NUMBER"),
            Render::Formulas => ("FORMULA", "SERIAL_NUMBER"),
            Render::Dates => ("UNFORMATTED_VALUE", "FORMATTED_STRING"),
        };
        let answer = self.finish(async {
            let mut watch = Watch::default();
            let mut call = self.sheets.spreadsheets().values_batch_get(&self.id);
            for range in ranges {
                call = call.add_ranges(range);
            }
            let call = call
                .value_render_option(render)
                .date_time_render_option(dates)
                .major_dimension("ROWS")
                .add_scopes(SCOPES)
                .delegate(&mut watch);
            let answer = call.doit().await;
            (watch, answer)
        });
        let answer = answer.await?.value_ranges.unwrap_or_default();
        if answer.len() != ranges.len() {
            return Err(SheetError::Unexpected(format!("{} ranges asked, {} given", ranges.len(), answer.len())));
        }
        answer.into_iter().map(values::to_grid).collect()
    }
}

#[async_trait]
impl Workbook for GoogleWorkbook {
    async fn version(&self) -> Result<i64, SheetError> {
        let file = self.finish(async {
            let mut watch = Watch::default();
            let call = self.drive.files().get(&self.id).supports_all_drives(true).param("fields", "version");
            let answer = call.add_scopes(SCOPES).delegate(&mut watch).doit().await;
            (watch, answer)
        });
        file.await?.version.ok_or_else(|| SheetError::Unexpected("a file without a version".to_owned()))
    }

    async fn shape(&self) -> Result<Shape, SheetError> {
        self.reads.until_ready().await;
        let answer = self.finish(async {
            let mut watch = Watch::default();
            let call = self.sheets.spreadsheets().get(&self.id).param("fields", "properties.locale,sheets.properties");
            let answer = call.add_scopes(SCOPES).delegate(&mut watch).doit().await;
            (watch, answer)
        });
        let book = answer.await?;
        let locale = book.properties.and_then(|properties| properties.locale).unwrap_or_default();
        // Charts on a tab of their own have no grid.
        let tabs = book.sheets.unwrap_or_default().into_iter().filter_map(|sheet| sheet.properties).filter_map(|tab| {
            let grid = tab.grid_properties?;
            let count = |number: Option<i32>| u32::try_from(number.unwrap_or_default()).unwrap_or_default();
            Some(TabShape {
                title: tab.title?,
                // Absent means zero: the first tab's id.
                sheet_id: i64::from(tab.sheet_id.unwrap_or_default()),
                rows: count(grid.row_count),
                columns: count(grid.column_count),
            })
        });
        let shape = Shape { locale, tabs: tabs.collect() };
        let id = |tab: &TabShape| Some((tab.title.clone(), i32::try_from(tab.sheet_id).ok()?));
        *self.ids.lock().unwrap_or_else(PoisonError::into_inner) = shape.tabs.iter().filter_map(id).collect();
        Ok(shape)
    }

    async fn read(&self, ranges: &[CellRange], render: Render) -> Result<Vec<Grid>, SheetError> {
        let ranges: Vec<String> = ranges.iter().map(a1::range).collect();
        let mut grids = Vec::with_capacity(ranges.len());
        let mut rest = ranges.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(fitting(rest));
            grids.append(&mut self.batch_get(now, render).await?);
            rest = later;
        }
        Ok(grids)
    }

    async fn write(&self, cells: &[CellWrite], look: &[CellRange]) -> Result<Receipt, SheetError> {
        if cells.is_empty() {
            return Ok(Receipt { applied: Vec::new(), left: vec![Vec::new(); look.len()] });
        }
        let batch = Batch::new(cells, look);
        let request = batch.request(&self.ids(cells).await?)?;
        self.writes.until_ready().await;
        let answer = self.finish(async {
            let mut watch = Watch::default();
            let call = self.sheets.spreadsheets().batch_update(request, &self.id).param("fields", ANSWER_FIELDS);
            let answer = call.add_scopes(SCOPES).delegate(&mut watch).doit().await;
            (watch, answer)
        });
        match answer.await {
            Ok(answer) => batch.receipt(answer),
            Err(error) => {
                // A tab may have been made anew under its old title: its id is looked up again next time.
                if matches!(error, SheetError::Refused(_)) {
                    self.ids.lock().unwrap_or_else(PoisonError::into_inner).clear();
                }
                Err(error)
            }
        }
    }
}

/// How many of the ranges, at least one, fit in one call's address.
fn fitting(ranges: &[String]) -> usize {
    let mut length = 0;
    let fits = |range: &&String| {
        let encoded = percent_encoding::utf8_percent_encode(range, percent_encoding::NON_ALPHANUMERIC);
        length += "&ranges=".len() + encoded.map(str::len).sum::<usize>();
        length <= QUERY_MAX
    };
    ranges.iter().take_while(fits).count().max(1)
}
