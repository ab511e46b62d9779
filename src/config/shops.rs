//! `[[shops]]`.

use super::{ShopConfig, is_loopback};
use crate::catalog::TabMapping;
use crate::settings::{Section, want};
use crate::stores::{StoreConfig, medusa, shopify, vendure, woocommerce};

/// Names become part of an address and of the ledger.
const NAME_MAX: usize = 32;

const TWICE: &str = "each sale there would be counted once per table; several tables may share a shop only with \
                     a location each";

#[derive(Debug, Clone, Copy)]
enum Platform {
    Shopify,
    WooCommerce,
    Medusa,
    Vendure,
}

/// The shops that could be read, each with its place in the file.
pub(super) fn read(root: &mut Section<'_>, warnings: &mut Vec<String>) -> Vec<(usize, ShopConfig)> {
    let mut shops: Vec<(usize, ShopConfig)> = Vec::new();
    for (index, mut section) in root.sections("shops").into_iter().enumerate() {
        if let Some(shop) = read_shop(&mut section, warnings) {
            if let Some((first, _)) = shops.iter().find(|(_, other)| other.name == shop.name) {
                let expected = format!("a name of its own; shops[{first}] is called so already");
                section.complain("name", format!("\"{}\"", shop.name), want(&expected, "the ledger goes by the name"));
            }
            if let Some((first, _)) = shops.iter().find(|(_, other)| same_stock(&other.store, &shop.store)) {
                let expected = format!("a shop whose stock no other table keeps; shops[{first}] is the same one");
                section.complain("url", format!("\"{}\"", shop.store.facts().url), want(&expected, TWICE));
            }
            shops.push((index, shop));
        }
        section.finish();
    }
    shops
}

fn read_shop(section: &mut Section<'_>, warnings: &mut Vec<String>) -> Option<ShopConfig> {
    let form = want(
        "a short name of a-z, 0-9 and -, other than \"sheet\"",
        "it becomes part of the webhook address, so it should stay as it is",
    );
    let name = section.text("name", form);
    let well_formed = |name: &String| {
        name.len() <= NAME_MAX
            && name != crate::db::SHEET
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if let Some(name) = name.as_ref().filter(|name| !well_formed(name)) {
        section.complain("name", format!("\"{name}\""), form);
    }
    let pool = section.text_or(
        "pool",
        "main",
        want("the name of a pool", "a pool is a stock column: see stock in [[sheet.tabs]]"),
    );
    let buffer = section.int_or("buffer", 0, 0..=1_000_000, "units kept back from sale in this shop");
    let kinds = [
        ("shopify", Platform::Shopify),
        ("woocommerce", Platform::WooCommerce),
        ("medusa", Platform::Medusa),
        ("vendure", Platform::Vendure),
    ];
    if !section.has("kind") {
        let names: Vec<String> = kinds.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        section.complain("kind", "", want(&names.join(" or "), ""));
    }
    let known = name.clone().unwrap_or_default();
    let kind = section.choice_opt("kind", &kinds, "");
    let store = match kind {
        Some(Platform::Shopify) => StoreConfig::Shopify(shopify::Config::read(section, known, pool)?),
        Some(Platform::WooCommerce) => {
            let config = woocommerce::Config::read(section, known, pool)?;
            if config.url.scheme() == "http" && !is_loopback(&config.url) {
                warnings.push(format!(
                    "shops: \"{}\": {} is plain http; requests are signed (OAuth 1.0a), but anyone on the way can read them",
                    config.shop, config.url
                ));
            }
            StoreConfig::WooCommerce(config)
        }
        Some(Platform::Medusa) => {
            let config = medusa::Config::read(section, known, pool)?;
            if config.url.scheme() == "http" && !is_loopback(&config.url) {
                warnings.push(format!(
                    "shops: \"{}\": {} is plain http; anyone on the way can read the API key",
                    config.shop, config.url
                ));
            }
            StoreConfig::Medusa(config)
        }
        Some(Platform::Vendure) => {
            let config = vendure::Config::read(section, known, pool)?;
            if config.url.scheme() == "http" && !is_loopback(&config.url) {
                warnings.push(format!(
                    "shops: \"{}\": {} is plain http; anyone on the way can read the password",
                    config.shop, config.url
                ));
            }
            StoreConfig::Vendure(config)
        }
        None => {
            section.forgive_unknown();
            return None;
        }
    };
    Some(ShopConfig { name: name?, buffer, store })
}

/// True when two tables mean the same stock in the same shop. Its movements would be folded once per table.
fn same_stock(a: &StoreConfig, b: &StoreConfig) -> bool {
    let (a, b) = (a.facts(), b.facts());
    // Without a location the shop must have exactly one, so it is the other's too.
    let same_location = match (a.place(), b.place()) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    a.platform == b.platform && a.site() == b.site() && same_location
}

/// Every shop sells from a pool that some tab fills.
pub(super) fn check_pools(root: &Section<'_>, shops: &[(usize, ShopConfig)], tabs: &[TabMapping]) {
    let mut pools: Vec<&str> = tabs.iter().flat_map(|tab| tab.stock.iter().map(|(pool, _)| pool.as_str())).collect();
    pools.sort_unstable();
    pools.dedup();
    for (index, shop) in shops {
        let pool = shop.store.facts().pool;
        if !pools.contains(&pool.as_str()) {
            let expected = format!("a pool that a stock column of the sheet fills ({})", pools.join(", "));
            let expected = if pools.is_empty() { "a tab with a stock column to sell from" } else { &expected };
            let hint = format!("a [[sheet.tabs]] fills it with stock = {{ {pool} = \"HEADER\" }}");
            root.complain(&format!("shops[{index}].pool"), format!("\"{pool}\""), want(expected, &hint));
        }
    }
}
