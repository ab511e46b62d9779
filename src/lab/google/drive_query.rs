//! The search language of Drive's `files.list`: `name contains 'x' and (trashed = false or not starred)`.

use serde_json::Value as Json;

/// One word of a query.
#[derive(Debug, Clone, PartialEq)]
enum Word {
    /// A name, an operator, a bracket.
    Plain(String),
    /// A text in quotes.
    Quoted(String),
}

fn words(query: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut chars = query.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '\'' | '"' => {
                let mut text = String::new();
                loop {
                    match chars.next()? {
                        '\\' => text.push(chars.next()?),
                        end if end == c => break,
                        other => text.push(other),
                    }
                }
                words.push(Word::Quoted(text));
            }
            '(' | ')' => words.push(Word::Plain(c.to_string())),
            '=' | '!' | '<' | '>' => {
                let mut operator = c.to_string();
                if chars.peek() == Some(&'=') {
                    operator.extend(chars.next());
                }
                words.push(Word::Plain(operator));
            }
            c => {
                let mut name = c.to_string();
                while let Some(more) = chars.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':')) {
                    name.push(more);
                }
                words.push(Word::Plain(name));
            }
        }
    }
    Some(words)
}

/// Does a file match? `None`: the query cannot be read.
pub(super) fn matches(query: &str, file: &Json) -> Option<bool> {
    let words = words(query)?;
    let mut reader = Reader { words: &words, file };
    if words.is_empty() {
        return Some(true);
    }
    let found = reader.any()?;
    reader.words.is_empty().then_some(found)
}

struct Reader<'a> {
    words: &'a [Word],
    file: &'a Json,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a Word> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn eat(&mut self, name: &str) -> bool {
        match self.words {
            [Word::Plain(word), rest @ ..] if word.eq_ignore_ascii_case(name) => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }

    fn any(&mut self) -> Option<bool> {
        let mut found = self.all()?;
        while self.eat("or") {
            found |= self.all()?;
        }
        Some(found)
    }

    fn all(&mut self) -> Option<bool> {
        let mut found = self.one()?;
        while self.eat("and") {
            found &= self.one()?;
        }
        Some(found)
    }

    fn one(&mut self) -> Option<bool> {
        if self.eat("not") {
            return self.one().map(|found| !found);
        }
        if self.eat("(") {
            let found = self.any()?;
            return self.eat(")").then_some(found);
        }
        match self.next()? {
            Word::Quoted(value) => {
                if !self.eat("in") {
                    return None;
                }
                let Word::Plain(list) = self.next()? else { return None };
                self.in_list(value, list)
            }
            Word::Plain(field) => self.term(field),
        }
    }

    fn in_list(&self, value: &str, list: &str) -> Option<bool> {
        let with_role = |roles: &[&str]| {
            let permissions = self.file["permissions"].as_array().map_or(&[][..], Vec::as_slice);
            permissions.iter().any(|permission| {
                permission["emailAddress"] == value && roles.iter().any(|role| permission["role"] == **role)
            })
        };
        match list {
            "parents" => {
                let parents = self.file["parents"].as_array().map_or(&[][..], Vec::as_slice);
                Some(if value == "root" { self.file["ownedByMe"] == true } else { parents.contains(&value.into()) })
            }
            "owners" => {
                let owners = self.file["owners"].as_array().map_or(&[][..], Vec::as_slice);
                Some(
                    owners.iter().any(|owner| owner["emailAddress"] == value || (value == "me" && owner["me"] == true)),
                )
            }
            "writers" => Some(with_role(&["owner", "writer"])),
            "readers" => Some(with_role(&["owner", "writer", "commenter", "reader"])),
            _ => None,
        }
    }

    fn term(&mut self, field: &str) -> Option<bool> {
        if field == "sharedWithMe" {
            let shared = self.file["ownedByMe"] == false;
            return if self.eat("=") { self.flag().map(|wanted| shared == wanted) } else { Some(shared) };
        }
        let Word::Plain(operator) = self.next()? else { return None };
        match field {
            "trashed" | "starred" => {
                let wanted = self.flag()?;
                let same = self.file[field].as_bool().unwrap_or_default() == wanted;
                match operator.as_str() {
                    "=" => Some(same),
                    "!=" => Some(!same),
                    _ => None,
                }
            }
            "name" | "fullText" | "mimeType" => {
                let Word::Quoted(wanted) = self.next()? else { return None };
                let shown = self.file[if field == "fullText" { "name" } else { field }].as_str().unwrap_or_default();
                let (shown, wanted) = (shown.to_lowercase(), wanted.to_lowercase());
                match operator.as_str() {
                    "=" => Some(shown == wanted),
                    "!=" => Some(shown != wanted),
                    // Drive looks for the beginnings of words.
                    "contains" if field == "name" => {
                        Some(shown.starts_with(&wanted) || shown.contains(&format!(" {wanted}")))
                    }
                    "contains" => Some(shown.contains(&wanted)),
                    _ => None,
                }
            }
            "modifiedTime" | "createdTime" | "viewedByMeTime" => {
                let Word::Quoted(wanted) = self.next()? else { return None };
                let read = |text: &str| {
                    let text = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00") };
                    let with_zone = chrono::DateTime::parse_from_rfc3339(&text);
                    with_zone.or_else(|_| chrono::DateTime::parse_from_rfc3339(&format!("{text}Z"))).ok()
                };
                let (shown, wanted) = (read(self.file[field].as_str()?)?, read(wanted)?);
                match operator.as_str() {
                    "=" => Some(shown == wanted),
                    "!=" => Some(shown != wanted),
                    "<" => Some(shown < wanted),
                    "<=" => Some(shown <= wanted),
                    ">" => Some(shown > wanted),
                    ">=" => Some(shown >= wanted),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn flag(&mut self) -> Option<bool> {
        match self.next()? {
            Word::Plain(word) => word.parse::<bool>().ok(),
            Word::Quoted(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn queries_people_write() {
        let file = json!({
            "name": "Shop stock", "mimeType": "application/vnd.google-apps.spreadsheet", "trashed": false,
            "modifiedTime": "2026-11-20T08:00:00.000Z", "ownedByMe": true, "parents": ["0A1"],
            "owners": [{ "emailAddress": "ann@example.com", "me": true }],
            "permissions": [{ "emailAddress": "bob@example.com", "role": "writer" }],
        });
        for (query, expect) in [
            ("mimeType=\"application/vnd.google-apps.spreadsheet\" and name = 'shop stock'", Some(true)),
            ("name contains 'sto' and trashed = false", Some(true)),
            ("name contains 'hop'", Some(false)),
            ("not name = 'x' and (trashed=true or modifiedTime > '2026-11-20T07:59:59')", Some(true)),
            ("'me' in owners and 'root' in parents and 'bob@example.com' in writers", Some(true)),
            ("sharedWithMe", Some(false)),
            ("name = 'it\\'s'", Some(false)),
            ("", Some(true)),
            ("name == 'x'", None),
            ("colour = 'red'", None),
            ("name = 'x", None),
            ("name = 'x' and", None),
        ] {
            assert_eq!(matches(query, &file), expect, "{query}");
        }
    }
}
