//! The token endpoint: service accounts (a signed JWT) and installed apps (a refresh token).

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::Response;
use axum::response::IntoResponse;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::access::Grant;
use super::error;
use crate::clock::Time;

/// The lab's key pair, a file that says so itself.
const KEY_FILE: &str = include_str!("lab_service_account.pem");

const KEY_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const KEY_END: &str = "-----END PRIVATE KEY-----";

/// The lab's service account.
pub(super) const SERVICE_ACCOUNT: &str = "shelfd@shelfd-lab.iam.gserviceaccount.com";
const SERVICE_ACCOUNT_ID: &str = "100000000000000000001";
const KEY_ID: &str = "1ab0000000000000000000000000000000000001";

/// The lab's installed app, and the merchant's consent to it.
const CLIENT_ID: &str = "100000000000-lab.apps.googleusercontent.com";
const CLIENT_SECRET: &str = "GOCSPX-lab-only";
const REFRESH_TOKEN: &str = "1//lab-only-refresh-token";

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Longest life of an assertion: <https://developers.google.com/identity/protocols/oauth2/service-account>.
const ASSERTION_SECONDS_MAX: i64 = 3600;

/// How far clocks may be apart.
const SKEW_SECONDS: i64 = 300;

// Some clients pad, some do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why no token was given, in the shape of RFC 6749 section 5.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OAuthError {
    error: &'static str,
    description: String,
}

impl OAuthError {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into() }
    }

    /// To an account that was removed, or an app whose access was taken back.
    pub(super) fn revoked() -> Self {
        Self::grant("Token has been expired or revoked.")
    }

    /// To an assertion that is too old or of a time to come.
    pub(super) fn stale() -> Self {
        Self::grant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your \
             iat and exp values in the JWT claim.",
        )
    }

    fn grant(description: impl Into<String>) -> Self {
        Self::new("invalid_grant", description)
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response<Body> {
        let code = if self.error == "invalid_client" { 401 } else { 400 };
        error::answer(code, &json!({ "error": self.error, "error_description": self.description }))
    }
}

/// The content of a service account's key file.
pub(super) fn service_account_json(token_uri: &str) -> Json {
    let email = SERVICE_ACCOUNT.replace('@', "%40");
    json!({
        "type": "service_account",
        "project_id": "shelfd-lab",
        "private_key_id": KEY_ID,
        "private_key": private_key_pem(),
        "client_email": SERVICE_ACCOUNT,
        "client_id": SERVICE_ACCOUNT_ID,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_uri,
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": format!("https://www.googleapis.com/robot/v1/metadata/x509/{email}"),
        "universe_domain": "googleapis.com",
    })
}

/// The content of an installed app's credentials file, consent given.
pub(super) fn authorized_user_json(token_uri: &str) -> Json {
    json!({
        "type": "authorized_user",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    })
}

fn private_key_base64() -> &'static str {
    let after = KEY_FILE.split_once(KEY_BEGIN).map_or("", |(_, after)| after);
    after.split_once(KEY_END).map_or("", |(body, _)| body).trim()
}

fn private_key_pem() -> String {
    format!("{KEY_BEGIN}\n{}\n{KEY_END}\n", private_key_base64())
}

static PUBLIC_KEY: LazyLock<Option<Vec<u8>>> = LazyLock::new(|| {
    let text: String = private_key_base64().split_whitespace().collect();
    let der = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    let pair = RsaKeyPair::from_pkcs8(&der).ok()?;
    Some(pair.public_key().as_ref().to_vec())
});

/// Who gets a token for the form that was posted to the token endpoint.
pub(super) fn grant(form: &[u8], now: Time) -> Result<Grant, OAuthError> {
    let field = |name: &str| {
        let mut fields = url::form_urlencoded::parse(form);
        fields.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    };
    match field("grant_type").as_deref() {
        Some(JWT_BEARER) => assertion(&field("assertion").unwrap_or_default(), now),
        Some("refresh_token") => {
            let client = (field("client_id"), field("client_secret"));
            if client != (Some(CLIENT_ID.to_owned()), Some(CLIENT_SECRET.to_owned())) {
                return Err(OAuthError::new("invalid_client", "The OAuth client was not found."));
            }
            if field("refresh_token").as_deref() != Some(REFRESH_TOKEN) {
                return Err(OAuthError::revoked());
            }
            let usual = "https://www.googleapis.com/auth/spreadsheets https://www.googleapis.com/auth/drive";
            let scopes = field("scope").filter(|scope| !scope.is_empty()).unwrap_or_else(|| usual.to_owned());
            Ok(Grant { user: super::MERCHANT.to_owned(), scopes: words(&scopes) })
        }
        other => {
            let description = format!("Invalid grant_type: {}", other.unwrap_or_default());
            Err(OAuthError::new("unsupported_grant_type", description))
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    #[serde(default)]
    scope: String,
}

fn assertion(jwt: &str, now: Time) -> Result<Grant, OAuthError> {
    let malformed = || OAuthError::grant("Bad Request");
    let (signed, signature) = jwt.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let decode = |part: &str| BASE64.decode(part).map_err(|_| malformed());
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
    let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|_| malformed())?;
    if claims.iss != SERVICE_ACCOUNT {
        return Err(OAuthError::grant("Invalid grant: account not found"));
    }
    let signature = decode(signature)?;
    let verified = PUBLIC_KEY.as_ref().is_some_and(|key| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(signed.as_bytes(), &signature).is_ok()
    });
    if header.alg != "RS256" || !verified {
        return Err(OAuthError::grant("Invalid JWT Signature."));
    }
    let now = now.timestamp();
    let short = claims.exp.saturating_sub(claims.iat) <= ASSERTION_SECONDS_MAX;
    if !short || claims.exp <= now - SKEW_SECONDS || claims.iat > now + SKEW_SECONDS {
        return Err(OAuthError::stale());
    }
    // The lab does not know under which address it is reached, so any token endpoint will do.
    if !url::Url::parse(&claims.aud).is_ok_and(|url| url.path().ends_with("/token")) {
        return Err(OAuthError::grant("Invalid JWT: Failed audience check."));
    }
    if claims.scope.is_empty() {
        return Err(OAuthError::new("invalid_scope", "Invalid OAuth scope or ID token audience provided."));
    }
    Ok(Grant { user: claims.iss, scopes: words(&claims.scope) })
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::RSA_PKCS1_SHA256;

    use super::*;

    fn jwt(claims: &Json) -> String {
        let text: String = private_key_base64().split_whitespace().collect();
        let der = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
        let part = |json: &Json| BASE64.encode(json.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", BASE64.encode(signature))
    }

    fn ask(fields: &[(&str, &str)]) -> Result<Grant, OAuthError> {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        grant(form.as_bytes(), crate::clock::now())
    }

    fn check(change: Json, expect: Result<&str, &str>) {
        let now = crate::clock::now().timestamp();
        let mut claims = json!({
            "iss": SERVICE_ACCOUNT, "aud": "http://127.0.0.1:1/token", "iat": now, "exp": now + 3600,
            "scope": "https://www.googleapis.com/auth/spreadsheets",
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let answer = ask(&[("grant_type", JWT_BEARER), ("assertion", &jwt(&claims))]);
        let answer = answer.map(|grant| grant.user).map_err(|error| error.description);
        assert!(
            match (&answer, expect) {
                (Ok(user), Ok(expect)) => user == expect,
                (Err(description), Err(expect)) => description.starts_with(expect),
                _ => false,
            },
            "{answer:?}"
        );
    }

    #[test]
    fn assertions_are_checked() {
        check(json!({}), Ok(SERVICE_ACCOUNT));
        check(json!({ "iss": "someone@else" }), Err("Invalid grant: account not found"));
        check(json!({ "exp": 1, "iat": 0 }), Err("Invalid JWT: Token must be a short-lived token"));
        check(json!({ "exp": i64::MAX, "iat": 0 }), Err("Invalid JWT: Token must be a short-lived token"));
        check(json!({ "aud": "https://example.com/" }), Err("Invalid JWT: Failed audience check."));
        check(json!({ "scope": "" }), Err("Invalid OAuth scope"));
    }

    #[test]
    fn a_changed_assertion_is_refused() {
        let now = crate::clock::now().timestamp();
        let claims = |scope: &str| json!({ "iss": SERVICE_ACCOUNT, "aud": "http://x/token", "iat": now, "exp": now + 60, "scope": scope });
        let (good, other) = (jwt(&claims("a")), jwt(&claims("b")));
        let (signed, _) = good.rsplit_once('.').unwrap();
        let (_, signature) = other.rsplit_once('.').unwrap();
        let forged = format!("{signed}.{signature}");
        let refused = ask(&[("grant_type", JWT_BEARER), ("assertion", &forged)]).unwrap_err();
        assert_eq!(refused, OAuthError::grant("Invalid JWT Signature."));
        assert!(ask(&[("grant_type", JWT_BEARER), ("assertion", "a.b")]).is_err());
    }

    #[test]
    fn refresh_tokens() {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("refresh_token", REFRESH_TOKEN),
        ];
        assert_eq!(ask(&form).unwrap().user, super::super::MERCHANT);
        form[3].1 = "revoked";
        assert_eq!(ask(&form).unwrap_err(), OAuthError::grant("Token has been expired or revoked."));
        form[2].1 = "wrong";
        assert_eq!(ask(&form).unwrap_err().error, "invalid_client");
        assert_eq!(ask(&[("grant_type", "password")]).unwrap_err().error, "unsupported_grant_type");
    }
}
