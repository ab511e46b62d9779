//! What `shelfd check` looks at in a Medusa shop.

use crate::stores::{CheckLine, StoreError};

use super::Medusa;
use super::place;
use super::stock::{self, Status};

/// Look at address, key, location, currency, the stock route and the webhooks. Writes nothing.
pub(super) async fn check(medusa: &Medusa) -> Vec<CheckLine> {
    let place = place::look_up(&medusa.api, medusa.location.as_deref(), medusa.currency.as_deref()).await;
    let mut lines = match place {
        Ok(place) => vec![
            line("address and API key", true, format!("this is the shop \"{}\"", place.store_name)),
            line("stock location", true, format!("{} ({})", place.location_name, place.location)),
            line("currency", true, place.currency),
        ],
        Err(error @ StoreError::Refused { .. }) if is_setting(&error) => {
            vec![line("location and currency", false, error.to_string())]
        }
        // Everything else would only say the same again.
        Err(error) => return vec![line("address and API key", false, error.to_string())],
    };
    match stock::status(&medusa.api).await {
        Ok(status) => {
            let words = "shelfd's route is installed: stock is written as keyed deltas that refuse a stale value";
            lines.push(line("stock", true, words.to_owned()));
            lines.push(webhooks(&status, &medusa.secret_hashes()));
        }
        Err(error) => lines.push(line("stock", false, error.to_string())),
    }
    lines
}

fn webhooks(status: &Status, secrets: &[String]) -> CheckLine {
    let (ok, words) = match (&status.webhook_url, &status.webhook_secret_sha256) {
        (None, _) => (false, "SHELFD_WEBHOOK_URL is not set in the shop's environment".to_owned()),
        (_, None) => (false, "SHELFD_WEBHOOK_SECRET is not set in the shop's environment".to_owned()),
        (Some(url), Some(hash)) if secrets.contains(hash) => (true, format!("delivered to {url}")),
        (Some(_), Some(_)) => (false, "SHELFD_WEBHOOK_SECRET in the shop is not the webhook_secret here".to_owned()),
    };
    line("webhooks", ok, words)
}

fn is_setting(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused { code, .. } if code == "setting")
}

fn line(what: &str, ok: bool, words: String) -> CheckLine {
    CheckLine { what: what.to_owned(), ok, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: Option<&str>, hash: Option<&str>, ok: bool, part: &str) {
        let status = serde_json::json!({ "shelfd": 1, "webhook_url": url, "webhook_secret_sha256": hash });
        let line = webhooks(&serde_json::from_value(status).unwrap(), &["ours".to_owned()]);
        assert!(line.ok == ok && line.words.contains(part), "{line:?}");
    }

    #[test]
    fn webhooks_must_come_here_and_be_signed_so() {
        check(Some("https://x.example/webhooks/eu"), Some("ours"), true, "https://x.example/webhooks/eu");
        check(Some("https://x.example/webhooks/eu"), Some("other"), false, "is not the webhook_secret here");
        check(Some("https://x.example/webhooks/eu"), None, false, "SHELFD_WEBHOOK_SECRET is not set");
        check(None, Some("ours"), false, "SHELFD_WEBHOOK_URL is not set");
    }
}
