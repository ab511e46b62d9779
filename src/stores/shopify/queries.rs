//! Every GraphQL document shelfd sends, each in its own file under `queries/`.

/// One document, and what it is guessed to cost until the shop has said so.
///
/// The guess only matters for the first call after a start: every answer carries the true `requestedQueryCost`.
/// A mutation costs 10 plus what it selects (seen in answers of API 2026-04).
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// Name, as in the document.
    pub(super) name: &'static str,
    /// The document.
    pub(super) document: &'static str,
    /// Guessed cost in points.
    pub(super) guess: u32,
    /// How many things are asked for, where the cost depends on it; costs are remembered for each size apart.
    pub(super) size: usize,
}

impl Operation {
    /// The same, asking for so many things of which each is guessed to cost the operation's guess.
    pub(super) fn sized(self, size: usize) -> Self {
        let guess = u32::try_from(size).unwrap_or(u32::MAX).saturating_mul(self.guess);
        Self { guess, size, ..self }
    }
}

macro_rules! operation {
    ($name:literal, $file:literal, $guess:literal) => {
        Operation {
            name: $name,
            document: include_str!(concat!("queries/", $file, ".graphql")),
            guess: $guess,
            size: 1,
        }
    };
}

pub(super) const VARIANTS_PAGE: Operation = operation!("VariantsPage", "variants_page", 500);
/// Five objects for each id.
pub(super) const VARIANTS_BY_ID: Operation = operation!("VariantsById", "variants_by_id", 5);
pub(super) const CREATE_PRODUCT: Operation = operation!("CreateProduct", "create_product", 60);
pub(super) const CREATE_VARIANTS: Operation = operation!("CreateVariants", "create_variants", 60);
pub(super) const UPDATE_VARIANTS: Operation = operation!("UpdateVariants", "update_variants", 20);
pub(super) const UPDATE_TITLE: Operation = operation!("UpdateTitle", "update_title", 10);
pub(super) const ADJUST_STOCK: Operation = operation!("AdjustStock", "adjust_stock", 20);
pub(super) const ACTIVATE_STOCK: Operation = operation!("ActivateStock", "activate_stock", 11);
pub(super) const LOCATIONS: Operation = operation!("Locations", "locations", 20);
pub(super) const LOCATION: Operation = operation!("Location", "location", 1);
pub(super) const CHECK_ACCESS: Operation = operation!("CheckAccess", "check_access", 3);
pub(super) const SUBSCRIPTIONS: Operation = operation!("Subscriptions", "subscriptions", 40);
pub(super) const SUBSCRIBE: Operation = operation!("Subscribe", "subscribe", 10);
pub(super) const UNSUBSCRIBE: Operation = operation!("Unsubscribe", "unsubscribe", 10);
