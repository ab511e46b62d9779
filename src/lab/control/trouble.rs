//! Faults, latency, misdelivered webhooks; and the count of calls.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::{Asked, Input, Shared, ShopName, done};
use crate::lab::courier::{Courier, Misdelivery};
use crate::lab::gate::{Fault, Gate, Kind};
use crate::lab::world::{Lab, SHOPIFY, WOOCOMMERCE};

/// The sheet's name among the faces.
const GOOGLE: &str = "google";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Face {
    #[serde(rename = "google", alias = "sheet")]
    Google,
    #[serde(rename = "shopify-lab", alias = "shopify")]
    Shopify,
    #[serde(rename = "woo-lab", alias = "woocommerce", alias = "woo")]
    WooCommerce,
}

impl Face {
    fn name(self) -> &'static str {
        match self {
            Self::Google => GOOGLE,
            Self::Shopify => SHOPIFY,
            Self::WooCommerce => WOOCOMMERCE,
        }
    }
}

/// One face, or all when none is named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    face: Option<Face>,
}

impl Lab {
    fn gates(&self) -> [(Face, Gate); 3] {
        [
            (Face::Google, self.google.gate().clone()),
            (Face::Shopify, self.shopify.gate().clone()),
            (Face::WooCommerce, self.woocommerce.gate().clone()),
        ]
    }

    fn for_gates(&self, face: Option<Face>, act: impl Fn(&Gate)) {
        self.gates().iter().filter(|(of, _)| face.is_none_or(|face| face == *of)).for_each(|(_, gate)| act(gate));
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
    for (face, gate) in lab.gates() {
        let mut of_face = FaceCalls::default();
        for ((call, kind), count) in gate.counts() {
            all.total.add(kind, count);
            of_face.total.add(kind, count);
            of_face.calls.push(CallCount { call, kind, count });
        }
        all.faces.insert(face.name(), of_face);
    }
    Json(all)
}

pub(super) async fn reset_calls(State(lab): Shared) -> impl IntoResponse {
    lab.for_gates(None, Gate::reset_counts);
    done()
}
