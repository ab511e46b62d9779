//! The endpoints below `/webhooks`.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Invalid, Refusal, add_hints};
use super::php::{self, Params};
use super::product_write::text;
use super::query::{Key, ListQuery, Listed};
use super::world::{World, dates};
use crate::clock::Time;

const STATUSES: [&str; 3] = ["active", "paused", "disabled"];
const RESOURCES: [&str; 4] = ["coupon", "customer", "order", "product"];
const EVENTS: [&str; 4] = ["created", "updated", "deleted", "restored"];

/// A webhook.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) topic: String,
    pub(super) url: String,
    pub(super) secret: String,
    pub(super) failures: u32,
    /// The ping was not answered with 200 yet; it is sent again on each save while active.
    pub(super) unpinged: bool,
    pub(super) created: Time,
    pub(super) modified: Time,
}

fn topic_known(topic: &str) -> bool {
    let Some((resource, event)) = topic.split_once('.') else { return false };
    resource == "action" || RESOURCES.contains(&resource) && EVENTS.contains(&event)
}

fn refuse(what: &str, message: &str) -> Refusal {
    Refusal::new(400, format!("woocommerce_rest_shop_webhook_{what}"), message)
}

fn checked_url(url: &str) -> Result<String, Refusal> {
    let good = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let message = "Webhook delivery URL must be a valid URL starting with http:// or https://.";
    if good { Ok(url.to_owned()) } else { Err(refuse("invalid_delivery_url", message)) }
}

impl Listed for Hook {
    fn key(&self) -> Key<'_> {
        Key { id: self.id, title: &self.name, slug: "", created: self.created, modified: self.modified }
    }
}

impl World {
    fn show_hook(&self, hook: &Hook) -> Value {
        let (created, created_gmt) = dates(hook.created);
        let (modified, modified_gmt) = dates(hook.modified);
        let (resource, event) = hook.topic.split_once('.').unwrap_or_default();
        json!({
            "id": hook.id, "name": hook.name, "status": hook.status, "topic": hook.topic,
            "resource": resource, "event": event, "hooks": action_names(&hook.topic),
            "delivery_url": hook.url,
            "date_created": created, "date_created_gmt": created_gmt,
            "date_modified": modified, "date_modified_gmt": modified_gmt,
            "_links": {
                "self": [{ "href": self.api(&format!("/webhooks/{}", hook.id)) }],
                "collection": [{ "href": self.api("/webhooks") }],
            },
        })
    }

    pub(super) fn list_hooks(&self, params: &Params) -> Result<Answer, Refusal> {
        let mut invalid = Invalid::default();
        let status = params.filled("status").unwrap_or("all");
        let choices: Vec<&str> = ["all"].into_iter().chain(STATUSES).collect();
        if !choices.contains(&status) {
            invalid.choice("status", &choices);
        }
        let query = ListQuery::read(params, &["date", "id", "title"], invalid)?;
        let hooks = self.hooks.values().filter(|hook| status == "all" || hook.status == status);
        let (page, total) = query.select(hooks);
        let items = page.into_iter().map(|hook| self.show_hook(hook)).collect();
        Ok(query.answer(self, "/webhooks", params, items, total))
    }

    pub(super) fn get_hook(&self, id: u64) -> Result<Answer, Refusal> {
        // 400 and not 404: the webhook endpoint's own way.
        let hook = self.hooks.get(&id).ok_or_else(|| refuse("invalid_id", "ID is invalid."))?;
        Ok(Answer::ok(self.show_hook(hook)))
    }

    /// Create a webhook. It is always active at first; its ping follows.
    pub(super) fn create_hook(&mut self, body: &Map<String, Value>, strict: bool) -> Result<Answer, Refusal> {
        let missing: Vec<&str> = ["topic", "delivery_url"].into_iter().filter(|key| !body.contains_key(*key)).collect();
        if strict && !missing.is_empty() {
            return Err(Refusal::missing(&missing));
        }
        let topic = text(body, "topic").unwrap_or_default().to_lowercase();
        if !topic_known(&topic) {
            return Err(refuse("invalid_topic", "Webhook topic is required and must be valid."));
        }
        let url = checked_url(&text(body, "delivery_url").unwrap_or_default())?;
        let id = self.fresh_id();
        let unnamed = || format!("Webhook created on {}", self.now().format("%b %d, %Y @ %I:%M %p"));
        let hook = Hook {
            id,
            name: text(body, "name").filter(|name| !name.is_empty()).unwrap_or_else(unnamed),
            status: "active".to_owned(),
            topic,
            url,
            secret: text(body, "secret").filter(|secret| !secret.is_empty()).unwrap_or_else(crate::clock::fresh_key),
            failures: 0,
            unpinged: true,
            created: self.now(),
            modified: self.now(),
        };
        let answer = Answer::created(self.show_hook(&hook), self.api(&format!("/webhooks/{id}")));
        self.hooks.insert(id, hook);
        Ok(answer)
    }

    pub(super) fn update_hook(&mut self, id: u64, body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let found = self.hooks.get(&id).cloned();
        let mut hook = found.ok_or_else(|| refuse("invalid_id", "ID is invalid."))?;
        let said = |key: &str| text(body, key).filter(|text| !text.is_empty());
        if let Some(topic) = said("topic").map(|topic| topic.to_lowercase()) {
            if !topic_known(&topic) {
                return Err(refuse("invalid_topic", "Webhook topic must be valid."));
            }
            hook.topic = topic;
        }
        if let Some(url) = said("delivery_url") {
            hook.unpinged |= url != hook.url;
            hook.url = checked_url(&url)?;
        }
        hook.secret = said("secret").unwrap_or(hook.secret);
        if let Some(status) = said("status") {
            if !STATUSES.contains(&status.as_str()) {
                return Err(refuse("invalid_status", "Webhook status must be valid."));
            }
            // The count of failures stays: the next one after a comeback disables the webhook again.
            hook.status = status;
        }
        hook.name = said("name").unwrap_or(hook.name);
        hook.modified = self.now();
        let answer = Answer::ok(self.show_hook(&hook));
        self.hooks.insert(id, hook);
        Ok(answer)
    }

    pub(super) fn delete_hook(&mut self, id: u64, force: bool) -> Result<Answer, Refusal> {
        if !force {
            return Err(Refusal::no_trash("Webhooks do not support trashing."));
        }
        let hook = self.hooks.remove(&id).ok_or_else(|| Refusal::invalid_id(404, "shop_webhook"))?;
        Ok(Answer::ok(self.show_hook(&hook)))
    }

    /// Active webhooks for a topic.
    pub(super) fn listeners(&self, topic: &str) -> Vec<u64> {
        let active = self.hooks.values().filter(|hook| hook.status == "active" && hook.topic == topic);
        active.map(|hook| hook.id).collect()
    }

    /// What a delivery carries: the resource as it is now, seen through the API.
    pub(super) fn payload(&self, topic: &str, id: u64) -> Value {
        let shown = match topic.split_once('.') {
            Some((_, "deleted")) => return json!({ "id": id }),
            Some(("order", _)) => self.get_order(id),
            _ => self.get_product(super::products::Shelf::Products, id, &Params::default()),
        };
        let mut shown = shown.map_or_else(|refusal| refusal.body(), |answer| answer.body);
        add_hints(&mut shown, &self.site);
        shown
    }
}

/// The secret as it signs: HTML entities are decoded first.
pub(super) fn signing_secret(hook: &Hook) -> String {
    php::unescape(&hook.secret)
}

/// WordPress actions behind a topic; shown in `hooks`.
fn action_names(topic: &str) -> &'static [&'static str] {
    match topic {
        "order.created" => &["woocommerce_new_order"],
        "order.updated" => &["woocommerce_update_order", "woocommerce_order_refunded"],
        "order.deleted" => &["wp_trash_post", "woocommerce_trash_order"],
        "product.created" => {
            &["woocommerce_process_product_meta", "woocommerce_new_product", "woocommerce_new_product_variation"]
        }
        "product.updated" => {
            &["woocommerce_process_product_meta", "woocommerce_update_product", "woocommerce_update_product_variation"]
        }
        "product.deleted" => &["wp_trash_post"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_and_addresses_are_checked() {
        let check = |topic: &str, expect: bool| assert_eq!(topic_known(topic), expect, "{topic}");
        check("order.updated", true);
        check("action.woocommerce_low_stock", true);
        check("order.cancelled", false);
        check("stock.updated", false);
        check("order", false);
        let check = |url: &str, expect: bool| assert_eq!(checked_url(url).is_ok(), expect, "{url}");
        check("http://127.0.0.1:8080/hooks/woo?x=1", true);
        check("ftp://example.com", false);
        check("example.com", false);
    }
}
