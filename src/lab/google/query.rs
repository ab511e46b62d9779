//! Query parameters, checked against what a method takes.

use super::error::ApiError;
use super::payload;

/// Parameters that every method of Google's APIs takes (`parameters` of the discovery documents).
const COMMON: [&str; 12] = [
    "$.xgafv",
    "$alt",
    "access_token",
    "alt",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "upload_protocol",
];

/// The query of one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// Refuse what neither the method nor every method takes.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        let strange = self.0.iter().find(|(name, _)| !known.contains(&&**name) && !COMMON.contains(&&**name));
        strange.map_or(Ok(()), |(name, _)| Err(ApiError::unknown_parameter(name)))
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Are answers indented, so that people can read them? They are, unless the call says otherwise.
    pub(super) fn pretty(&self) -> bool {
        self.one("prettyPrint") != Some("false")
    }

    /// A boolean; missing is false.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.one(name) {
            None => Ok(false),
            // Python's clients send `True`.
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(text) => {
                Err(ApiError::bad_payload(name, format!("Invalid value at '{name}' (TYPE_BOOL), \"{text}\"")))
            }
        }
    }

    /// A name out of an enumeration. `at` is the parameter as Google's messages write it.
    pub(super) fn choice<T: Copy>(
        &self,
        name: &str,
        at: &str,
        type_name: &str,
        of: &[(&str, T)],
    ) -> Result<Option<T>, ApiError> {
        self.one(name).map(|text| payload::choose(at, text, type_name, of)).transpose()
    }
}
