//! The access token: a fixed one, or one that is asked for with the client credentials and renewed in time.

use std::time::Duration;

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::clock::{self, Time};
use crate::stores::StoreError;
use crate::stores::client::Client;

use super::answer::clip;
use super::config::Access;

/// A token with less time than this is renewed before it is used.
const RENEW_BEFORE: Duration = Duration::from_secs(600);

/// Gives tokens out; asks for one at a time.
#[derive(Debug)]
pub(super) struct TokenSource {
    access: Access,
    url: Url,
    held: Mutex<Option<Held>>,
}

#[derive(Debug, Clone)]
struct Held {
    token: SecretString,
    renew_at: Time,
}

#[derive(Deserialize)]
struct Grant {
    access_token: String,
    /// Seconds; 86399 for this grant.
    expires_in: u32,
}

#[derive(Deserialize)]
struct Denial {
    error: Option<String>,
    error_description: Option<String>,
}

impl TokenSource {
    /// For the shop at `shop_url`.
    pub(super) fn new(access: Access, shop_url: &Url) -> Self {
        let mut url = shop_url.clone();
        url.set_path("/admin/oauth/access_token");
        Self { access, url, held: Mutex::new(None) }
    }

    /// A token that is good for a while. `refused` is one that the shop has just answered with 401: it is not given out
    /// again, unless it is a fixed one, which cannot be renewed.
    ///
    /// # Errors
    /// [`StoreError::Access`] when the shop refuses the credentials; [`StoreError::Connect`] for everything passing,
    /// because without a token the caller's own request was surely not sent.
    pub(super) async fn token(
        &self,
        client: &Client,
        refused: Option<&SecretString>,
    ) -> Result<SecretString, StoreError> {
        let (client_id, client_secret) = match &self.access {
            Access::Token(token) => return Ok(token.clone()),
            Access::ClientCredentials { client_id, client_secret } => (client_id, client_secret),
        };
        // Held while asking: who comes meanwhile waits for the same answer.
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref()
            && clock::now() < held.renew_at
            && refused.is_none_or(|refused| refused.expose_secret() != held.token.expose_secret())
        {
            return Ok(held.token.clone());
        }
        let fresh = self.ask(client, client_id, client_secret).await?;
        *held = Some(fresh.clone());
        Ok(fresh.token)
    }

    /// True when a refused token may be replaced by a new one.
    pub(super) fn renewable(&self) -> bool {
        matches!(self.access, Access::ClientCredentials { .. })
    }

    async fn ask(&self, client: &Client, client_id: &str, client_secret: &SecretString) -> Result<Held, StoreError> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", client_secret.expose_secret()),
        ];
        let asked_at = clock::now();
        let request = client.http().post(self.url.clone()).header("accept", "application/json").form(&form);
        let not_sent = |why: String| StoreError::Connect { shop: client.shop().to_owned(), why };
        let answer = client.send(request).await.map_err(|error| match error {
            StoreError::AnswerLost { why, .. } | StoreError::Unexpected { why, .. } => {
                not_sent(format!("no access token: {why}"))
            }
            StoreError::Server { status, .. } => not_sent(format!("no access token: HTTP {status}")),
            other => other,
        })?;
        if !answer.status.is_success() {
            return Err(StoreError::Access {
                shop: client.shop().to_owned(),
                status: answer.status.as_u16(),
                message: denial(&answer.body),
            });
        }
        let grant: Grant = serde_json::from_slice(&answer.body)
            .map_err(|_| not_sent("no access token: the answer is not a grant".to_owned()))?;
        Ok(Held { token: grant.access_token.into(), renew_at: renew_at(asked_at, grant.expires_in) })
    }
}

/// Ten minutes before the end, or at three quarters of a short life, so that a token is always used at least once.
fn renew_at(asked_at: Time, expires_in_secs: u32) -> Time {
    let life = Duration::from_secs(u64::from(expires_in_secs));
    let use_for = life.saturating_sub(RENEW_BEFORE.min(life / 4));
    asked_at + TimeDelta::from_std(use_for).unwrap_or_default()
}

fn denial(body: &[u8]) -> String {
    let denial = serde_json::from_slice::<Denial>(body).ok();
    let words = denial.and_then(|denial| denial.error_description.or(denial.error));
    // An HTML page says nothing that helps.
    words.map_or_else(
        || "client_id and client_secret were not accepted; is the app installed in this shop?".to_owned(),
        |words| clip(&words),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renews_in_time() {
        let check = |expires_in, expect| {
            assert_eq!((renew_at(Time::UNIX_EPOCH, expires_in) - Time::UNIX_EPOCH).num_seconds(), expect);
        };
        check(86_399, 85_799);
        check(3600, 3000);
        check(60, 45);
        check(0, 0);
    }

    #[test]
    fn denials_speak() {
        assert_eq!(denial(br#"{"error":"shop_not_permitted","error_description":"Not yours"}"#), "Not yours");
        assert_eq!(denial(br#"{"error":"invalid_client"}"#), "invalid_client");
        assert!(denial(b"<html>Oauth error").contains("is the app installed"));
    }
}
