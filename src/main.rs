//! Parses arguments, calls one command, turns its result into an exit code.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    shelfd::cli::run(shelfd::cli::Cli::parse())
}
