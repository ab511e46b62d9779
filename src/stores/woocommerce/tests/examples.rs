//! The documentation's example answers are readable.

use serde::de::DeserializeOwned;

use crate::stores::woocommerce::convert::Product;
use crate::stores::woocommerce::orders::Order;
use crate::stores::woocommerce::testing::example;

fn read<T: DeserializeOwned>(file: &str) -> Option<T> {
    example(&format!("woocommerce/{file}.json")).map(|value| serde_json::from_value(value).unwrap())
}

#[test]
fn products() {
    let Some(products) = read::<Vec<Product>>("products__list-all-products") else { return };
    let found: Vec<_> = products.iter().map(|product| (product.id, product.listing().is_some())).collect();
    assert_eq!(found, [(799, false), (794, true)]);
    let listing = products[1].listing().unwrap();
    assert_eq!(listing.title.as_deref(), Some("Premium Quality"));
    assert_eq!(listing.price.unwrap().to_store(), "21.99");
    assert_eq!((listing.sku, listing.stock), (None, None));
}

#[test]
fn variations() {
    let Some(variations) = read::<Vec<Product>>("product-variations__list-all-product-variations") else { return };
    let Some(parent) = read::<Vec<Product>>("products__list-all-products") else { return };
    let listing = variations[0].variation_listing(&parent[0].as_parent());
    assert_eq!(listing.remote.variant.as_deref(), Some("733"));
    assert_eq!(listing.title.as_deref(), Some("Ship Your Idea"));
}

#[test]
fn orders() {
    let Some(orders) = read::<Vec<Order>>("orders__list-all-orders") else { return };
    let lines: Vec<_> = orders
        .iter()
        .flat_map(|order| order.evidence().unwrap().lines)
        .map(|line| (line.product, line.variant, line.share, line.in_flight))
        .collect();
    let of = |product: &str, variant: Option<&str>, units| (product.to_owned(), variant.map(str::to_owned), 0, units);
    assert_eq!(lines, [of("93", None, 2), of("22", Some("23"), 1), of("87", None, 1), of("34", None, 1)]);
}
