//! The inbox: verified webhooks, until they have become hints.

/// A stored webhook that has not become hints yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Row id.
    pub id: i64,
    /// Shop.
    pub shop: String,
    /// Topic.
    pub topic: String,
    /// JSON list of what it mentions, as it was stored.
    pub mentions: String,
}
