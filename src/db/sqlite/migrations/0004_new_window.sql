-- Whether the window was opened by the write that is open: should that surely not be made, nothing was overwritten.
ALTER TABLE sides ADD COLUMN window_is_new INTEGER NOT NULL DEFAULT 0;
