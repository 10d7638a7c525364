//! Comments in `config.toml` that outlive what they stood above.

use toml_edit::{DocumentMut, Item, RawString, Table};

/// White space and comments as they are written.
pub(crate) fn text_of(raw: Option<&RawString>) -> &str {
    raw.and_then(RawString::as_str).unwrap_or_default()
}

/// Of the lines above a table those that do not stand directly above it: they are not about it alone.
pub(crate) fn detached(above: &str) -> &str {
    above
        .rfind("\n\n")
        .and_then(|end| above.get(..=end))
        .unwrap_or_default()
}

/// Keeps comments whose place has gone: above the table that comes after, otherwise at the end.
pub(crate) fn keep(document: &mut DocumentMut, after: Option<isize>, comments: &str) {
    if !comments.contains('#') {
        return;
    }
    let mut all = Vec::new();
    positions(document.as_table(), &mut Vec::new(), &mut all);
    let next = all
        .into_iter()
        .filter(|(position, _)| after.is_none_or(|after| *position > after))
        .min();
    let next = next.and_then(|(_, path)| {
        let mut keys = path.iter();
        keys.try_fold(document.as_table_mut(), |table, key| {
            table.get_mut(key)?.as_table_mut()
        })
    });
    match next {
        Some(table) => {
            let above = format!("{comments}{}", text_of(table.decor().prefix()));
            table.decor_mut().set_prefix(above);
        }
        None => {
            let trailing = format!("{comments}{}", text_of(Some(document.trailing())));
            document.set_trailing(trailing);
        }
    }
}

/// Where the tables with a header of their own are, and how they are reached.
fn positions(table: &Table, path: &mut Vec<String>, found: &mut Vec<(isize, Vec<String>)>) {
    for (key, item) in table {
        let Item::Table(table) = item else { continue };
        path.push(key.to_owned());
        if let Some(position) = table.position().filter(|_| !table.is_implicit()) {
            found.push((position, path.clone()));
        }
        positions(table, path, found);
        path.pop();
    }
}
