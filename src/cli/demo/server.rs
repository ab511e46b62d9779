//! The page: one document, its live state as server-sent events, and what the visitor can do.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::movement::Movement;
use super::seen::{Column, PLACES, Totals};
use super::tracking::Waits;
use super::watch::Watch;
use crate::lab::ShelfItem;
use crate::lab::gate::{Gate, Kind};
use crate::lab::shoppers::ShopperOptions;
use crate::lab::world::{SheetRow, World};

/// Faster than this nobody can follow.
const UPDATE_EVERY: Duration = Duration::from_millis(120);
/// Figures that change by themselves (calls) are sent at least so often.
const UPDATE_AT_LEAST: Duration = Duration::from_secs(1);
/// Below so many units a row is restocked, to that many.
const RESTOCK: (i64, i64) = (5, 20);

/// What the page works on.
#[derive(Clone)]
pub struct Page {
    watch: Arc<Watch>,
    shutdown: CancellationToken,
    shoppers: Arc<Mutex<ShopperOptions>>,
}

impl Page {
    /// A page over a watched world, with the shoppers that are in it.
    pub fn new(watch: Arc<Watch>, shoppers: ShopperOptions, shutdown: CancellationToken) -> Self {
        Self { watch, shutdown, shoppers: Arc::new(Mutex::new(shoppers)) }
    }

    /// All routes. Actions take JSON only, which no other web site can send without being asked first.
    pub fn router(self) -> Router {
        let text =
            |kind: &'static str, text: &'static str| move || async move { ([(header::CONTENT_TYPE, kind)], text) };
        Router::new()
            .route("/", get(async || Html(include_str!("page.html"))))
            .route("/page.css", get(text("text/css; charset=utf-8", include_str!("page.css"))))
            .route("/page.js", get(text("text/javascript; charset=utf-8", include_str!("page.js"))))
            .route("/events", get(events))
            .route("/buy", post(buy))
            .route("/buy-last", post(buy_last))
            .route("/edit", post(edit))
            .route("/sort", post(sort))
            .route("/restock", post(restock))
            .route("/shoppers", post(shoppers))
            .with_state(self)
    }
}

/// What changed since a revision.
#[derive(Serialize)]
struct Update {
    revision: u64,
    places: [&'static str; 3],
    row_count: usize,
    /// By position.
    rows: BTreeMap<usize, SheetRow>,
    shelves: BTreeMap<&'static str, BTreeMap<String, ShelfItem>>,
    movements: Vec<Movement>,
    totals: Totals,
    calls: BTreeMap<&'static str, u64>,
    waits: Waits,
    /// SKUs that do not agree everywhere yet.
    open: Vec<String>,
    per_second: f64,
}

fn update(page: &Page, since: u64) -> Update {
    let seen = page.watch.seen();
    let rows = seen.rows.iter().enumerate().filter(|(_, (changed, _))| *changed > since);
    let shelf = |index: usize| {
        let Some(shelf) = seen.shelves.get(index) else { return BTreeMap::new() };
        let changed = |sku: &String| shelf.changed.get(sku).is_some_and(|changed| *changed > since);
        let items = shelf.items.iter().filter(|(sku, _)| changed(sku));
        items.map(|(sku, item)| (sku.clone(), item.clone())).collect()
    };
    let [_, first, second] = PLACES;
    let mut open: Vec<String> = seen.judgement.disagreements.iter().map(|found| found.sku.clone()).collect();
    open.dedup();
    Update {
        revision: seen.revision,
        places: PLACES,
        row_count: seen.rows.len(),
        rows: rows.map(|(index, (_, row))| (index, row.clone())).collect(),
        shelves: BTreeMap::from([(first, shelf(0)), (second, shelf(1))]),
        movements: seen.movements.iter().filter(|movement| movement.changed > since).cloned().collect(),
        totals: seen.totals,
        calls: calls(&page.watch.world),
        waits: seen.stock_waits(),
        open,
        per_second: page.shoppers.lock().unwrap_or_else(PoisonError::into_inner).per_second,
    }
}

/// The gates that count each place's calls.
pub fn gates(world: &World) -> [(&'static str, &Gate); 3] {
    let [sheet, shopify, woocommerce] = PLACES;
    [(sheet, world.google().gate()), (shopify, world.shopify().gate()), (woocommerce, world.woocommerce().gate())]
}

fn calls(world: &World) -> BTreeMap<&'static str, u64> {
    gates(world).map(|(place, gate)| (place, gate.total(Kind::Read) + gate.total(Kind::Write))).into()
}

async fn events(State(page): State<Page>) -> impl IntoResponse {
    let shutdown = page.shutdown.clone().cancelled_owned();
    let first = (page.watch.on_change(), None::<u64>);
    let updates = futures::stream::unfold((page, first), async |(page, (mut changes, since))| {
        if since.is_some() {
            tokio::time::sleep(UPDATE_EVERY).await;
            // Either is a reason to send; a closed channel means that the demo ends.
            let _ = tokio::time::timeout(UPDATE_AT_LEAST, changes.changed()).await;
        }
        changes.mark_unchanged();
        let update = update(&page, since.unwrap_or(0));
        let event = Event::default().json_data(&update).unwrap_or_default();
        Some((Ok::<_, Infallible>(event), (page, (changes, Some(update.revision)))))
    });
    Sse::new(updates.take_until(shutdown)).keep_alive(KeepAlive::default())
}

/// What was done, in words; or why not.
struct Said(Result<String, String>);

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        match self.0 {
            Ok(words) => Json(json!({ "words": words })).into_response(),
            Err(words) => (StatusCode::CONFLICT, Json(json!({ "words": words }))).into_response(),
        }
    }
}

#[derive(Deserialize)]
struct Buy {
    shop: String,
    sku: String,
}

async fn buy(State(page): State<Page>, Json(buy): Json<Buy>) -> Said {
    Said(page.watch.buy(&buy.shop, &buy.sku, 1).map(|_| String::new()))
}

/// Buy what is left of the scarcest thing.
async fn buy_last(State(page): State<Page>, Json(_): Json<Value>) -> Said {
    let [_, shop, _] = PLACES;
    let scarcest = {
        let seen = page.watch.seen();
        let [shelf, _] = &seen.shelves;
        let left = shelf.items.iter().filter(|(_, item)| item.stock > 0);
        left.min_by_key(|(_, item)| item.stock).map(|(sku, item)| (sku.clone(), item.clone()))
    };
    let Some((sku, item)) = scarcest else { return Said(Err("everything is sold out".to_owned())) };
    let bought = page.watch.buy(shop, &sku, item.stock);
    Said(bought.map(|sale| match sale.quantity {
        1 => format!("Bought the last {}", item.title),
        units => format!("Bought the last {units} of {}", item.title),
    }))
}

#[derive(Deserialize)]
struct Edit {
    row: u32,
    key: Option<String>,
    column: Column,
    typed: String,
}

async fn edit(State(page): State<Page>, Json(edit): Json<Edit>) -> Said {
    Said(page.watch.edit(edit.row, edit.key.as_deref(), edit.column, &edit.typed).map(|()| String::new()))
}

#[derive(Deserialize)]
struct Sort {
    header: String,
    ascending: bool,
}

async fn sort(State(page): State<Page>, Json(sort): Json<Sort>) -> Said {
    let words = format!("Sorted by {}", sort.header);
    Said(page.watch.sort(&sort.header, sort.ascending).map(|()| words))
}

/// A person types new numbers where little is left.
async fn restock(State(page): State<Page>, Json(_): Json<Value>) -> Said {
    let (below, to) = RESTOCK;
    let low: Vec<SheetRow> = {
        let seen = page.watch.seen();
        let is_low = |row: &SheetRow| super::tracking::units(&row.stock).is_some_and(|stock| stock < below);
        seen.rows.iter().map(|(_, row)| row).filter(|row| is_low(row)).cloned().collect()
    };
    for row in &low {
        if let Err(words) = page.watch.edit(row.row, row.key.as_deref(), Column::Stock, &to.to_string()) {
            return Said(Err(words));
        }
    }
    Said(Ok(match low.len() {
        0 => format!("Every row has {below} or more"),
        1 => format!("One row set to {to} in the sheet"),
        rows => format!("{rows} rows set to {to} in the sheet"),
    }))
}

#[derive(Deserialize)]
struct Pace {
    per_second: f64,
}

async fn shoppers(State(page): State<Page>, Json(pace): Json<Pace>) -> Said {
    let mut options = page.shoppers.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = ShopperOptions { per_second: pace.per_second, ..options.clone() };
    Said(page.watch.world.start_shoppers(wanted.clone()).map(|()| {
        *options = wanted;
        String::new()
    }))
}
