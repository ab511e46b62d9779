//! Settings of a WooCommerce shop.

use secrecy::SecretString;
use url::Url;

use crate::catalog::Pool;
use crate::settings::{Section, want};

/// How the keys are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Basic over https, OAuth 1.0a over plain http.
    Auto,
    /// In the query string over https, for hosts that strip the `Authorization` header.
    Query,
}

/// Settings of a WooCommerce shop.
#[derive(Debug, Clone)]
pub struct Config {
    /// The shop's name in the configuration.
    pub shop: String,
    /// The pool it sells from.
    pub pool: Pool,
    /// The site, without `/wp-json`.
    pub url: Url,
    /// Consumer key (`ck_…`).
    pub consumer_key: SecretString,
    /// Consumer secret (`cs_…`).
    pub consumer_secret: SecretString,
    /// How the keys are sent.
    pub auth: Auth,
    /// Secrets that webhooks may be signed with; the first is the current one.
    pub webhook_secrets: Vec<SecretString>,
}

impl Config {
    /// Read a `[[shops]]` table with `kind = "woocommerce"`. `shop` and `pool` are read by the caller. Problems are
    /// collected in the section.
    pub fn read(section: &mut Section<'_>, shop: String, pool: Pool) -> Option<Self> {
        let url = section.url("url", want("the site's address, such as https://shop.example", "without /wp-json"));
        let consumer_key = section.secret("consumer_key", "a consumer key (ck_…)");
        let consumer_secret = section.secret("consumer_secret", "a consumer secret (cs_…)");
        let auth = section.choice_or(
            "auth",
            Auth::Auto,
            &[("auto", Auth::Auto), ("query", Auth::Query)],
            "\"query\" is for hosts that strip the Authorization header",
        );
        let secret = section.secret("webhook_secret", "the secret that webhooks are signed with");
        let old = section.secret_opt("webhook_secret_old", "the secret before the last rotation");
        Some(Self {
            shop,
            pool,
            url: url?,
            consumer_key: consumer_key?,
            consumer_secret: consumer_secret?,
            auth,
            webhook_secrets: secret.into_iter().chain(old).collect(),
        })
    }
}
