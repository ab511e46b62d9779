//! Calls about hints, deliveries, letters and what people ask for.

use std::time::Duration;

use super::World;
use crate::catalog::Sku;
use crate::db::contract::{Call, at, call, peek};
use crate::db::*;

impl World {
    /// Hints as taken by a pass, some of them outdated.
    pub(super) fn finished(&mut self, endpoint: &str) -> Vec<(Hint, HintDone)> {
        let mut taken = peek(self.memory.due_hints(endpoint, at(self.passed + 1_000), 9));
        taken.retain(|_| !self.one_in(3));
        let left = |mut hint: Hint| {
            if self.one_in(4) {
                hint.seq -= 1;
            }
            let (after, failed, want) = (self.span(), self.one_in(2), self.want());
            let done = self.pick(&[HintDone::Cleared, HintDone::Again { after, failed, want }]);
            (hint, done)
        };
        taken.into_iter().map(left).collect()
    }

    pub(super) fn hints(&mut self) -> Call {
        let (endpoint, now) = (self.endpoint(), self.time());
        match self.below(10) {
            0 | 1 => {
                let limit = self.pick(&[0, 1, 2, u32::MAX]);
                call!(endpoint, now, limit => due_hints(&endpoint, now, limit))
            }
            2 => call!(endpoint => next_due(&endpoint)),
            3 => call!(endpoint, now => stock_is_due(&endpoint, now)),
            4 => call!(endpoint, now => hint_everything(&endpoint, now)),
            5..7 => {
                let hints = self.list(3, |world| (world.hint_name(), world.want(), world.time()));
                call!(endpoint, hints => hint(&endpoint, &hints))
            }
            _ => {
                let done = self.finished(&endpoint);
                call!(endpoint, done, now => finish_hints(&endpoint, &done, now))
            }
        }
    }

    pub(super) fn inbox(&mut self) -> Call {
        // Few moments, so that what is pruned is as old as the limit.
        let now = at(self.passed / 50 * 50) + Duration::from_micros(self.pick(&[0, 300, 999]));
        let shop = self.shop();
        match self.below(8) {
            0 => {
                let limit = self.pick(&[0, 1, 9]);
                call!(limit => open_deliveries(limit))
            }
            1 => call!(now => prune_inbox(now)),
            2 | 3 => {
                let open = peek(self.memory.open_deliveries(9));
                let unknown = Delivery { id: 99, shop, topic: "orders/create".to_owned(), mentions: "[]".to_owned() };
                let delivery = if open.is_empty() { unknown } else { self.pick(&open) };
                let skus = self.list(3, Self::hint_name);
                call!(delivery, skus, now => handle_delivery(&delivery, &skus, now))
            }
            _ => {
                let (topic, dedupe) = (self.text(&["orders/create", "x"]), self.text(&["d1", "d2", "d3", "d4"]));
                let mentions = "[{\"product\":\"p1\"}]".to_owned();
                call!(shop, topic, dedupe, mentions, now => accept_delivery(&shop, &topic, &dedupe, &mentions, now))
            }
        }
    }

    pub(super) fn letters(&mut self) -> Call {
        let (id, replay, now) = (self.below(5), self.one_in(2), self.time());
        match self.below(6) {
            0 => call!( => dead_letters()),
            1 => call!(id => dead_letter(id)),
            2 => call!(id, replay, now => close_letter(id, replay, now)),
            _ => {
                let letter = DeadLetter {
                    id: 0,
                    endpoint: self.shop(),
                    sku: self.sku().to_string(),
                    what: self.text(&["create", "content", "stock", "count", "count main", "count main"]),
                    code: "refused".to_owned(),
                    reason: self.title(),
                    row_hash: "h".to_owned(),
                    attempts: self.below(4),
                    at: self.pick(&[now, now - Duration::from_secs(60)]),
                };
                call!(letter => bury(&letter))
            }
        }
    }

    pub(super) fn report(&mut self) -> Call {
        let (endpoint, now) = (self.endpoint(), self.time());
        match self.below(10) {
            8 => {
                let (shop, identity) = (self.shop(), self.text(&["here", "here", "there"]));
                call!(shop, identity, now => recognise_shop(&shop, &identity, now))
            }
            9 => {
                let mut columns = PoolColumns::new();
                for tab in self.names(&["Mugs", "It's \"b\"", "New"]) {
                    let words = format!("{tab}, {}", self.pick(&["edited", "edited", "counted"]));
                    columns.insert(tab, words);
                }
                let pool = self.pool();
                call!(pool, columns, now => recognise_columns(&pool, &columns, now))
            }
            0 => {
                let (after, limit) = (self.below(6) - 1, self.pick(&[2, u32::MAX]));
                call!(after, limit => movements(after, limit))
            }
            1 => {
                let (sku, limit) = (self.some(Self::sku), self.pick(&[1, 99]));
                call!(sku, limit => audit_lines(sku.as_ref().map(Sku::as_str), limit))
            }
            2 => call!(now => prune_runs(now)),
            3 | 4 => call!(endpoint => endpoint_status(&endpoint)),
            5 => {
                let name = self.text(&["ready", "orders.cursor.shop-a"]);
                call!(name => fact(&name))
            }
            6 => {
                let (name, value) = (self.text(&["ready", "other"]), self.text(&["yes", "1800000000000"]));
                call!(name, value => set_fact(&name, &value))
            }
            _ => {
                let (cause, outcome) = (self.text(&["hints", "sweep"]), self.text(&["ok", "no answer"]));
                let [looked_at, moved, written, refused] = [0; 4].map(|_| self.below(9));
                let (started, ended) = (self.time(), now);
                let run = RunRecord { endpoint, cause, started, ended, looked_at, moved, written, refused, outcome };
                call!(run => record_run(&run))
            }
        }
    }
}
