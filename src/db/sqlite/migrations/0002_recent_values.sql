-- A reading that shows a value which was left a moment ago may be older than what is known: not only the last one.
ALTER TABLE sides ADD COLUMN recent TEXT NOT NULL DEFAULT '[]'; -- JSON: [[value, until], …]
ALTER TABLE sides DROP COLUMN replaced_value;
ALTER TABLE sides DROP COLUMN replaced_until;
