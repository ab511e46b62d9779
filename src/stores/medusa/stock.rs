//! Writing stock through the route that shelfd gives the shop (`shelfd webhooks snippet medusa`): a delta with a key, made
//! only while the available units are the expected ones.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::stores::{Outcome, StockWrite, StoreError};

use super::api::{Api, NO_ROUTE, not_sendable, unexpected};
use super::place::Place;

/// Where the route is.
pub(super) const PATH: &str = "/admin/shelfd/stock";
/// The route takes no more at once. A hundred took 0.7 s on Medusa 2.21.2: each is a transaction of its own.
pub(super) const BATCH_MAX: usize = 100;
/// What the route says it is; one of another number speaks otherwise.
const VERSION: u64 = 1;

type StockOutcome = Outcome<Option<i64>>;

/// What the route says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Status {
    shelfd: u64,
    /// Where the subscriber delivers to.
    #[serde(default)]
    pub(super) webhook_url: Option<String>,
    /// Hex SHA-256 of the secret that it signs with.
    #[serde(default)]
    pub(super) webhook_secret_sha256: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<ItemResult>,
}

#[derive(Deserialize)]
struct ItemResult {
    item: String,
    status: String,
    #[serde(default)]
    available: Option<serde_json::Number>,
    #[serde(default)]
    message: Option<String>,
}

/// Ask the route what it is.
///
/// # Errors
/// [`StoreError::Access`] when the shop has no such route, or one of another version.
pub(super) async fn status(api: &Api) -> Result<Status, StoreError> {
    let status: Status = api.get(PATH, &Vec::new()).await.map_err(|error| explain(error, api.shop()))?;
    if status.shelfd != VERSION {
        let message =
            format!("its version is {}, not {VERSION}; put this shelfd's one into the project", status.shelfd);
        return Err(missing(api.shop(), &message));
    }
    Ok(status)
}

/// All writes in one call under their common key; one outcome each.
pub(super) async fn write(api: &Api, place: &Place, writes: &[StockWrite]) -> Vec<StockOutcome> {
    let Some(first) = writes.first() else { return Vec::new() };
    let sendable = |write: &&StockWrite| write.remote.inventory.is_some() && write.key == first.key;
    let sent: Vec<&StockWrite> = writes.iter().filter(sendable).collect();
    let changes: Vec<Value> = sent
        .iter()
        .map(|write| json!({ "item": write.remote.inventory, "expected": write.expected, "delta": write.delta }))
        .collect();
    let mut outcomes = if sent.is_empty() {
        Vec::new()
    } else {
        let body = json!({ "key": first.key, "location": place.location, "changes": changes });
        match api.post::<Answer>(PATH, &Vec::new(), &body).await {
            Ok(answer) => judge(api.shop(), &sent, answer.results),
            Err(error) => sent.iter().map(|_| failed(error.clone(), api.shop())).collect(),
        }
    }
    .into_iter();
    let unsent = |write: &StockWrite| {
        let why = match write.remote.inventory {
            Some(_) => "writes of one call must share one key",
            None => "no inventory item of its own is known; is the variant a bundle, or its stock not managed?",
        };
        Outcome::Refused(not_sendable(api.shop(), why))
    };
    let lost = || Outcome::Unknown(unexpected(api.shop(), "no result"));
    writes
        .iter()
        .map(|write| if sendable(&write) { outcomes.next().unwrap_or_else(lost) } else { unsent(write) })
        .collect()
}

/// What each result means. An answer about something else than was asked tells nothing about what was asked.
fn judge(shop: &str, sent: &[&StockWrite], results: Vec<ItemResult>) -> Vec<StockOutcome> {
    if results.len() != sent.len() {
        return sent
            .iter()
            .map(|_| Outcome::Unknown(unexpected(shop, "results for another number of items")))
            .collect();
    }
    sent.iter()
        .zip(results)
        .map(|(write, result)| {
            let words = || result.message.as_deref().unwrap_or("no words").chars().take(200).collect::<String>();
            if Some(&result.item) != write.remote.inventory.as_ref() {
                return Outcome::Unknown(unexpected(shop, "a result for another item"));
            }
            match result.status.as_str() {
                "done" => Outcome::Done(result.available.and_then(|units| units.as_i64())),
                "stale" => Outcome::Stale,
                "gone" => Outcome::Refused(StoreError::Gone {
                    shop: shop.to_owned(),
                    message: "no such inventory item or stock location".to_owned(),
                }),
                "not_done" => Outcome::NotDone(unexpected(shop, words())),
                other => Outcome::Unknown(StoreError::AnswerLost {
                    shop: shop.to_owned(),
                    why: format!("{other}: {}", words()),
                }),
            }
        })
        .collect()
}

/// A call that failed as a whole. Without the route nothing was done, and nothing can be until it is there: no write is
/// at fault.
fn failed(error: StoreError, shop: &str) -> StockOutcome {
    match explain(error, shop) {
        error @ StoreError::Access { .. } => Outcome::NotDone(error),
        other => other.into(),
    }
}

fn explain(error: StoreError, shop: &str) -> StoreError {
    match error {
        StoreError::Refused { code, .. } if code == NO_ROUTE => missing(shop, "it is not installed"),
        other => other,
    }
}

fn missing(shop: &str, why: &str) -> StoreError {
    let message = format!(
        "stock cannot be written without shelfd's route at {PATH}: {why}\n  hint: shelfd webhooks snippet medusa --into \
         PROJECT, then build and restart the shop"
    );
    StoreError::Access { shop: shop.to_owned(), status: 404, message }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Sku;
    use crate::retry::Verdict;
    use crate::stores::RemoteId;

    use super::*;

    fn write(n: u64) -> StockWrite {
        StockWrite {
            sku: Sku::new(&format!("S{n}")).unwrap(),
            remote: RemoteId {
                product: "prod_1".to_owned(),
                variant: Some(format!("variant_{n}")),
                inventory: Some(format!("iitem_{n}")),
            },
            expected: 5,
            delta: -2,
            key: "k".to_owned(),
        }
    }

    fn name(outcome: &StockOutcome) -> String {
        match outcome {
            Outcome::Done(after) => format!("done {after:?}"),
            Outcome::Stale => "stale".to_owned(),
            Outcome::Refused(error) => format!("refused: {error}"),
            Outcome::NotDone(error) => format!("not done: {error}"),
            Outcome::Unknown(error) => format!("unknown: {error}"),
        }
    }

    fn check(results: Value, expect: &[&str]) {
        let writes = [write(1), write(2)];
        let sent: Vec<&StockWrite> = writes.iter().collect();
        let outcomes = judge("eu", &sent, serde_json::from_value(results).unwrap());
        assert_eq!(outcomes.iter().map(name).collect::<Vec<_>>(), expect);
    }

    /// As the route gave them on Medusa 2.21.2.
    #[test]
    fn each_item_has_its_own_result() {
        let result = |n: u64, status: &str, available: Option<i64>| json!({ "item": format!("iitem_{n}"), "status": status, "available": available });
        check(json!([result(1, "done", Some(3)), result(2, "stale", Some(9))]), &["done Some(3)", "stale"]);
        let gone = "refused: eu: not there any more: no such inventory item or stock location";
        check(json!([result(1, "gone", None), result(2, "done", Some(3))]), &[gone, "done Some(3)"]);
        let busy = json!({ "item": "iitem_1", "status": "not_done", "available": null, "message": "Timed-out acquiring lock." });
        let not_done = "not done: eu: unexpected answer: Timed-out acquiring lock.";
        let mismatch = json!({ "item": "iitem_2", "status": "mismatch", "available": null,
                               "message": "this key was used for another change" });
        let other = "unknown: eu: the answer was lost: mismatch: this key was used for another change";
        check(json!([busy, mismatch]), &[not_done, other]);
        let open = "unknown: eu: the answer was lost: unknown: no words";
        let wrong = "unknown: eu: unexpected answer: a result for another item";
        check(json!([result(1, "unknown", None), result(1, "done", Some(3))]), &[open, wrong]);
        let number = "unknown: eu: unexpected answer: results for another number of items";
        check(json!([result(1, "done", Some(3))]), &[number, number]);
    }

    #[test]
    fn a_shop_without_the_route_is_not_an_item_s_fault() {
        let (shop, code) = ("eu".to_owned(), NO_ROUTE.to_owned());
        let error = StoreError::Refused { shop, code, message: "words".to_owned(), resource: None };
        match failed(error, "eu") {
            Outcome::NotDone(error) => {
                assert_eq!(error.verdict(), Verdict::Credentials);
                assert!(error.to_string().contains("shelfd webhooks snippet medusa"), "{error}");
            }
            other => panic!("{}", name(&other)),
        }
    }
}
