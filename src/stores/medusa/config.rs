//! Settings of a Medusa shop.

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::catalog::Pool;
use crate::settings::{Section, want};
use crate::stores::signature::standard_webhooks_key;

/// Settings of a Medusa shop.
#[derive(Debug, Clone)]
pub struct Config {
    /// The shop's name in the configuration.
    pub shop: String,
    /// The pool it sells from.
    pub pool: Pool,
    /// Where Medusa answers, without `/admin`.
    pub url: Url,
    /// Secret API key (`sk_…`).
    pub api_key: SecretString,
    /// Id of the stock location whose units are kept; `None`: the shop must have exactly one.
    pub location: Option<String>,
    /// Code of the currency that the sheet's prices are in, lower case; `None`: the shop's default.
    pub currency: Option<String>,
    /// Secrets that webhooks may be signed with; the first is the current one.
    pub webhook_secrets: Vec<SecretString>,
}

impl Config {
    /// Read a `[[shops]]` table with `kind = "medusa"`. `shop` and `pool` are read by the caller. Problems are collected
    /// in the section.
    pub fn read(section: &mut Section<'_>, shop: String, pool: Pool) -> Option<Self> {
        let url = section.url("url", want("where Medusa answers, such as https://api.shop.example", "without /admin"));
        let api_key = section.secret("api_key", "a secret API key (sk_…)");
        let location = section.text_opt("location", want("a stock location's id (sloc_…)", "shelfd check lists them"));
        let code = want("a currency's code, such as \"eur\"", "one that the shop sells in");
        let currency = section.text_opt("currency", code);
        if let Some(given) = currency.as_ref().filter(|given| !is_code(given)) {
            section.complain("currency", format!("\"{given}\""), code);
        }
        let secret = section.secret("webhook_secret", "the secret that webhooks are signed with (whsec_…)");
        let old = section.secret_opt("webhook_secret_old", "the secret before the last rotation");
        for (key, secret) in [("webhook_secret", &secret), ("webhook_secret_old", &old)] {
            if secret.as_ref().is_some_and(|secret| standard_webhooks_key(secret.expose_secret()).is_none()) {
                let hint = "one is made by: echo whsec_$(openssl rand -base64 32)";
                section.complain(key, "a secret of another form", want("\"whsec_\" and base64", hint));
            }
        }
        Some(Self {
            shop,
            pool,
            url: url?,
            api_key: api_key?,
            location,
            currency: currency.map(|code| code.to_ascii_lowercase()),
            webhook_secrets: secret.into_iter().chain(old).collect(),
        })
    }
}

fn is_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}
