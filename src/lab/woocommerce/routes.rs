//! From method and path to a call on the shop, as WordPress routes it.

use axum::body::Body;
use axum::http::{Response, request::Parts};
use serde_json::{Map, Value, json};

use super::WooFace;
use super::answer::{Answer, Refusal, respond};
use super::auth::{Credentials, authenticate};
use super::php::Params;
use super::products::Shelf;
use super::query::cut_fields;
use super::world::{WOOCOMMERCE_VERSION, WORDPRESS_VERSION, World};
use crate::lab::gate::Kind;

/// Batches beyond this are refused; the API's own limit (observed on WooCommerce 10.0.2).
const MAX_BATCH: usize = 100;

/// A collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Things {
    Shelf(Shelf),
    Orders,
    /// Of this order.
    Refunds(u64),
    Webhooks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Namespace,
    SystemStatus,
    All(Things),
    Batch(Things),
    One(Things, u64),
    Nowhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    List,
    View,
    Create,
    Edit,
    Delete,
    Batch,
}

impl Place {
    /// `route` as after `/wp-json`.
    fn find(route: &str) -> Self {
        let parts: Vec<&str> = route.split('/').filter(|part| !part.is_empty()).collect();
        let id = |text: &str| text.parse::<u64>().ok();
        let variations = |parent: &str| id(parent).map(|parent| Things::Shelf(Shelf::Variations(parent)));
        let refunds = |order: &str| id(order).map(Things::Refunds);
        let all = |things: Option<Things>| things.map_or(Self::Nowhere, Self::All);
        let one = |things: Option<Things>, text: &str| match things.zip(id(text)) {
            Some((things, id)) => Self::One(things, id),
            None => Self::Nowhere,
        };
        let products = Some(Things::Shelf(Shelf::Products));
        let Some(parts) = parts.strip_prefix(&["wc", "v3"]) else {
            return if parts.is_empty() { Self::Root } else { Self::Nowhere };
        };
        match parts {
            [] => Self::Namespace,
            ["system_status"] => Self::SystemStatus,
            ["products"] => all(products),
            ["products", "batch"] => Self::Batch(Things::Shelf(Shelf::Products)),
            ["products", of] => one(products, of),
            ["products", of, "variations"] => all(variations(of)),
            ["products", of, "variations", "batch"] => variations(of).map_or(Self::Nowhere, Self::Batch),
            ["products", of, "variations", at] => one(variations(of), at),
            ["orders"] => Self::All(Things::Orders),
            ["orders", "batch"] => Self::Batch(Things::Orders),
            ["orders", of] => one(Some(Things::Orders), of),
            ["orders", of, "refunds"] => all(refunds(of)),
            ["orders", of, "refunds", at] => one(refunds(of), at),
            ["webhooks"] => Self::All(Things::Webhooks),
            ["webhooks", "batch"] => Self::Batch(Things::Webhooks),
            ["webhooks", of] => one(Some(Things::Webhooks), of),
            _ => Self::Nowhere,
        }
    }

    /// The path with `{id}` for ids, as calls are named.
    fn name(self) -> String {
        let things = |things: Things| match things {
            Things::Shelf(Shelf::Products) => "/products",
            Things::Shelf(Shelf::Variations(_)) => "/products/{id}/variations",
            Things::Orders => "/orders",
            Things::Refunds(_) => "/orders/{id}/refunds",
            Things::Webhooks => "/webhooks",
        };
        match self {
            Self::Root | Self::Namespace => "/".to_owned(),
            Self::SystemStatus => "/system_status".to_owned(),
            Self::All(all) => things(all).to_owned(),
            Self::Batch(all) => format!("{}/batch", things(all)),
            Self::One(all, _) => format!("{}/{{id}}", things(all)),
            Self::Nowhere => "/nowhere".to_owned(),
        }
    }

    fn action(self, method: &str) -> Option<Action> {
        let editable = matches!(method, "POST" | "PUT" | "PATCH");
        match (self, method) {
            (Self::SystemStatus, "GET" | "HEAD") => Some(Action::View),
            (Self::All(_), "GET" | "HEAD") => Some(Action::List),
            (Self::All(_), "POST") => Some(Action::Create),
            (Self::Batch(_), _) if editable => Some(Action::Batch),
            (Self::One(..), "GET" | "HEAD") => Some(Action::View),
            (Self::One(..), "DELETE") => Some(Action::Delete),
            (Self::One(things, _), _) if editable && !matches!(things, Things::Refunds(_)) => Some(Action::Edit),
            _ => None,
        }
    }
}

fn forbidden(action: Action) -> Refusal {
    let (code, message) = match action {
        Action::List => ("view", "Sorry, you cannot list resources."),
        Action::View => ("view", "Sorry, you cannot view this resource."),
        Action::Create => ("create", "Sorry, you are not allowed to create resources."),
        Action::Edit => ("edit", "Sorry, you are not allowed to edit this resource."),
        Action::Delete => ("delete", "Sorry, you are not allowed to delete this resource."),
        Action::Batch => ("batch", "Sorry, you are not allowed to batch manipulate this resource."),
    };
    Refusal::new(401, format!("woocommerce_rest_cannot_{code}"), message)
}

fn no_route() -> Refusal {
    Refusal::new(404, "rest_no_route", "No route was found matching the URL and request method.")
}

/// A call that has come in.
struct Call {
    parts: Parts,
    query: Params,
    form: Params,
    body: Result<Map<String, Value>, Refusal>,
    place: Place,
}

impl Call {
    fn read(parts: Parts, bytes: &[u8]) -> Self {
        let query = Params::parse(parts.uri.query().unwrap_or_default());
        let kind = parts.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_form = kind.starts_with("application/x-www-form-urlencoded");
        let form = if is_form { Params::parse(&String::from_utf8_lossy(bytes)) } else { Params::default() };
        // As in WordPress, a body of no declared kind is not looked at.
        let body = match kind.starts_with("application/json") && !bytes.is_empty() {
            true => read_json(bytes),
            false => Ok(form.clone().into_json()),
        };
        let path = parts.uri.path();
        let route = path.strip_prefix("/wp-json").or_else(|| query.text("rest_route").filter(|_| path == "/"));
        let place = route.map_or(Place::Nowhere, Place::find);
        Self { parts, query, form, body, place }
    }

    fn force(&self) -> bool {
        let said = self.body.as_ref().ok().and_then(|body| body.get("force")).cloned();
        self.query.flag("force") || matches!(said, Some(Value::Bool(true)))
    }
}

fn read_json(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Ok(Map::new()),
        Err(_) => {
            let mut refusal = Refusal::new(400, "rest_invalid_json", "Invalid JSON body passed.");
            refusal.data = json!({ "status": 400, "json_error_code": 4, "json_error_message": "Syntax error" });
            Err(refusal)
        }
    }
}

impl WooFace {
    /// Answer one call.
    pub(super) async fn serve(&self, mut parts: Parts, bytes: axum::body::Bytes) -> Response<Body> {
        if self.0.strip_authorization {
            parts.headers.remove("authorization");
        }
        let call = Call::read(parts, &bytes);
        let method = call.parts.method.as_str();
        let name = format!("{method} {}", call.place.name());
        let kind = match (call.place, method) {
            (Place::Root | Place::Namespace | Place::Nowhere, _) => Kind::Other,
            (_, "GET" | "HEAD") => Kind::Read,
            _ => Kind::Write,
        };
        let work = async {
            let result = self.work(&call).await;
            let result = result.map(|answer| Answer { body: cut_fields(&call.query, answer.body), ..answer });
            let site = self.0.world().site.clone();
            respond(result, &site)
        };
        self.0.gate.pass(&name, kind, work).await
    }

    async fn work(&self, call: &Call) -> Result<Answer, Refusal> {
        let method = call.parts.method.as_str();
        self.learn_site(call);
        let known = {
            let mut world = self.0.world();
            let World { keys, nonces, site, .. } = &mut *world;
            let path = call.parts.uri.path();
            let headers = &call.parts.headers;
            let sent = Credentials { method, path, query: &call.query, form: &call.form, headers };
            authenticate(keys, nonces, site, crate::clock::now(), &sent)
        };
        match call.place {
            Place::Root => return known.map(|_| Answer::ok(self.0.world().index())),
            Place::Namespace => return known.map(|_| Answer::ok(self.0.world().namespace())),
            _ => {}
        }
        let known = known?;
        let action = call.place.action(method).ok_or_else(no_route)?;
        if !known {
            return Err(forbidden(action));
        }
        let (result, started) = self.0.change(|world| world.answer(call, action));
        let mut answer = result?;
        if !started.is_empty() {
            futures::future::join_all(started).await;
            self.0.world().refresh_orders(&mut answer.body);
        }
        if matches!(call.place, Place::All(Things::Webhooks) | Place::Batch(Things::Webhooks))
            || matches!((call.place, action), (Place::One(Things::Webhooks, _), Action::Edit))
        {
            self.0.ping_shown(&answer.body).await;
        }
        Ok(answer)
    }

    /// Before it is told where it stands, the site believes its first caller.
    fn learn_site(&self, call: &Call) {
        let mut world = self.0.world();
        if let Some(host) = call.parts.headers.get("host").and_then(|host| host.to_str().ok())
            && world.site.is_empty()
        {
            world.site = format!("http://{host}");
        }
    }
}

impl World {
    fn answer(&mut self, call: &Call, action: Action) -> Result<Answer, Refusal> {
        let query = &call.query;
        match (call.place, action) {
            (Place::SystemStatus, _) => Ok(Answer::ok(self.system_status())),
            (Place::All(things), Action::List) => match things {
                Things::Shelf(shelf) => self.list_products(shelf, query),
                Things::Orders => self.list_orders(query),
                Things::Refunds(order) => self.list_refunds(order, query),
                Things::Webhooks => self.list_hooks(query),
            },
            (Place::One(things, id), Action::View) => match things {
                Things::Shelf(shelf) => self.get_product(shelf, id, query),
                Things::Orders => self.get_order(id),
                Things::Refunds(order) => self.get_refund(order, id),
                Things::Webhooks => self.get_hook(id),
            },
            (Place::All(things), Action::Create) => {
                self.create(things, call.body.as_ref().map_err(Clone::clone)?, true)
            }
            (Place::One(things, id), Action::Edit) => {
                self.edit(things, id, call.body.as_ref().map_err(Clone::clone)?, true)
            }
            (Place::One(things, id), Action::Delete) => self.delete(things, id, call.force()),
            (Place::Batch(things), Action::Batch) => self.batch(things, call.body.as_ref().map_err(Clone::clone)?),
            _ => Err(no_route()),
        }
    }

    fn create(&mut self, things: Things, body: &Map<String, Value>, strict: bool) -> Result<Answer, Refusal> {
        match things {
            Things::Shelf(shelf) => self.create_product(shelf, body, strict),
            Things::Orders => self.create_order(body, strict),
            Things::Refunds(order) => self.create_refund(order, body),
            Things::Webhooks => self.create_hook(body, strict),
        }
    }

    fn edit(&mut self, things: Things, id: u64, body: &Map<String, Value>, strict: bool) -> Result<Answer, Refusal> {
        match things {
            Things::Shelf(shelf) => self.update_product(shelf, id, body, strict),
            Things::Orders => self.update_order(id, body, strict),
            Things::Refunds(_) => Err(no_route()),
            Things::Webhooks => self.update_hook(id, body),
        }
    }

    fn delete(&mut self, things: Things, id: u64, force: bool) -> Result<Answer, Refusal> {
        match things {
            Things::Shelf(shelf) => self.delete_product(shelf, id, force),
            Things::Orders => self.delete_order(id, force),
            // Taking a refund back is beyond this shop.
            Things::Refunds(_) => Err(no_route()),
            Things::Webhooks => self.delete_hook(id, force),
        }
    }

    /// Create, update, delete, in that order; each item succeeds or fails alone.
    fn batch(&mut self, things: Things, body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let list = |key: &str| body.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let (create, update, delete) = (list("create"), list("update"), list("delete"));
        if create.len() + update.len() + delete.len() > MAX_BATCH {
            let message = format!("Unable to accept more than {MAX_BATCH} items for this request.");
            return Err(Refusal::new(413, "woocommerce_rest_request_entity_too_large", message));
        }
        let object = |item: &Value| item.as_object().cloned().unwrap_or_default();
        let shown = |result: Result<Answer, Refusal>, id: &Value| match result {
            Ok(answer) => answer.body,
            Err(refusal) => refusal.in_batch(id),
        };
        let mut done = Map::new();
        for item in create {
            push(&mut done, "create", shown(self.create(things, &object(item), false), &json!(0)));
        }
        for item in update {
            let id = item.get("id").cloned().unwrap_or_default();
            let number = super::product_write::whole(&object(item), "id").unwrap_or_default().unsigned_abs();
            push(&mut done, "update", shown(self.edit(things, number, &object(item), false), &id));
        }
        for item in delete {
            let number = item.as_u64().or_else(|| item.as_str()?.parse().ok()).unwrap_or_default();
            if number != 0 {
                push(&mut done, "delete", shown(self.delete(things, number, true), &json!(number)));
            }
        }
        Ok(Answer::ok(Value::Object(done)))
    }

    /// Show orders again as they are now, their stock work done.
    fn refresh_orders(&self, shown: &mut Value) {
        for key in ["create", "update"] {
            for item in shown.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
                self.refresh_orders(item);
            }
        }
        if shown.get("order_key").is_none() {
            return;
        }
        let order = shown.get("id").and_then(Value::as_u64).and_then(|id| self.orders.get(&id));
        *shown = order.map(|order| self.show_order(order)).unwrap_or_else(|| shown.take());
    }

    fn index(&self) -> Value {
        json!({
            "name": "Lab shop", "description": "", "url": self.site, "home": self.site, "gmt_offset": "2",
            "timezone_string": "", "namespaces": ["oembed/1.0", "wc/v1", "wc/v2", "wc/v3", "wp/v2"],
            "authentication": {}, "routes": {},
        })
    }

    fn namespace(&self) -> Value {
        let route = |path: &str| (format!("/wc/v3{path}"), json!({ "namespace": "wc/v3" }));
        let paths = ["", "/products", "/products/batch", "/orders", "/orders/batch", "/webhooks", "/system_status"];
        let routes: Map<String, Value> = paths.into_iter().map(route).collect();
        json!({ "namespace": "wc/v3", "routes": routes })
    }

    fn system_status(&self) -> Value {
        json!({
            "environment": {
                "home_url": self.site, "site_url": self.site, "version": WOOCOMMERCE_VERSION,
                "wp_version": WORDPRESS_VERSION, "php_version": "8.2.29", "default_timezone": "UTC",
            },
            "settings": {
                "api_enabled": false, "force_ssl": false, "currency": "USD", "currency_symbol": "&#36;",
                "thousand_separator": ",", "decimal_separator": ".", "number_of_decimals": 2,
            },
        })
    }
}

fn push(done: &mut Map<String, Value>, key: &str, item: Value) {
    if let Value::Array(items) = done.entry(key).or_insert_with(|| Value::Array(Vec::new())) {
        items.push(item);
    }
}
