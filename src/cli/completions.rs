//! `shelfd completions SHELL`.

use clap::{Args, CommandFactory as _};

use super::{Cli, Exit};

/// Arguments.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell to write completions for
    pub shell: clap_complete::Shell,
}

pub fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    clap_complete::generate(args.shell, &mut Cli::command(), "shelfd", &mut std::io::stdout());
    Ok(Exit::Done)
}
