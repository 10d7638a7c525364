//! A table to paste into `guard.toml`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::exit::Failure;

/// The lines of one `[[name]]` table, with no line break at their end.
pub(super) fn table<T: Serialize>(name: &str, entry: &T) -> Result<String, Failure> {
    let lines = toml::to_string(&BTreeMap::from([(name, [entry])]));
    let lines = lines.map_err(|error| Failure::error(error.to_string()))?;
    Ok(lines.trim_end().to_owned())
}
