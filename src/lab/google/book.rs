//! The spreadsheet in memory: tabs, cells, and the moves that shift rows. Cloning is cheap, so that a batch can be
//! tried on a copy.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::a1;
use super::attached::{self, Attached};
use super::cell::{Content, Format, Slot, Value};
use super::formula;
use super::locale::Locale;
use super::tab::{DEFAULT_COLUMNS, DEFAULT_ROWS};
pub(super) use super::tab::{Dimension, Tab};
use super::{render, typed};

/// The whole spreadsheet.
#[derive(Debug, Clone)]
pub(super) struct Book {
    pub title: String,
    pub locale_code: String,
    pub time_zone: String,
    pub tabs: Vec<Tab>,
    /// The properties that only show: `autoRecalc`, `iterativeCalculationSettings`.
    pub look: Map<String, Json>,
    /// What hangs on the spreadsheet as a whole: `namedRanges`, `developerMetadata`.
    pub attached: Attached,
    /// Who owns the spreadsheet, and so may write where others may not.
    pub owner: String,
    /// Who writes now.
    pub writer: String,
    /// How many ids were given out to what hangs on the spreadsheet.
    ids: i64,
    /// A write hit a protected range.
    pub trespassed: bool,
    /// Grows with everything that is written.
    pub changes: u64,
}

impl Book {
    /// A book with tabs filled as they are (RAW), except that a text with a leading `=` is a formula. No tabs: one, empty.
    pub(super) fn new(title: &str, locale_code: &str, tabs: &[(String, Vec<Vec<Json>>)]) -> Self {
        let mut book = Self {
            title: title.to_owned(),
            locale_code: locale_code.to_owned(),
            time_zone: "Etc/GMT".to_owned(),
            tabs: Vec::new(),
            look: Map::new(),
            attached: Attached::default(),
            owner: super::MERCHANT.to_owned(),
            writer: super::MERCHANT.to_owned(),
            ids: 0,
            trespassed: false,
            changes: 0,
        };
        for (title, rows) in tabs {
            let mut tab = Tab::new(book.free_id(), title);
            tab.rows = DEFAULT_ROWS.max(rows.len());
            tab.columns = DEFAULT_COLUMNS.max(rows.iter().map(Vec::len).max().unwrap_or(0));
            let slots = |row: &Vec<Json>| Arc::new(row.iter().map(seeded).collect());
            tab.grid = rows.iter().map(slots).collect();
            book.tabs.push(tab);
        }
        if book.tabs.is_empty() {
            book.tabs.push(Tab::new(0, "Sheet1"));
        }
        book
    }

    pub(super) fn locale(&self) -> Locale {
        Locale::of(&self.locale_code)
    }

    /// An id for a new tab: 0 for the first, as at Google, later ones look arbitrary.
    pub(super) fn free_id(&self) -> i64 {
        const STRIDE: i64 = 104_729;
        self.tabs.iter().map(|tab| tab.id + STRIDE).max().unwrap_or(0)
    }

    /// An id for something new that hangs on the spreadsheet; they look arbitrary.
    pub(super) fn fresh_id(&mut self) -> i64 {
        const STRIDE: i64 = 1_103_515_245;
        self.ids += 1;
        (self.ids * STRIDE) & i64::from(i32::MAX)
    }

    /// A tab by title; case matters only when two differ by it.
    pub(super) fn tab_index(&self, title: &str) -> Option<usize> {
        let exact = self.tabs.iter().position(|tab| tab.title == title);
        exact.or_else(|| self.tabs.iter().position(|tab| tab.title.to_lowercase() == title.to_lowercase()))
    }

    pub(super) fn tab_by_id(&self, id: i64) -> Option<usize> {
        self.tabs.iter().position(|tab| tab.id == id)
    }

    pub(super) fn has_cell(&self, tab: usize, row: usize, column: usize) -> bool {
        self.tabs.get(tab).is_some_and(|tab| row < tab.rows && column < tab.columns)
    }

    pub(super) fn slot(&self, tab: usize, row: usize, column: usize) -> &Slot {
        self.tabs.get(tab).map_or(Slot::EMPTY, |tab| tab.slot(row, column))
    }

    /// What a cell comes to, formulas computed.
    pub(super) fn value(&self, tab: usize, row: usize, column: usize) -> Value {
        formula::value(self, tab, row, column)
    }

    /// What a cell shows.
    pub(super) fn shown(&self, tab: usize, row: usize, column: usize) -> String {
        render::shown(&self.value(tab, row, column), &self.slot(tab, row, column).format, &self.locale())
    }

    /// Put content into a cell and keep its format. The cell must lie in the grid.
    pub(super) fn put(&mut self, tab: usize, row: usize, column: usize, content: Content) {
        self.changes += 1;
        self.watch_protection(tab, &(row..row + 1), &(column..column + 1));
        if let Some(slot) = self.tabs.get_mut(tab).and_then(|tab| tab.slot_mut(row, column)) {
            slot.content = content;
        }
    }

    /// Put a whole cell, looks and all.
    pub(super) fn put_slot(&mut self, tab: usize, row: usize, column: usize, slot: Slot) {
        self.changes += 1;
        self.watch_protection(tab, &(row..row + 1), &(column..column + 1));
        if let Some(place) = self.tabs.get_mut(tab).and_then(|tab| tab.slot_mut(row, column)) {
            *place = slot;
        }
    }

    /// Change how a cell looks, and what else its `CellData` has beside value and number format.
    pub(super) fn dress(&mut self, tab: usize, row: usize, column: usize, change: impl FnOnce(&mut Map<String, Json>)) {
        self.changes += 1;
        self.watch_protection(tab, &(row..row + 1), &(column..column + 1));
        if let Some(slot) = self.tabs.get_mut(tab).and_then(|tab| tab.slot_mut(row, column)) {
            let mut dress = slot.dress.as_deref().cloned().unwrap_or_default();
            change(&mut dress);
            slot.dress = if dress.is_empty() { None } else { Some(Arc::new(dress)) };
        }
    }

    /// Note a write to where the writer may not write.
    pub(super) fn watch_protection(&mut self, tab: usize, rows: &Range<usize>, columns: &Range<usize>) {
        if let Some(tab) = self.tabs.get(tab).filter(|_| self.writer != self.owner) {
            self.trespassed |= attached::is_protected(tab, rows, columns, &self.writer);
        }
    }

    /// Give a cell a format.
    pub(super) fn set_format(&mut self, tab: usize, row: usize, column: usize, format: Format) {
        self.changes += 1;
        self.watch_protection(tab, &(row..row + 1), &(column..column + 1));
        if let Some(slot) = self.tabs.get_mut(tab).and_then(|tab| tab.slot_mut(row, column)) {
            slot.format = format;
        }
    }

    /// Put typed text into a cell (`USER_ENTERED`). `year` completes dates typed without one.
    pub(super) fn type_in(&mut self, tab: usize, row: usize, column: usize, text: &str, year: i32) {
        let (content, format) = typed::read(text, &self.locale(), year, &self.slot(tab, row, column).format);
        self.put(tab, row, column, content);
        if let Some(format) = format {
            self.set_format(tab, row, column, format);
        }
    }

    /// Insert empty rows or columns before `at`; references in formulas follow. New rows take the formats of the row
    /// `like`, as it stands before; new columns have none.
    pub(super) fn insert(&mut self, tab: usize, dimension: Dimension, at: usize, count: usize, like: Option<usize>) {
        self.changes += 1;
        let Some(sheet) = self.tabs.get_mut(tab) else { return };
        match dimension {
            Dimension::Rows => {
                sheet.rows += count;
                let model =
                    like.and_then(|like| sheet.grid.get(like)).map(|slots| slots.as_slice()).unwrap_or_default();
                let row: Arc<Vec<Slot>> = Arc::new(model.iter().map(Slot::bare).collect());
                if at < sheet.grid.len() || row.iter().any(|slot| slot != Slot::EMPTY) {
                    sheet.grid.resize_with(sheet.grid.len().max(at), Arc::default);
                    sheet.grid.splice(at..at, std::iter::repeat_n(row, count));
                }
            }
            Dimension::Columns => {
                sheet.columns += count;
                for slots in sheet.grid.iter_mut().filter(|slots| slots.len() > at) {
                    Arc::make_mut(slots).splice(at..at, std::iter::repeat_with(Slot::default).take(count));
                }
            }
        }
        sheet.lines_mut(dimension).insert(at, count);
        self.follow(tab, dimension, |index| Some(if index >= at { index + count } else { index }));
        attached::follow(self, tab, dimension, |ends| attached::inserted(ends, at, count));
    }

    /// Delete rows or columns; a reference to a deleted cell becomes `#REF!`.
    pub(super) fn delete(&mut self, tab: usize, dimension: Dimension, span: Range<usize>) {
        self.changes += 1;
        let count = span.len();
        let all = 0..usize::MAX;
        match dimension {
            Dimension::Rows => self.watch_protection(tab, &span, &all),
            Dimension::Columns => self.watch_protection(tab, &all, &span),
        }
        let Some(sheet) = self.tabs.get_mut(tab) else { return };
        match dimension {
            Dimension::Rows => {
                sheet.rows = sheet.rows.saturating_sub(count);
                let held = sheet.grid.len();
                sheet.grid.drain(span.start.min(held)..span.end.min(held));
            }
            Dimension::Columns => {
                sheet.columns = sheet.columns.saturating_sub(count);
                for slots in sheet.grid.iter_mut().filter(|slots| slots.len() > span.start) {
                    let held = slots.len();
                    Arc::make_mut(slots).drain(span.start..span.end.min(held));
                }
            }
        }
        sheet.lines_mut(dimension).delete(&span);
        self.follow(tab, dimension, |index| match index {
            index if index < span.start => Some(index),
            index if index < span.end => None,
            index => Some(index - count),
        });
        attached::follow(self, tab, dimension, |ends| attached::deleted(ends, &span));
    }

    /// Rewrite every formula after cells of one tab moved.
    fn follow(&mut self, moved_tab: usize, dimension: Dimension, moved: impl Fn(usize) -> Option<usize>) {
        let locale = self.locale();
        let titles: Vec<String> = self.tabs.iter().map(|tab| tab.title.clone()).collect();
        for (here, tab) in self.tabs.iter_mut().enumerate() {
            let points_there = |reference: &formula::Reference| match &reference.tab {
                Some(title) => titles.get(moved_tab) == Some(title),
                None => here == moved_tab,
            };
            let rewritten = |text: &str| {
                formula::rewrite(text, &locale, |reference| {
                    let mut reference = reference.clone();
                    if points_there(&reference) {
                        match dimension {
                            Dimension::Rows => reference.row = moved(reference.row)?,
                            Dimension::Columns => reference.column = moved(reference.column)?,
                        }
                    }
                    Some(reference)
                })
            };
            for slots in &mut tab.grid {
                if slots.iter().any(|slot| matches!(slot.content, Content::Formula(_))) {
                    for slot in Arc::make_mut(slots) {
                        rewrite_slot(slot, &rewritten);
                    }
                }
            }
        }
    }

    /// Rewrite formulas after rows or columns of one tab changed places.
    pub(super) fn follow_move(&mut self, tab: usize, dimension: Dimension, moved: impl Fn(usize) -> usize) {
        self.follow(tab, dimension, |index| Some(moved(index)));
    }

    /// Put the cells of some rows into a new order: `order[n]` is the row whose cells come to `rows.start + n`. Relative
    /// references to rows move along with their formula.
    pub(super) fn reorder(&mut self, tab: usize, rows: Range<usize>, columns: Range<usize>, order: &[usize]) {
        self.changes += 1;
        let Some(before) = self.tabs.get(tab).cloned() else { return };
        for (to, from) in rows.zip(order.iter().copied()) {
            for column in columns.clone() {
                let slot = self.carried(before.slot(from, column), (from, column), (to, column));
                if *self.slot(tab, to, column) != slot {
                    self.put_slot(tab, to, column, slot);
                }
            }
        }
    }

    /// A cell as it stands after it was copied: relative references move along.
    pub(super) fn carried(&self, slot: &Slot, from: (usize, usize), to: (usize, usize)) -> Slot {
        let mut slot = slot.clone();
        let locale = self.locale();
        rewrite_slot(&mut slot, &|text: &str| {
            formula::rewrite(text, &locale, |reference| {
                let shift = |index: usize, fixed: bool, from: usize, to: usize| {
                    if fixed { Some(index) } else { (index + to).checked_sub(from) }
                };
                let row = shift(reference.row, reference.row_fixed, from.0, to.0)?;
                let column = shift(reference.column, reference.column_fixed, from.1, to.1)?;
                Some(formula::Reference { row, column, ..reference.clone() })
            })
        });
        slot
    }

    /// A bounded rectangle as Google answers it.
    pub(super) fn answer(&self, area: &Area) -> String {
        a1::answer(self.tabs.get(area.tab).map_or("", |tab| &tab.title), &area.rows, &area.columns)
    }
}

/// A rectangle of cells that lies in the grid of a tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Area {
    pub tab: usize,
    pub rows: Range<usize>,
    pub columns: Range<usize>,
}

fn seeded(value: &Json) -> Slot {
    let content = match value.as_str() {
        Some(text) if text.len() > 1 && text.starts_with('=') => Content::Formula(text.to_owned()),
        _ => Content::raw(value).unwrap_or_default(),
    };
    Slot { content, ..Slot::default() }
}

fn rewrite_slot(slot: &mut Slot, rewritten: &impl Fn(&str) -> Option<String>) {
    if let Content::Formula(text) = &slot.content
        && let Some(text) = rewritten(text)
    {
        slot.content = Content::Formula(text);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn book() -> Book {
        let rows = vec![
            vec![json!("sku"), json!("in"), json!("sold"), json!("left")],
            vec![json!("a"), json!(10), json!(3), json!("=B2-C2")],
            vec![json!("b"), json!(8), json!(1), json!("=B3-C3")],
        ];
        Book::new("B", "en_US", &[("T".to_owned(), rows), ("U".to_owned(), vec![vec![json!("=T!D3")]])])
    }

    fn formula(book: &Book, tab: usize, row: usize, column: usize) -> String {
        match &book.slot(tab, row, column).content {
            Content::Formula(text) => text.clone(),
            other => panic!("{other:?} is no formula"),
        }
    }

    #[test]
    fn formulas_follow_inserted_and_deleted_rows() {
        let mut book = book();
        book.insert(0, Dimension::Rows, 1, 2, None);
        assert_eq!(formula(&book, 0, 4, 3), "=B5-C5");
        assert_eq!(formula(&book, 1, 0, 0), "=T!D5");
        assert_eq!(book.value(1, 0, 0), Value::Number(7.0));
        book.delete(0, Dimension::Rows, 4..5);
        assert_eq!(book.value(1, 0, 0), Value::Error(super::super::cell::CellError::Ref));
        book.delete(0, Dimension::Columns, 0..1);
        assert_eq!(formula(&book, 0, 3, 2), "=A4-B4");
        assert_eq!((book.tabs[0].rows, book.tabs[0].columns), (1001, 25));
    }

    #[test]
    fn formulas_move_with_their_row() {
        let mut book = book();
        book.reorder(0, 1..3, 0..26, &[2, 1]);
        assert_eq!(book.shown(0, 1, 0), "b");
        assert_eq!(formula(&book, 0, 1, 3), "=B2-C2");
        assert_eq!(book.value(0, 1, 3), Value::Number(7.0));
    }

    #[test]
    fn copies_are_apart() {
        let mut book = book();
        let copy = book.clone();
        book.put(0, 1, 0, Content::Text("changed".to_owned()));
        assert_eq!(copy.shown(0, 1, 0), "a");
        assert!(book.changes > copy.changes);
    }
}
