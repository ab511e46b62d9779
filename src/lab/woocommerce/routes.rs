//! A call: read, signed in, done, answered.

use axum::body::Body;
use axum::http::{Response, request::Parts};
use serde_json::{Map, Value, json};

use super::WooFace;
use super::answer::{Answer, Refusal, add_hints, respond};
use super::auth::{Credentials, authenticate};
use super::php::Params;
use super::place::{self, Action, Facts, Place, Things};
use super::query::cut_fields;
use super::world::World;
use crate::lab::gate::Kind;

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

/// Nothing is there, or not with this method.
pub(super) fn no_route() -> Refusal {
    Refusal::new(404, "rest_no_route", "No route was found matching the URL and request method.")
}

/// A call that has come in.
struct Call {
    parts: Parts,
    query: Params,
    form: Params,
    body: Result<Map<String, Value>, Refusal>,
    place: Place,
    /// As after `/wp-json`.
    route: String,
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
        let route = route.unwrap_or("/nowhere").to_owned();
        let place = Place::find(&route);
        Self { parts, query, form, body, place, route }
    }

    /// Deleting for good: said so, said not so, or not said.
    fn force(&self) -> Option<bool> {
        let said = self.body.as_ref().ok().and_then(|body| body.get("force")).cloned();
        let asked = self.query.text("force").map(|_| self.query.flag("force"));
        asked.or_else(|| said.map(|said| matches!(said, Value::Bool(true)) || said == "true" || said == 1))
    }

    /// The parts of the path below `wc/v3`.
    fn words(&self) -> Vec<String> {
        place::parts(&self.route).into_iter().skip(2).map(str::to_owned).collect()
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
            let site = self.0.world().site.clone();
            let shown = |mut answer: Answer| {
                add_hints(&mut answer.body, &site);
                Answer { body: cut_fields(&call.query, answer.body), ..answer }
            };
            // Methods are for those who may use them.
            let unknown = result.as_ref().is_err_and(|refusal| refusal.status == 401);
            let allow = if unknown { &[][..] } else { call.place.methods() };
            respond(result.map(shown), &site, allow)
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
            authenticate(keys, nonces, site, self.0.gate.now(), &sent)
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
        let body = || call.body.as_ref().map_err(Clone::clone);
        match (call.place, action) {
            (Place::Facts(facts), _) => self.answer_facts(call, facts, action),
            (Place::All(things), Action::List) => self.list(things, query),
            (Place::One(things, id), Action::View) => self.view(things, id, query),
            (Place::All(things), Action::Create) => self.create(things, body()?, true),
            (Place::One(things, id), Action::Edit) => self.edit(things, id, body()?, true),
            (Place::One(things, id), Action::Delete) => self.delete(things, id, call.force()),
            (Place::Batch(things), Action::Batch) => self.batch(things, body()?),
            _ => Err(no_route()),
        }
    }

    fn answer_facts(&mut self, call: &Call, facts: Facts, action: Action) -> Result<Answer, Refusal> {
        let words = call.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match action {
            Action::Edit => self.edit_setting(&words, call.body.as_ref().map_err(Clone::clone)?),
            Action::Batch => self.edit_settings(&words, call.body.as_ref().map_err(Clone::clone)?),
            _ => self.view_facts(facts, &words),
        }
    }

    fn list(&self, things: Things, query: &Params) -> Result<Answer, Refusal> {
        match things {
            Things::Shelf(shelf) => self.list_products(shelf, query),
            Things::Terms(taxonomy) => self.list_terms(taxonomy, query),
            Things::Attributes => Ok(self.list_attributes()),
            Things::Orders => self.list_orders(query),
            Things::Notes(order) => self.list_notes(order, query),
            Things::Refunds(order) => self.list_refunds(order, query),
            Things::Webhooks => self.list_hooks(query),
        }
    }

    fn view(&self, things: Things, id: u64, query: &Params) -> Result<Answer, Refusal> {
        match things {
            Things::Shelf(shelf) => self.get_product(shelf, id, query),
            Things::Terms(taxonomy) => self.get_term(taxonomy, id),
            Things::Attributes => self.get_attribute(id),
            Things::Orders => self.get_order(id),
            Things::Notes(order) => self.get_note(order, id),
            Things::Refunds(order) => self.get_refund(order, id),
            Things::Webhooks => self.get_hook(id),
        }
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
}
