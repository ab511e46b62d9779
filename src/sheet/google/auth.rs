//! Who shelfd is at Google: a service account, or a person who signed in once.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use google_sheets4::common::GetToken;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;
use url::Url;
use yup_oauth2::authenticator::Authenticator;
use yup_oauth2::authenticator_delegate::InstalledFlowDelegate;
use yup_oauth2::{
    CustomHyperClientBuilder, InstalledFlowAuthenticator, InstalledFlowReturnMethod, ServiceAccountAuthenticator,
};

use super::cache::TokenCache;
use super::error::innermost;
use super::transport::{Connector, client};
use crate::sheet::SheetError;

/// What shelfd may do: read and write spreadsheets, and see file versions (no file contents).
pub const SCOPES: [&str; 2] =
    ["https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive.metadata.readonly"];

/// A token comes within a second; what takes so long is a network that swallows packets.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a person may take to sign in, second factor included.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(600);

/// Who shelfd is at Google.
#[derive(Debug, Clone)]
pub enum Account {
    /// A service account, which the spreadsheet is shared with.
    ServiceAccount {
        /// The downloaded key file's content.
        key_json: SecretString,
    },
    /// A person, for those who may not create service accounts. Signs in once through [`sign_in`](super::GoogleWorkbook::sign_in).
    Installed {
        /// Content of the OAuth client file ("Desktop app").
        client_secret_json: SecretString,
        /// Where the tokens are kept; readable by its owner only.
        token_cache: PathBuf,
    },
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenTrouble {
    /// The token endpoint did not answer in time.
    #[error("the token endpoint does not answer")]
    TimedOut,
    /// Nobody has signed in yet.
    #[error("nobody has signed in yet; sign in once")]
    NotSignedIn,
    /// The stored sign-in could not be renewed. The library does not say why.
    #[error("the sign-in was not renewed: no connection, or access was withdrawn; if this lasts, sign in again")]
    NotRenewed,
    /// The library's error.
    #[error("{0}")]
    Library(#[from] yup_oauth2::Error),
}

impl From<Box<TokenTrouble>> for SheetError {
    fn from(trouble: Box<TokenTrouble>) -> Self {
        use yup_oauth2::error::AuthErrorCode;
        match *trouble {
            TokenTrouble::TimedOut | TokenTrouble::NotRenewed => Self::Connect(trouble.to_string()),
            TokenTrouble::NotSignedIn => Self::Access(trouble.to_string()),
            TokenTrouble::Library(error) => match error {
                yup_oauth2::Error::AuthError(error) => match &error.error {
                    AuthErrorCode::Other(_) => Self::Connect(error.to_string()),
                    // A clock that is wrong by minutes is refused with the same word as a withdrawn key.
                    AuthErrorCode::InvalidGrant => Self::Access(format!("{error}; is this machine's clock right?")),
                    _ => Self::Access(error.to_string()),
                },
                yup_oauth2::Error::HttpError(_)
                | yup_oauth2::Error::HttpClientError(_)
                | yup_oauth2::Error::LowLevelError(_) => Self::Connect(innermost(&error)),
                // The token endpoint answered something else (an HTML page of a proxy). Nothing went to the sheet.
                yup_oauth2::Error::JSONError(_) | yup_oauth2::Error::MissingAccessToken => {
                    Self::Connect("the token endpoint answered without a token".to_owned())
                }
                yup_oauth2::Error::StorageError(_) => {
                    Self::Access(format!("the token cannot be kept: {}", innermost(&error)))
                }
                yup_oauth2::Error::UserError(_) | yup_oauth2::Error::CredentialSourceError(_) => {
                    Self::Access(error.to_string())
                }
            },
        }
    }
}

type Show = Box<dyn Fn(&str) + Send + Sync>;

/// What the sign-in flow of the library and we tell each other.
#[derive(Default)]
struct SignIn {
    /// Set while a person is there to follow an address.
    show: Mutex<Option<Show>>,
    /// Rings when the library wants a person and none is there.
    nobody: Notify,
}

struct SignInDelegate(Arc<SignIn>);

impl InstalledFlowDelegate for SignInDelegate {
    fn present_user_url<'a>(
        &'a self,
        url: &'a str,
        _need_code: bool,
    ) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + 'a>> {
        match self.0.show.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(show) => show(url),
            None => self.0.nobody.notify_one(),
        }
        Box::pin(std::future::ready(Ok(String::new())))
    }
}

struct Inner {
    authenticator: Authenticator<Connector>,
    /// For people: the flow, and where the tokens are kept.
    person: Option<(Arc<SignIn>, TokenCache)>,
    /// Google refused the cached token: ask for a new one although it has not expired.
    spurned: AtomicBool,
    account: String,
}

/// Gives tokens to calls. Cheap to clone.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

impl Tokens {
    /// Set up from an account's file. Nothing is sent yet.
    ///
    /// # Errors
    /// [`SheetError::Access`] when the file is not what it should be, [`SheetError::Connect`] without TLS roots.
    pub async fn new(account: &Account) -> Result<Self, SheetError> {
        match account {
            Account::ServiceAccount { key_json } => service_account(key_json).await,
            Account::Installed { client_secret_json, token_cache } => person(client_secret_json, token_cache).await,
        }
    }

    /// Whom a spreadsheet must be shared with.
    pub fn account(&self) -> &str {
        &self.0.account
    }

    /// Let a person sign in: `show` gets the address to visit, and the answer comes back over a loopback port.
    /// Returns at once when a stored sign-in still works.
    ///
    /// # Errors
    /// [`SheetError::Access`] when it was refused or nobody came.
    pub async fn sign_in(&self, show: impl Fn(&str) + Send + Sync + 'static) -> Result<(), SheetError> {
        let set = |show: Option<Show>| {
            if let Some((sign_in, _)) = &self.0.person {
                *sign_in.show.lock().unwrap_or_else(PoisonError::into_inner) = show;
            }
        };
        set(Some(Box::new(show)));
        let token = tokio::time::timeout(SIGN_IN_TIMEOUT, self.0.authenticator.token(&SCOPES)).await;
        set(None);
        match token {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Box::new(TokenTrouble::from(error)).into()),
            Err(_) => Err(SheetError::Access("nobody signed in within ten minutes".to_owned())),
        }
    }

    /// Google refused the token (401).
    pub fn spurn(&self) {
        self.0.spurned.store(true, Ordering::Relaxed);
    }

    async fn token(&self, scopes: &[&str]) -> Result<Option<String>, TokenTrouble> {
        let inner = &self.0;
        let fetch = async {
            if inner.spurned.swap(false, Ordering::Relaxed) {
                inner.authenticator.force_refreshed_token(scopes).await
            } else {
                inner.authenticator.token(scopes).await
            }
        };
        let fetch = tokio::time::timeout(TOKEN_TIMEOUT, fetch);
        let fetched = match &inner.person {
            None => fetch.await,
            Some((sign_in, cache)) => tokio::select! {
                fetched = fetch => fetched,
                () = sign_in.nobody.notified() => {
                    return Err(if cache.is_filled() { TokenTrouble::NotRenewed } else { TokenTrouble::NotSignedIn });
                }
            },
        };
        let token = fetched.map_err(|_| TokenTrouble::TimedOut)??;
        Ok(token.token().map(str::to_owned))
    }
}

impl GetToken for Tokens {
    fn get_token<'a>(
        &'a self,
        scopes: &'a [&str],
    ) -> Pin<Box<dyn Future<Output = Result<Option<String>, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>>
    {
        Box::pin(async move { self.token(scopes).await.map_err(Into::into) })
    }
}

/// The library panics on an address that is none.
fn web_address(what: &str, address: &str) -> Result<(), SheetError> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.map(drop).ok_or_else(|| SheetError::Access(format!("the account file's {what} is not a web address")))
}

async fn service_account(key_json: &SecretString) -> Result<Tokens, SheetError> {
    // The parser's own words may quote the key.
    let key = yup_oauth2::parse_service_account_key(key_json.expose_secret()).map_err(|_| {
        SheetError::Access("the service account key is not the JSON file that Google gave out".to_owned())
    })?;
    web_address("token_uri", &key.token_uri)?;
    let account = key.client_email.clone();
    let client = CustomHyperClientBuilder::from(client(key.token_uri.starts_with("http://"))?);
    let authenticator = ServiceAccountAuthenticator::with_client(key, client)
        .build()
        .await
        .map_err(|error| SheetError::Access(format!("the service account key cannot be used: {error}")))?;
    Ok(Tokens(Arc::new(Inner { authenticator, person: None, spurned: AtomicBool::new(false), account })))
}

async fn person(client_secret_json: &SecretString, token_cache: &Path) -> Result<Tokens, SheetError> {
    let secret = yup_oauth2::parse_application_secret(client_secret_json.expose_secret()).map_err(|_| {
        SheetError::Access("the OAuth client is not the JSON file that Google gave out for a desktop app".to_owned())
    })?;
    web_address("token_uri", &secret.token_uri)?;
    web_address("auth_uri", &secret.auth_uri)?;
    let cache = TokenCache::open(token_cache)
        .map_err(|error| SheetError::Access(format!("{} cannot be read: {error}", token_cache.display())))?;
    let sign_in = Arc::new(SignIn::default());
    let client = CustomHyperClientBuilder::from(client(secret.token_uri.starts_with("http://"))?);
    let authenticator =
        InstalledFlowAuthenticator::with_client(secret, InstalledFlowReturnMethod::HTTPRedirect, client)
            .with_storage(Box::new(cache.clone()))
            .flow_delegate(Box::new(SignInDelegate(Arc::clone(&sign_in))))
            .build()
            .await
            .map_err(|error| SheetError::Access(format!("the OAuth client cannot be used: {error}")))?;
    let account = "the account that signed in".to_owned();
    Ok(Tokens(Arc::new(Inner {
        authenticator,
        person: Some((sign_in, cache)),
        spurned: AtomicBool::new(false),
        account,
    })))
}
