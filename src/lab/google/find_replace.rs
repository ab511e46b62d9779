//! `findReplace`. It looks at what cells show, and what it puts back is read as if typed: this is why it can serve as a
//! compare-and-set, and why a formatted number (`12.50`) is not found by its plain value (`12.5`).

use chrono::Datelike;
use serde_json::{Value as Json, json};

use super::book::{Area, Book};
use super::cell::Content;
use super::error::ApiError;
use super::payload::Payload;
use super::ranges::{GRID_RANGE, Target, grid};
use super::writes::set_counts;

struct Search<'a> {
    find: &'a str,
    replacement: &'a str,
    match_case: bool,
    whole_cell: bool,
    formulas: bool,
}

impl Search<'_> {
    /// The text with every occurrence replaced, and how many there were.
    fn replaced(&self, text: &str) -> (String, usize) {
        if self.whole_cell {
            let same =
                if self.match_case { text == self.find } else { text.to_lowercase() == self.find.to_lowercase() };
            return if same { (self.replacement.to_owned(), 1) } else { (text.to_owned(), 0) };
        }
        let (mut result, mut rest, mut count) = (String::new(), text, 0);
        while let Some((before, after)) = self.split(rest) {
            result.push_str(before);
            result.push_str(self.replacement);
            rest = after;
            count += 1;
        }
        result.push_str(rest);
        (result, count)
    }

    /// Around the first occurrence.
    fn split<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        if self.match_case {
            return text.split_once(self.find);
        }
        let find = self.find.to_lowercase();
        // Lower case may be longer than upper case, so the end of a match is searched for too.
        text.char_indices().find_map(|(start, _)| {
            let rest = text.get(start..)?;
            if !rest.to_lowercase().starts_with(&find) {
                return None;
            }
            let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
            let end = ends.into_iter().find(|end| rest.get(..*end).is_some_and(|part| part.to_lowercase() == find))?;
            Some((text.get(..start)?, rest.get(end..)?))
        })
    }
}

/// `findReplace`: answers a `FindReplaceResponse`, counts of zero left out.
pub(super) fn find_replace(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    if body.flag("searchByRegex")?.unwrap_or_default() {
        return Err(ApiError::not_played("searchByRegex"));
    }
    let find = body.text("find")?.filter(|find| !find.is_empty());
    let search = Search {
        find: find.ok_or_else(|| ApiError::invalid("find must be specified."))?,
        replacement: body.text("replacement")?.unwrap_or_default(),
        match_case: body.flag("matchCase")?.unwrap_or_default(),
        whole_cell: body.flag("matchEntireCell")?.unwrap_or_default(),
        formulas: body.flag("includeFormulas")?.unwrap_or_default(),
    };
    let year = crate::clock::now().year();
    let mut found = Found::default();
    for area in scope(book, body)? {
        found.add(replace_in(book, &area, &search, year));
    }
    let mut reply = json!({});
    let counts = [
        ("valuesChanged", found.values),
        ("formulasChanged", found.formulas),
        ("rowsChanged", found.rows),
        ("sheetsChanged", found.sheets),
        ("occurrencesChanged", found.occurrences),
    ];
    set_counts(&mut reply, &counts);
    Ok(json!({ "findReplace": reply }))
}

/// Exactly one of `range`, `sheetId` and `allSheets` says where.
fn scope(book: &Book, body: &Payload<'_>) -> Result<Vec<Area>, ApiError> {
    let range = body.object("range", GRID_RANGE)?;
    let all = body.flag("allSheets")?.unwrap_or_default();
    let whole = |tab: usize| Target { tab, span: Default::default() }.area(book);
    match (range, body.int("sheetId")?, all) {
        (Some(range), None, false) => Ok(vec![Target::of_grid_range(book, &range)?.area(book)?]),
        (None, Some(id), false) => Ok(vec![whole(grid(book, id)?)?]),
        (None, None, true) => (0..book.tabs.len()).map(whole).collect(),
        _ => Err(ApiError::invalid("Exactly one of range, sheetId or allSheets must be specified.")),
    }
}

#[derive(Default)]
struct Found {
    values: usize,
    formulas: usize,
    rows: usize,
    sheets: usize,
    occurrences: usize,
}

impl Found {
    fn add(&mut self, more: Self) {
        self.values += more.values;
        self.formulas += more.formulas;
        self.rows += more.rows;
        self.sheets += more.sheets;
        self.occurrences += more.occurrences;
    }
}

fn replace_in(book: &mut Book, area: &Area, search: &Search<'_>, year: i32) -> Found {
    let mut found = Found::default();
    let used = book.tabs.get(area.tab).map_or(0, super::book::Tab::used_rows);
    for row in area.rows.start..area.rows.end.min(used) {
        let before = found.occurrences;
        for column in area.columns.clone() {
            let slot = book.slot(area.tab, row, column);
            let formula = match &slot.content {
                Content::Empty => continue,
                Content::Formula(_) if !search.formulas => continue,
                Content::Formula(formula) => Some(formula.clone()),
                Content::Number(_) | Content::Text(_) | Content::Bool(_) => None,
            };
            let text = formula.clone().unwrap_or_else(|| book.shown(area.tab, row, column));
            let (replaced, count) = search.replaced(&text);
            if count > 0 {
                book.type_in(area.tab, row, column, &replaced, year);
                found.occurrences += count;
                *(if formula.is_some() { &mut found.formulas } else { &mut found.values }) += 1;
            }
        }
        found.rows += usize::from(found.occurrences > before);
    }
    found.sheets = usize::from(found.occurrences > 0);
    found
}
