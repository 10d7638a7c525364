//! The variables of the environment that are settings.

use toml::{Table, Value};

use super::file::{ConfigError, read};

/// How the names of the variables for settings begin. `__` stands between a table and its member.
const PREFIX: &str = "GATEPASS_SERVE_";
/// Tables of which one place says all: a certificate of one and a key of another would be nobody's wish.
const WHOLE: [&str; 2] = ["master_key", "tls"];
/// What the environment says, each variable found to make sense.
pub(super) fn variables(
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Table, ConfigError> {
    let ours = |(name, value): (String, String)| {
        let member = name.strip_prefix(PREFIX)?.to_lowercase();
        Some((name, member, value))
    };
    let mut ours: Vec<_> = environment.into_iter().filter_map(ours).collect();
    // So that of several faults the same one is told each time.
    ours.sort();
    let mut all = Table::new();
    for (name, member, text) in ours {
        let path: Vec<&str> = member.split("__").collect();
        let whole = path.first().is_some_and(|first| WHOLE.contains(first));
        let value = match (typed(&text), alone(&path, typed(&text))) {
            (value, Ok(())) => value,
            // Text may look like a number or a date.
            (_, Err(_)) if alone(&path, Value::String(text.clone())).is_ok() => Value::String(text),
            (value, Err(_)) if whole => value,
            (_, Err(reason)) => return Err(faulty(&name, reason)),
        };
        set(&mut all, &path, value);
    }
    for name in WHOLE {
        let table = all.get(name).map(|value| (name.to_owned(), value.clone()));
        let place = format!("{PREFIX}{}__…", name.to_uppercase());
        read(table.into_iter().collect()).map_err(|reason| faulty(&place, reason))?;
    }
    Ok(all)
}

/// What makes no sense only together with the file.
pub(super) fn together(reason: String) -> ConfigError {
    faulty(&format!("{PREFIX}…"), reason)
}

fn faulty(name: &str, reason: String) -> ConfigError {
    ConfigError::Variable {
        name: name.to_owned(),
        reason,
    }
}

/// A value that is not text is written as TOML.
fn typed(text: &str) -> Value {
    let parsed: Option<Table> = toml::from_str(&format!("value = {text}")).ok();
    let value = parsed.filter(|table| table.len() == 1);
    let value = value.and_then(|mut table| table.remove("value"));
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Whether this member alone makes sense.
fn alone(path: &[&str], value: Value) -> Result<(), String> {
    let mut table = Table::new();
    set(&mut table, path, value);
    read(table).map(drop)
}

fn set(table: &mut Table, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] => {
            table.insert((*name).to_owned(), value);
        }
        [name, rest @ ..] => {
            let inner = table
                .entry(*name)
                .or_insert_with(|| Value::Table(Table::new()));
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

/// Puts what `over` says in the place of what `table` says.
pub(super) fn merge(table: &mut Table, over: Table) {
    for (name, value) in over {
        match (table.get_mut(&name), value) {
            (Some(Value::Table(inner)), Value::Table(over)) if !WHOLE.contains(&&*name) => {
                merge(inner, over);
            }
            (_, value) => {
                table.insert(name, value);
            }
        }
    }
}
