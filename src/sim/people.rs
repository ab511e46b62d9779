//! Shoppers, staff, people at the sheet, the post.

use super::sheet::{self, NOTE, PRICE, SKU, SOLD, STOCK, TITLE};
use super::shop;
use super::world::{Layout, Truth, World};
use crate::catalog::{Cell, Sku};
use crate::clock;

/// What can happen outside the program. A history can be played without some of them, to find the shortest story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Sell,
    AdvanceOrder,
    GiveBack,
    DeleteOrder,
    Staff,
    EditStock,
    EditPrice,
    Sort,
    InsertRow,
    DeleteRow,
    /// A row is cut out, and pasted elsewhere later.
    CutRow,
    PasteRow,
    /// A key is blanked, and typed again later.
    BlankKey,
    KeyAgain,
    Note,
    /// A row gets another SKU.
    Rename,
    /// Staff gives a product another SKU in a shop.
    RenameInShop,
    /// Staff deletes a product in a shop, and perhaps makes it anew.
    DeleteProduct,
    /// Somebody types over a counter that is the program's.
    Scribble,
    Deliver,
}

/// Kinds and how often they happen.
pub const KINDS: [(Kind, usize); 20] = [
    (Kind::Sell, 30),
    (Kind::AdvanceOrder, 30),
    (Kind::GiveBack, 6),
    (Kind::DeleteOrder, 1),
    (Kind::Staff, 4),
    (Kind::EditStock, 9),
    (Kind::EditPrice, 2),
    (Kind::Sort, 6),
    (Kind::InsertRow, 2),
    (Kind::DeleteRow, 2),
    (Kind::CutRow, 1),
    (Kind::PasteRow, 2),
    (Kind::BlankKey, 1),
    (Kind::KeyAgain, 2),
    (Kind::Note, 2),
    (Kind::Rename, 1),
    (Kind::RenameInShop, 1),
    (Kind::DeleteProduct, 1),
    (Kind::Scribble, 2),
    (Kind::Deliver, 16),
];

/// What people need to know of the program, to leave alone what no platform could keep apart.
pub trait Knows {
    /// The open write to the sheet for this item: the number it replaces, and its own.
    fn open_in_sheet(&self, truth: &Truth) -> Option<(i64, i64)>;
    /// True when the program has met this item in the sheet.
    fn is_founded(&self, truth: &Truth) -> bool;
    /// True when the program has linked this item at a shop.
    fn is_linked(&self, shop: &str, truth: &Truth) -> bool;
    /// True when nothing of the program's is open at a shop (index and name) for this item.
    fn is_quiet(&self, shop: usize, name: &str, truth: &Truth) -> bool;
    /// True when the program has linked this very product of a shop to the item, and knows its stock.
    fn is_met(&self, shop: &str, truth: &Truth, product: &str) -> bool;
    /// The stock of this item at a shop that the program has accounted for.
    fn shows(&self, shop: &str, truth: &Truth) -> Option<i64>;
    /// Hand over a webhook of a shop. True when it was taken.
    fn deliver(&self, shop: &str, id: u64, product: &str) -> bool;
}

/// One thing happens.
pub fn happen(world: &mut World, kind: Kind, knows: &dyn Knows) {
    let item = world.rng.below(world.truth.len());
    let shop = world.rng.below(world.shops.len());
    let order = world.rng.below(world.shops[shop].orders.len());
    let units = world.rng.between(1, 3);
    let has_order = !world.shops[shop].orders.is_empty();
    let here = world.item_of_shop(item, shop);
    match kind {
        // What is sold before the program has met a product is not its business yet.
        Kind::Sell if is_met(world, shop, here, knows) => shop::sell(world, shop, here, units),
        Kind::Sell => {}
        Kind::AdvanceOrder => {
            let open = |order: &shop::Order| order.phase != shop::Phase::Settled;
            if let Some(order) = world.shops[shop].orders.iter().position(open) {
                shop::advance(world, shop, order);
            }
        }
        Kind::GiveBack if has_order => {
            // What an order of before the program's memory gives back beside an absolute write is beyond knowing.
            let (here, old) = (&world.shops[shop], &world.shops[shop].orders[order]);
            if !old.is_forgotten() || knows.is_quiet(shop, &here.name, &world.truth[old.item]) {
                shop::give_back(world, shop, order, units);
            }
        }
        Kind::DeleteOrder if has_order => {
            // A deleted order keeps what it took: its stock never comes back. One that is cancelled *and* deleted before
            // anybody looks leaves no evidence at all.
            let (here, gone) = (&world.shops[shop], &world.shops[shop].orders[order]);
            let quiet = knows.is_quiet(shop, &here.name, &world.truth[gone.item]);
            // Of a product that is gone, its order is all that tells.
            let is_there = here.listings.get(&gone.item).is_some_and(|listing| listing.made == gone.made);
            if gone.phase == shop::Phase::Settled && !gone.returned && quiet && is_there {
                let gone = world.shops[shop].orders.remove(order);
                // What it took may hide in what others are about to take, as staff's hand may.
                if let Some(listing) = world.shops[shop].listings.get_mut(&gone.item) {
                    listing.travel += gone.share;
                }
                world.counts.orders_deleted += 1;
                world.tell(|| format!("shop {shop}: an order is deleted"));
            }
        }
        Kind::Staff => {
            let units = if world.rng.chance(0.5) { units } else { -units };
            // Between our read and an absolute write, staff's change and an overwritten sale look alike.
            let place = &world.shops[shop];
            // What is there before the program's first look is nobody's movement.
            let is_linked = knows.is_linked(&place.name, &world.truth[here]) && is_met(world, shop, here, knows);
            if is_linked && (place.kind.is_keyed() || knows.is_quiet(shop, &place.name, &world.truth[here])) {
                shop::staff(world, shop, here, units);
            }
        }
        Kind::RenameInShop => rename_in_shop(world, shop, here, knows),
        Kind::DeleteProduct => delete_product(world, shop, here, knows),
        Kind::Deliver => {
            if !world.mail.is_empty() {
                let at = world.rng.below(world.mail.len());
                let letter = world.mail.remove(at);
                world.tell(|| format!("post: a webhook of shop {} about {}", letter.shop, letter.product));
                if !knows.deliver(&world.shops[letter.shop].name, letter.id, &letter.product) {
                    world.mail.push(letter);
                }
            }
        }
        Kind::GiveBack | Kind::DeleteOrder => {}
        _ => at_the_sheet(world, kind, item, knows),
    }
}

/// Has the program met the product that an item is in a shop? The first one it makes itself.
fn is_met(world: &World, shop: usize, item: usize, knows: &dyn Knows) -> bool {
    let here = &world.shops[shop];
    let is_first = here.listings.get(&item).is_none_or(|listing| listing.made == 0);
    is_first || knows.is_met(&here.name, &world.truth[item], &here.product(item))
}

fn rename_in_shop(world: &mut World, shop: usize, item: usize, knows: &dyn Knows) {
    let names = [None, Sku::new("staff's own"), Some(world.truth[item].first().clone())];
    let sku = names[world.rng.below(3)].clone();
    // A listing whose creation was never answered is found by its SKU alone.
    if knows.is_linked(&world.shops[shop].name, &world.truth[item]) && is_met(world, shop, item, knows) {
        shop::rename(world, shop, item, sku);
    }
}

/// A product is deleted whose stock the program knows: what a shop forgets with it, nobody can ask for any more.
fn delete_product(world: &mut World, shop: usize, item: usize, knows: &dyn Knows) {
    let (here, truth) = (&world.shops[shop], &world.truth[item]);
    let Some(listing) = here.listings.get(&item) else { return };
    let under_way = here.orders.iter().any(|order| order.item == item && order.phase != shop::Phase::Settled);
    let is_known =
        listing.is_seen_through(!here.kind.is_keyed()) && knows.shows(&here.name, truth) == Some(listing.stock);
    // Under a name that the program never read, the new one would be found by nothing.
    let is_met = knows.is_met(&here.name, truth, &here.product(item));
    if under_way || !is_known || !is_met || !knows.is_quiet(shop, &here.name, truth) {
        return;
    }
    // The last piece is sold in the moment before: its order is all that tells.
    if !world.shops[shop].kind.is_keyed() && world.rng.chance(0.5) {
        shop::sell(world, shop, item, 1);
        while let Some(order) = world.shops[shop].orders.iter().position(|order| order.phase != shop::Phase::Settled) {
            shop::advance(world, shop, order);
        }
    }
    let anew = world.rng.chance(0.5).then(|| world.rng.between(0, 12));
    shop::delete(world, shop, item, anew);
}

/// What people do in the spreadsheet.
fn at_the_sheet(world: &mut World, kind: Kind, item: usize, knows: &dyn Knows) {
    match kind {
        Kind::EditStock => edit_stock(world, item, knows),
        Kind::EditPrice => {
            let price = world.rng.between(100, 9_999) as f64 / 100.0;
            edit(world, item, PRICE, Cell::Number(price));
            world.counts.price_edits += 1;
        }
        Kind::Sort => sort(world),
        Kind::InsertRow => {
            let at = world.rng.below(world.sheet.rows.len() + 1);
            world.sheet.touch();
            world.sheet.rows.insert(at, sheet::Row::default());
            world.counts.rows_inserted += 1;
            world.tell(|| format!("sheet: a row is inserted above {}", at + 2));
        }
        Kind::DeleteRow => {
            let is_blank = |row: &sheet::Row| row[SKU] == Cell::Blank && row[TITLE] == Cell::Blank;
            if let Some(at) = world.sheet.rows.iter().position(is_blank) {
                world.sheet.touch();
                world.sheet.rows.remove(at);
                world.counts.rows_deleted += 1;
                world.tell(|| format!("sheet: row {} is deleted", at + 2));
            }
        }
        Kind::CutRow => {
            if let Some(row) = world.sheet.row_of(world.truth[item].sku.as_str()) {
                cut(world, row);
            }
        }
        Kind::PasteRow => {
            let at = world.rng.below(world.sheet.rows.len() + 1);
            world.sheet.touch();
            if world.sheet.paste(at) {
                world.tell(|| format!("sheet: a row is pasted as {}", at + 2));
            }
        }
        Kind::BlankKey => {
            hide(world, item);
            edit(world, item, SKU, Cell::Blank);
            world.counts.keys_blanked += 1;
            let sku = world.truth[item].sku.clone();
            world.tell(|| format!("sheet: the key of {sku} is blanked"));
        }
        Kind::KeyAgain => {
            world.sheet.touch();
            let World { sheet, truth, .. } = world;
            sheet.key_again(truth);
            world.tell(|| "sheet: keys are typed again".to_owned());
        }
        Kind::Note => edit(world, item, NOTE, Cell::from_text("hello")),
        Kind::Rename => rename(world, item),
        Kind::Scribble => scribble(world, item, knows),
        _ => {}
    }
}

/// A row of the sheet, counted from 0 below the header, is cut out.
pub fn cut(world: &mut World, row: usize) {
    let is_it = |truth: &Truth| world.sheet.row_of(truth.sku.as_str()) == Some(row);
    if let Some(item) = world.truth.iter().position(is_it) {
        hide(world, item);
    }
    world.sheet.touch();
    world.sheet.cut(row);
    world.counts.rows_cut += 1;
    world.tell(|| format!("sheet: row {} is cut out", row + 2));
}

fn edit(world: &mut World, item: usize, column: usize, cell: Cell) {
    let sku = world.truth[item].sku.to_string();
    if let Some(row) = world.sheet.row_of(&sku) {
        world.sheet.touch();
        world.sheet.rows[row][column] = cell;
    }
}

/// A person moves units by typing a number over the one that is shown.
fn edit_stock(world: &mut World, item: usize, knows: &dyn Knows) {
    let sku = world.truth[item].sku.to_string();
    let Some(row) = world.sheet.row_of(&sku) else { return };
    let column = STOCK[world.truth[item].pool];
    let Cell::Number(shown) = world.sheet.rows[row][column] else { return };
    let mut by = world.rng.between(-3, 8).max(-(shown as i64).max(0));
    let others =
        || world.truth.iter().filter(|other| other.pool == world.truth[item].pool && other.sku.as_str() != sku);
    if world.odd.hasty
        && let Some((_, to)) = others().find_map(|other| knows.open_in_sheet(other))
        && to >= 0
    {
        by = to - shown as i64;
    }
    if by == 0 {
        return;
    }
    // While the fate of our own write is open, a person's change of the same cell may be taken for it.
    let own = knows.open_in_sheet(&world.truth[item]);
    let open = own.map_or(0, |(from, to)| (to - from).abs());
    if world.unsure[item].is_some() {
        world.allow(item, open);
    } else {
        world.pending[item] += open;
    }
    if let Some((from, to)) = world.hit[item].filter(|hit| Some(*hit) != own) {
        // The number shown is another row's, for the moment until it is put back: the person adds to what is not theirs.
        world.allow(item, (to - from).abs());
    }
    // Where another row's write has the same numbers, nobody knows whose stands here.
    let has_same = |other: &Truth| {
        other.pool == world.truth[item].pool && other.sku != world.truth[item].sku && knows.open_in_sheet(other) == own
    };
    if own.is_some() && world.hit[item] == own && world.truth.iter().any(has_same) {
        world.allow(item, open);
    }
    // The very number that a write for another row replaces this one with is put back, should that write be lost; also where this
    // row's own write may not have been done yet.
    let typed = shown as i64 + by;
    let replaced = [Some(shown as i64), own.map(|(from, _)| from)];
    let is_like_it = |other: &Truth| {
        let open = knows.open_in_sheet(other).filter(|(_, to)| *to == typed);
        other.pool == world.truth[item].pool && open.is_some_and(|(from, _)| replaced.contains(&Some(from)))
    };
    if world.truth.iter().any(|other| other.sku != world.truth[item].sku && is_like_it(other)) {
        world.allow(item, by.abs());
    }
    // Nor can anybody tell once the person's own number stands over it.
    world.hide(item, true);
    world.sheet.touch();
    world.sheet.rows[row][column] = Cell::Number(typed as f64);
    world.typed[item] = Some(typed);
    world.typed_at[item].push((clock::now(), typed));
    if world.layout(item) == Layout::Counted {
        // What was sold until it counts is in it: the truth is set when it does.
        world.counts_typed[item].push(typed);
    } else {
        world.truth[item].units += by;
    }
    world.has_moved(0, item, by);
    world.counts.sheet_edits += 1;
    world.tell(|| format!("sheet: a person types {typed} over {shown} for {sku} in row {}", row + 2));
}

/// A row is about to be out of sight, in all its pools.
fn hide(world: &mut World, item: usize) {
    let sku = world.truth[item].sku.clone();
    for other in 0..world.truth.len() {
        if world.truth[other].sku == sku {
            world.hide(other, true);
        }
    }
}

/// The SKU in a row is changed: the next number of its name.
fn rename(world: &mut World, item: usize) {
    let truth = &world.truth[item];
    let sku = &truth.sku;
    let Some(to) = Sku::new(&format!("{}-{}", truth.first(), truth.former.len() + 1)) else { return };
    if world.sheet.row_of(sku.as_str()).is_none() {
        return;
    }
    world.tell(|| format!("sheet: a row is called {to} from now on"));
    edit(world, item, SKU, Cell::from_text(to.as_str()));
    world.rename(item, &to);
    world.counts.skus_renamed += 1;
}

/// Somebody types over what was sold. Before the program has met the row, that is what people say was sold: left alone.
fn scribble(world: &mut World, item: usize, knows: &dyn Knows) {
    if world.layout(item) != Layout::Counters || !knows.is_founded(&world.truth[item]) {
        return;
    }
    let number = Cell::Number(world.rng.between(0, 20) as f64);
    let cell = [Cell::Blank, Cell::from_text("soldout"), number.clone(), number][world.rng.below(4)].clone();
    let sku = world.truth[item].sku.clone();
    world.tell(|| format!("sheet: somebody types {cell:?} over what was sold of {sku}"));
    edit(world, item, SOLD[world.truth[item].pool], cell);
    world.counts.counters_scribbled += 1;
}

/// Somebody sorts all rows by a column.
pub(super) fn sort(world: &mut World) {
    world.sheet.touch();
    let (column, down) = (world.rng.below(4), world.rng.chance(0.5));
    world.sheet.rows.sort_by_key(|row| format!("{:>12}", row[column].quote()));
    if down {
        world.sheet.rows.reverse();
    }
    world.counts.sorts += 1;
    world.tell(|| format!("sheet: sorted by column {column}, down: {down}"));
}
