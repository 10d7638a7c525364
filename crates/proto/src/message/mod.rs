//! One file per wire message, encoder and parser together.
