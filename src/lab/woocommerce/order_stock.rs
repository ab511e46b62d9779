//! An order's life with stock, observed on WooCommerce 10.0.2.
//!
//! The status is saved first. Then stock moves, then each line's `_reduced_stock` follows. The sum "stock plus all
//! shares" is the same before and after, and off by what is moving in between. An order that is deleted changes
//! nothing; a line of a product without managed stock never gets a share.

use super::order::{Order, Work, WorkKind};
use super::world::World;

/// In these an order has its stock.
const TAKING: [&str; 3] = ["processing", "on-hold", "completed"];
/// In these it gave it back.
const GIVING: [&str; 2] = ["cancelled", "pending"];

impl World {
    /// Save a new status and begin the stock work that follows from it.
    pub(super) fn set_order_status(&mut self, id: u64, status: &str) {
        self.finish_work(id);
        let now = self.now();
        let Some(order) = self.orders.get_mut(&id) else { return };
        let before = order.status.clone();
        let changed = order.status != status;
        order.status = status.to_owned();
        order.modified = now;
        let paid = matches!(status, "processing" | "completed");
        order.paid = order.paid.or_else(|| paid.then_some(now));
        order.completed = if status == "completed" { order.completed.or(Some(now)) } else { None };
        let reduced = order.stock_reduced;
        self.events.push(("order.updated", id));
        if !changed {
            return;
        }
        self.note(id, format!("Order status changed from {} to {}.", label(&before), label(status)));
        if TAKING.contains(&status) && !reduced {
            self.count_sales(id);
            self.begin_work(id, WorkKind::Take);
        } else if GIVING.contains(&status) && reduced {
            self.begin_work(id, WorkKind::GiveBack);
        } else if status == "refunded" {
            self.refund_rest(id);
        }
    }

    fn count_sales(&mut self, id: u64) {
        let lines = self.orders.get(&id).map_or(&[][..], |order| &order.lines);
        for line in lines {
            if let Some(product) = self.products.get_mut(&line.product_id) {
                product.total_sales += line.quantity;
            }
        }
    }

    /// Begin stock work; without a gap it is over at once.
    pub(super) fn begin_work(&mut self, id: u64, kind: WorkKind) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.work = Some(Work { kind, moved: false });
        if self.gap.is_zero() {
            self.finish_work(id);
        } else {
            self.started.push(id);
        }
    }

    /// Do all of an order's stock work that is under way.
    pub(super) fn finish_work(&mut self, id: u64) {
        while self.advance_work(id) {}
    }

    /// Do the next step of an order's stock work: first stock, then the lines. Whether there was one.
    pub(super) fn advance_work(&mut self, id: u64) -> bool {
        let Some(order) = self.orders.get(&id) else { return false };
        let Some(work) = order.work.clone() else { return false };
        if work.moved {
            self.write_shares(id, &work.kind);
            return true;
        }
        let moves = self.moves(order, &work.kind);
        let mut told = Vec::new();
        for (_, product, units) in &moves {
            let before = self.stock_holder(*product).and_then(|holder| holder.stock).unwrap_or_default();
            let named = self.products.get(product).map(|product| (self.title_of(product), product.sku.clone()));
            let (name, sku) = named.unwrap_or_default();
            told.push(format!("{name} ({sku}) {before}&rarr;{}", before - units));
            self.move_stock(*product, -units);
        }
        if !told.is_empty() {
            let what = if matches!(work.kind, WorkKind::Take) { "reduced" } else { "increased" };
            self.note(id, format!("Stock levels {what}: {}", told.join(", ")));
        }
        if let Some(order) = self.orders.get_mut(&id) {
            for line in &mut order.lines {
                line.moving = moves.iter().filter(|(of, ..)| *of == line.id).map(|(.., units)| units).sum();
            }
            order.work = Some(Work { moved: true, ..work });
        }
        true
    }

    /// `(line, product, units taken)`, negative for units given back.
    fn moves(&self, order: &Order, kind: &WorkKind) -> Vec<(u64, u64, i64)> {
        let counted = order.lines.iter().filter(|line| self.stock_holder(line.bought()).is_some());
        let units = |line: &super::order::Line| match kind {
            WorkKind::Take if line.reduced.unwrap_or_default() == 0 => line.quantity,
            WorkKind::Take => 0,
            WorkKind::GiveBack => -line.reduced.unwrap_or_default(),
            WorkKind::Restock(lines) if line.reduced.unwrap_or_default() != 0 => {
                -lines.iter().filter(|(id, _)| *id == line.id).map(|(_, units)| units).sum::<i64>()
            }
            WorkKind::Restock(_) => 0,
        };
        counted.map(|line| (line.id, line.bought(), units(line))).filter(|(.., units)| *units != 0).collect()
    }

    /// Shares follow stock. The order's own date does not: nothing of the order itself is saved.
    fn write_shares(&mut self, id: u64, kind: &WorkKind) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        for line in order.lines.iter_mut().filter(|line| line.moving != 0) {
            let share = line.reduced.unwrap_or_default() + line.moving;
            line.reduced = (!matches!(kind, WorkKind::GiveBack)).then_some(share);
            if matches!(kind, WorkKind::Restock(_)) {
                line.restocked -= line.moving;
            }
            line.moving = 0;
        }
        match kind {
            WorkKind::Take => order.stock_reduced = true,
            WorkKind::GiveBack => order.stock_reduced = false,
            WorkKind::Restock(_) => {}
        }
        order.work = None;
    }

    /// Change a line's quantity; stock follows by the difference once the line has a share.
    pub(super) fn set_line_quantity(&mut self, order: u64, line: u64, quantity: i64) {
        self.finish_work(order);
        let Some(order) = self.orders.get_mut(&order) else { return };
        let Some(line) = order.lines.iter_mut().find(|of| of.id == line) else { return };
        line.quantity = quantity;
        let Some(share) = line.reduced else { return };
        let wanted = quantity - line.restocked;
        line.reduced = Some(wanted);
        let (product, delta) = (line.bought(), share - wanted);
        self.move_stock(product, delta);
    }

    /// Units that orders in flight are about to take of what this product sells from.
    pub(super) fn reserved(&self, product: u64) -> i64 {
        if self.gap.is_zero() {
            return 0;
        }
        let holder = self.stock_holder(product).map(|holder| holder.id);
        let in_flight = |order: &&Order| {
            matches!(&order.work, Some(Work { kind: WorkKind::Take, moved: false })) && holder.is_some()
        };
        let lines = self.orders.values().filter(in_flight).flat_map(|order| &order.lines);
        lines.filter(|line| self.stock_holder(line.bought()).map(|of| of.id) == holder).map(|line| line.quantity).sum()
    }
}

/// A status as people read it.
fn label(status: &str) -> &str {
    match status {
        "pending" => "Pending payment",
        "processing" => "Processing",
        "on-hold" => "On hold",
        "completed" => "Completed",
        "cancelled" => "Cancelled",
        "refunded" => "Refunded",
        "failed" => "Failed",
        "checkout-draft" => "Draft",
        other => other,
    }
}
