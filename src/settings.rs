//! Reads TOML tables field by field and collects *all* problems, each with path, value, expectation and a hint.
//! Knows no section by name: sections live with what they configure.

mod secret;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;
use toml::{Table, Value};
use url::Url;

pub use self::secret::{ProcessSecrets, SecretSource};

/// One thing wrong in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingProblem {
    /// Dotted path: `shops[1].url`.
    pub path: String,
    /// What stands there, quoted; empty when nothing does. Never a secret.
    pub value: String,
    /// What must stand there.
    pub expected: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for SettingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        if self.value.is_empty() {
            write!(f, "is missing")?
        } else {
            write!(f, "is {}", self.value)?
        }
        write!(f, "; expected {}", self.expected)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "\n  hint: {}", self.hint) }
    }
}

/// What a value must be, and what to do when it is not. Both end up in the problem.
#[derive(Debug, Clone, Copy)]
pub struct Want<'a> {
    /// "a web address such as `https://shop.example`".
    pub expected: &'a str,
    /// "copy it from the browser's address bar".
    pub hint: &'a str,
}

/// Shorthand for [`Want`].
pub fn want<'a>(expected: &'a str, hint: &'a str) -> Want<'a> {
    Want { expected, hint }
}

/// One table being read. Every key that is asked for counts as known; [`Section::finish`] reports the others.
pub struct Section<'s> {
    path: String,
    table: Table,
    known: BTreeSet<String>,
    problems: Rc<RefCell<Vec<SettingProblem>>>,
    secrets: &'s dyn SecretSource,
}

impl<'s> Section<'s> {
    /// The root table.
    pub fn root(table: Table, secrets: &'s dyn SecretSource) -> Self {
        Self { path: String::new(), table, known: BTreeSet::new(), problems: Rc::default(), secrets }
    }

    /// Dotted path of a key in this table.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Report a problem with a key, for rules that look at several fields at once.
    pub fn complain(&self, key: &str, value: impl Into<String>, want: Want<'_>) {
        self.complain_at(self.path_of(key), value, want);
    }

    /// Report a problem with a dotted path that starts at the root.
    pub fn complain_at(&self, path: String, value: impl Into<String>, want: Want<'_>) {
        self.problems.borrow_mut().push(SettingProblem {
            path,
            value: value.into(),
            expected: want.expected.to_owned(),
            hint: want.hint.to_owned(),
        });
    }

    /// True when a problem with this key, or with something below it, has been reported.
    pub fn is_wrong(&self, key: &str) -> bool {
        let path = self.path_of(key);
        let is_here = |problem: &SettingProblem| {
            problem.path.strip_prefix(&path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.problems.borrow().iter().any(is_here)
    }

    /// Where the problems of this table and of all read from it are collected, also those that are still to come.
    pub fn problem_list(&self) -> Rc<RefCell<Vec<SettingProblem>>> {
        Rc::clone(&self.problems)
    }

    /// Do not report unknown keys: what is known hangs on a value that is itself wrong.
    pub fn forgive_unknown(&mut self) {
        self.known.extend(self.table.keys().cloned());
    }

    /// True when the key holds a table.
    pub fn is_table(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(Value::is_table)
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.known.insert(key.to_owned());
        self.table.get(key).cloned()
    }

    /// True when the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn read<T>(&mut self, key: &str, want: Want<'_>, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.take(key)?;
        let read = read(&value);
        if read.is_none() {
            self.complain(key, quote(&value), want);
        }
        read
    }

    fn require<T>(&mut self, key: &str, want: Want<'_>, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        if !self.has(key) {
            self.known.insert(key.to_owned());
            self.complain(key, "", want);
            return None;
        }
        self.read(key, want, read)
    }

    /// A text that must be there and not be blank.
    pub fn text(&mut self, key: &str, want: Want<'_>) -> Option<String> {
        self.require(key, want, non_blank)
    }

    /// A text that may be left out.
    pub fn text_opt(&mut self, key: &str, want: Want<'_>) -> Option<String> {
        self.read(key, want, non_blank)
    }

    /// A text with a default.
    pub fn text_or(&mut self, key: &str, default: &str, want: Want<'_>) -> String {
        self.text_opt(key, want).unwrap_or_else(|| default.to_owned())
    }

    /// A list of texts, none blank; empty when left out. A single text counts as a list of one.
    pub fn texts(&mut self, key: &str, want: Want<'_>) -> Vec<String> {
        self.read(key, want, |value| match value {
            Value::Array(items) => items.iter().map(non_blank).collect(),
            other => non_blank(other).map(|text| vec![text]),
        })
        .unwrap_or_default()
    }

    /// A list whose items are texts or lists of texts; a text counts as a list of one. Empty when left out.
    pub fn text_lists(&mut self, key: &str, want: Want<'_>) -> Vec<Vec<String>> {
        let one = |value: &Value| match value {
            Value::Array(items) => items.iter().map(non_blank).collect::<Option<Vec<String>>>(),
            other => non_blank(other).map(|text| vec![text]),
        };
        self.read(key, want, |value| value.as_array()?.iter().map(one).collect()).unwrap_or_default()
    }

    /// A whole number within bounds (inclusive), with a default.
    pub fn int_or(&mut self, key: &str, default: i64, bounds: std::ops::RangeInclusive<i64>, hint: &str) -> i64 {
        let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        self.read(key, want(&expected, hint), |value| value.as_integer().filter(|number| bounds.contains(number)))
            .unwrap_or(default)
    }

    /// A number of seconds, fractions allowed, within bounds, with a default.
    pub fn secs_or(&mut self, key: &str, default: f64, bounds: std::ops::RangeInclusive<f64>, hint: &str) -> Duration {
        let expected = format!("a number of seconds from {} to {}", bounds.start(), bounds.end());
        let secs = self.read(key, want(&expected, hint), |value| {
            let secs = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))?;
            bounds.contains(&secs).then_some(secs)
        });
        Duration::from_secs_f64(secs.unwrap_or(default))
    }

    /// A yes or no with a default.
    pub fn flag_or(&mut self, key: &str, default: bool, hint: &str) -> bool {
        self.read(key, want("true or false", hint), Value::as_bool).unwrap_or(default)
    }

    /// An http or https address without a user, a query or a fragment.
    pub fn url(&mut self, key: &str, want: Want<'_>) -> Option<Url> {
        if !self.has(key) {
            self.known.insert(key.to_owned());
            self.complain(key, "", want);
        }
        self.url_opt(key, want)
    }

    /// An http or https address that may be left out.
    pub fn url_opt(&mut self, key: &str, want: Want<'_>) -> Option<Url> {
        let value = self.take(key)?;
        let url = web_address(&value);
        if url.is_none() {
            // People paste addresses with a password or a key in them.
            let is_open = value.as_str().is_none_or(|text| !text.contains(['@', '?', '#']));
            self.complain(key, if is_open { quote(&value) } else { HIDDEN_URL.to_owned() }, want);
        }
        url
    }

    /// One of several words, with a default.
    pub fn choice_or<T: Copy>(&mut self, key: &str, default: T, choices: &[(&str, T)], hint: &str) -> T {
        self.choice_opt(key, choices, hint).unwrap_or(default)
    }

    /// One of several words; `None` when left out or wrong.
    pub fn choice_opt<T: Copy>(&mut self, key: &str, choices: &[(&str, T)], hint: &str) -> Option<T> {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let expected = format!("one of {}", names.join(", "));
        let pick = |value: &Value| {
            let text = value.as_str()?;
            choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice)
        };
        self.read(key, want(&expected, hint), pick)
    }

    /// A table that may be left out.
    pub fn section(&mut self, key: &str) -> Option<Section<'s>> {
        let value = self.take(key)?;
        let path = self.path_of(key);
        match value {
            Value::Table(table) => Some(self.below(path, table)),
            other => {
                self.complain(key, quote(&other), want("a table", ""));
                None
            }
        }
    }

    /// An array of at least one table.
    pub fn sections(&mut self, key: &str) -> Vec<Section<'s>> {
        let expected = format!("at least one [[{}]] table", self.path_of(key));
        let form = want(&expected, "config.example.toml shows one");
        let items = match self.take(key) {
            Some(Value::Array(items)) if !items.is_empty() => items,
            found => {
                self.complain(key, found.map_or_else(String::new, |value| quote(&value)), form);
                return Vec::new();
            }
        };
        let mut sections = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::Table(table) => sections.push(self.below(format!("{}[{index}]", self.path_of(key)), table)),
                other => self.complain(&format!("{key}[{index}]"), quote(&other), want("a table", "")),
            }
        }
        sections
    }

    /// The keys that are there, for tables whose keys are names (`[stock] main = "Stock"`).
    pub fn keys(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    fn below(&self, path: String, table: Table) -> Section<'s> {
        Section { path, table, known: BTreeSet::new(), problems: Rc::clone(&self.problems), secrets: self.secrets }
    }

    /// Report keys that nobody asked for, with the nearest known one as a hint.
    pub fn finish(self) {
        for key in self.table.keys().filter(|key| !self.known.contains(*key)) {
            let near = self.known.iter().map(|known| (distance(key, known), known)).min();
            let hint = match near {
                Some((far, known)) if far <= 3 && far < known.len() => format!("did you mean \"{known}\"?"),
                _ => "remove it; config.example.toml explains every key".to_owned(),
            };
            let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
            self.complain(key, "not a known key", want(&format!("one of {}", known.join(", ")), &hint));
        }
    }
}

const HIDDEN_URL: &str = "an address with a log-in or parameters in it (not shown)";

fn non_blank(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn web_address(value: &Value) -> Option<Url> {
    let url: Url = value.as_str()?.trim().parse().ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_plain = url.username().is_empty() && url.password().is_none();
    (is_web && is_plain && url.query().is_none() && url.fragment().is_none()).then_some(url)
}

/// A value for a message. What stands inside of a table or list is not shown: it may hold secrets, since such a value
/// in the wrong place is often a whole shop, written with one bracket too few.
fn quote(value: &Value) -> String {
    let text = match value {
        Value::Table(_) => "a table (not shown)".to_owned(),
        Value::Array(items) if !items.is_empty() => "a list (not shown)".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() <= 60 { text } else { text.chars().take(59).chain(['…']).collect() }
}

/// Edit distance, for "did you mean". Keys are short.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replace = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
