//! `shelfd lab`: the world alone.
use super::Exit;
/// Arguments.
#[derive(Debug, clap::Args)]
pub struct LabArgs {}
pub async fn run(_args: LabArgs) -> anyhow::Result<Exit> {
    Ok(Exit::Done)
}
