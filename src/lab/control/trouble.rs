//! Faults, latency, misdelivered webhooks; and the count of calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::{Asked, Input, Refusal, Shared, ShopName, done};
use crate::lab::courier::{Courier, Misdelivery};
use crate::lab::gate::{Fault, Gate, Kind};
use crate::lab::weather::{Face, Forecast, Squall, Weather};
use crate::lab::world::{Lab, SHOPIFY, WOOCOMMERCE};

/// The sheet's name among the faces.
const GOOGLE: &str = "google";

fn name(face: Face) -> &'static str {
    match face {
        Face::Google => GOOGLE,
        Face::Shopify => SHOPIFY,
        Face::WooCommerce => WOOCOMMERCE,
    }
}

/// One face, or all when none is named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    face: Option<Face>,
}

impl Lab {
    fn for_gates(&self, face: Option<Face>, act: impl Fn(&Gate)) {
        Face::ALL.into_iter().filter(|of| face.is_none_or(|face| face == *of)).for_each(|of| act(self.gate(of)));
    }

    fn for_couriers(&self, shop: Option<ShopName>, act: impl Fn(&Courier)) {
        let couriers = [
            (ShopName::Shopify, self.shopify.courier().clone()),
            (ShopName::WooCommerce, self.woocommerce.courier().clone()),
        ];
        couriers.iter().filter(|(of, _)| shop.is_none_or(|shop| shop == *of)).for_each(|(_, courier)| act(courier));
    }
}

#[derive(Deserialize)]
pub(super) struct AddFault {
    face: Face,
    #[serde(flatten)]
    fault: Fault,
}

pub(super) async fn add_fault(State(lab): Shared, Input(add): Input<AddFault>) -> impl IntoResponse {
    lab.for_gates(Some(add.face), |gate| gate.add_fault(add.fault.clone()));
    done()
}

pub(super) async fn clear_faults(State(lab): Shared, Asked(which): Asked<Which>) -> impl IntoResponse {
    lab.for_gates(which.face, Gate::clear_faults);
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Latency {
    face: Option<Face>,
    millis: u64,
}

pub(super) async fn set_latency(State(lab): Shared, Input(latency): Input<Latency>) -> impl IntoResponse {
    lab.for_gates(latency.face, |gate| gate.set_latency(Duration::from_millis(latency.millis)));
    done()
}

/// One shop, or both when none is named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichShop {
    shop: Option<ShopName>,
}

#[derive(Deserialize)]
pub(super) struct Misdeliver {
    shop: Option<ShopName>,
    #[serde(flatten)]
    how: Misdelivery,
}

pub(super) async fn misdeliver(State(lab): Shared, Input(input): Input<Misdeliver>) -> impl IntoResponse {
    lab.for_couriers(input.shop, |courier| courier.set(input.how.clone()));
    done()
}

pub(super) async fn deliver_well(State(lab): Shared, Asked(which): Asked<WhichShop>) -> impl IntoResponse {
    lab.for_couriers(which.shop, |courier| courier.set(Misdelivery::default()));
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockAhead {
    face: Option<Face>,
    seconds: i64,
}

pub(super) async fn set_clock(State(lab): Shared, Input(clock): Input<ClockAhead>) -> impl IntoResponse {
    lab.for_gates(clock.face, |gate| gate.set_clock_ahead(clock.seconds));
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneFace {
    face: Face,
}

pub(super) async fn expire_tokens(State(lab): Shared, Input(of): Input<OneFace>) -> Result<impl IntoResponse, Refusal> {
    match of.face {
        Face::Google => lab.google.expire_tokens(),
        Face::Shopify => lab.shopify.expire_tokens(),
        Face::WooCommerce => {
            return Err(Refusal::new(StatusCode::CONFLICT, "keys of this shop do not run out; they can be revoked"));
        }
    }
    Ok(done())
}

pub(super) async fn give_up_webhooks(State(lab): Shared, Input(which): Input<WhichShop>) -> impl IntoResponse {
    for shop in [ShopName::Shopify, ShopName::WooCommerce] {
        if which.shop.is_none_or(|wanted| wanted == shop) {
            shop.of(&lab).give_up_webhooks();
        }
    }
    done()
}

/// So many of the faults to come are told.
const TOLD: usize = 20;

#[derive(Serialize)]
pub(super) struct WeatherNow {
    running: bool,
    forecast: Option<Forecast>,
    come: usize,
    next: Vec<Squall>,
}

fn describe(weather: Option<&Weather>) -> Json<WeatherNow> {
    let come = weather.map_or(0, Weather::come);
    let forecast = weather.map(|weather| weather.forecast().clone());
    let next = forecast.iter().flat_map(|forecast| forecast.squalls().skip(come).take(TOLD)).collect();
    Json(WeatherNow { running: weather.is_some(), forecast, come, next })
}

pub(super) async fn weather(State(lab): Shared) -> Json<WeatherNow> {
    lab.with_weather(|weather| describe(weather.as_ref()))
}

pub(super) async fn start_weather(
    State(lab): Shared,
    Input(forecast): Input<Forecast>,
) -> Result<Json<WeatherNow>, Refusal> {
    forecast.check().map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error))?;
    Ok(lab.with_weather(|weather| describe(Some(weather.insert(Weather::start(Arc::clone(&lab), forecast))))))
}

/// Answers with how much has come.
pub(super) async fn stop_weather(State(lab): Shared) -> Json<WeatherNow> {
    let stopped = lab.with_weather(Option::take);
    let Json(last) = describe(stopped.as_ref());
    Json(WeatherNow { running: false, next: Vec::new(), ..last })
}

#[derive(Serialize)]
struct CallCount {
    call: String,
    kind: Kind,
    count: u64,
}

#[derive(Default, Serialize)]
struct Totals {
    reads: u64,
    writes: u64,
    /// Tokens, pings.
    other: u64,
}

impl Totals {
    fn add(&mut self, kind: Kind, count: u64) {
        match kind {
            Kind::Read => self.reads += count,
            Kind::Write => self.writes += count,
            Kind::Other => self.other += count,
        }
    }
}

#[derive(Default, Serialize)]
struct FaceCalls {
    total: Totals,
    calls: Vec<CallCount>,
}

#[derive(Serialize)]
pub(super) struct Calls {
    total: Totals,
    faces: BTreeMap<&'static str, FaceCalls>,
}

pub(super) async fn calls(State(lab): Shared) -> Json<Calls> {
    let mut all = Calls { total: Totals::default(), faces: BTreeMap::new() };
    for face in Face::ALL {
        let gate = lab.gate(face);
        let mut of_face = FaceCalls::default();
        for ((call, kind), count) in gate.counts() {
            all.total.add(kind, count);
            of_face.total.add(kind, count);
            of_face.calls.push(CallCount { call, kind, count });
        }
        all.faces.insert(name(face), of_face);
    }
    Json(all)
}

pub(super) async fn reset_calls(State(lab): Shared) -> impl IntoResponse {
    lab.for_gates(None, Gate::reset_counts);
    done()
}
