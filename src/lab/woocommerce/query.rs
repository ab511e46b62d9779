//! List parameters, their validation, sorting and paging, and `_fields`.

use chrono::{DateTime, NaiveDateTime};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::answer::{Answer, Invalid, Refusal};
use super::php::Params;
use super::world::{World, local};
use crate::clock::Time;

/// Page sizes beyond this are refused; the API's own limit.
const MAX_PER_PAGE: u64 = 100;
/// Page size when none is asked for; the API's own default.
const DEFAULT_PER_PAGE: u64 = 10;

/// What every collection understands.
#[derive(Debug)]
pub(super) struct ListQuery {
    page: u64,
    per_page: u64,
    offset: Option<u64>,
    include: Vec<u64>,
    exclude: Vec<u64>,
    descending: bool,
    orderby: String,
    search: String,
    after: Option<NaiveDateTime>,
    before: Option<NaiveDateTime>,
    modified_after: Option<NaiveDateTime>,
    modified_before: Option<NaiveDateTime>,
    gmt: bool,
}

/// What can be listed.
pub(super) trait Listed {
    fn key(&self) -> Key<'_>;

    /// Is this word, in lower case, in what a search looks through?
    fn mentions(&self, word: &str) -> bool {
        self.key().title.to_lowercase().contains(word)
    }
}

/// What of an object a collection filters and sorts by.
pub(super) struct Key<'a> {
    pub(super) id: u64,
    pub(super) title: &'a str,
    pub(super) slug: &'a str,
    pub(super) created: Time,
    pub(super) modified: Time,
}

impl ListQuery {
    /// Read and validate. `orderbys`: what this collection can be sorted by. Further problems may already be in `invalid`.
    pub(super) fn read(params: &Params, orderbys: &[&str], invalid: Invalid) -> Result<Self, Refusal> {
        Self::read_with(params, orderbys, ("date", "desc"), invalid)
    }

    /// The same for a collection with an order of its own.
    pub(super) fn read_with(
        params: &Params,
        orderbys: &[&str],
        (orderby, order): (&str, &str),
        mut invalid: Invalid,
    ) -> Result<Self, Refusal> {
        let page = number(params, "page", 1, &mut invalid).unwrap_or(1);
        let per_page = number(params, "per_page", 1, &mut invalid).unwrap_or(DEFAULT_PER_PAGE);
        if per_page > MAX_PER_PAGE {
            out_of_page(&mut invalid);
        }
        let order = params.text("order").unwrap_or(order);
        if !["asc", "desc"].contains(&order) {
            invalid.choice("order", &["asc", "desc"]);
        }
        let orderby = params.text("orderby").unwrap_or(orderby);
        if !orderbys.contains(&orderby) {
            invalid.choice("orderby", orderbys);
        }
        let mut date = |name: &str| {
            let text = params.filled(name)?;
            let parsed = site_date(text);
            if parsed.is_none() {
                invalid.add(name, "rest_invalid_date", "Invalid date.".to_owned());
            }
            parsed
        };
        let (after, before) = (date("after"), date("before"));
        let (modified_after, modified_before) = (date("modified_after"), date("modified_before"));
        let offset = number(params, "offset", 0, &mut invalid);
        invalid.into_result()?;
        // What is no id becomes 0, which nothing has.
        let ids = |name: &str| params.list(name).iter().map(|id| id.trim().parse().unwrap_or_default()).collect();
        Ok(Self {
            page,
            per_page,
            offset,
            include: ids("include"),
            exclude: ids("exclude"),
            descending: order == "desc",
            orderby: orderby.to_owned(),
            search: params.text("search").unwrap_or_default().to_lowercase(),
            after,
            before,
            modified_after,
            modified_before,
            gmt: params.flag("dates_are_gmt"),
        })
    }

    fn wants(&self, key: &Key<'_>) -> bool {
        // Dates are compared as the database holds them: whole seconds, strictly after or before.
        let moment = |time: Time| if self.gmt { time.naive_utc() } else { local(time) };
        let (created, modified) = (moment(key.created), moment(key.modified));
        (self.include.is_empty() || self.include.contains(&key.id))
            && !self.exclude.contains(&key.id)
            && self.after.is_none_or(|after| created > after)
            && self.before.is_none_or(|before| created < before)
            && self.modified_after.is_none_or(|after| modified > after)
            && self.modified_before.is_none_or(|before| modified < before)
    }

    /// Filter, sort and cut to the page: the page and the number of all.
    pub(super) fn select<'a, T: Listed>(&self, items: impl Iterator<Item = &'a T>) -> (Vec<&'a T>, u64) {
        self.select_by(items, |_, _| None)
    }

    /// The same; `rank` gives a number for what else a collection can be sorted by.
    pub(super) fn select_by<'a, T: Listed>(
        &self,
        items: impl Iterator<Item = &'a T>,
        rank: impl Fn(&T, &str) -> Option<Decimal>,
    ) -> (Vec<&'a T>, u64) {
        let searched = |item: &&T| self.search.split_whitespace().all(|word| item.mentions(word));
        let wanted = items.filter(searched).map(|item| (item.key(), item)).filter(|(key, _)| self.wants(key));
        let mut all: Vec<(Key<'a>, &'a T, Option<Decimal>)> =
            wanted.map(|(key, item)| (key, item, rank(item, &self.orderby))).collect();
        all.sort_by(|(a, _, a_rank), (b, _, b_rank)| {
            let order = match self.orderby.as_str() {
                "date" => a.created.cmp(&b.created),
                "modified" => a.modified.cmp(&b.modified),
                "title" | "name" => a.title.to_lowercase().cmp(&b.title.to_lowercase()),
                "slug" => a.slug.cmp(b.slug),
                "include" => {
                    let place = |id: u64| self.include.iter().position(|wanted| *wanted == id);
                    return place(a.id).cmp(&place(b.id));
                }
                _ => a_rank.cmp(b_rank),
            };
            let order = order.then(a.id.cmp(&b.id));
            if self.descending { order.reverse() } else { order }
        });
        let total = all.len() as u64;
        let skip = self.offset.unwrap_or((self.page - 1) * self.per_page);
        let page = all.into_iter().map(|(_, item, _)| item);
        (page.skip(skip as usize).take(self.per_page as usize).collect(), total)
    }

    /// The answer to a list call; `path` below `/wp-json/wc/v3`.
    pub(super) fn answer(&self, world: &World, path: &str, params: &Params, items: Vec<Value>, total: u64) -> Answer {
        let pages = total.div_ceil(self.per_page);
        let link = |page: u64, rel: &str| {
            let mut params = params.clone();
            params.set("page", page.to_string());
            format!("<{}?{}>; rel=\"{rel}\"", world.api(path), params.link_query())
        };
        let mut links = Vec::new();
        if self.page > 1 {
            links.push(link((self.page - 1).min(pages), "prev"));
        }
        if pages > self.page {
            links.push(link(self.page + 1, "next"));
        }
        let mut answer = Answer::ok(Value::Array(items));
        answer.headers.push(("x-wp-total", total.to_string()));
        answer.headers.push(("x-wp-totalpages", pages.to_string()));
        if !links.is_empty() {
            answer.headers.push(("link", links.join(", ")));
        }
        answer
    }
}

fn out_of_page(invalid: &mut Invalid) {
    let message = "per_page must be between 1 (inclusive) and 100 (inclusive)";
    invalid.add("per_page", "rest_out_of_bounds", message.to_owned());
}

fn number(params: &Params, name: &str, least: u64, invalid: &mut Invalid) -> Option<u64> {
    let text = params.text(name)?;
    match text.parse::<i64>() {
        Err(_) => invalid.type_of(name, "integer"),
        Ok(number) if number >= 0 && number.unsigned_abs() >= least => return Some(number.unsigned_abs()),
        Ok(_) if name == "per_page" => out_of_page(invalid),
        Ok(_) if name == "offset" => return Some(0),
        Ok(_) => {
            let message = format!("{name} must be greater than or equal to {least}");
            invalid.add(name, "rest_out_of_bounds", message);
        }
    }
    None
}

/// A date parameter in the site's time. Without a zone it stands as written, and is then compared with the GMT column
/// when `dates_are_gmt` says so; with one it is first brought into the site's zone, also then (WordPress'
/// `WP_Date_Query`).
fn site_date(text: &str) -> Option<NaiveDateTime> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(local(instant.to_utc()));
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()
}

/// Cut an answer to `_fields`: names, with dots into objects (not into lists, as in WordPress).
pub(super) fn cut_fields(params: &Params, body: Value) -> Value {
    let fields = params.list("_fields");
    if fields.is_empty() {
        return body;
    }
    match body {
        Value::Array(items) => items.into_iter().map(|item| cut(item, &fields)).collect(),
        item => cut(item, &fields),
    }
}

fn cut(item: Value, fields: &[String]) -> Value {
    let Value::Object(mut object) = item else { return item };
    let mut kept = Map::new();
    for field in fields {
        match field.split_once('.') {
            None => kept.extend(object.remove_entry(field)),
            Some((outer, inner)) => match object.get(outer) {
                Some(value @ Value::Object(_)) => {
                    let part = cut(value.clone(), &[inner.to_owned()]);
                    let into = kept.entry(outer).or_insert_with(|| Value::Object(Map::new()));
                    if let (Value::Object(into), Value::Object(part)) = (into, part) {
                        into.extend(part);
                    }
                }
                Some(Value::Array(_)) => {
                    kept.insert(outer.to_owned(), Value::Array(Vec::new()));
                }
                _ => {}
            },
        }
    }
    Value::Object(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_parameters_are_refused_together() {
        let check = |query: &str, expect: Option<&str>| {
            let read = ListQuery::read(&Params::parse(query), &["date", "id"], Invalid::default());
            assert_eq!(read.err().map(|refusal| refusal.message).as_deref(), expect, "{query}");
        };
        check("per_page=100&page=2&order=asc&orderby=id", None);
        check("per_page=101", Some("Invalid parameter(s): per_page"));
        check("per_page=0&page=0", Some("Invalid parameter(s): page, per_page"));
        check("page=x", Some("Invalid parameter(s): page"));
        check("orderby=weight&order=up", Some("Invalid parameter(s): order, orderby"));
        check("modified_after=yesterday", Some("Invalid parameter(s): modified_after"));
        check("modified_after=2026-01-01T00:00:00", None);
    }

    #[test]
    fn dates_are_site_time_unless_without_zone() {
        let check = |text: &str, expect: Option<&str>| {
            let parsed = site_date(text).map(|date| date.to_string());
            assert_eq!(parsed.as_deref(), expect, "{text}");
        };
        check("2026-01-01T10:00:00", Some("2026-01-01 10:00:00"));
        check("2026-01-01T10:00:00Z", Some("2026-01-01 12:00:00"));
        check("2026-01-01T10:00:00+02:00", Some("2026-01-01 10:00:00"));
        check("2026-01-01", None);
    }

    #[test]
    fn fields_reach_into_objects_only() {
        let body = serde_json::json!([{"id": 1, "a": {"b": 1, "c": 2}, "l": [{"x": 1}], "z": 0}]);
        let cut = cut_fields(&Params::parse("_fields=id,a.b,l.x"), body);
        assert_eq!(cut, serde_json::json!([{"id": 1, "a": {"b": 1}, "l": []}]));
    }
}
