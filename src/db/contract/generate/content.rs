//! Calls about rows and listings.

use super::{ENDPOINTS, SHOPS, World, sku};
use crate::catalog::{OptionValue, Row};
use crate::db::contract::{Call, call, peek};
use crate::db::*;
use crate::plan::Change;

impl World {
    pub(super) fn row(&mut self) -> Row {
        let options = self.list(2, |world| OptionValue { name: "Size".to_owned(), value: world.text(&["L", "M"]) });
        Row {
            tab: self.text(&["Mugs", "It's \"b\""]),
            row: u32::try_from(self.below(5)).unwrap() + 2,
            sku: self.sku(),
            handle: self.some(|world| world.text(&["mug", "cup"])),
            options,
            title: self.some(Self::title),
            price: self.some(Self::price),
            stock: self.list(2, |world| (world.pool(), world.below(9))).into_iter().collect(),
            sold: BTreeMap::new(),
            problems: self.list(1, |world| world.text(&["bad \n cell", "blank"])),
        }
    }

    pub(super) fn sheet(&mut self) -> Call {
        let now = self.time();
        match self.below(10) {
            0 => call!( => rows()),
            8 => call!( => former_skus()),
            9 => {
                let known = peek(self.memory.rows()).into_keys().next();
                let from = known.unwrap_or_else(|| self.sku());
                let to = if self.one_in(3) { self.sku() } else { sku(self.pick(&["New", "Newer"])) };
                let shops = self.names(&SHOPS);
                call!(from, to, shops, now => rename(&from, &to, &shops, now))
            }
            1 => {
                let skus = self.list(3, Self::sku);
                call!(skus => rows_of(&skus))
            }
            2 | 3 => {
                let (skus, shops) = (self.list(3, Self::sku), self.names(&SHOPS));
                call!(skus, shops => status_facts(&skus, &shops))
            }
            _ => {
                let moved = |world: &mut Self| (world.sku(), world.text(&["Mugs", "New"]), 7);
                let accepted = AcceptedRows {
                    changed: self.list(2, Self::row),
                    moved: self.list(1, moved),
                    missing: self.list(2, Self::sku),
                    stock: self.list(3, |world| world.request(SHEET)),
                };
                let (shops, peers) = (self.names(&SHOPS), self.names(&ENDPOINTS));
                call!(accepted, shops, peers, now => accept_rows(accepted, &shops, &peers, now))
            }
        }
    }

    pub(super) fn seen(&mut self) -> Seen {
        Seen {
            sku: self.sku(),
            product: self.text(&["p1", "p2"]),
            variant: self.some(|world| world.text(&["v1", "v2"])),
            inventory: self.some(|world| world.text(&["i1", "i2"])),
            handle: self.some(|world| world.text(&["mug", "cup"])),
            title: self.some(Self::title),
            price: self.some(Self::price),
            shown: self.some(|world| world.text(&["A", ""])),
        }
    }

    pub(super) fn agreed(&mut self) -> (RowRecord, Vec<Change>) {
        let known = peek(self.memory.rows());
        let made_up = self.row();
        let record = match known.into_values().next() {
            Some(record) if !self.one_in(4) => record,
            _ => RowRecord { hash: made_up.hash(), row: made_up, missing: 0 },
        };
        let sku = record.row.sku.clone();
        let changes = self.list(2, |world| Change {
            endpoint: "shop-a".to_owned(),
            sku: sku.clone(),
            field: world.pick(&["title", "price", "listing"]),
            before: world.some(Self::title),
            after: world.title(),
            reason: "changed in the sheet".to_owned(),
        });
        (record, changes)
    }

    pub(super) fn listings(&mut self) -> Call {
        let (shop, now) = (self.shop(), self.time());
        match self.below(12) {
            0 => call!(shop => listings(&shop)),
            1 => {
                let skus = self.list(3, Self::sku);
                call!(shop, skus => listings_of(&shop, &skus))
            }
            2 => {
                let handle = self.text(&["mug", "cup"]);
                call!(shop, handle => product_of_handle(&shop, &handle))
            }
            3 => {
                let id = self.text(&["p1", "p2", "v1", "i1"]);
                match self.below(3) {
                    0 => call!(shop, id => skus_of_product(&shop, &id)),
                    1 => call!(shop, id => skus_of_variant(&shop, &id)),
                    _ => call!(shop, id => skus_of_inventory(&shop, &id)),
                }
            }
            4 => {
                let sku = self.sku();
                call!(shop, sku, now => forget_listing(&shop, &sku, now))
            }
            5..8 => {
                let agreed = self.list(2, Self::agreed);
                call!(shop, agreed, now => agree(
                    &shop,
                    &agreed.iter().map(|(record, changes)| (record, changes.clone())).collect::<Vec<_>>(),
                    now
                ))
            }
            _ => {
                let seen = self.list(3, Self::seen);
                call!(shop, seen, now => see_listings(&shop, &seen, now))
            }
        }
    }
}
