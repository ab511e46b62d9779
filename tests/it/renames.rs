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

/// What lives where in a shop, whatever it is called: ids and stock.
async fn kept(store: &dyn Store) -> Vec<RemoteId> {
    let mut ids: Vec<RemoteId> = places(store).await.into_iter().map(|(_, remote)| remote).collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_gets_another_sku_is_followed() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    let mut before = Vec::new();
    for shop in &bed.engine.shops {
        before.push(kept(shop.store.as_ref()).await);
    }
    // A new name, a new price and a sale under the old name, and the rows in another order; a variant too.
    let sale = bed.shop("woo-lab").sell("MUG", 3).unwrap();
    bed.edit("MUG", "SKU", "MUG-BLUE");
    bed.edit("MUG-BLUE", "Price", "14.00");
    bed.edit("SHIRT-S", "SKU", "SHIRT-XS");
    bed.world.google().sort("Products", "Price", false).unwrap();
    let preview = bed.engine.preview().await.unwrap();
    let renamed = preview.changes.iter().filter(|change| change.field == "sku").count();
    let created = preview.changes.iter().filter(|change| change.field == "listing").count();
    assert_eq!((renamed, created), (4, 0), "{:#?}", preview.changes);

    let report = bed.sync().await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(bed.cell("MUG-BLUE", "Stock"), 7);
    bed.assert_agree();
    for (shop, before) in bed.engine.shops.iter().zip(before) {
        assert_eq!(kept(shop.store.as_ref()).await, before, "{}: nothing was made anew", shop.name());
        let shelf = bed.shop(shop.name()).shelf();
        assert!(!shelf.contains_key("MUG") && !shelf.contains_key("SHIRT-S"), "{}: {shelf:?}", shop.name());
    }
    // What its orders took is remembered under the new name.
    bed.shop("woo-lab").cancel(&sale.order).unwrap();
    bed.sync().await;
    assert_eq!(bed.cell("MUG-BLUE", "Stock"), 10);
    bed.assert_agree();
    assert_eq!(bed.sync().await.written(), 0);
    let audit = bed.engine.ledger.audit_lines(Some("MUG-BLUE"), 50).await.unwrap();
    assert!(audit.iter().any(|line| line.field == "sku" && line.before.as_deref() == Some("MUG")), "{audit:#?}");
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_that_staff_changed_is_put_back() {
    let bed = Bed::start(few()).await;
    bed.sync().await;
    for (_, shop) in bed.shops() {
        shop.set_sku("MUG", "SOMETHING").unwrap();
        shop.set_sku("SHIRT-L", "").unwrap();
        shop.sell("PEN", 1).unwrap();
    }
    bed.sync().await;
    bed.assert_agree();
    for (name, shop) in bed.shops() {
        assert_eq!(shop.shelf().len(), 5, "{name}: nothing was made anew: {:?}", shop.shelf());
    }
    assert_eq!(bed.sync().await.written(), 0);
    bed.assert_clean(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_daemon_follows_a_rename_beside_sales() {
    let mut bed = Bed::start(few()).await;
    bed.run().await;
    bed.until("all agree", |bed| bed.disagreement().is_empty()).await;
    for round in 0..6 {
        let (old, new) = (format!("PEN{}", "-".repeat(round)), format!("PEN{}", "-".repeat(round + 1)));
        for (_, shop) in bed.shops() {
            shop.sell(&old, 1).unwrap();
        }
        bed.edit(&old, "SKU", &new);
        bed.world.google().sort("Products", "SKU", round % 2 == 0).unwrap();
        for (_, shop) in bed.shops() {
            // The shop may have heard of the new name, or not yet.
            shop.sell(&old, 1).or_else(|_| shop.sell(&new, 1)).unwrap();
        }
        bed.until("the shops call it so", |bed| bed.shops().iter().all(|(_, shop)| shop.shelf().contains_key(&new)))
            .await;
    }
    bed.until("all agree", |bed| bed.cell("PEN------", "Stock") == 76 && bed.disagreement().is_empty()).await;
    bed.stop().await;
    for (name, shop) in bed.shops() {
        assert_eq!(shop.shelf().len(), 5, "{name}: nothing was made anew: {:?}", shop.shelf());
    }
    bed.assert_clean(0).await;
}
