//! Writes a shelfd configuration that fits a running world, with its secrets in files of their own beside it.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::world::{WorldDescription, key_columns};

/// Name of the configuration file.
pub const FILE_NAME: &str = "shelfd.toml";

const ACCOUNT: &str = "google-account.json";
const SHOPIFY_SECRET: &str = "shopify-client-secret";
const WOO_KEY: &str = "woo-consumer-key";
const WOO_SECRET: &str = "woo-consumer-secret";
const WOO_WEBHOOK: &str = "woo-webhook-secret";

/// Where the daemon itself listens, on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaemonPorts {
    /// Webhooks. 0: the system chooses when the daemon starts, and shops have to be told then.
    pub listener: u16,
    /// Dashboard, health, metrics.
    pub admin: u16,
}

/// Why the configuration was not written.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// The file system said no.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not expected of what a lab describes.
    #[error("the configuration cannot be written as TOML: {0}")]
    Toml(#[from] toml::ser::Error),
}

/// Write `shelfd.toml` and its secrets into a folder, which is made if need be; where the path ends with `.toml`, it is
/// the file itself, and its folder takes the secrets. The ledger goes there too. Secrets are readable by their owner
/// only. Files of an earlier lab are replaced.
///
/// # Errors
/// A file that cannot be written.
pub fn write(
    description: &WorldDescription,
    file_or_dir: &Path,
    ports: DaemonPorts,
) -> Result<PathBuf, ConfigFileError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| ConfigFileError::Write { path, source }
    };
    // The daemon may be started from another folder.
    let named = std::path::absolute(file_or_dir).map_err(failed(file_or_dir))?;
    let is_file = named.extension().is_some_and(|extension| extension == "toml");
    let path = if is_file { named } else { named.join(FILE_NAME) };
    let data_dir = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(data_dir).map_err(failed(data_dir))?;
    for (name, content) in secrets(description) {
        let path = data_dir.join(name);
        write_private(&path, &content).map_err(failed(&path))?;
    }
    std::fs::write(&path, config_toml(description, data_dir, ports)?).map_err(failed(&path))?;
    Ok(path)
}

fn secrets(description: &WorldDescription) -> [(&'static str, String); 5] {
    [
        (ACCOUNT, description.google.service_account.to_string()),
        (SHOPIFY_SECRET, description.shopify.client_secret.clone()),
        (WOO_KEY, description.woocommerce.consumer_key.clone()),
        (WOO_SECRET, description.woocommerce.consumer_secret.clone()),
        (WOO_WEBHOOK, description.woocommerce.webhook_secret.clone()),
    ]
}

/// Replaces rather than overwrites, so that the content is never in a file with an older one's wider mode.
fn write_private(path: &Path, content: &str) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content.as_bytes())
}

/// The configuration as TOML. Secrets are named by the files that [`write()`] puts into `data_dir`.
///
/// # Errors
/// Not for what a lab describes.
pub fn config_toml(
    description: &WorldDescription,
    data_dir: &Path,
    ports: DaemonPorts,
) -> Result<String, toml::ser::Error> {
    let secret = |name: &str| SecretFile { file: data_dir.join(name).display().to_string() };
    let WorldDescription { google, shopify, woocommerce, .. } = description;
    toml::to_string(&ConfigFile {
        data_dir: data_dir.display().to_string(),
        sheet: Sheet {
            spreadsheet_id: &google.spreadsheet_id,
            account: secret(ACCOUNT),
            base_url: &google.base_url,
            drive_base_url: format!("{}/drive/v3/", google.base_url),
            calls_per_minute: google.calls_per_minute,
            tabs: [tab(description)],
        },
        shops: vec![
            Shop::Shopify {
                name: &shopify.name,
                url: &shopify.url,
                client_id: &shopify.client_id,
                client_secret: secret(SHOPIFY_SECRET),
                webhook_secret: secret(SHOPIFY_SECRET),
            },
            Shop::Woocommerce {
                name: &woocommerce.name,
                url: &woocommerce.url,
                consumer_key: secret(WOO_KEY),
                consumer_secret: secret(WOO_SECRET),
                webhook_secret: secret(WOO_WEBHOOK),
            },
        ],
        listener: Listener {
            address: format!("127.0.0.1:{}", ports.listener),
            public_url: (ports.listener != 0).then(|| format!("http://127.0.0.1:{}", ports.listener)),
        },
        admin: Admin { address: format!("127.0.0.1:{}", ports.admin) },
    })
}

fn tab(description: &WorldDescription) -> Tab<'_> {
    let key = match key_columns(description.key_style) {
        [only] => Key::One(only),
        several => Key::Several(several),
    };
    Tab {
        name: &description.google.tab,
        key,
        handle: "Handle",
        title: "Title",
        price: "Price",
        stock: "Stock",
        options: [
            ["Option1 Name", "Option1 Value"],
            ["Option2 Name", "Option2 Value"],
            ["Option3 Name", "Option3 Value"],
        ],
        status: "Sync status",
        error: "Sync error",
        last_sync: "Last sync",
    }
}

#[derive(Serialize)]
struct ConfigFile<'a> {
    data_dir: String,
    listener: Listener,
    admin: Admin,
    sheet: Sheet<'a>,
    shops: Vec<Shop<'a>>,
}

#[derive(Serialize)]
struct Listener {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
}

#[derive(Serialize)]
struct Admin {
    address: String,
}

#[derive(Serialize)]
struct Sheet<'a> {
    spreadsheet_id: &'a str,
    account: SecretFile,
    base_url: &'a str,
    drive_base_url: String,
    calls_per_minute: u32,
    tabs: [Tab<'a>; 1],
}

#[derive(Serialize)]
struct Tab<'a> {
    name: &'a str,
    key: Key,
    handle: &'static str,
    title: &'static str,
    price: &'static str,
    stock: &'static str,
    options: [[&'static str; 2]; 3],
    status: &'static str,
    error: &'static str,
    last_sync: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Key {
    One(&'static str),
    Several(&'static [&'static str]),
}

#[derive(Serialize)]
struct SecretFile {
    file: String,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shop<'a> {
    Shopify {
        name: &'a str,
        url: &'a str,
        client_id: &'a str,
        client_secret: SecretFile,
        webhook_secret: SecretFile,
    },
    Woocommerce {
        name: &'a str,
        url: &'a str,
        consumer_key: SecretFile,
        consumer_secret: SecretFile,
        webhook_secret: SecretFile,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Loaded};
    use crate::lab::catalog::KeyStyle;
    use crate::lab::world::{GoogleDescription, HEADERS, ShopifyDescription, WooDescription};
    use crate::settings::ProcessSecrets;

    const PORTS: DaemonPorts = DaemonPorts { listener: 4001, admin: 4002 };

    fn described(key_style: KeyStyle) -> WorldDescription {
        let text = str::to_owned;
        WorldDescription {
            control: text("http://127.0.0.1:1"),
            key_style,
            google: GoogleDescription {
                base_url: text("http://127.0.0.1:2"),
                token_uri: text("http://127.0.0.1:2/token"),
                calls_per_minute: 600,
                spreadsheet_id: text("id"),
                tab: text("Products"),
                service_account: serde_json::json!({"client_email": "lab@lab"}),
                access_token: text("ya29"),
            },
            shopify: ShopifyDescription {
                name: text("shopify-lab"),
                url: text("http://127.0.0.1:3"),
                domain: text("lab.myshopify.com"),
                token: text("shpat_1"),
                client_id: text("client"),
                client_secret: text("shpss_1"),
                location_id: None,
            },
            woocommerce: WooDescription {
                name: text("woo-lab"),
                url: text("http://127.0.0.1:4"),
                consumer_key: text("ck_1"),
                consumer_secret: text("cs_1"),
                webhook_secret: text("hook"),
            },
        }
    }

    #[test]
    fn holds_no_secret() {
        let text = config_toml(&described(KeyStyle::Sku), Path::new("/tmp/lab"), PORTS).unwrap();
        for secret in ["shpss_1", "shpat_1", "ck_1", "cs_1", "\"hook\"", "lab@lab", "ya29"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }

    #[test]
    fn the_daemon_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        // Twice: files of an earlier lab are replaced.
        let file = dir.path().join("my.toml");
        for (style, target) in [(KeyStyle::Sku, dir.path()), (KeyStyle::HandleAndOptions, &file)] {
            let path = write(&described(style), target, PORTS).unwrap();
            assert_eq!(path == file, target == file);
            let Loaded { config, warnings } = Config::load(&path, &ProcessSecrets).unwrap();
            assert_eq!(warnings, Vec::<String>::new());
            let [tab] = config.sheet.tabs.as_slice() else { panic!("{:?}", config.sheet.tabs) };
            let mut headers = tab.headers();
            headers.sort_unstable();
            let mut expected: Vec<&str> = HEADERS.to_vec();
            if style == KeyStyle::HandleAndOptions {
                expected.retain(|header| *header != "SKU");
            }
            expected.sort_unstable();
            assert_eq!(headers, expected);
            assert_eq!(tab.key, key_columns(style));
            assert_eq!(config.webhook_address("woo-lab").unwrap(), "http://127.0.0.1:4001/webhooks/woo-lab");
            assert_eq!(config.sheet.drive_base_url.unwrap().as_str(), "http://127.0.0.1:2/drive/v3/");
            let names: Vec<&str> = config.shops.iter().map(|shop| shop.name.as_str()).collect();
            assert_eq!(names, ["shopify-lab", "woo-lab"]);
            assert_eq!((config.listener.address.port(), config.admin.address.port()), (4001, 4002));
            assert_eq!(config.sheet.calls_per_minute.map(u32::from), Some(600));
            assert_eq!(config.data_dir, dir.path());
        }
    }

    #[test]
    fn shops_are_not_told_a_port_that_is_not_known_yet() {
        let dir = tempfile::tempdir().unwrap();
        let path = write(&described(KeyStyle::Sku), dir.path(), DaemonPorts { listener: 0, admin: 0 }).unwrap();
        let Loaded { config, .. } = Config::load(&path, &ProcessSecrets).unwrap();
        assert_eq!(config.webhook_address("woo-lab"), None);
    }

    #[test]
    fn a_catalog_without_skus_gets_a_joined_key() {
        let key = |style| {
            let text = config_toml(&described(style), Path::new("d"), PORTS).unwrap();
            let table: toml::Table = text.parse().unwrap();
            table["sheet"]["tabs"][0]["key"].to_string()
        };
        assert_eq!(key(KeyStyle::Sku), "\"SKU\"");
        let joined = "[\"Handle\", \"Option1 Value\", \"Option2 Value\", \"Option3 Value\"]";
        assert_eq!(key(KeyStyle::HandleAndOptions), joined);
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(ACCOUNT), "old and open").unwrap();
        write(&described(KeyStyle::Sku), dir.path(), PORTS).unwrap();
        for (name, content) in secrets(&described(KeyStyle::Sku)) {
            let path = dir.path().join(name);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
}
