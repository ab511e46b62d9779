//! `shelfd status`: how every endpoint stands, from the ledger alone.

use clap::Args;
use serde::Serialize;

use super::{ConfigArgs, Exit, output};
use crate::db::{EndpointStatus, Ledger as _, SHEET, SqliteLedger};

/// Arguments.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Status {
    endpoints: Vec<EndpointStatus>,
}

pub async fn run(args: StatusArgs) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let ledger = SqliteLedger::open(&config.data_dir.join("shelfd.db")).await?;
    let mut endpoints = vec![ledger.endpoint_status(SHEET).await?];
    for shop in &config.shops {
        endpoints.push(ledger.endpoint_status(&shop.name).await?);
    }
    ledger.close().await;
    let unfinished = endpoints.iter().any(|status| status.dead > 0);
    if args.json {
        output::json(&Status { endpoints })?;
    } else {
        let row = |status: &EndpointStatus| {
            let figures = [status.skus, status.waiting, status.open_intents, status.dead, status.deliveries];
            let last = status.last_run.as_ref().map_or_else(
                || "never".to_owned(),
                |run| format!("{} {}", run.ended.format("%Y-%m-%d %H:%M:%S UTC"), run.outcome),
            );
            let figures = figures.iter().map(ToString::to_string);
            [status.endpoint.clone()].into_iter().chain(figures).chain([last]).collect()
        };
        let header = ["endpoint", "SKUs", "waiting", "open writes", "dead letters", "webhooks", "last pass"];
        output::table(&header, endpoints.iter().map(row).collect());
    }
    Ok(if unfinished { Exit::Unfinished } else { Exit::Done })
}
