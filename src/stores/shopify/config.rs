//! Settings of a Shopify shop.

use secrecy::SecretString;
use url::Url;

use crate::catalog::Pool;
use crate::settings::{Section, want};

/// How shelfd proves who it is.
#[derive(Debug, Clone)]
pub enum Access {
    /// A token that does not expire (an app made in the admin before 2026).
    Token(SecretString),
    /// The client-credentials grant of an app made in the Dev Dashboard: tokens live 24 hours and are renewed in time.
    /// <https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant>
    ClientCredentials {
        /// Client id.
        client_id: String,
        /// Client secret; also signs webhooks.
        client_secret: SecretString,
    },
}

/// Settings of a Shopify shop.
#[derive(Debug, Clone)]
pub struct Config {
    /// The shop's name in the configuration.
    pub shop: String,
    /// The pool it sells from.
    pub pool: Pool,
    /// `https://NAME.myshopify.com`; in tests the lab.
    pub url: Url,
    /// Access.
    pub access: Access,
    /// Id (number or gid) of the location whose stock is kept; `None`: the shop must have exactly one active location.
    pub location: Option<String>,
    /// Secrets that webhooks may be signed with; the first is the current one.
    pub webhook_secrets: Vec<SecretString>,
}

impl Config {
    /// Read a `[[shops]]` table with `kind = "shopify"`. `shop` and `pool` are read by the caller. Problems are
    /// collected in the section.
    pub fn read(section: &mut Section<'_>, shop: String, pool: Pool) -> Option<Self> {
        let url = section
            .url("url", want("the shop's own address, such as https://my-shop.myshopify.com", "not the custom domain"));
        let location =
            section.text_opt("location", want("a location id such as \"61794353\"", "shelfd check lists them"));
        let token = section.secret_opt("token", "an Admin API access token");
        let client_id = section.text_opt("client_id", want("the app's client id", "Dev Dashboard, app, Settings"));
        let client_secret = section.secret_opt("client_secret", "the app's client secret");
        let webhook_secret = section.secret_opt("webhook_secret", "the secret that webhooks are signed with");
        let old_secret = section.secret_opt("webhook_secret_old", "the secret before the last rotation");
        let access = match (token, client_id, client_secret.clone()) {
            (Some(token), None, _) => Access::Token(token),
            (None, Some(client_id), Some(client_secret)) => Access::ClientCredentials { client_id, client_secret },
            _ => {
                let either = want(
                    "either client_id with client_secret, or token, not both",
                    "apps made since 2026 have a client id and a client secret",
                );
                match (section.has("token"), section.has("client_id")) {
                    (true, true) => section.complain("token", "given together with client_id", either),
                    (false, false) => section.complain("token", "", either),
                    (false, true) if !section.has("client_secret") => section.complain("client_secret", "", either),
                    // The one that was chosen has been complained about where it was read.
                    _ => {}
                }
                return None;
            }
        };
        // Shopify signs webhooks with the app's client secret.
        let webhook_secrets: Vec<_> = webhook_secret.or(client_secret).into_iter().chain(old_secret).collect();
        if webhook_secrets.is_empty() && !section.has("webhook_secret") && !section.has("client_secret") {
            let hint = "it is the secret key of the app that the token belongs to";
            section.complain("webhook_secret", "", want("a secret: a token alone verifies no webhook", hint));
        }
        Some(Self { shop, pool, url: url?, access, location, webhook_secrets })
    }
}
