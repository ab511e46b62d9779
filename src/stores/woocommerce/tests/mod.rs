//! The endpoint against a server that answers like a shop.

mod examples;
mod reading;
mod upkeep;
mod writing;

use super::WooCommerce;
use super::testing::{FakeShop, Reply, Seen};

async fn shop(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (FakeShop, WooCommerce) {
    let fake = FakeShop::start(answer).await;
    let store = WooCommerce::new(fake.config()).unwrap();
    (fake, store)
}
