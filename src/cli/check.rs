//! `shelfd check`: is everything as it must be?

use clap::Args;
use serde::Serialize;

use super::{ConfigArgs, Exit, output};
use crate::app;
use crate::config::{Config, ConfigError};
use crate::settings::{ProcessSecrets, SettingProblem};
use crate::sheet::google::GoogleWorkbook;
use crate::sheet::reader::read_tabs;
use crate::stores::{self, CheckLine};

/// Arguments.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Only read the configuration; call nobody
    #[arg(long)]
    offline: bool,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Default, Serialize)]
struct Findings {
    ok: bool,
    /// Why the configuration cannot be used, in one text.
    error: Option<String>,
    problems: Vec<SettingProblem>,
    warnings: Vec<String>,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Serialize)]
struct Endpoint {
    endpoint: String,
    lines: Vec<CheckLine>,
}

pub async fn run(args: CheckArgs) -> anyhow::Result<Exit> {
    let loaded = match Config::load(&args.config.config, &ProcessSecrets) {
        Ok(loaded) => loaded,
        Err(error) if args.json => {
            let words = error.to_string();
            let problems = if let ConfigError::Problems(problems) = error { problems } else { Vec::new() };
            output::json(&Findings { error: Some(words), problems, ..Findings::default() })?;
            return Ok(Exit::Config);
        }
        Err(error) => return Err(error.into()),
    };
    let mut findings =
        Findings { warnings: loaded.warnings.iter().map(ToString::to_string).collect(), ..Findings::default() };
    if !args.offline {
        findings.endpoints.push(Endpoint { endpoint: crate::db::SHEET.to_owned(), lines: sheet(&loaded.config).await });
        for shop in &loaded.config.shops {
            let store = stores::build(&shop.store)?;
            findings.endpoints.push(Endpoint { endpoint: store.shop().to_owned(), lines: store.check().await });
        }
    }
    findings.ok = findings.endpoints.iter().all(|endpoint| endpoint.lines.iter().all(|line| line.ok));
    if args.json {
        output::json(&findings)?;
    } else {
        print(&findings, &args);
    }
    Ok(if findings.ok { Exit::Done } else { Exit::Failed })
}

fn print(findings: &Findings, args: &CheckArgs) {
    output::say(&format!("{}: the configuration is well-formed", args.config.config.display()));
    for warning in &findings.warnings {
        output::say(&format!("warning: {warning}"));
    }
    for endpoint in &findings.endpoints {
        for line in &endpoint.lines {
            let mark = if line.ok { "ok  " } else { "FAIL" };
            output::data(&format!("{mark}  {}: {}: {}", endpoint.endpoint, line.what, line.words));
        }
    }
}

/// Can the sheet be read, and are its headers where the configuration says?
async fn sheet(config: &Config) -> Vec<CheckLine> {
    let line = |what: &str, ok: bool, words: String| CheckLine { what: what.to_owned(), ok, words };
    let book = match GoogleWorkbook::new(app::google(config)).await {
        Ok(book) => book,
        Err(error) => return vec![line("account", false, error.to_string())],
    };
    let read = match read_tabs(&book, &config.sheet.tabs, config.sheet.block_rows, 1, None).await {
        Ok(read) => read,
        Err(error) => return vec![line("access", false, error.to_string())],
    };
    let mut lines = vec![line("access", true, "the spreadsheet can be read".to_owned())];
    for tab in read.tabs {
        let what = format!("tab \"{}\"", tab.tab);
        match tab.content {
            Ok((_, rows)) => lines.push(line(&what, true, format!("all columns found, {} rows", rows.len()))),
            Err(problems) => lines.extend(problems.iter().map(|problem| line(&what, false, problem.to_string()))),
        }
    }
    lines
}
