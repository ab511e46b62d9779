//! Global ids: `gid://shopify/Product/123`, and `gid://shopify/InventoryLevel/9?inventory_item_id=4` for levels.

/// A global id, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gid<'a> {
    /// Type name.
    pub kind: &'a str,
    /// Number.
    pub id: u64,
    /// The inventory item, in ids of levels.
    pub item: Option<u64>,
}

impl<'a> Gid<'a> {
    /// Take apart; `None` when it is no global id.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (kind, rest) = text.strip_prefix("gid://shopify/")?.split_once('/')?;
        let (id, query) = match rest.split_once('?') {
            Some((id, query)) => (id, Some(query)),
            None => (rest, None),
        };
        let item = match query {
            Some(query) => Some(query.strip_prefix("inventory_item_id=")?.parse().ok()?),
            None => None,
        };
        Some(Self { kind, id: id.parse().ok()?, item })
    }

    /// True for global ids of any form: some kinds are not numbered (`gid://shopify/TaxonomyCategory/aa-1`).
    pub fn is_global(text: &str) -> bool {
        let parts = text
            .strip_prefix("gid://")
            .and_then(|rest| rest.split_once('/'))
            .and_then(|(_, rest)| rest.split_once('/'));
        parts.is_some_and(|(kind, id)| !kind.is_empty() && !id.is_empty() && !id.contains(char::is_whitespace))
    }

    /// The number of a global id of that kind.
    pub fn number(text: &str, kind: &str) -> Option<u64> {
        Gid::parse(text).filter(|gid| gid.kind == kind && gid.item.is_none()).map(|gid| gid.id)
    }
}

/// Put together.
pub fn gid(kind: &str, id: u64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

/// The id of a level: one number per location, and the item.
pub fn level_gid(location: u64, item: u64) -> String {
    format!("gid://shopify/InventoryLevel/{}?inventory_item_id={item}", level_number(location))
}

/// The number that a location's levels share; the distance is the one between the two in a real shop.
pub fn level_number(location: u64) -> u64 {
    location + 36_954_570_752
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(&str, u64, Option<u64>)>) {
        assert_eq!(Gid::parse(text).map(|gid| (gid.kind, gid.id, gid.item)), expect, "{text}");
    }

    #[test]
    fn ids_are_taken_apart() {
        check("gid://shopify/Product/42", Some(("Product", 42, None)));
        check("gid://shopify/InventoryLevel/9?inventory_item_id=4", Some(("InventoryLevel", 9, Some(4))));
        check("gid://shopify/InventoryLevel/9?item=4", None);
        check("gid://shop/Product/42", None);
        check("gid://shopify/Product/x", None);
        check("42", None);
    }

    #[test]
    fn a_level_id_is_no_item_id() {
        assert_eq!(Gid::number(&level_gid(1, 4), "InventoryLevel"), None);
        assert_eq!(Gid::number(&gid("InventoryItem", 4), "InventoryItem"), Some(4));
        assert_eq!(Gid::number(&gid("InventoryItem", 4), "Product"), None);
    }
}
