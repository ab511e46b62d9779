//! `shelfd plan`: what would change, and why.

use clap::Args;

use super::{ConfigArgs, Exit, output};
use crate::app::App;

/// Arguments.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(args: PlanArgs) -> anyhow::Result<Exit> {
    let app = App::build_to_look(args.config.load()?, None).await?;
    let preview = app.engine.preview().await?;
    if args.json {
        output::json(&preview)?;
    } else {
        let cells = |change: &crate::plan::Change| {
            let before = change.before.clone().unwrap_or_else(|| "–".to_owned());
            let sku = change.sku.to_string();
            vec![
                change.endpoint.clone(),
                sku,
                change.field.to_owned(),
                before,
                change.after.clone(),
                change.reason.clone(),
            ]
        };
        if !preview.changes.is_empty() {
            let rows = preview.changes.iter().map(cells).collect();
            output::table(&["shop", "SKU", "what", "now", "then", "why"], rows);
        }
        for problem in &preview.problems {
            let place = if problem.row == 0 { String::new() } else { format!("{} row {}: ", problem.tab, problem.row) };
            output::say(&format!("not synced: {place}{}", problem.words));
        }
        let (changes, problems) = (preview.changes.len(), preview.problems.len());
        output::say(&format!(
            "{} rows read; {changes} changes, {problems} problems; nothing was written",
            preview.rows
        ));
    }
    Ok(Exit::Done)
}
