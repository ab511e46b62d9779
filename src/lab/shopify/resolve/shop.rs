//! The shop, the app, and its webhook subscriptions.

use super::{Node, Out, missing, number, time};
use crate::lab::shopify::API_VERSION;
use crate::lab::shopify::gid::gid;
use crate::lab::shopify::graphql::error::GraphError;
use crate::lab::shopify::world::{CURRENCY, World};

/// A field of the shop.
pub fn shop(name: &str, world: &World) -> Result<Out, GraphError> {
    let shop_name = world.domain.split('.').next().unwrap_or_default();
    let url = format!("https://{}", world.domain);
    let opened = || world.locations.first().map(|location| time(location.created));
    Ok(match name {
        "id" => gid("Shop", 92_891_250_994).into(),
        "name" => shop_name.into(),
        "myshopifyDomain" => world.domain.clone().into(),
        "url" => url.into(),
        "primaryDomain" => Out::one(Node::record(
            "Domain",
            [
                ("id", gid("Domain", 1).into()),
                ("host", world.domain.clone().into()),
                ("sslEnabled", true.into()),
                ("url", url.into()),
            ],
        )),
        "currencyCode" => CURRENCY.into(),
        "email" | "contactEmail" => format!("owner@{shop_name}.example").into(),
        "ianaTimezone" => "America/New_York".into(),
        "timezoneOffset" => "-0500".into(),
        "plan" => Out::one(Node::record(
            "ShopPlan",
            [
                ("displayName", "Basic".into()),
                ("publicDisplayName", "Basic".into()),
                ("partnerDevelopment", false.into()),
                ("shopifyPlus", false.into()),
            ],
        )),
        "resourceLimits" => Out::one(Node::record(
            "ShopResourceLimits",
            [
                ("locationLimit", 10.into()),
                ("maxProductOptions", 3.into()),
                ("maxProductVariants", 2048.into()),
                ("redirectLimitReached", false.into()),
            ],
        )),
        "taxesIncluded" => false.into(),
        "unitSystem" => "METRIC_SYSTEM".into(),
        "weightUnit" => "KILOGRAMS".into(),
        "createdAt" | "updatedAt" => opened().into(),
        _ => Out::Unset,
    })
}

/// The app.
pub fn app(world: &World) -> Node {
    Node::record(
        "App",
        [
            ("id", gid("App", 1_354_745).into()),
            ("apiKey", world.client_id.clone().into()),
            ("handle", "shelfd".into()),
            ("title", "shelfd".into()),
        ],
    )
}

/// A field of the app's installation.
pub fn installation(name: &str, world: &World) -> Result<Out, GraphError> {
    Ok(match name {
        "id" => gid("AppInstallation", 741_852_963).into(),
        "app" => Out::one(app(world)),
        "accessScopes" => Out::many(world.scopes.iter().map(|scope| {
            let description = scope.replace('_', " ");
            Node::record("AccessScope", [("handle", scope.clone().into()), ("description", description.into())])
        })),
        _ => Out::Unset,
    })
}

/// A field of a webhook subscription.
pub fn subscription(id: u64, name: &str, world: &World) -> Result<Out, GraphError> {
    let Some(subscription) = world.subscriptions.get(&id) else { return Err(missing("WebhookSubscription", name)) };
    Ok(match name {
        "id" => gid("WebhookSubscription", id).into(),
        "legacyResourceId" => number(id),
        "topic" => subscription.topic.clone().into(),
        "uri" | "callbackUrl" => subscription.uri.clone().into(),
        "format" => subscription.format.clone().into(),
        "filter" => subscription.filter.clone().into(),
        "name" => subscription.name.clone().into(),
        "includeFields" => subscription.include_fields.clone().into(),
        "metafieldNamespaces" => subscription.metafield_namespaces.clone().into(),
        "createdAt" => time(subscription.created).into(),
        "updatedAt" => time(subscription.updated).into(),
        "apiVersion" => Out::one(Node::record(
            "ApiVersion",
            [("displayName", API_VERSION.into()), ("handle", API_VERSION.into()), ("supported", true.into())],
        )),
        "endpoint" => Out::one(endpoint(&subscription.uri)),
        _ => Out::Unset,
    })
}

fn endpoint(uri: &str) -> Node {
    if let Some((project, topic)) = uri.strip_prefix("pubsub://").and_then(|queue| queue.split_once(':')) {
        return Node::record(
            "WebhookPubSubEndpoint",
            [("pubSubProject", project.into()), ("pubSubTopic", topic.into())],
        );
    }
    if uri.starts_with("arn:") {
        return Node::record("WebhookEventBridgeEndpoint", [("arn", uri.into())]);
    }
    Node::record("WebhookHttpEndpoint", [("callbackUrl", uri.into())])
}
