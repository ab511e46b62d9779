//! The lab's Shopify shop: the GraphQL Admin API of version 2026-10 over HTTP, with state in memory, points, idempotency
//! keys and signed webhooks. Written from the published schema and recorded answers, apart from shelfd's own adapter.

mod bucket;
mod delivery;
mod event;
mod gid;
mod graphql;
mod http;
mod idempotency;
mod mutations;
mod payload;
mod people;
mod resolve;
mod trouble;
mod user_error;
mod world;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::bucket::Bucket;
use self::gid::gid;
use self::trouble::Trouble;
use self::world::{Location, World};
use super::courier::Courier;
use super::gate::Gate;
use crate::clock::{self, Time};

/// The newest version spoken, and the one that webhooks are written in.
const API_VERSION: &str = "2026-10";
/// The oldest version that is still answered; calls to older ones fall forward to it.
const OLDEST_VERSION: &str = "2026-01";
/// What the app may do at first.
const SCOPES: [&str; 6] =
    ["read_inventory", "read_locations", "read_orders", "read_products", "write_inventory", "write_products"];

/// How a shop starts.
#[derive(Clone)]
pub struct ShopifyOptions {
    /// `my-shop.myshopify.com`, for headers and the shop's own data.
    pub domain: String,
    /// An access token that does not expire.
    pub token: String,
    /// Client id for the client-credentials grant.
    pub client_id: String,
    /// Client secret; also signs webhooks.
    pub client_secret: String,
    /// Names of the locations; the first is where shoppers buy from. Ids are generated.
    pub locations: Vec<String>,
    /// Points that the bucket holds.
    pub bucket_max: f64,
    /// Points that come back each second.
    pub restore_rate: f64,
    /// What the waits between tries of a webhook are counted in: a second, as in real life; less in tests.
    pub retry_unit: Duration,
}

impl Default for ShopifyOptions {
    /// A shop on the Standard plan with one location.
    fn default() -> Self {
        Self {
            domain: "lab-shop.myshopify.com".to_owned(),
            token: "shpat_lab".to_owned(),
            client_id: "lab-client".to_owned(),
            client_secret: "shpss_lab".to_owned(),
            locations: vec!["Shop location".to_owned()],
            bucket_max: 2000.0,
            restore_rate: 100.0,
            retry_unit: Duration::from_secs(1),
        }
    }
}

struct Inner {
    options: ShopifyOptions,
    gate: Gate,
    courier: Courier,
    world: Mutex<World>,
    bucket: Mutex<Bucket>,
    tokens: Mutex<HashMap<String, Time>>,
    trouble: Mutex<Trouble>,
}

/// A shop. Cheap to clone; clones are the same shop.
#[derive(Clone)]
pub struct ShopifyFace(Arc<Inner>);

impl ShopifyFace {
    /// An empty shop.
    pub fn new(options: ShopifyOptions) -> Self {
        let now = clock::now();
        let mut world = World::new(&options.domain, &options.client_id);
        world.scopes = SCOPES.iter().map(|scope| (*scope).to_owned()).collect();
        for name in &options.locations {
            let id = world.next_id("Location");
            world.locations.push(Location { id, name: name.clone(), created: now });
        }
        let gate = Gate::default();
        gate.refuse_with(|_, _| http::unknown_token());
        Self(Arc::new(Inner {
            bucket: Mutex::new(Bucket::new(options.bucket_max, options.restore_rate, now)),
            options,
            gate,
            courier: Courier::default(),
            world: Mutex::new(world),
            tokens: Mutex::default(),
            trouble: Mutex::default(),
        }))
    }

    /// The shop over HTTP.
    pub fn router(&self) -> axum::Router {
        http::router(self.clone())
    }

    /// Counts, latency and faults of its calls. Names are root fields (`productSet`, `productVariants`), several joined
    /// by commas, and `oauth/access_token`.
    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// Misdelivery of its webhooks.
    pub fn courier(&self) -> &Courier {
        &self.0.courier
    }

    /// Global id of a location, in the order of the options.
    pub fn location_id(&self, index: usize) -> Option<String> {
        self.world().locations.get(index).map(|location| gid("Location", location.id))
    }

    fn options(&self) -> &ShopifyOptions {
        &self.0.options
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // Every change is whole before anything can panic.
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.0.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, Time>> {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Change the shop and tell those who subscribed.
    fn change<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        let (outcome, events) = {
            let mut world = self.world();
            let outcome = work(&mut world);
            (outcome, std::mem::take(&mut world.events))
        };
        self.publish(&events);
        outcome
    }
}
