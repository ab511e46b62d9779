//! Rules about the source that the compiler cannot check: who may use whom, where heavy crates live, what a file looks
//! like. Each message says what to do instead.

use std::path::Path;

mod tidy_source;
use tidy_source::{Source, read_all, uses};

/// What each module may use of ours. `a::b` allows only what lies below `a::b`; `*` allows everything but [`LAB`].
/// ARCHITECTURE.md says why. A new module needs a line here.
const MAY_USE: &[(&str, &[&str])] = &[
    ("catalog", &[]),
    ("clock", &[]),
    ("planted", &[]),
    ("rng", &[]),
    ("sim", &["*"]),
    ("retry", &[]),
    ("settings", &[]),
    ("stock", &["catalog", "clock::Time", "planted"]),
    ("plan", &["catalog"]),
    ("stores", &["catalog", "clock", "retry", "settings"]),
    ("sheet", &["catalog", "clock", "planted", "retry"]),
    ("db", &["catalog", "clock", "plan", "planted", "stock", "retry"]),
    // Shops may not take the sheet's endpoint name.
    ("config", &["catalog", "settings", "stores", "db::SHEET"]),
    // The figures of a pass are counted as they are.
    ("telemetry", &["engine::Tally"]),
    ("engine", &["catalog", "stock", "plan", "planted", "retry", "stores", "sheet", "db", "clock", "telemetry"]),
    ("http", &["db", "stores", "clock", "telemetry"]),
    // A lab that used the daemon's own ideas of a platform would agree with its mistakes.
    ("lab", &["catalog", "clock", "rng", "stores::signature"]),
    ("app", &["*"]),
    ("cli", &["*", "lab"]),
    ("demo", &["*", "lab"]),
    ("lib", &["*"]),
    ("main", &["*"]),
    ("bin", &["*"]),
];

/// The world to try things in. Only those that name it may use it.
const LAB: &str = "lab";

/// Crates and where they may be named.
const HOMES: &[(&[&str], &[&str])] = &[
    (&["google_sheets4", "google_drive3", "yup_oauth2"], &["src/sheet/google/"]),
    (&["reqwest"], &["src/stores/", "src/lab/", "src/cli/"]),
    // The lab's OAuth needs SHA-1, from ring's module of that name.
    (&["hmac"], &["src/stores/signature.rs", "src/lab/woocommerce/auth.rs"]),
    // Beside its home, the ledger's error wraps it.
    (&["sqlx"], &["src/db/sqlite/", "src/db/mod.rs"]),
    (&["tokio_cron_scheduler"], &["src/engine/"]),
    (&["axum"], &["src/http/", "src/lab/", "src/cli/demo"]),
    (&["clap", "clap_complete"], &["src/cli/", "src/main.rs", "src/bin/"]),
];

/// Who may print to stdout.
const PRINTERS: &[&str] = &["src/cli/output.rs", "src/bin/sim.rs"];

/// Longer files do not fit into a reader's head. Tests inside of them do not count.
const MAX_LINES: usize = 450;

/// Where platforms may be named.
const PLATFORM_HOMES: &[&str] = &["src/stores/", "src/lab/", "src/config/", "src/cli/", "src/app.rs"];

fn dependency_direction(source: &Source) -> Vec<String> {
    let module = source.module();
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
        return vec![format!("{}: say in MAY_USE (tests/tidy.rs) what `{module}` may use", source.path)];
    };
    let is_below =
        |path: &str, rule: &str| path == rule || path.strip_prefix(rule).is_some_and(|it| it.starts_with("::"));
    let mut wrong = Vec::new();
    for (line, path) in uses(source) {
        let is_own = is_below(&path, module);
        let is_lab = is_below(&path, LAB);
        let is_allowed = |rule: &&str| if *rule == "*" { !is_lab } else { is_below(&path, rule) };
        if !is_own && !allowed.iter().any(is_allowed) {
            let may = if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") };
            wrong.push(format!(
                "{}:{line}: uses crate::{path}, but `{module}` may use {may}; pass the value in, or move the code to \
                 where both are known (engine, app)",
                source.path
            ));
        }
    }
    let depth = source.depth();
    for (line, text) in (1..).zip(source.code.lines()) {
        let supers = text.split("super::").count() - 1;
        let chain = "super::".repeat(depth);
        if supers > 0 && text.contains(&chain) {
            wrong.push(format!("{}:{line}: {chain} leaves the module; write crate::…", source.path));
        }
    }
    wrong
}

fn heavy_crates(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    for (crates, homes) in HOMES {
        if homes.iter().any(|home| source.path.starts_with(home)) {
            continue;
        }
        for name in *crates {
            for line in source.lines_with_path(name) {
                wrong.push(format!(
                    "{}:{line}: names {name}, whose home is {}; offer what is needed there, as our own type or function",
                    source.path,
                    homes.join(", ")
                ));
            }
        }
    }
    wrong
}

fn shape(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |line: usize, words: &str| wrong.push(format!("{}:{line}: {words}", source.path));
    if !source.text.starts_with("//! ") {
        say(1, "open the file with a `//!` line that says what it is for");
    }
    let lines = source.code_lines();
    if lines > MAX_LINES {
        say(1, &format!("{lines} lines outside of tests, {MAX_LINES} are allowed; split it by what it is about"));
    }
    for (line, text) in (1..).zip(source.text.lines()) {
        // Put together here, so that this file does not find itself.
        for word in [concat!("FIX", "ME"), concat!("XX", "X")] {
            if text.contains(word) {
                say(line, &format!("{word}: mend it, or say in plain words what holds and why"));
            }
        }
    }
    for (line, text) in (1..).zip(source.code.lines()) {
        for name in ["todo!", "unimplemented!", "dbg!"] {
            if text.contains(name) {
                say(line, &format!("{name} is for unfinished code; finish it"));
            }
        }
        if !PRINTERS.contains(&source.path.as_str()) && text.contains("print") {
            for name in ["println!", "print!"] {
                if text.contains(name) {
                    say(line, &format!("{name}: print through cli::output, log through tracing"));
                    break;
                }
            }
        }
    }
    wrong
}

fn platforms(source: &Source) -> Vec<String> {
    if PLATFORM_HOMES.iter().any(|home| source.path.starts_with(home)) {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    for (line, text) in (1..).zip(source.code_with_texts.lines()) {
        let text = text.to_ascii_lowercase();
        for name in ["shopify", "woocommerce", "medusa"].iter().filter(|name| text.contains(**name)) {
            wrong.push(format!(
                "{}:{line}: names {name}; ask the Store trait instead, or add to it what all platforms can say",
                source.path
            ));
        }
    }
    wrong
}

/// Every file against one rule.
fn check_all(rule: impl Fn(&Source) -> Vec<String>) {
    let sources = read_all(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(sources.len() > 50, "only {} files were found", sources.len());
    let wrong: Vec<String> = sources.iter().flat_map(rule).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn dependencies_point_one_way() {
    check_all(dependency_direction);
}

#[test]
fn heavy_crates_have_one_home() {
    check_all(heavy_crates);
}

#[test]
fn files_are_in_shape() {
    check_all(shape);
}

#[test]
fn platforms_are_named_at_home_only() {
    check_all(platforms);
}

/// The rule complains about the sample: once per needle, in this order, with these words in it.
fn check(rule: impl Fn(&Source) -> Vec<String>, path: &str, text: &str, needles: &[&str]) {
    let wrong = rule(&Source::new(path, text));
    assert_eq!(wrong.len(), needles.len(), "{path}:\n{text}\n{wrong:#?}");
    for (message, needle) in wrong.iter().zip(needles) {
        assert!(message.contains(needle), "{message} does not say {needle}");
    }
}

#[test]
fn wrong_dependencies_are_seen() {
    let check = |path: &str, text: &str, needles: &[&str]| check(dependency_direction, path, text, needles);
    check("src/catalog/sku.rs", "use crate::clock::Time;", &["src/catalog/sku.rs:1: uses crate::clock::Time"]);
    check("src/catalog/sku.rs", "use crate::catalog::Cell;\nuse super::Cell;\nuse self::cell::Cell;", &[]);
    check("src/stock/mod.rs", "use crate::clock::Time;", &[]);
    check("src/stock/mod.rs", "\nlet now = crate::clock::now();", &[":2: uses crate::clock::now"]);
    check("src/stock/step.rs", "use crate::clock::{Time, now};", &["crate::clock::now"]);
    check(
        "src/http/mod.rs",
        "use crate::{db::Ledger, engine::{Engine, Wakes as W}};",
        &["engine::Engine", "engine::Wakes"],
    );
    check(
        "src/http/mod.rs",
        "use crate::{\n    db::Ledger,\n    engine::*,\n};",
        &["src/http/mod.rs:3: uses crate::engine"],
    );
    check("src/lab/x.rs", "use crate::stores::signature::sign;\nuse crate::stores::Store;", &["crate::stores::Store"]);
    check("src/app.rs", "use crate::lab::Lab;", &["app.rs:1: uses crate::lab::Lab"]);
    check("src/cli/demo.rs", "use crate::lab::Lab;\nuse crate::engine::Engine;", &[]);
    check("src/plan/mod.rs", "use super::db::Ledger;", &["leaves the module"]);
    check("src/plan/content.rs", "use super::super::db::Ledger;", &["leaves the module"]);
    check("src/plan/content.rs", "use super::Plan;", &[]);
    check("src/novel.rs", "", &["MAY_USE"]);
    check("src/plan/mod.rs", "// crate::db::Ledger\n/* crate::db */ let s = \"crate::db::Ledger\";", &[]);
    check("src/plan/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::db::Ledger;\n    const X: char = '}';\n}", &[]);
    check("src/plan/mod.rs", "#[cfg(test)]\nmod tests {}\nuse crate::db::Ledger;", &[":3: uses crate::db::Ledger"]);
}

#[test]
fn crates_away_from_home_are_seen() {
    check(heavy_crates, "src/engine/mod.rs", "use sqlx::Row as _;", &["names sqlx, whose home is src/db/sqlite/"]);
    check(heavy_crates, "src/db/memory/mod.rs", "use sqlx::Row as _;", &["names sqlx"]);
    check(heavy_crates, "src/db/sqlite/mod.rs", "use sqlx::Row as _;", &[]);
    check(
        heavy_crates,
        "src/http/mod.rs",
        "use axum::Router;\nfn f(_: &reqwest::Client) {}",
        &["mod.rs:2: names reqwest"],
    );
    check(heavy_crates, "src/stores/client.rs", "use hmac::Mac;\nuse my_hmac::Mac; // hmac::Mac", &["client.rs:1"]);
    check(heavy_crates, "src/app.rs", "use clap;", &["names clap"]);
    check(heavy_crates, "src/app.rs", "use {axum as web, url::Url};", &["names axum"]);
    check(heavy_crates, "src/sheet/mod.rs", "google_sheets4::Sheets", &["src/sheet/google/"]);
}

#[test]
fn files_out_of_shape_are_seen() {
    check(shape, "src/a.rs", "//! A.\nfn f() {}", &[]);
    check(shape, "src/a.rs", "fn f() {}", &["open the file with a `//!` line"]);
    let long = "//! A.\n".to_owned() + &"fn f() {}\n".repeat(MAX_LINES);
    check(shape, "src/a.rs", &long, &["451 lines outside of tests"]);
    let tested = format!("//! A.\n#[cfg(test)]\nmod tests {{\n{}}}\n", "fn f() {}\n".repeat(MAX_LINES));
    check(shape, "src/a.rs", &tested, &[]);
    let unfinished = concat!("//! A.\nfn f() { todo!() }\nfn g() { unimplemented!() }\n", "// FIX", "ME: later");
    check(shape, "src/a.rs", unfinished, &["FIX", ":2: todo!", ":3: unimplemented!"]);
    check(shape, "src/a.rs", "//! A.\nfn f() { dbg!(1); eprintln!(); }", &["dbg!", "println!"]);
    check(shape, "src/cli/output.rs", "//! A.\nfn f() { println!(); eprintln!(); }", &[]);
    check(shape, "src/cli/run.rs", "//! A.\nfn f() { print!(\"x\"); }", &["print!: print through cli::output"]);
}

#[test]
fn platforms_away_from_home_are_seen() {
    check(platforms, "src/engine/mod.rs", "if kind == \"shopify\" {}", &["mod.rs:1: names shopify"]);
    check(platforms, "src/http/mod.rs", "\nuse crate::stores::WooCommerce;", &["mod.rs:2: names woocommerce"]);
    check(platforms, "src/http/mod.rs", "//! Shopify\nfn f() {} // WooCommerce /* */", &[]);
    check(platforms, "src/stores/mod.rs", "mod shopify;", &[]);
    check(platforms, "src/engine/mod.rs", "#[cfg(test)]\nmod tests {\n    const A: &str = r#\"shopify}\"#;\n}", &[]);
}
