//! The HTTP side: tokens, and the one endpoint that GraphQL has.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::graphql::error::GraphError;
use super::graphql::execute::{Done, execute};
use super::graphql::request::{Operation, Parsed, Request};
use super::graphql::schema::{Schema, schema, schema_of};
use super::graphql::selection::Scope;
use super::graphql::validate::validate;
use super::graphql::{cost, variables};
use super::{API_VERSION, OLDEST_VERSION, ShopifyFace};
use crate::clock;
use crate::lab::gate::Kind;

/// Tokens of the client-credentials grant live a day, less a second.
/// <https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant>
const TOKEN_SECS: i64 = 86_399;
/// Points that one call may cost.
const COST_MAX: f64 = 1000.0;
const LIMITS_PAGE: &str = "https://shopify.dev/api/usage/rate-limits";

/// The shop's routes.
pub fn router(face: ShopifyFace) -> Router {
    Router::new()
        .route("/admin/oauth/access_token", post(access_token))
        .route("/admin/api/{version}/graphql.json", post(graphql))
        .with_state(face)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Grant {
    grant_type: String,
    client_id: String,
    client_secret: String,
}

async fn access_token(State(face): State<ShopifyFace>, headers: HeaderMap, body: Bytes) -> Response {
    let gate = face.gate().clone();
    gate.pass("oauth/access_token", Kind::Other, async move { grant(&face, &headers, &body) }).await
}

fn grant(face: &ShopifyFace, headers: &HeaderMap, body: &[u8]) -> Response {
    let json = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let grant: Grant = if json {
        serde_json::from_slice(body).unwrap_or_default()
    } else {
        let mut grant = Grant::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            match &*name {
                "grant_type" => grant.grant_type = value.into_owned(),
                "client_id" => grant.client_id = value.into_owned(),
                "client_secret" => grant.client_secret = value.into_owned(),
                _ => {}
            }
        }
        grant
    };
    let refused = |status: StatusCode, error: &str| {
        (status, axum::Json(json!({ "error": error, "error_description": error.replace('_', " ") }))).into_response()
    };
    if grant.grant_type != "client_credentials" {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    if grant.client_id != face.options().client_id || grant.client_secret != face.options().client_secret {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if face.trouble().revoked {
        return refused(StatusCode::BAD_REQUEST, "shop_not_permitted");
    }
    let token = format!("shpat_{}", clock::fresh_key().replace('-', ""));
    face.tokens().insert(token.clone(), clock::now() + TimeDelta::seconds(TOKEN_SECS));
    let scope = face.world().scopes.iter().cloned().collect::<Vec<_>>().join(",");
    axum::Json(json!({ "access_token": token, "scope": scope, "expires_in": TOKEN_SECS })).into_response()
}

async fn graphql(
    State(face): State<ShopifyFace>,
    Path(version): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(&body);
    let (name, kind) = call.name_and_kind();
    let gate = face.gate().clone();
    gate.pass(&name, kind, async move {
        let mut response = if !is_version(&version) {
            (StatusCode::NOT_FOUND, axum::Json(json!({ "errors": "Not Found" }))).into_response()
        } else if !authorised(&face, &headers) {
            unknown_token()
        } else {
            call.answer(&face, schema_of(answered_version(&version))).into_response()
        };
        let values =
            [("x-shopify-api-version", answered_version(&version).to_owned()), ("x-request-id", clock::fresh_key())];
        for (name, value) in values {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    })
    .await
}

/// To a caller whose token is none, has run out, or went with its app.
pub(super) fn unknown_token() -> Response {
    let words = "[API] Invalid API key or access token (unrecognized login or wrong password)";
    (StatusCode::UNAUTHORIZED, axum::Json(json!({ "errors": words }))).into_response()
}

fn is_version(version: &str) -> bool {
    let dated = |(year, month): (&str, &str)| year.parse::<u16>().is_ok() && month.parse::<u8>().is_ok();
    version == "unstable" || version.split_once('-').is_some_and(dated)
}

/// An expired version falls forward to the oldest that is answered.
fn answered_version(version: &str) -> &str {
    if !is_version(version) {
        return API_VERSION;
    }
    if version < OLDEST_VERSION { OLDEST_VERSION } else { version }
}

fn authorised(face: &ShopifyFace, headers: &HeaderMap) -> bool {
    let Some(token) = headers.get("x-shopify-access-token").and_then(|token| token.to_str().ok()) else {
        return false;
    };
    if face.trouble().revoked {
        return false;
    }
    token == face.options().token || face.tokens().get(token).is_some_and(|expiry| clock::now() < *expiry)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    query: String,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(default)]
    operation_name: Option<String>,
}

/// A call as far as it could be read.
enum Call {
    Unreadable,
    Unparsed(String),
    Ready(Box<Parsed>, Map<String, Value>, Option<String>),
}

impl Call {
    fn read(body: &[u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<Body>(body) else { return Self::Unreadable };
        match graphql_parser::parse_query::<String>(&body.query) {
            Ok(document) => Self::Ready(
                Box::new(document.into_static()),
                body.variables.unwrap_or_default(),
                body.operation_name.filter(|name| !name.is_empty()),
            ),
            Err(error) => Self::Unparsed(error.to_string()),
        }
    }

    fn name_and_kind(&self) -> (String, Kind) {
        let Self::Ready(document, given, name) = self else { return ("graphql".to_owned(), Kind::Read) };
        let Ok(request) = Request::choose(document, name.as_deref()) else {
            return ("graphql".to_owned(), Kind::Read);
        };
        let kind = match request.operation {
            Operation::Query => Kind::Read,
            Operation::Mutation => Kind::Write,
        };
        let scope = Scope { schema: schema(), request: &request, variables: given };
        let mut names: Vec<&str> = Vec::new();
        for (_, fields) in scope.collect(request.root(), &[request.selection]) {
            let field = fields.first().map_or("", |field| field.name.as_str());
            if !names.contains(&field) {
                names.push(field);
            }
        }
        (names.join(","), kind)
    }

    fn answer(self, face: &ShopifyFace, schema: &Schema) -> Response {
        let (document, given, name) = match self {
            Self::Unreadable => {
                let errors = json!({ "errors": { "query": "Required parameter missing or invalid" } });
                return (StatusCode::BAD_REQUEST, axum::Json(errors)).into_response();
            }
            Self::Unparsed(error) => {
                let message = format!("syntax error, {}", error.lines().collect::<Vec<_>>().join(" "));
                return refused(&[GraphError::new("BAD_REQUEST", message)]);
            }
            Self::Ready(document, given, name) => (document, given, name),
        };
        let request = match Request::choose(&document, name.as_deref()) {
            Ok(request) => request,
            Err(error) => return refused(&[error]),
        };
        let errors = validate(schema, &request);
        if !errors.is_empty() {
            return refused(&errors);
        }
        let variables = match variables::coerce(schema, &request, &given) {
            Ok(variables) => variables,
            Err(errors) => return refused(&errors),
        };
        run(face, Scope { schema, request: &request, variables: &variables })
    }
}

/// Errors found before anything was run: no data, no cost.
fn refused(errors: &[GraphError]) -> Response {
    let errors: Vec<Value> = errors.iter().map(GraphError::to_json).collect();
    axum::Json(json!({ "errors": errors })).into_response()
}

fn run(face: &ShopifyFace, scope: Scope<'_>) -> Response {
    let requested = cost::requested(&scope).floor();
    if requested > COST_MAX {
        let message = format!(
            "Query cost is {requested}, which exceeds the single query max cost limit ({COST_MAX}). See {LIMITS_PAGE} \
             for more information on how the cost of a query is calculated."
        );
        let error = GraphError::new("MAX_COST_EXCEEDED", message)
            .with("cost", requested as i64)
            .with("maxCost", COST_MAX as i64)
            .with("documentation", LIMITS_PAGE);
        return refused(&[error]);
    }
    if !face.bucket().take(requested, clock::now()) {
        let error = GraphError::new("THROTTLED", "Throttled").with("documentation", LIMITS_PAGE);
        let cost = points(face, requested, None);
        return axum::Json(json!({ "errors": [error.to_json()], "extensions": { "cost": cost } })).into_response();
    }
    let Done { data, errors, cost, warnings } = face.change(|world| execute(world, scope));
    let used = cost.floor().min(requested);
    face.bucket().give_back(requested - used);
    let mut answer = json!({ "data": data, "extensions": { "cost": points(face, requested, Some(used)) } });
    if !errors.is_empty() {
        answer["errors"] = errors.iter().map(GraphError::to_json).collect();
    }
    if !warnings.is_empty() {
        answer["extensions"]["search"] = warnings.into();
    }
    axum::Json(answer).into_response()
}

fn points(face: &ShopifyFace, requested: f64, used: Option<f64>) -> Value {
    json!({
        "requestedQueryCost": requested as i64,
        "actualQueryCost": used.map(|used| used as i64),
        "throttleStatus": face.bucket().status(),
    })
}
