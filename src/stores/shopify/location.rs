//! The place whose stock is kept.

use serde::Deserialize;
use serde_json::json;

use crate::stores::StoreError;

use super::Shopify;
use super::convert::{Nodes, gid, number};
use super::queries::{LOCATION, LOCATIONS};

/// A location as Shopify gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LocationNode {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) is_active: bool,
}

#[derive(Deserialize)]
struct LocationsData {
    locations: Nodes<LocationNode>,
}

#[derive(Deserialize)]
struct LocationData {
    location: Option<LocationNode>,
}

impl Shopify {
    /// Id of the configured location, or of the only active one. Asked for once.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when there is not exactly one to choose; errors of the call.
    pub(super) async fn location(&self) -> Result<&str, StoreError> {
        if let Some(configured) = &self.configured_location {
            return Ok(configured);
        }
        let found = self.only_location.get_or_try_init(|| async {
            let data: LocationsData = self.api.call(&LOCATIONS, &json!({})).await?;
            only(self.api.shop(), data.locations.nodes).map(|location| location.id)
        });
        found.await.map(String::as_str)
    }

    /// The location as the shop shows it now, for `check`.
    pub(super) async fn look_up_location(&self) -> Result<LocationNode, StoreError> {
        let shop = self.api.shop();
        let Some(id) = &self.configured_location else {
            let data: LocationsData = self.api.call(&LOCATIONS, &json!({})).await?;
            return only(shop, data.locations.nodes);
        };
        let data: LocationData = self.api.call(&LOCATION, &json!({ "id": id })).await?;
        data.location.filter(|location| location.is_active).ok_or_else(|| {
            refused(
                shop,
                format!("{id} is no active location of this shop; leave `location` out to see which there are"),
            )
        })
    }
}

/// The configured id (a plain number or a global id) as a global id.
pub(super) fn configured(location: Option<&str>) -> Option<String> {
    location.map(str::trim).filter(|id| !id.is_empty()).map(|id| gid("Location", id))
}

fn only(shop: &str, locations: Vec<LocationNode>) -> Result<LocationNode, StoreError> {
    let mut active: Vec<LocationNode> = locations.into_iter().filter(|location| location.is_active).collect();
    match (active.pop(), active.is_empty()) {
        (Some(location), true) => Ok(location),
        (None, _) => Err(refused(shop, "the shop has no active location to keep stock at".to_owned())),
        (Some(last), false) => {
            active.push(last);
            let names: Vec<String> = active
                .iter()
                .map(|location| match number(&location.id) {
                    Some(number) => format!("{number} ({})", location.name),
                    None => format!("{} ({})", location.id, location.name),
                })
                .collect();
            let words = format!(
                "the shop keeps stock at {} places; set `location` to one of: {}",
                names.len(),
                names.join(", ")
            );
            Err(refused(shop, words))
        }
    }
}

fn refused(shop: &str, message: String) -> StoreError {
    StoreError::Refused { shop: shop.to_owned(), code: "LOCATION".to_owned(), message, resource: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(id: u64, name: &str, is_active: bool) -> LocationNode {
        LocationNode { id: format!("gid://shopify/Location/{id}"), name: name.to_owned(), is_active }
    }

    #[test]
    fn the_only_active_location_is_taken() {
        let one = only("eu", vec![place(1, "Old", false), place(2, "Berlin", true)]).unwrap();
        assert_eq!(one.id, "gid://shopify/Location/2");
        let none = only("eu", vec![place(1, "Old", false)]).unwrap_err().to_string();
        assert!(none.contains("no active location"), "{none}");
        let two = only("eu", vec![place(1, "Bonn", true), place(2, "Berlin", true)]).unwrap_err().to_string();
        assert!(two.contains("2 places; set `location` to one of: 1 (Bonn), 2 (Berlin)"), "{two}");
    }

    #[test]
    fn configured_ids_may_be_plain() {
        assert_eq!(configured(Some(" 61794353 ")).as_deref(), Some("gid://shopify/Location/61794353"));
        assert_eq!(configured(Some("gid://shopify/Location/1")).as_deref(), Some("gid://shopify/Location/1"));
        assert_eq!(configured(Some(" ")), None);
        assert_eq!(configured(None), None);
    }
}
