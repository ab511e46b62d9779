//! The document that says what the lab was held to: the same evidence makes the same text.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "../examples/conformance/render.rs"]
mod render;

use render::{Evidence, render};

fn evidence(system: &str, name: &str, passed: u64) -> Evidence {
    let text = format!(
        r#"{{"system": "{system}", "kind": "client", "evidence": "{name}", "version": "1", "cases": 3, "passed": {passed},
            "calls": ["GET b", "GET a"], "differs": [{{"what": "images", "why": "nothing is downloaded."}}]}}"#
    );
    serde_json::from_str(&text).unwrap()
}

#[test]
fn order_does_not_matter() {
    let (a, b, c) = (evidence("Shop", "a", 3), evidence("Shop", "b", 3), evidence("Book", "c", 2));
    let text = render(&[a.clone(), b.clone(), c.clone()]);
    assert_eq!(text, render(&[c, b, a]));
    assert!(text.find("## Book").unwrap() < text.find("## Shop").unwrap());
    for line in [
        "| Shop | a | client | 1 | 3 | 3 |",
        "| **All** | | | | **9** | **8** |",
        "### c (1, client)",
        "**1 of 3 cases failed.**",
        "2 distinct calls: `GET a`, `GET b`.",
        "- images: nothing is downloaded.",
    ] {
        assert!(text.lines().any(|known| known == line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn a_file_of_another_shape_is_refused() {
    assert!(serde_json::from_str::<Evidence>(r#"{"system": "Shop"}"#).is_err());
}
