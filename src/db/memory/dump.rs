//! Everything in a ledger as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::State;
use crate::catalog::Money;
use crate::db::millis;
use crate::db::stock::recent_to_text;

/// One line per fact, `table [values]`, in the order of the schema's tables, columns and keys.
pub(super) fn dump(state: &State) -> String {
    let mut text = String::new();
    let mut line = |table: &str, values: Value| {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{table} {values}");
    };
    for (name, value) in &state.facts {
        line("facts", json!([name, value]));
    }
    for (sku, kept) in &state.rows {
        let row = &kept.record.row;
        let content = serde_json::to_string(row).unwrap_or_default();
        let accepted = millis(kept.accepted);
        line("rows", json!([sku, row.tab, row.row, kept.record.hash, content, kept.record.missing, accepted]));
    }
    endpoints(state, &mut line);
    for (sku, pools) in &state.pools {
        for (pool, units) in pools {
            line("pools", json!([sku, pool, units]));
        }
    }
    for it in &state.movements {
        let at = millis(it.at);
        line("movements", json!([it.id, it.sku, it.pool, it.endpoint, it.units, it.cause, it.pool_after, at]));
    }
    for (index, kept) in state.intents.iter().enumerate() {
        let (it, settled) = (&kept.intent, kept.settled.map(millis));
        let (place, at) = ((&kept.endpoint, &kept.sku, &kept.pool), millis(it.recorded));
        let write = (it.expected, it.delta, &it.key);
        line("intents", flat(json!([index + 1, place, write, kept.state, at, settled])));
    }
    for (id, kept) in &state.inbox {
        let it = &kept.delivery;
        let times = (millis(kept.received), kept.handled.map(millis));
        line("inbox", flat(json!([id, it.shop, it.topic, kept.dedupe, it.mentions, times])));
    }
    for it in state.letters.values() {
        let item = (it.id, &it.endpoint, &it.sku, &it.what);
        line("dead_letters", flat(json!([item, it.code, it.reason, it.row_hash, it.attempts, millis(it.at)])));
    }
    for (id, it) in &state.runs {
        let run = (id, &it.endpoint, &it.cause, millis(it.started), millis(it.ended));
        line("runs", flat(json!([run, it.looked_at, it.moved, it.written, it.refused, it.outcome])));
    }
    for (sku, now) in &state.former {
        line("former_skus", json!([sku, now]));
    }
    for (index, it) in state.audit.iter().enumerate() {
        let at = millis(it.at);
        line("audit", json!([index + 1, at, it.endpoint, it.sku, it.field, it.before, it.after, it.reason]));
    }
    text
}

fn endpoints(state: &State, line: &mut impl FnMut(&str, Value)) {
    let name_of = |money: Option<Money>| money.map(Money::to_store);
    for (endpoint, held) in &state.endpoints {
        for (sku, kept) in &held.listings {
            let (it, known) = (&kept.record, &kept.record.known);
            let ids = (endpoint, sku, &it.product, &it.variant, &it.inventory, &it.handle);
            let seen = (&known.seen_title, name_of(known.seen_price));
            let base = (&known.base_title, &known.echo_title, name_of(known.base_price), &known.seen_sku);
            line("listings", flat(json!([ids, seen, base, it.row_hash, kept.synced.map(millis)])));
        }
    }
    for (endpoint, held) in &state.endpoints {
        for (sku, pools) in &held.sides {
            for (pool, kept) in pools {
                let window = kept.side.window;
                let opened = i64::from(kept.side.window_is_new);
                let window = (window.map(|window| window.took), window.map(|window| window.gave), opened);
                let recent = recent_to_text(&kept.side.recent);
                line("sides", flat(json!([endpoint, sku, pool, kept.side.accounted, window, recent])));
            }
        }
    }
    for (endpoint, held) in &state.endpoints {
        let lines = |(order, lines)| {
            let lines: &BTreeMap<String, _> = lines;
            lines.iter().map(move |(line, kept)| (order, line, kept))
        };
        for (order, id, (sku, kept)) in held.shares.iter().flat_map(lines) {
            line("shares", json!([endpoint, order, id, sku, kept.share, kept.in_flight]));
        }
    }
    for (endpoint, held) in &state.endpoints {
        for (sku, kept) in &held.hints {
            let want = kept.want;
            let want = (i64::from(want.look), i64::from(want.stock), i64::from(want.content));
            line("hints", flat(json!([endpoint, sku, want, millis(kept.due), kept.attempts, kept.seq])));
        }
    }
}

/// Columns that were grouped, side by side again.
fn flat(values: Value) -> Value {
    match values {
        Value::Array(values) => values
            .into_iter()
            .flat_map(|value| match value {
                Value::Array(inner) => inner,
                other => vec![other],
            })
            .collect(),
        other => other,
    }
}
