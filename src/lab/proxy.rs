//! What stands between a face and its callers: a proxy that takes a header off, a cable that is cut, a wrong clock.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

use super::gate::{Cut, Gate};

/// Put a face behind its proxy.
pub(super) fn behind(router: Router, gate: &Gate) -> Router {
    router.layer(from_fn_with_state(gate.clone(), pass))
}

async fn pass(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    if gate.strips_authorization() {
        request.headers_mut().remove(header::AUTHORIZATION);
    }
    let mut response = next.run(request).await;
    if response.extensions().get::<Cut>().is_some() {
        // Ends the connection's task, and so the connection, before a single byte was answered.
        std::panic::resume_unwind(Box::new(Cut));
    }
    if gate.clock_ahead() != 0 {
        let date = gate.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(header::DATE, date);
        }
    }
    response
}
