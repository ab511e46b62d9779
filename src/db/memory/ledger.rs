//! The transactions by name; each is at home in the file of its subject.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::MemoryLedger;
use crate::catalog::{Pool, Sku};
use crate::clock::Time;
use crate::db::*;
use crate::plan::Change;
use crate::stock::{Book, Rule};

#[async_trait]
impl Ledger for MemoryLedger {
    async fn close(&self) {}

    async fn fact(&self, name: &str) -> Result<Option<String>> {
        self.read("fact", |state| state.fact(name)).await
    }

    async fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        self.commit("set_fact", |state| state.set_fact(name, value)).await
    }

    async fn recognise_shop(&self, shop: &str, identity: &str, now: Time) -> Result<Recognised> {
        self.commit("recognise_shop", |state| state.recognise_shop(shop, identity, now)).await
    }

    async fn recognise_columns(&self, pool: &Pool, columns: &PoolColumns, now: Time) -> Result<Recognised> {
        self.commit("recognise_columns", |state| state.recognise_columns(pool, columns, now)).await
    }

    async fn rows(&self) -> Result<BTreeMap<Sku, RowRecord>> {
        self.read("rows", |state| state.rows()).await
    }

    async fn rows_of(&self, skus: &[Sku]) -> Result<BTreeMap<Sku, RowRecord>> {
        self.read("rows_of", |state| state.rows_of(skus)).await
    }

    async fn accept_rows(
        &self,
        accepted: AcceptedRows,
        shops: &[String],
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>> {
        self.commit("accept_rows", |state| state.accept_rows(accepted, shops, peers, now)).await
    }

    async fn rename(&self, from: &Sku, to: &Sku, shops: &[String], now: Time) -> Result<bool> {
        self.commit("rename", |state| state.rename(from, to, shops, now)).await
    }

    async fn former_skus(&self) -> Result<BTreeMap<Sku, Sku>> {
        self.read("former_skus", |state| state.former.clone()).await
    }

    async fn listings_of(&self, endpoint: &str, skus: &[Sku]) -> Result<BTreeMap<Sku, ListingRecord>> {
        self.read("listings_of", |state| state.listings_of(endpoint, skus)).await
    }

    async fn listings(&self, endpoint: &str) -> Result<BTreeMap<Sku, ListingRecord>> {
        self.read("listings", |state| state.listings(endpoint)).await
    }

    async fn product_of_handle(&self, endpoint: &str, handle: &str) -> Result<Vec<ListingRecord>> {
        self.read("product_of_handle", |state| state.product_of_handle(endpoint, handle)).await
    }

    async fn see_listings(&self, endpoint: &str, seen: &[Seen], now: Time) -> Result<()> {
        self.commit("see_listings", |state| state.see_listings(endpoint, seen, now)).await
    }

    async fn forget_listing(&self, endpoint: &str, sku: &Sku, now: Time) -> Result<()> {
        self.commit("forget_listing", |state| state.forget_listing(endpoint, sku, now)).await
    }

    async fn agree(&self, endpoint: &str, agreed: &[(&RowRecord, Vec<Change>)], now: Time) -> Result<()> {
        if agreed.is_empty() {
            return Ok(());
        }
        self.commit("agree", |state| state.agree(endpoint, agreed, now)).await
    }

    async fn status_facts(&self, skus: &[Sku], shops: &[String]) -> Result<BTreeMap<Sku, StatusFacts>> {
        self.read("status_facts", |state| state.status_facts(skus, shops)).await
    }

    async fn hint(&self, endpoint: &str, hints: &[(String, Want, Time)]) -> Result<()> {
        if hints.is_empty() {
            return Ok(());
        }
        self.commit("hint", |state| state.hint(endpoint, hints)).await
    }

    async fn due_hints(&self, endpoint: &str, now: Time, limit: u32) -> Result<Vec<Hint>> {
        self.read("due_hints", |state| state.due_hints(endpoint, now, limit)).await
    }

    async fn next_due(&self, endpoint: &str) -> Result<Option<Time>> {
        self.read("next_due", |state| state.next_due(endpoint)).await
    }

    async fn stock_is_due(&self, endpoint: &str, now: Time) -> Result<bool> {
        self.read("stock_is_due", |state| state.stock_is_due(endpoint, now)).await
    }

    async fn finish_hints(&self, endpoint: &str, done: &[(Hint, HintDone)], now: Time) -> Result<()> {
        if done.is_empty() {
            return Ok(());
        }
        self.commit("finish_hints", |state| state.finish_hints(endpoint, done, now)).await
    }

    async fn accept_delivery(&self, shop: &str, topic: &str, dedupe: &str, mentions: &str, now: Time) -> Result<bool> {
        self.commit("accept_delivery", |state| state.accept_delivery(shop, topic, dedupe, mentions, now)).await
    }

    async fn open_deliveries(&self, limit: u32) -> Result<Vec<Delivery>> {
        self.read("open_deliveries", |state| state.open_deliveries(limit)).await
    }

    async fn handle_delivery(&self, delivery: &Delivery, skus: &[String], now: Time) -> Result<()> {
        self.commit("handle_delivery", |state| state.handle_delivery(delivery, skus, now)).await
    }

    async fn prune_inbox(&self, before: Time) -> Result<u64> {
        self.commit("prune_inbox", |state| state.prune_inbox(before)).await
    }

    async fn skus_of_product(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        self.read("skus_of_product", |state| state.skus_of_product(endpoint, id)).await
    }

    async fn skus_of_variant(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        self.read("skus_of_variant", |state| state.skus_of_variant(endpoint, id)).await
    }

    async fn skus_of_inventory(&self, endpoint: &str, id: &str) -> Result<Vec<String>> {
        self.read("skus_of_inventory", |state| state.skus_of_inventory(endpoint, id)).await
    }

    async fn bury(&self, letter: &DeadLetter) -> Result<()> {
        self.commit("bury", |state| state.bury(letter)).await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        self.read("dead_letters", |state| state.dead_letters()).await
    }

    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>> {
        self.read("dead_letter", |state| state.dead_letter(id)).await
    }

    async fn close_letter(&self, id: i64, replay: bool, now: Time) -> Result<bool> {
        self.commit("close_letter", |state| state.close_letter(id, replay, now)).await
    }

    async fn order_cursor(&self, endpoint: &str) -> Result<Option<OrderCursor>> {
        self.read("order_cursor", |state| state.order_cursor(endpoint)).await
    }

    async fn take_baseline(&self, endpoint: &str, open: &[SeenLine], baseline: Time) -> Result<()> {
        self.commit("take_baseline", |state| state.take_baseline(endpoint, open, baseline)).await
    }

    async fn stock(
        &self,
        endpoint: &str,
        requests: Vec<StockRequest>,
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>> {
        self.commit("stock", |state| state.stock(endpoint, requests, peers, now)).await
    }

    async fn fold_store(
        &self,
        endpoint: &str,
        pool: &Pool,
        fold: StockFold,
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>> {
        self.commit("fold_store", |state| state.fold_store(endpoint, pool, fold, peers, now)).await
    }

    async fn open_intents(&self, endpoint: &str) -> Result<Vec<OpenIntent>> {
        self.read("open_intents", |state| state.open_intents(endpoint)).await
    }

    async fn mark_unknown(&self, endpoint: &str, pool: &Pool, skus: &[Sku], lost: Option<Time>) -> Result<()> {
        self.commit("mark_unknown", |state| state.mark_unknown(endpoint, pool, skus, lost)).await
    }

    async fn stock_due(&self, endpoint: &str, pool: &Pool, rule: Rule) -> Result<BTreeSet<Sku>> {
        self.read("stock_due", |state| state.stock_due(endpoint, pool, rule)).await
    }

    async fn standings(&self, endpoint: &str) -> Result<BTreeMap<(Sku, Pool), Standing>> {
        self.read("standings", |state| state.standings(endpoint)).await
    }

    async fn book(&self, sku: &Sku, pool: &Pool) -> Result<Book> {
        self.read("book", |state| state.book(sku, pool)).await
    }

    async fn record_run(&self, run: &RunRecord) -> Result<()> {
        self.commit("record_run", |state| state.record_run(run)).await
    }

    async fn prune_runs(&self, before: Time) -> Result<u64> {
        self.commit("prune_runs", |state| state.prune_runs(before)).await
    }

    async fn movements(&self, after: i64, limit: u32) -> Result<Vec<MovementLine>> {
        self.read("movements", |state| state.movements(after, limit)).await
    }

    async fn audit_lines(&self, sku: Option<&str>, limit: u32) -> Result<Vec<AuditLine>> {
        self.read("audit_lines", |state| state.audit_lines(sku, limit)).await
    }

    async fn endpoint_status(&self, endpoint: &str) -> Result<EndpointStatus> {
        self.read("endpoint_status", |state| state.endpoint_status(endpoint)).await
    }
}
