//! From the shop's state to fields. One function per type; what may be asked is fixed by the schema.

mod connection;
mod facts;
mod inventory;
mod metafields;
pub mod order;
mod product;
mod root;
mod search;
mod shop;

pub use root::find;
pub use shop::app;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::SecondsFormat;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::graphql::error::GraphError;
use super::world::{CURRENCY, World};
use crate::clock::Time;

/// Something with fields.
#[derive(Debug, Clone)]
pub enum Node {
    /// The root of queries.
    Query,
    /// The shop.
    Shop,
    /// The app as installed here.
    Installation,
    /// A product.
    Product(u64),
    /// A variant.
    Variant(u64),
    /// An inventory item.
    Item(u64),
    /// An item at a location.
    Level {
        /// Inventory item.
        item: u64,
        /// Location.
        location: u64,
    },
    /// A location.
    Location(u64),
    /// An order.
    Order(u64),
    /// The line of an order.
    Line(u64),
    /// A refund.
    Refund {
        /// Order.
        order: u64,
        /// Refund.
        refund: u64,
    },
    /// A webhook subscription.
    Subscription(u64),
    /// Anything whose fields are known already.
    Record(Arc<Record>),
}

/// An object whose fields are known already.
#[derive(Debug)]
pub struct Record {
    kind: String,
    fields: BTreeMap<&'static str, Out>,
}

/// What a field holds.
#[derive(Debug, Clone)]
pub enum Out {
    /// A scalar, an enum value, or a list of such.
    Leaf(Value),
    /// An object, or none.
    One(Option<Node>),
    /// A list of objects.
    Many(Vec<Option<Node>>),
    /// Nothing is kept for this field: the answer is as empty as its type allows.
    Unset,
}

impl Out {
    /// A list without holes.
    pub fn many(nodes: impl IntoIterator<Item = Node>) -> Self {
        Self::Many(nodes.into_iter().map(Some).collect())
    }

    /// An object.
    pub fn one(node: Node) -> Self {
        Self::One(Some(node))
    }
}

impl<T: Into<Value>> From<T> for Out {
    fn from(value: T) -> Self {
        Self::Leaf(value.into())
    }
}

impl Node {
    /// An object whose fields are known already.
    pub fn record<const N: usize>(kind: impl Into<String>, fields: [(&'static str, Out); N]) -> Self {
        Self::Record(Arc::new(Record { kind: kind.into(), fields: fields.into() }))
    }

    /// Name of its type.
    pub fn kind(&self) -> &str {
        match self {
            Self::Query => "QueryRoot",
            Self::Shop => "Shop",
            Self::Installation => "AppInstallation",
            Self::Product(_) => "Product",
            Self::Variant(_) => "ProductVariant",
            Self::Item(_) => "InventoryItem",
            Self::Level { .. } => "InventoryLevel",
            Self::Location(_) => "Location",
            Self::Order(_) => "Order",
            Self::Line(_) => "LineItem",
            Self::Refund { .. } => "Refund",
            Self::Subscription(_) => "WebhookSubscription",
            Self::Record(record) => &record.kind,
        }
    }

    /// Entries of a connection.
    pub fn count(&self) -> i64 {
        match self {
            Self::Record(record) => match record.fields.get("nodes") {
                Some(Out::Many(nodes)) => i64::try_from(nodes.len()).unwrap_or(i64::MAX),
                _ => 0,
            },
            _ => 0,
        }
    }
}

/// A question for a field.
pub struct Ask<'a> {
    /// The shop.
    pub world: &'a World,
    /// Arguments.
    pub args: &'a Map<String, Value>,
    /// Where in the answer.
    pub path: &'a [Value],
    /// Search terms that were not understood go here.
    pub warnings: &'a mut Vec<Value>,
}

impl Ask<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.args.get(name)?.as_str()
    }

    fn int(&self, name: &str) -> Option<i64> {
        self.args.get(name)?.as_i64()
    }

    fn flag(&self, name: &str) -> bool {
        self.args.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
}

/// The value of a field.
///
/// # Errors
/// As the Admin API has them: bad paging arguments, ids of another type.
pub fn field(node: &Node, name: &str, ask: &mut Ask<'_>) -> Result<Out, GraphError> {
    match node {
        Node::Query => root::field(name, ask),
        Node::Shop => shop::shop(name, ask.world),
        Node::Installation => shop::installation(name, ask.world),
        Node::Product(id) => product::product(*id, name, ask),
        Node::Variant(id) => product::variant(*id, name, ask),
        Node::Item(id) => inventory::item(*id, name, ask),
        Node::Level { item, location } => inventory::level(*item, *location, name, ask),
        Node::Location(id) => inventory::location(*id, name, ask),
        Node::Order(id) => order::order(*id, name, ask),
        Node::Line(order) => order::line(*order, name, ask.world),
        Node::Refund { order, refund } => order::refund(*order, *refund, name, ask),
        Node::Subscription(id) => shop::subscription(*id, name, ask.world),
        Node::Record(record) => Ok(record.fields.get(name).cloned().unwrap_or(Out::Unset)),
    }
}

/// As empty as a type that is never null allows.
pub fn empty(kind: &str) -> Out {
    match kind {
        "Boolean" => false.into(),
        "Int" | "UnsignedInt64" => 0.into(),
        "Float" => 0.0.into(),
        "MoneyBag" => money_bag(Decimal::ZERO),
        "MoneyV2" => Out::one(money_v2(Decimal::ZERO)),
        "Money" => money(Decimal::ZERO).into(),
        "JSON" => Value::Null.into(),
        _ if kind.ends_with("Connection") => connection::none(kind.trim_end_matches("Connection")),
        _ => String::new().into(),
    }
}

/// The answer of a function that does not know a field or no longer has the object.
fn missing(kind: &str, name: &str) -> GraphError {
    GraphError::new("INTERNAL_SERVER_ERROR", format!("Internal error: {kind}.{name} cannot be answered"))
}

/// A time as the API writes it.
pub fn time(at: Time) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A time as webhooks write it: with the shop's offset.
pub fn local_time(at: Time) -> String {
    const NEW_YORK_IN_WINTER: i32 = -5 * 3600;
    match chrono::FixedOffset::east_opt(NEW_YORK_IN_WINTER) {
        Some(offset) => at.with_timezone(&offset).to_rfc3339_opts(SecondsFormat::Secs, false),
        None => time(at),
    }
}

/// A price as the API writes it.
pub fn money(amount: Decimal) -> String {
    format!("{amount:.2}")
}

fn money_v2(amount: Decimal) -> Node {
    // `MoneyV2` writes 55.00 as 55.0.
    let short = amount.round_dp(2).normalize();
    let amount = if short.scale() == 0 { format!("{short}.0") } else { short.to_string() };
    Node::record("MoneyV2", [("amount", amount.into()), ("currencyCode", CURRENCY.into())])
}

fn money_bag(amount: Decimal) -> Out {
    let money = Out::one(money_v2(amount));
    Out::one(Node::record("MoneyBag", [("presentmentMoney", money.clone()), ("shopMoney", money)]))
}

fn number(id: u64) -> Out {
    id.to_string().into()
}

fn count(of: usize) -> Out {
    Out::one(Node::record("Count", [("count", json!(of).into()), ("precision", "EXACT".into())]))
}
