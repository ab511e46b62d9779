//! The only place that prints. Data to stdout, words to stderr.
#![expect(clippy::print_stderr, reason = "printing has its home here")]

use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::config::ConfigError;
use crate::engine::PassError;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, and nothing is left to mend.
    Done,
    /// Something failed.
    Failed,
    /// The configuration is wrong.
    Config,
    /// Done, but something was refused or is waiting.
    Unfinished,
    /// A guard stopped it.
    Stopped,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Config => 3,
            Exit::Unfinished => 4,
            Exit::Stopped => 5,
        })
    }
}

/// Words, to stderr.
pub fn say(words: &str) {
    eprintln!("{words}");
}

/// Data, to stdout. A closed pipe (`| head`) is not an error.
pub fn data(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Data as JSON, to stdout.
pub fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    data(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// An error with its causes, to stderr.
pub fn say_error(error: &anyhow::Error) {
    let mut words = format!("error: {error}");
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Causes are often quoted by what they caused.
        if !last.contains(&cause) {
            words.push_str(&format!("\n  because: {cause}"));
        }
        last = cause;
    }
    say(&words);
}

/// The exit code of an error.
pub fn exit_for(error: &anyhow::Error) -> Exit {
    if error.downcast_ref::<ConfigError>().is_some() {
        return Exit::Config;
    }
    match error.downcast_ref::<PassError>() {
        Some(PassError::Stop(_)) => Exit::Stopped,
        _ => Exit::Failed,
    }
}

/// A table with a header row, to stdout.
pub fn table(header: &[&str], rows: Vec<Vec<String>>) {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::ASCII_NO_BORDERS);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    data(&table.to_string());
}
