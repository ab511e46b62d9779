//! PHP's own ways that show through WordPress: query strings with arrays, URL coding, JSON escapes, text cleaning.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};

/// What `rawurlencode` leaves alone (RFC 3986 unreserved).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// `rawurlencode`.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// `urldecode`: a plus is a space.
pub(super) fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// One value of a query string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Param {
    /// `a=1`.
    Text(String),
    /// `a[]=1&a[x]=2`, with PHP's keys.
    List(Vec<(String, Param)>),
}

/// A query string or form body, read as PHP's `parse_str` reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Params(Vec<(String, Param)>);

impl Params {
    pub(super) fn parse(query: &str) -> Self {
        let mut params = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (base, keys) = split_name(&decode(name));
            insert(&mut params.0, base, &keys, decode(value));
        }
        params
    }

    /// Set a plain value; a later one wins.
    pub(super) fn set(&mut self, name: &str, value: String) {
        insert(&mut self.0, name.to_owned(), &[], value);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| key != name);
    }

    pub(super) fn extend(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            self.remove(name);
            self.0.push((name.clone(), value.clone()));
        }
    }

    /// A plain value.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(key, value)| match value {
            Param::Text(text) if key == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// A plain value that is not empty.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A yes, as WordPress reads one.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| matches!(text.to_lowercase().as_str(), "true" | "1"))
    }

    /// A list: an array, or a comma list.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let split = |text: &str| -> Vec<String> {
            text.split([',', ' ']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        match self.0.iter().find(|(key, _)| key == name) {
            Some((_, Param::Text(text))) => split(text),
            Some((_, Param::List(items))) => items
                .iter()
                .filter_map(|(_, item)| match item {
                    Param::Text(text) => Some(text.clone()),
                    Param::List(_) => None,
                })
                .collect(),
            None => Vec::new(),
        }
    }

    /// The parameter part of an OAuth signature base string as WooCommerce builds it: top-level keys in byte order,
    /// arrays in the order they came.
    pub(super) fn signature_base(&self) -> String {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut pairs = Vec::new();
        for (name, value) in sorted {
            sign_pairs(&encode(name), value, &mut pairs);
        }
        pairs.join("%26")
    }

    /// Back to a query string.
    pub(super) fn query(&self) -> String {
        let mut pairs = Vec::new();
        for (name, value) in &self.0 {
            query_pairs(&encode(name), value, &mut pairs);
        }
        pairs.join("&")
    }

    /// The same as `add_query_arg` codes it: a space is a plus.
    pub(super) fn link_query(&self) -> String {
        self.query().replace("%20", "+").replace('~', "%7E")
    }

    /// A form body as a request body: every leaf is a string.
    pub(super) fn into_json(self) -> Map<String, Value> {
        fn json(param: Param) -> Value {
            match param {
                Param::Text(text) => Value::String(text),
                Param::List(items) => items.into_iter().map(|(key, item)| (key, json(item))).collect(),
            }
        }
        self.0.into_iter().map(|(key, value)| (key, json(value))).collect()
    }
}

fn split_name(name: &str) -> (String, Vec<String>) {
    let (base, rest) = match name.find('[') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    };
    let keys = rest.split('[').skip(1).map(|part| part.split(']').next().unwrap_or_default().to_owned()).collect();
    (base.replace([' ', '.'], "_"), keys)
}

fn insert(into: &mut Vec<(String, Param)>, name: String, keys: &[String], value: String) {
    let name = if name.is_empty() { into.len().to_string() } else { name };
    let at = into.iter().position(|(key, _)| *key == name);
    let Some((next, rest)) = keys.split_first() else {
        match at.and_then(|at| into.get_mut(at)) {
            Some((_, old)) => *old = Param::Text(value),
            None => into.push((name, Param::Text(value))),
        }
        return;
    };
    match at.and_then(|at| into.get_mut(at)) {
        Some((_, Param::List(items))) => insert(items, next.clone(), rest, value),
        Some((_, old)) => {
            let mut items = Vec::new();
            insert(&mut items, next.clone(), rest, value);
            *old = Param::List(items);
        }
        None => {
            let mut items = Vec::new();
            insert(&mut items, next.clone(), rest, value);
            into.push((name, Param::List(items)));
        }
    }
}

fn sign_pairs(key: &str, value: &Param, pairs: &mut Vec<String>) {
    match value {
        Param::Text(text) => pairs.push(encode(&format!("{key}={}", encode(text)))),
        Param::List(items) => {
            for (sub, item) in items {
                sign_pairs(&format!("{key}%5B{sub}%5D"), item, pairs);
            }
        }
    }
}

fn query_pairs(key: &str, value: &Param, pairs: &mut Vec<String>) {
    match value {
        Param::Text(text) => pairs.push(format!("{key}={}", encode(text))),
        Param::List(items) => {
            for (sub, item) in items {
                query_pairs(&format!("{key}%5B{}%5D", encode(sub)), item, pairs);
            }
        }
    }
}

/// JSON as PHP's `json_encode` writes it: `\/` for a slash, `\u00e9` for all that is not ASCII.
pub(super) fn json(value: &Value) -> String {
    use std::fmt::Write as _;
    let plain = value.to_string();
    let mut out = String::with_capacity(plain.len() + plain.len() / 8);
    for letter in plain.chars() {
        match letter {
            // In JSON text a slash stands inside strings only.
            '/' => out.push_str("\\/"),
            letter if letter.is_ascii() => out.push(letter),
            letter => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out
}

/// WordPress' `sanitize_text_field`: no tags, no percent-coded bytes, white space collapsed.
pub(super) fn clean(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut in_tag = false;
    for letter in text.chars() {
        match letter {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            _ if in_tag => {}
            _ => bare.push(letter),
        }
    }
    let mut rest = bare.as_str();
    let mut kept = String::with_capacity(bare.len());
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        let coded = from.get(1..3).is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let (taken, after) = from.split_at(if coded { 3 } else { 1 });
        kept.push_str(if coded { "" } else { taken });
        rest = after;
    }
    kept.push_str(rest);
    collapse(&kept)
}

/// White space collapsed to single spaces and trimmed.
pub(super) fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A post title after WordPress' HTML filter: a bare `&` becomes an entity.
pub(super) fn title(text: &str) -> String {
    let text = collapse(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let name = from.get(1..).and_then(|tail| tail.split_once(';')).map_or("", |(name, _)| name);
        let entity = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#');
        out.push_str(if entity { "&" } else { "&amp;" });
        rest = from.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// `wp_specialchars_decode` with quotes: what a shopper sees of a title, and what a webhook secret becomes.
pub(super) fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#039;", "'").replace("&amp;", "&")
}

/// A slug as `sanitize_title` makes it.
pub(super) fn slug(text: &str) -> String {
    let mut out = String::new();
    for letter in unescape(text).to_lowercase().chars() {
        match letter {
            letter if letter.is_alphanumeric() || letter == '_' => out.push(letter),
            ' ' | '-' | '.' | '/' if !out.is_empty() && !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    out.trim_end_matches('-').to_owned()
}

/// A text as the site shows it: paragraphs in `<p>`, single line breaks as `<br />`.
pub(super) fn paragraphs(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    if text.starts_with('<') {
        return format!("{text}\n");
    }
    text.split("\n\n").map(|part| format!("<p>{}</p>\n", part.trim().replace('\n', "<br />\n"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_strings_become_php_arrays() {
        let check = |query: &str, expect: &str| assert_eq!(Params::parse(query).query(), expect, "{query}");
        check("a=1&b=x+y", "a=1&b=x%20y");
        check("a=1&a=2", "a=2");
        check("include[]=7&include[]=9", "include%5B0%5D=7&include%5B1%5D=9");
        check("q%5Bx%5D%5By%5D=1", "q%5Bx%5D%5By%5D=1");
        check("a.b=1", "a_b=1");
        assert_eq!(Params::parse("include=1,2,3").list("include"), ["1", "2", "3"]);
        assert_eq!(Params::parse("include[]=1&include[]=2").list("include"), ["1", "2"]);
    }

    #[test]
    fn signature_base_codes_twice_and_sorts() {
        let check = |query: &str, expect: &str| assert_eq!(Params::parse(query).signature_base(), expect, "{query}");
        check("b=2&a=1", "a%3D1%26b%3D2");
        check("sku=A+B%2C%C3%A9", "sku%3DA%2520B%252C%25C3%25A9");
        check("include[0]=1&exclude=2", "exclude%3D2%26include%255B0%255D%3D1");
    }

    #[test]
    fn text_is_cleaned() {
        let check = |input: &str, expect: &str| assert_eq!(clean(input), expect, "{input}");
        check("  A \t B\n", "A B");
        check("<b>Cup</b>", "Cup");
        check("50%20off 100%", "50off 100%");
        assert_eq!(title("Salt & Pepper &amp; more  x"), "Salt &amp; Pepper &amp; more x");
        assert_eq!(unescape("&amp;lt;"), "&lt;");
        assert_eq!(slug("Tasse “Große” / 2 L"), "tasse-große-2-l");
        assert_eq!(paragraphs("a\nb\n\nc"), "<p>a<br />\nb</p>\n<p>c</p>\n");
    }

    #[test]
    fn json_is_escaped_like_php() {
        let value = serde_json::json!({"u": "http://x/é😀"});
        assert_eq!(json(&value), r#"{"u":"http:\/\/x\/\u00e9\ud83d\ude00"}"#);
        assert_eq!(serde_json::from_str::<Value>(&json(&value)).unwrap(), value);
    }
}
