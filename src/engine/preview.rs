//! What a sync would write, without writing anything: `shelfd plan`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::identity::Strange;
use super::listing::{Listed, Owners, list_shop, looks_alike, not_all_known};
use super::{BySku, Engine, PassError, Shop};
use crate::catalog::{Problem, Row, Sku};
use crate::db::ListingRecord;
use crate::plan::{Change, ContentPlan, Known, content, guard_sheet, renames};
use crate::sheet::reader::read_tabs;
use crate::stores::RemoteListing;

/// Something that keeps a row (or a tab) from being synced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewProblem {
    /// Tab title; empty for a tab that cannot be read.
    pub tab: String,
    /// Sheet row, counted from 1; 0 for a whole tab.
    pub row: u32,
    /// What is wrong.
    pub words: String,
}

/// A plan for all shops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Usable rows in the sheet.
    pub rows: usize,
    /// What would be written, each with its reason.
    pub changes: Vec<Change>,
    /// What would not, and why.
    pub problems: Vec<PreviewProblem>,
}

impl Engine {
    /// Read the sheet and every shop, and say what a sync would change. Writes nothing, not even to the ledger.
    ///
    /// # Errors
    /// When something cannot be read, or a guard would stop the run.
    pub async fn preview(&self) -> Result<Preview, PassError> {
        let read = read_tabs(self.book.as_ref(), &self.sheet.tabs, self.sheet.block_rows, 3, None).await?;
        let complete = read.complete;
        let parsed = self.parse(read);
        let known = self.ledger.rows().await?;
        if parsed.tab_problems.is_empty() && complete {
            guard_sheet(parsed.rows.len() + parsed.quarantined.len(), known.len())?;
        }
        let mut preview = Preview { rows: parsed.rows.len(), changes: Vec::new(), problems: Vec::new() };
        let whole = |words: &String| PreviewProblem { tab: String::new(), row: 0, words: words.clone() };
        preview.problems.extend(parsed.tab_problems.iter().map(whole));
        preview.problems.extend(parsed.problems.iter().map(problem));
        let strange = self.strange().await?;
        let mut former = self.ledger.former_skus().await?;
        let here: BTreeSet<&Sku> = parsed.rows.iter().map(|row| &row.sku).chain(&parsed.quarantined).collect();
        let went: Vec<&Row> = known.values().map(|record| &record.row).filter(|row| !here.contains(&row.sku)).collect();
        let came: Vec<&Row> = parsed.rows.iter().filter(|row| !known.contains_key(&row.sku)).collect();
        former.extend(renames(&went, &came));
        for shop in &self.shops {
            self.preview_shop(shop, &parsed.rows, &former, &strange, &mut preview).await?;
        }
        Ok(preview)
    }

    async fn preview_shop(
        &self,
        shop: &Shop,
        rows: &[Row],
        former: &BySku<Sku>,
        strange: &Strange,
        preview: &mut Preview,
    ) -> Result<(), PassError> {
        let listings = match strange.shops.contains(shop.name()) {
            true => BySku::default(),
            false => self.ledger.listings(shop.name()).await?,
        };
        let skus = rows.iter().map(|row| row.sku.clone()).collect();
        let owners = Owners::new(skus, &listings, former.clone());
        let Listed { found, twice, unreadable, alike } = list_shop(shop.store.as_ref(), &owners).await?;
        for row in rows {
            let double = twice.contains(&row.sku).then(|| format!("the shop lists SKU \"{}\" more than once", row.sku));
            let unknown = not_all_known(&unreadable).filter(|_| !found.contains_key(&row.sku));
            if double.is_none() && unknown.is_some() && listings.contains_key(&row.sku) {
                // It is there, and stays as it is until it can be read.
                continue;
            }
            let alike = alike.get(&row.sku).filter(|_| !listings.contains_key(&row.sku)).map(looks_alike);
            if let Some(problem) = double.or(unknown).or(alike) {
                let words = format!("{}: {problem}", shop.name());
                preview.problems.push(PreviewProblem { tab: row.tab.clone(), row: row.row, words });
                continue;
            }
            let listing = found.get(&row.sku);
            let known = listing.map(|listing| seen_now(listings.get(&row.sku), listing));
            match content(shop.name(), row, known.as_ref()) {
                ContentPlan::Nothing => {}
                ContentPlan::Update { changes, .. } => preview.changes.extend(changes),
                ContentPlan::Create { title, price } => {
                    let after = format!("{title} at {price}");
                    preview.changes.push(line(shop, &row.sku, "listing", None, after, "new in the sheet"));
                }
                ContentPlan::Incomplete(words) => {
                    let words = format!("{}: {words}", shop.name());
                    preview.problems.push(PreviewProblem { tab: row.tab.clone(), row: row.row, words });
                }
            }
            self.preview_stock(shop, row, listing, strange, preview).await?;
        }
        Ok(())
    }

    /// Stock as the sheet has it now, with what people changed since the last pass; sales that shelfd has not seen yet
    /// are not in it.
    async fn preview_stock(
        &self,
        shop: &Shop,
        row: &Row,
        listing: Option<&RemoteListing>,
        strange: &Strange,
        preview: &mut Preview,
    ) -> Result<(), PassError> {
        let Some(cell) = row.stock.get(shop.store.pool()) else { return Ok(()) };
        let book = self.ledger.book(&row.sku, shop.store.pool()).await?;
        let is_strange = strange.columns.contains(&(shop.store.pool().clone(), row.tab.clone()));
        let accounted = book.sides.get(crate::db::SHEET).and_then(|side| side.accounted).filter(|_| !is_strange);
        let pool = match (book.pool, accounted) {
            (Some(pool), Some(accounted)) => pool + cell - accounted,
            // Met as for the first time: what stands in the cell moves nothing.
            (Some(pool), None) => pool,
            (None, _) => cell - row.sold.get(shop.store.pool()).unwrap_or(&0),
        };
        let target = shop.rule().target(pool);
        let here = listing.map_or(Some(0), |listing| listing.stock);
        if here != Some(target) {
            let before = here.map(|units| units.to_string());
            let reason = match accounted {
                Some(accounted) if accounted == *cell => "stock moved elsewhere",
                None if book.pool.is_some() => "stock as shelfd knows it; the sheet's column is new to it",
                _ => "stock in the sheet",
            };
            preview.changes.push(line(shop, &row.sku, "stock", before, target.to_string(), reason));
        }
        Ok(())
    }
}

fn problem(problem: &Problem) -> PreviewProblem {
    PreviewProblem { tab: problem.tab.clone(), row: problem.row, words: problem.words.clone() }
}

fn seen_now(record: Option<&ListingRecord>, listing: &RemoteListing) -> Known {
    let known = record.map(|record| record.known.clone()).unwrap_or_default();
    Known {
        seen_title: listing.title.clone().or(known.seen_title.clone()),
        seen_price: listing.price.or(known.seen_price),
        seen_sku: Some(listing.sku.as_ref().map(ToString::to_string).unwrap_or_default()),
        ..known
    }
}

fn line(shop: &Shop, sku: &Sku, field: &'static str, before: Option<String>, after: String, reason: &str) -> Change {
    Change { endpoint: shop.name().to_owned(), sku: sku.clone(), field, before, after, reason: reason.to_owned() }
}
