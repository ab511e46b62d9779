//! `[[shops]]`.

use super::{ShopConfig, is_loopback};
use crate::catalog::TabMapping;
use crate::settings::{Section, want};
use crate::stores::{StoreConfig, shopify, woocommerce};

/// Names become part of an address and of the ledger.
const NAME_MAX: usize = 32;

#[derive(Debug, Clone, Copy)]
enum Platform {
    Shopify,
    WooCommerce,
}

pub(super) fn read(root: &mut Section<'_>, warnings: &mut Vec<String>) -> Vec<ShopConfig> {
    let mut shops: Vec<ShopConfig> = Vec::new();
    for mut section in root.sections("shops") {
        let Some(shop) = read_shop(&mut section, warnings) else {
            section.finish();
            continue;
        };
        if shops.iter().any(|other| other.name == shop.name) {
            section.complain("name", format!("\"{}\"", shop.name), want("a name that no other shop has", ""));
        }
        section.finish();
        shops.push(shop);
    }
    if !root.has("shops") {
        root.complain("shops", "", want("at least one [[shops]] table", "see config.example.toml"));
    }
    shops
}

fn read_shop(section: &mut Section<'_>, warnings: &mut Vec<String>) -> Option<ShopConfig> {
    let form = want("a short name of a-z, 0-9 and -", "it shows in the status column and in webhook addresses");
    let name = section.text("name", form);
    let well_formed = |name: &String| {
        name.len() <= NAME_MAX
            && name != crate::db::SHEET
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if let Some(name) = name.as_ref().filter(|name| !well_formed(name)) {
        section.complain("name", format!("\"{name}\""), form);
    }
    let pool = section.text_or("pool", "main", want("the name of a pool", "see sheet.tabs, stock"));
    let buffer = section.int_or("buffer", 0, 0..=1_000_000, "units kept back from sale in this shop");
    let kinds = [("shopify", Platform::Shopify), ("woocommerce", Platform::WooCommerce)];
    if !section.has("kind") {
        section.complain("kind", "", want("\"shopify\" or \"woocommerce\"", ""));
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
        None => {
            section.forgive_unknown();
            return None;
        }
    };
    Some(ShopConfig { name: name?, buffer, store })
}

/// Every shop sells from a pool that some tab fills.
pub(super) fn check_pools(root: &Section<'_>, shops: &[ShopConfig], tabs: &[TabMapping]) {
    let mut pools: Vec<&str> = tabs.iter().flat_map(|tab| tab.stock.iter().map(|(pool, _)| pool.as_str())).collect();
    pools.sort_unstable();
    pools.dedup();
    for (index, shop) in shops.iter().enumerate() {
        let pool = match &shop.store {
            StoreConfig::Shopify(config) => &config.pool,
            StoreConfig::WooCommerce(config) => &config.pool,
        };
        if !pools.contains(&pool.as_str()) {
            let expected = format!("a pool that a tab's stock column fills ({})", pools.join(", "));
            root.complain(
                &format!("shops[{index}].pool"),
                format!("\"{pool}\""),
                want(&expected, "see sheet.tabs, stock"),
            );
        }
    }
}
