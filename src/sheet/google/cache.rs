//! Keeps a person's tokens in a file that only its owner can read.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use yup_oauth2::storage::{TokenInfo, TokenStorage, TokenStorageError};

/// shelfd asks for one set of scopes, so there is one token.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    scopes: Vec<String>,
    token: TokenInfo,
}

/// The token file. Cheap to clone.
#[derive(Clone)]
pub struct TokenCache {
    path: PathBuf,
    kept: Arc<Mutex<Option<Kept>>>,
}

impl TokenCache {
    /// Read what is there; a file that is not there is empty.
    ///
    /// # Errors
    /// When it cannot be read, or is not a token file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let kept = match std::fs::read(path) {
            // The parser's own words may quote a token.
            Ok(bytes) => Some(serde_json::from_slice(&bytes).map_err(|_| io::Error::other("not a token file"))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.to_owned(), kept: Arc::new(Mutex::new(kept)) })
    }

    /// True when somebody has signed in once.
    pub fn is_filled(&self) -> bool {
        self.kept().is_some()
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole or not at all, and mode 0600 from the first byte: a new file takes the old one's place.
fn store(path: &Path, kept: &Kept) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(kept)?)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[async_trait]
impl TokenStorage for TokenCache {
    async fn set(&self, scopes: &[&str], token: TokenInfo) -> Result<(), TokenStorageError> {
        let kept = Kept { scopes: scopes.iter().map(ToString::to_string).collect(), token };
        *self.kept() = Some(kept.clone());
        let path = self.path.clone();
        let stored = tokio::task::spawn_blocking(move || store(&path, &kept)).await.map_err(io::Error::other);
        stored.flatten().map_err(TokenStorageError::Io)
    }

    async fn get(&self, scopes: &[&str]) -> Option<TokenInfo> {
        self.kept().as_ref().filter(|kept| kept.scopes == scopes).map(|kept| kept.token.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> TokenInfo {
        TokenInfo {
            access_token: Some(text.to_owned()),
            refresh_token: Some("renew".to_owned()),
            expires_at: None,
            id_token: None,
        }
    }

    #[tokio::test]
    async fn tokens_survive_and_stay_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        let cache = TokenCache::open(&path).unwrap();
        assert!(!cache.is_filled());
        cache.set(&["a", "b"], token("one")).await.unwrap();
        cache.set(&["a", "b"], token("two")).await.unwrap();
        let again = TokenCache::open(&path).unwrap();
        assert_eq!(again.get(&["a", "b"]).await, Some(token("two")));
        assert_eq!(again.get(&["a"]).await, None, "a token for fewer rights is no token for these");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_foreign_file_is_refused_without_quoting_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        std::fs::write(&path, "\"secret\"").unwrap();
        let error = TokenCache::open(&path).err().unwrap().to_string();
        assert_eq!(error, "not a token file");
    }
}
