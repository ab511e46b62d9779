//! `shelfd dead …`: items that were given up on.

use anyhow::bail;
use clap::{Args, Subcommand};

use super::{ConfigArgs, Exit, output};
use crate::clock;
use crate::db::{DeadLetter, Ledger as _, SqliteLedger};

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadCommand {
    /// List them
    List(ListArgs),
    /// Show one whole, with the audit of its SKU
    Show(OneArgs),
    /// Try one again
    Replay(OneArgs),
    /// Drop one: it is not tried again until its row changes
    Drop(OneArgs),
}

/// Arguments.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments.
#[derive(Debug, Args)]
pub struct OneArgs {
    /// Its number, as `dead list` shows it
    id: i64,
    #[command(flatten)]
    config: ConfigArgs,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(command: DeadCommand) -> anyhow::Result<Exit> {
    match command {
        DeadCommand::List(args) => list(&args).await,
        DeadCommand::Show(args) => show(&args).await,
        DeadCommand::Replay(args) => close(&args, true).await,
        DeadCommand::Drop(args) => close(&args, false).await,
    }
}

async fn open(config: &ConfigArgs) -> anyhow::Result<SqliteLedger> {
    Ok(SqliteLedger::open(&config.load()?.data_dir.join("shelfd.db")).await?)
}

async fn list(args: &ListArgs) -> anyhow::Result<Exit> {
    let letters = open(&args.config).await?.dead_letters().await?;
    if args.json {
        output::json(&letters)?;
    } else if letters.is_empty() {
        output::say("no dead letters");
    } else {
        let row = |letter: &DeadLetter| {
            let at = letter.at.format("%Y-%m-%d %H:%M").to_string();
            let DeadLetter { id, endpoint, sku, what, code, reason, .. } = letter.clone();
            vec![id.to_string(), at, endpoint, sku, what, code, reason]
        };
        let header = ["id", "at (UTC)", "endpoint", "SKU", "what", "code", "why"];
        output::table(&header, letters.iter().map(row).collect());
    }
    Ok(Exit::Done)
}

async fn show(args: &OneArgs) -> anyhow::Result<Exit> {
    let ledger = open(&args.config).await?;
    let Some(letter) = ledger.dead_letter(args.id).await? else { bail!("no dead letter has the number {}", args.id) };
    let audit = ledger.audit_lines(Some(&letter.sku), 20).await?;
    if args.json {
        output::json(&serde_json::json!({ "letter": letter, "audit": audit }))?;
        return Ok(Exit::Done);
    }
    output::data(&format!(
        "{} at {}, SKU {}: {} was given up on after {} tries\n  why:  {}\n  code: {}\n  when: {}",
        letter.id, letter.endpoint, letter.sku, letter.what, letter.attempts, letter.reason, letter.code, letter.at
    ));
    for line in audit {
        output::data(&format!(
            "  {}  {}  {}  {}",
            line.at.format("%Y-%m-%d %H:%M:%S"),
            line.endpoint,
            line.field,
            line.reason
        ));
    }
    output::say(&format!(
        "hint: mend the cause, then `shelfd dead replay {}`; a changed row is tried by itself",
        letter.id
    ));
    Ok(Exit::Done)
}

async fn close(args: &OneArgs, replay: bool) -> anyhow::Result<Exit> {
    let closed = open(&args.config).await?.close_letter(args.id, replay, clock::now()).await?;
    if !closed {
        bail!("no dead letter has the number {}", args.id);
    }
    let words = if replay { "will be tried again: a running shelfd takes it up within seconds" } else { "dropped" };
    if args.json {
        output::json(&serde_json::json!({ "id": args.id, "replayed": replay }))?;
    } else {
        output::say(&format!("{}: {words}", args.id));
    }
    Ok(Exit::Done)
}
