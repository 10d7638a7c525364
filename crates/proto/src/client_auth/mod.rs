//! One file per client authentication method.
