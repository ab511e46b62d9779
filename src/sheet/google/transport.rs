//! The HTTP client under Google's crates.

use std::time::Duration;

use google_sheets4::hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use google_sheets4::hyper_util::client::legacy::Client;
use google_sheets4::hyper_util::client::legacy::connect::HttpConnector;
use google_sheets4::hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

use crate::sheet::SheetError;

/// What carries the calls: TLS, or plain for a lab.
pub type Connector = HttpsConnector<HttpConnector>;

/// Connecting takes longer than this only when the network swallows packets.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client. `plain` when only plain HTTP will be spoken, so that a machine without root certificates serves a lab.
///
/// # Errors
/// [`SheetError::Connect`] without usable root certificates.
pub fn client<B>(plain: bool) -> Result<Client<Connector, B>, SheetError>
where
    B: google_sheets4::hyper::body::Body + Send,
    B::Data: Send,
{
    // An error says that a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_nodelay(true);
    let builder = if plain {
        let config = ClientConfig::builder().with_root_certificates(RootCertStore::empty());
        HttpsConnectorBuilder::new().with_tls_config(config.with_no_client_auth())
    } else {
        HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| SheetError::Connect(format!("no root certificates: {error}")))?
    };
    // HTTP/1.1 only: a call that times out takes its connection with it. Over HTTP/2 a dead connection would stay and
    // swallow the next calls too.
    let connector = builder.https_or_http().enable_http1().wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}
