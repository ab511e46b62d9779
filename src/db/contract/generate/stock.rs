//! Calls about stock and orders.

use std::time::Duration;

use super::{ENDPOINTS, World};
use crate::db::contract::{Call, call, peek};
use crate::db::*;
use crate::stock::{Had, Input, Intent, LineEvidence, Meaning, Reading, Rule, Settled, Window, WriteKind};

impl World {
    /// A step that has a fair chance to do something.
    pub(super) fn request(&mut self, endpoint: &str) -> StockRequest {
        let (sku, pool, now) = (self.sku(), self.pool(), self.time());
        let (stale_for, late_for) = (self.span(), self.span());
        let accounted =
            peek(self.memory.standings(endpoint)).get(&(sku.clone(), pool.clone())).and_then(|it| it.accounted);
        let value = self.pick(&[accounted.unwrap_or(5), accounted.unwrap_or(5) - 1, 7]);
        let input = match self.below(11) {
            0 | 9 => Input::Orders { took: self.below(3), gave: self.below(2), churn: self.below(2) },
            1..4 => {
                let slack = self.pick(&[0, 0, 1]);
                let around = Window { took: slack, gave: 0 };
                let reading = Reading { value, slack_low: slack, slack_high: self.pick(&[0, 0, 1]), around, at: now };
                let meaning =
                    if endpoint == SHEET { self.pick(&[Meaning::Edit, Meaning::Count]) } else { Meaning::Shop };
                if self.one_in(4) {
                    let of = Intent {
                        expected: self.pick(&[value + 1, 5]),
                        delta: -1,
                        key: "lost".to_owned(),
                        recorded: now,
                    };
                    return StockRequest {
                        sku,
                        pool,
                        input: Input::Astray { reading, meaning, of, stale_for, late_for },
                    };
                }
                Input::Read { reading, meaning, stale_for, late_for }
            }
            4..7 => {
                self.keys += 1;
                let rule = self.rule();
                let kind = self.pick(&[WriteKind::Checked, WriteKind::Absolute, WriteKind::Additive]);
                let from = self.pick(&[None, Some((value, Window { took: 1, gave: 0 }))]);
                Input::Plan { rule, kind, from, key: format!("key-{}", self.keys), now }
            }
            7 => Input::Overwrote {
                value,
                had: self.had(now),
                put_back: self.pick(&[None, Some("put-back".to_owned())]),
                now,
                stale_for,
            },
            8 => Input::Restored { value, now, stale_for },
            _ => Input::Settle { settled: self.pick(&[Settled::Done, Settled::NotDone]), now, stale_for },
        };
        StockRequest { sku, pool, input }
    }

    fn had(&mut self, now: Time) -> Option<Had> {
        let meaning = self.pick(&[None, Some(Meaning::Edit), Some(Meaning::Count)])?;
        let of = Intent { expected: self.pick(&[5, 12]), delta: -1, key: "lost".to_owned(), recorded: now };
        Some(Had { value: 9, meaning, astray: self.one_in(3).then_some(of) })
    }

    pub(super) fn rule(&mut self) -> Rule {
        self.pick(&[Rule::Mirror, Rule::Sellable { buffer: 0 }, Rule::Sellable { buffer: 2 }])
    }

    pub(super) fn span(&mut self) -> Duration {
        Duration::from_micros(self.pick(&[0, 9_000, 25_500]))
    }

    pub(super) fn stock(&mut self) -> Call {
        let (endpoint, pool, now) = (self.endpoint(), self.pool(), self.time());
        match self.below(9) {
            0 => call!(endpoint => open_intents(&endpoint)),
            1 => {
                let skus = self.list(2, Self::sku);
                let lost = self.pick(&[true, false]).then(|| self.time());
                call!(endpoint, pool, skus, lost => mark_unknown(&endpoint, &pool, &skus, lost))
            }
            2 => {
                let rule = self.rule();
                call!(endpoint, pool, rule => stock_due(&endpoint, &pool, rule))
            }
            3 => call!(endpoint => standings(&endpoint)),
            4 => {
                let sku = self.sku();
                call!(sku, pool => book(&sku, &pool))
            }
            _ => {
                let (requests, peers) = (self.list(4, |world| world.request(&endpoint)), self.names(&ENDPOINTS));
                call!(endpoint, requests, peers, now => stock(&endpoint, requests, &peers, now))
            }
        }
    }

    pub(super) fn line(&mut self) -> SeenLine {
        let evidence = LineEvidence {
            share: self.below(4),
            in_flight: self.pick(&[0, 0, 1, -1]),
            modified: self.time() - Duration::from_secs(self.pick(&[0, 181])),
            created: self.time(),
            quantity: self.below(4),
        };
        let order = self.text(&["o1", "o2", "o3"]);
        SeenLine { order, line: self.text(&["1", "2"]), sku: self.sku(), evidence }
    }

    pub(super) fn orders(&mut self) -> Call {
        let (shop, now) = (self.shop(), self.time());
        match self.below(6) {
            0 => call!(shop => order_cursor(&shop)),
            1 => {
                let open = self.list(3, Self::line);
                call!(shop, open, now => take_baseline(&shop, &open, now))
            }
            _ => {
                let orders = self.some(|world| OrderLook {
                    before: world.list(3, Self::line),
                    after: world.list(4, Self::line),
                    gone: world.list(1, |world| world.text(&["o1", "o2"])),
                    baseline: world.time(),
                    now: world.time(),
                    cursor: world.time(),
                });
                let fold = StockFold {
                    readings: self.list(3, |world| (world.sku(), world.below(8))),
                    at: self.time(),
                    orders,
                    stale_for: self.span(),
                    late_for: self.span(),
                };
                let (pool, peers) = (self.pool(), self.names(&ENDPOINTS));
                call!(shop, pool, fold, peers, now => fold_store(&shop, &pool, fold, &peers, now))
            }
        }
    }
}
