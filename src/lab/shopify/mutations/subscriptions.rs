//! `webhookSubscriptionCreate`, `…Update`, `…Delete`.

use serde_json::Value;
use url::{Host, Url};

use super::{Args, object, text};
use crate::clock::Time;
use crate::lab::shopify::gid::{Gid, gid};
use crate::lab::shopify::resolve::{Node, Out};
use crate::lab::shopify::user_error::{UserError, user_errors};
use crate::lab::shopify::world::{Subscription, World};

const ADDRESS: &str = "webhookSubscription.callbackUrl";

/// `webhookSubscriptionCreate`.
pub fn create(world: &mut World, args: &Args, now: Time) -> Node {
    let topic = text(args, "topic").unwrap_or_default().to_owned();
    let empty = Args::new();
    let input = object(args, "webhookSubscription").unwrap_or(&empty);
    let errors = problems(world, input, &topic, None, true);
    let mut made = None;
    if errors.is_empty() {
        let id = world.next_id("WebhookSubscription");
        let mut subscription = Subscription {
            id,
            topic,
            uri: String::new(),
            format: "JSON".to_owned(),
            filter: None,
            include_fields: Vec::new(),
            metafield_namespaces: Vec::new(),
            name: None,
            failures: 0,
            created: now,
            updated: now,
        };
        apply(&mut subscription, input);
        world.subscriptions.insert(id, subscription);
        made = Some(id);
    }
    answer("WebhookSubscriptionCreatePayload", made, &errors)
}

/// `webhookSubscriptionUpdate`.
pub fn update(world: &mut World, args: &Args, now: Time) -> Node {
    let id = text(args, "id").and_then(|id| Gid::number(id, "WebhookSubscription"));
    let empty = Args::new();
    let input = object(args, "webhookSubscription").unwrap_or(&empty);
    let kind = "WebhookSubscriptionUpdatePayload";
    let Some(subscription) = id.and_then(|id| world.subscriptions.get(&id)) else {
        return answer(kind, None, &[UserError::plain("id", "Webhook subscription does not exist")]);
    };
    let (id, topic) = (subscription.id, subscription.topic.clone());
    let errors = problems(world, input, &topic, Some(id), false);
    if !errors.is_empty() {
        return answer(kind, None, &errors);
    }
    if let Some(subscription) = world.subscriptions.get_mut(&id) {
        apply(subscription, input);
        subscription.updated = now;
    }
    answer(kind, Some(id), &[])
}

/// `webhookSubscriptionDelete`.
pub fn delete(world: &mut World, args: &Args) -> Node {
    let id = text(args, "id").and_then(|id| Gid::number(id, "WebhookSubscription"));
    let gone = id.and_then(|id| world.subscriptions.remove(&id));
    let errors = match gone {
        Some(_) => Vec::new(),
        None => vec![UserError::plain("id", "Webhook subscription does not exist")],
    };
    let deleted = gone.map(|subscription| gid("WebhookSubscription", subscription.id));
    Node::record(
        "WebhookSubscriptionDeletePayload",
        [("deletedWebhookSubscriptionId", deleted.into()), ("userErrors", user_errors("UserError", &errors))],
    )
}

fn answer(kind: &str, id: Option<u64>, errors: &[UserError]) -> Node {
    Node::record(
        kind,
        [
            ("webhookSubscription", Out::One(id.map(Node::Subscription))),
            ("userErrors", user_errors("UserError", errors)),
        ],
    )
}

fn address(input: &Args) -> Option<&str> {
    text(input, "uri").or_else(|| text(input, "callbackUrl"))
}

fn apply(subscription: &mut Subscription, input: &Args) {
    let strings = |name: &str| {
        let values = input.get(name).and_then(Value::as_array)?;
        Some(values.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    if let Some(uri) = address(input) {
        subscription.uri = uri.to_owned();
    }
    if let Some(format) = text(input, "format") {
        format.clone_into(&mut subscription.format);
    }
    if input.contains_key("filter") {
        subscription.filter = text(input, "filter").map(str::to_owned);
    }
    if input.contains_key("name") {
        subscription.name = text(input, "name").map(str::to_owned);
    }
    if let Some(fields) = strings("includeFields") {
        subscription.include_fields = fields;
    }
    if let Some(namespaces) = strings("metafieldNamespaces") {
        subscription.metafield_namespaces = namespaces;
    }
}

fn problems(world: &World, input: &Args, topic: &str, own: Option<u64>, creating: bool) -> Vec<UserError> {
    let mut errors = Vec::new();
    let uri = address(input);
    match uri {
        None if !creating => {}
        None | Some("") => errors.push(UserError::plain(ADDRESS, "Address can't be blank")),
        Some(uri) => {
            errors.extend(address_problems(uri).into_iter().map(|message| UserError::plain(ADDRESS, message)));
            let same = |other: &&Subscription| other.topic == topic && other.uri == uri && Some(other.id) != own;
            if world.subscriptions.values().any(|other| same(&other)) {
                errors.push(UserError::plain(ADDRESS, "Address for this topic has already been taken"));
            }
        }
    }
    if text(input, "filter").is_some_and(|filter| !filter.is_empty() && !filter.contains(':')) {
        let message = "The specified filter is invalid, please ensure you specify the field(s) you wish to filter on.";
        errors.push(UserError::plain("webhookSubscription", message));
    }
    errors
}

/// What is wrong with an address. Plain HTTP is refused, as the real one does, except to this machine itself, which the
/// real one refuses altogether: the lab has to reach a listener beside it. Queues are taken and never delivered to.
fn address_problems(uri: &str) -> Vec<String> {
    if uri.starts_with("arn:aws:events:") {
        return Vec::new();
    }
    if let Some(queue) = uri.strip_prefix("pubsub://") {
        let named = queue.split_once(':').is_some_and(|(project, topic)| !project.is_empty() && !topic.is_empty());
        let words = "Address is not a valid GCP pub/sub format. Format should be pubsub://project:topic";
        return if named { Vec::new() } else { vec![unsupported("pubsub"), words.to_owned()] };
    }
    let Ok(url) = Url::parse(uri) else { return vec!["Address is invalid".to_owned()] };
    let here = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let belongs = |host: &str, domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    let internal = url.host_str().is_some_and(|host| {
        ["myshopify.com", "shopify.com", "internal", "local", "localhost"].iter().any(|domain| belongs(host, domain))
    });
    let ours = here && url.scheme() == "http";
    match url.scheme() {
        _ if (internal || here) && !ours => vec!["Address cannot be a Shopify or an internal domain".to_owned()],
        "https" => Vec::new(),
        "http" if here => Vec::new(),
        scheme => vec![unsupported(scheme)],
    }
}

fn unsupported(scheme: &str) -> String {
    format!("Address protocol {scheme}:// is not supported")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        let check = |uri: &str, fine: bool| assert_eq!(address_problems(uri).is_empty(), fine, "{uri}");
        check("https://example.com/hook", true);
        check("http://127.0.0.1:8080/hook", true);
        check("http://[::1]:8080/hook", true);
        check("http://example.com/hook", false);
        check("https://my-shop.myshopify.com/hook", false);
        check("https://notshopify.com/hook", true);
        check("https://localhost/hook", false);
        check("pubsub://project:topic", true);
        check("pubsub://project:", false);
        check("arn:aws:events:us-east-1::event-source/aws.partner/shopify.com/1/lab", true);
        check("hook", false);
    }
}
