//! What came of the recorded calls: a table to read, and evidence for the conformance report.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::Verdict;

/// What came of a call.
#[derive(Debug)]
pub enum Outcome {
    /// It was played.
    Played(Verdict),
    /// It was not; why.
    Out(String),
}

/// One call of a recording.
#[derive(Debug)]
pub struct Line {
    /// The recording.
    pub file: String,
    /// Where in it.
    pub step: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Root fields.
    pub calls: Vec<String>,
}

/// Calls that differ, and why.
pub const EXPLAINED: &[((&str, &str), &str)] = &[
    (
        ("2025-01__orders__order-create-line-item-fields", "downstreamRead"),
        "the line has custom attributes from orderCreate, which shelfd does not use and the lab does not have",
    ),
    (
        ("2025-01__orders__refund-create-partial-shipping-restock-parity", "upstreamCalls[0]"),
        "the order has a shipping line; the lab's orders have none",
    ),
    (
        ("2025-01__orders__refund-create-partial-shipping-restock-parity", "downstreamRead"),
        "it shows the refund of refundCreate, which shelfd does not use and the lab does not have",
    ),
    (
        ("2025-01__products__inventory-quantity-roots-parity", "upstreamCalls[0]"),
        "written by hand: the answer lacks fields that the document asks for",
    ),
    (
        ("2025-01__products__inventory-quantity-roots-parity", "upstreamCalls[3]"),
        "written by hand: the answer has fields that the document does not ask for",
    ),
    (
        ("2025-01__products__product-set-parity", "upstreamCalls[0]"),
        "the lab does not hold Shopify's taxonomy of products",
    ),
    (
        ("2025-01__products__product-set-parity", "preExistingUpdate.id.hydrate"),
        "the product lies in a collection; the lab has no collections",
    ),
    (
        ("2025-01__products__product-set-parity", "preExistingUpdate.handle.hydrate"),
        "the product lies in a collection; the lab has no collections",
    ),
    (
        ("2026-04__orders__orderCancel-parity", "upstreamCalls[0]"),
        "an order that nobody paid for; the lab's orders are paid",
    ),
    (
        ("2026-04__orders__orderCancel-parity", "downstreamRead"),
        "it shows what orderCancel did, which shelfd does not use and the lab does not have",
    ),
];

impl Line {
    /// True when it was played.
    pub fn is_played(&self) -> bool {
        matches!(self.outcome, Outcome::Played(_))
    }

    /// True when shape or errors differ.
    pub fn differs(&self) -> bool {
        matches!(&self.outcome, Outcome::Played(verdict) if !verdict.shape.is_empty())
    }
}

/// Print the table.
pub fn print(lines: &[Line]) {
    let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        let (word, notes) = match &line.outcome {
            Outcome::Out(why) => ("out", vec![why.clone()]),
            Outcome::Played(verdict) => {
                let word = match (verdict.shape.is_empty(), verdict.values.is_empty(), verdict.cost.is_empty()) {
                    (false, ..) => "DIFFERS",
                    (true, true, true) => "same",
                    (true, ..) => "matched",
                };
                (word, [&verdict.shape[..], &verdict.values, &verdict.cost].concat())
            }
        };
        *totals.entry(word).or_default() += 1;
        println!("{word:<8} {} · {}", line.file, line.step);
        for note in notes.iter().take(12) {
            println!("             {}", note.chars().take(300).collect::<String>());
        }
    }
    println!("{totals:?}");
}

/// Write what the conformance report is made from, where it is asked for.
pub fn write_evidence(lines: &[Line]) {
    let Some(folder) = std::env::var_os("EVIDENCE_DIR") else { return };
    let played: Vec<&Line> = lines.iter().filter(|line| line.is_played()).collect();
    let calls: BTreeSet<&str> = played.iter().flat_map(|line| line.calls.iter().map(String::as_str)).collect();
    let explained =
        EXPLAINED.iter().map(|((file, step), why)| json!({ "what": format!("{file}: {step}"), "why": why }));
    let mut differs: Vec<_> = explained.collect();
    for line in &played {
        if let Outcome::Played(verdict) = &line.outcome
            && !verdict.cost.is_empty()
            && !line.differs()
        {
            let what = format!("{}: {}: {}", line.file, line.step, verdict.cost.join(", "));
            differs.push(json!({ "what": what, "why": "how used points are counted is not published" }));
        }
    }
    let evidence = json!({
        "system": "Shopify Admin GraphQL",
        "kind": "recorded exchanges",
        "evidence": "recordings of a development shop",
        "version": "2025-01 and 2026-04, against 2026-10",
        "cases": played.len(),
        "passed": played.iter().filter(|line| !line.differs()).count(),
        "calls": calls,
        "differs": differs,
    });
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("shopify-exchanges.json"), serde_json::to_vec_pretty(&evidence).unwrap()).unwrap();
}
