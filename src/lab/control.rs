//! The control API: drives a running lab from another program. `docs/lab.md` describes every call.

mod sheet;
mod shopify;
mod state;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use state::SheetRow;
pub(in crate::lab) use state::sheet_rows;

use super::shoppers::{ShopperCounts, ShopperOptions, Shoppers};
use super::world::{Lab, WorldDescription};
use super::{LabShop, Sale, ShopRefusal};
use crate::catalog::Money;

type Shared = State<Arc<Lab>>;

/// All routes.
pub(super) fn router(lab: Arc<Lab>) -> Router {
    Router::new()
        .route("/world", get(world))
        .route("/state", get(state::state))
        .route("/sell", post(sell))
        .route("/cancel", post(cancel))
        .route("/refund", post(refund))
        .route("/set-stock", post(set_stock))
        .route("/set-price", post(set_price))
        .route("/set-sku", post(set_sku))
        .route("/sheet/edit", post(sheet::edit))
        .route("/sheet/insert", post(sheet::insert))
        .route("/sheet/delete", post(sheet::delete))
        .route("/sheet/sort", post(sheet::sort))
        .route("/sheet/rename-header", post(sheet::rename_header))
        .route("/sheet/clear", post(sheet::clear))
        .route("/faults", post(trouble::add_fault).delete(trouble::clear_faults))
        .route("/faults/seed", get(trouble::weather).post(trouble::start_weather).delete(trouble::stop_weather))
        .route("/clock", post(trouble::set_clock))
        .route("/expire-tokens", post(trouble::expire_tokens))
        .route("/give-up-webhooks", post(trouble::give_up_webhooks))
        .route("/misdelivery", post(trouble::misdeliver).delete(trouble::deliver_well))
        .route("/latency", post(trouble::set_latency))
        .route("/shopify", post(shopify::trouble))
        .route("/order-gap", post(set_order_gap))
        .route("/calls", get(trouble::calls).delete(trouble::reset_calls))
        .route("/shoppers", get(shoppers).post(start_shoppers).delete(stop_shoppers))
        .route("/stop", post(stop))
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "no such path; docs/lab.md lists them"))
        .method_not_allowed_fallback(async || Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "not with this method"))
        .with_state(lab)
}

/// Why a call was not carried out: a status and `{"error": "…"}`.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    error: String,
}

impl Refusal {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error }))).into_response()
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, rejection.body_text())
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, rejection.body_text())
    }
}

impl From<ShopRefusal> for Refusal {
    fn from(refusal: ShopRefusal) -> Self {
        let status = match refusal {
            ShopRefusal::UnknownSku | ShopRefusal::UnknownOrder => StatusCode::NOT_FOUND,
            ShopRefusal::OutOfStock(_) | ShopRefusal::SkuTaken => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.to_string())
    }
}

/// A JSON body. A wrong one is answered with [`Refusal`].
#[derive(FromRequest)]
#[from_request(via(Json), rejection(Refusal))]
struct Input<T>(T);

/// A query string, likewise.
#[derive(FromRequestParts)]
#[from_request(via(Query), rejection(Refusal))]
struct Asked<T>(T);

/// The answer where there is nothing to say.
fn done() -> Json<serde_json::Value> {
    Json(json!({ "ok": true }))
}

/// A shop, by its platform or by its name in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum ShopName {
    #[serde(rename = "shopify-lab", alias = "shopify")]
    Shopify,
    #[serde(rename = "woo-lab", alias = "woocommerce", alias = "woo")]
    WooCommerce,
}

impl ShopName {
    fn of(self, lab: &Lab) -> &dyn LabShop {
        match self {
            Self::Shopify => &lab.shopify,
            Self::WooCommerce => &lab.woocommerce,
        }
    }
}

async fn world(State(lab): Shared) -> Json<WorldDescription> {
    Json(lab.description.clone())
}

fn require_units(quantity: i64) -> Result<i64, Refusal> {
    if quantity > 0 { Ok(quantity) } else { Err(Refusal::new(StatusCode::BAD_REQUEST, "quantity must be 1 or more")) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sell {
    shop: ShopName,
    sku: String,
    #[serde(default = "one")]
    quantity: i64,
}

fn one() -> i64 {
    1
}

async fn sell(State(lab): Shared, Input(sell): Input<Sell>) -> Result<Json<Sale>, Refusal> {
    let quantity = require_units(sell.quantity)?;
    Ok(Json(sell.shop.of(&lab).sell(&sell.sku, quantity)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    shop: ShopName,
    order: String,
}

async fn cancel(State(lab): Shared, Input(cancel): Input<Cancel>) -> Result<Json<Sale>, Refusal> {
    Ok(Json(cancel.shop.of(&lab).cancel(&cancel.order)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refund {
    shop: ShopName,
    order: String,
    #[serde(default = "one")]
    quantity: i64,
    restock: bool,
}

async fn refund(State(lab): Shared, Input(refund): Input<Refund>) -> Result<Json<Sale>, Refusal> {
    let quantity = require_units(refund.quantity)?;
    Ok(Json(refund.shop.of(&lab).refund(&refund.order, quantity, refund.restock)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetStock {
    shop: ShopName,
    sku: String,
    stock: i64,
}

async fn set_stock(State(lab): Shared, Input(set): Input<SetStock>) -> Result<impl IntoResponse, Refusal> {
    set.shop.of(&lab).set_stock(&set.sku, set.stock)?;
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetPrice {
    shop: ShopName,
    sku: String,
    price: String,
}

async fn set_price(State(lab): Shared, Input(set): Input<SetPrice>) -> Result<impl IntoResponse, Refusal> {
    let wrong = || Refusal::new(StatusCode::BAD_REQUEST, "price must be a text such as \"12.50\"");
    let price = Money::from_store(&set.price).ok_or_else(wrong)?;
    set.shop.of(&lab).set_price(&set.sku, &price.to_store())?;
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetSku {
    shop: ShopName,
    sku: String,
    to: String,
}

async fn set_sku(State(lab): Shared, Input(set): Input<SetSku>) -> Result<impl IntoResponse, Refusal> {
    set.shop.of(&lab).set_sku(&set.sku, &set.to)?;
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderGap {
    millis: u64,
}

async fn set_order_gap(State(lab): Shared, Input(gap): Input<OrderGap>) -> impl IntoResponse {
    lab.woocommerce.set_order_gap(Duration::from_millis(gap.millis));
    done()
}

#[derive(Serialize)]
struct ShoppersNow {
    running: bool,
    options: Option<ShopperOptions>,
    counts: ShopperCounts,
}

fn describe(shoppers: Option<&Shoppers>) -> Json<ShoppersNow> {
    Json(ShoppersNow {
        running: shoppers.is_some(),
        options: shoppers.map(|shoppers| shoppers.options().clone()),
        counts: shoppers.map(Shoppers::counts).unwrap_or_default(),
    })
}

async fn shoppers(State(lab): Shared) -> Json<ShoppersNow> {
    lab.with_shoppers(|shoppers| describe(shoppers.as_ref()))
}

async fn start_shoppers(
    State(lab): Shared,
    Input(options): Input<ShopperOptions>,
) -> Result<Json<ShoppersNow>, Refusal> {
    options.check().map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error))?;
    if options.per_second == 0.0 {
        return Ok(stop_shoppers(State(lab)).await);
    }
    Ok(lab.with_shoppers(|shoppers| {
        // The old ones go before the new ones come.
        *shoppers = None;
        describe(Some(shoppers.insert(Shoppers::start(Arc::clone(&lab), options))))
    }))
}

/// Answers with what they did in the end.
async fn stop_shoppers(State(lab): Shared) -> Json<ShoppersNow> {
    let stopped = lab.with_shoppers(Option::take);
    let Json(last) = describe(stopped.as_ref());
    Json(ShoppersNow { running: false, ..last })
}

/// The answer still arrives: servers let requests under way end.
async fn stop(State(lab): Shared) -> impl IntoResponse {
    lab.stop.cancel();
    done()
}
