//! Reads Rust source just well enough for rules about it: without comments, texts and test modules.
#![expect(clippy::unwrap_used, reason = "a test that cannot read the source should fail")]

use std::path::Path;

/// One file under `src/`.
pub struct Source {
    /// `src/plan/content.rs`.
    pub path: String,
    /// As it stands there.
    pub text: String,
    /// Without comments, texts and tests; all lines still stand where they stood.
    pub code: String,
    /// Without comments and tests.
    pub code_with_texts: String,
    test_lines: usize,
}

impl Source {
    /// Read one file's text.
    pub fn new(path: &str, text: &str) -> Self {
        let (mut code, mut code_with_texts) = (blank(text, true), blank(text, false));
        let mut test_lines = 0;
        for (from, to) in test_parts(&code) {
            test_lines += code[from..to].matches('\n').count();
            code = wipe(&code, from, to);
            code_with_texts = wipe(&code_with_texts, from, to);
        }
        Self { path: path.to_owned(), text: text.to_owned(), code, code_with_texts, test_lines }
    }

    /// The top-level module: `plan`.
    pub fn module(&self) -> &str {
        let below = self.path.trim_start_matches("src/");
        below.split('/').next().unwrap_or("").trim_end_matches(".rs")
    }

    /// How many modules deep the file is: 1 for `src/plan/mod.rs`, 2 for `src/plan/content.rs`.
    pub fn depth(&self) -> usize {
        let below = self.path.trim_start_matches("src/").trim_end_matches("/mod.rs");
        below.split('/').count()
    }

    /// Lines outside of tests.
    pub fn code_lines(&self) -> usize {
        self.text.lines().count() - self.test_lines
    }

    /// Lines that name a crate: `name::…`, `use name;`, `{name as …`.
    pub fn lines_with_path(&self, name: &str) -> Vec<usize> {
        let in_word = |c: char| c.is_alphanumeric() || c == '_';
        let names_it = |line: &&str| {
            line.match_indices(name).any(|(at, _)| {
                let (before, after) = (&line[..at], &line[at + name.len()..]);
                let is_whole = !before.ends_with(in_word) && !after.starts_with(in_word);
                let is_used = before.trim_end().ends_with("use") && after.starts_with(';');
                is_whole && (after.starts_with("::") || after.starts_with(" as ") || is_used)
            })
        };
        (1..).zip(self.code.lines()).filter(|(_, line)| names_it(line)).map(|(number, _)| number).collect()
    }
}

/// Every file under `src/` that is not part of the tests.
pub fn read_all(root: &Path) -> Vec<Source> {
    let mut all = Vec::new();
    read_dir(root, &root.join("src"), &mut all);
    let tests: Vec<String> = all.iter().flat_map(test_files).collect();
    let is_test = |source: &Source| tests.iter().any(|test| source.path.starts_with(test.as_str()));
    all.into_iter().filter(|source| !is_test(source)).collect()
}

fn read_dir(root: &Path, dir: &Path, all: &mut Vec<Source>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_dir(root, &path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            all.push(Source::new(&name, &std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Beginnings of the paths that a file declares with `#[cfg(test)] mod name;`.
fn test_files(source: &Source) -> Vec<String> {
    let blanked = blank(&source.text, true);
    let folder = match source.path.strip_suffix("/mod.rs") {
        Some(folder) => folder.to_owned(),
        None => source.path.trim_end_matches(".rs").to_owned(),
    };
    let declared = test_parts(&blanked).into_iter().filter_map(|(from, to)| {
        let item = blanked.get(from..to)?.trim_end().strip_suffix(';')?;
        let name = item.split_whitespace().next_back()?;
        item.contains("mod ").then(|| name.to_owned())
    });
    declared.flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/")]).collect()
}

/// Byte ranges of the items behind `#[cfg(test)]`, in text without comments and texts.
fn test_parts(code: &str) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    for (from, _) in code.match_indices("#[cfg(test)]") {
        let mut depth = 0usize;
        let mut to = code.len();
        for (at, c) in code[from + "#[cfg(test)]".len()..].char_indices() {
            let end = from + "#[cfg(test)]".len() + at + 1;
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                ';' if depth == 0 => {}
                _ => continue,
            }
            if depth == 0 && c != '{' {
                to = end;
                break;
            }
        }
        parts.push((from, to));
    }
    parts
}

fn wipe(text: &str, from: usize, to: usize) -> String {
    let keep = |byte: u8| if byte == b'\n' { '\n' } else { ' ' };
    let gone: String = text[from..to].bytes().map(keep).collect();
    format!("{}{gone}{}", &text[..from], &text[to..])
}

/// Comments become blanks, byte for byte; texts too, if asked for.
fn blank(text: &str, texts: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_inside_word = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let (length, is_text) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment(rest), false)
        } else if let Some(length) = raw_text(rest).filter(|_| !is_inside_word) {
            (length, true)
        } else if first == '"' {
            (quoted(rest), true)
        } else if let Some(length) = character(rest) {
            (length, true)
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let (part, after) = rest.split_at(length);
        if is_text && !texts {
            out.push_str(part);
        } else {
            out.push_str(&wipe(part, 0, part.len()));
        }
        rest = after;
    }
    out
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < text.len() {
        match text.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") if depth == 1 => return at + 2,
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    text.len()
}

fn raw_text(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let marks = after.len() - after.trim_start_matches('#').len();
    after[marks..].strip_prefix('"')?;
    let from = text.len() - after.len() + marks + 1;
    let end = format!("\"{}", "#".repeat(marks));
    Some(text[from..].find(&end).map_or(text.len(), |at| from + at + end.len()))
}

fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character such as `'"'`, as opposed to a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut inside = text.strip_prefix('\'')?.char_indices();
    match inside.next()? {
        (_, '\\') => text[3..].find('\'').map(|at| 3 + at + 1),
        (_, c) => (inside.next()?.1 == '\'').then_some(c.len_utf8() + 2),
    }
}

/// What of ours a file uses, as paths below `crate::` (groups taken apart), with the line.
pub fn uses(source: &Source) -> Vec<(usize, String)> {
    let code = &source.code;
    let mut all = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let mut found = Vec::new();
        tree(code, at + start.len(), "", &mut found);
        all.extend(found.into_iter().map(|(at, path)| (code[..at].matches('\n').count() + 1, path)));
    }
    all
}

/// One branch of a use tree; returns where it ends.
fn tree(code: &str, from: usize, parent: &str, found: &mut Vec<(usize, String)>) -> usize {
    let from = skip_blanks(code, from);
    let rest = &code[from..];
    if rest.starts_with('{') {
        let mut at = from + 1;
        loop {
            at = skip_blanks(code, at);
            match code[at..].chars().next() {
                Some('}') | None => return (at + 1).min(code.len()),
                Some(',') => at += 1,
                Some(_) => at = tree(code, at, parent, found).max(at + 1),
            }
        }
    }
    let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*')).unwrap_or(rest.len());
    let (name, after) = rest.split_at(length);
    let path = match (parent, name) {
        (_, "self" | "*" | "") => parent.to_owned(),
        ("", _) => name.to_owned(),
        _ => format!("{parent}::{name}"),
    };
    if let Some(below) = after.strip_prefix("::").filter(|below| !below.starts_with('<')) {
        return tree(code, code.len() - below.len(), &path, found);
    }
    found.push((from, path));
    let end = from + length;
    // `Wakes as W`: the other name is nobody's path.
    match after.trim_start().strip_prefix("as ") {
        Some(alias) if !parent.is_empty() => {
            let alias_end = alias.find([',', '}', ';']).unwrap_or(alias.len());
            code.len() - alias.len() + alias_end
        }
        _ => end,
    }
}

fn skip_blanks(code: &str, from: usize) -> usize {
    let rest = &code[from..];
    code.len() - rest.trim_start().len()
}
