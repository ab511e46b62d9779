//! Titles and prices to a shop, and new products.

use std::time::Duration;

use super::listing::looks_alike;
use super::shop_look::remote;
use super::shop_pass::{Again, Pass};
use super::{BySku, Engine, PassError, lock};
use crate::catalog::{Money, Row, Sku};
use crate::clock;
use crate::db::{ListingRecord, RowRecord, Seen, StockFold, Want};
use crate::plan::{Change, ContentPlan, content, drafts};
use crate::planted;
use crate::retry::{self, GAVE_UP, Next, Verdict};
use crate::stores::{ContentChange, Outcome, ProductDraft, RemoteId, StoreError, VariantDraft};

/// After a creation whose answer was lost the shop is listed anew before it is tried again, so that nothing is made twice.
const CREATE_RETRY: Duration = Duration::from_secs(20);

/// A row that came after the last full look waits for the next one.
const LIST_FIRST: Duration = Duration::from_millis(50);

impl Engine {
    /// Bring the content of the given SKUs into agreement: update, create, or say why not.
    pub(super) async fn write_content(&self, pass: &mut Pass<'_>, skus: &[Sku]) -> Result<(), PassError> {
        if skus.is_empty() {
            return Ok(());
        }
        let rows = self.ledger.rows_of(skus).await?;
        let listings = self.ledger.listings_of(pass.shop.name(), skus).await?;
        let mut agreed = Vec::new();
        let mut updates = Vec::new();
        let mut creates: Vec<(&Row, String, Money)> = Vec::new();
        for (sku, record) in rows.iter().filter(|(_, record)| record.missing == 0) {
            let listing = listings.get(sku);
            match content(pass.shop.name(), &record.row, listing.map(|listing| &listing.known)) {
                ContentPlan::Nothing => agreed.push((record, Vec::new())),
                ContentPlan::Incomplete(reason) => self.bury(pass, sku, "create", "incomplete", reason).await?,
                ContentPlan::Create { title, price } => creates.push((&record.row, title, price)),
                ContentPlan::Update { title, price, rename, changes } => {
                    let Some(listing) = listing else { continue };
                    let change = ContentChange { sku: sku.clone(), remote: remote(listing), title, price, rename };
                    updates.push((change, changes));
                }
            }
        }
        self.agree(pass, &agreed).await?;
        self.update(pass, &rows, updates).await?;
        self.only_absent(pass, &mut creates).await?;
        self.create(pass, &rows, &creates).await
    }

    /// What a shop lists already, under a row that came later, must be linked and not made a second time: a listing is
    /// only created where the last full look, with its row known, found none. Others are looked for first.
    async fn only_absent(
        &self,
        pass: &mut Pass<'_>,
        creates: &mut Vec<(&Row, String, Money)>,
    ) -> Result<(), PassError> {
        let name = pass.shop.name();
        let (twice, unsure, waiting): (Vec<Sku>, Vec<Sku>, Vec<(Sku, String)>) = {
            let looked = &mut *lock(&self.looked);
            let looked = looked.entry(name.to_owned()).or_default();
            let now = clock::now();
            let (sure, unsure) = std::mem::take(creates)
                .into_iter()
                .partition(|(row, ..)| looked.take_absent(&row.sku, now) || planted!(CreateBlindly));
            *creates = sure;
            let skus = unsure.into_iter().map(|(row, ..): (&Row, String, Money)| row.sku.clone());
            // Looking once more would not tell which one is meant.
            let (twice, unsure): (_, Vec<Sku>) = skus.partition(|sku| looked.twice.contains(sku));
            let why = |sku: &Sku| looked.alike.get(sku).map(looks_alike).or_else(|| looked.unreadable.clone());
            let (waiting, unsure) = unsure.into_iter().partition::<Vec<_>, _>(|sku| why(sku).is_some());
            let waiting = waiting.into_iter().filter_map(|sku| why(&sku).map(|why| (sku, why))).collect();
            (twice, unsure, waiting)
        };
        for sku in &twice {
            self.bury_double(pass, sku).await?;
        }
        // The next sweep tries again.
        for (sku, reason) in waiting {
            self.bury(pass, &sku, "create", GAVE_UP, reason).await?;
        }
        if !unsure.is_empty() {
            self.ledger.hint_everything(name, clock::now()).await?;
        }
        for sku in &unsure {
            pass.ask_again(sku, Again { want: Want::CONTENT, after: LIST_FIRST, failed: false });
        }
        Ok(())
    }

    async fn update(
        &self,
        pass: &mut Pass<'_>,
        rows: &BySku<RowRecord>,
        updates: Vec<(ContentChange, Vec<Change>)>,
    ) -> Result<(), PassError> {
        if updates.is_empty() {
            return Ok(());
        }
        let (writes, lines): (Vec<ContentChange>, Vec<Vec<Change>>) = updates.into_iter().unzip();
        let outcomes = pass.shop.store.write_content(&writes).await;
        let mut agreed = Vec::new();
        for ((write, lines), outcome) in writes.into_iter().zip(lines).zip(outcomes) {
            match outcome {
                Outcome::Done(()) => {
                    pass.tally.written += 1;
                    agreed.extend(rows.get(&write.sku).map(|record| (record, lines)));
                }
                Outcome::Stale => {
                    let want = Want { look: true, ..Want::CONTENT };
                    pass.ask_again(&write.sku, Again { want, after: Duration::ZERO, failed: true });
                }
                Outcome::Refused(error) => self.refused(pass, &write.sku, "content", error).await?,
                // Setting a title or a price twice is the same as once: an unknown fate is simply tried again.
                Outcome::NotDone(error) | Outcome::Unknown(error) => {
                    self.try_again(pass, &write.sku, "content", error).await?;
                }
            }
        }
        self.agree(pass, &agreed).await
    }

    async fn create(
        &self,
        pass: &mut Pass<'_>,
        rows: &BySku<RowRecord>,
        creates: &[(&Row, String, Money)],
    ) -> Result<(), PassError> {
        if creates.is_empty() {
            return Ok(());
        }
        let mut products = Vec::new();
        for draft in drafts(creates) {
            let siblings = match &draft.handle {
                Some(handle) => self.ledger.product_of_handle(pass.shop.name(), handle).await?,
                None => Vec::new(),
            };
            let variant = |(sku, options, price)| VariantDraft { sku, options, price };
            products.push(ProductDraft {
                product: siblings.first().map(|sibling| sibling.product.clone()),
                handle: draft.handle,
                title: draft.title,
                variants: draft.variants.into_iter().map(variant).collect(),
                siblings: self.sibling_drafts(&siblings).await?,
            });
        }
        let outcomes = pass.shop.store.create(&products).await;
        let mut made = Vec::new();
        let mut list_again = false;
        for (sku, outcome) in outcomes {
            match outcome {
                Outcome::Done(remote) => made.push((sku, remote)),
                Outcome::Refused(error) => self.refused(pass, &sku, "create", error).await?,
                Outcome::NotDone(error) => self.try_again(pass, &sku, "create", error).await?,
                Outcome::Stale | Outcome::Unknown(_) => {
                    list_again = true;
                    pass.ask_again(&sku, Again { want: Want::CONTENT, after: CREATE_RETRY, failed: true });
                }
            }
        }
        if list_again {
            // Due just before the retry, so that a creation that did arrive late is found as well.
            self.ledger.hint_everything(pass.shop.name(), clock::now() + CREATE_RETRY / 2).await?;
        }
        self.link_made(pass, rows, made).await
    }

    /// New listings start with zero units there; units follow by the one way stock is written.
    async fn link_made(
        &self,
        pass: &mut Pass<'_>,
        rows: &BySku<RowRecord>,
        made: Vec<(Sku, RemoteId)>,
    ) -> Result<(), PassError> {
        let name = pass.shop.name().to_owned();
        let seen = |(sku, remote): &(Sku, RemoteId)| Seen {
            sku: sku.clone(),
            product: remote.product.clone(),
            variant: remote.variant.clone(),
            inventory: remote.inventory.clone(),
            handle: None,
            title: None,
            price: None,
            shown: None,
        };
        self.ledger.see_listings(&name, &made.iter().map(seen).collect::<Vec<_>>(), clock::now()).await?;
        let fold = StockFold {
            readings: made.iter().map(|(sku, _)| (sku.clone(), 0)).collect(),
            at: clock::now(),
            orders: None,
            stale_for: Duration::ZERO,
            late_for: Duration::ZERO,
        };
        let pool = pass.shop.store.pool().clone();
        self.ledger.fold_store(&name, &pool, fold, &self.peers(&pool), clock::now()).await?;
        let mut agreed = Vec::new();
        for (sku, _) in made {
            pass.tally.written += 1;
            if let Some(record) = rows.get(&sku) {
                let line = Change {
                    endpoint: name.clone(),
                    sku: sku.clone(),
                    field: "listing",
                    before: None,
                    after: record.row.title.clone().unwrap_or_default(),
                    reason: "new in the sheet".to_owned(),
                };
                agreed.push((record, vec![line]));
            }
            pass.ask_again(&sku, Again { want: Want::STOCK, after: Duration::ZERO, failed: false });
        }
        self.agree(pass, &agreed).await
    }

    async fn sibling_drafts(&self, siblings: &[ListingRecord]) -> Result<Vec<VariantDraft>, PassError> {
        let skus: Vec<Sku> = siblings.iter().map(|listing| listing.sku.clone()).collect();
        let rows = self.ledger.rows_of(&skus).await?;
        let draft = |record: &RowRecord| {
            let price = record.row.price?;
            Some(VariantDraft { sku: record.row.sku.clone(), options: record.row.options.clone(), price })
        };
        Ok(rows.values().filter_map(draft).collect())
    }

    async fn agree(&self, pass: &Pass<'_>, agreed: &[(&RowRecord, Vec<Change>)]) -> Result<(), PassError> {
        self.ledger.agree(pass.shop.name(), agreed, clock::now()).await?;
        self.wakes.wake(crate::db::SHEET);
        Ok(())
    }

    async fn refused(&self, pass: &mut Pass<'_>, sku: &Sku, what: &str, error: StoreError) -> Result<(), PassError> {
        if error.verdict() == Verdict::Gone {
            let want = Want { look: true, ..Want::CONTENT };
            pass.ask_again(sku, Again { want, after: Duration::ZERO, failed: true });
            return Ok(());
        }
        let (code, reason) = match &error {
            StoreError::Refused { code, message, .. } => (code.clone(), message.clone()),
            other => ("refused".to_owned(), other.to_string()),
        };
        self.bury(pass, sku, what, &code, reason).await
    }

    async fn try_again(&self, pass: &mut Pass<'_>, sku: &Sku, what: &str, error: StoreError) -> Result<(), PassError> {
        let verdict = error.verdict();
        match retry::next(&self.timing.retry, pass.attempts(sku) + 1, verdict, clock::jitter()) {
            Next::RetryIn(after) => pass.ask_again(sku, Again { want: Want::CONTENT, after, failed: true }),
            Next::SnoozeFor(after) => pass.ask_again(sku, Again { want: Want::CONTENT, after, failed: false }),
            Next::Dead => self.bury(pass, sku, what, GAVE_UP, error.to_string()).await?,
        }
        Ok(())
    }
}
