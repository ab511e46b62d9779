//! `/healthz`, `/readyz`, `/metrics`, on an address of their own (loopback by default).

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::db::Ledger;
use crate::telemetry::Meters;

/// What the admin side needs.
#[derive(Clone)]
pub struct AdminState {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// Endpoint names.
    pub endpoints: Arc<Vec<String>>,
    /// Why everything is stopped, if it is.
    pub halted: Arc<dyn Fn() -> Option<String> + Send + Sync>,
    /// Figures.
    pub meters: Meters,
}

/// The admin router.
pub fn admin_router(state: AdminState) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(state)
}

/// Ready: the ledger answers and no guard has stopped everything.
async fn ready(State(state): State<AdminState>) -> impl IntoResponse {
    if let Err(error) = state.ledger.fact("ready").await {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"ready": false, "why": error.to_string()})));
    }
    match (state.halted)() {
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"ready": false, "why": why}))),
        None => (StatusCode::OK, Json(json!({"ready": true}))),
    }
}

async fn metrics(State(state): State<AdminState>) -> impl IntoResponse {
    let mut text = state.meters.text();
    let text = match gauges(&state).await {
        Ok(gauges) => {
            text.truncate(text.trim_end_matches("# EOF\n").len());
            text + &gauges + "# EOF\n"
        }
        Err(error) => {
            tracing::error!("metrics: {error}");
            text
        }
    };
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

async fn gauges(state: &AdminState) -> crate::db::Result<String> {
    let mut statuses = Vec::new();
    for endpoint in state.endpoints.iter() {
        statuses.push(state.ledger.endpoint_status(endpoint).await?);
    }
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: &dyn Fn(&crate::db::EndpointStatus) -> i64| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP shelfd_{name} {help}.\n# TYPE shelfd_{name} gauge");
        for status in &statuses {
            let _ = writeln!(text, "shelfd_{name}{{endpoint=\"{}\"}} {}", status.endpoint, value(status));
        }
    };
    gauge("skus", "SKUs that an endpoint holds", &|status| status.skus);
    gauge("hints_waiting", "SKUs to look at", &|status| status.waiting);
    gauge("intents_open", "Stock writes whose fate is not known yet", &|status| status.open_intents);
    gauge("dead_letters", "Items given up on", &|status| status.dead);
    let halted = i64::from((state.halted)().is_some());
    let _ = writeln!(
        text,
        "# HELP shelfd_halted 1 while a guard has stopped everything.\n# TYPE shelfd_halted gauge\nshelfd_halted {halted}"
    );
    Ok(text)
}
