//! Pure: WooCommerce's orders to evidence of what they took from stock.
//!
//! An order line's meta `_reduced_stock` is the units that the line has taken and not given back. WooCommerce keeps it
//! so (its `wc-stock-functions.php`, and observed on WooCommerce 10.0.2):
//!
//! - The order's status is saved first; then, in `processing`, `on-hold` and `completed`, each line's stock is lowered
//!   and after that its meta is saved. A line without the meta in such a status may be taking its units right now.
//! - On `cancelled` and `pending` each line's stock is raised and after that its meta removed. A line with the meta in
//!   such a status may be giving its units back right now. `failed` and `refunded` give nothing back by themselves.
//! - A refund with restock raises the stock, lowers the meta by as much (removes it at zero) and notes the units in
//!   `_restock_refunded_items`; the order's status tells nothing of the milliseconds in between.
//! - Deleting an order, to the trash or for good, moves no stock.

use serde::Deserialize;
use serde_json::Value;

use crate::clock::Time;
use crate::stores::{OrderEvidence, OrderLine};

use super::convert::{id, id_or_none, list, text, whole};

/// What is read of an order. Nothing of the buyer.
pub(super) const ORDER_FIELDS: &str = "id,status,date_created_gmt,date_modified_gmt,line_items";

const TAKES: [&str; 3] = ["processing", "on-hold", "completed"];
const GIVES_BACK: [&str; 2] = ["cancelled", "pending"];

/// An order, as far as it is read.
#[derive(Deserialize)]
pub(super) struct Order {
    #[serde(deserialize_with = "id")]
    pub id: u64,
    #[serde(default, deserialize_with = "text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "text")]
    date_created_gmt: Option<String>,
    #[serde(default, deserialize_with = "text")]
    date_modified_gmt: Option<String>,
    #[serde(default, deserialize_with = "list")]
    line_items: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(deserialize_with = "id")]
    id: u64,
    #[serde(default, deserialize_with = "id_or_none")]
    product_id: u64,
    #[serde(default, deserialize_with = "id_or_none")]
    variation_id: u64,
    #[serde(default)]
    quantity: Value,
    #[serde(default, deserialize_with = "list")]
    meta_data: Vec<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default, deserialize_with = "text")]
    key: Option<String>,
    #[serde(default)]
    value: Value,
}

impl Order {
    /// When it was created, by the shop's clock, in whole seconds.
    pub(super) fn created(&self) -> Option<Time> {
        self.date_created_gmt.as_deref().and_then(gmt)
    }

    /// When it was last changed; an order never changed since has its creation.
    pub(super) fn modified(&self) -> Option<Time> {
        self.date_modified_gmt.as_deref().and_then(gmt).or_else(|| self.created())
    }

    /// What it says about stock; `None` when it has no readable date.
    pub(super) fn evidence(&self) -> Option<OrderEvidence> {
        let modified = self.modified()?;
        Some(OrderEvidence {
            order: self.id.to_string(),
            created: self.created().unwrap_or(modified),
            modified,
            lines: self
                .line_items
                .iter()
                .filter_map(|line| line.evidence(self.status.as_deref().unwrap_or_default()))
                .collect(),
        })
    }
}

impl Line {
    /// `None` for a line whose product was deleted: nothing is left that has stock.
    fn evidence(&self, status: &str) -> Option<OrderLine> {
        if self.product_id == 0 {
            return None;
        }
        let share = self.units("_reduced_stock");
        let was_restocked = self.units("_restock_refunded_items") > 0;
        let in_flight = if share == 0 {
            // A whole refund with restock leaves no meta either, and its order never takes again.
            let takes = TAKES.contains(&status) && !was_restocked;
            if takes { whole(&self.quantity).unwrap_or(0).max(0) } else { 0 }
        } else if GIVES_BACK.contains(&status) {
            -share
        } else {
            0
        };
        Some(OrderLine {
            line: self.id.to_string(),
            product: self.product_id.to_string(),
            variant: (self.variation_id != 0).then(|| self.variation_id.to_string()),
            share,
            in_flight,
            quantity: whole(&self.quantity).unwrap_or(0).max(0),
        })
    }

    /// A meta's number of units, given as number or text; 0 when it is not there.
    fn units(&self, key: &str) -> i64 {
        self.meta_data
            .iter()
            .find(|meta| meta.key.as_deref() == Some(key))
            .and_then(|meta| whole(&meta.value))
            .unwrap_or(0)
    }
}

/// The form of `*_gmt` fields: UTC without a zone.
const GMT: &str = "%Y-%m-%dT%H:%M:%S";

fn gmt(text: &str) -> Option<Time> {
    // With a zone it would be another field; plugins that add `Z` still mean UTC.
    chrono::NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), GMT).ok().map(|time| time.and_utc())
}

/// A bound for `after` and `modified_after` that leaves out nothing at or after `from`.
///
/// Both are exclusive and know whole seconds, hence one second less. It carries no zone, because WordPress turns a time
/// with one into the site's local time even for a comparison with UTC columns (`WP_Date_Query::build_mysql_datetime`).
/// For the same reason a time that does not exist in the site's zone (the hour that daylight saving skips) is moved
/// an hour ahead, and orders would be passed over: within the hours in which clocks change somewhere, the bound is moved
/// back to just before the full hour, which exists everywhere.
pub(super) fn after(from: Time) -> String {
    use chrono::{Datelike as _, TimeDelta, Timelike as _, Weekday};
    let bound = from - TimeDelta::seconds(1);
    // Clocks go forward between midnight and four, from Friday to Sunday.
    let may_be_skipped = bound.hour() <= 3 && matches!(bound.weekday(), Weekday::Fri | Weekday::Sat | Weekday::Sun);
    let back = if may_be_skipped { i64::from(bound.minute() * 60 + bound.second()) + 1 } else { 0 };
    (bound - TimeDelta::seconds(back)).format(GMT).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(status: &str, meta: Value, expect: (i64, i64)) {
        let order = json!({
            "id": 5, "status": status,
            "date_created_gmt": "2026-11-20T10:00:00", "date_modified_gmt": "2026-11-20T10:00:01",
            "line_items": [{"id": 1, "product_id": 8, "variation_id": 9, "quantity": 3, "meta_data": meta}]
        });
        let order: Order = serde_json::from_value(order).unwrap();
        let line = order.evidence().unwrap().lines.remove(0);
        assert_eq!((line.share, line.in_flight), expect, "{status} {meta}");
    }

    #[test]
    fn shares_and_what_is_in_flight() {
        let reduced = |value: Value| json!([{"id": 1, "key": "_reduced_stock", "value": value}]);
        for status in ["processing", "on-hold", "completed"] {
            check(status, json!([]), (0, 3));
            check(status, reduced(json!("3")), (3, 0));
            check(status, reduced(json!(2)), (2, 0));
            check(status, reduced(json!("0")), (0, 3));
        }
        for status in ["cancelled", "pending"] {
            check(status, json!([]), (0, 0));
            check(status, reduced(json!("3")), (3, -3));
        }
        for status in ["failed", "refunded", "checkout-draft", "shipped"] {
            check(status, json!([]), (0, 0));
            check(status, reduced(json!("3")), (3, 0));
        }
        check("completed", json!([{"key": "_restock_refunded_items", "value": "3"}]), (0, 0));
        let partly = json!([{"key": "_restock_refunded_items", "value": 1}, {"key": "_reduced_stock", "value": 2}]);
        check("completed", partly, (2, 0));
        check("processing", json!([{"key": "engraving", "value": {"text": "x"}}]), (0, 3));
    }

    #[test]
    fn lines_name_what_was_sold() {
        let order = json!({
            "id": "5", "status": "processing", "date_created_gmt": "2026-11-20T10:00:00", "date_modified_gmt": null,
            "line_items": [
                {"id": 1, "product_id": 8, "variation_id": 0, "quantity": 1, "meta_data": []},
                {"id": 2, "product_id": 0, "variation_id": 0, "quantity": 1, "meta_data": []},
            ]
        });
        let evidence = serde_json::from_value::<Order>(order).unwrap().evidence().unwrap();
        assert_eq!(evidence.order, "5");
        assert_eq!(evidence.modified, evidence.created);
        let lines: Vec<_> = evidence.lines.iter().map(|line| (line.product.as_str(), &line.variant)).collect();
        assert_eq!(lines, [("8", &None)]);
    }

    #[test]
    fn odd_shapes_are_read_as_far_as_they_go() {
        let order = json!({
            "id": 5, "status": "processing", "date_created_gmt": "2026-11-20T10:00:00",
            "line_items": {
                "1": {"id": 1, "product_id": 8, "variation_id": null, "quantity": 1,
                    "meta_data": {"7": {"key": null, "value": 1}, "8": null, "9": {"key": "_reduced_stock", "value": "1"}}},
                "3": {"id": 2, "product_id": false, "quantity": 1, "meta_data": null},
            }
        });
        let evidence = serde_json::from_value::<Order>(order).unwrap().evidence().unwrap();
        let lines: Vec<_> = evidence.lines.iter().map(|line| (line.product.as_str(), line.share)).collect();
        assert_eq!(lines, [("8", 1)]);
        let order = json!({"id": 5, "date_created_gmt": "2026-11-20T10:00:00", "line_items": null});
        assert_eq!(serde_json::from_value::<Order>(order).unwrap().evidence().unwrap().lines, []);
    }

    #[test]
    fn bounds_leave_nothing_out() {
        let check = |from: &str, expect: &str| assert_eq!(after(gmt(from).unwrap()), expect);
        // A Wednesday.
        check("2026-03-25T02:30:00", "2026-03-25T02:29:59");
        check("2026-11-18T00:00:00", "2026-11-17T23:59:59");
        // Sunday, 29 March: Berlin's clocks jump from two to three.
        check("2026-03-29T02:30:00", "2026-03-29T01:59:59");
        check("2026-03-29T04:00:00", "2026-03-29T02:59:59");
        check("2026-03-29T04:00:01", "2026-03-29T04:00:00");
        check("2026-03-29T00:30:00", "2026-03-28T23:59:59");
        check("2026-03-29T00:00:00", "2026-03-28T23:59:59");
    }
}
