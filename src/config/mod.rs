//! The configuration: one TOML file to typed settings. Unknown keys are refused, and all problems are told at once.

mod sheet;
mod shops;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use secrecy::SecretString;
use url::Url;

use crate::catalog::TabMapping;
use crate::settings::{SecretSource, Section, SettingProblem, want};
use crate::stores::StoreConfig;

/// Everything shelfd is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Holds the ledger, `shelfd.db`.
    pub data_dir: PathBuf,
    /// The sheet.
    pub sheet: SheetConfig,
    /// The shops.
    pub shops: Vec<ShopConfig>,
    /// When everything is looked at.
    pub schedule: ScheduleConfig,
    /// Where webhooks come in.
    pub listener: ListenerConfig,
    /// Health and metrics.
    pub admin: AdminConfig,
}

/// The sheet.
#[derive(Debug, Clone)]
pub struct SheetConfig {
    /// The long id in the spreadsheet's address.
    pub spreadsheet_id: String,
    /// Who asks Google.
    pub account: SheetAccount,
    /// Root of the Sheets API, when not Google's own (a lab, a proxy).
    pub base_url: Option<Url>,
    /// Root of the Drive API, when not Google's own.
    pub drive_base_url: Option<Url>,
    /// A row must have looked the same for so long before it counts.
    pub settle: Duration,
    /// How often the change probe asks.
    pub poll: Duration,
    /// Rows per block when reading.
    pub block_rows: u32,
    /// Decimals of a price.
    pub price_decimals: u32,
    /// Calls a minute that Google grants, reads and writes each.
    pub calls_per_minute: Option<NonZeroU32>,
    /// Tabs.
    pub tabs: Vec<TabMapping>,
}

/// Who asks Google.
#[derive(Debug, Clone)]
pub enum SheetAccount {
    /// A service account that the spreadsheet is shared with.
    ServiceAccount {
        /// Content of its JSON key file.
        key: SecretString,
    },
    /// A person who signs in once.
    Installed {
        /// Content of the OAuth client's JSON file ("Desktop app").
        client_secret: SecretString,
        /// Where the tokens are kept.
        token_cache: PathBuf,
    },
}

/// One shop.
#[derive(Debug, Clone)]
pub struct ShopConfig {
    /// Its name.
    pub name: String,
    /// Units kept back from sale there.
    pub buffer: i64,
    /// The platform's own settings.
    pub store: StoreConfig,
}

/// When everything is looked at.
#[derive(Debug, Clone)]
pub struct ScheduleConfig {
    /// Cron expression, six fields, seconds first.
    pub sweep: String,
    /// Time zone of the expression and of the last-sync column.
    pub timezone: Tz,
}

/// Where webhooks come in.
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    /// Address to listen on.
    pub address: SocketAddr,
    /// What shops are told; `/webhooks/{shop}` is appended.
    pub public_url: Option<Url>,
}

/// Health and metrics.
#[derive(Debug, Clone)]
pub struct AdminConfig {
    /// Address to listen on.
    pub address: SocketAddr,
}

/// A configuration that can be used, and what is odd about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Allowed, but worth a word.
    pub warnings: Vec<String>,
}

/// Why a configuration cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: cannot be read: {why}\n  hint: name the file with --config, or start from config.example.toml")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        why: String,
    },
    /// It is not TOML. The line itself is not repeated: it may hold a secret.
    #[error(
        "the configuration is not TOML: line {line}, column {column}: {why}\n  hint: config.example.toml shows how things are written"
    )]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The parser's words.
        why: String,
    },
    /// Values are wrong.
    #[error("{}", list(.0))]
    Problems(Vec<SettingProblem>),
}

fn list(problems: &[SettingProblem]) -> String {
    let lines = problems
        .iter()
        .enumerate()
        .map(|(index, problem)| format!("\n{:>3}. {}", index + 1, problem.to_string().replace('\n', "\n   ")));
    let noun = if problems.len() == 1 { "problem" } else { "problems" };
    format!("{} {noun} in the configuration{}", problems.len(), lines.collect::<String>())
}

impl Config {
    /// Where a shop is to deliver its webhooks: `listener.public_url` with `/webhooks/NAME` after it.
    pub fn webhook_address(&self, shop: &str) -> Option<String> {
        let public = self.listener.public_url.as_ref()?;
        Some(format!("{}/webhooks/{shop}", public.as_str().trim_end_matches('/')))
    }

    /// Load a file. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// [`ConfigError`], with all problems at once.
    pub fn load(path: &Path, secrets: &dyn SecretSource) -> Result<Loaded, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.display().to_string(), why: error.to_string() })?;
        Self::parse(&text, path.parent().unwrap_or(Path::new("")), secrets)
    }

    /// Read a configuration from its text. Relative paths in it start at `folder`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, folder: &Path, secrets: &dyn SecretSource) -> Result<Loaded, ConfigError> {
        let table: toml::Table = text.parse().map_err(|error| syntax(text, &error))?;
        let mut root = Section::root(table, secrets);
        let mut warnings = Vec::new();
        let default_dir = secrets.env("STATE_DIRECTORY").unwrap_or_else(|| "shelfd-data".to_owned());
        let data_dir =
            root.text_or("data_dir", &default_dir, want("a folder", "it holds the ledger; keep it backed up"));
        let sheet = match root.section("sheet") {
            Some(section) => sheet::read(section, folder),
            None if root.is_wrong("sheet") => None,
            None => {
                root.complain("sheet", "", want("a [sheet] table", "see config.example.toml"));
                None
            }
        };
        let shops = shops::read(&mut root, &mut warnings);
        let schedule = read_schedule(&mut root);
        let listener = read_listener(&mut root);
        let admin = read_admin(&mut root);
        // Tabs that are wrong themselves say nothing about pools.
        if let Some(sheet) = sheet.as_ref().filter(|_| !root.is_wrong("sheet.tabs")) {
            shops::check_pools(&root, &shops, &sheet.tabs);
        }
        let shops = shops.into_iter().map(|(_, shop)| shop).collect();
        if clash(listener.address, admin.address) {
            let apart = want("a port of its own", "admin and listener cannot share one; change either");
            root.complain(
                "admin.address",
                format!("\"{}\", beside listener.address \"{}\"", admin.address, listener.address),
                apart,
            );
        }
        let problems = finish(root);
        match (sheet, problems.is_empty()) {
            (Some(sheet), true) => {
                let config = Self { data_dir: folder.join(data_dir), sheet, shops, schedule, listener, admin };
                Ok(Loaded { config, warnings })
            }
            _ => Err(ConfigError::Problems(problems)),
        }
    }
}

/// Where and why a text is not TOML.
fn syntax(text: &str, error: &toml::de::Error) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(start..).unwrap_or("").chars().count() + 1;
    // Some messages go on with what was expected, on a second line.
    let why = error.message().split('\n').collect::<Vec<_>>().join("; ");
    ConfigError::Syntax { line: before.matches('\n').count() + 1, column, why }
}

/// Report unknown keys of the root, then collect what all sections reported.
fn finish(root: Section<'_>) -> Vec<SettingProblem> {
    let all = root.problem_list();
    root.finish();
    all.take()
}

fn read_schedule(root: &mut Section<'_>) -> ScheduleConfig {
    const SWEEP: &str = "0 */10 * * * *";
    let Some(mut section) = root.section("schedule") else {
        return ScheduleConfig { sweep: SWEEP.to_owned(), timezone: Tz::UTC };
    };
    let zone = want("an IANA time zone such as \"Europe/Berlin\"", "`timedatectl list-timezones` lists them");
    let name = section.text_or("timezone", "UTC", zone);
    let timezone = name.parse().unwrap_or_else(|_| {
        section.complain("timezone", format!("\"{name}\""), zone);
        Tz::UTC
    });
    let fields = want("a cron expression of six fields, seconds first", "\"0 */10 * * * *\" is every ten minutes");
    let sweep = section.text_or("sweep", SWEEP, fields);
    if let Err(why) = check_cron(&sweep) {
        section.complain("sweep", format!("\"{sweep}\" ({why})"), fields);
    }
    section.finish();
    ScheduleConfig { sweep, timezone }
}

/// Six fields, read as tokio-cron-scheduler reads them (a day of the month and a weekday must both fit), that come up
/// some day. Any start will do to see that: a calendar without years repeats itself.
fn check_cron(text: &str) -> Result<(), String> {
    use croner::parser::{CronParser, Seconds, Year};
    let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).dom_and_dow(true).build();
    let cron = parser.parse(text).map_err(|error| error.to_string())?;
    let first = cron.find_next_occurrence(&chrono::DateTime::UNIX_EPOCH, true);
    first.map(|_| ()).map_err(|_| "there is no such day".to_owned())
}

fn read_listener(root: &mut Section<'_>) -> ListenerConfig {
    let default = SocketAddr::from(([127, 0, 0, 1], 8080));
    let Some(mut section) = root.section("listener") else {
        return ListenerConfig { address: default, public_url: None };
    };
    let address = read_address(&mut section, default);
    let https = want("an https address such as https://hooks.my-shop.example", "shops deliver to https only");
    let public_url = section.url_opt("public_url", https);
    if let Some(url) = public_url.as_ref().filter(|url| url.scheme() != "https" && !is_loopback(url)) {
        section.complain("public_url", format!("\"{url}\""), https);
    }
    section.finish();
    ListenerConfig { address, public_url }
}

fn read_admin(root: &mut Section<'_>) -> AdminConfig {
    let default = SocketAddr::from(([127, 0, 0, 1], 9090));
    let Some(mut section) = root.section("admin") else { return AdminConfig { address: default } };
    let address = read_address(&mut section, default);
    let allowed = section.flag_or("allow_remote", false, "true only behind a firewall: there is no log-in");
    if !address.ip().is_loopback() && !allowed {
        let loopback =
            want("a loopback address such as 127.0.0.1:9090", "there is no log-in; or set allow_remote = true");
        section.complain("address", format!("\"{address}\""), loopback);
    }
    section.finish();
    AdminConfig { address }
}

fn read_address(section: &mut Section<'_>, default: SocketAddr) -> SocketAddr {
    let form = want("an IP address with a port, such as 127.0.0.1:8080", "port 0 lets the system choose");
    let text = section.text_or("address", &default.to_string(), form);
    text.parse().unwrap_or_else(|_| {
        section.complain("address", format!("\"{text}\""), form);
        default
    })
}

/// True when two sockets cannot both be opened. With port 0 the system chooses, and never the same one twice.
fn clash(a: SocketAddr, b: SocketAddr) -> bool {
    let same_place = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && same_place
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
