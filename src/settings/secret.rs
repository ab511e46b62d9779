//! Secrets: the configuration says where they are kept, never what they are.

use secrecy::SecretString;
use toml::Value;

use super::{Section, want};

const SECRET_FORMS: &str = "write { env = \"NAME\" }, { file = \"/path\" } or { credential = \"name\" }";

/// Where secrets come from. Passed in, so that tests need no process-wide state.
pub trait SecretSource {
    /// An environment variable.
    fn env(&self, name: &str) -> Option<String>;
    /// A file's content.
    ///
    /// # Errors
    /// The reason in words.
    fn file(&self, path: &str) -> Result<String, String>;
    /// The folder of systemd credentials (`$CREDENTIALS_DIRECTORY`).
    fn credentials_dir(&self) -> Option<String> {
        self.env("CREDENTIALS_DIRECTORY")
    }
}

/// Secrets from the real environment and file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessSecrets;

impl SecretSource for ProcessSecrets {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    }
}

impl Section<'_> {
    /// A secret that must be there: exactly one of `{ env = "NAME" }`, `{ file = "/path" }`, `{ credential = "name" }`.
    /// A secret written in the file itself is refused, and never repeated in a message.
    pub fn secret(&mut self, key: &str, what: &str) -> Option<SecretString> {
        if !self.has(key) {
            self.known.insert(key.to_owned());
            self.complain(key, "", want(what, SECRET_FORMS));
            return None;
        }
        self.secret_opt(key, what)
    }

    /// A secret that may be left out. What stands there is never repeated: it may be the secret itself.
    pub fn secret_opt(&mut self, key: &str, what: &str) -> Option<SecretString> {
        let value = self.take(key)?;
        let Value::Table(table) = value else {
            let expected = format!("{what}, kept outside of this file");
            self.complain(key, "written here (not shown)", want(&expected, SECRET_FORMS));
            return None;
        };
        let mut entries = table.iter().map(|(source, name)| (source.as_str(), name.as_str().map_or("", str::trim)));
        match (entries.next(), entries.next()) {
            (Some(("env", name)), None) => self.secret_from_env(key, name),
            (Some(("file", path)), None) => self.secret_from_file(key, path),
            (Some(("credential", name)), None) => self.secret_from_credential(key, name),
            _ => {
                let expected = format!("{what}, from exactly one of env, file, credential");
                self.complain(key, "a table (not shown)", want(&expected, SECRET_FORMS));
                None
            }
        }
    }

    fn secret_from_env(&self, key: &str, name: &str) -> Option<SecretString> {
        let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_name) {
            let hint = "a secret itself never stands in this file";
            self.complain(key, "(not shown)", want("env to name a variable, in A-Z, 0-9 and _", hint));
            return None;
        }
        let value = self.secrets.env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        if value.is_none() {
            let expected = format!("the environment variable {name} to hold it");
            let hint = format!("set {name} for the user that runs shelfd, or use {{ file = \"/path\" }}");
            self.complain(key, "unset", want(&expected, &hint));
        }
        value.map(SecretString::from)
    }

    fn secret_from_file(&self, key: &str, path: &str) -> Option<SecretString> {
        if !path.starts_with('/') {
            let hint = "a secret itself never stands in this file";
            self.complain(key, "(not shown)", want("file to be a full path, starting with /", hint));
            return None;
        }
        self.secret_at(key, path, &format!("\"{path}\""))
    }

    fn secret_from_credential(&self, key: &str, name: &str) -> Option<SecretString> {
        if name.is_empty() || name.contains('/') {
            let hint = "the name before the colon of LoadCredential= in the unit";
            self.complain(key, "(not shown)", want("credential to name a systemd credential", hint));
            return None;
        }
        let Some(dir) = self.secrets.credentials_dir() else {
            let hint = "systemd sets it from LoadCredential= in the unit; elsewhere use env or file";
            self.complain(key, "unset", want("$CREDENTIALS_DIRECTORY to hold it", hint));
            return None;
        };
        self.secret_at(key, &format!("{dir}/{name}"), "a credential")
    }

    fn secret_at(&self, key: &str, path: &str, shown: &str) -> Option<SecretString> {
        match self.secrets.file(path) {
            Ok(text) if !text.trim().is_empty() => Some(SecretString::from(text.trim().to_owned())),
            Ok(_) => {
                self.complain(key, format!("{shown}, which is empty"), want("a file with the secret in it", ""));
                None
            }
            Err(error) => {
                let hint = "it must be there, and readable for the user that runs shelfd";
                self.complain(key, format!("{shown}, which cannot be read ({error})"), want("a readable file", hint));
                None
            }
        }
    }
}
