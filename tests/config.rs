//! The example file loads and is complete, and every kind of mistake gets a message that says what to do.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use shelfd::config::{Config, ConfigError, Loaded, SheetAccount};
use shelfd::settings::SecretSource;
use shelfd::stores::StoreConfig;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What stands in for every secret; it must never be seen again.
const HUSH: &str = "hush-7f3a";

/// Secrets from two maps: environment variables and files.
#[derive(Default)]
struct FakeSecrets {
    env: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
}

impl FakeSecrets {
    fn new(env: &[&str], files: &[&str]) -> Self {
        let hush = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), format!("{HUSH}\n"))).collect();
        Self { env: hush(env), files: hush(files) }
    }

    /// Everything that the example names.
    fn of_the_example() -> Self {
        let env = ["OUTLET_CLIENT_SECRET", "BLOG_CONSUMER_KEY", "BLOG_CONSUMER_SECRET", "BLOG_WEBHOOK_SECRET"];
        Self::new(&env, &["/etc/shelfd/google.json"])
    }

    /// Everything that its commented shops name, too.
    fn of_the_commented_shops() -> Self {
        let mut secrets = Self::of_the_example();
        for name in ["ATELIER_API_KEY", "ATELIER_WEBHOOK_SECRET", "STUDIO_PASSWORD", "STUDIO_WEBHOOK_SECRET"] {
            secrets.env.insert(name.to_owned(), HUSH.to_owned());
        }
        secrets
    }
}

impl SecretSource for FakeSecrets {
    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn file(&self, path: &str) -> Result<String, String> {
        self.files.get(path).cloned().ok_or_else(|| "No such file or directory".to_owned())
    }
}

fn example() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("config.example.toml")).unwrap()
}

fn parse(text: &str, secrets: &FakeSecrets) -> Result<Loaded, ConfigError> {
    Config::parse(text, Path::new("/srv"), secrets)
}

/// The example with the `# ` before these keys removed.
fn uncomment(keys: &[&str]) -> String {
    let is_one = |rest: &str| keys.iter().any(|key| rest.starts_with(&format!("{key} = ")));
    let open = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if is_one(rest) => rest.to_owned(),
        _ => line.to_owned(),
    };
    example().lines().map(open).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_loads() {
    let Loaded { config, warnings } = parse(&example(), &FakeSecrets::of_the_example()).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(config.data_dir, Path::new("/srv/shelfd-data"));
    assert!(matches!(config.sheet.account, SheetAccount::ServiceAccount { .. }));
    assert_eq!(config.sheet.tabs.iter().map(|tab| tab.tab.as_str()).collect::<Vec<_>>(), ["Products", "Shirts"]);
    assert_eq!(config.shops.iter().map(|shop| shop.name.as_str()).collect::<Vec<_>>(), ["outlet", "blog"]);
    assert!(matches!(&config.shops[0].store, StoreConfig::Shopify(shop) if shop.webhook_secrets.len() == 1));
    assert!(matches!(&config.shops[1].store, StoreConfig::WooCommerce(shop) if shop.webhook_secrets.len() == 1));
}

/// The example with its commented shops, those whose lines are indented behind the `# `, opened as well.
fn with_commented_shops() -> String {
    let open = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest == "[[shops]]" || rest.starts_with("    ") => rest.to_owned(),
        _ => line.to_owned(),
    };
    // Only where shops stand: elsewhere such lines are examples within words.
    let example = example();
    let (before, shops) = example.split_once("# ---- The shops").unwrap();
    let (shops, after) = shops.split_once("# ---- When and where").unwrap();
    let shops = shops.lines().map(open).collect::<Vec<_>>().join("\n");
    format!("{before}# ---- The shops{shops}\n# ---- When and where{after}")
}

#[test]
fn the_shops_that_the_example_shows_in_comments_load_too() {
    let mut secrets = FakeSecrets::of_the_commented_shops();
    for name in ["ATELIER_WEBHOOK_SECRET", "STUDIO_WEBHOOK_SECRET"] {
        secrets.env.insert(name.to_owned(), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX".to_owned());
    }
    let Loaded { config, warnings } = parse(&with_commented_shops(), &secrets).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let atelier = config.shops.iter().find(|shop| shop.name == "atelier").unwrap();
    assert!(matches!(&atelier.store, StoreConfig::Medusa(shop) if shop.currency.as_deref() == Some("eur")));
    let studio = config.shops.iter().find(|shop| shop.name == "studio").unwrap();
    assert!(matches!(&studio.store, StoreConfig::Vendure(shop) if shop.webhook_secrets.len() == 1));
}

#[test]
fn a_secret_that_can_sign_nothing_is_told() {
    let secrets = FakeSecrets::of_the_commented_shops();
    let text = with_commented_shops().replace("currency = \"eur\"", "currency = \"euro\"");
    let error = parse(&text, &secrets).unwrap_err().to_string();
    assert!(!error.contains(HUSH), "{error}");
    assert!(error.contains("webhook_secret: is a secret of another form; expected \"whsec_\" and base64"), "{error}");
    assert!(error.contains("currency: is \"euro\"; expected a currency's code"), "{error}");
}

#[test]
fn the_defaults_that_the_example_shows_are_the_real_ones() {
    let defaults = [
        "data_dir",
        "settle_secs",
        "poll_secs",
        "block_rows",
        "price_decimals",
        "pool",
        "buffer",
        "auth",
        "sweep",
        "timezone",
        "address",
        "allow_remote",
    ];
    let opened = uncomment(&defaults);
    let opened_lines = opened.lines().zip(example().lines()).filter(|(new, old)| new != old).count();
    assert_eq!(opened_lines, defaults.len() + 3, "pool, buffer and address stand there twice");
    let secrets = FakeSecrets::of_the_example();
    let (with, without) = (parse(&opened, &secrets).unwrap(), parse(&example(), &secrets).unwrap());
    assert_eq!(format!("{with:?}"), format!("{without:?}"));
}

#[test]
fn the_choices_that_the_example_shows_load_too() {
    let mut secrets = FakeSecrets::of_the_example();
    for name in ["OUTLET_WEBHOOK_SECRET", "OUTLET_WEBHOOK_SECRET_OLD", "BLOG_WEBHOOK_SECRET_OLD", "OUTLET_TOKEN"] {
        secrets.env.insert(name.to_owned(), HUSH.to_owned());
    }
    let keys = ["webhook_secret", "webhook_secret_old", "location", "public_url", "base_url", "drive_base_url"];
    let more = parse(&uncomment(&keys), &secrets).unwrap();
    assert!(matches!(&more.config.shops[0].store, StoreConfig::Shopify(shop) if shop.webhook_secrets.len() == 2));

    let client =
        "client_id = \"0123456789abcdef0123456789abcdef\"\nclient_secret = { env = \"OUTLET_CLIENT_SECRET\" }\n";
    let token = uncomment(&["token", "webhook_secret"]).replace(client, "");
    parse(&token, &secrets).unwrap();

    secrets.files.insert("/etc/shelfd/oauth-client.json".to_owned(), HUSH.to_owned());
    let person = uncomment(&["client", "token_file"])
        .replace("account = { file = \"/etc/shelfd/google.json\" }\n", "")
        .replace("# [sheet.sign_in]", "[sheet.sign_in]");
    let person = parse(&person, &secrets).unwrap().config;
    let place = Path::new("/var/lib/shelfd/google-sign-in.json");
    assert!(matches!(person.sheet.account, SheetAccount::Installed { token_cache, .. } if token_cache == place));
}

/// The keys that a source file asks a [`shelfd::settings::Section`] for.
fn keys_asked_for(source: &str) -> BTreeSet<String> {
    let source: String = source.split_whitespace().collect();
    let readers = [
        "text",
        "text_opt",
        "text_or",
        "texts",
        "text_lists",
        "int_or",
        "secs_or",
        "flag_or",
        "url",
        "url_opt",
        "choice_or",
        "choice_opt",
        "secret",
        "secret_opt",
        "section",
        "sections",
        "is_table",
        "has",
        "optional",
        "root",
    ];
    let mut keys = BTreeSet::new();
    for reader in readers {
        for (at, call) in source.match_indices(&format!("{reader}(\"")) {
            let is_whole = !source[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
            if is_whole && let Some((key, _)) = source[at + call.len()..].split_once('"') {
                keys.insert(key.to_owned());
            }
        }
    }
    keys
}

fn files_that_read_settings() -> Vec<PathBuf> {
    let stores = std::fs::read_dir(Path::new(ROOT).join("src/stores")).unwrap();
    let stores = stores.map(|entry| entry.unwrap().path().join("config.rs")).filter(|path| path.exists());
    let config = std::fs::read_dir(Path::new(ROOT).join("src/config")).unwrap().map(|entry| entry.unwrap().path());
    stores.chain(config).collect()
}

#[test]
fn the_example_names_every_key() {
    let files = files_that_read_settings();
    let keys: BTreeSet<String> =
        files.iter().flat_map(|path| keys_asked_for(&std::fs::read_to_string(path).unwrap())).collect();
    // One of each sort, so that a reader which goes unseen is seen.
    for key in
        ["spreadsheet_id", "sign_in", "tabs", "last_sync", "consumer_key", "location", "allow_remote", "base_url"]
    {
        assert!(keys.contains(key), "{key} is not found in the source any more: mend keys_asked_for; found {keys:?}");
    }
    let example = example();
    let stands_there = |key: &str| {
        example.lines().map(|line| line.trim_start_matches("# ").trim_start()).any(|line| {
            line.starts_with(&format!("{key} = "))
                || ["[", "[["].iter().any(|open| {
                    let table = line.strip_prefix(open).unwrap_or("").trim_end_matches(']');
                    table.split('.').next_back() == Some(key)
                })
        })
    };
    let missing: Vec<&String> = keys.iter().filter(|key| !stands_there(key)).collect();
    assert!(missing.is_empty(), "explain these keys in config.example.toml: {missing:?}");
    assert!(!stands_there("colour"), "the search itself finds anything");
}

#[test]
fn the_debug_form_shows_no_secret() {
    let loaded = parse(&example(), &FakeSecrets::of_the_example()).unwrap();
    let debug = format!("{loaded:?}");
    assert!(debug.contains("spreadsheet_id") && !debug.contains("hush"), "{debug}");
}

/// A small configuration that is right.
const GOOD: &str = r#"
[sheet]
spreadsheet_id = "book"
account = { env = "GOOGLE" }

[[sheet.tabs]]
name = "Products"
key = "SKU"
stock = "Stock"

[[shops]]
name = "blog"
kind = "woocommerce"
url = "https://shop.example"
consumer_key = { env = "KEY" }
consumer_secret = { env = "SECRET" }
webhook_secret = { env = "HOOK" }
"#;

const SHOPIFY: &str = r#"
[[shops]]
name = "outlet"
kind = "shopify"
url = "https://outlet.myshopify.com"
"#;

fn small_secrets() -> FakeSecrets {
    FakeSecrets::new(&["GOOGLE", "KEY", "SECRET", "HOOK"], &["/run/credentials/google"])
}

fn check(text: &str, expect: &str) {
    let message = parse(text, &small_secrets()).map(|_| ()).unwrap_err().to_string();
    assert_eq!(message, expect.trim_start_matches('\n'), "\n--- in this file:\n{text}");
    assert!(!message.contains("hush") && !message.contains("inline"), "a secret shows: {message}");
}

/// [`GOOD`] with one thing replaced.
fn but(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old} is not in the good file");
    GOOD.replacen(old, new, 1)
}

#[test]
fn the_small_file_is_right() {
    parse(GOOD, &small_secrets()).unwrap();
}
#[test]
fn keys_that_nobody_knows() {
    check(
        &but("stock = \"Stock\"", "stok = \"Stock\""),
        r#"
1 problem in the configuration
  1. sheet.tabs[0].stok: is not a known key; expected one of counted, error, handle, key, last_sync, name, options, price, sold, status, stock, title
     hint: did you mean "stock"?"#,
    );
    check(
        &but("key = \"SKU\"", "key = \"SKU\"\nid = 3"),
        r#"
1 problem in the configuration
  1. sheet.tabs[0].id: is not a known key; expected one of counted, error, handle, key, last_sync, name, options, price, sold, status, stock, title
     hint: remove it; config.example.toml explains every key"#,
    );
    check(
        &format!("[scedule]\n{GOOD}"),
        r#"
1 problem in the configuration
  1. scedule: is not a known key; expected one of admin, data_dir, listener, schedule, sheet, shops
     hint: did you mean "schedule"?"#,
    );
}

#[test]
fn secrets_that_are_not_there() {
    check(
        &but("env = \"KEY\"", "env = \"NOBODY\""),
        r#"
1 problem in the configuration
  1. shops[0].consumer_key: is unset; expected the environment variable NOBODY to hold it
     hint: set NOBODY for the user that runs shelfd, or use { file = "/path" }"#,
    );
    check(
        &but("{ env = \"KEY\" }", "{ file = \"/nowhere/key\" }"),
        r#"
1 problem in the configuration
  1. shops[0].consumer_key: is "/nowhere/key", which cannot be read (No such file or directory); expected a readable file
     hint: it must be there, and readable for the user that runs shelfd"#,
    );
    check(
        &but("{ env = \"KEY\" }", "{ credential = \"key\" }"),
        r#"
1 problem in the configuration
  1. shops[0].consumer_key: is unset; expected $CREDENTIALS_DIRECTORY to hold it
     hint: systemd sets it from LoadCredential= in the unit; elsewhere use env or file"#,
    );
}

#[test]
fn secrets_written_inline_are_refused_and_not_repeated() {
    check(
        &but("{ env = \"KEY\" }", "\"ck_inline\""),
        r#"
1 problem in the configuration
  1. shops[0].consumer_key: is written here (not shown); expected a consumer key (ck_…), kept outside of this file
     hint: write { env = "NAME" }, { file = "/path" } or { credential = "name" }"#,
    );
    check(
        &but("{ env = \"KEY\" }", "{ env = \"ck_inline\" }"),
        r#"
1 problem in the configuration
  1. shops[0].consumer_key: is (not shown); expected env to name a variable, in A-Z, 0-9 and _
     hint: a secret itself never stands in this file"#,
    );
    check(
        &but("{ env = \"KEY\" }", "{ file = \"ck_inline\" }"),
        r#"
1 problem in the configuration
  1. shops[0].consumer_key: is (not shown); expected file to be a full path, starting with /
     hint: a secret itself never stands in this file"#,
    );
    check(
        &but("{ env = \"KEY\" }", "{ value = \"ck_inline\" }"),
        r#"
1 problem in the configuration
  1. shops[0].consumer_key: is a table (not shown); expected a consumer key (ck_…), from exactly one of env, file, credential
     hint: write { env = "NAME" }, { file = "/path" } or { credential = "name" }"#,
    );
    check(
        &but("{ env = \"KEY\" }", "ck_inline"),
        r#"
the configuration is not TOML: line 15, column 16: string values must be quoted, expected literal string
  hint: config.example.toml shows how things are written"#,
    );
    check(
        &but("https://shop.example", "https://ck_inline:cs_inline@shop.example"),
        r#"
1 problem in the configuration
  1. shops[0].url: is an address with a log-in or parameters in it (not shown); expected the site's address, such as https://shop.example
     hint: without /wp-json"#,
    );
    check(
        &but("https://shop.example", "https://shop.example/?consumer_key=ck_inline"),
        r#"
1 problem in the configuration
  1. shops[0].url: is an address with a log-in or parameters in it (not shown); expected the site's address, such as https://shop.example
     hint: without /wp-json"#,
    );
}

#[test]
fn a_table_in_the_wrong_place_is_not_repeated() {
    let inside = "name = \"blog\"\nconsumer_key = \"ck_inline\"\n";
    let sheet = &GOOD[..GOOD.find("[[shops]]").unwrap()];
    check(
        &format!("{sheet}[shops]\n{inside}"),
        r#"
1 problem in the configuration
  1. shops: is a table (not shown); expected at least one [[shops]] table
     hint: config.example.toml shows one"#,
    );
    check(
        &format!("{GOOD}[[listener]]\n{inside}"),
        r#"
1 problem in the configuration
  1. listener: is a list (not shown); expected a table"#,
    );
    check(
        &but("url = \"https://shop.example\"", "url = [\"https://ck_inline:cs_inline@shop.example\"]"),
        r#"
1 problem in the configuration
  1. shops[0].url: is a list (not shown); expected the site's address, such as https://shop.example
     hint: without /wp-json"#,
    );
    check(
        &but("name = \"blog\"", "name = { consumer_key = \"ck_inline\" }"),
        r#"
1 problem in the configuration
  1. shops[0].name: is a table (not shown); expected a short name of a-z, 0-9 and -, other than "sheet"
     hint: it becomes part of the webhook address, so it should stay as it is"#,
    );
}

#[test]
fn all_problems_are_told_at_once() {
    check(
        &but("\"book\"", "\"https://docs.google.com/spreadsheets/d/book/edit\"").replace("woocommerce", "etsy"),
        r#"
2 problems in the configuration
  1. sheet.spreadsheet_id: is "https://docs.google.com/spreadsheets/d/book/edit"; expected the long id in the spreadsheet's address
     hint: it is this part: …/spreadsheets/d/THIS-PART/edit
  2. shops[0].kind: is "etsy"; expected one of "shopify", "woocommerce", "medusa", "vendure""#,
    );
    check(
        &but("spreadsheet_id", "settle_secs = -1\nblock_rows = \"many\"\nspreadsheet_id"),
        r#"
2 problems in the configuration
  1. sheet.settle_secs: is -1; expected a number of seconds from 0 to 3600
     hint: how long a row must look the same before it counts
  2. sheet.block_rows: is "many"; expected a whole number from 100 to 50000
     hint: rows per read; bounds memory"#,
    );
    check(
        "",
        r#"
2 problems in the configuration
  1. sheet: is missing; expected a [sheet] table
     hint: see config.example.toml
  2. shops: is missing; expected at least one [[shops]] table
     hint: config.example.toml shows one"#,
    );
    check(
        "shops = []\nsheet = 3",
        r#"
2 problems in the configuration
  1. sheet: is 3; expected a table
  2. shops: is []; expected at least one [[shops]] table
     hint: config.example.toml shows one"#,
    );
}

#[test]
fn shops_that_are_wrong() {
    let blog = &GOOD[GOOD.find("[[shops]]").unwrap()..];
    check(
        &format!("{GOOD}{}", blog.replace("shop.example", "other.example")),
        r#"
1 problem in the configuration
  1. shops[1].name: is "blog"; expected a name of its own; shops[0] is called so already
     hint: the ledger goes by the name"#,
    );
    check(
        &but("name = \"blog\"", "name = \"My Blog\""),
        r#"
1 problem in the configuration
  1. shops[0].name: is "My Blog"; expected a short name of a-z, 0-9 and -, other than "sheet"
     hint: it becomes part of the webhook address, so it should stay as it is"#,
    );
    check(
        &but("kind =", "pool = \"berlin\"\nkind ="),
        r#"
1 problem in the configuration
  1. shops[0].pool: is "berlin"; expected a pool that a stock column of the sheet fills (main)
     hint: a [[sheet.tabs]] fills it with stock = { berlin = "HEADER" }"#,
    );
    check(
        &but("stock = \"Stock\"\n", ""),
        r#"
1 problem in the configuration
  1. shops[0].pool: is "main"; expected a tab with a stock column to sell from
     hint: a [[sheet.tabs]] fills it with stock = { main = "HEADER" }"#,
    );
    check(
        &but("https://shop.example", "shop.example"),
        r#"
1 problem in the configuration
  1. shops[0].url: is "shop.example"; expected the site's address, such as https://shop.example
     hint: without /wp-json"#,
    );
    // The place is the one in the file, also after a shop that could not be read.
    check(
        &format!("{}{}", but("woocommerce", "etsy"), blog.replace("kind =", "pool = \"berlin\"\nkind =")),
        r#"
2 problems in the configuration
  1. shops[0].kind: is "etsy"; expected one of "shopify", "woocommerce", "medusa", "vendure"
  2. shops[1].pool: is "berlin"; expected a pool that a stock column of the sheet fills (main)
     hint: a [[sheet.tabs]] fills it with stock = { berlin = "HEADER" }"#,
    );
}

#[test]
fn ways_into_shopify() {
    check(
        &format!("{GOOD}{SHOPIFY}"),
        r#"
1 problem in the configuration
  1. shops[1].token: is missing; expected either client_id with client_secret, or token, not both
     hint: apps made since 2026 have a client id and a client secret"#,
    );
    check(
        &format!("{GOOD}{SHOPIFY}client_id = \"x\"\n"),
        r#"
1 problem in the configuration
  1. shops[1].client_secret: is missing; expected either client_id with client_secret, or token, not both
     hint: apps made since 2026 have a client id and a client secret"#,
    );
    check(
        &format!("{GOOD}{SHOPIFY}token = {{ env = \"KEY\" }}\nclient_id = \"x\"\n"),
        r#"
1 problem in the configuration
  1. shops[1].token: is given together with client_id; expected either client_id with client_secret, or token, not both
     hint: apps made since 2026 have a client id and a client secret"#,
    );
    check(
        &format!("{GOOD}{SHOPIFY}token = {{ env = \"NOBODY\" }}\n"),
        r#"
1 problem in the configuration
  1. shops[1].token: is unset; expected the environment variable NOBODY to hold it
     hint: set NOBODY for the user that runs shelfd, or use { file = "/path" }"#,
    );
    check(
        &format!("{GOOD}{SHOPIFY}token = {{ env = \"KEY\" }}\n"),
        r#"
1 problem in the configuration
  1. shops[1].webhook_secret: is missing; expected a secret: a token alone verifies no webhook
     hint: it is the secret key of the app that the token belongs to"#,
    );
}

#[test]
fn times_and_addresses() {
    check(
        &format!("{GOOD}[schedule]\nsweep = \"*/10 * * * *\"\n"),
        r#"
1 problem in the configuration
  1. schedule.sweep: is "*/10 * * * *" (Invalid pattern: Pattern must have 6 fields when seconds are required and years are disallowed.); expected a cron expression of six fields, seconds first
     hint: "0 */10 * * * *" is every ten minutes"#,
    );
    check(
        &format!("{GOOD}[schedule]\ntimezone = \"Berlin\"\n"),
        r#"
1 problem in the configuration
  1. schedule.timezone: is "Berlin"; expected an IANA time zone such as "Europe/Berlin"
     hint: `timedatectl list-timezones` lists them"#,
    );
    check(
        &but("spreadsheet_id", "base_url = \"http://sheets.example\"\nspreadsheet_id"),
        r#"
1 problem in the configuration
  1. sheet.base_url: is "http://sheets.example/"; expected https, or a loopback address
     hint: tokens would travel readable for anyone"#,
    );
    check(
        &format!("{GOOD}[admin]\naddress = \"0.0.0.0:9090\"\n"),
        r#"
1 problem in the configuration
  1. admin.address: is "0.0.0.0:9090"; expected a loopback address such as 127.0.0.1:9090
     hint: there is no log-in; or set allow_remote = true"#,
    );
    check(
        &format!("{GOOD}[admin]\naddress = \"localhost\"\n"),
        r#"
1 problem in the configuration
  1. admin.address: is "localhost"; expected an IP address with a port, such as 127.0.0.1:8080
     hint: port 0 lets the system choose"#,
    );
    check(
        &format!("{GOOD}[listener]\npublic_url = \"http://hooks.example\"\n"),
        r#"
1 problem in the configuration
  1. listener.public_url: is "http://hooks.example/"; expected an https address such as https://hooks.my-shop.example
     hint: shops deliver to https only"#,
    );
}

#[test]
fn columns_that_do_not_fit_together() {
    check(
        &but("stock = \"Stock\"", "stock = \"Stock\"\noptions = [\"Size\"]"),
        r#"
1 problem in the configuration
  1. sheet.tabs[0].handle: is missing; expected the header of the column that groups variants into products
     hint: rows with options are variants, and the handle says of which product"#,
    );
    check(
        &but("stock = \"Stock\"", "stock = \"Stock\"\nhandle = \"Handle\"\noptions = [[\"A\", \"B\", \"C\"]]"),
        r#"
1 problem in the configuration
  1. sheet.tabs[0].options: is a list with an item of neither kind; expected a list of headers, or of [name header, value header] pairs
     hint: options = ["Size", ["Option1 Name", "Option1 Value"]]"#,
    );
    check(
        &but("stock = \"Stock\"", "stock = \"Stock\"\nstatus = \"Stock\""),
        r#"
1 problem in the configuration
  1. sheet.tabs[0].stock.main: is "Stock"; expected a column of its own; status is "Stock" already"#,
    );
    check(
        &but("stock = \"Stock\"", "stock = { main = \"Stock\", berlin = \"Stock\" }"),
        r#"
1 problem in the configuration
  1. sheet.tabs[0].stock.main: is "Stock"; expected a column of its own; stock.berlin is "Stock" already"#,
    );
    check(
        &but("stock = \"Stock\"", "stock = \"Stock\"\nhandle = \"Handle\"\noptions = [\"Size\"]\nerror = \"Size\""),
        r#"
1 problem in the configuration
  1. sheet.tabs[0].options: is "Size"; expected a column of its own; error is "Size" already"#,
    );
    check(
        &but("stock = \"Stock\"", "stock = \"SKU\""),
        r#"
1 problem in the configuration
  1. sheet.tabs[0].stock.main: is "SKU"; expected a column that is not part of the key
     hint: shelfd writes into this column"#,
    );
    check(
        &but("[[shops]]", "[[sheet.tabs]]\nname = \"Products\"\nkey = \"SKU\"\n[[shops]]"),
        r#"
1 problem in the configuration
  1. sheet.tabs[1].name: is "Products"; expected a tab that no other [[sheet.tabs]] table names
     hint: write all its columns into one table"#,
    );
    check(
        &but("key = \"SKU\"\n", "").replace("name = \"Products\"\n", ""),
        r#"
2 problems in the configuration
  1. sheet.tabs[0].name: is missing; expected the tab's title
     hint: as it stands at the bottom of the spreadsheet
  2. sheet.tabs[0].key: is missing; expected the header of the key column, or a list of headers that form the key together
     hint: usually "SKU""#,
    );
    check(
        &but("account = { env = \"GOOGLE\" }\n", ""),
        r#"
1 problem in the configuration
  1. sheet.account: is missing; expected either account (a service account) or a [sheet.sign_in] table (a person), not both
     hint: a service account is the better choice: nobody has to sign in again"#,
    );
}

#[test]
fn a_key_names_each_column_once() {
    check(
        &but("key = \"SKU\"", "key = [\"SKU\", \"Size\", \"SKU\"]"),
        r#"
1 problem in the configuration
  1. sheet.tabs[0].key: is "SKU" twice; expected each column of the key once"#,
    );
}

#[test]
fn one_shop_in_two_tables_would_count_its_sales_twice() {
    let blog = &GOOD[GOOD.find("[[shops]]").unwrap()..];
    let again = |url: &str| {
        let other = blog.replace("name = \"blog\"", "name = \"again\"").replace("https://shop.example", url);
        parse(&format!("{GOOD}{other}"), &small_secrets())
    };
    for url in ["https://shop.example", "https://SHOP.example/", "http://shop.example", "https://shop.example:443"] {
        let message = again(url).unwrap_err().to_string();
        assert!(message.contains("shops[1].url") && message.contains("shops[0] is the same one"), "{url}: {message}");
    }
    for url in ["https://shop.example:8443", "https://shop.example/outlet", "https://other.example"] {
        again(url).unwrap();
    }
}

#[test]
fn one_shopify_shop_may_be_two_places() {
    let place = |name: &str, location: &str| {
        let access = "client_id = \"x\"\nclient_secret = { env = \"KEY\" }\n";
        format!("{}{access}{location}\n", SHOPIFY.replace("name = \"outlet\"", &format!("name = \"{name}\"")))
    };
    let both = |a: &str, b: &str| parse(&format!("{GOOD}{}{}", place("a", a), place("b", b)), &small_secrets());
    both("location = \"1\"", "location = \"2\"").unwrap();
    for (a, b) in [
        ("", ""),
        ("location = \"1\"", ""),
        ("location = \"1\"", "location = \"1\""),
        ("location = \"1\"", "location = \"gid://shopify/Location/1\""),
    ] {
        let message = both(a, b).unwrap_err().to_string();
        assert!(message.contains("shops[2].url") && message.contains("shops[1] is the same one"), "{a} {b}: {message}");
    }
}

#[test]
fn a_column_for_stock_takes_is_one_of_the_tab() {
    let tab = |more: &str| GOOD.replace("stock = \"Stock\"", &format!("stock = \"Stock\"\ncounted = {more}"));
    let loaded = parse(&tab("[\"main\"]"), &small_secrets()).unwrap();
    assert_eq!(loaded.config.sheet.tabs[0].counted, ["main"]);
    let error = parse(&tab("[\"attic\"]"), &small_secrets()).unwrap_err().to_string();
    assert!(error.contains("sheet.tabs[0].counted") && error.contains("pools of this tab's `stock`"), "{error}");
}

#[test]
fn counter_columns_stand_beside_a_stock_column() {
    let tab = |more: &str| GOOD.replace("stock = \"Stock\"", &format!("stock = \"Stock in\"\n{more}"));
    let loaded = parse(&tab("sold = \"Sold\""), &small_secrets()).unwrap();
    assert_eq!(loaded.config.sheet.tabs[0].sold, [("main".to_owned(), "Sold".to_owned())]);
    assert!(loaded.config.sheet.tabs[0].headers().contains(&"Sold"), "it must be there");
    for (more, key, words) in [
        ("sold = { attic = \"Sold\" }", "sheet.tabs[0].sold", "pools of this tab's `stock`"),
        ("sold = \"Sold\"\ncounted = [\"main\"]", "sheet.tabs[0].sold", "a pool that is not in `counted`"),
        ("sold = \"Stock in\"", "sheet.tabs[0].sold.main", "a column of its own"),
        ("sold = \"SKU\"", "sheet.tabs[0].sold.main", "a column that is not part of the key"),
    ] {
        let error = parse(&tab(more), &small_secrets()).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(words), "{more}: {error}");
    }
}

#[test]
fn one_vendure_server_may_be_two_places() {
    let place = |name: &str, more: &str| {
        let access = "username = \"shelfd\"\npassword = { env = \"KEY\" }\nwebhook_secret = { env = \"HOOK\" }";
        format!("\n[[shops]]\nname = \"{name}\"\nkind = \"vendure\"\nurl = \"https://v.example\"\n{access}\n{more}\n")
    };
    let both = |a: &str, b: &str| parse(&format!("{GOOD}{}{}", place("a", a), place("b", b)), &small_secrets());
    both("location = \"1\"", "location = \"2\"").unwrap();
    for (a, b) in [("", ""), ("location = \"1\"", ""), ("channel = \"x\"", "channel = \"y\"")] {
        let message = both(a, b).unwrap_err().to_string();
        assert!(message.contains("shops[2].url") && message.contains("shops[1] is the same one"), "{a} {b}: {message}");
    }
    let nobody = format!("{GOOD}{}", place("a", "").replace("username = \"shelfd\"", ""));
    let message = parse(&nobody, &small_secrets()).unwrap_err().to_string();
    assert!(message.contains("shops[1].username: is missing; expected the name of an administrator"), "{message}");
}

#[test]
fn the_listener_and_the_admin_side_need_a_port_each() {
    let at = |listener: &str| parse(&format!("{GOOD}[listener]\naddress = \"{listener}\"\n"), &small_secrets());
    check(
        &format!("{GOOD}[listener]\naddress = \"0.0.0.0:9090\"\n"),
        r#"
1 problem in the configuration
  1. admin.address: is "127.0.0.1:9090", beside listener.address "0.0.0.0:9090"; expected a port of its own
     hint: admin and listener cannot share one; change either"#,
    );
    at("127.0.0.1:9090").unwrap_err();
    at("127.0.0.1:9091").unwrap();
    parse(
        &format!("{GOOD}[listener]\naddress = \"127.0.0.1:0\"\n[admin]\naddress = \"127.0.0.1:0\"\n"),
        &small_secrets(),
    )
    .unwrap();
}

#[test]
fn sweeps_that_never_come() {
    let sweep = |text: &str| parse(&format!("{GOOD}[schedule]\nsweep = \"{text}\"\n"), &small_secrets());
    for text in ["0 0 0 30 2 *", "0 0 0 30 2 MON", "0 0 0 1 1 * 2020", "0 60 * * * *", ""] {
        sweep(text).unwrap_err();
    }
    for text in ["0 */10 * * * *", "0 0 0 29 2 *", "0 0 3 1 * MON", "30 15 4 * * 1-5", "0 0 0 L * *"] {
        sweep(text).unwrap();
    }
    check(
        &format!("{GOOD}[schedule]\nsweep = \"0 0 0 30 2 *\"\n"),
        r#"
1 problem in the configuration
  1. schedule.sweep: is "0 0 0 30 2 *" (there is no such day); expected a cron expression of six fields, seconds first
     hint: "0 */10 * * * *" is every ten minutes"#,
    );
}

#[test]
fn not_toml() {
    check(
        &but("stock = \"Stock\"", "stock = \"Stock"),
        r#"
the configuration is not TOML: line 9, column 15: invalid basic string, expected `"`
  hint: config.example.toml shows how things are written"#,
    );
    check(
        &but("stock = \"Stock\"", "stock = \"Stock\"\nstock = \"Stock\""),
        r#"
the configuration is not TOML: line 10, column 1: duplicate key
  hint: config.example.toml shows how things are written"#,
    );
}

#[test]
fn no_such_file() {
    let error = Config::load(Path::new("/nowhere/shelfd.toml"), &small_secrets()).unwrap_err();
    let expect = "/nowhere/shelfd.toml: cannot be read: No such file or directory (os error 2)\n  \
                  hint: name the file with --config, or start from config.example.toml";
    assert_eq!(error.to_string(), expect);
}

#[test]
fn a_key_composed_of_a_handle_and_an_option_is_fine() {
    let text = but("key = \"SKU\"", "key = [\"Handle\", \"Size\"]\nhandle = \"Handle\"\noptions = [\"Size\"]");
    parse(&text, &small_secrets()).unwrap();
}

#[test]
fn plain_http_to_a_shop_is_a_warning() {
    let loaded = parse(&but("https://shop.example", "http://shop.example"), &small_secrets()).unwrap();
    assert_eq!(
        loaded.warnings,
        [
            "shops: \"blog\": http://shop.example/ is plain http; requests are signed (OAuth 1.0a), but anyone on the way can read them"
        ]
    );
    let local = parse(&but("https://shop.example", "http://127.0.0.1:8088"), &small_secrets()).unwrap();
    assert_eq!(local.warnings, Vec::<String>::new());
}
