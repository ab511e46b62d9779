-- The ledger. Times are integer milliseconds since 1970, UTC. Money is text. One row per fact.

CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Rows of the sheet as last accepted.
CREATE TABLE rows (
    sku         TEXT PRIMARY KEY,
    tab         TEXT    NOT NULL,
    row         INTEGER NOT NULL,
    row_hash    TEXT    NOT NULL,
    content     TEXT    NOT NULL,          -- JSON of catalog::Row
    missing     INTEGER NOT NULL DEFAULT 0, -- full reads in a row that did not hold it
    accepted_at INTEGER NOT NULL
) STRICT;

-- What each store last confirmed and last showed for a SKU.
CREATE TABLE listings (
    endpoint   TEXT NOT NULL,
    sku        TEXT NOT NULL,
    product    TEXT NOT NULL,
    variant    TEXT,
    inventory  TEXT,
    handle     TEXT,
    seen_title TEXT,
    seen_price TEXT,
    base_title TEXT,
    echo_title TEXT,                       -- how the store spells base_title, as first seen after it was written
    base_price TEXT,
    row_hash   TEXT,                       -- of the sheet row that was last agreed with
    synced_at  INTEGER,
    PRIMARY KEY (endpoint, sku)
) STRICT;
CREATE INDEX listings_product   ON listings (endpoint, product);
CREATE INDEX listings_variant   ON listings (endpoint, variant);
CREATE INDEX listings_inventory ON listings (endpoint, inventory);

CREATE TABLE pools (
    sku   TEXT NOT NULL,
    pool  TEXT NOT NULL,
    units INTEGER NOT NULL,
    PRIMARY KEY (sku, pool)
) STRICT;

CREATE TABLE sides (
    endpoint       TEXT NOT NULL,
    sku            TEXT NOT NULL,
    pool           TEXT NOT NULL,
    accounted      INTEGER,
    window_took    INTEGER,
    window_gave    INTEGER,
    replaced_value INTEGER,
    replaced_until INTEGER,
    PRIMARY KEY (endpoint, sku, pool)
) STRICT;

CREATE TABLE movements (
    id         INTEGER PRIMARY KEY,
    sku        TEXT    NOT NULL,
    pool       TEXT    NOT NULL,
    endpoint   TEXT    NOT NULL,
    units      INTEGER NOT NULL,
    cause      TEXT    NOT NULL,
    pool_after INTEGER NOT NULL,
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX movements_sku ON movements (sku, pool);

-- Stock writes, recorded before they are sent. Open while `state` is recorded or unknown.
CREATE TABLE intents (
    id          INTEGER PRIMARY KEY,
    endpoint    TEXT    NOT NULL,
    sku         TEXT    NOT NULL,
    pool        TEXT    NOT NULL,
    expected    INTEGER NOT NULL,
    delta       INTEGER NOT NULL,
    key         TEXT    NOT NULL,
    state       TEXT    NOT NULL,          -- recorded, unknown | done, not_done
    recorded_at INTEGER NOT NULL,
    settled_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX intents_open ON intents (endpoint, sku, pool) WHERE settled_at IS NULL;

-- What each order line has taken from stock, as last folded (stores whose order list is the evidence).
CREATE TABLE shares (
    endpoint  TEXT    NOT NULL,
    order_id  TEXT    NOT NULL,
    line_id   TEXT    NOT NULL,
    sku       TEXT    NOT NULL,
    share     INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    PRIMARY KEY (endpoint, order_id, line_id)
) STRICT;
CREATE INDEX shares_in_flight ON shares (endpoint, order_id) WHERE in_flight != 0;

-- Verified webhooks. What they mention, and nothing of their bodies: orders carry people's data.
CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY,
    shop        TEXT    NOT NULL,
    topic       TEXT    NOT NULL,
    dedupe      TEXT    NOT NULL,
    mentions    TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    handled_at  INTEGER,
    UNIQUE (shop, dedupe)
) STRICT;
CREATE INDEX inbox_open ON inbox (id) WHERE handled_at IS NULL;

-- "Look at this SKU at this endpoint." `seq` grows with each hint, so that one that comes during a pass is not lost.
CREATE TABLE hints (
    endpoint TEXT    NOT NULL,
    sku      TEXT    NOT NULL,             -- '*': everything
    look     INTEGER NOT NULL DEFAULT 0,   -- its value there may have changed
    stock    INTEGER NOT NULL DEFAULT 0,   -- its target may have changed
    content  INTEGER NOT NULL DEFAULT 0,   -- its sheet row may have changed
    due_at   INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    seq      INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (endpoint, sku)
) STRICT;

CREATE TABLE dead_letters (
    id       INTEGER PRIMARY KEY,
    endpoint TEXT    NOT NULL,
    sku      TEXT    NOT NULL,
    what     TEXT    NOT NULL,             -- create, content, stock
    code     TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    row_hash TEXT    NOT NULL,
    attempts INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    UNIQUE (endpoint, sku, what)
) STRICT;

CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    endpoint   TEXT    NOT NULL,
    cause      TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    looked_at  INTEGER NOT NULL,
    moved      INTEGER NOT NULL,
    written    INTEGER NOT NULL,
    refused    INTEGER NOT NULL,
    outcome    TEXT    NOT NULL
) STRICT;

CREATE TABLE audit (
    id       INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    endpoint TEXT    NOT NULL,
    sku      TEXT    NOT NULL,
    field    TEXT    NOT NULL,
    before   TEXT,
    after    TEXT,
    reason   TEXT    NOT NULL
) STRICT;
