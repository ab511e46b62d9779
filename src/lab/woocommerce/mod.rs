//! A WooCommerce 10.0.2 site in memory: REST v3, orders that take stock, webhooks.
//!
//! Written from the documented examples and from what was observed on a real installation, independently of the
//! adapter that it is there to try.

mod answer;
mod attributes;
mod auth;
mod batch;
mod delivery;
mod filter;
mod hooks;
mod notes;
mod order;
mod order_stock;
mod orders;
mod php;
mod place;
mod price_html;
mod product;
mod product_parts;
mod product_write;
mod products;
mod query;
mod refunds;
mod routes;
mod settings;
mod staff;
mod terms;
#[cfg(test)]
mod tests;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use tokio::task::JoinHandle;

use self::auth::Keys;
use self::world::World;
use super::courier::{Courier, Manner, Misdelivery};
use super::gate::Gate;

/// Deliveries wait so long by default: quick enough for a demo, and long enough to coalesce.
const DELIVERY_DELAY_MILLIS: u64 = 50;

/// A delivery that is not answered within this has failed (observed on WooCommerce 10.0.2).
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// Bodies beyond this are refused; PHP's common `post_max_size`.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// What a site is set up with.
#[derive(Clone)]
pub struct WooOptions {
    /// Address without a slash at the end (`http://127.0.0.1:8080`). Empty: taken from the first call, or set later.
    pub site: String,
    /// `ck_…`.
    pub consumer_key: String,
    /// `cs_…`.
    pub consumer_secret: String,
    /// Behave like a host that strips the `Authorization` header.
    pub strip_authorization: bool,
}

/// The site. Cheap to clone.
#[derive(Clone)]
pub struct WooFace(Arc<Shop>);

pub(crate) struct Shop {
    world: Mutex<World>,
    gate: Gate,
    courier: Courier,
    strip_authorization: bool,
}

impl Shop {
    fn world(&self) -> MutexGuard<'_, World> {
        // A panic in one call leaves a usable shop for the next, as in PHP.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Change the shop, then queue the webhooks for it. Orders whose stock work takes time go on as tasks.
    fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut World) -> T) -> (T, Vec<JoinHandle<()>>) {
        let (result, deliveries, started, gap) = {
            let mut world = self.world();
            let result = change(&mut world);
            let deliveries = world.take_deliveries();
            (result, deliveries, std::mem::take(&mut world.started), world.gap)
        };
        for (hook, resource) in deliveries {
            self.queue(hook, resource);
        }
        (result, started.into_iter().map(|order| self.go_on(order, gap)).collect())
    }

    /// Half of the gap before stock moves, half before the lines say so.
    fn go_on(self: &Arc<Self>, order: u64, gap: Duration) -> JoinHandle<()> {
        let shop = Arc::clone(self);
        tokio::spawn(async move {
            for _ in 0..2 {
                tokio::time::sleep(gap / 2).await;
                shop.change(|world| world.advance_work(order));
            }
        })
    }
}

impl WooFace {
    /// An empty shop.
    pub fn new(options: WooOptions) -> Self {
        let keys = Keys { key: options.consumer_key, secret: options.consumer_secret };
        let courier = Courier::with(Manner { timeout: DELIVERY_TIMEOUT, http_1_0: true });
        courier.set(Misdelivery { delay_millis: DELIVERY_DELAY_MILLIS, ..Misdelivery::default() });
        let site = options.site.trim_end_matches('/').to_owned();
        let gate = Gate::default();
        gate.refuse_with(|_, _| answer::unknown_key());
        Self(Arc::new(Shop {
            world: Mutex::new(World::new(site, keys, gate.clone())),
            gate,
            courier,
            strip_authorization: options.strip_authorization,
        }))
    }

    /// The site's HTTP face, to be served at its root.
    pub fn router(&self) -> axum::Router {
        let face = self.clone();
        let handler = move |request: Request| {
            let face = face.clone();
            async move {
                let (parts, body) = request.into_parts();
                let Ok(bytes) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
                    return StatusCode::PAYLOAD_TOO_LARGE.into_response();
                };
                // As a task of its own: PHP goes on when its caller has hung up.
                let served = tokio::spawn(async move { face.serve(parts, bytes).await }).await;
                served.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
            }
        };
        axum::Router::new().fallback(handler).layer(DefaultBodyLimit::disable())
    }

    /// Counting, latency, faults.
    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// How webhooks go out, and wrong.
    pub fn courier(&self) -> &Courier {
        &self.0.courier
    }

    /// Say where the site stands, once its port is known.
    pub fn set_site(&self, url: &str) {
        self.0.world().site = url.trim_end_matches('/').to_owned();
    }

    /// Time from an order's status being saved until its stock is reduced and `_reduced_stock` written (half of it each):
    /// the window in which an order is in flight. Zero, the default: all at once.
    pub fn set_order_gap(&self, gap: Duration) {
        self.0.world().gap = gap;
    }
}
