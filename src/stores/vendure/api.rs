//! Sending GraphQL: the session, and one renewed try after it has ended.

use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{Mutex, Semaphore};
use url::Url;

use crate::stores::StoreError;
use crate::stores::client::{Answer, Client};

use super::answer::{self, Failed, clip};
use super::config::Config;
use super::queries::{LOGIN, Operation};

/// Calls under way at once: four hide the latency of one, and SQLite behind Vendure takes one writer at a time anyway.
const CALLS_MAX: usize = 4;
/// Where Vendure tells a new session's token (`authOptions.authTokenHeaderKey`), with `tokenMethod` `bearer`.
const TOKEN_HEADER: &str = "vendure-auth-token";
/// Selects a channel (`apiOptions.channelTokenKey`).
const CHANNEL_HEADER: &str = "vendure-token";

/// One shop's Admin API.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    url: Url,
    username: String,
    password: SecretString,
    channel: Option<String>,
    session: Mutex<Option<Session>>,
    calls: Semaphore,
}

/// How the server knows us after the log-in. Which of the two it takes is its own setting (`authOptions.tokenMethod`).
#[derive(Debug, Clone)]
enum Session {
    Bearer(SecretString),
    Cookie(SecretString),
}

impl Session {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bearer(a), Self::Bearer(b)) | (Self::Cookie(a), Self::Cookie(b)) => {
                a.expose_secret() == b.expose_secret()
            }
            (Self::Bearer(_), Self::Cookie(_)) | (Self::Cookie(_), Self::Bearer(_)) => false,
        }
    }
}

#[derive(Serialize)]
struct Request<'a, V> {
    query: &'a str,
    #[serde(rename = "operationName")]
    name: &'a str,
    variables: &'a V,
}

#[derive(Deserialize)]
struct LoginData {
    login: LoginResult,
}

#[derive(Deserialize)]
struct LoginResult {
    message: Option<String>,
}

impl Api {
    pub(super) fn new(config: &Config) -> Result<Self, StoreError> {
        Ok(Self {
            client: Client::new(&config.shop)?,
            url: config.admin_api(),
            username: config.username.clone(),
            password: config.password.clone(),
            channel: config.channel.clone(),
            session: Mutex::new(None),
            calls: Semaphore::new(CALLS_MAX),
        })
    }

    pub(super) fn shop(&self) -> &str {
        self.client.shop()
    }

    /// Send one document and read its `data`.
    ///
    /// # Errors
    /// Any [`StoreError`]. A session that has ended is answered like a missing right (`FORBIDDEN`, checked before
    /// anything is done), so after one the log-in is made anew and the same request goes out again, once.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        operation: &Operation,
        variables: &(impl Serialize + Sync),
    ) -> Result<T, Failed> {
        // Never closed, so the permit is always given.
        let _permit = self.calls.acquire().await;
        let session = self.session(None).await?;
        let answer = self.post(operation, variables, Some(&session)).await?;
        match answer::read(self.shop(), answer.status, &answer.body) {
            Err(Failed { error: StoreError::Access { .. }, by_engine: true }) => {
                let session = self.session(Some(&session)).await?;
                let answer = self.post(operation, variables, Some(&session)).await?;
                answer::read(self.shop(), answer.status, &answer.body)
            }
            read => read,
        }
    }

    /// A session. `refused` is one that the shop has just turned away.
    ///
    /// # Errors
    /// [`StoreError::Access`] when the shop refuses the credentials; [`StoreError::Connect`] for everything passing,
    /// because without a session the caller's own request was surely not sent.
    async fn session(&self, refused: Option<&Session>) -> Result<Session, StoreError> {
        // Held while asking: who comes meanwhile waits for the same answer.
        let mut held = self.session.lock().await;
        if let Some(held) = held.as_ref()
            && refused.is_none_or(|refused| !refused.is(held))
        {
            return Ok(held.clone());
        }
        *held = None;
        let fresh = self.log_in().await.map_err(|error| self.not_sent(error))?;
        *held = Some(fresh.clone());
        Ok(fresh)
    }

    async fn log_in(&self) -> Result<Session, StoreError> {
        let variables = json!({ "username": self.username, "password": self.password.expose_secret() });
        let answer = self.post(&LOGIN, &variables, None).await?;
        let data: LoginData = answer::read(self.shop(), answer.status, &answer.body)?;
        if let Some(message) = data.login.message {
            let message = format!("{}; are username and password those of an administrator?", clip(&message));
            return Err(StoreError::Access { shop: self.shop().to_owned(), status: answer.status.as_u16(), message });
        }
        let header = answer.headers.get(TOKEN_HEADER).and_then(|token| token.to_str().ok());
        if let Some(token) = header.filter(|token| !token.is_empty()) {
            return Ok(Session::Bearer(token.into()));
        }
        let cookies: Vec<&str> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .collect();
        if cookies.is_empty() {
            let message = "the log-in was taken, but neither a token nor a cookie came with it".to_owned();
            return Err(StoreError::Access { shop: self.shop().to_owned(), status: answer.status.as_u16(), message });
        }
        Ok(Session::Cookie(cookies.join("; ").into()))
    }

    fn not_sent(&self, error: StoreError) -> StoreError {
        let shop = self.shop().to_owned();
        match error {
            StoreError::AnswerLost { why, .. } | StoreError::Unexpected { why, .. } => {
                StoreError::Connect { shop, why: format!("no session: {why}") }
            }
            StoreError::Server { status, .. } => {
                StoreError::Connect { shop, why: format!("no session: HTTP {status}") }
            }
            StoreError::Refused { code, message, .. } => {
                StoreError::Connect { shop, why: format!("no session: {code} {message}") }
            }
            other => other,
        }
    }

    async fn post(
        &self,
        operation: &Operation,
        variables: &(impl Serialize + Sync),
        session: Option<&Session>,
    ) -> Result<Answer, StoreError> {
        let Operation { name, document: query } = *operation;
        let mut request = self.client.http().post(self.url.clone()).json(&Request { query, name, variables });
        if let Some(channel) = &self.channel {
            request = request.header(CHANNEL_HEADER, channel);
        }
        request = match session {
            Some(Session::Bearer(token)) => request.bearer_auth(token.expose_secret()),
            Some(Session::Cookie(cookies)) => request.header("cookie", cookies.expose_secret()),
            None => request,
        };
        self.client.send(request).await
    }
}
