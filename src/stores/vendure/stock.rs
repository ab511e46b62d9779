//! Writing stock: keyed changes through the plugin, each of which is refused when the shop's value is not the expected one.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::stores::{Outcome, StockWrite, StoreError};

use super::Vendure;
use super::answer::{UNKNOWN_FIELD, refused, unexpected};
use super::queries::ADJUST_STOCK;

/// Writes in one call. The plugin makes each by itself, in about 10 ms.
pub(super) const STOCK_MAX: usize = 100;
/// What is missing, and where it comes from.
pub(super) const NO_PLUGIN: &str = "the shelfd plugin is not installed in this Vendure server, so its stock cannot be \
                                    written; `shelfd webhooks snippet vendure` prints it";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdjustData {
    shelfd_adjust_stock: Vec<Adjusted>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Adjusted {
    variant_id: String,
    outcome: String,
    available: Option<i64>,
}

type StockOutcome = Outcome<Option<i64>>;

impl Vendure {
    /// All writes in one call under their common key. Unlike at Shopify they do not depend on each other: the plugin
    /// remembers the outcome of each under its key and variant.
    pub(super) async fn adjust(&self, writes: &[StockWrite]) -> Vec<StockOutcome> {
        let shop = self.api.shop();
        let Some(first) = writes.first() else { return Vec::new() };
        let place = match self.place().await {
            Ok(place) => place,
            // A wrong setting, or a read that failed: no write is at fault.
            Err(error) => return writes.iter().map(|_| Outcome::NotDone(error.clone())).collect(),
        };
        let sendable: Vec<Result<Value, StoreError>> =
            writes.iter().map(|write| change_input(shop, write, &first.key)).collect();
        let changes: Vec<&Value> = sendable.iter().flatten().collect();
        let variables = json!({ "key": first.key, "location": place.location, "changes": changes });
        let answer = match changes.is_empty() {
            true => Ok(Vec::new()),
            false => self.api.call::<AdjustData>(&ADJUST_STOCK, &variables).await.map(|data| data.shelfd_adjust_stock),
        };
        let outcome = |write: &StockWrite, sendable: Result<Value, StoreError>| match (sendable, &answer) {
            (Err(error), _) => Outcome::Refused(error),
            (Ok(_), Ok(results)) => adjusted(shop, write, results),
            (Ok(_), Err(failed)) => failed_whole(shop, &failed.error),
        };
        writes.iter().zip(sendable).map(|(write, sendable)| outcome(write, sendable)).collect()
    }
}

fn change_input(shop: &str, write: &StockWrite, key: &str) -> Result<Value, StoreError> {
    match &write.remote.variant {
        Some(id) if write.key == key => {
            Ok(json!({ "variantId": id, "expected": write.expected, "delta": write.delta }))
        }
        Some(_) => Err(refused(shop, "NOT_SENDABLE", "writes of one call must share one key")),
        None => Err(refused(shop, "NOT_SENDABLE", "the variant is not known; list the shop again")),
    }
}

/// What the plugin says about one write.
fn adjusted(shop: &str, write: &StockWrite, results: &[Adjusted]) -> StockOutcome {
    let own = results.iter().find(|result| Some(&result.variant_id) == write.remote.variant.as_ref());
    let Some(own) = own else {
        return Outcome::Unknown(unexpected(shop, "the answer does not speak of this variant"));
    };
    let lost = |why: &str| Outcome::Unknown(StoreError::AnswerLost { shop: shop.to_owned(), why: why.to_owned() });
    match own.outcome.as_str() {
        "DONE" => Outcome::Done(own.available),
        "STALE" => Outcome::Stale,
        "GONE" => Outcome::Refused(StoreError::Gone {
            shop: shop.to_owned(),
            message: format!("no variant {} in this channel", own.variant_id),
        }),
        "UNTRACKED" => Outcome::Refused(refused(shop, "UNTRACKED", "the shop does not track this variant's stock")),
        "OTHER_CHANGE" => lost("the key was used for another change"),
        "UNKNOWN" => lost("the shop could not finish it"),
        other => Outcome::Unknown(unexpected(shop, format!("outcome \"{other}\""))),
    }
}

/// A call that failed as a whole. What is wrong with the server as such is no write's fault: they wait.
fn failed_whole(shop: &str, error: &StoreError) -> StockOutcome {
    match error {
        StoreError::Refused { code, .. } if code == UNKNOWN_FIELD => {
            let (shop, message) = (shop.to_owned(), NO_PLUGIN.to_owned());
            Outcome::NotDone(StoreError::Access { shop, status: 400, message })
        }
        // The stock location: everything else is told by item.
        StoreError::Gone { message, .. } => {
            let (shop, message) = (shop.to_owned(), message.clone());
            Outcome::NotDone(StoreError::Access { shop, status: 200, message })
        }
        error => error.clone().into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Sku;
    use crate::stores::RemoteId;

    use super::*;

    fn write(variant: &str, key: &str) -> StockWrite {
        StockWrite {
            sku: Sku::new("A").unwrap(),
            remote: RemoteId { product: "1".to_owned(), variant: Some(variant.to_owned()), inventory: None },
            expected: 5,
            delta: -2,
            key: key.to_owned(),
        }
    }

    fn check(outcome: &str, expect: &str) {
        let results = [Adjusted { variant_id: "7".to_owned(), outcome: outcome.to_owned(), available: Some(3) }];
        let words = format!("{:?}", adjusted("eu", &write("7", "k"), &results));
        assert!(words.starts_with(expect), "{outcome}: {words}");
        let of_another = format!("{:?}", adjusted("eu", &write("8", "k"), &results));
        assert!(of_another.starts_with("Unknown"), "{of_another}");
    }

    #[test]
    fn outcomes_are_told_by_item() {
        check("DONE", "Done(Some(3))");
        check("STALE", "Stale");
        check("GONE", "Refused(Gone");
        check("UNTRACKED", "Refused(Refused");
        check("OTHER_CHANGE", "Unknown(AnswerLost");
        check("UNKNOWN", "Unknown(AnswerLost");
        check("NEW_WORD", "Unknown(Unexpected");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_alone() {
        let input = change_input("eu", &write("7", "k"), "k").unwrap();
        assert_eq!(input, json!({ "variantId": "7", "expected": 5, "delta": -2 }));
        assert!(change_input("eu", &write("7", "other"), "k").is_err());
        let mut nameless = write("7", "k");
        nameless.remote.variant = None;
        assert!(change_input("eu", &nameless, "k").is_err());
    }

    #[test]
    fn a_server_without_the_plugin_keeps_writes_waiting() {
        let missing = failed_whole("eu", &refused("eu", UNKNOWN_FIELD, "Cannot query field"));
        assert!(matches!(&missing, Outcome::NotDone(error) if error.to_string().contains("snippet vendure")));
        let place = StoreError::Gone { shop: "eu".to_owned(), message: "No StockLocation".to_owned() };
        assert!(matches!(failed_whole("eu", &place), Outcome::NotDone(StoreError::Access { .. })));
        let server = StoreError::Server { shop: "eu".to_owned(), status: 502 };
        assert!(matches!(failed_whole("eu", &server), Outcome::Unknown(_)));
    }
}
