//! SKUs that a shop shows otherwise, written by its adapter.

use shelfd::catalog::{Money, Sku};
use shelfd::stores::{ContentChange, Outcome, RemoteId, Store, StoreError};

use crate::bed::{Bed, few};

/// Where everything lives in a shop, by SKU.
async fn places(store: &dyn Store) -> Vec<(Sku, RemoteId)> {
    let mut places = Vec::new();
    let mut after = None;
    loop {
        let page = store.list(after.as_deref()).await.unwrap();
        places.extend(page.listings.into_iter().filter_map(|listing| Some((listing.sku?, listing.remote))));
        after = page.next;
        if after.is_none() {
            return places;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_goes_with_the_price_in_one_call() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    for shop in &bed.engine.shops {
        let (store, staff) = (&shop.store, bed.shop(shop.name()));
        let places = places(store.as_ref()).await;
        let change = |of: &str, to: &str, price: Option<&str>| ContentChange {
            sku: Sku::new(to).unwrap(),
            remote: places.iter().find(|(sku, _)| sku.as_str() == of).unwrap().1.clone(),
            title: None,
            price: price.and_then(Money::from_store),
            rename: true,
        };
        staff.set_sku("MUG", "CUP").unwrap();
        staff.set_sku("SHIRT-S", "").unwrap();
        let before = bed.writes();
        let changes = [change("MUG", "MUG", Some("9.90")), change("SHIRT-S", "SHIRT-S", None)];
        let outcomes = store.write_content(&changes).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(()))), "{outcomes:?}");
        let calls: u64 = bed.writes().iter().map(|(face, now)| now - before[face]).sum();
        assert_eq!(calls, 2, "{}: two products, a call for each", shop.name());
        let shelf = staff.shelf();
        assert_eq!((shelf["MUG"].price.as_str(), shelf["SHIRT-S"].price.as_str()), ("9.90", "25.00"));
        assert_eq!((shelf.len(), shelf["MUG"].stock), (5, 10));

        // One shop takes a SKU twice, the other does not, and names who has it.
        match &store.write_content(&[change("PEN", "BAG", None)]).await[..] {
            [Outcome::Done(())] => assert_eq!(shop.name(), "shopify-lab"),
            [Outcome::Refused(StoreError::Refused { code, resource, .. })] => {
                assert_eq!((shop.name(), code.as_str()), ("woo-lab", "product_invalid_sku"));
                assert!(resource.is_some());
            }
            other => panic!("{}: {other:?}", shop.name()),
        }
    }
}
