//! What `shelfd check` looks at in a Vendure shop.

use serde::Deserialize;
use serde_json::json;

use crate::stores::{CheckLine, StoreError};

use super::Vendure;
use super::place::Place;
use super::queries::CHECK_ACCESS;
use super::subscriptions::Plugin;

/// What the administrator must be allowed to do, on catalogs as a whole or on this part of them, and what for.
const RIGHTS: [(&str, &str, &str); 4] = [
    ("ReadCatalog", "ReadProduct", "to read titles, prices and stock"),
    ("ReadCatalog", "ReadStockLocation", "to know where stock is kept"),
    ("CreateCatalog", "CreateProduct", "to create products"),
    ("UpdateCatalog", "UpdateProduct", "to write titles, prices and stock"),
];
/// The version of the plugin that this shelfd prints.
const PLUGIN_VERSION: u32 = 1;

#[derive(Deserialize)]
struct AccessData {
    me: Option<Me>,
}

#[derive(Deserialize)]
struct Me {
    identifier: String,
    channels: Vec<MyChannel>,
}

#[derive(Deserialize)]
struct MyChannel {
    code: String,
    permissions: Vec<String>,
}

impl Vendure {
    pub(super) async fn check_all(&self) -> Vec<CheckLine> {
        let access: Result<AccessData, StoreError> = self.api.call(&CHECK_ACCESS, &json!({})).await.map_err(Into::into);
        let me = match access {
            Ok(AccessData { me: Some(me) }) => me,
            Ok(AccessData { me: None }) => {
                return vec![line("address and credentials", false, "the log-in led to nobody".to_owned())];
            }
            // Everything else would only say the same again.
            Err(error) => return vec![line("address and credentials", false, error.to_string())],
        };
        let mut lines = vec![line("address and credentials", true, format!("logged in as {}", me.identifier))];
        match self.look_up_place().await {
            Ok(place) => {
                let Place { location, location_name, currency, language, .. } = place.as_ref();
                let granted = me.channels.iter().find(|channel| channel.code == place.channel);
                lines.push(rights(&place.channel, granted.map(|channel| channel.permissions.as_slice())));
                let words = format!("{location_name} ({location}); prices in {currency}, titles in \"{language}\"");
                lines.push(line("stock location", true, words));
            }
            Err(error) => lines.push(line("stock location", false, error.to_string())),
        }
        lines.push(plugin(&self.plugin().await));
        lines
    }
}

fn rights(channel: &str, granted: Option<&[String]>) -> CheckLine {
    let granted = granted.unwrap_or_default();
    let has = |right: &str| granted.iter().any(|granted| granted == right || granted == "SuperAdmin");
    let missing: Vec<String> = RIGHTS
        .iter()
        .filter(|(whole, part, _)| !has(whole) && !has(part))
        .map(|(_, part, why)| format!("{part} ({why})"))
        .collect();
    if missing.is_empty() {
        return line("rights", true, format!("enough, in channel {channel}"));
    }
    let words = format!("missing in channel {channel}: {}; add them to the administrator's role", missing.join(", "));
    line("rights", false, words)
}

fn plugin(found: &Result<Plugin, StoreError>) -> CheckLine {
    match found {
        Err(error) => line("plugin", false, error.to_string()),
        Ok(Plugin { ready: false, .. }) => {
            line("plugin", false, "its table is not there; make a migration in the Vendure project".to_owned())
        }
        Ok(Plugin { version, .. }) if *version < PLUGIN_VERSION => {
            let words = format!("version {version} is old; replace it: `shelfd webhooks snippet vendure` prints it");
            line("plugin", false, words)
        }
        Ok(Plugin { delivers_to: Some(url), .. }) => line("plugin", true, format!("delivers to {url}")),
        Ok(Plugin { delivers_to: None, .. }) => {
            line("plugin", true, "installed; it delivers nothing, so sales are seen at the next sweep".to_owned())
        }
    }
}

fn line(what: &str, ok: bool, words: String) -> CheckLine {
    CheckLine { what: what.to_owned(), ok, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_rights_are_named() {
        let check = |granted: &[&str], ok: bool, part: &str| {
            let granted: Vec<String> = granted.iter().map(ToString::to_string).collect();
            let line = rights("main", Some(&granted));
            assert!(line.ok == ok && line.words.contains(part), "{granted:?}: {line:?}");
        };
        check(&["SuperAdmin"], true, "enough");
        check(&["ReadCatalog", "CreateCatalog", "UpdateCatalog"], true, "enough");
        check(&["ReadProduct", "ReadStockLocation", "CreateProduct", "UpdateProduct"], true, "enough");
        check(&["ReadCatalog", "UpdateProduct"], false, "missing in channel main: CreateProduct (to create products);");
        assert!(!rights("main", None).ok);
    }

    #[test]
    fn the_plugin_says_how_it_stands() {
        let check = |version, ready, url: Option<&str>, ok: bool, part: &str| {
            let line = plugin(&Ok(Plugin { version, ready, delivers_to: url.map(ToOwned::to_owned) }));
            assert!(line.ok == ok && line.words.contains(part), "{line:?}");
        };
        check(1, true, Some("https://us.example/webhooks/eu"), true, "delivers to https://us.example/webhooks/eu");
        check(1, true, None, true, "delivers nothing");
        check(1, false, None, false, "make a migration");
        check(0, true, None, false, "version 0 is old");
    }
}
