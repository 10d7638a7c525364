//! What holds for every reference file: it has each setting once, and says what is so without it.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// A name that no setting has.
const NOTHING: &str = "nothing_like_it";

/// A file that documents settings, as it ships: a setting that is commented out has no space behind the `#`.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// What stands in it.
    pub text: &'static str,
    /// Settings that are looked at as a whole: tables whose members are anybody's names, or one of several.
    pub free: &'static [&'static str],
    /// Tables of which there may be several.
    pub lists: &'static [&'static str],
}

impl Reference {
    /// It with every setting in force.
    ///
    /// # Panics
    ///
    /// That is no TOML.
    pub fn in_force(&self) -> Table {
        let set = |line: &str| match line.strip_prefix('#') {
            Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting.to_owned(),
            _ => line.to_owned(),
        };
        let text: Vec<String> = self.text.lines().map(set).collect();
        toml::from_str(&text.join("\n")).expect("TOML")
    }

    /// Every setting that it tells of, as a path, with its value.
    ///
    /// # Panics
    ///
    /// As [`Reference::in_force`].
    pub fn told(&self) -> Vec<(String, Value)> {
        self.leaves(&self.in_force())
    }

    /// Every setting in a table, as a path, with its value.
    pub fn leaves(&self, table: &Table) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        self.collect(table, "", &mut found);
        found
    }

    /// It tells of each setting of `T`, once, and of nothing else.
    ///
    /// # Panics
    ///
    /// It does not, or there are not `at_least` so many.
    pub fn is_complete<T: DeserializeOwned>(&self, at_least: usize) {
        let mut there = Vec::new();
        self.settings::<T>(&[], &mut there);
        assert!(there.len() > at_least, "{there:?}");
        let mut told: Vec<_> = self.told().into_iter().map(|(path, _)| path).collect();
        there.sort();
        told.sort();
        assert_eq!(told, there);
    }

    fn collect(&self, table: &Table, before: &str, found: &mut Vec<(String, Value)>) {
        for (name, value) in table {
            let path = format!("{before}{name}");
            let inner = match value {
                Value::Table(inner) if !self.free.contains(&name.as_str()) => Some(inner),
                Value::Array(list) => list.first().and_then(Value::as_table),
                _ => None,
            };
            match inner {
                Some(inner) => self.collect(inner, &format!("{path}."), found),
                None => found.push((path, value.clone())),
            }
        }
    }

    fn settings<T: DeserializeOwned>(&self, table: &[&str], found: &mut Vec<String>) {
        for name in self.members::<T>(table).expect("a table") {
            let path = [table, &[name.as_str()]].concat();
            if !self.free.contains(&name.as_str()) && self.members::<T>(&path).is_some() {
                self.settings::<T>(&path, found);
            } else {
                found.push(path.join("."));
            }
        }
    }

    /// The members of a table, as the parser names them when it meets one that it does not know.
    fn members<T: DeserializeOwned>(&self, table: &[&str]) -> Option<Vec<String>> {
        let mut value = Value::Table(Table::from_iter([(NOTHING.to_owned(), Value::from(0))]));
        for (depth, name) in table.iter().enumerate().rev() {
            if depth == 0 && self.lists.contains(name) {
                value = Value::Array(vec![value]);
            }
            value = Value::Table(Table::from_iter([((*name).to_owned(), value)]));
        }
        let error = value.try_into::<T>().err()?;
        let message = error.message();
        let known = message.strip_prefix(&format!("unknown field `{NOTHING}`, expected "))?;
        let names = known.split('`').skip(1).step_by(2);
        Some(names.map(str::to_owned).collect())
    }
}
