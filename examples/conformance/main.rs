//! `make conformance`: makes `docs/conformance.md` from what the suites found out.
//!
//! `conformance [FOLDER] [DOCUMENT]`: reads every JSON file of the folder (`target/evidence`) and writes the document. Fails
//! when there is nothing to read, a file cannot be read, or a case did not pass; the document is written all the same.
#![expect(clippy::print_stderr, reason = "a program for developers, not the product")]

mod render;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use render::{Evidence, render};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().unwrap_or_else(|| PathBuf::from("target/evidence"));
    let document = arguments.next().unwrap_or_else(|| PathBuf::from("docs/conformance.md"));
    match make(&folder, &document) {
        Ok(failed) if failed.is_empty() => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("{} says so: {}", document.display(), failed.join("; "));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Write the document; which evidence has cases that did not pass.
fn make(folder: &Path, document: &Path) -> Result<Vec<String>, String> {
    let all = read(folder)?;
    std::fs::write(document, render(&all)).map_err(|error| format!("{}: {error}", document.display()))?;
    // The suites themselves fail on a difference without a reason; here more misses than reasons are one.
    let short = all.iter().filter(|of| of.cases - of.passed.min(of.cases) > of.differs.len() as u64);
    Ok(short.map(|of| format!("{}: {} of {} cases passed", of.evidence, of.passed, of.cases)).collect())
}

fn read(folder: &Path) -> Result<Vec<Evidence>, String> {
    let told = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let entries = std::fs::read_dir(folder).map_err(|error| {
        let hint = "run the suites with EVIDENCE_DIR set, as `make conformance` does";
        format!("{}: {error}; {hint}", folder.display())
    })?;
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| told(folder, &error))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
        all.push(serde_json::from_str(&text).map_err(|error| told(&path, &error))?);
    }
    match all.is_empty() {
        true => Err(format!("{}: no evidence; run the suites with EVIDENCE_DIR set", folder.display())),
        false => Ok(all),
    }
}
