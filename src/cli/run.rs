//! `shelfd run`: the daemon.

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{ConfigArgs, Exit};
use crate::app::App;

/// Arguments.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

pub async fn run(args: RunArgs) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let app = App::build(config, None).await?;
    let shutdown = CancellationToken::new();
    tokio::spawn(wait_for_signal(shutdown.clone()));
    app.run(shutdown, |at| {
        tracing::info!(listener = %at.listener, admin = %at.admin, "shelfd is ready");
    })
    .await?;
    tracing::info!("shelfd has stopped");
    Ok(Exit::Done)
}

/// The first signal drains, the second ends at once. Either is safe: whatever is under way stands in the ledger.
pub async fn wait_for_signal(shutdown: CancellationToken) {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("signals cannot be listened to");
        return;
    };
    for round in 0..2 {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        if round == 0 {
            tracing::info!("stopping: passes under way are finished first; once more to stop at once");
            shutdown.cancel();
        }
    }
    std::process::exit(130);
}
