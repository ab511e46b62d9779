//! Where shelfd writes: the channel's language and currency, and the stock location.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::stores::StoreError;

use super::Vendure;
use super::answer::refused;
use super::queries::PLACE;

/// What shelfd must know of a shop before it reads or writes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Code of the channel; `__default_channel__` for the default one.
    pub(super) channel: String,
    /// Language of titles.
    pub(super) language: String,
    /// Currency of prices, as ISO 4217 has it.
    pub(super) currency: String,
    /// Decimals that the shop's integers hold (`MoneyStrategy.precision`).
    pub(super) decimals: u32,
    /// Whether stock is counted where a variant does not say itself.
    pub(super) tracked: bool,
    /// Id of the stock location.
    pub(super) location: String,
    /// Its name.
    pub(super) location_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlaceData {
    active_channel: ChannelNode,
    global_settings: SettingsNode,
    stock_locations: Items<LocationNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChannelNode {
    code: String,
    default_language_code: String,
    default_currency_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SettingsNode {
    track_inventory: bool,
    server_config: ServerNode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerNode {
    money_strategy_precision: u32,
}

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

#[derive(Deserialize)]
struct LocationNode {
    id: String,
    name: String,
}

impl Vendure {
    /// As last looked up.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when there is not exactly one location to choose; errors of the call.
    pub(super) async fn place(&self) -> Result<Arc<Place>, StoreError> {
        let mut held = self.place.lock().await;
        match held.as_ref() {
            Some(place) => Ok(Arc::clone(place)),
            None => Ok(Arc::clone(held.insert(Arc::new(self.ask_place().await?)))),
        }
    }

    /// As the shop says it now. Settings change rarely, so this is asked once per full reading.
    pub(super) async fn look_up_place(&self) -> Result<Arc<Place>, StoreError> {
        let mut held = self.place.lock().await;
        *held = None;
        Ok(Arc::clone(held.insert(Arc::new(self.ask_place().await?))))
    }

    async fn ask_place(&self) -> Result<Place, StoreError> {
        let data: PlaceData = self.api.call(&PLACE, &json!({})).await?;
        let location = choose(self.api.shop(), self.configured_location.as_deref(), data.stock_locations.items)?;
        Ok(Place {
            channel: data.active_channel.code,
            language: data.active_channel.default_language_code,
            currency: data.active_channel.default_currency_code,
            decimals: data.global_settings.server_config.money_strategy_precision,
            tracked: data.global_settings.track_inventory,
            location: location.id,
            location_name: location.name,
        })
    }
}

fn choose(shop: &str, configured: Option<&str>, mut there: Vec<LocationNode>) -> Result<LocationNode, StoreError> {
    let names: Vec<String> = there.iter().map(|location| format!("{} ({})", location.id, location.name)).collect();
    let names = names.join(", ");
    if let Some(id) = configured {
        let found = there.into_iter().find(|location| location.id == id);
        let words = || format!("{id} is no stock location of this channel; there are: {names}");
        return found.ok_or_else(|| refused(shop, "LOCATION", words()));
    }
    match (there.pop(), there.len()) {
        (Some(only), 0) => Ok(only),
        (None, _) => Err(refused(shop, "LOCATION", "the channel has no stock location")),
        (Some(_), others) => {
            let words = format!("stock is kept at {} places; set `location` to one of: {names}", others + 1);
            Err(refused(shop, "LOCATION", words))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(configured: Option<&str>, there: &[(&str, &str)], expect: &str) {
        let there = there.iter().map(|(id, name)| LocationNode { id: (*id).to_owned(), name: (*name).to_owned() });
        let words = match choose("eu", configured, there.collect()) {
            Ok(location) => location.name,
            Err(error) => error.to_string(),
        };
        assert!(words.contains(expect), "{words}");
    }

    #[test]
    fn one_location_is_chosen() {
        check(None, &[("1", "Berlin")], "Berlin");
        check(Some("2"), &[("1", "Berlin"), ("2", "Bonn")], "Bonn");
        check(Some("3"), &[("1", "Berlin")], "3 is no stock location of this channel; there are: 1 (Berlin)");
        check(None, &[("1", "Berlin"), ("2", "Bonn")], "2 places; set `location` to one of: 1 (Berlin), 2 (Bonn)");
        check(None, &[], "no stock location");
    }
}
