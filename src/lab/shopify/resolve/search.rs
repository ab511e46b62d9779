//! Search queries: `sku:'A 1' OR sku:B`, `updated_at:>='2026-11-20T00:00:00Z'`, `-status:archived`, `(…)`.
//! <https://shopify.dev/docs/api/usage/search-syntax>. As with the real index, letter case does not count and a field that
//! is not known is ignored, with a warning.

use std::collections::HashSet;

use super::facts::{Fact, Facts};
use crate::clock::Time;

#[derive(Debug, PartialEq)]
enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Term { field: Option<String>, compare: Compare, value: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Is,
    Least,
    Most,
    Over,
    Under,
}

/// A parsed query.
#[derive(Debug, PartialEq)]
pub struct Query(Expr);

impl Query {
    /// Parse. Whatever is wrong with a query, the real one makes the best of it; so does this.
    pub fn parse(text: &str) -> Self {
        let tokens = tokens(text);
        let mut rest = tokens.as_slice();
        Self(any(&mut rest))
    }

    /// True for entries that match.
    pub(super) fn matches(&self, facts: &Facts<'_>) -> bool {
        matches(&self.0, facts)
    }

    /// SKUs, in lower case, of which an entry must have one to match; `None` when other entries match too. Lets a query
    /// for hundreds of SKUs be answered without trying each term on each entry.
    pub fn skus(&self) -> Option<HashSet<String>> {
        skus(&self.0)
    }

    /// Fields that are asked for, with the values.
    pub fn terms(&self) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        collect(&self.0, &mut found);
        found
    }
}

fn skus(expr: &Expr) -> Option<HashSet<String>> {
    match expr {
        Expr::Term { field: Some(field), compare: Compare::Is, value } if field == "sku" && !value.ends_with('*') => {
            Some(HashSet::from([value.to_lowercase()]))
        }
        Expr::All(parts) => parts.iter().find_map(skus),
        Expr::Any(parts) => parts.iter().map(skus).try_fold(HashSet::new(), |mut all, one| {
            all.extend(one?);
            Some(all)
        }),
        Expr::Not(_) | Expr::Term { .. } => None,
    }
}

fn collect<'a>(expr: &'a Expr, found: &mut Vec<(&'a str, &'a str)>) {
    match expr {
        Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|part| collect(part, found)),
        Expr::Not(part) => collect(part, found),
        Expr::Term { field: Some(field), value, .. } => found.push((field, value)),
        Expr::Term { field: None, .. } => {}
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Or,
    And,
    Not,
    Term { field: Option<String>, compare: Compare, value: String },
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&next) = chars.peek() {
        match next {
            c if c.is_whitespace() => {
                chars.next();
            }
            '(' => {
                chars.next();
                found.push(Token::Open);
            }
            ')' => {
                chars.next();
                found.push(Token::Close);
            }
            '-' => {
                chars.next();
                found.push(Token::Not);
            }
            _ => found.push(term(&mut chars)),
        }
    }
    found
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn term(chars: &mut Chars<'_>) -> Token {
    let (word, quoted) = word(chars, true);
    if chars.peek() == Some(&':') && !quoted {
        chars.next();
        let mut sign = String::new();
        while let Some(c) = chars.next_if(|c| matches!(c, '<' | '>' | '=')) {
            sign.push(c);
        }
        let compare = match sign.as_str() {
            ">=" => Compare::Least,
            "<=" => Compare::Most,
            ">" => Compare::Over,
            "<" => Compare::Under,
            _ => Compare::Is,
        };
        let (value, _) = self::word(chars, false);
        return Token::Term { field: Some(word), compare, value };
    }
    match word.as_str() {
        "OR" if !quoted => Token::Or,
        "AND" if !quoted => Token::And,
        "NOT" if !quoted => Token::Not,
        _ => Token::Term { field: None, compare: Compare::Is, value: word },
    }
}

/// A word and whether it was quoted; a field name ends at its colon.
fn word(chars: &mut Chars<'_>, field: bool) -> (String, bool) {
    let mut word = String::new();
    if let Some(quote) = chars.next_if(|c| matches!(c, '\'' | '"')) {
        while let Some(c) = chars.next() {
            match c {
                '\\' => word.extend(chars.next()),
                c if c == quote => break,
                c => word.push(c),
            }
        }
        return (word, true);
    }
    while let Some(c) = chars.next_if(|c| !ends_word(*c, field)) {
        match c {
            '\\' => word.extend(chars.next()),
            c => word.push(c),
        }
    }
    (word, false)
}

fn ends_word(c: char, field: bool) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')') || (field && c == ':')
}

fn any(rest: &mut &[Token]) -> Expr {
    let mut parts = vec![all(rest)];
    while let [Token::Or, more @ ..] = rest {
        *rest = more;
        parts.push(all(rest));
    }
    Expr::Any(parts)
}

fn all(rest: &mut &[Token]) -> Expr {
    let mut parts = Vec::new();
    loop {
        match rest {
            [Token::And, more @ ..] => *rest = more,
            [Token::Or | Token::Close, ..] | [] => return Expr::All(parts),
            _ => parts.push(atom(rest)),
        }
    }
}

fn atom(rest: &mut &[Token]) -> Expr {
    match rest {
        [Token::Not, more @ ..] => {
            *rest = more;
            Expr::Not(Box::new(atom(rest)))
        }
        [Token::Open, more @ ..] => {
            *rest = more;
            let inner = any(rest);
            if let [Token::Close, more @ ..] = rest {
                *rest = more;
            }
            inner
        }
        [Token::Term { field, compare, value }, more @ ..] => {
            *rest = more;
            Expr::Term { field: field.clone(), compare: *compare, value: value.clone() }
        }
        _ => Expr::All(Vec::new()),
    }
}

fn matches(expr: &Expr, facts: &Facts<'_>) -> bool {
    match expr {
        Expr::All(parts) => parts.iter().all(|part| matches(part, facts)),
        Expr::Any(parts) => parts.iter().any(|part| matches(part, facts)),
        Expr::Not(part) => !matches(part, facts),
        Expr::Term { field: None, value, .. } => {
            let value = value.to_lowercase();
            facts.texts().iter().any(|text| text.to_lowercase().contains(&value))
        }
        Expr::Term { field: Some(field), compare, value } => match facts.values(field) {
            // `product_ids:1,2` is a list; no other value is.
            Some(values) if field.ends_with("_ids") => {
                value.split(',').any(|one| values.iter().any(|fact| fact_matches(fact, *compare, one)))
            }
            Some(values) => values.iter().any(|fact| fact_matches(fact, *compare, value)),
            None => true,
        },
    }
}

fn fact_matches(fact: &Fact, compare: Compare, value: &str) -> bool {
    let ordered = match fact {
        Fact::Text(text) => return text_matches(text, value),
        Fact::Number(number) => value.parse::<i64>().ok().map(|value| number.cmp(&value)),
        Fact::At(at) => moment(value).map(|value| at.timestamp().cmp(&value.timestamp())),
    };
    ordered.is_some_and(|order| match compare {
        Compare::Is => order.is_eq(),
        Compare::Least => order.is_ge(),
        Compare::Most => order.is_le(),
        Compare::Over => order.is_gt(),
        Compare::Under => order.is_lt(),
    })
}

fn text_matches(text: &str, value: &str) -> bool {
    let (text, value) = (text.to_lowercase(), value.to_lowercase());
    match value.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == value,
    }
}

fn moment(text: &str) -> Option<Time> {
    if let Ok(at) = text.parse::<Time>() {
        return Some(at);
    }
    let day = text.parse::<chrono::NaiveDate>().ok()?;
    day.and_hms_opt(0, 0, 0).map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expect: &[(Option<&str>, Compare, &str)]) {
        let found: Vec<_> = tokens(query)
            .into_iter()
            .filter_map(|token| {
                if let Token::Term { field, compare, value } = token { Some((field, compare, value)) } else { None }
            })
            .collect();
        let expect: Vec<_> = expect
            .iter()
            .map(|(field, compare, value)| (field.map(str::to_owned), *compare, (*value).to_owned()))
            .collect();
        assert_eq!(found, expect, "{query}");
    }

    #[test]
    fn terms_are_read() {
        check("sku:A-1", &[(Some("sku"), Compare::Is, "A-1")]);
        check(r#"sku:"A \"1\" (b)""#, &[(Some("sku"), Compare::Is, r#"A "1" (b)"#)]);
        check(r"sku:A\ 1", &[(Some("sku"), Compare::Is, "A 1")]);
        check("updated_at:>='2026-11-20T00:00:00Z'", &[(Some("updated_at"), Compare::Least, "2026-11-20T00:00:00Z")]);
        check("shirt vendor:'OR'", &[(None, Compare::Is, "shirt"), (Some("vendor"), Compare::Is, "OR")]);
    }

    #[test]
    fn or_binds_less_than_and() {
        let Query(Expr::Any(parts)) = Query::parse("sku:A OR (sku:B AND -status:draft)") else { unreachable!() };
        assert_eq!(parts.len(), 2);
        assert_eq!(Query::parse("sku:A OR (sku:B -status:draft)").terms().len(), 3);
    }

    #[test]
    fn lists_of_skus_are_seen() {
        let check = |query: &str, expect: Option<&[&str]>| {
            let expect = expect.map(|skus| skus.iter().map(|sku| (*sku).to_owned()).collect());
            assert_eq!(Query::parse(query).skus(), expect, "{query}");
        };
        check("sku:A OR sku:'B 1'", Some(&["a", "b 1"]));
        check("sku:A status:active", Some(&["a"]));
        check("(sku:A OR sku:B) updated_at:>2026", Some(&["a", "b"]));
        check("sku:A OR title:B", None);
        check("sku:A*", None);
        check("-sku:A", None);
        check("", None);
    }

    #[test]
    fn values_compare_by_their_kind() {
        let at = |text: &str| Fact::At(text.parse().unwrap());
        let cases = [
            (Fact::Text("Ab".into()), Compare::Is, "aB", true),
            (Fact::Text("Abc".into()), Compare::Is, "ab*", true),
            (Fact::Text("Abc".into()), Compare::Is, "ab", false),
            (Fact::Number(5), Compare::Least, "5", true),
            (Fact::Number(5), Compare::Over, "5", false),
            (at("2026-11-20T10:00:00Z"), Compare::Most, "2026-11-20T10:00:00Z", true),
            (at("2026-11-20T10:00:00Z"), Compare::Under, "2026-11-20", false),
        ];
        for (index, (fact, compare, value, expect)) in cases.iter().enumerate() {
            assert_eq!(fact_matches(fact, *compare, value), *expect, "case {index}");
        }
    }
}
