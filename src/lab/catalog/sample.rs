//! The catalog that is shipped, so that a lab needs nothing from outside.

use super::{Catalog, CatalogError, LoadOptions, load};

const CSV: &str = include_str!("../../../assets/sample-catalog.csv");

/// A small shop's goods, with SKUs, prices and stocks.
///
/// # Errors
/// Never in a tested build; the type is [`load`]'s.
pub fn sample() -> Result<Catalog, CatalogError> {
    load(CSV.as_bytes(), &LoadOptions::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::catalog::KeyStyle;

    #[test]
    fn is_clean() {
        let catalog = sample().unwrap();
        assert_eq!(catalog.items.len(), 24);
        assert_eq!(catalog.key, KeyStyle::Sku);
        assert_eq!(catalog.notes, []);
        assert!(catalog.items.iter().all(|item| (1..=40).contains(&item.stock)));
        assert!(catalog.items.iter().any(|item| item.options.is_empty()));
        assert!(catalog.items.iter().any(|item| item.options.len() == 2));
    }
}
