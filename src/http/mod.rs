//! The webhook listener and the admin side. A handler verifies, stores, answers; the rest is the engine's.

mod admin;
mod listener;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use crate::db::Ledger;
use crate::stores::Store;
use crate::telemetry::Meters;
pub use admin::{AdminState, admin_router};
pub use listener::listener_router;

/// Largest webhook body that is read. Shopify's largest products are under 3 MB of JSON; nothing else comes near.
pub const BODY_MAX: usize = 4 * 1024 * 1024;

/// What the listener needs.
#[derive(Clone)]
pub struct ListenerState {
    /// Shops by name.
    pub shops: Arc<BTreeMap<String, Arc<dyn Store>>>,
    /// Where deliveries are stored.
    pub ledger: Arc<dyn Ledger>,
    /// Called when one was stored.
    pub stored: Arc<dyn Fn() + Send + Sync>,
    /// Figures.
    pub meters: Meters,
}

/// Serve a router until shutdown; requests under way are finished.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    listener: tokio::net::TcpListener,
    router: axum::Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}
