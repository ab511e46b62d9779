//! Metafields.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::connection::Rows;
use super::{Ask, Node, Out, number, time};
use crate::lab::shopify::gid::gid;
use crate::lab::shopify::graphql::error::GraphError;
use crate::lab::shopify::world::Metafield;

/// `metafields`, of one namespace or of all.
pub fn all(held: &[Metafield], ask: &Ask<'_>) -> Result<Out, GraphError> {
    let namespace = ask.text("namespace");
    let keys = ask.args.get("keys").and_then(Value::as_array);
    let wanted = held.iter().filter(|one| namespace.is_none_or(|namespace| one.namespace == namespace)).filter(|one| {
        let full = format!("{}.{}", one.namespace, one.key);
        keys.is_none_or(|keys| keys.iter().any(|key| *key == *one.key || *key == full))
    });
    Rows::plain("Metafield", wanted.map(|one| (one.id, node(one)))).page(ask)
}

/// `metafield`, by its key.
pub fn one(held: &[Metafield], ask: &Ask<'_>) -> Out {
    let key = ask.text("key").unwrap_or_default();
    let (namespace, key) = key.split_once('.').unwrap_or((ask.text("namespace").unwrap_or("custom"), key));
    Out::One(held.iter().find(|one| one.namespace == namespace && one.key == key).map(node))
}

fn node(of: &Metafield) -> Node {
    let parsed = || serde_json::from_str::<Value>(&of.value).ok();
    let is_text = of.kind.contains("text") || of.kind == "string";
    let json = if is_text { None } else { parsed() };
    Node::record(
        "Metafield",
        [
            ("id", gid("Metafield", of.id).into()),
            ("legacyResourceId", number(of.id)),
            ("namespace", of.namespace.clone().into()),
            ("key", of.key.clone().into()),
            ("type", of.kind.clone().into()),
            ("value", of.value.clone().into()),
            ("jsonValue", json.unwrap_or_else(|| of.value.clone().into()).into()),
            ("compareDigest", hex::encode(Sha256::digest(of.value.as_bytes())).into()),
            ("ownerType", of.owner.into()),
            ("createdAt", time(of.created).into()),
            ("updatedAt", time(of.updated).into()),
        ],
    )
}
