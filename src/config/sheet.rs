//! `[sheet]` and its tabs.

use std::num::NonZeroU32;
use std::path::Path;

use super::{SheetAccount, SheetConfig, is_loopback};
use crate::catalog::{OptionColumns, Pool, TabMapping};
use crate::settings::{Section, Want, want};

/// The pool that a lone stock column fills.
const MAIN: &str = "main";

pub(super) fn read(mut section: Section<'_>, folder: &Path) -> Option<SheetConfig> {
    let id = want("the long id in the spreadsheet's address", "it is this part: …/spreadsheets/d/THIS-PART/edit");
    let spreadsheet_id = section.text("spreadsheet_id", id);
    let in_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if let Some(text) = spreadsheet_id.as_ref().filter(|text| !text.bytes().all(in_id)) {
        section.complain("spreadsheet_id", format!("\"{text}\""), id);
    }
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
    let mut tabs = read_tabs(&mut section);
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

fn read_tabs(section: &mut Section<'_>) -> Vec<TabMapping> {
    let mut tabs: Vec<TabMapping> = Vec::new();
    for tab in section.sections("tabs") {
        let name = tab.path_of("name");
        let Some(tab) = read_tab(tab) else { continue };
        if tabs.iter().any(|other| other.tab == tab.tab) {
            let again = want("a tab that no other [[sheet.tabs]] table names", "write all its columns into one table");
            section.complain_at(name, format!("\"{}\"", tab.tab), again);
        }
        tabs.push(tab);
    }
    tabs
}

fn read_account(section: &mut Section<'_>, folder: &Path) -> Option<SheetAccount> {
    let key = section.secret_opt("account", "the content of a service account's JSON key file");
    let installed = section.section("sign_in");
    match (section.has("account"), installed) {
        (true, None) => Some(SheetAccount::ServiceAccount { key: key? }),
        (false, Some(mut sign_in)) => {
            let client_secret =
                sign_in.secret("client", "the content of an OAuth client's JSON file (\"Desktop app\")");
            let cache = sign_in.text(
                "token_file",
                want("the path of a file to keep the sign-in in", "shelfd writes it; data_dir is a good place"),
            );
            sign_in.finish();
            Some(SheetAccount::Installed { client_secret: client_secret?, token_cache: folder.join(cache?) })
        }
        (has, _) => {
            let value = if has { "given together with sheet.sign_in" } else { "" };
            let either = want(
                "either account (a service account) or a [sheet.sign_in] table (a person), not both",
                "a service account is the better choice: nobody has to sign in again",
            );
            section.complain("account", value, either);
            None
        }
    }
}

fn read_tab(mut section: Section<'_>) -> Option<TabMapping> {
    let header =
        want("a column header as it stands in the first row", "leave the key out when there is no such column");
    let tab = section.text("name", want("the tab's title", "as it stands at the bottom of the spreadsheet"));
    let keys = want("the header of the key column, or a list of headers that form the key together", "usually \"SKU\"");
    let key = section.texts("key", keys);
    if key.is_empty() && !section.is_wrong("key") {
        section.complain("key", "", keys);
    }
    let mut optional = |name: &str| section.text_opt(name, header);
    let (handle, title, price) = (optional("handle"), optional("title"), optional("price"));
    let (status, error, last_sync) = (optional("status"), optional("error"), optional("last_sync"));
    let stock = read_stock(&mut section);
    let counted = read_counted(&mut section, &stock);
    let sold = read_sold(&mut section, &stock, &counted);
    let options = read_options(&mut section);
    if !options.is_empty() && handle.is_none() {
        let why = "rows with options are variants, and the handle says of which product";
        section.complain("handle", "", want("the header of the column that groups variants into products", why));
    }
    let mapping = TabMapping {
        tab: tab.clone().unwrap_or_default(),
        key,
        handle,
        options,
        title,
        price,
        stock,
        counted,
        sold,
        status,
        error,
        last_sync,
    };
    check_headers(&section, &mapping);
    section.finish();
    tab.map(|_| mapping)
}

/// `counted = ["main"]`: pools whose column is for stock-takes.
fn read_counted(section: &mut Section<'_>, stock: &[(Pool, String)]) -> Vec<Pool> {
    let form = want("pools of this tab's `stock`", "counted = [\"main\"]");
    let counted = section.texts("counted", form);
    for pool in counted.iter().filter(|pool| stock.iter().all(|(of, _)| of != *pool)) {
        section.complain("counted", pool, form);
    }
    counted
}

/// `sold = "Sold"`, or a table of pools as in `stock`: shelfd's own counters. The stock column of such a pool is what came in.
fn read_sold(section: &mut Section<'_>, stock: &[(Pool, String)], counted: &[Pool]) -> Vec<(Pool, String)> {
    let sold = read_pools(section, "sold", want("a column header, or a table of pools and headers", "sold = \"Sold\""));
    for (pool, _) in &sold {
        if stock.iter().all(|(of, _)| of != pool) {
            section.complain(
                "sold",
                pool,
                want("pools of this tab's `stock`", "a counter stands beside a stock column"),
            );
        }
        if counted.contains(pool) {
            let either = want(
                "a pool that is not in `counted`",
                "a stock-take sets the stock; a counter column only adds to it",
            );
            section.complain("sold", pool, either);
        }
    }
    sold
}

/// `stock = "Stock"`, or a table of pools: `stock = { main = "Stock", berlin = "Stock Berlin" }`.
fn read_stock(section: &mut Section<'_>) -> Vec<(Pool, String)> {
    read_pools(section, "stock", want("a column header, or a table of pools and headers", "stock = \"Stock\""))
}

fn read_pools(section: &mut Section<'_>, key: &str, form: Want<'_>) -> Vec<(Pool, String)> {
    if !section.is_table(key) {
        return section.text_opt(key, form).map(|header| (MAIN.to_owned(), header)).into_iter().collect();
    }
    let Some(mut pools) = section.section(key) else { return Vec::new() };
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
        section.complain("options", "a list with an item of neither kind", form);
    }
    options
}

/// One column, one purpose: shelfd's own columns hold nothing else, and no two pools share a column. Only the key may
/// be put together from columns that also mean something by themselves.
fn check_headers(section: &Section<'_>, mapping: &TabMapping) {
    let named = [
        ("handle", &mapping.handle),
        ("title", &mapping.title),
        ("price", &mapping.price),
        ("status", &mapping.status),
        ("error", &mapping.error),
        ("last_sync", &mapping.last_sync),
    ];
    let named = named.into_iter().filter_map(|(key, header)| Some((key.to_owned(), header.as_deref()?)));
    let stock = mapping.stock.iter().map(|(pool, header)| (format!("stock.{pool}"), header.as_str()));
    let stock = stock.chain(mapping.sold.iter().map(|(pool, header)| (format!("sold.{pool}"), header.as_str())));
    let options = mapping.options.iter().flat_map(|pair| pair.name.iter().chain([&pair.value]));
    let options = options.map(|header| ("options".to_owned(), header.as_str()));
    let mut used: Vec<(String, &str)> = Vec::new();
    for (key, header) in named.chain(stock).chain(options) {
        if let Some((first, _)) = used.iter().find(|(_, other)| *other == header) {
            let expected = format!("a column of its own; {first} is \"{header}\" already");
            section.complain(&key, format!("\"{header}\""), want(&expected, ""));
        }
        used.push((key, header));
    }
    if let Some(again) = mapping.key.iter().enumerate().find(|(at, header)| mapping.key[..*at].contains(header)) {
        section.complain("key", format!("\"{}\" twice", again.1), want("each column of the key once", ""));
    }
    for (key, header) in &used {
        let is_written = matches!(key.as_str(), "status" | "error" | "last_sync")
            || key.starts_with("stock.")
            || key.starts_with("sold.");
        if is_written && mapping.key.iter().any(|of| of == header) {
            let apart = want("a column that is not part of the key", "shelfd writes into this column");
            section.complain(key, format!("\"{header}\""), apart);
        }
    }
}
