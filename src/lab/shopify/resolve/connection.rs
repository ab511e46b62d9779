//! Connections: filtered, sorted, and cut into pages by cursors that say the last sort value and id, so that a page goes
//! on at the right place though things were added or removed meanwhile.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::facts::{Facts, is_known, sort_key};
use super::search::Query;
use super::{Ask, Node, Out, count};
use crate::lab::shopify::graphql::error::GraphError;

/// Entries of one page. <https://shopify.dev/docs/api/usage/limits>
const PAGE_MAX: usize = 250;
/// Entries that paging reaches; beyond them only a narrower query helps. <https://shopify.dev/docs/api/usage/limits>
const REACH: usize = 25_000;

/// What rows are sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A number, or a time in milliseconds.
    Number(i64),
    /// Text.
    Text(String),
}

/// One entry.
pub struct Row {
    /// What it is.
    pub node: Node,
    /// Breaks ties.
    pub id: u64,
    /// Sort value.
    pub key: Key,
}

/// The entries of a connection, filtered and sorted.
pub struct Rows {
    kind: &'static str,
    rows: Vec<Row>,
}

impl Rows {
    /// Entries that are all wanted, in their order.
    pub fn plain(kind: &'static str, nodes: impl IntoIterator<Item = (u64, Node)>) -> Self {
        let rows =
            nodes.into_iter().zip(0..).map(|((id, node), key)| Row { node, id, key: Key::Number(key) }).collect();
        Self { kind, rows }
    }

    /// The entries of a connection of the query root, by its name.
    pub fn of(name: &str, ask: &mut Ask<'_>) -> Self {
        let sort = ask.text("sortKey").unwrap_or("ID").to_owned();
        let (kind, candidates): (_, Vec<(u64, Node)>) = match name {
            "products" => ("Product", ask.world.products.keys().map(|id| (*id, Node::Product(*id))).collect()),
            "productVariants" => {
                ("ProductVariant", ask.world.variants.keys().map(|id| (*id, Node::Variant(*id))).collect())
            }
            "inventoryItems" => ("InventoryItem", ask.world.items.keys().map(|id| (*id, Node::Item(*id))).collect()),
            "orders" => ("Order", ask.world.orders.keys().map(|id| (*id, Node::Order(*id))).collect()),
            "locations" => {
                let locations = ask.world.locations.iter();
                ("Location", locations.map(|location| (location.id, Node::Location(location.id))).collect())
            }
            _ => {
                let all = ask.world.subscriptions.values().filter(|subscription| wanted(ask, subscription));
                ("WebhookSubscription", all.map(|one| (one.id, Node::Subscription(one.id))).collect())
            }
        };
        Self::searched(kind, candidates, &sort, ask)
    }

    /// Entries filtered by the argument `query` and sorted.
    pub fn searched(kind: &'static str, candidates: Vec<(u64, Node)>, sort: &str, ask: &mut Ask<'_>) -> Self {
        let query = Query::parse(ask.text("query").unwrap_or_default());
        let skus = query.skus().filter(|_| is_known(kind, "sku"));
        let mut unknown = Vec::new();
        let mut rows = Vec::new();
        for (id, node) in candidates {
            let facts = Facts { world: ask.world, node: &node };
            if skus.as_ref().is_none_or(|skus| facts.has_sku(skus)) && query.matches(&facts) {
                let key = sort_key(&facts, sort, id);
                rows.push(Row { node, id, key });
            }
        }
        for (field, value) in query.terms() {
            if !is_known(kind, field) {
                unknown.push((field.to_owned(), value.to_owned()));
            }
        }
        rows.sort_by(|a, b| (&a.key, a.id).cmp(&(&b.key, b.id)));
        if ask.flag("reverse") {
            rows.reverse();
        }
        for (field, value) in unknown {
            ask.warnings.push(json!({
                "path": ask.path,
                "query": ask.text("query"),
                "parsed": { "field": field, "match_all": value },
                "warnings": [{ "field": field, "message": "Invalid search field for this query.", "code": "invalid_field" }],
            }));
        }
        Self { kind, rows }
    }

    /// The page that the arguments ask for.
    pub fn page(self, ask: &Ask<'_>) -> Result<Out, GraphError> {
        let (from, to) = self.window(ask)?;
        let total = self.rows.len();
        let mut nodes = Vec::new();
        let mut edges = Vec::new();
        let mut cursors = Vec::new();
        for row in self.rows.get(from..to).unwrap_or_default() {
            let cursor = encode(row);
            let edge = [("cursor", cursor.clone().into()), ("node", Out::one(row.node.clone()))];
            edges.push(Some(Node::record(format!("{}Edge", self.kind), edge)));
            nodes.push(Some(row.node.clone()));
            cursors.push(cursor);
        }
        let info = Node::record(
            "PageInfo",
            [
                ("hasNextPage", (to < total).into()),
                ("hasPreviousPage", (from > 0).into()),
                ("startCursor", cursors.first().cloned().into()),
                ("endCursor", cursors.last().cloned().into()),
            ],
        );
        Ok(Out::one(Node::record(
            format!("{}Connection", self.kind),
            [("nodes", Out::Many(nodes)), ("edges", Out::Many(edges)), ("pageInfo", Out::one(info))],
        )))
    }

    fn window(&self, ask: &Ask<'_>) -> Result<(usize, usize), GraphError> {
        let bad = |message: &str| GraphError::new("BAD_REQUEST", message);
        let size = |name: &str, size: i64| match usize::try_from(size) {
            Ok(size) if size <= PAGE_MAX => Ok(size),
            _ => Err(bad(&format!("{name} must be between 0 and {PAGE_MAX}"))),
        };
        let (mut from, mut to) = (0, self.rows.len());
        if let Some(after) = ask.text("after") {
            let cursor = decode(after)?;
            from = self.rows.iter().take_while(|row| side(row, &cursor, ask).is_le()).count();
        }
        if let Some(before) = ask.text("before") {
            let cursor = decode(before)?;
            to = self.rows.iter().take_while(|row| side(row, &cursor, ask).is_lt()).count();
        }
        match (ask.int("first"), ask.int("last")) {
            (Some(first), None) => to = to.min(from + size("first", first)?),
            (None, Some(last)) => from = from.max(to.saturating_sub(size("last", last)?)),
            (Some(_), Some(_)) => return Err(bad("providing both first and last is not supported")),
            (None, None) => return Err(bad("you must provide one of first or last")),
        }
        if from >= REACH && from < to {
            return Err(bad(&format!("paging reaches {REACH} objects; narrow the query to see more")));
        }
        Ok((from.min(to), to))
    }
}

/// A connection without entries.
pub fn none(kind: &str) -> Out {
    let info = Node::record("PageInfo", [("hasNextPage", false.into()), ("hasPreviousPage", false.into())]);
    let empty = || Out::Many(Vec::new());
    Out::one(Node::record(
        format!("{kind}Connection"),
        [("nodes", empty()), ("edges", empty()), ("pageInfo", Out::one(info))],
    ))
}

/// Whether a row comes before or after a cursor in the order asked for.
fn side(row: &Row, (key, id): &(Key, u64), ask: &Ask<'_>) -> Ordering {
    let order = (&row.key, &row.id).cmp(&(key, id));
    if ask.flag("reverse") { order.reverse() } else { order }
}

/// A count of the entries of a connection of the query root.
pub fn counted(name: &str, ask: &mut Ask<'_>) -> Out {
    let found = Rows::of(name, ask).rows.len();
    let limit = ask.int("limit").and_then(|limit| usize::try_from(limit).ok());
    match limit {
        Some(limit) if found > limit => {
            Out::one(Node::record("Count", [("count", json!(limit).into()), ("precision", "AT_LEAST".into())]))
        }
        _ => count(found),
    }
}

fn wanted(ask: &Ask<'_>, subscription: &crate::lab::shopify::world::Subscription) -> bool {
    let uri = ask.text("uri").or(ask.text("callbackUrl"));
    let topics = ask.args.get("topics").and_then(Value::as_array);
    uri.is_none_or(|uri| uri == subscription.uri)
        && ask.text("format").is_none_or(|format| format == subscription.format)
        && topics.is_none_or(|topics| topics.iter().any(|topic| topic.as_str() == Some(&subscription.topic)))
}

fn encode(row: &Row) -> String {
    let value = match &row.key {
        Key::Number(number) => json!(number),
        Key::Text(text) => json!(text),
    };
    STANDARD.encode(json!({ "last_id": row.id, "last_value": value }).to_string())
}

fn decode(cursor: &str) -> Result<(Key, u64), GraphError> {
    let read = || {
        let json: Value = serde_json::from_slice(&STANDARD.decode(cursor).ok()?).ok()?;
        let key = match json.get("last_value")? {
            Value::String(text) => Key::Text(text.clone()),
            number => Key::Number(number.as_i64()?),
        };
        Some((key, json.get("last_id")?.as_u64()?))
    };
    read().ok_or_else(|| GraphError::new("BAD_REQUEST", "Invalid cursor for current pagination sort."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_where_to_go_on() {
        let row = Row { node: Node::Shop, id: 890_088_186_047_892_319, key: Key::Text("A".to_owned()) };
        assert_eq!(decode(&encode(&row)).unwrap(), (Key::Text("A".to_owned()), 890_088_186_047_892_319));
        assert!(decode("bm90IGpzb24=").is_err());
    }
}
