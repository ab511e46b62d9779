//! `POST /webhooks/{shop}`: verify the raw bytes, store, answer.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tower_http::timeout::TimeoutLayer;

use super::{BODY_MAX, ListenerState};
use crate::clock;
use crate::stores::{Received, Rejected};

/// A sender that trickles its body is cut off. Shopify itself gives up after 5 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// The public router.
pub fn listener_router(state: ListenerState) -> Router {
    Router::new()
        .route("/webhooks/{shop}", post(receive))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .with_state(state)
}

async fn receive(
    State(state): State<ListenerState>,
    Path(shop): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Some(store) = state.shops.get(&shop) else { return StatusCode::NOT_FOUND };
    let headers: Vec<(String, String)> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let outcome = |name: &str| state.meters.delivery(&shop, name);
    let delivery = match store.receive(&headers, &body) {
        Ok(Received::Delivery(delivery)) => delivery,
        Ok(Received::Ping) => {
            outcome("ping");
            return StatusCode::OK;
        }
        Err(rejected) => {
            outcome("rejected");
            tracing::warn!(store.id = %shop, bytes = body.len(), "webhook rejected: {rejected}");
            return match rejected {
                Rejected::MissingHeader(_) | Rejected::BadSignature | Rejected::WrongTime => StatusCode::UNAUTHORIZED,
                Rejected::Unreadable { .. } => StatusCode::BAD_REQUEST,
            };
        }
    };
    let Ok(mentions) = serde_json::to_string(&delivery.mentions) else { return StatusCode::INTERNAL_SERVER_ERROR };
    let now = clock::now();
    match state.ledger.accept_delivery(&shop, &delivery.topic, &delivery.dedupe, &mentions, now).await {
        Ok(true) => {
            outcome("stored");
            (state.stored)();
            StatusCode::OK
        }
        Ok(false) => {
            outcome("repeated");
            StatusCode::OK
        }
        Err(error) => {
            // The platform repeats it, or the sweep makes up for it.
            outcome("failed");
            tracing::error!(store.id = %shop, "webhook not stored: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}
