-- What the store shows as its SKU: another than ours until a rename has reached it. Empty: none.
ALTER TABLE listings ADD COLUMN seen_sku TEXT;

-- SKUs that people gave other names in the sheet, and what they are called now.
CREATE TABLE former_skus (
    sku TEXT PRIMARY KEY,
    now TEXT NOT NULL
) STRICT;
