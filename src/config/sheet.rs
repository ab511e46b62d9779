//! `[sheet]` and its tabs.

use std::num::NonZeroU32;
use std::path::Path;

use super::{SheetAccount, SheetConfig, is_loopback};
use crate::catalog::{OptionColumns, Pool, TabMapping};
use crate::settings::{Section, want};

/// The pool that a lone stock column fills.
const MAIN: &str = "main";

pub(super) fn read(mut section: Section<'_>, folder: &Path) -> Option<SheetConfig> {
    let id = want("the long id in the spreadsheet's address", "…/spreadsheets/d/THIS-PART/edit");
    let spreadsheet_id = section.text("spreadsheet_id", id);
    let account = read_account(&mut section, folder);
    let google = want("the root address of an API", "leave it out for Google's own");
    let mut root = |key: &str| {
        let url = section.url_opt(key, google);
        if let Some(url) = url.as_ref().filter(|url| url.scheme() != "https" && !is_loopback(url)) {
            let https = want("https, or a loopback address", "tokens would travel readable for anyone");
            section.complain(key, format!("\"{url}\""), https);
        }
        url
    };
    let (base_url, drive_base_url) = (root("base_url"), root("drive_base_url"));
    let settle =
        section.secs_or("settle_secs", 2.0, 0.0..=3600.0, "how long a row must look the same before it counts");
    let poll = section.secs_or("poll_secs", 5.0, 0.1..=3600.0, "how often to ask whether the sheet changed");
    let block_rows = section.int_or("block_rows", 5000, 100..=50_000, "rows per read; bounds memory");
    let decimals = section.int_or("price_decimals", 2, 0..=4, "2 for euros and dollars, 0 for yen");
    let calls =
        section.int_or("calls_per_minute", 0, 1..=100_000, "reads and writes each; Google grants 60 unless asked");
    let mut tabs: Vec<TabMapping> = section.sections("tabs").into_iter().filter_map(read_tab).collect();
    if !section.has("tabs") {
        section.complain("tabs", "", want("at least one [[sheet.tabs]] table", "see config.example.toml"));
    }
    let mut names: Vec<&str> = tabs.iter().map(|tab| tab.tab.as_str()).collect();
    names.sort_unstable();
    for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
        section.complain("tabs", format!("\"{}\" twice", pair[0]), want("each tab once", ""));
    }
    section.finish();
    tabs.sort_by(|a, b| a.tab.cmp(&b.tab));
    Some(SheetConfig {
        spreadsheet_id: spreadsheet_id?,
        account: account?,
        base_url,
        drive_base_url,
        settle,
        poll,
        block_rows: u32::try_from(block_rows).unwrap_or(5000),
        calls_per_minute: u32::try_from(calls).ok().and_then(NonZeroU32::new),
        price_decimals: u32::try_from(decimals).unwrap_or(2),
        tabs,
    })
}

fn read_account(section: &mut Section<'_>, folder: &Path) -> Option<SheetAccount> {
    let key = section.secret_opt("account", "the content of a service account's JSON key file");
    let installed = section.section("sign_in");
    match (section.has("account"), installed) {
        (true, None) => Some(SheetAccount::ServiceAccount { key: key? }),
        (false, Some(mut sign_in)) => {
            let client_secret =
                sign_in.secret("client", "the content of an OAuth client's JSON file (\"Desktop app\")");
            let cache = sign_in.text("token_file", want("the path of a file to keep the sign-in in", ""));
            sign_in.finish();
            Some(SheetAccount::Installed { client_secret: client_secret?, token_cache: folder.join(cache?) })
        }
        (has, _) => {
            let value = if has { "beside sheet.sign_in" } else { "" };
            let either =
                want("either account (a service account) or [sheet.sign_in]", "a service account needs no renewal");
            section.complain("account", value, either);
            None
        }
    }
}

fn read_tab(mut section: Section<'_>) -> Option<TabMapping> {
    let header = want("a column header as it stands in the first row", "");
    let tab = section.text("name", want("the tab's title", ""));
    let key = section.texts("key", want("a header, or several that form the key together", "usually \"SKU\""));
    if key.is_empty() {
        section.complain("key", "", want("the header of the key column", "usually \"SKU\""));
    }
    let mut optional = |name: &str| section.text_opt(name, header);
    let (handle, title, price) = (optional("handle"), optional("title"), optional("price"));
    let (status, error, last_sync) = (optional("status"), optional("error"), optional("last_sync"));
    let stock = read_stock(&mut section);
    let options = read_options(&mut section);
    if !options.is_empty() && handle.is_none() {
        let why = "rows with options are variants; the handle says of which product";
        section.complain("handle", "", want("the header of the column that groups variants", why));
    }
    let mapping = TabMapping {
        tab: tab.clone().unwrap_or_default(),
        key,
        handle,
        options,
        title,
        price,
        stock,
        status,
        error,
        last_sync,
    };
    check_headers(&section, &mapping);
    section.finish();
    tab.map(|_| mapping)
}

/// `stock = "Stock"`, or a table of pools: `stock = { main = "Stock", berlin = "Stock Berlin" }`.
fn read_stock(section: &mut Section<'_>) -> Vec<(Pool, String)> {
    let form = want("a column header, or a table of pools and headers", "stock = \"Stock\"");
    if !section.is_table("stock") {
        return section.text_opt("stock", form).map(|header| (MAIN.to_owned(), header)).into_iter().collect();
    }
    let Some(mut pools) = section.section("stock") else { return Vec::new() };
    let stock = pools.keys().into_iter().filter_map(|pool| Some((pool.clone(), pools.text(&pool, form)?))).collect();
    pools.finish();
    stock
}

/// `options = ["Size", ["Option1 Name", "Option1 Value"]]`.
fn read_options(section: &mut Section<'_>) -> Vec<OptionColumns> {
    let form = want(
        "a list of headers, or of [name header, value header] pairs",
        "options = [\"Size\", [\"Option1 Name\", \"Option1 Value\"]]",
    );
    let pair = |list: Vec<String>| match list.as_slice() {
        [value] => Some(OptionColumns { name: None, value: value.clone() }),
        [name, value] => Some(OptionColumns { name: Some(name.clone()), value: value.clone() }),
        _ => None,
    };
    let lists = section.text_lists("options", form);
    let count = lists.len();
    let options: Vec<OptionColumns> = lists.into_iter().filter_map(pair).collect();
    if options.len() < count {
        section.complain("options", "a list of three or more", form);
    }
    options
}

/// One column, one purpose: shelfd's own columns hold nothing else, and no two pools share a column.
fn check_headers(section: &Section<'_>, mapping: &TabMapping) {
    let own = [("status", &mapping.status), ("error", &mapping.error), ("last_sync", &mapping.last_sync)];
    let data = [("title", &mapping.title), ("price", &mapping.price), ("handle", &mapping.handle)];
    let mut used: Vec<(String, &str)> = Vec::new();
    let named = own.iter().chain(&data).filter_map(|(key, header)| Some(((*key).to_owned(), header.as_deref()?)));
    let stock = mapping.stock.iter().map(|(pool, header)| (format!("stock.{pool}"), header.as_str()));
    for (key, header) in named.chain(stock) {
        if let Some((first, _)) = used.iter().find(|(_, other)| *other == header) {
            let expected = format!("a column of its own; \"{header}\" is already {first}");
            section.complain(&key, format!("\"{header}\""), want(&expected, ""));
        }
        used.push((key, header));
    }
    for (key, header) in &used {
        let is_writable = own.iter().any(|(name, _)| name == key) || key.starts_with("stock.");
        if is_writable && mapping.key.iter().any(|of| of == header) {
            section.complain(
                key,
                format!("\"{header}\""),
                want("a column that is not part of the key", "shelfd writes there"),
            );
        }
    }
}
