//! `shelfd lab`: the world alone.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::run::wait_for_signal;
use super::{Exit, output};
use crate::lab::LabItem;
use crate::lab::catalog::{self, Catalog, KeyStyle, LoadOptions};
use crate::lab::config_file::{self, DaemonPorts};
use crate::lab::world::{Ports, World, WorldOptions};

/// What is in the sheet at first.
#[derive(Debug, Args)]
pub struct GoodsArgs {
    /// Product file as Shopify, WooCommerce, Magento or Vendure export it [default: a small sample]
    #[arg(long, value_name = "FILE.csv", conflicts_with = "items")]
    catalog: Option<PathBuf>,
    /// Make up a catalog of so many variants instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    items: Option<u32>,
    /// The same seed makes the same choices
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

impl GoodsArgs {
    /// The goods, and what identifies them. Notes on the catalog go to stderr.
    pub fn load(&self) -> anyhow::Result<(Vec<LabItem>, KeyStyle)> {
        if let Some(items) = self.items {
            return Ok((catalog::generate(usize::try_from(items)?, self.seed), KeyStyle::Sku));
        }
        let Some(path) = &self.catalog else {
            let Catalog { items, key, .. } = catalog::sample()?;
            return Ok((items, key));
        };
        let bytes = std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        let Catalog { items, notes, key, .. } =
            catalog::load(&bytes, &LoadOptions::default()).with_context(|| path.display().to_string())?;
        for note in &notes {
            output::say(&format!("{}:{}: {}", path.display(), note.line, note.words));
        }
        Ok((items, key))
    }
}

/// Arguments.
#[derive(Debug, Args)]
pub struct LabArgs {
    #[command(flatten)]
    goods: GoodsArgs,
    /// Port of the sheet (Sheets, Drive and token endpoint) on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port_google: u16,
    /// Port of the Shopify shop
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port_shopify: u16,
    /// Port of the WooCommerce shop
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port_woocommerce: u16,
    /// Port of the control API (docs/lab.md)
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port_control: u16,
    /// Write a configuration that fits, and its secrets beside it
    #[arg(long, value_name = "FILE_OR_DIR")]
    write_config: Option<PathBuf>,
    /// Every call to Google takes at least so many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_sheet: u64,
    /// Every call to a shop takes at least so many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_shop: u64,
    /// Keep no quota at Google (60 reads and 60 writes a minute otherwise)
    #[arg(long)]
    no_quota: bool,
}

pub async fn run(args: LabArgs) -> anyhow::Result<Exit> {
    let (items, key_style) = args.goods.load()?;
    let mut options = WorldOptions {
        items,
        key_style,
        ports: Ports {
            google: args.port_google,
            shopify: args.port_shopify,
            woocommerce: args.port_woocommerce,
            control: args.port_control,
        },
        latency_sheet: Duration::from_millis(args.latency_sheet),
        latency_shop: Duration::from_millis(args.latency_shop),
        ..WorldOptions::default()
    };
    if args.no_quota {
        (options.reads_per_minute, options.writes_per_minute) = (None, None);
    }
    let world = World::start(options).await?;
    let description = world.describe();
    if let Some(target) = &args.write_config {
        // The ports that a configuration without them would get.
        let path = config_file::write(&description, target, DaemonPorts { listener: 8080, admin: 9090 })?;
        output::say(&format!("configuration: {}", path.display()));
    }
    output::data(&serde_json::to_string(&description)?);
    let shutdown = CancellationToken::new();
    tokio::spawn(wait_for_signal(shutdown.clone()));
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = world.stop_requested() => {}
    }
    world.stop().await;
    Ok(Exit::Done)
}
