//! The transactions by name; each is at home in the file of its subject.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::SqliteLedger;
use crate::catalog::{Pool, Sku};
use crate::clock::Time;
use crate::db::*;
use crate::plan::Change;
use crate::stock::{Book, Rule};

#[async_trait]
impl Ledger for SqliteLedger {
    async fn close(&self) {
        Self::close(self).await
    }

    async fn fact(&self, name: &str) -> Result<Option<String>> {
        Self::fact(self, name).await
    }

    async fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        Self::set_fact(self, name, value).await
    }

    async fn recognise_shop(&self, shop: &str, identity: &str, now: Time) -> Result<Recognised> {
        Self::recognise_shop(self, shop, identity, now).await
    }

    async fn recognise_columns(&self, pool: &Pool, columns: &PoolColumns, now: Time) -> Result<Recognised> {
        Self::recognise_columns(self, pool, columns, now).await
    }

    async fn rows(&self) -> Result<BTreeMap<Sku, RowRecord>> {
        Self::rows(self).await
    }

    async fn rows_of(&self, skus: &[Sku]) -> Result<BTreeMap<Sku, RowRecord>> {
        Self::rows_of(self, skus).await
    }

    async fn accept_rows(
        &self,
        accepted: AcceptedRows,
        shops: &[String],
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>> {
        Self::accept_rows(self, accepted, shops, peers, now).await
    }

    async fn rename(&self, from: &Sku, to: &Sku, shops: &[String], now: Time) -> Result<bool> {
        Self::rename(self, from, to, shops, now).await
    }

    async fn former_skus(&self) -> Result<BTreeMap<Sku, Sku>> {
        Self::former_skus(self).await
    }

    async fn listings_of(&self, endpoint: &str, skus: &[Sku]) -> Result<BTreeMap<Sku, ListingRecord>> {
        Self::listings_of(self, endpoint, skus).await
    }

    async fn listings(&self, endpoint: &str) -> Result<BTreeMap<Sku, ListingRecord>> {
        Self::listings(self, endpoint).await
    }

    async fn product_of_handle(&self, endpoint: &str, handle: &str) -> Result<Vec<ListingRecord>> {
        Self::product_of_handle(self, endpoint, handle).await
    }

    async fn see_listings(&self, endpoint: &str, seen: &[Seen], now: Time) -> Result<()> {
        Self::see_listings(self, endpoint, seen, now).await
    }

    async fn forget_listing(&self, endpoint: &str, sku: &Sku, now: Time) -> Result<()> {
        Self::forget_listing(self, endpoint, sku, now).await
    }

    async fn agree(&self, endpoint: &str, agreed: &[(&RowRecord, Vec<Change>)], now: Time) -> Result<()> {
        Self::agree(self, endpoint, agreed, now).await
    }

    async fn status_facts(&self, skus: &[Sku], shops: &[String]) -> Result<BTreeMap<Sku, StatusFacts>> {
        Self::status_facts(self, skus, shops).await
    }

    async fn hint(&self, endpoint: &str, hints: &[(String, Want, Time)]) -> Result<()> {
        Self::hint(self, endpoint, hints).await
    }

    async fn due_hints(&self, endpoint: &str, now: Time, limit: u32) -> Result<Vec<Hint>> {
        Self::due_hints(self, endpoint, now, limit).await
    }

    async fn next_due(&self, endpoint: &str) -> Result<Option<Time>> {
        Self::next_due(self, endpoint).await
    }

    async fn stock_is_due(&self, endpoint: &str, now: Time) -> Result<bool> {
        Self::stock_is_due(self, endpoint, now).await
    }

    async fn finish_hints(&self, endpoint: &str, done: &[(Hint, HintDone)], now: Time) -> Result<()> {
        Self::finish_hints(self, endpoint, done, now).await
    }

    async fn accept_delivery(&self, shop: &str, topic: &str, dedupe: &str, mentions: &str, now: Time) -> Result<bool> {
        Self::accept_delivery(self, shop, topic, dedupe, mentions, now).await
    }

    async fn open_deliveries(&self, limit: u32) -> Result<Vec<Delivery>> {
        Self::open_deliveries(self, limit).await
    }

    async fn handle_delivery(&self, delivery: &Delivery, skus: &[String], now: Time) -> Result<()> {
        Self::handle_delivery(self, delivery, skus, now).await
    }

    async fn prune_inbox(&self, before: Time) -> Result<u64> {
        Self::prune_inbox(self, before).await
    }

    async fn skus_of_product(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        Self::skus_of_product(self, endpoint, id).await
    }

    async fn skus_of_variant(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        Self::skus_of_variant(self, endpoint, id).await
    }

    async fn skus_of_inventory(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        Self::skus_of_inventory(self, endpoint, id).await
    }

    async fn bury(&self, letter: &DeadLetter) -> Result<()> {
        Self::bury(self, letter).await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        Self::dead_letters(self).await
    }

    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>> {
        Self::dead_letter(self, id).await
    }

    async fn close_letter(&self, id: i64, replay: bool, now: Time) -> Result<bool> {
        Self::close_letter(self, id, replay, now).await
    }

    async fn order_cursor(&self, endpoint: &str) -> Result<Option<OrderCursor>> {
        Self::order_cursor(self, endpoint).await
    }

    async fn take_baseline(&self, endpoint: &str, open: &[SeenLine], baseline: Time) -> Result<()> {
        Self::take_baseline(self, endpoint, open, baseline).await
    }

    async fn stock(
        &self,
        endpoint: &str,
        requests: Vec<StockRequest>,
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>> {
        Self::stock(self, endpoint, requests, peers, now).await
    }

    async fn fold_store(
        &self,
        endpoint: &str,
        pool: &Pool,
        fold: StockFold,
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>> {
        Self::fold_store(self, endpoint, pool, fold, peers, now).await
    }

    async fn open_intents(&self, endpoint: &str) -> Result<Vec<OpenIntent>> {
        Self::open_intents(self, endpoint).await
    }

    async fn mark_unknown(&self, endpoint: &str, pool: &Pool, skus: &[Sku], lost: Option<Time>) -> Result<()> {
        Self::mark_unknown(self, endpoint, pool, skus, lost).await
    }

    async fn stock_due(&self, endpoint: &str, pool: &Pool, rule: Rule) -> Result<BTreeSet<Sku>> {
        Self::stock_due(self, endpoint, pool, rule).await
    }

    async fn standings(&self, endpoint: &str) -> Result<BTreeMap<(Sku, Pool), Standing>> {
        Self::standings(self, endpoint).await
    }

    async fn book(&self, sku: &Sku, pool: &Pool) -> Result<Book> {
        Self::book(self, sku, pool).await
    }

    async fn record_run(&self, run: &RunRecord) -> Result<()> {
        Self::record_run(self, run).await
    }

    async fn prune_runs(&self, before: Time) -> Result<u64> {
        Self::prune_runs(self, before).await
    }

    async fn movements(&self, after: i64, limit: u32) -> Result<Vec<MovementLine>> {
        Self::movements(self, after, limit).await
    }

    async fn audit_lines(&self, sku: Option<&str>, limit: u32) -> Result<Vec<AuditLine>> {
        Self::audit_lines(self, sku, limit).await
    }

    async fn endpoint_status(&self, endpoint: &str) -> Result<EndpointStatus> {
        Self::endpoint_status(self, endpoint).await
    }
}
