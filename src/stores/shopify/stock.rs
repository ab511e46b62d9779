//! Writing stock: one atomic, keyed call that is refused when the shop's value is not the expected one.

use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::stores::{Outcome, StockWrite, StoreError};

use super::Shopify;
use super::answer::{UserError, clip, unexpected};
use super::convert::{AVAILABLE, WithId, number};
use super::queries::{ACTIVATE_STOCK, ADJUST_STOCK};

/// Writes in one call. Shopify takes 250, but the call is atomic: fewer means less is held up by one stale item.
pub(super) const BATCH_MAX: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdjustData {
    inventory_adjust_quantities: Option<Adjusted>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Adjusted {
    inventory_adjustment_group: Option<Group>,
    user_errors: Vec<UserError>,
}

#[derive(Debug, Deserialize)]
struct Group {
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    name: String,
    quantity_after_change: Option<i64>,
    item: Option<WithId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActivateData {
    inventory_activate: Option<Activated>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activated {
    inventory_level: Option<Value>,
    user_errors: Vec<UserError>,
}

type StockOutcome = Outcome<Option<i64>>;

impl Shopify {
    /// All writes in one call under their common key.
    ///
    /// Items that the last read saw counted but not kept at our location are first activated there with zero units:
    /// since 2026-04 an adjustment alone is said to leave them with an inactive level. Their key is made from the
    /// write's, so a repetition activates nothing twice. When an activation fails nothing is adjusted, because a
    /// repeated key must come with the very same writes.
    pub(super) async fn adjust(&self, writes: &[StockWrite]) -> Vec<StockOutcome> {
        let shop = self.api.shop();
        let Some(first) = writes.first() else { return Vec::new() };
        let location = match self.location().await {
            Ok(location) => location,
            // A wrong setting, or a read that failed: no write is at fault.
            Err(error) => return writes.iter().map(|_| Outcome::NotDone(error.clone())).collect(),
        };
        let variables = match adjustment(shop, writes, location) {
            Ok(variables) => variables,
            Err(outcomes) => return outcomes,
        };
        let activated = join_all(writes.iter().map(|write| self.activate(write, location))).await;
        if activated.iter().any(Result::is_err) {
            return activated.into_iter().map(|result| beside_unsent(shop, result)).collect();
        }
        match self.api.call::<AdjustData>(&ADJUST_STOCK, &json!({ "input": variables, "key": first.key })).await {
            Ok(data) => adjusted(shop, writes, data),
            Err(error) => writes.iter().map(|_| failed(error.clone())).collect(),
        }
    }

    /// Keep the item at our location, if the last read saw that it is not.
    async fn activate(&self, write: &StockWrite, location: &str) -> Result<(), StoreError> {
        let Some(item) = write.remote.inventory.as_ref().filter(|item| self.unstocked().contains(*item)) else {
            return Ok(());
        };
        let key = format!("{}-activate-{}", write.key, number(item).unwrap_or_default());
        let variables = json!({ "inventoryItemId": item, "locationId": location, "key": key });
        let data: ActivateData = self.api.call(&ACTIVATE_STOCK, &variables).await?;
        let activated =
            data.inventory_activate.ok_or_else(|| unexpected(self.api.shop(), "no payload of inventoryActivate"))?;
        if activated.inventory_level.is_none() {
            return Err(match activated.user_errors.first() {
                Some(error) => error.refusal(self.api.shop()),
                None => unexpected(self.api.shop(), "inventoryActivate gave neither a level nor an error"),
            });
        }
        self.unstocked().remove(item);
        Ok(())
    }
}

/// The call's input, or what became of writes that cannot be sent.
fn adjustment(shop: &str, writes: &[StockWrite], location: &str) -> Result<Value, Vec<StockOutcome>> {
    let key = writes.first().map(|write| write.key.as_str()).unwrap_or_default();
    let sendable = |write: &StockWrite| {
        let why = match &write.remote.inventory {
            Some(_) if write.key == key => return Ok(()),
            Some(_) => "writes of one call must share one key",
            None => "the inventory item is not known; list the shop again",
        };
        let (shop, message) = (shop.to_owned(), why.to_owned());
        Err(StoreError::Refused { shop, code: "NOT_SENDABLE".to_owned(), message, resource: None })
    };
    if writes.iter().any(|write| sendable(write).is_err()) {
        return Err(writes.iter().map(|write| beside_unsent(shop, sendable(write))).collect());
    }
    let changes: Vec<Value> = writes
        .iter()
        .map(|write| {
            json!({
                "inventoryItemId": write.remote.inventory,
                "locationId": location,
                "delta": write.delta,
                // Must be there since 2026-04; null would skip the comparison.
                "changeFromQuantity": write.expected,
            })
        })
        .collect();
    Ok(json!({
        "name": AVAILABLE,
        "reason": "correction",
        // Shown in the admin's inventory history, so that people see who it was.
        "referenceDocumentUri": format!("gid://shelfd/Sync/{key}"),
        "changes": changes,
    }))
}

/// What an answered call means for each write.
fn adjusted(shop: &str, writes: &[StockWrite], data: AdjustData) -> Vec<StockOutcome> {
    let Some(Adjusted { inventory_adjustment_group: group, user_errors }) = data.inventory_adjust_quantities else {
        return writes.iter().map(|_| Outcome::Unknown(unexpected(shop, "no payload of the adjustment"))).collect();
    };
    if user_errors.is_empty() {
        let changes = group.map(|group| group.changes).unwrap_or_default();
        return writes.iter().map(|write| done(shop, write, &changes)).collect();
    }
    let own = |at: usize| user_errors.iter().find(|error| error.index_in("changes") == Some(at));
    let nameless = user_errors.iter().find(|error| error.index_in("changes").is_none_or(|at| at >= writes.len()));
    let undecided = user_errors.iter().any(|error| matches!(by_code(shop, error), Outcome::Unknown(_)));
    (0..writes.len())
        .map(|at| match own(at).or(nameless) {
            Some(error) => by_code(shop, error),
            None if undecided => Outcome::Unknown(unexpected(shop, "another item of the call is not decided")),
            // The key is spent: nothing was written under it, and without the refused item nothing can be any more.
            None => Outcome::Stale,
        })
        .collect()
}

/// Done, when the shop lists the change. It leaves out changes by zero, and since 2026-04 it was never seen to fill
/// `quantityAfterChange`.
fn done(shop: &str, write: &StockWrite, changes: &[Change]) -> StockOutcome {
    let listed = changes.iter().find(|change| {
        change.name == AVAILABLE && change.item.as_ref().map(|item| &item.id) == write.remote.inventory.as_ref()
    });
    match listed {
        Some(change) => Outcome::Done(change.quantity_after_change),
        None if write.delta == 0 => Outcome::Done(None),
        None => Outcome::Unknown(unexpected(shop, "no error, but the change is not listed either")),
    }
}

/// What one user error says about the write it names (or about all, when it names none).
fn by_code(shop: &str, error: &UserError) -> StockOutcome {
    let words = || format!("{}: {}", error.code(), clip(&error.message));
    match error.code() {
        // Nothing was written under this key: a new one may try.
        "CHANGE_FROM_QUANTITY_STALE" | "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED" => Outcome::Stale,
        // The first request with this key is still at work (ask again with the same key), or it was about more than this
        // one, and its answer is lost: then what is there tells.
        "IDEMPOTENCY_CONCURRENT_REQUEST" | "IDEMPOTENCY_KEY_PARAMETER_MISMATCH" | "SERVICE_UNAVAILABLE" => {
            Outcome::Unknown(StoreError::AnswerLost { shop: shop.to_owned(), why: words() })
        }
        "ADJUST_QUANTITIES_FAILED" => Outcome::NotDone(unexpected(shop, words())),
        _ => Outcome::Refused(error.refusal(shop)),
    }
}

/// A call that failed as a whole. Idempotency codes are read alike wherever they stand.
fn failed(error: StoreError) -> StockOutcome {
    match error {
        StoreError::Refused { shop, code, message, .. } => {
            by_code(&shop, &UserError { code: Some(code), field: None, message })
        }
        other => other.into(),
    }
}

/// A write that was not sent because something before it failed, however that ended.
fn not_sent(error: StoreError) -> StockOutcome {
    match error {
        StoreError::Refused { .. } | StoreError::Gone { .. } => Outcome::Refused(error),
        other => Outcome::NotDone(other),
    }
}

/// A write of a call that was not sent: its own trouble, or another's.
fn beside_unsent(shop: &str, own: Result<(), StoreError>) -> StockOutcome {
    match own {
        Ok(()) => Outcome::NotDone(unexpected(shop, "not sent, because another item of the call could not be")),
        Err(error) => not_sent(error),
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Sku;
    use crate::stores::RemoteId;

    use super::*;

    fn write(n: u64, expected: i64, delta: i64) -> StockWrite {
        StockWrite {
            sku: Sku::new(&format!("S{n}")).unwrap(),
            remote: RemoteId {
                product: "gid://shopify/Product/1".to_owned(),
                variant: Some(format!("gid://shopify/ProductVariant/{n}")),
                inventory: Some(format!("gid://shopify/InventoryItem/{n}")),
            },
            expected,
            delta,
            key: "k".to_owned(),
        }
    }

    fn name<T>(outcome: &Outcome<T>) -> &'static str {
        match outcome {
            Outcome::Done(_) => "done",
            Outcome::Stale => "stale",
            Outcome::Refused(_) => "refused",
            Outcome::NotDone(_) => "not done",
            Outcome::Unknown(_) => "unknown",
        }
    }

    fn check(writes: &[StockWrite], payload: Value, expect: &[&str]) {
        let data = serde_json::from_value(json!({ "inventoryAdjustQuantities": payload })).unwrap();
        let outcomes = adjusted("eu", writes, data);
        assert_eq!(outcomes.iter().map(name).collect::<Vec<_>>(), expect);
    }

    fn errors(list: &[(&str, &[&str])]) -> Value {
        let list: Vec<Value> =
            list.iter().map(|(code, field)| json!({ "code": code, "field": field, "message": "words" })).collect();
        json!({ "inventoryAdjustmentGroup": null, "userErrors": list })
    }

    #[test]
    fn the_input_compares_and_names_its_source() {
        let input = adjustment("eu", &[write(1, 5, -2)], "gid://shopify/Location/9").unwrap();
        let expect = json!({
            "name": "available", "reason": "correction", "referenceDocumentUri": "gid://shelfd/Sync/k",
            "changes": [{
                "inventoryItemId": "gid://shopify/InventoryItem/1", "locationId": "gid://shopify/Location/9",
                "delta": -2, "changeFromQuantity": 5,
            }],
        });
        assert_eq!(input, expect);
    }

    #[test]
    fn what_cannot_be_sent_holds_the_call_back() {
        let mut nameless = write(2, 0, 1);
        nameless.remote.inventory = None;
        let outcomes = adjustment("eu", &[write(1, 0, 1), nameless], "l").unwrap_err();
        assert_eq!(outcomes.iter().map(name).collect::<Vec<_>>(), ["not done", "refused"]);
        let other_key = StockWrite { key: "other".to_owned(), ..write(2, 0, 1) };
        let outcomes = adjustment("eu", &[write(1, 0, 1), other_key], "l").unwrap_err();
        assert_eq!(outcomes.iter().map(name).collect::<Vec<_>>(), ["not done", "refused"]);
    }

    #[test]
    fn listed_changes_are_done() {
        let change = |name: &str, n: u64, after: Option<i64>| {
            let item = json!({ "id": format!("gid://shopify/InventoryItem/{n}") });
            json!({ "name": name, "quantityAfterChange": after, "item": item })
        };
        let changes = [change(AVAILABLE, 1, None), change(AVAILABLE, 2, Some(4)), change("on_hand", 3, None)];
        let group = json!({ "inventoryAdjustmentGroup": { "changes": changes }, "userErrors": [] });
        let writes = [write(1, 5, 2), write(2, 5, -1), write(3, 5, 1), write(4, 5, 0)];
        check(&writes, group.clone(), &["done", "done", "unknown", "done"]);
        let data = serde_json::from_value(json!({ "inventoryAdjustQuantities": group })).unwrap();
        assert!(matches!(adjusted("eu", &writes, data)[1], Outcome::Done(Some(4))));
        // As recorded for an adjustment by zero alone.
        check(&[write(1, 0, 0)], json!({ "inventoryAdjustmentGroup": null, "userErrors": [] }), &["done"]);
        check(&[write(1, 0, 1)], json!({ "inventoryAdjustmentGroup": null, "userErrors": [] }), &["unknown"]);
        check(&[write(1, 0, 1)], json!(null), &["unknown"]);
    }

    #[test]
    fn one_stale_item_fails_the_call_and_spends_its_key() {
        let three = [write(1, 5, 2), write(2, 5, -1), write(3, 5, 1)];
        let stale: &[&str] = &["input", "changes", "1", "changeFromQuantity"];
        check(&three, errors(&[("CHANGE_FROM_QUANTITY_STALE", stale)]), &["stale", "stale", "stale"]);
        let elsewhere = errors(&[("SERVICE_UNAVAILABLE", stale)]);
        check(&three, elsewhere, &["unknown", "unknown", "unknown"]);
        let gone: &[&str] = &["input", "changes", "2", "inventoryItemId"];
        let both = errors(&[("CHANGE_FROM_QUANTITY_STALE", stale), ("INVALID_INVENTORY_ITEM", gone)]);
        check(&three, both, &["stale", "stale", "refused"]);
        check(&three, errors(&[("CHANGE_FROM_QUANTITY_STALE", &[])]), &["stale", "stale", "stale"]);
        check(&three, errors(&[("INVALID_REASON", &["input", "reason"])]), &["refused", "refused", "refused"]);
    }

    #[test]
    fn idempotency_codes() {
        let one = [write(1, 5, 2)];
        check(&one, errors(&[("IDEMPOTENCY_CONCURRENT_REQUEST", &[])]), &["unknown"]);
        check(&one, errors(&[("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", &[])]), &["unknown"]);
        check(&one, errors(&[("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", &[])]), &["stale"]);
        let top = |code: &str| {
            let (shop, message) = ("eu".to_owned(), "words".to_owned());
            name(&failed(StoreError::Refused { shop, code: code.to_owned(), message, resource: None }))
        };
        assert_eq!(top("IDEMPOTENCY_CONCURRENT_REQUEST"), "unknown");
        assert_eq!(top("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"), "stale");
        assert_eq!(top("BAD_REQUEST"), "refused");
    }
}
