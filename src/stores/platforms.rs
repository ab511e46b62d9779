//! The platforms there are: the one place that knows them all.

use std::sync::Arc;

use url::Url;

use super::{Store, StoreError, medusa, shopify, vendure, woocommerce};
use crate::catalog::Pool;

/// Settings of one shop: which platform, and its own section.
#[derive(Debug, Clone)]
pub enum StoreConfig {
    /// Shopify.
    Shopify(shopify::Config),
    /// WooCommerce.
    WooCommerce(woocommerce::Config),
    /// Medusa.
    Medusa(medusa::Config),
    /// Vendure.
    Vendure(vendure::Config),
}

/// What every platform's settings have, for rules about shops in general.
#[derive(Debug, Clone, Copy)]
pub struct ShopFacts<'a> {
    /// Name of the platform, as `kind` spells it.
    pub platform: &'static str,
    /// Where the shop is.
    pub url: &'a Url,
    /// The pool it sells from.
    pub pool: &'a Pool,
    /// The place in the shop whose stock is kept, where a platform has several and one was chosen.
    pub location: Option<&'a str>,
}

impl ShopFacts<'_> {
    /// What makes a site the same one: over http and https alike, with or without a slash at the end.
    pub fn site(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}{}", self.url.host_str().unwrap_or_default(), self.url.path().trim_end_matches('/'))
    }

    /// The place as its bare number: `gid://shopify/Location/1` and `1` are the same.
    pub fn place(&self) -> Option<&str> {
        self.location.map(|id| id.rsplit('/').next().unwrap_or(id))
    }

    /// What the shop's numbers speak of: `woocommerce shop.example - pool main`. Holds no secret.
    pub fn identity(&self) -> String {
        format!("{} {} {} pool {}", self.platform, self.site(), self.place().unwrap_or("-"), self.pool)
    }
}

impl StoreConfig {
    /// What all settings have.
    pub fn facts(&self) -> ShopFacts<'_> {
        let facts = |platform, url, pool, location| ShopFacts { platform, url, pool, location };
        match self {
            Self::Shopify(config) => facts("shopify", &config.url, &config.pool, config.location.as_deref()),
            Self::WooCommerce(config) => facts("woocommerce", &config.url, &config.pool, None),
            Self::Medusa(config) => facts("medusa", &config.url, &config.pool, config.location.as_deref()),
            Self::Vendure(config) => facts("vendure", &config.url, &config.pool, config.location.as_deref()),
        }
    }
}

/// Build the store that a configuration describes. Adding a platform is one folder, one arm here and one in
/// [`StoreConfig::facts`].
///
/// # Errors
/// When the HTTP client cannot be built (no usable TLS roots).
pub fn build(config: &StoreConfig) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match config {
        StoreConfig::Shopify(config) => Arc::new(shopify::Shopify::new(config.clone())?),
        StoreConfig::WooCommerce(config) => Arc::new(woocommerce::WooCommerce::new(config.clone())?),
        StoreConfig::Medusa(config) => Arc::new(medusa::Medusa::new(config.clone())?),
        StoreConfig::Vendure(config) => Arc::new(vendure::Vendure::new(config.clone())?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_changes_with_what_numbers_speak_of_and_with_nothing_else() {
        let pool = "main".to_owned();
        let identity = |url: &str, location: Option<&str>| {
            let url = Url::parse(url).unwrap();
            ShopFacts { platform: "shopify", url: &url, pool: &pool, location }.identity()
        };
        assert_eq!(identity("https://a.example", None), "shopify a.example - pool main");
        assert_eq!(identity("http://a.example/", None), "shopify a.example - pool main");
        assert_eq!(identity("http://ck:cs@a.example:81/b/?key=1", Some("7")), "shopify a.example:81/b 7 pool main");
        let same = identity("https://a.example", Some("gid://shopify/Location/7"));
        assert_eq!(same, identity("https://a.example", Some("7")));
    }
}
