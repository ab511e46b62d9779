//! Where a shop's stock is kept, in which currency it sells, and where new products belong. Looked up once.

use serde::Deserialize;

use crate::stores::StoreError;

use super::api::{Api, Query};
use super::convert::WithId;

/// Locations and profiles are few.
const PLACES_MAX: &str = "200";

/// What every call about products and stock needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Stock location's id.
    pub(super) location: String,
    /// Its name, for people.
    pub(super) location_name: String,
    /// Currency code, lower case.
    pub(super) currency: String,
    /// Sales channel that new products are sold in, if the shop has a default one.
    pub(super) sales_channel: Option<String>,
    /// Shipping profile of new products: without one they cannot be shipped, and so not bought.
    pub(super) shipping_profile: Option<String>,
    /// The store's name, for people.
    pub(super) store_name: String,
}

#[derive(Deserialize)]
struct Stores {
    stores: Vec<Store>,
}

#[derive(Deserialize)]
struct Store {
    #[serde(default)]
    name: String,
    #[serde(default)]
    default_sales_channel_id: Option<String>,
    #[serde(default)]
    supported_currencies: Vec<Currency>,
}

#[derive(Deserialize)]
struct Currency {
    currency_code: String,
    #[serde(default)]
    is_default: bool,
}

#[derive(Deserialize)]
struct Locations {
    stock_locations: Vec<Location>,
}

#[derive(Deserialize)]
struct Location {
    id: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Profiles {
    shipping_profiles: Vec<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    #[serde(flatten)]
    id: WithId,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

/// Look it up.
///
/// # Errors
/// [`StoreError::Refused`] with what to set, when location or currency are not certain.
pub(super) async fn look_up(api: &Api, location: Option<&str>, currency: Option<&str>) -> Result<Place, StoreError> {
    let fields = "id,name,default_sales_channel_id,supported_currencies.currency_code,supported_currencies.is_default";
    let stores: Stores = api.get("/admin/stores", &vec![("fields", fields.to_owned())]).await?;
    let store = stores.stores.into_iter().next().ok_or_else(|| setting(api.shop(), "the shop has no store"))?;
    let list = |fields: &str| -> Query { vec![("fields", fields.to_owned()), ("limit", PLACES_MAX.to_owned())] };
    let locations: Locations = api.get("/admin/stock-locations", &list("id,name")).await?;
    let profiles: Profiles = api.get("/admin/shipping-profiles", &list("id,type")).await?;
    let location = choose_location(api.shop(), locations.stock_locations, location)?;
    Ok(Place {
        location: location.id,
        location_name: location.name,
        currency: choose_currency(api.shop(), &store.supported_currencies, currency)?,
        sales_channel: store.default_sales_channel_id,
        shipping_profile: choose_profile(&profiles.shipping_profiles),
        store_name: store.name,
    })
}

fn choose_location(shop: &str, mut there: Vec<Location>, wanted: Option<&str>) -> Result<Location, StoreError> {
    let all = there.iter().map(|place| format!("{} ({})", place.id, place.name)).collect::<Vec<_>>().join(", ");
    let found = match wanted {
        Some(wanted) => there.iter().position(|place| place.id == wanted),
        None if there.len() == 1 => Some(0),
        None => None,
    };
    found.map(|at| there.swap_remove(at)).ok_or_else(|| {
        setting(
            shop,
            &match (wanted, all.is_empty()) {
                (_, true) => "the shop has no stock location; add one in Medusa's settings".to_owned(),
                (Some(wanted), false) => format!("there is no stock location {wanted}; there are: {all}"),
                (None, false) => format!("the shop has several stock locations; set location to one of: {all}"),
            },
        )
    })
}

fn choose_currency(shop: &str, supported: &[Currency], wanted: Option<&str>) -> Result<String, StoreError> {
    let found = match wanted {
        Some(wanted) => supported.iter().find(|currency| currency.currency_code == wanted),
        None => supported.iter().find(|currency| currency.is_default),
    };
    let all = supported.iter().map(|currency| currency.currency_code.as_str()).collect::<Vec<_>>().join(", ");
    found.map(|currency| currency.currency_code.clone()).ok_or_else(|| {
        setting(
            shop,
            &match wanted {
                Some(wanted) => format!("the shop does not sell in {wanted}, but in: {all}"),
                None => format!("the shop has no default currency; set currency to one of: {all}"),
            },
        )
    })
}

/// The default one, else the only one.
fn choose_profile(there: &[Profile]) -> Option<String> {
    let default = there.iter().find(|profile| profile.kind.as_deref() == Some("default"));
    let only = match there {
        [only] => Some(only),
        _ => None,
    };
    default.or(only).map(|profile| profile.id.id.clone())
}

fn setting(shop: &str, message: &str) -> StoreError {
    StoreError::Refused {
        shop: shop.to_owned(),
        code: "setting".to_owned(),
        message: message.to_owned(),
        resource: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(there: &[&str], wanted: Option<&str>, expect: Result<&str, &str>) {
        let there = there.iter().map(|id| Location { id: (*id).to_owned(), name: "Main".to_owned() }).collect();
        let found = choose_location("eu", there, wanted).map(|place| place.id).map_err(|error| error.to_string());
        match expect {
            Ok(id) => assert_eq!(found.as_deref(), Ok(id)),
            Err(part) => assert!(found.as_ref().is_err_and(|words| words.contains(part)), "{found:?}"),
        }
    }

    #[test]
    fn a_location_is_never_guessed() {
        location(&["sloc_1"], None, Ok("sloc_1"));
        location(&["sloc_1", "sloc_2"], Some("sloc_2"), Ok("sloc_2"));
        location(&["sloc_1", "sloc_2"], None, Err("set location to one of: sloc_1 (Main), sloc_2 (Main)"));
        location(&["sloc_1"], Some("sloc_9"), Err("there is no stock location sloc_9"));
        location(&[], None, Err("has no stock location"));
    }

    #[test]
    fn a_currency_is_never_guessed() {
        let currency = |code: &str, is_default| Currency { currency_code: code.to_owned(), is_default };
        let two = [currency("usd", false), currency("eur", true)];
        assert_eq!(choose_currency("eu", &two, None).unwrap(), "eur");
        assert_eq!(choose_currency("eu", &two, Some("usd")).unwrap(), "usd");
        let error = choose_currency("eu", &two, Some("gbp")).unwrap_err().to_string();
        assert!(error.contains("does not sell in gbp, but in: usd, eur"), "{error}");
        assert!(choose_currency("eu", &two[..1], None).is_err());
    }
}
