//! Pure stock arithmetic.
