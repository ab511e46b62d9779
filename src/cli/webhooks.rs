//! `shelfd webhooks …`: subscriptions at the shops.

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::snippets::{self, SnippetArgs};
use super::{ConfigArgs, Exit, output};
use crate::config::Config;
use crate::stores::{self, Store, Subscription};

/// What to do with subscriptions.
#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// List the subscriptions that the shops keep
    List(ListArgs),
    /// Make sure, at once, that every topic shelfd needs is delivered to listener.public_url; a running daemon does so by itself
    Register(ListArgs),
    /// Remove shelfd's own subscriptions (those that deliver to listener.public_url); a running daemon registers them again
    Remove(ListArgs),
    /// Print the code that makes a shop on one's own server tell shelfd of its events
    Snippet(SnippetArgs),
}

/// Arguments.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Only this shop
    #[arg(long, value_name = "NAME")]
    shop: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct ShopSubscriptions {
    shop: String,
    subscriptions: Vec<Subscription>,
}

pub async fn run(command: WebhooksCommand) -> anyhow::Result<Exit> {
    let args = match &command {
        WebhooksCommand::List(args) | WebhooksCommand::Register(args) | WebhooksCommand::Remove(args) => args,
        WebhooksCommand::Snippet(args) => return snippets::run(args),
    };
    let config = args.config.load()?;
    let mut all = Vec::new();
    for store in selected(&config, args.shop.as_deref())? {
        let subscriptions = match &command {
            WebhooksCommand::List(_) | WebhooksCommand::Snippet(_) => store.subscriptions().await?,
            WebhooksCommand::Register(_) => store.subscribe(&address(&config, store.shop())?).await?,
            WebhooksCommand::Remove(_) => remove(store.as_ref(), &address(&config, store.shop())?).await?,
        };
        all.push(ShopSubscriptions { shop: store.shop().to_owned(), subscriptions });
    }
    if args.json {
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    let row = |shop: &ShopSubscriptions, subscription: &Subscription| {
        let Subscription { id, topic, url, active } = subscription.clone();
        vec![shop.shop.clone(), id, topic, url, if active { "active" } else { "disabled" }.to_owned()]
    };
    let rows: Vec<_> = all
        .iter()
        .flat_map(|shop| shop.subscriptions.iter().map(move |subscription| row(shop, subscription)))
        .collect();
    if rows.is_empty() {
        output::say("no subscriptions");
    } else {
        output::table(&["shop", "id", "topic", "delivers to", "state"], rows);
    }
    Ok(Exit::Done)
}

async fn remove(store: &dyn Store, url: &str) -> anyhow::Result<Vec<Subscription>> {
    for subscription in store.subscriptions().await?.into_iter().filter(|subscription| subscription.delivers_to(url)) {
        store.unsubscribe(&subscription.id).await?;
    }
    Ok(store.subscriptions().await?)
}

/// Where a shop is to deliver.
pub fn address(config: &Config, shop: &str) -> anyhow::Result<String> {
    config.webhook_address(shop).context(
        "listener.public_url is not set\n  hint: it is the https address under which the shops reach this machine's listener",
    )
}

fn selected(config: &Config, only: Option<&str>) -> anyhow::Result<Vec<std::sync::Arc<dyn Store>>> {
    let shops = config.shops.iter().filter(|shop| only.is_none_or(|only| shop.name == only));
    let stores: Vec<_> = shops.map(|shop| stores::build(&shop.store)).collect::<Result<_, _>>()?;
    if stores.is_empty() {
        bail!("no shop is called \"{}\"", only.unwrap_or_default());
    }
    Ok(stores)
}
