//! Recorded calls of a real shop, played again: the lab is set up to the state that a recording needs, gets the same
//! requests, and must give answers of the same shape with the same errors and costs.

mod compare;
mod document;
mod facts;
mod hand;
mod ordered;
mod report;
mod seed;
mod seed_order;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use self::compare::{Ids, Verdict, compare, numbers_translated, translated};
use self::document::{Published, told};
use self::facts::Facts;
use self::ordered::Ordered;
use self::report::{Line, Outcome};
use self::steps::{Step, steps};
use super::{Lab, published, published_directory};
use crate::lab::shopify::ShopifyOptions;
use crate::lab::shopify::graphql::request::{Operation, Request};
use crate::lab::shopify::graphql::schema::schema;
use crate::lab::shopify::graphql::selection::Scope;

/// A folder of recordings to play in place of those beside this repository.
const FOLDER: &str = "SHOPIFY_EXCHANGES";
/// Of the calls in scope so many must match.
const SHARE_MIN: f64 = 0.9;

/// Names of fields by type, as published.
fn published_fields() -> Option<Published> {
    let packed = published("admin_2026-10.json.gz")?;
    let mut plain = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut plain).unwrap();
    let published: Value = serde_json::from_str(&plain).unwrap();
    let types = published["data"]["__schema"]["types"].as_array().unwrap();
    let names = |of: &Value| -> BTreeSet<String> {
        let fields = of["fields"].as_array().into_iter().flatten();
        fields.filter_map(|field| field["name"].as_str()).map(str::to_owned).collect()
    };
    Some(types.iter().map(|of| (of["name"].as_str().unwrap().to_owned(), names(of))).collect())
}

/// What a document asks of, and whether the lab has all of it.
struct Roots {
    names: Vec<String>,
    missing: Option<String>,
    is_query: bool,
}

fn roots(document: &str) -> Option<Roots> {
    let parsed = graphql_parser::parse_query::<String>(document).ok()?.into_static();
    let request = Request::choose(&parsed, None).ok()?;
    let none = serde_json::Map::new();
    let scope = Scope { schema: schema(), request: &request, variables: &none };
    let fields = scope.collect(request.root(), &[request.selection]);
    let names: Vec<String> =
        fields.iter().filter_map(|(_, fields)| fields.first()).map(|field| field.name.clone()).collect();
    let known = schema().fields(request.root()).unwrap();
    let missing = names.iter().find(|name| !known.contains_key(*name)).cloned();
    Some(Roots { names, missing, is_query: request.operation == Operation::Query })
}

/// All global ids in a value or a document.
fn ids_in(text: &str) -> BTreeSet<String> {
    let parts = text.split("gid://shopify/").skip(1);
    let ends = |c: char| !(c.is_alphanumeric() || "/?_=".contains(c));
    parts.map(|part| format!("gid://shopify/{}", part.split(ends).next().unwrap_or_default())).collect()
}

struct Player<'a> {
    lab: Lab,
    facts: Facts,
    ids: Ids,
    published: &'a Published,
    version: String,
    file: String,
}

impl Player<'_> {
    /// Put there what a call needs and nothing made yet.
    fn set_up(&mut self, step: &Step, document: &str, is_query: bool) {
        let mut needed = ids_in(document);
        needed.extend(step.variables.iter().flat_map(|variables| ids_in(&variables.to_string())));
        let mut facts = self.facts.clone();
        if is_query {
            // What a read shows was there.
            facts.learn(&step.answer);
            needed.extend(ids_in(&step.answer["data"].to_string()));
        }
        let mut world = self.lab.face.world();
        for id in needed {
            if !self.ids.contains_key(&id) {
                seed::ensure(&mut world, &facts, &id);
            }
        }
        world.events.clear();
    }

    async fn play(&mut self, step: &Step) -> (Outcome, Vec<String>) {
        let by_hand = hand::document(&self.file, &step.at).map(str::to_owned);
        let (document, exact) = match step.document.clone().or(by_hand) {
            Some(document) => (document, true),
            None => match told(step, self.published) {
                Ok(document) => (document, false),
                Err(why) => return (Outcome::Out(why), Vec::new()),
            },
        };
        let Some(roots) = roots(&document) else {
            return (Outcome::Out("no GraphQL document".to_owned()), Vec::new());
        };
        if let Some(missing) = roots.missing {
            return (Outcome::Out(format!("{missing} is not part of the lab")), Vec::new());
        }
        self.set_up(step, &document, roots.is_query);
        let variables = step.variables.clone().unwrap_or_else(|| json!({}));
        let body = json!({
            "query": numbers_translated(&document, &self.ids),
            "variables": translated(&variables, &self.ids),
        });
        let url = format!("{}/admin/api/{}/graphql.json", self.lab.url, self.version);
        let request = self.lab.http.post(url).header("X-Shopify-Access-Token", "shpat_lab").json(&body);
        let ours: Value = request.send().await.unwrap().json().await.unwrap();
        let verdict = compare(&ours, &step.answer, &mut self.ids, exact);
        (Outcome::Played(verdict), roots.names)
    }
}

/// Play a recording from beginning to end.
async fn replay(path: &Path, published: &Published) -> Vec<Line> {
    let bytes = std::fs::read(path).unwrap();
    let file: Ordered = serde_json::from_slice(&bytes).unwrap();
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let version = file.get("apiVersion").and_then(Ordered::text).or(name.split("__").next()).unwrap_or("2026-10");
    let lab = Lab::open(ShopifyOptions {
        locations: vec!["Shop location".to_owned(), "My Custom Location".to_owned()],
        bucket_max: 100_000.0,
        restore_rate: 100_000.0,
        ..ShopifyOptions::default()
    })
    .await;
    let mut facts = Facts::default();
    facts.learn(&file.get("setup").map(Ordered::plain).unwrap_or_default());
    let mut player = Player { lab, facts, ids: Ids::new(), published, version: version.to_owned(), file: name.clone() };
    let mut lines = Vec::new();
    for step in steps(&file) {
        if step.before {
            player.facts.learn(&step.answer);
        }
        let (outcome, calls) = player.play(&step).await;
        if !matches!(outcome, Outcome::Played(_)) {
            // It cannot be played, but it tells what was there afterwards.
            player.facts.learn(&step.answer);
        }
        lines.push(Line { file: name.clone(), step: step.at, outcome, calls });
    }
    lines
}

fn recordings() -> Option<Vec<PathBuf>> {
    let folder = match std::env::var_os(FOLDER) {
        Some(folder) => PathBuf::from(folder),
        None => published_directory("exchanges")?,
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files)
}

#[tokio::test]
async fn recordings_are_matched() {
    let (Some(files), Some(published)) = (recordings(), published_fields()) else { return };
    let mut lines = Vec::new();
    for file in files {
        lines.extend(replay(&file, &published).await);
    }
    report::print(&lines);
    report::write_evidence(&lines);
    if std::env::var_os(FOLDER).is_some() {
        return;
    }
    let explained: BTreeMap<(&str, &str), &str> = report::EXPLAINED.iter().map(|(at, why)| (*at, *why)).collect();
    let differs: BTreeSet<(&str, &str)> =
        lines.iter().filter(|line| line.differs()).map(|line| (line.file.as_str(), line.step.as_str())).collect();
    let unexplained: Vec<_> = differs.iter().filter(|at| !explained.contains_key(*at)).collect();
    assert!(unexplained.is_empty(), "differ without a reason: {unexplained:?}");
    let stale: Vec<_> = explained.keys().filter(|at| !differs.contains(*at)).collect();
    assert!(stale.is_empty(), "match by now, yet a reason is given: {stale:?}");
    let played = lines.iter().filter(|line| line.is_played()).count();
    let share = 1.0 - differs.len() as f64 / played as f64;
    assert!(played >= 100 && share >= SHARE_MIN, "{} of {played} differ", differs.len());
}
