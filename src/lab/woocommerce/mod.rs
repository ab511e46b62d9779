//! Lab face.
