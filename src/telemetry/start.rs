//! What a process sets up once, before anything else.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Start logging to stderr: words for a person at a terminal, JSON lines for a journal. `RUST_LOG` refines it.
pub fn start_logging(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    // It writes tokens at debug level; no setting may bring them into a journal.
    let filter = match "yup_oauth2=warn".parse() {
        Ok(cap) => filter.add_directive(cap),
        Err(_) => filter,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start (tests) keeps the first.
    let _ = if std::io::stderr().is_terminal() {
        builder.with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
}

/// Choose the TLS provider for the whole process. Two are compiled in by dependencies, and rustls will not choose by itself
/// (<https://github.com/dermesser/yup-oauth2/issues/235>).
pub fn start_tls() {
    // A second start (tests) keeps the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
