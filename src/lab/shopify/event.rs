//! What happened in the shop, for webhooks. An event names what changed; its payload is built when it is sent, from what
//! is there by then: of two quick changes of a level both deliveries can carry the second value, as with the real ones
//! (<https://community.shopify.dev/t/bug-property-available-is-merged-in-webhook-inventory-levels-update/32284>).

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A product.
    Product(u64),
    /// A product that is gone.
    DeletedProduct(u64),
    /// A level.
    Level {
        /// Inventory item.
        item: u64,
        /// Location.
        location: u64,
    },
    /// An order.
    Order(u64),
    /// A refund of an order.
    Refund {
        /// Order.
        order: u64,
        /// Refund.
        refund: u64,
    },
}

/// Something that webhooks tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Topic as in the enum (`ORDERS_CREATE`).
    pub topic: &'static str,
    /// What it is about.
    pub subject: Subject,
}

impl Event {
    /// A level changed.
    pub fn level(item: u64, location: u64) -> Self {
        Self { topic: "INVENTORY_LEVELS_UPDATE", subject: Subject::Level { item, location } }
    }

    /// A product was made or changed.
    pub fn product(topic: &'static str, id: u64) -> Self {
        Self { topic, subject: Subject::Product(id) }
    }

    /// An order was made, changed or cancelled.
    pub fn order(topic: &'static str, id: u64) -> Self {
        Self { topic, subject: Subject::Order(id) }
    }
}
