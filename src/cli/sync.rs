//! `shelfd sync`: bring everything into agreement once.

use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{ConfigArgs, Exit, output};
use crate::app::App;
use crate::engine::Timing;

/// Arguments.
#[derive(Debug, Args)]
pub struct SyncArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(args: SyncArgs) -> anyhow::Result<Exit> {
    // Whoever says "now" is not typing any more.
    let timing = Timing { settle: Duration::ZERO, ..Timing::default() };
    let app = App::build(args.config.load()?, Some(timing)).await?;
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg}")?);
    bar.set_message("reading the sheet");
    bar.enable_steady_tick(Duration::from_millis(120));
    let said = bar.clone();
    let report = app.engine.sync_once(&move |left| said.set_message(format!("{left} items to do"))).await;
    bar.finish_and_clear();
    let report = report?;
    let (tabs, problems) = app.engine.sheet_problems();
    app.engine.ledger.close().await;
    if args.json {
        output::json(&report)?;
    } else {
        let row = |(endpoint, tally): (&String, &crate::engine::Tally)| {
            let waiting = report.waiting.get(endpoint).copied().unwrap_or(0);
            let figures = [tally.looked_at, tally.moved, tally.written, tally.refused].map(|figure| figure.to_string());
            [endpoint.clone()].into_iter().chain(figures).chain([waiting.to_string()]).collect()
        };
        let rows = report.endpoints.iter().map(row).collect();
        output::table(&["endpoint", "looked at", "moved", "written", "refused", "waiting"], rows);
    }
    for words in tabs.iter().chain(&report.failures) {
        output::say(&format!("error: {words}"));
    }
    for problem in &problems {
        output::say(&format!("not synced: {} row {}: {}", problem.tab, problem.row, problem.words));
    }
    let refused = report.endpoints.values().any(|tally| tally.refused > 0);
    Ok(match () {
        () if !report.failures.is_empty() => Exit::Failed,
        () if refused || !problems.is_empty() || !tabs.is_empty() || !report.waiting.is_empty() => Exit::Unfinished,
        () => Exit::Done,
    })
}
