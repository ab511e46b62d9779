//! From a path to a place of the API, and what can be done there, as WordPress routes it.

use super::products::Shelf;
use super::terms::Taxonomy;

/// A collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Things {
    Shelf(Shelf),
    Terms(Taxonomy),
    /// Attributes that products share.
    Attributes,
    Orders,
    /// Of this order.
    Notes(u64),
    /// Of this order.
    Refunds(u64),
    Webhooks,
}

/// What the shop tells about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Facts {
    SystemStatus,
    SettingGroups,
    SettingGroup,
    SettingBatch,
    Setting,
    Data,
    Currencies,
    CurrentCurrency,
    Currency,
    TaxClasses,
}

/// Where a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    Namespace,
    Facts(Facts),
    All(Things),
    Batch(Things),
    One(Things, u64),
    Nowhere,
}

/// What a call wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    List,
    View,
    Create,
    Edit,
    Delete,
    Batch,
}

/// The parts of a route; `route` as after `/wp-json`.
pub(super) fn parts(route: &str) -> Vec<&str> {
    route.split('/').filter(|part| !part.is_empty()).collect()
}

impl Place {
    /// `route` as after `/wp-json`.
    pub(super) fn find(route: &str) -> Self {
        let parts = parts(route);
        let Some(parts) = parts.strip_prefix(&["wc", "v3"]) else {
            return if parts.is_empty() { Self::Root } else { Self::Nowhere };
        };
        if parts.is_empty() {
            return Self::Namespace;
        }
        if let Some(facts) = facts(parts) {
            return Self::Facts(facts);
        }
        let (last, before) = match parts.split_last() {
            Some((last, before)) => (*last, before),
            None => return Self::Nowhere,
        };
        if let Some(things) = collection(parts) {
            return Self::All(things);
        }
        match (collection(before), last) {
            (Some(things), "batch") if things.has_batch() => Self::Batch(things),
            (Some(things), id) => id.parse().map_or(Self::Nowhere, |id| Self::One(things, id)),
            (None, _) => Self::Nowhere,
        }
    }

    /// The path with `{id}` for ids, as calls are named.
    pub(super) fn name(self) -> String {
        match self {
            Self::Root | Self::Namespace => "/".to_owned(),
            Self::Facts(facts) => facts.name().to_owned(),
            Self::All(all) => all.name().to_owned(),
            Self::Batch(all) => format!("{}/batch", all.name()),
            Self::One(all, _) => format!("{}/{{id}}", all.name()),
            Self::Nowhere => "/nowhere".to_owned(),
        }
    }

    /// Methods that a caller with the key may use here, in WordPress' order.
    pub(super) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Root | Self::Namespace => &["GET"],
            Self::All(_) => &["GET", "POST"],
            Self::Batch(_) | Self::Facts(Facts::SettingBatch) => &["POST", "PUT", "PATCH"],
            Self::One(Things::Notes(_) | Things::Refunds(_), _) => &["GET", "DELETE"],
            Self::One(..) => &["GET", "POST", "PUT", "PATCH", "DELETE"],
            Self::Facts(Facts::Setting) => &["GET", "POST", "PUT", "PATCH"],
            Self::Facts(_) => &["GET"],
            Self::Nowhere => &[],
        }
    }

    /// What a method means here; `None`: no route.
    pub(super) fn action(self, method: &str) -> Option<Action> {
        let method = if method == "HEAD" { "GET" } else { method };
        if !self.methods().contains(&method) {
            return None;
        }
        match (self, method) {
            (Self::All(_), "GET") => Some(Action::List),
            (Self::All(_), _) => Some(Action::Create),
            (Self::Batch(_) | Self::Facts(Facts::SettingBatch), _) => Some(Action::Batch),
            (_, "GET") => Some(Action::View),
            (_, "DELETE") => Some(Action::Delete),
            _ => Some(Action::Edit),
        }
    }
}

fn facts(parts: &[&str]) -> Option<Facts> {
    Some(match parts {
        ["system_status"] => Facts::SystemStatus,
        ["settings"] => Facts::SettingGroups,
        ["settings", _] => Facts::SettingGroup,
        ["settings", _, "batch"] => Facts::SettingBatch,
        ["settings", _, _] => Facts::Setting,
        ["data"] => Facts::Data,
        ["data", "currencies"] => Facts::Currencies,
        ["data", "currencies", "current"] => Facts::CurrentCurrency,
        ["data", "currencies", code] if code.len() == 3 => Facts::Currency,
        ["taxes", "classes"] => Facts::TaxClasses,
        _ => return None,
    })
}

fn collection(parts: &[&str]) -> Option<Things> {
    let id = |text: &str| text.parse::<u64>().ok();
    Some(match parts {
        ["products"] => Things::Shelf(Shelf::Products),
        ["products", "categories"] => Things::Terms(Taxonomy::Category),
        ["products", "tags"] => Things::Terms(Taxonomy::Tag),
        ["products", "brands"] => Things::Terms(Taxonomy::Brand),
        ["products", "shipping_classes"] => Things::Terms(Taxonomy::ShippingClass),
        ["products", "attributes"] => Things::Attributes,
        ["products", "attributes", of, "terms"] => Things::Terms(Taxonomy::Attribute(id(of)?)),
        ["products", of, "variations"] => Things::Shelf(Shelf::Variations(id(of)?)),
        ["orders"] => Things::Orders,
        ["orders", of, "notes"] => Things::Notes(id(of)?),
        ["orders", of, "refunds"] => Things::Refunds(id(of)?),
        ["webhooks"] => Things::Webhooks,
        _ => return None,
    })
}

impl Things {
    fn name(self) -> &'static str {
        match self {
            Self::Shelf(Shelf::Products) => "/products",
            Self::Shelf(Shelf::Variations(_)) => "/products/{id}/variations",
            Self::Terms(Taxonomy::Category) => "/products/categories",
            Self::Terms(Taxonomy::Tag) => "/products/tags",
            Self::Terms(Taxonomy::Brand) => "/products/brands",
            Self::Terms(Taxonomy::ShippingClass) => "/products/shipping_classes",
            Self::Terms(Taxonomy::Attribute(_)) => "/products/attributes/{id}/terms",
            Self::Attributes => "/products/attributes",
            Self::Orders => "/orders",
            Self::Notes(_) => "/orders/{id}/notes",
            Self::Refunds(_) => "/orders/{id}/refunds",
            Self::Webhooks => "/webhooks",
        }
    }

    fn has_batch(self) -> bool {
        !matches!(self, Self::Notes(_) | Self::Refunds(_))
    }
}

impl Facts {
    fn name(self) -> &'static str {
        match self {
            Self::SystemStatus => "/system_status",
            Self::SettingGroups => "/settings",
            Self::SettingGroup => "/settings/{group}",
            Self::SettingBatch => "/settings/{group}/batch",
            Self::Setting => "/settings/{group}/{id}",
            Self::Data => "/data",
            Self::Currencies => "/data/currencies",
            Self::CurrentCurrency => "/data/currencies/current",
            Self::Currency => "/data/currencies/{code}",
            Self::TaxClasses => "/taxes/classes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_places() {
        let check = |route: &str, name: &str, methods: &str| {
            let place = Place::find(route);
            assert_eq!((place.name().as_str(), place.methods().join(" ").as_str()), (name, methods), "{route}");
        };
        check("/", "/", "GET");
        check("/wc/v3/", "/", "GET");
        check("/wc/v3/products/7/variations/8", "/products/{id}/variations/{id}", "GET POST PUT PATCH DELETE");
        check("/wc/v3/products/attributes/3/terms/batch", "/products/attributes/{id}/terms/batch", "POST PUT PATCH");
        check("/wc/v3/products/categories", "/products/categories", "GET POST");
        check("/wc/v3/orders/7/notes/9", "/orders/{id}/notes/{id}", "GET DELETE");
        check("/wc/v3/orders/7/notes/batch", "/nowhere", "");
        check("/wc/v3/settings/products/woocommerce_manage_stock", "/settings/{group}/{id}", "GET POST PUT PATCH");
        check("/wc/v3/products/x", "/nowhere", "");
        check("/wc/v2/products", "/nowhere", "");
    }

    #[test]
    fn methods_have_one_meaning() {
        let check = |route: &str, method: &str, expect: Option<Action>| {
            assert_eq!(Place::find(route).action(method), expect, "{method} {route}");
        };
        check("/wc/v3/products", "HEAD", Some(Action::List));
        check("/wc/v3/products", "PUT", None);
        check("/wc/v3/products/1", "POST", Some(Action::Edit));
        check("/wc/v3/orders/1/refunds/2", "PUT", None);
        check("/wc/v3/orders/1/refunds/2", "DELETE", Some(Action::Delete));
        check("/wc/v3/products/batch", "PATCH", Some(Action::Batch));
        check("/wc/v3/system_status", "GET", Some(Action::View));
        check("/wc/v3/system_status", "POST", None);
    }
}
