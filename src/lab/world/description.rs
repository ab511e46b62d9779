//! What another program must know to work with a running world.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lab::catalog::KeyStyle;

/// Every address and credential of a running world. The credentials open nothing but this lab.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct WorldDescription {
    /// Address of the control API.
    pub control: String,
    /// What identifies a row.
    pub key_style: KeyStyle,
    /// The sheet.
    pub google: GoogleDescription,
    /// The Shopify shop.
    pub shopify: ShopifyDescription,
    /// The WooCommerce shop.
    pub woocommerce: WooDescription,
}

/// Where the sheet is.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct GoogleDescription {
    /// Address that stands for sheets.googleapis.com and www.googleapis.com.
    pub base_url: String,
    /// Token endpoint.
    pub token_uri: String,
    /// Calls a minute that are granted, reads and writes each; more than anybody makes where no quota is kept.
    pub calls_per_minute: u32,
    /// The spreadsheet's id.
    pub spreadsheet_id: String,
    /// The tab with the goods.
    pub tab: String,
    /// A service account's key file.
    pub service_account: Value,
    /// A bearer token that is valid at once.
    pub access_token: String,
}

/// Where the Shopify shop is.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ShopifyDescription {
    /// Name in the configuration.
    pub name: String,
    /// Address that stands for `https://NAME.myshopify.com`.
    pub url: String,
    /// The shop's `myshopify.com` domain, as webhooks name it.
    pub domain: String,
    /// Admin API access token.
    pub token: String,
    /// Client id of the app.
    pub client_id: String,
    /// Client secret of the app; signs webhooks.
    pub client_secret: String,
    /// The one location.
    pub location_id: Option<String>,
}

/// Where the WooCommerce shop is.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct WooDescription {
    /// Name in the configuration.
    pub name: String,
    /// The site's address.
    pub url: String,
    /// Consumer key.
    pub consumer_key: String,
    /// Consumer secret.
    pub consumer_secret: String,
    /// A secret to sign webhooks with; the shop learns it when webhooks are registered.
    pub webhook_secret: String,
}
