//! The command line: one file per command. Commands print and decide nothing. Data goes to stdout, words to stderr.

mod check;
mod completions;
mod dead;
mod demo;
mod lab;
mod output;
mod plan;
mod run;
mod snippets;
mod status;
mod sync;
mod webhooks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::settings::ProcessSecrets;
pub use output::Exit;

/// Exit codes, as `--help` shows them. Scripts may rely on them.
const EXIT_CODES: &str = "\
Exit codes:
  0  done, and nothing is left to mend
  1  something failed on the way (network, shop, ledger)
  2  wrong arguments
  3  the configuration is wrong
  4  done, but some items were refused or are still waiting; `shelfd status` and the sheet say which
  5  stopped by a guard, nothing was written";

/// Keeps a Google Sheet and online stores in agreement, both ways.
#[derive(Debug, Parser)]
#[command(name = "shelfd", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// Configuration file
    #[arg(short, long, env = "SHELFD_CONFIG", default_value = "shelfd.toml", value_name = "FILE")]
    pub config: PathBuf,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the configuration, the sheet and every shop; writes nothing
    Check(check::CheckArgs),
    /// Show what a sync would change, and why; writes nothing
    Plan(plan::PlanArgs),
    /// Bring everything into agreement once
    Sync(sync::SyncArgs),
    /// Run the daemon until SIGTERM or Ctrl-C
    Run(run::RunArgs),
    /// Show how every endpoint stands
    Status(status::StatusArgs),
    /// Items that were given up on
    #[command(subcommand)]
    Dead(dead::DeadCommand),
    /// Webhook subscriptions at the shops
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// Start a world to try things in: a sheet and two shops on this machine
    Lab(lab::LabArgs),
    /// See it work: the lab, the daemon and a page to play with
    Demo(demo::DemoArgs),
    /// Print shell completions
    Completions(completions::CompletionsArgs),
}

/// Run a command and say how it went.
pub fn run(cli: Cli) -> ExitCode {
    let default = match &cli.command {
        Command::Run(_) => "info",
        _ => "error",
    };
    crate::telemetry::start_logging(default);
    crate::telemetry::start_tls();
    // Two workers: the daemon waits on others nearly all the time, and each worker costs memory.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            output::say_error(&anyhow::anyhow!("cannot start: {error}"));
            return Exit::Failed.into();
        }
    };
    let result = runtime.block_on(dispatch(cli.command));
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::say_error(&error);
            output::exit_for(&error).into()
        }
    }
}

async fn dispatch(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Check(args) => check::run(args).await,
        Command::Plan(args) => plan::run(args).await,
        Command::Sync(args) => sync::run(args).await,
        Command::Run(args) => run::run(args).await,
        Command::Status(args) => status::run(args).await,
        Command::Dead(command) => dead::run(command).await,
        Command::Webhooks(command) => webhooks::run(command).await,
        Command::Lab(args) => lab::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Completions(args) => completions::run(&args),
    }
}

impl ConfigArgs {
    /// Load the configuration; warnings go to stderr.
    fn load(&self) -> anyhow::Result<Config> {
        let loaded = Config::load(&self.config, &ProcessSecrets)?;
        for warning in &loaded.warnings {
            output::say(&format!("warning: {warning}"));
        }
        Ok(loaded.config)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        super::Cli::command().debug_assert();
    }
}
