//! Puts a lab together: a sheet, a Shopify shop and a WooCommerce shop on ports of their own, and the control API.

mod description;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use super::control::SheetRow;
pub use description::{GoogleDescription, ShopifyDescription, WooDescription, WorldDescription};

use super::catalog::{KeyStyle, OPTIONS_MAX};
use super::gate::Gate;
use super::google::{GoogleFace, GoogleOptions};
use super::proxy::behind;
use super::shopify::{ShopifyFace, ShopifyOptions};
use super::shoppers::{ShopperCounts, ShopperOptions, Shoppers};
use super::weather::{Face, Forecast, Weather};
use super::woocommerce::{WooFace, WooOptions};
use super::{LabItem, LabShop, control};

/// The tab with the goods.
pub const TAB: &str = "Products";

/// Headers of the tab, in order.
pub const HEADERS: [&str; 14] = [
    "Handle",
    "Title",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Option3 Name",
    "Option3 Value",
    "SKU",
    "Price",
    "Stock",
    "Sync status",
    "Sync error",
    "Last sync",
];

/// Headers that make up a row's key.
pub fn key_columns(key_style: KeyStyle) -> &'static [&'static str] {
    match key_style {
        KeyStyle::Sku => &["SKU"],
        KeyStyle::HandleAndOptions => &["Handle", "Option1 Value", "Option2 Value", "Option3 Value"],
    }
}

/// Name of the Shopify shop, in shelfd's configuration and in the control API's answers.
pub const SHOPIFY: &str = "shopify-lab";

/// Name of the WooCommerce shop.
pub const WOOCOMMERCE: &str = "woo-lab";

/// Requests under way get so long to end when the world stops.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// Told where no quota is kept; more than anybody makes.
const CALLS_WITHOUT_QUOTA: u32 = 100_000;

/// Buckets hold some twenty times what flows back in a second; 2,000 points on the standard plan.
const BUCKET_SECONDS: f64 = 20.0;

/// Ports on 127.0.0.1; 0 takes a free one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ports {
    /// Sheets, Drive and token endpoint.
    pub google: u16,
    /// Shopify.
    pub shopify: u16,
    /// WooCommerce.
    pub woocommerce: u16,
    /// Control API.
    pub control: u16,
}

/// What world to start. The shops start empty: filling them from the sheet is shelfd's first work.
#[derive(Debug, Clone, PartialEq)]
pub struct WorldOptions {
    /// Rows of the sheet.
    pub items: Vec<LabItem>,
    /// What identifies a row.
    pub key_style: KeyStyle,
    /// Ports.
    pub ports: Ports,
    /// Google's quota of reads a minute; `None`: none is kept.
    pub reads_per_minute: Option<u32>,
    /// Google's quota of writes a minute.
    pub writes_per_minute: Option<u32>,
    /// Points that flow back into Shopify's bucket each second (100 on the standard plan).
    pub shopify_points_per_sec: f64,
    /// Every call to Google takes at least so long.
    pub latency_sheet: Duration,
    /// Every call to a shop takes at least so long.
    pub latency_shop: Duration,
}

impl Default for WorldOptions {
    /// An empty sheet, Google's published quotas, no latency.
    fn default() -> Self {
        Self {
            items: Vec::new(),
            key_style: KeyStyle::Sku,
            ports: Ports::default(),
            // Per user and project: <https://developers.google.com/workspace/sheets/api/limits>
            reads_per_minute: Some(60),
            writes_per_minute: Some(60),
            shopify_points_per_sec: 100.0,
            latency_sheet: Duration::ZERO,
            latency_shop: Duration::ZERO,
        }
    }
}

/// Why a lab did not start.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A port is taken, most likely.
    #[error("the lab's {what} cannot listen on 127.0.0.1:{port}: {source}")]
    Bind {
        /// Which server.
        what: &'static str,
        /// Port asked for.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
}

/// What the control API and the shoppers work on.
pub(super) struct Lab {
    pub google: GoogleFace,
    pub shopify: ShopifyFace,
    pub woocommerce: WooFace,
    pub description: WorldDescription,
    pub stop: CancellationToken,
    shoppers: Mutex<Option<Shoppers>>,
    weather: Mutex<Option<Weather>>,
}

impl Lab {
    /// The shops with their names in the configuration.
    pub fn shops(&self) -> [(&'static str, &dyn LabShop); 2] {
        [(SHOPIFY, &self.shopify), (WOOCOMMERCE, &self.woocommerce)]
    }

    /// Look at the shoppers, or change them.
    pub fn with_shoppers<T>(&self, with: impl FnOnce(&mut Option<Shoppers>) -> T) -> T {
        with(&mut self.shoppers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Look at the weather, or change it.
    pub fn with_weather<T>(&self, with: impl FnOnce(&mut Option<Weather>) -> T) -> T {
        with(&mut self.weather.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The gate of a face.
    pub fn gate(&self, face: Face) -> &Gate {
        match face {
            Face::Google => self.google.gate(),
            Face::Shopify => self.shopify.gate(),
            Face::WooCommerce => self.woocommerce.gate(),
        }
    }
}

/// A running world. Dropping it stops its servers at once; [`World::stop`] lets them end what they do.
pub struct World {
    lab: Arc<Lab>,
    servers: Vec<JoinHandle<std::io::Result<()>>>,
    _stop_on_drop: DropGuard,
}

impl World {
    /// Start all servers. When this returns they answer. Webhooks go out through the process's TLS provider, so that
    /// must be installed.
    ///
    /// # Errors
    /// A port that cannot be had.
    pub async fn start(options: WorldOptions) -> Result<Self, LabError> {
        let (google_listener, google_url) = bind("Google", options.ports.google).await?;
        let (shopify_listener, shopify_url) = bind("Shopify", options.ports.shopify).await?;
        let (woo_listener, woo_url) = bind("WooCommerce", options.ports.woocommerce).await?;
        let (control_listener, control_url) = bind("control API", options.ports.control).await?;

        let sheet = GoogleOptions {
            spreadsheet_id: "lab-spreadsheet".to_owned(),
            title: "shelfd lab".to_owned(),
            locale: "en_US".to_owned(),
            tabs: vec![(TAB.to_owned(), sheet_rows(&options.items))],
            reads_per_minute: options.reads_per_minute,
            writes_per_minute: options.writes_per_minute,
        };
        let quotas = [options.reads_per_minute, options.writes_per_minute].into_iter().flatten();
        let google_description = |face: &GoogleFace, spreadsheet_id: String| {
            let token_uri = format!("{google_url}/token");
            GoogleDescription {
                calls_per_minute: quotas.min().unwrap_or(CALLS_WITHOUT_QUOTA),
                spreadsheet_id,
                tab: TAB.to_owned(),
                service_account: face.service_account_json(&token_uri),
                access_token: face.access_token(),
                token_uri,
                base_url: google_url.clone(),
            }
        };
        let spreadsheet_id = sheet.spreadsheet_id.clone();
        let google = GoogleFace::new(sheet);
        let (shopify, shopify_description) = shopify_shop(shopify_url, options.shopify_points_per_sec);
        let (woocommerce, woo_description) = woo_shop(woo_url);
        google.gate().set_latency(options.latency_sheet);
        shopify.gate().set_latency(options.latency_shop);
        woocommerce.gate().set_latency(options.latency_shop);

        let lab = Arc::new(Lab {
            description: WorldDescription {
                control: control_url,
                key_style: options.key_style,
                google: google_description(&google, spreadsheet_id),
                shopify: shopify_description,
                woocommerce: woo_description,
            },
            google,
            shopify,
            woocommerce,
            stop: CancellationToken::new(),
            shoppers: Mutex::default(),
            weather: Mutex::default(),
        });
        let servers = vec![
            serve(&lab, google_listener, behind(lab.google.router(), lab.google.gate())),
            serve(&lab, shopify_listener, behind(lab.shopify.router(), lab.shopify.gate())),
            serve(&lab, woo_listener, behind(lab.woocommerce.router(), lab.woocommerce.gate())),
            serve(&lab, control_listener, control::router(Arc::clone(&lab))),
        ];
        let _stop_on_drop = lab.stop.clone().drop_guard();
        Ok(Self { lab, servers, _stop_on_drop })
    }

    /// Every address and credential.
    pub fn describe(&self) -> WorldDescription {
        self.lab.description.clone()
    }

    /// The sheet, for tests that share the process.
    pub fn google(&self) -> &GoogleFace {
        &self.lab.google
    }

    /// The Shopify shop.
    pub fn shopify(&self) -> &ShopifyFace {
        &self.lab.shopify
    }

    /// The WooCommerce shop.
    pub fn woocommerce(&self) -> &WooFace {
        &self.lab.woocommerce
    }

    /// The rows of the sheet that are not blank, in order.
    pub fn sheet_rows(&self) -> Vec<SheetRow> {
        control::sheet_rows(&self.lab.google.grid(TAB).unwrap_or_default(), self.lab.description.key_style)
    }

    /// The shops with their names in the configuration.
    pub fn shops(&self) -> [(&'static str, &dyn LabShop); 2] {
        self.lab.shops()
    }

    /// Let shoppers in, in place of those who are there. A rate of zero sends them home.
    ///
    /// # Errors
    /// What is wrong with the options, in words.
    pub fn start_shoppers(&self, options: ShopperOptions) -> Result<(), String> {
        options.check()?;
        self.lab.with_shoppers(|shoppers| {
            // The old ones go before the new ones come.
            *shoppers = None;
            if options.per_second > 0.0 {
                *shoppers = Some(Shoppers::start(Arc::clone(&self.lab), options));
            }
        });
        Ok(())
    }

    /// Let faults come by a seed, in place of those that were to come.
    ///
    /// # Errors
    /// What is wrong with the forecast, in words.
    pub fn start_weather(&self, forecast: Forecast) -> Result<(), String> {
        forecast.check()?;
        self.lab.with_weather(|weather| *weather = Some(Weather::start(Arc::clone(&self.lab), forecast)));
        Ok(())
    }

    /// No more faults by a seed; how many came.
    pub fn stop_weather(&self) -> usize {
        self.lab.with_weather(Option::take).map_or(0, |weather| weather.come())
    }

    /// Send the shoppers home; what they did.
    pub fn stop_shoppers(&self) -> ShopperCounts {
        self.lab.with_shoppers(Option::take).map(|shoppers| shoppers.counts()).unwrap_or_default()
    }

    /// Resolves when somebody asked the control API to stop.
    pub async fn stop_requested(&self) {
        self.lab.stop.cancelled().await;
    }

    /// Stop shoppers and servers; requests under way may end, for a few seconds.
    pub async fn stop(mut self) {
        self.lab.with_shoppers(|shoppers| *shoppers = None);
        self.lab.with_weather(|weather| *weather = None);
        self.lab.stop.cancel();
        let deadline = tokio::time::Instant::now() + STOP_GRACE;
        for mut server in std::mem::take(&mut self.servers) {
            if tokio::time::timeout_at(deadline, &mut server).await.is_err() {
                server.abort();
            }
        }
    }
}

async fn bind(what: &'static str, port: u16) -> Result<(TcpListener, String), LabError> {
    let failed = |source| LabError::Bind { what, port, source };
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, format!("http://{address}")))
}

fn serve(lab: &Lab, listener: TcpListener, router: Router) -> JoinHandle<std::io::Result<()>> {
    let stop = lab.stop.clone().cancelled_owned();
    tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stop).await })
}

/// A secret that looks like the platform's own: a prefix and hexadecimal digits.
fn secret(prefix: &str) -> String {
    format!("{prefix}{}", crate::clock::fresh_key().replace('-', ""))
}

fn shopify_shop(url: String, points_per_sec: f64) -> (ShopifyFace, ShopifyDescription) {
    let mut description = ShopifyDescription {
        name: SHOPIFY.to_owned(),
        url,
        domain: "shelfd-lab.myshopify.com".to_owned(),
        token: secret("shpat_"),
        client_id: secret(""),
        client_secret: secret("shpss_"),
        location_id: None,
    };
    let face = ShopifyFace::new(ShopifyOptions {
        domain: description.domain.clone(),
        token: description.token.clone(),
        client_id: description.client_id.clone(),
        client_secret: description.client_secret.clone(),
        locations: vec!["Main warehouse".to_owned()],
        bucket_max: points_per_sec * BUCKET_SECONDS,
        restore_rate: points_per_sec,
        ..ShopifyOptions::default()
    });
    description.location_id = face.location_id(0);
    (face, description)
}

fn woo_shop(url: String) -> (WooFace, WooDescription) {
    let description = WooDescription {
        name: WOOCOMMERCE.to_owned(),
        url,
        consumer_key: secret("ck_"),
        consumer_secret: secret("cs_"),
        webhook_secret: secret(""),
    };
    let face = WooFace::new(WooOptions {
        site: description.url.clone(),
        consumer_key: description.consumer_key.clone(),
        consumer_secret: description.consumer_secret.clone(),
        strip_authorization: false,
    });
    (face, description)
}

/// The header and one row per item. SKUs are texts; prices are numbers unless they are none.
fn sheet_rows(items: &[LabItem]) -> Vec<Vec<Value>> {
    let header = HEADERS.iter().map(|header| Value::from(*header)).collect();
    std::iter::once(header).chain(items.iter().map(sheet_row)).collect()
}

fn sheet_row(item: &LabItem) -> Vec<Value> {
    let mut row = vec![Value::from(item.handle.as_str()), Value::from(item.title.as_str())];
    let none = (String::new(), String::new());
    for (name, value) in item.options.iter().chain(std::iter::repeat(&none)).take(OPTIONS_MAX) {
        row.extend([Value::from(name.as_str()), Value::from(value.as_str())]);
    }
    let price = item.price.parse::<f64>().map_or_else(|_| Value::from(item.price.as_str()), Value::from);
    row.extend([Value::from(item.sku.as_str()), price, Value::from(item.stock)]);
    row.resize(HEADERS.len(), Value::from(""));
    row
}

#[cfg(test)]
mod tests;
