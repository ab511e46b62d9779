//! Subscriptions are looked after: what a shop does not deliver, or has given up on, is had again, and the gap is swept.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::daemon::{pause_or_stop, rest};
use super::shop_pass::verdict;
use super::{Engine, PassError, Shop};
use crate::clock;
use crate::retry::Verdict;
use crate::stores::Subscription;

/// What is remembered of a shop's subscriptions from look to look.
#[derive(Debug, Default)]
pub struct Upkeep {
    /// Something has been delivered here before.
    known: bool,
    /// Topics that were delivered when a look began whose end was not seen. The others still have a gap to be swept.
    unfinished: Option<BTreeSet<String>>,
}

impl Upkeep {
    /// A look begins: which topics need no sweep, because they were delivered all the time.
    fn begin(&mut self, there: &[Subscription], url: &str) -> BTreeSet<String> {
        let mut before = delivered(there, url);
        match self.unfinished.take() {
            Some(unfinished) => before.retain(|topic| unfinished.contains(topic)),
            None => self.known |= there.iter().any(|one| one.delivers_to(url)),
        }
        self.unfinished = Some(before.clone());
        before
    }

    /// The look has ended, and all gaps are hinted at.
    fn end(&mut self) {
        *self = Self { known: true, unfinished: None };
    }
}

/// Topics that are delivered to an address. Which ones are needed only the store knows.
fn delivered(subscriptions: &[Subscription], url: &str) -> BTreeSet<String> {
    let ours = subscriptions.iter().filter(|one| one.active && one.delivers_to(url));
    ours.map(|one| one.topic.clone()).collect()
}

impl Engine {
    /// See to it that a shop delivers all topics to `url`. Where it did not, everything in it is looked at: what happened
    /// meanwhile is in no webhook. Returns the topics that were had (again).
    ///
    /// # Errors
    /// When the shop or the ledger fails; the next look with the same `upkeep` makes up for it.
    pub async fn look_after_subscriptions(
        &self,
        shop: &Shop,
        url: &str,
        upkeep: &mut Upkeep,
    ) -> Result<Vec<String>, PassError> {
        let before = upkeep.begin(&shop.store.subscriptions().await?, url);
        let after = delivered(&shop.store.subscribe(url).await?, url);
        let again: Vec<String> = after.difference(&before).cloned().collect();
        if !again.is_empty() {
            let (name, topics) = (shop.name(), again.join(", "));
            if upkeep.known {
                tracing::warn!(
                    store.id = %name, %topics,
                    "the shop had stopped delivering webhooks; they are registered again, and everything is looked at"
                );
            } else {
                tracing::info!(store.id = %name, %topics, "webhooks are registered at the shop; everything is looked at");
            }
            // Not before they are there: what happens from now on is told.
            self.ledger.hint_everything(name, clock::now()).await?;
            self.wakes.wake(name);
        }
        upkeep.end();
        Ok(again)
    }
}

/// Look after one shop's subscriptions until shutdown.
pub(super) async fn subscriptions_task(engine: Arc<Engine>, shop: Shop, url: String, shutdown: CancellationToken) {
    let mut upkeep = Upkeep::default();
    let mut failures = 0;
    let mut said = None;
    // Breaking off loses nothing: the next start looks at everything anyway.
    while let Some(looked) =
        shutdown.run_until_cancelled(engine.look_after_subscriptions(&shop, &url, &mut upkeep)).await
    {
        let Err(error) = looked else {
            (failures, said) = (0, None);
            pause_or_stop(engine.timing.subscriptions, &shutdown).await;
            continue;
        };
        let words = error.to_string();
        if said.as_ref() != Some(&words) {
            tracing::warn!(store.id = %shop.name(), "webhooks cannot be looked after: {words}");
            said = Some(words);
        }
        if verdict(&error) == Verdict::Refused {
            // Some shops have it set up by hand; asking more often does not help.
            failures = 0;
            pause_or_stop(engine.timing.subscriptions, &shutdown).await;
        } else {
            failures += 1;
            rest(&engine, failures, &error, &shutdown).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://hooks.example/webhooks/eu";

    fn subscription(topic: &str, url: &str, active: bool) -> Subscription {
        Subscription { id: topic.to_owned(), topic: topic.to_owned(), url: url.to_owned(), active }
    }

    fn topics(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_what_is_active_and_ours_is_delivered() {
        let there = [
            subscription("orders", URL, true),
            subscription("stock", &format!("{URL}/"), true),
            subscription("refunds", URL, false),
            subscription("products", "https://other.example/webhooks/eu", true),
            subscription("titles", &format!("{URL}-2"), true),
        ];
        assert_eq!(delivered(&there, URL), topics(&["orders", "stock"]));
    }

    #[test]
    fn a_first_registration_is_told_from_a_lost_one() {
        let mut upkeep = Upkeep::default();
        upkeep.begin(&[subscription("orders", "https://other.example/", true)], URL);
        assert!(!upkeep.known);
        upkeep.end();
        upkeep.begin(&[], URL);
        assert!(upkeep.known, "it was there, and is gone");

        let mut started = Upkeep::default();
        started.begin(&[subscription("orders", URL, false)], URL);
        assert!(started.known, "given up while nobody looked");
    }

    #[test]
    fn a_gap_is_not_forgotten_when_a_look_fails() {
        let [orders, stock] = ["orders", "stock"].map(|topic| [subscription(topic, URL, true)]);
        let both = [orders.clone(), stock.clone()].concat();
        let mut upkeep = Upkeep::default();
        assert_eq!(upkeep.begin(&orders, URL), topics(&["orders"]));
        // `stock` was had, but the answer was lost; meanwhile `orders` was given up on.
        assert_eq!(upkeep.begin(&stock, URL), topics(&[]));
        assert_eq!(upkeep.begin(&both, URL), topics(&[]), "neither was swept yet");
        upkeep.end();
        assert_eq!(upkeep.begin(&both, URL), topics(&["orders", "stock"]));
    }
}
