//! A listing in a shop, and what the program has seen of it.

use crate::catalog::{Money, Sku};

/// One listing.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Units there.
    pub stock: i64,
    /// SKU there; staff may have blanked it.
    pub sku: Option<Sku>,
    /// Title there.
    pub title: String,
    /// Price there.
    pub price: Money,
    /// Tells it from others of the same item that were there before; 0 for the first.
    pub made: u64,
    /// What staff has moved so far, and what of it the program has seen.
    pub(super) staff: (i64, i64),
    /// The pass in which the program saw it.
    pub(super) seen_in: u64,
    /// How often its stock has changed.
    pub(super) revision: u64,
    /// Units that staff have moved so far, whichever way.
    pub(super) travel: i64,
    /// That, when the program last read the stock with no order under way: what came later may hide in what orders are
    /// about to take.
    pub(super) travel_plain: i64,
    /// The same, of a read that no look at the orders has followed yet; how often orders had moved the stock by then, and the
    /// program's pass: one that fails between the two learns nothing from the read.
    pub(super) travel_perhaps: Option<(i64, u64, u64)>,
    /// How often orders have moved the stock, or said so; by the program's last look at them; by the one before that. An
    /// order that came and went before it was first seen leaves doubt in that look.
    pub(super) order_moves: (u64, u64, u64),
}

impl Listing {
    /// The program looks at the orders in this pass: a read in it before, with no order moving since the look before that,
    /// leaves no doubt.
    pub(super) fn orders_seen(&mut self, pass: u64) {
        if let Some((travel, moves, read_in)) = self.travel_perhaps.take()
            && (moves, read_in) == (self.order_moves.0, pass)
        {
            self.travel_plain = travel;
        }
        self.order_moves = (self.order_moves.0, self.order_moves.0, self.order_moves.1);
    }

    /// What staff did that may hide in what orders are about to take.
    pub(super) fn hidden(&self) -> i64 {
        self.travel - self.travel_plain
    }

    /// Has the program seen all that staff did, and all that orders did?
    pub fn is_seen_through(&self, by_orders: bool) -> bool {
        let (moves, looked, _) = self.order_moves;
        self.staff.0 == self.staff.1 && (!by_orders || self.travel == self.travel_plain && moves == looked)
    }
}

impl Listing {
    /// A new one.
    pub fn new(sku: Sku, title: String, price: Money) -> Self {
        Self {
            stock: 0,
            sku: Some(sku),
            title,
            price,
            made: 0,
            staff: (0, 0),
            seen_in: 0,
            revision: 0,
            travel: 0,
            travel_plain: 0,
            travel_perhaps: None,
            order_moves: (0, 0, 0),
        }
    }
}
