//! One file per grant.
