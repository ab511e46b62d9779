//! Settings of a Vendure shop.

use secrecy::SecretString;
use url::Url;

use crate::catalog::Pool;
use crate::settings::{Section, want};

/// Settings of a Vendure shop.
#[derive(Debug, Clone)]
pub struct Config {
    /// The shop's name in the configuration.
    pub shop: String,
    /// The pool it sells from.
    pub pool: Pool,
    /// The server; `/admin-api` is added where there is no path.
    pub url: Url,
    /// Name of the administrator that shelfd acts as.
    pub username: String,
    /// That administrator's password.
    pub password: SecretString,
    /// Token of the channel that is kept; `None`: the default channel.
    pub channel: Option<String>,
    /// Id of the stock location whose stock is kept; `None`: the channel must have exactly one.
    pub location: Option<String>,
    /// Secrets that webhooks may be signed with; the first is the current one.
    pub webhook_secrets: Vec<SecretString>,
}

impl Config {
    /// Read a `[[shops]]` table with `kind = "vendure"`. `shop` and `pool` are read by the caller. Problems are
    /// collected in the section.
    pub fn read(section: &mut Section<'_>, shop: String, pool: Pool) -> Option<Self> {
        let url =
            section.url("url", want("the server's address, such as https://shop.example", "/admin-api is added to it"));
        let username = section.text("username", want("the name of an administrator", "make one for shelfd alone"));
        let password = section.secret("password", "that administrator's password");
        let channel =
            section.text_opt("channel", want("a channel's token", "only needed when it is not the default channel"));
        let location = section.text_opt("location", want("a stock location's id", "shelfd check lists them"));
        let secret = section.secret("webhook_secret", "the secret that the plugin signs with (whsec_…)");
        let old = section.secret_opt("webhook_secret_old", "the secret before the last rotation");
        Some(Self {
            shop,
            pool,
            url: url?,
            username: username?,
            password: password?,
            channel,
            location,
            webhook_secrets: secret.into_iter().chain(old).collect(),
        })
    }

    /// Where the Admin API answers.
    pub(super) fn admin_api(&self) -> Url {
        let mut url = self.url.clone();
        if url.path() == "/" {
            url.set_path("/admin-api");
        }
        url
    }
}
