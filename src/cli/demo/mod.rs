//! `shelfd demo`: the lab, the daemon in the same process over real HTTP, and a page to play with; or, unattended, a
//! judgement of whether everything agreed.

mod check;
mod movement;
mod seen;
mod server;
mod stage;
mod tracking;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::lab::GoodsArgs;
use super::run::wait_for_signal;
use super::{Exit, output};
use crate::lab::shoppers::ShopperOptions;
use server::Page;
use stage::Stage;

/// One sale every two and a half seconds: slow enough to follow each with the eye.
const GENTLE: f64 = 0.4;
/// Some change their minds.
const CANCEL_SHARE: f64 = 0.12;

/// Arguments.
#[derive(Debug, Args)]
pub struct DemoArgs {
    #[command(flatten)]
    goods: GoodsArgs,
    /// Port of the page on 127.0.0.1
    #[arg(long, default_value_t = 7878)]
    port: u16,
    /// Stop by itself after so long, such as 30s or 2m
    #[arg(long = "for", value_name = "TIME", value_parser = read_duration)]
    duration: Option<Duration>,
    /// Play unattended, without a page, and fail unless everything agrees in the end
    #[arg(long, requires = "duration")]
    check: bool,
    /// Print the report as JSON
    #[arg(long, requires = "check")]
    json: bool,
}

pub async fn run(args: DemoArgs) -> anyhow::Result<Exit> {
    let (items, key_style) = args.goods.load()?;
    let shutdown = CancellationToken::new();
    tokio::spawn(wait_for_signal(shutdown.clone()));
    let started = crate::clock::now();
    let say_ready = |stage: &Stage| {
        let rows = stage.watch.seen().rows.len();
        let secs = (crate::clock::now() - started).as_seconds_f64();
        output::say(&format!("{rows} rows of the sheet are in both shops after {secs:.1} s"));
    };
    output::say("starting a sheet, a Shopify shop, a WooCommerce shop and shelfd on this machine");
    let stage = Stage::set(items, key_style, &shutdown).await?;
    let exit = match args.duration.filter(|_| args.check) {
        Some(duration) => {
            if stage.filled(&shutdown).await? {
                say_ready(&stage);
            }
            check::run(&stage, duration, args.goods.seed, args.json, &shutdown).await
        }
        None => {
            if !stage.filled(&shutdown).await? {
                output::say("not everything could be brought into the shops; the sheet's status column says why");
            } else {
                say_ready(&stage);
            }
            show(&stage, &args, &shutdown).await.map(|()| Exit::Done)
        }
    };
    shutdown.cancel();
    stage.strike().await;
    exit
}

/// Serve the page until told to stop.
async fn show(stage: &Stage, args: &DemoArgs, shutdown: &CancellationToken) -> anyhow::Result<()> {
    if shutdown.is_cancelled() {
        return Ok(());
    }
    let shoppers = ShopperOptions {
        per_second: GENTLE,
        seed: args.goods.seed,
        quantity_max: 2,
        cancel_share: CANCEL_SHARE,
        ..ShopperOptions::default()
    };
    stage.watch.world.start_shoppers(shoppers.clone()).map_err(anyhow::Error::msg)?;
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await;
    let listener = listener.with_context(|| {
        format!("cannot listen on 127.0.0.1:{}\n  hint: choose another port with --port", args.port)
    })?;
    output::data(&format!("http://{}", listener.local_addr()?));
    output::say("open this page in a browser; Ctrl-C stops everything");
    let page = Page::new(Arc::clone(&stage.watch), shoppers, shutdown.clone());
    let serving = crate::http::serve(listener, page.router(), shutdown.clone().cancelled_owned());
    match args.duration {
        None => serving.await?,
        Some(duration) => {
            let serving = tokio::spawn(serving);
            let _ = tokio::time::timeout(duration, shutdown.cancelled()).await;
            shutdown.cancel();
            serving.await??;
        }
    }
    Ok(())
}

/// `30s`, `2m`, `1h`.
fn read_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a time such as 30s, 2m or 1h");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let secs = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(secs).filter(|secs| *secs > 0).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        let check = |text: &str, expect: Option<u64>| assert_eq!(read_duration(text).ok().map(|d| d.as_secs()), expect);
        check("30s", Some(30));
        check("2m", Some(120));
        check("1h", Some(3600));
        check("0s", None);
        check("30", None);
        check("s", None);
        check("", None);
        check("-1s", None);
        check("5ü", None);
        check("99999999999999999999s", None);
        check("18446744073709551615h", None);
    }
}
